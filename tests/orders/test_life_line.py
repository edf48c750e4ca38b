"""A case's page says how far it has come, what is apart from the rest, and whose turn it is."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from orders import services
from orders.life import life_line
from orders.models import Order
from orders.services import Pick
from organisation.permissions import KHS
from recipients.case_views import events_of
from sesam.days import day_in_words, moment_in_words
from sesam.life_line import LifeLine
from sesam.models import CaseKind
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)
from tests.pickups.builders import fetched, lend, someone
from tests.reading import read_page

from .builders import TO_APPROVAL, add, go, project_article, sent, start

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 23)


def line_of(order: Order) -> LifeLine:
    order = Order.objects.get(pk=order.pk)
    lines = list(order.lines.select_related("article"))
    hold = order.holds.filter(released_at=None).first()
    return life_line(order, lines, events_of(order), hold)


def stops(line: LifeLine) -> list[tuple[str, str]]:
    return [(stop.label, stop.state.value) for stop in line.stops]


@pytest.fixture
def khs():
    return UserFactory(roles=[KHS], is_staff=True)


@pytest.fixture
def article():
    article = ArticleFactory(name="Rollator Troja")
    put_in_stock(WarehouseFactory(), article, 3)
    return article


def test_a_sent_order_waits_for_the_aid_centre_to_pick_it(article):
    line = line_of(sent((article, 1)))

    assert stops(line) == [("Skickad", "done"), ("Plockas", "later"), ("Hos mottagaren", "later")]
    assert line.branch is None
    assert f"{line.next_step.turn} {line.next_step.what}" == "KHS plockar beställningen"
    assert line.next_step.since_words == "i dag"


def test_while_it_is_picked_that_is_where_it_is_and_who_picks(article, khs):
    order = sent((article, 1))
    services.start_picking(order, user=khs)

    line = line_of(order)

    assert stops(line)[1] == ("Plockas", "now")
    assert line.stops[1].who == str(khs)
    assert line.now == "Plockas, nu"


def test_a_delivered_order_is_with_the_recipient_and_nobody_has_a_turn(article, khs):
    order = sent((article, 1))
    services.deliver(order, [Pick(order.lines.get().pk, 1)], user=khs)

    line = line_of(order)

    assert stops(line) == [("Skickad", "done"), ("Plockad", "done"), ("Hos mottagaren", "done")]
    assert line.next_step is None


def test_what_is_lacking_leaves_the_line_as_a_branch(article):
    cushion = ArticleFactory(name="Dyna Roho")

    line = line_of(sent((article, 1), (cushion, 2)))

    assert stops(line)[1] == ("Plockas", "later")
    assert line.branch.text == "2 st Dyna Roho är restnoterat"
    assert [stop.state.value for stop in line.branch.stops] == ["waiting", "later", "later"]
    assert line.branch.stops[-1].when == "inget datum än"


def test_what_is_lacking_takes_no_day_from_what_comes_before_it(article):
    number = sent((article, 1), (ArticleFactory(name="Dyna Roho"), 2)).case_number
    order = Order.objects.get(case_number=number)
    day = order.lines.get(article=article).planned_delivery
    assert day is not None and order.planned_delivery is None

    line = line_of(order)
    pages = Client()
    pages.force_login(order.ordered_by)
    said = [
        " ".join(
            re.sub("<[^>]+>", " ", read_page(pages.get(f"/bestallningar/{number}/{page}"))).split()
        )
        for page in ("", "bekraftelse/")
    ]

    assert line.stops[-1].when == f"planerad {day_in_words(day)}"
    assert line.next_step.detail == f"planerad leverans {day_in_words(day)}"
    for words in said:
        assert f"Planerad leverans {day}, det restnoterade inget datum än" in words


def test_an_order_of_nothing_but_what_is_lacking_waits_as_a_whole():
    line = line_of(sent((ArticleFactory(), 2)))

    assert stops(line)[1] == ("Plockas", "waiting")
    assert line.branch is None
    assert line.next_step.what == "plockar det restnoterade när det kommer"


def test_a_part_delivery_says_how_much_came_and_what_is_left(article, khs):
    order = sent((article, 3))
    services.deliver(order, [Pick(order.lines.get().pk, 1)], user=khs)

    line = line_of(order)

    assert line.stops[-1].who == "1 av 3 st"
    assert line.branch.text == "2 st Rollator Troja är kvar att leverera"


def test_what_is_lacking_does_not_hide_what_can_still_go(article, khs):
    order = sent((article, 2), (ArticleFactory(name="Dyna Roho"), 1))
    services.deliver(order, [Pick(order.lines.get(article=article).pk, 1)], user=khs)

    branch = line_of(order).branch

    assert branch.text == "1 st Dyna Roho är restnoterat, 1 st Rollator Troja är kvar att leverera"


def test_what_an_own_store_handed_out_is_not_picked_and_the_rest_says_how_far_it_is(article, khs):
    store, cushion = BufferFactory(), ArticleFactory(name="Dyna Roho")
    put_in_stock(store, cushion, 1)
    cart = start()
    cart.unit.own_stores.add(store)
    add(cart, cushion, warehouse=store)
    add(cart, article)
    order = services.send(cart, user=cart.user)
    services.start_picking(order, user=khs)

    line = line_of(order)

    assert stops(line) == [("Skickad", "done"), ("Hos mottagaren", "done")]
    assert line.branch.text == "1 st Rollator Troja är kvar att leverera"
    assert [(x.label, x.state.value) for x in line.branch.stops] == [
        ("Plockas", "now"), ("Hos mottagaren", "later"),
    ]  # fmt: skip
    services.deliver(order, [Pick(order.lines.get(article=article).pk, 1)], user=khs)
    assert ("Plockad", "done") in stops(line_of(order))


def test_an_order_of_nothing_but_an_own_stores_was_never_picked():
    store, article = BufferFactory(), ArticleFactory()
    put_in_stock(store, article, 1)
    cart = start()
    cart.unit.own_stores.add(store)
    add(cart, article, warehouse=store)

    line = line_of(services.send(cart, user=cart.user))

    assert stops(line) == [("Skickad", "done"), ("Hos mottagaren", "done")]


def test_a_held_order_waits_for_its_activity(article, khs):
    order = sent((article, 1))
    services.hold(order, given_out("26470090", CaseKind.ACTIVITY), user=khs)

    line = line_of(order)

    assert stops(line)[1] == ("Plockas", "waiting")
    assert "26470090" in line.stops[1].who
    assert "26470090" in line.next_step.what


def test_an_offer_is_the_prescribers_turn():
    cart = start()
    add(cart, project_article(), comment="Taklyft i sovrum")
    order = services.send(cart, user=cart.user)
    go(order.lines.get(), *TO_APPROVAL)

    line = line_of(order)

    assert (line.next_step.turn, line.next_step.what) == ("Förskrivaren", "svarar på offerten")


def test_a_cancelled_order_went_no_further(article):
    order = sent((article, 1))
    services.cancel(order, user=order.ordered_by)

    line = line_of(order)

    assert stops(line) == [("Skickad", "done"), ("Makulerad", "ended")]
    assert line.next_step is None


def test_the_pages_of_an_order_and_a_pickup_order_draw_their_lines(article):
    order = sent((article, 1))
    pickup = fetched(lend(someone(), article))
    for user, page in (
        (order.ordered_by, f"/bestallningar/{order.case_number}/"),
        (pickup.ordered_by, f"/hamtordrar/{pickup.case_number}/"),
    ):
        client = Client()
        client.force_login(user)
        words = strip_tags(read_page(client.get(page)))
        assert "Nästa steg: KHS" in words
        assert "sedan i dag" in words


def test_days_and_moments_are_said_as_people_say_them():
    assert day_in_words(TODAY, TODAY) == "i dag"
    assert day_in_words(dt.date(2026, 11, 22), TODAY) == "i går"
    assert day_in_words(dt.date(2026, 11, 30), TODAY) == "måndag 30 november"
    assert day_in_words(dt.date(2025, 11, 30), TODAY) == "söndag 30 november 2025"
    moment = timezone.make_aware(dt.datetime(2026, 11, 18, 15, 7))
    assert moment_in_words(moment, TODAY) == "ons 18 nov 15:07"
    assert moment_in_words(moment, dt.date(2026, 11, 18)) == "i dag 15:07"
