"""What KHS does about a recall's pieces, from its page: in one step for the chosen, reminded, confirmed in
a unit's place, closed."""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST

from organisation.permissions import KHS, UserRequest, roles, signed_in
from sesam import awaited, dialogs, printouts
from sesam.dialogs import Dialog
from sesam.errors import DomainError
from sesam.models import Printout
from sesam.places import BulkAction, Shown
from sesam.steps import Step, StepDialog
from sesam.tables import Column, TickColumn

from .. import jobs
from ..models import Answer, DeedLetters, DeedWork, Recall, RecallItem, RecallStatus
from ..recalls import acting, closing, confirming, letters, listing, telling
from ..recalls.act_forms import CALLED, ActForm, AnswerForm, CloseForm
from .cases import no_store
from .recall_frame import find_recall

CHOSEN, ALL = "valda", "alla"
ACT, CHECK, ANSWER = "atgard", "kontroll", "svar"
MOST_LEFT_OUT = 100  # named on the page of a deed


_COLUMNS = {column.name: column for column in listing.RecallItemTable.columns}
_FIRST = ("piece", "place", "unit", "contact", "state")


class TickedTable(listing.RecallItemTable):
    """The list with a box a row, for KHS; what one works by stands first."""

    columns: ClassVar[tuple[Column, ...]] = (
        TickColumn(str),
        *(_COLUMNS[name] for name in _FIRST),
        *(column for name, column in _COLUMNS.items() if name not in _FIRST),
    )


def bulk_of(recall: Recall) -> list[Shown[BulkAction[Recall]]]:
    """What can be done with ticked rows."""
    entries: list[Shown[BulkAction[Recall]]] = []
    for name, label, icon, dialog in (
        ("recall_act", "Åtgärda", "wrench", True),
        ("recall_remind", "Påminn", "mail", False),
        ("recall_confirm", "Markera bekräftad", "check", True),
    ):
        url = reverse(f"deviations:{name}", args=[recall.case_number])
        entry: BulkAction[Recall] = BulkAction(
            name=name, label=label, icon=icon, dialog=dialog, url=_of_recall
        )
        entries.append(Shown(entry=entry, label=label, url=url))
    return entries


def _of_recall(request: HttpRequest, recall: Recall) -> str:
    return page_url(recall)


def page_url(recall: Recall) -> str:
    return reverse("deviations:recall", args=[recall.case_number])


def _ticked(request: HttpRequest, recall: Recall) -> list[int]:
    """The keys of the recall's rows that were ticked, or of all that nobody has answered."""
    if ALL in request.GET:
        return list(recall.items.left().order_by("pk").values_list("pk", flat=True))
    typed = {int(x) for x in request.POST.getlist(CHOSEN) if re.fullmatch("[0-9]{1,18}", x)}
    found = recall.items.filter(pk__in=typed).order_by("pk")
    return list(found.values_list("pk", flat=True))


def _none(request: HttpRequest, recall: Recall) -> HttpResponse:
    if recall.status == RecallStatus.ONGOING:
        messages.error(request, "Kryssa i minst ett exemplar som är kvar.")
    else:
        messages.error(request, f"Återkallelsen är {recall.status_words}.")
    return dialogs.leave(request, page_url(recall))


class _OfRecall(StepDialog):
    """A dialog about chosen rows of a recall."""

    def __init__(self, state: Dialog, recall: Recall) -> None:
        super().__init__(state)
        self.recall = recall

    @classmethod
    def open(cls, state: Dialog) -> _OfRecall | None:
        found = Recall.objects.for_user(signed_in(state.request))
        recall = found.filter(case_number=state.facts["number"]).first()
        return cls(state, recall) if recall else None

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        messages.warning(request, "Dialogen är avslutad. Börja om från återkallelsen.")
        return dialogs.leave(request, reverse("admin:deviations_recall_changelist"))

    def stopped(self) -> HttpResponse | None:
        if self.recall.status == RecallStatus.ONGOING:
            return None
        return _none(self.request, self.recall)

    @property
    def chosen(self) -> list[int]:
        return list(self.state.facts["chosen"])

    def frame(self, step: str) -> dict[str, Any]:
        return {"cancel_url": page_url(self.recall)}


