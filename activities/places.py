"""What activities add: to recipients, to individuals, to orders, to KHS's bar and home."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, Q, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from articles.slots import store_tabs
from individuals import arrivals, stock_check
from individuals.models import Individual
from individuals.slots import PieceTab, piece_create, piece_sections
from orders.models import Order, OrderKind
from orders.slots import order_create
from organisation import desk, queues
from organisation.models import User
from organisation.permissions import BUFFERT, CARE, KHS, has_role, signed_in
from organisation.slots import my_now, my_tabs, my_todo
from recipients import searching, ticked
from recipients.cases import is_own
from recipients.documents import Column, Section
from recipients.mine import tab_address
from recipients.models import FollowUp, Recipient
from recipients.slots import (
    DocumentSection,
    FollowUpAnswer,
    HistorySource,
    LoanTags,
    NextStep,
    follow_up_answers,
    loan_tags,
    recipient_bulk,
    recipient_create,
    recipient_documents,
    recipient_history,
    recipient_now,
    recipient_tabs,
)
from recipients.tables import LoanTag
from sesam import case_pages, panels
from sesam.asked_once import once
from sesam.known import known
from sesam.links import links
from sesam.models import CaseKind
from sesam.panels import Panel
from sesam.places import (
    BulkAction,
    CreateItem,
    MenuItem,
    Now,
    NowEntry,
    Page,
    PageOf,
    Part,
    Tab,
    TabContent,
    TodoSource,
)
from sesam.slots import menu
from sesam.standing import standing
from sesam.templatetags.sesam import datum

from . import history, khs, life, mine, repairs, services, shown, store_tab
from . import searching as search
from .life import with_turns
from .maintenance import holding, listing, section
from .models import Activity, ActivityLine, ActivityStatus
from .slots import activity_create
from .tables import ActivitiesTable

case_pages.register(
    CaseKind.ACTIVITY, "activities:detail", Activity.objects.openable, life=life.life_of
)


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


# --- the recipient's page ---

recipient_create.add(
    CreateItem(
        name="activity",
        label="Aktivitet",
        icon="wrench",
        url=PageOf("activities:begin"),
        order=10,
        shown=_care,
        dialog=True,
        ticked=True,
    )
)
recipient_bulk.add(
    BulkAction(
        name="activity",
        label="Aktivitet",
        icon="wrench",
        url=PageOf("activities:begin"),
        order=15,
        shown=_care,
        dialog=True,
    )
)


def _of(recipient: Any) -> Any:
    return Activity.objects.filter(recipient=recipient)


def _count(request: HttpRequest, recipient: Recipient) -> int:
    return len(_known(request, recipient))


@dataclass(frozen=True)
class _Known:
    """What the recipient's page says of an activity outside of its tab. Of one that is open: which
    loans it is about, and whether the user may open it."""

    pk: int
    number: str
    kind: str
    status: str
    due_on: dt.date
    loans: list[int] | None
    is_own: bool

    @property
    def is_open(self) -> bool:
        return self.status not in Activity.ENDED


def _known(request: HttpRequest, recipient: Recipient) -> list[_Known]:
    """Of each of the recipient's activities, what is due first standing first."""
    return once(request, _all_known, recipient, signed_in(request))


def _all_known(recipient: Recipient, user: User) -> list[_Known]:
    told = _told(has_role(user, KHS), recipient=recipient.pk, user=user.pk)
    return [_Known(*row) for row in told]


@standing
def _told(at_khs: bool, *, recipient: Any, user: Any) -> QuerySet[Activity, Any]:
    lines = ActivityLine.objects.filter(activity=OuterRef("pk"), loan__isnull=False)
    is_open = ~Q(status__in=known(Activity.ENDED))
    found = (
        _of(recipient)
        .order_by("due_on", "pk")
        .values_list(
            "pk",
            "case_number",
            "type__name",
            "status",
            "due_on",
            Case(When(is_open, then=ArraySubquery(lines.values("loan")))),
            Case(When(is_open, then=is_own("unit", user, at_khs=at_khs)), default=False),
        )
    )
    return cast(QuerySet[Activity, Any], found)


def _tab(request: HttpRequest, recipient: Recipient) -> TabContent:
    table = ActivitiesTable.fetch(request, _of(recipient), whole=with_turns(Activity.objects.all()))
    return TabContent(table=table, panel=_panel(request, recipient))


def _panel(request: HttpRequest, recipient: Recipient) -> Panel | None:
    wanted = panels.asked(request).replace("\0", "")
    activity = with_turns(_of(recipient).filter(case_number=wanted)).first()
    if activity is None:
        return None
    is_own = Activity.objects.for_user(request.user).filter(pk=activity.pk).exists()
    aids = ", ".join(row.title for row in shown.aid_rows(activity))
    facts = shown.panel_facts(activity, is_own=is_own)
    panel = Panel(
        kicker=str(activity),
        title=activity.type.name,
        close_url=panels.close_url(request),
        facts=[{"label": "Hjälpmedel", "value": aids}, *facts],
    )
    # Another unit's case shows its short facts, without a link.
    if is_own:
        panel.go_url = reverse("activities:detail", args=[activity.case_number])
        panel.go_label = "Gå till aktivitetsdetaljer"
    return panel


