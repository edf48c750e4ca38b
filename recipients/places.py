"""What recipients add to the bar, the start page and their own page."""

from organisation.permissions import CARE, has_role
from sesam.places import CreateItem, MenuItem, Page, PageOf, StartBox, Tab
from sesam.slots import menu, start_boxes

from . import loans, seen
from .slots import recipient_create, recipient_tabs


def _may(request, obj=None) -> bool:
    return has_role(request.user, *CARE)


menu.add(
    MenuItem(
        name="recipients",
        label="Mottagare",
        url=Page("recipients:search"),
        order=20,
        shown=_may,
    )
)
start_boxes.add(
    StartBox(
        name="seen",
        order=20,
        shown=_may,
        template="recipients/_seen.html",
        build=seen.box,
    )
)
for _order, _name, _label, _kind in (
    (10, "hjalpmedel", "Hjälpmedel", loans.HELD),
    (30, "aterlamnat", "Återlämnat", loans.RETURNED),
    (50, "forbrukning", "Förbrukningsartiklar", loans.CONSUMABLES),
):
    recipient_tabs.add(
        Tab(
            name=_name,
            label=_label,
            url=PageOf("recipients:detail", f"?flik={_name}"),
            order=_order,
            count=_kind.count,
            build=_kind.build,
        )
    )
recipient_create.add(
    CreateItem(
        name="information",
        label="Mottagarinformation",
        url=PageOf("recipients:information"),
        order=50,
        shown=_may,
        dialog=True,
    )
)
