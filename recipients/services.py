"""Everything that finds or changes a recipient."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet, RestrictedError
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry, Payer, Unit, User
from organisation.permissions import KHS, has_role
from sesam import personal_numbers
from sesam.errors import DomainError
from sesam.standing import standing

from . import register
from .lending import Anonymised
from .models import CareRelation, Loan, Recipient

Action = AccessLogEntry.Action

# What users may change. The rest comes from the population register.
EDITABLE = ("phone", "mobile", "email", "door_code", "instructions")
CONTACT = "contact_prescriber"  # of a protected person too
DETAIL_LABELS = {f.name: f.verbose_name for f in Recipient._meta.fields if f.name in EDITABLE}
REMOVED = "Borttagen: inget ärende på 30 dagar"
KEPT_UNUSED = dt.timedelta(days=30)

_ADDRESS = ("co", "street", "postcode", "locality")


class NotFound(DomainError):
    """Neither the portal nor the register knows the number."""


class RegisterUnavailable(DomainError):
    """The portal doesn't know the number, and the register can't be asked."""


class TooManySearches(DomainError):
    """The user has used up the searches of the hour."""


class Stale(DomainError):
    """Somebody else saved in between; ``version`` is the one that stands now."""

    def __init__(self, current: Recipient) -> None:
        super().__init__(
            "Någon annan har ändrat uppgifterna medan du skrev. Jämför med det som gäller nu"
            " och spara igen om dina uppgifter ska gälla."
        )
        self.current = current


@dataclass(frozen=True)
class FoundRecipient:
    """A recipient, and whether the register could be asked about them just now."""

    recipient: Recipient
    register_answered: bool = True


def find(user: User, typed: str) -> FoundRecipient:
    """Find a recipient by exact number, asking the population register about persons.

    Counts against the user's limit and is logged, hit or miss; badly typed numbers are neither,
    as they can name nobody. Raises ``DomainError``, or one of the classes above.
    """
    number = personal_numbers.parse(typed)
    known = Recipient.objects.filter(number=number.digits).first()
    count_search(user, number.digits, known)
    if not number.is_person:
        if known is None:
            access_log.record(user, Action.MISS, searched=number.digits)
            raise NotFound(
                "Ingen vårdenhet har det numret. Kontrollera de fyra siffrorna.",
                field=personal_numbers.FIELD,
            )
        return FoundRecipient(known)
    try:
        person = register.current().find(number.digits)
    except register.RegisterDown:
        if known is not None:
            return FoundRecipient(known, register_answered=False)
        access_log.record(
            user, Action.MISS, searched=number.digits, detail="Registret svarade inte"
        )
        raise RegisterUnavailable(
            "Folkbokföringsregistret svarar inte just nu, och portalen känner inte till"
            " personen sedan tidigare. Försök igen om en stund.",
            field=personal_numbers.FIELD,
        ) from None
    if person is None:
        if known is not None:
            return FoundRecipient(known)
        access_log.record(user, Action.MISS, searched=number.digits)
        raise NotFound(
            "Ingen person med det numret finns i portalen eller i folkbokföringen. Kontrollera"
            " att numret är rätt.",
            field=personal_numbers.FIELD,
        )
    if known is not None and (changed := refresh(known, person)) is not None:
        if changed:
            access_log.record(
                user, Action.CHANGE, known.key, detail="Uppdaterad ur folkbokföringen"
            )
        return FoundRecipient(known)
    recipient, created = create_from_register(person)
    if created:
        access_log.record(user, Action.CREATE, recipient.key, detail="Hämtad ur folkbokföringen")
    return FoundRecipient(recipient)


def create_from_register(person: register.Person) -> tuple[Recipient, bool]:
    """The recipient for somebody in the register, and whether this call made it.

    Two who search for the same new number at once get the same recipient: the number is unique
    in the database, and ``get_or_create`` reads the row that won.
    """
    facts = _facts_to_keep(person)
    return Recipient.objects.get_or_create(
        number=person.number,
        defaults={
            **facts,
            "kind": Recipient.Kind.PERSON,
            "payer_id": _payer_id(person),
            "register_checked_at": timezone.now(),
        },
    )


def refresh(recipient: Recipient, person: register.Person) -> bool | None:
    """Take over what the register says now; whether anything was new. None: it is nobody's any
    longer, since just now.

    Leaves ``version`` alone: nothing that users edit is touched.
    """
    new = {**_facts_to_keep(person), "payer_id": _payer_id(person) or recipient.payer_id}
    changed = {name: value for name, value in new.items() if getattr(recipient, name) != value}
    values = {**changed, "register_checked_at": timezone.now()}
    mine = Recipient.objects.filter(pk=recipient.pk).exclude(kind=Recipient.Kind.ANONYMISED)
    if not mine.update(**values):
        return None
    for name, value in values.items():
        setattr(recipient, name, value)
    return bool(changed)


def change_details(
    recipient: Recipient, *, user: User, version: int, values: dict[str, Any]
) -> Recipient:
    """Change phones, e-mail, door code, instructions or the contact switch, if nobody saved since
    ``version``; what stands so already is no change, so that sent twice is once. Cases that exist
    keep their own contact switch.

    Raises ``Stale``, or ``DomainError`` for a protected person, whose details nobody edits here.
    """
    with transaction.atomic():
        current = Recipient.objects.select_for_update().get(pk=recipient.pk)
        if current.is_anonymised:
            raise Anonymised
        if current.is_protected and values.keys() != {CONTACT}:
            raise DomainError(
                "Uppgifterna kan inte ändras här: personen har skyddad identitet. Adress och"
                " telefon skrivs i varje ärende."
            )
        changed = [
            name
            for name in (*EDITABLE, CONTACT)
            if name in values and getattr(current, name) != values[name]
        ]
        if not changed:
            return current
        if current.version != version:
            raise Stale(current)
        for name in changed:
            setattr(current, name, values[name])
        current.version += 1
        current.save(update_fields=[*changed, "version"])
        labels = ", ".join(str(DETAIL_LABELS[name]) for name in changed if name != CONTACT)
        told = [f"Ändrade {labels}"] if labels else []
        if CONTACT in changed:
            told.append(f"Förskrivare ska kontaktas: {'ja' if values[CONTACT] else 'nej'}")
        access_log.record(user, Action.CHANGE, current.key, detail=". ".join(told))
    return current


def undo_contact(recipient: Recipient, *, user: User, contact: bool, version: int) -> Recipient:
    """Turn the contact switch («Smittaknappen») back to ``contact``. Twice is once; raises
    ``DomainError`` where somebody has saved since ``version``."""
    if Recipient.objects.filter(pk=recipient.pk, contact_prescriber=contact).exists():
        return recipient
    try:
        return change_details(recipient, user=user, version=version, values={CONTACT: contact})
    except Stale as stale:
        raise DomainError(
            "Det går inte att ångra: uppgifterna har ändrats sedan dess. Ändra med pennan i"
            " stället."
        ) from stale


def clean_up(now: dt.datetime | None = None) -> int:
    """Remove persons who were fetched over 30 days ago and whom no case came of.

    Returns how many. A case's service locks the recipient first, so that none is taken away
    while a case is being made; an order in progress keeps its recipient by ``PROTECT``.
    """
    before = (now or timezone.now()) - KEPT_UNUSED
    unused = Recipient.objects.filter(
        ~Exists(CareRelation.objects.filter(recipient=OuterRef("pk"))),
        ~Exists(Loan.objects.filter(recipient=OuterRef("pk"))),
        kind=Recipient.Kind.PERSON,
        created_at__lt=before,
    )
    removed = 0
    for pk in unused.values_list("pk", flat=True):
        try:
            with transaction.atomic():
                row = unused.filter(pk=pk).select_for_update().first()
                if row is not None:
                    row.delete()
                    access_log.record(None, Action.CHANGE, row.key, detail=REMOVED)
                    removed += 1
        except (ProtectedError, RestrictedError):
            continue
    return removed


def get(key: uuid.UUID) -> Recipient | None:
    """The recipient of an opaque id."""
    return next(iter(_of_key(key=key)), None)


def of_key(key: Any) -> QuerySet[Recipient]:
    """The same as a question, with the payer. (Few have a store: that is looked up.)"""
    return Recipient.objects.filter(key=key).select_related("payer").order_by()


_of_key = standing(of_key)


def count_search(user: User, digits: str, known: Recipient | None, detail: str = "") -> None:
    """Log the search, unless the user has made too many in the past hour, or minute.

    They are counted from the log, so that neither signing out nor a restart resets it; the
    user's row is locked so that many at once can't slip past it.
    """
    limits = (
        (dt.timedelta(minutes=1), settings.RECIPIENT_SEARCH_MINUTE, "minut", "minuten"),
        (dt.timedelta(hours=1), settings.RECIPIENT_SEARCH_LIMIT, "timme", "timmen"),
    )
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
        made = AccessLogEntry.objects.filter(user=user, action=Action.SEARCH)
        now = timezone.now()
        reached = next(
            (each for each in limits if made.filter(at__gte=now - each[0]).count() >= each[1]), None
        )
        if reached is None:
            key = known.key if known else None
            access_log.record(user, Action.SEARCH, key, searched=digits, detail=detail)
            return
    _, limit, unit, the_unit = reached
    access_log.record(
        user, Action.REFUSED, searched=digits, detail=f"För många sökningar på en {unit}"
    )
    raise TooManySearches(
        f"Du har sökt på {limit} nummer den senaste {the_unit}, vilket är gränsen. Vänta en stund"
        " eller kontakta hjälpmedelscentralen.",
        field=personal_numbers.FIELD,
    )


def _facts_to_keep(person: register.Person) -> dict[str, Any]:
    """The register's facts; of a protected person not where they live."""
    facts = dict(person.facts)
    if facts["is_protected"]:
        facts.update(dict.fromkeys((*_ADDRESS, "municipality_code"), ""))
    return facts


def _payer_id(person: register.Person) -> int | None:
    """The municipality that pays; kept for protected persons too, as somebody must."""
    return (
        Payer.objects.filter(code=person.facts["municipality_code"])
        .values_list("pk", flat=True)
        .first()
    )


def has_care_relation(user: User, recipient: Recipient) -> bool:
    """Whether a unit of the user has or had a case about the recipient; KHS works for every
    unit."""
    return relations_of(user).filter(recipient=recipient).exists()


def relations_of(user: User) -> QuerySet[CareRelation]:
    """The care relations of the user's units."""
    return relations_by(user.pk, at_khs=has_role(user, KHS))


def relations_by(user_id: Any, *, at_khs: bool) -> QuerySet[CareRelation]:
    relations = CareRelation.objects.all()
    if at_khs:
        return relations
    return relations.filter(unit__in=Unit.objects.filter(users=user_id, is_active=True).order_by())
