"""Sent orders: confirmation, page, «Makulera beställning», files."""

import uuid
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from organisation import access_log
from organisation.models import Source
from organisation.permissions import CARE, roles
from sesam import attachments, dialogs
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum

from .. import progress, promises, services, shown
from ..forms import CaseAddressForm
from ..models import Order, OrderLine, OrderStatus, handed_out
from ..slots import order_create
from ..stages import Stage


def find_order(request: HttpRequest, number: str) -> Order:
    """The order through what this user may open; another unit's is 404."""
    orders = Order.objects.for_user(request.user).select_related(
        "recipient", "destination", "unit", "ordered_by", "prescriber", "delivery_way"
    )
    return get_object_or_404(orders, case_number=number)


def log(
    request: HttpRequest,
    order: Order,
    detail: str,
    *,
    action: access_log.Action = access_log.Action.VIEW,
) -> None:
    """That the answer shows the order of somebody."""
    if order.recipient_id:
        access_log.look(
            request, order.recipient.key, detail, action=action, case_number=order.case_number
        )


@roles(*CARE)
@require_GET
def confirmation(request: HttpRequest, number: str) -> HttpResponse:
    """«Orderbekräftelse»."""
    order = find_order(request, number)
    log(request, order, "Orderbekräftelse")
    lines = list(order.lines.select_related("article", "warehouse", "asked_article", "individual"))
    handed_out = [x for x in lines if x.source == Source.OWN_STORE and x.delivered]
    to_come = [x for x in lines if x not in handed_out]
    days = {line.planned_delivery for line in to_come}
    status = order.get_status_display()
    if handed_out and to_come:
        status = f"{status} hos KHS; det som fanns i förrådet är utlämnat"
    context = {
        "order": order,
        "handed_out": handed_out,
        "lines": to_come if handed_out or len(days) > 1 else [],
        "backlog": [x for x in lines if x.article.is_stocked and x.backlog and not x.cancelled],
        "facts": [
            {"label": "Beställningsnummer", "value": order.case_number},
            {"label": "Ordertyp", "value": order.get_kind_display()},
            {"label": "Orderdatum", "value": datum(order.sent_at)},
            {"label": "Status", "value": status},
            {"label": "Planerad leverans", "value": order.planned_words},
        ],
    }
    return render(request, "orders/confirmation.html", context)


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """The order's page; with ``?redigera=adress`` the address that a protected person lacks."""
    order = find_order(request, number)
    asked = order.lacks_address and request.GET.get("redigera") == ADDRESS
    if request.method != "POST":
        return _page(request, order, form=CaseAddressForm(order=order) if asked else None)
    form = CaseAddressForm(request.POST, order=order)
    if not asked:
        return _page(request, order, fault="Adressen är redan skriven, eller ärendet avslutat.")
    if not form.is_valid():
        return _page(request, order, form=form, status=422)
    try:
        services.type_address(order, user=request.user, details=form.cleaned_data)
    except DomainError as fault:
        return _page(request, find_order(request, number), fault=fault.message)
    messages.success(request, "Adressen är sparad för det här ärendet.")
    return redirect("orders:detail", order.case_number)


ADDRESS = "adress"
REFUSED_NOTE = {
    "tone": "blue",
    "icon": "info",
    "title": "Offerten är inte godkänd",
    "text": "KHS tar in en ny offert. Behövs ingen, makulera beställningen.",
}


