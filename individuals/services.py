"""Every change of a marked piece: where it is, its number, and that it comes to be."""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from articles.models import Article, Responsibility, StockMovement
from articles.stock import Ledger, Shortage
from organisation.models import User, Warehouse
from sesam import personal_numbers
from sesam.errors import DomainError
from sesam.seen import Seen

from . import arrivals, watching
from .models import Block, BlockReason, Component, FormerNumber, Individual

Status = Individual.Status
# Letters, digits and hyphens, as printed on labels; a digit, so that no word of an address is one.
_NUMBER = re.compile(r"(?=[^0-9]*[0-9])[0-9A-ZÅÄÖ-]{3,20}")
#: Sees that the piece can be held back, whatever it is promised to; the text says why, and names nobody.
MakeRoom = Callable[[Individual, Ledger, str], None]
_prepared: list[Callable[[Collection[int], User], MakeRoom]] = []
_NUMBERS_LOCK = 0x1D1  # pg_advisory: whoever gives out a number, so that two never give the same
OLDEST = 40  # years: more is a slip of the finger


@dataclass(frozen=True)
class Plate:
    """What the maker has printed on the piece: empty where it has none."""

    serial_number: str
    lot: str


def before_block(prepare: Callable[[Collection[int], User], MakeRoom]) -> None:
    """Have ``prepare`` asked, before anything of these pieces is locked, how to make room for a block:
    an app above that promises them locks what it promised to."""
    if prepare not in _prepared:
        _prepared.append(prepare)


def with_blocked() -> QuerySet[Individual]:
    """Individuals that know whether they are blocked (``blocked``)."""
    open_blocks = Block.objects.filter(individual=OuterRef("pk"), until=None)
    return Individual.objects.annotate(blocked=Exists(open_blocks))  # type: ignore[no-redef]  # declared by the model


def on_shelf(warehouse_id: int, article_id: int) -> QuerySet[Individual]:
    """What can be handed out there now, by number."""
    return free().filter(warehouse=warehouse_id, article=article_id).order_by("number")


def free() -> QuerySet[Individual]:
    """What stands on a shelf and isn't blocked."""
    there = with_blocked().filter(status=Status.IN_STOCK)
    return there.filter(blocked=False)  # type: ignore[misc]  # annotated


def lock(ids: Iterable[int]) -> dict[int, Individual]:
    """The individuals, locked in one order, each with ``blocked``. After the balances.

    By id, since a number may change while somebody waits for the lock.
    """
    ids = list(ids)
    if not ids:
        return {}
    rows = Individual.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    pieces = {row.pk: row for row in rows}
    # By a question of its own: one that waits for the lock answers of blocks as they were before it.
    open_blocks = Block.objects.filter(individual__in=pieces, until=None)
    blocked = set(open_blocks.values_list("individual", flat=True))
    for pk, piece in pieces.items():
        piece.blocked = pk in blocked
    return pieces


def hand_out(individuals: list[Individual]) -> None:
    """They leave the shelf for a recipient. Needs locked rows; the caller moves the stock."""
    for individual in individuals:
        individual.status = Status.WITH_RECIPIENT
        individual.warehouse = None
    Individual.objects.bulk_update(individuals, ["status", "warehouse"])


def fit(components: list[Component]) -> None:
    """Parts come to sit on individuals."""
    now = timezone.now()
    for component in components:
        component.fitted_at = now
    Component.objects.bulk_create(components)


def count_fitted(component: Component, quantity: int) -> None:
    """So many of the part sit there now."""
    if component.quantity != quantity:
        component.quantity = quantity
        component.save(update_fields=["quantity"])


def unfit(components: list[Component], at: dt.datetime) -> None:
    """Parts no longer sit on their individuals; that they did is kept."""
    for component in components:
        component.removed_at = at
    Component.objects.bulk_update(components, ["removed_at"])


def scrap(individuals: list[Individual]) -> None:
    """They are never handed out again. Needs locked rows; the caller moves the stock."""
    _away(individuals, Status.SCRAPPED)


