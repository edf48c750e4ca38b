"""What open recalls look for (``Watch``): the rules of whether a piece is meant, asked of every piece
that is made or comes in."""

from __future__ import annotations

import datetime as dt
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from django.db import connection, models

from sesam.errors import DomainError

from .models import Block, BlockReason, Individual, Watch

By = Watch.By
_WATCHES_LOCK = 0x1D2  # pg_advisory: who makes pieces shares it, who writes watches has it alone
_RUN = re.compile(r"[0-9]+|[^0-9]+")
LONGEST = 40  # characters of a serial number or a lot


class Sureness(models.TextChoices):
    """How sure it is that a piece is one of those meant."""

    SURE = "sure", "Säker"
    LIKELY = "likely", "Trolig"
    POSSIBLE = "possible", "Möjlig"


class Reason(models.TextChoices):
    """What it was found by."""

    ARTICLE = "article", "Alla av artikeln"
    SERIAL = "serial", "Serienumret"
    LOT = "lot", "Batch/lot"
    DATES = "dates", "Dagen"
    ALIKE = "alike", "Numret, skrivet på annat sätt"
    UNKNOWN = "unknown", "Serienummer eller batch/lot saknas"


@dataclass(frozen=True)
class Match:
    sureness: Sureness
    reason: Reason


@dataclass(frozen=True)
class Facts:
    """What is known of a piece, or of so many of a counted article, which has no number. ``bought`` are
    the first and the last day on which it may have come to us, ``lent`` those on which it was lent."""

    serial: str = ""
    lot: str = ""
    bought: tuple[dt.date, dt.date] | None = None
    lent: tuple[dt.date, ...] = ()


# --- numbers, as they are printed in different ways --------------------------------------


class Alike(Enum):
    YES = "yes"
    NO = "no"
    UNSURE = "unsure"  # the same figures with other letters


def plain(number: str) -> str:
    """A serial number or a lot without what people write in different ways: spaces, hyphens, case."""
    folded = unicodedata.normalize("NFKC", number).upper()
    return "".join(x for x in folded if x.isalnum())


