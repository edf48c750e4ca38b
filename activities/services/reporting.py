"""«Återrapportera/avsluta aktivitet»: time and material, and the end."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from articles import prices
from articles.models import Article, StockMovement
from articles.stock import Shortage
from individuals.holding import HeldPieces
from organisation.models import User
from recipients.cases import EventKind, lock_cases, set_status, tell
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum

from ..maintenance.dates import maintained
from ..models import Activity, ActivityStatus, UsedMaterial, WorkReport
from . import common
from .done_with_it import Done, count_from_today, made_for, no_longer_needed

MOST_MINUTES = 24 * 60  # in one report: more is a slip of the finger


@dataclass(frozen=True)
class Used:
    """So much of an article was used up."""

    article: Article
    quantity: int


def why_not_report(activity: Activity, user: User) -> str:
    """Why ``user`` can't report on it now; empty when nothing hinders."""
    if activity.has_ended:
        when = activity.closed_at or activity.cancelled_at
        return f"Aktiviteten är redan {activity.status_words}, {datum(when)}."
    if not common.may_report(user, activity):
        return f"Aktiviteten utförs av {activity.performer}, som återrapporterar den."
    return ""


@transaction.atomic
def report(
    activity: Activity,
    *,
    user: User,
    token: uuid.UUID,
    text: str = "",
    minutes: int = 0,
    material: Iterable[Used] = (),
    close: bool = False,
    done: Collection[Done] = (),
) -> WorkReport:
    """Add time and material, drawn from the activity's warehouse at today's price, and with
    ``close`` end it; ``done`` is the maintenance of its aids that was done with it, besides its own.
    Sent again, the report that is there.

    Raises ``DomainError``; ``line`` is the id of the article that there is too little of.
    """
    others = made_for(done, but=activity) if done else []
    locked = lock_cases([activity, *others]) if others else {}
    activity = common.lock_activity(activity)
    if there := WorkReport.objects.filter(token=token).first():
        if there.activity_id != activity.pk:
            raise DomainError("Formuläret hör till en annan aktivitet. Öppna det igen.")
        return there
    if fault := why_not_report(activity, user):
        raise DomainError(fault)
    used = _together(material)
    _check(text, minutes, used, close)
    if done and not close:
        raise DomainError(
            "Underhållet räknas från den dag som aktiviteten avslutas. Kryssa för «Avsluta aktivitet»,"
            " eller ta bort krysset här.",
            field="done",
        )
    places = {(activity.warehouse_id, article.pk) for article in used if article.is_stocked}
    held = common.held_pieces(activity) | {pk for pk, _ in done} if close else set()
    for other in others:
        held |= common.held_pieces(other)
    places |= set(common.held_counts(activity)) if close else set()
    pieces = HeldPieces(held, user=user, places=places, case_number=activity.case_number)
    _draw(activity, used, pieces)
    now = timezone.now()
    made = WorkReport.objects.create(
        token=token,
        activity=activity,
        at=now,
        by=user,
        minutes=minutes,
        hour_price=activity.type.hour_price,
        text=text.strip(),
        closes=close,
    )
    today = prices.today([article.pk for article in used])
    UsedMaterial.objects.bulk_create(
        UsedMaterial(
            report=made,
            article=article,
            warehouse_id=activity.warehouse_id,
            quantity=quantity,
            price=today.get(article.pk, prices.NONE).list_price,
        )
        for article, quantity in used.items()
    )
    if done:
        count_from_today(done)
    _move_on(activity, pieces, user=user, close=close)
    for other in others:
        if no_longer_needed(locked[other.pk], activity, user=user):
            common.end(locked[other.pk], pieces, user=user)
    pieces.save()
    return made


def _together(material: Iterable[Used]) -> Counter[Article]:
    """The same article twice is so much more of it."""
    used: Counter[Article] = Counter()
    for one in material:
        if one.quantity < 1:
            raise DomainError(f"{one.article}: ange minst 1.", line=one.article.pk)
        used[one.article] += one.quantity
    return used


def _check(text: str, minutes: int, used: Counter[Article], close: bool) -> None:
    if not 0 <= minutes <= MOST_MINUTES:
        raise DomainError("Ange arbetstiden i minuter, högst ett dygn.", field="minutes")
    if len(text) > 2000:
        raise DomainError("Texten får vara högst 2 000 tecken.", field="text")
    if not (text.strip() or minutes or used or close):
        raise DomainError("Skriv vad som är gjort, arbetstid eller material.", field="text")
    if close and not text.strip():
        raise DomainError("Skriv vad som är gjort, så att det kan läsas efteråt.", field="text")
    for article in used:
        if article.is_marked:
            raise DomainError(
                f"{article} är individmärkt och kan inte användas som material.", line=article.pk
            )


def _draw(activity: Activity, used: Counter[Article], pieces: HeldPieces) -> None:
    for article, quantity in used.items():
        if not article.is_stocked:
            continue
        place = (activity.warehouse_id, article.pk)
        try:
            pieces.ledger.take(place, quantity, StockMovement.Kind.MATERIAL)
        except Shortage as shortage:
            raise DomainError(
                f"{article}: {activity.warehouse} har {shortage.available} st, så {quantity} st kan"
                " inte tas därifrån.",
                line=article.pk,
            ) from None


def _move_on(activity: Activity, pieces: HeldPieces, *, user: User, close: bool) -> None:
    if not close:
        if activity.status != ActivityStatus.UNDERWAY:
            set_status(activity, ActivityStatus.UNDERWAY)
            activity.save(update_fields=["status"])
        tell(activity, user, EventKind.REPORTED, "Arbete återrapporterades")
        return
    set_status(activity, ActivityStatus.CLOSED)
    activity.closed_at = timezone.now()
    activity.save(update_fields=["status", "closed_at"])
    tell(activity, user, EventKind.CLOSED, "Aktiviteten avslutades")
    if activity.maintenance_id is not None:
        maintained(activity.maintenance_id, timezone.localdate(activity.closed_at))
    common.end(activity, pieces, user=user)
