"""«Byte av individnummer»."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from organisation.permissions import BUFFERT, KHS, UserRequest, roles
from sesam import dialogs
from sesam.errors import DomainError

from .. import search as finder
from .. import services
from ..forms import RenumberForm
from .pages import find


@roles(BUFFERT, KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def renumber(request: UserRequest, number: str) -> HttpResponse:
    """Confirm which piece it is, and give it another number."""
    piece = find(number)
    if piece is None:
        current = finder.exact(number)
        piece = find(current) if current else None
        if piece is None:
            raise Http404("individual")
        if request.method != "POST":
            return redirect("individuals:renumber", piece.number)
    form = RenumberForm(request.POST or None)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.renumber(
                piece, number=form.cleaned_data["number"], user=request.user, seen=number
            )
        except DomainError as fault:
            form.add_error(fault.field, fault.message)
        else:
            messages.success(request, f"Individ {number} heter nu {changed.number}.")
            return dialogs.leave(request, reverse("individuals:detail", args=[changed.number]))
    if form.is_bound:
        error = " ".join(map(str, form.non_field_errors()))
    context = {
        "form": form,
        "facts": [
            {"label": "Individnummer", "value": piece.number},
            {"label": "Artikel", "value": piece.article},
            {"label": "Serienummer", "value": piece.serial_number, "code": True},
            {"label": "Status", "value": piece.get_status_display()},
        ],
        "dialog": {
            "title": "Byte av individnummer",
            "cancel_url": reverse("individuals:detail", args=[piece.number]),
            "next": "Byt individnr",
            "error": error,
        },
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "individuals/renumber.html", context, status=status)
