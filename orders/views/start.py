"""«Beställning till», and leaving an order in progress."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from articles.stores_views import find_store
from individuals.models import Individual
from organisation import access_log
from organisation.models import Warehouse
from organisation.permissions import CARE, roles
from recipients.models import Recipient
from sesam import dialogs
from sesam.errors import DomainError

from .. import cart as carts
from .. import waiting
from ..forms import ToForm


@roles(*CARE)
def to_recipient(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The dialog «Beställning till»; «Fortsätt» makes the order the one in progress.

    ``individ`` names a marked piece that is to be handed out: then its line is next.
    """
    recipient = get_object_or_404(Recipient.objects.select_related("payer"), key=key)
    access_log.record(request, access_log.Action.VIEW, recipient.key, detail="Beställning till")
    piece = Individual.objects.filter(number=request.GET.get("individ", "")).first()
    form = ToForm(request.POST or None, user=request.user, store_id=piece and piece.warehouse_id)
    refusal = ""
    if recipient.deceased_on:
        refusal = "Mottagaren är avliden. Det går inte att beställa."
    elif recipient.store_id:
        refusal = "Vårdenheten står för ett förråd. Gör en lagerpåfyllnad i stället."
    error = refusal
    if request.method == "POST" and not refusal:
        started, error = _start(request, form, recipient=recipient)
        if started and piece:
            return dialogs.leave(request, reverse("orders:piece_line", args=[piece.number]))
        if started:
            return _go_on(request)
    cancel = reverse("recipients:detail", args=[recipient.key])
    if piece:
        cancel = reverse("individuals:detail", args=[piece.number])
    dialog = {"title": "Beställning till", "cancel_url": cancel, "error": error}
    return _page(request, form, dialog, refused=bool(refusal), recipient=recipient)


@roles(*CARE)
def to_store(request: HttpRequest, number: str) -> HttpResponse:
    """«Lagerpåfyllnad»: the same dialog, with an own store as the destination."""
    store = find_store(request, number)
    form = ToForm(request.POST or None, user=request.user, store_id=store.pk)
    dialog = {
        "title": "Lagerpåfyllnad till",
        "cancel_url": reverse("articles:store", args=[store.number]),
    }
    if request.method == "POST":
        started, dialog["error"] = _start(request, form, destination=store)
        if started:
            return _go_on(request)
    return _page(request, form, dialog, refused=False, store=store)


def _start(
    request: HttpRequest,
    form: ToForm,
    *,
    recipient: Recipient | None = None,
    destination: Warehouse | None = None,
) -> tuple[bool, str]:
    """Whether the order is started now, and else what belongs to no field of the form."""
    if not form.is_valid():
        return False, ""
    try:
        carts.start(
            request.user,
            recipient=recipient,
            destination=destination,
            unit=form.cleaned_data["unit"],
            prescriber=form.cleaned_data["prescriber"],
            replace=request.POST.get("action") == "replace",
        )
    except DomainError as fault:
        if fault.field:
            form.add_error(fault.field, fault.message)
        return False, "" if fault.field else fault.message
    return True, ""


def _go_on(request: HttpRequest) -> HttpResponse:
    """To the article that was waiting for somebody, or to the search."""
    if number := waiting.take(request):
        return dialogs.leave(request, reverse("orders:add", args=[number]))
    return dialogs.leave(request, f"{reverse('articles:search')}?ny=1")


def _page(
    request: HttpRequest, form: ToForm, dialog: dict, *, refused: bool, **whom: object
) -> HttpResponse:
    present = carts.of_request(request)
    dialog["finish"] = "" if present or refused else "Fortsätt"
    context = {"form": form, "present": present, "dialog": dialog, **whom}
    return render(
        request, "orders/to.html", context, status=422 if request.method == "POST" else 200
    )


@roles(*CARE)
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Give up the order in progress."""
    cart = carts.of_request(request)
    if cart:
        try:
            carts.leave(cart)
        except carts.Closed as fault:
            messages.warning(request, fault.message)
        else:
            messages.success(request, "Den pågående beställningen är lämnad.")
    return redirect("/")
