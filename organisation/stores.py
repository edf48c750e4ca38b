"""Which warehouses a user may look into."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from .models import Source, Unit, User, Warehouse
from .permissions import KHS, has_role


def own_stores(user: User) -> QuerySet[Warehouse]:
    """The active own stores of the user's active units."""
    mine = Unit.objects.filter(own_stores=OuterRef("pk"), users=user, is_active=True)
    return Warehouse.objects.filter(Exists(mine), is_active=True, kind=Warehouse.Kind.BUFFER)


@dataclass(frozen=True)
class Seen:
    """What a user sees, KHS's warehouses first, and the one that is shown unless they choose."""

    warehouses: list[Warehouse]
    preset: Warehouse | None

    def by_number(self, number: str) -> Warehouse | None:
        """The chosen warehouse; the preset one when the number names none of them."""
        return next((w for w in self.warehouses if w.number == number), self.preset)


# Written out: every page of articles asks it, and putting it together took longer than asking.
_SEEN = """
    SELECT w.id, w.number, w.name, w.kind, unit.delivering_warehouse_id AS delivers, EXISTS (
        SELECT FROM organisation_unit_own_stores o
        WHERE o.unit_id = unit.id AND o.warehouse_id = w.id) AS is_default_units
    FROM organisation_warehouse w LEFT JOIN organisation_unit unit ON unit.id = %(unit)s
    WHERE w.is_active AND (%(all)s OR w.kind = %(central)s OR EXISTS (
        SELECT FROM organisation_unit_own_stores o
        JOIN organisation_unit mine ON mine.id = o.unit_id AND mine.is_active
        JOIN organisation_user_units uu ON uu.unit_id = mine.id AND uu.user_id = %(user)s
        WHERE o.warehouse_id = w.id))
"""


def seen_by(user: User) -> Seen:
    """KHS's warehouses and the user's own stores; KHS's staff see every store. One query.

    The warehouses come with number, name and kind; more of one is looked up when asked for.
    """
    asked = {
        "unit": user.default_unit_id,
        "user": user.pk,
        "all": has_role(user, KHS),
        "central": Warehouse.Kind.CENTRAL.value,
    }
    found = sorted(Warehouse.objects.raw(_SEEN, asked), key=lambda w: (not w.is_central, w.number))
    own = next((w for w in found if w.is_default_units and not w.is_central), None)
    delivering = next((w for w in found if w.pk == w.delivers), found[0] if found else None)
    preset = own if own and user.default_source == Source.OWN_STORE else delivering
    return Seen(found, preset)


def open_to(user: User) -> QuerySet[Warehouse]:
    """The warehouses whose page the user may open: the own stores of their units; KHS's staff
    open every one."""
    if has_role(user, KHS):
        return Warehouse.objects.filter(is_active=True)
    return own_stores(user)
