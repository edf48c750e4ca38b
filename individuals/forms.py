"""What is typed about marked pieces."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from articles.models import Article
from organisation.models import Warehouse
from sesam import personal_numbers
from sesam.errors import DomainError
from sesam.form_fields import RecordField, record_choice
from sesam.seen import CarriesSeen

from . import services
from .models import Individual
from .search import MIN_CHARACTERS

PLATE = ("serial_number", "lot")


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


class ArticleForm(forms.Form):
    """«Ny individ», first step: which article, in which store."""

    warehouse = RecordField(
        Warehouse.objects.none(), label="Lager", empty_label=None, to_field_name="number",
        error_messages={"required": "Välj lager.", "invalid_choice": "Välj ett lager ur listan."},
    )  # fmt: skip
    article = forms.CharField(
        label="Artikelnummer",
        max_length=12,
        help_text="Bara individmärkta B-hjälpmedel. KHS registrerar A-hjälpmedel.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Skriv artikelnumret.",
            "max_length": "Ett artikelnummer har högst 12 tecken.",
        },
    )

    def __init__(self, data: Any, *, stores: QuerySet[Warehouse], store: str) -> None:
        super().__init__(data, initial={"warehouse": store})
        record_choice(self, "warehouse").queryset = stores

    def clean_article(self) -> Article:
        number = self.cleaned_data["article"].strip().upper()
        article = Article.objects.select_related("supplier").filter(number=number).first()
        if article is None:
            raise forms.ValidationError(
                "Ingen artikel har det numret. Kontrollera det, eller sök fram artikeln först."
            )
        try:
            services.check_registrable(article)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return article


class CheckForm(forms.Form):
    """«Ny individ», second step."""

    confirmed = forms.BooleanField(
        label="Det är rätt artikel och rätt lager",
        error_messages={"required": "Kryssa i rutan när du har kontrollerat artikel och lager."},
    )


class PlateForm(forms.Form):
    """What the maker has printed on it."""

    serial_number = forms.CharField(
        label="Serienummer",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Serienumret får vara högst 40 tecken."},
    )
    lot = forms.CharField(
        label="Batch/lot",
        required=False,
        max_length=40,
        help_text="Står på märkskylten som LOT. Behövs om tillverkaren återkallar en batch.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Batch/lot får vara högst 40 tecken."},
    )


class CorrectionForm(CarriesSeen, PlateForm):
    """It was typed wrong."""

    def __init__(self, data: Any, *, piece: Individual) -> None:
        super().__init__(data, initial={name: getattr(piece, name) for name in PLATE})
        self.carry(piece, PLATE)


class PieceForm(PlateForm):
    """«Ny individ», last step."""

    field_order = ("number", "serial_number", "lot", "age", "text")

    number = NumberField(label="Individnummer")
    age = forms.IntegerField(
        label="Uppskattad ålder, år",
        initial=0,
        min_value=0,
        max_value=services.OLDEST,
        help_text="0 om individen är ny.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Skriv åldern i hela år, 0 om individen är ny.",
            "invalid": "Skriv åldern med siffror, till exempel 3.",
            "min_value": f"Ange åldern i hela år, från 0 till {services.OLDEST}.",
            "max_value": f"Ange åldern i hela år, från 0 till {services.OLDEST}.",
        },
    )
    text = forms.CharField(
        label="Beskrivning",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "Texten får vara högst 2 000 tecken."},
    )
