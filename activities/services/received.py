"""What came in to KHS to be repaired gets its activity, and is held back until that ends."""

from __future__ import annotations

from django.utils import timezone

from articles.models import Article
from articles.stock import Ledger
from individuals import services as individuals
from individuals.models import BlockReason, Individual
from organisation.models import Unit, User, Warehouse
from recipients.cases import EventKind, tell
from recipients.whereabouts import preset_contact
from sesam import case_numbers
from sesam.models import CaseKind
from sesam.working_days import add_working_days

from ..models import Activity, ActivityLine, ActivityType, Priority, WhoseAddress
from .common import REPAIR


def repair_received(
    article: Article,
    quantity: int,
    piece: Individual | None,
    *,
    warehouse: Warehouse,
    unit: Unit,
    user: User,
    ledger: Ledger,
    said: str,
) -> Activity:
    """The activity of goods that stand in ``warehouse`` and are to be repaired first; ``said`` is
    what is wanted. Nobody's: the loan has ended. Needs a transaction, and in ``ledger`` the goods'
    place and, if it is one, the piece locked; the caller saves the ledger."""
    now = timezone.now()
    priority = Priority.objects.filter(is_active=True)[0]
    activity = Activity.objects.create(
        case_number=case_numbers.take(CaseKind.ACTIVITY),
        type=ActivityType.objects.get(code=ActivityType.Code.REPAIR),
        priority=priority,
        unit=unit,
        warehouse=warehouse,
        ordered_by=user,
        address_of=WhoseAddress.NONE,
        request=said,
        created_at=now,
        due_on=add_working_days(timezone.localdate(now), priority.days),
        **preset_contact(user, unit),
    )
    ActivityLine.objects.create(
        activity=activity,
        article=article,
        individual=piece,
        quantity=quantity,
        is_held=piece is None,
    )
    place = (warehouse.pk, article.pk)
    if piece is None:
        ledger.block(place, quantity)
    else:
        if not piece.blocked:
            ledger.block(place, 1)
        reason = BlockReason.objects.get(code=REPAIR)
        individuals.block([piece], reason, case_number=activity.case_number)
    tell(activity, user, EventKind.CREATED, "Aktiviteten registrerades vid mottagningen")
    return activity
