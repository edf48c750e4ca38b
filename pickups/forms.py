"""What comes in when aids go back."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation.behalf import BehalfForm, units_of, usual_among
from organisation.models import Unit, User, Warehouse
from recipients import case_forms, ticked
from recipients.models import Recipient
from sesam.form_fields import RecordField, record_choice

from . import aids, presets
from .models import PickupOrder, PickupReason


class ReturnForm(forms.Form):
    """«Retur»: for which unit, to which of its own stores."""

    unit = RecordField(
        Unit.objects.none(), label="Tjänsteställe", empty_label=None,
        error_messages={"invalid_choice": "Välj ett av dina tjänsteställen."},
    )  # fmt: skip
    warehouse = RecordField(
        Warehouse.objects.none(), label="Retur till lager", empty_label=None,
        error_messages={
            "invalid_choice": "Välj ett av tjänsteställets egna förråd.",
            "required": "Tjänstestället har inget eget förråd. Gör en hämtorder i stället.",
        },
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = units_of(user)
        chosen = record_choice(self, "unit")
        chosen.queryset = units
        # Both are read for the choices anyway.
        chosen.initial = unit = usual_among(user, list(chosen.queryset))
        stores = Warehouse.objects.filter(
            units__in=units, is_active=True, kind=Warehouse.Kind.BUFFER
        )
        of_unit = Unit.own_stores.through.objects.filter(warehouse=OuterRef("pk"), unit=unit)
        store = record_choice(self, "warehouse")
        store.queryset = stores.distinct().annotate(of_unit=Exists(of_unit))
        self.stores = list(store.queryset)
        store.initial = next((place for place in self.stores if place.of_unit), None)


class SlipForm(forms.Form):
    """«Retursedel»."""

    comment = forms.CharField(
        label="Kommentar",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "Kommentaren får vara högst 2 000 tecken."},
    )


class ReasonField(RecordField[PickupReason]):
    """The reasons, each with what it is for."""

    def label_from_instance(self, obj: PickupReason) -> SafeString:
        return format_html("{}<small>{}</small>", obj.name, obj.explanation)


class ReasonForm(BehalfForm):
    """«Hämtorder», first step: why, for which unit, who answers for it."""

    reason = ReasonField(
        PickupReason.objects.none(),
        label="Hämtorderorsak",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj varför hjälpmedlen ska hämtas.",
            "invalid_choice": "Välj en orsak ur listan.",
        },
    )
    field_order = ["reason", "unit", "prescriber"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        record_choice(self, "reason").queryset = PickupReason.objects.filter(is_active=True)


class AidsForm(ReasonForm):
    """«Hämtorder», first step whole: the reason, and the aids as rows.

    ``chosen`` are the loans that were ticked on the way here.
    """

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        user: User,
        recipient: Recipient,
        chosen: Collection[int],
    ) -> None:
        super().__init__(data, user=user)
        self.gone = ""
        if data is not None:
            self.rows = aids.type_return(aids.return_rows(recipient), data)
            return
        self.rows = aids.return_rows(recipient, chosen)
        loans = [row.loan for row in self.rows if row.chosen]
        self.fields["reason"].initial = presets.reason_for(
            loans, PickupReason.objects.filter(is_active=True)
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self.gone = ticked.why_gone(self.rows, self.data)
        if self.gone:
            self.add_error(None, self.gone)
        elif not self.chosen_rows:
            self.add_error(None, "Välj minst ett hjälpmedel att hämta.")
        if not ticked.check_quantities(self.rows):
            self.add_error(None, "Kontrollera antalet vid de markerade hjälpmedlen.")
        return cleaned

    @property
    def chosen_rows(self) -> list[aids.ReturnRow]:
        return [row for row in self.rows if row.chosen]

    def blame_row(self, loan: int, message: str) -> None:
        """A refusal that belongs to one aid; above the fields if it isn't there any more."""
        mine = [row for row in self.rows if row.loan.pk == loan]
        for row in mine:
            row.error = message
        self.add_error(None, "Ett av hjälpmedlen kan inte hämtas." if mine else message)


class AddressForm(case_forms.AddressForm[PickupOrder]):
    """«Hämtadress»."""

    class Meta(case_forms.AddressForm.Meta):
        model = PickupOrder


class ContactForm(case_forms.ContactForm[PickupOrder]):
    """«Kontaktuppgifter avseende hämtordern»."""

    class Meta(case_forms.ContactForm.Meta):
        model = PickupOrder


class CommentForm(case_forms.BlockForm[PickupOrder]):
    """«Kommentar», and «Akut»."""

    text_confirmed = case_forms.confirmed_field()

    class Meta(case_forms.BlockForm.Meta):
        model = PickupOrder
        fields = ["comment", "is_urgent"]
        labels = {"comment": "Kommentar", "is_urgent": "Akut"}
        widgets = {"comment": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"comment": {"max_length": "Texten får vara högst 2 000 tecken."}}


class DetailsForm(AddressForm, ContactForm, CommentForm):
    """«Hämtorderinformation» whole, as the dialog asks for it."""

    class Meta(case_forms.BlockForm.Meta):
        model = PickupOrder
        fields = [*AddressForm.Meta.fields, *ContactForm.Meta.fields, *CommentForm.Meta.fields]
        labels = {**AddressForm.Meta.labels, **ContactForm.Meta.labels, **CommentForm.Meta.labels}
        widgets = {
            **AddressForm.Meta.widgets,
            **ContactForm.Meta.widgets,
            **CommentForm.Meta.widgets,
        }
        error_messages = CommentForm.Meta.error_messages
