"""Finding a recipient, and the recipient's page."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organisation import access_log
from organisation.permissions import CARE, UserRequest, roles
from sesam import personal_numbers, phones, undo
from sesam.documents import download
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.templatetags.sesam import mejl

from . import contact, documents, masking, seen, services
from .forms import DetailsForm, NumberForm, ProtectedForm
from .models import Recipient
from .slots import recipient_buttons, recipient_create, recipient_now, recipient_tabs
from .starting import find_recipient

EDIT = "redigera"
DETAILS = "uppgifter"
no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: UserRequest) -> HttpResponse:
    """The search box, and what it finds. The number comes by POST and goes no further."""
    if request.method != "POST":
        return _search_page(request, NumberForm(), 200)
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _search_page(request, form, 422)
    try:
        return go_to(request, form.cleaned_data["nummer"])
    except DomainError as error:
        form.add_error(personal_numbers.FIELD, error.message)
        return _search_page(request, form, status_of(error))


def go_to(request: UserRequest, typed: str) -> HttpResponseRedirect:
    """On to the page of whom the typed number is. Raises ``DomainError``, which belongs at the box
    that it was typed in and is answered with ``status_of``: the number goes no further."""
    found = services.find(request.user, typed)
    if not found.register_answered:
        messages.warning(
            request,
            "Folkbokföringsregistret svarar inte just nu. Du ser det som portalen redan vet;"
            " namn och adress kan ha ändrats.",
        )
    return redirect("recipients:detail", found.recipient.key)


_STATUS_OF_FAULT: dict[type[DomainError], int] = {
    services.TooManySearches: 429,
    services.RegisterUnavailable: 503,
}


def status_of(error: DomainError) -> int:
    """What a search that found nobody is answered with."""
    return _STATUS_OF_FAULT.get(type(error), 422)


def _search_page(request: HttpRequest, form: NumberForm, status: int) -> HttpResponse:
    context = {"form": form, "seen": seen.box(request)}
    return render(request, "recipients/search.html", context, status=status)


@roles(*CARE)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """The recipient's page; with ``?redigera=uppgifter`` the block that is edited, and its POST."""
    recipient = find_recipient(request, key)
    if request.method == "POST":
        return _save(request, recipient)
    form = None
    if request.GET.get(EDIT) == DETAILS and not recipient.is_anonymised:
        make = ProtectedForm if recipient.is_protected else DetailsForm
        was = {"version": recipient.version, "contact_was": recipient.contact_prescriber}
        form = make(instance=recipient, initial=was)
    return _recipient_page(request, recipient, form=form)


def _save(request: UserRequest, recipient: Recipient) -> HttpResponse:
    make = ProtectedForm if recipient.is_protected else DetailsForm
    form = make(request.POST, instance=Recipient(pk=recipient.pk))
    if recipient.is_protected and any(name in request.POST for name in services.EDITABLE):
        # Refused before anything of it is looked at; the service says the same.
        return _recipient_page(request, recipient, note=_refusal(request, recipient), status=403)
    if not form.is_valid():
        return _recipient_page(request, recipient, form=form, status=422)
    try:
        saved = services.change_details(
            recipient,
            user=request.user,
            version=form.cleaned_data["version"],
            values=form.values(),
        )
    except services.Stale as stale:
        form.data = _as_of(request.POST, stale.current)
        form.add_error(None, stale.message)
        return _recipient_page(request, stale.current, form=form, status=409, now=stale.current)
    except DomainError as error:
        return _recipient_page(
            request, find_recipient(request, recipient.key), note=error.message, status=403
        )
    messages.success(request, "Uppgifterna är sparade.")
    was = form.cleaned_data["contact_was"]
    if was is None:
        was = recipient.contact_prescriber
    if saved.contact_prescriber != was:
        undo.offer(
            request,
            f"{contact.WORDS[saved.contact_prescriber]}.",
            reverse("recipients:undo_contact", args=[recipient.key]),
            till=contact.YES if was else contact.NO,
            version=saved.version,
            flik=request.GET.get("flik", ""),
        )
    return redirect(_here(request, without=EDIT))


def _refusal(request: UserRequest, recipient: Recipient) -> str:
    try:
        services.change_details(recipient, user=request.user, version=recipient.version, values={})
    except DomainError as error:
        return error.message
    return ""


