"""The dialog «Ny aktivitet»: type, aids, description, address. From a recipient, from a piece in a
store, from an order."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from articles.models import Article
from individuals.models import Individual
from individuals.warranty import UnderWarranty, covered
from orders.models import Order
from organisation.models import Unit, Warehouse
from organisation.permissions import CARE, UserRequest, roles, signed_in
from recipients import dialog_files, masking, ticked
from recipients.case_views import find_case
from recipients.models import Recipient
from recipients.starting import find_recipient, log_look, ticked_address
from sesam import attachments, dialogs
from sesam.addresses import written
from sesam.dialogs import Dialog, posted
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.steps import Step, StepDialog

from .. import services
from ..forms import AddressForm, AidsForm, DescriptionForm, TypeForm
from ..models import ActivityType, Priority, ServiceSupplier, WhoseAddress
from ..presets import contact

TYPE, AIDS, DESCRIPTION, ADDRESS = "typ", "hjalpmedel", "beskrivning", "adress"
REMOVE = "ta_bort"
no_store = cache_control(no_store=True, private=True)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Open the dialog, with the aids that were ticked on the recipient's page."""
    if answer := ticked_address(request):
        return answer
    recipient = find_recipient(request, key)
    chosen = sorted(ticked.loan_ids(request.GET.getlist(ticked.CHOSEN)))
    return _start(request, recipient, chosen=chosen)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin_with_piece(request: HttpRequest, number: str) -> HttpResponse:
    """Open the dialog about a piece that stands in a store."""
    piece = get_object_or_404(Individual, number=number.replace("\0", ""))
    if hindrance := services.why_not_of_piece(piece, signed_in(request)):
        messages.error(request, hindrance)
        return dialogs.leave(request, reverse("individuals:detail", args=[piece.number]))
    return _start(request, None, piece=piece.pk)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD"])
def begin_with_order(request: HttpRequest, number: str) -> HttpResponse:
    """Open the dialog about what is ordered: the order waits for it."""
    order = find_case(request, Order.objects.select_related("recipient"), number)
    if order.recipient is None:
        raise Http404("recipient")
    return _start(request, order.recipient, order=order.case_number)


def _start(request: HttpRequest, recipient: Recipient | None, **facts: Any) -> HttpResponse:
    about = recipient.key if recipient else None
    state = Dialog.start(
        request, ActivityDialog.kind, about=about, token=str(uuid.uuid4()), **facts
    )
    return redirect("activities:step", state.key, TYPE)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str, step: str) -> HttpResponse:
    """One step of the dialog."""
    return ActivityDialog.respond(request, key, step)