recipient_tabs.add(
    Tab(
        name="aktiviteter",
        label="Aktiviteter",
        url=PageOf("recipients:detail", "?flik=aktiviteter"),
        order=40,
        count=_count,
        build=_tab,
    )
)


def _now(request: HttpRequest, recipient: Recipient) -> Now | None:
    """«1 öppen aktivitet: Anpassning, klar senast 3 december»."""
    found = [one for one in _known(request, recipient) if one.is_open]
    if not found:
        return None
    first = found[0]
    words = "öppen aktivitet" if len(found) == 1 else "öppna aktiviteter"
    detail = f"{first.kind}, klar senast {datum(first.due_on)}"
    return Now(len(found), words, detail, first.due_on < timezone.localdate())


recipient_now.add(
    NowEntry(
        name="activities",
        url=PageOf("recipients:detail", "?flik=aktiviteter"),
        order=30,
        build=_now,
    )
)


def _tags(request: HttpRequest, recipient: Recipient) -> dict[int, LoanTag]:
    """«Aktivitet 26480003» on what is worked on; a link for those who may open it."""
    url = links("activities:detail")
    # Of an aid that several are about, the newest is told.
    return {
        loan: LoanTag(
            f"Aktivitet {one.number}",
            url(one.number) if one.is_own else "",
            icon="wrench",
            is_busy=False,
        )
        for one in sorted(_known(request, recipient), key=lambda one: one.pk)
        for loan in one.loans or ()
    }


loan_tags.add(LoanTags(name="activity", tags=_tags))
recipient_history.add(
    HistorySource(
        name="activities",
        kind="aktiviteter",
        label="Aktiviteter",
        icon="wrench",
        order=40,
        newest=history.newest,
    )
)


def _open_section(request: HttpRequest, recipient: Recipient) -> Section:
    found = _of(recipient).still_open().select_related("type").order_by("due_on", "pk")
    return Section(
        "Öppna aktiviteter",
        "Inga öppna aktiviteter",
        (
            Column("Aktivitet", "w12 code"),
            Column("Aktivitetstyp"),
            Column("Registrerad", "w15 code"),
            Column("Status", "w20"),
        ),
        [
            [
                activity.case_number,
                activity.type.name,
                datum(activity.created_at),
                activity.get_status_display(),
            ]
            for activity in found
        ],
    )


recipient_documents.add(
    DocumentSection(name="activities", label="Öppna aktiviteter", order=30, make=_open_section)
)

# --- «Min sida» ---

my_tabs.add(
    Tab(
        name=mine.TAB,
        label="Mina aktiviteter",
        url=tab_address(mine.TAB),
        order=20,
        shown=_care,
        count=mine.count,
        build=mine.build,
    )
)
my_todo.add(
    TodoSource(name="late_activities", order=40, shown=_care, build=mine.late),
    TodoSource(
        name="own_stores_work",
        order=45,
        shown=lambda request, user: has_role(request.user, BUFFERT),
        build=store_tab.todo,
    ),
)
my_now.add(
    NowEntry(
        name="activities", order=40, shown=_care, url=tab_address(mine.TAB), build=mine.open_now
    )
)

# --- an own store's page ---

store_tabs.add(
    Tab(
        name=store_tab.TAB,
        label="Att utföra",
        url=lambda request, store: store_tab.url_of(store.number),
        order=30,
        shown=lambda request, store: not store.is_central,
        count=store_tab.count,
        build=store_tab.build,
    )
)

# --- the individual's page ---

piece_sections[PieceTab.ACTIVITIES].add(
    Part(name="repairs", order=10, template="activities/_repairs.html", build=repairs.section)
)
piece_sections[PieceTab.INFORMATION].add(
    Part(
        name="maintenance",
        order=10,
        template="activities/_maintenance.html",
        build=section.section,
    )
)


def _why_not_of_piece(request: HttpRequest, piece: Individual) -> str:
    return services.why_not_of_piece(piece, signed_in(request))


def _may_start_of_piece(request: HttpRequest, piece: Individual) -> bool:
    """KHS, and whose own store it stands in."""
    if has_role(request.user, KHS):
        return piece.warehouse_id is not None
    mine = signed_in(request).units.filter(own_stores=piece.warehouse_id or 0)
    return _care(request) and piece.warehouse_id is not None and mine.exists()


