"""What deviations clear away."""

from recipients.cases import forget_typed
from sesam import jobs

from .models import Deviation


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended deviations about somebody who became protected later."""
    return forget_typed(Deviation.objects.all())
