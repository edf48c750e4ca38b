"""«Retur» to an own store: one form, its confirmation, and undoing it the same day."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organisation.permissions import CARE, roles
from recipients.models import Recipient
from sesam import undo as undo_note
from sesam import unsent
from sesam.errors import DomainError
from sesam.templatetags.sesam import datumtid

from .. import rows as held
from .. import services
from ..forms import ReturnForm
from ..models import Return
from ..services.goods import same_day
from .common import find_recipient, head, log, ticked

no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The form. A POST from the recipient's page says which aids are ticked."""
    recipient = find_recipient(key)
    if answer := ticked(request):
        return answer
    if request.method == "POST":
        return _send(request, recipient)
    rows = held.of(recipient, held.ids(request.GET.getlist(held.CHOSEN)))
    if kept := unsent.typed(request):
        rows = held.typed(rows, kept)
    return _page(request, recipient, rows, ReturnForm(user=request.user), token=uuid.uuid4())


def _send(request: HttpRequest, recipient: Recipient) -> HttpResponse:
    data = dict(request.POST.lists())
    typed = {name: v if len(v) > 1 else v[0] for name, v in data.items()}
    form = ReturnForm(request.POST, user=request.user)
    token = _token(request)
    if done := Return.objects.for_user(request.user).filter(key=token).first():
        return redirect("pickups:returned", done.key)
    rows = held.typed(held.of(recipient), typed)
    if lost := held.gone(rows, typed):
        return _page(request, recipient, rows, form, token=token, error=lost, status=409)
    if not form.is_valid():
        return _page(request, recipient, rows, form, token=token, status=422)
    confirmed = held.to_confirm(rows)
    backs = [services.Back(r.loan.pk, r.quantity, r.scrap) for r in rows if r.chosen]
    try:
        made = services.give_back(
            recipient,
            backs,
            user=request.user,
            unit=form.cleaned_data["unit"],
            warehouse=form.cleaned_data["warehouse"],
            key=token,
            seen=held.seen(typed),
            confirmed=confirmed in ("", request.POST.get(held.CONFIRMED)),
        )
    except services.Unconfirmed as question:
        error = question.message
        return _page(
            request, recipient, rows, form, token=token, error=error, asks=True, status=422
        )
    except DomainError as fault:
        rows = held.typed(held.of(recipient), typed)
        error = place_fault(rows, form, fault)
        return _page(request, recipient, rows, form, token=token, error=error, status=422)
    undo_note.offer(
        request,
        f"Returen är registrerad: {sum(back.quantity for back in backs)} st.",
        reverse("pickups:undo", args=[made.key]),
    )
    return redirect("pickups:returned", made.key)


def place_fault(rows: list[held.Row], form: ReturnForm, fault: DomainError) -> str:
    """Put what the service said where it belongs; what is left belongs to the page."""
    if fault.field in form.fields:
        form.add_error(fault.field, fault.message)
        return ""
    for row in rows:
        if fault.line == row.loan.pk:
            row.error = fault.message
            return ""
    return fault.message


def _token(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid.uuid4()


def _page(
    request: HttpRequest,
    recipient: Recipient,
    rows: list[held.Row],
    form: ReturnForm,
    *,
    token: uuid.UUID,
    error: str = "",
    asks: bool = False,
    status: int = 200,
) -> HttpResponse:
    log(request, recipient, "Retur")
    chosen = {row.loan.pk for row in rows if row.chosen}
    context = {
        **head(recipient),
        "form": form,
        "rows": rows,
        "token": token,
        "error": error,
        "no_store": not form.fields["warehouse"].queryset.exists(),
        "warn": any(row.is_a for row in rows if row.chosen),
        "stores_a": any(row.is_a for row in rows if row.chosen and not row.scrap),
        "scrap": True,
        "asks": asks,
        "to_confirm": held.to_confirm(rows),
        "going_back": sum(row.goes_back for row in rows),
        "going_away": sum(row.goes_away for row in rows),
        "staying": sum(row.stays for row in rows),
        "told": {row.loan.pk for row in rows if row.chosen or row.part_of in chosen},
        "leave_url": reverse("recipients:detail", args=[recipient.key]),
    }
    return render(request, "pickups/return.html", context, status=status)


def _find(request: HttpRequest, key: uuid.UUID) -> Return:
    made = Return.objects.for_user(request.user).select_related(
        "recipient", "unit", "warehouse", "by", "undone_by"
    )
    return get_object_or_404(made, key=key)


@roles(*CARE)
@no_store
@require_GET
def returned(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """«Returbekräftelse»."""
    made = _find(request, key)
    log(request, made.recipient, "Returbekräftelse")
    lines = list(made.lines.select_related("loan__article", "loan__individual", "came_with"))
    context = {
        **head(made.recipient),
        "made": made,
        "lines": lines,
        "may_undo": made.undone_at is None and same_day(made.at),
        "facts": [
            {
                "label": "Mottagare",
                "value": made.recipient.name,
                "url": reverse("recipients:detail", args=[made.recipient.key]),
            },
            {"label": "Retur till lager", "value": made.warehouse},
            {"label": "Tjänsteställe", "value": made.unit},
            {"label": "Återlämnat", "value": datumtid(made.at)},
            {"label": "Registrerat av", "value": made.by},
        ],
    }
    return render(request, "pickups/returned.html", context)


@roles(*CARE)
@no_store
@require_POST
def undo(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """«Ångra returen»."""
    made = _find(request, key)
    try:
        services.undo(made, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, "Returen är ångrad. Hjälpmedlen finns hos mottagaren igen.")
    return redirect("pickups:returned", made.key)
