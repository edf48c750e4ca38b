"""«Meddelanden»: what the portal has told the user."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from sesam import case_pages
from sesam.links import links
from sesam.models import CaseKind
from sesam.status_looks import show_as
from sesam.tables import Column, DateTimeColumn, LinkColumn, StatusColumn, Table

from . import access_log
from .messages import mark_read
from .models import Message
from .permissions import UserRequest, roles

UNREAD, READ = "Oläst", "Läst"
show_as({UNREAD: ("mail", "blue"), READ: ("check", "grey")})


def _page(message: Message) -> str:
    return links("message", sample=message.key)(message.key)


class MessageTable(Table[Message]):
    """The user's own, newest first."""

    columns = (
        LinkColumn("title", "Meddelande", url=_page),
        StatusColumn("state", "Status", lambda m: READ if m.read_at else UNREAD, priority=2),
        Column("case", "Ärende", "case_number", css="code"),
        DateTimeColumn("sent", "Skickat", "sent_at", sort=("sent_at", "id")),
    )
    order = "-sent"
    counted_to = 1_000
    dom_id = "meddelanden"
    caption = "Meddelanden"
    noun = ("meddelande", "meddelanden")
    count_note = "nyast först"
    empty_text = "Inga meddelanden"
    empty_hint = "Här står det när något har hänt med dina ärenden."
    empty_icon = "mail"


@roles()
@cache_control(no_store=True, private=True)
@require_GET
def messages(request: UserRequest) -> HttpResponse:
    """The list."""
    table = MessageTable.fetch(request, request.user.messages.all())
    return render(request, "organisation/messages.html", {"table": table})


@roles()
@cache_control(no_store=True, private=True)
@require_GET
def message(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """A message, which is read by being opened; another user's is 404."""
    found = get_object_or_404(request.user.messages.select_related("case"), key=key)
    mark_read(found)
    request.user.unread = request.user.count_unread()
    number = found.case_number or ""
    if found.about and found.text:
        access_log.look(request, found.about, "Meddelande", case_number=number)
    context = {
        "message": found,
        "crumbs": [{"label": "Meddelanden", "url": reverse("messages")}, {"label": found.title}],
        "case_url": case_pages.url_of(CaseKind(found.case.kind), number) if found.case else "",
    }
    return render(request, "organisation/message.html", context)
