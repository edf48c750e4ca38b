"""Two people with the same deviation, or the same piece, at the same instant: real HTTP, real threads."""

import re

import pytest
from django.urls import reverse

from deviations.models import Deviation, DeviationStatus
from individuals.models import Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.services import Pick
from organisation.models import Message
from recipients.cases import EventKind
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import ArticleFactory, BufferFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import add, sent, start
from tests.pickups.builders import prescriber, returned, someone
from tests.real_http import Tab, signed_in

from .builders import chair, closed, grave, khs_user, received, registered

pytestmark = pytest.mark.django_db(transaction=True)


def of_khs(server, *names: str) -> list[Tab]:
    """A tab each of several people at KHS."""
    return [
        signed_in(server, khs_user(first_name=name, last_name="Ek"), tabs=1)[0] for name in names
    ]


def seen_on(page: str) -> str:
    return re.search(r'name="sedd" value="([0-9]+)"', page)[1]


def test_two_receive_it_and_one_has_it(live_server):
    made = registered(chair())
    url = reverse("deviations:receive", args=[made.case_number])
    tabs = of_khs(live_server, "Bo", "Siv")

    answers = at_once(*[lambda tab=tab: tab.post(url, {}) for tab in tabs])

    assert [answer.status for answer in answers] == [302, 302]
    made.refresh_from_db()
    other = "Siv" if made.handler.first_name == "Bo" else "Bo"
    loser = tabs[["Bo", "Siv"].index(other)]
    told = loser.get(reverse("deviations:detail", args=[made.case_number])).text
    assert f"{made.handler} har redan tagit emot avvikelsen." in told
    assert made.events.filter(kind=EventKind.RECEIVED).count() == 1


def test_two_close_it_and_it_is_answered_once(live_server):
    made = received(chair())
    url = reverse("deviations:investigate", args=[made.case_number])
    tabs = of_khs(live_server, "Bo", "Siv")
    seen = [seen_on(tab.get(url).text) for tab in tabs]

    answers = at_once(
        *[
            lambda tab=tab, at=at, n=n: tab.post(
                url, {"sedd": at, "answer": f"Svar {n}", "action": "close"}
            )
            for n, (tab, at) in enumerate(zip(tabs, seen, strict=True))
        ]
    )

    assert sorted(answer.status for answer in answers) == [302, 409]
    (told,) = [answer.text for answer in answers if answer.status == 409]
    assert "Avvikelsen är redan avslutad, av" in told
    made.refresh_from_db()
    assert made.status == DeviationStatus.CLOSED
    assert Message.objects.get().text == made.answer
    assert made.events.filter(kind=EventKind.CLOSED).count() == 1


def test_two_handlers_save_and_neither_overwrites_the_other(live_server):
    made = received(chair())
    url = reverse("deviations:investigate", args=[made.case_number])
    tabs = of_khs(live_server, "Bo", "Siv")
    seen = [seen_on(tab.get(url).text) for tab in tabs]

    answers = at_once(
        *[
            lambda tab=tab, at=at, n=n: tab.post(
                url, {"sedd": at, "cause": f"Orsak {n}", "action": "save"}
            )
            for n, (tab, at) in enumerate(zip(tabs, seen, strict=True))
        ]
    )

    assert sorted(answer.status for answer in answers) == [302, 409]
    (lost,) = [n for n, answer in enumerate(answers) if answer.status == 409]
    assert f"Orsak {lost}" in answers[lost].text, "what was typed is kept"
    made.refresh_from_db()
    assert made.cause == f"Orsak {1 - lost}"


def test_one_takes_it_back_while_khs_receives_it(live_server):
    user = prescriber()
    made = registered(chair(), user=user)
    (mine,) = signed_in(live_server, user, tabs=1)
    (theirs,) = of_khs(live_server, "Bo")

    at_once(
        lambda: mine.post(
            reverse("deviations:withdraw", args=[made.case_number]), {"action": "finish"}
        ),
        lambda: theirs.post(reverse("deviations:receive", args=[made.case_number]), {}),
    )

    made.refresh_from_db()
    assert made.is_withdrawn != (made.received_at is not None)


