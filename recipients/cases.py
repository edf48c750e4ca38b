"""A case: what an order, a pickup order, an activity or a deviation about somebody's aids have in
common. Who may see it, how its status moves, what happened to it, and what it forgets.

A kind of case is a model that extends ``Case``, or ``AddressedCase`` where it goes somewhere, with
its own ``status``; a model that extends ``CaseEvent`` with ``related_name="events"``; and services
that begin with ``lock_case`` and end with ``tell``. ``unit``, ``recipient``, ``ordered_by`` and
``prescriber`` are the kind's own fields, since each may be missing: then it says so by ``= None``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from organisation import access_log, messages
from organisation.models import MessageKind, Unit, User
from organisation.permissions import KHS, has_role
from sesam.errors import DomainError
from sesam.known import known
from sesam.locks import lock_rows

from .lending import lock as lock_recipients
from .whereabouts import CONTACT, CaseAddress

Record = TypeVar("Record", bound=models.Model)
AnyCase = TypeVar("AnyCase", bound="Case")


class OwnUnits(models.QuerySet[Record]):
    """Of records that belong to a unit: what somebody may open."""

    def for_user(self, user: User | AnonymousUser) -> Self:
        """Own units' records; KHS sees every unit's."""
        if not isinstance(user, User):
            return self.none()
        return self.for_user_of(user.pk, at_khs=has_role(user, KHS))

    def for_user_of(self, user_id: Any, *, at_khs: bool) -> Self:
        """The same for a question that is put together once (``sesam.standing``)."""
        if at_khs:
            return self
        return self.filter(unit__in=Unit.objects.filter(users=user_id).order_by())


def is_own(unit: str, user_id: Any, *, at_khs: bool) -> models.Value | models.Exists:
    """The same as a column of a question (``sesam.standing``): whether the unit is the user's."""
    if at_khs:
        return models.Value(True)
    return models.Exists(
        User.units.through.objects.filter(user=user_id, unit=models.OuterRef(unit)).order_by()
    )


class CaseQuerySet(OwnUnits[AnyCase]):
    """Cases; see ``Case``."""

    def openable(self, user: User | AnonymousUser, numbers: Iterable[str]) -> set[str]:
        """Those of the case numbers that somebody may open."""
        found = self.for_user(user).filter(case_number__in=numbers)
        return set(found.values_list("case_number", flat=True))

    def still_open(self) -> Self:
        """What has not come to its end."""
        return self.exclude(status__in=known(self.model.ENDED))


class Case(models.Model):
    """A numbered case (ärende).

    ``NEXT_STATUS`` says which status may follow which, ``ENDED`` which are ends, ``NOUN`` what the
    kind is called in the middle of a sentence; ``LOADED`` is what its services need beside it.
    ``FREE_TEXTS`` are the texts of other tables that may tell where a person is («lines__comment»).
    """

    NEXT_STATUS: ClassVar[Mapping[str, Collection[str]]]
    ENDED: ClassVar[Collection[str]]
    NOUN: ClassVar[str]
    LOADED: ClassVar[tuple[str, ...]] = ()
    FREE_TEXTS: ClassVar[tuple[str, ...]] = ()

    case_number = models.CharField("ärendenummer", max_length=12, unique=True)

    status: Any
    get_status_display: Callable[[], str]
    unit: Any
    recipient: Any
    recipient_id: Any
    ordered_by: Any
    prescriber: Any
    events: Any

    class Meta:
        abstract = True

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED

    @property
    def is_protected(self) -> bool:
        """Whether it is about somebody whose whereabouts nobody may learn from it."""
        return self.recipient is not None and self.recipient.is_protected

    @property
    def status_words(self) -> str:
        """The status in the middle of a sentence."""
        return str(self.get_status_display()).lower()


class AddressedCase(Case, CaseAddress):
    """A case that goes somewhere."""

    class Meta:
        abstract = True

    @property
    def address_masked(self) -> bool:
        """A protected person's address stands on the case only while it is open, and only if it
        was typed for it: what came from the register before the person was protected doesn't.
        Free text and files may tell it too, and go with it."""
        return self.is_protected and (self.has_ended or not self.typed_for_case)

    @property
    def lacks_address(self) -> bool:
        """Somebody has to ask for an address before anybody can go there."""
        return self.address_masked and not self.has_ended and self.has_address

    @property
    def lacks_text(self) -> bool:
        """It goes nowhere, so there is no address to ask for: somebody has to write anew what is
        wanted before anybody can read it."""
        return self.address_masked and not self.has_ended and not self.has_address


