"""What KHS does with a deviation: received, investigated, closed with an answer; and taken back by
who reported it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from individuals.holding import HeldPieces
from individuals.models import BlockReason
from organisation import messages
from organisation.models import MessageKind, User
from recipients.cases import EventKind, forget_at_end, last_event, lock_case, set_status, tell
from sesam.errors import DomainError

from ..models import (
    MUST_ANSWER,
    Deviation,
    DeviationReport,
    DeviationStatus,
    ReportedTo,
)
from ..models.deviations import blocks_of
from ..models.reports import NUMBERED
from .holding import hold_all, lock_with_promised
from .registering import due

FOUND = [
    "status", "handler", "cause", "measure", "answer", "could_be_grave", "findings_typed_safely",
]  # fmt: skip


class Unanswered(DomainError):
    """It can't be closed before something is answered; ``field`` names the first of it."""


@dataclass(frozen=True)
class Report:
    """Told on a day, or not and why."""

    to: ReportedTo
    reported_on: dt.date | None = None
    number: str = ""
    reason_not: str = ""


@transaction.atomic
def receive(deviation: Deviation, *, user: User) -> Deviation:
    """KHS takes it: ``user`` handles it. Twice by the same is once; another is told who has it."""
    deviation = lock_case(deviation)
    if deviation.status != DeviationStatus.REGISTERED:
        if deviation.handler_id == user.pk and not deviation.has_ended:
            return deviation
        raise DomainError(_taken(deviation))
    set_status(deviation, DeviationStatus.RECEIVED)
    deviation.handler, deviation.received_at = user, timezone.now()
    deviation.due_on = due(deviation)
    deviation.save(update_fields=["status", "handler", "received_at", "due_on"])
    tell(deviation, user, EventKind.RECEIVED, f"Mottagen av KHS, handläggs av {user}")
    return deviation


def _taken(deviation: Deviation) -> str:
    if deviation.has_ended:
        return _ended(deviation)
    return f"{deviation.handler} har redan tagit emot {deviation.definite.lower()}."


def _ended(deviation: Deviation) -> str:
    if deviation.is_withdrawn:
        return f"Anmälaren har återtagit {deviation.definite.lower()}."
    return f"{deviation.definite} är redan avslutad, av {deviation.handler}."


@transaction.atomic
def investigate(
    deviation: Deviation,
    *,
    user: User,
    seen: int,
    cause: str = "",
    measure: str = "",
    answer: str = "",
    could_be_grave: bool = False,
    reports: Iterable[Report] = (),
) -> Deviation:
    """Keep what was found so far. ``seen`` is the last event when the page was shown: who saves over
    somebody else's work is told. Sent twice is once."""
    becomes_grave = could_be_grave and not deviation.is_grave
    deviation, promised = lock_with_promised(deviation, holds=becomes_grave)
    found, reports = (cause, measure, answer, could_be_grave), list(reports)
    if _has_written(deviation, user, seen, EventKind.INVESTIGATED, found, reports):
        return deviation
    check_open(deviation, seen)
    became_grave = could_be_grave and not deviation.is_grave
    _write(deviation, user, cause, measure, answer, could_be_grave, reports)
    if became_grave:
        hold_all(deviation, user, promised)
    set_status(deviation, DeviationStatus.INVESTIGATING)
    deviation.save(update_fields=FOUND)
    tell(deviation, user, EventKind.INVESTIGATED, "Utredningen ändrades")
    return deviation


@transaction.atomic
def close(
    deviation: Deviation,
    *,
    user: User,
    seen: int,
    cause: str = "",
    measure: str = "",
    answer: str = "",
    could_be_grave: bool = False,
    reports: Iterable[Report] = (),
    release_pieces: bool = False,
) -> Deviation:
    """Close it with an answer to who reported it. One that harmed seriously, or could have, needs
    its cause, its measure and an answer for everybody who is to be told: ``Unanswered``. Sent twice is once."""
    becomes_grave = could_be_grave and not deviation.is_grave
    deviation, promised = lock_with_promised(deviation, holds=becomes_grave)
    found, reports = (cause, measure, answer, could_be_grave), list(reports)
    if _has_written(deviation, user, seen, EventKind.CLOSED, found, reports):
        return deviation
    check_open(deviation, seen)
    became_grave = could_be_grave and not deviation.is_grave
    _write(deviation, user, cause, measure, answer, could_be_grave, reports)
    if became_grave:
        hold_all(deviation, user, promised)
    _check_answered(deviation)
    set_status(deviation, DeviationStatus.CLOSED)
    deviation.closed_at, deviation.due_on = timezone.now(), None
    deviation.save(update_fields=[*FOUND, "closed_at", "due_on"])
    if release_pieces:
        _let_go(deviation, user)
    tell(deviation, user, EventKind.CLOSED, f"{deviation.definite} avslutades")
    forget_at_end(deviation)
    _answer_reporter(deviation, user)
    return deviation


def _has_written(
    deviation: Deviation,
    user: User,
    seen: int,
    kind: EventKind,
    found: tuple[str, str, str, bool],
    reports: list[Report],
) -> bool:
    """Whether just this is what ``user`` wrote since the event ``seen``, and nobody anything else."""
    since = list(deviation.events.filter(pk__gt=seen))
    if not any(event.kind == kind for event in since):
        return False
    if any(event.user_id != user.pk for event in since):
        return False
    if (kind == EventKind.CLOSED) != deviation.has_ended:
        return False
    if deviation.findings_masked:  # what was written is gone by now
        return True
    stands = (deviation.cause, deviation.measure, deviation.answer, deviation.could_be_grave)
    told = {
        Report(ReportedTo(x.to), x.reported_on, x.number, x.reason_not)
        for x in deviation.reports.all()
    }
    return stands == found and told.issuperset(reports)


