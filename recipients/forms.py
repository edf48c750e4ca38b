"""What users type about a recipient."""

from typing import Any

from django import forms

from sesam import personal_numbers, phones
from sesam.errors import DomainError

from .contact import ContactField
from .models import Recipient
from .services import CONTACT, EDITABLE


class PhoneField(forms.CharField):
    """A phone number; the result is written the Swedish way, or empty."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "maxlength": 30})

    def clean(self, value: str) -> str:
        return phones.checked(super().clean(value))


class NumberForm(forms.Form):
    """The search box. Sent by POST only: a number must never stand in an address."""

    nummer = forms.CharField(
        label="Personnummer eller vårdenhetsnummer",
        required=False,
        strip=False,
        help_text="12 siffror, med eller utan bindestreck, eller vårdenhetens 4 siffror.",
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_nummer(self) -> str:
        typed: str = self.cleaned_data["nummer"]
        try:
            personal_numbers.parse(typed)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return typed


class DetailsForm(forms.ModelForm[Recipient]):
    """What the pencil opens. ``version`` tells which state it was filled from, ``contact_was`` how the
    contact switch stood in it."""

    phone = PhoneField(label="Telefon", required=False)
    mobile = PhoneField(label="Mobiltelefon", required=False)
    contact_prescriber = ContactField()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    contact_was = ContactField(widget=forms.HiddenInput, required=False, empty_value=None)

    class Meta:
        model = Recipient
        fields = (*EDITABLE, CONTACT)
        labels = {
            "email": "E-post",
            "door_code": "Port",
            "instructions": "Leveransanvisning",
        }
        widgets = {
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
            "door_code": forms.TextInput(attrs={"autocomplete": "off"}),
            "instructions": forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
        }

    def values(self) -> dict[str, Any]:
        """What is to be saved."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class ProtectedForm(DetailsForm):
    """The same of a protected person, whose address and numbers nobody edits here."""

    phone = mobile = None  # type: ignore[assignment]  # how a form drops a field

    class Meta:
        model = Recipient
        fields = (CONTACT,)
