"""KHS's queue of deviations, and their categories. A deviation's page is the portal's."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation import queues
from organisation.admin import ForKhs
from recipients import turns
from recipients.case_queue import CaseQueue
from sesam.templatetags.sesam import status_html

from . import khs
from .life import next_step
from .models import (
    Deviation,
    DeviationCategory,
    DeviationQuerySet,
    DeviationStatus,
    EventType,
    Recall,
    RecallQuerySet,
    RecallStatus,
)
from .recalls import listing
from .recalls.life import next_step as recalls_next_step


@admin.register(DeviationCategory)
class DeviationCategoryAdmin(ForKhs, admin.ModelAdmin[DeviationCategory]):
    """A category in use is ended, not removed."""

    list_display = ("name", "of_complaints", "rank", "is_active")
    actions = None


class StatusFilter(queues.StatusFilter):
    statuses = DeviationStatus
    open_label = "Öppna"

    def still_open(self, request: HttpRequest, queryset: DeviationQuerySet) -> QuerySet[Deviation]:
        return queryset.still_open()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class TypeFilter(admin.SimpleListFilter):
    title = "händelsetyp"
    parameter_name = "typ"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(EventType.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Deviation]) -> QuerySet[Deviation]:
        value = self.value()
        return queryset.filter(event_type=value) if value in EventType.values else queryset


@admin.register(Deviation)
class DeviationAdmin(CaseQueue[Deviation]):
    """The queue of deviations, what is due first."""

    case_page = "deviations:detail"
    title = "Avvikelser"
    list_display = (
        "case_number",
        "shown_category",
        "shown_status",
        "shown_state",
        "shown_handler",
        "shown_unit",
        "shown_age",
        "shown_next",
    )
    list_filter = (StatusFilter, StateFilter, TypeFilter)
    ordering = ("due_on", "created_at", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deviation]:
        return Deviation.objects.select_related("unit", "recipient", "category", "handler")

    @admin.display(description="Status", ordering="status")
    def shown_status(self, deviation: Deviation) -> SafeString:
        return status_html("", deviation.state_label)

    @admin.display(description="Kategori", ordering="category__name")
    def shown_category(self, deviation: Deviation) -> str:
        return deviation.category.name

    @admin.display(description="Händelsetyp", ordering="event_type")
    def shown_state(self, deviation: Deviation) -> SafeString:
        kind = status_html("", deviation.get_event_type_display())
        if not deviation.is_grave:
            return kind
        return format_html("{}<br>{}", kind, status_html("", "Allvarlig händelse"))

    @admin.display(description="Nästa steg", ordering="due_on")
    def shown_next(self, deviation: Deviation) -> SafeString | None:
        return turns.told(next_step(deviation))

    @admin.display(description="Handläggare", ordering="handler__last_name")
    def shown_handler(self, deviation: Deviation) -> str | None:
        return str(deviation.handler) if deviation.handler else None

    @admin.display(description="Tjänsteställe", ordering="unit__name")
    def shown_unit(self, deviation: Deviation) -> str | SafeString:
        """Whose patient a protected person is tells where they live; the page says it."""
        if deviation.is_protected:
            return status_html("", "Skyddad identitet")
        return str(deviation.unit)

    @admin.display(description="Ålder", ordering="-created_at")
    def shown_age(self, deviation: Deviation) -> str:
        days = (timezone.localdate() - timezone.localtime(deviation.created_at).date()).days
        return f"{days} d"


class RecallStatusFilter(queues.StatusFilter):
    statuses = RecallStatus
    open_label = "Öppna"

    def still_open(self, request: HttpRequest, queryset: RecallQuerySet) -> QuerySet[Recall]:
        return queryset.still_open()


@admin.register(Recall)
class RecallAdmin(CaseQueue[Recall]):
    """The recalls, the newest first."""

    case_page = "deviations:recall"
    title = "Återkallelser"
    list_display = (
        "case_number",
        "sender",
        "shown_articles",
        "shown_status",
        "shown_confirmed",
        "shown_age",
        "shown_next",
    )
    list_filter = (RecallStatusFilter,)
    ordering = ("-created_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        return Recall.objects.annotate(**listing.in_queue()).select_related("ordered_by")

    @admin.display(description="Artiklar")
    def shown_articles(self, recall: Recall) -> str:
        return listing.articles_of(recall)

    @admin.display(description="Status", ordering="status")
    def shown_status(self, recall: Recall) -> SafeString:
        return status_html(recall.status, recall.get_status_display())

    @admin.display(description="Bekräftade")
    def shown_confirmed(self, recall: Recall) -> str:
        return listing.confirmed_of(recall)

    @admin.display(description="Ålder", ordering="-created_at")
    def shown_age(self, recall: Recall) -> str:
        days = (timezone.localdate() - timezone.localtime(recall.created_at).date()).days
        return f"{days} d"

    @admin.display(description="Nästa steg", ordering="due_on")
    def shown_next(self, recall: Recall) -> SafeString | None:
        return turns.told(recalls_next_step(recall))
