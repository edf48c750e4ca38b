"""Some whom nobody has seen for over ten years: two of them are nobody by now, three wait on a list."""

import datetime as dt
import random

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from articles.models import Article, ArticleType, BillingForm
from orders.models import (
    Delivery,
    DeliveryWay,
    LineDelivery,
    Order,
    OrderEvent,
    OrderKind,
    OrderLine,
    OrderStatus,
)
from organisation.models import Source, User
from pickups.models import Return, ReturnLine
from portal.disposal import erasing, jobs
from portal.models import DisposalList
from recipients.cases import EventKind
from recipients.models import CareRelation, Loan, Recipient, RegisterPerson
from sesam import case_numbers
from sesam.models import CaseKind, CaseNumber, CaseSeries

from . import people
from .organisation import Places

OLD = people.NUMBERS[400:405]
GONE = 2  # of them


def load(places: Places) -> None:
    chance = random.Random(17)  # noqa: S311  a demo, no secret
    user = places.users["forskrivare"]
    registered = RegisterPerson.objects.in_bulk(OLD)
    chair = Article.objects.filter(
        type=ArticleType.MAIN, is_marked=False, billing_form__rule=BillingForm.Rule.NONE
    ).order_by("number")[0]
    today = timezone.localdate()
    for turn, number in enumerate(OLD):
        person = people.known(registered[number], chance, places.payers)
        person.save()
        _had(person, chair, timezone.now() - relativedelta(years=12, days=9 * turn), user, places)
        if turn == GONE - 1:
            _dispose((today.replace(day=1) - dt.timedelta(days=1)), places.users["khs"])
    erasing.make_list(today)


def _had(person: Recipient, article: Article, at: dt.datetime, user: User, places: Places) -> None:
    """An aid that was ordered then, and returned a year later."""
    week = case_numbers.prefix(timezone.localdate(at))
    series, _ = CaseSeries.objects.get_or_create(prefix=week)
    series.last += 1
    series.save(update_fields=["last"])
    number = case_numbers.written(week, series.last)
    CaseNumber.objects.create(number=number, kind=CaseKind.ORDER)
    CaseNumber.objects.filter(number=number).update(created_at=at)
    unit, store = places.units["0880"], places.stores["0880"]
    came, back = at + relativedelta(days=6), at + relativedelta(years=1)
    order = Order.objects.create(
        case_number=number, kind=OrderKind.CUSTOMER, recipient=person, unit=unit, ordered_by=user,
        prescriber=user, delivery_way=DeliveryWay.objects.order_by("rank")[0], sent_at=at,
        delivered_at=came, status=OrderStatus.DELIVERED, street=person.street,
        postcode=person.postcode, locality=person.locality, contact_name=str(user),
        contact_phone=user.phone, extra_info="Sonen tar emot.",
    )  # fmt: skip
    line = OrderLine.objects.create(
        order=order, position=1, article=article, quantity=1, delivered=1, warehouse=store,
        source=Source.OWN_STORE, payer=unit.payer, billing_form=article.billing_form,
    )  # fmt: skip
    for kind, text, day in (
        (EventKind.CREATED, "Beställningen skickades", at),
        (EventKind.DELIVERED, "Utlevererad", came),
    ):
        OrderEvent.objects.create(order=order, user=user, kind=kind, text=text, at=day)
    loan = Loan.objects.create(
        recipient=person, article=article, unit=unit, prescriber_name=str(user),
        case_number=number, delivered_at=came, returned=1, ended_at=back,
    )  # fmt: skip
    delivery = Delivery.objects.create(order=order, number=1, at=came, by=user)
    LineDelivery.objects.create(delivery=delivery, line=line, quantity=1, loan=loan)
    returned = Return.objects.create(recipient=person, unit=unit, warehouse=store, at=back, by=user)
    ReturnLine.objects.create(of=returned, loan=loan, quantity=1)
    CareRelation.objects.create(recipient=person, unit=unit, case_number=number)
    CareRelation.objects.filter(recipient=person).update(since=at)
    Recipient.objects.filter(pk=person.pk).update(created_at=at)


def _dispose(day: dt.date, khs: User) -> None:
    """Last month's list, approved and carried out."""
    erasing.make_list(day)
    made = DisposalList.objects.get(month=day.replace(day=1))
    erasing.approve(made, user=khs, reference="KHS 2026/114", decided_on=day)
    jobs.dispose(list_id=made.pk)
