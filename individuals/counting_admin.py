"""KHS's page for counting the pieces of a marked article."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin, messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from articles.models import Article
from organisation.models import Warehouse
from organisation.permissions import UserRequest
from sesam import personal_numbers
from sesam.errors import DomainError

from . import arrivals, counting

MOST = 200


def address(warehouse: str, article: str) -> str:
    """The page for an article in a warehouse, by their numbers."""
    query = urlencode({"lager": warehouse, "artikel": article})
    return f"{reverse('admin:individuals_individual_count')}?{query}"


def count_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """Choose warehouse and article, then tick what is missing. The choice is posted and shown
    by GET, as on the page for counted articles."""
    asked = request.POST if request.method == "POST" else request.GET
    number = asked.get("artikel", "").replace("\0", "").strip().upper()[:20]
    if "visa" in request.POST:
        if personal_numbers.looks_personal(number):
            messages.error(request, "Det ser ut som ett personnummer. Skriv ett artikelnummer.")
            number = ""
        return redirect(address(asked.get("lager", ""), number))
    warehouses = list(Warehouse.objects.filter(is_active=True))
    warehouse = next((w for w in warehouses if w.number == asked.get("lager", "")), None)
    article = Article.objects.filter(number=number, is_marked=True).first() if number else None
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "Inventera individer",
        "warehouses": warehouses,
        "warehouse": warehouse,
        "number": number,
        "article": article,
        "reason": asked.get("orsak", "")[:200],
        "found": asked.get("aterfunna", "")[:4000],
    }
    status = 200
    if warehouse and article:
        if request.method == "POST":
            ticked = [int(pk) for pk in request.POST.getlist("saknas") if _is_id(pk)]
            context["ticked"] = ticked
            try:
                done = counting.count(
                    warehouse,
                    article,
                    missing=ticked[:MOST],
                    found=_numbers(context["found"])[:MOST],
                    user=request.user,
                    reason=context["reason"],
                )
            except DomainError as error:
                context |= {"error": error.message, "error_field": error.field or ""}
                status = 422
            else:
                messages.success(request, _said(done))
                for text in arrivals.why_not_available(done.back):
                    messages.warning(request, text)
                return redirect(address(warehouse.number, article.number))
        context["pieces"] = counting.on_shelf(warehouse, article)
    return TemplateResponse(
        request, "admin/individuals/individual/count.html", context, status=status
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _numbers(typed: str) -> list[str]:
    return [number.upper() for number in re.split(r"[\s,;]+", typed) if number]


def _said(done: counting.Counted) -> str:
    parts = []
    if done.missing:
        parts.append(f"saknas nu: {', '.join(done.missing)}")
    if done.found:
        parts.append(f"återfunna: {', '.join(done.found)}")
    return f"Inventeringen är sparad, {'; '.join(parts)}."
