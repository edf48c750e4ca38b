"""What the portal itself adds to the bar."""

from django.urls import reverse

from sesam import places

places.add(
    places.Entry(
        slot="menu",
        name="start",
        label="Startsida",
        url=lambda request, obj: reverse("start"),
        order=10,
    )
)
places.add(
    places.Entry(
        slot="menu",
        name="admin",
        label="Administration",
        url=lambda request, obj: reverse("admin:index"),
        order=700,
        shown=lambda request, obj: request.user.is_staff,
    )
)
