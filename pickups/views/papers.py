"""The pickup order's paper."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from organisation import access_log
from organisation.permissions import CARE, roles
from recipients.starting import log_look
from sesam.documents import download

from .. import documents
from .cases import find


@roles(*CARE)
@require_GET
def pickup(request: HttpRequest, number: str) -> HttpResponse:
    """«Skapa pdf»."""
    found = find(request, number)
    content = documents.pickup_order(request, found)
    log_look(
        request,
        found.recipient,
        found.reason.document_name,
        action=access_log.Action.PRINT,
        case_number=found.case_number,
    )
    return download(documents.pickup_file(found), content)
