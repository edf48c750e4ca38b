"""What the reviewers type. Whether it may be so, the services say."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from organisation.models import Unit
from recipients.forms import NumberForm

from ..models import Risk, SpotCheckPlan, Verdict

MOST_DRAWN = 300  # in a month: a protocol of so many is made while one waits
_LONG = "Skriv högst 1 000 tecken."
_WHAT_THEN = {
    Verdict.JUSTIFIED: ("circle-check", "Inget mer görs"),
    Verdict.UNCLEAR: ("circle-help", "Chefen tillfrågas"),
    Verdict.UNJUSTIFIED: ("circle-alert", "Utreds och följs upp"),
}


def _text(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _LONG},
    )


class SeenForm(forms.Form):
    """A form about a look. ``sett``: how many notes it had when the page was shown."""

    use_required_attribute = False

    def seen(self) -> int:
        typed = str(self.data.get("sett", ""))
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else -1


class VerdictForm(SeenForm):
    verdict = forms.ChoiceField(
        label="Bedömning",
        choices=Verdict.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Välj en bedömning.", "invalid_choice": "Välj en bedömning."},
    )
    text = _text("Motivering")

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The verdicts as ``parts/choice_cards.html`` draws them, each with its key."""
        chosen = self["verdict"].value()
        return [
            {
                "value": verdict.value,
                "label": verdict.label,
                "icon": icon,
                "text": text,
                "key": str(key),
                "checked": chosen == verdict.value,
            }
            for key, (verdict, (icon, text)) in enumerate(_WHAT_THEN.items(), 1)
        ]


class AnswerForm(SeenForm):
    who = forms.CharField(
        label="Vem svarade",
        required=False,
        max_length=120,
        error_messages={"max_length": "Skriv högst 120 tecken."},
    )
    text = _text("Chefens svar")


class MeasureForm(SeenForm):
    text = _text("Vad har gjorts")
    done_on = forms.DateField(
        label="När",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Skriv vilken dag det gjordes.",
            "invalid": "Skriv dagen som ÅÅÅÅ-MM-DD.",
        },
        validators=[
            MinValueValidator(dt.date(2000, 1, 1), "Så gammal är ingen åtkomst."),
            MaxValueValidator(dt.date(2100, 1, 1), "Dagen har inte varit än."),
        ],
    )
    ends = forms.BooleanField(label="Uppföljningen är klar", required=False)

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, initial={"done_on": timezone.localdate()}, **more)


class KnownForm(NumberForm):
    """Whom, by number (POST alone), and why."""

    use_required_attribute = False
    why = forms.CharField(
        label="Varför",
        max_length=200,
        help_text="Till exempel: omskriven i tidningen. Skriv inte namnet.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Skriv varför personen är känd.",
            "max_length": "Skriv högst 200 tecken.",
        },
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["nummer"].label = "Personnummer"
        self.fields["nummer"].help_text = "12 siffror, med eller utan bindestreck."


class PlanForm(forms.ModelForm[SpotCheckPlan]):
    use_required_attribute = False

    class Meta:
        model = SpotCheckPlan
        fields = (
            "random", "round_months", "per_unit",
            *Risk.values,
            "many_looks", "many_misses", "night_from", "night_to",
        )  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for field in self.fields.values():
            field.required = True
            field.error_messages |= {"required": "Skriv ett tal.", "invalid": "Skriv ett heltal."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["night_from"] == cleaned["night_to"]:
            self.add_error("night_to", "Natten slutar inte när den börjar.")
        units = -(-Unit.objects.filter(is_active=True).count() // max(1, cleaned["round_months"]))
        most = (
            cleaned["random"] + units * cleaned["per_unit"] + sum(cleaned[r] for r in Risk.values)
        )
        if most > MOST_DRAWN:
            self.add_error(
                "random",
                f"Det blir upp till {most} åtkomster i månaden, och ett stickprov har högst"
                f" {MOST_DRAWN}. Minska något av antalen.",
            )
        return cleaned

    def in_groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        chance, risks = ["random", "round_months", "per_unit"], list(Risk.values)
        limits = ["many_looks", "many_misses", "night_from", "night_to"]
        return [
            (heading, [self[name] for name in names])
            for heading, names in (
                ("Slumpade", chance),
                ("Efter risk, högst så många av varje", risks),
                ("Vad som räknas", limits),
            )
        ]
