"""What deviations clear away; and a recall's list, which its page waits for."""

from __future__ import annotations

from procrastinate.contrib.django import app

from recipients.cases import forget_typed
from sesam import awaited, jobs

from .models import Deviation, Recall
from .recalls import finding

FAILED = "Sökningen avbröts av ett fel. Sök igen: det som redan är hittat och spärrat står kvar."


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended deviations about somebody who became protected later."""
    return forget_typed(Deviation.objects.all())


@jobs.task(name="deviations.find_affected", called="sökning efter det som återkallas")
def find_affected(recall_id: int) -> None:
    """The list of what a recall is about."""
    work = awaited.Work(Recall.objects.select_related("ordered_by").get(pk=recall_id))
    with awaited.working(work, owner=work.record.ordered_by, failed=FAILED):
        finding.find(work)


@app.periodic(cron="* * * * *")
@jobs.task(
    name="deviations.take_up_caught",
    called="återkallat som har kommit in",
    queueing_lock="deviations.take_up_caught",
)
def take_up_caught(timestamp: int = 0) -> None:
    """What a recall has caught since is on its list within a minute."""
    finding.take_up()
