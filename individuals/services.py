"""Every change of where a marked piece is."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from organisation.models import Warehouse

from .models import Block, Component, Individual

Status = Individual.Status


def with_blocked() -> QuerySet[Individual]:
    """Individuals that know whether they are blocked (``blocked``)."""
    open_blocks = Block.objects.filter(individual=OuterRef("pk"), until=None)
    return Individual.objects.annotate(blocked=Exists(open_blocks))


def on_shelf(warehouse_id: int, article_id: int) -> QuerySet[Individual]:
    """What can be handed out there now, by number."""
    return (
        with_blocked()
        .filter(warehouse=warehouse_id, article=article_id, status=Status.IN_STOCK, blocked=False)
        .order_by("number")
    )


def lock(ids: Iterable[int]) -> dict[int, Individual]:
    """The individuals, locked in the order of their numbers, each with ``blocked``."""
    ids = list(ids)
    if not ids:
        return {}
    rows = with_blocked().filter(pk__in=ids).order_by("number").select_for_update(of=("self",))
    return {row.pk: row for row in rows}


def hand_out(individuals: list[Individual]) -> None:
    """They leave the shelf for a recipient. Needs locked rows; the caller moves the stock."""
    for individual in individuals:
        individual.status = Status.WITH_RECIPIENT
        individual.warehouse = None
    Individual.objects.bulk_update(individuals, ["status", "warehouse"])


def shelve(individuals: list[Individual], warehouse: Warehouse) -> None:
    """They come to stand in ``warehouse``. Needs locked rows; the caller moves the stock."""
    for individual in individuals:
        individual.status = Status.IN_STOCK
        individual.warehouse = warehouse
    Individual.objects.bulk_update(individuals, ["status", "warehouse"])


def fit(components: list[Component]) -> None:
    """Parts come to sit on individuals."""
    now = timezone.now()
    for component in components:
        component.fitted_at = now
    Component.objects.bulk_create(components)
