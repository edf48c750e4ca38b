"""What happened and isn't charged yet: one module for each kind of event.

Each has ``drafts(window, …)``, which gives the drafts of what happened up to the end of the window's
month and adds to ``window.problems`` what can't be charged as it is.
"""