def lose(individuals: list[Individual]) -> None:
    """Nobody knows where they are. Needs locked rows; the caller moves the stock."""
    _away(individuals, Status.MISSING)


def _away(individuals: list[Individual], status: Individual.Status) -> None:
    for individual in individuals:
        individual.status = status
        individual.warehouse = None
    Individual.objects.bulk_update(individuals, ["status", "warehouse"])


def block(
    individuals: list[Individual], reason: BlockReason, *, case_number: str | None = None
) -> None:
    """They must not be handed out. Of what stands on a shelf, the caller tells the stock."""
    Block.objects.bulk_create(
        Block(individual=individual, reason=reason, case_number=case_number)
        for individual in individuals
    )
    for individual in individuals:
        individual.blocked = True


def unblock(individual: Individual, reason: BlockReason, *, case_number: str | None) -> bool:
    """End the case's block; whether the piece is free of every block now."""
    open_blocks = Block.objects.filter(individual=individual, until=None)
    open_blocks.filter(reason=reason, case_number=case_number).update(until=timezone.now())
    return not open_blocks.exists()


def unblock_all(individual: Individual, code: str) -> bool:
    """End every block for that reason, whatever case it names; whether the piece is free of every block
    now."""
    open_blocks = Block.objects.filter(individual=individual, until=None)
    open_blocks.filter(reason__code=code).update(until=timezone.now())
    return not open_blocks.exists()


# --- numbers -----------------------------------------------------------------------------


def checked_number(typed: str) -> str:
    """An individual number as it is kept; ``DomainError`` for what can't be one."""
    number = typed.strip().upper()
    if not number:
        raise DomainError("Skriv individnumret.", field="number")
    if personal_numbers.looks_personal(number):
        raise DomainError("Det ser ut som ett personnummer.", field="number")
    if not _NUMBER.fullmatch(number):
        raise DomainError(
            "Ett individnummer har 3 till 20 tecken: siffror, bokstäver och bindestreck.",
            field="number",
        )
    return number


