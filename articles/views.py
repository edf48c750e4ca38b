"""«Sök artikel» and the article's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organisation import stores
from organisation.models import Warehouse
from organisation.permissions import CARE, roles
from sesam import personal_numbers, places
from sesam.templatetags.sesam import kr, stock_html

from . import search as finder
from .forms import ALL, SearchForm
from .models import Article, Balance, ReplacementMember
from .tables import ArticleTable, iso_text

LATELY = "lately_viewed_articles"
KEPT = 6
SHOWN = 3
PARAMETERS = ("q", "typ", "lager", "sortera")


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The search. It is asked by POST and shown by GET: a personal number, typed in the wrong
    box, never comes into an address."""
    asked = request.POST if request.method == "POST" else request.GET
    if personal_numbers.looks_personal(asked.get("q", "")):
        return render(request, "articles/wrong_box.html", status=422)
    if request.method == "POST":
        given = {name: asked[name] for name in PARAMETERS if asked.get(name, "").strip()}
        if given.get("typ") == ALL:
            del given["typ"]
        return HttpResponseRedirect(f"{request.path}?{urlencode(given)}")
    seen = stores.seen_by(request.user)
    form = SearchForm(request.GET, seen=seen)
    typed = form.data["q"]
    if typed and (number := finder.exact(typed)):
        return HttpResponseRedirect(_detail_url(number, request.GET.get("lager", "")))
    context: dict[str, Any] = {"form": form, "lately": _lately(request, form.warehouse)}
    if typed and form.is_valid():
        context |= _hits(request, form)
    return render(request, "articles/search.html", context)


