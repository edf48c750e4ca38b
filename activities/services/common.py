"""What the services of activities share: who may do the work, what has become of its aids, how an
activity ends."""

from __future__ import annotations

from collections.abc import Iterable

from articles.stock import Place
from individuals.holding import HeldPieces
from individuals.models import BlockReason, Individual
from orders import services as orders
from organisation.models import MessageKind, User
from organisation.permissions import KHS, has_role
from recipients.cases import forget_at_end, inform, lock_case
from recipients.held import fate
from sesam.errors import DomainError

from ..maintenance import holding as overdue
from ..models import Activity, ActivityLine, ActivityType

#: Why a piece is held back that is being repaired.
REPAIR = BlockReason.Code.REPAIR


class NotOurs(DomainError):
    """Somebody else does this work."""


def may_report(user: User, activity: Activity) -> bool:
    """Whether the user may report time and material, and close it: KHS always, a unit what its own
    store or itself does."""
    if has_role(user, KHS):
        return True
    return is_units_own(activity) and user.units.filter(pk=activity.unit_id or 0).exists()


def is_units_own(activity: Activity) -> bool:
    """Whether the unit's own store or the unit itself does it."""
    by = ActivityType.DoneBy
    return activity.performed_by in (by.STORE, by.UNIT) and activity.supplier_id is None


def held_pieces(activity: Activity) -> set[int]:
    """The pieces that the activity holds back, and the one whose maintenance it is: that may come to
    be held back in the same instant."""
    found = Individual.objects.filter(blocks__case=activity.case_number, blocks__until=None)
    maintained = activity.maintenance
    mine = {maintained.individual_id} if maintained is not None else set()
    return mine | set(found.values_list("pk", flat=True))


def lock_activity(activity: Activity) -> Activity:
    """The activity as it stands, locked, and after it the order that waits for it."""
    activity = lock_case(activity)
    if activity.order is not None:
        lock_case(activity.order)
    return activity


def held_counts(activity: Activity) -> dict[Place, int]:
    """How much of counted articles the activity holds back, by place."""
    held: dict[Place, int] = {}
    for article, quantity in activity.lines.filter(is_held=True).values_list("article", "quantity"):
        place = (activity.warehouse_id, article)
        held[place] = held.get(place, 0) + quantity
    return held


def end(activity: Activity, pieces: HeldPieces, *, user: User | None) -> None:
    """What every end brings: what is held back is let go, the order that waited goes on. The
    activity is saved with its new status before, and ``pieces``, which have locked its places, by
    the caller."""
    pieces.release(REPAIR, case_number=activity.case_number)
    overdue.release(pieces)
    for place, quantity in held_counts(activity).items():
        pieces.ledger.block(place, -quantity)
    how = activity.status_words
    if activity.order is not None and user is not None:
        orders.release(activity.order, activity.case_number, user=user, how=how)
    forget_at_end(activity)
    title = f"Aktivitet {activity.case_number} är {how}"
    by = user or "underhållsschemat"
    inform(activity, user, MessageKind.ACTIVITY, title, f"{activity.type}, {how} av {by}.")


def open_on(loan_ids: Iterable[int]) -> dict[int, list[Activity]]:
    """The open activities that each loan is on, oldest first. One query."""
    found: dict[int, list[Activity]] = {}
    lines = ActivityLine.objects.filter(
        loan__in=list(loan_ids), activity__in=Activity.objects.still_open()
    )
    for line in lines.select_related("activity__type").order_by("pk"):
        found.setdefault(line.loan_id or 0, []).append(line.activity)
    return found


def gone(line: ActivityLine) -> str:
    """What has become of an aid since the activity was registered: «är redan återlämnat»; empty
    while it is where it was."""
    if line.loan is not None:
        return fate(line.loan) if line.loan.ended_at else ""
    piece = line.individual
    if piece is None:
        return ""
    if piece.status == Individual.Status.SCRAPPED:
        return "är skrotat"
    if piece.status == Individual.Status.MISSING:
        return "är anmält som saknat"
    if piece.warehouse_id is None:
        return "är utlämnat"
    return ""


def told_gone(activity: Activity) -> list[str]:
    """A sentence for each of its aids that isn't where it was."""
    lines = activity.lines.select_related(
        "loan__article", "loan__individual", "individual", "article"
    )
    return [f"{line.title} {what}." for line in lines if (what := gone(line))]
