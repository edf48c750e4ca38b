"""What articles add to the bar, to the start page and to the store's page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from organisation.permissions import CARE, has_role
from sesam.places import CreateItem, MenuItem, Page, StartBox, Tab
from sesam.slots import menu, start_boxes

from . import stores_views
from .assortment import Tree
from .slots import store_create, store_tabs


def _care(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, *CARE)


for _name, _label, _url, _order, _parent in (
    ("articles", "Artiklar", "articles:search", 30, ""),
    ("articles.search", "Sök artikel", "articles:search", 31, "articles"),
    ("articles.assortment", "Sortimentskataloger", "articles:assortment", 32, "articles"),
    ("stores", "Lager", "articles:stores", 62, "more"),
):
    menu.add(
        MenuItem(
            name=_name,
            label=_label,
            url=Page(_url),
            order=_order,
            shown=_care,
            parent=_parent,
        )
    )
start_boxes.add(
    StartBox(
        name="assortment",
        order=20,
        shown=_care,
        template="articles/_assortment_box.html",
        build=lambda request, obj: {"branches": Tree().top},
    )
)
store_tabs.add(
    Tab(
        name="saldo",
        label="Lagersaldo",
        url=lambda request, store: reverse("articles:store", args=[store.number]),
        order=10,
        build=stores_views.balance_tab,
    )
)
store_create.add(
    CreateItem(
        name="report",
        label="Lagersaldorapport",
        url=lambda request, store: reverse("articles:store_report", args=[store.number]),
        order=10,
        icon="printer",
        dialog=True,
    )
)
