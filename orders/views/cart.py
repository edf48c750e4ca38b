"""The order in progress: its lines, the first step of its checkout."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from organisation.permissions import CARE, UserRequest, roles, signed_in
from sesam import undo
from sesam.errors import DomainError
from sesam.steps import Step, strip

from .. import cart as carts
from .. import preview, promises, rules, saved, shown
from ..models import Cart, CartLine
from ..shown import CartRow, RemovedRow
from . import whose

CART, DELIVERY, CONFIRMATION = "orders:checkout", "orders:delivery", "orders:confirmation"
STEPS = (
    Step(CART, "Beställning"),
    Step(DELIVERY, "Leveransuppgifter"),
    Step(CONFIRMATION, "Orderbekräftelse"),
)


def steps(current: str) -> list[dict[str, str]]:
    """The strip of the checkout. Nothing leads back from an order that is sent, and nothing forward
    to it."""
    back = {} if current == CONFIRMATION else {CART: reverse(CART), DELIVERY: reverse(DELIVERY)}
    return strip(STEPS, current, lambda name: back.get(name, ""))


def rows_of(cart: Cart) -> list[CartRow]:
    """The lines as pages show them: price, payer, what is available, when it can come.

    Components stand right after the line they belong to. A fixed number of queries.
    """
    lines = carts.lines(cart)
    faults = rules.faults(cart.kind, lines)
    found = preview.rows(shown.components_after(lines), lines)
    aids = {row.line.pk: row for row in found}
    for row in found:
        row.aid = aids.get(row.line.component_of_id or 0)
        if row.aid:
            row.aid.parts += 1
        row.fault = faults.get(row.line.pk, "")
        if row.is_own and row.short and not row.fault:
            left = row.line.quantity - row.short
            row.fault = f"Bara {left} st finns kvar i {row.line.warehouse}. Ändra raden."
    return found


def payer_of(cart: Cart) -> str:
    person = cart.recipient
    if person is not None and person.is_protected:
        return "Skyddad"
    payer = (person and person.is_person and person.payer) or cart.unit.payer
    return str(payer)


def _late(rows: list[CartRow]) -> list[CartRow]:
    """What is short, and what waits for that: what is delivered together, an aid's components."""
    short = [row for row in rows if row.short and not row.is_own]
    together = any(row.line.deliver_together for row in short)
    late = [row for row in rows if row in short or (together and row.line.deliver_together)]
    return [row for row in rows if row in late or (row.aid in late and not row.is_own)]


def summary_of(cart: Cart, rows: list[CartRow]) -> dict[str, Any]:
    """What orders/_summary.html says: to whom, what it costs, when it comes."""
    later = _late(rows)
    now = [row for row in rows if row not in later]
    return {
        "totals": shown.totals(rows),
        "payer": payer_of(cart),
        "planned": promises.last(row.planned for row in now or later),
        "comes_later": bool(now and later),
        "some_wait": not all(row.short for row in later),
        "planned_later": promises.last(row.planned for row in later),
    }


