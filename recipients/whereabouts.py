"""Where a case goes, and whom to call: whose address it is, and what a protected person's forgets."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from organisation.models import Unit, User, Warehouse
from sesam.addresses import Address

from .models import Recipient

PLACE = ("co", "street", "postcode", "locality")
WAY_IN = ("door_code", "instructions")  # to the recipient, and to nobody else
ADDRESS = (*PLACE, *WAY_IN)
CONTACT = ("contact_name", "contact_phone", "contact_mobile", "contact_email")


class AddressRule(models.TextChoices):
    """Whose address a case is given to begin with."""

    RECIPIENT = "recipient", "Mottagarens"
    UNIT = "unit", "Tjänsteställets"
    STORE = "store", "Förrådets"
    NONE = "none", "Ingen"


def preset_address(
    rule: str, *, recipient: Recipient | None, unit: Unit, store: Warehouse | None = None
) -> dict[str, str]:
    """The address that a rule brings, by the names in ``ADDRESS``; of a protected person none: it
    is typed for the case. The store is the unit's own first one where none is named."""
    address = dict.fromkeys(ADDRESS, "")
    source: Address | None = None
    if rule == AddressRule.RECIPIENT and recipient is not None and not recipient.is_protected:
        source = recipient
        address |= {name: getattr(recipient, name) for name in WAY_IN}
    elif rule == AddressRule.UNIT:
        source = unit
    elif rule == AddressRule.STORE:
        source = store or unit.own_stores.filter(is_active=True).first() or unit
    if source is not None:
        address |= {name: getattr(source, name) for name in PLACE}
    return address


def preset_contact(user: User, unit: Unit) -> dict[str, str]:
    """Whom to call to begin with: who makes the case, by the names in ``CONTACT``."""
    return {
        "contact_name": str(user),
        "contact_phone": user.phone or unit.phone,
        "contact_mobile": user.mobile,
        "contact_email": user.email,
    }


class CaseAddress(Address):
    """The address and contact block of a case, and of the draft it comes from."""

    # What may have come from the recipient's record, and goes when the person becomes protected.
    WHEREABOUTS: ClassVar[tuple[str, ...]] = ADDRESS
    # What somebody wrote, and may tell it too; goes when the case ends.
    OWN_TEXT: ClassVar[tuple[str, ...]] = ()

    door_code = models.CharField("port", max_length=40, blank=True)
    instructions = models.TextField("anvisningar", max_length=500, blank=True)
    contact_name = models.CharField("kontaktperson", max_length=120, blank=True)
    contact_phone = models.CharField("kontaktens telefon", max_length=20, blank=True)
    contact_mobile = models.CharField("kontaktens mobil", max_length=20, blank=True)
    contact_email = models.EmailField("kontaktens e-post", blank=True)
    contact_prescriber = models.BooleanField("förskrivare ska kontaktas", default=False)
    typed_for_case = models.BooleanField(
        "skrivet för ärendet",
        default=False,
        help_text="Mottagaren var skyddad när uppgifterna skrevs: de gäller bara det här ärendet.",
    )

    class Meta:
        abstract = True

    @property
    def has_address(self) -> bool:
        """Whether it goes to an address at all."""
        return True

    def take(self, values: dict[str, Any]) -> None:
        """Set what ``values`` name; nothing is saved."""
        for name, value in values.items():
            setattr(self, name, value)

    def forget_whereabouts(self) -> None:
        """Empty what may tell where the recipient is; nothing is saved."""
        self.take(dict.fromkeys(self.WHEREABOUTS, ""))
