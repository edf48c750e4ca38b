"""«Sparade mallar» on «Min sida»."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.http import HttpRequest

from organisation.models import User
from sesam.links import links
from sesam.places import TabContent
from sesam.tables import Column, LinkColumn, NumberColumn, Table, sv

from . import saved
from .models import OrderTemplate

TAB = "mallar"


def _template_address(template: OrderTemplate) -> str:
    return links("orders:template", sample=UUID(int=0))(template.key)


class TemplateTable(Table[OrderTemplate]):
    """The user's own templates and their units'."""

    columns = (
        LinkColumn("name", "Mall", "name", url=_template_address, sort=(sv("name"), Lower("name"))),
        Column("whose", "Får användas av", "whose", sort=(sv("unit__name"),), nullable=True),
        Column("owner", "Sparad av", "owner", priority=2),
        NumberColumn("rows", "Rader", "row_count", sort="row_count"),
    )
    order = "name"
    dom_id = "mallar"
    caption = "Sparade mallar"
    noun = ("mall", "mallar")
    empty_text = "Inga sparade mallar"
    empty_hint = "Välj Spara som mall i varukorgen eller på en skickad beställning."


def count(request: HttpRequest, user: User) -> int:
    return saved.open_to(user).count()


def build(request: HttpRequest, user: User) -> TabContent:
    mains = Count("lines", filter=Q(lines__component_of=None))
    return TabContent(
        table=TemplateTable.fetch(request, saved.open_to(user).annotate(row_count=mains))
    )
