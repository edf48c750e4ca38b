"""The pickup order's paper."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from organisation import access_log
from organisation.permissions import CARE, roles
from recipients.case_views import log_case
from sesam.documents import download
from sesam.limits import gives_file

from .. import documents
from .cases import find_pickup


@roles(*CARE)
@require_GET
@gives_file
def pickup(request: HttpRequest, number: str) -> HttpResponse:
    """«Skapa pdf»."""
    found = find_pickup(request, number)
    content = documents.pickup_order(request, found)
    log_case(request, found, found.reason.document_name, action=access_log.Action.PRINT)
    return download(documents.pickup_file(found), content)
