"""Throwing the order in progress away, and taking it back: for a day, nobody is asked first."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from organisation.permissions import CARE, UserRequest, roles
from sesam import undo
from sesam.errors import DomainError

from .. import cart as carts
from ..models import Cart
from . import whose
from .whose import TILL


@roles(*CARE)
@require_POST
def throw_away(request: HttpRequest) -> HttpResponse:
    """«Kasta beställningen»: the one that the page showed, whatever another tab has done since."""
    token = request.POST.get(TILL, "")
    cart, present = whose.was(request, token), carts.of_request(request)
    if cart is None or (present is not None and present != cart):
        return whose.stopped(request, cart)
    try:
        carts.throw_away(cart)
    except carts.Closed:
        return whose.stopped(request, cart)
    url = reverse("orders:take_back", args=[cart.token])
    undo.offer(request, f"Beställningen till {cart.whom} är kastad.", url)
    return redirect("/")


@roles(*CARE)
@require_POST
def take_back(request: UserRequest, token: uuid.UUID) -> HttpResponse:
    """«Ångra»: the thrown away order is in progress again; with ``mot`` it swaps with that one."""
    try:
        instead_of = uuid.UUID(request.GET.get("mot", ""))
    except ValueError:
        instead_of = None
    try:
        cart, gone = carts.take_back(request.user, token, instead_of=instead_of)
    except DomainError as fault:
        messages.error(request, fault.message)
        return redirect("/")
    if gone is not None:
        offer_swap(request, gone=gone, now=cart)
    else:
        messages.success(request, f"Beställningen till {cart.whom} är tillbaka.")
    return redirect("orders:cart")


def offer_swap(request: HttpRequest, *, gone: Cart, now: Cart) -> None:
    """One order was thrown away for another: «Ångra» lets the two change places."""
    undo.offer(
        request,
        f"Beställningen till {gone.whom} är kastad. Du beställer nu till {now.whom}.",
        reverse("orders:take_back", args=[gone.token]),
        mot=now.token,
    )
