"""What individuals add to the bar."""

from django.urls import reverse

from organisation.permissions import CARE, has_role
from sesam import places

places.add(
    places.Entry(
        slot="menu",
        name="individuals",
        label="Individer",
        url=lambda request, obj: reverse("individuals:search"),
        order=40,
        shown=lambda request, obj: has_role(request.user, *CARE),
    )
)
