"""What the portal keeps about a person: each model that leads to a recipient, by itself, by a case
number or by an opaque id.

Of each it says what it is called, how it leads there, when it was last written, what of it makes the
person stay for now, and what it forgets. ``forgets`` and ``keeps`` together name every text of the
model (tests/portal/test_disposal.py), so that nobody adds one without saying whether it may tell
who somebody is.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Case, F, Max, Q, QuerySet, Value, When
from django.utils import timezone

from activities.models import (
    Activity,
    ActivityAttachment,
    ActivityEvent,
    ActivityLine,
    UsedMaterial,
    WorkReport,
)
from articles.models import ArticleType, StockMovement
from deviations.models import (
    Deviation,
    DeviationAttachment,
    DeviationEvent,
    DeviationItem,
    DeviationReport,
    RecallItem,
    RecallStatus,
)
from individuals.models import Block, Component, Watch
from invoicing.models import Charge, Correction, DoubtfulLoan, LossVerdict, Question
from orders.models import (
    Cart,
    CartAttachment,
    CartLine,
    Delivery,
    LineDelivery,
    Order,
    OrderAttachment,
    OrderEvent,
    OrderHold,
    OrderLine,
    ProjectMove,
)
from organisation.models import AccessLogEntry, Mail, Message
from pickups.models import (
    PickupEvent,
    PickupLine,
    PickupOrder,
    PickupReceipt,
    Return,
    ReturnLine,
)
from recipients.cases import EventKind
from recipients.models import (
    NOTHING_KNOWN,
    CareRelation,
    DialogFile,
    FollowUp,
    Loan,
    PayerMove,
    Recipient,
)
from recipients.whereabouts import ADDRESS, CONTACT
from sesam.models import CaseNumber, DialogState, Printout

from ..models import DisposalRow, KnownPerson, SpotCheckLook, SpotCheckNote

Record = TypeVar("Record", bound=models.Model)

FORGOTTEN = "Gallrat"  # where something has to stand


class Kind(Enum):
    """Kinds of record, each with the years that it is kept (``retention``)."""

    CARE = "Hälso- och sjukvård"
    DEVIATION = "Avvikelser"
    MONEY = "Debitering"
    LOG = "Åtkomstlogg"
    DRAFT = "Utkast"  # gone within a day: who has one isn't done with


class Goes(Enum):
    """What becomes of the rows when the person goes."""

    STAY = "stay"  # without what they forget
    REMOVED = "removed"  # with their files


@dataclass(frozen=True)
class Person:
    """The recipient, and what else leads to them."""

    recipient: Recipient
    cases: frozenset[str]

    @property
    def key(self) -> uuid.UUID:
        return self.recipient.key


def person_of(recipient: Recipient) -> Person:
    """With the numbers of all their cases. Five queries."""
    cases: set[str] = set()
    for model in (Order, Activity, PickupOrder, Deviation):
        mine = model._default_manager.filter(recipient=recipient)
        cases.update(mine.values_list("case_number", flat=True))
    relations = CareRelation.objects.filter(recipient=recipient).exclude(case=None)
    cases.update(relations.values_list("case_number", flat=True))
    return Person(recipient, frozenset(cases))


@dataclass(frozen=True)
class Held:
    """A model's rows about a person.

    ``ways`` are lookups to the recipient; ``by_case`` and ``by_key`` fields that hold a case number
    or the opaque id. ``dates`` say when it was written. ``open`` is what of it keeps the person.
    """

    model: type[models.Model]
    label: str
    kind: Kind
    ways: tuple[str, ...] = ()
    by_case: str = ""
    by_key: str = ""
    dates: tuple[str, ...] = ()
    open: Q | None = None
    because: str = ""
    forgets: Mapping[str, Any] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    goes: Goes = Goes.STAY

    def rows(self, person: Person) -> QuerySet[Any]:
        """The person's, each once. A question a way: an «or» over several would read the whole
        table."""
        every = _every(self.model)
        asked = [Q(**{way: person.recipient.pk}) for way in self.ways]
        if self.by_case and person.cases:
            asked.append(Q(**{f"{self.by_case}__in": person.cases}))
        if self.by_key:
            asked.append(Q(**{self.by_key: person.key}))
        if len(asked) == 1:
            return every.filter(asked[0])
        found: set[Any] = set()
        for one in asked:
            found.update(every.filter(one).order_by().values_list("pk", flat=True))
        return every.filter(pk__in=found)

    def last(self, person: Person) -> dt.date | None:
        """The day of the last of them."""
        if not self.dates:
            return None
        found = self.rows(person).order_by().aggregate(*[Max(name) for name in self.dates])
        return max((_day(value) for value in found.values() if value), default=None)

    def is_open(self, person: Person) -> bool:
        return self.open is not None and self.rows(person).filter(self.open).exists()


def _every(model: type[Record]) -> QuerySet[Record]:
    """Those that a draft's own managers leave out, too."""
    return model._base_manager.all()