@roles(*CARE)
@no_store
@require_POST
def undo_contact(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Ångra» of the contact switch: says what it shall be again, and what was saved then."""
    recipient = find_recipient(request, key)
    version = request.GET.get("version", "")
    tab = request.GET.get("flik", "")
    known = {entry.name for entry in recipient_tabs}
    try:
        services.undo_contact(
            recipient,
            user=request.user,
            contact=request.GET.get("till") == contact.YES,
            version=int(version) if re.fullmatch("[0-9]{1,9}", version) else -1,
        )
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        words = contact.WORDS[request.GET.get("till") == contact.YES]
        messages.success(request, f"Ändringen är ångrad. {words}.")
    return redirect(
        reverse("recipients:detail", args=[key]) + (f"?flik={tab}" if tab in known else "")
    )


@roles(*CARE)
@no_store
@require_safe
def information(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """«Mottagarinformation»: which document? Shows nothing of the recipient."""
    page = reverse("recipients:detail", args=[find_recipient(request, key).key])
    choices = [
        {"kind": documents.ALL, "url": reverse("recipients:aid_list", args=[key])},
        {"kind": documents.PRESCRIBED, "url": reverse("recipients:prescribed_list", args=[key])},
    ]
    dialog = {"title": "Mottagarinformation", "cancel_url": page}
    context = {"dialog": dialog, "choices": choices}
    return render(request, "recipients/information.html", context)


@roles(*CARE)
@require_safe
@gives_file
def aid_list(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """«Hjälpmedelslista» as PDF."""
    return _document(request, key, documents.ALL)


@roles(*CARE)
@require_safe
@gives_file
def prescribed_list(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """«Hjälpmedelslista enbart förskrivna hjälpmedel» as PDF."""
    return _document(request, key, documents.PRESCRIBED)


def _document(request: HttpRequest, key: uuid.UUID, kind: documents.Kind) -> HttpResponse:
    recipient = find_recipient(request, key)
    content = documents.aid_list(request, recipient, kind)
    access_log.look(request, recipient.key, kind.title, action=access_log.Action.DOWNLOAD)
    return download(kind.file, content)


def _recipient_page(
    request: HttpRequest,
    recipient: Recipient,
    *,
    form: DetailsForm | None = None,
    note: str = "",
    status: int = 200,
    now: Recipient | None = None,
) -> HttpResponse:
    access_log.look(request, recipient.key)
    tabs, opened = recipient_tabs.opened(request, recipient)
    content = opened.build(request, recipient)
    if isinstance(content, HttpResponse):
        return content
    shown, gone = masking.shown(recipient), recipient.is_anonymised
    context: dict[str, Any] = {
        "recipient": shown,
        "tabs": tabs,
        "content": content,
        "now": recipient_now.told(request, recipient),
        "buttons": [] if gone else recipient_buttons.shown(request, recipient),
        "create": [] if gone else recipient_create.shown(request, recipient),
        "gone": gone,
        "form": form,
        "editing": form is not None,
        "edit_url": _here(request, redigera=DETAILS),
        "contact": shown.contact_prescriber,
        # Else the band says it, beside what else there is to say of them.
        "contact_body": f"recipients/_{'contact' if shown.is_protected else 'details'}.html",
        "leave_url": _here(request, without=EDIT),
        "note": note,
        "current": masking.shown(now) if now else None,
        "details": _facts(shown),
        **_folded(shown),
        "deceased_text": f"Avliden {shown.deceased_on}. Det går inte att beställa något nytt, men"
        " retur och hämtning går som vanligt.",
        "store_title": f"Vårdenheten står för förrådet {shown.store}",
    }
    if status == 200:
        status = content.status
    return render(request, "recipients/detail.html", context, status=status)


def _facts(shown: masking.ShownRecipient) -> list[dict[str, Any]]:
    """The block «Kontaktuppgifter»; nothing but what ``shown`` lets through."""
    if shown.is_protected:
        return []
    calls = [
        format_html('<a href="tel:{}">{}</a>', _dialled(phone), phones.written(phone))
        for phone in (shown.mobile, shown.phone)
        if phone
    ]
    email = (
        format_html('<a href="mailto:{}">{}</a>', shown.email, mejl(shown.email))
        if shown.email
        else ""
    )
    return [
        _fact("Adress", _lines(shown.address_lines), lock=shown.is_person),
        _fact("Telefon", _lines(calls)),
        _fact("E-post", email),
        _fact("Port", shown.door_code),
        _fact("Leveransanvisning", shown.instructions),
    ]


def _fact(label: str, value: str, *, lock: bool = False) -> dict[str, Any]:
    """With all that its template asks for: to miss something costs it more than to draw it."""
    return {"label": label, "value": value, "lock": lock, "code": False, "url": ""}


def _folded(shown: masking.ShownRecipient) -> dict[str, str]:
    """What is left of the block where it is folded, on a phone."""
    if shown.is_protected:
        return {}
    extra = [shown.door_code and f"Port {shown.door_code}"]
    extra.append(shown.instructions and "leveransanvisning finns")
    return {
        "where": ", ".join(shown.address_lines) or "Ingen adress",
        "extra": " · ".join(filter(None, extra)),
        "call": _dialled(shown.mobile or shown.phone),
    }


def _dialled(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit() or c == "+")


def _lines(parts: list[Any]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((part,) for part in parts))


def _here(request: HttpRequest, without: str = "", **changes: str) -> str:
    """This page's address with something in its query changed; an open panel is closed."""
    query = request.GET.copy()
    for name in (without, "panel", "panelflik"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return request.path + (f"?{query.urlencode()}" if query else "")


def _as_of(data: QueryDict, current: Recipient) -> QueryDict:
    """What was typed, in a form that is filled from what stands now."""
    changed = data.copy()
    changed["version"] = str(current.version)
    changed["contact_was"] = contact.YES if current.contact_prescriber else contact.NO
    return changed
