"""What is typed about marked pieces."""

from typing import Any

from django import forms

from sesam import personal_numbers
from sesam.errors import DomainError

from . import services
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


class NumberField(forms.CharField):
    """An individual number to be, checked for its form; whether it is free the services say."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(error_messages={"required": "Skriv individnumret."}, **kwargs)

    def clean(self, value: Any) -> str:
        try:
            return services.checked_number(super().clean(value))
        except DomainError as error:
            raise forms.ValidationError(error.message) from error


def personal(typed: Any) -> bool:
    """Whether a personal number was typed in the wrong box."""
    return personal_numbers.looks_personal(str(typed or ""))


class RenumberForm(forms.Form):
    """«Byte av individnummer»."""

    confirmed = forms.BooleanField(
        label="Jag bekräftar att detta är den individ som ska byta nummer",
        error_messages={
            "required": "Kryssa i rutan när du har kontrollerat att det är rätt individ."
        },
    )
    number = NumberField(label="Nytt individnummer")