def _parts(number: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Its letters and its figures, run by run: «AB12C3» is (AB, #, C, #) and (12, 3)."""
    runs = _RUN.findall(plain(number))
    figures = tuple(int(run) for run in runs if _is_figures(run))
    return tuple("#" if _is_figures(run) else run for run in runs), figures


def _is_figures(run: str) -> bool:
    return "0" <= run[0] <= "9"


def check_range(first: str, last: str) -> None:
    """Raises ``DomainError`` for what nothing can be within."""
    for number in (first, last):
        if not plain(number):
            raise DomainError(f"«{number}» är inget nummer. Skriv minst en bokstav eller siffra.")
        if len(number) > LONGEST:
            raise DomainError(f"Ett nummer har högst {LONGEST} tecken: «{number[:LONGEST]}…».")
    if plain(first) == plain(last):
        return
    (letters, low), (others, high) = _parts(first), _parts(last)
    if letters != others or not low:
        raise DomainError(
            f"{first}–{last} är inget intervall: början och slut ska ha samma bokstäver och lika"
            " många grupper av siffror. Skriv numren ett och ett i stället."
        )
    if low > high:
        raise DomainError(f"{first}–{last} slutar före det börjar. Byt plats på numren.")


def within(number: str, first: str, last: str) -> Alike:
    """Whether the number is one of the range, which ``check_range`` let through."""
    letters, figures = _parts(number)
    wanted, low = _parts(first)
    if plain(first) == plain(last):
        if plain(number) == plain(first):
            return Alike.YES
        same = bool(figures) and "".join(map(str, figures)) == "".join(map(str, low))
        return Alike.UNSURE if same else Alike.NO
    high = _parts(last)[1]
    if letters == wanted:
        return Alike.YES if low <= figures <= high else Alike.NO
    return Alike.UNSURE if low <= figures[-len(low) :] <= high else Alike.NO


# --- whether a piece is meant ------------------------------------------------------------


def match(facts: Facts, criteria: Collection[Watch]) -> Match | None:
    """Whether what has these ``facts`` is meant by ``criteria`` of its article; None where it isn't.

    Any criterion will do. Where numbers are given, what lacks the number, or has one that is written
    in another way, may be one of them: then the days that the recall names narrow it down.
    """
    if any(x.by == By.ARTICLE for x in criteria):
        return Match(Sureness.SURE, Reason.ARTICLE)
    kinds = {x.by for x in criteria}
    doubt: Reason | None = None
    for by, number, reason in (
        (By.SERIAL, facts.serial, Reason.SERIAL),
        (By.LOT, facts.lot, Reason.LOT),
    ):
        if by not in kinds:
            continue
        if not plain(number):
            doubt = doubt or Reason.UNKNOWN
            continue
        found = {within(number, x.first, x.last) for x in criteria if x.by == by}
        if Alike.YES in found:
            return Match(Sureness.SURE, reason)
        if Alike.UNSURE in found:
            doubt = Reason.ALIKE
    dated = [x for x in criteria if x.by in Watch.DATED]
    if not kinds & {By.SERIAL, By.LOT}:
        sure = _dated(facts, dated)
        return Match(sure, Reason.DATES) if sure else None
    if doubt is None:
        return None
    if doubt is Reason.UNKNOWN and dated:
        return Match(Sureness.POSSIBLE, Reason.DATES) if _dated(facts, dated) else None
    return Match(Sureness.POSSIBLE, doubt)


def _dated(facts: Facts, criteria: Iterable[Watch]) -> Sureness | None:
    """How sure the days make it; the surest of the criteria."""
    found = {_by_days(facts, x) for x in criteria}
    return next((x for x in Sureness if x in found), None)


def _by_days(facts: Facts, x: Watch) -> Sureness | None:
    """What was lent, or came to us, within the days is likely one of those delivered then. When a
    piece was made nobody has written down: what came to us before it began isn't one of them."""
    if x.first_day is None or x.last_day is None:
        return None
    if x.by == By.DELIVERED and any(x.first_day <= day <= x.last_day for day in facts.lent):
        return Sureness.LIKELY
    # Unknown is any day before it was lent first.
    earliest, latest = facts.bought or (dt.date.min, min(facts.lent, default=dt.date.max))
    if latest < x.first_day:
        return None
    if x.by == By.PRODUCED:
        return Sureness.POSSIBLE
    if earliest > x.last_day:
        return None
    return (
        Sureness.LIKELY if x.first_day <= earliest and latest <= x.last_day else Sureness.POSSIBLE
    )


# --- asked of what is made or comes in ---------------------------------------------------


def lock_all() -> None:
    """Nobody makes a piece, or brings one in, until the transaction ends: for who writes watches, so
    that nothing comes between them and the list that is made of them. The last lock before the case
    number. It is tried for a while first: who waits in the queue would make those wait for whom it
    waits."""
    with connection.cursor() as cursor:
        for _ in range(100):
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_WATCHES_LOCK])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WATCHES_LOCK])


def ask(pieces: Iterable[Individual], *, are_new: bool = False) -> list[Block]:
    """Block those of the pieces that an open recall looks for and hasn't found before. Needs locked
    rows with ``blocked``, which it keeps true; of what stands on a shelf, the caller tells the stock.

    Of pieces that were there already the days have been judged with the recall's list, where it is
    known when they were lent: only ``are_new`` ones are judged by them here. Returns the new blocks.
    """
    pieces = [piece for piece in pieces if piece.status != Individual.Status.SCRAPPED]
    if not pieces:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_WATCHES_LOCK])
    sought: dict[int, dict[str, list[Watch]]] = defaultdict(lambda: defaultdict(list))
    articles = {piece.article_id for piece in pieces}
    for watch in Watch.objects.filter(article__in=articles, ended_at=None):
        sought[watch.article_id][watch.case_number].append(watch)
    if not sought:
        return []
    reason = BlockReason.objects.get(code=BlockReason.Code.RECALL)
    before = Block.objects.filter(individual__in=pieces, reason=reason)
    known = set(before.values_list("individual", "case_number"))
    made = []
    for piece in pieces:
        for number, criteria in sought[piece.article_id].items():
            if (piece.pk, number) in known:
                continue
            found = match(facts_of(piece), criteria)
            if found and (are_new or found.reason is not Reason.DATES):
                made.append(Block(individual=piece, reason=reason, case_number=number))
                piece.blocked = True
    return Block.objects.bulk_create(made)


def facts_of(piece: Individual, lent: Iterable[dt.date] = ()) -> Facts:
    """What the piece says of itself; when it was lent stands with the loans."""
    bought = None
    if day := piece.purchased_on:
        bought = (day, day.replace(month=12, day=31) if piece.purchase_is_estimated else day)
    return Facts(piece.serial_number, piece.lot, bought, tuple(lent))
