"""KHS's page for a stock count (inventering)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from organisation.models import Warehouse
from organisation.permissions import UserRequest
from sesam import personal_numbers
from sesam.errors import DomainError

from . import counting
from .search import words_of


def count_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """Choose warehouse and articles, then write what was counted.

    The choice is posted and shown by GET: a personal number, typed in the wrong box, never
    comes into an address.
    """
    if "visa" in request.POST:
        words = request.POST.get("q", "")
        if personal_numbers.looks_personal(words):
            messages.error(request, "Det ser ut som ett personnummer. Här söker du artiklar.")
            words = ""
        return _to_page(request.POST.get("lager", ""), words)
    asked = request.POST if request.method == "POST" else request.GET
    warehouses = list(Warehouse.objects.filter(is_active=True))
    warehouse = next((w for w in warehouses if w.number == asked.get("lager", "")), None)
    words = asked.get("q", "").replace("\0", "")[:200].strip()
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "Inventering",
        "warehouses": warehouses,
        "warehouse": warehouse,
        "words": words,
        "reason": asked.get("orsak", "")[:200],
    }
    if warehouse is None:
        return _count_page(request, context)
    if request.method != "POST":
        rows, more = counting.rows(warehouse, words_of(words))
        return _count_page(request, context, rows=rows, more=more, limit=counting.ROWS)
    rows, _ = counting.rows(warehouse, [], only=counting.typed_articles(request.POST))
    counts = counting.read(rows, request.POST)
    fault = field = ""
    if not any(row.error for row in rows):
        try:
            changed = counting.count(warehouse, counts, user=request.user, reason=context["reason"])
        except counting.Faults as faults:
            for row in rows:
                row.error = faults.by_article.get(row.article.pk, "")
        except DomainError as error:
            fault, field = error.message, error.field or ""
        else:
            same = len(counts) - changed
            messages.success(
                request,
                f"Inventeringen är sparad: {changed} saldon ändrade, {same} stämde.",
            )
            return _to_page(warehouse.number, words)
    return _count_page(request, context, rows=rows, error=fault, error_field=field, status=422)


def _to_page(warehouse: str, words: str) -> HttpResponse:
    query = urlencode({"lager": warehouse, "q": words})
    return redirect(f"{reverse('admin:articles_balance_count')}?{query}")


def _count_page(
    request: HttpRequest, context: dict[str, Any], *, status: int = 200, **more: Any
) -> HttpResponse:
    more["has_errors"] = any(row.error for row in more.get("rows", []))
    return TemplateResponse(
        request, "admin/articles/balance/count.html", context | more, status=status
    )