def _day(value: dt.date | dt.datetime) -> dt.date:
    return timezone.localdate(value) if isinstance(value, dt.datetime) else value


def _blank(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "")


def _said(name: str) -> Case:
    """Where the database wants something to be said, that it was."""
    return Case(When(**{name: ""}, then=Value("")), default=Value(FORGOTTEN))


_WHERE = _blank(*ADDRESS, *CONTACT) | {"contact_prescriber": False, "typed_for_case": False}
_THEIR_CALLS = _blank("recipient_phone", "recipient_mobile", "recipient_email")
_FILE = ("file", "name", "content_type")


def _still(model: Any) -> Q:
    """What has not come to its end."""
    return ~Q(status__in=model.ENDED)


def _events(model: type[models.Model], label: str, kind: Kind, way: str, *texts: str) -> Held:
    """What is told there is told by the portal: by article, number and who did it."""
    return Held(
        model, label, kind, ways=(way,), dates=("at",), forgets=_blank(*texts), keeps=("text",)
    )


_CHANGES = apps.get_model("recipients", "RecipientChange")
_OF_ORDER = "order__recipient"
_OF_ACTIVITY = "activity__recipient"
_OF_PICKUP = "pickup__recipient"
_OF_DEVIATION = "deviation__recipient"
_CASE_IS_OPEN = "Ett ärende är öppet"