def _hits(request: HttpRequest, form: SearchForm) -> dict[str, Any]:
    words = finder.words_of(form.cleaned_data["q"])
    order = ArticleTable.sorting(request)
    page = ArticleTable.page_number(request)
    wanted = {
        "article_type": finder.TYPES.get(form.cleaned_data["typ"]),
        "warehouse_id": form.warehouse.pk if form.warehouse else None,
        "order": order,
        "with_prices": "price" in ArticleTable.shown_columns(request.user),
    }
    found = finder.search(words, page=page, **wanted)
    if not found.rows and page > 1:  # past the end: the last page that there is
        first = finder.search(words, page=1, **wanted)
        page = max(1, -(-first.total // finder.PER_PAGE))
        found = finder.search(words, page=page, **wanted) if page > 1 else first
    table = ArticleTable(
        rows=found.rows, total=found.total, page=page, per_page=finder.PER_PAGE, request=request
    )
    chosen = request.GET.get("lager", "")
    if chosen and form.warehouse and chosen == form.warehouse.number:
        table.link_query = f"?lager={chosen}"
    return {
        "table": table,
        "many": not found.shows_availability,
        "row_limit": settings.AVAILABILITY_ROW_LIMIT,
    }


def _detail_url(number: str, warehouse: str = "") -> str:
    url = reverse("articles:detail", args=[number])
    return f"{url}?{urlencode({'lager': warehouse})}" if warehouse else url


# --- lately viewed -----------------------------------------------------------------------


def _lately(request: HttpRequest, warehouse: Warehouse | None) -> list[Article]:
    """The articles looked at lately, newest first, with what ``warehouse`` has ``here`` of them.

    One query, none when there are none.
    """
    numbers = request.session.get(LATELY, [])[:SHOWN]
    if not numbers:
        return []
    there = Balance.objects.filter(article=OuterRef("pk"), warehouse=warehouse)
    left = there.values_list(F("on_hand") - F("reserved") - F("unavailable"))
    articles = Article.objects.filter(number__in=numbers).annotate(
        here=Coalesce(Subquery(left[:1]), 0)
    )
    known = {a.number: a for a in articles}
    return [known[number] for number in numbers if number in known]


def _remember(request: HttpRequest, number: str) -> None:
    before = [n for n in request.session.get(LATELY, []) if n != number]
    request.session[LATELY] = [number, *before][:KEPT]


@roles(*CARE)
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Take an article out of those looked at lately."""
    gone = request.POST.get("nummer", "")
    request.session[LATELY] = [n for n in request.session.get(LATELY, []) if n != gone]
    given = {name: request.POST[name] for name in PARAMETERS if request.POST.get(name)}
    url = reverse("articles:search")
    return HttpResponseRedirect(f"{url}?{urlencode(given)}" if given else url)


# --- the article's page -------------------------------------------------------------------

TABS = {
    "tillganglighet": "Tillgänglighet",
    "information": "Artikelinformation",
    "priser": "Priser",
    "lagersaldon": "Lagersaldon",
}


@roles(*CARE)
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """One article. ``flik`` names the tab, ``lager`` the warehouse of «Tillgänglighet»."""
    article = (
        Article.objects.select_related(
            "supplier", "iso_class", "billing_form", "replacement__group"
        )
        .filter(number=number.replace("\0", ""))
        .first()
    )
    if article is None:
        if number != number.upper() and Article.objects.filter(number=number.upper()).exists():
            return redirect("articles:detail", number.upper())
        raise Http404("article")
    _remember(request, article.number)
    seen = stores.seen_by(request.user)
    warehouse = seen.by_number(request.GET.get("lager", ""))
    flik = request.GET.get("flik", "")
    chosen = flik if flik in TABS else "tillganglighet"
    kept = {"lager": request.GET["lager"]} if request.GET.get("lager") else {}
    context = {
        "article": article,
        "buttons": places.entries("article.button", request, article),
        "tabs": [
            {
                "label": label,
                "url": f"{request.path}?{urlencode({'flik': name, **kept})}",
                "active": name == chosen,
                "count": None,
            }
            for name, label in TABS.items()
        ],
        "tab": chosen,
        "tab_label": TABS[chosen],
        "tab_template": f"articles/_{chosen}.html",
        "head": _head(article),
        "warehouses": seen.warehouses,
        "warehouse": warehouse,
        **_TAB_BUILDERS[chosen](article, seen, warehouse),
    }
    return render(request, "articles/detail.html", context)


def _head(article: Article) -> list[dict[str, Any]]:
    return [
        {"label": "Artikelnummer", "value": article.number},
        {"label": "Artikeltyp", "value": article.get_type_display()},
        {"label": "Leverantör", "value": article.supplier},
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
    ]


def _availability(article: Article, seen: stores.Seen, warehouse: Warehouse | None) -> dict:
    """The chosen warehouse, and what may stand in for the article there, by rank."""
    group = getattr(article, "replacement", None) and article.replacement.group
    here = Balance.objects.filter(warehouse=warehouse)
    members = (
        ReplacementMember.objects.filter(group=group)
        .select_related("article")
        .prefetch_related(Prefetch("article__balances", queryset=here, to_attr="here"))
        if group
        else []
    )
    rows = []
    for member in members:
        other = member.article
        balance = other.here[0] if other.here else None
        available = balance.available if balance else 0
        rows.append(
            {
                "rank": member.rank,
                "article": other,
                "is_this": other.pk == article.pk,
                "available": available,
                "stock": stock_html(available, _note(other, balance, has_replacement=False)),
            }
        )
    own = next((b for b in here.filter(article=article)), None)
    others = any(
        row["available"] and not row["is_this"] and not row["article"].is_discontinued
        for row in rows
    )
    available = own.available if own else 0
    return {
        "stock": stock_html(
            available if article.is_stocked else None,
            _note(article, own, has_replacement=others),
        ),
        "balance": own,
        "group": group,
        "members": rows,
    }


def _note(article: Article, balance: Balance | None, *, has_replacement: bool) -> str:
    return finder.stock_note(
        available=balance.available if balance else 0,
        is_discontinued=article.is_discontinued,
        has_replacement=has_replacement,
        expected_on=balance.expected_on if balance else None,
    )


def _information(article: Article, seen: stores.Seen, warehouse: Warehouse | None) -> dict:
    iso = iso_text(article.iso_code)
    if article.iso_class:
        iso = f"{iso} {article.iso_class.title}"
    pack = f"{article.pack_size} {article.unit_of_measure}"
    return {
        "facts": [
            {"label": "Leverantör", "value": article.supplier},
            {"label": "Leverantörens artikelnr", "value": article.supplier_number},
            {"label": "ISO-kod", "value": iso},
            {"label": "Produktgrupp", "value": article.product_group},
            {"label": "Enhet", "value": article.unit_of_measure},
            {"label": "Antal per förpackning", "value": pack},
            {"label": "Debiteringsform", "value": article.billing_form.name},
            {"label": "Artikelansvar", "value": article.get_responsibility_display()},
            {"label": "Individmärkt", "value": "Ja" if article.is_marked else "Nej"},
        ]
    }


def _prices(article: Article, seen: stores.Seen, warehouse: Warehouse | None) -> dict:
    today = timezone.localdate()
    per_month = "/mån" if article.billing_form.rule == article.billing_form.Rule.RENT else ""
    prices = list(article.prices.all())
    current = next((p for p in prices if p.valid_from <= today), None)
    return {
        "prices": [
            {
                "from": price.valid_from,
                "amount": kr(price.amount) + per_month,
                "state": "Gäller nu"
                if price == current
                else "Kommande"
                if price.valid_from > today
                else "Har gällt",
            }
            for price in prices
        ]
    }


def _balances(article: Article, seen: stores.Seen, warehouse: Warehouse | None) -> dict:
    """All warehouses the user sees; one that never had the article says nought."""
    known = {
        b.warehouse_id: b
        for b in Balance.objects.filter(article=article, warehouse__in=seen.warehouses)
    }
    return {
        "balances": [
            {"warehouse": w, "balance": known.get(w.pk) or Balance(warehouse=w, article=article)}
            for w in seen.warehouses
        ]
    }


_TAB_BUILDERS = {
    "tillganglighet": _availability,
    "information": _information,
    "priser": _prices,
    "lagersaldon": _balances,
}
