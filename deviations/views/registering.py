"""The dialog «Avvikelse/reklamation»: the aids, the event, what a complaint wants, whom to talk to."""

from __future__ import annotations

import uuid
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from activities import services as activities
from individuals.models import Individual
from organisation.behalf import units_of, usual_unit
from organisation.permissions import CARE, roles, signed_in
from recipients import dialog_files, masking, ticked
from recipients.case_details import Protected
from recipients.models import DialogFile, Recipient
from recipients.starting import find_recipient, log_look, ticked_address
from recipients.whereabouts import preset_contact
from sesam import case_pages, dialogs
from sesam.dialogs import Dialog
from sesam.errors import DomainError
from sesam.steps import Step, StepDialog

from .. import services
from ..forms import AidsForm, ComplaintForm, ContactForm, EventForm
from ..models import EventType
from ..origins import find_origin

AIDS, EVENT, COMPLAINT, CONTACT = "hjalpmedel", "handelse", "reklamation", "kontakt"
KIND = "typ"  # in the address that begins one: of what kind it is
no_store = cache_control(no_store=True, private=True)


def _open(request: HttpRequest, *, about: uuid.UUID | None = None, **facts: Any) -> HttpResponse:
    """Open the dialog; with aids that are chosen already it begins with the event."""
    known: dict[str, Any] = {"chosen": [], "piece": None, "case": "", "token": str(uuid.uuid4())}
    known["event_type"] = EventType.COMPLAINT if request.GET.get(KIND) == COMPLAINT else ""
    state = Dialog.start(request, DeviationDialog.kind, about=about, **(known | facts))
    unit = usual_unit(user := signed_in(request), units_of(user))
    if unit and (facts.get("chosen") or facts.get("piece")):
        valda = [str(pk) for pk in facts.get("chosen", [])]
        state.keep(AIDS, {"unit": str(unit.pk), ticked.CHOSEN: valda})
        return redirect("deviations:step", state.key, EVENT)
    return redirect("deviations:step", state.key, AIDS)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin(request: HttpRequest) -> HttpResponse:
    """About no recipient and no aid: a delivery, a service, an invoice."""
    return _open(request)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def begin_for(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """About a recipient, with the aids that were ticked on the page."""
    if answer := ticked_address(request):
        return answer
    recipient = find_recipient(request, key)
    chosen = sorted(ticked.loan_ids(request.GET.getlist(ticked.CHOSEN)))
    return _open(request, about=recipient.key, chosen=chosen)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin_of_piece(request: HttpRequest, number: str) -> HttpResponse:
    """About a piece in a store."""
    piece = Individual.objects.filter(number=number.replace("\0", "")).first()
    if piece is None:
        raise Http404("individual")
    if hindrance := why_not_of_piece(piece):
        messages.error(request, hindrance)
        return dialogs.leave(request, reverse("individuals:detail", args=[piece.number]))
    return _open(request, piece=piece.pk)


def why_not_of_piece(piece: Individual) -> str:
    """Who has it is nobody's to learn here; their own page has the same dialog."""
    if piece.status == Individual.Status.WITH_RECIPIENT:
        return "Individen är hos en mottagare: registrera avvikelsen från mottagarens sida."
    if piece.warehouse_id is None:
        return f"Individen är {piece.get_status_display().lower()}."
    return ""


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin_of_case(request: HttpRequest, number: str) -> HttpResponse:
    """About a case that the user may open, with the aids that it is about."""
    case, found = find_origin(request, number)
    return _open(
        request,
        about=case.recipient.key if case.recipient else None,
        chosen=sorted(found.loans),
        piece=found.piece,
        case=case.case_number,
    )


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return DeviationDialog.respond(request, key, step)


def file_key(typed: str) -> uuid.UUID:
    """The key of a file; nonsense is nobody's."""
    try:
        return uuid.UUID(typed)
    except ValueError:
        return uuid.UUID(int=0)


class DeviationDialog(StepDialog):
    """A deviation to be: of somebody's aids, of a piece in a store, or of neither."""

    kind = "deviation"
    title = "Avvikelse/reklamation"
    url_name = "deviations:step"
    all_steps = (
        Step(AIDS, "Hjälpmedel", "deviations/step_aids.html"),
        Step(EVENT, "Händelse", "deviations/step_event.html"),
        Step(COMPLAINT, "Reklamation", "deviations/step_complaint.html"),
        Step(CONTACT, "Kontakt och bilagor", "deviations/step_contact.html", has_files=True),
    )
    finish_label = "Skicka"

    def __init__(
        self, state: Dialog, recipient: Recipient | None, piece: Individual | None
    ) -> None:
        super().__init__(state)
        self.recipient = recipient
        self.piece = piece

    @classmethod
    def open(cls, state: Dialog) -> DeviationDialog | None:
        recipient = find_recipient(state.request, state.about) if state.about else None
        piece = None
        if pk := state.facts["piece"]:
            piece = Individual.objects.select_related("article", "warehouse").get(pk=pk)
        return cls(state, recipient, piece)

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        """It is too old, or about somebody who became protected while it was open."""
        messages.warning(request, "Dialogen är avslutad. Börja om.")
        return dialogs.leave(request, "/")

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("deviations:confirmation", args=[made]))

    @property
    def steps(self) -> tuple[Step, ...]:
        """A complaint has a step of its own."""
        typed = self.state.typed(EVENT) or {}
        is_complaint = typed.get("event_type") == EventType.COMPLAINT
        return tuple(x for x in self.all_steps if is_complaint or x.name != COMPLAINT)

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        user = signed_in(self.request)
        if step == AIDS:
            chosen = set(self.state.facts["chosen"])
            return AidsForm(data, user=user, recipient=self.recipient, chosen=chosen)
        if step == EVENT:
            return EventForm(
                data,
                pieces=self._pieces(),
                has_aids=self._has_aids(),
                event_type=self.state.facts.get("event_type", ""),
            )
        if step == COMPLAINT:
            return ComplaintForm(data)
        said = self.answer(AIDS)
        return ContactForm(data, initial=preset_contact(user, said["unit"]) if said else {})

    def take_file(self) -> None:
        user = signed_in(self.request)
        for typed in self.request.POST.getlist("ta_bort"):
            dialog_files.detach(self.state.key, file_key(typed), user=user)
        for upload in self.request.FILES.getlist("file"):
            dialog_files.attach(self.state.key, upload, user=user)

    def _files(self) -> list[DialogFile]:
        return dialog_files.files_of(self.state.key, signed_in(self.request))

    def _aids(self) -> AidsForm:
        """The first step; what was ticked on the way here counts as typed there."""
        return cast(AidsForm, self.form(AIDS))

    def _pieces(self) -> list[str]:
        if self.piece:
            return [self.piece.number]
        rows = self._aids().chosen_rows
        return [row.loan.individual.number for row in rows if row.loan.individual]

    def _has_aids(self) -> bool:
        return self.piece is not None or bool(self._aids().chosen_rows)

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        event = dict(said[EVENT])
        block = bool(event.pop("block", False))
        rows = self._aids().chosen_rows
        try:
            made = services.register(
                user=signed_in(self.request),
                unit=said[AIDS]["unit"],
                details={**event, **said.get(COMPLAINT, {}), **said[CONTACT]},
                token=uuid.UUID(self.state.facts["token"]),
                recipient=self.recipient,
                wishes=[services.Wish(row.loan.pk, row.quantity) for row in rows],
                piece=self.piece,
                about=self.state.facts["case"] or None,
                block=block,
                files=self._files(),
            )
        except Protected:
            return "", self.ended(self.request)
        return made.case_number, self.shown_again(self.request, made.case_number)

    def blame(self, fault: DomainError) -> str:
        return AIDS if fault.line is not None else super().blame(fault)

    def refuse(self, form: forms.BaseForm, fault: DomainError) -> None:
        if fault.line is not None and isinstance(form, AidsForm):
            form.blame_row(fault.line, fault.message)
        else:
            super().refuse(form, fault)

    def hush(self, form: forms.BaseForm) -> None:
        super().hush(form)
        for row in getattr(form, "rows", ()):
            row.error = ""

    # --- the pages ---

    def error(self, form: forms.BaseForm) -> str:
        # What somebody else took is told whenever it is seen.
        return super().error(form) or getattr(form, "gone", "")

    def frame(self, step: str) -> dict[str, Any]:
        if self.recipient is None:
            return {"cancel_url": self._from()}
        log_look(self.request, self.recipient, self.title)
        return {
            "cancel_url": self._from(),
            "whom": masking.shown(self.recipient),
            "whom_word": "Om",
        }

    def _from(self) -> str:
        """The page that it was started from."""
        if self.piece:
            return reverse("individuals:detail", args=[self.piece.number])
        if number := self.state.facts["case"]:
            return case_pages.url_for(number) or "/"
        if self.recipient:
            return reverse("recipients:detail", args=[self.recipient.key])
        return "/"

    def _activity_instead(self) -> str:
        """Where ordinary wear is asked to be mended, with the same aids."""
        if self.piece:
            if activities.why_not_of_piece(self.piece, signed_in(self.request)):
                return ""
            return reverse("activities:begin_with_piece", args=[self.piece.number])
        if self.recipient is None:
            return ""
        rows = self._aids().chosen_rows
        query = urlencode([(ticked.CHOSEN, row.key) for row in rows])
        url = reverse("activities:begin", args=[self.recipient.key])
        return f"{url}?{query}" if query else url

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        aids = self._aids()
        return {
            "rows": aids.rows,
            "piece": self.piece,
            "recipient": masking.shown(self.recipient) if self.recipient else None,
            "about": self.state.facts["case"],
            "activity_url": self._activity_instead(),
            "attachments": self._files() if step == CONTACT else [],
            "chosen": [row.label for row in aids.chosen_rows] if step != AIDS else [],
        }
