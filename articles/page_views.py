"""The article's page and its tabs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from organisation import stores
from organisation.models import Warehouse
from organisation.permissions import CARE, UserRequest, roles
from sesam import attachments, personal_numbers
from sesam.templatetags.sesam import kr, stock_html

from . import components
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
    kept = {"lager": request.GET["lager"]} if request.GET.get("lager") else {}
    context = {
        "article": article,
        "buttons": article_buttons.shown(request, article),
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
        **_TAB_BUILDERS[chosen](request, article, seen, warehouse),
    }
    return render(request, "articles/detail.html", context)


def _head(article: Article) -> list[dict[str, Any]]:
    return [
        {"label": "Artikelnummer", "value": article.number},
        {"label": "Artikeltyp", "value": article.get_type_display()},
        {"label": "Leverantör", "value": article.supplier},
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
    ]


def _availability(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
    """The chosen warehouse, and what may stand in for the article there, by rank."""
    group = getattr(article, "replacement", None) and article.replacement.group
    here = Balance.objects.filter(warehouse=warehouse)
    members = list(group.members.select_related("article")) if group else []
    there = {b.article_id: b for b in here.filter(article__in=[m.article_id for m in members])}
    rows: list[dict[str, Any]] = []
    for member in members:
        other = member.article
        balance = there.get(other.pk)
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


def _information(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
    iso = iso_text(article.iso_code)
    if article.iso_class:
        iso = f"{iso} {article.iso_class.title}"
    pack = f"{article.pack_size} {article.unit_of_measure}"
    return {
        "facts": [
            {"label": "Artikeltyp", "value": article.get_type_display()},
            {"label": "Leverantör", "value": article.supplier},
            {"label": "Leverantörens artikelnr", "value": article.supplier_number},
            {"label": "ISO-kod", "value": iso, "url": _class_url(article)},
            {"label": "Produktgrupp", "value": article.product_group},
            {"label": "Enhet", "value": article.unit_of_measure},
            {"label": "Antal per förpackning", "value": pack},
            {"label": "Debiteringsform", "value": article.billing_form.name},
            {"label": "Artikelansvar", "value": article.get_responsibility_display()},
            {"label": "Individmärkt", "value": "Ja" if article.is_marked else "Nej"},
        ]
    }


def _class_url(article: Article) -> str:
    """The article's branch of «Sortimentskataloger»; none for what is out of the assortment."""
    if article.iso_class_id is None or article.is_discontinued:
        return ""
    return reverse("articles:assortment_branch", args=[article.iso_class_id])


def _prices(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
    today = timezone.localdate()
    prices = list(article.prices.all())
    current = next((p for p in prices if p.valid_from <= today), None)
    return {
        "facts": [
            {"label": "Artikelansvar", "value": article.get_responsibility_display()},
            {"label": "Debiteringsform", "value": article.billing_form.name},
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


def _balances(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
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


COMPONENTS = {
    "standard": "Standardkomponenter",
    "ovriga": "Övriga komponenter",
    "sok": "Sök komponent",
}


def _components(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
    """The individual template's parts, others that fit, or any that is searched for."""
    wanted = request.GET.get("komponent", "")
    chosen = wanted if wanted in COMPONENTS else "standard"
    kept = {"lager": request.GET["lager"]} if request.GET.get("lager") else {}
    words = finder.words_of(request.GET.get("q", "")[:200])
    too_short = bool(words) and not finder.long_enough(words)
    table: components.PartTable | None
    if chosen == "standard":
        table = components.standard(request, article, warehouse)
    elif chosen == "ovriga":
        table = components.others(request, article, warehouse)
    else:
        found = words[: finder.MAX_WORDS] if not too_short else []
        table = components.search(request, found, warehouse) if found else None
    query = {"flik": "komponenter", **kept}
    return {
        "chosen": chosen,
        "words": " ".join(words),
        "too_short": too_short,
        "part_tabs": [
            {
                "label": label,
                "url": f"{request.path}?{urlencode(query | {'komponent': name})}",
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
    if request.POST.get("lager"):
        query["lager"] = request.POST["lager"]
    return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")


def _documents(
    request: HttpRequest, article: Article, seen: stores.Seen, warehouse: Warehouse | None
) -> dict[str, Any]:
    return {"documents": article.documents.all()}


@roles(*CARE)
@require_safe
def document(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """A file of an article, as a download."""
    found = get_object_or_404(
        ArticleDocument.objects.exclude(file=""), key=key, article__number=number
    )
    return attachments.download(found, request.user)


_TAB_BUILDERS: dict[str, Callable[..., dict[str, Any]]] = {
    "tillganglighet": _availability,
    "information": _information,
    "priser": _prices,
    "komponenter": _components,
    "lagersaldon": _balances,
    "dokument": _documents,
}
