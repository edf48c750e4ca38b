"""The start page."""

import re

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters

from articles.search import SHORTEST, exact, long_enough
from organisation.permissions import CARE, has_role, roles
from recipients import views as recipients
from recipients.models import Recipient
from sesam import case_pages


class SearchForm(forms.Form):
    q = forms.CharField(
        max_length=100,
        error_messages={
            "required": "Skriv ett nummer eller ett ord.",
            "max_length": "Skriv högst 100 tecken.",
        },
    )


@roles()
@sensitive_post_parameters()
def start(request: HttpRequest) -> HttpResponse:
    """`/`: one box that understands a recipient's, an article's and a case's number, and words.

    It is sent by POST: what was typed may be a personal number.
    """
    if not has_role(request.user, *CARE):
        return render(request, "portal/start_other.html")
    if request.method != "POST":
        return render(request, "portal/start.html", {"form": SearchForm()})
    form = SearchForm(request.POST)
    if form.is_valid():
        text = form.cleaned_data["q"]
        if _is_recipient(text):
            return _hand_to_recipients(request, text)
        if url := _place_of(text):
            return redirect(url)
        form.add_error("q", f"Skriv minst {SHORTEST} tecken.")
    return render(request, "portal/start.html", {"form": form}, status=422)


def _is_recipient(text: str) -> bool:
    """Whether it can be a person's number (then it must go no other way) or a care unit's."""
    digits = re.sub(r"[\s\-+]", "", text)
    if not digits.isdecimal():
        return False
    if len(digits) in (10, 12):
        return True
    if re.fullmatch(r"\d{6}\s*[-+]\s*\d{4}|\d{8}\s*[-+]\s*\d{4}", text):
        return True
    return len(digits) == 4 and Recipient.objects.filter(number=digits).exists()


def _hand_to_recipients(request: HttpRequest, text: str) -> HttpResponse:
    request.POST = request.POST.copy()
    request.POST["nummer"] = text
    return recipients.search(request)


def _place_of(text: str) -> str | None:
    if text.isdecimal() and len(text) in (8, 9) and (case := case_pages.url_for(text)):
        return case
    if article := exact(text):
        return reverse("articles:detail", args=[article.number])
    if long_enough(text):
        return f"{reverse('articles:search')}?{urlencode({'q': text})}"
    return None
