"""«Jämför artiklar»."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from organisation import stores
from organisation.permissions import CARE, UserRequest, roles
from sesam import personal_numbers

from . import compare as comparing
from . import search as finder
from .models import Article
from .views import lately_viewed

ONLY = "bara"


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: UserRequest) -> HttpResponse:
    """Up to four articles side by side. Ticked rows and a typed number are posted, and shown by
    GET: a personal number, typed in the wrong box, never comes into an address."""
    if request.method == "POST":
        return _post(request)
    return _comparison_page(request, request.GET.getlist(comparing.NAMED))


def _post(request: UserRequest) -> HttpResponse:
    typed = request.POST.get("nummer", "").strip()
    if personal_numbers.looks_personal(typed):
        return render(request, "articles/wrong_box.html", status=422)
    ticked = request.POST.getlist("valda")
    wanted = [a.number for a in comparing.articles_of(request.POST.getlist(comparing.NAMED))]
    if typed:
        number = finder.exact(typed)
        if number is None:
            return _comparison_page(request, wanted, typed=typed[:20], status=422)
        ticked = [number]
    found = [a.number for a in comparing.articles_of([*wanted, *ticked])]
    if len({*wanted, *ticked}) > comparing.MOST:
        messages.warning(request, "Högst fyra artiklar jämförs. De fyra första visas.")
    return HttpResponseRedirect(comparing.url_of(found))


def _comparison_page(
    request: UserRequest, numbers: list[str], *, typed: str = "", status: int = 200
) -> HttpResponse:
    articles = comparing.articles_of(numbers)
    here = [article.number for article in articles]
    seen = stores.seen_by(request.user)
    warehouse = seen.by_number("")
    lines = comparing.lines(request, articles, seen, warehouse) if articles else []
    is_only = request.GET.get(ONLY) == "skillnader" and len(articles) > 1
    more = {ONLY: "skillnader"} if is_only else {}
    context: dict[str, Any] = {
        "columns": [
            {
                "article": article,
                "without_url": comparing.url_of([n for n in here if n != article.number], **more),
            }
            for article in articles
        ],
        "lines": [line for line in lines if line.differs or not is_only],
        "differing": sum(line.differs for line in lines),
        "is_only": is_only,
        "switch_url": comparing.url_of(here, **({} if is_only else {ONLY: "skillnader"})),
        "numbers": here,
        "may_add": len(articles) < comparing.MOST,
        "offers": _offers(request, articles),
        "typed": typed,
    }
    return render(request, "articles/compare.html", context, status=status)


def _offers(request: UserRequest, articles: list[Article]) -> list[dict[str, str]]:
    """What else may be worth comparing: what stands in for the first, and what was looked at."""
    here = [article.number for article in articles]
    if len(here) >= comparing.MOST:
        return []
    group = Article.objects.none()
    if articles:
        group = Article.objects.filter(replacement__group__members__article=articles[0]).order_by(
            "replacement__rank"
        )
    found = {a.number: a.name for a in [*group[:6], *lately_viewed(request)]}
    return [
        {"name": name, "number": number, "url": comparing.url_of([*here, number])}
        for number, name in found.items()
        if number not in here
    ][:6]
