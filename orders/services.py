"""Everything that can happen to an order: send, cancel, pick, deliver, hold, release.

Locks are taken in one order: recipient, cart or order, balances (by warehouse and article),
individuals (by number), case number.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from articles.models import ArticleType
from articles.stock import Kind, Ledger, Shortage
from individuals import services as individuals
from individuals.models import Component, Individual
from organisation.models import Source, User
from recipients.models import CareRelation, Loan, Recipient
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind
from sesam.working_days import add_working_days

from . import cart as carts
from .models import (
    NEXT_STATUS,
    WHEREABOUTS,
    Cart,
    CartLine,
    LineDelivery,
    Order,
    OrderAttachment,
    OrderEvent,
    OrderHold,
    OrderKind,
    OrderLine,
    OrderStatus,
)

COPIED = [
    "kind", "recipient_id", "destination", "unit", "prescriber_id", "delivery_way",
    "co", "street", "postcode", "locality", "door_code", "instructions",
    "recipient_phone", "recipient_mobile", "recipient_email",
    "contact_name", "contact_phone", "contact_mobile", "contact_email",
    "contact_prescriber", "extra_info", "typed_for_case",
]  # fmt: skip
COPIED_LINE = [
    "position", "article", "quantity", "source", "warehouse", "individual_id", "fitted_to_id",
    "comment", "deliver_together", "asked_article_id", "replaced_because",
]  # fmt: skip


# --- sending -----------------------------------------------------------------------------


@transaction.atomic
def send(cart: Cart, *, user: User) -> Order:
    """Make the order of a cart; sent again, the order that is there.

    Own-store lines are handed out at once; KHS lines reserve what is available, and the rest
    is backlog. Raises ``DomainError`` (with ``line`` = the cart line's id where one is meant)
    and then nothing has happened.
    """
    recipient = _locked_recipient(cart.recipient_id)
    cart = (
        Cart.objects.select_for_update(of=("self",))
        .select_related("unit", "delivery_way", "destination", "order")
        .get(pk=cart.pk, user=user)
    )
    cart.recipient = recipient
    if cart.order:
        return cart.order
    if cart.closed_at:
        raise DomainError("Beställningen är lämnad. Börja en ny.")
    lines = list(
        cart.lines.select_related("article__billing_form", "warehouse", "individual").order_by(
            F("component_of_id").asc(nulls_first=True), "position", "id"
        )
    )
    carts.protect(cart)
    _check_cart(cart, lines, recipient)

    places = {(line.warehouse_id, line.article_id) for line in lines if line.article.is_stocked}
    ledger = Ledger(places, user=user)
    pieces = individuals.lock(line.individual_id for line in lines if line.individual_id)
    today_prices = prices({line.article_id for line in lines})
    now = timezone.now()

    number = case_numbers.take(CaseKind.ORDER)
    ledger.case_number = number
    order = Order(case_number=number, ordered_by=user, sent_at=now)
    for name in COPIED:
        setattr(order, name, getattr(cart, name))
    order_lines = _order_lines(order, cart, lines, recipient, today_prices)
    handed_out: list[OrderLine] = []
    for line, order_line in zip(lines, order_lines, strict=True):
        try:
            if line.source == Source.OWN_STORE:
                _take_from_own_store(ledger, line, order_line, pieces)
                handed_out.append(order_line)
            elif line.article.is_stocked:
                place = (line.warehouse_id, line.article_id)
                order_line.reserved = min(ledger.available(place), line.quantity)
                ledger.reserve(place, order_line.reserved)
        except Shortage as shortage:
            raise DomainError(_gone(line, shortage.available), line=line.pk) from shortage
    order.planned_delivery = _planned(lines, now)
    order.status = status_of(order_lines)
    order.delivered_at = now if order.status == OrderStatus.DELIVERED else None

    order.save(force_insert=True)
    _insert_lines(order_lines)
    ledger.save()
    _record_deliveries(
        order,
        [
            (line, line.quantity, [line.individual] if line.individual else [])
            for line in handed_out
        ],
        user=user,
        now=now,
    )
    _move_attachments(cart, order, dict(zip((line.pk for line in lines), order_lines, strict=True)))
    OrderEvent.objects.create(order=order, at=now, user=user, text="Beställningen skickades")
    if recipient:
        CareRelation.objects.create(recipient=recipient, unit=cart.unit, case_number=number)
    Cart.objects.filter(pk=cart.pk).update(order=order, closed_at=now, updated_at=now)
    return order


def _locked_recipient(pk: int | None) -> Recipient | None:
    if pk is None:
        return None
    return Recipient.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def _check_cart(cart: Cart, lines: list[CartLine], recipient: Recipient | None) -> None:
    """What must hold when an order is sent, whatever held when the lines were added."""
    if not lines:
        raise DomainError("Beställningen är tom. Lägg till en artikel först.")
    if recipient and recipient.deceased_on:
        raise DomainError("Mottagaren är avliden. Det går inte att beställa.")
    if cart.delivery_way is None or not cart.delivery_way.is_active:
        raise DomainError("Välj leveranssätt.", field="delivery_way")
    for line in lines:
        if line.article.is_discontinued:
            text = f"{line.article.number} har utgått och kan inte beställas. Ta bort raden."
            raise DomainError(text, line=line.pk)
        if line.article.requires_comment and not line.comment.strip():
            raise DomainError("Raden behöver en kommentar.", line=line.pk)
    mains = [line for line in lines if line.component_of_id is None]
    beds = [line for line in mains if line.article.own_order_only]
    if beds and len(mains) > 1 and cart.kind == OrderKind.CUSTOMER:
        raise DomainError("En säng beställs alltid på egen beställning.", line=beds[0].pk)
    if not any(
        [cart.recipient_phone, cart.recipient_mobile, cart.contact_phone, cart.contact_mobile]
    ):
        raise DomainError("Ange minst ett telefonnummer.", field="contact_phone")
    needs_address = cart.delivery_way.address != cart.delivery_way.AddressRule.NONE
    if needs_address and not (cart.street and cart.postcode and cart.locality):
        raise DomainError("Fyll i leveransadressen.", field="street")


def _gone(line: CartLine, available: int) -> str:
    left = "tagits av någon annan" if available == 0 else f"minskat till {available} st"
    return (
        f"{line.article.name}: saldot i {line.warehouse} har {left}."
        " Ändra raden; resten av beställningen är kvar."
    )


def _take_from_own_store(
    ledger: Ledger, line: CartLine, order_line: OrderLine, pieces: dict[int, Individual]
) -> None:
    place = (line.warehouse_id, line.article_id)
    number = ""
    if line.article.is_marked:
        piece = pieces.get(line.individual_id)
        on_shelf = piece is not None and (
            piece.status == Individual.Status.IN_STOCK
            and piece.warehouse_id == line.warehouse_id
            and not piece.blocked
        )
        if not on_shelf:
            raise DomainError(
                f"Individ {line.individual or ''} finns inte längre i {line.warehouse}."
                " Välj en annan; resten av beställningen är kvar.",
                line=line.pk,
            )
        order_line.individual = piece
        number = piece.number
    ledger.take(place, line.quantity, Kind.DELIVERY, individual_number=number)
    order_line.delivered = line.quantity


def _order_lines(order, cart, lines, recipient, today_prices) -> list[OrderLine]:
    payer_id = (recipient and recipient.is_person and recipient.payer_id) or cart.unit.payer_id
    made: dict[int, OrderLine] = {}
    for line in lines:
        new = OrderLine(
            order=order,
            payer_id=payer_id,
            seller_id=line.warehouse.owner_id,
            price=today_prices.get(line.article_id),
            billing_form=line.article.billing_form,
            component_of=made.get(line.component_of_id),
        )
        for name in COPIED_LINE:
            setattr(new, name, getattr(line, name))
        made[line.pk] = new
    return list(made.values())


def _insert_lines(lines: list[OrderLine]) -> None:
    """Parents before components, so that these know their parents' ids: two inserts at most."""
    for batch in (
        [line for line in lines if line.component_of is None],
        [line for line in lines if line.component_of is not None],
    ):
        for line in batch:
            line.order = line.order
            line.component_of = line.component_of
        OrderLine.objects.bulk_create(batch)


def prices(article_ids: set[int]) -> dict[int, object]:
    """Today's price of each article, without VAT."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (article_id) article_id, amount FROM articles_price"
            " WHERE article_id = ANY(%s) AND valid_from <= %s"
            " ORDER BY article_id, valid_from DESC",
            [list(article_ids), timezone.localdate()],
        )
        return dict(cursor.fetchall())


def _planned(lines: Iterable[CartLine | OrderLine], now: dt.datetime) -> dt.date:
    """The last KHS line's lead time in working days; the same day from an own store."""
    today = timezone.localdate(now)
    leads = [line.warehouse.lead_time for line in lines if line.source == Source.CENTRAL]
    return add_working_days(today, max(leads)) if leads else today


def _move_attachments(cart: Cart, order: Order, lines: dict[int, OrderLine]) -> None:
    OrderAttachment.objects.bulk_create(
        OrderAttachment(
            order=order,
            line=lines.get(a.line_id),
            key=a.key,
            file=a.file.name,
            name=a.name,
            content_type=a.content_type,
            size=a.size,
            uploaded_by_id=a.uploaded_by_id,
        )
        for a in cart.attachments.filter(dialog_key="")
    )


# --- status ------------------------------------------------------------------------------


def status_of(lines: Iterable[OrderLine]) -> OrderStatus:
    """The status that follows from the lines: from the KHS lines where there are any."""
    lines = list(lines)
    deciding = [line for line in lines if line.source == Source.CENTRAL] or lines
    if all(line.cancelled == line.quantity for line in deciding):
        return OrderStatus.CANCELLED
    if all(line.open == 0 for line in deciding):
        return OrderStatus.DELIVERED
    if any(line.delivered for line in deciding):
        return OrderStatus.PARTLY_DELIVERED
    return OrderStatus.REGISTERED


def _set_status(order: Order, status: OrderStatus) -> None:
    if status == order.status:
        return
    if status not in NEXT_STATUS[order.status]:
        raise DomainError(
            f"En beställning som är «{order.get_status_display()}» kan inte ändras så."
        )
    order.status = status


def _locked_order(order: Order) -> Order:
    """The order, locked, after its recipient."""
    _locked_recipient(order.recipient_id)
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("recipient", "destination", "unit")
        .get(pk=order.pk)
    )


