"""The start page and its search box."""

from __future__ import annotations

import re

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from articles import search as articles
from articles.slots import carried, where_typed
from individuals import search as individuals
from organisation.permissions import CARE, UserRequest, has_role, roles
from recipients import views as recipients
from recipients.models import Recipient
from sesam import case_pages, personal_numbers
from sesam.dialogs import leave
from sesam.errors import DomainError
from sesam.models import CaseKind, CaseNumber
from sesam.slots import start_boxes

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212+]")


class BoxForm(forms.Form):
    """The box takes anything: what it is, is seen by what was typed."""

    q = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Skriv ett nummer eller ett ord att söka på.",
            "max_length": "Sökningen är för lång. Skriv högst 200 tecken.",
        },
    )


@roles()
@recipients.no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: UserRequest) -> HttpResponse:
    """The start page; a POST from its box goes on to what was asked for.

    Sent by POST, since it may be a personal number. What is wrong stands at the box, on this page,
    with what was typed; by htmx when the box was opened on another page (Ctrl K). Roles that look nobody up have no box.
    """
    if not has_role(request.user, *CARE):
        boxes = start_boxes.drawn(request)
        return render(request, "portal/start_other.html", {"boxes": boxes})
    if request.method != "POST":
        return _start_page(request, BoxForm(), 200)
    form = BoxForm(request.POST)
    if not form.is_valid():
        return _start_page(request, form, 422)
    typed = form.cleaned_data["q"]
    if number := _recipients_number(typed):
        try:
            return leave(request, recipients.go_to(request, number).url)
        except DomainError as error:
            form.add_error("q", error.message)
            return _start_page(request, form, recipients.status_of(error))
    if url := _case(request, typed):
        return leave(request, url)
    found = [thing for thing in (_article(request, typed), _individual(typed)) if thing]
    if len(found) > 1:
        return _start_page(request, form, 200, found=found)
    if found:
        return leave(request, found[0]["url"])
    if number := _case_number(typed):
        form.add_error("q", no_case(number))
        return _start_page(request, form, 422, lists=_lists_with(typed))
    if not articles.long_enough(articles.words_of(typed)):
        form.add_error("q", "Skriv minst tre tecken.")
        return _start_page(request, form, 422)
    lists = _lists_with(typed) if _is_a_code(typed) else []
    if len(lists) > 1:
        return _start_page(request, form, 200, lists=lists)
    return leave(request, lists[0]["url"] if lists else _article_search(typed))


def digits_of(typed: str) -> str:
    """The digits of a number, or nothing if there is anything else in it."""
    digits = _BETWEEN.sub("", typed)
    return digits if digits.isascii() and digits.isdigit() else ""


def _recipients_number(typed: str) -> str:
    """A person's number, right or wrong; or a care unit's, unless it is rather an article's."""
    digits = digits_of(typed)
    if personal_numbers.looks_personal(typed) or len(digits) >= 10:
        return typed
    if len(digits) != 4:
        return ""
    care_units = Recipient.objects.filter(kind=Recipient.Kind.CARE_UNIT, number=digits)
    return digits if care_units.exists() or not articles.exact(digits) else ""


def _case_number(typed: str) -> str:
    """A case number by its looks: eight digits, nine after the week's 9999th."""
    digits = digits_of(typed)
    return digits if len(digits) in (8, 9) else ""


def _case(request: UserRequest, typed: str) -> str | None:
    """The page of a case that the user may open; whether there is one of another unit is not
    told."""
    number = _case_number(typed)
    found = case_pages.open_to(request.user, [number]) if number else []
    return found[0].url if found else None


def no_case(number: str) -> str:
    elsewhere = CaseNumber.objects.filter(pk=number, kind=CaseKind.ELSEWHERE)
    if elsewhere.exists():
        return f"Ärende {number} finns i ett annat system och kan inte öppnas här."
    return f"Inget ärende har numret {number}. Ett annat tjänsteställes ärende kan du inte öppna."


def _article(request: HttpRequest, typed: str) -> dict[str, str] | None:
    """An article by its number, as the article search finds it."""
    number = articles.exact(typed)
    if not number:
        return None
    url = where_typed(request, number) or reverse("articles:detail", args=[number])
    return {"label": f"Artikel {number}", "icon": "package", "url": url}


def _individual(typed: str) -> dict[str, str] | None:
    """A piece by its number; an old number leads to the piece too."""
    number = individuals.exact(typed)
    url = number and reverse("individuals:detail", args=[number])
    return {"label": f"Individ {number}", "icon": "tag", "url": url} if url else None


def _article_search(typed: str) -> str:
    return f"{reverse('articles:search')}?{urlencode({'q': typed})}"


def _is_a_code(typed: str) -> bool:
    """A part of a number, rather than words."""
    return any(c.isdigit() for c in typed) and " " not in typed


def _lists_with(typed: str) -> list[dict[str, str]]:
    """The lists where something has what was typed: a supplier's number, a part of a piece's."""
    found = []
    if articles.any_with(typed):
        found.append({"label": "Visa artiklar med", "url": _article_search(typed)})
    if individuals.any_with(typed):
        url = f"{reverse('individuals:search')}?{urlencode({'q': typed})}"
        found.append({"label": "Visa individer med", "url": url})
    return found


def _start_page(
    request: HttpRequest,
    form: BoxForm,
    status: int,
    *,
    found: list[dict[str, str]] | None = None,
    lists: list[dict[str, str]] | None = None,
) -> HttpResponse:
    """``found``: the things that the number names, when it names several; ``lists``: where
    something has what names nothing as a whole."""
    boxes = start_boxes.drawn(request)
    context = {
        "form": form,
        "carried": carried(request),
        "found": found,
        "lists": lists,
        "main": [box for box in boxes if not box.entry.side],
        "side": [box for box in boxes if box.entry.side],
    }
    return render(request, "portal/start.html", context, status=status)