# --- in one step ---


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: UserRequest, number: str) -> HttpResponse:
    """«Åtgärda»: the ticked rows, or all that are left."""
    recall = find_recall(request, number)
    chosen = _ticked(request, recall)
    if not chosen or recall.status != RecallStatus.ONGOING:
        return _none(request, recall)
    state = Dialog.start(
        request,
        ActDialog.kind,
        number=recall.case_number,
        chosen=chosen,
        token=str(uuid.uuid4()),
    )
    return redirect("deviations:recall_act_step", state.key, ACT)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def act_step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    return ActDialog.respond(request, key, step)


class ActDialog(_OfRecall):
    """Cases, messages and letters for the chosen ones."""

    kind = "recall_act"
    title = "Åtgärda berörda exemplar"
    url_name = "deviations:recall_act_step"
    all_steps = (
        Step(ACT, "Vad ska göras", "deviations/recalls/act.html"),
        Step(CHECK, "Kontrollera", "deviations/recalls/act_check.html"),
    )
    finish_label = "Utför"

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        number, key = made.split(" ")
        return dialogs.leave(request, reverse("deviations:recall_deed", args=[number, key]))

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        return ActForm(data, recall=self.recall) if step == ACT else forms.Form(data)

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        deed = acting.order(
            self.recall,
            self.chosen,
            ActForm.wanted(said[ACT]),
            user=signed_in(self.request),
            key=uuid.UUID(self.state.facts["token"]),
        )
        made = f"{self.recall.case_number} {deed.key}"
        return made, self.shown_again(self.request, made)

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        shown: dict[str, Any] = {"recall": self.recall, "count": len(self.chosen)}
        said = self.answer(ACT) if step == CHECK else None
        if said is None:
            return shown
        wanted = ActForm.wanted(said)
        shown["wanted"] = wanted
        if wanted.work:
            found = acting.plan(self.recall.pk, self.chosen, work=wanted.work)
            shown |= {
                "cases": len(found.groups),
                "case_word": DeedWork(wanted.work).label.lower(),
                "left_out": _by_reason(found.left_out),
            }
        if wanted.sends_message:
            shown["to_tell"] = telling.to_tell(self.recall, self.chosen)
        if wanted.letters:
            plan = letters.plan(self.recall.pk, self.chosen, wanted.letters)
            shown["to_holders"], shown["to_units"] = letters.by_way(plan)
            shown["by_holder"] = wanted.letters == DeedLetters.HOLDER
        return shown


def _by_reason(left_out: list[tuple[RecallItem, str]]) -> list[tuple[str, int]]:
    """Why, with of how many."""
    counted: dict[str, int] = {}
    for _, why in left_out:
        counted[why] = counted.get(why, 0) + 1
    return sorted(counted.items(), key=lambda x: -x[1])


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def deed(request: UserRequest, number: str, key: uuid.UUID) -> HttpResponse:
    """How far a deed has come, and what came of it. The page asks again by itself."""
    recall = find_recall(request, number)
    found = get_object_or_404(recall.deeds.select_related("ordered_by", "type"), key=key)
    if request.method == "POST":
        acting.order_again(found)
        return redirect(request.path)
    items = {
        item.pk: item
        for item in recall.items.filter(pk__in=[pk for pk, _ in found.left_out[:MOST_LEFT_OUT]])
        .select_related("individual", "article")
        .order_by("pk")
    }
    paper = None
    if found.printout:
        paper = Printout.objects.filter(key=found.printout, owner=request.user).first()
    context = {
        "deed": found,
        "recall": recall,
        "title": f"Åtgärder för återkallelse {recall.case_number}",
        "crumbs": [
            {"label": "Återkallelser", "url": reverse("admin:deviations_recall_changelist")},
            {"label": recall.case_number, "url": page_url(recall)},
            {"label": "Åtgärder"},
        ],
        "error": found.error or (jobs.DEED_FAILED if awaited.is_lost(found) else ""),
        "waits": awaited.waits(found),
        "left_out": [
            (str(items[pk]), why) for pk, why in found.left_out[:MOST_LEFT_OUT] if pk in items
        ],
        "more": max(0, len(found.left_out) - MOST_LEFT_OUT),
        "paper_url": printouts.url_of(paper) if paper else "",
    }
    return render(request, "deviations/recalls/deed.html", context)


# --- reminders, answers, the sheet ---


