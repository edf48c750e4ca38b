"""What comes in about a deviation: the dialog's steps, and what KHS found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation.behalf import units_of, usual_unit
from organisation.models import Unit, User
from recipients import ticked
from recipients.models import Recipient
from recipients.ticked import HeldAidRow, held_aid_rows
from sesam.address_forms import ChecksDetails
from sesam.errors import DomainError
from sesam.form_fields import RecordField, SeveralFiles, record_choice
from sesam.seen import CarriesSeen
from sesam.templatetags.sesam import icon_html

from .models import (
    Consequence,
    Deviation,
    DeviationCategory,
    EventType,
    Handling,
    Outcome,
    ReportedTo,
)
from .models.reports import NUMBERED
from .services import Report
from .services.registering import ACCOUNT, check_event

YES, NO = "ja", "nej"
_CARDS = {
    EventType.ADVERSE: ("circle-alert", "Någon kom till skada"),
    EventType.NEAR_MISS: ("triangle-alert", "Kunde ha lett till skada"),
    EventType.COMPLAINT: ("package", "Fel eller dröjsmål i vara eller tjänst"),
}
_KEPT = {
    YES: ("package", "Ja, den är sparad", "Rör den inte förrän KHS har sett den"),
    NO: ("x", "Nej", "Den används, är lagad eller kastad"),
}


def _card(icon: str, label: str, text: str) -> SafeString:
    return format_html("{} {}<small>{}</small>", icon_html(icon), label, text)


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class AidsForm(forms.Form):
    """First step: for which unit, and with which of the recipient's aids. None is an answer too."""

    unit = RecordField(
        Unit.objects.none(), label="Tjänsteställe", empty_label=None,
        error_messages={"invalid_choice": "Välj ett av dina tjänsteställen."},
    )  # fmt: skip

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        user: User,
        recipient: Recipient | None,
        chosen: Collection[int],
    ) -> None:
        super().__init__(data)
        units = units_of(user)
        field = record_choice(self, "unit")
        field.queryset = units
        field.initial = usual_unit(user, units)
        self.gone = ""
        self.rows: list[HeldAidRow] = []
        if recipient:
            preset = () if data is not None else chosen
            self.rows = held_aid_rows(recipient, preset, row=HeldAidRow, taken_by=_nothing)
            if data is not None:
                ticked.type_rows(self.rows, data)
            else:
                # A part is no deviation because its aid is one.
                for row in self.rows:
                    row.chosen = row.loan.pk in chosen

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self.gone = ticked.why_gone(list(self.rows), self.data)
        if self.gone:
            self.add_error(None, self.gone)
        for row in self.chosen_rows:
            if not 1 <= row.quantity <= row.loan.held:
                row.error = f"Ange ett antal från 1 till {row.loan.held}."
        if any(row.error for row in self.rows):
            self.add_error(None, "Kontrollera antalet vid de markerade hjälpmedlen.")
        return cleaned

    @property
    def chosen_rows(self) -> list[HeldAidRow]:
        return [row for row in self.rows if row.chosen]

    def blame_row(self, loan: int, message: str) -> None:
        """A refusal that belongs to one aid; above the fields if it isn't there any more."""
        mine = [row for row in self.rows if row.loan.pk == loan]
        for row in mine:
            row.error = message
        self.add_error(None, "Kontrollera det markerade hjälpmedlet." if mine else message)


def _nothing(loans: Iterable[int]) -> dict[int, str]:
    """An aid may have gone wrong whatever case it stands on."""
    return {}


