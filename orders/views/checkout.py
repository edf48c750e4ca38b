"""«Leveransuppgifter» and «Skicka beställning»."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reselect, reswap, retarget

from organisation.permissions import CARE, UserRequest, roles
from recipients.case_blocks import PROTECTED
from recipients.whereabouts import PLACE, AddressRule
from sesam import attachments, phones, undo
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.seen import Overtaken

from .. import cart as carts
from .. import services
from ..forms import (
    TEXT,
    AddressForm,
    AttachmentForm,
    DeliveryContactForm,
    DetailsForm,
    RecipientContactForm,
    SendForm,
)
from ..models import Cart
from . import whose
from .cart import DELIVERY, lines_page, rows_of, steps, summary_of

ADDRESS = "adress"


BLOCKS: dict[str, tuple[str, type[DetailsForm]]] = {
    ADDRESS: ("Leveransadress", AddressForm),
    "mottagare": ("Mottagarens kontaktuppgifter", RecipientContactForm),
    "kontakt": ("Kontaktuppgifter avseende leveransen", DeliveryContactForm),
}


@roles(*CARE)
def delivery(request: UserRequest) -> HttpResponse:
    """Checkout, second step: «Leveransuppgifter». POST saves a block, a file, or sends.

    Blocks that are open belong to the one form of the page, so whatever is pressed, what is typed
    in them comes along: it is saved by the block's own «Spara» alone, and else kept.
    """
    present = carts.of_request(request)
    if present is None:
        return _already_sent(request)
    editing = request.GET.get("redigera", "")
    if request.method != "POST":
        if not editing and any(row.fault for row in rows_of(present)):
            # Told before the address is filled in, at the line where it can be put right.
            return redirect("orders:checkout")
        opened = {editing: BLOCKS[editing][1](cart=present)} if editing in BLOCKS else {}
        return _delivery_page(request, present, opened=opened)
    if str(present.token) != request.POST.get("token", ""):
        return _already_sent(request)
    token = present.token
    while present is not None and present.token == token:
        try:
            return _act(request, present, editing)
        except carts.Closed:
            break
        except Overtaken:  # nothing is saved: the form tells what another tab has just written
            present = carts.look_again(request)
    return _already_sent(request)


def _act(request: UserRequest, present: Cart, editing: str) -> HttpResponse:
    """What was pressed. Raises ``carts.Closed`` when another click came first and sent it, and
    ``Overtaken`` when another tab wrote «Övrig information» after ``SendForm`` looked."""
    kept = _open_blocks(request, present, but=editing)
    if present.recipient is not None and present.recipient.is_protected:
        opened = _open_blocks(request, present) | _editing(request, present, editing)
        if not all(block.is_current for block in opened.values()):
            messages.warning(request, PROTECTED)
            return redirect("orders:delivery")
    form = SendForm(request.POST, cart=present)
    if editing in BLOCKS:
        return _save_block(request, present, editing, kept, form)
    if not form.is_valid():
        answer = _delivery_page(request, present, form=form, opened=kept, status=422)
        # A way that was chosen asks for the address alone; what is wrong stands outside of it.
        return retarget(reselect(reswap(answer, "outerHTML"), "#innehall"), "#innehall")
    details = form.details()
    if ADDRESS in kept and details["delivery_way"].address != present.address_of:
        # Another way has another address: what stands in the open block is laid aside.
        if not kept[ADDRESS].is_valid():
            return _delivery_page(
                request, present, form=form, opened=kept, block_error=OPEN_ADDRESS, status=422
            )
        address = kept.pop(ADDRESS)
        seen = address.take_seen()
        details |= address.cleaned_data
        try:
            cart = carts.change(present, details, seen, form.seen)
        except Overtaken as fault:
            return _overtaken(request, {ADDRESS: address, **kept}, ADDRESS, fault)
    else:
        cart = carts.change(present, details, form.seen)
    action = request.POST.get("action", "send")
    if action == "attach":
        return _attach(request, cart, kept)
    if action.startswith("detach:"):
        return _detach(request, cart, action.removeprefix("detach:"), kept)
    if action in ("save", "way"):
        return _on(request, cart, kept)
    if kept:
        return _delivery_page(request, cart, opened=kept, block_error=OPEN_BLOCK, status=422)
    # Chosen, but «Lägg till bilaga» wasn't pressed: it goes along.
    if request.FILES and (wrong := _file_fault(request, cart)):
        return _delivery_page(request, cart, file_form=wrong, status=422)
    if request.POST.get("shown", carts.fingerprint(present)) != carts.fingerprint(cart):
        messages.warning(request, NEW_ADDRESS)
        return redirect("orders:delivery")
    return _send(request, cart)


def _open_blocks(request: HttpRequest, cart: Cart, but: str = "") -> dict[str, DetailsForm]:
    """The blocks that are open, with what is typed in them."""
    return {
        name: BLOCKS[name][1](request.POST, cart=cart)
        for name in request.POST.getlist("open_block")
        if name in BLOCKS and name != but
    }


def _editing(request: HttpRequest, cart: Cart, name: str) -> dict[str, DetailsForm]:
    return {name: BLOCKS[name][1](request.POST, cart=cart)} if name in BLOCKS else {}


OPEN_ADDRESS = "Rätta adressen, eller lämna ändringen, innan du byter leveranssätt."


NEW_ADDRESS = (
    "Beställningen är inte skickad än: leveransadressen har ändrats. Kontrollera den och skicka"
    " sedan."
)


OPEN_BLOCK = "Spara eller lämna ändringen här innan du går vidare."


def _on(request: HttpRequest, cart: Cart, kept: dict[str, DetailsForm]) -> HttpResponse:
    """Something was saved: the page anew, with the blocks that are still open as they were."""
    if kept:
        return _delivery_page(request, cart, opened=kept)
    return redirect("orders:delivery")


def _save_block(
    request: HttpRequest, cart: Cart, name: str, kept: dict[str, DetailsForm], rest: SendForm
) -> HttpResponse:
    form = BLOCKS[name][1](request.POST, cart=cart)
    sent_along = "delivery_way" in request.POST
    if not form.is_valid():
        return _delivery_page(
            request,
            cart,
            opened={name: form, **kept},
            form=rest if sent_along else None,
            status=422,
        )
    seen = form.take_seen()
    details = form.cleaned_data
    if sent_along and rest.is_valid():
        details |= rest.details()
    try:
        saved = carts.change(cart, details, seen, rest.seen)
    except carts.Closed:
        raise
    except Overtaken as fault:
        return _overtaken(request, {name: form, **kept}, name, fault)
    except DomainError as fault:
        return _delivery_page(request, cart, error=fault.message, opened=kept, status=422)
    if sent_along and rest.errors:  # the block is saved; what was typed beside it isn't
        return _delivery_page(request, saved, form=rest, opened=kept, status=422)
    return _on(request, saved, kept)


def _overtaken(
    request: HttpRequest, opened: dict[str, DetailsForm], name: str, fault: Overtaken
) -> HttpResponse:
    """Another tab has changed what the block ``name`` was filled in with: it says so there. Of
    somebody who became protected nothing that was typed is shown."""
    if fault.names == (TEXT,):
        raise fault
    now = carts.look_again(request)
    if now is None:
        raise carts.Closed
    if now.recipient is not None and now.recipient.is_protected:
        messages.warning(request, PROTECTED)
        return redirect("orders:delivery")
    opened[name].tell_overtaken(now)
    return _delivery_page(request, now, opened=opened, status=409)


def _attach(request: UserRequest, cart: Cart, kept: dict[str, DetailsForm]) -> HttpResponse:
    if wrong := _file_fault(request, cart):
        return _delivery_page(request, cart, file_form=wrong, opened=kept, status=422)
    messages.success(request, "Bilagan är tillagd.")
    return _on(request, cart, kept)


def _file_fault(request: UserRequest, cart: Cart) -> AttachmentForm | None:
    """Attach the file that was chosen; the form, where it can't be."""
    form = AttachmentForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            carts.attach(cart, form.cleaned_data["file"], user=request.user)
        except carts.Closed:
            raise
        except DomainError as fault:
            form.add_error("file", fault.message)
        else:
            return None
    return form


