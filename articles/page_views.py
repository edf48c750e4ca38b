"""The article's page and its tabs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from organisation import stores
from organisation.models import Warehouse
from organisation.permissions import CARE, UserRequest, roles
from sesam import attachments, personal_numbers
from sesam.limits import gives_file
from sesam.templatetags.sesam import kr

from . import compare, components, favourites, pictures, shown, way_back
from . import search as finder
from .models import Article, ArticleDocument, Balance
from .prices import rent_text
from .slots import article_buttons
from .tables import iso_text
from .views import remember

TABS = {
    "tillganglighet": "Tillgänglighet",
    "information": "Artikelinformation",
    "priser": "Priser",
    "komponenter": "Komponenter",
    "lagersaldon": "Lagersaldon",
    "dokument": "Dokument",
}


@dataclass(frozen=True)
class Looked:
    """What is looked at; ``there``: by warehouse, how many there are."""

    request: UserRequest
    article: Article
    seen: stores.Seen
    warehouse: Warehouse | None
    there: dict[int, Balance]


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """One article. ``flik`` names the tab, ``lager`` the warehouse of «Tillgänglighet».

    Only «Sök komponent» is posted to: see ``_search_components``.
    """
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
    if request.method == "POST":
        return _search_components(request)
    remember(request, article)
    seen = stores.seen_by(request.user)
    warehouse = seen.by_number(request.GET.get("lager", ""))
    flik = request.GET.get("flik", "")
    chosen = flik if flik in TABS else "tillganglighet"
    kept = way_back.kept(request, "lager")
    counts = shown.tab_counts(article, seen)
    page = Looked(request, article, seen, warehouse, shown.balances(article, seen))
    context = {
        "article": article,
        "crumbs": way_back.crumbs(request, article),
        "buttons": article_buttons.shown(request, article),
        "tabs": [
            {
                "label": label,
                "url": f"{request.path}?{urlencode({'flik': name, **kept})}",
                "active": name == chosen,
                "count": counts.get(name),
            }
            for name, label in TABS.items()
        ],
        "tab": chosen,
        "tab_label": TABS[chosen],
        "tab_template": f"articles/_{chosen}.html",
        "warehouses": seen.warehouses,
        "warehouse": warehouse,
        "kept": kept,
        "picture_url": pictures.url_of(article),
        "star": favourites.star_html(
            article.number,
            article.name,
            is_on=favourites.is_favourite(request.user, article),
            css="btn btn-outline-primary",
        ),
        "compare_url": compare.url_of(shown.comparable(article)),
        "link_query": f"?{urlencode(kept)}" if kept else "",
        **_head(page),
        **_TAB_BUILDERS[chosen](page),
    }
    return render(request, "articles/detail.html", context)


def _head(page: Looked) -> dict[str, Any]:
    """What stands above the tabs. One query."""
    article, warehouse, there = page.article, page.warehouse, page.there
    balance = there.get(warehouse.pk) if warehouse else None
    is_known, day = (
        shown.day_of(page.request, article, warehouse, balance) if warehouse else (False, None)
    )
    return {
        "price": shown.price_words(article),
        "stores": shown.store_lines(article, page.seen, warehouse, there),
        "day_is_known": is_known,
        "day": day,
        "iso_text": iso_text(article.iso_code),
        "class_url": shown.class_url(article),
        "measures": shown.measure_lines(article),
        "similar": shown.similar(article),
        "is_drawn": shown.is_drawn(article),
    }


def _availability(page: Looked) -> dict[str, Any]:
    """What may stand in for the article in the chosen warehouse, by rank."""
    rows, compared = shown.member_rows(page.request, page.article, page.warehouse)
    replacement = getattr(page.article, "replacement", None)
    group = replacement and replacement.group
    here = page.there.get(page.warehouse.pk) if page.warehouse else None
    return {"group": group, "members": rows, "compared": compared, "stock": shown.stock(here)}


def _information(page: Looked) -> dict[str, Any]:
    iso = iso_text(page.article.iso_code)
    if page.article.iso_class:
        iso = f"{iso} {page.article.iso_class.title}"
    pack = f"{page.article.pack_size} {page.article.unit_of_measure}"
    return {
        "facts": [
            {"label": "Artikeltyp", "value": page.article.get_type_display()},
            {"label": "Leverantör", "value": page.article.supplier},
            {"label": "Leverantörens artikelnr", "value": page.article.supplier_number},
            {"label": "ISO-kod", "value": iso, "url": shown.class_url(page.article)},
            {"label": "Produktgrupp", "value": page.article.product_group},
            {"label": "Enhet", "value": page.article.unit_of_measure},
            {"label": "Antal per förpackning", "value": pack},
            {"label": "Debiteringsform", "value": page.article.billing_form.name},
            {"label": "Artikelansvar", "value": page.article.get_responsibility_display()},
            {"label": "Individmärkt", "value": "Ja" if page.article.is_marked else "Nej"},
        ]
    }


def _prices(page: Looked) -> dict[str, Any]:
    today = timezone.localdate()
    prices = list(page.article.prices.all())
    current = next((p for p in prices if p.valid_from <= today), None)
    return {
        "facts": [
            {"label": "Artikelansvar", "value": page.article.get_responsibility_display()},
            {"label": "Debiteringsform", "value": page.article.billing_form.name},
        ],
        "prices": [
            {
                "from": price.valid_from,
                "list_price": kr(price.list_price),
                "rent": rent_text(price.rent),
                "state": "Gäller nu"
                if price == current
                else "Kommande"
                if price.valid_from > today
                else "Har gällt",
            }
            for price in prices
        ],
    }


def _balances(page: Looked) -> dict[str, Any]:
    """All warehouses the user sees; one that never had the article says nought."""
    return {
        "balances": [
            {
                "warehouse": w,
                "balance": page.there.get(w.pk) or Balance(warehouse=w, article=page.article),
            }
            for w in page.seen.warehouses
        ]
    }


COMPONENTS = {
    "standard": "Standardkomponenter",
    "ovriga": "Övriga komponenter",
    "sok": "Sök komponent",
}


def _components(page: Looked) -> dict[str, Any]:
    """The individual template's parts, others that fit, or any that is searched for."""
    wanted = page.request.GET.get("komponent", "")
    chosen = wanted if wanted in COMPONENTS else "standard"
    kept = way_back.kept(page.request, "lager")
    words = finder.words_of(page.request.GET.get("q", "")[:200])
    too_short = bool(words) and not finder.long_enough(words)
    table: components.PartTable | None
    if chosen == "standard":
        table = components.standard(page.request, page.article, page.warehouse)
    elif chosen == "ovriga":
        table = components.others(page.request, page.article, page.warehouse)
    else:
        found = words[: finder.MAX_WORDS] if not too_short else []
        table = components.search(page.request, found, page.warehouse) if found else None
    query = {"flik": "komponenter", **kept}
    return {
        "chosen": chosen,
        "words": " ".join(words),
        "too_short": too_short,
        "part_tabs": [
            {
                "label": label,
                "url": f"{page.request.path}?{urlencode(query | {'komponent': name})}",
                "active": name == chosen,
                "count": None,
            }
            for name, label in COMPONENTS.items()
        ],
        "table": table,
    }


def _search_components(request: HttpRequest) -> HttpResponse:
    """«Sök komponent» is posted and shown by GET: a personal number, typed in the wrong box,
    never comes into an address."""
    words = request.POST.get("q", "").strip()
    if personal_numbers.looks_personal(words):
        return render(request, "articles/wrong_box.html", status=422)
    query = {"flik": "komponenter", "komponent": "sok", "q": words}
    query |= {
        name: request.POST[name] for name in ("lager", way_back.SOUGHT) if request.POST.get(name)
    }
    return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")


def _documents(page: Looked) -> dict[str, Any]:
    return {"documents": page.article.documents.all()}


@roles(*CARE)
@require_safe
@gives_file
def document(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """A file of an article, as a download."""
    found = get_object_or_404(
        ArticleDocument.objects.exclude(file=""), key=key, article__number=number
    )
    return attachments.download(found, request.user)


_TAB_BUILDERS: dict[str, Callable[[Looked], dict[str, Any]]] = {
    "tillganglighet": _availability,
    "information": _information,
    "priser": _prices,
    "komponenter": _components,
    "lagersaldon": _balances,
    "dokument": _documents,
}
