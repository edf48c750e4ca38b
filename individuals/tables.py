"""The list of found pieces."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sesam.tables import CodeColumn, Column, StatusColumn, Table
from sesam.templatetags.sesam import status_html

from .models import Individual
from .search import Hit

_STATUSES = dict(Individual.Status.choices)


class IndividualTable(Table):
    """«Individer». Rows are ``search.Hit``, sorted, cut and counted by the search."""

    number = Column("Individ", css="code title")
    article = CodeColumn("Artikelnr", accessor="article_number", priority=2)
    name = Column("Benämning")
    serial = Column("Serienummer", accessor="serial_number", priority=2)
    status = Column("Status", priority=2)
    stock = StatusColumn("Lagerstatus", accessor="stock__label")

    class Meta:
        order_by = "number"
        empty_text = "Inga individer"

    dom_id = "individer"
    caption = "Individer"
    noun = ("individ", "individer")
    empty_icon = "search"
    empty_hint = (
        "Inget individnummer eller serienummer innehåller det du skrev. Kontrollera numret, eller"
        " sök på en kortare del av det."
    )

    def render_number(self, value: str) -> SafeString:
        url = reverse("individuals:detail", args=[value])
        return format_html('<a href="{}">{}</a>', url, value)

    def render_status(self, record: Hit) -> SafeString:
        return status_html("", _STATUSES.get(record.status, record.status))
