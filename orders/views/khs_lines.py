"""KHS moves projects and puts the real articles on orders: pages beneath an order's page."""

from __future__ import annotations

import re

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from articles.models import Article, Balance
from organisation.models import Warehouse
from organisation.permissions import KHS, UserRequest, roles
from sesam.errors import DomainError

from .. import progress, services
from ..models import Order, OrderLine
from ..project_forms import MoveForm, PutForm
from ..stages import Stage
from .cases import find_order
from .khs import khs_page, to_page


def _line(order: Order, line_id: int) -> OrderLine:
    lines = order.lines.select_related("article", "warehouse", "order")
    return get_object_or_404(lines, pk=line_id)


@roles(KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: UserRequest, number: str, line_id: int, stage: str) -> HttpResponse:
    """A project's next stage: a note, and with «Offert mottagen» the offer."""
    order = find_order(request, number)
    line = _line(order, line_id)
    if stage not in Stage.values or not line.stage:
        raise Http404("stage")
    to = Stage(stage)
    project = progress.of_lines([line], masked=order.address_masked)[0]
    form = MoveForm(to=to)
    error, status = "", 200
    if request.method == "POST":
        form = MoveForm(request.POST, request.FILES, to=to)
        status = 422
        seen = request.POST.get("sett", "")
        if form.is_valid():
            try:
                services.move_on(
                    line,
                    to,
                    user=request.user,
                    seen=int(seen) if re.fullmatch("[0-9]{1,18}", seen) else 0,
                    **form.cleaned_data,
                )
            except DomainError as fault:
                error = _tell(form, fault)
            else:
                messages.success(request, f"{line.article.name}: {to.label}.")
                return to_page(order)
    elif to not in project.next_for_khs:
        text = f"Projektet är «{line.get_stage_display()}» och kan inte flyttas till «{to.label}»."
        messages.error(request, text)
        return to_page(order)
    shown = request.POST.get("sett") or project.last.pk
    context = {
        "line": line, "to": to, "form": form, "error": error, "seen": shown,
        "asks": to == Stage.WAITING,
    }  # fmt: skip
    return khs_page(request, "orders/khs_move.html", order, to.label, context, status=status)


class _Stock:
    """What KHS's warehouses have of the article to put, and what of it would be backlog."""

    def __init__(self, *, article: Article, quantity: int, warehouse: Warehouse) -> None:
        self.article, self.quantity, self.warehouse = article, quantity, warehouse
        self.places: list[Balance] = []
        if article.is_stocked:
            known = {row.warehouse_id: row for row in Balance.objects.filter(article=article)}
            central = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL, is_active=True)
            self.places = [
                known.get(place.pk) or Balance(warehouse=place, article=article)
                for place in central
            ]
            for row, place in zip(self.places, central, strict=True):
                row.warehouse = place
        here = next((row for row in self.places if row.warehouse_id == warehouse.pk), None)
        self.expected_on = here.expected_on if here else None
        self.missing = max(0, quantity - here.available) if here else 0

    def told(self, data: QueryDict) -> bool:
        """Whether the user has seen how many would be backlog, and wants it so."""
        return not self.missing or data.get("restnoteras") == str(self.missing)


@roles(KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def put(request: UserRequest, number: str, line_id: int) -> HttpResponse:
    """The real article of a manual line or a project: number, quantity, warehouse.

    «Visa tillgänglighet» shows where it is; what would be backlog is said before it is put on.
    """
    order = find_order(request, number)
    line = _line(order, line_id)
    form = PutForm(initial={"warehouse": line.warehouse.number})
    error, status, stock = "", 200, None
    if request.method == "POST":
        form = PutForm(request.POST)
        status = 422
        seen = request.POST.get("sett", "")
        if form.is_valid():
            stock = _Stock(**form.cleaned_data)
        if stock and (request.POST.get("action") == "visa" or not stock.told(request.POST)):
            status = 200
        elif stock:
            try:
                laid = services.put_article(
                    line,
                    user=request.user,
                    seen=int(seen) if re.fullmatch("[0-9]{1,18}", seen) else 0,
                    **form.cleaned_data,
                )
            except DomainError as fault:
                error = _tell(form, fault)
            else:
                article = form.cleaned_data["article"]
                messages.success(request, f"{article} ligger på beställningen{laid.stock_words}.")
                return to_page(order)
    elif order.has_ended or not line.takes_articles:
        messages.error(request, f"Till {line.article.name} kan ingen artikel läggas nu.")
        return to_page(order)
    # Told once what somebody else has put on, whoever sends again means it.
    seen = "" if error else request.POST.get("sett", "")
    context = {
        "line": line, "form": form, "error": error, "stock": stock,
        "seen": seen or line.put_lines.count(),
    }  # fmt: skip
    return khs_page(
        request, "orders/khs_put.html", order, "Lägg på artikel", context, status=status
    )


@roles(KHS)
@require_POST
def take_off(request: UserRequest, number: str, line_id: int) -> HttpResponse:
    """Takes back an article that KHS has put on."""
    order = find_order(request, number)
    line = _line(order, line_id)
    try:
        services.take_off(line, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, f"{line.article} är borttagen från beställningen.")
    return to_page(order)


def _tell(form: forms.Form, fault: DomainError) -> str:
    """The fault at its field, or for the page."""
    if fault.field in form.fields:
        form.add_error(fault.field, fault.message)
        return ""
    return fault.message
