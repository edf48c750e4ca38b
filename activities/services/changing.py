"""An activity is changed while it is open, or cancelled while nobody has begun."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from individuals.holding import HeldPieces
from organisation.models import User
from recipients import case_details
from recipients.cases import EventKind, last_event, lock_case, set_status, tell
from sesam.errors import DomainError
from sesam.seen import Seen

from ..maintenance.outdated import outdated
from ..models import Activity, ActivityStatus
from . import common
from .registering import DETAILS, ON_PAPER, check_texts


@transaction.atomic
def change(
    activity: Activity,
    *,
    user: User,
    details: dict[str, Any],
    seen: Seen | None = None,
    text_confirmed: bool = False,
    kind: EventKind = EventKind.CHANGED,
    what: str = "Uppgifterna ändrades",
) -> Activity:
    """Change address, contact or text while it is open. ``seen`` is what the form was filled in
    with: ``Overtaken`` where it says something else now."""
    activity = lock_case(activity)
    if activity.has_ended:
        raise DomainError(f"Aktiviteten är {activity.status_words} och kan inte ändras.")
    was_masked = activity.address_masked
    changed = case_details.set_details(activity, details, names=DETAILS, seen=seen)
    if not changed:
        if activity.lacks_text:
            check_texts(activity)
        return activity
    if was_masked:  # written before the person was protected, and nobody has looked at it since
        activity.events.exclude(note="").update(note="")
    confirmed_stays = not any(name in (*ON_PAPER, "contact_name") for name in changed)
    activity.text_confirmed = text_confirmed or (activity.text_confirmed and confirmed_stays)
    check_texts(activity)
    case_details.check_details(activity, "aktivitetsadressen")
    activity.save(update_fields=[*changed, "text_confirmed"])
    tell(activity, user, kind, what)
    return activity


@transaction.atomic
def undo_contact(activity: Activity, *, user: User, contact: bool, seen: int) -> Activity:
    """Turn the contact switch of this activity back. Twice is once; raises ``DomainError`` where
    something has happened to it since the event ``seen``."""
    activity = lock_case(activity)
    if activity.contact_prescriber == contact:
        return activity
    if last_event(activity) != seen:
        raise DomainError(
            "Det går inte att ångra: aktiviteten har ändrats sedan dess. Ändra med pennan i"
            " stället."
        )
    words = "ska" if contact else "behöver inte"
    return change(
        activity,
        user=user,
        details={"contact_prescriber": contact},
        text_confirmed=activity.text_confirmed,
        kind=EventKind.CONTACT,
        what=f"Förskrivare {words} kontaktas",
    )


def why_not_cancel(activity: Activity) -> str:
    """Why it can't be cancelled now; empty when nothing hinders."""
    if activity.status != ActivityStatus.REGISTERED:
        return (
            "Bara en aktivitet med status Registrerad kan makuleras."
            f" Den här är {activity.status_words}."
        )
    if activity.reports.exists():
        return "Arbete är redan återrapporterat. Avsluta aktiviteten i stället."
    if is_due_still(activity):
        return (
            "Underhållet ska göras enligt schemat, så aktiviteten kan inte makuleras. Ska det inte"
            " göras på individen, låt KHS undanta den på dess sida."
        )
    return ""


def is_due_still(activity: Activity) -> bool:
    """Whether a schedule made it, and asks for it on the piece where it was: cancelled it would be
    made again the next night."""
    return activity.maintenance_id is not None and not outdated().filter(pk=activity.pk).exists()


@transaction.atomic
def cancel(activity: Activity, *, user: User | None) -> Activity:
    """«Makulera»: only while registered. Pieces are let go and the order goes on. Twice is once. Without
    a user it is the schedule that takes its own back."""
    activity = common.lock_activity(activity)
    if activity.status == ActivityStatus.CANCELLED:
        return activity
    if fault := why_not_cancel(activity):
        raise DomainError(fault)
    pieces = HeldPieces(
        common.held_pieces(activity), user=user, places=common.held_counts(activity)
    )
    set_status(activity, ActivityStatus.CANCELLED)
    activity.cancelled_at = timezone.now()
    activity.save(update_fields=["status", "cancelled_at"])
    by_schedule = (
        ": hjälpmedlet är inte kvar, eller underhållet ska inte göras eller görs av någon annan"
        if not user
        else ""
    )
    tell(activity, user, EventKind.CANCELLED, f"Aktiviteten makulerades{by_schedule}")
    common.end(activity, pieces, user=user)
    pieces.save()
    return activity
