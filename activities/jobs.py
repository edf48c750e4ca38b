"""What activities clear away."""

from recipients.cases import forget_typed
from sesam import jobs

from .models import Activity


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended cases of somebody who became protected later."""
    return forget_typed(Activity.objects.all())
