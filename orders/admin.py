"""KHS's queue of orders. An order's page, where KHS picks and delivers, is the portal's.

Only the role ``khs`` decides: a superuser runs the system and has no business with recipients'
orders.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from articles.uses import ArticleFilter
from organisation import queues
from organisation.models import Warehouse
from organisation.permissions import UserRequest
from organisation.views import safe_next
from recipients import turns
from recipients.case_queue import CaseQueue
from sesam.errors import DomainError
from sesam.templatetags.sesam import icon_html, late_html, status_html, tal

from . import khs, life, services
from .models import Order, OrderKind, OrderQuerySet, OrderStatus


class StatusFilter(queues.StatusFilter):
    statuses = OrderStatus
    open_label = "Att leverera"

    def still_open(self, request: HttpRequest, queryset: OrderQuerySet) -> QuerySet[Order]:
        return queryset.undelivered()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class WarehouseFilter(admin.SimpleListFilter):
    title = "lager"
    parameter_name = "lager"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        central = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL)
        return [(warehouse.number, str(warehouse)) for warehouse in central]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() is None:
            return queryset
        warehouse = Warehouse.objects.filter(number=self.value()).first()
        return queryset.filter(khs.from_warehouse(warehouse.pk)) if warehouse else queryset.none()


class KindFilter(admin.SimpleListFilter):
    title = "ordertyp"
    parameter_name = "typ"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(OrderKind.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class WaitingForFilter(ArticleFilter):
    def having(self, queryset: QuerySet[Order], article: int) -> QuerySet[Order]:
        return queryset.filter(pk__in=khs.waiting_for(article).values("pk"))


@admin.register(Order)
class OrderAdmin(CaseQueue[Order]):
    """The queue of orders to pick, and a page for each."""

    case_page = "orders:detail"
    title = "Ordrar"
    list_display = (
        "case_number",
        "shown_aids",
        "shown_to",
        "shown_planned",
        "shown_age",
        "shown_ready",
        "shown_state",
        "shown_next",
    )
    list_filter = (StatusFilter, WarehouseFilter, KindFilter, StateFilter, WaitingForFilter)
    ordering = ("planned_delivery", "sent_at", "id")

    def get_urls(self) -> list[URLPattern]:
        return [
            *super().get_urls(),
            self.khs_path("plocka/", require_POST(self.pick_view), "pick"),
            self.khs_path("<int:pk>/<path:old>", self.case_view, "old"),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return life.with_turns(khs.queue(Order.objects.all()))

    def pick_view(self, request: UserRequest) -> HttpResponse:
        """«Påbörja plock» of the ticked orders, each by itself; what can't be is told with why."""
        picked, told = 0, []
        numbers = request.POST.getlist("valda")[: self.list_per_page]
        for order in Order.objects.filter(case_number__in=[n[:12] for n in numbers]).order_by("id"):
            try:
                services.start_picking(order, user=request.user)
            except DomainError as error:
                told.append(f"{order.case_number}: {error.message}")
            else:
                picked += 1
        if picked:
            words = "1 order plockas" if picked == 1 else f"{tal(picked)} ordrar plockas"
            messages.success(request, f"{words} nu.")
        for text in told:
            messages.error(request, text)
        if not numbers:
            messages.error(request, "Bocka för de ordrar som ska plockas.")
        return redirect(safe_next(request, reverse("admin:orders_order_changelist")))

    @admin.display(description="Hjälpmedel", empty_value="–")
    def shown_aids(self, order: Order) -> str | None:
        return khs.QueueRow(order).aids or None

    @admin.display(description="Till", empty_value="–")
    def shown_to(self, order: Order) -> str | SafeString | None:
        """Whose patient a protected person is tells where they live; the page says it."""
        if order.is_protected:
            return status_html("", "Skyddad identitet")
        return khs.QueueRow(order).to or None

    @admin.display(description="Planerad leverans", ordering="planned_delivery")
    def shown_planned(self, order: Order) -> str | SafeString:
        if not khs.is_late(order.khs_lines):
            return order.planned_words
        return late_html(order.planned_words)

    @admin.display(description="Ålder", ordering="-sent_at")
    def shown_age(self, order: Order) -> str:
        return f"{khs.QueueRow(order).age} d"

    @admin.display(description="Rader klara")
    def shown_ready(self, order: Order) -> str:
        ready, all_of_them = khs.readiness(order.khs_lines)
        return f"{ready} av {all_of_them}" if all_of_them else "–"

    @admin.display(description="Nästa steg", ordering="planned_delivery")
    def shown_next(self, order: Order) -> SafeString | None:
        hold = next(iter(order.open_holds), None)
        return turns.told(life.next_step(order, order.khs_lines, hold=hold, since=order.turn_since))

    @admin.display(description="Läge", ordering="status")
    def shown_state(self, order: Order) -> SafeString:
        row = khs.QueueRow(order)
        words, icon, tone = row.state
        mark = icon_html("link", 16, "Samlevereras") if row.goes_together else ""
        return format_html("{} {}", status_html("", words, icon=icon, tone=tone), mark)
