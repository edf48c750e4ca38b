"""KHS's deeds on a deviation, from its page: taking it, what was found, letting pieces go."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from organisation.permissions import KHS, UserRequest, roles
from recipients.case_views import log_case, press
from recipients.cases import last_event
from sesam import dialogs
from sesam.errors import DomainError

from .. import services
from ..facts import account_of, findings_of, items_of
from ..forms import InquiryForm, ReopenForm
from ..models import Deviation, DeviationStatus
from ..models.deviations import blocks_of
from .cases import crumbs, find_deviation, no_store, tags_of


def to_page(deviation: Deviation) -> HttpResponse:
    return redirect("deviations:detail", deviation.case_number)


@roles(KHS)
@require_POST
def receive(request: UserRequest, number: str) -> HttpResponse:
    """«Ta emot»."""
    deviation = find_deviation(request, number)
    return press(
        request,
        lambda: services.receive(deviation, user=request.user),
        done=f"{deviation.definite} är mottagen, och du handlägger den.",
        page=to_page(deviation),
    )


@roles(KHS)
@require_POST
def release(request: UserRequest, number: str) -> HttpResponse:
    """«Häv spärren»."""
    deviation = find_deviation(request, number)
    return press(
        request,
        lambda: services.release(deviation, user=request.user),
        done="Spärren är hävd.",
        page=to_page(deviation),
    )


@roles(KHS)
@require_POST
def hold(request: UserRequest, number: str) -> HttpResponse:
    """«Spärra»."""
    deviation = find_deviation(request, number)
    return press(
        request,
        lambda: services.hold(deviation, user=request.user),
        done="Spärren är satt. Inget lämnas ut förrän den hävs.",
        page=to_page(deviation),
    )


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: UserRequest, number: str) -> HttpResponse:
    """«Öppna igen»: why, and «Öppna igen»."""
    deviation = find_deviation(request, number)
    page = reverse("deviations:detail", args=[deviation.case_number])
    form = ReopenForm(request.POST if request.method == "POST" else None)
    hindrance, status = services.why_not_reopen(deviation), 200
    error = hindrance
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen(deviation, user=request.user, why=form.cleaned_data["why"])
        except DomainError as fault:
            status = 422 if fault.field in form.fields else 409
            form.add_error(fault.field if fault.field in form.fields else None, fault.message)
            error = hindrance or " ".join(map(str, form.non_field_errors()))
        else:
            messages.success(
                request, f"{deviation.definite} är öppnad igen, och du handlägger den."
            )
            return dialogs.leave(request, page)
    elif request.method == "POST":
        status = 409 if hindrance else 422
    log_case(request, deviation, "Öppna igen")
    dialog = {
        "title": f"Öppna {str(deviation)[0].lower()}{str(deviation)[1:]} igen",
        "cancel_url": page,
        "finish": "" if hindrance else "Öppna igen",
        "error": error,
    }
    context = {"dialog": dialog, "deviation": deviation, "form": form, "barred": bool(hindrance)}
    return render(request, "deviations/khs_reopen.html", context, status=status)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def investigate(request: UserRequest, number: str) -> HttpResponse:
    """«Utred»: what was found, kept or closed with."""
    deviation = find_deviation(request, number)
    if request.method == "POST":
        return _save(request, deviation)
    if deviation.has_ended:
        messages.error(request, f"{deviation.definite} är {deviation.state_label.lower()}.")
        return to_page(deviation)
    form = InquiryForm(deviation=deviation)
    return _inquiry_page(request, deviation, form, seen=last_event(deviation))


def _save(request: UserRequest, deviation: Deviation) -> HttpResponse:
    form = InquiryForm(request.POST, deviation=deviation)
    typed = request.POST.get("sedd", "")
    seen = int(typed) if re.fullmatch("[0-9]{1,18}", typed) else -1
    if not form.is_valid():
        return _inquiry_page(request, deviation, form, seen=seen, status=422)
    found = {name: form.cleaned_data[name] for name in ("cause", "measure", "answer")}
    found["could_be_grave"] = form.cleaned_data["could_be_grave"]
    closes = request.POST.get("action") == "close"
    try:
        if closes:
            services.close(
                deviation,
                user=request.user,
                seen=seen,
                reports=form.reports(),
                release_pieces=bool(request.POST.get("hav")),
                **found,
            )
        else:
            services.investigate(
                deviation, user=request.user, seen=seen, reports=form.reports(), **found
            )
    except DomainError as fault:
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        status = 422 if fault.field else 409
        # Who is told that somebody else was quicker has seen that now.
        now = last_event(deviation) if status == 409 else seen
        return _inquiry_page(request, deviation, form, seen=now, status=status)
    answered = f"{deviation.definite} är avslutad, och anmälaren har fått svaret."
    done = answered if closes else "Sparat."
    messages.success(request, done)
    return to_page(deviation)


def _inquiry_page(
    request: UserRequest, deviation: Deviation, form: InquiryForm, *, seen: int, status: int = 200
) -> HttpResponse:
    log_case(request, deviation, "Utred")
    where = reverse("deviations:detail", args=[deviation.case_number])
    blocks = list(blocks_of(deviation))
    context = {
        "deviation": deviation,
        "title": f"{deviation}: utred",
        "crumbs": [
            *crumbs(deviation, is_khs=True),
            {"label": str(deviation), "url": where},
            {"label": "Utred"},
        ],
        "tags": tags_of(deviation),
        "back_url": where,
        "form": form,
        "groups": form.groups(),
        "error": " ".join(map(str, form.non_field_errors())) if form.is_bound else "",
        "has_errors": form.is_bound and bool(form.errors),
        "seen": seen,
        "blocks": blocks,
        "releases": bool(request.POST.get("hav")) if form.is_bound else not deviation.is_grave,
        "may_save": deviation.status != DeviationStatus.REGISTERED and not deviation.has_ended,
        "items": items_of(deviation),
        "account": account_of(deviation),
        "hides": deviation.findings_masked and bool(findings_of(deviation, drafts=True)),
    }
    return render(request, "deviations/khs_investigate.html", context, status=status)
