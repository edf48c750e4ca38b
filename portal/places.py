"""What the portal itself adds to the bar."""

from organisation import desk, queues
from organisation.permissions import CARE, LOGGRANSKARE, has_role
from organisation.slots import ThinnedAlong, thinned_along
from sesam.places import GoesFirst, Link, MenuItem, Page, StartBox
from sesam.slots import after_sign_in, menu, page_help, start_boxes

from . import help_pages, news
from . import start_boxes as boxes
from .models import BarrierReport
from .spot_checks import services as spot_checks

thinned_along.add(
    ThinnedAlong(
        name="spot checks and known persons",
        label="stickprov och kända personer",
        thin=spot_checks.thin,
    )
)
start_boxes.add(
    StartBox(
        name="todo",
        order=1,
        shown=lambda request, obj: has_role(request.user, *CARE),
        template="portal/_todo.html",
        build=boxes.todo,
    ),
    StartBox(
        name="contact", order=10, template="portal/_contact.html", build=boxes.contact, side=True
    ),
)
desk.entry("archive", "Registerutdrag", "archive", order=526, parent=desk.REGISTERS)
desk.entry(
    "disposal",
    "Gallring",
    "admin:portal_disposallist_changelist",
    order=527,
    parent=desk.REGISTERS,
)
desk.entry("search", "Sök ärende", "search", order=505, parent=desk.REGISTERS)
for _order, (_name, _label, _page) in enumerate(
    (
        ("contacts", "Kontakter på startsidan", "admin:portal_startcontact_changelist"),
        ("links", "Länkar på startsidan", "admin:portal_startlink_changelist"),
    )
):
    desk.entry(_name, _label, _page, order=560 + _order, parent=desk.REGISTERS)
start_boxes.add(
    StartBox(name="news", order=40, template="portal/_news_box.html", build=news.box, side=True)
)
after_sign_in.add(GoesFirst(name="important", url=news.before_going_on))
page_help.add(Link(name="help", label="Hjälp", icon="circle-help", url=help_pages.url_of_page))
for _order, (_name, _label, _page) in enumerate(
    (
        ("write_news", "Skriv nyheter", "admin:portal_news_changelist"),
        ("write_documents", "Dokument", "admin:portal_document_changelist"),
        ("headings", "Dokumentrubriker", "admin:portal_documentheading_changelist"),
        ("write_help", "Hjälptexter", "help_index"),
        ("barriers", "Rapporterade hinder", "admin:portal_barrierreport_changelist"),
        ("news", "Nyheter", "news"),
        ("documents", "Mer information", "documents"),
    )
):
    desk.entry(_name, _label, _page, order=661 + _order, parent=desk.REGISTERS)
queues.on_home(
    "admin:portal_barrierreport_changelist",
    (
        (
            "Rapporterade hinder",
            "message-square",
            "?handled_at__isempty=1",
            lambda: BarrierReport.objects.filter(handled_at=None),
        ),
    ),
    since="reported_at",
    order=95,
)
for _order, (_name, _label, _page) in enumerate(
    (("documents", "Mer information", "documents"), ("news", "Nyheter", "news"))
):
    menu.add(
        MenuItem(
            name=_name,
            label=_label,
            url=Page(_page),
            order=640 + _order,
            parent="more",
            shown=lambda request, obj: not desk.at_khs(request),
        )
    )
menu.add(
    MenuItem(
        name="start",
        label="Startsida",
        url=Page("start"),
        order=10,
        shown=lambda request, obj: not desk.at_khs(request),
    ),
    MenuItem(
        name="access_log",
        label="Åtkomstlogg",
        url=Page("access_log"),
        order=20,
        shown=lambda request, obj: has_role(request.user, LOGGRANSKARE),
    ),
    MenuItem(
        name="spot_checks",
        label="Stickprov",
        url=Page("spot_checks"),
        order=19,
        shown=lambda request, obj: has_role(request.user, LOGGRANSKARE),
    ),
    MenuItem(
        name="find",
        label="Sök",
        url=Page("start"),
        order=100,
        icon="search",
        align="right",
        find=True,
        shown=lambda request, obj: has_role(request.user, *CARE),
    ),
    MenuItem(
        name="more",
        label="Mer",
        url=Page("articles:stores"),
        order=60,
        shown=desk.in_care,
    ),
    MenuItem(
        name="search",
        label="Sök",
        url=Page("search"),
        order=61,
        parent="more",
        shown=desk.in_care,
    ),
    MenuItem(
        name="my_page",
        label="Min sida",
        url=Page("my_page"),
        order=890,
        align="account",
    ),
    MenuItem(
        name="admin",
        label="Administration",
        url=Page("admin:index"),
        order=700,
        shown=lambda request, obj: request.user.is_staff and not desk.at_khs(request),
    ),
)
