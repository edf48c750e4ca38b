"""«Sparade mallar»: an order or the one in progress saved, and a template's page and dialog."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from articles.stores_views import find_store
from organisation import access_log, stores
from organisation.behalf import units_of, usual_unit
from organisation.models import Unit, User
from organisation.permissions import CARE, UserRequest, roles
from recipients import masking, seen
from recipients.case_views import log_case
from recipients.models import Recipient
from recipients.starting import find_recipient
from sesam import dialogs, undo
from sesam.errors import DomainError
from sesam.form_fields import RecordField, record_choice
from sesam.seen import CarriesSeen, Overtaken

from .. import again, saved
from .. import cart as carts
from ..models import OrderTemplate
from ..saved_tab import TAB
from . import whose
from .again import Bundle, order_bundle
from .cases import find_order
from .whose import TILL

KEY = "nyckel"
EDIT, NAME = "redigera", "mall"


class _UnitField(RecordField[Unit]):
    def label_from_instance(self, obj: Unit) -> str:
        return f"Alla på {obj}"


class TemplateForm(CarriesSeen, forms.Form):
    """A template's name, and whose it is; of one that there is, with what it was filled in with."""

    name = forms.CharField(
        label="Namn",
        max_length=60,
        help_text="Säg vad den innehåller, till exempel «Duschpaket». Inget om mottagaren.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Skriv ett namn.",
            "max_length": "Namnet får vara högst 60 tecken.",
        },
    )
    unit = _UnitField(
        Unit.objects.none(), label="Vem får använda den?", required=False,
        empty_label="Bara jag",
        error_messages={"invalid_choice": "Välj ett av dina tjänsteställen."},
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, user: User, template: OrderTemplate | None = None
    ) -> None:
        initial = {"name": template.name, "unit": template.unit_id} if template else None
        super().__init__(data, initial=initial)
        record_choice(self, "unit").queryset = user.units.filter(is_active=True)
        if template is not None:
            self.carry(template, ("name", "unit"))


# --- saving ---


@roles(*CARE)
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def save_order(request: UserRequest, number: str) -> HttpResponse:
    """«Spara som mall» of a sent order."""
    order = find_order(request, number)
    log_case(request, order, "Spara som mall")
    back = reverse("orders:detail", args=[order.case_number])
    return _save(request, again.lines_of(order), recipient=order.recipient, back=back)


@roles(*CARE)
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def save_cart(request: UserRequest) -> HttpResponse:
    """«Spara som mall» of the order in progress: the one whose lines the dialog showed."""
    cart = carts.of_request(request)
    if cart is not None and cart.recipient is not None:
        access_log.look(request, cart.recipient.key, "Spara som mall")
    if request.method == "POST":
        typed = [TemplateForm(request.POST, user=request.user)]
        if stop := whose.changed(request, request.POST.get(TILL, ""), typed=typed):
            return stop
    if cart is None:
        messages.error(request, "Du har ingen pågående beställning att spara som mall.")
        return dialogs.leave(request, reverse("orders:cart"))
    back = reverse("orders:checkout")
    lines = again.lines_of_cart(cart)
    return _save(request, lines, recipient=cart.recipient, back=back, token=str(cart.token))


def _save(
    request: UserRequest,
    lines: list[again.Once],
    *,
    recipient: Recipient | None,
    back: str,
    token: str = "",
) -> HttpResponse:
    form = TemplateForm(request.POST or None, user=request.user)
    error = "" if lines else "Det finns inga rader att spara."
    if request.method == "POST" and form.is_valid() and not error:
        try:
            template = saved.save(
                request.user, key=_key(request), lines=lines, recipient=recipient,
                **form.cleaned_data,
            )  # fmt: skip
        except DomainError as fault:
            error = _told(form, fault)
        else:
            messages.success(
                request, f"Mallen {template.name} är sparad. Den finns på Min sida, Sparade mallar."
            )
            return dialogs.leave(request, back)
    context = {
        "dialog": {
            "title": "Spara som mall",
            "cancel_url": back,
            "error": error,
            "finish": "Spara mallen" if lines else "",
        },
        "form": form,
        "key": request.POST.get(KEY) or uuid.uuid4(),
        "token": token,
        "lines": lines,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "orders/save_template.html", context, status=status)


def _key(request: HttpRequest) -> uuid.UUID:
    """What the dialog was opened with: a form that is sent twice saves once."""
    try:
        return uuid.UUID(request.POST.get(KEY, ""))
    except ValueError:
        return uuid.uuid4()


