"""The tabs that show what a recipient holds, used up or gave back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Min, Prefetch, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from articles.models import ArticleType
from articles.pictograms import drawing_of
from individuals.models import Component
from organisation.models import Unit
from organisation.permissions import KHS, has_role
from sesam import case_pages, panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.places import BulkAction, Now, Shown, TabContent
from sesam.standing import standing
from sesam.tables import Asked, sv
from sesam.templatetags.sesam import datum, status_html

from . import tables
from .models import Loan, Recipient
from .slots import loan_panel, loan_tags, recipient_bulk

_FOLLOWED_UP = Q(follow_up_on__isnull=False, ended_at__isnull=True)
_CONSUMABLE = Q(article__type=ArticleType.CONSUMABLE)


@dataclass(frozen=True)
class LoanTab:
    """One way of looking at a recipient's loans."""

    name: str
    where: Q
    table: type[tables.LoanTable]
    quantity: Combinable

    def count(self, request: HttpRequest, recipient: Recipient) -> int:
        """How many; all tabs are counted by one query a request."""
        return int(once(request, _counted, recipient)[self.name])

    def loans(self, recipient: Any) -> QuerySet[Loan]:
        return Loan.objects.filter(self.where, recipient=recipient)

    def build(self, request: HttpRequest, recipient: Recipient) -> TabContent:
        """The tab's content: its list, and the panel if a row is open."""
        is_held = issubclass(self.table, tables.HeldTable)
        total = self.count(request, recipient)
        wanted: dict[str, Any] = {"recipient": recipient.pk}
        groups: dict[str, int] = once(request, _counted, recipient)["groups"] if is_held else {}
        chosen = request.GET.get(tables.GROUP, "")
        if chosen in groups:
            total, wanted["group"] = groups[chosen], chosen

        def find(asked: Asked) -> tuple[list[tables.LoanRow], int]:
            rows = _page(self, "group" in wanted, asked, **wanted) if total else []
            return [tables.LoanRow(**row) for row in rows], total

        table = self.table.found(request, find, total=total)
        if isinstance(table, tables.HeldTable):
            table.offer(groups, chosen)
        return TabContent(
            table=table,
            bulk=_bulk(request, recipient, table) if is_held else [],
            panel=self._panel(request, recipient),
        )

    def _panel(self, request: HttpRequest, recipient: Recipient) -> panels.Panel | None:
        asked = panels.asked(request)
        if asked.isascii() and asked.isdigit() and len(asked) < 19:
            loan = (
                with_components(self.loans(recipient).filter(pk=int(asked)))
                .select_related("article", "individual", "unit")
                .first()
            )
            if loan is not None:
                return _panel(request, recipient, loan)
        return None


@standing
def _page(
    tab: LoanTab, of_group: bool, asked: Asked, *, recipient: Any, group: Any = None
) -> QuerySet[Loan, Any]:
    loans = tab.loans(recipient)
    if of_group:
        loans = loans.alias(group=tables.GROUP_OF).filter(group=group)
    rows = asked.ordered(tables.as_rows(loans, quantity=tab.quantity), tab.table.tie)
    return rows[asked.offset : asked.offset + asked.per_page]


def _counted(recipient: Recipient) -> dict[str, Any]:
    """The tabs' counts, when something that is held came last, and how many of each group are."""
    rows = _groups(recipient=recipient.pk)
    counts: dict[str, Any] = {tab.name: sum(row[tab.name] for row in rows) for tab in ALL}
    counts["to_follow_up"] = sum(row["to_follow_up"] for row in rows)
    counts["due"] = min((row["due"] for row in rows if row["due"]), default=None)
    counts["last"] = max((row["last"] for row in rows if row["last"]), default=None)
    held = {row["article__product_group"]: row[HELD.name] for row in rows if row[HELD.name]}
    # What has no group stands last.
    rest = held.pop("", 0) + held.pop(tables.NO_GROUP, 0)
    counts["groups"] = {**held, **({tables.NO_GROUP: rest} if rest else {})}
    return counts


@standing
def _groups(*, recipient: Any) -> QuerySet[Loan, Any]:
    return (
        Loan.objects.filter(recipient=recipient)
        .values("article__product_group")
        .annotate(
            **{tab.name: Count("pk", filter=tab.where) for tab in ALL},
            last=Max("delivered_at", filter=HELD.where),
            due=Min("follow_up_on", filter=_FOLLOWED_UP),
            to_follow_up=Count("pk", filter=_FOLLOWED_UP),
        )
        .order_by(sv("article__product_group"))
    )


def now(request: HttpRequest, recipient: Recipient) -> Now:
    """«6 hjälpmedel, senast 9 november»."""
    counts = once(request, _counted, recipient)
    last = counts["last"]
    return Now(counts[HELD.name], "hjälpmedel", f"senast {day_shortly(last)}" if last else "")


def to_follow_up(request: HttpRequest, recipient: Recipient) -> tuple[int, dt.date | None]:
    """How many held aids are to be followed up, and the first one's day; no query of its own."""
    counts = once(request, _counted, recipient)
    return counts["to_follow_up"], counts["due"]


def _bulk(
    request: HttpRequest, recipient: Recipient, table: tables.LoanTable
) -> list[Shown[BulkAction[Recipient]]]:
    """What can be done with ticked aids; and the tags of what is on its way already."""
    tags: dict[int, list[tables.LoanTag]] = {}
    for entry in loan_tags.open_to(request, recipient):
        for loan, tag in entry.tags(request, recipient).items():
            tags.setdefault(loan, []).append(tag)
    for row in table.rows:
        row.tags = tags.get(row.pk, ())
    actions = recipient_bulk.shown(request, recipient)
    if not actions:
        table.hide("tick")
    return actions


