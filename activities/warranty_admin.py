"""«Garanti som går ut»: what its supplier answers for a little while yet, and how often it was mended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from organisation.admin import ForKhs, for_khs
from organisation.long_lists import LongList
from sesam.templatetags.sesam import datum, status_html

from .maintenance.rules import months_after
from .models import PieceUnderWarranty
from .models.warranty import MONTHS, ending


@admin.register(PieceUnderWarranty)
class PieceUnderWarrantyAdmin(ForKhs, LongList[PieceUnderWarranty]):
    """To look at, what ends first; who has a piece stands on the piece's page."""

    list_display = (
        "shown_piece", "shown_article", "shown_supplier", "shown_status", "shown_until",
        "shown_count", "shown_repairs",
    )  # fmt: skip
    list_display_links = None
    ordering = ("warranty_until", "id")
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "activities_pieceunderwarranty_changelist"
        return [path("", for_khs(self, self.changelist_view), name=name)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PieceUnderWarranty]:
        until = months_after(timezone.localdate(), MONTHS)
        return ending(PieceUnderWarranty.objects.all(), until)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = {"title": "Garanti som går ut inom tre månader"}
        return super().changelist_view(request, told | (extra_context or {}))

    @admin.display(description="Individ", ordering="number")
    def shown_piece(self, piece: PieceUnderWarranty) -> SafeString:
        url = f"{reverse('individuals:detail', args=[piece.number])}?flik=aktiviteter"
        return format_html('<a href="{}">{}</a>', url, piece.number)

    @admin.display(description="Artikel", ordering="article__number")
    def shown_article(self, piece: PieceUnderWarranty) -> str:
        return str(piece.article)

    @admin.display(description="Leverantör", ordering="article__supplier__name", empty_value="–")
    def shown_supplier(self, piece: PieceUnderWarranty) -> str | None:
        return str(piece.article.supplier) if piece.article.supplier else None

    @admin.display(description="Status", ordering="status")
    def shown_status(self, piece: PieceUnderWarranty) -> SafeString:
        return status_html("", piece.get_status_display())

    @admin.display(description="Garanti till", ordering="warranty_until")
    def shown_until(self, piece: PieceUnderWarranty) -> str:
        return datum(piece.warranty_until)

    @admin.display(description="Reparationer")
    def shown_count(self, piece: PieceUnderWarranty) -> int:
        return len({line.activity_id for line in piece.activity_lines.all()})

    @admin.display(description="Aktiviteter", empty_value="–")
    def shown_repairs(self, piece: PieceUnderWarranty) -> SafeString | None:
        numbers = list(dict.fromkeys(x.activity.case_number for x in piece.activity_lines.all()))
        links = ((reverse("activities:detail", args=[n]), n) for n in numbers[:3])
        return format_html_join(", ", '<a href="{}">{}</a>', links) if numbers else None
