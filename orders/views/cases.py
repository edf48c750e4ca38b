"""Sent orders: confirmation, page, «Makulera beställning», files."""

import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from articles.prices import Amounts
from organisation import access_log
from organisation.models import Source
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles, signed_in
from recipients import case_blocks
from recipients.case_views import (
    CasePage,
    band_of,
    confirm_cancel,
    crumbs_of,
    events_of,
    facts_of,
    log_case,
    tags_of,
)
from recipients.cases import concerned
from sesam import attachments, case_pages, dialogs
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.standing import standing
from sesam.templatetags.sesam import datum

from .. import khs, progress, promises, services, shown
from ..forms import CaseAddressForm, CaseTextForm, DetailsForm
from ..life import life_line, planned_of
from ..models import LineDelivery, Order, OrderHold, OrderLine, OrderStatus, by_place
from ..shown import OrderRow
from ..slots import order_create
from ..stages import Stage
from .cart import CONFIRMATION, steps


def find_order(request: HttpRequest, number: str) -> Order:
    """The order through what this user may open; another unit's is 404."""
    user = signed_in(request)
    found = _openable(has_role(user, KHS), number=number, user=user.pk)
    if not found:
        raise Http404("order")
    return found[0]


@standing
def _openable(at_khs: bool, *, number: Any, user: Any) -> QuerySet[Order]:
    orders = Order.objects.for_user_of(user, at_khs=at_khs).filter(case_number=number)
    return orders.order_by().select_related(
        "recipient__payer", "destination", "unit", "ordered_by", "prescriber", "delivery_way"
    )


@roles(*CARE)
@require_GET
def confirmation(request: HttpRequest, number: str) -> HttpResponse:
    """«Orderbekräftelse»."""
    order = find_order(request, number)
    log_case(request, order, "Orderbekräftelse")
    rows = _rows(order)
    lines = [row.line for row in rows]
    handed_out = [x for x in lines if x.source == Source.OWN_STORE and x.delivered]
    to_come = [x for x in lines if x.open]
    status = order.get_status_display()
    if handed_out and to_come:
        status = f"{status} hos KHS; det som fanns i förrådet är utlämnat"
    hold = order.holds.filter(released_at=None).first()
    context = {
        "order": order,
        "rows": rows,
        "line_count": sum(not row.line.component_of_id for row in rows),
        "totals": _totals(rows),
        "life": life_line(order, lines, events_of(order), hold),
        "handed_out": handed_out,
        "to_come": to_come,
        "told": _told(request, order),
        "places": list(dict.fromkeys(str(line.warehouse) for line in to_come)),
        "steps": steps(CONFIRMATION),
        "facts": [
            {"label": "Ordertyp", "value": order.get_kind_display()},
            {"label": "Orderdatum", "value": datum(order.sent_at)},
            {"label": "Status", "value": status},
            {"label": "Planerad leverans", "value": planned_of(order, lines)},
        ],
    }
    return render(request, "orders/confirmation.html", context)