def _tell(order: Order, user: User, text: str) -> None:
    OrderEvent.objects.create(order=order, at=timezone.now(), user=user, text=text[:300])


@transaction.atomic
def type_address(order: Order, *, user: User, details: dict[str, str]) -> Order:
    """The address for this case alone, of a person who was protected after it was sent.

    What came from the register then is forgotten; ``details`` are names of ``WHEREABOUTS``, and
    ``extra_info``, which might tell where the person lives too.
    """
    order = _locked_order(order)
    if not order.is_protected:
        raise DomainError("Adressen skrivs bara här för en person med skyddad identitet.")
    if order.has_ended:
        raise DomainError("Beställningen är avslutad och kan inte ändras.")
    order.forget_whereabouts()
    order.extra_info = ""
    for name in (*WHEREABOUTS, "extra_info"):
        setattr(order, name, details.get(name, ""))
    order.typed_for_case = True
    order.save(update_fields=[*WHEREABOUTS, "extra_info", "typed_for_case"])
    _tell(order, user, "Leveransadressen skrevs för ärendet")
    return order


# --- cancelling --------------------------------------------------------------------------


@transaction.atomic
def cancel(order: Order, *, user: User) -> Order:
    """«Makulera»: only while registered; frees what was reserved. Cancelled twice is once."""
    order = _locked_order(order)
    if order.status == OrderStatus.CANCELLED:
        return order
    if order.status != OrderStatus.REGISTERED:
        raise DomainError(
            "Bara en beställning med status Registrerad kan makuleras."
            f" Den här är {order.get_status_display().lower()}."
        )
    if hold := order.holds.filter(released_at=None).first():
        raise DomainError(
            f"Beställningen väntar på aktivitet {hold.case_number}. Avsluta den först."
        )
    lines = list(order.lines.select_related("article"))
    ledger = Ledger(
        {(line.warehouse_id, line.article_id) for line in lines if line.reserved},
        user=user,
        case_number=order.case_number,
    )
    for line in lines:
        if line.reserved:
            ledger.release((line.warehouse_id, line.article_id), line.reserved)
        line.cancelled += line.open
        line.reserved = 0
    ledger.save()
    OrderLine.objects.bulk_update(lines, ["reserved", "cancelled"])
    _set_status(order, OrderStatus.CANCELLED)
    order.cancelled_at = timezone.now()
    order.save(update_fields=["status", "cancelled_at"])
    _tell(order, user, "Beställningen makulerades")
    return order


