"""KHS's queue of pickup orders, and the reasons. A pickup order's page is the portal's."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from organisation import queues
from organisation.admin import ForKhs
from recipients import turns
from recipients.case_queue import CaseQueue
from sesam.templatetags.sesam import datum, status_html

from . import khs
from .life import step_of
from .models import (
    PickupOrder,
    PickupQuerySet,
    PickupReason,
    PickupStatus,
)


@admin.register(PickupReason)
class PickupReasonAdmin(ForKhs, admin.ModelAdmin[PickupReason]):
    """A reason in use is ended, not removed."""

    list_display = ("name", "done_by", "address", "document_name", "personal_data", "is_active")
    actions = None


class StatusFilter(queues.StatusFilter):
    statuses = PickupStatus
    open_label = "Att ta emot"

    def still_open(self, request: HttpRequest, queryset: PickupQuerySet) -> QuerySet[PickupOrder]:
        """What hurts stays visible: something received may still wait to be made ready."""
        return queryset if request.GET.get("lage") else queryset.due()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class ReasonFilter(admin.SimpleListFilter):
    title = "orsak"
    parameter_name = "orsak"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(reason.pk), reason.name) for reason in PickupReason.objects.all()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PickupOrder]
    ) -> QuerySet[PickupOrder]:
        value = self.value() or ""
        return queryset.filter(reason=int(value)) if re.fullmatch("[0-9]{1,9}", value) else queryset


@admin.register(PickupOrder)
class PickupOrderAdmin(CaseQueue[PickupOrder]):
    """The queue of pickup orders due, and a page for each."""

    case_page = "pickups:detail"
    title = "Hämtordrar"
    list_display = (
        "case_number",
        "shown_status",
        "shown_state",
        "reason",
        "shown_unit",
        "shown_registered",
        "shown_age",
        "shown_planned",
        "shown_next",
    )
    list_filter = (StatusFilter, StateFilter, ReasonFilter)
    ordering = ("-is_urgent", "planned_for", "created_at", "id")

    def get_urls(self) -> list[URLPattern]:
        return [
            *super().get_urls(),
            self.khs_path("<int:pk>/<path:old>", self.case_view, "old"),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PickupOrder]:
        return khs.queue(PickupOrder.objects.all())

    @admin.display(description="Status", ordering="status")
    def shown_status(self, pickup: PickupOrder) -> SafeString:
        return status_html("", pickup.get_status_display())

    @admin.display(description="Tjänsteställe", ordering="unit__name")
    def shown_unit(self, pickup: PickupOrder) -> str | SafeString:
        """Whose patient a protected person is tells where they live; the page says it."""
        if pickup.recipient.is_protected:
            return status_html("", "Skyddad identitet")
        return str(pickup.unit)

    @admin.display(description="Registrerad", ordering="created_at")
    def shown_registered(self, pickup: PickupOrder) -> str:
        return datum(pickup.created_at)

    @admin.display(description="Ålder", ordering="-created_at")
    def shown_age(self, pickup: PickupOrder) -> str:
        return f"{(timezone.localdate() - timezone.localtime(pickup.created_at).date()).days} d"

    @admin.display(description="Planerad", ordering="planned_for")
    def shown_planned(self, pickup: PickupOrder) -> str | None:
        return datum(pickup.planned_for) or None

    @admin.display(description="Nästa steg", ordering="planned_for")
    def shown_next(self, pickup: PickupOrder) -> SafeString | None:
        return turns.told(step_of(pickup))

    @admin.display(description="Läge")
    def shown_state(self, pickup: PickupOrder) -> SafeString:
        marks = []
        if pickup.is_urgent and not pickup.has_ended:
            marks.append(status_html("", "Akut"))
        if pickup.waits:
            marks.append(status_html("", "Görs i ordning", icon="wrench", tone="blue"))
        if pickup.differs:
            marks.append(status_html("", "Skillnader", icon="triangle-alert", tone="amber"))
        return format_html_join(" ", "{}", ((mark,) for mark in marks))
