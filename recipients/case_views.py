"""What the pages of all kinds of case have in common: finding it, its look in the log, its head,
and the question of «Makulera»."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from organisation import access_log
from sesam import dialogs
from sesam.errors import DomainError
from sesam.life_line import LifeLine
from sesam.standing import standing

from . import masking
from .cases import AddressedCase, AnyCase, Case, CaseEvent, CaseQuerySet
from .masking import ShownRecipient
from .models import Recipient


def find_case(request: HttpRequest, cases: CaseQuerySet[AnyCase], number: str) -> AnyCase:
    """The case through what this user may open; another unit's is 404."""
    return get_object_or_404(cases.for_user(request.user), case_number=number)


def log_case(
    request: HttpRequest,
    case: Case,
    detail: str,
    *,
    action: access_log.Action = access_log.Action.VIEW,
) -> None:
    """That the answer shows or prints the case of somebody."""
    if case.recipient is not None:
        access_log.look(
            request, case.recipient.key, detail, action=action, case_number=case.case_number
        )


@dataclass(frozen=True)
class CasePage:
    """What templates/parts/case.html draws around a case's own sections."""

    title: str
    crumbs: list[dict[str, str]]
    tags: list[dict[str, str]]
    facts: list[dict[str, Any]]
    events: list[CaseEvent]
    shows_notes: bool = False
    person: ShownRecipient | None = None
    number: str = ""
    life: LifeLine | None = None
    note: dict[str, Any] | None = None
    unsaved: dict[str, Any] | None = None
    create: list[Any] = field(default_factory=list)


def crumbs_of(recipient: Recipient) -> list[dict[str, str]]:
    """From the search for recipients to this one."""
    page = reverse("recipients:detail", args=[recipient.key])
    return [
        {"label": "Mottagare", "url": reverse("recipients:search")},
        {"label": recipient.name, "url": page},
    ]


def facts_of(recipient: Recipient, *, number: bool) -> list[dict[str, Any]]:
    """Who it is about; with the personal number where somebody hands something out by it."""
    page = reverse("recipients:detail", args=[recipient.key])
    facts: list[dict[str, Any]] = [{"label": "Mottagare", "value": recipient.name, "url": page}]
    if number and recipient.number:
        label = "Personnummer" if recipient.is_person else "Vårdenhet"
        facts.append({"label": label, "value": recipient.written_number})
    return facts


def tags_of(case: Case) -> list[dict[str, str]]:
    """Its status; what must not be missed about whom it is for stands in the person band."""
    return [{"code": case.status, "label": case.get_status_display()}]


def band_of(case: Case) -> ShownRecipient | None:
    """Whom it is about, for the band under the bar, with the case's own contact switch if it has
    one."""
    if case.recipient is None:
        return None
    shown = masking.shown(case.recipient)
    if not isinstance(case, AddressedCase):
        return shown
    return replace(shown, contact_prescriber=case.contact_prescriber)


def events_of(case: Case) -> list[CaseEvent]:
    """«Händelser», newest first, with who."""
    found = _events(type(case), case=case.pk)
    for event in found:
        setattr(event, type(case).events.field.name, case)
    return found


@standing
def _events(kind: type[Case], *, case: Any) -> QuerySet[CaseEvent]:
    of_case = kind.events.field
    events = of_case.model._default_manager.filter(**{of_case.name: case})
    return cast(QuerySet[CaseEvent], events.select_related("user").order_by("-at", "-id"))


def press(
    request: HttpRequest, deed: Callable[[], object], *, done: str, page: HttpResponse
) -> HttpResponse:
    """A deed that is one button of a case's page: done, or told why not, on that page."""
    try:
        deed()
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, done)
    return page


def confirm_cancel(
    request: HttpRequest,
    case: AnyCase,
    *,
    page: str,
    template: str,
    hindrance: str,
    cancel: Callable[[AnyCase], object],
    stays: str = "",
    verb: str = "Makulera",
    done: str = "makulerad",
    called: str = "",
    **context: Any,
) -> HttpResponse:
    """«Makulera …»: the question, and «Ja, makulera». ``hindrance`` says why it can't be now,
    ``stays`` what is left as it is («Behåll beställningen»), ``called`` what the case is called where its
    kind has several names."""
    log_case(request, case, f"{verb} {case.NOUN}")
    error = hindrance
    if request.method == "POST":
        try:
            cancel(case)
        except DomainError as fault:
            error = hindrance or fault.message  # which may lead to what hinders
        else:
            messages.success(
                request, f"{called or case.NOUN.capitalize()} {case.case_number} är {done}."
            )
            return dialogs.leave(request, page)
    dialog = {
        "title": f"{verb} {str(case)[0].lower()}{str(case)[1:]}?",
        "cancel_url": page,
        "finish": "" if hindrance else f"Ja, {verb.lower()}",
        "stays": "" if hindrance else stays,
        "error": error,
    }
    status = 409 if request.method == "POST" else 200
    return render(request, template, {"dialog": dialog, **context}, status=status)
