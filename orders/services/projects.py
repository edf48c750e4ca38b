"""A project on an order moves on: by KHS, by the prescriber's answer, by the delivery.

It begins when the order is sent, as «Mottagen av KHS»: the order lies in KHS's queue from that
very moment, and there is nothing to wait for between the two.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from organisation.models import MessageKind, User
from organisation.permissions import BUFFERT, FORSKRIVARE, has_role
from recipients.cases import EventKind, inform, lock_case, tell
from sesam import attachments
from sesam.errors import DomainError

from ..models import Order, OrderAttachment, OrderLine, OrderStatus, ProjectMove
from ..stages import Stage, for_khs, may_follow


def may_answer(user: User, order: Order) -> bool:
    """Whether the offer is this user's to approve: a prescriber of the order's own unit, whoever
    of them is at work. KHS, who buys, doesn't approve the purchase as well."""
    return has_role(user, FORSKRIVARE, BUFFERT) and user.units.filter(pk=order.unit_id).exists()


@transaction.atomic
def move_on(
    line: OrderLine,
    to: Stage,
    *,
    user: User,
    seen: int,
    note: str = "",
    offer: UploadedFile[bytes] | None = None,
    amount: Decimal | None = None,
) -> OrderLine:
    """KHS moves the project to its next stage. Only what ``stages.for_khs`` says.

    ``seen`` is the id of the move that was the last one when the user was shown the order; where
    somebody has moved it since, ``DomainError`` says so and nothing happens. The same move sent
    twice is one. «Offert mottagen» needs the offer's file.
    """
    order, line, repeated = _locked(line, to, user=user, seen=seen)
    if repeated:
        return line
    allowed = for_khs(line.project, line.stage)
    if to not in allowed:
        raise DomainError(_not_next(line, to, allowed))
    file = None
    if to == Stage.OFFER_RECEIVED:
        if offer is None:
            raise DomainError("Bifoga offerten, så att förskrivaren kan läsa den.", field="offer")
        file = _attach(order, line, offer, user)
    _move(order, line, to, user=user, note=note, offer=file, amount=amount)
    if to == Stage.WAITING:
        title = f"Offert väntar på svar: beställning {order.case_number}"
        text = f"{line.article.name}. Läs offerten på beställningens sida och svara där."
        inform(order, user, MessageKind.OFFER, title, text)
    return line


@transaction.atomic
def answer_offer(
    line: OrderLine, *, user: User, seen: int, approved: bool, reason: str = ""
) -> OrderLine:
    """The prescriber approves the offer or doesn't, and then says why.

    ``seen`` as in ``move_on``: the answer holds for the offer that was shown and for no other.
    A refusal stands until KHS asks for a new offer, or the order is cancelled.
    """
    to = Stage.APPROVED if approved else Stage.REFUSED
    if not approved and not reason.strip():
        raise DomainError("Skriv varför offerten inte godkänns.", field="reason")
    order, line, repeated = _locked(line, to, user=user, seen=seen)
    if repeated:
        return line
    if to not in may_follow(line.project, line.stage):
        raise DomainError(f"Det finns ingen offert att svara på: projektet är «{_label(line)}».")
    _move(order, line, to, user=user, note=reason)
    return line


def record_start(lines: Iterable[OrderLine], *, user: User, now: dt.datetime) -> None:
    """The first move of each project among lines that were just sent."""
    ProjectMove.objects.bulk_create(
        ProjectMove(line=line, stage=line.stage, at=now, by=user) for line in lines if line.stage
    )


def record_delivery(lines: Iterable[OrderLine], *, user: User, now: dt.datetime) -> None:
    """Projects among the lines that have been handed out whole are at their end."""
    ended = [line for line in lines if line.stage and line.open == 0]
    for line in ended:
        line.stage = Stage.DELIVERED
    OrderLine.objects.bulk_update(ended, ["stage"])
    record_start(ended, user=user, now=now)


def _locked(line: OrderLine, to: Stage, *, user: User, seen: int) -> tuple[Order, OrderLine, bool]:
    """The order and its line, locked; and whether this very move has been made already."""
    order = lock_case(line.order)
    line = order.lines.select_related("article").get(pk=line.pk)
    if order.status == OrderStatus.CANCELLED or line.cancelled == line.quantity:
        raise DomainError("Beställningen är makulerad. Projektet kan inte flyttas.")
    last = line.moves.order_by("-pk").first()
    if last is None or not line.project:
        raise DomainError("Raden är inget projekt.")
    if last.pk == seen:
        return order, line, False
    if last.stage == to and last.by_id == user.pk:
        return order, line, True
    raise DomainError(f"Någon annan har flyttat projektet under tiden. Det är nu «{_label(line)}».")


def _move(order: Order, line: OrderLine, to: Stage, *, user: User, note: str, **facts: Any) -> None:
    line.stage = to
    line.save(update_fields=["stage"])
    note = note.strip()
    ProjectMove.objects.create(line=line, stage=to, at=timezone.now(), by=user, note=note, **facts)
    tell(order, user, EventKind.PROJECT, f"{line.article.name}: {to.label}")


def _attach(
    order: Order, line: OrderLine, upload: UploadedFile[bytes], user: User
) -> OrderAttachment:
    try:
        kept = attachments.clean(upload)
        return OrderAttachment.objects.create(
            order=order,
            line=line,
            file=kept.file,
            name=kept.name,
            content_type=kept.content_type,
            size=kept.size,
            uploaded_by=user,
        )
    except DomainError as fault:
        raise DomainError(fault.message, field="offer") from fault


def _label(line: OrderLine) -> str:
    return Stage(line.stage).label


def _not_next(line: OrderLine, to: Stage, allowed: list[Stage]) -> str:
    if allowed:
        then = " eller ".join(f"«{stage.label}»" for stage in allowed)
        then = f"Nästa steg är {then}."
    elif line.stage == Stage.WAITING:
        then = "Förskrivaren svarar på offerten i portalen."
    elif line.stage == Stage.INSTALLED:
        then = "Leverera beställningen, så blir projektet utlevererat."
    else:
        then = "Projektet är klart."
    return f"Projektet är «{_label(line)}» och kan inte flyttas till «{to.label}». {then}"
