"""«Beställ igen», and an order from a template: lines once more, each held against today's catalogue."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from organisation.behalf import BehalfForm
from organisation.models import Unit, Warehouse
from organisation.permissions import CARE, UserRequest, roles
from recipients.case_views import band_of, log_case
from recipients.models import Recipient
from sesam import dialogs
from sesam.errors import DomainError

from .. import again
from .. import cart as carts
from ..models import Cart
from . import drafts, whose
from .cases import find_order
from .whose import TILL

LINES, KEY = "rad", "nyckel"


class LinesForm(BehalfForm):
    """On whose behalf, and which of the lines."""

    rad = forms.MultipleChoiceField(
        error_messages={
            "required": "Välj minst en rad.",
            "invalid_choice": "En av raderna kan inte beställas längre. Kontrollera dem.",
        },
    )

    def __init__(self, *args: Any, places: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[LINES] = forms.MultipleChoiceField(
            choices=[(str(place), str(place)) for place in places],
            error_messages=self.fields[LINES].error_messages,
        )


@dataclass(frozen=True)
class Bundle:
    """What is to be ordered once more, and to whom. ``unit`` is the one it is ordered from unless
    the user chooses another."""

    title: str
    whom: Any
    cancel_url: str
    lines: Callable[[], list[again.Once]]
    recipient: Recipient | None
    destination: Warehouse | None
    unit: Unit | None


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def order_again(request: UserRequest, number: str) -> HttpResponse:
    """«Beställ igen» of an order."""
    order = find_order(request, number)
    log_case(request, order, "Beställ igen")
    bundle = Bundle(
        title="Beställ igen",
        whom=band_of(order) or {"name": str(order.destination)},
        cancel_url=reverse("orders:detail", args=[order.case_number]),
        lines=lambda: again.lines_of(order),
        recipient=order.recipient,
        destination=order.destination,
        unit=order.unit,
    )
    return order_bundle(request, bundle)


def order_bundle(request: UserRequest, bundle: Bundle) -> HttpResponse:
    """The dialog; «Fortsätt» puts what is chosen in the order in progress, or begins one."""
    present = carts.of_request(request)
    adds_to = present if present is not None and _is_to_the_same(present, bundle) else None
    key = request.POST.get(KEY, "")
    if adds_to is not None and _is_there(adds_to, key):
        return _go_on(request)  # sent twice
    lines = _checked(request, bundle, adds_to)
    form = LinesForm(
        request.POST or None,
        user=request.user,
        store_id=bundle.destination.pk if bundle.destination else None,
        places=[place for place, line in enumerate(lines) if line.wish],
    )
    if adds_to is not None:
        for name in ("unit", "prescriber"):
            del form.fields[name]
    error, faults = _why_not(bundle), {}
    if request.method == "POST" and not error:
        if adds_to is not None and (stop := whose.changed(request, request.POST.get(TILL, ""))):
            return stop
        if form.is_valid():
            try:
                cart = again.order(
                    lambda: adds_to or _start(request, form, bundle),
                    [
                        (int(x), wish)
                        for x in form.cleaned_data[LINES]
                        if (wish := lines[int(x)].wish)
                    ],
                    key=key if re.fullmatch("[0-9a-f]{12}", key) else uuid.uuid4().hex[:12],
                )
            except DomainError as fault:
                now = carts.look_again(request)
                if now is not None and _is_there(now, key):
                    return _go_on(request)
                if fault.line is not None:
                    faults[fault.line] = fault.message
                elif fault.field and fault.field in form.fields:
                    form.add_error(fault.field, fault.message)
                else:
                    error = fault.message
            else:
                if cart.replaced is not None:
                    drafts.offer_swap(request, gone=cart.replaced, now=cart)
                return _go_on(request)
    return _again_page(request, bundle, form, lines, error=error, faults=faults)


def _is_to_the_same(cart: Cart, bundle: Bundle) -> bool:
    return (cart.recipient, cart.destination) == (bundle.recipient, bundle.destination)


def _is_there(cart: Cart, key: str) -> bool:
    return bool(re.fullmatch("[0-9a-f]{12}", key)) and (
        cart.lines.filter(dialog_key__startswith=key).exists()
    )


def _why_not(bundle: Bundle) -> str:
    person = bundle.recipient
    if person is not None and person.deceased_on:
        return "Mottagaren är avliden. Det går inte att beställa."
    if person is not None and person.store_id:
        return "Vårdenheten står för ett förråd. Gör en lagerpåfyllnad i stället."
    return ""


def _checked(request: UserRequest, bundle: Bundle, adds_to: Cart | None) -> list[again.Again]:
    """The lines, for the unit that is chosen: whose stores there are depends on it. None for who
    has no unit to order from."""
    store = bundle.destination
    form = BehalfForm(request.POST or None, user=request.user, store_id=store.pk if store else None)
    chosen: Unit | None = form.fields["unit"].initial
    unit = adds_to.unit if adds_to else chosen or bundle.unit
    if unit is None:
        return []
    return again.check(
        bundle.lines(), unit=unit, recipient=bundle.recipient, destination=bundle.destination
    )


def _start(request: UserRequest, form: LinesForm, bundle: Bundle) -> Cart:
    return carts.start(
        request.user,
        recipient=bundle.recipient,
        destination=bundle.destination,
        unit=form.cleaned_data["unit"],
        prescriber=form.cleaned_data["prescriber"],
        replace=request.POST.get("action") == "replace",
        shown=request.POST.get(TILL, ""),
    )


def _go_on(request: HttpRequest) -> HttpResponse:
    return dialogs.leave(request, reverse("orders:checkout"))


def _again_page(
    request: UserRequest,
    bundle: Bundle,
    form: LinesForm,
    lines: list[again.Again],
    *,
    error: str,
    faults: dict[int, str],
) -> HttpResponse:
    present = carts.look_again(request)
    adds = present is not None and _is_to_the_same(present, bundle)
    ticked = request.POST.getlist(LINES)
    refused = bool(_why_not(bundle))
    if present and not adds and not refused:
        error = ""  # the page says it, with whom it is for
    dialog = {
        "title": bundle.title,
        "whom": bundle.whom,
        "cancel_url": bundle.cancel_url,
        "error": error,
        "finish": "" if refused or (present and not adds) else "Fortsätt",
    }
    context = {
        "dialog": dialog,
        "form": form,
        "present": present,
        "adds": adds,
        "refused": refused,
        "key": request.POST.get(KEY) or uuid.uuid4().hex[:12],
        "rows": [
            {
                "place": place,
                "line": line,
                "fault": faults.get(place, ""),
                "ticked": str(place) in ticked if request.method == "POST" else line.preset,
            }
            for place, line in enumerate(lines)
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "orders/again.html", context, status=status)
