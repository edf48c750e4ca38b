"""Follow-up: on a day after its delivery somebody looks whether a held aid does its work.

The day stands on the loan, as its order's line said; it is gone once it is answered, put off or left
out, and asks nothing of what has come back.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from organisation import access_log, messages
from organisation.behalf import prescribers
from organisation.models import MessageKind, Unit, User
from organisation.permissions import BUFFERT, CARE, FORSKRIVARE, KHS, has_role
from sesam.days import day_and_month
from sesam.errors import DomainError
from sesam.locks import lock_rows
from sesam.templatetags.sesam import datum

from .lending import lock
from .models import FollowUp, Loan, Recipient

TOLD = (FORSKRIVARE, BUFFERT)
_SATURDAY = 5
_TWICE = dt.timedelta(minutes=5)  # the same answer of the same user within it is the same
_LONGEST = dt.timedelta(days=10 * 366)


def due_on(weeks: int | None, delivered_at: dt.datetime) -> dt.date | None:
    """The working day so many weeks after it was delivered."""
    if not weeks:
        return None
    day = timezone.localdate(delivered_at) + dt.timedelta(weeks=weeks)
    return day + dt.timedelta(days=max(7 - day.weekday(), 0) if day.weekday() >= _SATURDAY else 0)


def waiting(loans: QuerySet[Loan] | None = None) -> QuerySet[Loan]:
    """What is to be followed up and still held."""
    found = Loan.objects.all() if loans is None else loans
    return found.filter(follow_up_on__isnull=False, ended_at=None)


def _somebody_does(at: QuerySet[Unit] | None = None) -> Exists:
    """Whether the one who is to follow it up still works with recipients at its unit, which is one of
    ``at`` (said, PostgreSQL looks at those who work there alone)."""
    works = User.units.through.objects.filter(
        user=OuterRef("follow_up_by"),
        unit=OuterRef("unit"),
        user__is_active=True,
        user__groups__name__in=CARE,
    )
    return Exists(works if at is None else works.filter(unit__in=at))


def without_anybody() -> QuerySet[Loan]:
    """What has come to its day at a unit where nobody is left to follow it up: KHS sees to it."""
    left = User.units.through.objects.filter(
        unit=OuterRef("pk"), user__is_active=True, user__groups__name__in=TOLD
    )
    deserted = Unit.objects.filter(~Exists(left))
    today = timezone.localdate()
    return waiting().filter(unit__in=deserted, follow_up_on__lte=today)


def of_user(user: User) -> QuerySet[Loan]:
    """What the user is to follow up: their own, and what somebody who has left their unit was to."""
    units = user.units.all()
    mine = Q(follow_up_by=user) | ~_somebody_does(units)
    return waiting().filter(mine, unit__in=units)


def openable(user: User) -> QuerySet[Loan]:
    """The loans of the user's units, every unit's for KHS."""
    found = Loan.objects.select_related("recipient", "article", "unit", "follow_up_by")
    return found if has_role(user, KHS) else found.filter(unit__in=user.units.all())


def hindrance(loan: Loan) -> str:
    """Why there is nothing to follow up; empty where there is."""
    if loan.ended_at is not None:
        return f"Hjälpmedlet är återlämnat {datum(loan.ended_at)}. Det finns inget att följa upp."
    if loan.follow_up_on is None:
        said = loan.follow_ups.select_related("user").first()
        if said is None:
            return "Hjälpmedlet ska inte följas upp."
        return (
            f"Uppföljningen är besvarad {datum(said.at)} av {said.user}:"
            f" {said.get_answer_display().lower()}."
        )
    return ""


def _locked(loan: Loan) -> Loan:
    lock([loan.recipient_id])
    (now,) = lock_rows(Loan.objects.filter(pk=loan.pk).select_related("recipient", "article"))
    return now


def _check(now: Loan) -> None:
    if why := hindrance(now):
        raise DomainError(why)


@transaction.atomic
def answer(loan: Loan, *, user: User, answer: FollowUp.Answer, note: str) -> FollowUp:
    """What was found; sent twice it is there once. Raises ``DomainError`` where there is nothing to
    follow up any more. Of a protected person no ``note`` is kept: nobody could read it."""
    now = _locked(loan)
    note = "" if now.recipient.is_protected else note.strip()
    just_now = FollowUp.objects.filter(
        loan=now, user=user, answer=answer, note=note, at__gte=timezone.now() - _TWICE
    ).first()
    if just_now is not None:
        return just_now
    _check(now)
    said = FollowUp.objects.create(
        loan=now,
        due_on=now.follow_up_on or timezone.localdate(),
        answer=answer,
        note=note,
        user=user,
    )
    now.follow_up_on = None
    now.save(update_fields=["follow_up_on"])
    detail = f"Uppföljning av {now.title}: {answer.label.lower()}"
    access_log.record(
        user, access_log.Action.CHANGE, now.recipient.key, detail=detail,
        case_number=now.case_number,
    )  # fmt: skip
    return said


@transaction.atomic
def put_off(loan: Loan, *, user: User, day: dt.date | None) -> None:
    """Another day, or None: it is left out. Twice is once."""
    now = _locked(loan)
    was_said = now.follow_up_on == day and not now.follow_up_told
    if was_said and now.ended_at is None and not now.follow_ups.exists():
        return
    _check(now)
    today = timezone.localdate()
    if day is not None and day < today:
        raise DomainError("Välj en dag från och med i dag.", field="day")
    if day is not None and day > today + _LONGEST:
        raise DomainError("Välj en dag inom tio år.", field="day")
    now.follow_up_on, now.follow_up_told = day, False
    now.save(update_fields=["follow_up_on", "follow_up_told"])
    what = f"flyttad till {day}" if day else "borttagen"
    access_log.record(
        user, access_log.Action.CHANGE, now.recipient.key,
        detail=f"Uppföljning av {now.title}: {what}", case_number=now.case_number,
    )  # fmt: skip


AT_A_TIME = 200


def remind() -> int:
    """Tell each prescriber of what has fallen due, once."""
    told = 0
    while batch := _remind_some():
        told += batch
    return told


@transaction.atomic
def _remind_some() -> int:
    fallen = waiting().filter(
        Q(recipient__deceased_on=None),
        follow_up_on__lte=timezone.localdate(),
        follow_up_told=False,
    )
    rows = list(
        fallen.select_related("recipient", "article", "follow_up_by", "unit")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:AT_A_TIME]
    )
    told = Loan.objects.filter(pk__in=[loan.pk for loan in rows])
    theirs = set(told.filter(_somebody_does()).values_list("pk", flat=True))
    for loan in rows:
        own = loan.follow_up_by if loan.pk in theirs else None
        for user in [own] if own else _colleagues(loan.unit):
            _tell(loan, user)
    told.update(follow_up_told=True)
    return len(rows)


def _colleagues(unit: Unit) -> QuerySet[User]:
    """Who is told where the one who was to follow it up has left; nobody: it waits in KHS's queue."""
    return prescribers(unit).filter(groups__name__in=TOLD)


def _tell(loan: Loan, user: User) -> None:
    """By the aid, never by whose it is; of a protected person's not even that."""
    text = (
        f"{loan.title} levererades {day_and_month(loan.delivered_at)}. Svara på Min sida, Att följa"
        " upp, om det används, behöver justeras eller ska hämtas."
    )
    person: Recipient = loan.recipient
    messages.send(
        user,
        title="Dags att följa upp ett hjälpmedel",
        text="" if person.is_protected else text,
        kind=MessageKind.FOLLOW_UP,
        case_number=loan.case_number,
        about=person.key,
    )


def forget_notes() -> int:
    """What was noted of an aid that has gone back, of somebody who became protected since; nobody
    could read it."""
    notes = FollowUp.objects.filter(
        loan__recipient__is_protected=True, loan__ended_at__isnull=False
    )
    return notes.exclude(note="").update(note="")
