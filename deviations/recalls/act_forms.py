"""What KHS types about the chosen pieces of a recall, and why it closes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from activities.models import ActivityType, Priority
from sesam.form_fields import RecordField

from ..models import Answer, DeedLetters, DeedWork, Recall
from . import acting
from .closing import MOST_REASON

NOTHING = "inga"
CALLED = "samtal"


class ActForm(forms.Form):
    """Cases, messages and letters."""

    work = forms.ChoiceField(
        label="Ärenden för det som finns hos mottagare",
        choices=[(DeedWork.ACTIVITY.value, "Aktiviteter"), (DeedWork.PICKUP.value, "Hämtordrar"),
                 (NOTHING, "Inga ärenden")],
        initial=DeedWork.ACTIVITY.value,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vilka ärenden som ska skapas."},
    )  # fmt: skip
    type = RecordField(
        acting.types(), label="Aktivitetstyp", required=False, empty_label=None,
        error_messages={"invalid_choice": "Välj en aktivitetstyp i listan."},
    )  # fmt: skip
    priority = RecordField(
        Priority.objects.filter(is_active=True), label="Aktivitetsprioritet", required=False,
        empty_label=None, error_messages={"invalid_choice": "Välj en prioritet i listan."},
    )  # fmt: skip
    request = forms.CharField(
        label="Vad ska göras?",
        required=False,
        max_length=acting.MOST_REQUEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Står på aktiviteterna eller hämtordrarna. Skriv inget om någon person.",
        error_messages={"max_length": "Texten får vara högst 2 000 tecken."},
    )
    sends_message = forms.BooleanField(
        label="Skicka meddelande till tjänsteställena",
        required=False,
        initial=True,
        help_text="Var och en ser sina egna exemplar och bekräftar dem. Den som redan har fått ett"
        " meddelande får inget nytt: påminn i stället.",
    )
    letters = forms.ChoiceField(
        label="Brev att skriva ut",
        choices=[(NOTHING, "Inga brev"), (DeedLetters.HOLDER.value, "Ett till varje mottagare"),
                 (DeedLetters.UNIT.value, "Ett till varje tjänsteställe")],
        initial=NOTHING,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vilka brev som ska skrivas."},
    )  # fmt: skip

    def __init__(self, data: MultiValueDict[str, Any] | None, *, recall: Recall) -> None:
        super().__init__(data)
        self.fields["request"].initial = f"Återkallelse {recall.case_number}: {recall.measure}"[
            : acting.MOST_REQUEST
        ]
        repair = acting.types().filter(code=ActivityType.Code.REPAIR).first()
        usual = repair or acting.types().first()
        self.fields["type"].initial = usual.pk if usual else None
        soon = Priority.objects.filter(is_active=True).first()
        self.fields["priority"].initial = soon.pk if soon else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        work, chosen = cleaned.get("work"), cleaned.get("letters")
        if work is None or chosen is None:
            return cleaned
        if work != NOTHING and not (cleaned.get("request") or "").strip():
            self.add_error("request", "Skriv vad som ska göras.")
        if work == DeedWork.ACTIVITY:
            for name, words in (("type", "en aktivitetstyp"), ("priority", "en prioritet")):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, f"Välj {words} i listan.")
        if work == NOTHING and chosen == NOTHING and not cleaned.get("sends_message"):
            self.add_error("work", "Välj minst en sak: ärenden, meddelande eller brev.")
        return cleaned

    @staticmethod
    def wanted(said: dict[str, Any]) -> acting.Wanted:
        """What the answers ask for."""
        return acting.Wanted(
            work=DeedWork("" if said["work"] == NOTHING else said["work"]),
            sends_message=said["sends_message"],
            letters=DeedLetters("" if said["letters"] == NOTHING else said["letters"]),
            type=said["type"],
            priority=said["priority"],
            request=said["request"],
        )


class AnswerForm(forms.Form):
    """KHS answers in a unit's place, or notes that it has called."""

    said = forms.ChoiceField(
        label="Vad har hänt?",
        choices=[*Answer.choices, (CALLED, "Samtal, inget svar än")],
        widget=forms.RadioSelect,
        error_messages={"required": "Välj vad som har hänt."},
    )
    note = forms.CharField(
        label="Hur vet du det?",
        max_length=300,
        help_text="Till exempel vem du ringde. Skriv inget om mottagaren.",
        error_messages={
            "required": "Skriv hur du vet det.",
            "max_length": "Anteckningen får vara högst 300 tecken.",
        },
    )


class CloseForm(forms.Form):
    reason = forms.CharField(
        label="Varför avslutas den?",
        required=False,
        max_length=MOST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "Texten får vara högst 1 000 tecken."},
    )
