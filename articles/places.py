"""What articles add to the bar, to the start page and to the store's page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from organisation.permissions import CARE, has_role
from sesam import places

from . import stores_views
from .assortment import Tree


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


for _name, _label, _url, _order, _parent in (
    ("articles", "Artiklar", "articles:search", 30, ""),
    ("articles.search", "Sök artikel", "articles:search", 31, "articles"),
    ("articles.assortment", "Sortimentskataloger", "articles:assortment", 32, "articles"),
    ("stores", "Lager", "articles:stores", 62, "more"),
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
places.add(
    places.Entry(
        slot="store.tab",
        name="saldo",
        label="Lagersaldo",
        url=lambda request, store: reverse("articles:store", args=[store.number]),
        order=10,
        extra={"build": stores_views.balance_tab},
    )
)
places.add(
    places.Entry(
        slot="store.create",
        name="report",
        label="Lagersaldorapport",
        url=lambda request, store: reverse("articles:store_report", args=[store.number]),
        order=10,
        icon="printer",
        extra={"dialog": True},
    )
)
