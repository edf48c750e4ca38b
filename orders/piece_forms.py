"""What is typed on the pages about a marked piece."""

from __future__ import annotations

from typing import Any

from django import forms

from recipients.forms import NumberForm
from sesam.form_fields import choice

from .models import Cart


class PieceRecipientForm(NumberForm):
    """«Leverera individen»: to whom. With an order in progress its recipient is offered first."""

    PRESENT, OTHER = "pagaende", "annan"
    vem = forms.ChoiceField(label="Mottagare", widget=forms.RadioSelect, initial=PRESENT)

    field_order = ("vem", "nummer")

    def __init__(self, data: Any = None, *, cart: Cart | None) -> None:
        super().__init__(data)
        self.cart = cart
        if cart is None or cart.recipient is None:
            del self.fields["vem"]
            return
        person = cart.recipient
        choice(self, "vem").choices = [
            (self.PRESENT, f"{person.name}, {person.written_number}, i den pågående beställningen"),
            (self.OTHER, "En annan mottagare"),
        ]

    @property
    def to_present(self) -> bool:
        """Whether it goes to the recipient of the order in progress."""
        return bool(self.cleaned_data.get("vem") == self.PRESENT)

    def clean_nummer(self) -> str:
        if not self.to_present:
            return super().clean_nummer()
        if self.cleaned_data["nummer"].strip():
            raise forms.ValidationError(
                "Du har skrivit ett nummer men valt den pågående beställningens mottagare. Välj"
                " «En annan mottagare», eller ta bort numret."
            )
        return ""
