"""The deviation's two papers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from organisation import access_log
from organisation.permissions import CARE, roles
from recipients.case_views import log_case
from sesam.documents import download
from sesam.limits import gives_file

from .. import documents
from .cases import find_deviation


@roles(*CARE)
@require_GET
@gives_file
def full(request: HttpRequest, number: str) -> HttpResponse:
    """«Skapa pdf»: the report with all that it says."""
    found = find_deviation(request, number)
    content = documents.report(request, found)
    log_case(request, found, documents.TITLE, action=access_log.Action.PRINT)
    return download(documents.file_name(found), content)


@roles(*CARE)
@require_GET
@gives_file
def supplier(request: HttpRequest, number: str) -> HttpResponse:
    """«Pdf utan personuppgifter»: for the supplier."""
    found = find_deviation(request, number)
    content = documents.for_supplier(request, found)
    log_case(request, found, documents.FOR_SUPPLIER, action=access_log.Action.PRINT)
    return download(documents.file_name(found, "-leverantor"), content)
