"""What an activity starts with: by its type the instruction, by that the address."""

from __future__ import annotations

from typing import Any

from organisation.models import Unit, User, Warehouse
from recipients.models import Recipient
from recipients.whereabouts import AddressRule, preset_address, preset_contact

from .models import ActivityType, WhoseAddress


def address_of(kind: ActivityType, recipient: Recipient | None) -> str:
    """Whose address the type's instruction brings; of a protected person none is known."""
    if recipient is None or kind.instruction is None:
        return WhoseAddress.NONE if recipient is None else WhoseAddress.RECIPIENT
    rule = kind.instruction.address
    if rule == AddressRule.RECIPIENT and recipient.is_protected:
        return WhoseAddress.TYPED
    return WhoseAddress(rule)


def address(
    whose: str, *, recipient: Recipient | None, unit: Unit, store: Warehouse | None = None
) -> dict[str, str]:
    """The address by its choice, by the names of ``ADDRESS``."""
    return preset_address(whose, recipient=recipient, unit=unit, store=store)


def contact(recipient: Recipient | None, *, unit: Unit, user: User) -> dict[str, Any]:
    """Whom to call to begin with, and whether the prescriber first, as the recipient has it."""
    return {
        **preset_contact(user, unit),
        "contact_prescriber": recipient.contact_prescriber if recipient else False,
    }
