"""What recipients add to the bar, the start page and their own page's tabs."""

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.urls import reverse

from organisation.permissions import CARE, has_role
from sesam import places
from sesam.tables import links

from . import loans


def _may(request, obj=None) -> bool:
    return has_role(request.user, *CARE)


@cache
def page_url() -> Callable[[Any], str]:
    return links("recipients:detail", sample=uuid.UUID(int=0))


def _tab(name: str):
    return lambda request, recipient: f"{page_url()(recipient.key)}?flik={name}"


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
            url=_tab(_name),
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
        url=lambda request, recipient: reverse("recipients:information", args=[recipient.key]),
        order=50,
        shown=_may,
        extra={"dialog": True},
    )
)
