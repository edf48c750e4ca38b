"""What every form about where a case goes checks: postcodes and telephone numbers."""

import re
from typing import Any, TypeVar

from django import forms
from django.db.models import Model

from . import phones
from .addresses import written

ADDRESS = ["co", "street", "postcode", "locality", "door_code", "instructions"]
ADDRESS_LABELS = {
    "street": "Gatuadress",
    "locality": "Ort",
    "door_code": "Port",
    "instructions": "Instruktioner och vägbeskrivning",
}


M = TypeVar("M", bound=Model)


class ChecksDetails(forms.ModelForm[M]):
    """Fields named ``postcode``, ``…phone`` and ``…mobile``; blank ones are let through, all
    are shown and kept as they are written everywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.initial.items():
            if name == "postcode" and value:
                self.initial[name] = written(value)
            elif name.endswith(("phone", "mobile")) and value:
                self.initial[name] = phones.written(value)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in list(cleaned.items()):
            if not (value and name.endswith(("phone", "mobile"))):
                continue
            try:
                cleaned[name] = phones.checked(value)
            except forms.ValidationError as fault:
                self.add_error(name, fault)
        if postcode := cleaned.get("postcode"):
            digits = re.sub(r"\s", "", postcode)
            if not re.fullmatch(r"\d{5}", digits):
                self.add_error("postcode", "Ange postnumret med fem siffror.")
            cleaned["postcode"] = digits
        return cleaned
