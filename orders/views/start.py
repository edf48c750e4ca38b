"""«Beställning till», and leaving an order in progress."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from individuals.models import Individual
from organisation import access_log
from organisation.permissions import CARE, roles
from recipients.models import Recipient
from sesam import dialogs
from sesam.errors import DomainError

from .. import cart as carts
from ..forms import ToForm

WAITING = "waiting_article"  # in the session: the article that «Beställ» was pressed on first


@roles(*CARE)
def to_recipient(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The dialog «Beställning till»; «Fortsätt» makes the order the one in progress.

    ``individ`` names a marked piece that is to be handed out: then its line is next.
    """
    recipient = get_object_or_404(Recipient.objects.select_related("payer"), key=key)
    access_log.record(request, access_log.Action.VIEW, recipient.key, detail="Beställning till")
    present = carts.of_request(request)
    piece = Individual.objects.filter(number=request.GET.get("individ", "")).first()
    form = ToForm(request.POST or None, user=request.user, store_id=piece and piece.warehouse_id)
    error = ""
    if recipient.deceased_on:
        error = "Mottagaren är avliden. Det går inte att beställa."
    elif recipient.store_id:
        error = "Vårdenheten står för ett förråd. Gör en lagerpåfyllnad i stället."
    if request.method == "POST" and not error and form.is_valid():
        try:
            carts.start(
                request.user,
                recipient=recipient,
                unit=form.cleaned_data["unit"],
                prescriber=form.cleaned_data["prescriber"],
                replace=request.POST.get("action") == "replace",
            )
        except DomainError as fault:
            error = fault.message
            if fault.field:
                form.add_error(fault.field, fault.message)
                error = ""
        else:
            if piece:
                return dialogs.leave(request, reverse("orders:piece_line", args=[piece.number]))
            waiting = request.session.pop(WAITING, "")
            if waiting:
                return dialogs.leave(request, reverse("orders:add", args=[waiting]))
            return dialogs.leave(request, f"{reverse('articles:search')}?ny=1")
    cancel = reverse("recipients:detail", args=[recipient.key])
    if piece:
        cancel = reverse("individuals:detail", args=[piece.number])
    return render(
        request,
        "orders/to.html",
        {
            "form": form,
            "recipient": recipient,
            "present": present,
            "dialog": {
                "title": "Beställning till",
                "cancel_url": cancel,
                "finish": ""
                if present or recipient.deceased_on or recipient.store_id
                else "Fortsätt",
                "error": error,
            },
        },
        status=422 if request.method == "POST" else 200,
    )


@roles(*CARE)
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Give up the order in progress."""
    cart = carts.of_request(request)
    if cart:
        carts.leave(cart)
        messages.success(request, "Den pågående beställningen är lämnad.")
    return redirect("/")
