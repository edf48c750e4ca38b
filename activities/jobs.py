"""What activities clear away, and what the night does: the maintenance that falls due."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from organisation.models import Payer, User
from recipients.cases import forget_typed
from sesam import jobs, printouts, replica, sheets
from sesam.models import Printout

from .maintenance import listing, night
from .models import Activity


@app.periodic(cron="10 2 * * *")  # UTC
@jobs.task(
    name="activities.maintain", called="förebyggande underhåll", queueing_lock="activities.maintain"
)
def maintain(timestamp: int = 0) -> None:
    """Every night, and when KHS has changed a plan."""
    night.run()


def order_sheet(*, user: User, payer: Payer | None, state: str, back_url: str) -> Printout:
    """Order «Förebyggande underhåll» as a sheet: a region's takes longer than a page may."""
    whose = f"-{payer.code}" if payer else ""
    which = f"-{state}" if state else ""
    return printouts.order(
        maintenance_sheet,
        owner=user,
        title=f"Förebyggande underhåll{f', {payer}' if payer else ''} som Excel",
        name=f"underhall{whose}{which}-{timezone.localdate():%Y-%m-%d}.xlsx",
        back_url=back_url,
        payer_id=payer.pk if payer else None,
        state=state,
    )


@jobs.task(name="activities.maintenance_sheet", called="förebyggande underhåll som Excel")
def maintenance_sheet(printout_id: int, payer_id: int | None, state: str) -> None:
    with printouts.making(printout_id) as work:

        def told() -> Iterator[list[Any]]:
            for n, (count, cells) in enumerate(listing.sheet_rows(payer_id, state)):
                if n % listing.AT_A_TIME == 0:
                    work.progress(90 * n // count)
                yield cells

        work.save(
            replica.read(lambda: sheets.write("Förebyggande underhåll", listing.HEADS, told()))
        )


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended cases of somebody who became protected later."""
    return forget_typed(Activity.objects.all())
