"""«Återrapportera/avsluta aktivitet»: what was done, time and material, in a dialog."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from organisation.permissions import CARE, UserRequest, roles
from recipients.case_views import log_case
from sesam import dialogs
from sesam.errors import DomainError

from .. import material, services
from ..forms import ReportForm
from ..models import Activity, ActivityType, MaintenanceSchedule, WorkReport
from .cases import find_activity, no_store


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: UserRequest, number: str) -> HttpResponse:
    """The form, and «Spara ändringar»."""
    activity = find_activity(request, number)
    token = _token(request)
    if request.method == "POST" and _was_sent(activity, token):
        return _done(request, activity, closed="close" in request.POST)
    hindrance = services.why_not_report(activity, request.user)
    if hindrance:
        status = 409 if request.method == "POST" else 200
        return _report_page(request, activity, ReportForm(), material.rows(), token,
                            error=hindrance, barred=True, status=status)  # fmt: skip
    schedules = services.may_be_done(activity)
    if request.method != "POST":
        empty = ReportForm(schedules=schedules, ticked=_meant(activity, schedules))
        return _report_page(request, activity, empty, material.rows(), token)
    form, rows = ReportForm(request.POST, schedules=schedules), material.rows(request.POST)
    if not form.is_valid() or any(row.error for row in rows):
        return _report_page(request, activity, form, rows, token, status=422)
    said = form.cleaned_data
    try:
        services.report(
            activity,
            user=request.user,
            token=token,
            text=said["text"],
            minutes=said["minutes"] or 0,
            material=material.used(rows),
            close=said["close"],
            done=form.done_with_it(),
        )
    except DomainError as fault:
        error = ""
        if fault.field in form.fields:
            form.add_error(fault.field, fault.message)
        elif not material.place_fault(rows, fault):
            error = fault.message
        return _report_page(request, activity, form, rows, token, error=error, status=422)
    return _done(request, activity, closed=said["close"])


def _meant(activity: Activity, schedules: list[MaintenanceSchedule]) -> list[MaintenanceSchedule]:
    """What preventive maintenance without a schedule of its own is most likely: what is due first of
    each aid."""
    if activity.type.code != ActivityType.Code.MAINTENANCE or activity.maintenance_id is not None:
        return []
    first: dict[int, MaintenanceSchedule] = {}
    for one in sorted(schedules, key=lambda x: x.due_on or dt.date.max):
        first.setdefault(one.individual_id, one)
    return list(first.values())


def _token(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid.uuid4()


def _was_sent(activity: Activity, token: uuid.UUID) -> bool:
    return WorkReport.objects.filter(activity=activity, token=token).exists()


def _done(request: HttpRequest, activity: Activity, *, closed: bool) -> HttpResponse:
    done = "avslutad" if closed else "återrapporterad"
    messages.success(request, f"Aktivitet {activity.case_number} är {done}.")
    return dialogs.leave(request, reverse("activities:detail", args=[activity.case_number]))


def _report_page(
    request: UserRequest,
    activity: Activity,
    form: ReportForm,
    rows: list[material.MaterialRow],
    token: uuid.UUID,
    *,
    error: str = "",
    barred: bool = False,
    status: int = 200,
) -> HttpResponse:
    log_case(request, activity, "Återrapportera aktivitet")
    dialog = {
        "title": "Återrapportera/avsluta aktivitet",
        "cancel_url": reverse("activities:detail", args=[activity.case_number]),
        "finish": "" if barred else "Spara ändringar",
        "error": error,
    }
    context = {
        "dialog": dialog,
        "activity": activity,
        "form": form,
        "rows": rows,
        "token": token,
        "barred": barred,
    }
    return render(request, "activities/report.html", context, status=status)
