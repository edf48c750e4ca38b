"""The blocks of a case's details on its page (``parts/edit_block.html``): shown, or edited in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr

from sesam import undo
from sesam.addresses import written
from sesam.errors import DomainError

from . import contact
from .case_forms import BlockForm
from .cases import AddressedCase, last_event

CONFIRMED = "text_confirmed"
#: By the block's name in the address, its title and its form.
Blocks = Mapping[str, tuple[str, type[BlockForm[Any]]]]


def shown_blocks(
    case: AddressedCase,
    blocks: Blocks,
    *,
    here: str,
    editing: str = "",
    form: BlockForm[Any] | None = None,
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
        if bound.is_hidden or isinstance(bound.field, contact.ContactField):
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


#: The form may have been filled in before the person became protected.
PROTECTED = (
    "Inget är sparat: uppgifterna har ändrats, eller mottagaren har fått skyddad identitet, sedan du"
    " öppnade dem. Skriv det som gäller just det här ärendet."
)


def overtaken(
    request: HttpRequest, case: AddressedCase, form: BlockForm[Any]
) -> BlockForm[Any] | None:
    """The form again, when the ``case`` says something else than it was filled in with. Of somebody
    who became protected an empty one: it may hold what the record said."""
    if case.address_masked:
        messages.warning(request, PROTECTED)
        return None
    form.tell_overtaken(case)
    return form


def unsaved(
    case: AddressedCase, name: str, blocks: Blocks, request: HttpRequest, why: str
) -> dict[str, Any]:
    """What was typed in a block of a case that can't be changed any more, for the one who typed it;
    of somebody protected it isn't shown."""
    typed: list[dict[str, Any]] = []
    if name in blocks and not case.address_masked:
        typed = texts_of(blocks[name][1](request.POST))
    return {"why": why, "typed": typed}


def texts_of(form: forms.BaseForm) -> list[dict[str, Any]]:
    """What was typed in the form's boxes, as facts."""
    return [
        {"label": bound.label, "value": linebreaksbr(bound.value())}
        for bound in form
        if isinstance(bound.field, forms.CharField) and bound.value() and not bound.is_hidden
    ]


# --- «Ångra» of the case's contact switch ---


def offer_contact_undo(
    request: HttpRequest, before: AddressedCase, saved: AddressedCase, undo_url: str
) -> None:
    """Where the switch was changed. The address says what it shall be again, and which event was
    the last one then."""
    if saved.contact_prescriber == before.contact_prescriber:
        return
    undo.offer(
        request,
        f"{contact.WORDS[saved.contact_prescriber]}.",
        undo_url,
        till=contact.YES if before.contact_prescriber else contact.NO,
        sedan=last_event(saved),
    )


def undo_contact(request: HttpRequest, change_back: Callable[[bool, int], object]) -> None:
    """What ``offer_contact_undo`` offered; ``change_back`` gets the wanted choice and the event."""
    seen = request.GET.get("sedan", "")
    wanted = request.GET.get("till") == contact.YES
    try:
        change_back(wanted, int(seen) if re.fullmatch("[0-9]{1,18}", seen) else 0)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, f"Ändringen är ångrad. {contact.WORDS[wanted]}.")
