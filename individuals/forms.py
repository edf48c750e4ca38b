"""What is typed about marked pieces."""

from typing import Any

from django import forms

from sesam import personal_numbers

from .search import MIN_CHARACTERS


class SearchForm(forms.Form):
    """The search box."""

    q = forms.CharField(
        label="Individnummer eller serienummer",
        required=False,
        help_text="Hela numret eller en del av det, minst tre tecken.",
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, typed: str | None) -> None:
        data = None if typed is None else {"q": typed.replace("\0", "").strip()}
        super().__init__(data)

    def clean_q(self) -> str:
        typed: str = self.cleaned_data["q"]
        if len(typed) < MIN_CHARACTERS:
            raise forms.ValidationError("Skriv minst tre tecken för att söka.")
        if len(typed) > 40:
            raise forms.ValidationError("Sökningen är för lång. Skriv högst 40 tecken.")
        return typed


def personal(typed: Any) -> bool:
    """Whether a personal number was typed in the wrong box."""
    return personal_numbers.looks_personal(str(typed or ""))