@roles(*CARE)
@require_GET
@gives_file
def blank(request: UserRequest, pk: int) -> FileResponse:
    """The empty document that is to be filled in and attached."""
    kind = get_object_or_404(ActivityType.objects.exclude(blank=""), pk=pk)
    response = FileResponse(
        attachments.opened(kind.blank),
        as_attachment=True,
        filename=attachments.safe_name(kind.attachment_name or kind.name, attachments.PDF),
        content_type=attachments.PDF,
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


class ActivityDialog(StepDialog):
    """An activity to be: of a recipient's aids, of a piece in a store, or of an order."""

    kind = "activity"
    title = "Ny aktivitet"
    url_name = "activities:step"
    all_steps = (
        Step(TYPE, "Typ", "activities/new_type.html"),
        Step(AIDS, "Hjälpmedel", "activities/new_aids.html"),
        Step(DESCRIPTION, "Beskrivning", "activities/new_description.html", has_files=True),
        Step(ADDRESS, "Adress", "activities/new_address.html"),
    )
    finish_label = "Skicka"

    def __init__(
        self,
        state: Dialog,
        recipient: Recipient | None,
        piece: Individual | None,
        order: Order | None,
    ) -> None:
        super().__init__(state)
        self.recipient, self.piece, self.order = recipient, piece, order
        self.user = signed_in(self.request)
        self._needs_check = False

    @classmethod
    def open(cls, state: Dialog) -> ActivityDialog | None:
        recipient = find_recipient(state.request, state.about) if state.about else None
        piece = order = None
        if pk := state.facts.get("piece"):
            found = Individual.objects.select_related("article", "warehouse")
            piece = found.filter(pk=pk).first()
        if number := state.facts.get("order"):
            mine = Order.objects.for_user(state.request.user).select_related("recipient")
            order = mine.filter(case_number=number).first()
            if order is None:
                return None
        return cls(state, recipient, piece, order) if recipient or piece else None

    @classmethod
    def ended(cls, request: HttpRequest) -> HttpResponse:
        """It is too old, or about somebody who became protected while it was open."""
        messages.warning(request, "Dialogen är avslutad. Börja om från mottagarens sida.")
        return dialogs.leave(request, "/")

    @classmethod
    def shown_again(cls, request: HttpRequest, made: str) -> HttpResponse:
        return dialogs.leave(request, reverse("activities:confirmation", args=[made]))

    # --- what the steps say ---

    @property
    def steps(self) -> tuple[Step, ...]:
        """Without aids to choose where it is known what it is about; without an address where the
        work is done where the piece stands."""
        left_out = set()
        if self.piece is not None or self.order is not None:
            left_out.add(AIDS)
        if self.piece is not None or (self.chosen_type and _is_in_store(self.chosen_type)):
            left_out.add(ADDRESS)
        return tuple(step for step in self.all_steps if step.name not in left_out)

    @property
    def chosen_type(self) -> ActivityType | None:
        said = self.answer(TYPE)
        return cast(ActivityType, said["type"]) if said else None

    @property
    def _type(self) -> ActivityType:
        """The type; before it is chosen the first."""
        return self.chosen_type or ActivityType.objects.filter(is_active=True)[0]

    @property
    def _unit(self) -> Unit:
        said = self.answer(TYPE)
        if said is None:
            raise Http404("unit")
        return cast(Unit, said["unit"])

    @property
    def _store(self) -> Warehouse | None:
        return self._unit.own_stores.filter(is_active=True).order_by("number").first()

    def build(self, step: str, data: MultiValueDict[str, Any] | None) -> forms.BaseForm:
        if step == TYPE:
            return TypeForm(data, user=self.user, in_store=self.piece is not None)
        if step == AIDS and self.recipient is not None:
            chosen = set(self.state.facts.get("chosen", ()))
            return AidsForm(data, recipient=self.recipient, chosen=chosen, kind=self._type)
        if step == DESCRIPTION:
            needed = self._type.attachment_name
            has = any(file.document == needed for file in self.files) if needed else True
            return DescriptionForm(
                data, kind=self._type, recipient=self.recipient, has_document=has
            )
        return AddressForm(
            data,
            kind=self._type,
            recipient=self.recipient,
            unit=self._unit,
            store=self._store,
            user=self.user,
        )

    @property
    def files(self) -> list[Any]:
        return dialog_files.files_of(self.state.key, self.user)

    def must_be_seen(self, step: str) -> bool:
        """The address that the type brings may stand as it is, where there is one."""
        return step != ADDRESS

    def retyped(self, step: str, before: dict[str, Any] | None) -> None:
        """Another type or unit has another address."""
        after = self.state.typed(step) or {}
        asked = ("type", "unit")
        if step == TYPE and any((before or {}).get(n) != after.get(n) for n in asked):
            self.state.forget(ADDRESS)

    def take_file(self) -> None:
        for key in ticked.values_of(posted(self.request), REMOVE):
            try:
                dialog_files.detach(self.state.key, uuid.UUID(key), user=self.user)
            except ValueError:
                continue
        for field in ("document", "file"):
            upload = self.request.FILES.get(field)
            if upload is not None:
                document = self._type.attachment_name if field == "document" else ""
                dialog_files.attach(self.state.key, upload, user=self.user, document=document)
        # The form asked for the document before it came.
        self._forms.pop(DESCRIPTION, None)
        self._answers.pop(DESCRIPTION, None)

    def create(self, said: dict[str, dict[str, Any]]) -> tuple[str, HttpResponse]:
        kind, unit = said[TYPE]["type"], said[TYPE]["unit"]
        told = said[DESCRIPTION]
        where = said.get(ADDRESS) or {
            "address_of": WhoseAddress.NONE.value,
            **contact(self.recipient, unit=unit, user=self.user),
        }
        aids = cast(AidsForm, self.form(AIDS)).chosen_rows if self._has(AIDS) else []
        wanted = services.Registration(
            type=kind,
            priority=said[TYPE]["priority"],
            unit=unit,
            details={**where, **told},
            instruction=where.get("instruction"),
            recipient=self.recipient,
            loans=[row.loan.pk for row in aids],
            piece=self.piece,
            order=self.order,
            files=self.files,
            text_confirmed=told["text_confirmed"],
        )
        try:
            made = services.register(
                wanted, user=self.user, token=uuid.UUID(self.state.facts["token"])
            )
        except services.Protected:
            return "", self.ended(self.request)
        return made.case_number, self.shown_again(self.request, made.case_number)

    def _supplier(self) -> ServiceSupplier | None:
        """Who does the work in KHS's stead, by the type or by what was chosen."""
        articles: list[Article] = []
        if self._has(AIDS) and self.answer(AIDS) is not None:
            articles = [row.loan.article for row in cast(AidsForm, self.form(AIDS)).chosen_rows]
        if self.piece is not None:
            articles.append(self.piece.article)
        if self.order is not None:
            articles += [x.article for x in self.order.lines.select_related("article")]
        return services.supplier_of(self._type, articles)

    def _covered(self) -> list[UnderWarranty]:
        """The chosen pieces under warranty, where a repair or a spare part is asked for."""
        if not self._type.may_be_warranty:
            return []
        if self.piece is not None:
            return covered(self.request, [self.piece])
        if not self._has(AIDS) or self.answer(AIDS) is None:
            return []
        rows = cast(AidsForm, self.form(AIDS)).chosen_rows
        return covered(self.request, [row.loan.individual for row in rows if row.loan.individual])

    def _has(self, step: str) -> bool:
        return any(mine.name == step for mine in self.steps)

    def blame(self, fault: DomainError) -> str:
        self._needs_check = isinstance(fault, services.TextNeedsCheck)
        if fault.line is not None and self._has(AIDS):
            return AIDS
        return super().blame(fault)

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
        if self.recipient is not None:
            log_look(self.request, self.recipient, self.title)
        goes_on = step == DESCRIPTION and self._has(ADDRESS)
        return {
            "cancel_url": self._back_to(),
            "whom": masking.shown(self.recipient)
            if self.recipient
            else {"name": f"individ {self.piece}"},
            # The address that the type brings is sent as it stands.
            **({"finish": self.finish_label, "next": "Nästa"} if goes_on else {}),
            **self._send_last(step),
        }

    def _send_last(self, step: str) -> dict[str, str]:
        is_last = step == self.steps[-1].name
        return {"finish": self.finish_label, "next": ""} if is_last else {}

    def _back_to(self) -> str:
        if self.order is not None:
            return reverse("orders:detail", args=[self.order.case_number])
        if self.recipient is not None:
            return reverse("recipients:detail", args=[self.recipient.key])
        number = self.piece.number if self.piece else ""
        return reverse("individuals:detail", args=[number])

    def context(self, step: str, form: forms.BaseForm) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "recipient": masking.shown(self.recipient) if self.recipient else None,
            "piece": self.piece,
            "order": self.order,
            "kind": self._type,
        }
        if isinstance(form, TypeForm):
            waits = self.order is not None and services.waits_for_it(self.order)
            return {**shown, "order_waits": waits, "types": _cards(form), "soon": _soon(form)}
        if isinstance(form, AidsForm):
            return {**shown, "rows": form.rows}
        if isinstance(form, DescriptionForm):
            confirm = self._needs_check or bool(form["text_confirmed"].value())
            said = self.answer(TYPE) or {}
            supplier = self._supplier()
            return {
                **shown,
                "files": self.files,
                "confirm": confirm,
                "anonymous": supplier is not None or not self._type.personal_data,
                "call": supplier if _is_urgent(said) else None,
                "covered": self._covered(),
            }
        if isinstance(form, AddressForm):
            return {**shown, "addresses": _addresses(form)}
        return shown


