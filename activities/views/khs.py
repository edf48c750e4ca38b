"""KHS's workshop: taking, planning, handing back; and a technician's day."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organisation import access_log
from organisation.permissions import KHS, UserRequest, roles
from recipients.case_views import press
from sesam.errors import DomainError
from sesam.seen import Overtaken

from .. import khs, services
from ..forms import PlanForm
from ..models import Activity
from .cases import activity_page, find_activity, no_store


def _to_page(activity: Activity) -> HttpResponse:
    return redirect("activities:detail", activity.case_number)


@roles(KHS)
@require_POST
def take(request: UserRequest, number: str) -> HttpResponse:
    """«Ta»: it is mine."""
    activity = find_activity(request, number)
    return press(
        request,
        lambda: services.take(activity, user=request.user),
        done=f"Aktivitet {activity.case_number} är din.",
        page=_to_page(activity),
    )


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: UserRequest, number: str) -> HttpResponse:
    """«Planera»: the day, the time, and who. What is wrong is told at its field."""
    activity = find_activity(request, number)
    if request.method != "POST":  # the address of an answer that was told of a fault
        return _to_page(activity)
    form = PlanForm(request.POST, activity=activity)
    if not form.is_valid():
        return activity_page(request, activity, plan=form, status=422)
    seen, said = form.take_seen(), form.cleaned_data
    try:
        services.plan(
            activity,
            user=request.user,
            day=said["dag"],
            time=said["tid"],
            technician=said.get("tekniker"),
            bring=said["ta_med"],
            seen=seen,
        )
    except Overtaken:
        activity = find_activity(request, number)
        form.tell_overtaken(activity)
        return activity_page(request, activity, plan=form, status=409)
    except DomainError as error:
        field = PlanForm.FIELDS.get(error.field or "")
        if field not in form.fields:  # it has changed meanwhile: the page says how it stands
            messages.error(request, error.message)
            return _to_page(activity)
        form.add_error(field, error.message)
        return activity_page(request, activity, plan=form, status=422)
    messages.success(request, "Aktiviteten är planerad.")
    return _to_page(activity)


@roles(KHS)
@require_POST
def hand_back(request: UserRequest, number: str) -> HttpResponse:
    """«Lämna tillbaka» to the queue."""
    activity = find_activity(request, number)
    why = request.POST.get("varfor", "").replace("\0", "")[:200]
    seen = PlanForm.seen_in(request.POST)
    return press(
        request,
        lambda: services.hand_back(activity, user=request.user, why=why, seen=seen),
        done="Aktiviteten är tillbaka i kön.",
        page=_to_page(activity),
    )


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
