"""«Beställning till»: an order is started."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from articles.stores_views import find_store
from individuals.models import Individual
from organisation import access_log
from organisation.behalf import BehalfForm
from organisation.models import Warehouse
from organisation.permissions import CARE, UserRequest, roles
from recipients.lending import Anonymised
from recipients.models import Recipient
from recipients.starting import find_recipient
from sesam import dialogs
from sesam.errors import DomainError

from .. import cart as carts
from .. import saved, waiting
from ..models import Cart
from . import drafts, whose
from .whose import TILL


@roles(*CARE)
def to_recipient(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """The dialog «Beställning till»; «Fortsätt» makes the order the one in progress. Whom one is
    ordering to already needs no asking: then it goes on.

    ``individ`` names a marked piece that is to be handed out: then its line is next.
    """
    recipient = find_recipient(request, key)
    piece = Individual.objects.filter(number=request.GET.get("individ", "")).first()
    present = carts.of_request(request)
    if present is not None and present.recipient_id == recipient.pk:
        if piece is None or carts.has_in_store(present, piece):
            return _go_on(request, present, piece)
    access_log.look(request, recipient.key, "Beställning till")
    form = BehalfForm(
        request.POST or None, user=request.user, store_id=piece.warehouse_id if piece else None
    )
    refusal = ""
    if recipient.is_anonymised:
        refusal = Anonymised().message
    elif recipient.deceased_on:
        refusal = "Mottagaren är avliden. Det går inte att beställa."
    elif recipient.store_id:
        refusal = "Vårdenheten står för ett förråd. Gör en lagerpåfyllnad i stället."
    error = refusal
    if request.method == "POST" and not refusal:
        started, error = _start(request, form, recipient=recipient)
        if started:
            return _go_on(request, started, piece)
        now = carts.look_again(request)
        if error and now is not None and now.recipient_id == recipient.pk:
            if piece is None or carts.has_in_store(now, piece):
                return _go_on(request, now, piece)  # sent twice
    cancel = reverse("recipients:detail", args=[recipient.key])
    if piece:
        cancel = reverse("individuals:detail", args=[piece.number])
    dialog = {"title": "Beställning till", "cancel_url": cancel, "error": error}
    return _behalf_page(request, form, dialog, refused=bool(refusal), recipient=recipient)


@roles(*CARE)
def to_store(request: UserRequest, number: str) -> HttpResponse:
    """«Lagerpåfyllnad»: the same dialog, with an own store as the destination."""
    store = find_store(request, number)
    present = carts.of_request(request)
    if present is not None and present.destination_id == store.pk:
        return _go_on(request, present)
    form = BehalfForm(request.POST or None, user=request.user, store_id=store.pk)
    dialog = {
        "title": "Lagerpåfyllnad till",
        "cancel_url": reverse("articles:store", args=[store.number]),
    }
    if request.method == "POST":
        started, dialog["error"] = _start(request, form, destination=store)
        if started:
            return _go_on(request, started)
        now = carts.look_again(request)
        if dialog["error"] and now is not None and now.destination_id == store.pk:
            return _go_on(request, now)  # sent twice
    return _behalf_page(request, form, dialog, refused=False, destination=store)


def _start(
    request: UserRequest,
    form: BehalfForm,
    *,
    recipient: Recipient | None = None,
    destination: Warehouse | None = None,
) -> tuple[Cart | None, str]:
    """The order if it is started now, and else what belongs to no field of the form."""
    if not form.is_valid():
        return None, ""
    try:
        cart = carts.start(
            request.user,
            recipient=recipient,
            destination=destination,
            unit=form.cleaned_data["unit"],
            prescriber=form.cleaned_data["prescriber"],
            replace=request.POST.get("action") == "replace",
            shown=request.POST.get(TILL, ""),
        )
    except DomainError as fault:
        if fault.field:
            form.add_error(fault.field, fault.message)
        return None, "" if fault.field else fault.message
    if cart.replaced is not None:
        drafts.offer_swap(request, gone=cart.replaced, now=cart)
    return cart, ""


def _go_on(request: HttpRequest, cart: Cart, piece: Individual | None = None) -> HttpResponse:
    """To the piece or the article that was waiting for somebody, or to the search."""
    if piece is not None:
        return dialogs.leave(request, whose.piece_url(piece.number, cart))
    if number := waiting.take(request):
        return dialogs.leave(request, whose.add_url(number, cart))
    return dialogs.leave(request, f"{reverse('articles:search')}?ny=1")


def _behalf_page(
    request: UserRequest, form: BehalfForm, dialog: dict[str, Any], *, refused: bool, **whom: Any
) -> HttpResponse:
    present = carts.look_again(request)
    if present and not refused:
        dialog["error"] = ""  # the page says it, with whom it is for
    dialog["finish"] = "" if present or refused else "Fortsätt"
    can_start = not present and not refused
    context = {
        "form": form,
        "present": present,
        "refused": refused,
        "dialog": dialog,
        "templates": saved.offered(request.user, **whom) if can_start else [],
        **whom,
    }
    return render(
        request, "orders/to.html", context, status=422 if request.method == "POST" else 200
    )
