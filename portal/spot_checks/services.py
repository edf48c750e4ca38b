"""What is done with spot checks: drawn once a month, judged, followed up, closed with a protocol."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry, Unit, User
from recipients.models import Recipient
from sesam import personal_numbers
from sesam.errors import DomainError
from sesam.personal_numbers import looks_personal

from ..access_log_page import midnight
from ..log_extract import role_of
from ..models import (
    KnownPerson,
    SpotCheck,
    SpotCheckLook,
    SpotCheckNote,
    SpotCheckPlan,
    SpotCheckProtocol,
    Verdict,
)
from . import papers, rules

Action = AccessLogEntry.Action
Kind = SpotCheckNote.Kind
MOST_BACK = 12  # months that are caught up with, where nothing was drawn for long
_LOCK = 0x5107  # pg_advisory: whoever draws, so that no month is drawn twice
CLOSED = "Månaden är avslutad och protokollet upprättat. Inget i den kan ändras."
OWN = "Det är din egen åtkomst. En annan loggranskare bedömer den."


# --- drawing ------------------------------------------------------------------------------------


def draw_due(today: dt.date | None = None) -> list[SpotCheck]:
    """Draw the months that have ended and aren't drawn; however often, and by however many at once."""
    this_month = (today or timezone.localdate()).replace(day=1)
    oldest = this_month - relativedelta(months=MOST_BACK)
    done = set(SpotCheck.objects.values_list("month", flat=True))
    # Also one between two, whose draw failed while another went on.
    month = max(min(done), oldest) if done else this_month - relativedelta(months=1)
    drawn = []
    while month < this_month:
        if month not in done and (made := draw(month)):
            drawn.append(made)
        month += relativedelta(months=1)
    return drawn


@transaction.atomic
def draw(month: dt.date) -> SpotCheck | None:
    """The check of a month; None where it is drawn already, or somebody draws right now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0] or SpotCheck.objects.filter(month=month).exists():
            return None
    plan = current_plan()
    if plan.pk is None:
        plan.save()
    after = month + relativedelta(months=1)
    known = _known_by_now(month, after)
    turns = -(-Unit.objects.filter(is_active=True).count() // plan.round_months)
    found = rules.draw(plan, month, after, turns=turns, known=known)
    check = SpotCheck.objects.create(month=month, plan=plan, visits=found.visits)
    check.units.set(found.units)
    SpotCheckLook.objects.bulk_create(_copies(check, found.looks))
    return check


def _known_by_now(first: dt.date, after: dt.date) -> list[KnownPerson]:
    """The reviewers' list; who was unknown when they were added may have been found since."""
    listed = list(KnownPerson.objects.filter(ended_at=None))
    searched = {person.searched: person for person in listed}
    hits = AccessLogEntry.objects.filter(
        at__gte=midnight(first), at__lt=midnight(after),
        searched__in=list(searched), recipient_key__isnull=False,
    )  # fmt: skip
    for digest, key in hits.order_by("at").values_list("searched", "recipient_key"):
        person = searched[digest]
        if person.recipient_key != key:
            person.recipient_key = key
            person.save(update_fields=["recipient_key"])
    return listed


def _copies(check: SpotCheck, drawn: Sequence[rules.Drawn]) -> list[SpotCheckLook]:
    """The drawn rows as they stand in the log, in the order of time."""
    by_entry = {look.entry: look for look in drawn}
    found = AccessLogEntry.objects.filter(pk__in=by_entry).select_related("user")
    entries = list(found.prefetch_related("user__groups").order_by("at", "pk"))
    reasons = _reasons(entries)
    return [
        SpotCheckLook(
            spot_check=check, number=number, entry=entry.pk, at=entry.at, user=entry.user,
            role=role_of(entry.user) if entry.user else "", unit_id=entry.unit_id,
            action=entry.action, detail=entry.detail, case_number=entry.case_number,
            reason=reasons.get(_whose_day(entry), ("", ""))[0],
            told=reasons.get(_whose_day(entry), ("", ""))[1], recipient_key=entry.recipient_key,
            acts=by_entry[entry.pk].acts, risks=list(by_entry[entry.pk].risks),
            how_many=by_entry[entry.pk].how_many,
        )
        for number, entry in enumerate(entries, 1)
    ]  # fmt: skip


