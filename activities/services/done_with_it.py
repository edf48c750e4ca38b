"""Maintenance that was done with other work, as when a repair includes the inspection: the next time is
counted from there, and the activity that its schedule made is no longer needed."""

from __future__ import annotations

from collections.abc import Collection

from django.utils import timezone

from individuals.models import Individual
from organisation.models import User
from recipients.cases import EventKind, set_status, tell

from ..maintenance import dates
from ..maintenance.rules import GONE
from ..models import Activity, ActivityStatus, MaintenanceSchedule

#: A piece, and a ``MaintenanceKind``: the schedule itself may be the night's to make still.
Done = tuple[int, str]


def may_be_done(activity: Activity) -> list[MaintenanceSchedule]:
    """What may be done with it: the schedules of its aids, but the one that it is of. Nothing is written."""
    pieces = Individual.objects.filter(activity_lines__activity=activity).exclude(status__in=GONE)
    found: list[MaintenanceSchedule] = []
    for piece in pieces.order_by("number").distinct():
        found += [x for x in dates.of_piece(piece) if not x.is_exempt]
    return [x for x in found if x.pk is None or x.pk != activity.maintenance_id]


def made_for(done: Collection[Done], *, but: Activity) -> list[Activity]:
    """The open activities of these schedules, to be locked with it."""
    pieces, kinds = {piece for piece, _ in done}, {kind for _, kind in done}
    found = Activity.objects.still_open().exclude(pk=but.pk).select_related("maintenance")
    rows = found.filter(maintenance__individual__in=pieces, maintenance__kind__in=kinds)
    return [
        x
        for x in rows
        if x.maintenance and (x.maintenance.individual_id, x.maintenance.kind) in done
    ]


def count_from_today(done: Collection[Done]) -> None:
    """It was done today. Needs the pieces locked."""
    pieces = sorted({piece for piece, _ in done})
    dates.reschedule(pieces)  # what the night would have made first
    for schedule in MaintenanceSchedule.objects.filter(individual__in=pieces).order_by("pk"):
        if (schedule.individual_id, schedule.kind) in done:
            dates.maintained(schedule.pk, timezone.localdate())


def no_longer_needed(other: Activity, by: Activity, *, user: User) -> bool:
    """The activity of a schedule, locked, ends unless somebody has begun it; whether it did. The caller
    does what every end brings."""
    what = f"Underhållet gjordes på aktivitet {by.case_number}"
    if other.status != ActivityStatus.REGISTERED or other.reports.exists():
        tell(other, user, EventKind.CHANGED, f"{what}. Avsluta den här om inget mer ska göras")
        return False
    set_status(other, ActivityStatus.CANCELLED)
    other.cancelled_at = timezone.now()
    other.save(update_fields=["status", "cancelled_at"])
    tell(other, user, EventKind.CANCELLED, f"Aktiviteten makulerades: {what[0].lower()}{what[1:]}")
    return True
