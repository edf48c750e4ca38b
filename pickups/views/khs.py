"""KHS's deeds on a pickup order, from its page: planning, receiving, making ready."""

from __future__ import annotations

import datetime as dt
import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from activities.views.cases import find_activity
from individuals import arrivals
from individuals.models import BlockReason
from organisation.permissions import KHS, UserRequest, roles
from recipients.case_views import band_of, log_case, tags_of
from sesam import dialogs
from sesam.errors import DomainError

from .. import khs, services
from ..models import PickupOrder, PickupReceipt, ReceivedState
from ..services.receiving import receipts_so_far
from ..slots import why_put_aside
from .cases import crumbs, find_pickup, no_store


def to_page(pickup: PickupOrder) -> HttpResponse:
    return redirect("pickups:detail", pickup.case_number)


@roles(KHS)
@require_POST
def plan(request: UserRequest, number: str) -> HttpResponse:
    """«Planera»: the day it is fetched."""
    pickup = find_pickup(request, number)
    try:
        day = dt.date.fromisoformat(request.POST.get("dag", ""))
        services.plan(pickup, user=request.user, day=day)
    except ValueError:
        messages.error(request, "Ange dagen som år-månad-dag, till exempel 2026-12-01.")
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Hämtningen är planerad.")
    return to_page(pickup)


@roles(KHS)
@require_POST
def ready(request: UserRequest, number: str, receipt: int) -> HttpResponse:
    """«Klar»: cleaned or repaired, fit to be handed out."""
    pickup = find_pickup(request, number)
    found = get_object_or_404(PickupReceipt, pk=receipt, line__pickup=pickup)
    services.make_available(found, user=request.user)
    messages.success(request, "Hjälpmedlet kan lämnas ut igen.")
    return to_page(pickup)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def fetch(request: UserRequest, number: str) -> HttpResponse:
    """«Ta emot»: what an activity fetched is received as everything is."""
    activity = find_activity(request, number)
    page = reverse("activities:detail", args=[activity.case_number])
    error = services.why_not_fetch(activity)
    if request.method == "POST":
        try:
            made = services.fetch(activity, user=request.user)
        except DomainError as fault:
            error = fault.message
        else:
            return dialogs.leave(request, reverse("pickups:receive", args=[made.case_number]))
    log_case(request, activity, "Ta emot")
    dialog = {
        "title": "Ta emot det som hämtades",
        "cancel_url": page,
        "finish": "" if error else "Ta emot",
        "error": error,
    }
    status = 409 if request.method == "POST" else 200
    context = {"dialog": dialog, "activity": activity}
    return render(request, "pickups/fetch.html", context, status=status)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: UserRequest, number: str) -> HttpResponse:
    """«Ta emot»: the state of each line, and what else came."""
    pickup = find_pickup(request, number)
    if request.method == "POST":
        return _receive(request, pickup)
    if pickup.has_ended:
        messages.error(request, "Det finns inget kvar att ta emot på hämtordern.")
        return to_page(pickup)
    return _receive_page(request, pickup, khs.sheet(pickup))


def _receive(request: UserRequest, pickup: PickupOrder) -> HttpResponse:
    typed = request.POST.get("mottaget", "")
    seen = int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else -1

    def is_done() -> bool:
        return khs.is_received_so(pickup, request.POST, seen, request.user)

    if is_done():
        return _received_already(request, pickup)
    page = khs.sheet(pickup)
    got, extras = khs.read(page, request.POST)
    if page.has_errors:
        if is_done():  # while this one was read
            return _received_already(request, pickup)
        return _receive_page(request, pickup, page, status=422)
    try:
        services.receive(
            pickup,
            got,
            user=request.user,
            extras=extras,
            finish=page.finish,
            seen=seen,
        )
    except DomainError as error:
        if is_done():  # while this one waited
            return _received_already(request, pickup)
        fresh = khs.sheet(pickup)
        khs.read(fresh, request.POST)
        khs.place_fault(fresh, error)
        return _receive_page(request, pickup, fresh, status=422)
    messages.success(request, "Mottagningen är registrerad.")
    came = pickup.lines.filter(individual__isnull=False, receipts__isnull=False)
    said = (BlockReason.Code.CLEANING, BlockReason.Code.REPAIR)
    for text in arrivals.why_not_available(came.values_list("individual", flat=True), but=said):
        messages.warning(request, text)
    gone = (ReceivedState.SCRAPPED, ReceivedState.MISSING)
    kept = PickupReceipt.objects.filter(line__pickup=pickup, line__individual=None)
    counted = kept.exclude(state__in=gone).exclude(line__loan=None)
    for text in why_put_aside(list(counted.values_list("line__loan", flat=True))):
        messages.warning(request, text)
    return to_page(pickup)


def _received_already(request: HttpRequest, pickup: PickupOrder) -> HttpResponse:
    messages.info(request, "Mottagningen var redan registrerad. Inget mer togs emot.")
    return to_page(pickup)


def _receive_page(
    request: HttpRequest, pickup: PickupOrder, page: khs.ReceivingSheet, *, status: int = 200
) -> HttpResponse:
    log_case(request, pickup, "Ta emot")
    where = reverse("pickups:detail", args=[pickup.case_number])
    states = [s for s in ReceivedState.choices if s[0] != ReceivedState.MISSING]
    context = {
        "pickup": pickup,
        "title": f"{pickup}: ta emot",
        "crumbs": [
            *crumbs(pickup, is_khs=True),
            {"label": str(pickup), "url": where},
            {"label": "Ta emot"},
        ],
        "tags": tags_of(pickup),
        "person": band_of(pickup),
        "back_url": where,
        "sheet": page,
        "error": page.error,
        "has_errors": page.has_errors,
        "states": ReceivedState.choices,
        "came_states": states,
        "seen": receipts_so_far(pickup),
    }
    return render(request, "pickups/khs_receive.html", context, status=status)
