"""Who has what is recalled is told: the units by message, whoever has it by letter or by telephone;
and reminded, by hand and by the daily job."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from individuals.models import Individual
from organisation import messages
from organisation.models import MessageKind, Unit, User
from organisation.permissions import BUFFERT, FORSKRIVARE
from recipients.cases import EventKind, lock_case, tell
from recipients.models import Loan
from sesam.days import day_in_words
from sesam.errors import DomainError

from ..models import Recall, RecallItem, RecallItemQuerySet, RecallStatus, Told

READERS = (FORSKRIVARE, BUFFERT)


@dataclass
class Reached:
    """To how many units a message went, about how many rows; and whom none could reach, with why."""

    units: int = 0
    items: int = 0
    left_out: list[tuple[RecallItem, str]] = field(default_factory=list)


def readers_of(units: Iterable[int]) -> dict[int, list[User]]:
    """Who at each of the units reads what KHS says to it."""
    works = (
        User.units.through.objects.filter(
            unit__in=set(units), user__is_active=True, user__groups__name__in=READERS
        )
        .order_by("unit", "user")
        .distinct()
    )
    pairs = list(works.values_list("unit", "user"))
    users = User.objects.in_bulk({user for _, user in pairs})
    found: dict[int, list[User]] = defaultdict(list)
    for unit, user in pairs:
        found[unit].append(users[user])
    return dict(found)


@transaction.atomic
def tell_units(recall: Recall, items: Collection[int], *, user: User) -> Reached:
    """A message to the unit of each of the items (by key) that has had none, one to everybody who works
    there: sent twice is once. Where a letter was written or somebody called, it counts as a reminder."""
    recall = lock_ongoing(recall)
    rows = without_message(_locked(recall, items))
    found = list(rows.select_related("individual__warehouse", "article", "warehouse"))
    answer_at_present(found)
    reached = _send(recall, found, "Kontrollera")
    left = {item.pk for item, _ in reached.left_out}
    done = [item for item in found if item.pk not in left]
    for item in done:
        if item.told_at is None:
            item.told_at, item.told_how = timezone.now(), Told.MESSAGE
        else:
            item.reminded_at, item.reminders = timezone.now(), item.reminders + 1
    fields = ["told_at", "told_how", "reminded_at", "reminders"]
    RecallItem.objects.bulk_update(done, fields, batch_size=500)
    if done:
        tell(recall, user, EventKind.CHANGED, f"Meddelande till {_units(reached)}")
    return reached


def without_message(items: RecallItemQuerySet) -> RecallItemQuerySet:
    """Those that are to be answered and that no unit has had a message about."""
    by_message = Q(told_how=Told.MESSAGE) | Q(reminders__gt=0)
    return items.to_answer().filter(answer="").exclude(by_message)


def to_tell(recall: Recall, items: Collection[int]) -> int:
    """About how many rows of these a message would go to a unit now."""
    rows = without_message(recall.items.filter(pk__in=items))
    return len(units_at_present(list(rows.select_related("individual__warehouse", "warehouse"))))


@transaction.atomic
def remind(recall: Recall, items: Collection[int], *, user: User | None) -> Reached:
    """A reminder about those of the items that nobody has answered, once a day at most. What nobody
    was told of isn't reminded of: it is told first."""
    recall = lock_ongoing(recall)
    rows = _locked(recall, items).silent()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = rows.filter(Q(reminded_at=None) | Q(reminded_at__lt=midnight))
    found = list(rows.select_related("individual__warehouse", "article", "warehouse"))
    answer_at_present(found)
    reached = _send(recall, found, "Påminnelse")
    left = {item.pk for item, _ in reached.left_out}
    done = [item for item in found if item.pk not in left]
    for item in done:
        item.reminded_at, item.reminders = timezone.now(), item.reminders + 1
    RecallItem.objects.bulk_update(done, ["reminded_at", "reminders"], batch_size=500)
    if done:
        tell(recall, user, EventKind.CHANGED, f"Påminnelse till {_units(reached)}")
    return reached


def to_remind(now: dt.datetime | None = None) -> dict[Recall, list[int]]:
    """What has been silent so long that the daily job reminds of it."""
    if not settings.RECALL_REMINDER_DAYS:
        return {}
    before = (now or timezone.now()) - dt.timedelta(days=settings.RECALL_REMINDER_DAYS)
    rows = RecallItem.objects.silent().filter(recall__status=RecallStatus.ONGOING)
    rows = rows.alias(last=Coalesce(F("reminded_at"), F("told_at"))).filter(last__lt=before)
    found: dict[Recall, list[int]] = defaultdict(list)
    for item in rows.select_related("recall__ordered_by").order_by("recall", "pk"):
        found[item.recall].append(item.pk)
    return dict(found)


def remind_silent() -> int:
    """What the daily job does; returns of how many items it reminded. Run twice is once: an item that
    was reminded of today isn't again."""
    done = 0
    for recall, items in to_remind().items():
        try:
            done += remind(recall, items, user=None).items
        except DomainError:  # closed in the same instant
            continue
    return done


@transaction.atomic
def note_call(recall: Recall, items: Collection[int], *, user: User, note: str) -> int:
    """KHS has telephoned and has no answer yet. Returns of how many items."""
    recall = lock_ongoing(recall)
    note = note.strip()[:300]
    if not note:
        raise DomainError("Skriv vem du pratade med, eller att ingen svarade.", field="note")
    found = list(_locked(recall, items).to_answer().filter(answer=""))
    for item in found:
        if item.told_at is None:
            item.told_at, item.told_how = timezone.now(), Told.CALL
        item.note = note
    RecallItem.objects.bulk_update(found, ["told_at", "told_how", "note"], batch_size=500)
    if found:
        tell(recall, user, EventKind.CHANGED, f"Samtal om {count_words(found)}")
    return len(found)


