"""What a delivery leaves behind: each part sits on its own aid, and is a loan that knows where."""

import pytest
from django.test import Client
from django.urls import reverse

from individuals.models import Component, Individual
from individuals.stock_check import differences
from orders import services
from orders.models import Order
from orders.services import Pick
from organisation.permissions import KHS
from recipients.models import Loan
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.pickups.builders import returned

from .builders import add, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def khs():
    return WarehouseFactory()


def chairs_with_cushions(
    khs, chairs: int, each: int = 1, **facts
) -> tuple[Order, list[Individual]]:
    """An order of marked chairs with cushions as their component, all of it on the shelf."""
    chair = ArticleFactory(name="Rullstol Cross", is_marked=True)
    cushion = ArticleFactory(name="Sittdyna", type="accessory", may_be_component=True, **facts)
    pieces = put_in_stock(khs, chair, chairs)
    put_in_stock(khs, cushion, chairs * each)
    cart = start()
    add(cart, chair, chairs, warehouse=khs, components=((cushion, each),))
    return services.send(cart, user=cart.user), pieces


def cushions_on(piece: Individual) -> int:
    return sum(Component.objects.filter(individual=piece, removed_at=None).values_list(
        "quantity", flat=True))  # fmt: skip


def test_three_chairs_with_three_cushions_in_one_delivery_get_one_each(khs):
    order, pieces = chairs_with_cushions(khs, 3)
    chair, cushion = order.lines.all()
    client = Client()
    user = UserFactory(roles=[KHS], is_staff=True)
    client.force_login(user, backend="organisation.backends.PortalBackend")
    url = reverse("orders:deliver", args=[order.case_number])

    response = client.post(
        url,
        {
            f"individer-{chair.pk}": [piece.number for piece in pieces],
            f"antal-{cushion.pk}": "3",
            "levererat": "0",
            "sagt": "6",
        },
    )

    assert response.status_code == 302, response.content.decode()
    assert [cushions_on(piece) for piece in pieces] == [1, 1, 1]
    for piece in pieces:
        part = Loan.objects.get(article=cushion.article, part_of__individual=piece)
        assert (part.quantity, part.component.individual) == (1, piece)
    assert differences() == []


def test_what_a_chair_did_not_get_with_its_delivery_comes_before_the_next_chairs(khs):
    order, pieces = chairs_with_cushions(khs, 2, each=2)
    chair, cushion = order.lines.all()
    user = UserFactory()

    services.deliver(order, [Pick(chair.pk, 1, (pieces[0].pk,)), Pick(cushion.pk, 1)], user=user)
    assert [cushions_on(piece) for piece in pieces] == [1, 0]
    services.deliver(order, [Pick(chair.pk, 1, (pieces[1].pk,)), Pick(cushion.pk, 3)], user=user)

    assert [cushions_on(piece) for piece in pieces] == [2, 2]
    loans = Loan.objects.filter(article=cushion.article).order_by("pk")
    assert [(x.quantity, x.part_of.individual) for x in loans] == [
        (1, pieces[0]),
        (1, pieces[0]),
        (2, pieces[1]),
    ]


def test_each_marked_cushion_sits_on_a_chair_of_its_own(khs):
    order, pieces = chairs_with_cushions(khs, 2, is_marked=True)
    chair, cushion = order.lines.all()
    cushions = cushion.article.individuals.order_by("pk")
    picks = [
        Pick(chair.pk, 2, tuple(piece.pk for piece in pieces)),
        Pick(cushion.pk, 2, tuple(piece.pk for piece in cushions)),
    ]

    services.deliver(order, picks, user=UserFactory())

    assert [cushions_on(piece) for piece in pieces] == [1, 1]


def test_a_deliverys_lines_share_its_number(khs):
    order, pieces = chairs_with_cushions(khs, 2)
    chair, cushion = order.lines.all()
    user = UserFactory()

    for piece in pieces:
        services.deliver(order, [Pick(chair.pk, 1, (piece.pk,)), Pick(cushion.pk, 1)], user=user)

    deliveries = [(d.number, d.by, d.lines.count()) for d in order.deliveries.all()]
    assert deliveries == [(1, user, 2), (2, user, 2)]


def test_a_cushion_that_comes_when_its_chair_has_gone_back_sits_on_nothing(khs):
    order, (piece,) = chairs_with_cushions(khs, 1)
    chair, cushion = order.lines.all()
    user = UserFactory()
    services.deliver(order, [Pick(chair.pk, 1, (piece.pk,))], user=user)
    returned(Loan.objects.get(individual=piece))

    services.deliver(order, [Pick(cushion.pk, 1)], user=user)

    part = Loan.objects.get(article=cushion.article)
    assert (part.recipient, part.part_of, part.component) == (order.recipient, None, None)
    assert cushions_on(piece) == 0
    assert differences() == []