# --- KHS: picking and delivering ---------------------------------------------------------


@transaction.atomic
def start_picking(order: Order, *, user: User) -> Order:
    """KHS has begun to pick; from now on the order can't be cancelled."""
    order = _locked_order(order)
    if order.status == OrderStatus.PICKING:
        return order
    _set_status(order, OrderStatus.PICKING)
    order.save(update_fields=["status"])
    _tell(order, user, "Plockning påbörjad")
    return order


@dataclass(frozen=True)
class Pick:
    """What is handed out of one line: how many, and which pieces of a marked article."""

    line_id: int
    quantity: int
    individual_ids: tuple[int, ...] = ()


class Overtaken(DomainError):
    """The order has been delivered from since the page was shown."""

    def __init__(self, order: Order, handed_out: int, asked: int) -> None:
        super().__init__(
            "Någon annan har levererat under tiden. Kontrollera raderna nedan, de visar vad som"
            " återstår, och skicka igen."
        )
        self.order = order
        self.handed_out = handed_out
        self.asked = asked

    def by_same(self, user: User) -> bool:
        """Whether it was this very delivery, sent twice."""
        last = LineDelivery.objects.filter(line__order=self.order).order_by("-at", "-id").first()
        return last is not None and last.by_id == user.pk and self.handed_out == self.asked


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

    Lines delivered together go all at once and whole. Pieces must stand in the line's
    warehouse, unblocked. To a recipient the goods become loans; to a store they become its
    stock; parts come to sit on the individual they were ordered for.
    """
    picks = [pick for pick in picks if pick.quantity]
    order = _locked_order(order)
    if seen_delivered is not None and (now_delivered := delivered_so_far(order)) != seen_delivered:
        asked = sum(pick.quantity for pick in picks)
        raise Overtaken(order, now_delivered - seen_delivered, asked)
    if order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED):
        raise DomainError(f"Beställningen är redan {order.get_status_display().lower()}.")
    if hold := order.holds.filter(released_at=None).first():
        raise DomainError(f"Beställningen väntar på aktivitet {hold.case_number}.")
    if not picks:
        raise DomainError("Ange hur många som levereras på minst en rad.")
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
    ledger.save()
    OrderLine.objects.bulk_update(chosen, ["reserved", "delivered"])
    now = timezone.now()
    _record_deliveries(order, deliveries, user=user, now=now)
    _set_status(order, status_of(lines.values()))
    if order.status == OrderStatus.DELIVERED:
        order.delivered_at = now
    order.save(update_fields=["status", "delivered_at"])
    whole = order.status == OrderStatus.DELIVERED
    _tell(order, user, "Utlevererad" if whole else "Delvis utlevererad")
    return order


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
    together = [line for line in lines.values() if line.deliver_together and line.open]
    if any(line.pk in wanted for line in together):
        for line in together:
            if wanted.get(line.pk) != line.open:
                raise DomainError(
                    f"{line.article.name} samlevereras: alla rader med samleverans ska"
                    " levereras samtidigt och hela.",
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


def _record_deliveries(
    order: Order,
    deliveries: list[tuple[OrderLine, int, list[Individual]]],
    *,
    user: User,
    now: dt.datetime,
) -> None:
    """Pieces move, loans begin, and every delivery remembers the loan it became."""
    pieces = [piece for _, _, handed in deliveries for piece in handed]
    if pieces and order.destination:
        individuals.shelve(pieces, order.destination)
    elif pieces:
        individuals.hand_out(pieces)
    rows = [
        LineDelivery(line=line, quantity=count, individual=piece, at=now, by=user)
        for line, quantity, handed in deliveries
        for piece, count in ([(p, 1) for p in handed] or [(None, quantity)])
    ]
    if order.recipient_id:
        _begin_loans(order, rows, now)
    LineDelivery.objects.bulk_create(rows)
    if order.recipient_id:
        _fit_parts(order, rows)


def _begin_loans(order: Order, rows: list[LineDelivery], now: dt.datetime) -> None:
    """A service becomes no loan; a manual order's loan bears its comment as its name."""
    lent = [row for row in rows if row.line.article.type != ArticleType.SERVICE]
    for row in lent:
        line = row.line
        manual = not line.article.is_stocked and line.article.requires_comment
        row.loan = Loan(
            recipient_id=order.recipient_id,
            article=line.article,
            individual=row.individual,
            name=line.comment[:500] if manual else "",
            quantity=row.quantity,
            unit_id=order.unit_id,
            prescriber_name=str(order.prescriber),
            case_number=order.case_number,
            delivered_at=now,
        )
    Loan.objects.bulk_create([row.loan for row in lent])
    for row in lent:
        row.loan = row.loan  # takes over the id that the insert gave


