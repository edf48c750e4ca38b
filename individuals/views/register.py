"""«Ny individ»: article number, check, and what is known of the piece."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from organisation import stores
from organisation.models import User, Warehouse
from organisation.permissions import BUFFERT, KHS, has_role, roles
from sesam import dialogs
from sesam.dialogs import Dialog
from sesam.errors import DomainError

from .. import services
from ..forms import ArticleForm, CheckForm, PieceForm

KIND = "new-individual"
STEPS = {"artikel": "Artikel", "kontroll": "Kontrollera", "uppgifter": "Individ"}


def stores_of(user: User) -> QuerySet[Warehouse]:
    """The own stores in which the user may register pieces; KHS in every one that allows it."""
    own = Warehouse.objects.filter(kind=Warehouse.Kind.BUFFER, is_active=True)
    mine = own if has_role(user, KHS) else stores.own_stores(user)
    return mine.filter(may_register_individuals=True).order_by("number")


def may_register(request: HttpRequest, store: Warehouse | None = None) -> bool:
    """Whether the request's user may register pieces in ``store``, or in any at all."""
    if not has_role(request.user, BUFFERT, KHS):
        return False
    mine = stores_of(request.user)
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
def begin(request: HttpRequest) -> HttpResponse:
    """Open the dialog; ``lager`` names the store."""
    mine = {store.number for store in stores_of(request.user)}
    wanted = request.GET.get("lager", "")
    if not mine or (wanted and wanted not in mine):
        dialog = {
            "title": "Ny individ",
            "cancel_url": reverse("individuals:search"),
            "error": "Du kan inte registrera individer i det lagret."
            if wanted
            else "Inget av dina förråd får registrera individer.",
        }
        return render(request, "individuals/register.html", {"dialog": dialog}, status=403)
    dialog = Dialog.start(request, KIND, store=wanted)
    if wanted:
        dialog.remember(cancel=reverse("articles:store", args=[wanted]))
    return redirect("individuals:register_step", dialog.key, "artikel")


class _Register:
    """The open dialog with what its steps say so far."""

    def __init__(self, request: HttpRequest, key: str) -> None:
        self.state = Dialog.find(request, KIND, key)
        self.user = request.user

    def form(self, step: str) -> forms.Form:
        """The step's form, with what was typed if it was shown before."""
        data = self.state.typed(step)
        if step == "artikel":
            return ArticleForm(data, stores=stores_of(self.user), store=self.state.facts["store"])
        return CheckForm(data) if step == "kontroll" else PieceForm(data)

    def said(self, step: str) -> dict[str, Any] | None:
        """What a valid step says; None for one that isn't."""
        form = self.form(step)
        return form.cleaned_data if form.is_bound and form.is_valid() else None

    def first_open(self, before: str) -> str | None:
        """The first step before this one that isn't done."""
        names = list(STEPS)
        earlier = names[: names.index(before)]
        return next((name for name in earlier if self.said(name) is None), None)


@roles(BUFFERT, KHS)
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    if step not in STEPS:
        raise Http404("step")
    try:
        dialog = _Register(request, key)
    except Http404:  # ended, or of another session
        return dialogs.leave(request, reverse("individuals:search"))
    if made := dialog.state.facts.get("made"):  # sent twice
        return dialogs.leave(request, reverse("individuals:detail", args=[made]))
    if missing := dialog.first_open(step):
        return dialogs.go(request, _url(key, missing))
    if request.method != "POST":
        return _page(request, dialog, step, dialog.form(step), fresh=True)
    dialog.state.type(step)
    names = list(STEPS)
    at = names.index(step)
    if request.POST.get("action") == "back":
        return dialogs.go(request, _url(key, names[max(at - 1, 0)]))
    form = dialog.form(step)
    if not form.is_valid():
        return _page(request, dialog, step, form)
    if at + 1 < len(names):
        return dialogs.go(request, _url(key, names[at + 1]))
    return _create(request, dialog, form)


def _create(request: HttpRequest, dialog: _Register, form: forms.Form) -> HttpResponse:
    chosen = dialog.said("artikel") or {}
    try:
        piece = services.register(
            warehouse=chosen["warehouse"],
            article=chosen["article"],
            user=request.user,
            **form.cleaned_data,
        )
    except DomainError as fault:
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        return _page(request, dialog, "uppgifter", form)
    dialog.state.finish(made=piece.number)
    messages.success(request, f"Individ {piece.number} är skapad i {piece.warehouse}.")
    return dialogs.leave(request, reverse("individuals:detail", args=[piece.number]))


def _url(key: str, step: str) -> str:
    return reverse("individuals:register_step", args=[key, step])


def _page(
    request: HttpRequest, dialog: _Register, step: str, form: forms.Form, *, fresh: bool = False
) -> HttpResponse:
    if fresh and form.is_bound:
        # Coming back shows what was typed without scolding before it is sent again.
        form.full_clean()
        form.errors.clear()
    names, key = list(STEPS), dialog.state.key
    at = names.index(step)
    last = at + 1 == len(names)
    chosen = dialog.said("artikel") if at else None
    context = {
        "form": form,
        "step": step,
        "facts": _facts(chosen) if chosen else [],
        "dialog": {
            "title": "Ny individ",
            "steps": [
                {
                    "label": STEPS[name],
                    "state": "done" if i < at else "current" if i == at else "todo",
                    "url": _url(key, name),
                }
                for i, name in enumerate(names)
            ],
            "cancel_url": dialog.state.facts.get("cancel") or reverse("individuals:search"),
            "back": at > 0,
            "next": "Skapa individ" if last else "Nästa",
            "error": " ".join(form.non_field_errors()) if form.is_bound else "",
        },
    }
    status = 422 if form.is_bound and form.errors and not fresh else 200
    return render(request, "individuals/register.html", context, status=status)


def _facts(chosen: dict[str, Any]) -> list[dict[str, Any]]:
    article = chosen["article"]
    return [
        {"label": "Artikelnummer", "value": article.number},
        {"label": "Benämning", "value": article.name},
        {"label": "Leverantör", "value": article.supplier},
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
        {"label": "Lager", "value": chosen["warehouse"]},
    ]
