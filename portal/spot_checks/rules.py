"""Which looks of a month are drawn: at random, from each unit in its turn, and by risk.

What is drawn is a visit: all that one user at one unit did with one person's data in a day. That a
name stood in a list is none: a list's rows have one time, so whoever was looked at alone at that
time was opened. Left out are refused tries, what was answered to «Varför?» (the drawn look tells it),
what jobs did, and care units, who are no patients.

The risks of a visit, each by its name:

own_name   a part of the family name is one of the user's (Berg looks at Sjö-Berg; «von» counts not)
colleague  first and family name are those of somebody at one of the user's units
no_case    neither the unit nor another of the user's has a case with the person, another unit has;
           the aid centre works for all units, so not its staff
many       the user had opened so many within an hour; of a day that person alone with whom it was most
night      something was done at night, which may go over midnight
protected  the person has a protected identity today
known      the person is on the reviewers' list; also a search for whom the portal doesn't know
misses     not of a person: so many searches in a day that found nobody

It stands for the visit which row of the log was the first that is no search; at night, that night's.

Of a risk those of different users come first, then those with several risks, then chance decides.
One statement, so that it sees one moment of the log; it reads the month by the index of time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from organisation.permissions import KHS
from sesam import replica

from ..access_log_page import midnight
from ..models import KnownPerson, Risk, SpotCheckPlan

_PATIENCE = "5min"  # the draw is a job that nobody waits for
# The words of a name that tell a family apart.
_NAMES = (
    r"string_to_array(trim(regexp_replace(regexp_replace(lower({}),"
    r" '\m(von|van|af|av|de|der|la|di|el|al)\M', ' ', 'g'), '[^[:alpha:]]+', ' ', 'g')), ' ')"
)
_WHOLE = "lower(split_part({0}, ' ', 1)) || ' ' || lower({1})"
_DRAW = f"""
WITH alone AS MATERIALIZED (
    SELECT any_value(id) AS id, at, user_id, any_value(unit_id) AS unit_id,
        any_value(recipient_key) AS recipient_key, any_value(action) AS action
    FROM organisation_accesslogentry
    WHERE at >= %(first)s AND at < %(after)s AND user_id IS NOT NULL
        AND recipient_key IS NOT NULL AND action NOT IN ('refused', 'reason')
    GROUP BY user_id, at HAVING count(*) = 1
), timed AS (
    SELECT id, at, user_id, unit_id, recipient_key, action, local::date AS day, CASE
        WHEN %(night_from)s::int > %(night_to)s::int
        THEN extract(hour FROM local) >= %(night_from)s::int
            OR extract(hour FROM local) < %(night_to)s::int
        ELSE extract(hour FROM local) >= %(night_from)s::int
            AND extract(hour FROM local) < %(night_to)s::int END AS is_night
    FROM alone, LATERAL (SELECT at AT TIME ZONE %(zone)s AS local) AS clock
), visits AS MATERIALIZED (
    SELECT v.*, r.id AS recipient_id, r.is_protected,
        {_NAMES.format("r.family_name")} AS names,
        {_WHOLE.format("r.given_name", "r.family_name")} AS whole_name,
        count(*) OVER (
            PARTITION BY v.user_id ORDER BY v.at
            RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW
        ) AS lately
    FROM (
        SELECT user_id, unit_id, recipient_key, day, min(at) AS at, count(*) AS acts,
            coalesce(min(id) FILTER (WHERE action <> 'search'), min(id)) AS entry,
            coalesce(
                min(id) FILTER (WHERE is_night AND action <> 'search'),
                min(id) FILTER (WHERE is_night)
            ) AS at_night
        FROM timed GROUP BY user_id, unit_id, recipient_key, day
    ) v LEFT JOIN recipients_recipient r ON r.key = v.recipient_key
    WHERE r.kind IS DISTINCT FROM 'care_unit'
), people AS MATERIALIZED (
    SELECT u.id AS user_id, {_NAMES.format("u.last_name")} AS own_names,
        EXISTS (
            SELECT FROM organisation_user_groups g JOIN auth_group ON auth_group.id = g.group_id
            WHERE g.user_id = u.id AND auth_group.name = %(khs)s
        ) AS at_khs
    FROM organisation_user u
), mates AS MATERIALIZED (
    SELECT DISTINCT mine.user_id, {_WHOLE.format("u.first_name", "u.last_name")} AS whole_name
    FROM organisation_user_units mine
    JOIN organisation_user_units theirs
        ON theirs.unit_id = mine.unit_id AND theirs.user_id <> mine.user_id
    JOIN organisation_user u ON u.id = theirs.user_id
    WHERE u.last_name <> ''
), flagged AS MATERIALIZED (
    SELECT coalesce(at_night, entry) AS entry, user_id, unit_id, acts, lately AS how_many,
        array_remove(ARRAY[
            CASE WHEN names && own_names THEN 'own_name' END,
            CASE WHEN (user_id, whole_name) IN (SELECT user_id, whole_name FROM mates)
                THEN 'colleague' END,
            CASE WHEN unit_id IS NOT NULL AND NOT at_khs AND EXISTS (
                SELECT FROM recipients_carerelation c WHERE c.recipient_id = visits.recipient_id
            ) AND NOT EXISTS (
                SELECT FROM recipients_carerelation c
                WHERE c.recipient_id = visits.recipient_id AND (c.unit_id = visits.unit_id
                    OR c.unit_id IN (
                        SELECT m.unit_id FROM organisation_user_units m
                        WHERE m.user_id = visits.user_id))
            ) THEN 'no_case' END,
            CASE WHEN lately >= %(many_looks)s::int AND of_day = 1 THEN 'many' END,
            CASE WHEN at_night IS NOT NULL THEN 'night' END,
            CASE WHEN is_protected THEN 'protected' END,
            CASE WHEN recipient_key = ANY(%(known)s::uuid[]) THEN 'known' END
        ], NULL) AS risks
    FROM (
        SELECT *, row_number() OVER (PARTITION BY user_id, day ORDER BY lately DESC, at) AS of_day
        FROM visits
    ) AS visits JOIN people USING (user_id)
    UNION ALL
    SELECT max(id), user_id, any_value(unit_id), count(*), count(*), ARRAY['misses']
    FROM organisation_accesslogentry
    WHERE at >= %(first)s AND at < %(after)s AND action = 'miss' AND user_id IS NOT NULL
    GROUP BY user_id, (at AT TIME ZONE %(zone)s)::date
    HAVING count(*) >= %(many_misses)s::int
    UNION ALL
    SELECT max(id), user_id, any_value(unit_id), count(*), 0, ARRAY['known']
    FROM organisation_accesslogentry
    WHERE at >= %(first)s AND at < %(after)s AND user_id IS NOT NULL
        AND recipient_key IS NULL AND searched = ANY(%(searched)s::text[])
    GROUP BY user_id, searched, (at AT TIME ZONE %(zone)s)::date
), by_risk AS MATERIALIZED (
    SELECT entry FROM (
        SELECT entry, risk, row_number() OVER (
            PARTITION BY risk ORDER BY nth, cardinality(risks) DESC, random()
        ) AS place
        FROM (
            SELECT entry, risk, risks, row_number() OVER (
                PARTITION BY risk, user_id
                ORDER BY CASE WHEN risk = 'many' THEN how_many END DESC,
                    cardinality(risks) DESC, random()
            ) AS nth
            FROM flagged, unnest(risks) AS risk
        ) of_users
    ) ranked JOIN unnest(%(risks)s::text[], %(most)s::int[]) AS wanted (risk, most) USING (risk)
    WHERE place <= most
), turns AS MATERIALIZED (
    SELECT unit_id FROM (SELECT DISTINCT unit_id FROM visits WHERE unit_id IS NOT NULL) here
    LEFT JOIN (
        SELECT u.unit_id, max(c.month) AS last_turn
        FROM portal_spotcheck_units u JOIN portal_spotcheck c ON c.id = u.spotcheck_id
        GROUP BY u.unit_id
    ) earlier USING (unit_id)
    ORDER BY last_turn NULLS FIRST, random() LIMIT %(turns)s::int
), of_units AS MATERIALIZED (
    SELECT entry FROM (
        SELECT entry, row_number() OVER (PARTITION BY unit_id ORDER BY random()) AS place
        FROM flagged WHERE unit_id IN (SELECT unit_id FROM turns)
            AND entry NOT IN (SELECT entry FROM by_risk)
    ) ranked WHERE place <= %(per_unit)s::int
), by_chance AS (
    SELECT entry FROM flagged
    WHERE entry NOT IN (SELECT entry FROM by_risk) AND entry NOT IN (SELECT entry FROM of_units)
    ORDER BY random() LIMIT %(random)s::int
)
SELECT entry, acts, how_many, risks,
    (SELECT count(*) FROM visits), (SELECT array_agg(unit_id) FROM turns)
