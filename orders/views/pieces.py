"""A marked piece: who has it, and «Leverera individen» from an own store."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from individuals import services as individuals
from individuals.models import Individual
from organisation import stores
from organisation.models import Source
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles, signed_in
from recipients import services as recipients
from recipients import why
from recipients.views import status_of
from sesam import dialogs
from sesam.errors import DomainError

from .. import cart as carts
from .. import holder as holders
from ..models import Cart
from ..piece_forms import PieceRecipientForm
from . import whose
from .line_dialog import QUANTITY, LineDialog
from .whose import TILL

no_store = cache_control(no_store=True, private=True)


def _find(number: str) -> Individual:
    pieces = Individual.objects.select_related("article__supplier", "warehouse")
    piece = pieces.filter(number=number.replace("\0", "")).first()
    if piece is None:
        raise Http404("individual")
    return piece


def _page_of(piece: Individual, tab: str = "") -> str:
    url = reverse("individuals:detail", args=[piece.number])
    return f"{url}?flik={tab}" if tab else url


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def holder(request: UserRequest, number: str) -> HttpResponse:
    """«Visa mottagare»: asks «Varför?» without the name, and shows the piece's page again."""
    piece = _find(number)
    here = _page_of(piece, "status")
    holding = holders.of(piece)
    error, status = "", 200
    form = why.ReasonForm(request.user, request.POST if request.method == "POST" else None)
    if holding is None:
        error, status = "Individen är inte hos någon mottagare längre.", 409
    elif holding.recipient.is_protected:
        error, status = "Mottagaren har skyddad identitet och visas inte.", 403
        if request.method == "POST":
            holders.refuse(request, piece, holding)
    elif holders.may_see(request, holding):
        return dialogs.leave(request, here)
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            why.say(request.user, holding.recipient.key, form, case_number=holding.case_number)
            return dialogs.leave(request, here)
    context = {
        "form": form,
        "piece": piece,
        "at_khs": has_role(request.user, KHS),
        "dialog": {
            "title": "Varför?",
            "cancel_url": here,
            "next": "" if error else "Visa mottagare",
            "error": error,
        },
    }
    # A dialog that only says no is still a page to be shown.
    return render(request, "orders/holder.html", context, status=status)


# --- «Leverera individen» ----------------------------------------------------------------


def why_not_deliver(request: HttpRequest, piece: Individual) -> str:
    """Why it can't be handed out now from one of the user's own stores; empty if it can."""
    name = f"Individ {piece.number}"
    if piece.status == Individual.Status.WITH_RECIPIENT:
        return f"{name} är redan utlämnad."
    if piece.warehouse_id is None:
        return f"{name} kan inte levereras: {piece.get_status_display().lower()}."
    if not stores.own_stores(signed_in(request)).filter(pk=piece.warehouse_id).exists():
        return f"{name} står i {piece.warehouse}, som inte är ett av dina förråd."
    if piece.article.own_order_only:
        return "Sängar levereras inte härifrån: de beställs från KHS."
    if piece.article.is_discontinued:
        return "Artikeln har utgått och kan inte beställas."
    if piece.status == Individual.Status.RESERVED:
        return f"{name} är reserverad till en beställning."
    there = individuals.on_shelf(piece.warehouse_id, piece.article_id)
    return "" if there.filter(pk=piece.pk).exists() else f"{name} är spärrad."


def _present(request: HttpRequest, piece: Individual) -> Cart | None:
    """The order in progress, if the piece can be put into it."""
    cart = carts.of_request(request)
    if cart is None or cart.recipient is None:
        return None
    return cart if carts.has_in_store(cart, piece) else None


@roles(*CARE)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: UserRequest, number: str) -> HttpResponse:
    """To whom: the recipient of the order in progress, or one whose number is sent by POST.

    Goes on as every order does: «Beställning till» (unless it is in progress), then the line's
    dialog with the piece filled in.
    """
    piece = _find(number)
    why_not = why_not_deliver(request, piece)
    form = PieceRecipientForm(request.POST or None, cart=_present(request, piece))
    error, status = why_not, 409 if why_not else 200
    if not why_not and request.method == "POST":
        status = 422
        if form.is_valid():
            if form.to_present and form.cart is not None:
                token = request.POST.get(TILL, "")
                if stop := whose.changed(request, token, typed=[form], article=piece.article):
                    return stop
                return dialogs.go(request, whose.piece_url(piece.number, form.cart))
            try:
                found = recipients.find(request.user, form.cleaned_data["nummer"])
            except DomainError as fault:
                form.add_error("nummer", fault.message)
                status = status_of(fault)
            else:
                to = reverse("orders:to", args=[found.recipient.key])
                return dialogs.go(request, f"{to}?{urlencode({'individ': piece.number})}")
    context = {
        "form": form,
        "present": form.cart,
        "facts": [
            {"label": "Individ", "value": piece.number},
            {"label": "Artikel", "value": piece.article},
            {"label": "Serienummer", "value": piece.serial_number, "code": True},
            {"label": "Lager", "value": piece.warehouse},
        ],
        "dialog": {
            "title": "Leverera individen",
            "cancel_url": _page_of(piece),
            "next": "" if why_not else "Välj",
            "error": error,
        },
    }
    return render(request, "orders/deliver_piece.html", context, status=status)


@roles(*CARE)
@require_safe
def line(request: HttpRequest, number: str) -> HttpResponse:
    """«Beställd artikel» for the order in progress, with the piece filled in."""
    piece = _find(number)
    cart = carts.of_request(request)
    if cart is None or piece.warehouse is None:
        return dialogs.leave(request, reverse("orders:deliver_piece", args=[piece.number]))
    token = request.GET.get(TILL, str(cart.token))
    if stop := whose.changed(request, token, article=piece.article):
        return stop
    dialog = LineDialog.begin(request, cart, piece.article, piece=piece.number)
    dialog.state.keep(QUANTITY, {
        "quantity": "1",
        "source": Source.OWN_STORE.value,
        "warehouse": piece.warehouse.number,
        "individual": piece.number,
    })  # fmt: skip
    return dialogs.go(request, dialog.url(QUANTITY))
