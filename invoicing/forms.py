"""What controllers ask for, and what is written of a row."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Max, QuerySet

from orders.project_forms import KronorField
from organisation.models import Payer

from .models import Invoice, InvoiceKind
from .rules import first_of
from .services import MOST


class ReportForm(forms.Form):
    """«Öppna rapport». Shown by GET, so it holds nothing personal."""

    betalare = forms.ChoiceField(label="Betalare", required=False)
    fran = forms.DateField(
        label="Fakturadatum från",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Skriv datumet som 2026-10-31."},
    )
    till = forms.DateField(
        label="Till",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Skriv datumet som 2026-10-31."},
    )
    typ = forms.MultipleChoiceField(
        label="Fakturatyp",
        required=False,
        choices=InvoiceKind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Välj fakturatyp ur listan."},
    )

    def __init__(self, data: Any, *, payers: QuerySet[Payer]) -> None:
        super().__init__(data)
        self.payers = {payer.code: payer for payer in payers}
        every = [] if len(self.payers) == 1 else [("", "Alla betalare")]
        choice = self.fields["betalare"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101
        choice.choices = every + [(payer.code, payer.name) for payer in self.payers.values()]
        choice.error_messages["invalid_choice"] = "Välj en betalare ur listan."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("fran"), data.get("till")
        if first and last and last < first:
            self.add_error("till", "Till-datumet är före från-datumet.")
        return data


def asked_for(data: Any, invoices: QuerySet[Invoice]) -> dict[str, Any]:
    """What the address asks for; where it asks for nothing, the last month there is."""
    if any(name in data for name in ("betalare", "fran", "till", "typ")):
        return data  # type: ignore[no-any-return]  # a QueryDict
    last: dt.date | None = invoices.aggregate(last=Max("date"))["last"]
    if last is None:
        return {"typ": list(InvoiceKind.values)}
    return {"fran": first_of(last), "till": last, "typ": list(InvoiceKind.values)}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Varför stämmer det inte?",
        max_length=MOST,
        help_text="KHS svarar. Har du rätt krediteras raden på nästa faktura. Skriv inga"
        " personuppgifter.",
        error_messages={
            "required": "Skriv varför raden inte stämmer.",
            "max_length": f"Skriv högst {MOST} tecken.",
        },
    )


class CreditForm(forms.Form):
    """The row is credited, and the right amount may be charged in its place."""

    right_amount = KronorField(
        label="Rätt belopp exkl. moms",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        max_digits=12,
        decimal_places=2,
        help_text="Tomt: raden krediteras och inget debiteras i stället.",
        error_messages={
            "invalid": "Skriv beloppet som 1 250,50.",
            "max_digits": "Skriv ett belopp i kronor.",
            "max_decimal_places": "Skriv högst två decimaler.",
            "max_whole_digits": "Skriv ett belopp i kronor.",
        },
    )


class AnswerForm(CreditForm):
    field_order = ("answer", "right_amount")
    answer = forms.CharField(
        label="Svar",
        max_length=MOST,
        help_text="Den som ifrågasatte raden läser svaret. Skriv inga personuppgifter.",
        error_messages={
            "required": "Skriv ett svar.",
            "max_length": f"Skriv högst {MOST} tecken.",
        },
    )
