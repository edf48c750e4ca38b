"""What the portal does by the hour: clears away, and draws spot checks of the access log."""

from sesam import jobs

from . import accessibility
from .disposal import jobs as disposal  # noqa: F401  registers its own
from .spot_checks import services as spot_checks


@jobs.hourly
def forget_senders() -> int:
    """Where a report of a barrier came from; nobody needs it once the pace isn't counted by it."""
    return accessibility.forget_senders()


@jobs.hourly
def forget_contacts() -> int:
    """How to reach who reported a barrier, once that is answered and nobody asks any more."""
    return accessibility.forget_contacts()


@jobs.hourly
def draw_spot_checks() -> int:
    """The months of the access log that have ended, each once."""
    return len(spot_checks.draw_due())