def _told(request: HttpRequest, order: Order) -> str:
    """Who gets the messages about the order, begun with whoever reads: «Du och Eva Ek»."""
    whom = concerned(order)
    own = ["Du"] if request.user in whom else []
    names = own + [str(user) for user in whom if user != request.user]
    return " och ".join(names)


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The order's page; with ``?redigera=`` what a protected person's lacks: the address, or where
    it goes nowhere the text."""
    order = find_order(request, number)
    lacks, wanted = _lacks(order), request.GET.get("redigera", "")
    asked = bool(lacks) and wanted == lacks
    if request.method != "POST":
        return _order_page(request, order, form=_form(order, lacks) if asked else None)
    what = "Texten" if wanted == TEXT else "Adressen"
    form = _form(order, wanted, request.POST)
    if not form.is_valid():
        if asked:
            return _order_page(request, order, form=form, status=422)
        return _too_late(request, order, form, f"{what} kan inte skrivas på nytt längre.")
    said = form.cleaned_data
    try:
        if wanted == TEXT:
            services.type_text(order, user=request.user, extra_info=said["extra_info"])
        else:
            services.type_address(order, user=request.user, details=said)
    except DomainError as fault:
        return _too_late(request, find_order(request, number), form, fault.message)
    messages.success(request, f"{what} är sparad för det här ärendet.")
    # More than the block is shown from now on.
    return dialogs.leave(request, reverse("orders:detail", args=[order.case_number]))


ADDRESS, TEXT = "adress", "text"


def _lacks(order: Order) -> str:
    """What has to be written anew of somebody who became protected; empty where nothing has."""
    if order.lacks_address:
        return ADDRESS
    return TEXT if shown.hides_text(order) else ""


def _form(order: Order, block: str, data: QueryDict | None = None) -> DetailsForm:
    return CaseTextForm(data) if block == TEXT else CaseAddressForm(data, order=order)


def _too_late(request: UserRequest, order: Order, form: DetailsForm, why: str) -> HttpResponse:
    """Somebody has written it meanwhile, or it has ended: what was typed is for its writer to read."""
    typed = [] if order.address_masked else case_blocks.texts_of(form)
    return _order_page(request, order, unsaved={"why": why, "typed": typed}, status=409)


def _order_page(
    request: UserRequest,
    order: Order,
    *,
    form: DetailsForm | None = None,
    unsaved: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    log_case(request, order, "Beställning")
    is_khs = has_role(request.user, KHS)
    rows = _rows(order)
    lines = [row.line for row in rows]
    projects = progress.of_lines(lines, masked=order.address_masked)
    waiting = [project for project in projects if project.waits_for_answer]
    may_answer = bool(waiting) and services.may_answer(request.user, order)
    here = reverse("orders:detail", args=[order.case_number])
    lacks = _lacks(order)
    hold = order.holds.filter(released_at=None).first()
    events = events_of(order)
    desk = khs.desk(order, lines, hold) if is_khs else None
    if desk is not None:
        for row in rows:
            row.desk = desk.lines[row.line.pk]
    context = {
        "order": order,
        "rows": rows,
        "line_count": sum(not row.line.component_of_id for row in rows),
        "several_places": len({line.warehouse_id for line in lines}) > 1,
        "projects": projects,
        "waiting": waiting,
        "may_answer": may_answer,
        "khs": desk,
        "totals": _totals(rows),
        "attachments": shown.read_files(order),
        "form": form,
        "edit_url": f"{here}?redigera={ADDRESS}" if lacks == ADDRESS else "",
        "text_url": f"{here}?redigera={TEXT}" if lacks == TEXT else "",
        "leave_url": here,
        "missing": [{"label": "Adress", "value": "Saknas"}],
        "missing_text": [{"label": "Övrig information", "value": "Saknas"}],
        "case": CasePage(
            title=str(order),
            person=band_of(order),
            crumbs=crumbs(order, is_khs=is_khs),
            tags=_tags(order, lines, hold, waiting),
            number=order.case_number,
            facts=_facts(order, lines, number=is_khs),
            events=events,
            life=life_line(order, lines, events, hold),
            note=_note(order, hold, projects, lacks, may_answer=may_answer),
            unsaved=unsaved,
            create=order_create.shown(request, order),
        ),
    }
    return render(request, "orders/detail.html", context, status=status)


def _tags(
    order: Order,
    lines: list[OrderLine],
    hold: OrderHold | None,
    waiting: list[progress.Progress],
) -> list[dict[str, str]]:
    tags = tags_of(order)
    if hold:
        tags.append({"code": "", "label": "Väntar på aktivitet"})
    if waiting:
        tags.append({"code": "", "label": Stage.WAITING.label})
    if khs.is_late(line for line in lines if line.source == Source.CENTRAL):
        tags.append({"code": "", "label": "försenad"})
    return tags


def _waits_for(hold: OrderHold) -> SafeString:
    """«Den väntar på aktivitet 26470188», with the way there."""
    number = hold.case_number
    url = case_pages.url_for(number)
    link = format_html('<a href="{}">{}</a>', url, number) if url else number
    return format_html("Den väntar på aktivitet {}, och kan levereras när den är avslutad.", link)


def _note(
    order: Order,
    hold: OrderHold | None,
    projects: list[progress.Progress],
    lacks: str,
    *,
    may_answer: bool,
) -> dict[str, str | SafeString] | None:
    """The one thing that hinders the order most."""
    if any(project.waits_for_answer for project in projects):
        whose = "ditt" if may_answer else "förskrivarens"
        return {
            "tone": "amber",
            "icon": "file-text",
            "title": f"Offerten väntar på {whose} godkännande",
            "body": "orders/_offer_note.html",
        }
    if hold:
        return {
            "tone": "amber",
            "icon": "lock",
            "title": "Beställningen kan inte levereras än",
            "text": _waits_for(hold),
        }
    if order.status == OrderStatus.CANCELLED:
        return {"tone": "grey", "icon": "ban", "text": "Beställningen är makulerad."}
    if lacks == TEXT:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Texten visas inte",
            "text": "Mottagaren har fått skyddad identitet sedan beställningen skickades. Skriv på"
            " nytt under Övrig information det som KHS behöver veta, utan något som avslöjar var"
            " personen finns. Kommentarer och bilagor visas igen när det är gjort.",
        }
    if lacks == ADDRESS:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Leveransadress saknas",
            "text": "Mottagaren har fått skyddad identitet sedan beställningen skickades. Skriv den"
            " adress som gäller just den här leveransen.",
        }
    if any(project.was_refused for project in projects):
        return {
            "tone": "blue",
            "icon": "info",
            "title": "Offerten är inte godkänd",
            "text": "KHS tar in en ny offert. Behövs ingen, makulera beställningen.",
        }
    return None


def _rows(order: Order) -> list[OrderRow]:
    """The order's lines, components after their aid. A fixed number of queries."""
    found = _lines(order=order.pk)
    for line in found:
        line.order = order
    handed = defaultdict(list)
    for gone in _handed_out(order=order.pk):
        handed[gone.line_id].append(gone)
    lines = shown.components_after(sorted(found, key=by_place))
    known = {} if order.has_ended else promises.outlooks(order, lines, promises.balances(lines))
    rows = []
    for line in lines:
        outlook = known.get(line.pk, promises.Outlook())
        rows.append(
            OrderRow(
                line=line,
                amounts=Amounts(line.list_price, line.rent),
                billing_form=line.billing_form,
                pieces=[x.individual.number for x in handed[line.pk] if x.individual],
                handed=handed[line.pk],
                waits_for=outlook.waits_for,
                new_day=outlook.new_day,
            )
        )
    return rows