def test_a_piece_is_taken_from_the_store_in_the_instant_that_it_is_blocked():
    store = BufferFactory()
    article = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(store, article, 1)
    cart = start(prescriber(), someone())
    add(cart, article, warehouse=store, individual=piece)

    results = at_once(
        lambda: registered(piece=piece, block=True),
        lambda: orders.send(cart, user=cart.user),
    )

    assert any(isinstance(result, DomainError) for result in results)
    piece = Individual.objects.get(pk=piece.pk)
    blocked = piece.blocks.filter(until=None).exists()
    assert blocked == (piece.status == Individual.Status.IN_STOCK)
    assert differences() == []


def test_an_aid_comes_back_in_the_instant_that_it_is_blocked():
    loan = chair()

    at_once(lambda: returned(loan, 1), lambda: registered(loan, block=True))

    assert differences() == []
    piece = Individual.objects.get(pk=loan.individual_id)
    made = Deviation.objects.first()
    assert piece.blocks.filter(until=None).exists() == (made is not None)


def test_a_promised_piece_is_delivered_in_the_instant_that_it_is_held_back():
    article, khs = ArticleFactory(is_marked=True), WarehouseFactory()
    (piece,) = put_in_stock(khs, article, 1)
    order = sent((article, 1))
    pick = Pick(order.lines.get().pk, 1, (piece.pk,))

    results = at_once(
        lambda: grave(piece=piece),
        lambda: orders.deliver(order, [pick], user=khs_user()),
    )

    assert sum(isinstance(result, DomainError) for result in results) == 1
    piece = Individual.objects.get(pk=piece.pk)
    blocked = piece.blocks.filter(until=None).exists()
    assert blocked == (piece.status == Individual.Status.IN_STOCK)
    assert order.lines.get().reserved == 0
    assert differences() == []


def test_two_open_it_again_and_one_has_it(live_server):
    made = closed(received(chair()))
    url = reverse("deviations:reopen", args=[made.case_number])
    tabs = of_khs(live_server, "Bo", "Siv")

    answers = at_once(*[lambda tab=tab: tab.post(url, {"why": "Släppte igen."}) for tab in tabs])

    assert sorted(answer.status for answer in answers) == [302, 409]
    (told,) = [answer.text for answer in answers if answer.status == 409]
    made.refresh_from_db()
    assert f"Avvikelsen är redan öppen och handläggs av {made.handler}" in told
    assert made.events.filter(text="Öppnades igen").count() == 1


def test_two_say_what_kind_of_event_it_was_and_the_second_is_told(live_server):
    made = received(chair())
    url = f"{reverse('deviations:detail', args=[made.case_number])}?redigera=klassning"
    tabs = of_khs(live_server, "Bo", "Siv")
    seen = re.search(r'name="seen" value="([0-9]+)"', tabs[0].get(url).text)[1]
    typed = {"event_type": "adverse", "category": made.category_id, "seen": seen}

    answers = at_once(
        *[
            lambda tab=tab, harm=harm: tab.post(url, typed | {"consequence": harm, "why": "Knät."})
            for tab, harm in zip(tabs, ("mild", "serious"), strict=True)
        ]
    )

    assert sorted(answer.status for answer in answers) == [302, 409]
    (told,) = [answer.text for answer in answers if answer.status == 409]
    assert "har ändrats sedan du öppnade sidan" in told and "Knät." in told
    made.refresh_from_db()
    blocked = made.items.get().individual.blocks.filter(until=None).exists()
    assert blocked == (made.consequence == "serious")
    assert differences() == []


def test_sent_twice_it_is_opened_and_changed_once(live_server):
    made = closed(received(chair()))
    (tab,) = of_khs(live_server, "Bo")
    url = reverse("deviations:reopen", args=[made.case_number])

    answers = at_once(*[lambda: tab.post(url, {"why": "Släppte igen."})] * 2)

    assert [answer.status for answer in answers] == [302, 302]
    assert made.events.filter(text="Öppnades igen").count() == 1


def test_a_promised_piece_is_picked_in_the_instant_that_it_is_held_back():
    article = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(WarehouseFactory(), article, 1)
    order, picker = sent((article, 1)), khs_user(first_name="Pia")

    at_once(lambda: orders.start_picking(order, user=picker), lambda: grave(piece=piece))

    order.refresh_from_db()
    told = Message.objects.filter(user=picker).exists()
    assert order.lines.get().reserved == 0
    assert order.status == ("registered" if told else "picking")
    assert differences() == []
