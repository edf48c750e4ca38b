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
from recipients import ticked
from recipients.starting import find_recipient, log_look, shown_recipient, ticked_address
from sesam import unsent
from sesam.dialogs import posted
from sesam.documents import download
from sesam.limits import gives_file_by_post

from .. import aids, documents
from ..forms import SlipForm

no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
@gives_file_by_post
def slip(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Comment and chosen aids; «Skapa pdf» gives «Kvittens på återlämnade hjälpmedel».

    What a pickup order is to fetch from the store was handed in too: it gets its receipt.
    """
    if answer := ticked_address(request):
        return answer
    recipient = find_recipient(request, key)
    error, status = "", 200
    if request.method == "POST":
        typed = posted(request)
        rows = aids.type_return(aids.return_rows(recipient, any_aid=True), typed)
        form = SlipForm(request.POST)
        chosen = [row for row in rows if row.chosen]
        enough = ticked.check_quantities(rows)
        error = ticked.why_gone(rows, typed) or ("" if chosen else "Välj minst ett hjälpmedel.")
        if form.is_valid() and not error and enough:
            comment = form.cleaned_data["comment"]
            content = documents.receipt(request, recipient, chosen, comment=comment)
            log_look(request, recipient, documents.RECEIPT, action=access_log.Action.PRINT)
            return download("kvittens-aterlamnade-hjalpmedel.pdf", content)
        status = 422
    else:
        chosen_before = ticked.loan_ids(request.GET.getlist(ticked.CHOSEN))
        rows = aids.return_rows(recipient, chosen_before, any_aid=True)
        if kept := unsent.typed(request):
            rows = aids.type_return(rows, kept)
        form = SlipForm()
    log_look(request, recipient, "Retursedel")
    context = {
        **shown_recipient(recipient),
        "form": form,
        "rows": rows,
        "error": error,
        "leave_url": reverse("recipients:detail", args=[recipient.key]),
    }
    return render(request, "pickups/slip.html", context, status=status)
