"""The blocks of a case's details on its page (``parts/edit_block.html``): shown, or edited in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Model
from django.template.defaultfilters import linebreaksbr

from sesam.addresses import written

from . import contact
from .cases import AddressedCase

CONFIRMED = "text_confirmed"
#: By the block's name in the address, its title and its form.
Blocks = Mapping[str, tuple[str, type[forms.ModelForm[Any]]]]


def shown_blocks(
    case: AddressedCase,
    blocks: Blocks,
    *,
    here: str,
    editing: str = "",
    form: forms.ModelForm[Any] | None = None,
    asks_for_check: bool = True,
) -> list[dict[str, Any]]:
    """The blocks of a case whose page is ``here``; ``form`` is that of the block ``editing`` if it
    was sent. «Texten är kontrollerad» stands there where its answer is missing, if the case
    ``asks_for_check`` at all."""
    shown = []
    for name, (title, make) in blocks.items():
        plain = make(instance=case)
        if not asks_for_check or form is None or CONFIRMED not in form.errors:
            plain.fields.pop(CONFIRMED, None)
            if form is not None:
                form.fields.pop(CONFIRMED, None)
        shown.append(
            {
                "name": name,
                "title": title,
                "facts": [{"label": "Uppgifter", "value": "Skyddad identitet"}]
                if case.address_masked
                else facts_of_form(plain) or [{"label": title, "value": "Saknas"}],
                "body": "recipients/_contact.html" if "contact_prescriber" in plain.fields else "",
                "form": form if editing == name and form is not None else plain,
                "editing": editing == name,
                "edit_url": "" if case.has_ended else f"{here}?redigera={name}",
                "leave_url": here,
            }
        )
    return shown


def facts_of_form(form: forms.ModelForm[Model]) -> list[dict[str, Any]]:
    """What a block's fields hold, in words."""
    facts = []
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, contact.ContactField):
            continue  # stands under the facts, also where these are masked
        if isinstance(value, bool):
            value = "Ja" if value else ""
        if bound.name == "postcode":
            value = written(value or "")
        if isinstance(bound.field.widget, forms.Textarea):
            value = linebreaksbr(value or "")
        if value:
            facts.append({"label": bound.label, "value": value})
    return facts
