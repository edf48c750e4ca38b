"""«Ny individ»: article number, check, and what is known of the piece."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_safe

from organisation import stores
from organisation.models import User, Warehouse
from organisation.permissions import BUFFERT, KHS, UserRequest, has_role, roles, signed_in
from sesam import dialogs
from sesam.dialogs import Dialog
from sesam.steps import Step, StepDialog

from .. import arrivals, services
from ..forms import ArticleForm, CheckForm, PieceForm

ARTICLE, CHECK, PIECE = "artikel", "kontroll", "uppgifter"


def stores_of(user: User) -> QuerySet[Warehouse]:
    """The own stores in which the user may register pieces; KHS in every one that allows it."""
    own = Warehouse.objects.filter(kind=Warehouse.Kind.BUFFER, is_active=True)
    mine = own if has_role(user, KHS) else stores.own_stores(user)
    return mine.filter(may_register_individuals=True).order_by("number")


def may_register(request: HttpRequest, store: Warehouse | None = None) -> bool:
    """Whether the request's user may register pieces in ``store``, or in any at all."""
    if not has_role(request.user, BUFFERT, KHS):
        return False
    mine = stores_of(signed_in(request))
    return (mine.filter(pk=store.pk) if store else mine).exists()


def why_not_register(request: HttpRequest, store: Warehouse) -> str:
    """Why the request's user can't register a piece in ``store``; empty if they can."""
    if may_register(request, store):
        return ""
    if not store.may_register_individuals:
        return f"I {store} registreras inga nya individer."
    return f"{store} är inte ett av dina förråd."


@roles(BUFFERT, KHS)
@require_safe
def begin(request: UserRequest) -> HttpResponse:
    """Open the dialog; ``lager`` names the store."""
    mine = {store.number for store in stores_of(request.user)}
    wanted = request.GET.get("lager", "")
    if not mine or (wanted and wanted not in mine):
        refused = {
            "title": "Ny individ",
            "cancel_url": reverse("individuals:search"),
            "error": "Du kan inte registrera individer i det lagret."
            if wanted
            else "Inget av dina förråd får registrera individer.",
        }
        return render(request, "individuals/register.html", {"dialog": refused}, status=403)
    dialog = Dialog.start(request, NewPieceDialog.kind, store=wanted)
    if wanted:
        dialog.remember(cancel=reverse("articles:store", args=[wanted]))
    return redirect("individuals:register_step", dialog.key, ARTICLE)


@roles(BUFFERT, KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return NewPieceDialog.respond(request, key, step)


class NewPieceDialog(StepDialog):
    """A piece to be, in an own store."""

    kind = "new-individual"
    title = "Ny individ"
    url_name = "individuals:register_step"
    all_steps = (
        Step(ARTICLE, "Artikel", "individuals/register.html"),
        Step(CHECK, "Kontrollera", "individuals/register.html"),
        Step(PIECE, "Individ", "individuals/register.html"),
    )
    finish_label = "Skapa individ"

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        return dialogs.leave(request, reverse("individuals:search"))

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("individuals:detail", args=[made]))

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        if step == ARTICLE:
            stores = stores_of(signed_in(self.request))
            return ArticleForm(data, stores=stores, store=self.state.facts["store"])
        return CheckForm(data) if step == CHECK else PieceForm(data)

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        piece = services.register(user=signed_in(self.request), **said[ARTICLE], **said[PIECE])
        messages.success(self.request, f"Individ {piece.number} är skapad i {piece.warehouse}.")
        for text in arrivals.why_not_available([piece.pk]):
            messages.warning(self.request, text)
        return piece.number, self.shown_again(self.request, piece.number)

    def frame(self, step: str) -> dict[str, Any]:
        return {"cancel_url": self.state.facts.get("cancel") or reverse("individuals:search")}

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        chosen = self.answer(ARTICLE) if step != ARTICLE else None
        return {"facts": _facts(chosen) if chosen else []}


def _facts(chosen: dict[str, Any]) -> list[dict[str, Any]]:
    article = chosen["article"]
    return [
        {"label": "Artikelnummer", "value": article.number},
        {"label": "Benämning", "value": article.name},
        {"label": "Leverantör", "value": article.supplier},
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
        {"label": "Lager", "value": chosen["warehouse"]},
    ]
