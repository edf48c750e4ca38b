"""KHS delivers, wholly or in part."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from articles.stock import Kind, Ledger, Shortage
from individuals import services as individuals
from individuals.models import Individual
from organisation.models import MessageKind, User
from recipients.cases import EventKind, forget_at_end, inform, lock_case, set_status, tell
from sesam.errors import DomainError

from ..models import (
    Order,
    OrderLine,
    OrderStatus,
)
from .changing import check_not_held
from .common import status_of
from .handing_out import record_delivery_of
from .projects import record_delivery


@dataclass(frozen=True)
class Pick:
    """What is handed out of one line: how many, and which pieces of a marked article.

    ``as_commented`` confirms that a manual line goes without a real article on it: what its
    comment describes is handed out, and the loan bears the comment.
    """

    line_id: int
    quantity: int
    individual_ids: tuple[int, ...] = ()
    as_commented: bool = False


class Overtaken(DomainError):
    """The order has been delivered from since the page was shown."""

    def __init__(self, order: Order, handed_out: int, asked: int) -> None:
        super().__init__(
            "Mer har levererats sedan du öppnade sidan. Kontrollera raderna nedan, de visar vad som"
            " återstår, och skicka igen."
        )
        self.order = order
        self.handed_out = handed_out
        self.asked = asked

    def by_same(self, user: User) -> bool:
        """Whether it was this very delivery, sent twice: the second time finds nothing left to
        ask for where the first took all."""
        last = self.order.deliveries.last()
        was_this = self.asked in (0, self.handed_out)
        return last is not None and last.by_id == user.pk and was_this


def was_this_delivered(order: Order, user: User, *, seen: int, said: int) -> bool:
    """Whether what ``user`` handed out since the page was shown is as much as its button ``said``:
    the form came twice."""
    last = order.deliveries.last()
    mine = last is not None and last.by_id == user.pk
    return mine and said > 0 and delivered_so_far(order) - seen == said


def delivered_so_far(order: Order) -> int:
    """How much of the order has been handed out: what a page remembers, to be told apart."""
    return order.lines.aggregate(sum=Sum("delivered"))["sum"] or 0


@transaction.atomic
def deliver(
    order: Order, picks: Iterable[Pick], *, user: User, seen_delivered: int | None = None
) -> Order:
    """Hand out ``picks``, wholly or in part. ``DomainError.line`` is the order line's id.

    ``seen_delivered`` is what had been handed out when the user was shown the order; if it is
    more by now, ``Overtaken`` is raised and nothing happens.

    Lines delivered together go all at once and whole. A component goes with its main aid or after
    it, never before. A manual line wants its real article, or ``Pick.as_commented``. Pieces must
    stand in the line's
    warehouse, unblocked. To a recipient the goods become loans; to a store they become its
    stock; parts come to sit on the individual they were ordered for. A project's line can go
    when it is «Monterad», and is «Utlevererad» thereby; aids put on the order for it may go
    before, since the supplier may need them to mount.
    """
    picks = [pick for pick in picks if pick.quantity]
    order = lock_case(order)
    if seen_delivered is not None and (now_delivered := delivered_so_far(order)) != seen_delivered:
        asked = sum(pick.quantity for pick in picks)
        raise Overtaken(order, now_delivered - seen_delivered, asked)
    if order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED):
        raise DomainError(f"Beställningen är redan {order.get_status_display().lower()}.")
    check_not_held(order)
    if not picks:
        raise DomainError(
            "Inget är valt att lämna ut. Välj individ eller ange antal på minst en rad."
        )
    lines = {
        line.pk: line for line in order.lines.select_related("article", "warehouse", "component_of")
    }
    _check_picks(lines, picks)

    chosen = [lines[pick.line_id] for pick in picks]
    places = {(line.warehouse_id, line.article_id) for line in chosen if line.article.is_stocked}
    if order.destination_id:
        places |= {(order.destination_id, article) for _, article in places}
    ledger = Ledger(places, user=user, case_number=order.case_number)
    pieces = individuals.lock(pk for pick in picks for pk in pick.individual_ids)
    deliveries = []
    for pick in picks:
        line = lines[pick.line_id]
        handed = _pieces_for(line, pick, pieces)
        _take_picked(ledger, order, line, pick.quantity, handed)
        line.delivered += pick.quantity
        deliveries.append((line, pick.quantity, handed))
    OrderLine.objects.bulk_update(chosen, ["reserved", "delivered"])
    now = timezone.now()
    record_delivery_of(order, deliveries, user=user, now=now, ledger=ledger)
    ledger.save()
    record_delivery(chosen, user=user, now=now)
    set_status(order, status_of(lines.values()))
    if order.status == OrderStatus.DELIVERED:
        order.delivered_at = now
    order.save(update_fields=["status", "delivered_at"])
    whole = order.status == OrderStatus.DELIVERED
    tell(order, user, EventKind.DELIVERED, "Utlevererad" if whole else "Delvis utlevererad")
    forget_at_end(order)
    how = "utlevererad" if whole else "delvis utlevererad"
    title = f"Beställning {order.case_number} är {how}"
    inform(order, user, MessageKind.DELIVERED, title, _handed_out(deliveries))
    return order


def _handed_out(deliveries: Iterable[tuple[OrderLine, int, list[Individual]]]) -> str:
    return "\n".join(f"{quantity} st {line.article.name}" for line, quantity, _ in deliveries)


def _check_picks(lines: dict[int, OrderLine], picks: list[Pick]) -> None:
    wanted = {pick.line_id: pick.quantity for pick in picks}
    if len(wanted) != len(picks):
        raise DomainError("En rad kan bara stå en gång i en utleverans.")
    taken: set[int] = set()
    for pick in picks:
        if not taken.isdisjoint(pick.individual_ids):
            text = "Samma individ är vald på två rader. Välj en annan på den ena."
            raise DomainError(text, line=pick.line_id)
        taken.update(pick.individual_ids)
        line = lines.get(pick.line_id)
        if line is None:
            raise DomainError("Raden hör inte till beställningen.")
        if not 0 < pick.quantity <= line.open:
            text = f"{line.article.name}: ange ett antal från 0 till {line.open}."
            raise DomainError(text, line=line.pk)
        if line.awaits_project:
            raise DomainError(
                f"{line.article.name} kan levereras först när projektet är «Monterad»."
                f" Nu är det «{line.progress_label}».",
                line=line.pk,
            )
        if line.article.is_manual and not pick.as_commented:
            raise DomainError(
                f"{line.article.name}: lägg på artikeln som lämnas ut, eller bekräfta att det är"
                " det som kommentaren beskriver.",
                line=line.pk,
            )
        _check_follows(line, pick.quantity, lines, wanted)
    together = [line for line in lines.values() if line.deliver_together and line.open]
    if any(line.pk in wanted for line in together):
        for line in together:
            if wanted.get(line.pk) != line.open:
                raise DomainError(
                    f"{line.article.name} samlevereras: alla rader med samleverans ska"
                    " levereras samtidigt och hela.",
                    line=line.pk,
                )


def _check_follows(
    line: OrderLine, quantity: int, lines: dict[int, OrderLine], wanted: dict[int, int]
) -> None:
    if line.component_of_id is None:
        return
    main = lines[line.component_of_id]
    gone = main.delivered + wanted.get(main.pk, 0)
    most = max(0, line.most_with(main, gone) - line.delivered)
    if quantity <= most:
        return
    now = f"högst {most} st kan lämnas ut nu" if most else "den kan inte lämnas ut före det"
    raise DomainError(
        f"{line.article.name} är komponent till {main.article.name} och följer med det: {now}."
        " Välj hur många av huvudhjälpmedlet som lämnas ut, eller låt komponenten vänta.",
        line=line.pk,
    )


def _pieces_for(line: OrderLine, pick: Pick, pieces: dict[int, Individual]) -> list[Individual]:
    if not line.article.is_marked:
        return []
    if len(set(pick.individual_ids)) != pick.quantity:
        text = f"{line.article.name}: välj {pick.quantity} individer."
        raise DomainError(text, line=line.pk)
    found = [pieces[pk] for pk in pick.individual_ids if pk in pieces]
    for piece in found:
        fits = piece.article_id == line.article_id and piece.warehouse_id == line.warehouse_id
        if not fits or piece.status != Individual.Status.IN_STOCK or piece.blocked:
            raise DomainError(
                f"Individ {piece.number} kan inte levereras från {line.warehouse}. Välj en annan.",
                line=line.pk,
            )
    if len(found) != pick.quantity:
        raise DomainError("En vald individ finns inte. Välj en annan.", line=line.pk)
    return found


def _take_picked(
    ledger: Ledger, order: Order, line: OrderLine, quantity: int, pieces: list[Individual]
) -> None:
    if not line.article.is_stocked:
        return
    place = (line.warehouse_id, line.article_id)
    kind = Kind.TRANSFER if order.destination_id else Kind.DELIVERY
    reserved = min(line.reserved, quantity)
    most = reserved + ledger.available(place)
    line.reserved -= reserved
    try:
        if pieces:
            for index, piece in enumerate(pieces):
                held = 1 if index < reserved else 0
                ledger.take(place, 1, kind, reserved=held, individual_number=piece.number)
        else:
            ledger.take(place, quantity, kind, reserved=reserved)
    except Shortage as shortage:
        raise DomainError(
            f"{line.article.name}: bara {most} st finns i {line.warehouse}. Resten är restnoterat.",
            line=line.pk,
        ) from shortage
    if order.destination_id:
        there = (order.destination_id, line.article_id)
        for piece in pieces:
            ledger.add(there, 1, kind, individual_number=piece.number)
        if not pieces:
            ledger.add(there, quantity, kind)
