"""The accessibility statement, and reporting what hinders somebody (lagen 2018:1937). Open to
everybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from organisation.models import User
from sesam.personal_numbers import struck_out

from .models import BarrierReport

AGAIN = dt.timedelta(minutes=10)  # the same report once more is the same one
MOST_AN_HOUR = 60  # from all together: the form is open to the whole internet


class BarrierForm(forms.ModelForm[BarrierReport]):
    class Meta:
        model = BarrierReport
        fields = ("where", "what", "contact")
        labels = {
            "where": "Var i portalen",
            "what": "Vad hindrade dig?",
            "contact": "Så når vi dig",
        }
        help_texts = {
            "where": "Sidans namn eller adress.",
            "what": "Berätta gärna vilka hjälpmedel du använder. Skriv inget om mottagare.",
            "contact": "E-post eller telefon, om du vill ha svar.",
        }
        error_messages = {
            "where": {
                "required": "Skriv på vilken sida det var.",
                "max_length": "Skriv högst 200 tecken.",
            },
            "what": {
                "required": "Skriv vad som hindrade dig.",
                "max_length": "Skriv högst 2 000 tecken.",
            },
            "contact": {"max_length": "Skriv högst 120 tecken."},
        }

    def clean_where(self) -> str:
        return struck_out(self.cleaned_data["where"], "…")

    def clean_what(self) -> str:
        return struck_out(self.cleaned_data["what"], "…")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        hour = timezone.now() - dt.timedelta(hours=1)
        if BarrierReport.objects.filter(reported_at__gt=hour).count() >= MOST_AN_HOUR:
            raise forms.ValidationError(
                "Just nu kommer många rapporter. Försök om en stund, eller ring systemförvaltaren."
            )
        return cleaned


@require_GET
def statement(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/accessibility.html")


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form; from a page's foot it knows which page that was."""
    if request.method != "POST":
        return _form(request, BarrierForm(initial={"where": _path(request)}), 200)
    form = BarrierForm(request.POST)
    if not form.is_valid():
        return _form(request, form, 422)
    same = BarrierReport.objects.filter(
        where=form.cleaned_data["where"],
        what=form.cleaned_data["what"],
        reported_at__gt=timezone.now() - AGAIN,
    )
    if not same.exists():
        form.instance.user = request.user if isinstance(request.user, User) else None
        form.save()
    return redirect("barrier_thanks")


def _path(request: HttpRequest) -> str:
    """The page it was asked from, without what was asked for there."""
    return request.GET.get("fran", "").replace("\0", "").split("?")[0][:200]


def _form(request: HttpRequest, form: BarrierForm, status: int) -> HttpResponse:
    crumbs = [
        {"label": "Tillgänglighet", "url": reverse("accessibility")},
        {"label": "Rapportera ett hinder"},
    ]
    context = {"form": form, "crumbs": crumbs}
    return render(request, "portal/barrier.html", context, status=status)


@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/barrier_thanks.html")
