"""KHS's workshop: taking, planning, handing back; and a technician's day."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from organisation import access_log
from organisation.permissions import KHS, UserRequest, roles
from sesam.errors import DomainError

from .. import khs, services
from ..models import Activity
from .cases import find_activity, no_store


def _to_page(activity: Activity) -> HttpResponse:
    return redirect("activities:detail", activity.case_number)


@roles(KHS)
@require_POST
def take(request: UserRequest, number: str) -> HttpResponse:
    """«Ta»: it is mine."""
    activity = find_activity(request, number)
    try:
        services.take(activity, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Aktivitet {activity.case_number} är din.")
    return _to_page(activity)


@roles(KHS)
@require_POST
def plan(request: UserRequest, number: str) -> HttpResponse:
    """«Planera»: the day, the time, and who."""
    activity = find_activity(request, number)
    who = request.POST.get("tekniker", "")
    technician = None
    if who.isascii() and who.isdigit() and len(who) < 10:
        technician = services.technicians().filter(pk=int(who)).first()
    try:
        services.plan(
            activity,
            user=request.user,
            day=dt.date.fromisoformat(request.POST.get("dag", "")),
            time=request.POST.get("tid", "").replace("\0", ""),
            technician=technician,
            bring=request.POST.get("ta_med", "").replace("\0", ""),
        )
    except ValueError:
        messages.error(request, "Ange dagen som år-månad-dag, till exempel 2026-12-01.")
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Aktiviteten är planerad.")
    return _to_page(activity)


@roles(KHS)
@require_POST
def hand_back(request: UserRequest, number: str) -> HttpResponse:
    """«Lämna tillbaka» to the queue."""
    activity = find_activity(request, number)
    try:
        services.hand_back(
            activity, user=request.user, why=request.POST.get("varfor", "").replace("\0", "")[:200]
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Aktiviteten är tillbaka i kön.")
    return _to_page(activity)


@roles(KHS)
@no_store
@require_GET
def my_day(request: UserRequest) -> HttpResponse:
    """A technician's day: what is planned, in order of place, with what to bring."""
    day = _day(request.GET.get("dag", ""))
    stops = khs.day_of(request.user, day)
    shown = [stop.activity for stop in stops]
    cases = ((one.recipient.key, one.case_number) for one in shown if one.recipient)
    access_log.look_at_cases(request, cases, "Min dag")
    context = {
        "day": day,
        "stops": stops,
        "taken": khs.without_a_day(request.user),
        "before": (day - dt.timedelta(days=1)).isoformat(),
        "after": (day + dt.timedelta(days=1)).isoformat(),
        "is_today": day == timezone.localdate(),
    }
    return render(request, "activities/my_day.html", context)


def _day(asked: str) -> dt.date:
    today = timezone.localdate()
    try:
        day = dt.date.fromisoformat(asked)
    except ValueError:
        return today
    return day if abs((day - today).days) < 400 else today
