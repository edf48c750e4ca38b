"""What the portal itself adds to the bar."""

from organisation.permissions import CARE, has_role
from sesam import places

places.add(
    places.Entry(
        slot="menu",
        name="start",
        label="Startsida",
        url=places.page("start"),
        order=10,
    )
)
places.add(
    places.Entry(
        slot="menu",
        name="more",
        label="Mer",
        url=places.page("articles:stores"),
        order=60,
        shown=lambda request, obj: has_role(request.user, *CARE),
    )
)
places.add(
    places.Entry(
        slot="menu",
        name="admin",
        label="Administration",
        url=places.page("admin:index"),
        order=700,
        shown=lambda request, obj: request.user.is_staff,
    )
)
