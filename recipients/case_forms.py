"""The blocks of a case's details as forms: address, and whom to call. A kind of case extends them
with its own ``Meta.model``."""

from typing import Any, TypeVar

from django import forms
from django.db.models import Model

from sesam.address_forms import ADDRESS, ADDRESS_LABELS, ChecksDetails
from sesam.seen import CarriesSeen

from .contact import ContactField

_PHONE = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
M = TypeVar("M", bound=Model)


class BlockForm(CarriesSeen, ChecksDetails[M]):
    """A block of a case's details; only what it names is touched. Of a case that there is, it
    carries along what it was filled in with."""

    class Meta:
        fields: list[str] = []

    def __init__(self, *args: Any, instance: M | None = None, **kwargs: Any) -> None:
        super().__init__(*args, instance=instance, **kwargs)
        if instance is not None:
            self.carry(instance, self.Meta.fields)


class AddressForm(BlockForm[M]):
    """Where to go."""

    postcode = forms.CharField(label="Postnummer", required=False, max_length=6)

    class Meta(BlockForm.Meta):
        fields = ADDRESS
        labels = ADDRESS_LABELS
        widgets = {"instructions": forms.Textarea(attrs={"rows": 2})}


class ContactForm(BlockForm[M]):
    """Whom to call, and whether the prescriber first."""

    contact_prescriber = ContactField(help_text="Gäller bara det här ärendet.")

    class Meta(BlockForm.Meta):
        fields = [
            "contact_name", "contact_phone", "contact_mobile", "contact_email",
            "contact_prescriber",
        ]  # fmt: skip
        labels = {
            "contact_name": "Namn",
            "contact_phone": "Telefon",
            "contact_mobile": "Mobiltelefon",
            "contact_email": "E-post",
        }
        widgets = {"contact_phone": _PHONE, "contact_mobile": _PHONE}


def confirmed_field() -> forms.BooleanField:
    """That the user was told of what looks like personal data, and lets it stand."""
    return forms.BooleanField(
        label="Texten är kontrollerad och innehåller inga personuppgifter", required=False
    )
