"""An activity that fetches an aid to KHS ends where every aid comes in: in the receiving."""

from __future__ import annotations

from activities.models import Activity
from organisation.models import User
from recipients.whereabouts import CONTACT, PLACE, WAY_IN
from sesam.errors import DomainError

from ..models import PickupOrder, PickupReason
from .ordering import Wish, order_pickup


def why_not_fetch(activity: Activity) -> str:
    """Why its aids can't be received now; empty when nothing hinders."""
    if not activity.type.fetches:
        return f"«{activity.type}» hämtar inget hjälpmedel."
    if activity.has_ended:
        return f"Aktiviteten är redan {activity.status_words}."
    if not activity.lines.filter(loan__ended_at=None, loan__isnull=False).exists():
        return "Hjälpmedlet finns inte längre hos mottagaren."
    if activity.unit is None or activity.ordered_by is None:
        return "Underhållsschemat har skapat aktiviteten. Skapa en hämtorder från mottagaren."
    if activity.lacks_address:
        return "Aktivitetsadress saknas. Skriv den först."
    return ""


def fetch(activity: Activity, *, user: User) -> PickupOrder:
    """The pickup order that the activity's aids are received on; made again, the one that is
    there."""
    if fault := why_not_fetch(activity):
        raise DomainError(fault)
    if there := activity.pickups.first():
        return there
    reason = PickupReason.objects.filter(
        is_active=True, done_by=PickupReason.DoneBy.KHS, iso_codes=""
    ).first()
    unit, orderer = activity.unit, activity.ordered_by
    if reason is None or activity.recipient is None or unit is None or orderer is None:
        raise DomainError("Det finns ingen hämtorderorsak för det som KHS hämtar.")
    names = (*PLACE, *WAY_IN, *CONTACT, "contact_prescriber", "comment")
    held = activity.lines.filter(loan__ended_at=None, loan__isnull=False).select_related("loan")
    return order_pickup(
        activity.recipient,
        [Wish(line.loan.pk, line.loan.held) for line in held if line.loan],
        user=user,
        unit=unit,
        prescriber=orderer,
        reason=reason,
        details={name: getattr(activity, name) for name in names},
        token=activity.token,
        text_confirmed=True,
        activity=activity,
    )
