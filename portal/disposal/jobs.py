"""What the worker does: the archive somebody ordered, the month's list, and an approved one."""

from __future__ import annotations

from django.core.files.base import File
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from organisation import access_log
from organisation.models import User
from recipients.models import Recipient
from sesam import awaited, jobs, printouts
from sesam.models import Printout

from ..access_log_page import code_of
from ..models import DisposalList
from . import archive, erasing

FAILED = "Gallringen avbröts av ett fel. Fortsätt: de som redan är avidentifierade görs inte om."


def order_archive(recipient: Recipient, *, user: User) -> Printout:
    """Order all that is kept about a person; to be fetched for a day, by ``user`` alone."""
    access_log.record(
        user, access_log.Action.DOWNLOAD, recipient.key, detail="Registerutdrag: allt som är sparat"
    )
    return printouts.order(
        make_archive,
        owner=user,
        title="Registerutdrag",
        name=f"registerutdrag-{code_of(recipient.key)}-{timezone.localdate()}.zip",
        back_url=reverse("archive"),
        key=str(recipient.key),
    )


@jobs.task(name="portal.make_archive", called="registerutdrag")
def make_archive(printout_id: int, key: str) -> None:
    with printouts.making(printout_id) as work:
        recipient = Recipient.objects.select_related("payer").get(key=key)
        with archive.write(recipient, work.progress) as file:
            work.save_file(File(file))


@jobs.hourly
def list_due_for_disposal() -> int:
    """Once a month: whose retention has ended."""
    return erasing.make_list()


def order_disposal(the_list: DisposalList) -> None:
    """Begin, or go on, with what is approved, unless a job is at it."""
    with transaction.atomic():
        found = DisposalList.objects.select_for_update(of=("self",)).get(pk=the_list.pk)
        if found.approved_at and not found.finished_at and not awaited.waits(found):
            awaited.begin(found)
            dispose.defer(list_id=found.pk)


@jobs.task(name="portal.dispose", called="gallring")
def dispose(list_id: int) -> None:
    work = awaited.Work(DisposalList.objects.select_related("approved_by").get(pk=list_id))
    if work.record.approved_by is None or work.record.finished_at:
        return
    with awaited.working(work, owner=work.record.approved_by, failed=FAILED):
        erasing.perform(work)
