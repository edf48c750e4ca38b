"""What a pickup order starts with: the reason that the aids allow, and the reason's address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from organisation.models import Unit, User
from recipients.models import Loan, Recipient
from recipients.whereabouts import preset_address, preset_contact

from .models import PickupReason


def reason_for(loans: Iterable[Loan], reasons: Iterable[PickupReason]) -> PickupReason | None:
    """The only reason that all the aids allow, if there is just one."""
    reasons = list(reasons)
    rest = [reason for reason in reasons if not reason.iso_codes]
    allowed: set[int] | None = None
    for loan in loans:
        if loan.part_of_id:
            continue  # goes with its aid
        named = [reason for reason in reasons if reason.names(loan.article)] or rest
        mine = {reason.pk for reason in named}
        allowed = mine if allowed is None else allowed & mine
    if allowed is None or len(allowed) != 1:
        return None
    return next(reason for reason in reasons if reason.pk in allowed)


def details(
    recipient: Recipient, *, reason: PickupReason, unit: Unit, user: User
) -> dict[str, Any]:
    """Address by the reason's rule; of a protected person none, it is typed for this case."""
    return {
        **preset_address(reason.address, recipient=recipient, unit=unit),
        **preset_contact(user, unit),
        "contact_prescriber": recipient.contact_prescriber,
    }
