"""The steps of the dialog «Beställd artikel»."""

import re
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html

from articles.models import Article, Balance
from articles.stock import available_words
from individuals import services as individuals
from individuals.models import Individual
from organisation.models import Source, Warehouse
from sesam.form_fields import RecordField, choice, record_choice

from .components import Offered
from .models import Cart, CartLine
from .replacement import Offer
from .rules import MOST


class Barred(forms.widgets.ChoiceWidget):
    """Shows what can't be chosen, too: the values in ``barred``."""

    barred: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.barred:
            option["attrs"]["disabled"] = True
        return option


class BarredRadios(Barred, forms.RadioSelect):
    pass


class BarredSelect(Barred, forms.Select):
    pass


class HeldPieceField(RecordField[Individual]):
    """Pieces that somebody has, by what they are."""

    def label_from_instance(self, obj: Individual) -> str:
        return f"{obj.number} {obj.article.name}"


def available_in(
    stores: list[Warehouse], cart: Cart, article: Article, line: CartLine | None
) -> dict[int, int]:
    """How many of the article each store has for this line; of an own store's what other lines of
    the order take is gone."""
    balances = Balance.objects.filter(article=article, warehouse__in=stores)
    found = {w.pk: 0 for w in stores} | {b.warehouse_id: b.available for b in balances}
    own = {w.pk for w in stores if not w.is_central}
    others = _other_lines(cart, article, line)
    for warehouse, taken in others.values_list("warehouse", "quantity"):
        if warehouse in own:
            found[warehouse] -= taken
    return found


def _other_lines(cart: Cart, article: Article, line: CartLine | None) -> QuerySet[CartLine]:
    lines = cart.lines.filter(article=article)
    return lines if line is None else lines.exclude(pk=line.pk)