def _claim(number: str, *, by: Individual | None = None) -> None:
    """See that no other piece has or had the number. Needs a transaction; until it ends nobody
    else is given a number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS_LOCK])
    others = Individual.objects.filter(number=number)
    former = FormerNumber.objects.filter(number=number)
    if by is not None:
        former = former.exclude(individual=by)
    if others.exists():
        raise DomainError(
            f"Individnummer {number} finns redan. Välj ett annat nummer.", field="number"
        )
    if found := former.select_related("individual").first():
        raise DomainError(
            f"Individnummer {number} har tillhört individ {found.individual.number}."
            " Välj ett annat nummer.",
            field="number",
        )


@transaction.atomic
def renumber(individual: Individual, *, number: str, user: User, seen: str = "") -> Individual:
    """«Byte av individnummer». The old number is kept and still finds the piece.

    ``seen`` is the number that the user was shown: if somebody else has changed it since,
    nothing happens. Sent twice it is done once. A piece may have a number of its own back.
    """
    number = checked_number(number)
    individual, ledger, make_room = _take(individual, user)
    if seen and individual.number != seen:
        if individual.number == number:
            return individual
        raise DomainError(
            f"Individen har redan bytt nummer till {individual.number}. Börja om därifrån."
        )
    if individual.number == number:
        raise DomainError("Individen har redan det numret.", field="number")
    _claim(number, by=individual)
    FormerNumber.objects.filter(individual=individual, number=number).delete()
    FormerNumber.objects.create(individual=individual, number=individual.number, changed_by=user)
    individual.number = number
    individual.save(update_fields=["number"])
    _ask(individual, ledger, make_room)
    return individual


@transaction.atomic
def correct_plate(
    individual: Individual, *, plate: Plate, user: User, seen: Seen | None = None
) -> tuple[Individual, bool]:
    """What the maker has printed on it was typed wrong: it is as ``plate`` says, and a recall that looks
    for that holds the piece back from now on (also told: whether one newly does). ``seen`` is what the
    user was shown: where somebody else has changed it since, nothing happens. Sent twice it is done
    once. Raises ``DomainError``, as ``Overtaken`` where it was changed.
    """
    plate = Plate(plate.serial_number.strip(), plate.lot.strip())
    individual, ledger, make_room = _take(individual, user)
    if Plate(individual.serial_number, individual.lot) == plate:
        return individual, False
    if seen is not None:
        seen.check(individual)
    individual.serial_number, individual.lot = plate.serial_number, plate.lot
    individual.save(update_fields=["serial_number", "lot"])
    before = individual.blocks.count()
    _ask(individual, ledger, make_room)
    return individual, individual.blocks.count() > before


def _take(individual: Individual, user: User) -> tuple[Individual, Ledger, list[MakeRoom]]:
    """Lock the piece, with the balance of where it stands; before that, what ``before_block`` locks."""
    make_room = [prepare([individual.pk], user) for prepare in _prepared]
    stands = Individual.objects.filter(pk=individual.pk, warehouse__isnull=False)
    ledger = Ledger(list(stands.values_list("warehouse_id", "article_id")), user=user)
    return lock([individual.pk])[individual.pk], ledger, make_room


def _ask(individual: Individual, ledger: Ledger, make_room: Iterable[MakeRoom]) -> None:
    """Whether a recall looks for the piece: then it isn't handed out from now on. Raises
    ``DomainError`` where it was promised, or moved, in the same instant."""
    was_blocked = individual.blocked
    found = watching.ask([individual])
    if found and not was_blocked and individual.warehouse_id:
        place = (individual.warehouse_id, individual.article_id)
        try:
            for make in make_room:
                make(individual, ledger, f"återkallelse {found[0].case_number}")
            ledger.block(place, 1)
        except (KeyError, Shortage):
            raise DomainError(
                f"Individ {individual.number} omfattas av en återkallelse, och har just lovats till en"
                " beställning eller flyttats. Försök igen."
            ) from None
    ledger.save()


# --- new pieces --------------------------------------------------------------------------


def check_registrable(article: Article) -> None:
    """«Ny individ» is for individually marked B articles; KHS receives the A aids itself."""
    if not article.is_marked:
        raise DomainError(
            f"{article.number} {article.name} är inte individmärkt och har inga individer.",
            field="article",
        )
    if article.responsibility != Responsibility.B:
        raise DomainError(
            f"{article.number} {article.name} är ett A-hjälpmedel. A-hjälpmedel registreras av"
            " KHS.",
            field="article",
        )
    if not article.is_stocked:
        raise DomainError(f"{article.number} {article.name} lagerförs inte.", field="article")


@transaction.atomic
def register(
    *,
    warehouse: Warehouse,
    article: Article,
    number: str,
    user: User,
    serial_number: str = "",
    lot: str = "",
    age: int = 0,
    text: str = "",
) -> Individual:
    """«Ny individ»: a piece comes to stand in an own store that may register them; blocked, if a
    recall looks for it.

    ``age`` is estimated, in whole years; 0 means new. Whether the user may work with the store
    is the caller's to see.
    """
    if warehouse.is_central or not warehouse.is_active or not warehouse.may_register_individuals:
        raise DomainError(f"{warehouse} får inte registrera individer.", field="warehouse")
    check_registrable(article)
    number = checked_number(number)
    if not 0 <= age <= OLDEST:
        raise DomainError(f"Ange åldern i hela år, från 0 till {OLDEST}.", field="age")
    place = (warehouse.pk, article.pk)
    ledger = Ledger([place], user=user)
    _claim(number)
    today = timezone.localdate()
    individual = Individual.objects.create(
        number=number,
        article=article,
        serial_number=serial_number.strip(),
        lot=lot.strip(),
        warehouse=warehouse,
        status=Status.IN_STOCK,
        purchased_on=dt.date(today.year - age, 1, 1) if age else today,
        purchase_is_estimated=age > 0,
        text=text.strip(),
    )
    individual.blocked = False
    ledger.add(place, 1, StockMovement.Kind.PURCHASE, individual_number=number)
    arrivals.hold_back([individual], ledger, are_new=True)
    ledger.save()
    return individual
