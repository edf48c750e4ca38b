"""«Sök artikel», and the articles looked at lately."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from organisation import stores
from organisation.models import Warehouse
from organisation.permissions import CARE, UserRequest, roles
from sesam import personal_numbers
from sesam.standing import standing

from . import assortment, compare, way_back
from . import search as finder
from .forms import ALL, PARAMETERS, SearchForm
from .models import Article, ArticleLook, Balance
from .slots import carried, where_typed
from .tables import ArticleTable

SHOWN = 3  # of the articles looked at lately


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: UserRequest) -> HttpResponse:
    """The search. It is asked by POST and shown by GET: a personal number, typed in the wrong
    box, never comes into an address."""
    asked = request.POST if request.method == "POST" else request.GET
    if personal_numbers.looks_personal(asked.get("q", "")):
        return render(request, "articles/wrong_box.html", status=422)
    if request.method == "POST":
        if url := _of_number(request, asked):
            return HttpResponseRedirect(url)
        given = {name: asked[name] for name in PARAMETERS if asked.get(name, "").strip()}
        if given.get("typ") == ALL:
            del given["typ"]
        return HttpResponseRedirect(f"{request.path}?{urlencode(given)}")
    seen = stores.seen_by(request.user)
    form = SearchForm(request.GET, seen=seen, user=request.user)
    typed = form.data["q"]
    if url := _of_number(request, asked):
        return HttpResponseRedirect(url)
    context: dict[str, Any] = {
        "form": form,
        "lately": _lately(request, form.warehouse),
        "carried": carried(request),
        "kept": [(name, request.GET[name]) for name in PARAMETERS if request.GET.get(name)],
        "clear_url": f"{request.path}?{urlencode(_without_filters(request.GET))}",
    }
    if (typed or form.is_narrowed) and form.is_valid():
        context |= _hits(request, form)
    return render(request, "articles/search.html", context)


def _without_filters(asked: QueryDict) -> dict[str, str]:
    return {name: str(asked[name]) for name in ("q", "lager", "sortera") if asked.get(name)}


def _of_number(request: HttpRequest, asked: QueryDict) -> str:
    """Where an exact article number leads: while an order is in progress to its dialog, else to
    the article's page. Empty for words."""
    number = finder.exact(asked.get("q", ""))
    if number is None:
        return ""
    return where_typed(request, number) or _detail_url(number, asked.get("lager", ""))


def _hits(request: UserRequest, form: SearchForm) -> dict[str, Any]:
    words = finder.words_of(form.cleaned_data["q"])
    table = ArticleTable.found(
        request,
        partial(
            finder.search,
            words,
            filters=form.wanted,
            user_id=request.user.pk,
            with_prices="price" in ArticleTable.shown_columns(request.user),
        ),
    )
    chosen = request.GET.get("lager", "")
    is_chosen = chosen and form.warehouse and chosen == form.warehouse.number
    carried = {"lager": chosen} if is_chosen else {}
    carried[way_back.SOUGHT] = way_back.sought(request.GET, PARAMETERS, found=table.total_rows)
    for name in ("seat_width", "seat_depth"):
        if any(one.measure.name == name for one in form.wanted.measures):
            table.show(name)
    table.link_query = f"?{urlencode(carried)}"
    if form.wanted.favourites_of and not form.data["q"]:
        table.empty_text = "Inga favoriter"
        table.empty_hint = "Sätt en stjärna på en artikel, så står den här."
    return {
        "table": table,
        # «Rollator» stands in no article's name, but the branch is called so.
        "branches": [] if table.total else assortment.named(words),
        "bulk": compare.actions(),
        "many": table.total > settings.AVAILABILITY_ROW_LIMIT,
        "row_limit": settings.AVAILABILITY_ROW_LIMIT,
    }


def _detail_url(number: str, warehouse: str = "") -> str:
    url = reverse("articles:detail", args=[number])
    return f"{url}?{urlencode({'lager': warehouse})}" if warehouse else url


# --- lately viewed -----------------------------------------------------------------------


def lately_viewed(request: UserRequest) -> list[Article]:
    """The articles looked at lately, newest first. One query."""
    articles = Article.objects.filter(looks__user=request.user).order_by("-looks__seen_at")
    return list(articles[:SHOWN])


def _lately(request: UserRequest, warehouse: Warehouse | None) -> list[Article]:
    """The articles looked at lately, newest first, with what ``warehouse`` has ``here`` of them.

    One query.
    """
    return _looked_at(user=request.user.pk, warehouse=warehouse.pk if warehouse else 0)


@standing
def _looked_at(*, user: Any, warehouse: Any) -> QuerySet[Article]:
    there = Balance.objects.filter(article=OuterRef("pk"), warehouse=warehouse)
    left = there.values_list(F("on_hand") - F("reserved") - F("unavailable"))
    articles = Article.objects.filter(looks__user=user).order_by("-looks__seen_at")
    return articles.annotate(here=Coalesce(Subquery(left[:1]), 0))[:SHOWN]


def remember(request: UserRequest, article: Article) -> None:
    """The article is the one looked at last. One statement, whatever other tabs look at."""
    ArticleLook.objects.bulk_create(
        [ArticleLook(user=request.user, article=article, seen_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["user", "article"],
        update_fields=["seen_at"],
    )


@roles(*CARE)
@require_POST
def forget(request: UserRequest) -> HttpResponse:
    """Take an article out of those looked at lately."""
    gone = request.POST.get("nummer", "").replace("\0", "")
    ArticleLook.objects.filter(user=request.user, article__number=gone).delete()
    given = {name: request.POST[name] for name in PARAMETERS if request.POST.get(name)}
    # An address that the portal itself writes goes past the check of what is typed into one.
    given = {
        name: value for name, value in given.items() if not personal_numbers.looks_personal(value)
    }
    url = reverse("articles:search")
    return HttpResponseRedirect(f"{url}?{urlencode(given)}" if given else url)
