"""What comes back adds itself to the recipient's page: the bar on ticked aids, and tags."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from activities.slots import activity_create
from individuals import stock_check
from organisation import desk, queues
from organisation.permissions import CARE, KHS, has_role, signed_in
from organisation.slots import my_now, my_tabs
from recipients import searching, ticked
from recipients.cases import is_own
from recipients.mine import tab_address
from recipients.models import FollowUp, Loan, Recipient
from recipients.slots import (
    FollowUpAnswer,
    HistorySource,
    LoanPanel,
    LoanTags,
    NextStep,
    follow_up_answers,
    loan_panel,
    loan_tags,
    recipient_bulk,
    recipient_create,
    recipient_history,
)
from recipients.tables import LoanTag
from sesam import case_pages, panels
from sesam.links import links
from sesam.models import CaseKind
from sesam.places import BulkAction, CreateItem, NowEntry, PageOf, Tab
from sesam.standing import standing

from . import history, khs, life, mine, services, shown
from . import searching as search
from .models import PickupLine, PickupOrder, PickupStatus
from .slots import pickup_create
from .views import cases

case_pages.register(
    CaseKind.PICKUP, "pickups:detail", PickupOrder.objects.openable, life=life.life_of
)


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


for _order, _name, _label, _icon, _page in (
    (20, "pickup", "Hämtorder", "truck", "pickups:begin"),
    (30, "return", "Retur", "undo-2", "pickups:new_return"),
    (40, "slip", "Retursedel", "file-text", "pickups:slip"),
):
    recipient_create.add(
        CreateItem(
            name=_name,
            label=_label,
            icon=_icon,
            url=PageOf(_page),
            order=_order,
            shown=_care,
            dialog=_name == "pickup",
            ticked=True,
        )
    )
    recipient_bulk.add(
        BulkAction(
            name=_name,
            label=_label,
            icon=_icon,
            url=PageOf(_page),
            # The return comes first: it is what one does most.
            order=10 if _name == "return" else _order,
            shown=_care,
            dialog=_name == "pickup",
        )
    )


_HOME = PageOf("recipients:detail")


def _tags(request: HttpRequest, recipient: Recipient) -> dict[int, LoanTag]:
    """«Hämtorder 26480003» on what is to be fetched; a link for those who may open it."""
    user = signed_in(request)
    found = _to_fetch(has_role(user, KHS), recipient=recipient.pk, user=user.pk)
    url = links("pickups:detail")
    home = _HOME(request, recipient)
    return {
        loan: LoanTag(
            f"Hämtorder {number}",
            url(number)
            if own
            # Another unit's case is shown in short, in the aid's panel.
            else f"{home}?{panels.PANEL}={loan}&{panels.TAB}={PANEL_TAB}",
        )
        for loan, number, own in found
    }


@standing
def _to_fetch(at_khs: bool, *, recipient: Any, user: Any) -> QuerySet[PickupLine, Any]:
    """Which loans, in which case, and whether the user may open that."""
    lines = PickupLine.objects.filter(is_open=True, pickup__recipient=recipient)
    own = is_own("pickup__unit", user, at_khs=at_khs)
    return lines.values_list("loan_id", "pickup__case_number", own)


PANEL_TAB = "hamtorder"
loan_tags.add(LoanTags(name="pickup", tags=_tags))
loan_panel.add(LoanPanel(name=PANEL_TAB, label="Hämtorder", order=10, build=shown.of_loan))
recipient_history.add(
    HistorySource(
        name="pickups",
        kind="aterlamnat",
        label="Återlämnat",
        icon="undo-2",
        order=30,
        newest=history.newest,
    )
)

# --- «Min sida» ---

my_tabs.add(
    Tab(
        name=mine.TAB,
        label="Mina hämtordrar",
        url=tab_address(mine.TAB),
        order=30,
        shown=_care,
        count=mine.count,
        build=mine.build,
    )
)
my_now.add(
    NowEntry(name="pickups", order=50, shown=_care, url=tab_address(mine.TAB), build=mine.open_now)
)

# --- an activity that fetches an aid ends in the receiving ---

activity_create.add(
    CreateItem(
        name="fetch",
        label="Ta emot det som hämtades",
        url=lambda request, activity: reverse("pickups:fetch", args=[activity.case_number]),
        order=20,
        icon="truck",
        shown=lambda request, activity: (
            activity.type.fetches and not activity.has_ended and has_role(request.user, KHS)
        ),
        barred=lambda request, activity: services.why_not_fetch(activity),
        dialog=True,
    )
)

# --- the pickup order's page: cancelling stands last ---

pickup_create.add(
    CreateItem(
        name="cancel",
        label="Makulera hämtorder",
        url=lambda request, pickup: reverse("pickups:cancel", args=[pickup.case_number]),
        order=900,
        icon="ban",
        shown=lambda request, pickup: pickup.status != PickupStatus.CANCELLED,
        barred=lambda request, pickup: cases.why_not_cancel(pickup),
        dialog=True,
        danger=True,
    )
)

# --- the back office's bar and home: what comes back ---

desk.entry("pickups", "Hämtordrar", "admin:pickups_pickuporder_changelist", order=12)
desk.entry("reasons", "Hämtorderorsaker", "admin:pickups_pickupreason_changelist", order=541,
           parent=desk.REGISTERS)  # fmt: skip

queues.on_home(
    "admin:pickups_pickuporder_changelist",
    [
        ("Akuta hämtordrar", "triangle-alert", "?lage=akut", partial(khs.in_state, "akut")),
        ("Rengörs eller repareras", "wrench", "?lage=vantar", partial(khs.in_state, "vantar")),
        ("Skillnader att reda ut", "circle-alert", "?lage=skillnader",
         partial(khs.in_state, "skillnader")),
        ("Hämtordrar att ta emot", "truck", "", PickupOrder.objects.due),
    ],
    since="created_at",
    order=200,
    first=("Akuta hämtordrar", "Hämtordrar att ta emot"),
)  # fmt: skip

# --- what ``check_stock`` proves of counted goods that are cleaned or repaired first ---

stock_check.explain(
    "unavailable",
    "blocked or held back",
    "SELECT receipt.warehouse_id, line.article_id, receipt.quantity FROM pickups_pickupreceipt"
    " receipt JOIN pickups_pickupline line ON line.id = receipt.line_id"
    " WHERE receipt.finished_at IS NULL AND line.individual_id IS NULL",
)

# --- follow-up of a held aid ---


def _fetched(request: HttpRequest, loan: Loan) -> list[NextStep]:
    return [NextStep("Hämtorder", ticked.address_with("pickups:begin", loan))]


def _exchanged(request: HttpRequest, loan: Loan) -> list[NextStep]:
    new = NextStep("Ny beställning", reverse("orders:to", args=[loan.recipient.key]))
    return [*_fetched(request, loan), new]


follow_up_answers.add(
    FollowUpAnswer(name=FollowUp.Answer.WRONG, order=30, icon="circle-x", steps=_exchanged),
    FollowUpAnswer(
        name=FollowUp.Answer.UNUSED, order=40, icon="undo-2", steps=_fetched, of_deceased=True
    ),
)

# --- «Sök» ---

searching.add(search.SEARCH)
