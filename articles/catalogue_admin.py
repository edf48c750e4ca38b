"""KHS's pages for the catalogue as Excel: fetch it, send it in, see what it would do, import."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from organisation.permissions import UserRequest
from sesam import awaited, printouts
from sesam.errors import DomainError

from . import catalogue_excel, catalogue_import, jobs
from .models import CatalogueImport


@require_POST
def export_view(request: UserRequest) -> HttpResponse:
    """The whole catalogue, in the form that the import takes: to the page where it is waited for."""
    back = reverse("admin:articles_article_changelist")
    printout = jobs.order_catalogue(user=request.user, back_url=back)
    return redirect(printouts.url_of(printout))


class SheetForm(forms.Form):
    """A sheet of the catalogue."""

    file = forms.FileField(
        label="Excel-arbetsbok (.xlsx)",
        help_text="Filen provläses först: du ser vad som skulle ändras och vilka rader som har fel,"
        " innan något sparas.",
        error_messages={"required": "Välj en fil.", "empty": "Filen är tom. Välj en annan fil."},
    )


def upload_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """Send in a sheet; what it would do stands on the next page."""
    sent = request.method == "POST"
    form = SheetForm(request.POST, request.FILES) if sent else SheetForm()
    if sent and form.is_valid():
        try:
            sheet = jobs.send_in_catalogue(form.cleaned_data["file"], user=request.user)
        except DomainError as fault:
            form.add_error("file", fault.message)
        else:
            return redirect("admin:articles_article_import", key=sheet.key)
    error = bool(form.errors)
    context = {
        "title": "Importera katalog",
        "form": form,
        "error": error,
        "columns": [column.label for column in catalogue_excel.COLUMNS],
        "earlier": CatalogueImport.objects.exclude(applied_at=None).select_related("user")[:10],
    }
    return _import_page(model_admin, request, "upload", context, status=422 if error else 200)


def import_view(
    model_admin: admin.ModelAdmin[Any], request: UserRequest, key: uuid.UUID
) -> HttpResponse:
    """What a sheet would do, and doing it. Only for the one who sent it in.

    Jobs do both; meanwhile the page asks for itself again, and loads anew when they are done.
    """
    sheet = get_object_or_404(CatalogueImport, key=key, user=request.user)
    error = ""
    if request.method == "POST":
        order = jobs.read_catalogue_again if "again" in request.POST else jobs.import_catalogue
        try:
            order(sheet)
        except DomainError as fault:
            error = fault.message
        else:
            return redirect("admin:articles_article_import", key=key)
        sheet.refresh_from_db()
    failed = ""
    if not sheet.applied_at:
        failed = sheet.error or (catalogue_import.FAILED if awaited.is_lost(sheet) else "")
    waits = not sheet.applied_at and bool(sheet.file) and awaited.waits(sheet)
    if request.htmx and not waits:
        return HttpResponseClientRefresh()
    context = {
        "title": "Importera katalog",
        "sheet": sheet,
        "report": None if waits or failed else catalogue_import.report_of(sheet),
        "waits": waits,
        "error": error,
        "failed": failed if sheet.file else "",
    }
    return _import_page(model_admin, request, "report", context, status=422 if error else 200)


def _import_page(
    model_admin: admin.ModelAdmin[Any],
    request: UserRequest,
    name: str,
    context: dict[str, Any],
    *,
    status: int,
) -> HttpResponse:
    context |= {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    return TemplateResponse(
        request, f"admin/articles/article/import_{name}.html", context, status=status
    )
