"""The start page and its search box."""

from __future__ import annotations

import re

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from articles import search as articles
from individuals import search as individuals
from organisation.permissions import CARE, has_role, roles
from recipients import views as recipients
from recipients.models import Recipient
from sesam import case_pages, personal_numbers, places

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212+]")


class BoxForm(forms.Form):
    """The box takes anything: what it is, is seen by what was typed."""

    q = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Skriv ett nummer eller ett ord att söka på.",
            "max_length": "Sökningen är för lång. Skriv högst 200 tecken.",
            "null_characters_not_allowed": "Sökningen har tecken som inte går att söka på.",
        },
    )


@roles()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The start page; a POST from its box goes on to what was asked for.

    Sent by POST, since it may be a personal number. Roles that look nobody up have no box.
    """
    if not has_role(request.user, *CARE):
        return render(request, "portal/start_other.html")
    if request.method != "POST":
        return _page(request, BoxForm(), 200)
    form = BoxForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    typed = form.cleaned_data["q"]
    if number := _recipients_number(typed):
        return _to_recipients(request, number)
    if url := _case(typed):
        return HttpResponseRedirect(url)
    found = [thing for thing in (_article(typed), _individual(typed)) if thing]
    if len(found) > 1:
        return _page(request, form, 200, found=found)
    if found:
        return HttpResponseRedirect(found[0]["url"])
    if not articles.long_enough(articles.words_of(typed)):
        form.add_error("q", "Skriv minst tre tecken.")
        return _page(request, form, 422)
    return HttpResponseRedirect(f"{reverse('articles:search')}?{urlencode({'q': typed})}")


def _digits(typed: str) -> str:
    """The digits of a number, or nothing if there is anything else in it."""
    digits = _BETWEEN.sub("", typed)
    return digits if digits.isascii() and digits.isdigit() else ""


def _recipients_number(typed: str) -> str:
    """A person's number, right or wrong; or a care unit's, unless it is rather an article's."""
    digits = _digits(typed)
    if personal_numbers.looks_personal(typed) or len(digits) >= 10:
        return typed
    if len(digits) != 4:
        return ""
    care_units = Recipient.objects.filter(kind=Recipient.Kind.CARE_UNIT, number=digits)
    return digits if care_units.exists() or not articles.exact(digits) else ""


def _case(typed: str) -> str | None:
    digits = _digits(typed)
    return case_pages.url_for(digits) if len(digits) in (8, 9) else None


def _article(typed: str) -> dict[str, str] | None:
    number = articles.exact(typed)
    url = number and reverse("articles:detail", args=[number])
    return {"label": f"Artikel {number}", "icon": "package", "url": url} if url else None


def _individual(typed: str) -> dict[str, str] | None:
    """A piece by its number; an old number leads to the piece too."""
    number = individuals.exact(typed)
    url = number and reverse("individuals:detail", args=[number])
    return {"label": f"Individ {number}", "icon": "tag", "url": url} if url else None


def _to_recipients(request: HttpRequest, typed: str) -> HttpResponse:
    """The recipient search answers, in this very request: the number comes into no address."""
    post = request.POST.copy()
    post["nummer"] = typed
    request.POST = post
    return recipients.search(request)


def _page(
    request: HttpRequest, form: BoxForm, status: int, *, found: list[dict[str, str]] | None = None
) -> HttpResponse:
    """``found``: the things that the number names, when it names several."""
    boxes = [
        {"template": entry.extra["template"], "side": entry.extra.get("side", False),
         "content": entry.extra["build"](request)}
        for entry in places.entries("start.box", request)
    ]  # fmt: skip
    context = {
        "form": form,
        "found": found,
        "main": [box for box in boxes if not box["side"]],
        "side": [box for box in boxes if box["side"]],
    }
    return render(request, "portal/start.html", context, status=status)
