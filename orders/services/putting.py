"""KHS puts the real article on an order, for a manual line or a project."""

from django.db import transaction
from django.utils import timezone

from articles import prices
from articles.follow_up import preset_weeks
from articles.models import Article, ArticleType
from articles.stock import Ledger
from organisation.models import Source, User, Warehouse
from recipients.cases import EventKind, forget_at_end, lock_case, set_status, tell
from sesam.errors import DomainError

from .. import promises
from ..models import Order, OrderKind, OrderLine, OrderStatus
from ..rules import MOST
from .common import status_of

ENDED = "Beställningen är avslutad och kan inte ändras."


@transaction.atomic
def put_article(
    line: OrderLine,
    *,
    user: User,
    article: Article,
    quantity: int,
    warehouse: Warehouse,
    seen: int | None = None,
) -> OrderLine:
    """A new line with what is really delivered, for ``line``; KHS may put several.

    It reserves what is available, and is paid by whoever pays ``line``. A manual line is thereby
    replaced and becomes no loan; a project's service line stays, since it is delivered when the
    project is done and becomes no loan anyway.

    ``seen`` is how many articles had been put for the line when the user was shown the page: a
    form sent twice puts one, and two people who put the same aid at once don't both do so.
    ``DomainError.field`` is ``article``, ``quantity`` or ``warehouse``.
    """
    order = lock_case(line.order)
    line = order.lines.select_related("article").get(pk=line.pk)
    there = list(line.put_lines.select_related("article").order_by("pk"))
    if seen is not None and len(there) > seen:
        last = there[-1]
        if len(there) == seen + 1 and (last.article, last.quantity) == (article, quantity):
            return last
        raise DomainError(
            f"Under tiden har {last.quantity} st {last.article} lagts på beställningen."
            " Kontrollera raderna, och skicka igen om det här också ska läggas på."
        )
    _check(order, line, article, quantity, warehouse)
    bed = _own_order(order, line, article)

    is_to_person = order.recipient is not None and order.recipient.is_person
    place = (warehouse.pk, article.pk)
    ledger = Ledger([place] if article.is_stocked else [], user=user, case_number=order.case_number)
    costs = prices.today([article.pk]).get(article.pk, prices.NONE)
    new = OrderLine(
        order=order,
        position=line.position,
        article=article,
        quantity=quantity,
        source=Source.CENTRAL,
        warehouse=warehouse,
        component_of=bed,
        put_for=line,
        deliver_together=line.deliver_together,
        payer_id=line.payer_id,
        seller_id=warehouse.owner_id,
        list_price=costs.list_price,
        rent=costs.rent,
        billing_form=article.billing_form,
        follow_up_weeks=line.follow_up_weeks or (preset_weeks(article) if is_to_person else None),
    )
    if article.is_stocked:
        new.reserved = min(ledger.available(place), quantity)
        ledger.reserve(place, new.reserved)
    new.save()
    ledger.save()
    if line.article.is_manual:
        line.cancelled += line.open
        line.is_replaced = True
        line.save(update_fields=["cancelled", "is_replaced"])
    _promise(order, new, bed, ledger)
    _plan(order)
    tell(order, user, EventKind.ARTICLES, f"KHS lade på {quantity} st {article}")
    return new


@transaction.atomic
def take_off(line: OrderLine, *, user: User) -> None:
    """KHS takes back an article it has put on, as far as it isn't delivered. A manual line that
    is left without any stands as it was sent. Twice is once."""
    order = lock_case(line.order)
    lines = {x.pk: x for x in order.lines.select_related("article")}
    line = lines[line.pk]
    if line.put_for_id is None:
        raise DomainError("Bara en artikel som KHS har lagt på kan tas bort.")
    if line.cancelled and not line.open and order.status != OrderStatus.CANCELLED:
        return
    if order.has_ended or not line.open:
        raise DomainError("Raden är redan utlevererad eller borttagen.")
    gone = [line, *(x for x in lines.values() if x.component_of_id == line.pk and x.open)]
    held = [x for x in gone if x.reserved]
    ledger = Ledger(
        {(x.warehouse_id, x.article_id) for x in held}, user=user, case_number=order.case_number
    )
    for x in held:
        ledger.release((x.warehouse_id, x.article_id), x.reserved)
    for x in gone:
        x.cancelled += x.open
        x.reserved = 0
    ledger.save()
    OrderLine.objects.bulk_update(gone, ["reserved", "cancelled"])
    asked = lines[line.put_for_id]
    put = [x for x in lines.values() if x.put_for_id == asked.pk]
    if asked.is_replaced and all(x.cancelled == x.quantity for x in put):
        asked.is_replaced, asked.cancelled = False, 0
        asked.save(update_fields=["cancelled", "is_replaced"])
    _plan(order)
    if status_of(lines.values()) == OrderStatus.DELIVERED:
        set_status(order, OrderStatus.DELIVERED)
        order.delivered_at = timezone.now()
        order.save(update_fields=["status", "delivered_at"])
    tell(order, user, EventKind.ARTICLES, f"KHS tog bort {line.article}")
    forget_at_end(order)


