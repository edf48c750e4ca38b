"""KHS's queue of orders. An order's page, where KHS picks and delivers, is the portal's.

Only the role ``khs`` decides: a superuser runs the system and has no business with recipients'
orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from articles.uses import ArticleFilter
from organisation import queues
from organisation.admin import ForKhs, for_khs
from organisation.long_lists import CaseQueue
from organisation.models import Warehouse
from organisation.permissions import UserRequest
from organisation.views import safe_next
from recipients import turns
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
class OrderAdmin(ForKhs, CaseQueue[Order]):
    """The queue of orders to pick, and a page for each."""

    case_page = "orders:detail"
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
    list_per_page = 50
    actions = None

    # --- who ---

    def has_add_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """The queue; an order's own page is the portal's, where its old addresses here lead."""

        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return for_khs(self, view)

        return [
            path("", page(self.changelist_view), name="orders_order_changelist"),
            path("hitta/", page(require_POST(self.find_view)), name="orders_order_find"),
            path("plocka/", page(require_POST(self.pick_view)), name="orders_order_pick"),
            path("<int:pk>/change/", page(self.case_view), name="orders_order_change"),
            path("<int:pk>/<path:old>", page(self.case_view), name="orders_order_old"),
        ]

    def case_view(self, request: HttpRequest, pk: int, old: str = "") -> HttpResponse:
        """To the order's page."""
        order = get_object_or_404(Order.objects.only("case_number"), pk=pk)
        return redirect("orders:detail", order.case_number)

    # --- the queue ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return life.with_turns(khs.queue(Order.objects.all()))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Ordrar", **(extra_context or {})})

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """To the order of a complete case number. By POST: whatever is typed stays out of URLs."""
        number = request.POST.get("nummer", "").strip()
        order = Order.objects.filter(case_number=number).only("pk").first() if number else None
        if order is None:
            messages.error(
                request, "Ingen beställning har det ärendenumret. Skriv hela numret, till exempel"
                " 26480001."
            )  # fmt: skip
            return redirect("admin:orders_order_changelist")
        return redirect("orders:detail", order.case_number)

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
