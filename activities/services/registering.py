"""«Ny aktivitet»: work is wanted on an aid, on a piece in a store, or on what is ordered."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from articles.models import Article, ArticleType
from individuals.holding import HeldPieces
from individuals.models import Block, Individual
from orders import services as orders
from orders.models import Order, OrderKind
from organisation.behalf import check_unit
from organisation.models import Unit, User, Warehouse
from organisation.permissions import KHS, has_role
from recipients import case_details, dialog_files, held, lending, personal_data
from recipients.cases import EventKind, lock_case, tell
from recipients.models import CareRelation, DialogFile, Loan, Recipient
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind
from sesam.working_days import add_working_days

from ..models import (
    Activity,
    ActivityAttachment,
    ActivityDetails,
    ActivityLine,
    ActivityType,
    AddressInstruction,
    Priority,
    ServiceSupplier,
)
from .common import REPAIR

DETAILS = [f.name for f in ActivityDetails._meta.get_fields() if f.name != "typed_for_case"]
ON_PAPER = ("request", "comment")
MOST_COMMENT = 2000  # characters


@dataclass(frozen=True)
class Registration:
    """What is asked for: the kind of work, and what of. ``details`` are names of
    ``ActivityDetails``; ``loans`` the recipient's, ``piece`` one that stands in a store, ``order``
    one that is to wait."""

    type: ActivityType
    priority: Priority
    unit: Unit
    details: dict[str, Any]
    instruction: AddressInstruction | None = None
    recipient: Recipient | None = None
    loans: Collection[int] = ()
    piece: Individual | None = None
    order: Order | None = None
    files: Sequence[DialogFile] = field(default_factory=list)
    text_confirmed: bool = False


@transaction.atomic
def register(wanted: Registration, *, user: User, token: uuid.UUID) -> Activity:
    """Make the activity; sent again, the one that is there.

    A piece that its own store repairs is blocked; an order with a main aid waits until the activity
    ends, on one of accessories alone both get a comment of the other. Raises ``DomainError``
    (``line`` = the loan's id, or ``field``), ``Protected``, ``TextNeedsCheck``.
    """
    kind, recipient = wanted.type, wanted.recipient
    lending.lock([recipient.pk] if recipient else [])
    if there := Activity.objects.filter(token=token, ordered_by=user).first():
        return there
    if recipient is not None:
        case_details.check_not_protected_since(recipient)
    check_unit(user, wanted.unit)
    _check_type(wanted, user)
    order = _waiting_order(wanted, user)
    loans = _held_loans(wanted)
    _check_about(wanted, loans, order)
    piece_ids = _pieces_of(wanted, loans)
    pieces = HeldPieces(piece_ids, user=user)
    if wanted.piece:
        _check_in_store(wanted, pieces.pieces[wanted.piece.pk], user)
    _check_not_repaired(pieces)
    now = timezone.now()
    activity = Activity(
        token=token,
        type=kind,
        priority=wanted.priority,
        instruction=wanted.instruction,
        supplier=supplier_of(kind, _articles_of(wanted, loans, order)),
        recipient=recipient,
        unit=wanted.unit,
        warehouse=_material_from(wanted, pieces),
        ordered_by=user,
        order=order if order and waits_for_it(order) else None,
        text_confirmed=wanted.text_confirmed,
        created_at=now,
        due_on=add_working_days(timezone.localdate(now), wanted.priority.days),
        **{name: wanted.details[name] for name in DETAILS if name in wanted.details},
    )
    activity.typed_for_case = activity.is_protected
    check_texts(activity)
    case_details.check_details(activity, "aktivitetsadressen")
    activity.case_number = case_numbers.take(CaseKind.ACTIVITY)
    _say_it_on_both(activity, order, user=user)
    activity.save(force_insert=True)
    _insert_lines(activity, wanted, loans, order)
    ActivityAttachment.objects.bulk_create(
        dialog_files.hand_over(wanted.files, ActivityAttachment, activity=activity)
    )
    newly = [piece for piece in pieces.pieces.values() if not piece.blocked]
    pieces.block(REPAIR, case_number=activity.case_number)
    why = f"Den ska repareras, aktivitet {activity.case_number}"
    orders.tell_who_picks(newly, user=user, why=why)
    pieces.save()
    if activity.order is not None:
        orders.hold(activity.order, activity.case_number, user=user)
    tell(activity, user, EventKind.CREATED, "Aktiviteten registrerades")
    if recipient is not None:
        CareRelation.objects.create(
            recipient=recipient, unit=wanted.unit, case_number=activity.case_number
        )
    return activity


def waits_for_it(order: Order) -> bool:
    """Whether the order can wait for an activity: a main aid of it is still to be handed out."""
    if order.kind != OrderKind.CUSTOMER or order.has_ended:
        return False
    mains = order.lines.filter(article__type=ArticleType.MAIN)
    return any(line.open for line in mains)


def check_texts(activity: Activity) -> None:
    """What is wanted is said; and what goes to a supplier names nobody."""
    if not activity.request.strip() and not activity.has_ended:
        raise DomainError("Beskriv vad som ska göras, eller vad felet är.", field="request")
    if not activity.bears_personal_data:
        personal_data.check_paper(activity, ON_PAPER, confirmed=activity.text_confirmed)


def _check_type(wanted: Registration, user: User) -> None:
    kind = wanted.type
    if not kind.is_active:
        raise DomainError("Aktivitetstypen används inte längre. Välj en annan.", field="type")
    if not kind.may_be_used(user, wanted.unit):
        if kind.used_by == ActivityType.UsedBy.REGION:
            text = f"«{kind}» används bara av Regionens tjänsteställen. Välj en annan typ."
        else:
            text = f"«{kind}» görs enligt schema och kan inte väljas."
        raise DomainError(text, field="type")
    if not wanted.priority.is_active:
        raise DomainError("Prioriteten används inte längre. Välj en annan.", field="priority")
    needed = kind.attachment_name
    if needed and not any(file.document == needed for file in wanted.files):
        raise DomainError(f"Bifoga dokumentet «{needed}».", field="file")


def _waiting_order(wanted: Registration, user: User) -> Order | None:
    """The order, locked, as it stands now."""
    if wanted.order is None:
        return None
    order = Order.objects.for_user(user).filter(pk=wanted.order.pk).first()
    if order is None or order.recipient_id is None or order.recipient != wanted.recipient:
        raise DomainError("Beställningen är inte mottagarens.")
    order = lock_case(order)
    if order.has_ended:
        raise DomainError(
            f"Beställning {order.case_number} är redan {order.status_words}, så den kan inte vänta"
            " på en aktivitet. Skapa aktiviteten från mottagarens sida."
        )
    return order


def _held_loans(wanted: Registration) -> dict[int, Loan]:
    """The recipient's loans, locked, all of them still held."""
    loans = lending.lock_loans(wanted.loans)
    mine = wanted.recipient.pk if wanted.recipient else None
    for pk in wanted.loans:
        loan = loans.get(pk)
        if loan is None or loan.recipient_id != mine:
            raise DomainError("Hjälpmedlet finns inte hos mottagaren. Ladda om sidan.")
        if loan.ended_at:
            raise DomainError(
                f"{loan.title} {held.fate(loan)}. Ta bort det och försök igen.", line=loan.pk
            )
    return loans


def _check_about(wanted: Registration, loans: dict[int, Loan], order: Order | None) -> None:
    kind, about = wanted.type, ActivityType.About
    if wanted.recipient is None and wanted.piece is None:
        raise DomainError("Välj en mottagare, eller en individ i ett förråd.")
    if wanted.piece is not None and not kind.in_store:
        raise DomainError(
            f"«{kind}» gäller ett hjälpmedel hos en mottagare. Välj en annan typ.", field="type"
        )
    if kind.about == about.PIECE:
        if not wanted.piece and not any(loan.individual_id for loan in loans.values()):
            raise DomainError(f"Välj den individ som «{kind}» gäller.")
        for loan in loans.values():
            if not loan.individual_id:
                raise DomainError(
                    f"{loan.title} är inte individmärkt. «{kind}» gäller individer.", line=loan.pk
                )
    elif kind.about == about.HELD and not (loans or order or wanted.piece):
        raise DomainError(f"Välj det hjälpmedel som «{kind}» gäller.")


def _pieces_of(wanted: Registration, loans: dict[int, Loan]) -> list[int]:
    """The pieces that can't be handed out meanwhile: one in a store, and what its store repairs."""
    pieces = [wanted.piece.pk] if wanted.piece else []
    if wanted.type.about == ActivityType.About.PIECE:
        pieces += [loan.individual_id for loan in loans.values() if loan.individual_id]
    return pieces


def why_not_of_piece(piece: Individual, user: User) -> str:
    """Why ``user`` can't start an activity about a piece on its own; empty when nothing hinders."""
    if piece.status != Individual.Status.IN_STOCK or piece.warehouse_id is None:
        return "Individen står inte i ett förråd. Skapa aktiviteten från mottagaren."
    mine = user.units.filter(own_stores=piece.warehouse_id, own_stores__is_active=True)
    if not has_role(user, KHS) and not mine.exists():
        return "Individen står inte i något av dina förråd. Kontakta det förråd som den står i."
    return ""


def _check_in_store(wanted: Registration, piece: Individual, user: User) -> None:
    """The piece stands in one of the unit's own stores; KHS may say it of any store."""
    stores = wanted.unit.own_stores.filter(is_active=True)
    stands = piece.status == Individual.Status.IN_STOCK and piece.warehouse_id is not None
    if not stands or not (
        has_role(user, KHS) or stores.filter(pk=piece.warehouse_id or 0).exists()
    ):
        raise DomainError(
            f"Individ {piece.number} står inte i något av tjänsteställets förråd:"
            f" status är «{piece.get_status_display()}»."
        )


def _check_not_repaired(pieces: HeldPieces) -> None:
    """No two activities hold the same piece back."""
    going = Block.objects.filter(
        individual__in=pieces.pieces, until=None, reason__code=REPAIR, case__kind=CaseKind.ACTIVITY
    )
    for block in going.select_related("individual"):
        raise DomainError(
            f"Individ {block.individual.number} repareras redan, på aktivitet {block.case_number}."
        )


def supplier_of(kind: ActivityType, articles: Sequence[Article]) -> ServiceSupplier | None:
    """Who does such work on them in KHS's stead: the type's supplier, or the one that looks after
    one of the aids. What a store or a unit does itself has none; of one that has ended KHS sees
    to it."""
    if kind.done_by in (ActivityType.DoneBy.STORE, ActivityType.DoneBy.UNIT):
        return None
    if kind.supplier is not None and kind.supplier.is_active:
        return kind.supplier
    suppliers = ServiceSupplier.objects.filter(is_active=True).exclude(iso_codes="")
    return next((s for s in suppliers if any(s.looks_after(a) for a in articles)), None)


def _articles_of(
    wanted: Registration, loans: dict[int, Loan], order: Order | None
) -> list[Article]:
    """What the work is about."""
    articles = [loan.article for loan in loans.values()]
    if wanted.piece:
        articles.append(wanted.piece.article)
    if order is not None:
        articles += [line.article for line in order.lines.select_related("article")]
    return articles


def _material_from(wanted: Registration, pieces: HeldPieces) -> Warehouse:
    """What an own store repairs takes its material from there, all else from KHS."""
    if wanted.type.done_by not in (ActivityType.DoneBy.STORE, ActivityType.DoneBy.UNIT):
        return wanted.unit.delivering_warehouse
    if wanted.piece and (here := pieces.pieces[wanted.piece.pk].warehouse):
        return here
    own = wanted.unit.own_stores.filter(is_active=True).order_by("number").first()
    if own is None and wanted.type.done_by == ActivityType.DoneBy.STORE:
        raise DomainError(
            "Tjänstestället har inget eget förråd som kan utföra reparationen.", field="type"
        )
    return own or wanted.unit.delivering_warehouse


def _insert_lines(
    activity: Activity, wanted: Registration, loans: dict[int, Loan], order: Order | None
) -> None:
    lines = [
        ActivityLine(loan=loan, individual_id=loan.individual_id, article_id=loan.article_id)
        for loan in loans.values()
    ]
    if wanted.piece:
        lines.append(ActivityLine(individual=wanted.piece, article_id=wanted.piece.article_id))
    if order is not None:
        lines += [
            ActivityLine(article_id=line.article_id, individual_id=line.individual_id)
            for line in order.lines.filter(article__type=ArticleType.MAIN)
            if line.open
        ]
    for line in lines:
        line.activity = activity
    ActivityLine.objects.bulk_create(lines)


def _say_it_on_both(activity: Activity, order: Order | None, *, user: User) -> None:
    """An order of accessories can't wait: each says of the other."""
    if order is None or activity.order is not None:
        return
    note = f"Hör ihop med beställning {order.case_number}."
    both = f"{activity.comment}\n{note}".strip()
    if len(both) <= MOST_COMMENT:  # else what somebody wrote would be cut: the order names it
        activity.comment = both
    orders.add_note(
        order,
        f"Hör ihop med aktivitet {activity.case_number}: {activity.type}.",
        user=user,
    )
