"""What comes in about a recall: the notice, and what it is about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from articles.models import Article
from individuals.models import Watch
from sesam.errors import DomainError
from sesam.form_fields import SeveralFiles

from ..models import Recall
from .numbers import ranges, split
from .registering import MOST_ARTICLES, check_days, check_notice, check_sought
from .sought import Sought

ALL, SOME = "alla", "vissa"
By = Watch.By
_DATE = {"invalid": "Ange dagen som år-månad-dag, till exempel 2026-11-22."}


def _day(label: str, *, required: bool = False, **more: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Ange dagen.", **_DATE},
        **more,
    )


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false"})


class NoticeForm(forms.Form):
    """What the manufacturer says. Files are kept as they come (``recipients.dialog_files``)."""

    sender = forms.CharField(
        label="Från",
        max_length=120,
        help_text="Tillverkaren eller leverantören som skickade meddelandet.",
        error_messages={"required": "Skriv vem meddelandet kommer från."},
    )
    notice_on = _day("Meddelandets dag", required=True)
    reference = forms.CharField(label="Meddelandets nummer", required=False, max_length=60)
    fault = forms.CharField(
        label="Vad är fel?",
        max_length=2000,
        widget=_area(3),
        error_messages={
            "required": "Skriv vad som är fel.",
            "max_length": "Texten får vara högst 2 000 tecken.",
        },
    )
    measure = forms.CharField(
        label="Vad ska göras?",
        max_length=2000,
        widget=_area(3),
        help_text="Tjänsteställena får läsa det.",
        error_messages={
            "required": "Skriv vad som ska göras.",
            "max_length": "Texten får vara högst 2 000 tecken.",
        },
    )
    must_stop = forms.BooleanField(
        label="Ska inte användas förrän det är åtgärdat", required=False, initial=True
    )
    due_on = _day("Alla bekräftade senast")
    authority_on = _day("Anmäld till Läkemedelsverket")
    file = forms.FileField(
        label="Tillverkarens meddelande",
        required=False,
        widget=SeveralFiles(attrs={"multiple": True}),
    )

    def __init__(self, data: MultiValueDict[str, Any] | None) -> None:
        super().__init__(data)
        self.fields["notice_on"].initial = timezone.localdate()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                check_notice(Recall(**{k: v for k, v in cleaned.items() if k != "file"}))
            except DomainError as fault:
                self.add_error(fault.field, fault.message)
        return cleaned


class ScopeForm(forms.Form):
    """Which articles, and which of them. ``articles`` and ``sought`` are what the service wants."""

    articles = forms.CharField(
        label="Artikelnummer",
        max_length=2000,
        widget=_area(2),
        help_text="Ett eller flera, med kommatecken eller på var sin rad.",
        error_messages={
            "required": "Skriv minst ett artikelnummer.",
            "max_length": f"Högst {MOST_ARTICLES} artiklar i en återkallelse.",
        },
    )
    scope = forms.ChoiceField(
        label="Vilka berörs?",
        choices=[(SOME, "Vissa nummer eller dagar"), (ALL, "Alla av artikeln")],
        initial=SOME,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vilka som berörs.", "invalid_choice": "Välj i listan."},
    )
    serials = forms.CharField(
        label="Serienummer", required=False, max_length=60_000, widget=_area(4),
        help_text="Ett nummer eller ett intervall på varje rad, till exempel SN-100 – SN-250.",
        error_messages={"max_length": "Listan är för lång. Skriv numren som intervall."},
    )  # fmt: skip
    lots = forms.CharField(
        label="Batch/lot", required=False, max_length=60_000, widget=_area(4),
        help_text="Skrivs som serienumren.",
        error_messages={"max_length": "Listan är för lång. Skriv numren som intervall."},
    )  # fmt: skip
    produced_from = _day("Tillverkade från")
    produced_to = _day("Tillverkade till")
    delivered_from = _day("Levererade från")
    delivered_to = _day("Levererade till")

    def clean_articles(self) -> list[Article]:
        numbers = list(dict.fromkeys(x.upper() for x in split(self.cleaned_data["articles"])))
        known = Article.objects.in_bulk(numbers, field_name="number")
        if unknown := [x for x in numbers if x not in known]:
            named = ", ".join(unknown[:5])
            raise forms.ValidationError(
                f"Ingen artikel har numret {named}. Kontrollera det, eller sök fram artikeln först."
            )
        if len(numbers) > MOST_ARTICLES:
            raise forms.ValidationError(f"Högst {MOST_ARTICLES} artiklar i en återkallelse.")
        return [known[x] for x in numbers]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["sought"] = []
        if "scope" not in cleaned:
            return cleaned
        try:
            cleaned["sought"] = self._sought(cleaned)
            if "articles" in cleaned and not self.errors:
                check_sought(cleaned["articles"], cleaned["sought"])
        except DomainError as fault:
            if fault.field not in self.errors:
                self.add_error(fault.field, fault.message)
        return cleaned

    def _sought(self, cleaned: dict[str, Any]) -> list[Sought]:
        if cleaned["scope"] == ALL:
            return [Sought(By.ARTICLE)]
        found = [
            Sought(by, first, last)
            for by in (By.SERIAL, By.LOT)
            for first, last in ranges(cleaned.get(f"{by}s", ""), field=f"{by}s")
        ]
        for by in (By.PRODUCED, By.DELIVERED):
            first, last = cleaned.get(f"{by}_from"), cleaned.get(f"{by}_to")
            if {f"{by}_from", f"{by}_to"} & set(self.errors):
                continue
            if first or last:
                check_days(by, first, last)
                found.append(Sought(by, first_day=first, last_day=last))
        if not found and not self.errors:
            raise DomainError(
                "Skriv serienummer, batch/lot eller dagar, eller välj att alla berörs.",
                field="scope",
            )
        return found


class CheckForm(forms.Form):
    """What will be found, seen before it is registered."""

    confirmed = forms.BooleanField(
        label="Det är rätt artiklar och nummer",
        error_messages={"required": "Kryssa i rutan när du har kontrollerat vad som berörs."},
    )
