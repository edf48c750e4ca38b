"""KHS's working place for orders: the queue, an order's page, picking, delivering, cancelling.

Nothing is edited here. The buttons call the same services as the portal. Only the role ``khs``
decides: a superuser runs the system and has no business with recipients' orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from organisation import access_log, queues
from organisation.admin import ForKhs, for_khs
from organisation.long_lists import LongList
from organisation.models import Source, Warehouse
from sesam.documents import download
from sesam.errors import DomainError
from sesam.templatetags.sesam import status_html

from . import admin_projects, delivery_sheet, documents, khs, promises, services, shown
from .models import Order, OrderKind, OrderStatus, handed_out


class StatusFilter(queues.StatusFilter):
    statuses = OrderStatus
    open_label = "Att leverera"

    def still_open(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.undelivered()


class StateFilter(queues.StateFilter):
    states = khs.STATES


class WarehouseFilter(admin.SimpleListFilter):
    title = "lager"
    parameter_name = "lager"
    template = queues.FILTER_TEMPLATE

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        central = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL)
        return [(warehouse.number, str(warehouse)) for warehouse in central]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        warehouse = Warehouse.objects.filter(number=self.value()).first()
        return queryset.filter(khs.from_warehouse(warehouse.pk)) if warehouse else queryset.none()


class KindFilter(admin.SimpleListFilter):
    title = "ordertyp"
    parameter_name = "typ"
    template = queues.FILTER_TEMPLATE

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(OrderKind.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(LongList, ForKhs, admin.ModelAdmin):
    """The queue of orders to pick, and a page for each."""

    list_display = (
        "case_number",
        "kind",
        "shown_status",
        "shown_unit",
        "shown_municipality",
        "shown_planned",
        "shown_ready",
        "shown_together",
        "shown_hold",
    )
    list_filter = (StatusFilter, WarehouseFilter, KindFilter, StateFilter)
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
        """Only what KHS does here; nothing is added, edited or deleted."""

        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return for_khs(self, view)

        one = "<int:pk>/"
        return [
            path("", page(self.changelist_view), name="orders_order_changelist"),
            path("hitta/", page(require_POST(self.find_view)), name="orders_order_find"),
            path(one + "change/", page(self.page_view), name="orders_order_change"),
            path(one + "plocka/", page(require_POST(self.pick_view)), name="orders_order_pick"),
            path(
                one + "avbryt-plock/",
                page(require_POST(self.stop_view)),
                name="orders_order_stop",
            ),
            path(one + "leverera/", page(self.deliver_view), name="orders_order_deliver"),
            path(
                one + "plocklista/",
                page(require_safe(self.pick_list_view)),
                name="orders_order_pick_list",
            ),
            path(
                one + "foljesedel/",
                page(require_safe(self.note_view)),
                name="orders_order_next_note",
            ),
            path(
                one + "foljesedel/<int:number>/",
                page(require_safe(self.note_view)),
                name="orders_order_note",
            ),
            path(one + "makulera/", page(self.cancel_view), name="orders_order_cancel"),
            *admin_projects.urls(self),
        ]

    # --- the queue ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return khs.queue(Order.objects.all())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Order att plocka och leverera", **(extra_context or {})}
        )

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
        return redirect("admin:orders_order_change", pk=order.pk)

    @admin.display(description="Status", ordering="status")
    def shown_status(self, order: Order) -> SafeString:
        return status_html("", order.get_status_display())

    @admin.display(description="Tjänsteställe", ordering="unit__name")
    def shown_unit(self, order: Order) -> str | SafeString:
        """Whose patient a protected person is tells where they live; the page says it."""
        return _protected_tag() if order.is_protected else str(order.unit)

    @admin.display(description="Till", empty_value="–")
    def shown_municipality(self, order: Order) -> str | None:
        if order.destination:
            return str(order.destination)
        if order.is_protected or order.recipient is None or order.recipient.payer is None:
            return None
        return order.recipient.payer.name

    @admin.display(description="Planerad leverans", ordering="planned_delivery")
    def shown_planned(self, order: Order) -> SafeString:
        mark = status_html("", "försenad") if khs.is_late(order.khs_lines) else ""
        return format_html('<span class="nowrap">{}</span> {}', order.planned_words, mark)

    @admin.display(description="Rader klara")
    def shown_ready(self, order: Order) -> str:
        ready, all_of_them = khs.readiness(order.khs_lines)
        return f"{ready} av {all_of_them}" if all_of_them else "–"

    @admin.display(description="Samleverans")
    def shown_together(self, order: Order) -> str | SafeString:
        return status_html("", "Samlevereras") if khs.goes_together(order.khs_lines) else ""

    @admin.display(description="Väntar på")
    def shown_hold(self, order: Order) -> str | SafeString:
        if not order.open_holds:
            project = next((x for x in order.khs_lines if x.awaits_project), None)
            return status_html("", project.progress_label) if project else ""
        number = order.open_holds[0].case_number
        return status_html("", f"Väntar på {number}", icon="lock", tone="amber")

    # --- one order ---

    def find(self, pk: int) -> Order:
        orders = Order.objects.select_related(
            "recipient__payer",
            "destination",
            "unit",
            "ordered_by",
            "prescriber",
            "delivery_way",
        )
        return get_object_or_404(orders, pk=pk)

    def log(
        self,
        request: HttpRequest,
        order: Order,
        detail: str,
        action: access_log.Action = access_log.Action.VIEW,
    ) -> None:
        if order.recipient is not None:
            access_log.look(
                request, order.recipient.key, detail, action=action, case_number=order.case_number
            )

    def context(self, request: HttpRequest, order: Order, **more: Any) -> dict[str, Any]:
        hold = order.holds.filter(released_at=None).first()
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(order),
            "order": order,
            "hold": hold,
            "is_late": khs.is_late(order.lines.filter(source=Source.CENTRAL)),
            "is_protected": order.is_protected,
            "can_pick": order.status == OrderStatus.REGISTERED and hold is None,
            "can_stop": order.status == OrderStatus.PICKING,
            "can_deliver": not order.has_ended and hold is None,
            "can_cancel": order.status == OrderStatus.REGISTERED and hold is None,
            **more,
        }

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All that KHS needs to know of an order."""
        order = self.find(pk)
        self.log(request, order, "Beställning i administrationen")
        lines = list(
            order.lines.select_related(
                "article",
                "warehouse",
                "component_of__article",
                "fitted_to",
                "asked_article",
                "put_for__article",
            ).prefetch_related(handed_out())
        )
        known = promises.balances(lines)
        for line in lines:
            balance = known.get((line.warehouse_id, line.article_id))
            line.available = balance.available if balance else 0
            line.expected_on = balance.expected_on if balance else None
            line.backlog_now = line.backlog if line.article.is_stocked else 0
            line.is_khs = line.source == Source.CENTRAL
        promises.set_expected(order, lines, known)
        shown.without_free_text(order, lines)
        files = list(shown.files(order).select_related("line__article"))
        for file in files:
            file.url = _file_url(order, file.key)
        context = self.context(request, order)
        if context["can_deliver"]:
            context["can_go"] = delivery_sheet.sheet(order).ready > 0
        context |= dict(
            lines=lines,
            files=files,
            events=order.events.select_related("user").order_by("-at", "-id"),
            deliveries=documents.deliveries(order),
            **admin_projects.on_page(order, lines),
        )
        return TemplateResponse(request, "admin/orders/order/page.html", context)

    def pick_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Påbörja plock»."""
        try:
            services.start_picking(self.find(pk), user=request.user)
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "Plockningen är påbörjad.")
        return redirect("admin:orders_order_change", pk=pk)

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Avbryt plock»: the order waits again, and can be cancelled."""
        try:
            services.stop_picking(self.find(pk), user=request.user)
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "Plockningen är avbruten. Beställningen väntar igen.")
        return redirect("admin:orders_order_change", pk=pk)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Makulera»: asks first."""
        order = self.find(pk)
        if request.method == "POST":
            try:
                services.cancel(order, user=request.user)
            except DomainError as error:
                messages.error(request, error.message)
            else:
                messages.success(request, "Beställningen är makulerad.")
            return redirect("admin:orders_order_change", pk=pk)
        self.log(request, order, "Makulera i administrationen")
        context = self.context(request, order, subtitle="Makulera")
        return TemplateResponse(request, "admin/orders/order/cancel.html", context)

    def pick_list_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Plocklista» as PDF."""
        order = self.find(pk)
        return self._paper(
            request, order, "Plocklista", "plocklista", documents.pick_list(request, order)
        )

    def note_view(self, request: HttpRequest, pk: int, number: int | None = None) -> HttpResponse:
        """«Följesedel» as PDF, of what can go next or of a delivery."""
        order = self.find(pk)
        content = documents.delivery_note(request, order, number)
        return self._paper(request, order, "Följesedel", "foljesedel", content, number)

    def _paper(
        self,
        request: HttpRequest,
        order: Order,
        kind: str,
        name: str,
        content: bytes | None,
        number: int | None = None,
    ) -> HttpResponse:
        if content is None:
            messages.error(request, f"{kind} kan inte skapas: det finns inget att leverera.")
            return redirect("admin:orders_order_change", pk=order.pk)
        self.log(request, order, kind, access_log.Action.DOWNLOAD)
        nth = f"-{number}" if number else ""
        return download(f"{name}-{order.case_number}{nth}.pdf", content)

    def deliver_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """«Leverera»: how many of each line, and which pieces."""
        order = self.find(pk)
        if request.method == "POST":
            return self._deliver(request, order)
        if order.has_ended or order.holds.filter(released_at=None).exists():
            messages.error(request, "Beställningen kan inte levereras som den är nu.")
            return redirect("admin:orders_order_change", pk=pk)
        return self._deliver_page(request, order, delivery_sheet.sheet(order))

    def _deliver(self, request: HttpRequest, order: Order) -> HttpResponse:
        """Hands out what was typed. When something stays, the user must have been told how much
        goes («sagt»: what the button said); else the page asks, and nothing happens."""
        found = delivery_sheet.sheet(order)
        picks = delivery_sheet.read(found, request.POST)
        seen = request.POST.get("levererat", "")
        told = request.POST.get("sagt", "") == str(found.going)
        if found.has_errors:
            return self._deliver_page(request, order, found, seen=seen, status=422)
        if picks and found.staying and not told:
            return self._deliver_page(request, order, found, seen=seen, asks=True, status=422)
        try:
            services.deliver(
                order,
                picks,
                user=request.user,
                seen_delivered=int(seen) if re.fullmatch(r"[0-9]{1,9}", seen) else -1,
            )
        except services.Overtaken as error:
            if error.by_same(request.user):
                messages.info(request, "Utleveransen var redan registrerad. Inget mer skickades.")
                return redirect("admin:orders_order_change", pk=order.pk)
            found = delivery_sheet.sheet(self.find(order.pk))
            delivery_sheet.read(found, request.POST)
            return self._deliver_page(request, order, found, error=error.message, status=422)
        except DomainError as error:
            at = found.row_of(error.line)
            if at is not None:
                at.error = error.message
            note = "" if at else error.message
            return self._deliver_page(request, order, found, error=note, seen=seen, status=422)
        messages.success(request, _handed_out(found))
        return redirect("admin:orders_order_change", pk=order.pk)

    def _deliver_page(
        self,
        request: HttpRequest,
        order: Order,
        found: delivery_sheet.Sheet,
        *,
        error: str = "",
        seen: str = "",
        asks: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        """``seen`` is what had been handed out when the form was shown first: asked again, it is
        still that form."""
        self.log(request, order, "Leverera i administrationen")
        context = self.context(
            request,
            order,
            subtitle="Leverera",
            sheet=found,
            error=error,
            has_errors=bool(error) or found.has_errors,
            asks=asks,
            seen_delivered=seen or services.delivered_so_far(order),
        )
        return TemplateResponse(request, "admin/orders/order/deliver.html", context, status=status)


def _handed_out(found: delivery_sheet.Sheet) -> str:
    """What was delivered, and what stays."""
    if not found.staying:
        return "Utleveransen är registrerad. Allt är utlämnat."
    rest = ", ".join(f"{row.stays} st {row.line.article.name}" for row in found.staying)
    return (
        f"Utleveransen är registrerad: {found.going} av {found.total} st är utlämnade."
        f" Kvar att leverera: {rest}."
    )


def _protected_tag() -> SafeString:
    return status_html("", "Skyddad identitet")


def _file_url(order: Order, key: Any) -> str:
    """The portal's address of the file; empty while that page isn't built."""
    try:
        return reverse("orders:attachment", args=[order.case_number, key])
    except NoReverseMatch:
        return ""
