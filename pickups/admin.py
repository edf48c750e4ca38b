"""KHS's working place for what comes back: pickup orders due, receiving, the reasons.

Like ``orders.admin``: nothing is edited, the buttons call the portal's services, and only the
role ``khs`` decides.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from organisation import access_log, queues
from organisation.admin import ForKhs, for_khs
from organisation.long_lists import LongList
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum, status_html

from . import differences, khs, services
from .models import (
    PickupOrder,
    PickupReason,
    PickupReceipt,
    PickupStatus,
    ReceivedState,
)
from .services.receiving import receipts_so_far

PLANNABLE = (PickupStatus.REGISTERED, PickupStatus.PLANNED)


@admin.register(PickupReason)
class PickupReasonAdmin(ForKhs, admin.ModelAdmin):
    """A reason in use is ended, not removed."""

    list_display = ("name", "done_by", "address", "document_name", "personal_data", "is_active")
    actions = None


class StatusFilter(queues.StatusFilter):
    statuses = PickupStatus
    open_label = "Att ta emot"

    def still_open(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """What hurts stays visible: something received may still wait to be made ready."""
        return queryset if request.GET.get("lage") else queryset.due()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class ReasonFilter(admin.SimpleListFilter):
    title = "orsak"
    parameter_name = "orsak"
    template = queues.FILTER_TEMPLATE

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(reason.pk), reason.name) for reason in PickupReason.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value() or ""
        return queryset.filter(reason=int(value)) if value.isdecimal() else queryset


@admin.register(PickupOrder)
class PickupOrderAdmin(LongList, ForKhs, admin.ModelAdmin):
    """The queue of pickup orders due, and a page for each."""

    list_display = (
        "case_number",
        "shown_status",
        "shown_state",
        "reason",
        "shown_unit",
        "shown_registered",
        "shown_planned",
    )
    list_filter = (StatusFilter, StateFilter, ReasonFilter)
    ordering = ("-is_urgent", "planned_for", "created_at", "id")
    list_per_page = 50
    empty_value_display = "–"
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Only what KHS does here; nothing is added, edited or deleted."""

        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return for_khs(self, view)

        one, name = "<int:pk>/", "pickups_pickuporder_"
        ready = require_POST(self.ready_view)
        return [
            path("", page(self.changelist_view), name=name + "changelist"),
            path("hitta/", page(require_POST(self.find_view)), name=name + "find"),
            path(one + "change/", page(self.page_view), name=name + "change"),
            path(one + "planera/", page(require_POST(self.plan_view)), name=name + "plan"),
            path(one + "ta-emot/", page(self.receive_view), name=name + "receive"),
            path(one + "makulera/", page(self.cancel_view), name=name + "cancel"),
            path(one + "klar/<int:receipt>/", page(ready), name=name + "ready"),
        ]

    # --- the queue ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[PickupOrder]:
        return khs.queue(PickupOrder.objects.all())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Hämtorder att ta emot", **(extra_context or {})}
        )

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """To the pickup order of a complete case number. By POST: what is typed stays out of URLs."""
        number = request.POST.get("nummer", "").strip()
        pickup = PickupOrder.objects.filter(case_number=number).only("pk").first()
        if pickup is None:
            text = "Ingen hämtorder har det ärendenumret. Skriv hela numret, till exempel 26480001."
            messages.error(request, text)
            return redirect("admin:pickups_pickuporder_changelist")
        return redirect("admin:pickups_pickuporder_change", pk=pickup.pk)

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

    @admin.display(description="Planerad", ordering="planned_for")
    def shown_planned(self, pickup: PickupOrder) -> str | None:
        return datum(pickup.planned_for) or None

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

    # --- one pickup order ---

    def _pickup(self, pk: int) -> PickupOrder:
        pickups = PickupOrder.objects.select_related(
            "recipient", "unit", "reason", "warehouse", "ordered_by", "prescriber"
        )
        return get_object_or_404(pickups, pk=pk)

    def _log(self, request: HttpRequest, pickup: PickupOrder, detail: str) -> None:
        access_log.look(request, pickup.recipient.key, detail, case_number=pickup.case_number)

    def _page(
        self, request: HttpRequest, template: str, pickup: PickupOrder, status: int = 200, **more
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(pickup),
            "pickup": pickup,
            "can_receive": not pickup.has_ended,
            "can_plan": pickup.status in PLANNABLE,
            **more,
        }
        where = f"admin/pickups/pickuporder/{template}.html"
        return TemplateResponse(request, where, context, status=status)

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All that KHS needs to know of a pickup order."""
        pickup = self._pickup(pk)
        self._log(request, pickup, "Hämtorder i administrationen")
        lines = differences.lines_of(pickup)
        return self._page(
            request,
            "page",
            pickup,
            lines=lines,
            differences=differences.of(pickup, lines),
            waiting=PickupReceipt.objects.filter(
                line__pickup=pickup, finished_at=None
            ).select_related("line__article", "line__individual"),
            events=pickup.events.select_related("user").order_by("-at", "-id"),
        )

    def plan_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Planera»: the day it is fetched."""
        try:
            day = dt.date.fromisoformat(request.POST.get("dag", ""))
            services.plan(self._pickup(pk), user=request.user, day=day)
        except ValueError:
            messages.error(request, "Ange dagen som år-månad-dag, till exempel 2026-12-01.")
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "Hämtningen är planerad.")
        return redirect("admin:pickups_pickuporder_change", pk=pk)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Makulera»: asks first."""
        pickup = self._pickup(pk)
        if request.method == "POST":
            try:
                services.cancel_pickup(pickup, user=request.user)
            except DomainError as error:
                messages.error(request, error.message)
            else:
                messages.success(request, "Hämtordern är makulerad.")
            return redirect("admin:pickups_pickuporder_change", pk=pk)
        self._log(request, pickup, "Makulera i administrationen")
        return self._page(request, "cancel", pickup, subtitle="Makulera")

    def ready_view(self, request: HttpRequest, pk: int, receipt: int) -> HttpResponse:
        """«Klar»: cleaned or repaired, fit to be handed out."""
        found = get_object_or_404(PickupReceipt, pk=receipt, line__pickup=pk)
        services.make_available(found, user=request.user)
        messages.success(request, "Hjälpmedlet kan lämnas ut igen.")
        return redirect("admin:pickups_pickuporder_change", pk=pk)

    # --- receiving ---

    def receive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Ta emot»: the state of each line, and what else came."""
        pickup = self._pickup(pk)
        if request.method == "POST":
            return self._receive(request, pickup)
        if pickup.has_ended:
            messages.error(request, "Det finns inget kvar att ta emot på hämtordern.")
            return redirect("admin:pickups_pickuporder_change", pk=pk)
        return self._receive_page(request, pickup, khs.sheet(pickup))

    def _receive(self, request: HttpRequest, pickup: PickupOrder) -> HttpResponse:
        page = khs.sheet(pickup)
        got, extras = khs.read(page, request.POST)
        if page.has_errors:
            return self._receive_page(request, pickup, page, status=422)
        seen = request.POST.get("mottaget", "")
        try:
            services.receive(
                pickup,
                got,
                user=request.user,
                extras=extras,
                finish=page.finish,
                seen=int(seen) if re.fullmatch(r"[0-9]{1,9}", seen) else -1,
            )
        except DomainError as error:
            fresh = khs.sheet(pickup)
            khs.read(fresh, request.POST)
            self._place(fresh, error)
            return self._receive_page(request, pickup, fresh, status=422)
        messages.success(request, "Mottagningen är registrerad.")
        return redirect("admin:pickups_pickuporder_change", pk=pickup.pk)

    @staticmethod
    def _place(page: khs.Sheet, error: DomainError) -> None:
        for found in page.found:
            if found.field == error.field:
                found.error = error.message
                return
        for row in (*page.lines, *page.others):
            if error.line is not None and error.line in (row.line_id, row.loan_id):
                row.error = error.message
                return
        page.error = error.message

    def _receive_page(
        self, request: HttpRequest, pickup: PickupOrder, page: khs.Sheet, *, status: int = 200
    ) -> HttpResponse:
        self._log(request, pickup, "Ta emot i administrationen")
        return self._page(
            request,
            "receive",
            pickup,
            status=status,
            subtitle="Ta emot",
            sheet=page,
            states=ReceivedState.choices,
            came_states=[s for s in ReceivedState.choices if s[0] != ReceivedState.MISSING],
            seen=receipts_so_far(pickup),
        )
