"""Plans of preventive maintenance, and what the night makes of them: done in time, due, overdue."""

import datetime as dt

from django.db.models import F
from django.utils import timezone

from activities.maintenance import dates, night
from activities.maintenance.rules import months_after
from activities.models import (
    Activity,
    MaintenanceKind,
    MaintenancePlan,
    MaintenanceSchedule,
    ServiceSupplier,
)

from .stock import HOISTS

ELECTRIC = "1223"  # wheelchairs
LATE, SOON = 17, 13  # of so many pieces one is overdue, one falls due
Kind, DoneBy = MaintenanceKind, MaintenancePlan.DoneBy


def load() -> int:
    """How many activities the schedules made."""
    old = timezone.localdate() - dt.timedelta(days=900)
    guldmann = ServiceSupplier.objects.filter(iso_codes__contains=HOISTS).first()
    for code, kind, months, facts in (
        (HOISTS, Kind.INSPECTION, 12, {"done_by": DoneBy.SUPPLIER, "supplier": guldmann,
                                       "blocks": True}),
        (ELECTRIC, Kind.SERVICE, 12, {}),
        (ELECTRIC, Kind.BATTERY, 24, {"counts_from": MaintenancePlan.CountsFrom.DELIVERY}),
        ("1812", Kind.INSPECTION, 24, {"done_by": DoneBy.STORE}),
    ):  # fmt: skip
        MaintenancePlan.objects.create(
            iso_class_id=code, kind=kind, months=months, starts_on=old, **facts
        )
    dates.reschedule()
    _done_before()
    dates.reschedule()
    night.run()
    return Activity.objects.filter(maintenance__isnull=False).count()


def _done_before() -> None:
    """Every piece was looked after when it was time, but a few; the first is held back where it
    stands."""
    today = timezone.localdate()
    rows = list(
        MaintenanceSchedule.objects.select_related("plan").order_by(
            "-plan__blocks", F("individual__warehouse").asc(nulls_last=True), "pk"
        )
    )
    for turn, row in enumerate(rows):
        months = row.months or 12
        if turn % LATE == 0:
            due = today - dt.timedelta(days=3 + turn // 10)
        elif turn % SOON == 0:
            due = today + dt.timedelta(days=turn % 30)
        else:
            due = today + dt.timedelta(days=40 + turn * 7 % (months * 30 - 60))
        row.last_on = months_after(due, -months)
    MaintenanceSchedule.objects.bulk_update(rows, ["last_on"], batch_size=2000)
