"""What is asked for in the article search."""

from typing import Any

from django import forms

from organisation.stores import Seen
from sesam.form_fields import choice

from . import search
from .models import ArticleType

ALL = "alla"


class SearchForm(forms.Form):
    """The search box and its filters; what makes no sense counts as not chosen."""

    q = forms.CharField(
        label="Sökord",
        required=False,
        max_length=200,
        help_text="Benämning, leverantör, leverantörens eller eget artikelnummer."
        " Alla ord måste stämma, minst tre tecken.",
        error_messages={"max_length": "Sökningen är för lång. Skriv högst 200 tecken."},
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    typ = forms.ChoiceField(
        label="Artikeltyp",
        required=False,
        choices=[
            (ALL, "Alla artikeltyper"),
            *((value, ArticleType(kind).label) for value, kind in search.TYPES.items()),
        ],
    )
    lager = forms.ChoiceField(label="Visa tillgänglighet för", required=False)

    def __init__(self, data: Any, *, seen: Seen) -> None:
        warehouse = seen.by_number(data.get("lager", ""))
        chosen = data.get("typ", "")
        super().__init__(
            {
                "q": data.get("q", "").replace("\0", "").strip(),
                "typ": chosen if chosen in search.TYPES else ALL,
                "lager": warehouse.number if warehouse else "",
            }
        )
        choice(self, "lager").choices = [(w.number, str(w)) for w in seen.warehouses]
        self.warehouse = warehouse

    @property
    def filters(self) -> list[forms.BoundField]:
        return [self["typ"], self["lager"]]

    def clean_q(self) -> str:
        typed: str = self.cleaned_data["q"]
        if typed and not search.long_enough(search.words_of(typed)):
            raise forms.ValidationError("Skriv minst tre tecken för att söka.")
        return typed