def check_open(deviation: Deviation, seen: int) -> None:
    """KHS has it and nobody has changed it since the event ``seen``; raises ``DomainError``."""
    if deviation.has_ended:
        raise DomainError(_ended(deviation))
    if deviation.status == DeviationStatus.REGISTERED:
        raise DomainError(f"Ta emot {deviation.definite.lower()} först.")
    if last_event(deviation) != seen:
        raise DomainError(
            f"{deviation.definite} har ändrats sedan du öppnade sidan. Det du skrev står kvar här nedanför."
            " Öppna sidan i en ny flik och jämför, och spara sedan igen."
        )


def _write(
    deviation: Deviation,
    user: User,
    cause: str,
    measure: str,
    answer: str,
    could_be_grave: bool,
    reports: Iterable[Report],
) -> None:
    if deviation.findings_masked:  # written before the person was protected
        deviation.events.exclude(note="").update(note="")
    deviation.cause, deviation.measure, deviation.answer = cause, measure, answer
    deviation.could_be_grave = could_be_grave
    deviation.handler = user
    deviation.findings_typed_safely = deviation.is_protected
    for report in reports:
        _check_report(deviation, report)
        DeviationReport.objects.update_or_create(
            deviation=deviation,
            to=report.to,
            defaults={
                "reported_on": report.reported_on,
                "number": report.number,
                "reason_not": report.reason_not,
            },
        )


def _check_report(deviation: Deviation, report: Report) -> None:
    day = report.reported_on
    if day is None:
        if not report.reason_not.strip():
            raise DomainError("Skriv varför inte.", field=f"{report.to}_reason")
        return
    if not deviation.happened_on <= day <= timezone.localdate():
        raise DomainError("Välj en dag från händelsen till i dag.", field=f"{report.to}_on")
    if report.to in NUMBERED and not report.number.strip():
        raise DomainError("Skriv rapportens nummer.", field=f"{report.to}_number")


def _check_answered(deviation: Deviation) -> None:
    if not deviation.answer.strip():
        raise Unanswered("Skriv ett svar till den som anmälde.", field="answer")
    if not deviation.is_grave:
        return
    for field, words in (("cause", "orsaken"), ("measure", "åtgärden")):
        if not getattr(deviation, field).strip():
            raise Unanswered(f"En allvarlig händelse kan inte avslutas utan {words}.", field=field)
    told = set(deviation.reports.values_list("to", flat=True))
    for to in MUST_ANSWER:
        if to not in told:
            raise Unanswered(
                "En allvarlig händelse kan inte avslutas förrän det står om den är rapporterad till"
                f" {_in_sentence(to)}, eller varför inte.",
                field=f"{to}_answer",
            )


def _in_sentence(to: ReportedTo) -> str:
    names = {ReportedTo.SUPPLIER: "leverantören", ReportedTo.MANUFACTURER: "tillverkaren"}
    return names.get(to, str(to.label))


@transaction.atomic
def release(deviation: Deviation, *, user: User) -> Deviation:
    """«Häv spärren»: its pieces may be handed out again. Twice is once."""
    deviation = lock_case(deviation)
    _let_go(deviation, user)
    return deviation


def _let_go(deviation: Deviation, user: User) -> None:
    blocked = list(blocks_of(deviation).values_list("individual", flat=True))
    if not blocked:
        return
    held = HeldPieces(blocked, user=user)
    held.release(BlockReason.Code.INQUIRY, case_number=deviation.case_number)
    held.save()
    numbers = ", ".join(sorted(piece.number for piece in held.pieces.values()))
    tell(deviation, user, EventKind.UNBLOCKED, f"Spärren på individ {numbers} hävdes")


@transaction.atomic
def withdraw(deviation: Deviation, *, user: User) -> Deviation:
    """Who reported it takes it back, while nobody has received it. What harmed seriously is
    investigated whatever they think of it later. Twice is once."""
    deviation = lock_case(deviation)
    if deviation.is_withdrawn:
        return deviation
    if hindrance := why_not_withdraw(deviation):
        raise DomainError(hindrance)
    _let_go(deviation, user)
    set_status(deviation, DeviationStatus.CLOSED)
    deviation.is_withdrawn, deviation.closed_at = True, timezone.now()
    deviation.due_on = None
    deviation.save(update_fields=["status", "is_withdrawn", "closed_at", "due_on"])
    tell(deviation, user, EventKind.CANCELLED, f"{deviation.definite} återtogs")
    forget_at_end(deviation)
    return deviation


def why_not_withdraw(deviation: Deviation) -> str:
    """Why it can't be taken back; empty where it can."""
    if deviation.is_grave:
        return "En allvarlig händelse utreds alltid och kan inte återtas."
    if deviation.status != DeviationStatus.REGISTERED:
        return f"KHS har tagit emot {deviation.definite.lower()}, och den kan inte längre återtas."
    return ""


def _answer_reporter(deviation: Deviation, user: User) -> None:
    person = deviation.recipient
    messages.send(
        deviation.ordered_by,
        kind=MessageKind.DEVIATION,
        title=f"KHS har svarat på din {deviation.kind_word.lower()} {deviation.case_number}",
        # Of a protected person nothing is written that stands elsewhere than on the case's page.
        text="" if deviation.is_protected else deviation.answer,
        case_number=deviation.case_number,
        about=person.key if person else None,
    )
