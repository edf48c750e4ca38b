"""What the organisation adds to the bar."""

from sesam import places

from .permissions import CARE, has_role

places.add(
    places.Entry(
        slot="menu",
        name="settings",
        label="Inställningar",
        url=places.page("settings"),
        order=900,
        icon="settings",
        shown=lambda request, obj: has_role(request.user, *CARE),
        extra={"kind": "settings", "align": "right"},
    )
)
