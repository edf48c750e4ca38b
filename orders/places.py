"""What orders add to the bar, to recipients, to articles, to individuals."""

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from articles.slots import (
    ArticleUse,
    ExpectedMoved,
    Outlook,
    TypedArticle,
    article_buttons,
    article_uses,
    expected_moved,
    outlooks,
    store_buttons,
    typed_articles,
)
from articles.uses import counted, listed
from individuals import services as individuals
from individuals import stock_check
from individuals.slots import PieceTab, piece_buttons, piece_sections
from organisation import stores
from organisation.permissions import CARE, has_role, signed_in
from organisation.slots import AskedAlong, asked_along, my_now, my_tabs, my_todo
from recipients import searching
from recipients.mine import tab_address
from recipients.models import Recipient
from recipients.slots import (
    DocumentSection,
    HistorySource,
    ReasonToLook,
    reasons_to_look,
    recipient_buttons,
    recipient_documents,
    recipient_history,
    recipient_now,
    recipient_tabs,
)
from sesam import case_pages
from sesam.links import links
from sesam.models import CaseKind
from sesam.places import (
    Button,
    CreateItem,
    MenuItem,
    NowEntry,
    Page,
    PageOf,
    Part,
    StartBox,
    Strip,
    Tab,
    TodoSource,
)
from sesam.slots import menu, start_boxes, strip
from sesam.templatetags.sesam import datum

from . import cart as carts
from . import (
    drafts_box,
    fitted,
    history,
    holder,
    jobs,
    khs,
    khs_places,  # noqa: F401  adds its own
    mine,
    ordered,
    promises,
    saved_tab,
    services,
    todo,
)
from . import searching as search
from .models import Cart, Order, OrderStatus
from .slots import order_create
from .views import pieces
from .views.whose import TILL

case_pages.register(CaseKind.ORDER, "orders:detail", Order.objects.openable, life=mine.life_of)


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


def _started(request: HttpRequest, obj: Any = None) -> bool:
    return carts.of_request(request) is not None


def _line_count(request: HttpRequest, obj: Any = None) -> int | None:
    cart = carts.of_request(request)
    return cart.line_count if cart else None  # type: ignore[attr-defined]  # counted with it


def _whom(request: HttpRequest) -> str:
    """By name alone: the number stands on the order's own pages, in the band, where it is logged."""
    cart = carts.of_request(request)
    return cart.whom if cart else ""


@cache
def _add_url() -> Callable[[str], str]:
    return links("orders:add")


def _token(request: HttpRequest) -> str:
    cart = carts.of_request(request)
    return str(cart.token) if cart else ""


def _till(request: HttpRequest) -> str:
    """Whose order «Beställ» on this page means."""
    token = _token(request)
    return f"?{TILL}={token}" if token else ""


def _till_then(request: HttpRequest) -> str:
    """Whose order was in progress when the page was drawn whose form is sent."""
    then = request.POST.get(TILL, "")
    return f"?{urlencode({TILL: then})}" if then else _till(request)


# Nobody begins an order without a reason, so it is one for as long as it is in progress.
reasons_to_look.add(
    ReasonToLook(name="cart", of=lambda user: Cart.objects.filter(user=user, closed_at=None))
)
# Most have none, and every page's bar asks.
asked_along.add(
    AskedAlong(
        name="has_cart",
        of=lambda user: Exists(Cart.objects.filter(user=user, closed_at=None)),
    )
)
menu.add(
    MenuItem(
        name="cart",
        label=lambda request, obj: "Pågående beställning" if _started(request) else "Varukorg",
        url=Page("orders:cart"),
        order=800,
        shown=_care,
        count=_line_count,
        note=lambda request, obj: _whom(request),
        cart=True,
        align="right",
    )
)
strip.add(
    Strip(
        name="cart",
        label=lambda request, obj: _whom(request),
        url=Page("orders:checkout"),
        shown=_started,
        count=_line_count,
    )
)