class QuantityForm(forms.Form):
    """«Beställd artikel»: how many, from where, and which piece."""

    quantity = forms.IntegerField(
        label="Antal",
        min_value=1,
        max_value=MOST,
        initial=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Ange hur många du vill beställa.",
            "invalid": "Ange antalet med siffror, till exempel 2.",
            "min_value": "Antalet ska vara minst 1.",
            "max_value": f"Antalet får vara högst {MOST}.",
        },
    )
    source = forms.ChoiceField(label="Leverans från", choices=Source.choices, widget=BarredRadios)
    warehouse = RecordField(
        Warehouse.objects.none(), label="Lager", empty_label=None, to_field_name="number",
        widget=BarredSelect, error_messages={"invalid_choice": "Kontrollera lagret: välj ett ur listan."},
    )  # fmt: skip
    individual = RecordField(
        Individual.objects.none(), label="Individ", required=False, to_field_name="number",
        empty_label="Välj individ", error_messages={"invalid_choice": "Välj en individ ur listan."},
    )  # fmt: skip

    fitted_to = HeldPieceField(
        Individual.objects.none(), label="Monteras på", required=False, to_field_name="number",
        empty_label="Inget som mottagaren har",
        error_messages={"invalid_choice": "Välj en individ ur listan."},
    )  # fmt: skip

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None = None,
        *,
        cart: Cart,
        article: Article,
        line: CartLine | None = None,
        stores: list[Warehouse],
        available: dict[int, int],
        refusal: str = "",
        **kwargs: Any,
    ) -> None:
        """``line`` is the one that is changed, ``stores`` are those it may come from, ``available``
        what there is in each (``available_in``). ``refusal`` says why none of it can be ordered
        here."""
        super().__init__(data, **kwargs)
        self.article, self.refusal = article, refusal
        self._offer_held(cart)
        self._others = _other_lines(cart, article, line)
        own = [w for w in stores if not w.is_central]
        central_only = bool(
            cart.destination_id or not article.is_stocked or article.own_order_only or not own
        )
        sources = [c for c in Source.choices if not central_only or c[0] == Source.CENTRAL]
        source = choice(self, "source")
        source.choices = sources
        self._bar_empty(own, available, central_only)
        preset = self._preset_source(cart, own, available, central_only)
        source.initial = self.initial.get("source") or preset
        self.chosen_source = (data.get("source") if data else None) or source.initial
        here = [w for w in stores if w.is_central == (self.chosen_source == Source.CENTRAL)]
        field = record_choice(self, "warehouse")
        field.queryset = Warehouse.objects.filter(pk__in=[w.pk for w in here])
        stocked = article.is_stocked
        field.choices = [
            (w.number, f"{w} – {available_words(max(available[w.pk], 0))}" if stocked else str(w))
            for w in here
        ]
        first = next((w for w in here if w.pk == cart.unit.delivering_warehouse_id), None)
        if first is None:
            first = next((w for w in here if available[w.pk] > 0), here[0] if here else None)
        field.initial = first and first.number
        self._offer_individuals(data, here)

    def clean(self) -> dict[str, Any]:
        if self.refusal:
            self.add_error("quantity", self.refusal)
        return super().clean() or {}

    @staticmethod
    def _preset_source(
        cart: Cart, own: list[Warehouse], available: dict[int, int], central_only: bool
    ) -> str:
        """The user's own choice, as far as it goes: an empty store helps nobody."""
        wanted = cart.user.default_source or Source.CENTRAL
        if central_only or not any(available[w.pk] > 0 for w in own):
            return Source.CENTRAL
        return wanted

    def _bar_empty(
        self, own: list[Warehouse], available: dict[int, int], central_only: bool
    ) -> None:
        """A store with nothing left is shown as such, and can't be chosen."""
        empty = [w for w in own if available[w.pk] < 1]
        self.fields["warehouse"].widget.barred = frozenset(w.number for w in empty)
        self.nothing_in_store = bool(own) and len(empty) == len(own) and not central_only
        if self.nothing_in_store:
            source = choice(self, "source")
            source.widget.barred = frozenset([Source.OWN_STORE.value])
            source.choices = [
                (value, f"{label}: inget finns" if value == Source.OWN_STORE else label)
                for value, label in Source.choices
            ]

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"]
        if source == Source.OWN_STORE and self.nothing_in_store:
            raise forms.ValidationError("Det finns inget kvar i förrådet. Beställ från KHS.")
        return source

    def _offer_held(self, cart: Cart) -> None:
        """An accessory can be tied to a piece that the recipient already has."""
        held = Individual.objects.none()
        if self.article.may_be_component and cart.recipient_id:
            held = (
                Individual.objects.filter(
                    loans__recipient=cart.recipient_id, loans__ended_at__isnull=True
                )
                .select_related("article")
                .order_by("number")
            )
        if not held:
            del self.fields["fitted_to"]
            return
        record_choice(self, "fitted_to").queryset = held

    def _offer_individuals(
        self, data: MultiValueDict[str, Any] | None, here: list[Warehouse]
    ) -> None:
        if self.chosen_source != Source.OWN_STORE or not self.article.is_marked:
            del self.fields["individual"]
            return
        number = (data.get("warehouse") if data else None) or self.initial.get("warehouse")
        number = number or self.fields["warehouse"].initial
        store = next((w for w in here if w.number == number), here[0] if here else None)
        if store is not None:
            shelf = individuals.on_shelf(store.pk, self.article.pk)
            taken = self._others.exclude(individual=None).values("individual")
            record_choice(self, "individual").queryset = shelf.exclude(pk__in=taken)
        self.fields["individual"].required = True
        self.fields["individual"].error_messages["required"] = "Välj vilken individ som lämnas ut."


