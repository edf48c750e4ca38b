"""When it is looked whether an ordered aid does its work: changed or left out in the checkout."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from organisation.permissions import CARE, UserRequest, roles
from sesam import dialogs
from sesam.errors import DomainError
from sesam.form_fields import choice

from .. import cart as carts
from ..models import CartLine
from . import whose

WEEKS = (1, 2, 4, 6, 8, 12, 26, 52)
NONE = "ingen"


class FollowUpForm(forms.Form):
    """How long after its delivery."""

    weeks = forms.ChoiceField(
        label="Uppföljning",
        help_text="Då påminns förskrivaren om att se efter att hjälpmedlet fungerar.",
        error_messages={"required": "Välj när.", "invalid_choice": "Välj en av tiderna."},
    )

    def __init__(self, *args: Any, preset: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = choice(self, "weeks")
        known = sorted({*WEEKS, *([preset] if preset else [])})
        field.choices = [(NONE, "Ingen uppföljning")] + [
            (str(weeks), f"{weeks} {'vecka' if weeks == 1 else 'veckor'} efter leverans")
            for weeks in known
        ]
        field.initial = str(preset) if preset else NONE

    @property
    def chosen(self) -> int | None:
        typed = self.cleaned_data["weeks"]
        return None if typed == NONE else int(typed)


@roles(*CARE)
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: UserRequest, line_id: int) -> HttpResponse:
    """The dialog of a line in the order in progress."""
    line = (
        CartLine.objects.filter(pk=line_id, component_of=None, cart__user=request.user)
        .select_related("article", "cart__recipient", "cart__destination")
        .first()
    )
    if line is None:
        raise Http404("line")
    if stop := whose.changed(request, str(line.cart.token)):
        return stop
    form = FollowUpForm(request.POST or None, preset=line.follow_up_weeks)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            carts.follow_up(line.cart, line.pk, form.chosen)
        except DomainError as fault:
            error = fault.message
        else:
            return dialogs.leave(request, f"{reverse('orders:checkout')}#rad-{line.pk}")
    dialog = {
        "title": f"Uppföljning av {line.article.name}",
        "cancel_url": reverse("orders:checkout"),
        "finish": "Spara",
        "error": error,
        "whom": whose.band(request, line.cart, "Uppföljning"),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "orders/follow_up.html", {"dialog": dialog, "form": form}, status=status)
