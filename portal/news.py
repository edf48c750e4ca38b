"""«Nyheter» and «Mer information»: what KHS has published, and what is shown once after signing in."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from organisation.permissions import UserRequest, roles, signed_in
from organisation.views import safe_next
from sesam import attachments, dialogs
from sesam.limits import gives_file

from .models import Document, News, NewsRead

SHOWN = 100  # pieces of news on the page, until older ones are asked for
IN_THE_BOX = 3


@roles()
@require_GET
def news(request: UserRequest) -> HttpResponse:
    """All of it in full, newest first; what is older than the page shows comes when asked for."""
    wanted = request.GET.get("antal", "")[:5]
    shown = max(SHOWN, int(wanted) if wanted.isascii() and wanted.isdigit() else 0)
    found = list(News.objects.for_user(request.user)[: shown + 1])
    older = f"?antal={shown + SHOWN}" if len(found) > shown else ""
    return render(request, "portal/news.html", {"news": found[:shown], "older_url": older})


def box(request: HttpRequest, obj: Any) -> dict[str, Any] | None:
    """The latest, for the start page."""
    return {"news": list(News.objects.for_user(signed_in(request))[:IN_THE_BOX])}


def unread_important(request: HttpRequest) -> list[News]:
    user = signed_in(request)
    read = NewsRead.objects.filter(user=user).values("news")
    return list(News.objects.for_user(user).filter(is_important=True).exclude(pk__in=read))


def before_going_on(request: HttpRequest, after: str) -> str:
    """Where somebody who has just signed in comes first, if there is anything important."""
    if not unread_important(request):
        return ""
    return f"{reverse('news_important')}?{urlencode({'next': after}, safe='/')}"


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def important(request: UserRequest) -> HttpResponse:
    """What is important and not read yet; «Fortsätt» goes where one was going."""
    after = safe_next(request)
    found = unread_important(request)
    if request.method == "POST":
        shown = set(request.POST.getlist("visade"))
        NewsRead.objects.bulk_create(
            (NewsRead(user=request.user, news=x) for x in found if str(x.pk) in shown),
            ignore_conflicts=True,  # two tabs
        )
        return dialogs.leave(request, after)
    if not found:
        return HttpResponseRedirect(after)
    return render(request, "portal/news_important.html", {"news": found, "next": after})


@roles()
@require_GET
def documents(request: UserRequest) -> HttpResponse:
    """By heading."""
    found = Document.objects.for_user(request.user).select_related("heading")
    headings = [
        {"name": name, "documents": list(under)}
        for name, under in groupby(found, key=lambda document: document.heading.name)
    ]
    return render(request, "portal/documents.html", {"headings": headings})


@roles()
@require_GET
@gives_file
def document(request: UserRequest, key: uuid.UUID) -> HttpResponseBase:
    """A file; 404 for whom it isn't."""
    found = get_object_or_404(Document.objects.all(), key=key)
    return attachments.download(found, request.user)
