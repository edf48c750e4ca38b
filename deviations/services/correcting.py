"""What KHS corrects of a deviation: what kind of event it was, that it was closed too soon, that a piece
may not be handed out meanwhile."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from organisation import messages
from organisation.models import MessageKind, User
from recipients.cases import EventKind, set_status, tell
from sesam.errors import DomainError

from ..models import Consequence, Deviation, DeviationCategory, DeviationStatus, EventType
from ..models.deviations import GRAVE
from .handling import check_open
from .holding import hold_all, lock_with_promised
from .registering import check_event, due

MOST_WHY = 300


@transaction.atomic
def reclassify(
    deviation: Deviation,
    *,
    user: User,
    seen: int,
    event_type: str,
    category: DeviationCategory,
    consequence: str,
    why: str,
) -> Deviation:
    """KHS finds that it was another kind of event than was reported; who reported it is told. What
    becomes grave is held back from then on. ``seen`` is the last event when the page was shown.
    Nothing changed is nothing done."""
    becomes_grave = consequence in GRAVE and not deviation.is_grave
    deviation, promised = lock_with_promised(deviation, holds=becomes_grave)
    was = _classing(deviation)
    stays, was_grave = deviation.category_id, deviation.is_grave
    deviation.event_type, deviation.category = event_type, category
    deviation.consequence = consequence
    told = _changes(was, _classing(deviation))
    if not told:
        return deviation
    check_open(deviation, seen)
    _check_why(why)
    check_event(deviation, stays=stays)
    deviation.due_on, deviation.handler = due(deviation), user
    deviation.save(update_fields=["event_type", "category", "consequence", "due_on", "handler"])
    if deviation.is_grave and not was_grave:
        hold_all(deviation, user, promised)
    tell(deviation, user, EventKind.CHANGED, f"Ändrad av KHS: {told}", note=why.strip())
    _tell_reporter(deviation, user, "ändrat", f"{told}. {why.strip()}")
    return deviation


def _classing(deviation: Deviation) -> dict[str, str]:
    """What it is, in words."""
    return {
        "händelsetyp": str(EventType(deviation.event_type).label)
        if deviation.event_type in EventType.values
        else deviation.event_type,
        "kategori": deviation.category.name,
        "konsekvens": str(Consequence(deviation.consequence).label)
        if deviation.consequence in Consequence.values
        else deviation.consequence,
    }


def _changes(was: dict[str, str], now: dict[str, str]) -> str:
    return ", ".join(
        f"{name} {was[name]} → {value}" for name, value in now.items() if was[name] != value
    )


def _check_why(why: str) -> None:
    if not why.strip():
        raise DomainError("Skriv varför. Den som anmälde får läsa det.", field="why")
    if len(why.strip()) > MOST_WHY:
        raise DomainError(f"Texten får vara högst {MOST_WHY} tecken.", field="why")


def why_not_reopen(deviation: Deviation) -> str:
    """Why it can't be opened again; empty where it can."""
    if deviation.is_withdrawn:
        return f"Anmälaren har återtagit {deviation.definite.lower()}. Den som vill anmäla igen gör en ny."
    if not deviation.has_ended:
        return f"{deviation.definite} är redan öppen och handläggs av {deviation.handler or 'ingen än'}."
    return ""


@transaction.atomic
def reopen(deviation: Deviation, *, user: User, why: str) -> Deviation:
    """A closed one is investigated further: ``user`` handles it, and who reported it is told. The
    pieces of a grave one are held back again. Twice by the same is once."""
    deviation, promised = lock_with_promised(deviation, holds=deviation.is_grave)
    if not deviation.has_ended and deviation.reopened_at and deviation.handler_id == user.pk:
        return deviation
    if hindrance := why_not_reopen(deviation):
        raise DomainError(hindrance)
    _check_why(why)
    set_status(deviation, DeviationStatus.INVESTIGATING)
    deviation.closed_at, deviation.reopened_at = None, timezone.now()
    deviation.handler = user
    deviation.due_on = due(deviation)
    deviation.save(update_fields=["status", "closed_at", "reopened_at", "handler", "due_on"])
    tell(deviation, user, EventKind.INVESTIGATED, "Öppnades igen", note=why.strip())
    if deviation.is_grave:
        hold_all(deviation, user, promised)
    _tell_reporter(deviation, user, "öppnat", why.strip())
    return deviation


@transaction.atomic
def hold(deviation: Deviation, *, user: User) -> Deviation:
    """«Spärra»: none of its pieces is handed out until KHS lets it go, whatever it is promised to.
    Twice is once."""
    deviation, promised = lock_with_promised(deviation, holds=True)
    if deviation.has_ended:
        raise DomainError(
            f"{deviation.definite} är {deviation.state_label.lower()}: öppna den igen först."
        )
    hold_all(deviation, user, promised)
    return deviation


def _tell_reporter(deviation: Deviation, user: User, did: str, text: str) -> None:
    if deviation.ordered_by == user:
        return
    again = " igen" if did == "öppnat" else ""
    person = deviation.recipient
    messages.send(
        deviation.ordered_by,
        kind=MessageKind.DEVIATION,
        title=f"KHS har {did} din {deviation.kind_word.lower()} {deviation.case_number}{again}",
        # Of a protected person nothing is written that stands elsewhere than on the case's page.
        text="" if deviation.is_protected else text,
        case_number=deviation.case_number,
        about=person.key if person else None,
    )
