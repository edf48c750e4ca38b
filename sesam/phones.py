"""Telephone numbers, read and written one way everywhere: «070-174 06 12»."""

import phonenumbers


def _parsed(typed: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(typed, "SE")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) and not number.extension else None


def is_valid(typed: str) -> bool:
    return _parsed(typed) is not None


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