HELD = LoanTab(
    "held",
    ~_CONSUMABLE & Q(ended_at__isnull=True),
    tables.HeldTable,
    F("quantity") - F("returned") - F("lost"),
)
RETURNED = LoanTab(
    "returned",
    ~_CONSUMABLE & Q(returned__gt=0),
    tables.ReturnedTable,
    F("returned") + 0,
)
CONSUMABLES = LoanTab("consumables", _CONSUMABLE, tables.ConsumableTable, F("quantity") + 0)
ALL = (HELD, RETURNED, CONSUMABLES)


@dataclass(frozen=True)
class LoanPart:
    """A component of an aid."""

    number: str
    name: str
    quantity: int


def with_components(loans: QuerySet[Loan]) -> QuerySet[Loan]:
    """``loans`` with what ``components`` reads."""
    return loans.prefetch_related(
        Prefetch("parts", Loan.objects.select_related("article")),
        Prefetch(
            "individual__components",
            Component.objects.filter(removed_at=None).select_related("article"),
        ),
    )


def components(loan: Loan) -> list[LoanPart]:
    """What was delivered with it, and whatever else sits on its piece. Of an aid that has gone
    back: what was delivered with it."""
    ended = loan.ended_at is not None
    came_with = loan.parts.all()
    found = [
        LoanPart(part.article.number, part.title, part.quantity if ended else part.held)
        for part in came_with
    ]
    told = {part.component_id for part in came_with}
    if loan.individual and not ended:
        found += [
            LoanPart(c.article.number, c.article.name, c.quantity)
            for c in loan.individual.components.all()
            if c.pk not in told
        ]
    return [part for part in found if part.quantity]


def _panel(request: HttpRequest, recipient: Recipient, loan: Loan) -> panels.Panel:
    own = (
        has_role(request.user, KHS)
        or Unit.objects.filter(pk=loan.unit_id, users=request.user.pk or 0).exists()
    )
    parts = [
        {"label": part.number, "value": f"{part.name}, {part.quantity} st"}
        for part in components(loan)
    ]
    entries = {x.name: x for x in loan_panel.open_to(request, recipient)}
    told = {name: entry.build(request, recipient, loan) for name, entry in entries.items()}
    cases = {name: facts for name, facts in told.items() if facts}
    tabs, chosen = panels.tabs(
        request,
        ("oversikt", "Översikt"),
        ("komponenter", "Komponenter"),
        *((name, entries[name].label) for name in cases),
    )
    tabs[1]["count"] = len(parts)
    if case := cases.get(chosen):
        return panels.Panel(
            kicker=entries[chosen].label,
            title=loan.title,
            drawing=drawing_of(loan.article),
            close_url=panels.close_url(request),
            tabs=tabs,
            facts=case.facts,
            go_url=case.go_url,
            go_label=case.go_label,
        )
    # Another unit's case is shown here in short, without a link (product.md § 1).
    page = case_pages.url_for(loan.case_number) if own else None
    facts = parts if chosen == "komponenter" else _overview(loan, recipient, own)
    return panels.Panel(
        kicker=f"Hjälpmedel från kundorder {loan.case_number}",
        title=loan.title,
        drawing=drawing_of(loan.article),
        close_url=panels.close_url(request),
        tabs=tabs,
        facts=facts or [{"label": "Komponenter", "value": "Inga"}],
        go_url=page or "",
        go_label="Gå till beställningsdetaljer",
    )


def _overview(loan: Loan, recipient: Recipient, own: bool) -> list[dict[str, Any]]:
    ended = loan.ended_at is not None
    facts = [
        {
            "label": "Status",
            "value": status_html(
                "returned" if ended else "delivered",
                f"Återlämnad {datum(loan.ended_at)}"
                if ended
                else f"Levererad {datum(loan.delivered_at)}",
                icon="circle-check",
                tone="grey" if ended else "green",
            ),
        },
        {
            "label": "Artikel",
            "value": loan.article.number,
            "url": _address("articles:detail", loan.article.number),
        },
    ]
    if loan.individual:
        facts.append(
            {
                "label": "Individ",
                "value": loan.individual.number,
                "url": _address("individuals:detail", loan.individual.number),
            }
        )
    facts.append({"label": "Antal", "value": f"{loan.quantity if ended else loan.held} st"})
    if loan.lost:
        facts.append({"label": "Saknas", "value": f"{loan.lost} av {loan.quantity} st"})
    if loan.returned and not ended:
        facts.append({"label": "Återlämnat", "value": f"{loan.returned} av {loan.quantity} st"})
    facts.append({"label": "Beställning", "value": loan.case_number})
    if loan.follow_up_on and not ended:
        facts.append({"label": "Följs upp", "value": datum(loan.follow_up_on)})
    elif said := loan.follow_ups.first():
        words = f"{said.get_answer_display()}, {datum(said.at)}"
        facts.append({"label": "Uppföljning", "value": words})
        if said.note and own and not recipient.is_protected:
            facts.append({"label": "Anteckning", "value": said.note})
    # Whose patient a protected person is tells where they live.
    if own or not recipient.is_protected:
        facts.append({"label": "Förskrivare", "value": loan.prescriber_name})
        facts.append({"label": "Tjänsteställe", "value": loan.unit.name})
    facts.append({"label": "Ansvar", "value": loan.article.get_responsibility_display()})
    if loan.individual and loan.individual.warranty_until:
        facts.append({"label": "Garanti till", "value": datum(loan.individual.warranty_until)})
    return facts


def _address(name: str, number: str) -> str:
    """The address of a page below in the house; empty while that page isn't built."""
    try:
        return reverse(name, args=[number])
    except NoReverseMatch:
        return ""
