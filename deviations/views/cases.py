"""A deviation that has been registered: confirmation, page, changes, taking it back."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from organisation import access_log
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from recipients import case_blocks
from recipients.case_views import (
    CasePage,
    band_of,
    confirm_cancel,
    crumbs_of,
    events_of,
    facts_of,
    find_case,
    log_case,
)
from recipients.case_views import tags_of as common_tags
from recipients.cases import last_event
from sesam import attachments, case_pages, dialogs
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.models import CaseKind
from sesam.seen import Overtaken
from sesam.templatetags.sesam import datum, datumtid

from .. import services
from ..facts import account_of, complaint_of, contact_of, findings_of, items_of
from ..forms import AccountForm, ClassingForm
from ..life import life_line
from ..models import Deviation, DeviationStatus
from ..models.deviations import blocks_of
from ..services.handling import why_not_withdraw
from ..slots import deviation_create

no_store = cache_control(no_store=True, private=True)
ACCOUNT, CLASSING = "handelse", "klassning"


def find_deviation(request: HttpRequest, number: str) -> Deviation:
    """The deviation through what this user may open; another unit's is 404."""
    found = Deviation.objects.select_related(
        "recipient", "unit", "ordered_by", "handler", "category", "about"
    )
    deviation: Deviation = find_case(request, found, number)
    return deviation


