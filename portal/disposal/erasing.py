"""The month's list, its approval, and the job that makes each on it nobody."""

from __future__ import annotations

import datetime as dt
from itertools import islice

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils import timezone

from organisation import access_log
from organisation.models import User
from recipients.models import NOTHING_KNOWN, DialogFile, PayerMove, Recipient
from sesam import awaited, history
from sesam.errors import DomainError
from sesam.models import DialogState

from ..models import DisposalList, DisposalRow, Outcome
from . import held, retention
from .held import HELD, Goes, Held, Person, person_of

MOST = 500  # on a list: it is read before it is approved
KIND_OF_UNSENT = "unsent"  # what ended sessions posted (sesam.unsent)


# --- the list -----------------------------------------------------------------------------------


def make_list(today: dt.date | None = None) -> int:
    """This month's list, unless it is there; how many are on it. Two at once make one."""
    today = today or timezone.localdate()
    month = today.replace(day=1)
    if DisposalList.objects.filter(month=month).exists():
        return 0
    found = list(islice(retention.due(today), MOST))
    with transaction.atomic():
        made, is_new = DisposalList.objects.get_or_create(month=month)
        if not is_new:
            return 0
        rows = [
            DisposalRow(of=made, recipient=person.recipient, last_on=last) for person, last in found
        ]
        return len(DisposalRow.objects.bulk_create(rows, ignore_conflicts=True))


# --- what KHS decides ---------------------------------------------------------------------------


@transaction.atomic
def make_exception(row: DisposalRow, *, user: User, why: str) -> None:
    """This one stays, for a year, and why. Raises ``DomainError``."""
    the_list = _locked(row.of_id)
    if the_list.approved_at:
        raise DomainError("Listan är redan godkänd.")
    waiting = DisposalRow.objects.filter(pk=row.pk, outcome=Outcome.WAITS)
    waiting.update(outcome=Outcome.EXCEPTED, why=why, by=user, at=timezone.now())


@transaction.atomic
def take_back_exception(row: DisposalRow) -> None:
    """On the list again. Raises ``DomainError``."""
    the_list = _locked(row.of_id)
    if the_list.approved_at:
        raise DomainError("Listan är redan godkänd.")
    excepted = DisposalRow.objects.filter(pk=row.pk, outcome=Outcome.EXCEPTED)
    elsewhere = DisposalRow.objects.filter(recipient=row.recipient_id, outcome=Outcome.WAITS)
    if elsewhere.exists():
        raise DomainError("Mottagaren står på en senare lista.")
    excepted.update(outcome=Outcome.WAITS, why="", by=None, at=None)


@transaction.atomic
def approve(the_list: DisposalList, *, user: User, reference: str, decided_on: dt.date) -> bool:
    """Approve the list by the authority's decision; whether it was just now. The caller puts the job
    off. Raises ``DomainError``."""
    found = _locked(the_list.pk)
    if found.approved_at:
        return False
    if not found.rows.filter(outcome=Outcome.WAITS).exists():
        raise DomainError("Det finns ingen på listan att avidentifiera.")
    found.reference, found.decided_on = reference, decided_on
    found.approved_by, found.approved_at = user, timezone.now()
    awaited.begin(found, "reference", "decided_on", "approved_by", "approved_at")
    return True


def _locked(pk: int) -> DisposalList:
    return DisposalList.objects.select_for_update(of=("self",)).get(pk=pk)


# --- the job ------------------------------------------------------------------------------------


