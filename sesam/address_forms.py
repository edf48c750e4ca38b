"""What every form about where a case goes checks: postcodes and telephone numbers."""

import re
from typing import Any

from django import forms

_PHONE = re.compile(r"[+0][\d \-()]{5,18}")
ADDRESS = ["co", "street", "postcode", "locality", "door_code", "instructions"]
ADDRESS_LABELS = {
    "street": "Gatuadress",
    "locality": "Ort",
    "door_code": "Port",
    "instructions": "Instruktioner och vägbeskrivning",
}


class ChecksDetails(forms.ModelForm):
    """Fields named ``postcode``, ``…_phone`` and ``…_mobile``; blank ones are let through."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in list(cleaned.items()):
            if name.endswith(("_phone", "_mobile")) and value and not _PHONE.fullmatch(value):
                self.add_error(name, "Ange ett telefonnummer, till exempel 070-174 06 05.")
        if postcode := cleaned.get("postcode"):
            digits = re.sub(r"\s", "", postcode)
            if not re.fullmatch(r"\d{5}", digits):
                self.add_error("postcode", "Ange postnumret med fem siffror.")
            cleaned["postcode"] = digits
        return cleaned
