"""What pages have in common that start from a recipient and the aids ticked there."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from organisation import access_log

from . import masking, ticked, why
from .models import Recipient


def find_recipient(request: HttpRequest, key: uuid.UUID) -> Recipient:
    """The recipient of an address, by the door that every page about somebody comes through: who has
    no case with the person says why first (``access_log.ReasonWanted``), whatever they ask for."""
    recipient = why.find(request, key)
    if recipient is None:
        raise Http404("recipient")
    access_log.ask_why(request, key)
    return recipient


def log_look(
    request: HttpRequest,
    recipient: Recipient,
    detail: str,
    *,
    action: access_log.Action = access_log.Action.VIEW,
    case_number: str = "",
) -> None:
    """That the answer shows or prints the recipient's data."""
    access_log.look(request, recipient.key, detail, action=action, case_number=case_number)


def ticked_address(request: HttpRequest) -> HttpResponse | None:
    """From the bar of ticked aids: on to the form's own address, which says what is chosen."""
    if request.method != "POST" or "token" in request.POST:
        return None
    chosen = sorted(ticked.loan_ids(request.POST.getlist(ticked.CHOSEN)))
    query = urlencode([(ticked.CHOSEN, pk) for pk in chosen])
    return redirect(f"{request.path}?{query}" if query else request.path)


def shown_recipient(recipient: Recipient) -> dict[str, object]:
    """The recipient as forms and papers show them."""
    return {"recipient": masking.shown(recipient)}