@standing
def _lines(*, order: Any) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(order=order).order_by().select_related(
        "article",
        "warehouse",
        "asked_article",
        "put_for__article",
        "billing_form",
        "payer",
        "individual",
        "fitted_to",
    )  # fmt: skip


@standing
def _handed_out(*, order: Any) -> QuerySet[LineDelivery]:
    found = LineDelivery.objects.filter(line__order=order)
    return found.select_related("individual", "delivery")


def _totals(rows: list[OrderRow]) -> dict[str, Decimal]:
    """Without lines that have come to nothing, unless the whole order has."""
    return shown.totals([x for x in rows if x.line.cancelled < x.line.quantity] or rows)


def crumbs(order: Order, *, is_khs: bool = False) -> list[dict[str, str]]:
    """From KHS's queue; else from whom, or which store, it is for."""
    if is_khs:
        return [{"label": "Ordrar", "url": reverse("admin:orders_order_changelist")}]
    if order.recipient is not None:
        return crumbs_of(order.recipient)
    crumbs = [{"label": "Lager", "url": reverse("articles:stores")}]
    if store := order.destination:
        url = reverse("articles:store", args=[store.number])
        crumbs.append({"label": str(store), "url": url})
    return crumbs


def _facts(order: Order, lines: list[OrderLine], *, number: bool) -> list[dict[str, object]]:
    facts: list[dict[str, object]] = []
    if order.recipient:
        facts += facts_of(order.recipient, number=number)
    elif store := order.destination:
        url = reverse("articles:store", args=[store.number])
        facts.append({"label": "Till lager", "value": store, "url": url})
    facts += [
        {"label": "Tjänsteställe", "value": order.unit},
        {"label": "Beställare", "value": order.ordered_by},
        {"label": "Förskrivare", "value": order.prescriber},
        {"label": "Orderdatum", "value": datum(order.sent_at)},
        {"label": "Planerad leverans", "value": planned_of(order, lines)},
    ]
    if not order.is_protected:  # who pays tells the municipality
        payers = dict.fromkeys(str(line.payer) for line in lines if line.payer_id)
        facts.append({"label": "Betalare", "value": ", ".join(payers) or "–"})
    places = {line.warehouse_id: line.warehouse for line in lines}
    if len(places) == 1:
        facts.append({"label": "Från", "value": next(iter(places.values()))})
    if order.delivered_at:
        facts.append({"label": "Utlevererad", "value": datum(order.delivered_at)})
    if order.cancelled_at:
        facts.append({"label": "Makulerad", "value": datum(order.cancelled_at)})
    return facts


@roles(*CARE)
def cancel(request: UserRequest, number: str) -> HttpResponse:
    """«Makulera beställning»: the question, and «Ja, makulera»."""
    order = find_order(request, number)
    hindrance: str = services.why_not_cancel(order, request.user)
    if order.status == OrderStatus.REGISTERED:
        hold = order.holds.filter(released_at=None).first()
        hindrance = _waits_for(hold) if hold else hindrance
    own = order.lines.filter(source=Source.OWN_STORE, delivered__gt=0)
    return confirm_cancel(
        request,
        order,
        page=reverse("orders:detail", args=[order.case_number]),
        template="orders/cancel.html",
        hindrance=hindrance,
        stays="Behåll beställningen",
        cancel=lambda case: services.cancel(case, user=request.user),
        order=order,
        open_count=order.lines.filter(component_of=None, delivered=0).count(),
        own_count=own.filter(component_of=None).count(),
    )


@roles(*CARE)
@require_GET
@gives_file
def attachment(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """A file of the order, to those who may see the order; none where its address is masked."""
    order = find_order(request, number)
    found = get_object_or_404(shown.files(order), key=key)
    log_case(request, order, "Bilaga", action=access_log.Action.DOWNLOAD)
    return attachments.download(found, request.user)
