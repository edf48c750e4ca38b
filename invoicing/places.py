"""What invoicing adds to the back office's bar."""

from organisation import desk

# Under «Register»: the bar has no room for one more beside the queues (tests/browser/test_bar.py).
for _name, _label, _url, _order in (
    ("months", "Månadskörning", "admin:invoicing_monthrun_changelist", 569),
    ("terms", "Debiteringsvillkor", "admin:invoicing_terms_changelist", 570),
    ("shares", "Andelstabeller", "admin:invoicing_sharetable_changelist", 571),
    ("fees", "Framkörningsavgifter", "admin:invoicing_calloutfee_changelist", 572),
):
    desk.entry(f"invoicing.{_name}", _label, _url, order=_order, parent=desk.REGISTERS)
