"""A form's fields by what they are, for whoever narrows their choices."""

from typing import Any

from django import forms


def choice(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """The form's field ``name``, where one chooses."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no choice")
    return field


def record_choice(form: forms.BaseForm, name: str) -> forms.ModelChoiceField[Any]:
    """The form's field ``name``, where one chooses a record."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} is no choice of a record")
    return field
