"""What pickups clear away."""

from sesam import jobs

from . import services
from .models import PickupOrder


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended cases of somebody who became protected later."""
    return services.forget_typed(PickupOrder.objects.all())