def _has_open_store(request: HttpRequest, recipient: Recipient) -> bool:
    """Whether the care unit stands for a store that the user may open."""
    if not recipient.store_id:
        return False
    return stores.open_to(signed_in(request)).filter(pk=recipient.store_id).exists()


def _replenish_url(request: HttpRequest, recipient: Recipient) -> str:
    return reverse("orders:to_store", args=[recipient.store.number]) if recipient.store else ""


recipient_buttons.add(
    Button(
        name="order",
        label="Beställ",
        url=PageOf("orders:to"),
        shown=lambda request, recipient: not recipient.deceased_on and not recipient.store_id,
        dialog=True,
        starts_order=True,
    )
)
recipient_buttons.add(
    Button(
        name="replenish",
        label="Lagerpåfyllnad",
        url=_replenish_url,
        shown=_has_open_store,
        dialog=True,
        starts_order=True,
    )
)
store_buttons.add(
    Button(
        name="replenish",
        label="Lagerpåfyllnad",
        url=lambda request, store: reverse("orders:to_store", args=[store.number]),
        dialog=True,
        starts_order=True,
    )
)
article_buttons.add(
    Button(
        name="order",
        label="Beställ",
        url=lambda request, article: _add_url()(article.number) + _till(request),
        shown=lambda request, article: not article.is_discontinued and _care(request),
        dialog=True,
        starts_order=True,
    )
)


outlooks.add(
    Outlook(
        name="order",
        day=lambda request, offer: promises.of_offer(offer, timezone.localdate()),
        shown=lambda request, offer: (
            not offer.article.is_discontinued
            and (offer.warehouse.is_central or offer.available > 0)
        ),
    )
)


typed_articles.add(
    TypedArticle(
        name="order",
        url=lambda request, number: _add_url()(number) + _till_then(request),
        carries=TILL,
        carried=_token,
        shown=lambda request, number: (
            _care(request) and _started(request) and carts.may_be_ordered(number)
        ),
    )
)


# --- «Min sida» ---

my_tabs.add(
    Tab(
        name=mine.TAB,
        label="Mina beställningar",
        url=tab_address(mine.TAB),
        order=10,
        shown=_care,
        count=mine.count,
        build=mine.build,
    )
)
my_tabs.add(
    Tab(
        name=saved_tab.TAB,
        label="Sparade mallar",
        url=Page("my_page", f"?flik={saved_tab.TAB}"),
        order=70,
        shown=_care,
        count=saved_tab.count,
        build=saved_tab.build,
    )
)
my_now.add(
    NowEntry(name="orders", order=10, shown=_care, url=tab_address(mine.TAB), build=mine.open_now),
    NowEntry(
        name="offers",
        order=20,
        shown=_care,
        url=tab_address(mine.TAB, mine.ANSWER),
        build=mine.answers_now,
    ),
    NowEntry(
        name="late_orders",
        order=30,
        shown=_care,
        url=tab_address(mine.TAB, mine.LATE),
        build=mine.late_now,
    ),
)


# --- «Sök» ---

searching.add(search.SEARCH)

# --- the start page ---

my_todo.add(
    TodoSource(name="offers", order=10, shown=_care, build=todo.offers),
    TodoSource(name="late_orders", order=20, shown=_care, build=todo.late),
    TodoSource(name="moved", order=30, shown=_care, build=todo.moved),
)
start_boxes.add(
    StartBox(
        name="drafts",
        order=5,
        shown=lambda request, obj: bool(drafts_box.thrown_away(request)),
        template="orders/_drafts_box.html",
        build=drafts_box.build,
    )
)


article_uses.add(
    ArticleUse(
        name="orders",
        label="Öppna ordrar",
        order=30,
        count=lambda article: counted(khs.waiting_for(article.pk)),
        url=listed("admin:orders_order_changelist"),
    )
)


# --- the recipient's tab «Beställt» ---


