"""The dialog «Hämtorder»: reason and aids, then «Hämtorderinformation»."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from organisation.permissions import CARE, roles
from recipients import ticked
from recipients.models import Recipient
from recipients.starting import find_recipient, log_look, shown_recipient, ticked_address
from recipients.whereabouts import ADDRESS
from sesam import dialogs
from sesam.dialogs import Dialog, form_data
from sesam.errors import DomainError

from .. import aids, presets, services
from ..forms import DetailsForm, ReasonForm
from ..models import PickupOrder

KIND = "pickup"
AIDS, INFO = "hjalpmedel", "information"
LABELS = {AIDS: "Orsak och hjälpmedel", INFO: "Hämtorderinformation"}
TITLE = "Hämtorder"
no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Open the dialog, with the aids that were ticked on the recipient's page."""
    recipient = find_recipient(key)
    if answer := ticked_address(request):
        return answer
    chosen = sorted(ticked.loan_ids(request.GET.getlist(ticked.CHOSEN)))
    dialog = Dialog.start(
        request, KIND, about=recipient.key, chosen=chosen, token=str(uuid.uuid4())
    )
    return redirect("pickups:step", dialog.key, AIDS)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    if step not in LABELS:
        raise Http404("step")
    try:
        state = Dialog.find(request, KIND, key)
    except Http404:
        return _ended(request)
    if made := state.facts.get("made"):  # sent twice
        return _confirmation(request, made)
    recipient = find_recipient(state.about)
    if request.method != "POST":
        if step == INFO and state.typed(AIDS) is None:
            return redirect("pickups:step", key, AIDS)
        return _show(request, state, recipient, step)
    state.type(step)
    if request.POST.get("action") == "back":
        return dialogs.go(request, reverse("pickups:step", args=[key, AIDS]))
    return _aids(request, state, recipient) if step == AIDS else _send(request, state, recipient)


def _ended(request: HttpRequest) -> HttpResponse:
    """The dialog is too old, or about somebody who became protected while it was open."""
    messages.warning(request, "Dialogen är avslutad. Börja om från mottagarens sida.")
    return dialogs.leave(request, "/")


# --- what the steps say ---


def _reason_form(request: HttpRequest, state: Dialog, rows: list[aids.ReturnRow]) -> ReasonForm:
    form = ReasonForm(form_data(state.typed(AIDS)), user=request.user)
    if not form.is_bound:
        loans = [row.loan for row in rows if row.chosen]
        form.fields["reason"].initial = presets.reason_for(loans, form.fields["reason"].queryset)
    return form


def _rows(state: Dialog, recipient: Recipient) -> list[aids.ReturnRow]:
    typed = state.typed(AIDS)
    if typed is None:
        return aids.return_rows(recipient, set(state.facts["chosen"]))
    return aids.type_return(aids.return_rows(recipient), typed)


def _details_form(
    request: HttpRequest, state: Dialog, recipient: Recipient, reason: ReasonForm
) -> DetailsForm:
    """What was typed; a new reason brings its own address, unless the address was typed over."""
    typed = state.typed(INFO)
    chosen = reason.cleaned_data["reason"]
    fresh = presets.details(
        recipient, reason=chosen, unit=reason.cleaned_data["unit"], user=request.user
    )
    if typed is not None and state.facts.get("preset_for") != chosen.pk:
        typed = {**typed, **{name: fresh.get(name, "") for name in ADDRESS}}
        state.keep(INFO, typed)
    state.remember(preset_for=chosen.pk)
    return DetailsForm(form_data(typed), initial=fresh)


def _aids(request: HttpRequest, state: Dialog, recipient: Recipient) -> HttpResponse:
    """«Nästa»: a reason and at least one aid are chosen."""
    rows = _rows(state, recipient)
    form = _reason_form(request, state, rows)
    error = ticked.why_gone(rows, state.typed(AIDS) or {})
    valid = form.is_valid()
    if not error and not any(row.chosen for row in rows):
        error = "Välj minst ett hjälpmedel att hämta."
    enough = ticked.check_quantities(rows)
    if error or not valid or not enough:
        return _aids_page(request, state, recipient, rows, form, error=error, status=422)
    return dialogs.go(request, reverse("pickups:step", args=[state.key, INFO]))


