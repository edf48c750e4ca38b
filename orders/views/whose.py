"""Whose order a page was made for.

A user has one order in progress, and another tab may have begun another since the page was drawn.
So whatever adds to the order in progress or changes it says which one it means (``Cart.token``;
a line of one says it by itself), and is stopped here, with both names, when that is no longer it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import reselect, reswap, retarget

from articles.models import Article
from organisation import access_log
from recipients import masking

from .. import cart as carts
from ..models import Cart

TILL = "till"  # in addresses: the token of the order that a link was drawn for


def add_url(number: str, cart: Cart) -> str:
    """«Beställ» of an article, to this order and no other."""
    return f"{reverse('orders:add', args=[number])}?{urlencode({TILL: str(cart.token)})}"


def piece_url(number: str, cart: Cart) -> str:
    """The line of a marked piece, in this order and no other."""
    return f"{reverse('orders:piece_line', args=[number])}?{urlencode({TILL: str(cart.token)})}"


def was(request: HttpRequest, token: str) -> Cart | None:
    """The user's order that a page was made for, in progress or not."""
    try:
        key = uuid.UUID(token)
    except ValueError:
        return None
    own = Cart.objects.filter(user=request.user.pk).select_related(
        "recipient", "destination", "unit", "order"
    )
    return own.filter(token=key).first()


def changed(
    request: HttpRequest,
    token: str,
    *,
    typed: Iterable[forms.BaseForm] = (),
    article: Article | None = None,
) -> HttpResponse | None:
    """The page that stops what was begun for another order than the one in progress; None where
    it is the one. It shows what was ``typed``, which has been saved nowhere."""
    present = carts.of_request(request)
    if present is not None and str(present.token) == token:
        return None
    return stopped(request, was(request, token), typed=typed, article=article)


def stopped(
    request: HttpRequest,
    before: Cart | None,
    *,
    typed: Iterable[forms.BaseForm] = (),
    article: Article | None = None,
) -> HttpResponse:
    """The page itself: ``before`` is the order that was meant."""
    present = carts.look_again(request)
    dialog = {
        "title": "Beställningen är en annan nu" if present else "Beställningen pågår inte längre",
        "cancel_url": reverse("orders:cart"),
    }
    context = {
        "before": before,
        "present": present,
        "typed": [fact for form in typed for fact in texts(form)],
        "article": article,
        "again_url": add_url(article.number, present) if article and present else "",
        "dialog": dialog,
    }
    response = render(request, "orders/changed.html", context, status=409)
    htmx = getattr(request, "htmx", None)
    if not htmx or htmx.target in {"dialog", "dialog-body"}:
        return response
    # A part was to be swapped: this stands in the place of the dialog it is in, or of the page.
    if htmx.target == "order-preview":
        return retarget(reselect(reswap(response, "outerHTML"), "#dialog-body"), "#dialog-body")
    return retarget(reselect(reswap(response, "innerHTML"), "unset"), "body")


def band(request: HttpRequest, cart: Cart, what: str) -> masking.ShownRecipient | dict[str, str]:
    """Whom a dialog is for, for its person band, with the order's own contact switch; a person's
    is a look, which is logged."""
    person = cart.recipient
    if person is None:
        return {"name": cart.whom}
    access_log.look(request, person.key, what)
    return replace(masking.shown(person), contact_prescriber=cart.contact_prescriber)


def texts(form: forms.BaseForm) -> list[dict[str, Any]]:
    """What was typed in the form's boxes, for the one who typed it to read."""
    boxes = (bound for bound in form if bound.field.__class__ in _TYPED)
    return [
        {"label": bound.label, "value": bound.value()}
        for bound in boxes
        if form.is_bound and bound.value() and not bound.is_hidden
    ]


_TYPED = {forms.CharField, forms.IntegerField, forms.EmailField}