def _detach(
    request: HttpRequest, cart: Cart, key: str, kept: dict[str, DetailsForm]
) -> HttpResponse:
    try:
        gone = carts.detach(cart, uuid.UUID(key))
    except ValueError:
        raise Http404("file") from None
    if gone:
        url = reverse("orders:attach_again", args=[gone.key])
        undo.offer(request, f"Bilagan {gone.name} är borttagen.", url)
    return _on(request, cart, kept)


@roles(*CARE)
@require_POST
def attach_again(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Ångra» of a removed file."""
    try:
        found = carts.attach_again(request.user, key)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, f"Bilagan {found.name} är tillbaka.")
    return redirect("orders:delivery")


MISSING = {"label": "Uppgifter", "value": "Saknas"}


FIELD_BLOCK = {"street": ADDRESS, "contact_phone": "kontakt"}


def _send(request: UserRequest, cart: Cart) -> HttpResponse:
    try:
        order = services.send(cart, user=request.user)
    except carts.Closed:
        raise
    except DomainError as fault:
        if fault.line is not None:
            fresh = carts.open_cart(request.user)
            told = {fault.line: fault.message}
            return lines_page(request, fresh, finishing=True, faults=told, status=409)
        return _refused(request, cart, fault)
    return redirect("orders:confirmation", order.case_number)


def _refused(request: HttpRequest, cart: Cart, fault: DomainError) -> HttpResponse:
    block = FIELD_BLOCK.get(fault.field or "")
    if not block:
        return _delivery_page(request, cart, error=fault.message, status=422)
    form = BLOCKS[block][1](BLOCKS[block][1](cart=cart).initial, cart=cart)
    form.is_valid()
    form.add_error(fault.field, fault.message)
    return _delivery_page(request, cart, opened={block: form}, status=422)


def _already_sent(request: HttpRequest) -> HttpResponse:
    """The page's order isn't in progress. Sent twice, it shows what the order became; else it
    says so, with what was typed."""
    if request.method != "POST":
        return redirect("orders:cart")
    before = whose.was(request, request.POST.get("token", ""))
    if before is None:
        return whose.stopped(request, None)
    if before.order and request.POST.get("action", "send") == "send":
        return redirect("orders:confirmation", before.order.case_number)
    typed = [*_open_blocks(request, before).values(), SendForm(request.POST, cart=before)]
    return whose.stopped(request, before, typed=typed)


def _delivery_page(
    request: HttpRequest,
    cart: Cart,
    *,
    opened: dict[str, DetailsForm] | None = None,
    form: SendForm | None = None,
    block_error: str = "",
    file_form: AttachmentForm | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    here = reverse("orders:delivery")
    opened = opened or {}
    protected = cart.recipient is not None and cart.recipient.is_protected
    blocks = []
    for name, (title, make) in BLOCKS.items():
        if name == "mottagare" and cart.recipient is None:
            continue
        fixed = name == ADDRESS and not cart.has_address
        is_open = name in opened and not fixed
        facts: list[dict[str, Any]] = [
            {"label": f.label, "value": f.initial if f.initial is not None else ""}
            for f in make(cart=cart)
            if f.value() and not f.is_hidden
        ]
        missing = {"label": "Adress", "value": f"Ingen: {cart.delivery_way}"} if fixed else MISSING
        written = name == ADDRESS and not fixed and bool(cart.address_lines())
        blocks.append(
            {
                "name": name,
                "title": title,
                "facts": [] if written else facts or [missing],
                "body": "orders/_delivery_address.html" if written else "",
                "edit_label": "Annan adress" if written else "",
                "form": opened.get(name),
                "editing": is_open,
                "edit_url": "" if fixed else f"{here}?redigera={name}",
                "leave_url": here,
                "error": block_error if is_open else "",
            }
        )
    form = form or SendForm(cart=cart)
    rows = rows_of(cart)
    lines = [row for row in rows if row.aid is None]
    context = {
        "cart": cart,
        "person": whose.band(request, cart, "Leveransuppgifter"),
        "form": form,
        "ways": _way_cards(form, cart),
        "contact_cards": _contact_cards(form, cart),
        "rows": rows,
        "from_khs": sum(not row.is_own for row in lines),
        "from_store": sum(row.is_own for row in lines),
        **summary_of(cart, rows),
        "blocks": blocks,
        "place": _place(cart),
        "from_register": _from_register(cart),
        "shown": carts.fingerprint(cart),
        "file_form": file_form or AttachmentForm(),
        "attachments": cart.attachments.filter(dialog_key="", line=None),
        "steps": steps(DELIVERY),
        "protected": protected,
        "error": error,
    }
    return render(request, "orders/checkout_delivery.html", context, status=status)


def _place(cart: Cart) -> str:
    """Whose door the address leads to."""
    if cart.address_of == AddressRule.RECIPIENT:
        return cart.whom
    return str(cart.unit) if cart.address_of == AddressRule.UNIT else ""


def _from_register(cart: Cart) -> bool:
    """Whether the address is the one that the population register gives."""
    if cart.address_of != AddressRule.RECIPIENT or not (
        cart.recipient and cart.recipient.is_person
    ):
        return False
    registered = carts.preset_address(cart, AddressRule.RECIPIENT)
    return all(registered[name] == getattr(cart, name) for name in PLACE)


WAY_ICONS = {
    AddressRule.RECIPIENT: "house",
    AddressRule.UNIT: "users",
    AddressRule.STORE: "warehouse",
    AddressRule.NONE: "package",
}


def _way_cards(form: SendForm, cart: Cart) -> list[dict[str, Any]]:
    """The ways of delivery as choice cards: where each leads, in a line."""
    chosen = str(form["delivery_way"].value() or "")
    cards = []
    for way in form.ways:
        address = carts.preset_address(cart, way.address)
        if way.address == AddressRule.RECIPIENT and cart.recipient and cart.recipient.is_protected:
            where = "Adressen skrivs för den här leveransen"
        else:
            where = ", ".join(filter(None, [address.get("street"), address.get("locality")]))
        cards.append(
            {
                "value": way.pk,
                "label": str(way),
                "text": where,
                "icon": WAY_ICONS[AddressRule(way.address)],
                "checked": str(way.pk) == chosen,
            }
        )
    return cards


def _contact_cards(form: SendForm, cart: Cart) -> list[dict[str, Any]]:
    number = phones.written(cart.contact_mobile or cart.contact_phone)
    chosen = form["contact_prescriber"].value()
    return [
        {
            "value": value,
            "label": label,
            "text": ", ".join(filter(None, [cart.contact_name, number])) if value == "ja" else "",
            "icon": "phone-call" if value == "ja" else "phone-off",
            "checked": value == chosen,
        }
        for value, label in form.CONTACT
    ]


@roles(*CARE)
@require_GET
@gives_file
def attachment(request: UserRequest, key: uuid.UUID) -> FileResponse:
    """A file of the order in progress, to its owner only."""
    present = carts.of_request(request)
    if present is None:
        raise Http404("cart")
    return attachments.download(get_object_or_404(present.attachments, key=key), request.user)
