"""A marked piece: who has it, and «Leverera individen» from an own store."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from individuals.models import Individual
from organisation.permissions import CARE, roles
from sesam import dialogs

from .. import holder as holders
from ..piece_forms import ReasonForm

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
def holder(request: HttpRequest, number: str) -> HttpResponse:
    """«Visa mottagare»: asks for the reason, logs it, and shows the piece's page again."""
    piece = _find(number)
    here = _page_of(piece, "status")
    holding = holders.of(piece)
    error, status = "", 200
    form = ReasonForm(request.POST or None)
    if holding is None:
        error, status = "Individen är inte hos någon mottagare längre.", 409
    elif holding.recipient.is_protected:
        error, status = "Mottagaren har skyddad identitet och visas inte.", 403
        if request.method == "POST":
            holders.refuse(request, piece, holding)
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            holders.show(request, piece, holding, reason=form.cleaned_data["reason"])
            return dialogs.leave(request, here)
    context = {
        "form": form,
        "piece": piece,
        "dialog": {
            "title": "Visa mottagare",
            "cancel_url": here,
            "next": "" if error else "Visa mottagare",
            "error": error,
        },
    }
    # A dialog that only says no is still a page to be shown.
    return render(request, "orders/holder.html", context, status=status)