class CategoryField(RecordField[DeviationCategory]):
    """The categories, those of events and those of complaints apart; ``stays`` is the key of one that
    may have ended since it was chosen."""

    def __init__(self, *, stays: int = 0) -> None:
        super().__init__(
            DeviationCategory.objects.filter(Q(is_active=True) | Q(pk=stays)),
            label="Kategori",
            empty_label="Välj kategori",
            error_messages={
                "required": "Välj kategori.",
                "invalid_choice": "Välj en kategori ur listan.",
            },
        )

    def group(self) -> None:
        """Put the choices under the headings of what they are for."""
        self.choices = list(self._grouped())

    def _grouped(self) -> Iterator[Any]:
        yield "", self.empty_label
        found = list(self.queryset or ())
        for heading, of_complaints in (
            ("Negativ händelse och tillbud", False),
            (EventType.COMPLAINT.label, True),
        ):
            mine = [x for x in found if x.of_complaints == of_complaints]
            yield heading, [(x.pk, x.name) for x in mine]


class EventForm(forms.Form):
    """«Händelse»: what happened, when and where, what it led to."""

    event_type = forms.ChoiceField(
        label="Händelsetyp",
        choices=lambda: [
            (x.value, _card(icon, x.label, text)) for x, (icon, text) in _CARDS.items()
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Välj händelsetyp.", "invalid_choice": "Välj händelsetyp."},
    )
    category = CategoryField()
    happened_on = forms.DateField(
        label="Datum",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Ange dagen.",
            "invalid": "Ange dagen som år-månad-dag, till exempel 2026-11-22.",
        },
    )
    happened_at = forms.TimeField(
        label="Klockan",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Ange klockslaget som 14:30."},
    )
    place = forms.CharField(label="Var", required=False, max_length=120)
    what_happened = forms.CharField(
        label="Vad hände?",
        max_length=4000,
        widget=_area(4),
        error_messages={
            "required": "Skriv vad som hände.",
            "max_length": "Texten får vara högst 4 000 tecken.",
        },
    )
    done_at_once = forms.CharField(
        label="Vad gjordes direkt?",
        required=False,
        max_length=2000,
        widget=_area(2),
        error_messages={"max_length": "Texten får vara högst 2 000 tecken."},
    )
    consequence = forms.ChoiceField(
        label="Konsekvens för personen",
        choices=Consequence.choices,
        initial=Consequence.NONE,
        widget=forms.RadioSelect,
    )
    is_kept = forms.TypedChoiceField(
        label="Är produkten sparad för utredning?",
        required=False,
        choices=lambda: [(name, _card(*card)) for name, card in _KEPT.items()],
        coerce=lambda value: value == YES,
        empty_value=None,
        widget=forms.RadioSelect,
    )
    kept_where = forms.CharField(label="Var finns den nu?", required=False, max_length=120)
    block = forms.BooleanField(label="Spärra", required=False)

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None,
        *,
        pieces: list[str],
        has_aids: bool,
        event_type: str = "",
    ) -> None:
        """``pieces`` are the numbers of the marked pieces that it is about; ``has_aids``: it is
        about something that can be kept; ``event_type`` is preset where it was begun as one."""
        super().__init__(data)
        self.fields["event_type"].initial = event_type
        self.has_aids = has_aids
        category = self.fields["category"]
        if isinstance(category, CategoryField):
            category.group()
        self.fields["happened_on"].initial = timezone.localdate()
        if not has_aids:
            del self.fields["is_kept"], self.fields["kept_where"]
        if pieces:
            word = "individ" if len(pieces) == 1 else "individerna"
            self.fields["block"].label = f"Spärra {word} {', '.join(pieces)} tills det är utrett"
        else:
            del self.fields["block"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.has_aids and cleaned.get("is_kept") is None and "is_kept" not in self.errors:
            self.add_error("is_kept", "Välj om produkten är sparad.")
        if not self.errors:
            wanted = {name: value for name, value in cleaned.items() if name != "block"}
            try:
                check_event(Deviation(**wanted))
            except DomainError as fault:
                self.add_error(fault.field, fault.message)
        return cleaned


class ComplaintForm(forms.Form):
    """«Reklamation»: what is wanted, and the numbers that a supplier asks for."""

    outcome = forms.ChoiceField(
        label="Önskat resultat",
        choices=Outcome.choices,
        initial=Outcome.REPLACEMENT,
        widget=forms.RadioSelect,
    )
    handling = forms.ChoiceField(
        label="Vad händer med produkten?",
        choices=Handling.choices,
        initial=Handling.STAYS,
        widget=forms.RadioSelect,
    )
    batch = forms.CharField(
        label="Batch, lot eller tillverkningsdatum",
        required=False,
        max_length=60,
        help_text="För sålda produkter.",
    )
    delivery_note = forms.CharField(
        label="Följesedelns nummer",
        required=False,
        max_length=40,
        help_text="När fel sak kom.",
    )
    freight_note = forms.CharField(
        label="Fraktsedelns nummer",
        required=False,
        max_length=40,
        help_text="För transportskada. Bifoga gärna bilder.",
    )
    late_reason = forms.CharField(
        label="Varför kommer reklamationen sent?",
        required=False,
        max_length=300,
        help_text="Bara om det har gått mer än 3 månader (lånat) eller 12 månader (köpt) sedan"
        " leveransen.",
    )


class ContactForm(ChecksDetails[Deviation]):
    """Whom to talk to, and files, which are kept as they come (``recipients.dialog_files``)."""

    file = forms.FileField(
        label="Lägg till bilagor", required=False, widget=SeveralFiles(attrs={"multiple": True})
    )

    class Meta:
        model = Deviation
        fields = ["contact_name", "contact_phone", "contact_mobile", "contact_email"]
        labels = {
            "contact_name": "Namn",
            "contact_phone": "Telefon",
            "contact_mobile": "Mobiltelefon",
            "contact_email": "E-post",
        }
        widgets = {
            name: forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
            for name in ("contact_phone", "contact_mobile")
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        both = ("contact_phone", "contact_mobile")
        if not any(cleaned.get(name) or name in self.errors for name in both):
            self.add_error("contact_phone", "Ange minst ett telefonnummer.")
        return cleaned


class AccountForm(CarriesSeen, forms.Form):
    """What was told, changed afterwards on the page. It starts with nothing that was typed before
    the person became protected."""

    happened_on = EventForm.base_fields["happened_on"]
    happened_at = EventForm.base_fields["happened_at"]
    place = EventForm.base_fields["place"]
    what_happened = EventForm.base_fields["what_happened"]
    done_at_once = EventForm.base_fields["done_at_once"]
    kept_where = EventForm.base_fields["kept_where"]

    def __init__(self, data: Any = None, *, deviation: Deviation) -> None:
        said = {name: getattr(deviation, name) for name in self.base_fields}
        if deviation.masked:
            said |= dict.fromkeys(said.keys() & set(ACCOUNT), "")
        super().__init__(data, initial=said)
        self.carry(SimpleNamespace(**said), list(self.base_fields))


class ClassingForm(forms.Form):
    """What kind of event it was, as KHS finds it; the reporter reads why."""

    event_type = EventForm.base_fields["event_type"]
    consequence = EventForm.base_fields["consequence"]
    why = forms.CharField(
        label="Varför ändras det?",
        max_length=300,
        widget=_area(2),
        help_text="Den som anmälde får läsa det.",
        error_messages={
            "required": "Skriv varför. Den som anmälde får läsa det.",
            "max_length": "Texten får vara högst 300 tecken.",
        },
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ["event_type", "category", "consequence", "why", "seen"]

    def __init__(self, data: Any = None, *, deviation: Deviation, seen: int) -> None:
        super().__init__(
            data,
            initial={
                "event_type": deviation.event_type,
                "category": deviation.category_id,
                "consequence": deviation.consequence,
                "seen": seen,
            },
        )
        category = CategoryField(stays=deviation.category_id)
        category.group()
        self.fields["category"] = category
        self.order_fields(self.field_order)


class ReopenForm(forms.Form):
    """«Öppna igen»."""

    why = forms.CharField(
        label="Varför öppnas den igen?",
        max_length=300,
        widget=_area(3),
        help_text="Den som anmälde får läsa det.",
        error_messages={
            "required": "Skriv varför. Den som anmälde får läsa det.",
            "max_length": "Texten får vara högst 300 tecken.",
        },
    )


_ASKED = {
    ReportedTo.SUPPLIER: "Är leverantören informerad?",
    ReportedTo.MANUFACTURER: "Rapporterat till tillverkaren?",
    ReportedTo.AUTHORITY: "Rapporterat till Läkemedelsverket?",
    ReportedTo.INSPECTORATE: "Anmält till IVO enligt lex Maria?",
}


class InquiryForm(forms.Form):
    """What KHS found. For each who may have to be told: yes with date and number, or no and why.
    Of somebody who became protected no text from before stands in it."""

    cause = forms.CharField(label="Orsak", required=False, max_length=4000, widget=_area(3))
    measure = forms.CharField(label="Åtgärd", required=False, max_length=4000, widget=_area(3))
    could_be_grave = forms.BooleanField(
        label="Kunde ha lett till allvarlig skada eller dödsfall",
        required=False,
        help_text="Då gäller samma krav som för en allvarlig händelse, och individen spärras.",
    )
    answer = forms.CharField(
        label="Svar till den som anmälde",
        required=False,
        max_length=2000,
        widget=_area(3),
        help_text="Anmälaren får svaret som meddelande när ärendet avslutas.",
    )

    def __init__(self, data: Any = None, *, deviation: Deviation) -> None:
        kept = {report.to: report for report in deviation.reports.all()}
        initial: dict[str, Any] = {
            name: getattr(deviation, name)
            for name in ("cause", "measure", "could_be_grave", "answer")
        }
        if deviation.findings_masked:
            initial |= dict.fromkeys(("cause", "measure", "answer"), "")
        for to, report in kept.items():
            initial[f"{to}_answer"] = YES if report.was_sent else NO
            initial[f"{to}_on"] = report.reported_on
            initial[f"{to}_number"] = report.number
            initial[f"{to}_reason"] = "" if deviation.findings_masked else report.reason_not
        super().__init__(data, initial=initial)
        for to in ReportedTo:
            self._add(to, known=to in kept)

    def _add(self, to: ReportedTo, *, known: bool) -> None:
        """Once answered it stays answered: a report that was sent can't be unsent."""
        unknown = [] if known else [("", "Inte besvarat")]
        self.fields[f"{to}_answer"] = forms.ChoiceField(
            label=_ASKED[to],
            choices=[*unknown, (YES, "Ja"), (NO, "Nej")],
            required=known,
            widget=forms.RadioSelect,
        )
        self.fields[f"{to}_on"] = forms.DateField(
            label="Datum",
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": "Ange dagen som år-månad-dag."},
        )
        if to in NUMBERED:
            self.fields[f"{to}_number"] = forms.CharField(
                label="Nummer", required=False, max_length=60
            )
        self.fields[f"{to}_reason"] = forms.CharField(
            label="Varför inte", required=False, max_length=300
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for to in ReportedTo:
            says = cleaned.get(f"{to}_answer")
            if says == YES and not cleaned.get(f"{to}_on") and f"{to}_on" not in self.errors:
                self.add_error(f"{to}_on", "Ange vilken dag.")
            if says == NO and not cleaned.get(f"{to}_reason"):
                self.add_error(f"{to}_reason", "Skriv varför inte.")
        return cleaned

    def reports(self) -> list[Report]:
        """What is answered."""
        found = []
        for to in ReportedTo:
            says = self.cleaned_data.get(f"{to}_answer")
            if says == YES:
                number = self.cleaned_data.get(f"{to}_number", "")
                found.append(Report(to, self.cleaned_data[f"{to}_on"], number))
            elif says == NO:
                found.append(Report(to, reason_not=self.cleaned_data[f"{to}_reason"]))
        return found

    def groups(self) -> list[dict[str, Any]]:
        """The answers, each with its fields, for the template."""
        return [
            {
                "answer": self[f"{to}_answer"],
                "fields": [
                    self[f"{to}_{part}"]
                    for part in ("on", "number", "reason")
                    if f"{to}_{part}" in self.fields
                ],
            }
            for to in ReportedTo
        ]