piece_create.add(
    CreateItem(
        name="activity",
        label="Aktivitet",
        icon="wrench",
        url=lambda request, piece: reverse("activities:begin_with_piece", args=[piece.number]),
        order=10,
        shown=_may_start_of_piece,
        barred=_why_not_of_piece,
        dialog=True,
    )
)

arrivals.ask(holding.at_arrival)

# --- the order's page ---


def _why_not_of_order(request: HttpRequest, order: Order) -> str:
    if order.has_ended:
        return "Beställningen är avslutad. Skapa aktiviteten från mottagarens sida."
    return ""


order_create.add(
    CreateItem(
        name="activity",
        label="Aktivitet",
        icon="wrench",
        url=lambda request, order: reverse("activities:begin_with_order", args=[order.case_number]),
        order=10,
        shown=lambda request, order: order.kind == OrderKind.CUSTOMER,
        barred=_why_not_of_order,
        dialog=True,
    )
)

# --- the activity's page: cancelling stands last ---

activity_create.add(
    CreateItem(
        name="report",
        label="Återrapportera/avsluta aktivitet",
        icon="clipboard-list",
        url=lambda request, activity: reverse("activities:report", args=[activity.case_number]),
        order=10,
        shown=lambda request, activity: not activity.has_ended,
        barred=lambda request, activity: services.why_not_report(activity, signed_in(request)),
        dialog=True,
    ),
    CreateItem(
        name="cancel",
        label="Makulera aktivitet",
        icon="ban",
        url=lambda request, activity: reverse("activities:cancel", args=[activity.case_number]),
        order=900,
        shown=lambda request, activity: activity.status != ActivityStatus.CANCELLED,
        barred=lambda request, activity: services.why_not_cancel(activity),
        dialog=True,
        danger=True,
    ),
)

# --- what ``check_stock`` proves of counted goods that are repaired ---

stock_check.explain(
    "unavailable",
    "blocked or held back",
    "SELECT activity.warehouse_id, line.article_id, line.quantity FROM activities_activityline line"
    " JOIN activities_activity activity ON activity.id = line.activity_id"
    " WHERE line.is_held AND activity.status NOT IN ('closed', 'cancelled')",
)

# --- the bar ---

searching.add(search.SEARCH)
menu.add(
    MenuItem(
        name="my_day",
        label="Min dag",
        url=Page("activities:my_day"),
        order=5,
        align="account",
        shown=lambda request, obj: desk.at_khs(request) and signed_in(request).is_technician,
    ),
)
desk.entry("activities", "Aktiviteter", "admin:activities_activity_changelist", order=13)
for _number, (_name, _label, _page) in enumerate(
    (
        ("activity_types", "Aktivitetstyper", "activitytype"),
        ("priorities", "Aktivitetsprioriteter", "priority"),
        ("instructions", "Adressinstruktioner", "addressinstruction"),
        ("service", "Serviceleverantörer", "servicesupplier"),
        ("plans", "Underhållsplaner", "maintenanceplan"),
    )
):
    desk.entry(
        _name, _label, f"admin:activities_{_page}_changelist", order=542 + _number,
        parent=desk.REGISTERS,
    )  # fmt: skip

desk.entry(
    "maintenance",
    "Förebyggande underhåll",
    "admin:activities_maintenanceschedule_changelist",
    order=480,
    parent=desk.STOCK,
)
desk.entry(
    "warranty",
    "Garanti som går ut",
    "admin:activities_pieceunderwarranty_changelist",
    order=485,
    parent=desk.STOCK,
)
queues.on_home(
    "admin:activities_maintenanceschedule_changelist",
    [
        ("Underhåll som har gått ut", "clock", "?lage=forfallet", listing.overdue_since),
        ("Underhåll inom 30 dagar", "calendar", "", listing.due_since),
    ],
    since="since_at",
    order=155,
    first=("Underhåll som har gått ut",),
)
queues.on_home(
    "admin:activities_activity_changelist",
    [
        ("Aktiviteter förbi sin tid", "clock", "?lage=sen", partial(khs.in_state, "sen")),
        ("Akuta aktiviteter", "triangle-alert", "?lage=akut", partial(khs.in_state, "akut")),
        ("Aktiviteter utan tekniker", "users", "?lage=ledig", partial(khs.in_state, "ledig")),
        ("Alla aktiviteter", "wrench", "", Activity.objects.still_open),
    ],
    since="created_at",
    order=150,
    first=("Akuta aktiviteter", "Aktiviteter förbi sin tid", "Aktiviteter utan tekniker"),
)

# --- follow-up of a held aid ---

follow_up_answers.add(
    FollowUpAnswer(
        name=FollowUp.Answer.ADJUST,
        order=20,
        icon="wrench",
        steps=lambda request, loan: [
            NextStep("Aktivitet", ticked.address_with("activities:begin", loan))
        ],
    )
)
