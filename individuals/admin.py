"""Marked pieces in the back office: to look at. Where a piece is, only the services move.

Who holds a piece isn't shown: that is the recipient's data, and stands on their page.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles.uses import ArticleFilter
from organisation.admin import Locked, ShownHistory, as_text, for_khs
from organisation.long_lists import LongList
from organisation.models import Warehouse
from organisation.permissions import KHS, has_role
from sesam.templatetags.sesam import status_html

from .counting_admin import count_view
from .models import Block, BlockReason, Component, FormerNumber, Individual
from .services import with_blocked


class ReadOnly:
    """KHS looks; nobody adds, changes or removes here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, KHS)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WarehouseFilter(admin.SimpleListFilter):
    title = "lager"
    parameter_name = "lager"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(warehouse.number, str(warehouse)) for warehouse in Warehouse.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        # By its key, which the index has: joined by its number, all pieces are looked through.
        warehouse = Warehouse.objects.filter(number=self.value()).values_list("pk", flat=True)
        return queryset.filter(warehouse__in=list(warehouse))


class IsAnyOf(Func):
    """``a = ANY(array)``"""

    arg_joiner = " = ANY("
    template = "%(expressions)s)"
    output_field = BooleanField()


class BlockedFilter(admin.SimpleListFilter):
    title = "spärr"
    parameter_name = "sparr"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ja", "Spärrad"), ("nej", "Inte spärrad")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "ja":
            return queryset.filter(blocked=False) if self.value() else queryset
        # The few that are blocked are found first, as an array: else the planner looks at one piece
        # after the other by number, nearly all where the blocked ones come last.
        blocked = ArraySubquery(Block.objects.filter(until=None).values("individual"))
        return queryset.filter(IsAnyOf(F("pk"), blocked))


class BlockInline(ReadOnly, admin.TabularInline[Block, Individual]):
    model = Block
    fields = ("reason", as_text("case_number", "Ärende"), "since", "until")
    readonly_fields = fields


class ComponentInline(ReadOnly, admin.TabularInline[Component, Individual]):
    model = Component
    fields = (
        "article",
        "quantity",
        as_text("case_number", "Ärende"),
        "fitted_at",
        "removed_at",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Component]:
        return super().get_queryset(request).select_related("article", "individual")


class FormerNumberInline(ReadOnly, admin.TabularInline[FormerNumber, Individual]):
    model = FormerNumber
    fields = ("number", "changed_at", as_text("changed_by", "Ändrat av"))
    readonly_fields = fields


@admin.register(Individual)
class IndividualAdmin(ShownHistory, ReadOnly, LongList[Individual]):
    list_display = (
        "number",
        "shown_article",
        "serial_number",
        "shown_status",
        "warehouse",
        "shown_block",
    )
    list_filter = ("status", BlockedFilter, WarehouseFilter, ArticleFilter)
    list_select_related = ("article", "warehouse")
    ordering = ("number",)
    list_per_page = 50
    actions = None
    fields = (
        "number",
        "article",
        "serial_number",
        "lot",
        "status",
        as_text("warehouse", "Lager"),
        "purchased_on",
        "acquisition_value",
        "warranty_until",
        "text",
    )
    readonly_fields = fields
    inlines = (BlockInline, ComponentInline, FormerNumberInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Individual]:
        return with_blocked()

    def get_urls(self) -> list[URLPattern]:
        find = self.admin_site.admin_view(self.find_view)
        count = for_khs(self, partial(count_view, self))
        return [
            path("hitta/", find, name="individuals_individual_find"),
            path("inventera/", count, name="individuals_individual_count"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Individer", **(extra_context or {})})

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """To the piece that has or had the number. By POST: what is typed stays out of URLs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = request.POST.get("nummer", "").strip()
        asked = Q(number=number) | Q(former_numbers__number=number)
        found = Individual.objects.filter(asked).first() if number else None
        if found is None:
            messages.error(request, "Ingen individ har det numret. Skriv hela individnumret.")
            return redirect("admin:individuals_individual_changelist")
        return redirect("admin:individuals_individual_change", found.pk)

    @admin.display(description="Artikel", ordering="article__number")
    def shown_article(self, piece: Individual) -> SafeString:
        return format_html("{} {}", piece.article.number, piece.article.name)

    @admin.display(description="Status", ordering="status")
    def shown_status(self, piece: Individual) -> SafeString:
        return status_html("", piece.get_status_display())

    @admin.display(description="Spärr")
    def shown_block(self, piece: Individual) -> str | SafeString:
        return status_html("", "Spärrad", icon="ban", tone="amber") if piece.blocked else ""


@admin.register(BlockReason)
class BlockReasonAdmin(ShownHistory, Locked, ReadOnly, admin.ModelAdmin[BlockReason]):
    """A reason in use is ended, not removed."""

    list_display = ("name", "is_active")
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)
