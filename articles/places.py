"""What articles add to the bar."""

from organisation.permissions import CARE, has_role
from sesam import places

places.add(
    places.Entry(
        slot="menu",
        name="articles",
        label="Artiklar",
        url=places.page("articles:search"),
        order=30,
        shown=lambda request, obj: has_role(request.user, *CARE),
    )
)
