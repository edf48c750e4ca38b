"""«Min sida»: who one is here, where one works, and one's own cases."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from orders import cart as carts
from organisation import mail
from organisation.behalf import choose_unit, units_of
from organisation.forms import CHOICES, ContactForm, UnitSettingsForm
from organisation.models import Source, Unit, User
from organisation.permissions import CARE, UserRequest, has_role, roles
from organisation.slots import my_create, my_now, my_tabs
from recipients.mine import WHOSE, names_recipients
from sesam import panels, phones, undo
from sesam.errors import DomainError

EDIT = "redigera"
CONTACT, SETTINGS = "kontakt", "installningar"
MOST_UNITS = 4  # that are one tap away; whoever works at more chooses in the list


@roles()
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def my_page(request: UserRequest) -> HttpResponse:
    """The page; with ``?redigera=`` the block that is edited, and its POST."""
    asked = request.GET.get(EDIT)
    if asked == SETTINGS and not has_role(request.user, *CARE):
        asked = None  # only who orders has any
    if request.method != "POST":
        return _my_page(request, asked, _empty(request.user, asked), 200)
    if asked == CONTACT:
        contact = ContactForm(request.POST, instance=User(pk=request.user.pk))
        if not contact.is_valid():
            return _my_page(request, asked, contact, 422)
        contact.write(request.user)
        said = "Dina kontaktuppgifter är sparade."
        if not contact.cleaned_data["email"] and mail.chosen_by(request.user):
            said += " Utan e-postadress kommer inga meddelanden som e-post."
        messages.success(request, said)
    elif asked == SETTINGS:
        settings = UnitSettingsForm(request.POST, user=request.user)
        if not settings.is_valid():
            return _my_page(request, asked, settings, 422)
        try:
            settings.save(request.user)
        except DomainError as fault:
            settings.add_error(fault.field, fault.message)
            return _my_page(request, asked, settings, 422)
        said = "Dina inställningar är sparade."
        messages.success(request, said + _stays(request, settings.cleaned_data["unit"]))
    return redirect(_here(request, without=EDIT))


@roles(*CARE)
@require_POST
def switch_unit(request: UserRequest) -> HttpResponse:
    """«Byt till …»: another of one's units is the active one, which can be undone."""
    user = request.user
    wanted = request.POST.get("unit") or request.GET.get("unit", "")
    known = re.fullmatch("[0-9]{1,18}", wanted)
    unit = units_of(user).filter(pk=wanted).first() if known else None
    before = user.default_unit_id
    try:
        if unit is not None:
            choose_unit(user, unit)
    except DomainError:  # taken from them just now
        unit = None
    if unit is None:
        messages.error(request, "Du arbetar inte längre på det tjänstestället. Inget är bytt.")
    elif unit.pk != before:
        said = f"Ditt tjänsteställe är nu {unit}.{_stays(request, unit)}"
        if before is None:
            messages.success(request, said)
        else:
            undo.offer(request, said, reverse("switch_unit"), unit=before)
    return redirect("my_page")


def _stays(request: UserRequest, unit: Unit) -> str:
    """That an order in progress stays where it was begun, where that isn't ``unit``."""
    cart = carts.of_request(request)
    if cart is None or cart.unit_id == unit.pk:
        return ""
    return f" Din pågående beställning ligger kvar på {cart.unit}."


def _empty(user: User, asked: str | None) -> forms.BaseForm | None:
    if asked == CONTACT:
        return ContactForm(instance=user)
    return UnitSettingsForm(user=user) if asked == SETTINGS else None


def _my_page(
    request: UserRequest, asked: str | None, form: forms.BaseForm | None, status: int
) -> HttpResponse:
    user = request.user
    context: dict[str, Any] = {
        "form": form,
        "editing": asked if form else None,
        "contact": _contact(user),
        "contact_url": _here(request, redigera=CONTACT),
        "leave_url": _here(request, without=EDIT),
        "now": my_now.told(request, user),
        "create": my_create.shown(request, user),
    }
    if has_role(user, *CARE):
        context |= {
            "settings": _settings(request),
            "settings_url": _here(request, redigera=SETTINGS),
        }
    if my_tabs.open_to(request, user):
        tabs, opened = my_tabs.opened(request, user)
        content = opened.build(request, user)
        if isinstance(content, HttpResponse):
            return content
        names = names_recipients(request)
        context |= {
            "tabs": tabs,
            "content": content,
            "names": names,
            "names_url": _here(request, without=WHOSE if names else "", **_toggled(names)),
        }
        status = content.status if status == 200 else status
    return render(request, "portal/my_page.html", context, status=status)


def _toggled(names: bool) -> dict[str, str]:
    return {} if names else {WHOSE: "1"}


def _contact(user: User) -> list[dict[str, Any]]:
    name = f"{user}, {user.title.lower()}" if user.title else str(user)
    return [
        {"label": "Namn", "value": name},
        {"label": "Adress", "value": _lines(user.address_lines())},
        {"label": "Telefon", "value": phones.written(user.phone)},
        {"label": "Mobil", "value": phones.written(user.mobile)},
        {"label": "E-post", "value": user.email},
    ]


def _settings(request: UserRequest) -> list[dict[str, Any]]:
    user = request.user
    units = Unit.objects.select_related("payer", "delivering_warehouse")
    theirs = list(units.filter(Q(pk=user.default_unit_id) | Q(users=user)).distinct())
    unit = next((one for one in theirs if one.pk == user.default_unit_id), None)
    others = [one for one in theirs if one != unit and one.is_active]
    stores = unit.own_stores.filter(is_active=True) if unit else []
    return [
        {"label": "Tjänsteställe", "value": _unit_and_others(request, unit, others)},
        {"label": "Betalare", "value": unit and unit.payer},
        {"label": "Levererande lager", "value": unit and unit.delivering_warehouse},
        {"label": "Eget förråd", "value": _lines([str(store) for store in stores])},
        {"label": "Förval", "value": CHOICES.get(Source(user.default_source))
         if user.default_source else ""},
    ]  # fmt: skip


def _unit_and_others(request: UserRequest, unit: Unit | None, others: list[Unit]) -> str:
    """The active unit, and the user's others, each one tap away."""
    context = {"unit": unit, "others": others if len(others) <= MOST_UNITS else []}
    # Without the request, which would gather the whole bar once more for this one line.
    return render_to_string("portal/_unit.html", context | {"csrf_token": get_token(request)})


def _lines(parts: list[str]) -> str:
    return format_html_join(mark_safe("<br>"), "{}", ((part,) for part in parts))


def _here(request: HttpRequest, without: str = "", **changes: str) -> str:
    """This page's address with something in its query changed; an open panel is closed."""
    query = request.GET.copy()
    for name in (without, panels.PANEL, panels.TAB):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return request.path + (f"?{query.urlencode()}" if query else "")
