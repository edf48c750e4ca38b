"""Preventive maintenance: when it falls due (``rules``, ``dates``), the activities of what does
(``making``), what must not be handed out meanwhile (``holding``), and the night's job of all this."""
