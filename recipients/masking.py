"""The one place that decides what may be seen of a recipient.

Templates, documents, lists and the admin show ``shown(recipient)``, never the record itself:
of a person with protected identity nothing is left that tells where they are.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.utils import timezone

from sesam import personal_numbers
from sesam.status_looks import show_as

from .contact import WORDS
from .models import Recipient

show_as({"Skyddad identitet": ("shield-alert", "red"), "Avliden": ("ban", "ended")})

# Fields of the record that tell where somebody is. Empty in ``ShownRecipient`` for protected persons.
WHEREABOUTS = (
    "co",
    "street",
    "postcode",
    "locality",
    "municipality_code",
    "phone",
    "mobile",
    "email",
    "door_code",
    "instructions",
    "payer",
)


@dataclass(frozen=True, slots=True)
class ShownRecipient:
    """What a page may show of a recipient."""

    key: uuid.UUID
    name: str
    number: str
    is_person: bool
    is_protected: bool
    deceased_on: dt.date | None
    contact_prescriber: bool
    age: int | None
    address_lines: list[str]
    payer: str
    phone: str
    mobile: str
    email: str
    door_code: str
    instructions: str
    store: str

    @property
    def contact_label(self) -> str:
        """The words of the contact switch as it stands."""
        return WORDS[self.contact_prescriber]


def shown(recipient: Recipient) -> ShownRecipient:
    """The recipient as pages may show it. No query if payer and store are loaded."""
    hidden = recipient.is_protected
    return ShownRecipient(
        key=recipient.key,
        name=recipient.name,
        number=recipient.written_number,
        is_person=recipient.is_person,
        is_protected=hidden,
        deceased_on=recipient.deceased_on,
        contact_prescriber=recipient.contact_prescriber,
        age=personal_numbers.age(recipient.number, recipient.deceased_on or timezone.localdate())
        if recipient.is_person
        else None,
        address_lines=[] if hidden else recipient.address_lines(),
        payer="" if hidden or recipient.payer is None else recipient.payer.name,
        phone="" if hidden else recipient.phone,
        mobile="" if hidden else recipient.mobile,
        email="" if hidden else recipient.email,
        door_code="" if hidden else recipient.door_code,
        instructions="" if hidden else recipient.instructions,
        store="" if hidden or recipient.store is None else str(recipient.store),
    )
