"""Deviations add themselves to what they can be started from, and to the recipient's page."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from activities.models import Activity
from activities.slots import activity_create
from individuals import stock_check
from individuals.models import Individual
from individuals.slots import PieceTab, piece_complaint, piece_create, piece_sections
from orders.models import Order
from orders.slots import order_create
from organisation import desk, queues
from organisation.permissions import CARE, KHS, has_role
from organisation.slots import my_create, my_now, my_tabs, my_todo
from pickups.models import PickupOrder
from pickups.slots import pickup_create, put_aside
from recipients import searching, ticked
from recipients.cases import Case
from recipients.mine import tab_address
from recipients.models import Loan
from recipients.slots import (
    HistorySource,
    recipient_bulk,
    recipient_create,
    recipient_history,
    recipient_now,
    recipient_tabs,
)
from sesam import case_pages
from sesam.models import CaseKind
from sesam.places import (
    BulkAction,
    Button,
    CreateItem,
    NowEntry,
    Page,
    PageOf,
    Part,
    Tab,
    TodoSource,
)

from . import history, khs, life, mine, of_pieces, tab
from . import searching as search
from .models import Deviation, Recall
from .recalls import coming_back
from .recalls import life as recalls_life
from .services import why_not_reopen
from .services.handling import why_not_withdraw
from .slots import deviation_create
from .views import recall_units
from .views.registering import COMPLAINT, KIND, why_not_of_piece

case_pages.register(
    CaseKind.DEVIATION, "deviations:detail", Deviation.objects.openable, life=life.life_of
)
case_pages.register(
    CaseKind.RECALL, "deviations:recall", Recall.objects.openable, life=recalls_life.life_of
)
LABEL, ICON = "Avvikelse/reklamation", "triangle-alert"


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


def _of_case(request: HttpRequest, case: Case) -> str:
    return reverse("deviations:begin_of_case", args=[case.case_number])


def _of_piece(request: HttpRequest, piece: Individual) -> str:
    return reverse("deviations:begin_of_piece", args=[piece.number])


# --- where it is started from ---

recipient_create.add(
    CreateItem(
        name="deviation",
        label=LABEL,
        icon=ICON,
        url=PageOf("deviations:begin_for"),
        order=60,
        shown=_care,
        dialog=True,
        ticked=True,
    )
)
recipient_bulk.add(
    BulkAction(
        name="deviation",
        label=LABEL,
        icon=ICON,
        url=PageOf("deviations:begin_for"),
        order=60,
        shown=_care,
        dialog=True,
    )
)
piece_create.add(
    CreateItem(
        name="deviation",
        label=LABEL,
        icon=ICON,
        url=_of_piece,
        order=60,
        shown=_care,
        barred=lambda request, piece: why_not_of_piece(piece),
        dialog=True,
    )
)


def _complaint_of(request: HttpRequest, piece: Individual) -> str:
    """Of whoever has it; in a store, of the piece."""
    loan = Loan.objects.filter(individual=piece, ended_at=None).select_related("recipient").first()
    kind = urlencode({KIND: COMPLAINT})
    if loan is None:
        return f"{_of_piece(request, piece)}?{kind}"
    return f"{ticked.address_with('deviations:begin_for', loan)}&{kind}"


piece_complaint.add(
    Button(name="complaint", label="Gör en reklamation", url=_complaint_of, shown=_care)
)
order_create.add(
    CreateItem[Order](
        name="deviation", label=LABEL, icon=ICON, url=_of_case, order=60, shown=_care, dialog=True
    )
)
activity_create.add(
    CreateItem[Activity](
        name="deviation", label=LABEL, icon=ICON, url=_of_case, order=60, shown=_care, dialog=True
    )
)
pickup_create.add(
    CreateItem[PickupOrder](
        name="deviation", label=LABEL, icon=ICON, url=_of_case, order=60, shown=_care, dialog=True
    )
)

# --- the recipient's page ---

recipient_tabs.add(
    Tab(
        name="avvikelser",
        label="Avvik./reklam.",
        url=PageOf("recipients:detail", "?flik=avvikelser"),
        order=60,
        count=tab.count,
        build=tab.build,
    )
)
recipient_now.add(
    NowEntry(
        name="deviations",
        url=PageOf("recipients:detail", "?flik=avvikelser"),
        order=40,
        build=tab.now,
    )
)
recipient_history.add(
    HistorySource(
        name="deviations",
        kind="avvikelser",
        label="Avvikelser",
        icon=ICON,
        order=50,
        newest=history.newest,
    )
)

# --- «Min sida» ---

my_tabs.add(
    Tab(
        name=mine.TAB,
        label="Mina avvik./reklam.",
        url=tab_address(mine.TAB),
        order=40,
        shown=_care,
        count=mine.count,
        build=mine.build,
    )
)
my_now.add(
    NowEntry(
        name="deviations", order=60, shown=_care, url=tab_address(mine.TAB), build=mine.open_now
    )
)
my_create.add(
    CreateItem(
        name="deviation",
        label=LABEL,
        icon=ICON,
        url=Page("deviations:begin"),
        order=60,
        shown=_care,
        dialog=True,
    )
)

my_todo.add(TodoSource(name="recalls", order=5, build=recall_units.todo))

# --- the individual's page ---

piece_sections[PieceTab.STATUS].add(
    Part(
        name="deviations",
        order=30,
        template="deviations/_of_piece.html",
        build=of_pieces.section,
    )
)

# --- the deviation's page ---

deviation_create.add(
    CreateItem(
        name="withdraw",
        label=lambda request, deviation: f"Återta {deviation.kind_word.lower()}",
        url=lambda request, deviation: reverse("deviations:withdraw", args=[deviation.case_number]),
        order=900,
        icon="ban",
        shown=lambda request, deviation: not deviation.has_ended,
        barred=lambda request, deviation: why_not_withdraw(deviation),
        dialog=True,
        danger=True,
    )
)

deviation_create.add(
    CreateItem(
        name="reopen",
        label="Öppna igen",
        url=lambda request, deviation: reverse("deviations:reopen", args=[deviation.case_number]),
        order=10,
        icon="undo-2",
        shown=lambda request, deviation: deviation.has_ended and has_role(request.user, KHS),
        barred=lambda request, deviation: why_not_reopen(deviation),
        dialog=True,
    )
)

# --- the back office's bar and home ---

# A button of its queue leads to the recalls, which it is marked on too.
desk.entry(
    "deviations",
    "Avvikelser",
    "admin:deviations_deviation_changelist",
    order=14,
    also=("admin:deviations_recall_changelist", "deviations:recalls"),
)
desk.entry(
    "deviation.categories",
    "Avvikelsekategorier",
    "admin:deviations_deviationcategory_changelist",
    order=542,
    parent=desk.REGISTERS,
)
queues.on_home(
    "admin:deviations_deviation_changelist",
    [
        ("Allvarliga händelser", "circle-alert", "?lage=allvarlig",
         partial(khs.in_state, "allvarlig")),
        ("Avvikelser att ta emot", "triangle-alert", "?status=registered", khs.to_receive),
        ("Avvikelser under utredning", "search", "?status=investigating", khs.being_investigated),
        ("Försenade avvikelser", "clock", "?lage=forsenad", partial(khs.in_state, "forsenad")),
        ("Öppna avvikelser", "list-checks", "", Deviation.objects.still_open),
    ],
    since="created_at",
    order=300,
    first=("Allvarliga händelser", "Avvikelser att ta emot"),
)  # fmt: skip

queues.on_home(
    "admin:deviations_recall_changelist",
    [("Öppna återkallelser", "triangle-alert", "", Recall.objects.still_open)],
    since="created_at",
    order=310,
)

# --- «Sök» ---

searching.add(search.SEARCH)

# --- counted goods that a recall holds back, or that come back ---

put_aside(coming_back.why_aside)

stock_check.explain(
    "unavailable",
    "blocked or held back",
    "SELECT warehouse_id, article_id, held_back FROM deviations_recallitem WHERE held_back > 0",
)
