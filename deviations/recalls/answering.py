"""What became of the pieces: answered one by one or several at once, by their unit or by KHS."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from articles.stock import Ledger
from individuals.holding import HeldPieces
from individuals.models import BlockReason, Watch
from orders.services import Promised
from organisation.models import User
from organisation.permissions import KHS, has_role
from recipients.cases import EventKind, lock_case, tell
from recipients.models import Loan
from sesam.errors import DomainError
from sesam.locks import lock_rows

from ..models import (
    FREE_AFTER,
    UNITS_ANSWERS,
    Answer,
    Recall,
    RecallItem,
    RecallStatus,
    recall_blocks,
)
from .finding import hold

MOST_NOTE = 300


@transaction.atomic
def answer(
    recall: Recall,
    items: Collection[int],
    answer: Answer,
    *,
    user: User,
    note: str = "",
    promised: Promised | None = None,
) -> list[RecallItem]:
    """Say what became of the items (by key). After «Åtgärdad» and «Berörs inte» the recall lets go of
    them; what another case holds back stays so. Those that are answered so already are left as they
    are: sent twice is once.

    A unit answers for its own, that it has been told of; KHS for all, and corrects what was wrong: what
    the recall had let go of it holds back again. Raises ``DomainError``. Where the caller has locked
    the recall, it has asked ``promises_of`` before.
    """
    if promised is None:
        promised = promises_of(recall, items, answer, user=user)
    recall = lock_case(recall)
    if recall.status != RecallStatus.ONGOING:
        raise DomainError(f"Återkallelsen är {recall.status_words} och kan inte besvaras.")
    if len(note.strip()) > MOST_NOTE:
        raise DomainError(f"Anteckningen får vara högst {MOST_NOTE} tecken.", field="note")
    rows = recall.items.filter(pk__in=items).order_by("pk")
    found = lock_rows(rows.select_related("individual", "article", "unit"))
    if not found or len(found) != len(set(items)):
        raise DomainError("Välj exemplar ur listan.")
    _check_may(found, answer, user)
    changed = [item for item in found if item.answer != answer]
    free = [item for item in changed if item.answer in FREE_AFTER]
    if free and not has_role(user, KHS):
        raise DomainError(
            f"{free[0]} är redan besvarad som {Answer(free[0].answer).label.lower()}, och spärren är"
            " hävd. KHS kan rätta det."
        )
    for item in changed:
        item.answer, item.note = answer, note.strip()
        item.answered_at, item.answered_by = timezone.now(), user
    fields = ["answer", "note", "answered_at", "answered_by", "held_back"]
    if answer in FREE_AFTER:
        _let_go(recall, changed, user)
    elif free:
        _hold_again(recall, free, promised, user)
    RecallItem.objects.bulk_update(changed, fields)
    if changed:
        told = str(changed[0]) if len(changed) == 1 else f"{len(changed)} exemplar"
        tell(recall, user, EventKind.REPORTED, f"{answer.label}: {told}")
    return changed


def _check_may(items: list[RecallItem], answer: Answer, user: User) -> None:
    if has_role(user, KHS):
        return
    own = set(user.units.values_list("pk", flat=True))
    if answer not in UNITS_ANSWERS or any(
        item.unit_id not in own or item.told_at is None for item in items
    ):
        raise DomainError("Du kan bara bekräfta ditt tjänsteställes egna exemplar.")


def promises_of(recall: Recall, items: Collection[int], answer: Answer, *, user: User) -> Promised:
    """The orders that may have to give up what KHS wants held back again, locked, with who has it: before
    the recall."""
    free = RecallItem.objects.none()
    if answer not in FREE_AFTER and has_role(user, KHS):
        free = recall.items.filter(pk__in=items, answer__in=FREE_AFTER)
    pieces = list(free.filter(individual__isnull=False).values_list("individual", flat=True))
    counted = free.filter(individual=None, warehouse__isnull=False)
    stock = {(w, a): n for w, a, n in counted.values_list("warehouse_id", "article_id", "quantity")}
    promised = Promised(pieces, stock=stock)
    have = Loan.objects.filter(individual__in=pieces, ended_at=None)
    promised.lock(have.values_list("recipient", flat=True))
    return promised


def _hold_again(recall: Recall, items: list[RecallItem], promised: Promised, user: User) -> None:
    shelves = {
        (x.warehouse_id, x.article_id): x for x in items if not x.individual_id and x.warehouse_id
    }
    held = HeldPieces(
        [item.individual_id for item in items if item.individual_id],
        user=user,
        places=shelves,
        case_number=recall.case_number,
    )
    hold(recall, list(held.pieces.values()), held, promised, user)
    for place, item in shelves.items():
        why = f"återkallelse {recall.case_number}"
        promised.make_room(place, item.quantity, held.ledger, user=user, why=why)
        item.held_back = min(item.quantity, max(0, held.ledger.available(place)))
        if item.held_back:
            held.ledger.block(place, item.held_back)
    held.save()


def _let_go(recall: Recall, items: list[RecallItem], user: User) -> None:
    pieces = [item.individual_id for item in items if item.individual_id]
    places = {(x.warehouse_id, x.article_id): x for x in items if x.warehouse_id and x.held_back}
    held = HeldPieces(
        recall_blocks(recall).filter(individual__in=pieces).values_list("individual", flat=True),
        user=user,
        places=[(w, a) for (w, a) in places if w],
        case_number=recall.case_number,
    )
    held.release(BlockReason.Code.RECALL, case_number=recall.case_number)
    for item in places.values():
        _free_shelf(item, held.ledger)
    held.save()


def _free_shelf(item: RecallItem, ledger: Ledger) -> None:
    """What another recall wants held back there too, it holds back from now on."""
    left, item.held_back = item.held_back, 0
    going = Recall.objects.filter(status__in=(RecallStatus.REGISTERED, RecallStatus.ONGOING))
    others = RecallItem.objects.select_for_update(of=("self",)).filter(
        individual=None,
        warehouse=item.warehouse_id,
        article=item.article_id,
        recall__in=going.order_by(),
    )
    for other in others.exclude(pk=item.pk).exclude(answer__in=FREE_AFTER).order_by("pk"):
        taken = min(left, other.quantity - other.held_back)
        if taken > 0:
            other.held_back += taken
            left -= taken
            other.save(update_fields=["held_back"])
    if left and item.warehouse_id:
        ledger.block((item.warehouse_id, item.article_id), -left)


def end_watches(recall: Recall) -> None:
    """Nothing is looked for any more; what is blocked stays so until it is answered. Needs the recall
    locked, when it is closed."""
    mine = Watch.objects.filter(case=recall.case_number, ended_at=None)
    mine.update(ended_at=timezone.now())