def _fit_parts(order: Order, rows: list[LineDelivery]) -> None:
    """Components sit on the piece they came with, accessories on the piece they were meant for.

    Into a store they go as stock: what is fitted there is the store's to decide.
    """
    parents = {row.line.component_of_id for row in rows if row.line.component_of_id}
    came_with = {
        line: (piece, loan)
        for line, piece, loan in LineDelivery.objects.filter(line__in=parents).values_list(
            "line_id", "individual_id", "loan_id"
        )
    }
    parts, loans = [], []
    for row in rows:
        piece, loan = came_with.get(row.line.component_of_id, (None, None))
        if loan and row.loan:
            row.loan.part_of_id = loan
            loans.append(row.loan)
        target = row.line.fitted_to_id or piece
        if target:
            parts.append(
                Component(
                    individual_id=target,
                    article=row.line.article,
                    quantity=row.quantity,
                    case_number=order.case_number,
                )
            )
    Loan.objects.bulk_update(loans, ["part_of"])
    if parts:
        individuals.fit(parts)


# --- earmarked activities ----------------------------------------------------------------


@transaction.atomic
def hold(order: Order, case_number: str, *, user: User) -> OrderHold:
    """An activity earmarks the order: it can't be delivered before ``release``."""
    order = _locked_order(order)
    if order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED):
        raise DomainError("Beställningen är avslutad.")
    made, _ = OrderHold.objects.get_or_create(order=order, case_number=case_number)
    _tell(order, user, f"Väntar på aktivitet {case_number}")
    return made


@transaction.atomic
def release(order: Order, case_number: str, *, user: User) -> None:
    """The activity has ended."""
    order = _locked_order(order)
    order.holds.filter(case_number=case_number, released_at=None).update(released_at=timezone.now())
    _tell(order, user, f"Aktivitet {case_number} är avslutad")


def reserved_by_place() -> Counter[tuple[int, int]]:
    """What open lines hold in each place: must equal the balances' ``reserved``."""
    held: Counter[tuple[int, int]] = Counter()
    for warehouse, article, reserved in OrderLine.objects.filter(reserved__gt=0).values_list(
        "warehouse_id", "article_id", "reserved"
    ):
        held[warehouse, article] += reserved
    return held
