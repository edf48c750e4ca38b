"""«Sparade mallar»: the articles of an order or a cart under a name, to be ordered again.

Nothing about anybody is saved: no recipient, no comment, no file, no piece. What was to sit on a
piece of the recipient's says on which article; it is looked for again with whoever gets it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from articles.models import Article
from individuals.models import Individual
from organisation.models import Unit, User, Warehouse
from recipients import personal_data
from recipients.models import Loan, Recipient
from sesam.errors import DomainError
from sesam.locks import lock_rows
from sesam.seen import Seen

from . import again
from .models import OrderTemplate, TemplateLine

KEPT = dt.timedelta(days=1)  # what is removed can be put back for as long
MOST = 200  # of one user, or of one unit


def open_to(user: User) -> QuerySet[OrderTemplate]:
    """The user's own templates and those of their units."""
    return _theirs(user).filter(removed_at=None).select_related("unit", "owner")


def find(user: User, key: uuid.UUID) -> OrderTemplate | None:
    """One of them, also one that is removed and can be put back."""
    return _theirs(user).filter(key=key).first()


def _theirs(user: User) -> QuerySet[OrderTemplate]:
    units = user.units.filter(is_active=True)
    return OrderTemplate.objects.filter(Q(unit=None, owner=user) | Q(unit__in=units))


@transaction.atomic
def save(
    user: User,
    *,
    key: uuid.UUID,
    name: str,
    unit: Unit | None,
    lines: Iterable[again.Once],
    recipient: Recipient | None = None,
) -> OrderTemplate:
    """Save ``lines`` under a name. Sent twice with the same ``key`` it is saved once; ``recipient``
    is whom they were ordered for, whose name mustn't stand in the template's."""
    sent_before = OrderTemplate.objects.filter(key=key, owner=user).first()
    if sent_before is not None:
        return sent_before
    lines = list(lines)
    if not lines:
        raise DomainError("Det finns inga rader att spara.")
    _check(user, name, unit, recipient)
    siblings = OrderTemplate.objects.filter(unit=unit, removed_at=None)
    if (siblings if unit else siblings.filter(owner=user)).count() >= MOST:
        raise DomainError(f"Det finns redan {MOST} mallar. Ta bort någon först.", field="name")
    try:
        with transaction.atomic():
            template = OrderTemplate.objects.create(key=key, owner=user, name=name, unit=unit)
    except IntegrityError as error:
        sent_meanwhile = OrderTemplate.objects.filter(key=key, owner=user).first()
        if sent_meanwhile is not None:
            return sent_meanwhile
        raise _taken(unit) from error
    for position, once in enumerate(lines, 1):
        line = TemplateLine.objects.create(
            template=template,
            position=position,
            article_number=once.article.number,
            article_name=once.article.name,
            quantity=once.quantity,
            source=once.source,
            fits_on=once.fitted_to.article.number if once.fitted_to else "",
        )
        TemplateLine.objects.bulk_create(
            TemplateLine(
                template=template,
                component_of=line,
                position=position,
                article_number=part.number,
                article_name=part.name,
                quantity=each,
                source=once.source,
            )
            for part, each in once.components
        )
    return template


@transaction.atomic
def change(
    template: OrderTemplate, *, user: User, name: str, unit: Unit | None, seen: Seen | None = None
) -> OrderTemplate:
    """Another name, or another whose it is; whoever made it keeps what becomes nobody else's.
    Raises ``Overtaken`` where it isn't any more what was ``seen``."""
    now = next(iter(lock_rows(open_to(user).filter(pk=template.pk))), None)
    if now is None:
        raise DomainError("Mallen är borttagen, eller har blivit någon annans egen.")
    if (name, unit) == (now.name, now.unit):
        return now
    if seen is not None:
        seen.check(now)
    if unit is None and now.owner_id != user.pk:
        raise DomainError("Bara den som sparade mallen kan göra den till sin egen.", field="unit")
    _check(user, name, None if unit is not None and unit.pk == now.unit_id else unit, None)
    now.name, now.unit = name, unit
    try:
        with transaction.atomic():
            now.save(update_fields=["name", "unit"])
    except IntegrityError as error:
        raise _taken(unit) from error
    return now


def _taken(unit: Unit | None) -> DomainError:
    whose = f"{unit} har" if unit else "Du har"
    return DomainError(f"{whose} redan en mall med det namnet.", field="name")


def _check(user: User, name: str, unit: Unit | None, recipient: Recipient | None) -> None:
    if unit is not None and not user.units.filter(pk=unit.pk, is_active=True).exists():
        raise DomainError("Välj ett av dina tjänsteställen.", field="unit")
    told = list(personal_data.others(name, besides=()))
    if recipient is not None:
        names = {
            *recipient.given_name.casefold().split(),
            *recipient.family_name.casefold().split(),
        }
        found = personal_data.search(recipient, numbers=[name], words=[name])
        told += [*found.certain, *(x for x in found.possible if x.casefold() in names)]
    if told:
        raise DomainError(
            f"Namnet får inte säga vem mallen gjordes för ({told[0]}). Skriv vad den innehåller.",
            field="name",
        )