def _page(
    request: HttpRequest,
    order: Order,
    *,
    form: CaseAddressForm | None = None,
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    log(request, order, "Beställning")
    lines = _lines(order)
    projects = progress.of_lines(lines, masked=order.address_masked)
    waiting = [project for project in projects if project.waits_for_answer]
    may_answer = bool(waiting) and services.may_answer(request.user, order)
    here = reverse("orders:detail", args=[order.case_number])
    hold = order.holds.filter(released_at=None).first()
    tags = [{"code": order.status, "label": order.get_status_display()}]
    note = None
    if order.status == OrderStatus.CANCELLED:
        note = {"tone": "grey", "icon": "ban", "text": "Beställningen är makulerad."}
    elif order.lacks_address:
        note = {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Leveransadress saknas",
            "text": "Mottagaren har fått skyddad identitet sedan beställningen skickades. Skriv den"
            " adress som gäller just den här leveransen.",
        }
    if hold:
        tags.append({"code": "", "label": "Väntar på aktivitet"})
        note = {
            "tone": "amber",
            "icon": "lock",
            "title": "Beställningen kan inte levereras än",
            "text": f"Den väntar på aktivitet {hold.case_number}.",
        }
    if waiting:
        tags.append({"code": "", "label": Stage.WAITING.label})
        note = {
            "tone": "amber",
            "icon": "file-text",
            "title": "Offerten väntar på ditt godkännande"
            if may_answer
            else "Offerten väntar på förskrivarens godkännande",
            "body": "orders/_offer_note.html",
        }
    elif any(project.was_refused for project in projects):
        note = note or REFUSED_NOTE
    context = {
        "order": order,
        "lines": lines,
        "projects": projects,
        "waiting": waiting,
        "may_answer": may_answer,
        "totals": _totals(lines),
        "attachments": shown.files(order).select_related("line__article"),
        "form": form,
        "fault": fault,
        "edit_url": f"{here}?redigera={ADDRESS}" if order.lacks_address else "",
        "leave_url": here,
        "missing": [{"label": "Adress", "value": "Saknas"}],
        "case": {
            "title": str(order),
            "crumbs": _crumbs(order),
            "tags": tags,
            "create": order_create.shown(request, order),
            "facts": _facts(order),
            "note": note,
            "events": order.events.select_related("user").order_by("-at", "-id"),
        },
    }
    return render(request, "orders/detail.html", context, status=409 if fault else status)


def _lines(order: Order) -> list[OrderLine]:
    lines = list(
        order.lines.select_related(
            "article",
            "warehouse",
            "asked_article",
            "put_for__article",
            "billing_form",
            "payer",
            "individual",
            "fitted_to",
        ).prefetch_related(handed_out())
    )
    for line in lines:
        shown.set_sum(line, line.price, line.billing_form)
        line.pieces = [x.individual.number for x in line.deliveries.all() if x.individual]
    shown.without_free_text(order, lines)
    if not order.has_ended:
        promises.set_expected(order, lines, promises.balances(lines))
    return shown.components_after(lines)


def _totals(lines: list[OrderLine]) -> dict[str, Decimal]:
    """Without lines that have come to nothing, unless the whole order has."""
    return shown.totals([x for x in lines if x.cancelled < x.quantity] or lines)


def _crumbs(order: Order) -> list[dict[str, str]]:
    if order.recipient is None:
        store = order.destination
        return [
            {"label": "Lager", "url": reverse("articles:stores")},
            {"label": str(store), "url": reverse("articles:store", args=[store.number])},
        ]
    return [
        {"label": "Mottagare", "url": reverse("recipients:search")},
        {
            "label": order.recipient.name,
            "url": reverse("recipients:detail", args=[order.recipient.key]),
        },
    ]


def _facts(order: Order) -> list[dict[str, object]]:
    facts: list[dict[str, object]] = []
    if order.recipient:
        facts.append(
            {
                "label": "Mottagare",
                "value": order.recipient.name,
                "url": reverse("recipients:detail", args=[order.recipient.key]),
            }
        )
    else:
        url = reverse("articles:store", args=[order.destination.number])
        facts.append({"label": "Till lager", "value": order.destination, "url": url})
    facts += [
        {"label": "Tjänsteställe", "value": order.unit},
        {"label": "Beställare", "value": order.ordered_by},
        {"label": "Förskrivare", "value": order.prescriber},
        {"label": "Orderdatum", "value": datum(order.sent_at)},
        {"label": "Planerad leverans", "value": order.planned_words},
    ]
    return facts


@roles(*CARE)
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """«Makulera beställning»: the question, and «Ja, makulera»."""
    order = find_order(request, number)
    here = reverse("orders:detail", args=[order.case_number])
    log(request, order, "Makulera beställning")
    error = services.why_not_cancel(order, request.user)
    if request.method == "POST":
        try:
            services.cancel(order, user=request.user)
        except DomainError as fault:
            error = fault.message
        else:
            messages.success(request, f"Beställning {order.case_number} är makulerad.")
            return dialogs.leave(request, here)
    own = order.lines.filter(source=Source.OWN_STORE, delivered__gt=0).exists()
    context = {
        "order": order,
        "own_delivered": own,
        "dialog": {
            "title": "Makulera beställning",
            "cancel_url": here,
            "finish": "" if error else "Ja, makulera",
            "error": error,
        },
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "orders/cancel.html", context, status=status)


@roles(*CARE)
@require_GET
def attachment(request: HttpRequest, number: str, key: uuid.UUID) -> HttpResponse:
    """A file of the order, to those who may see the order; none where its address is masked."""
    order = find_order(request, number)
    found = get_object_or_404(shown.files(order), key=key)
    log(request, order, "Bilaga", action=access_log.Action.DOWNLOAD)
    return attachments.download(found)