#: In the order in which it is forgotten: what refers to something before that.
HELD: tuple[Held, ...] = (
    Held(
        Recipient, "Mottagaren", Kind.CARE, ways=("pk",), dates=("created_at",),
        forgets=NOTHING_KNOWN,
    ),
    # --- what is held, and for whom ---
    Held(CareRelation, "Vårdrelationer", Kind.CARE, ways=("recipient",), dates=("since",)),
    Held(
        PayerMove, "Byten av betalare", Kind.CARE, ways=("recipient",), dates=("at",),
        goes=Goes.REMOVED,
    ),
    Held(
        Loan, "Hjälpmedel", Kind.CARE, ways=("recipient",),
        dates=("delivered_at", "ended_at"),
        # (What is used up is never returned.)
        open=Q(ended_at=None) & ~Q(article__type=ArticleType.CONSUMABLE),
        because="Ett hjälpmedel är inte återlämnat",
        forgets={"name": "", "follow_up_on": None, "follow_up_by": None},
        keeps=("prescriber_name",),
    ),
    Held(
        FollowUp, "Uppföljningar", Kind.CARE, ways=("loan__recipient",), dates=("at",),
        forgets=_blank("note"),
    ),
    # --- orders ---
    Held(
        Order, "Beställningar", Kind.CARE, ways=("recipient",),
        dates=("sent_at", "delivered_at", "cancelled_at"),
        open=_still(Order), because=_CASE_IS_OPEN,
        forgets=_WHERE | _THEIR_CALLS | _blank("extra_info"), keeps=("case_number",),
    ),
    Held(
        OrderLine, "Orderrader", Kind.CARE, ways=(_OF_ORDER,),
        forgets=_blank("comment", "replaced_because"),
    ),
    _events(OrderEvent, "Händelser i beställningar", Kind.CARE, _OF_ORDER),
    Held(OrderHold, "Öronmärkningar", Kind.CARE, ways=(_OF_ORDER,), dates=("since", "released_at")),
    Held(Delivery, "Utleveranser", Kind.CARE, ways=(_OF_ORDER,), dates=("at",)),
    Held(
        LineDelivery, "Utlevererade rader", Kind.CARE,
        ways=("delivery__order__recipient", "loan__recipient"),
    ),
    Held(
        ProjectMove, "Projektens steg", Kind.CARE, ways=("line__order__recipient",), dates=("at",),
        forgets={"note": "", "offer": None},
    ),
    Held(
        OrderAttachment, "Beställningars bilagor", Kind.CARE, ways=(_OF_ORDER,),
        dates=("uploaded_at",), keeps=_FILE, goes=Goes.REMOVED,
    ),
    # --- activities ---
    Held(
        Activity, "Aktiviteter", Kind.CARE, ways=("recipient",),
        dates=("created_at", "closed_at", "cancelled_at"),
        open=_still(Activity), because=_CASE_IS_OPEN,
        forgets=_WHERE | _blank("request", "comment", "planned_time", "bring"),
        keeps=("case_number",),
    ),
    Held(
        ActivityLine, "Aktiviteters hjälpmedel", Kind.CARE, ways=(_OF_ACTIVITY, "loan__recipient")
    ),
    Held(
        ActivityEvent, "Händelser i aktiviteter", Kind.CARE, ways=(_OF_ACTIVITY,), dates=("at",),
        # (When it was planned for holds what somebody typed as the hour.)
        forgets={
            "note": "",
            "text": Case(When(kind=EventKind.PLANNED, then=Value("Planerad")), default=F("text")),
        },
    ),
    Held(
        WorkReport, "Återrapporter", Kind.CARE, ways=(_OF_ACTIVITY,), dates=("at",),
        forgets=_blank("text"),
    ),
    Held(UsedMaterial, "Använt material", Kind.CARE, ways=("report__activity__recipient",)),
    Held(
        ActivityAttachment, "Aktiviteters bilagor", Kind.CARE, ways=(_OF_ACTIVITY,),
        dates=("uploaded_at",), keeps=(*_FILE, "document"), goes=Goes.REMOVED,
    ),
    # --- what comes back ---
    Held(
        PickupOrder, "Hämtorder", Kind.CARE, ways=("recipient",),
        dates=("created_at", "received_at", "cancelled_at"),
        open=_still(PickupOrder), because=_CASE_IS_OPEN,
        forgets=_WHERE | _blank("comment"), keeps=("case_number",),
    ),
    Held(PickupLine, "Hämtorderrader", Kind.CARE, ways=(_OF_PICKUP, "loan__recipient")),
    _events(PickupEvent, "Händelser i hämtorder", Kind.CARE, _OF_PICKUP),
    Held(
        PickupReceipt, "Mottaget", Kind.CARE,
        ways=("line__pickup__recipient", "line__loan__recipient"), dates=("at", "finished_at"),
    ),
    Held(Return, "Returer", Kind.CARE, ways=("recipient",), dates=("at", "undone_at")),
    Held(ReturnLine, "Returrader", Kind.CARE, ways=("of__recipient", "loan__recipient")),
    # --- what went wrong ---
    Held(
        Deviation, "Avvikelser", Kind.DEVIATION, ways=("recipient",),
        dates=("created_at", "received_at", "closed_at", "reopened_at"),
        open=_still(Deviation), because=_CASE_IS_OPEN,
        forgets=_blank(
            "place", "what_happened", "done_at_once", "kept_where", "late_reason", "cause",
            "measure", "delivery_note", "freight_note", *CONTACT,
        ) | {"answer": _said("answer")},
        keeps=("case_number", "batch"),
    ),
    Held(
        DeviationItem, "Vad avvikelser gäller", Kind.DEVIATION,
        ways=(_OF_DEVIATION, "loan__recipient"),
    ),
    _events(DeviationEvent, "Händelser i avvikelser", Kind.DEVIATION, _OF_DEVIATION, "note"),
    Held(
        DeviationReport, "Rapporter om avvikelser", Kind.DEVIATION, ways=(_OF_DEVIATION,),
        dates=("reported_on",), keeps=("number",),
        forgets={"reason_not": _said("reason_not")},
    ),
    Held(
        DeviationAttachment, "Avvikelsers bilagor", Kind.DEVIATION, ways=(_OF_DEVIATION,),
        dates=("uploaded_at",), keeps=_FILE, goes=Goes.REMOVED,
    ),
    # (What is thrown away, or comes back, is answered for nevertheless.)
    Held(
        RecallItem, "Återkallade hjälpmedel", Kind.DEVIATION, ways=("loan__recipient",),
        by_case="case", dates=("found_at", "told_at", "reminded_at", "answered_at"),
        open=~Q(recall__status=RecallStatus.CLOSED), because="Ett hjälpmedel är återkallat",
        forgets=_blank("note"),
    ),
    # --- money: rows that are never changed, and name no person ---
    Held(
        Charge, "Debiteringar", Kind.MONEY, by_case="case", dates=("day",),
        keeps=("source_key", "text", "iso_group", "individual_number", "prescriber_code", "inputs"),
    ),
    Held(
        Question, "Ifrågasatta debiteringar", Kind.MONEY, by_case="charge__case",
        dates=("asked_at", "answered_at"),
        open=Q(answered_at=None), because="En debitering är ifrågasatt",
        forgets={"reason": FORGOTTEN, "answer": ""},
    ),
    Held(
        Correction, "Krediteringar", Kind.MONEY, by_case="charge__case", dates=("at",),
        open=~Q(charge__corrections__kind="credit"), because="En debitering ska krediteras",
    ),
    Held(
        LossVerdict, "Beslut om förlorat", Kind.MONEY,
        ways=("receipt__line__pickup__recipient", "return_line__of__recipient"), dates=("at",),
    ),
    Held(
        DoubtfulLoan, "Hjälpmedel att ifrågasätta", Kind.MONEY, ways=("loan__recipient",),
        goes=Goes.REMOVED,
    ),
    # --- the pieces and the stock: what the portal itself wrote, by case number ---
    Held(
        StockMovement, "Lagerrörelser", Kind.CARE, by_case="case", dates=("at",),
        keeps=("individual_number", "note"),
    ),
    Held(Block, "Spärrar", Kind.CARE, by_case="case"),
    Held(
        Watch, "Bevakade hjälpmedel", Kind.CARE, by_case="case", dates=("ended_at",),
        keeps=("first", "last"),
    ),
    Held(Component, "Monterade delar", Kind.CARE, by_case="case"),
    Held(CaseNumber, "Ärendenummer", Kind.CARE, by_case="pk", keeps=("number",)),
    # --- what was told, and who looked ---
    Held(
        Mail, "E-post om meddelanden", Kind.CARE, by_case="message__case", by_key="message__about",
        keeps=("fault",),
    ),
    Held(
        Message, "Meddelanden", Kind.CARE, by_case="case", by_key="about", dates=("sent_at",),
        forgets=_blank("text"), keeps=("title",),
    ),
    Held(
        AccessLogEntry, "Åtkomstlogg", Kind.LOG, by_key="recipient_key",
        # (The number is there as a keyed checksum alone. Rows are never changed: they name nobody.)
        keeps=("job", "searched", "detail", "case_number", "ip"),
    ),
    Held(
        _CHANGES,
        "Ändringar av mottagaren",
        Kind.LOG,
        ways=("pgh_obj",),
        # (Emptied by ``history.forget``, once the recipient is nobody: the database wants it so.)
        keeps=tuple(
            field.name
            for field in _CHANGES._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
            and not field.choices
        ),
    ),
    Held(
        KnownPerson,
        "Kända personer",
        Kind.LOG,
        by_key="recipient_key",
        open=Q(ended_at=None),
        because="Personen står på listan över kända personer",
        forgets={"why": FORGOTTEN},
        keeps=("searched",),
    ),
    # (Copies of the log's rows, and what was said of those who looked: never changed either, and removed
    # whole with the log, after its years: ``spot_checks.services.thin``.)
    Held(
        SpotCheckNote,
        "Stickprovens anteckningar",
        Kind.LOG,
        by_key="look__recipient_key",
        keeps=("text", "who"),
    ),
    Held(
        SpotCheckLook,
        "Stickprov i åtkomstloggen",
        Kind.LOG,
        by_key="recipient_key",
        keeps=("role", "detail", "case_number", "reason", "told"),
    ),
    Held(
        DisposalRow, "Gallring", Kind.CARE, ways=("recipient",), forgets=_blank("why"),
    ),
    # --- what lies about for a day ---
    Held(
        CartAttachment, "Pågående beställningars bilagor", Kind.DRAFT, ways=("cart__recipient",),
        keeps=(*_FILE, "dialog_key"), goes=Goes.REMOVED,
    ),
    Held(
        CartLine, "Pågående beställningars rader", Kind.DRAFT, ways=("cart__recipient",),
        keeps=("comment", "replaced_because", "dialog_key"), goes=Goes.REMOVED,
    ),
    Held(
        Cart, "Pågående beställningar", Kind.DRAFT, ways=("recipient",), open=Q(),
        because="En beställning är påbörjad",
        keeps=(
            *ADDRESS, *CONTACT, "recipient_phone", "recipient_mobile", "recipient_email",
            "extra_info", "aside",
        ),
        goes=Goes.REMOVED,
    ),
    Held(
        DialogState, "Öppna dialoger", Kind.DRAFT, by_key="about",
        keeps=("key", "kind", "facts", "typed"), goes=Goes.REMOVED,
    ),
)  # fmt: skip


def of(kinds: Iterable[Kind]) -> list[Held]:
    wanted = set(kinds)
    return [held for held in HELD if held.kind in wanted]


def dialog_files(person: Person) -> QuerySet[DialogFile]:
    """Files of open dialogs about the person."""
    dialogs = DialogState.objects.filter(about=person.key).values_list("key", flat=True)
    return DialogFile.objects.filter(dialog_key__in=list(dialogs))


def printouts(person: Person) -> QuerySet[Printout]:
    """Papers that were ordered from a page of theirs and are there for a day."""
    wanted = Q(back_url__contains=str(person.key))
    for number in person.cases:
        wanted |= Q(back_url__contains=f"/{number}/")
    return Printout.objects.filter(wanted)
