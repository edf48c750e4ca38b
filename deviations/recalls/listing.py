"""The list of what a recall is about, and how far one has come. Nobody is named; of a protected person
not even where they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from individuals.models import Individual, Watch
from orders.models import OrderLine, OrderStatus
from sesam import case_pages
from sesam.models import CaseKind
from sesam.tables import Column, LinkColumn, StatusColumn, Table, link, sv
from sesam.templatetags.sesam import datum

from ..models import OURS, Answer, Found, Recall, RecallItem, RecallItemQuerySet

HIDDEN = "Skyddad identitet"
LEFT, CONFIRMED, STORES, HELD, SCRAPPED, ALL = (
    "kvar", "bekraftade", "lager", "mottagare", "skrotade", "alla",
)  # fmt: skip
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SHELVED = Q(individual__warehouse__isnull=False) | Q(individual=None, warehouse__isnull=False)
_HELD = Q(individual__status=Individual.Status.WITH_RECIPIENT) | Q(
    individual=None, loan__ended_at=None, loan__isnull=False
)


def part_of(items: RecallItemQuerySet, part: str) -> RecallItemQuerySet:
    """The items of one of the list's tabs."""
    if part == LEFT:
        return items.left()
    if part == CONFIRMED:
        return items.confirmed()
    if part == STORES:
        return items.filter(_SHELVED)
    if part == HELD:
        return items.filter(_HELD)
    return items.scrapped() if part == SCRAPPED else items


@dataclass(frozen=True)
class Counts:
    """How many pieces there are of each, and of counted articles as many as there are."""

    all: int
    left: int
    confirmed: int
    told: int
    not_found: int
    ours: int
    stores: int
    held: int
    scrapped: int
    blocked: int

    @property
    def to_answer(self) -> int:
        return self.left + self.confirmed

    @property
    def not_reached(self) -> int:
        return self.left - self.told - self.not_found - self.ours

    @property
    def percent(self) -> int:
        return 100 * self.confirmed // self.to_answer if self.to_answer else 100


def counts_of(items: RecallItemQuerySet) -> Counts:
    """One question."""
    scrapped = Q(found=Found.SCRAPPED) | Q(individual__status=Individual.Status.SCRAPPED)
    # (A counted one has no piece, and no status of one.)
    lives = ~Q(found=Found.SCRAPPED) & (
        Q(individual=None) | ~Q(individual__status=Individual.Status.SCRAPPED)
    )
    unanswered = Q(answer__in=("", Answer.NOT_FOUND))

    def total(which: Q) -> Coalesce:
        return Coalesce(Sum("quantity", filter=which), 0)

    found = items.aggregate(
        all=Coalesce(Sum("quantity"), 0),
        left=total(lives & unanswered),
        confirmed=total(lives & ~unanswered),
        told=total(lives & Q(answer="", told_at__isnull=False) & ~OURS),
        not_found=total(lives & Q(answer=Answer.NOT_FOUND)),
        ours=total(lives & Q(answer="") & OURS),
        stores=total(_SHELVED),
        held=total(_HELD),
        scrapped=total(scrapped),
        blocked=Coalesce(Sum("held_back"), 0),
    )
    return Counts(**found)


def place_of(item: RecallItem) -> str:
    """Where it is now, of a row that ``with_facts`` gave."""
    piece, loan = item.individual, item.loan
    if piece is not None and piece.warehouse is not None:
        return str(piece.warehouse)
    if piece is not None and piece.status != Individual.Status.WITH_RECIPIENT:
        return piece.get_status_display()
    if loan is None:
        return str(item.warehouse) if item.warehouse and piece is None else "Hos mottagare"
    if loan.ended_at is not None:
        return "Återlämnad" if piece is None else "Hos mottagare"
    person = loan.recipient
    if person.is_protected:
        return f"Mottagare, {HIDDEN.lower()}"
    if person.deceased_on is not None:
        return "Mottagare som har avlidit"
    return f"Mottagare, {person.payer.name}" if person.payer else "Mottagare"


def _place_and_quantity(item: RecallItem) -> str:
    """Of a counted article with how many there are."""
    return f"{item.quantity} st, {place_of(item)}" if item.individual is None else place_of(item)


def unit_of(item: RecallItem, *, shows_units: bool = True) -> str:
    """Through which unit. Whose patient a protected person is tells where they live."""
    if item.loan is not None and item.loan.recipient.is_protected and shows_units:
        return HIDDEN
    return str(item.unit) if item.unit else ""


def contact_of(item: RecallItem) -> str | SafeString:
    """«Meddelande 2026-11-20, påmind 2026-11-27»."""
    if item.told_at is None:
        return ""
    words = format_html(
        '{} <span class="code">{}</span>', item.get_told_how_display(), datum(item.told_at)
    )
    if item.reminded_at is None:
        return words
    return format_html('{}, påmind <span class="code">{}</span>', words, datum(item.reminded_at))


def sureness_of(item: RecallItem) -> SafeString:
    return format_html(
        '{}<br><small class="muted">{}</small>', item.get_sureness_display(), item.get_by_display()
    )


