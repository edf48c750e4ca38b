"""What articles add to the bar, to the start page and to the store's page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from organisation import desk
from organisation.permissions import CARE, has_role
from organisation.slots import my_tabs
from sesam.places import CreateItem, MenuItem, Page, StartBox, Tab
from sesam.slots import menu, start_boxes

from . import favourites_tab, stores_views
from .assortment import top_branches
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
            shown=desk.in_care,
            parent=_parent,
        )
    )
menu.add(
    MenuItem(
        name=desk.STOCK,
        label="Lager",
        url=Page("admin:articles_balance_changelist"),
        order=40,
        shown=desk.at_khs,
    ),
    MenuItem(
        name=desk.REGISTERS,
        label="Register",
        url=Page("admin:articles_article_changelist"),
        order=50,
        shown=desk.at_khs,
    ),
)
for _name, _label, _url, _order in (
    ("articles", "Sök artikel", "articles:search", 410),
    ("assortment", "Sortimentskataloger", "articles:assortment", 420),
    ("stores", "Lager och förråd", "articles:stores", 440),
    ("balances", "Lagersaldon", "admin:articles_balance_changelist", 450),
    ("counting", "Inventera artiklar", "admin:articles_balance_count", 460),
    ("movements", "Lagerrörelser", "admin:articles_stockmovement_changelist", 480),
):
    desk.entry(_name, _label, _url, order=_order, parent=desk.STOCK)
for _name, _label, _url, _order in (
    ("register", "Artiklar", "admin:articles_article_changelist", 510),
    ("suppliers", "Leverantörer", "admin:articles_supplier_changelist", 530),
    ("iso", "ISO-klasser", "admin:articles_isoclass_changelist", 531),
    ("billing", "Debiteringsformer", "admin:articles_billingform_changelist", 532),
    ("replacement", "Ersättningsgrupper", "admin:articles_replacementgroup_changelist", 533),
):
    desk.entry(_name, _label, _url, order=_order, parent=desk.REGISTERS)
start_boxes.add(
    StartBox(
        name="assortment",
        order=20,
        shown=_care,
        template="articles/_assortment_box.html",
        build=lambda request, obj: {"branches": top_branches()},
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

# --- «Min sida» ---

my_tabs.add(
    Tab(
        name=favourites_tab.TAB,
        label="Favoriter",
        url=Page("my_page", f"?flik={favourites_tab.TAB}"),
        order=60,
        shown=_care,
        count=favourites_tab.count,
        build=favourites_tab.build,
    )
)
