"""The way back from an article's page to the search that led there, in one parameter of its address:
words, filters, order and page of the list, and how many there were."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from sesam.tables.table import PAGE
from sesam.templatetags.sesam import tal

from .models import Article

SOUGHT = "sok"
FOUND = "antal"  # within it


def sought(query: QueryDict, names: tuple[str, ...], *, found: int) -> str:
    """What the links of a search's list carry."""
    kept = [(name, value) for name in (*names, PAGE) for value in query.getlist(name) if value]
    return urlencode([*kept, (FOUND, found)])


def kept(request: HttpRequest, *names: str) -> Mapping[str, str]:
    """Of the address what the links within an article's page keep."""
    wanted = (*names, SOUGHT)
    return {name: request.GET[name] for name in wanted if request.GET.get(name)}


def crumbs(request: HttpRequest, article: Article) -> list[dict[str, str]]:
    """To the search, to what was found there, to the article."""
    search = reverse("articles:search")
    made = [{"label": "Sök artikel", "url": search}]
    query = QueryDict(request.GET.get(SOUGHT, "")[:1000], mutable=True)
    found = query.pop(FOUND, [""])[-1]
    if query:
        label = query.get("q", "").strip()[:60] or "Sökresultatet"
        if found.isdecimal() and len(found) < 7:
            label += f", {tal(int(found))} {'träff' if found == '1' else 'träffar'}"
        made.append({"label": label, "url": f"{search}?{query.urlencode()}"})
    return [*made, {"label": article.number, "url": ""}]
