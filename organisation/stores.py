"""Which warehouses a user may look into."""

from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q, QuerySet

from sesam.standing import standing

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


def seen_by(user: User) -> Seen:
    """KHS's warehouses and the user's own stores; KHS's staff see every store. One query.

    The warehouses come with number, name, kind and lead time; more of one is looked up when asked for.
    """
    rows = _stores(has_role(user, KHS), user=user.pk)
    rows.sort(key=lambda row: (row["kind"] != Warehouse.Kind.CENTRAL, row["number"]))
    found = [
        Warehouse.from_db(DEFAULT_DB_ALIAS, _SHOWN, [row[name] for name in _SHOWN]) for row in rows
    ]
    pairs = list(zip(found, rows, strict=True))
    own = next((w for w, row in pairs if row["is_default_units"] and not w.is_central), None)
    delivering = next((w for w, row in pairs if row["delivers"]), found[0] if found else None)
    preset = own if own and user.default_source == Source.OWN_STORE else delivering
    return Seen(found, preset)


_SHOWN = ["id", "number", "name", "kind", "lead_time"]


@standing
def _stores(every: bool, *, user: Any) -> QuerySet[Warehouse, Any]:
    me = User.objects.filter(pk=user)
    stores: QuerySet[Warehouse, Any] = (
        Warehouse.objects.filter(is_active=True)
        .annotate(
            delivers=Exists(me.filter(default_unit__delivering_warehouse=OuterRef("pk"))),
            is_default_units=Exists(me.filter(default_unit__own_stores=OuterRef("pk"))),
        )
        .order_by()
        .values(*_SHOWN, "delivers", "is_default_units")
    )
    if every:
        return stores
    mine = me.filter(units__is_active=True, units__own_stores=OuterRef("pk"))
    return stores.filter(Q(kind=Warehouse.Kind.CENTRAL) | Exists(mine))


def open_to(user: User) -> QuerySet[Warehouse]:
    """The warehouses whose page the user may open: the own stores of their units; KHS's staff
    open every one."""
    if has_role(user, KHS):
        return Warehouse.objects.filter(is_active=True)
    return own_stores(user)
