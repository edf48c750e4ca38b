"""Telephone numbers, read and written one way everywhere: «070-174 06 12»."""

import phonenumbers
from django.core.exceptions import ValidationError


def _parsed(typed: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(typed, "SE")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) and not number.extension else None


def checked(typed: str) -> str:
    """What was typed in a form, as it is written; empty for none."""
    typed = typed.strip()
    if typed and _parsed(typed) is None:
        raise ValidationError(
            "Numret stämmer inte. Skriv det med riktnummer, till exempel 070-174 06 05."
        )
    return written(typed)


def written(typed: str) -> str:
    """As it is written in Sweden, abroad with its country; what is no number stays as it is."""
    number = _parsed(typed)
    if number is None:
        return typed
    style = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if number.country_code == 46
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, style)