recipient_now.add(
    NowEntry(
        name="ordered",
        url=PageOf("recipients:detail", "?flik=bestallt"),
        order=20,
        build=ordered.on_its_way,
    )
)


recipient_tabs.add(
    Tab(
        name="bestallt",
        label="Beställt",
        url=PageOf("recipients:detail", "?flik=bestallt"),
        order=20,
        count=ordered.undelivered_count,
        build=ordered.ordered_tab,
    )
)


# --- the recipient's «Historik» ---

recipient_history.add(
    HistorySource(
        name="deliveries",
        kind="leveranser",
        label="Leveranser",
        icon="truck",
        order=10,
        newest=history.deliveries,
    ),
    HistorySource(
        name="orders",
        kind="bestallningar",
        label="Beställningar",
        icon="shopping-cart",
        order=20,
        newest=history.events,
    ),
)

# --- the recipient's «Hjälpmedelslista» ---


recipient_documents.add(
    DocumentSection(
        name="ordered",
        label="Beställda hjälpmedel",
        order=20,
        make=ordered.ordered_section,
    )
)


# --- the individual's page ---

piece_sections[PieceTab.STATUS].add(
    Part(
        name="holder",
        order=10,
        template="orders/_holder.html",
        build=holder.section,
    )
)
piece_sections[PieceTab.COMPONENTS].add(
    Part(
        name="fitted",
        order=10,
        template="orders/_fitted.html",
        build=fitted.ordered,
    )
)
piece_buttons.add(
    Button(
        name="deliver",
        label="Leverera individen",
        url=lambda request, piece: reverse("orders:deliver_piece", args=[piece.number]),
        order=10,
        icon="shopping-cart",
        shown=_care,
        barred=pieces.why_not_deliver,
        dialog=True,
        starts_order=True,
    )
)

# --- the order's page: cancelling stands last ---

order_create.add(
    CreateItem(
        name="save_as_template",
        label="Spara som mall",
        url=lambda request, order: reverse("orders:save_order", args=[order.case_number]),
        order=800,
        icon="clipboard-list",
        dialog=True,
    ),
    CreateItem(
        name="cancel",
        label="Makulera beställning",
        url=lambda request, order: reverse("orders:cancel", args=[order.case_number]),
        order=900,
        icon="ban",
        shown=lambda request, order: order.status != OrderStatus.CANCELLED,
        barred=lambda request, order: services.why_not_cancel(order, signed_in(request)),
        dialog=True,
        danger=True,
    ),
)

# --- who waits for what is expected ---

expected_moved.add(
    ExpectedMoved(
        name="orders",
        told=lambda balance, user: jobs.tell_moved.defer(
            warehouse_id=balance.warehouse_id,
            article_id=balance.article_id,
            day=datum(balance.expected_on),
            user_id=user.pk,
        ),
    )
)

# --- a piece that is to be held back though all is promised ---

individuals.before_block(services.room_for)

# --- what ``check_stock`` proves of orders ---

stock_check.explain(
    "reserved",
    "reserved by order lines",
    "SELECT warehouse_id, article_id, reserved FROM orders_orderline"
    " WHERE reserved > 0 AND quantity > delivered + cancelled",
)
stock_check.must_agree(
    "delivered of order line",
    """
    SELECT line.id, line.delivered, coalesce(sum(part.quantity), 0)
    FROM orders_orderline line LEFT JOIN orders_linedelivery part ON part.line_id = line.id
    GROUP BY line.id HAVING line.delivered <> coalesce(sum(part.quantity), 0)
    """,
)
stock_check.must_agree(
    "order of line delivery",
    """
    SELECT part.id, delivery.order_id, line.order_id
    FROM orders_linedelivery part
    JOIN orders_delivery delivery ON delivery.id = part.delivery_id
    JOIN orders_orderline line ON line.id = part.line_id
    WHERE delivery.order_id <> line.order_id
    """,
)
