"""What individuals add to the bar, to a store's page and to their own."""

from django.urls import reverse

from articles.slots import (
    ArticleUse,
    PieceCount,
    article_uses,
    piece_counts,
    store_create,
    store_tabs,
)
from articles.uses import counted, listed
from organisation import desk
from organisation.permissions import BUFFERT, KHS, has_role
from sesam.places import Button, CreateItem, MenuItem, Page, Tab
from sesam.slots import menu

from . import counting_admin, store_tab
from .models import Individual
from .slots import piece_buttons, piece_create
from .views import register

menu.add(
    MenuItem(
        name="individuals",
        label="Individer",
        url=Page("individuals:search"),
        order=40,
        shown=desk.in_care,
    )
)
for _name, _label, _page, _order, _parent in (
    ("individuals", "Sök individ", "individuals:search", 430, desk.STOCK),
    ("pieces.counting", "Inventera individer", "admin:individuals_individual_count", 470,
     desk.STOCK),
    ("pieces", "Individer", "admin:individuals_individual_changelist", 520, desk.REGISTERS),
    ("blocks", "Spärrorsaker", "admin:individuals_blockreason_changelist", 540, desk.REGISTERS),
):  # fmt: skip
    desk.entry(_name, _label, _page, order=_order, parent=_parent)
article_uses.add(
    ArticleUse(
        name="individuals",
        label="Individer",
        order=10,
        count=lambda article: counted(Individual.objects.filter(article=article)),
        url=listed("admin:individuals_individual_changelist"),
    )
)
piece_create.add(
    CreateItem(
        name="renumber",
        label="Byte av individnummer",
        url=lambda request, piece: reverse("individuals:renumber", args=[piece.number]),
        order=50,
        icon="tag",
        shown=lambda request, piece: has_role(request.user, BUFFERT, KHS),
        dialog=True,
    )
)
store_create.add(
    CreateItem(
        name="individual",
        label="Ny individ",
        url=lambda request, store: f"{reverse('individuals:register')}?lager={store.number}",
        order=50,
        icon="file-plus",
        shown=lambda request, store: has_role(request.user, BUFFERT, KHS),
        barred=register.why_not_register,
        dialog=True,
    )
)
store_tabs.add(
    Tab(
        name="individer",
        label="Individer",
        url=lambda request, store: (
            reverse("articles:store", args=[store.number]) + "?flik=individer"
        ),
        order=20,
        count=store_tab.count,
        build=store_tab.build,
    )
)
piece_counts.add(
    PieceCount(
        name="individuals",
        label="Räkna individer",
        url=lambda request, row: counting_admin.address(row.warehouse.number, row.article.number),
    )
)
piece_buttons.add(
    Button(
        name="label",
        label="Etikett (PDF)",
        url=lambda request, piece: reverse("individuals:label", args=[piece.number]),
        order=5,
        icon="printer",
        download=True,
    )
)
