"""A recall: the dialog that registers one, and its page."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from organisation.permissions import CARE, KHS, UserRequest, has_role, roles, signed_in
from recipients import dialog_files
from recipients.models import DialogFile
from sesam import attachments, awaited, dialogs
from sesam.dialogs import Dialog
from sesam.limits import gives_file
from sesam.steps import Step, StepDialog

from .. import jobs, recalls
from ..models import RecallItem, RecallStatus
from ..recalls import figures, finding, listing, registering
from ..recalls.forms import CheckForm, NoticeForm, ScopeForm
from . import recall_deeds, recall_units
from .cases import no_store
from .recall_frame import MOST_CRITERIA, find_recall, queue, shown
from .registering import file_key

NOTICE, SCOPE, CHECK = "meddelande", "omfattning", "kontroll"
MOST_DEEDS = 5  # that the page names


# --- registering ---


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin(request: HttpRequest) -> HttpResponse:
    state = Dialog.start(request, RecallDialog.kind, token=str(uuid.uuid4()))
    return redirect("deviations:recall_step", state.key, NOTICE)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return RecallDialog.respond(request, key, step)


class RecallDialog(StepDialog):
    """A recall to be: what the manufacturer says, what it is about, and what that will find."""

    kind = "recall"
    title = "Återkallelse"
    url_name = "deviations:recall_step"
    all_steps = (
        Step(NOTICE, "Meddelande", "deviations/recall_step_notice.html", has_files=True),
        Step(SCOPE, "Vad berörs", "deviations/recall_step_scope.html"),
        Step(CHECK, "Kontrollera", "deviations/recall_step_check.html"),
    )
    finish_label = "Registrera och spärra"

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        messages.warning(request, "Dialogen är avslutad. Börja om.")
        return dialogs.leave(request, queue())

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("deviations:recall", args=[made]))

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        if step == NOTICE:
            return NoticeForm(data)
        return ScopeForm(data) if step == SCOPE else CheckForm(data)

    def take_file(self) -> None:
        user = signed_in(self.request)
        for typed in self.request.POST.getlist("ta_bort"):
            dialog_files.detach(self.state.key, file_key(typed), user=user)
        for upload in self.request.FILES.getlist("file"):
            dialog_files.attach(self.state.key, upload, user=user)

    def _files(self) -> list[DialogFile]:
        return dialog_files.files_of(self.state.key, signed_in(self.request))

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        made = recalls.register(
            user=signed_in(self.request),
            details=said[NOTICE],
            articles=said[SCOPE]["articles"],
            sought=said[SCOPE]["sought"],
            token=uuid.UUID(self.state.facts["token"]),
            files=self._files(),
        )
        return made.case_number, self.shown_again(self.request, made.case_number)

    def frame(self, step: str) -> dict[str, Any]:
        return {"cancel_url": queue()}

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        if step == NOTICE:
            return {"attachments": self._files()}
        if step == SCOPE:
            return {}
        said = self.answer(SCOPE) or {"articles": [], "sought": []}
        return {
            "rows": finding.preview(said["articles"], said["sought"]),
            "sought": [str(x.of(said["articles"][0])) for x in said["sought"][:MOST_CRITERIA]],
            "more": max(0, len(said["sought"]) - MOST_CRITERIA),
        }


# --- the page ---


@roles(*CARE)
@no_store
@require_GET
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The recall's page: KHS's, or a unit's own pieces alone. While its list is made KHS's asks for
    itself anew."""
    recall = find_recall(request, number)
    if not has_role(request.user, KHS):
        return recall_units.page(request, recall)
    waits = recall.found_at is None and awaited.waits(recall)
    if request.htmx and not waits and request.headers.get("HX-Target") == "laget":
        return HttpResponseClientRefresh()
    items = recall.items.all()
    counts = listing.counts_of(items)
    chosen = request.GET.get("visa", listing.LEFT)
    is_ongoing = recall.status == RecallStatus.ONGOING
    table = recall_deeds.TickedTable if is_ongoing else listing.RecallItemTable
    ordered_count, ordered = listing.ordered(recall)
    failed = ""
    if recall.found_at is None and not waits:
        failed = recall.error or jobs.FAILED
    context = {
        "recall": recall,
        "waits": waits,
        "failed": failed,
        "counts": counts,
        "tabs": listing.tabs_of(request, counts, chosen),
        "table": table.fetch(
            request, listing.part_of(items, chosen), whole=RecallItem.objects.with_facts()
        ),
        "bulk": recall_deeds.bulk_of(recall) if is_ongoing else [],
        "is_ongoing": is_ongoing,
        "silent": figures.silent_units(recall),
        "deeds": list(recall.deeds.select_related("ordered_by")[:MOST_DEEDS]),
        "blocked": counts.blocked + recall.held_pieces().count(),
        "ordered_count": ordered_count,
        "ordered": ordered,
        "attachments": list(recall.attachments.all()),
        "case": shown(request, recall),
    }
    return render(request, "deviations/recall.html", context)


@roles(*CARE)
@require_GET
@gives_file
def attachment(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """The manufacturer's notice, to those who may open the recall. Nobody's data stands in it."""
    recall = find_recall(request, number)
    found = get_object_or_404(recall.attachments, key=key)
    if not found.may_read(request.user):
        raise Http404("file")
    return attachments.download(found, request.user)


@roles(KHS)
@require_POST
def search_again(request: UserRequest, number: str) -> HttpResponse:
    """«Sök igen», where the job was lost or stopped by a fault."""
    recall = find_recall(request, number)
    registering.search_again(recall)
    return redirect("deviations:recall", recall.case_number)
