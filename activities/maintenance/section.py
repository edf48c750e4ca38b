"""A marked piece's maintenance, as its tab «Individinformation» shows it: nothing of whom it is at."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from individuals.models import Individual
from organisation.permissions import KHS, has_role
from sesam.templatetags.sesam import datum, late_html

from ..models import Activity, MaintenanceSchedule
from . import dates

#: Fixed to a wall, the floor or the ceiling: hoists, of which it is told also that there is no schedule.
CEILING_HOISTS = "123612"


@dataclass(frozen=True)
class ScheduleRow:
    """A schedule; ``number`` is its open activity, with a link for those who may open it."""

    schedule: MaintenanceSchedule
    performer: str
    number: str = ""
    url: str = ""
    change_url: str = ""

    @property
    def due(self) -> str | SafeString:
        """The day; amber once it has passed."""
        day = datum(self.schedule.due_on)
        return late_html(day) if self.schedule.is_late else day


@dataclass(frozen=True)
class Maintenance:
    """The piece's schedules; and where KHS gives it one of its own."""

    rows: list[ScheduleRow]
    add_url: str = ""


def section(request: HttpRequest, piece: Individual) -> Maintenance | None:
    """None where nothing is planned, but for hoists and for KHS."""
    schedules = dates.of_piece(piece)
    is_khs = has_role(request.user, KHS)
    if not schedules and not is_khs and not piece.article.iso_code.startswith(CEILING_HOISTS):
        return None
    found = Activity.objects.still_open().filter(
        maintenance__in=[schedule.pk for schedule in schedules if schedule.pk]
    )
    going = {one.maintenance_id: one for one in found.select_related(*Activity.LOADED)}
    numbers = [one.case_number for one in going.values()]
    own = Activity.objects.openable(request.user, numbers) if numbers else set()
    rows = []
    for schedule in schedules:
        activity = going.get(schedule.pk)
        number = activity.case_number if activity else ""
        rows.append(
            ScheduleRow(
                schedule,
                activity.performer
                if activity
                else schedule.plan.performer
                if schedule.plan
                else "KHS",
                number,
                reverse("activities:detail", args=[number]) if number in own else "",
                reverse("admin:activities_maintenanceschedule_change", args=[schedule.pk])
                if is_khs and schedule.pk
                else "",
            )
        )
    add = reverse("admin:activities_maintenanceschedule_add")
    return Maintenance(rows, f"{add}?individ={piece.number}" if is_khs else "")
