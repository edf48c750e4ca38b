"""«Meddelanden»: what the portal and KHS have told the user, and what of it comes by e-mail too."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages as flash
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sesam import case_pages, undo
from sesam.models import CaseKind

from . import access_log, mail
from .forms import MailForm
from .messages import archive, mark_read, take_out
from .models import Message, MessageKind
from .permissions import UserRequest, roles
from .slots import message_pages

PAGE, MOST = 20, 1_000
ICONS = {
    MessageKind.DELIVERED: ("truck", "green"),
    MessageKind.BACKLOG: ("hourglass", "amber"),
    MessageKind.OFFER: ("file-text", "amber"),
    MessageKind.ACTIVITY: ("wrench", "blue"),
    MessageKind.DEVIATION: ("message-square", "blue"),
    MessageKind.RECALL: ("triangle-alert", "red"),
    MessageKind.CART: ("shopping-cart", "amber"),
    MessageKind.FOLLOW_UP: ("calendar", "amber"),
    MessageKind.NOTICE: ("megaphone", "blue"),
    MessageKind.ACCOUNT: ("user", "amber"),
    MessageKind.EMERGENCY: ("user", "amber"),
    MessageKind.OTHER: ("mail", "blue"),
}
GO_TO = {
    CaseKind.ORDER: "Gå till beställningsdetaljer",
    CaseKind.ACTIVITY: "Gå till aktivitetsdetaljer",
    CaseKind.PICKUP: "Gå till hämtorderdetaljer",
    CaseKind.DEVIATION: "Gå till avvikelsedetaljer",
    CaseKind.RECALL: "Gå till återkallelsen",
}
#: Which messages the list shows, by its name in the address.
CHOICES = {
    "": ("Alla", Q(archived_at=None)),
    "olasta": ("Olästa", Q(archived_at=None, read_at=None)),
    "arenden": ("Mina ärenden", Q(archived_at=None) & ~Q(kind=MessageKind.NOTICE)),
    "khs": ("Från KHS", Q(archived_at=None, kind=MessageKind.NOTICE)),
    "arkiv": ("Arkiverade", Q(archived_at__isnull=False)),
}
EMPTY = {
    "": "Här står det när något har hänt med dina ärenden, och vad KHS vill berätta.",
    "olasta": "Du har läst allt.",
    "arenden": "Här står det när något har hänt med dina ärenden.",
    "khs": "Här står det som KHS vill berätta för dig.",
    "arkiv": "Ett meddelande som du arkiverar hamnar här.",
}


@dataclass(frozen=True)
class MessageRow:
    """A message of the list. What may tell of somebody isn't there: reading it is a look."""

    message: Message
    url: str
    line: str
    icon: str
    tone: str
    is_open: bool


@roles()
@cache_control(no_store=True, private=True)
@require_GET
def messages(request: UserRequest) -> HttpResponse:
    """The list."""
    return _inbox_page(request, None)


@roles()
@cache_control(no_store=True, private=True)
@require_GET
def message(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """A message beside the list, which is read by being opened; another user's is 404."""
    mine = request.user.messages.select_related("case", "notice__sent_by", "user")
    found = get_object_or_404(mine, key=key)
    mark_read(found)
    request.user.unread = request.user.count_unread()
    return _inbox_page(request, found)


def _inbox_page(request: UserRequest, opened: Message | None) -> HttpResponse:
    name = request.GET.get("visa", "")
    name = name if name in CHOICES else ""
    wanted = request.GET.get("antal", "")[:9]
    shown = min(MOST, int(wanted)) if wanted.isascii() and wanted.isdigit() else PAGE
    shown = max(shown, PAGE)
    mine = request.user.messages.filter(CHOICES[name][1])
    total = mine.order_by()[: MOST + 1].count()
    context: dict[str, Any] = {
        "rows": [_row(request, x, opened) for x in mine.defer("text")[:shown]],
        "count": min(shown, total),
        "total": f"mer än {MOST}" if total > MOST else total,
        "older_url": _here(request, antal=str(shown + PAGE)) if total > shown < MOST else "",
        "chips": _chips(request, name, total),
        "empty": EMPTY[name],
        "message": opened,
        "kept_months": settings.MESSAGES_KEPT_MONTHS,
        "list_url": reverse("messages") + (f"?visa={name}" if name else ""),
    }
    if opened is not None:
        context |= _told(request, opened)
    return render(request, "organisation/messages.html", context)


def _row(request: HttpRequest, message: Message, opened: Message | None) -> MessageRow:
    kind = MessageKind(message.kind)
    icon, tone = ICONS[kind]
    query = {k: v for k, v in request.GET.items() if k in ("visa", "antal")}
    return MessageRow(
        message=message,
        url=reverse("message", args=[message.key]) + (f"?{urlencode(query)}" if query else ""),
        line=kind.label,
        icon=icon,
        tone=tone,
        is_open=opened is not None and opened.pk == message.pk,
    )


def _chips(request: UserRequest, chosen: str, total: int) -> list[dict[str, Any]]:
    counts = {chosen: total, "olasta": request.user.unread}
    here = reverse("messages")
    return [
        {
            "label": label,
            "url": here + (f"?visa={name}" if name else ""),
            "active": name == chosen,
            "count": counts.get(name),
        }
        for name, (label, _) in CHOICES.items()
    ]


def _here(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}"


def _told(request: UserRequest, found: Message) -> dict[str, Any]:
    """What stands beside the list. Where it may tell of somebody, to read it is a look at them."""
    number = found.case_number or ""
    kind = CaseKind(found.case.kind) if found.case else None
    life = case_pages.life_of(kind, number, request.user) if kind else None
    if found.about and (found.text or life):
        access_log.look(request, found.about, "Meddelande", case_number=number)
    page = next((x for x in message_pages.open_to(request, found) if x.name == found.kind), None)
    return {
        "page_url": page.url(request, None) if page else "",
        "page_label": page.label if page else "",
        "life": life,
        "case_url": case_pages.url_of(kind, number) if kind and life else "",
        "case_label": GO_TO.get(kind, "Gå till ärendet") if kind else "",
        "sender": f"{found.notice.sent_by}, KHS" if found.notice else "",
    }


@roles()
@require_POST
def put_away(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Arkivera», which can be undone."""
    found = get_object_or_404(request.user.messages.all(), key=key)
    archive(request.user.messages.filter(pk=found.pk))
    url = reverse("message_take_out", args=[key])
    undo.offer(request, "Meddelandet är arkiverat.", url)
    return redirect("messages")


@roles()
@require_POST
def put_back(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """Out of the archive again."""
    found = get_object_or_404(request.user.messages.all(), key=key)
    take_out(request.user.messages.filter(pk=found.pk))
    flash.success(request, "Meddelandet är tillbaka bland dina meddelanden.")
    return redirect("message", key=key)


@roles()
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mail_choice(request: UserRequest) -> HttpResponse:
    """Which kinds of messages come by e-mail too, and what became of the latest letter."""
    form = MailForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save(request.user)
        flash.success(request, "Ditt val är sparat.")
        return redirect("message_mail")
    context = {
        "form": form,
        "fault": mail.last_fault(request.user),
        "mail_on": mail.is_on(),
        "without_address": not request.user.email and bool(mail.chosen_by(request.user)),
        "crumbs": [
            {"label": "Meddelanden", "url": reverse("messages")},
            {"label": "Meddelanden som e-post"},
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "organisation/mail.html", context, status=status)