def _check(
    order: Order, line: OrderLine, article: Article, quantity: int, warehouse: Warehouse
) -> None:
    if order.has_ended:
        raise DomainError(ENDED)
    if not line.takes_articles:
        raise DomainError(f"Till {line.article.name} kan ingen artikel läggas nu.")
    if article.is_discontinued:
        raise DomainError(f"{article.number} har utgått. Välj en annan artikel.", field="article")
    if article.type == ArticleType.SERVICE:
        text = f"{article.number} är en tjänst och blir inget lån. Välj det hjälpmedel som lämnas."
        raise DomainError(text, field="article")
    if article.is_manual:
        text = "Välj den riktiga artikeln: den här står bara för det som kommentaren beskriver."
        raise DomainError(text, field="article")
    if not 1 <= quantity <= MOST:
        raise DomainError(f"Ange ett antal från 1 till {MOST}.", field="quantity")
    if not (warehouse.is_central and warehouse.is_active):
        raise DomainError("Välj ett av KHS lager.", field="warehouse")


def _own_order(order: Order, line: OrderLine, article: Article) -> OrderLine | None:
    """A bed stands alone on its order too when KHS puts it there: the bed that ``article`` goes
    with as its component, if there is one."""
    if order.kind == OrderKind.REPLENISHMENT:
        return None
    others = [
        x
        for x in order.lines.filter(component_of=None).select_related("article")
        if x.cancelled < x.quantity and not (x.pk == line.pk and x.article.is_manual)
    ]
    if article.own_order_only and others:
        raise DomainError(
            "En säng beställs alltid på egen beställning: den kan inte läggas på en beställning"
            " med andra rader.",
            field="article",
        )
    bed = next((x for x in others if x.article.own_order_only), None)
    if bed is not None and not article.may_be_component:
        raise DomainError(
            "Beställningen gäller en säng. På den kan bara sängens komponenter läggas.",
            field="article",
        )
    return bed


def _promise(order: Order, new: OrderLine, bed: OrderLine | None, ledger: Ledger) -> None:
    """What KHS put on is promised from today on, and with it what had waited for that without a
    day. What was promised stands."""
    lines = [
        line
        for line in order.lines.select_related("article", "warehouse")
        if line.pk == new.pk or (new.deliver_together and line.deliver_together and line.open)
    ]
    expected = {
        place: balance.expected_on for place, balance in promises.balances(lines).items()
    } | ledger.expected()
    given = {line.pk: line.planned_delivery for line in lines}
    promises.promise(lines, expected, timezone.localdate())
    if bed is not None and bed.open:
        on_its_own = next(x for x in lines if x.pk == new.pk)
        on_its_own.planned_delivery = promises.last(
            [on_its_own.planned_delivery, bed.planned_delivery]
        )
    for line in lines:
        line.planned_delivery = given[line.pk] or line.planned_delivery
    OrderLine.objects.bulk_update(lines, ["planned_delivery"])
    new.planned_delivery = next(x.planned_delivery for x in lines if x.pk == new.pk)


def _plan(order: Order) -> None:
    """The order's day is that of its last line."""
    day = promises.of_order(order.lines.all())
    if day != order.planned_delivery:
        order.planned_delivery = day
        order.save(update_fields=["planned_delivery"])
