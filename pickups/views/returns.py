"""«Retur» to an own store: one form, its confirmation, and undoing it the same day."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from individuals import arrivals
from organisation.permissions import CARE, UserRequest, roles
from recipients import ticked
from recipients.models import Recipient
from recipients.starting import find_recipient, log_look, shown_recipient, ticked_address
from sesam import undo as undo_note
from sesam import unsent
from sesam.dialogs import posted
from sesam.errors import DomainError
from sesam.templatetags.sesam import datumtid

from .. import aids, services
from ..forms import ReturnForm
from ..models import Return
from ..services.goods import same_day
from ..slots import why_put_aside

no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """The form. A POST from the recipient's page says which aids are ticked."""
    if answer := ticked_address(request):
        return answer
    recipient = find_recipient(request, key)
    if request.method == "POST":
        return _send(request, recipient)
    rows = aids.return_rows(recipient, ticked.loan_ids(request.GET.getlist(ticked.CHOSEN)))
    if kept := unsent.typed(request):
        rows = aids.type_return(rows, kept)
    return _return_page(request, recipient, rows, ReturnForm(user=request.user), token=uuid.uuid4())


def _send(request: UserRequest, recipient: Recipient) -> HttpResponse:
    typed = posted(request)
    form = ReturnForm(request.POST, user=request.user)
    token = _token(request)
    if done := Return.objects.for_user(request.user).filter(key=token).first():
        return redirect("pickups:returned", done.key)
    rows = aids.type_return(aids.return_rows(recipient), typed)
    if lost := ticked.why_gone(rows, typed):
        return _return_page(request, recipient, rows, form, token=token, error=lost, status=409)
    if not form.is_valid():
        return _return_page(request, recipient, rows, form, token=token, status=422)
    confirmed = aids.to_confirm(rows)
    backs = [services.Back(r.loan.pk, r.quantity, r.scrap) for r in rows if r.chosen]
    try:
        made = services.give_back(
            recipient,
            backs,
            user=request.user,
            unit=form.cleaned_data["unit"],
            warehouse=form.cleaned_data["warehouse"],
            key=token,
            seen=ticked.seen_loans(typed),
            confirmed=confirmed in ("", request.POST.get(aids.CONFIRMED)),
        )
    except services.Unconfirmed as question:
        error = question.message
        return _return_page(
            request, recipient, rows, form, token=token, error=error, asks=True, status=422
        )
    except DomainError as fault:
        rows = aids.type_return(aids.return_rows(recipient), typed)
        error = place_fault(rows, form, fault)
        return _return_page(request, recipient, rows, form, token=token, error=error, status=422)
    undo_note.offer(
        request,
        f"Returen är registrerad: {sum(back.quantity for back in backs)} st.",
        reverse("pickups:undo", args=[made.key]),
    )
    return redirect("pickups:returned", made.key)


def place_fault(rows: list[aids.ReturnRow], form: ReturnForm, fault: DomainError) -> str:
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


def _return_page(
    request: HttpRequest,
    recipient: Recipient,
    rows: list[aids.ReturnRow],
    form: ReturnForm,
    *,
    token: uuid.UUID,
    error: str = "",
    asks: bool = False,
    status: int = 200,
) -> HttpResponse:
    log_look(request, recipient, "Retur")
    chosen = {row.loan.pk for row in rows if row.chosen}
    told = {row.loan.pk for row in rows if row.chosen or row.part_of in chosen}
    context = {
        **shown_recipient(recipient),
        "form": form,
        "rows": rows,
        "token": token,
        "error": error,
        "no_store": not form.stores,
        "warn": any(row.is_a for row in rows if row.chosen),
        "stores_a": any(row.is_a for row in rows if row.chosen and not row.scrap),
        "scrap": True,
        "asks": asks,
        "to_confirm": aids.to_confirm(rows),
        "going_back": sum(row.goes_back for row in rows),
        "going_away": sum(row.goes_away for row in rows),
        "staying": sum(row.stays for row in rows),
        "fates": aids.fates(rows, told),
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
    log_look(request, made.recipient, "Returbekräftelse")
    lines = list(made.lines.select_related("loan__article", "loan__individual", "came_with"))
    pieces = [line.loan.individual_id for line in lines if line.loan.individual_id]
    counted = [x.loan_id for x in lines if not x.loan.individual_id and not x.scrapped]
    held_back = [] if made.undone_at else arrivals.why_not_available(pieces)
    context = {
        "held_back": held_back + ([] if made.undone_at else why_put_aside(counted)),
        **shown_recipient(made.recipient),
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
def undo(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """«Ångra returen»."""
    made = _find(request, key)
    try:
        services.undo(made, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, "Returen är ångrad. Hjälpmedlen finns hos mottagaren igen.")
    return redirect("pickups:returned", made.key)