def _reasons(entries: Sequence[AccessLogEntry]) -> dict[tuple[object, ...], tuple[str, str]]:
    """What was answered to «Varför?» on the days of the looks, by whose day it was: the reason in
    words, and what was typed to it."""
    if not entries:
        return {}
    first, last = (midnight(timezone.localdate(e.at)) for e in (entries[0], entries[-1]))
    said = AccessLogEntry.objects.filter(
        reason__isnull=False,
        at__gte=first, at__lt=last + dt.timedelta(days=1),
        user__in={entry.user_id for entry in entries},
        recipient_key__in={entry.recipient_key for entry in entries if entry.recipient_key},
    )  # fmt: skip
    return {
        _whose_day(entry): (str(entry.reason), entry.detail)
        for entry in said.select_related("reason").order_by("at")
    }


def _whose_day(entry: AccessLogEntry) -> tuple[object, ...]:
    return entry.user_id, entry.recipient_key, timezone.localdate(entry.at)


# --- plan and list ------------------------------------------------------------------------------


def current_plan() -> SpotCheckPlan:
    """The one that holds; what the portal comes with, unsaved, until somebody has decided."""
    return SpotCheckPlan.objects.select_related("made_by").first() or SpotCheckPlan()


@transaction.atomic
def decide(plan: SpotCheckPlan, *, user: User, seen: str) -> SpotCheckPlan:
    """A new plan for the draws to come; ``seen`` is the key of the one it was made from, if any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK + 2])
    if seen != str(current_plan().pk or ""):
        raise DomainError(
            "Någon annan har beslutat en ny plan. Läs den nedan och spara igen om du vill ändra."
        )
    plan.pk, plan.made_by = None, user
    plan.save(force_insert=True)
    return plan


@transaction.atomic
def add_known(typed: str, *, why: str, user: User) -> KnownPerson:
    """Put a person on the list. Who is on it for the same reason stays as they are; another reason
    takes the place of the old one, which is kept as ended. ``DomainError`` for a bad number."""
    number = personal_numbers.parse(typed)
    if not number.is_person:
        raise DomainError("Skriv ett personnummer med 12 siffror.", field=personal_numbers.FIELD)
    why = _checked(why, "why")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK + 1])
    digests = access_log.digests(number.digits)
    there = KnownPerson.objects.filter(searched__in=digests, ended_at=None).first()
    if there is not None and there.why == why:
        return there
    if there is not None:
        end_known(there, user=user)
    recipient = Recipient.objects.filter(number=number.digits).only("key").first()
    key = recipient.key if recipient else None
    access_log.record(
        user, Action.SEARCH, key, searched=number.digits, detail="La till i listan över kända personer"
    )  # fmt: skip
    return KnownPerson.objects.create(
        recipient_key=key, searched=digests[0], why=why, added_by=user
    )


def thin(before: dt.datetime) -> int:
    """Remove the checks that nothing was done with since, whole, and who was taken off the list of
    known persons; how many checks and persons. Only the tables' owner can."""
    since = Q(drawn_at__gte=before) | Q(closed_at__gte=before)
    since |= Q(protocols__made_at__gte=before) | Q(looks__notes__at__gte=before)
    since |= Q(looks__at__gte=before)
    stays = SpotCheck.objects.filter(since).values("pk")
    gone = list(SpotCheck.objects.exclude(pk__in=stays).values_list("pk", flat=True))
    SpotCheckNote.objects.filter(look__spot_check__in=gone).delete()
    SpotCheckLook.objects.filter(spot_check__in=gone).delete()
    SpotCheckProtocol.objects.filter(spot_check__in=gone).delete()
    SpotCheck.objects.filter(pk__in=gone).delete()
    ended = KnownPerson.objects.filter(ended_at__lt=before).delete()[0]
    return len(gone) + ended


