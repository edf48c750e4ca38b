"""What articles add to the bar and to the start page."""

from typing import Any

from django.http import HttpRequest

from organisation.permissions import CARE, has_role
from sesam import places

from .assortment import Tree


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


for _name, _label, _url, _order, _parent in (
    ("articles", "Artiklar", "articles:search", 30, ""),
    ("articles.search", "Sök artikel", "articles:search", 31, "articles"),
    ("articles.assortment", "Sortimentskataloger", "articles:assortment", 32, "articles"),
):
    places.add(
        places.Entry(
            slot="menu",
            name=_name,
            label=_label,
            url=places.page(_url),
            order=_order,
            shown=_care,
            extra={"parent": _parent} if _parent else {},
        )
    )
places.add(
    places.Entry(
        slot="start.box",
        name="assortment",
        label="Sortimentskataloger",
        url=places.page("articles:assortment"),
        order=20,
        shown=_care,
        extra={
            "template": "articles/_assortment_box.html",
            "build": lambda request: {"branches": Tree().top},
        },
    )
)
