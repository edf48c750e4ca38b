"""Some months of looks in the access log, a few of them odd; the spot check of one month is closed,
that of the next is waiting to be judged."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field

from dateutil.relativedelta import relativedelta
from django.db import connection
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders.models import Order
from organisation import access_log
from organisation.models import AccessLogEntry, LookReason, User
from recipients.models import CareRelation, Recipient
from sesam.documents import Unavailable

from ..models import KnownPerson, Risk, SpotCheck, SpotCheckLook, Verdict
from ..spot_checks import services
from . import people
from .organisation import Places

Action = AccessLogEntry.Action
PAGE = "Mottagarens sida"
_INSERT = """
    INSERT INTO organisation_accesslogentry
        (at, user_id, job, unit_id, action, recipient_key, searched, reason_id, detail, case_number, ip)
    SELECT at, user_id, '', unit_id, action, key, '', reason, detail, '', '10.24.8.117'
    FROM unnest(%s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[], %s::uuid[], %s::bigint[],
        %s::text[]) AS row (at, user_id, unit_id, action, key, reason, detail)
"""
Seen = tuple[dt.datetime, int, int | None, str, uuid.UUID | None, int | None, str]


@dataclass
class Log:
    rows: list[Seen] = field(default_factory=list)

    def add(
        self, at: dt.datetime, user: User, person: Recipient | None, action: str = Action.VIEW,
        *, detail: str = PAGE, reason: LookReason | None = None,
    ) -> None:  # fmt: skip
        key = person.key if person else None
        self.rows.append(
            (at, user.pk, user.default_unit_id, action, key, reason.pk if reason else None, detail)
        )

    def visit(self, at: dt.datetime, user: User, person: Recipient) -> None:
        """Searched for, and looked at."""
        self.add(at, user, person, Action.SEARCH, detail="")
        self.add(at + dt.timedelta(seconds=4), user, person)

    def write(self) -> None:
        columns = [
            list(column) for column in zip(*sorted(self.rows, key=lambda r: r[0]), strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, columns)


def load(places: Places, recipients: dict[str, Recipient]) -> None:
    chance = random.Random(17)  # noqa: S311  a demo, no secret
    this_month = timezone.localdate().replace(day=1)
    closed, waiting = (this_month - relativedelta(months=back) for back in (2, 1))
    log = Log()
    _usual(log, chance, places, recipients, first=closed, until=timezone.localdate())
    for month in (closed, waiting):
        _odd(log, places, recipients, month)
    log.write()
    reviewer = places.users["loggranskare"]
    KnownPerson.objects.create(
        recipient_key=recipients[people.KNOWN].key, searched=access_log.digest(people.KNOWN),
        why="Omskriven i tidningen", added_by=reviewer,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.17)")  # the same draw every time
    check = services.draw(closed)
    services.draw(waiting)
    if check is not None:
        _judge(check, reviewer)


def _at(day: dt.date, hour: int, minute: int, second: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute, second)))


def _usual(
    log: Log, chance: random.Random, places: Places, recipients: dict[str, Recipient],
    *, first: dt.date, until: dt.date,
) -> None:  # fmt: skip
    """Each working day's own patients: whom one's unit has a case with."""
    with_case: dict[int, list[Recipient]] = {}
    by_pk = {person.pk: person for person in recipients.values() if person.is_person}
    # They came with orders that are older than this load.
    sent = Order.objects.filter(case_number=OuterRef("case")).values("sent_at")[:1]
    CareRelation.objects.update(since=Coalesce(Subquery(sent), F("since")))
    tied = CareRelation.objects.order_by("unit", "recipient").values_list("unit", "recipient")
    for unit, person in tied.distinct():
        if person in by_pk and not by_pk[person].is_protected:
            with_case.setdefault(unit, []).append(by_pk[person])
    day = first
    while day < until:
        if day.weekday() < 5:
            for name in ("forskrivare", "forskrivare2", "buffertansvarig", "khs"):
                user = places.users[name]
                own = with_case[user.default_unit_id or 0]
                for visited in chance.sample(own, min(len(own), chance.randint(1, 4))):
                    log.visit(_at(day, chance.randint(8, 16), chance.randrange(60)), user, visited)
        day += dt.timedelta(days=1)


def _odd(log: Log, places: Places, recipients: dict[str, Recipient], month: dt.date) -> None:
    """What a check is there to find. The same in both months, on other days."""
    anna, orjan, britt = (
        places.users[name] for name in ("forskrivare", "forskrivare2", "buffertansvarig")
    )
    known, namesake = recipients[people.KNOWN], recipients[people.NAMESAKE]
    day = month + dt.timedelta(days=8)
    log.visit(_at(day, 23, 41), orjan, recipients[people.MANY_AIDS])
    log.visit(_at(day + dt.timedelta(days=1), 12, 6), anna, recipients[people.KIN])
    log.visit(_at(day + dt.timedelta(days=2), 15, 20), anna, namesake)
    reason, told = LookReason.objects.get(name="En kollega bad om det"), "Anna Lindqvist ringde"
    log.add(_at(day + dt.timedelta(days=3), 13, 11), orjan, known, Action.REASON, reason=reason, detail=told)  # fmt: skip
    log.visit(_at(day + dt.timedelta(days=3), 13, 12), orjan, known)
    log.visit(_at(day + dt.timedelta(days=4), 9, 30), anna, recipients[people.PROTECTED])
    living = [p for p in recipients.values() if p.is_person and not p.is_protected]
    for turn, person in enumerate(sorted(living, key=lambda p: p.number)[:31]):
        log.visit(_at(day + dt.timedelta(days=5), 10, turn + 15), britt, person)
    for turn in range(12):
        log.add(_at(day + dt.timedelta(days=6), 14, 2 + turn), orjan, None, Action.MISS, detail="")


def _judge(check: SpotCheck, reviewer: User) -> None:
    """The closed month: two were asked about, one wasn't in order, all others were."""
    for look in check.looks.all():
        if {Risk.NIGHT, Risk.NO_CASE} <= set(look.risks):
            _say(look, Verdict.UNCLEAR, "Var hon i tjänst? Enhetschefen är tillfrågad.", reviewer)
            services.answered(
                look, who="Enhetschefen", text="Inte i tjänst den kvällen, och ingen har bett om det.",
                user=reviewer, seen=1,
            )  # fmt: skip
            _say(look, Verdict.UNJUSTIFIED, "Ingen arbetsuppgift förklarar åtkomsten.", reviewer)
            services.measure(
                look, text="Samtal med användaren och chefen. Anmält till verksamhetschefen.",
                done_on=timezone.localdate(), ends=True, user=reviewer, seen=3,
            )  # fmt: skip
        elif Risk.MANY in look.risks:
            _say(look, Verdict.UNCLEAR, "Varför så många på en timme?", reviewer)
            services.answered(
                look, who="Enhetschefen", text="Inventering av utlånade hjälpmedel i förrådet.",
                user=reviewer, seen=1,
            )  # fmt: skip
            _say(look, Verdict.JUSTIFIED, "Inventering enligt chefen.", reviewer)
        else:
            _say(look, Verdict.JUSTIFIED, "", reviewer)
    try:
        services.close(check, user=reviewer)
    except Unavailable:  # without Pango there's no protocol: the month stays open
        return


def _say(look: SpotCheckLook, verdict: Verdict, text: str, reviewer: User) -> None:
    services.judge(look, verdict, text=text, user=reviewer, seen=look.notes.count())