@roles(*CARE)
@no_store
@require_GET
def confirmation(request: HttpRequest, number: str) -> HttpResponse:
    """What was registered, and what happens now."""
    deviation = find_deviation(request, number)
    log_case(request, deviation, f"{deviation.kind_word}sbekräftelse")
    context = {
        "deviation": deviation,
        "items": items_of(deviation),
        "blocks": list(blocks_of(deviation)),
        "life": life_line(deviation, events_of(deviation)),
        "facts": [
            {"label": "Ärendenummer", "value": deviation.case_number},
            {"label": "Händelsetyp", "value": deviation.get_event_type_display()},
            {"label": "Kategori", "value": deviation.category},
            {"label": "Registrerad", "value": datumtid(deviation.created_at)},
            {"label": "Status", "value": deviation.state_label},
        ],
    }
    return render(request, "deviations/confirmation.html", context)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The deviation's page; with ``?redigera=`` the block that is edited, and its POST: what happened,
    or by KHS what kind of event it was."""
    deviation = find_deviation(request, number)
    editing = request.GET.get("redigera", "")
    if editing == CLASSING and not has_role(request.user, KHS):
        raise PermissionDenied
    if editing not in _may_edit(request, deviation):
        if request.method == "POST" and deviation.has_ended:
            return _too_late(request, deviation)
        return _deviation_page(request, deviation)
    if request.method == "POST":
        save = _save_classing if editing == CLASSING else _save
        return save(request, deviation)
    if editing == CLASSING:
        form = ClassingForm(deviation=deviation, seen=last_event(deviation))
        return _deviation_page(request, deviation, classing=form)
    return _deviation_page(request, deviation, form=AccountForm(deviation=deviation))


def _may_edit(request: HttpRequest, deviation: Deviation) -> set[str]:
    if deviation.has_ended:
        return set()
    may_class = has_role(request.user, KHS) and deviation.received_at is not None
    return {ACCOUNT, CLASSING} if may_class else {ACCOUNT}


def _too_late(request: UserRequest, deviation: Deviation) -> HttpResponse:
    why = f"{deviation.definite} är {deviation.state_label.lower()} och kan inte ändras."
    form: forms.BaseForm | None = None
    if request.GET.get("redigera") == CLASSING:
        form = ClassingForm(request.POST, deviation=deviation, seen=0)
    elif not deviation.masked:
        form = AccountForm(request.POST, deviation=deviation)
    unsaved = {"why": why, "typed": case_blocks.texts_of(form) if form else []}
    return _deviation_page(request, deviation, unsaved=unsaved, status=409)


def _save(request: UserRequest, deviation: Deviation) -> HttpResponse:
    form = AccountForm(request.POST, deviation=deviation)
    if deviation.masked and not form.is_current:
        return _overtaken(request, deviation, form)
    if not form.is_valid():
        return _deviation_page(request, deviation, form=form, status=422)
    seen = form.take_seen()
    try:
        services.change_account(deviation, user=request.user, details=form.cleaned_data, seen=seen)
    except Overtaken:
        return _overtaken(request, find_deviation(request, deviation.case_number), form)
    except DomainError as fault:
        if (now := find_deviation(request, deviation.case_number)).has_ended:
            return _too_late(request, now)
        form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        return _deviation_page(request, deviation, form=form, status=422)
    messages.success(request, "Uppgifterna är sparade.")
    if deviation.masked:  # more than the block is shown from now on
        return dialogs.leave(request, reverse("deviations:detail", args=[deviation.case_number]))
    return redirect("deviations:detail", deviation.case_number)


def _save_classing(request: UserRequest, deviation: Deviation) -> HttpResponse:
    form = ClassingForm(request.POST, deviation=deviation, seen=0)
    if not form.is_valid():
        return _deviation_page(request, deviation, classing=form, status=422)
    before = last_event(deviation)
    try:
        now = services.reclassify(deviation, user=request.user, **form.cleaned_data)
    except DomainError as fault:
        known = fault.field in form.fields
        form.add_error(fault.field if known else None, fault.message)
        if not known:  # who is told that somebody else was quicker has seen that now
            form.data = request.POST.copy()
            form.data["seen"] = str(last_event(deviation))
        # What was typed is a try: the page shows the deviation as it stands.
        deviation = find_deviation(request, deviation.case_number)
        if deviation.has_ended:
            return _too_late(request, deviation)
        return _deviation_page(request, deviation, classing=form, status=422 if known else 409)
    if last_event(now) == before:
        messages.info(request, "Klassningen är som den var: inget är ändrat.")
    elif now.ordered_by == request.user:
        messages.success(request, "Klassningen är ändrad.")
    else:
        messages.success(request, "Klassningen är ändrad, och anmälaren får veta det.")
    return redirect("deviations:detail", deviation.case_number)


def _overtaken(request: UserRequest, deviation: Deviation, form: AccountForm) -> HttpResponse:
    """Somebody was quicker. Of somebody who became protected the form is empty: it may hold what was
    typed before."""
    if deviation.masked:
        messages.warning(request, case_blocks.PROTECTED)
        form = AccountForm(deviation=deviation)
    else:
        form.tell_overtaken(deviation)
    return _deviation_page(request, deviation, form=form, status=409)


@roles(*CARE)
@require_GET
@gives_file
def attachment(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """A file of the deviation, to those who may see it; none where it is masked."""
    deviation = find_deviation(request, number)
    found = get_object_or_404(deviation.attachments, key=key)
    if not found.may_read(request.user):
        raise Http404("file")
    log_case(request, deviation, "Bilaga", action=access_log.Action.DOWNLOAD)
    return attachments.download(found, request.user)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: UserRequest, number: str) -> HttpResponse:
    """«Återta avvikelse»: the question, and «Ja, återta»."""
    deviation = find_deviation(request, number)
    return confirm_cancel(
        request,
        deviation,
        page=reverse("deviations:detail", args=[deviation.case_number]),
        template="deviations/withdraw.html",
        hindrance="" if deviation.is_withdrawn else why_not_withdraw(deviation),
        stays=f"Behåll {deviation.definite.lower()}",
        cancel=lambda case: services.withdraw(case, user=request.user),
        verb="Återta",
        done="återtagen",
        called=deviation.kind_word,
        deviation=deviation,
    )


# --- the page ---


def _deviation_page(
    request: HttpRequest,
    deviation: Deviation,
    *,
    form: AccountForm | None = None,
    classing: ClassingForm | None = None,
    unsaved: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    log_case(request, deviation, deviation.kind_word)
    events = events_of(deviation)
    is_khs = has_role(request.user, KHS)
    here = reverse("deviations:detail", args=[deviation.case_number])
    context = {
        "deviation": deviation,
        "items": items_of(deviation),
        "blocks": list(blocks_of(deviation)),
        "classing": {
            "name": CLASSING,
            "title": "Klassning",
            "facts": [
                {"label": "Händelsetyp", "value": deviation.get_event_type_display()},
                {"label": "Kategori", "value": deviation.category},
                {"label": "Konsekvens för personen", "value": deviation.get_consequence_display()},
            ],
            "form": classing,
            "editing": classing is not None,
            "edit_url": f"{here}?redigera={CLASSING}"
            if CLASSING in _may_edit(request, deviation)
            else "",
            "leave_url": here,
        },
        "account": {
            "name": ACCOUNT,
            "title": "Vad hände",
            "facts": account_of(deviation),
            "form": form or AccountForm(deviation=deviation),
            "editing": form is not None,
            "edit_url": "" if deviation.has_ended else f"{here}?redigera={ACCOUNT}",
            "leave_url": here,
        },
        "contact": contact_of(deviation),
        "attachments": [] if deviation.masked else deviation.attachments.all(),
        "findings": findings_of(deviation, drafts=is_khs),
        "answered": deviation.has_ended and not deviation.is_withdrawn,
        "is_khs": is_khs,
        "may_hold": is_khs and not deviation.has_ended and _has_free(deviation),
        "may_receive": is_khs and deviation.status == DeviationStatus.REGISTERED,
        "may_investigate": is_khs
        and not deviation.has_ended
        and deviation.status != DeviationStatus.REGISTERED,
        "case": CasePage(
            title=str(deviation),
            person=band_of(deviation),
            crumbs=crumbs(deviation, is_khs=is_khs),
            tags=tags_of(deviation),
            number=deviation.case_number,
            facts=_facts(request, deviation, number=is_khs),
            events=events,
            life=life_line(deviation, events),
            note=_note(deviation),
            unsaved=unsaved,
            create=deviation_create.shown(request, deviation),
        ),
    }
    return render(request, "deviations/detail.html", context, status=status)


def _has_free(deviation: Deviation) -> bool:
    """Whether a marked piece that it is about isn't held back by it."""
    held = blocks_of(deviation).values("individual")
    pieces = deviation.items.filter(individual__isnull=False).exclude(individual__in=held)
    return pieces.exists()