def end_known(person: KnownPerson, *, user: User) -> None:
    """Take a person off the list."""
    KnownPerson.objects.filter(pk=person.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=user
    )


# --- a look -------------------------------------------------------------------------------------


@transaction.atomic
def judge(look: SpotCheckLook, verdict: str, *, text: str, user: User, seen: int) -> SpotCheckNote:
    """A verdict, or another one; ``seen`` is how many notes the reviewer had before their eyes."""
    if verdict not in Verdict.values:
        raise DomainError("Välj en bedömning.", field="verdict")
    text = _checked(text, "text")
    look, again = _open(look, user=user, seen=seen, kind=Kind.VERDICT, verdict=verdict, text=text)
    if again:
        return again
    if verdict != Verdict.JUSTIFIED and not text:
        raise DomainError("Skriv en motivering.", field="text")
    note = SpotCheckNote.objects.create(
        look=look, by=user, kind=Kind.VERDICT, verdict=verdict, text=text
    )
    look.verdict, look.judged_at, look.judged_by = verdict, note.at, user
    look.followed_up_at = None
    look.save(update_fields=["verdict", "judged_at", "judged_by", "followed_up_at"])
    return note


@transaction.atomic
def answered(look: SpotCheckLook, *, who: str, text: str, user: User, seen: int) -> SpotCheckNote:
    """What the unit's manager answered, as the reviewer was told."""
    text, who = _checked(text, "text"), _checked(who, "who")
    look, again = _open(look, user=user, seen=seen, kind=Kind.ANSWER, text=text, who=who)
    if again:
        return again
    if look.verdict != Verdict.UNCLEAR:
        raise DomainError("Svaret hör till en åtkomst som är oklar.")
    if not text:
        raise DomainError("Skriv vad chefen svarade.", field="text")
    if not who:
        raise DomainError("Skriv vem som svarade.", field="who")
    return SpotCheckNote.objects.create(look=look, by=user, kind=Kind.ANSWER, text=text, who=who)


@transaction.atomic
def measure(
    look: SpotCheckLook, *, text: str, done_on: dt.date, ends: bool, user: User, seen: int
) -> SpotCheckNote:
    """What was done about a look that wasn't in order. Where that ends after the month was closed,
    the month gets another protocol, which tells it."""
    check = SpotCheck.objects.select_for_update(no_key=True).get(pk=look.spot_check_id)
    text = _checked(text, "text")
    said = {"kind": Kind.MEASURE, "text": text, "done_on": done_on, "ends": ends}
    look, again = _locked(look, user=user, seen=seen, **said)
    if again:
        return again
    if look.verdict != Verdict.UNJUSTIFIED:
        raise DomainError("Åtgärder hör till en åtkomst som är obefogad.")
    if look.followed_up_at:
        raise DomainError("Uppföljningen är redan avslutad.")
    if not text:
        raise DomainError("Skriv vad som har gjorts.", field="text")
    if done_on > timezone.localdate():
        raise DomainError("Dagen har inte varit än.", field="done_on")
    if done_on < timezone.localdate(look.at):
        raise DomainError("Dagen är före åtkomsten.", field="done_on")
    note = SpotCheckNote.objects.create(look=look, by=user, **said)
    if ends:
        look.followed_up_at = note.at
        look.save(update_fields=["followed_up_at"])
        if check.closed_at:
            _write_protocol(check, user=user)
    return note


Locked = tuple[SpotCheckLook, SpotCheckNote | None]


def _open(look: SpotCheckLook, *, user: User, seen: int, **said: Any) -> Locked:
    """The look of a month that isn't closed, locked."""
    check = SpotCheck.objects.select_for_update(no_key=True).get(pk=look.spot_check_id)
    if check.closed_at:
        raise DomainError(CLOSED)
    return _locked(look, user=user, seen=seen, **said)


