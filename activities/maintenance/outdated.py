"""Activities of schedules that aren't to be done any more where they were to be."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from individuals.models import Individual
from organisation.models import Unit, Warehouse

from ..models import Activity, ActivityStatus, ActivityType
from .rules import GONE

_PLACE = "maintenance__individual__warehouse"
_OWNERS = Unit.objects.filter(own_stores=OuterRef(_PLACE))


def outdated() -> QuerySet[Activity]:
    """Activities that nobody has begun and that aren't to be done: the piece has been returned, handed
    out, moved to another's store, scrapped or lost, who has it has died, nothing is due any more, or
    the plan says now that somebody else does it."""
    gone = Q(lines__loan__ended_at__isnull=False) | Q(lines__individual__status__in=GONE)
    handed_out = Q(lines__loan=None, lines__individual__status=Individual.Status.WITH_RECIPIENT)
    rows = Activity.objects.filter(
        gone
        | handed_out
        | _moved()
        | _anothers_to_do()
        | Q(recipient__deceased_on__isnull=False)
        | Q(maintenance__due_on=None),
        maintenance__isnull=False,
        status=ActivityStatus.REGISTERED,
    )
    return rows.order_by("pk").distinct()


def _anothers_to_do() -> Q:
    """Its plan has been changed since. (What an own store is to do KHS does where there is none, and for
    a supplier who has ended.)"""
    by = ActivityType.DoneBy
    plan = "maintenance__plan"
    not_stores = Q(done_by=by.STORE) & ~Q(**{f"{plan}__done_by": by.STORE})
    not_suppliers = Q(supplier__isnull=False) & ~Q(**{f"{plan}__supplier": F("supplier")})
    suppliers = Q(**{f"{plan}__supplier__is_active": True}) & ~Q(
        supplier__isnull=False, supplier=F(f"{plan}__supplier")
    )
    has_store = Q(lines__loan__isnull=False, unit__own_stores__is_active=True) | Q(
        lines__loan=None,
        unit__isnull=False,
        **{f"{_PLACE}__kind": Warehouse.Kind.BUFFER},
    )
    stores = Q(**{f"{plan}__done_by": by.STORE}) & ~Q(done_by=by.STORE) & has_store
    return not_stores | not_suppliers | suppliers | stores


def _moved() -> Q:
    """It stands elsewhere than with the unit, or the store, that was to look after it there."""
    central = Q(**{f"{_PLACE}__kind": Warehouse.Kind.CENTRAL})
    anothers = Q(unit__isnull=False) & ~Exists(_OWNERS.filter(pk=OuterRef("unit")))
    units_now = Q(unit=None) & ~central & Exists(_OWNERS.filter(is_active=True))
    other_store = Q(done_by=ActivityType.DoneBy.STORE) & ~Q(warehouse=F(_PLACE))
    stands = Q(lines__loan=None, **{f"{_PLACE}__isnull": False})
    return stands & (anothers | units_now | other_store)