@transaction.atomic
def remove(template: OrderTemplate, *, user: User) -> bool:
    """It can be put back for a day; removed twice is once. False where it isn't the user's any more."""
    now = _theirs(user).select_for_update(of=("self",)).filter(pk=template.pk).first()
    if now is None:
        return False
    if now.removed_at is None:
        now.removed_at = timezone.now()
        now.save(update_fields=["removed_at"])
    return True


@transaction.atomic
def put_back(user: User, key: uuid.UUID) -> OrderTemplate:
    """«Ångra»: it is there again; put back twice is once."""
    found = _theirs(user).select_for_update(of=("self",)).filter(key=key).first()
    if found is None:
        raise DomainError("Mallen finns inte längre. Det som tas bort sparas i ett dygn.")
    found.removed_at = None
    try:
        with transaction.atomic():
            found.save(update_fields=["removed_at"])
    except IntegrityError as error:
        raise DomainError(
            f"Det finns en ny mall med namnet {found.name}. Byt namn på den först."
        ) from error
    return found


# --- to be ordered ---

OFFERED = 12  # in a dialog; the others are on «Min sida»


@dataclass(frozen=True)
class Offered:
    """A template as it can be ordered to somebody."""

    label: str
    note: str
    url: str


def offered(
    user: User, *, recipient: Recipient | None = None, destination: Warehouse | None = None
) -> list[Offered]:
    """The templates that can be ordered to the recipient or the store, by name. One query."""
    found = list(open_to(user)[:OFFERED])
    if recipient is not None:
        return [
            Offered(x.name, x.whose, reverse("orders:from_template", args=[recipient.key, x.key]))
            for x in found
        ]
    number = destination.number if destination else ""
    return [
        Offered(x.name, x.whose, reverse("orders:store_from_template", args=[number, x.key]))
        for x in found
    ]


def lines_of(
    template: OrderTemplate, *, recipient: Recipient | None, chosen: bool = True
) -> list[again.Once]:
    """The lines as something to order for ``recipient``; with what can't be said so. ``chosen``:
    whom it is for is settled, so that what sits on a piece must have one. Three queries."""
    lines = list(template.lines.all())
    parts: dict[int, list[TemplateLine]] = {}
    for line in lines:
        if line.component_of_id:
            parts.setdefault(line.component_of_id, []).append(line)
    numbers = {line.article_number for line in lines}
    known = {x.number: x for x in Article.objects.filter(number__in=numbers)}
    pieces = _pieces({line.fits_on for line in lines if line.fits_on}, recipient)
    return [
        _once(
            line,
            parts.get(line.pk, []),
            known,
            pieces,
            to_person=recipient is not None,
            chosen=chosen,
        )
        for line in lines
        if not line.component_of_id
    ]


def _pieces(numbers: set[str], recipient: Recipient | None) -> dict[str, list[Individual]]:
    """The recipient's pieces, by their article's number."""
    found: dict[str, list[Individual]] = {}
    if not numbers or recipient is None:
        return found
    held = Loan.objects.filter(
        recipient=recipient, ended_at=None, individual__article__number__in=numbers
    ).select_related("individual__article")
    for loan in held:
        if loan.individual:
            found.setdefault(loan.individual.article.number, []).append(loan.individual)
    return found


def _once(
    line: TemplateLine,
    parts: list[TemplateLine],
    known: dict[str, Article],
    pieces: dict[str, list[Individual]],
    *,
    to_person: bool,
    chosen: bool,
) -> again.Once:
    refused, piece = "", None
    if line.article_number not in known:
        refused = "Finns inte längre i katalogen."
    elif line.fits_on and not to_person and chosen:
        refused = "Monteras på ett hjälpmedel hos en mottagare. Kan inte beställas till ett förråd."
    elif line.fits_on and chosen:
        held = pieces.get(line.fits_on, [])
        if len(held) == 1:
            piece = held[0]
        elif held:
            refused = (
                f"Mottagaren har flera hjälpmedel {line.fits_on} som den kan monteras på."
                " Beställ den från artikelns sida."
            )
        else:
            refused = f"Hjälpmedel {line.fits_on}, som den monteras på, finns inte hos mottagaren."
    return again.Once(
        article=_article(line, known),
        quantity=line.quantity,
        source=line.source,
        fitted_to=piece,
        components=tuple((_article(part, known), part.quantity) for part in parts),
        refused=refused,
    )


def _article(line: TemplateLine, known: dict[str, Article]) -> Article:
    """The article as it is now; what is gone by the name that it had, as one that has ended."""
    return known.get(line.article_number) or Article(
        number=line.article_number, name=line.article_name, is_discontinued=True
    )
