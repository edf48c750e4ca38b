"""The list of found pieces."""

from django.urls import reverse

from sesam.tables import CodeColumn, Column, LinkColumn, StatusColumn, Table

from .models import Individual
from .search import SORTS, PieceHit

STATUSES = dict(Individual.Status.choices)


def piece_url(row: "PieceHit") -> str:
    """The page of a row's piece."""
    return reverse("individuals:detail", args=[row.number])


class IndividualTable(Table[PieceHit]):
    """«Individer»; sorted, cut and counted by the search."""

    columns = (
        LinkColumn("number", "Individ", url=piece_url, sort=SORTS["number"], css="code title"),
        CodeColumn("article", "Artikelnr", "article_number", sort=SORTS["article"], priority=2),
        Column("name", "Benämning", sort=SORTS["name"], named_on_cards=False),
        Column(
            "serial", "Serienummer", "serial_number", sort=SORTS["serial"], priority=2, css="code"
        ),
        StatusColumn(
            "status", "Status", lambda hit: STATUSES[hit.status], sort=SORTS["status"], priority=2
        ),
        StatusColumn("stock", "Lagerstatus", "stock.label", sort=SORTS["stock"]),
    )
    order = "number"
    counted_to = 10_000
    dom_id = "individer"
    caption = "Individer"
    noun = ("individ", "individer")
    empty_text = "Inga individer"
    empty_icon = "search"
    empty_hint = (
        "Inget individnummer eller serienummer innehåller det du skrev. Kontrollera numret, eller"
        " sök på en kortare del av det."
    )
