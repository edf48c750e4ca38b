"""The list of what a recall is about: every piece and counted aid that it may mean, held back where
it can be handed out. A job's work, in batches that each lock what they take; asked again it goes on
where it was."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from articles.models import Article, Balance
from articles.stock import Ledger, Place, Shortage
from individuals.holding import HeldPieces
from individuals.models import Block, BlockReason, Individual, Watch
from individuals.watching import Facts, Match, Sureness, facts_of, match
from orders.services import Promised, tell_who_picks
from organisation import messages
from organisation.models import MessageKind, User
from recipients.cases import EventKind, lock_case, set_status, tell
from recipients.models import Loan
from sesam import awaited
from sesam.errors import DomainError

from ..models import Found, Recall, RecallItem, RecallStatus
from .sought import Sought
from .telling import owners_of

CODE = BlockReason.Code.RECALL
BATCH = 200  # pieces that one transaction takes
TRIES = 20  # of a batch in which somebody moves something
Taken = TypeVar("Taken")
Criteria = Mapping[int, Sequence[Watch]]  # by article


@dataclass(frozen=True)
class Affected:
    """What is meant, before anything is taken: pieces and loans of counted aids by id, shelves."""

    pieces: dict[int, Match]
    loans: dict[int, Match]
    shelves: dict[Place, Match]


def by_article(criteria: Iterable[Watch]) -> Criteria:
    found: dict[int, list[Watch]] = defaultdict(list)
    for one in criteria:
        found[one.article_id].append(one)
    return found


def affected(criteria: Criteria) -> Affected:
    """All that the criteria mean. Three queries, however much there is; what has come back again counts
    for the days alone."""
    lent: dict[int, list[dt.date]] = defaultdict(list)
    loans: dict[int, Match] = {}
    rows = Loan.objects.filter(article__in=criteria).order_by("pk")
    if not any(one.by in Watch.DATED for of_one in criteria.values() for one in of_one):
        rows = rows.filter(ended_at=None, individual=None)
    for pk, article, individual, at, ended in rows.values_list(
        "pk", "article_id", "individual_id", "delivered_at", "ended_at"
    ).iterator():
        day = timezone.localdate(at)
        if individual is not None:
            lent[individual].append(day)
        elif ended is None and (found := match(Facts(lent=(day,)), criteria[article])):
            loans[pk] = found
    pieces: dict[int, Match] = {}
    known = Individual.objects.filter(article__in=criteria).order_by("pk")
    for piece in known.only(
        "pk", "article", "serial_number", "lot", "purchased_on", "purchase_is_estimated"
    ).iterator():
        found = match(facts_of(piece, lent.get(piece.pk, ())), criteria[piece.article_id])
        if found:
            pieces[piece.pk] = found
    shelves: dict[Place, Match] = {}
    counted = Balance.objects.filter(article__in=criteria, article__is_marked=False, on_hand__gt=0)
    for warehouse, article in counted.values_list("warehouse_id", "article_id").order_by("pk"):
        if found := match(Facts(), criteria[article]):
            shelves[warehouse, article] = found
    return Affected(pieces, loans, shelves)


def find(work: awaited.Work[Recall]) -> None:
    """Make the recall's list, and begin it."""
    recall = work.record
    if recall.found_at:
        return
    meant = affected(by_article(recall.criteria))
    work.progress(5)
    taken = set(recall.items.filter(individual__isnull=False).values_list("individual", flat=True))
    left = {pk: found for pk, found in meant.pieces.items() if pk not in taken}
    done, steps = 0, len(left) + len(meant.shelves) + 1
    for batch in _batches(left):
        _patiently(lambda batch=batch: take_pieces(recall, batch))  # type: ignore[misc]
        done += len(batch)
        work.progress(5 + 90 * done // steps)
    for place, found in meant.shelves.items():
        _patiently(lambda place=place, found=found: take_shelf(recall, place, found))  # type: ignore[misc]
        done += 1
        work.progress(5 + 90 * done // steps)
    take_loans(recall, meant.loans)
    with transaction.atomic():
        _begin(lock_case(recall))
    work.record.refresh_from_db()
    work.finish()


def _batches(meant: Mapping[int, Match]) -> Iterator[dict[int, Match]]:
    rows = iter(sorted(meant.items()))
    while batch := dict(islice(rows, BATCH)):
        yield batch


def _patiently(take: Callable[[], Taken]) -> Taken:
    """Again, where somebody moved one of them in the same instant."""
    for _ in range(TRIES - 1):
        with suppress(DomainError):
            return take()
    return take()


@transaction.atomic
def take_pieces(
    recall: Recall, meant: Mapping[int, Match], *, user: User | None = None, caught: bool = False
) -> list[RecallItem]:
    """Put the pieces on the list as they are now, and block those that aren't yet, whatever they are
    promised to. Raises ``DomainError`` where one is moved in the same instant."""
    promised = Promised(meant)
    # Who has one is locked before the pieces, as by who gives one back.
    open_loans = Loan.objects.filter(individual__in=meant, ended_at=None)
    theirs = set(open_loans.values_list("recipient", flat=True))
    promised.lock(theirs)
    recall = lock_case(recall)
    held = HeldPieces(meant, user=user)
    there = recall.items.filter(individual__in=meant)
    listed = set(there.values_list("individual", flat=True))
    pieces = [piece for pk, piece in held.pieces.items() if pk not in listed]
    mine = Block.objects.filter(individual__in=meant, case=recall.case_number)
    known = set(mine.values_list("individual", flat=True))
    newly = [
        piece
        for piece in pieces
        if piece.pk not in known and piece.status != Individual.Status.SCRAPPED
    ]
    hold(recall, newly, held, promised, user)
    loans = list(open_loans.values_list("pk", "individual", "unit", "recipient"))
    if not theirs.issuperset(recipient for *_, recipient in loans):
        raise DomainError("Ett exemplar har just lämnats ut. Försök igen.")
    with_whom = {pk: (loan, unit) for loan, pk, unit, _ in loans}
    owners = owners_of({piece.warehouse_id for piece in pieces if piece.warehouse_id})
    now = timezone.now()
    items = []
    for piece in pieces:
        loan, unit = with_whom.get(piece.pk, (None, None))
        items.append(
            RecallItem(
                recall=recall,
                article_id=piece.article_id,
                individual=piece,
                loan_id=loan,
                unit_id=unit or owners.get(piece.warehouse_id or 0),
                warehouse_id=piece.warehouse_id,
                found=_where(piece, loan),
                found_at=now,
                caught=caught,
                sureness=meant[piece.pk].sureness,
                by=meant[piece.pk].reason,
            )
        )
    held.save()
    return RecallItem.objects.bulk_create(items)


def _where(piece: Individual, loan: int | None) -> Found:
    if loan is not None:
        return Found.HELD
    return {
        Individual.Status.SCRAPPED: Found.SCRAPPED,
        Individual.Status.WORKSHOP: Found.WORKSHOP,
        Individual.Status.IN_STOCK: Found.IN_STOCK,
        Individual.Status.RESERVED: Found.IN_STOCK,
    }.get(Individual.Status(piece.status), Found.MISSING)


def hold(
    recall: Recall,
    pieces: list[Individual],
    held: HeldPieces,
    promised: Promised,
    user: User | None,
) -> None:
    """None of them is handed out. Which order gives one up says the article alone."""
    free = [piece for piece in pieces if piece.warehouse_id and not piece.blocked]
    why = f"återkallelse {recall.case_number}"
    given: list[int] = []
    places = Counter((piece.warehouse_id or 0, piece.article_id) for piece in free)
    for place, quantity in sorted(places.items()):
        orders = promised.make_room(place, quantity, held.ledger, user=user, why=why)
        given += [order.pk for order in orders]
    held.block(CODE, case_number=recall.case_number, only=pieces)
    tell_who_picks(
        free, user=user, why=f"De omfattas av återkallelse {recall.case_number}", but=given
    )


@transaction.atomic
def take_shelf(recall: Recall, place: Place, found: Match) -> None:
    """Put what stands of a counted article in a warehouse on the list; none of it is handed out."""
    warehouse, article = place
    if recall.items.filter(individual=None, warehouse=warehouse, article=article).exists():
        return
    balance = Balance.objects.get(warehouse=warehouse, article=article)
    free = max(0, balance.on_hand - balance.unavailable)
    promised = Promised([], stock={place: free})
    promised.lock([])
    recall = lock_case(recall)
    ledger = Ledger([place], case_number=recall.case_number)
    on_hand = ledger.on_hand(place)
    why = f"återkallelse {recall.case_number}"
    promised.make_room(place, free, ledger, user=None, why=why)
    held_back = min(free, ledger.available(place))
    if held_back:
        try:
            ledger.block(place, held_back)
        except Shortage:
            raise DomainError("Lagret har just ändrats. Försök igen.") from None
    ledger.save()
    if on_hand:
        RecallItem.objects.create(
            recall=recall,
            article_id=article,
            warehouse_id=warehouse,
            unit_id=owners_of([warehouse]).get(warehouse),
            quantity=on_hand,
            held_back=held_back,
            found=Found.IN_STOCK,
            found_at=timezone.now(),
            sureness=found.sureness,
            by=found.reason,
        )


def take_loans(recall: Recall, meant: Mapping[int, Match]) -> None:
    """Put the counted aids that somebody has on the list."""
    taken = recall.items.filter(individual=None, loan__isnull=False)
    left = set(meant) - set(taken.values_list("loan", flat=True))
    now = timezone.now()
    loans = Loan.objects.filter(pk__in=left, ended_at=None).order_by("pk")
    RecallItem.objects.bulk_create(
        [
            RecallItem(
                recall=recall,
                article_id=loan.article_id,
                loan=loan,
                unit_id=loan.unit_id,
                quantity=loan.held,
                found=Found.HELD,
                found_at=now,
                sureness=meant[loan.pk].sureness,
                by=meant[loan.pk].reason,
            )
            for loan in loans
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )


def _begin(recall: Recall) -> None:
    """The list is complete. Needs the recall locked."""
    if recall.found_at:
        return
    set_status(recall, RecallStatus.ONGOING)
    recall.found_at = timezone.now()
    recall.save(update_fields=["status", "found_at"])
    items = recall.items.all()
    held = recall.held_pieces().count()
    held += sum(items.values_list("held_back", flat=True))
    told = f"Listan är klar: {items.how_many()} exemplar, {held} spärrade i lager"
    tell(recall, None, EventKind.BLOCKED, told)


# --- what comes in later -----------------------------------------------------------------


def not_listed() -> QuerySet[Block]:
    """Pieces that an open recall's watch has caught and that aren't on its list yet."""
    ongoing = Recall.objects.filter(status=RecallStatus.ONGOING)
    listed = RecallItem.objects.filter(
        individual=OuterRef("individual"), recall__case_number=OuterRef("case_number")
    )
    found = Block.objects.filter(
        ~Exists(listed), reason__code=CODE, case__in=ongoing.values("case_number")
    )
    return found.order_by("pk")


def take_up(numbers: Collection[str] | None = None) -> int:
    """Put what was caught on the lists; returns how many pieces they were."""
    caught: dict[str, set[int]] = defaultdict(set)
    for number, piece in not_listed().values_list("case_number", "individual"):
        if number and (numbers is None or number in numbers):
            caught[number].add(piece)
    done = 0
    for recall in Recall.objects.filter(case_number__in=caught).select_related("ordered_by"):
        criteria = by_article(recall.criteria)
        pieces = Individual.objects.filter(pk__in=caught[recall.case_number])
        meant = {
            piece.pk: found
            for piece in pieces
            if (found := match(facts_of(piece), criteria[piece.article_id]))
        }
        for batch in _batches(meant):
            done += _patiently(lambda recall=recall, batch=batch: _take_up(recall, batch))  # type: ignore[misc]
    return done


@transaction.atomic
def _take_up(recall: Recall, meant: Mapping[int, Match]) -> int:
    items = take_pieces(recall, meant, caught=True)
    if not items:
        return 0
    named = ", ".join(sorted(item.individual.number for item in items if item.individual))
    tell(recall, None, EventKind.BLOCKED, f"Kom till efteråt och spärrades: individ {named}")
    messages.send(
        recall.ordered_by,
        kind=MessageKind.RECALL,
        title=f"Fler exemplar omfattas av återkallelse {recall.case_number}",
        text=f"Individ {named} kom in efteråt och är spärrad.",
        case_number=recall.case_number,
    )
    return len(items)


# --- before it is registered -------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """Of an article, how many are meant: of these in a store, with somebody, elsewhere or scrapped;
    and how many of all aren't sure."""

    article: Article
    in_stock: int
    held: int
    elsewhere: int
    unsure: int


def preview(articles: Sequence[Article], sought: Sequence[Sought]) -> list[Preview]:
    """What would be found now."""
    criteria = by_article(one.of(article) for article in articles for one in sought)
    meant = affected(criteria)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    pieces = Individual.objects.filter(pk__in=meant.pieces)
    for pk, article, status in pieces.values_list("pk", "article", "status"):
        counts[article][_SHOWN.get(Individual.Status(status), "elsewhere")] += 1
        counts[article]["unsure"] += meant.pieces[pk].sureness is not Sureness.SURE
    loans = Loan.objects.filter(pk__in=meant.loans)
    for pk, article, quantity, gone, lost in loans.values_list(
        "pk", "article", "quantity", "returned", "lost"
    ):
        counts[article]["held"] += quantity - gone - lost
        if meant.loans[pk].sureness is not Sureness.SURE:
            counts[article]["unsure"] += quantity - gone - lost
    shelves = Balance.objects.filter(article__in=criteria, article__is_marked=False)
    for warehouse, article, on_hand in shelves.values_list("warehouse", "article", "on_hand"):
        if found := meant.shelves.get((warehouse, article)):
            counts[article]["in_stock"] += on_hand
            counts[article]["unsure"] += on_hand if found.sureness is not Sureness.SURE else 0
    names = ("in_stock", "held", "elsewhere", "unsure")
    return [
        Preview(article, **{name: counts[article.pk][name] for name in names})
        for article in articles
    ]


_SHOWN = {
    Individual.Status.IN_STOCK: "in_stock",
    Individual.Status.RESERVED: "in_stock",
    Individual.Status.WITH_RECIPIENT: "held",
}
