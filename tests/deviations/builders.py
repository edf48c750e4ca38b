"""Deviations that the services make, in every status."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from articles.models import Article
from deviations import services
from deviations.models import (
    Deviation,
    DeviationCategory,
    EventType,
    Recall,
    RecallItem,
    RecallStatus,
    ReportedTo,
)
from deviations.services import Report, Wish
from individuals.models import Individual, Watch
from organisation.models import User
from organisation.permissions import KHS
from recipients.cases import last_event
from recipients.models import DialogFile, Loan, Recipient
from sesam import case_numbers
from sesam.models import CaseKind
from tests.factories import ArticleFactory, UserFactory
from tests.pickups.builders import lend, prescriber, someone

CONTACT = {"contact_name": "Anna Förskrivare", "contact_phone": "08-465 004 41"}
HAPPENED = {
    "place": "Hemma, i hallen",
    "what_happened": "Vänster broms släppte när mottagaren reste sig.",
    "done_at_once": "Stolen ställdes undan.",
}
NOT_REPORTED = [Report(to, reason_not="Felet är känt") for to in ReportedTo]


def category(name: str = "Broms eller lås", *, complaint: bool = False) -> DeviationCategory:
    return DeviationCategory.objects.get(name=name, of_complaints=complaint)


def khs_user(**facts) -> User:
    return UserFactory(roles=[KHS], is_staff=True, **facts)


def chair(recipient: Recipient | None = None) -> Loan:
    """A marked aid that somebody holds."""
    return lend(recipient or someone(), ArticleFactory(name="Rullstol Cross", is_marked=True))


def registered(
    *loans: Loan,
    event: EventType = EventType.NEAR_MISS,
    piece: Individual | None = None,
    user: User | None = None,
    recipient: Recipient | None = None,
    token: uuid.UUID | None = None,
    about: str | None = None,
    block: bool = False,
    quantity: int = 1,
    files: Iterable[DialogFile] = (),
    **details,
) -> Deviation:
    """A near miss with the aids, unless told otherwise."""
    user = user or prescriber()
    is_complaint = event == EventType.COMPLAINT
    kind = "Fel under användning" if is_complaint else "Broms eller lås"
    told = {
        **HAPPENED,
        **CONTACT,
        "event_type": event,
        "category": category(kind, complaint=is_complaint),
        "happened_on": timezone.localdate(),
        "consequence": "mild" if event == EventType.ADVERSE else "none",
        **details,
    }
    if loans:
        recipient = Recipient.objects.get(pk=loans[0].recipient_id)
    return services.register(
        user=user,
        unit=user.default_unit,
        details=told,
        token=token or uuid.uuid4(),
        recipient=recipient,
        wishes=[Wish(loan.pk, quantity) for loan in loans],
        piece=piece,
        about=about,
        block=block,
        files=files,
    )


def grave(*loans: Loan, **facts) -> Deviation:
    """Somebody was harmed seriously."""
    return registered(*loans, event=EventType.ADVERSE, consequence="serious", **facts)


def received(*loans: Loan, khs: User | None = None, **facts) -> Deviation:
    return services.receive(registered(*loans, **facts), user=khs or khs_user())


def investigated(deviation: Deviation, khs: User | None = None, **found) -> Deviation:
    return services.investigate(
        deviation, user=khs or deviation.handler, seen=last_event(deviation), **found
    )


def closed(deviation: Deviation, khs: User | None = None, **found) -> Deviation:
    """Closed by who handles it, with an answer."""
    if deviation.received_at is None:
        deviation = services.receive(deviation, user=khs or khs_user())
    told = {"answer": "Bromsen är bytt.", **found}
    return services.close(
        deviation, user=khs or deviation.handler, seen=last_event(deviation), **told
    )


@transaction.atomic
def recall_of(
    *articles: Article,
    serials: Iterable[str] = (),
    lots: Iterable[str] = (),
    period: tuple[dt.date, dt.date] | None = None,
    user: User | None = None,
) -> Recall:
    """A recall with its list made, without any services: of all of the articles, or of the numbers
    and of what was delivered in the period."""
    number = case_numbers.take(CaseKind.RECALL)
    now = timezone.now()
    recall = Recall.objects.create(
        case_number=number, status=RecallStatus.ONGOING, ordered_by=user or khs_user(), created_at=now, found_at=now,
        sender="Etac Sverige AB", notice_on=now.date(), fault="Bromsen kan spricka.",
        measure="Byt broms.",
    )  # fmt: skip
    for article in articles:
        facts = {"case_number": number, "article": article}
        for by, numbers in (("serial", serials), ("lot", lots)):
            for one in numbers:
                first, _, last = one.partition("..")
                Watch.objects.create(by=by, first=first, last=last or first, **facts)
        if period:
            Watch.objects.create(by="delivered", first_day=period[0], last_day=period[1], **facts)
        if not (serials or lots or period):
            Watch.objects.create(by="article", **facts)
    return recall


def told_of_recall(recipient: Recipient) -> Recall:
    """A recall of something that the recipient has, which their unit has been told of."""
    loan = chair(recipient)
    recall = recall_of(loan.article)
    now = timezone.now()
    RecallItem.objects.create(
        recall=recall, article=loan.article, individual=loan.individual, loan=loan, unit=loan.unit,
        found="held", found_at=now, sureness="sure", by="article", told_at=now, told_how="message",
    )  # fmt: skip
    return recall
