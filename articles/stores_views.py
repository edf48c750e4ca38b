"""«Lager»: the stores, and a store's page with its tabs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from organisation import stores as warehouses
from organisation.models import Unit, Warehouse
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from sesam import dialogs, personal_numbers, printouts
from sesam.places import TabContent

from . import jobs, stores
from . import search as finder
from .forms import ALL
from .models import ArticleType
from .slots import store_buttons, store_create, store_tabs

ALL_UNITS = "alla"


@roles(*CARE)
@require_safe
def store_list(request: UserRequest) -> HttpResponse:
    """The stores that the user may open, of the active unit unless another is chosen."""
    everywhere = has_role(request.user, KHS)
    units = list(
        Unit.objects.filter(is_active=True)
        if everywhere
        else request.user.units.filter(is_active=True)
    )
    preset = None if everywhere else request.user.default_unit
    wanted = request.GET.get("tjanststalle", "")
    unit = next((u for u in units if u.code == wanted), None if wanted == ALL_UNITS else preset)
    found = warehouses.open_to(request.user)
    if unit is not None:
        found = found.filter(units=unit)
    context = {
        "units": units if len(units) > 1 else [],
        "unit": unit,
        "table": stores.StoreTable.fetch(request, stores.with_counts(found)),
    }
    return render(request, "articles/stores.html", context)


def find_store(request: UserRequest, number: str) -> Warehouse:
    """A store that the user may open; another unit's is not found."""
    found = warehouses.open_to(request.user).filter(number=number.replace("\0", ""))
    store = found.select_related("owner").first()
    if store is None:
        raise Http404("store")
    return store


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def store_page(request: UserRequest, number: str) -> HttpResponse:
    """A store. ``flik`` names the tab; a filter is asked by POST and shown by GET, so that a
    personal number typed in the wrong box never comes into an address."""
    store = find_store(request, number)
    tabs, opened = store_tabs.opened(request, store)
    content = opened.build(request, store)
    if isinstance(content, HttpResponse):
        return content
    context = {
        "store": store,
        "tabs": tabs,
        "content": content,
        "buttons": store_buttons.shown(request, store),
        "create": store_create.shown(request, store),
        "facts": _facts(store),
    }
    return render(request, "articles/store.html", context, status=content.status)


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def store_report(request: UserRequest, number: str) -> HttpResponse:
    """«Lagersaldorapport»: asks first, and leads to the page where the PDF is waited for."""
    store = find_store(request, number)
    back = reverse("articles:store", args=[store.number])
    if request.method == "POST":
        printout = jobs.order_store_report(store, user=request.user, back_url=back)
        return dialogs.leave(request, printouts.url_of(printout))
    context = {
        "store": store,
        "count": stores.balances(store).count(),
        "earlier": printouts.earlier(request.user, back)[:5],
        "dialog": {"title": "Lagersaldorapport", "cancel_url": back, "finish": "",
                   "next": "Skapa pdf"},
    }  # fmt: skip
    return render(request, "articles/store_report.html", context)


def _facts(store: Warehouse) -> list[dict[str, Any]]:
    return [
        {"label": "Ägare", "value": store.owner.name},
        {"label": "Adress", "value": ", ".join(store.address_lines())},
        {"label": "Slag", "value": store.get_kind_display()},
    ]


class BalanceForm(forms.Form):
    """What is asked for in «Lagersaldo»; what makes no sense counts as not chosen."""

    WITH, ZERO_TOO = "med", "alla"

    q = forms.CharField(
        label="Sökord",
        required=False,
        max_length=200,
        error_messages={"max_length": "Sökningen är för lång. Skriv högst 200 tecken."},
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    typ = forms.ChoiceField(
        label="Artikeltyp",
        choices=[
            (ALL, "Alla artikeltyper"),
            *((value, ArticleType(kind).label) for value, kind in finder.TYPES.items()),
        ],
    )
    saldo = forms.ChoiceField(
        label="Lagersaldo",
        choices=[(WITH, "Artiklar med saldo"), (ZERO_TOO, "Alla artiklar, även saldo noll")],
    )

    def __init__(self, data: Any) -> None:
        kind, balance = data.get("typ", ""), data.get("saldo", "")
        super().__init__(
            {
                "q": data.get("q", "").replace("\0", "").strip(),
                "typ": kind if kind in finder.TYPES else ALL,
                "saldo": balance if balance == self.ZERO_TOO else self.WITH,
            }
        )

    def clean_q(self) -> str:
        typed: str = self.cleaned_data["q"]
        if personal_numbers.looks_personal(typed):
            raise forms.ValidationError(
                "Det ser ut som ett personnummer. Här söker du artiklar i förrådet."
            )
        return typed

    @property
    def filters(self) -> list[forms.BoundField]:
        return [self["typ"], self["saldo"]]

    @property
    def query(self) -> dict[str, str]:
        """What of it stands in the address: what differs from the preset."""
        preset = {"q": "", "typ": ALL, "saldo": self.WITH}
        return {name: self.data[name] for name in preset if self.data[name] != preset[name]}


BALANCES = "articles/_store_balances.html"


def balance_tab(request: HttpRequest, store: Warehouse) -> TabContent | HttpResponse:
    """«Lagersaldo»: the list, or the answer to what was posted."""
    form = BalanceForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        if "personnummer" in str(form.errors):
            form.data = {**form.data, "q": ""}  # neither shown nor kept
        return TabContent(template=BALANCES, context={"form": form}, status=422)
    if request.method == "POST":
        kept = {"sortera": request.POST["sortera"]} if request.POST.get("sortera") else {}
        query = urlencode(form.query | kept)
        url = reverse("articles:store", args=[store.number])
        return HttpResponseRedirect(f"{url}?{query}" if query else url)
    rows = stores.balances(
        store,
        words=finder.words_of(form.cleaned_data["q"])[: finder.MAX_WORDS],
        article_type=finder.TYPES.get(form.cleaned_data["typ"]),
        zero_too=form.cleaned_data["saldo"] == form.ZERO_TOO,
    )
    made = stores.table(request, rows, store)
    if form.query:
        made.empty_hint = (
            "Inget i förrådet stämmer med det du har valt. Prova färre ord, eller visa alla."
        )
        made.empty_url = reverse("articles:store", args=[store.number])
        made.empty_action = "Visa alla artiklar med saldo"
    else:
        made.empty_hint = "Det som levereras till förrådet eller lämnas tillbaka hit visas här."
    return TabContent(template=BALANCES, context={"form": form}, table=made)
