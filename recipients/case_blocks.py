"""The blocks of a case's details on its page (``parts/edit_block.html``): shown, or edited in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse

from organisation.permissions import UserRequest
from sesam import dialogs, undo
from sesam.addresses import written
from sesam.errors import DomainError
from sesam.seen import Overtaken

from . import contact
from .case_forms import BlockForm
from .cases import AddressedCase, last_event

C = TypeVar("C", bound=AddressedCase)

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


@dataclass(frozen=True)
class EditedInPlace(Generic[C]):
    """How a kind of case is edited on its page, ``?redigera=`` a block: every answer to what was
    sent. ``show`` draws the page: (request, case, *, editing, form, unsaved, status)."""

    blocks: Blocks
    #: The case as this user may open it, as it stands now: (request, number).
    find: Callable[[HttpRequest, str], C]
    show: Callable[..., HttpResponse]
    #: The service that writes: (case, *, user, details, seen, text_confirmed, what).
    change: Callable[..., C]
    #: The blocks of the case that may be edited as it is now.
    editable: Callable[[C], Collection[str]]
    #: What of the case is told when it has ended: «Hämtordern är mottagen …».
    called: str
    detail: str
    undo: str

    def asked(self, request: HttpRequest, case: C) -> str:
        """The block that is to be edited, if it can be."""
        name = request.GET.get("redigera", "")
        return name if name in self.editable(case) else ""

    def save(self, request: UserRequest, case: C, name: str) -> HttpResponse:
        """The block as it was sent: saved, or shown again with what is wrong."""
        title, make = self.blocks[name]
        # A form changes its instance: the page shows the case as it stands.
        form = make(request.POST, instance=self.find(request, case.case_number))
        if case.address_masked and not form.is_current:
            again = overtaken(request, case, form)
            return self.show(request, case, editing=name, form=again, status=409)
        if not form.is_valid():
            return self.show(request, case, editing=name, form=form, status=422)
        seen = form.take_seen()
        details = dict(form.cleaned_data)
        confirmed = bool(details.pop(CONFIRMED, False))
        try:
            saved = self.change(
                case,
                user=request.user,
                details=details,
                seen=seen,
                text_confirmed=confirmed,
                what=f"{title} ändrades",
            )
        except Overtaken:
            case = self.find(request, case.case_number)
            again = overtaken(request, case, form)
            name = name if name in self.editable(case) else ""
            return self.show(request, case, editing=name, form=again, status=409)
        except DomainError as fault:
            if (now := self.find(request, case.case_number)).has_ended:
                return self.too_late(request, now)
            form.add_error(fault.field if fault.field in form.fields else None, fault.message)
            return self.show(request, case, editing=name, form=form, status=422)
        messages.success(request, "Uppgifterna är sparade.")
        offer_contact_undo(request, case, saved, reverse(self.undo, args=[case.case_number]))
        if case.address_masked:  # more than the block is shown from now on
            return dialogs.leave(request, reverse(self.detail, args=[case.case_number]))
        return redirect(self.detail, case.case_number)

    def too_late(self, request: UserRequest, case: C) -> HttpResponse:
        """It has ended meanwhile; or of somebody who became protected the address must come first."""
        why = PROTECTED
        if case.has_ended:
            why = f"{self.called} är {case.status_words} och kan inte ändras."
        typed = unsaved(case, request.GET.get("redigera", ""), self.blocks, request, why)
        return self.show(request, case, unsaved=typed, status=409)


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