def mark_lettered(recall: Recall, items: Collection[RecallItem], *, user: User) -> None:
    """Letters are written about the items. Needs the recall and their rows locked."""
    for item in items:
        if item.told_at is None:
            item.told_at, item.told_how = timezone.now(), Told.LETTER
    RecallItem.objects.bulk_update(items, ["told_at", "told_how"], batch_size=500)


def lock_ongoing(recall: Recall) -> Recall:
    """The recall, locked; raises ``DomainError`` where nothing is done about it any more, or yet."""
    recall = lock_case(recall)
    if recall.status != RecallStatus.ONGOING:
        raise DomainError(f"Återkallelsen är {recall.status_words}: inget mer kan göras med den.")
    return recall


def _locked(recall: Recall, items: Collection[int]) -> RecallItemQuerySet:
    """Those of the items that are the recall's, locked: to be asked for with what else is wanted."""
    rows: RecallItemQuerySet = recall.items.filter(pk__in=items).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))
    return rows


def answer_at_present(items: Collection[RecallItem]) -> None:
    """Who answers for each now, saved where it isn't who did when it was found."""
    units = units_at_present(items)
    changed = [item for item in items if units.get(item.pk, item.unit_id) != item.unit_id]
    for item in changed:
        item.unit_id = units[item.pk]
    RecallItem.objects.bulk_update(changed, ["unit"], batch_size=500)


def units_at_present(items: Collection[RecallItem]) -> dict[int, int]:
    """The unit that answers for each item, by keys: that of whom it is lent to, or whose own store it
    stands in; for what stands at KHS none. The pieces and both warehouses must be loaded."""
    pieces = [item.individual_id for item in items if item.individual_id]
    lent = Loan.objects.filter(individual__in=pieces, ended_at=None)
    units = dict(lent.values_list("individual", "unit"))
    stores = owners_of({here for item in items if (here := standing_in(item))})
    found = {}
    for item in items:
        unit = units.get(item.individual_id) if item.individual_id else item.unit_id
        unit = unit or stores.get(standing_in(item) or 0) or item.unit_id
        if unit and not item.is_ours:
            found[item.pk] = unit
    return found


def standing_in(item: RecallItem) -> int | None:
    """The warehouse in which it stands now."""
    piece = item.individual
    if piece is None:
        return item.warehouse_id
    return None if piece.status == Individual.Status.WITH_RECIPIENT else piece.warehouse_id


def owners_of(warehouses: Collection[int]) -> Mapping[int, int]:
    """The unit that answers for each own store: the first that has it."""
    has = Unit.own_stores.through.objects.filter(
        warehouse__in=warehouses, unit__is_active=True, warehouse__is_active=True
    )
    found: dict[int, int] = {}
    for store, unit in has.order_by("unit__code").values_list("warehouse", "unit"):
        found.setdefault(store, unit)
    return found


def _send(recall: Recall, items: Collection[RecallItem], word: str) -> Reached:
    """One message to everybody at the items' units, of all that is theirs."""
    by_unit: dict[int, list[RecallItem]] = defaultdict(list)
    reached = Reached()
    for item in items:
        if item.unit_id is None or item.is_ours:
            why = "Inget tjänsteställe svarar för det: KHS bekräftar själv."
            if item.is_ours:
                why = "Står i KHS lager: KHS åtgärdar det där och bekräftar själv."
            reached.left_out.append((item, why))
        else:
            by_unit[item.unit_id].append(item)
    readers = readers_of(by_unit)
    to_tell: dict[int, tuple[User, int]] = {}
    for unit, mine in by_unit.items():
        if not readers.get(unit):
            why = "Ingen på tjänstestället kan läsa meddelanden: ring eller skriv brev."
            reached.left_out += [(item, why) for item in mine]
            continue
        reached.units += 1
        reached.items += len(mine)
        for user in readers[unit]:
            before = to_tell.get(user.pk, (user, 0))[1]
            to_tell[user.pk] = user, before + sum(item.quantity for item in mine)
    for _, (user, count) in sorted(to_tell.items()):
        messages.send(
            user,
            kind=MessageKind.RECALL,
            title=f"{word}: {count} hjälpmedel i återkallelse {recall.case_number}",
            text=told_text(recall),
            case_number=recall.case_number,
        )
    return reached


def told_text(recall: Recall) -> str:
    """What the message says: of nobody's data."""
    lines = [f"Fel: {recall.fault}", f"Gör så här: {recall.measure}"]
    if recall.must_stop:
        lines.append("Hjälpmedlen ska inte användas förrän det är gjort.")
    if recall.due_on:
        lines.append(f"Bekräfta varje hjälpmedel senast {day_in_words(recall.due_on)}.")
    return "\n\n".join(lines)


def count_words(items: Collection[RecallItem]) -> str:
    count = sum(item.quantity for item in items)
    return f"{count} exemplar"


def _units(reached: Reached) -> str:
    units = "tjänsteställe" if reached.units == 1 else "tjänsteställen"
    items = "rad" if reached.items == 1 else "rader"
    return f"{reached.units} {units} om {reached.items} {items}"
