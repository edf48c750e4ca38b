"""The accessibility statement, and reporting what hinders somebody (lagen 2018:1937). Open to
everybody."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from typing import Any

from django import forms
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from organisation.models import User
from sesam.client_ip import client_network
from sesam.personal_numbers import struck_out

from .models import BarrierReport

AGAIN = dt.timedelta(minutes=10)  # the same report once more is the same one
MOST_AN_HOUR = 20  # from one user, or one address: the form is open to the whole internet
SENDER_KEPT = dt.timedelta(days=1)
# How to reach who reported: as long as they may ask about the answer, or it may still come.
CONTACT_KEPT = dt.timedelta(days=90)
CONTACT_KEPT_UNANSWERED = dt.timedelta(days=365)


class BarrierForm(forms.ModelForm[BarrierReport]):
    def __init__(self, *args: Any, sender: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sender = sender

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
            "contact": "E-post eller telefon, om du vill ha svar. Tas bort 90 dagar efter svaret.",
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
        sent = BarrierReport.objects.filter(sender=self.sender, reported_at__gt=hour)
        if sent.count() >= MOST_AN_HOUR:
            raise forms.ValidationError(
                "Det har kommit många rapporter från dig den senaste timmen. Försök om en stund,"
                " eller ring systemförvaltaren."
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
    user = request.user if isinstance(request.user, User) else None
    form = BarrierForm(request.POST, sender=_sender(request, user))
    if not form.is_valid():
        return _form(request, form, 422)
    _keep(form, user)
    return redirect("barrier_thanks")


def _sender(request: HttpRequest, user: User | None) -> str:
    """Who, or else where from: one who sends many is held back alone."""
    who = f"user {user.pk}" if user else f"address {client_network(request)}"
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"barrier:" + who.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def _keep(form: BarrierForm, user: User | None) -> None:
    """Once, however often it is sent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [form.sender])
    same = BarrierReport.objects.filter(
        sender=form.sender,
        where=form.cleaned_data["where"],
        what=form.cleaned_data["what"],
        reported_at__gt=timezone.now() - AGAIN,
    )
    if not same.exists():
        form.instance.user, form.instance.sender = user, form.sender
        form.save()


def forget_senders() -> int:
    """Of reports that nobody counts any more; how many."""
    old = BarrierReport.objects.filter(reported_at__lt=timezone.now() - SENDER_KEPT)
    return old.exclude(sender="").update(sender="")


def forget_contacts() -> int:
    """How to reach those whose report was answered a while ago, or wasn't in a year; of how many."""
    now = timezone.now()
    done = Q(handled_at__lt=now - CONTACT_KEPT) | Q(reported_at__lt=now - CONTACT_KEPT_UNANSWERED)
    known = ~Q(contact="") | Q(user__isnull=False)
    return BarrierReport.objects.filter(done, known).update(contact="", user=None)


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
