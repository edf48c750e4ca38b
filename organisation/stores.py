"""Which warehouses a user may look into."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

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
    """KHS's warehouses and the user's own stores; KHS's staff see every store. One query."""
    default = Unit.objects.filter(pk=user.default_unit_id)
    mine = Unit.objects.filter(own_stores=OuterRef("pk"), users=user, is_active=True)
    stores = Warehouse.objects.filter(is_active=True)
    if not has_role(user, KHS):
        stores = stores.filter(Q(kind=Warehouse.Kind.CENTRAL) | Exists(mine))
    found = list(
        stores.annotate(
            delivers=Subquery(default.values("delivering_warehouse")[:1]),
            is_default_units=Exists(
                Unit.objects.filter(pk=user.default_unit_id, own_stores=OuterRef("pk"))
            ),
        )
    )
    found.sort(key=lambda w: (not w.is_central, w.number))
    own = next((w for w in found if w.is_default_units and not w.is_central), None)
    delivering = next((w for w in found if w.pk == w.delivers), found[0] if found else None)
    preset = own if own and user.default_source == Source.OWN_STORE else delivering
    return Seen(found, preset)
