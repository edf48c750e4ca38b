"""What the pages about ticked aids have in common."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from organisation import access_log
from recipients import masking
from recipients import services as recipients
from recipients.models import Recipient

from .. import rows as held


def find_recipient(key: uuid.UUID) -> Recipient:
    """The recipient of an address."""
    recipient = recipients.get(key)
    if recipient is None:
        raise Http404("recipient")
    return recipient


def log(
    request: HttpRequest,
    recipient: Recipient,
    detail: str,
    *,
    action: access_log.Action = access_log.Action.VIEW,
    case_number: str = "",
) -> None:
    """That the answer shows or prints the recipient's data."""
    access_log.look(request, recipient.key, detail, action=action, case_number=case_number)


def ticked(request: HttpRequest) -> HttpResponse | None:
    """From the bar of ticked aids: on to the form's own address, which says what is chosen."""
    if request.method != "POST" or "token" in request.POST:
        return None
    chosen = sorted(held.ids(request.POST.getlist(held.CHOSEN)))
    query = urlencode([(held.CHOSEN, pk) for pk in chosen])
    return redirect(f"{request.path}?{query}" if query else request.path)


def head(recipient: Recipient) -> dict[str, object]:
    """The recipient as forms and papers show them."""
    return {"recipient": masking.shown(recipient)}