def _locked(look: SpotCheckLook, *, user: User, seen: int, **said: Any) -> Locked:
    """The look, locked; and its last note, where that is what is ``said`` now: sent twice."""
    look = SpotCheckLook.objects.select_for_update(no_key=True).get(pk=look.pk)
    if look.user_id == user.pk:
        raise DomainError(OWN)
    last = look.notes.select_related("by").last()
    if last is None or look.notes.count() == seen:
        return look, None
    if last.by == user and all(getattr(last, name) == value for name, value in said.items()):
        return look, last
    words = last.get_verdict_display() or last.get_kind_display()
    at = f"{timezone.localtime(last.at):%Y-%m-%d %H:%M}"
    raise DomainError(
        f"{last.by} skrev om åtkomsten {at}: {words}. Läs det och spara igen om du vill ändra."
    )


def _checked(text: str, field: str) -> str:
    if looks_personal(text):
        raise DomainError("Ta bort personnumret ur texten.", field=field)
    return text.strip()


# --- a month ------------------------------------------------------------------------------------


def with_counts(checks: QuerySet[SpotCheck]) -> QuerySet[SpotCheck]:
    """Each with how far it has come."""
    wrong = Q(looks__verdict=Verdict.UNJUSTIFIED)
    return checks.annotate(
        in_all=Count("looks"),
        judged=Count("looks", filter=~Q(looks__verdict="")),
        unclear=Count("looks", filter=Q(looks__verdict=Verdict.UNCLEAR)),
        wrong=Count("looks", filter=wrong),
        followed=Count("looks", filter=wrong & Q(looks__followed_up_at=None)),
    )


def hindrances(looks: Iterable[SpotCheckLook], *, measured: set[int]) -> list[str]:
    """Why the month can't be closed yet; ``measured``: looks of which a measure is noted."""
    looks = list(looks)
    left = sum(1 for look in looks if not look.verdict)
    unclear = sum(1 for look in looks if look.verdict == Verdict.UNCLEAR)
    bare = sum(
        1 for look in looks if look.verdict == Verdict.UNJUSTIFIED and look.pk not in measured
    )
    found = []
    if left:
        found.append(f"{left} {'är inte bedömd' if left == 1 else 'är inte bedömda'}.")
    if unclear:
        found.append(
            f"{unclear} {'är oklar' if unclear == 1 else 'är oklara'}: notera svaret och bedöm igen."
        )
    if bare:
        found.append(f"{bare} {'är obefogad' if bare == 1 else 'är obefogade'} utan åtgärd.")
    return found


def measured(check: SpotCheck) -> set[int]:
    """The looks of the month of which a measure is noted."""
    notes = SpotCheckNote.objects.filter(look__spot_check=check, kind=Kind.MEASURE)
    return set(notes.values_list("look", flat=True))


@transaction.atomic
def close(check: SpotCheck, *, user: User) -> SpotCheckProtocol:
    """Close the month, with its protocol: from then on nothing in it is changed. Of a closed one
    the protocol that it got."""
    check = SpotCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
    if check.closed_at:
        return check.protocols.get(number=1)
    if found := hindrances(check.looks.all(), measured=measured(check)):
        raise DomainError("Månaden kan inte avslutas än. " + " ".join(found))
    check.closed_at, check.closed_by = timezone.now(), user
    check.save(update_fields=["closed_at", "closed_by"])
    return _write_protocol(check, user=user)


def _write_protocol(check: SpotCheck, *, user: User) -> SpotCheckProtocol:
    """The next one of the month, whose row is locked."""
    number = check.protocols.count() + 1
    content = papers.protocol(check, number=number, user=user)
    return SpotCheckProtocol.objects.create(
        spot_check=check, number=number, content=content, made_by=user,
        checksum=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
