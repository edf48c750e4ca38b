"""What the portal's own pages clear away."""

from sesam import jobs

from . import accessibility


@jobs.hourly
def forget_senders() -> int:
    """Where a report of a barrier came from; nobody needs it once the pace isn't counted by it."""
    return accessibility.forget_senders()
