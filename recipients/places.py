"""What recipients add to the bar, the start page and their own page's tabs."""

from organisation.permissions import CARE, has_role
from sesam import places

from . import loans, seen


def _may(request, obj=None) -> bool:
    return has_role(request.user, *CARE)


places.add(
    places.Entry(
        slot="menu",
        name="recipients",
        label="Mottagare",
        url=places.page("recipients:search"),
        order=20,
        shown=_may,
    )
)
places.add(
    places.Entry(
        slot="search",
        name="recipients",
        label="Mottagare",
        url=places.page("recipients:search"),
        order=10,
        shown=_may,
        extra={
            "field": "nummer",
            "method": "post",
            "hint": "Personnummer (12 siffror) eller vårdenhetsnummer (4 siffror)",
        },
    )
)
places.add(
    places.Entry(
        slot="start.box",
        name="seen",
        label="Mottagare du har sett idag",
        url=lambda request, obj: "",
        order=20,
        shown=_may,
        extra={
            "template": "recipients/_seen.html",
            "build": seen.box,
        },
    )
)
for _order, _name, _label, _kind in (
    (10, "hjalpmedel", "Hjälpmedel", loans.HELD),
    (30, "aterlamnat", "Återlämnat", loans.RETURNED),
    (50, "forbrukning", "Förbrukningsartiklar", loans.CONSUMABLES),
):
    places.add(
        places.Entry(
            slot="recipient.tab",
            name=_name,
            label=_label,
            url=places.page_of("recipients:detail", f"?flik={_name}"),
            order=_order,
            count=_kind.count,
            extra={"build": _kind.build},
        )
    )
places.add(
    places.Entry(
        slot="recipient.create",
        name="information",
        label="Mottagarinformation",
        url=places.page_of("recipients:information"),
        order=50,
        shown=_may,
        extra={"dialog": True},
    )
)
