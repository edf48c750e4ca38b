"""What deviations clear away; and a recall's list, which its page waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from procrastinate.contrib.django import app

from organisation.models import User
from recipients.cases import forget_typed
from sesam import awaited, jobs, printouts, replica, sheets
from sesam.models import Printout

from .models import Deviation, Recall, RecallDeed
from .recalls import acting, finding, letters, sheet, telling

FAILED = "Sökningen avbröts av ett fel. Sök igen: det som redan är hittat och spärrat står kvar."
DEED_FAILED = "Åtgärden avbröts av ett fel. Fortsätt: det som redan är gjort görs inte om."


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


@jobs.task(name="deviations.recall_deed", called="åtgärder för det som återkallas")
def carry_out(deed_id: int) -> None:
    """Cases, messages and letters of a recall's chosen pieces."""
    deeds = RecallDeed.objects.select_related("ordered_by", "recall", "type", "priority")
    work = awaited.Work(deeds.get(pk=deed_id))
    with awaited.working(work, owner=work.record.ordered_by, failed=DEED_FAILED):
        acting.carry_out(work)


def order_letters(deed: RecallDeed) -> Printout:
    """Order the deed's letters as one document."""
    number = deed.recall.case_number
    return printouts.order(
        recall_letters,
        owner=deed.ordered_by,
        title=f"{letters.TITLE} {number}",
        name=f"aterkallelse-{number}-brev.pdf",
        back_url=reverse("deviations:recall", args=[number]),
        deed_id=deed.pk,
    )


@jobs.task(name="deviations.recall_letters", called="brev om återkallelse")
def recall_letters(printout_id: int, deed_id: int) -> None:
    with printouts.making(printout_id) as work:
        deed = RecallDeed.objects.select_related("ordered_by", "recall").get(pk=deed_id)
        letters.print_for(deed, work)


def order_sheet(recall: Recall, *, user: User) -> Printout:
    """Order the recall's list as a sheet."""
    number = recall.case_number
    return printouts.order(
        recall_sheet,
        owner=user,
        title=f"Återkallelse {number} som Excel",
        name=f"aterkallelse-{number}.xlsx",
        back_url=reverse("deviations:recall", args=[number]),
        recall_id=recall.pk,
    )


@jobs.task(name="deviations.recall_sheet", called="återkallelse som Excel")
def recall_sheet(printout_id: int, recall_id: int) -> None:
    with printouts.making(printout_id) as work:
        recall = Recall.objects.get(pk=recall_id)

        def told() -> Iterator[list[Any]]:
            for n, (count, cells) in enumerate(sheet.rows(recall)):
                if n % sheet.AT_A_TIME == 0:
                    work.progress(90 * n // count)
                yield cells

        title = f"Återkallelse {recall.case_number}"
        work.save(replica.read(lambda: sheets.write(title, sheet.HEADS, told())))


@app.periodic(cron="20 5 * * *")  # UTC
@jobs.task(
    name="deviations.remind_silent",
    called="påminnelser om återkallelser",
    queueing_lock="deviations.remind_silent",
)
def remind_silent(timestamp: int = 0) -> None:
    """Every day: units that haven't answered about a recall for a while are reminded."""
    telling.remind_silent()