FROM flagged WHERE entry IN (
    SELECT entry FROM by_risk UNION SELECT entry FROM of_units UNION SELECT entry FROM by_chance)
"""  # noqa: S608  what is put together are this file's own words


@dataclass(frozen=True)
class Drawn:
    """A row of the log that stands for its visit, and what is odd about it."""

    entry: int
    acts: int
    how_many: int
    risks: tuple[Risk, ...]

    def along_with(self, other: Drawn) -> Drawn:
        """The last of many searches without hit may be one for somebody known."""
        risks = tuple(dict.fromkeys([*self.risks, *other.risks]))
        acts, how_many = max(self.acts, other.acts), max(self.how_many, other.how_many)
        return Drawn(self.entry, acts, how_many, risks)


@dataclass(frozen=True)
class Draw:
    """What was drawn of so many visits, and the units whose turn it was."""

    looks: Sequence[Drawn] = ()
    visits: int = 0
    units: Sequence[int] = ()


def draw(
    plan: SpotCheckPlan, first: dt.date, after: dt.date, *, turns: int, known: Sequence[KnownPerson]
) -> Draw:
    """Looks of the days from ``first`` until ``after``, by the plan; ``turns`` units have their turn."""
    asked: dict[str, Any] = {
        "first": midnight(first),
        "after": midnight(after),
        "zone": settings.TIME_ZONE,
        "khs": KHS,
        "night_from": plan.night_from,
        "night_to": plan.night_to,
        "many_looks": plan.many_looks,
        "many_misses": plan.many_misses,
        "known": [person.recipient_key for person in known if person.recipient_key],
        "searched": [person.searched for person in known],
        "risks": list(Risk.values),
        "most": [plan.of(risk) for risk in Risk],
        "turns": turns,
        "per_unit": plan.per_unit,
        "random": plan.random,
    }
    rows = replica.read(lambda: _drawn(asked))
    if not rows:
        return Draw()
    looks: dict[int, Drawn] = {}
    for entry, acts, how_many, risks, *_ in rows:
        drawn = Drawn(entry, acts, _counted(how_many, risks), tuple(Risk(risk) for risk in risks))
        looks[entry] = drawn.along_with(looks[entry]) if entry in looks else drawn
    *_, visits, units = rows[0]
    return Draw(list(looks.values()), visits, units or [])


def _drawn(asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    connection = replica.connection()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{_PATIENCE}'")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_DRAW, asked)
        return list(cursor.fetchall())


def _counted(how_many: int, risks: Sequence[str]) -> int:
    """The number that a risk of numbers is about."""
    return how_many if {Risk.MANY, Risk.MISSES} & set(risks) else 0
