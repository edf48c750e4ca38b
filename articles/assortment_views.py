"""«Sortimentskataloger»: the tree and a branch's articles."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from organisation.permissions import CARE, roles

from .assortment import WITHOUT, AssortmentTable, Branch, Tree, articles, nearest, top_branches

EMPTY_TOO = "tomma"


@roles(*CARE)
@require_safe
def chapters(request: HttpRequest) -> HttpResponse:
    """The whole assortment: the chapters of ISO 9999."""
    return render(request, "articles/assortment.html", {"branches": top_branches()})


@roles(*CARE)
@require_safe
def branch(request: HttpRequest, code: str) -> HttpResponse:
    """A branch with its articles. A code that the edition lacks leads to its nearest parent."""
    known = code if code == WITHOUT else nearest(code)
    if known is None:
        raise Http404("ISO class")
    if known != code:
        return redirect("articles:assortment_branch", known)
    tree = Tree()
    path = tree.path(known)
    here = path[-1]
    empty_too = request.GET.get(EMPTY_TOO) == "1"
    context: dict[str, Any] = {
        "branches": tree.top,
        "here": here,
        "crumbs": _crumbs(path),
        "table": _table(request, here),
        "empty_too": empty_too,
        "suffix": f"?{EMPTY_TOO}=1" if empty_too else "",
        "empty_url": _without_pages(request, None if empty_too else "1"),
    }
    return render(request, "articles/assortment_branch.html", context)


def _crumbs(path: list[Branch]) -> list[dict[str, str]]:
    top = {"label": "Sortimentskataloger", "url": reverse("articles:assortment")}
    above = [{"label": branch.label, "url": branch.url} for branch in path[:-1]]
    return [top, *above, {"label": path[-1].code_text or path[-1].title, "url": ""}]


def _table(request: HttpRequest, here: Branch) -> AssortmentTable:
    table = AssortmentTable.fetch(request, articles(here.code), total=here.count)
    table.empty_url = reverse("articles:search")
    return table


def _without_pages(request: HttpRequest, empty_too: str | None) -> str:
    kept = {name: request.GET[name] for name in ("sortera",) if name in request.GET}
    if empty_too:
        kept[EMPTY_TOO] = empty_too
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
