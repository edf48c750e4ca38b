"""Where higher apps add themselves: to a pickup order's page, and to what is said of what has come back."""

from collections.abc import Callable, Collection, Iterable

from sesam.places import CreateItem, LinkSlot

from .models import PickupOrder

pickup_create = LinkSlot[CreateItem[PickupOrder]]("pickup_create")

#: Gets the keys of loans of counted goods that have come back; a sentence for each whose goods must not be
#: handed out as they are. (Marked pieces are blocked: ``individuals.arrivals``.)
WhyAside = Callable[[Collection[int]], Iterable[str]]
_why_aside: list[WhyAside] = []


def put_aside(why: WhyAside) -> None:
    """Have ``why`` asked of the counted goods that have come back."""
    if why not in _why_aside:
        _why_aside.append(why)


def why_put_aside(loans: Collection[int]) -> list[str]:
    return [text for why in _why_aside for text in why(loans)]