def _send(request: HttpRequest, state: Dialog, recipient: Recipient) -> HttpResponse:
    """«Skapa hämtorder»."""
    rows = _rows(state, recipient)
    reason = _reason_form(request, state, rows)
    if not reason.is_valid():
        return dialogs.go(request, reverse("pickups:step", args=[state.key, AIDS]))
    if lost := ticked.why_gone(rows, state.typed(AIDS) or {}):
        # Unless it was the same dialog, sent twice at the same instant, that took them.
        if made := PickupOrder.objects.filter(token=state.facts["token"]).first():
            return _confirmation(request, made.case_number)
        return _aids_page(request, state, recipient, rows, reason, error=lost, status=409)
    form = _details_form(request, state, recipient, reason)
    if not form.is_valid():
        return _info_page(request, state, recipient, form, reason, status=422)
    try:
        pickup = services.order_pickup(
            recipient,
            [services.Wish(row.loan.pk, row.quantity) for row in rows if row.chosen],
            user=request.user,
            unit=reason.cleaned_data["unit"],
            prescriber=reason.cleaned_data["prescriber"],
            reason=reason.cleaned_data["reason"],
            details=form.cleaned_data,
            token=uuid.UUID(state.facts["token"]),
            text_confirmed=form.cleaned_data["text_confirmed"],
            seen=ticked.seen_loans(state.typed(AIDS) or {}),
        )
    except services.Protected:
        return _ended(request)
    except DomainError as fault:
        return _refused(request, state, recipient, fault, form, reason)
    state.finish(made=pickup.case_number)
    return _confirmation(request, pickup.case_number)


def _confirmation(request: HttpRequest, number: str) -> HttpResponse:
    return dialogs.leave(request, reverse("pickups:confirmation", args=[number]))


def _refused(
    request: HttpRequest,
    state: Dialog,
    recipient: Recipient,
    fault: DomainError,
    form: DetailsForm,
    reason: ReasonForm,
) -> HttpResponse:
    if fault.line is not None:
        rows = _rows(state, recipient)
        for row in rows:
            row.error = fault.message if row.loan.pk == fault.line else ""
        error = "" if any(row.error for row in rows) else fault.message
        return _aids_page(request, state, recipient, rows, reason, error=error, status=409)
    if fault.field in form.fields:
        form.add_error(fault.field, fault.message)
        return _info_page(
            request, state, recipient, form, reason, status=422,
            confirm=isinstance(fault, services.TextNeedsCheck),
        )  # fmt: skip
    return _info_page(request, state, recipient, form, reason, error=fault.message, status=422)


# --- the pages ---


def _show(request: HttpRequest, state: Dialog, recipient: Recipient, step: str) -> HttpResponse:
    rows = _rows(state, recipient)
    reason = _reason_form(request, state, rows)
    if step == AIDS:
        return _aids_page(request, state, recipient, rows, reason)
    if not reason.is_valid():
        return redirect("pickups:step", state.key, AIDS)
    form = _details_form(request, state, recipient, reason)
    return _info_page(request, state, recipient, form, reason)


def _dialog(state: Dialog, recipient: Recipient, step: str, **more: Any) -> dict[str, Any]:
    names = list(LABELS)
    at = names.index(step)
    steps = [
        {
            "label": LABELS[name],
            "state": "done" if i < at else "current" if i == at else "todo",
            "url": reverse("pickups:step", args=[state.key, name]),
        }
        for i, name in enumerate(names)
    ]
    return {
        "title": TITLE,
        "url": reverse("pickups:step", args=[state.key, step]),
        "steps": steps,
        "cancel_url": reverse("recipients:detail", args=[recipient.key]),
        **more,
    }


def _aids_page(
    request: HttpRequest,
    state: Dialog,
    recipient: Recipient,
    rows: list[aids.ReturnRow],
    form: forms.Form,
    *,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    log_look(request, recipient, TITLE)
    context = {
        **shown_recipient(recipient),
        "dialog": _dialog(state, recipient, AIDS, next="Nästa", error=error),
        "form": form,
        "rows": rows,
        "warn": any(not row.is_a for row in rows if row.chosen),
    }
    return dialogs.show(request, "pickups/order_aids.html", context, status=status)


def _info_page(
    request: HttpRequest,
    state: Dialog,
    recipient: Recipient,
    form: DetailsForm,
    reason: ReasonForm,
    *,
    error: str = "",
    status: int = 200,
    confirm: bool = False,
) -> HttpResponse:
    log_look(request, recipient, TITLE)
    context = {
        **shown_recipient(recipient),
        "dialog": _dialog(state, recipient, INFO, next="Skapa hämtorder", back=True, error=error),
        "form": form,
        "reason": reason.cleaned_data["reason"],
        "confirm": confirm or bool(form["text_confirmed"].value()),
    }
    return dialogs.show(request, "pickups/order_info.html", context, status=status)
