"""What is typed about a project: the prescriber's answer, KHS's moves, the real article."""

from __future__ import annotations

from typing import Any

from django import forms

from articles.models import Article
from organisation.models import Warehouse
from sesam.form_fields import RecordField, record_choice

from .rules import MOST
from .stages import Stage


class AnswerForm(forms.Form):
    """«Godkänn offert», or «Godkänn inte» with the reason that KHS needs."""

    reason = forms.CharField(
        label="Kommentar till KHS",
        max_length=240,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Skriv varför offerten inte godkänns.",
            "max_length": "Texten får vara högst 240 tecken.",
        },
    )

    def __init__(self, data: Any = None, *, approved: bool) -> None:
        super().__init__(data)
        self.fields["reason"].required = not approved
        if not approved:
            self.fields["reason"].label = "Varför godkänns inte offerten?"


class KronorField(forms.DecimalField):
    """An amount as people write it: «24 500,50»."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)


class MoveForm(forms.Form):
    """KHS moves a project; with «Offert mottagen» comes the offer."""

    offer = forms.FileField(
        label="Offert",
        help_text="PDF, JPEG, PNG eller DOCX, högst 10 MB. Förskrivaren läser den i portalen.",
        error_messages={
            "required": "Bifoga offerten, så att förskrivaren kan läsa den.",
            "empty": "Filen är tom. Välj en annan fil.",
        },
    )
    amount = KronorField(
        label="Belopp exkl. moms, kronor",
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "invalid": "Ange beloppet med siffror, till exempel 24 500,00.",
            "min_value": "Beloppet kan inte vara mindre än 0.",
            "max_digits": "Beloppet är för stort.",
            "max_whole_digits": "Beloppet är för stort.",
            "max_decimal_places": "Ange högst två decimaler.",
        },
    )
    note = forms.CharField(
        label="Anteckning",
        required=False,
        max_length=1000,
        help_text="Syns på beställningen för tjänstestället.",
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        error_messages={"max_length": "Anteckningen får vara högst 1 000 tecken."},
    )

    def __init__(self, data: Any = None, files: Any = None, *, to: Stage) -> None:
        super().__init__(data, files)
        if to != Stage.OFFER_RECEIVED:
            del self.fields["offer"], self.fields["amount"]


class PutForm(forms.Form):
    """The real article of a manual line or a project."""

    article = forms.CharField(
        label="Artikelnummer",
        max_length=12,
        widget=forms.TextInput(attrs={"size": 14, "autocomplete": "off"}),
        error_messages={
            "required": "Ange den riktiga artikelns nummer.",
            "max_length": "Ett artikelnummer har högst 12 tecken.",
        },
    )
    quantity = forms.IntegerField(
        label="Antal",
        initial=1,
        min_value=1,
        max_value=MOST,
        widget=forms.TextInput(attrs={"size": 6, "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Ange antalet.",
            "invalid": "Ange antalet med siffror, till exempel 2.",
            "min_value": "Antalet ska vara minst 1.",
            "max_value": f"Antalet får vara högst {MOST}.",
        },
    )
    warehouse = RecordField(
        Warehouse.objects.none(),
        label="Lager",
        empty_label=None,
        to_field_name="number",
        error_messages={"required": "Välj lager.", "invalid_choice": "Välj ett lager ur listan."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        record_choice(self, "warehouse").queryset = Warehouse.objects.filter(
            kind=Warehouse.Kind.CENTRAL, is_active=True
        )

    def clean_article(self) -> Article:
        number: str = self.cleaned_data["article"].strip()
        found = Article.objects.select_related("billing_form").filter(number__iexact=number).first()
        if found is None:
            raise forms.ValidationError(f"Ingen artikel har numret {number}.")
        return found
