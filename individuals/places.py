"""What individuals add to the bar, to a store's page and to their own."""

from django.urls import reverse

from organisation.permissions import BUFFERT, CARE, KHS, has_role
from sesam import places

from . import counting_admin, store_tab
from .views import register

places.add(
    places.Entry(
        slot="menu",
        name="individuals",
        label="Individer",
        url=places.page("individuals:search"),
        order=40,
        shown=lambda request, obj: has_role(request.user, *CARE),
    )
)
places.add(
    places.Entry(
        slot="individual.create",
        name="renumber",
        label="Byte av individnummer",
        url=lambda request, piece: reverse("individuals:renumber", args=[piece.number]),
        order=50,
        icon="tag",
        shown=lambda request, piece: has_role(request.user, BUFFERT, KHS),
        extra={"dialog": True},
    )
)
places.add(
    places.Entry(
        slot="store.create",
        name="individual",
        label="Ny individ",
        url=lambda request, store: f"{reverse('individuals:register')}?lager={store.number}",
        order=50,
        icon="file-plus",
        shown=lambda request, store: has_role(request.user, BUFFERT, KHS),
        barred=register.why_not_register,
        extra={"dialog": True},
    )
)
places.add(
    places.Entry(
        slot="store.tab",
        name="individer",
        label="Individer",
        url=lambda request, store: (
            reverse("articles:store", args=[store.number]) + "?flik=individer"
        ),
        order=20,
        count=store_tab.count,
        extra={"build": store_tab.build},
    )
)
places.add(
    places.Entry(
        slot="count.pieces",
        name="individuals",
        label="Räkna individer",
        url=lambda request, row: counting_admin.address(row.warehouse.number, row.article.number),
    )
)
places.add(
    places.Entry(
        slot="individual.button",
        name="label",
        label="Etikett (PDF)",
        url=lambda request, piece: reverse("individuals:label", args=[piece.number]),
        order=5,
        icon="printer",
    )
)