def lines_page(
    request: HttpRequest,
    cart: Cart | None,
    *,
    finishing: bool,
    faults: Mapping[int, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The lines of the order: the cart, which is the first step of its checkout. Under the
    checkout's address it is called so (``finishing``)."""
    if cart is None:
        return render(request, "orders/cart.html")
    user = signed_in(request)
    lines = rows_of(cart)
    for row in lines:
        row.fault = (faults or {}).get(row.line.pk) or row.fault
    rows, kept = _with_removed(request, cart, lines)
    context = {
        "cart": cart,
        "person": whose.band(request, cart, "Pågående beställning"),
        "finishing": finishing,
        "lines": lines,
        "line_count": sum(row.aid is None for row in lines),
        "rows": rows,
        "kept": kept,
        "late": [row for row in lines if row.short and not row.is_own],
        "held_up": [row for row in lines if row.waits_for and row.aid is None],
        "steps": steps(CART),
        "templates": saved.offered(user, recipient=cart.recipient, destination=cart.destination),
        "faults": [row for row in lines if row.fault],
        **summary_of(cart, lines),
    }
    return render(request, "orders/cart.html", context, status=status)


@roles(*CARE)
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """«Pågående beställning»: the lines so far."""
    return lines_page(request, carts.of_request(request), finishing=False)


@roles(*CARE)
@require_POST
def remove_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """The red cross on a line."""
    if stop := whose.changed(request, _order_of(request, line_id)):
        return stop
    present = carts.of_request(request)
    gone = None
    if present:
        try:
            gone = carts.remove(present, line_id)
        except carts.Closed:
            return whose.stopped(request, whose.was(request, str(present.token)))
    shown = _shown_removed(request)
    if gone:
        undo.offer(
            request,
            f"Raden med {gone.article.name} är borttagen.",
            reverse("orders:put_back", args=[line_id]),
            borttagen=shown,
            fran=_from(request),
        )
        shown.append(line_id)
    return redirect(_back(request, shown))


@roles(*CARE)
@require_POST
def put_back(request: UserRequest, line_id: int) -> HttpResponse:
    """«Ångra» of a removed line."""
    shown = [pk for pk in _shown_removed(request) if pk != line_id]
    try:
        line = carts.put_back(request.user, line_id)
    except DomainError as fault:
        messages.error(request, fault.message)
        return redirect(_back(request, shown))
    messages.success(request, f"Raden med {line.article.name} är tillbaka.")
    return redirect(f"{_back(request, shown)}#rad-{line_id}")


def _order_of(request: HttpRequest, line_id: int) -> str:
    """The token of the order that the line lies in. One that is gone was taken out of the one in
    progress: a line that was sent or left is still there."""
    present = carts.of_request(request)
    line = CartLine.objects.filter(pk=line_id, cart__user=request.user.pk).select_related("cart")
    found = line.first()
    return str(found.cart.token) if found else str(present.token) if present else ""


@roles(*CARE)
@require_POST
def together(request: HttpRequest, line_id: int) -> HttpResponse:
    """«Samleverans» on or off: the button says which, so that sending it twice is sending it once."""
    if stop := whose.changed(request, _order_of(request, line_id)):
        return stop
    present = carts.of_request(request)
    if present:
        try:
            carts.set_together(present, line_id, on=request.POST.get("samlevereras") == "ja")
        except carts.Closed:
            return whose.stopped(request, whose.was(request, str(present.token)))
        except DomainError as fault:
            messages.error(request, fault.message)
    return redirect(f"{_back(request, _shown_removed(request))}#samleverans-{line_id}")


def _from(request: HttpRequest) -> str:
    asked = request.POST.get("fran") or request.GET.get("fran")
    return "varukorg" if asked == "varukorg" else ""


def _shown_removed(request: HttpRequest) -> list[int]:
    """Which removed lines the page shows, each with its «Ångra»; they go when it is left."""
    typed = request.GET.getlist("borttagen")
    return [int(pk) for pk in typed if pk.isascii() and pk.isdecimal() and len(pk) < 10][:50]


def _back(request: HttpRequest, removed: list[int]) -> str:
    page = reverse("orders:cart" if _from(request) else "orders:checkout")
    return f"{page}?{urlencode({'borttagen': removed}, doseq=True)}" if removed else page


def _with_removed(
    request: HttpRequest, cart: Cart, rows: list[CartRow]
) -> tuple[list[CartRow | RemovedRow], str]:
    """The rows of the page: the lines, and where they stood, the ones that were just removed; and
    the query that keeps these in sight."""
    wanted = _shown_removed(request)
    if not wanted:
        return [*rows], ""
    found = (
        CartLine.with_removed.filter(cart=cart, pk__in=wanted, removed_at__isnull=False)
        .select_related("article", "component_of")
        .order_by("removed_at")
    )
    gone = [x for x in found if x.component_of is None or x.component_of.removed_at is None]
    if not gone:
        return [*rows], ""
    by_id = {row.line.pk: row.line for row in rows}

    def place(row: CartRow | RemovedRow) -> tuple[int, int, bool, int]:
        line = row.line
        main = by_id.get(line.component_of_id, line) if line.component_of_id else line
        return main.position, main.pk, line.component_of_id is not None, line.pk

    query = urlencode({"borttagen": [line.pk for line in gone]}, doseq=True)
    removed = [RemovedRow(line, is_last=line is gone[-1]) for line in gone]
    return sorted([*rows, *removed], key=place), query


@roles(*CARE)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Checkout, first step: «Beställning»."""
    present = carts.of_request(request)
    if present is None:
        return redirect("orders:cart")
    return lines_page(request, present, finishing=True)
