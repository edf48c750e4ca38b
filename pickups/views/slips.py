"""«Retursedel»: a receipt for what is about to come back, made before the return."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from organisation import access_log
from organisation.permissions import CARE, roles
from sesam import unsent
from sesam.documents import download

from .. import documents
from .. import rows as held
from ..forms import SlipForm
from .common import find_recipient, head, log, ticked

no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Comment and chosen aids; «Skapa pdf» gives «Kvittens på återlämnade hjälpmedel».

    What a pickup order is to fetch from the store was handed in too: it gets its receipt.
    """
    recipient = find_recipient(key)
    if answer := ticked(request):
        return answer
    error, status = "", 200
    if request.method == "POST":
        typed = {name: v if len(v) > 1 else v[0] for name, v in request.POST.lists()}
        rows = held.typed(held.of(recipient, any_aid=True), typed)
        form = SlipForm(request.POST)
        chosen = [row for row in rows if row.chosen]
        for row in chosen:
            if not 1 <= row.quantity <= row.loan.held:
                row.error = f"Ange ett antal från 1 till {row.loan.held}."
        error = held.gone(rows, typed) or ("" if chosen else "Välj minst ett hjälpmedel.")
        if form.is_valid() and not error and not any(row.error for row in rows):
            comment = form.cleaned_data["comment"]
            content = documents.receipt(request, recipient, chosen, comment=comment)
            log(request, recipient, documents.RECEIPT, action=access_log.Action.PRINT)
            return download("kvittens-aterlamnade-hjalpmedel.pdf", content)
        status = 422
    else:
        chosen_before = held.ids(request.GET.getlist(held.CHOSEN))
        rows = held.of(recipient, chosen_before, any_aid=True)
        if kept := unsent.typed(request):
            rows = held.typed(rows, kept)
        form = SlipForm()
    log(request, recipient, "Retursedel")
    context = {
        **head(recipient),
        "form": form,
        "rows": rows,
        "error": error,
        "leave_url": reverse("recipients:detail", args=[recipient.key]),
    }
    return render(request, "pickups/slip.html", context, status=status)