class ReplacementForm(forms.Form):
    """«Ersättningsartiklar»: the quantity spread over the group, and what is waited for."""

    backlog = forms.IntegerField(
        label="Restnoteras",
        min_value=0,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Ange 0 om inget ska restnoteras.",
            "invalid": "Ange antalet med siffror.",
            "min_value": "Antalet kan inte vara mindre än 0.",
        },
    )
    confirmed = forms.BooleanField(required=False)

    def __init__(
        self, data: MultiValueDict[str, Any] | None = None, *, offer: Offer, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.offer = offer
        shares, backlog = offer.spread
        for member in offer.members:
            article = member.article
            self.fields[self.name_of(article)] = forms.IntegerField(
                label=f"Antal {article.name} ({article.number})",
                min_value=0,
                max_value=member.available,
                initial=shares[article.number],
                widget=forms.TextInput(
                    attrs={
                        "inputmode": "numeric",
                        "autocomplete": "off",
                        "min": 0,
                        "max": member.available,
                    }
                ),
                error_messages={
                    "required": "Ange 0 om den inte ska beställas.",
                    "invalid": "Ange antalet med siffror.",
                    "min_value": "Antalet kan inte vara mindre än 0.",
                    "max_value": f"Det finns {member.available} st. Minska antalet.",
                },
            )
        self.fields["backlog"].initial = backlog
        day = offer.backlog_day
        self.fields["confirmed"].label = format_html(
            "Ja, <span data-backlog>{}</span> st får komma senare ({})",
            self["backlog"].value(),
            f"planerat {day:%Y-%m-%d}" if day else "inget datum än",
        )

    @staticmethod
    def name_of(article: Article) -> str:
        return f"antal_{article.number}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"member": member, "field": self[self.name_of(member.article)]}
            for member in self.offer.members
        ]

    @property
    def asks_for_backlog(self) -> bool:
        """Whether there is anything that is to come later, to say yes to."""
        return str(self["backlog"].value() or "0").strip() != "0"

    @property
    def spread_now(self) -> int:
        """How many of the wanted pieces the fields as they stand account for."""
        counts = [row["field"].value() for row in self.rows] + [self["backlog"].value()]
        return sum(int(c) for c in counts if re.fullmatch("[0-9]{1,9}", str(c or "")))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        wanted, backlog = self.offer.wanted, cleaned["backlog"]
        total = sum(cleaned[self.name_of(m.article)] for m in self.offer.members) + backlog
        if total != wanted:
            raise forms.ValidationError(
                f"Du har fördelat {total} av {wanted} st. Ändra så att det blir {wanted}."
            )
        if backlog and not cleaned["confirmed"]:
            self.add_error("confirmed", f"Bekräfta att {backlog} st ska restnoteras.")
        return cleaned

    def shares(self) -> list[tuple[Article, int]]:
        """What is to be ordered, the largest place in the ranking first; after ``is_valid``."""
        waited_for = self.offer.backlog_article
        counts = {m.article: self.cleaned_data[self.name_of(m.article)] for m in self.offer.members}
        counts.setdefault(waited_for, 0)
        counts[waited_for] += self.cleaned_data["backlog"]
        return [(article, count) for article, count in counts.items() if count]


class ComponentsForm(forms.Form):
    """«Komponenter»: the individual template's suggestions, preselected and removable; others that
    fit; and what a search finds."""

    components = forms.MultipleChoiceField(
        label="Standardkomponenter",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Välj komponenter ur listan."},
    )
    others = forms.MultipleChoiceField(
        label="Övriga komponenter som passar",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Välj komponenter ur listan."},
    )
    search = forms.CharField(
        label="Sök komponent",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None = None,
        *,
        offered: Offered,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.offered = offered
        choice(self, "components").choices = [
            (number, offered.text(part)) for number, part in offered.standard.items()
        ]
        self.fields["components"].initial = list(offered.standard)
        choice(self, "others").choices = [
            (number, offered.text(part)) for number, part in offered.others.items()
        ]
        if self["search"].value():
            self.fields["others"].label = "Träffar"
        if not offered.standard:
            del self.fields["components"]

    def chosen(self) -> list[str]:
        """The numbers of all that is ticked, each once; after ``is_valid``."""
        both = [*self.cleaned_data.get("components", []), *self.cleaned_data["others"]]
        return list(dict.fromkeys(both))


class CommentForm(forms.Form):
    """«Kommentar och bilagor»."""

    comment = forms.CharField(
        label="Kommentar",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Skriv en kommentar: artikeln kräver det.",
            "max_length": "Kommentaren får vara högst 2 000 tecken.",
        },
    )
    file = forms.FileField(
        label="Lägg till bilaga",
        required=False,
        help_text="PDF, JPEG, PNG eller DOCX, högst 10 MB.",
        error_messages={"empty": "Filen är tom. Välj en annan fil."},
    )

    def __init__(self, *args: Any, article: Article, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].required = article.requires_comment