def perform(work: awaited.Work[DisposalList]) -> None:
    """Each who waits on an approved list, one at a time. Begun again it goes on where it was."""
    the_list = work.record
    if not the_list.approved_at:
        raise DomainError("Listan är inte godkänd.")
    waiting = list(the_list.rows.filter(outcome=Outcome.WAITS).values_list("pk", flat=True))
    for done, pk in enumerate(waiting):
        dispose(pk)
        work.progress(1 + 98 * (done + 1) // len(waiting))
    the_list.finished_at = timezone.now()
    _log_run(the_list)
    work.finish("finished_at")


def _log_run(the_list: DisposalList) -> None:
    """That it was done, also where nobody went."""
    came = the_list.rows.aggregate(
        erased=Count("pk", filter=Q(outcome=Outcome.ERASED)),
        stayed=Count("pk", filter=Q(outcome__in=[Outcome.KEPT, Outcome.EXCEPTED])),
    )
    access_log.record(
        None,
        access_log.Action.CHANGE,
        detail=f"Gallring {the_list.month:%Y-%m} enligt beslut {the_list.reference}:"
        f" {came['erased']} avidentifierade, {came['stayed']} kvar",
    )


@transaction.atomic
def dispose(row_id: int) -> Outcome:
    """Make the one on the row nobody, if nothing keeps them now; what came of it.

    The recipient is locked first and wholly, as everybody does who makes something of theirs: what
    was begun before is seen here, what comes after finds nobody.
    """
    asked = DisposalRow.objects.select_related("of").get(pk=row_id)
    recipient = Recipient.objects.select_for_update().get(pk=asked.recipient_id)
    row = DisposalRow.objects.select_for_update(of=("self",)).get(pk=row_id)
    if row.outcome:
        return Outcome(row.outcome)
    person = person_of(recipient)
    row.why = retention.hindrance(person, timezone.localdate())
    row.outcome = Outcome.KEPT if row.why else Outcome.ERASED
    row.by_id, row.at = asked.of.approved_by_id, timezone.now()
    row.save(update_fields=["outcome", "why", "by", "at"])
    if row.outcome == Outcome.ERASED:
        _forget(person, but=row)
        decision = f"{asked.of.reference}, {asked.of.decided_on:%Y-%m-%d}"
        access_log.record(
            None, access_log.Action.CHANGE, person.key,
            detail=f"Avidentifierad enligt gallringsbeslut {decision}",
        )  # fmt: skip
    return Outcome(row.outcome)


def _forget(person: Person, *, but: DisposalRow) -> None:
    """All that tells who it was, wherever it stands. ``but`` says why not, of others."""
    _forget_loose(person)
    files: list[str] = []
    for one in HELD[1:]:
        rows = one.rows(person)
        if one.goes == Goes.REMOVED:
            files += _files(one, rows)
            rows.delete()
        elif one.forgets:
            rows.update(**one.forgets)
    Recipient.objects.filter(pk=person.recipient.pk).update(
        kind=Recipient.Kind.ANONYMISED, **NOTHING_KNOWN
    )
    # That they have no payer any longer is no move: the database has just added one.
    PayerMove.objects.filter(recipient=person.recipient).delete()
    history.forget(person.recipient)
    _remove_files(files)


def _forget_loose(person: Person) -> None:
    """What lies about for a day: chosen files, papers, what ended sessions posted."""
    files = []
    chosen = held.dialog_files(person)
    files += [str(file.file) for file in chosen]
    DialogFile.objects.filter(pk__in=[file.pk for file in chosen]).delete()
    papers = held.printouts(person)
    files += [str(paper.file) for paper in papers if paper.file]
    papers.delete()
    recipient = person.recipient
    telling = [str(person.key), recipient.number, f"{recipient.number[:8]}-{recipient.number[8:]}"]
    telling += [word for word in (recipient.family_name, recipient.street) if word]
    for state in DialogState.objects.filter(kind=KIND_OF_UNSENT):
        said = f"{state.facts} {state.typed}"
        if any(word in said for word in [*telling, *person.cases]):
            state.delete()
    _remove_files(files)


def _files(one: Held, rows: models.QuerySet[models.Model]) -> list[str]:
    if not any(isinstance(field, models.FileField) for field in one.model._meta.fields):
        return []
    return [str(name) for name in rows.values_list("file", flat=True) if name]


def _remove_files(names: list[str]) -> None:
    """When it is certain that their rows have gone."""

    def remove() -> None:
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(remove)
