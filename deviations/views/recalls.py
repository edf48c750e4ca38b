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
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from organisation.permissions import CARE, KHS, UserRequest, has_role, roles, signed_in
from recipients import dialog_files
from recipients.case_views import CasePage, events_of, find_case
from recipients.models import DialogFile
from sesam import attachments, awaited, dialogs
from sesam.dialogs import Dialog
from sesam.limits import gives_file
from sesam.steps import Step, StepDialog
from sesam.templatetags.sesam import datum, status_html

from .. import jobs, recalls
from ..models import Recall, RecallItemQuerySet
from ..recalls import finding, listing, registering
from ..recalls.forms import CheckForm, NoticeForm, ScopeForm
from ..recalls.life import life_line
from .registering import file_key

NOTICE, SCOPE, CHECK = "meddelande", "omfattning", "kontroll"
MOST_CRITERIA = 12  # that the page names of an article
no_store = cache_control(no_store=True, private=True)


def queue() -> str:
    return reverse("admin:deviations_recall_changelist")


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


def find_recall(request: HttpRequest, number: str) -> Recall:
    """The recall through what this user may open; another's is 404."""
    found = Recall.objects.select_related("ordered_by")
    recall: Recall = find_case(request, found, number)
    return recall


def items_for(request: HttpRequest, recall: Recall) -> RecallItemQuerySet:
    """KHS sees every piece; a unit its own that it has been told of."""
    items: RecallItemQuerySet = recall.items.all()
    if has_role(request.user, KHS):
        return items
    mine = signed_in(request).units.all()
    return items.filter(unit__in=mine, told_at__isnull=False)


@roles(*CARE)
@no_store
@require_GET
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The recall's page. While its list is made it asks for itself anew."""
    recall = find_recall(request, number)
    waits = recall.found_at is None and awaited.waits(recall)
    if request.htmx and not waits and request.headers.get("HX-Target") == "laget":
        return HttpResponseClientRefresh()
    is_khs = has_role(request.user, KHS)
    items = items_for(request, recall)
    counts = listing.counts_of(items)
    chosen = request.GET.get("visa", listing.LEFT)
    tabs = listing.tabs_of(request, counts, chosen)
    sought = listing.ordered(recall) if is_khs else (0, [])
    failed = ""
    if recall.found_at is None and not waits:
        failed = recall.error or jobs.FAILED
    context = {
        "recall": recall,
        "is_khs": is_khs,
        "waits": waits,
        "failed": failed,
        "counts": counts,
        "tabs": tabs,
        "table": listing.RecallItemTable.fetch(
            request, listing.part_of(items, chosen).with_facts()
        ),
        "blocked": counts.blocked + _blocked_pieces(recall) if is_khs else 0,
        "ordered_count": sought[0],
        "ordered": sought[1],
        "attachments": list(recall.attachments.all()),
        "case": CasePage(
            title=str(recall),
            person=None,
            crumbs=_crumbs(is_khs=is_khs),
            tags=_tags(recall),
            number=recall.case_number,
            facts=_facts(recall),
            events=events_of(recall) if is_khs else [],
            life=life_line(recall, events_of(recall)),
        ),
    }
    return render(request, "deviations/recall.html", context)


def _blocked_pieces(recall: Recall) -> int:
    """In stores."""
    return recall.held_pieces().count()


def _crumbs(*, is_khs: bool) -> list[dict[str, str]]:
    if not is_khs:
        return []
    return [
        {"label": "Avvikelser", "url": reverse("admin:deviations_deviation_changelist")},
        {"label": "Återkallelser", "url": queue()},
    ]


def _tags(recall: Recall) -> list[dict[str, str]]:
    tags = [{"code": recall.status, "label": recall.get_status_display()}]
    if recall.must_stop and not recall.has_ended:
        tags.append({"code": "", "label": "Ska inte användas"})
    return tags


def _facts(recall: Recall) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = []
    sought: dict[str, list[str]] = {}
    for one in recall.criteria:
        article = f"{one.article.number} {one.article.name}"
        sought.setdefault(article, []).append(str(one))
    for article, words in sought.items():
        more = len(words) - MOST_CRITERIA
        told = "; ".join(words[:MOST_CRITERIA]) + (f" och {more} till" if more > 0 else "")
        facts.append({"label": article, "value": told})
    facts += [
        {"label": "Fel", "value": recall.fault},
        {"label": "Åtgärd", "value": recall.measure},
        {"label": "Från", "value": f"{recall.sender}, {datum(recall.notice_on)}"},
    ]
    if recall.reference:
        facts.append({"label": "Meddelandets nummer", "value": recall.reference})
    if recall.authority_on:
        facts.append({"label": "Läkemedelsverket", "value": f"Anmäld {datum(recall.authority_on)}"})
    if recall.due_on:
        facts.append({"label": "Alla bekräftade senast", "value": datum(recall.due_on)})
    facts += [
        {"label": "Status", "value": status_html(recall.status, recall.get_status_display())},
        {"label": "Registrerad", "value": f"{datum(recall.created_at)} av {recall.ordered_by}"},
    ]
    return facts


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
