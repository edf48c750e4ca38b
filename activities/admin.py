"""The workshop's queue, and the records of types, priorities and instructions. An activity's page is
the portal's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from organisation import queues
from organisation.admin import ForKhs
from recipients import turns
from recipients.case_queue import CaseQueue
from sesam.templatetags.sesam import datum, status_html

from . import khs, services
from . import warranty_admin as _warranty  # noqa: F401  registers its own
from .life import step_of
from .maintenance import admin as _maintenance  # noqa: F401  registers its own
from .models import (
    Activity,
    ActivityQuerySet,
    ActivityStatus,
    ActivityType,
    AddressInstruction,
    Priority,
    ServiceSupplier,
)


@admin.register(ActivityType)
class ActivityTypeAdmin(ForKhs, admin.ModelAdmin[ActivityType]):
    """A type in use is ended, not removed."""

    list_display = ("name", "done_by", "used_by", "about", "attachment_name", "is_active")
    actions = None


@admin.register(Priority)
class PriorityAdmin(ForKhs, admin.ModelAdmin[Priority]):
    list_display = ("name", "days", "is_urgent", "is_active")
    actions = None


@admin.register(AddressInstruction)
class AddressInstructionAdmin(ForKhs, admin.ModelAdmin[AddressInstruction]):
    list_display = ("name", "address", "is_active")
    actions = None


@admin.register(ServiceSupplier)
class ServiceSupplierAdmin(ForKhs, admin.ModelAdmin[ServiceSupplier]):
    list_display = ("name", "email", "phone", "iso_codes", "is_active")
    actions = None


class StatusFilter(queues.StatusFilter):
    statuses = ActivityStatus
    open_label = "Att göra"

    def still_open(self, request: HttpRequest, queryset: ActivityQuerySet) -> QuerySet[Activity]:
        return queryset if request.GET.get("lage") else queryset.still_open()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class _RecordFilter(admin.SimpleListFilter):
    """By one of the records that a row refers to."""

    records: Callable[[], QuerySet[Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(record.pk), str(record)) for record in type(self).records()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        value = self.value() or ""
        is_key = value.isascii() and value.isdecimal() and len(value) < 10
        return queryset.filter(**{self.field: int(value)}) if is_key else queryset

    field: str


class TypeFilter(_RecordFilter):
    title, parameter_name, field = "aktivitetstyp", "typ", "type"
    records = staticmethod(ActivityType.objects.all)


class PriorityFilter(_RecordFilter):
    title, parameter_name, field = "prioritet", "prioritet", "priority"
    records = staticmethod(Priority.objects.all)


class TechnicianFilter(_RecordFilter):
    title, parameter_name, field = "tekniker", "tekniker", "technician"
    records = staticmethod(services.technicians)


@admin.register(Activity)
class ActivityAdmin(CaseQueue[Activity]):
    """The workshop's queue: what is late first."""

    case_page = "activities:detail"
    title = "Aktiviteter"
    list_display = (
        "case_number",
        "type",
        "shown_priority",
        "shown_state",
        "shown_status",
        "shown_due",
        "shown_age",
        "technician",
        "shown_planned",
        "shown_next",
    )
    list_filter = (StatusFilter, StateFilter, TypeFilter, PriorityFilter, TechnicianFilter)
    ordering = ("due_on", "created_at", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return khs.queue(Activity.objects.all())

    @admin.display(description="Status", ordering="status")
    def shown_status(self, activity: Activity) -> SafeString:
        return status_html("", activity.get_status_display())

    @admin.display(description="Ålder", ordering="-created_at")
    def shown_age(self, activity: Activity) -> str:
        age = timezone.localdate() - timezone.localtime(activity.created_at).date()
        return f"{age.days} d"

    @admin.display(description="Klar senast", ordering="due_on")
    def shown_due(self, activity: Activity) -> str:
        return datum(activity.due_on)

    @admin.display(description="Planerad", ordering="planned_for")
    def shown_planned(self, activity: Activity) -> str | None:
        return activity.planned_words or None

    @admin.display(description="Nästa steg", ordering="due_on")
    def shown_next(self, activity: Activity) -> SafeString | None:
        return turns.told(step_of(activity))

    @admin.display(description="Prioritet", ordering="priority__days")
    def shown_priority(self, activity: Activity) -> str | SafeString:
        if activity.priority.is_urgent and not activity.has_ended:
            return status_html("", "Akut")
        return activity.priority.name

    @admin.display(description="Läge")
    def shown_state(self, activity: Activity) -> SafeString:
        marks = []
        if activity.is_late:
            marks.append(status_html("", "försenad"))
        if activity.order_id and not activity.has_ended:
            marks.append(status_html("", "Beställning väntar", icon="lock", tone="amber"))
        return format_html_join(" ", "{}", ((mark,) for mark in marks))
