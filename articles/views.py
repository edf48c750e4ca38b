"""«Sök artikel» and the article's page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from organisation.models import Source, User, Warehouse
from organisation.permissions import CARE, roles

from .models import Article, Balance
from .search import (
    SHORTEST,
    TYPE_LABELS,
    TYPES,
    exact,
    long_enough,
    note,
    search,
    warehouses_for,
)
from .tables import ArticleTable

PER_PAGE = 25
LATELY = 6
TABS = [
    ("tillganglighet", "Tillgänglighet"),
    ("information", "Artikelinformation"),
    ("priser", "Priser"),
    ("lagersaldon", "Lagersaldon"),
]


def _chosen(user: User, warehouses: list[Warehouse], number: str) -> Warehouse | None:
    """The warehouse that was asked for, else the one the user's orders come from."""
    for warehouse in warehouses:
        if warehouse.number == number:
            return warehouse
    own = [w for w in warehouses if not w.is_central]
    if user.default_source == Source.OWN_STORE and own:
        return own[0]
    unit = user.default_unit
    usual = unit.delivering_warehouse_id if unit else None
    return next((w for w in warehouses if w.pk == usual), warehouses[0] if warehouses else None)


@roles(*CARE)
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    """`/artiklar/?q=…&typ=…&lager=…&sida=…&sortera=…`."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    if text and "sida" not in request.GET and "sortera" not in request.GET:
        if article := exact(text):
            return redirect("articles:detail", article.number)
    type_name = request.GET.get("typ", "alla")
    type_name = type_name if type_name in TYPES else "alla"
    warehouses = warehouses_for(request.user)
    warehouse = _chosen(request.user, warehouses, request.GET.get("lager", ""))
    error = table = None
    narrow = False
    if text and not long_enough(text):
        error = f"Skriv minst {SHORTEST} tecken."
    elif text:
        page = ArticleTable.page_number(request)
        result = search(
            text,
            type=TYPES[type_name],
            warehouse=warehouse,
            order=ArticleTable.sorting(request),
            limit=PER_PAGE,
            offset=(page - 1) * PER_PAGE,
            most_with_availability=settings.AVAILABILITY_ROW_LIMIT,
        )
        last = max(1, -(-result.total // PER_PAGE))
        table = ArticleTable(
            rows=result.hits,
            total=result.total,
            page=page if page <= last else 1,
            per_page=PER_PAGE,
            request=request,
        )
        narrow = result.total > 0 and not result.with_availability
        if narrow:
            table.columns.hide("available")
    context = {
        "q": text,
        "types": TYPE_LABELS.items(),
        "type": type_name,
        "warehouses": warehouses,
        "warehouse": warehouse,
        "error": error,
        "table": table,
        "narrow": narrow,
        "limit": settings.AVAILABILITY_ROW_LIMIT,
        "lately": _lately(request),
        "focus": "ny" in request.GET or not text,
    }
    return render(request, "articles/search.html", context, status=422 if error else 200)


def _lately(request: HttpRequest) -> list[Article]:
    """The articles looked at lately, the last one first. No query where there are none."""
    numbers = request.session.get("lately", [])
    if not numbers:
        return []
    known = {a.number: a for a in Article.objects.filter(number__in=numbers)}
    return [known[number] for number in numbers if number in known]


def _remember(request: HttpRequest, article: Article) -> None:
    lately = [n for n in request.session.get("lately", []) if n != article.number]
    request.session["lately"] = [article.number, *lately][:LATELY]


@roles(*CARE)
@require_GET
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """`/artiklar/<article number>/`."""
    article = get_object_or_404(
        Article.objects.select_related("supplier", "billing_form", "iso_class"), number=number
    )
    _remember(request, article)
    warehouses = warehouses_for(request.user)
    warehouse = _chosen(request.user, warehouses, request.GET.get("lager", ""))
    tab = request.GET.get("flik", "")
    tab = tab if tab in dict(TABS) else "tillganglighet"
    balances = {
        b.warehouse_id: b for b in Balance.objects.filter(article=article, warehouse__in=warehouses)
    }
    group = _group(article, warehouse)
    here = balances.get(warehouse.pk) if warehouse else None
    available = here.available if here else 0
    replaceable = any(m.available > 0 for m in group if m.article_id != article.pk)
    context = {
        "article": article,
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"{request.path}?flik={name}", "active": name == tab}
            for name, label in TABS
        ],
        "warehouses": warehouses,
        "warehouse": warehouse,
        "available": available,
        "note": note(
            available, article.is_discontinued, replaceable, here.expected_on if here else None
        ),
        "group": group,
        "forced": bool(group) and group[0].group.is_forced,
        "prices": _prices(article) if tab == "priser" else [],
        "facts": _facts(article),
        "stock": [(w, balances.get(w.pk)) for w in warehouses],
    }
    return render(request, "articles/detail.html", context)


def _group(article: Article, warehouse: Warehouse | None) -> list:
    """The replacement group's members in rank, each with its availability there."""
    member = getattr(article, "replacement", None)
    if member is None:
        return []
    members = list(member.group.members.select_related("article", "group"))
    stock = {
        b.article_id: b.available
        for b in Balance.objects.filter(
            warehouse=warehouse, article__in=[m.article_id for m in members]
        )
    }
    for m in members:
        m.available = stock.get(m.article_id, 0)
    return members


def _prices(article: Article) -> list:
    today = timezone.localdate()
    prices = list(article.prices.all())
    current = next((p for p in prices if p.valid_from <= today), None)
    for price in prices:
        price.is_current = price is current
    return prices


def _facts(article: Article) -> list[dict[str, object]]:
    return [
        {"label": "Artikeltyp", "value": article.get_type_display()},
        {"label": "Leverantör", "value": article.supplier or ""},
        {"label": "Leverantörens artikelnummer", "value": article.supplier_number},
        {"label": "Enhet", "value": article.unit_of_measure},
        {"label": "Antal per förpackning", "value": article.pack_size},
        {"label": "Produktgrupp", "value": article.product_group},
        {"label": "ISO-kod", "value": str(article.iso_class or article.iso_code or "")},
        {"label": "Individmärkt", "value": "Ja" if article.is_marked else "Nej"},
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
        {"label": "Debiteringsform", "value": article.billing_form},
    ]