@roles(KHS)
@require_POST
def remind(request: UserRequest, number: str) -> HttpResponse:
    """«Påminn»: the ticked, or all who are silent."""
    recall = find_recall(request, number)
    chosen = _ticked(request, recall)
    if not chosen:
        return _none(request, recall)
    try:
        reached = telling.remind(recall, chosen, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
        return redirect(page_url(recall))
    if reached.units:
        units = "tjänsteställe" if reached.units == 1 else "tjänsteställen"
        messages.success(request, f"{reached.units} {units} fick en påminnelse.")
    else:
        why = reached.left_out[0][1] if reached.left_out else ""
        messages.warning(
            request,
            why
            or "Ingen påmindes: de valda är besvarade, inte kontaktade än eller redan påminda i dag.",
        )
    return redirect(page_url(recall))


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: UserRequest, number: str) -> HttpResponse:
    """«Markera bekräftad»: of the ticked rows, as they are now."""
    recall = find_recall(request, number)
    chosen = _ticked(request, recall)
    if not chosen or recall.status != RecallStatus.ONGOING:
        return _none(request, recall)
    seen = recall.items.filter(pk__in=chosen).order_by("pk").values_list("pk", "answer")
    state = Dialog.start(
        request,
        ConfirmDialog.kind,
        number=recall.case_number,
        chosen=chosen,
        seen={str(pk): answer for pk, answer in seen},
    )
    return redirect("deviations:recall_confirm_step", state.key, ANSWER)


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    return ConfirmDialog.respond(request, key, step)


class ConfirmDialog(_OfRecall):
    """KHS answers for the chosen."""

    kind = "recall_confirm"
    title = "Markera bekräftad"
    url_name = "deviations:recall_confirm_step"
    all_steps = (Step(ANSWER, "Svar", "deviations/recalls/confirm.html"),)
    finish_label = "Spara"

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("deviations:recall", args=[made]))

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        return AnswerForm(data)

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        user, what, note = signed_in(self.request), said[ANSWER]["said"], said[ANSWER]["note"]
        if what == CALLED:
            telling.note_call(self.recall, self.chosen, user=user, note=note)
            messages.success(self.request, "Samtalet är antecknat.")
        else:
            seen = {int(pk): answer for pk, answer in self.state.facts["seen"].items()}
            confirming.confirm(self.recall, seen, Answer(what), user=user, note=note)
            rows = "rad är besvarad" if len(seen) == 1 else "rader är besvarade"
            messages.success(self.request, f"{len(seen)} {rows}: {Answer(what).label.lower()}.")
        return self.recall.case_number, self.shown_again(self.request, self.recall.case_number)

    def refuse(self, form: forms.BaseForm, fault: DomainError) -> None:
        """Somebody was first: what they said is seen now."""
        if fault.line is not None:
            rows = self.recall.items.filter(pk__in=self.chosen).values_list("pk", "answer")
            self.state.remember(seen={str(pk): answer for pk, answer in rows})
        super().refuse(form, fault)

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        rows = self.recall.items.filter(pk__in=self.chosen[:10]).select_related(
            "individual", "article"
        )
        named = [str(item) for item in rows.order_by("pk")]
        return {"named": named, "more": max(0, len(self.chosen) - len(named))}


@roles(KHS)
@require_POST
def excel(request: UserRequest, number: str) -> HttpResponse:
    """The list for the authority; made by a job."""
    recall = find_recall(request, number)
    return redirect(printouts.url_of(jobs.order_sheet(recall, user=request.user)))


@roles(KHS)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: UserRequest, number: str) -> HttpResponse:
    """«Avsluta»: with a reason where some are left."""
    recall = find_recall(request, number)
    form = CloseForm(request.POST if request.method == "POST" else None)
    error, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                closing.close(recall, user=request.user, reason=form.cleaned_data["reason"])
            except DomainError as fault:
                form.add_error(fault.field if fault.field in form.fields else None, fault.message)
                error = " ".join(map(str, form.non_field_errors()))
                status = 409 if error else 422
            else:
                messages.success(request, "Återkallelsen är avslutad.")
                return dialogs.leave(request, page_url(recall))
    elif recall.has_ended:
        error = "Återkallelsen är redan avslutad."
    left = recall.items.left().how_many()
    dialog = {
        "title": f"Avsluta återkallelse {recall.case_number}",
        "cancel_url": page_url(recall),
        "finish": "" if recall.has_ended else "Avsluta",
        "error": error,
    }
    context = {"dialog": dialog, "recall": recall, "form": form, "left": left}
    return render(request, "deviations/recalls/close.html", context, status=status)
