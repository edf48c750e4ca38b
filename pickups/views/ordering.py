"""The dialog «Hämtorder»: reason and aids, then «Hämtorderinformation»."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from organisation.permissions import CARE, roles, signed_in
from recipients import masking, ticked
from recipients.models import Recipient
from recipients.starting import find_recipient, log_look, shown_recipient, ticked_address
from recipients.whereabouts import ADDRESS
from sesam import dialogs
from sesam.dialogs import Dialog, form_data
from sesam.errors import DomainError
from sesam.steps import Step, StepDialog

from .. import presets, services
from ..forms import AidsForm, DetailsForm

AIDS, INFO = "hjalpmedel", "information"
no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Open the dialog, with the aids that were ticked on the recipient's page."""
    if answer := ticked_address(request):
        return answer
    recipient = find_recipient(request, key)
    chosen = sorted(ticked.loan_ids(request.GET.getlist(ticked.CHOSEN)))
    state = Dialog.start(
        request, PickupDialog.kind, about=recipient.key, chosen=chosen, token=str(uuid.uuid4())
    )
    return redirect("pickups:step", state.key, AIDS)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return PickupDialog.respond(request, key, step)


class PickupDialog(StepDialog):
    """A pickup order to be, of one recipient's aids."""

    kind = "pickup"
    title = "Hämtorder"
    url_name = "pickups:step"
    all_steps = (
        Step(AIDS, "Orsak och hjälpmedel", "pickups/order_aids.html"),
        Step(INFO, "Hämtorderinformation", "pickups/order_info.html"),
    )
    finish_label = "Skapa hämtorder"

    def __init__(self, state: Dialog, recipient: Recipient) -> None:
        super().__init__(state)
        self.recipient = recipient
        self._needs_check = False

    @classmethod
    def open(cls, state: Dialog) -> PickupDialog | None:
        return cls(state, find_recipient(state.request, state.about)) if state.about else None

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        """It is too old, or about somebody who became protected while it was open."""
        messages.warning(request, "Dialogen är avslutad. Börja om från mottagarens sida.")
        return dialogs.leave(request, "/")

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("pickups:confirmation", args=[made]))

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        if step == AIDS:
            return self._aids_form(data)
        return DetailsForm(data, initial=self._presets(self.answer(AIDS)))

    def _aids_form(self, data: MultiValueDict[str, Any] | None) -> AidsForm:
        chosen = set(self.state.facts["chosen"])
        user = signed_in(self.request)
        return AidsForm(data, user=user, recipient=self.recipient, chosen=chosen)

    def _presets(self, said: dict[str, Any] | None) -> dict[str, Any]:
        """What «Hämtorderinformation» starts with, by the reason and the unit of the first step."""
        if said is None:
            return {}
        return presets.details(
            self.recipient,
            reason=said["reason"],
            unit=said["unit"],
            user=signed_in(self.request),
        )

    def retyped(self, step: str, before: dict[str, Any] | None) -> None:
        """Another reason has another address: it takes the place of the one that stands there."""
        typed = self.state.typed(INFO)
        if step != AIDS or typed is None or before is None:
            return
        old = self._presets(_said_of(self._aids_form(form_data(before))))
        new = self._presets(_said_of(self.form(AIDS)))
        if new and any(old.get(name) != new.get(name) for name in ADDRESS):
            self.state.keep(INFO, {**typed, **{name: new.get(name, "") for name in ADDRESS}})

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        why, details = said[AIDS], said[INFO]
        aids = cast(AidsForm, self.form(AIDS))
        try:
            pickup = services.order_pickup(
                self.recipient,
                [services.Wish(row.loan.pk, row.quantity) for row in aids.chosen_rows],
                user=signed_in(self.request),
                unit=why["unit"],
                prescriber=why["prescriber"],
                reason=why["reason"],
                details=details,
                token=uuid.UUID(self.state.facts["token"]),
                text_confirmed=details["text_confirmed"],
                seen=ticked.seen_loans(self.state.typed(AIDS) or {}),
            )
        except services.Protected:
            return "", self.ended(self.request)
        return pickup.case_number, self.shown_again(self.request, pickup.case_number)

    def blame(self, fault: DomainError) -> str:
        self._needs_check = isinstance(fault, services.TextNeedsCheck)
        return AIDS if fault.line is not None else super().blame(fault)

    def refuse(self, form: forms.BaseForm, fault: DomainError) -> None:
        if fault.line is not None and isinstance(form, AidsForm):
            form.blame_row(fault.line, fault.message)
        else:
            super().refuse(form, fault)

    def hush(self, form: forms.BaseForm) -> None:
        super().hush(form)
        for row in getattr(form, "rows", ()):
            row.error = ""

    # --- the pages ---

    def error(self, form: forms.BaseForm) -> str:
        # What somebody else took is told whenever it is seen.
        return super().error(form) or getattr(form, "gone", "")

    def frame(self, step: str) -> dict[str, Any]:
        log_look(self.request, self.recipient, self.title)
        return {
            "cancel_url": reverse("recipients:detail", args=[self.recipient.key]),
            "whom": masking.shown(self.recipient),
            "whom_word": "Från",
        }

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        shown = shown_recipient(self.recipient)
        if isinstance(form, AidsForm):
            warn = any(not row.is_a for row in form.chosen_rows)
            return {**shown, "rows": form.rows, "warn": warn}
        said = self.answer(AIDS) or {}
        confirm = self._needs_check or bool(form["text_confirmed"].value())
        return {**shown, "reason": said.get("reason"), "confirm": confirm}


def _said_of(form: forms.BaseForm) -> dict[str, Any] | None:
    """The reason and the unit that were chosen, whatever may be wrong with the aids."""
    form.is_valid()
    said: dict[str, Any] = form.cleaned_data
    return said if {"reason", "unit"} <= said.keys() else None
