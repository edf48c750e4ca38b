"""What the portal itself adds to the bar."""

from organisation.permissions import CARE, has_role
from sesam.places import MenuItem, Page
from sesam.slots import menu

menu.add(
    MenuItem(name="start", label="Startsida", url=Page("start"), order=10),
    MenuItem(
        name="more",
        label="Mer",
        url=Page("articles:stores"),
        order=60,
        shown=lambda request, obj: has_role(request.user, *CARE),
    ),
    MenuItem(
        name="admin",
        label="Administration",
        url=Page("admin:index"),
        order=700,
        shown=lambda request, obj: request.user.is_staff,
    ),
)
