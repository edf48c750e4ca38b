"""What the organisation adds to the bar."""

from sesam.places import MenuItem, Page
from sesam.slots import menu

from .permissions import CARE, has_role

menu.add(
    MenuItem(
        name="settings",
        label="Inställningar",
        url=Page("settings"),
        order=900,
        icon="settings",
        dialog=True,
        align="account",
        shown=lambda request, obj: has_role(request.user, *CARE),
    )
)