def crumbs(deviation: Deviation, *, is_khs: bool) -> list[dict[str, str]]:
    """From KHS's queue; else from whose aids they are."""
    if is_khs:
        return [{"label": "Avvikelser", "url": reverse("admin:deviations_deviation_changelist")}]
    return crumbs_of(deviation.recipient) if deviation.recipient else []


def tags_of(deviation: Deviation) -> list[dict[str, str]]:
    """Status, type, and what must not be missed."""
    tags = common_tags(deviation)
    tags[0]["label"] = deviation.state_label
    tags.insert(1, {"code": "", "label": deviation.get_event_type_display()})
    if deviation.is_grave:
        tags.insert(2, {"code": "", "label": "Allvarlig händelse"})
    return tags


def _note(deviation: Deviation) -> dict[str, str] | None:
    if deviation.masked and not deviation.has_ended:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Det som hände visas inte",
            "text": "Mottagaren har fått skyddad identitet sedan ärendet registrerades. Skriv det"
            " som KHS behöver veta, utan något som avslöjar var personen finns.",
        }
    return None


def _facts(request: HttpRequest, deviation: Deviation, *, number: bool) -> list[dict[str, Any]]:
    facts = facts_of(deviation.recipient, number=number) if deviation.recipient else []
    facts += [
        *complaint_of(deviation),
        {"label": "Tjänsteställe", "value": deviation.unit},
        {"label": "Anmäld av", "value": deviation.ordered_by},
        {"label": "Registrerad", "value": datum(deviation.created_at)},
    ]
    if deviation.about:
        kind = CaseKind(deviation.about.kind)
        url = case_pages.url_of(kind, deviation.about.number) or ""
        facts.append({"label": "Om ärende", "value": deviation.about.number, "url": url})
    if deviation.handler:
        facts.append({"label": "Handläggare på KHS", "value": deviation.handler})
    if deviation.closed_at:
        facts.append({"label": deviation.state_label, "value": datum(deviation.closed_at)})
    return facts
