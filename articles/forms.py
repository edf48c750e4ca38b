"""What is asked for in the article search."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from organisation.models import User
from organisation.stores import Seen
from sesam.form_drawing import PlainSelect
from sesam.form_fields import choice
from sesam.standing import standing
from sesam.templatetags.sesam import NBSP

from . import search
from .filters import MEASURE_FILTERS, Filters
from .measures import SpanField
from .models import ArticleType, IsoClass, Supplier
from .tables import iso_text

ALL = "alla"
YES = "ja"
#: What the address of a search may hold, in the order that it is written.
PARAMETERS = (
    *("q", "typ", "lager", "i_lager", "favoriter", "gren", "leverantor"),
    *(one.name for one in MEASURE_FILTERS),
    "sortera",
)


class SearchForm(forms.Form):
    """The search box and its filters; what makes no sense counts as not chosen, apart from measures
    that somebody typed. Two queries."""

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
        widget=PlainSelect,
    )
    lager = forms.ChoiceField(label="Visa tillgänglighet för", required=False, widget=PlainSelect)
    gren = forms.ChoiceField(label="Gren i katalogen", required=False, widget=PlainSelect)
    leverantor = forms.ChoiceField(label="Leverantör", required=False, widget=PlainSelect)
    i_lager = forms.BooleanField(
        label="Finns i lagret",
        required=False,
        widget=forms.CheckboxInput(attrs={"value": YES}, check_test=lambda value: value == YES),
    )

    favoriter = forms.BooleanField(
        label="Mina favoriter",
        required=False,
        widget=forms.CheckboxInput(attrs={"value": YES}, check_test=lambda value: value == YES),
    )

    def __init__(self, data: QueryDict, *, seen: Seen, user: User) -> None:
        warehouse = seen.by_number(data.get("lager", ""))
        chosen = data.get("typ", "")
        branch, supplier = data.get("gren", ""), data.get("leverantor", "")
        branches = _branches(branch)
        suppliers = dict(_suppliers())
        super().__init__(
            {
                "q": data.get("q", "").replace("\0", "").strip(),
                "typ": chosen if chosen in search.TYPES else ALL,
                "lager": warehouse.number if warehouse else "",
                "gren": branch if branch in dict(branches) else "",
                "leverantor": supplier if supplier in suppliers else "",
                **{name: YES if data.get(name) == YES else "" for name in ("i_lager", "favoriter")},
                **{
                    one.name: data.get(one.name, "").replace("\0", "").strip()
                    for one in MEASURE_FILTERS
                },
            }
        )
        choice(self, "lager").choices = [(w.number, str(w)) for w in seen.warehouses]
        choice(self, "gren").choices = [("", "Hela katalogen"), *branches]
        choice(self, "leverantor").choices = [
            ("", "Alla leverantörer"),
            *((name, name) for name in suppliers),
        ]
        for one in MEASURE_FILTERS:
            self.fields[one.name] = SpanField(label=one.label, required=False)
        self.warehouse = warehouse
        self._suppliers, self._user = suppliers, user

    @property
    def filters(self) -> list[tuple[forms.BoundField, bool]]:
        """Each with whether it is set."""
        return [
            (self["typ"], self.data["typ"] != ALL),
            (self["lager"], False),  # one always is
            *((self[name], bool(self.data[name])) for name in ("gren", "leverantor")),
        ]

    @property
    def measures(self) -> list[tuple[forms.BoundField, bool]]:
        return [(self[one.name], bool(self.data[one.name])) for one in MEASURE_FILTERS]

    @property
    def has_measures(self) -> bool:
        return any(self.data[one.name] for one in MEASURE_FILTERS)

    @property
    def set_words(self) -> list[str]:
        """What is set, apart from the warehouse, which always is."""
        words = [self["typ"].value() != ALL and str(dict(_choices(self, "typ"))[self.data["typ"]])]
        words += [self.data["gren"] and iso_text(self.data["gren"]), self.data["leverantor"]]
        words += [bool(self.data["i_lager"]) and "finns i lager"]
        words += [bool(self.data["favoriter"]) and "mina favoriter"]
        words += [
            self.data[one.name] and f"{one.measure.label.lower()} {self.data[one.name]}"
            for one in MEASURE_FILTERS
        ]
        return [word for word in words if word]

    @property
    def is_narrowed(self) -> bool:
        """Whether there is something to search by without a word."""
        names = ("gren", "leverantor", "favoriter")
        return self.has_measures or any(self.data[name] for name in names)

    @property
    def wanted(self) -> Filters:
        """Of a form that is valid."""
        data = self.cleaned_data
        return Filters(
            article_type=search.TYPES.get(data["typ"]),
            warehouse_id=self.warehouse.pk if self.warehouse else None,
            in_stock=data["i_lager"],
            favourites_of=self._user.pk if data["favoriter"] else None,
            branch=data["gren"],
            supplier_id=self._suppliers.get(data["leverantor"]),
            measures={
                one: data[one.name] for one in MEASURE_FILTERS if data.get(one.name) is not None
            },
        )

    def clean_q(self) -> str:
        typed: str = self.cleaned_data["q"]
        if typed and not search.long_enough(search.words_of(typed)):
            raise forms.ValidationError("Skriv minst tre tecken för att söka.")
        return typed


def _choices(form: forms.Form, name: str) -> Any:
    return choice(form, name).choices


def _branches(chosen: str) -> list[tuple[str, str]]:
    """The chapters, and under the chosen one its branches: all there are would weigh more than the
    page. One query."""
    if chosen.isdecimal() and len(chosen) in (2, 4, 6):
        wanted = Q(level=1) | Q(level=2, code__startswith=chosen[:2]) | Q(code=chosen)
        found = list(_classes(wanted))
    else:
        found = _chapters()
    return [(code, f"{NBSP * (len(code) - 2)}{iso_text(code)} {title}") for code, title in found]


def _classes(wanted: Q) -> QuerySet[IsoClass, Any]:
    return IsoClass.objects.filter(wanted).order_by("code").values_list("code", "title")


@standing
def _chapters() -> QuerySet[IsoClass, Any]:
    return _classes(Q(level=RawSQL("1", ())))  # bound, it would be planned each time


@standing
def _suppliers() -> QuerySet[Supplier, Any]:
    return Supplier.objects.order_by("sort_key").values_list("name", "pk")