class EventKind(models.TextChoices):
    """What happened to a case, as code asks for it; the sentence stands beside it."""

    CREATED = "created", "Registrerad"
    CHANGED = "changed", "Ändrad"
    ADDRESS = "address", "Adress skriven"
    CONTACT = "contact", "Förskrivarkontakt ändrad"
    PLANNED = "planned", "Planerad"
    PICKING = "picking", "Plockning påbörjad"
    PICKING_STOPPED = "picking_off", "Plockning avbruten"
    DELIVERED = "delivered", "Utlevererad"
    HELD = "held", "Väntar på aktivitet"
    RELEASED = "released", "Väntar inte längre"
    ARTICLES = "articles", "Artikel lagd på eller borttagen"
    PROJECT = "project", "Projekt flyttat"
    RECEIVED = "received", "Mottagen"
    PREPARED = "prepared", "Kan lämnas ut igen"
    TAKEN = "taken", "Påbörjad"
    REPORTED = "reported", "Återrapporterad"
    HANDED_BACK = "handed_back", "Lämnad tillbaka"
    CLOSED = "closed", "Avslutad"
    CANCELLED = "cancelled", "Makulerad"
    INVESTIGATED = "investigated", "Utredd"
    BLOCKED = "blocked", "Spärrad"
    UNBLOCKED = "unblocked", "Spärr hävd"


class CaseEvent(models.Model):
    """A line of «Händelser». ``kind`` is empty on what was written before there were kinds and
    couldn't be told."""

    at = models.DateTimeField("tid", default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    kind = models.CharField("slag", max_length=12, choices=EventKind.choices, blank=True)
    text = models.CharField("vad", max_length=300)

    class Meta:
        abstract = True
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text


def lock_case(case: AnyCase) -> AnyCase:
    """The case as it stands, locked after its recipient. Needs a transaction."""
    return lock_cases([case])[case.pk]


def lock_cases(cases: Iterable[AnyCase]) -> dict[int, AnyCase]:
    """Several cases of one kind by their keys, locked in the order of their numbers, after their
    recipients."""
    cases = list(cases)
    kind = type(cases[0])
    lock_recipients(case.recipient_id for case in cases if case.recipient_id)
    rows = (
        kind._default_manager.filter(pk__in=[case.pk for case in cases])
        .order_by("case_number")
        .select_related(*kind.LOADED)
    )
    return {row.pk: row for row in lock_rows(rows)}


def set_status(case: Case, status: str) -> None:
    """Move the status, where it may move so; nothing is saved. Raises ``DomainError``."""
    if status == case.status:
        return
    if status not in case.NEXT_STATUS[case.status]:
        raise DomainError(
            f"En {case.NOUN} som är «{case.get_status_display()}» kan inte ändras så."
        )
    case.status = status


def tell(case: Case, user: User | None, kind: EventKind, text: str, **more: str) -> None:
    """What happened, in the case's history and, if it is somebody's case, in the access log. ``more``
    is what else the kind's own event holds."""
    case.events.create(at=timezone.now(), user=user, kind=kind, text=text[:300], **more)
    if case.recipient is not None:
        is_new = kind == EventKind.CREATED
        action = access_log.Action.CREATE if is_new else access_log.Action.CHANGE
        access_log.record(
            user, action, case.recipient.key, detail=text, case_number=case.case_number
        )


def concerned(case: Case) -> list[User]:
    """Who is told of what happens to the case: who ordered it, and its prescriber, as long as they
    may open it."""
    both = (case.ordered_by, case.prescriber)
    users = {user.pk: user for user in both if user is not None and user.is_active}
    cases = cast(CaseQuerySet[Any], type(case)._default_manager.filter(pk=case.pk))
    return [user for user in users.values() if cases.for_user(user).exists()]


def inform(case: Case, by: User | None, kind: MessageKind, title: str, text: str = "") -> None:
    """Send a message to those whom the case concerns, but not to who did it. Of a protected person
    nothing is written that stands elsewhere than on the case's page."""
    for user in concerned(case):
        if user != by:
            messages.send(
                user,
                title=title,
                text="" if case.is_protected else text,
                kind=kind,
                case_number=case.case_number,
                about=case.recipient.key if case.recipient else None,
            )


def last_event(case: Case) -> int:
    """The id of the last thing that happened to it; 0 before anything has."""
    return case.events.order_by("-pk").values_list("pk", flat=True).first() or 0


def forget_at_end(case: Case) -> None:
    """What was typed for a protected person's case goes when the case ends."""
    if case.has_ended and case.is_protected:
        forget_typed(type(case)._default_manager.filter(pk=case.pk))


def forget_typed(cases: models.QuerySet[Any]) -> int:
    """Empty, of those among ``cases`` that have ended and are a protected person's, what tells
    where the person is or was; returns how many they were."""
    kind = cases.model
    ended = cases.filter(status__in=kind.ENDED, recipient__is_protected=True)
    for path in kind.FREE_TEXTS:
        rows, field = _rows_with(kind, path, ended)
        rows.exclude(**{field: ""}).update(**{field: ""})
    empty = dict.fromkeys([*kind.WHEREABOUTS, *CONTACT, *kind.OWN_TEXT], "")
    return ended.exclude(**empty).update(**empty)


def _rows_with(
    kind: type[models.Model], path: str, cases: models.QuerySet[Any]
) -> tuple[models.QuerySet[Any], str]:
    """The rows of another table that ``path`` leads to from ``cases``, and the field there."""
    *relations, field = path.split("__")
    model, back = kind, "in"
    for name in relations:
        relation = model._meta.get_field(name)
        if not isinstance(relation, models.ForeignObjectRel):
            raise TypeError(f"{path} must lead to rows that point at a case")
        model, back = relation.related_model, f"{relation.field.name}__{back}"
    return model._default_manager.filter(**{back: cases}), field