def _told(form: forms.Form, fault: DomainError) -> str:
    """What belongs to no field of the form."""
    if fault.field and fault.field in form.fields:
        form.add_error(fault.field, fault.message)
        return ""
    return fault.message


# --- a template's page ---


def _find(request: UserRequest, key: uuid.UUID) -> OrderTemplate:
    found = saved.open_to(request.user).filter(key=key).first()
    if found is None:
        raise Http404("template")
    return found


@roles(*CARE)
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """The page: what it holds, held against today's catalogue, and to whom it can be ordered; with
    ``?redigera=mall`` its name, and the POST of that."""
    found = _find(request, key)
    here = reverse("orders:template", args=[found.key])
    if request.method != "POST":
        form = None
        if request.GET.get(EDIT) == NAME:
            form = TemplateForm(user=request.user, template=found)
        return _template_page(request, found, form, 200)
    form = TemplateForm(request.POST, user=request.user, template=found)
    if form.is_valid():
        seen = form.take_seen()
        try:
            saved.change(found, user=request.user, seen=seen, **form.cleaned_data)
        except Overtaken:
            found = _find(request, key)
            form.tell_overtaken(found)
            return _template_page(request, found, form, 409)
        except DomainError as fault:
            if error := _told(form, fault):
                form.add_error(None, error)
        else:
            messages.success(request, "Mallen är ändrad.")
            return redirect(here)
    return _template_page(request, found, form, 422)


def _template_page(
    request: UserRequest, found: OrderTemplate, form: TemplateForm | None, status: int
) -> HttpResponse:
    unit = usual_unit(request.user, units_of(request.user))
    lines = saved.lines_of(found, recipient=None, chosen=False)
    cart = carts.of_request(request)
    here = reverse("orders:template", args=[found.key])
    context = {
        "template": found,
        "form": form,
        "editing": form is not None,
        "facts": [
            {"label": "Namn", "value": found.name},
            {"label": "Får användas av", "value": found.whose},
            {"label": "Sparad av", "value": found.owner},
        ],
        "edit_url": f"{here}?{EDIT}={NAME}",
        "leave_url": here,
        "lines": again.check(lines, unit=unit, recipient=None, destination=None) if unit else [],
        "cart": cart,
        "people": seen.seen_today(request.user),
        "stores": stores.own_stores(request.user),
        "crumbs": [
            {"label": "Min sida", "url": reverse("my_page")},
            {"label": "Sparade mallar", "url": f"{reverse('my_page')}?flik={TAB}"},
        ],
    }
    return render(request, "orders/template.html", context, status=status)


@roles(*CARE)
@require_POST
def remove(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Ta bort»: for a day it can be put back."""
    found = saved.find(request.user, key)
    if found is not None and saved.remove(found, user=request.user):
        url = reverse("orders:put_template_back", args=[key])
        undo.offer(request, f"Mallen {found.name} är borttagen.", url)
    else:
        messages.error(request, "Mallen finns inte längre.")
    return redirect(f"{reverse('my_page')}?flik={TAB}")


@roles(*CARE)
@require_POST
def put_back(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Ångra» of a removed template."""
    try:
        found = saved.put_back(request.user, key)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, f"Mallen {found.name} är tillbaka.")
    return redirect(f"{reverse('my_page')}?flik={TAB}")


# --- using it ---


@roles(*CARE)
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def to_recipient(request: UserRequest, key: uuid.UUID, template: uuid.UUID) -> HttpResponse:
    """The template's lines, to order to a recipient."""
    recipient = find_recipient(request, key)
    found = _find(request, template)
    access_log.look(request, recipient.key, "Beställning från mall")
    bundle = Bundle(
        title=f"Beställ {found.name}",
        whom=masking.shown(recipient),
        cancel_url=reverse("recipients:detail", args=[recipient.key]),
        lines=lambda: saved.lines_of(found, recipient=recipient),
        recipient=recipient,
        destination=None,
        unit=None,
    )
    return order_bundle(request, bundle)


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def to_store(request: UserRequest, number: str, template: uuid.UUID) -> HttpResponse:
    """The template's lines, to order to an own store."""
    store = find_store(request, number)
    found = _find(request, template)
    bundle = Bundle(
        title=f"Beställ {found.name}",
        whom={"name": str(store)},
        cancel_url=reverse("articles:store", args=[store.number]),
        lines=lambda: saved.lines_of(found, recipient=None),
        recipient=None,
        destination=store,
        unit=None,
    )
    return order_bundle(request, bundle)
