"""Right of access, and disposal (gallring): all that is kept about a person is handed out when they
ask, and what the law no longer wants kept loses its person when the authority has decided so.

``held`` says what is kept, where, and what becomes of it; all else goes by it. A test walks every
model: one that leads to a recipient and isn't there fails it.
"""