def _is_in_store(kind: ActivityType) -> bool:
    return kind.about == ActivityType.About.PIECE


def _is_urgent(said: dict[str, Any]) -> bool:
    """Whether it is urgent: a supplier is then told by telephone as well."""
    priority = cast("Priority | None", said.get("priority"))
    return priority is not None and priority.is_urgent


def _cards(form: TypeForm) -> list[dict[str, Any]]:
    """The types as choice cards."""
    chosen = str(form["type"].value() or getattr(form.fields["type"].initial, "pk", ""))
    return [
        {
            "value": str(kind.pk),
            "label": kind.name,
            "text": kind.explanation,
            "icon": kind.icon,
            "checked": str(kind.pk) == _key(chosen),
        }
        for kind in cast(Any, form.fields["type"]).queryset
    ]


def _soon(form: TypeForm) -> list[dict[str, Any]]:
    """The priorities as choice cards."""
    chosen = _key(form["priority"].value())
    return [
        {
            "value": str(priority.pk),
            "label": priority.name,
            "text": f"klart inom {priority.days_words}",
            "icon": "triangle-alert" if priority.is_urgent else "clock",
            "checked": str(priority.pk) == chosen,
        }
        for priority in cast(Any, form.fields["priority"]).queryset
    ]


def _addresses(form: AddressForm) -> list[dict[str, Any]]:
    """Whose address, as choice cards with the address in words."""
    chosen = _key(form["address_of"].value())
    icons = {"recipient": "house", "unit": "users", "store": "warehouse", "typed": "pencil"}
    cards = []
    for value, label in form.choices:
        place = form.addresses[value]
        words = f"{place['street']}, {written(place['postcode'])} {place['locality']}".strip(", ")
        cards.append(
            {
                "value": value,
                "label": label,
                "text": words or "Gäller bara den här aktiviteten.",
                "icon": icons[value],
                "checked": value == chosen,
            }
        )
    return cards


def _key(value: Any) -> str:
    return str(getattr(value, "pk", value) or "")
