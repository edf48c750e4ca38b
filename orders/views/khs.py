"""KHS's deeds on an order, from its page: picking, delivering, papers."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organisation import access_log
from organisation.permissions import KHS, UserRequest, roles
from recipients.case_views import band_of, log_case, press, tags_of
from sesam.documents import download
from sesam.errors import DomainError
from sesam.limits import gives_file

from .. import delivery_sheet, documents, services
from ..models import Order
from .cases import crumbs, find_order


def to_page(order: Order) -> HttpResponse:
    return redirect("orders:detail", order.case_number)


def khs_page(
    request: HttpRequest,
    template: str,
    order: Order,
    title: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """One of KHS's pages beneath an order's page."""
    log_case(request, order, title)
    page = reverse("orders:detail", args=[order.case_number])
    frame = {
        "order": order,
        "title": f"{order}: {title[0].lower()}{title[1:]}",
        "crumbs": [
            *crumbs(order, is_khs=True),
            {"label": str(order), "url": page},
            {"label": title},
        ],
        "tags": tags_of(order),
        "person": band_of(order),
        "back_url": page,
    }
    return render(request, template, {**frame, **context}, status=status)


@roles(KHS)
@require_POST
def pick(request: UserRequest, number: str) -> HttpResponse:
    """«Påbörja plock»."""
    order = find_order(request, number)
    return press(
        request,
        lambda: services.start_picking(order, user=request.user),
        done="Plockningen är påbörjad.",
        page=to_page(order),
    )


@roles(KHS)
@require_POST
def stop_picking(request: UserRequest, number: str) -> HttpResponse:
    """«Avbryt plock»: the order waits again, and can be cancelled."""
    order = find_order(request, number)
    return press(
        request,
        lambda: services.stop_picking(order, user=request.user),
        done="Plockningen är avbruten. Beställningen väntar igen.",
        page=to_page(order),
    )


# --- papers ---


@roles(KHS)
@require_safe
@gives_file
def pick_list(request: HttpRequest, number: str) -> HttpResponse:
    """«Plocklista» as PDF."""
    order = find_order(request, number)
    content = documents.pick_list(request, order)
    return _paper(request, order, "Plocklista", "plocklista", content)


@roles(KHS)
@require_safe
@gives_file
def delivery_note(request: HttpRequest, number: str, delivery: int | None = None) -> HttpResponse:
    """«Följesedel» as PDF, of what can go next or of a delivery."""
    order = find_order(request, number)
    content = documents.delivery_note(request, order, delivery)
    return _paper(request, order, "Följesedel", "foljesedel", content, delivery)


def _paper(
    request: HttpRequest,
    order: Order,
    kind: str,
    name: str,
    content: bytes | None,
    delivery: int | None = None,
) -> HttpResponse:
    if content is None:
        messages.error(request, f"{kind} kan inte skapas: det finns inget att leverera.")
        return to_page(order)
    log_case(request, order, kind, action=access_log.Action.DOWNLOAD)
    nth = f"-{delivery}" if delivery else ""
    return download(f"{name}-{order.case_number}{nth}.pdf", content)


# --- delivering ---


@roles(KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: UserRequest, number: str) -> HttpResponse:
    """«Leverera»: how many of each line, and which pieces."""
    order = find_order(request, number)
    if request.method == "POST":
        return _deliver(request, order)
    if order.has_ended or order.holds.filter(released_at=None).exists():
        messages.error(request, "Beställningen kan inte levereras som den är nu.")
        return to_page(order)
    return _deliver_page(request, order, delivery_sheet.sheet(order))


def _deliver(request: UserRequest, order: Order) -> HttpResponse:
    """Hands out what was typed. When something stays, the user must have been told how much goes
    («sagt»: what the button said); else the page asks, and nothing happens."""
    seen, said = request.POST.get("levererat", ""), request.POST.get("sagt", "")

    def is_done() -> bool:
        return bool(
            re.fullmatch(r"[0-9]{1,9} [0-9]{1,9}", f"{seen} {said}")
        ) and services.was_this_delivered(order, request.user, seen=int(seen), said=int(said))

    if is_done():  # before its rows are read: they may be gone, or want less
        return _delivered_already(request, order)
    found = delivery_sheet.sheet(order)
    picks = delivery_sheet.read(found, request.POST)
    asks = bool(picks and found.staying and said != str(found.going)) and not found.has_errors
    if found.has_errors or asks:
        if is_done():  # while they were read
            return _delivered_already(request, order)
        return _deliver_page(request, order, found, seen=seen, asks=asks, status=422)
    try:
        services.deliver(
            order,
            picks,
            user=request.user,
            seen_delivered=int(seen) if re.fullmatch(r"[0-9]{1,9}", seen) else -1,
        )
    except services.Overtaken as error:
        if error.by_same(request.user):
            return _delivered_already(request, order)
        order = find_order(request, order.case_number)
        found = delivery_sheet.sheet(order)
        delivery_sheet.read(found, request.POST)
        return _deliver_page(request, order, found, error=error.message, status=422)
    except DomainError as error:
        at = found.row_of(error.line)
        if at is not None:
            at.error = error.message
        note = "" if at else error.message
        return _deliver_page(request, order, found, error=note, seen=seen, status=422)
    messages.success(request, _handed_out(found))
    return to_page(order)


def _delivered_already(request: UserRequest, order: Order) -> HttpResponse:
    messages.info(request, "Utleveransen var redan registrerad. Inget mer skickades.")
    return to_page(order)


def _deliver_page(
    request: HttpRequest,
    order: Order,
    found: delivery_sheet.DeliverySheet,
    *,
    error: str = "",
    seen: str = "",
    asks: bool = False,
    status: int = 200,
) -> HttpResponse:
    """``seen`` is what had been handed out when the form was shown first: asked again, it is still
    that form."""
    context = {
        "sheet": found,
        "error": error,
        "has_errors": bool(error) or found.has_errors,
        "asks": asks,
        "seen_delivered": seen or services.delivered_so_far(order),
    }
    return khs_page(request, "orders/khs_deliver.html", order, "Leverera", context, status=status)


def _handed_out(found: delivery_sheet.DeliverySheet) -> str:
    """What was delivered, and what stays."""
    if not found.staying:
        return "Utleveransen är registrerad. Allt är utlämnat."
    rest = ", ".join(f"{row.stays} st {row.line.article.name}" for row in found.staying)
    return (
        f"Utleveransen är registrerad: {found.going} av {found.total} st är utlämnade."
        f" Kvar att leverera: {rest}."
    )