class StateColumn(StatusColumn):
    """How far one has come; of one that is confirmed how, and how KHS knows; and its case."""

    def html(self, row: RecallItem, table: Table[Any]) -> str:
        state = super().html(row, table)
        confirmed = row.answer and row.answer != Answer.NOT_FOUND
        told = [row.get_answer_display() if confirmed else "", row.note]
        under: list[str | SafeString] = [": ".join(filter(None, told))]
        if row.case is not None:
            url = case_pages.url_of(CaseKind(row.case.kind), row.case.number)
            under.append(link(url, row.case.number) if url else row.case.number)
        lines = [format_html('<br><small class="muted">{}</small>', x) for x in under if x]
        return format_html("{}{}", state, mark_safe("".join(lines)))


class RecallItemTable(Table[RecallItem]):
    """What nobody has been reached about comes first."""

    columns: ClassVar[tuple[Column, ...]] = (
        LinkColumn(
            "piece", "Individ", lambda x: x.individual.number if x.individual else x.article.number,
            url=lambda x: reverse("individuals:detail", args=[x.individual.number])
            if x.individual
            else reverse("articles:detail", args=[x.article.number]),
            sort=("individual__number", "article__number"), css="title code",
        ),
        Column("name", "Benämning", "article.name", sort=sv("article__name"), priority=3),
        Column("place", "Finns", _place_and_quantity),
        Column("unit", "Tjänsteställe", unit_of, sort=sv("unit__name")),
        Column("sure", "Säkerhet", sureness_of, sort="sureness", priority=2),
        Column("contact", "Senaste kontakt", contact_of, sort="told_at", nullable=True, priority=2),
        StateColumn("state", "Läge", lambda x: str(x.state.label), sort=("answer", Coalesce("told_at", Value(_NEVER)))),
    )  # fmt: skip
    order = "state"
    dom_id = "berorda"
    caption = "Berörda exemplar"
    noun = ("rad", "rader")
    narrowed_by = ("visa",)
    empty_text = "Inga exemplar"
    empty_hint = "Inget i det här urvalet. Välj en annan flik."
    empty_level = "3"


def tabs_of(request: HttpRequest, counts: Counts, chosen: str) -> list[dict[str, Any]]:
    """The list's tabs, each with how many there are."""
    return [
        {"label": label, "url": f"{request.path}?visa={name}#berorda", "count": count,
         "active": name == chosen}
        for name, label, count in (
            (LEFT, "Kvar", counts.left),
            (CONFIRMED, "Bekräftade", counts.confirmed),
            (STORES, "I lager", counts.stores),
            (HELD, "Hos mottagare", counts.held),
            (SCRAPPED, "Skrotade", counts.scrapped),
            (ALL, "Alla", counts.all),
        )
    ]  # fmt: skip


# --- what is ordered ---


@dataclass(frozen=True)
class Ordered:
    """An order that waits for one of the articles; nobody is named."""

    number: str
    article: str
    quantity: int


MOST_ORDERED = 20


def ordered(recall: Recall) -> tuple[int, list[Ordered]]:
    """How many are ordered and not delivered, and the orders that have waited longest."""
    ends = (OrderStatus.DELIVERED, OrderStatus.CANCELLED)
    lines: QuerySet[OrderLine] = OrderLine.objects.filter(
        article__in=recall.criteria.order_by().values("article"),
        quantity__gt=F("delivered") + F("cancelled"),
    ).exclude(order__status__in=ends)
    found = lines.aggregate(
        sum=Coalesce(Sum(F("quantity") - F("delivered") - F("cancelled")), 0), count=Count("pk")
    )
    shown = lines.order_by("order__sent_at", "pk").values_list(
        "order__case_number", "article__name", "quantity", "delivered", "cancelled"
    )
    rows = [
        Ordered(number, name, quantity - delivered - cancelled)
        for number, name, quantity, delivered, cancelled in shown[:MOST_ORDERED]
    ]
    return found["sum"], rows


# --- the queue ---


def in_queue() -> dict[str, Any]:
    """What a row of KHS's queue says besides: its articles, and how many are confirmed of how many."""
    watches = Watch.objects.filter(case=OuterRef("case_number"))
    names = watches.order_by("article__number").values("article__name").distinct()
    items = RecallItem.objects.filter(recall=OuterRef("pk"))

    def summed(found: RecallItemQuerySet) -> Coalesce:
        of_each = found.order_by().values("recall").annotate(sum=Sum("quantity"))
        return Coalesce(Subquery(of_each.values("sum")), 0)

    return {
        "queue_articles": ArraySubquery(names[:3]),
        "queue_confirmed": summed(items.confirmed()),
        "queue_all": summed(items.to_answer()),
    }


def articles_of(recall: Any) -> str:
    """Of a row that has ``in_queue``."""
    return ", ".join(recall.queue_articles)


def confirmed_of(recall: Any) -> str:
    return f"{recall.queue_confirmed} av {recall.queue_all}" if recall.found_at else ""
