"""What is typed in the checkout, and on a sent order."""

from typing import Any, cast

from django import forms
from django.db.models import Exists, Q
from django.forms.models import model_to_dict
from django.http import QueryDict

from recipients.whereabouts import WAY_IN, AddressRule
from sesam.address_forms import ADDRESS, ADDRESS_LABELS, ChecksDetails
from sesam.form_fields import RecordField, record_choice
from sesam.seen import CarriesSeen, Seen

from .models import Cart, DeliveryWay, Order


def fold(text: str) -> str:
    """One line break only: browsers send CRLF."""
    return text.replace("\r\n", "\n").strip()


class AttachmentForm(forms.Form):
    file = forms.FileField(
        label="Lägg till bilaga",
        help_text="PDF, JPEG, PNG eller DOCX, högst 10 MB.",
        error_messages={
            "required": "Välj en fil först.",
            "empty": "Filen är tom. Välj en annan fil.",
        },
    )


def _phone(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        error_messages={"max_length": "Numret får vara högst 20 tecken."},
    )


TEXT = "extra_info"
EXTRA_INFO_ERRORS = {"max_length": "Texten får vara högst 2 000 tecken."}


class DetailsForm(CarriesSeen, ChecksDetails[Cart]):
    """A block of «Leveransuppgifter», filled in with what ``cart`` says.

    It checks; what it says goes to the cart's service as ``cleaned_data``, never by ``save``.
    """

    def __init__(self, data: Any = None, *, cart: Cart | Order | None = None) -> None:
        names = self._meta.fields
        super().__init__(data, initial=model_to_dict(cart, names) if cart is not None else None)
        if isinstance(cart, Cart):
            self.carry(cart, self.Meta.fields)

    class Meta:
        model = Cart
        fields: list[str] = []


class AddressForm(DetailsForm):
    """With the way in only where the address is the recipient's."""

    postcode = forms.CharField(label="Postnummer", required=False, max_length=6)

    def __init__(self, data: Any = None, *, cart: Cart | Order | None = None) -> None:
        super().__init__(data, cart=cart)
        if cart is not None and not cart.has_way_in:
            for name in WAY_IN:
                del self.fields[name]

    class Meta(DetailsForm.Meta):
        fields = ADDRESS
        labels = ADDRESS_LABELS
        widgets = {"instructions": forms.Textarea(attrs={"rows": 3})}


class CaseAddressForm(AddressForm):
    """The address of a person who became protected after the order was sent, for this case."""

    class Meta(AddressForm.Meta):
        fields = [*AddressForm.Meta.fields, "extra_info"]
        labels = AddressForm.Meta.labels | {"extra_info": "Övrig information"}
        widgets = AddressForm.Meta.widgets | {"extra_info": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "extra_info": "Det som stod här förut visas inte, och tas bort när du sparar."
        }
        error_messages = {"extra_info": EXTRA_INFO_ERRORS}

    def __init__(self, data: Any = None, *, order: Order) -> None:
        super().__init__(data, cart=order)
        self.initial = {}  # nothing of what the order says from before
        needed = {
            "street": "Ange gatuadress.",
            "postcode": "Ange postnummer.",
            "locality": "Ange ort.",
        }
        for name, text in needed.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = text


class CaseTextForm(DetailsForm):
    """«Övrig information» anew, of somebody who became protected after the order was sent, where it
    goes to no address."""

    class Meta(DetailsForm.Meta):
        fields = ["extra_info"]
        labels = {"extra_info": "Övrig information"}
        widgets = {"extra_info": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "extra_info": "Det som stod här förut visas inte, och tas bort när du sparar."
        }
        error_messages = {"extra_info": EXTRA_INFO_ERRORS}

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)


class RecipientContactForm(DetailsForm):
    recipient_phone = _phone("Telefon")
    recipient_mobile = _phone("Mobiltelefon")

    class Meta(DetailsForm.Meta):
        fields = ["recipient_phone", "recipient_mobile", "recipient_email"]
        labels = {"recipient_email": "E-post"}


class DeliveryContactForm(DetailsForm):
    contact_phone = _phone("Telefon")
    contact_mobile = _phone("Mobiltelefon")

    class Meta(DetailsForm.Meta):
        fields = ["contact_name", "contact_phone", "contact_mobile", "contact_email"]
        labels = {"contact_name": "Namn", "contact_email": "E-post"}


class SendForm(forms.Form):
    """The rest of «Leveransuppgifter»: delivery way, contact and «Övrig information»."""

    CONTACT = [
        ("ja", "Förskrivare ska kontaktas"),
        ("nej", "Förskrivare behöver inte kontaktas"),
    ]

    delivery_way = RecordField(
        DeliveryWay.objects.none(), label="Leveranssätt", empty_label=None,
        help_text="Leveransadressen följer leveranssättet.",
        error_messages={
            "required": "Välj leveranssätt.",
            "invalid_choice": "Välj leveranssätt ur listan.",
        },
    )  # fmt: skip
    contact_prescriber = forms.TypedChoiceField(
        label="Förskrivarkontakt",
        choices=CONTACT,
        coerce=lambda answer: answer == "ja",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Välj om förskrivaren ska kontaktas."},
    )
    extra_info = forms.CharField(
        label="Övrig information",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages=EXTRA_INFO_ERRORS,
    )

    # What stood there when the page was made: another tab may have written since. It is drawn with
    # the address, and renewed with it: choosing a way saves the text too.
    extra_info_seen = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"form": "send-form"})
    )

    def __init__(self, data: Any = None, *, cart: Cart) -> None:
        initial = {
            "delivery_way": cart.delivery_way_id,
            "contact_prescriber": "ja" if cart.contact_prescriber else "nej",
            "extra_info": cart.extra_info,
            "extra_info_seen": cart.extra_info,
        }
        super().__init__(data, initial=initial)
        self._stands = cart.extra_info
        #: What «Övrig information» is checked against here: it may be another once it is locked.
        self.seen = Seen.of(cart, TEXT)
        ways = DeliveryWay.objects.filter(is_active=True)
        rule = AddressRule
        if cart.destination_id:
            ways = ways.exclude(address=rule.RECIPIENT)
        else:
            ways = ways.filter(~Q(address=rule.STORE) | Exists(cart.unit.own_stores.all()))
        self.ways = ways
        record_choice(self, "delivery_way").queryset = ways

    def clean(self) -> dict[str, Any]:
        """Text of this page never goes over another tab's without a question."""
        values = self.cleaned_data
        if "extra_info_seen" not in self.data:
            values.pop("extra_info_seen", None)
            return values
        seen, typed, stands = (
            "\n".join((text or "").split("\r\n")).strip()
            for text in (values.pop("extra_info_seen", ""), values.get("extra_info"), self._stands)
        )
        if typed == seen:  # nothing was typed here
            values.pop("extra_info", None)
        elif stands not in (seen, typed):
            told = (
                f"En annan flik har skrivit «{stands}» här."
                if stands
                else ("En annan flik har tömt fältet.")
            )
            self.add_error("extra_info", f"{told} Gå vidare igen om din text ska gälla.")
            self.data = cast(QueryDict, self.data).copy()
            self.data["extra_info_seen"] = self._stands
        return values

    def details(self) -> dict[str, Any]:
        """What the cart is to say; after ``is_valid``. An answer that wasn't sent changes nothing."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
