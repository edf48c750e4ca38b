"""What the portal itself adds to the bar."""

from organisation import desk
from organisation.permissions import CARE, has_role
from sesam.places import MenuItem, Page, StartBox
from sesam.slots import menu, start_boxes

from . import start_boxes as boxes

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
for _order, (_name, _label, _page) in enumerate(
    (
        ("contacts", "Kontakter på startsidan", "admin:portal_startcontact_changelist"),
        ("links", "Länkar på startsidan", "admin:portal_startlink_changelist"),
    )
):
    desk.entry(_name, _label, _page, order=560 + _order, parent=desk.REGISTERS)
menu.add(
    MenuItem(
        name="start",
        label="Startsida",
        url=Page("start"),
        order=10,
        shown=lambda request, obj: not desk.at_khs(request),
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
