"""The same form sent twice at the same instant, through real HTTP: it is done once.

Somebody double-clicks, or the network sends again. A dozen times each, and not one too many;
``SENT_TWICE=50`` looks longer.
"""

import datetime as dt
import os
import uuid

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deviations.models import Recall
from individuals.models import FormerNumber
from orders import cart as carts
from orders import services
from orders.models import (
    Cart,
    Order,
    OrderStatus,
    OrderTemplate,
    ProjectMove,
    TemplateLine,
)
from orders.stages import Stage
from organisation.models import Message
from organisation.permissions import BUFFERT, KHS
from pickups.models import PickupOrder, PickupReceipt, PickupStatus, ReceivedState, Return
from pickups.services import Got, receive
from recipients.cases import EventKind
from recipients.models import Loan
from tests.at_once import at
from tests.deviations.builders import received, told_of_recall
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, last_move, pdf, project, sent, start
from tests.orders.test_concurrency import stock_agrees
from tests.pickups.builders import fetched, lend, prescriber
from tests.pickups.pages import form_of, new_return, to_information

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(int(os.environ.get("SENT_TWICE", "12")))
DELIVERY = reverse("orders:delivery")


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def article():
    """A hundred in KHS's warehouse and in the own store."""
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 100)
    put_in_stock(BufferFactory(), article, 100)
    return article


def khs_user():
    return UserFactory(roles=[KHS], is_staff=True)


def last_step(cart: Cart) -> dict:
    return {
        "token": cart.token,
        "action": "send",
        "delivery_way": cart.delivery_way_id,
        "extra_info": "Ring först",
        "contact_prescriber": "nej",
    }


@pytest.mark.parametrize("from_own_store", [False, True], ids=["KHS", "own store"])
def test_an_order_is_sent_twice_and_made_once(twice, article, from_own_store):
    user, recipient = prescriber(), RecipientFactory()
    _, browser = twice(user)
    warehouse = BufferFactory() if from_own_store else WarehouseFactory()
    for _ in ROUNDS:
        cart = start(user, recipient)
        add(cart, article, warehouse=warehouse)
        first, second = browser.post(DELIVERY, last_step(cart))
        assert (first.status, second.status) == (302, 302)
        assert first.location == second.location
    assert Order.objects.count() == len(ROUNDS)
    assert Order.objects.filter(extra_info="Ring först").count() == len(ROUNDS)
    assert not Cart.objects.filter(order=None).exists()
    assert Loan.objects.count() == (len(ROUNDS) if from_own_store else 0)
    stock_agrees()


def test_an_order_that_is_thrown_away_while_it_is_sent_is_one_or_the_other(twice, article):
    user, recipient = prescriber(), RecipientFactory()
    _, browser = twice(user)
    for _ in ROUNDS:
        cart = start(user, recipient)
        add(cart, article)
        browser.post_both(
            (DELIVERY, last_step(cart)), (reverse("orders:throw_away"), {"till": cart.token})
        )
        cart.refresh_from_db()
        assert cart.closed_at is not None
    assert Order.objects.count() == Cart.objects.exclude(order=None).count()
    stock_agrees()


def test_a_template_is_saved_twice_and_is_there_once(twice, article):
    user = prescriber()
    _, browser = twice(user)
    order = sent((article, 1), user=user)
    for turn in ROUNDS:
        body = {"name": f"Paket {turn}", "unit": "", "nyckel": uuid.uuid4(), "action": "finish"}
        answers = browser.post(reverse("orders:save_order", args=[order.case_number]), body)
        assert [x.status for x in answers] == [302, 302]
    assert OrderTemplate.objects.count() == TemplateLine.objects.count() == len(ROUNDS)


def test_an_order_is_begun_twice_and_both_lead_on(twice):
    """The second click isn't asked what to do with the order that the first one began."""
    user, recipient = prescriber(), RecipientFactory()
    _, browser = twice(user)
    user.default_unit.own_stores.add(BufferFactory())
    form = {"unit": user.default_unit_id, "prescriber": user.pk}
    for url in (
        reverse("orders:to", args=[recipient.key]),
        reverse("orders:to_store", args=[user.default_unit.own_stores.get().number]),
    ):
        for _ in ROUNDS:
            first, second = browser.post(url, form)
            assert (first.status, second.status) == (302, 302)
            assert first.location == second.location
            token = carts.open_cart(user).token
            both = browser.post(reverse("orders:throw_away"), {"till": token})
            assert [(x.status, x.location) for x in both] == [(302, "/"), (302, "/")]
    assert Cart.objects.count() == 2 * len(ROUNDS)
    assert not Cart.objects.filter(thrown_at=None).exists()


def test_lines_are_joined_and_taken_out_twice_and_it_is_so(twice, article):
    user = prescriber()
    _, browser = twice(user)
    line = add(start(user, RecipientFactory()), article)
    page = reverse("orders:checkout")
    for _ in ROUNDS:
        for answer, on in (("ja", True), ("nej", False)):
            browser.post(reverse("orders:together", args=[line.pk]), {"samlevereras": answer})
            line.refresh_from_db()
            assert line.deliver_together is on
        both = browser.post(reverse("orders:remove_line", args=[line.pk]), {})
        assert {x.location for x in both} == {f"{page}?borttagen={line.pk}"}
        browser.post(reverse("orders:put_back", args=[line.pk]), {})
        assert line.cart.lines.count() == 1


# --- «Ångra» of a removed file ---


def removed(cart: Cart) -> tuple[uuid.UUID, str]:
    """A file of the order's that the user has taken away, and where «Ångra» puts it back."""
    file = carts.attach(cart, pdf(), user=cart.user)
    carts.detach(cart, file.key)
    return file.key, reverse("orders:attach_again", args=[file.key])


def test_a_file_is_put_back_twice_and_is_there_once(twice, article):
    user = prescriber()
    _, browser = twice(user)
    for _ in ROUNDS:
        cart = start(user, RecipientFactory())
        add(cart, article)
        key, back = removed(cart)
        first, second = browser.post(back, {})
        assert (first.status, first.location) == (second.status, second.location) == (302, DELIVERY)
        assert cart.attachments.get().key == key
        assert services.send(cart, user=user).attachments.get().key == key


def test_a_file_that_is_put_back_while_its_order_is_sent_goes_with_it_or_is_too_late(
    twice, article
):
    user, recipient = prescriber(), RecipientFactory()
    client, browser = twice(user)
    for turn in ROUNDS:
        cart = start(user, recipient)
        add(cart, article)
        key, back = removed(cart)
        forms = [(back, {}), (DELIVERY, last_step(cart))]
        for answer in browser.post_both(*(forms if turn % 2 else reversed(forms))):
            client.cookies.load(answer.cookies)
        cart.refresh_from_db()
        said = client.get("/").content.decode()
        if cart.order.attachments.exists():
            assert cart.order.attachments.get().key == key and "är tillbaka" in said
        else:
            assert "redan skickad, utan bilagan" in said
    assert Order.objects.count() == len(ROUNDS)
    stock_agrees()


@pytest.mark.parametrize("against", ["another", "a new one"])
def test_of_two_files_at_once_one_gets_the_last_place(twice, article, against):
    user = prescriber()
    _, browser = twice(user)
    cart = start(user, RecipientFactory())
    add(cart, article)
    (_, back), (_, other) = removed(cart), removed(cart)
    there = {carts.attach(cart, pdf(), user=user).key for _ in range(19)}
    for _ in ROUNDS:
        new = last_step(cart) | {"action": "attach", "file": pdf()}
        second = (other, {}) if against == "another" else (DELIVERY, new)
        browser.post_both((back, {}), second)
        (came,) = set(cart.attachments.values_list("key", flat=True)) - there
        carts.detach(cart, came)


def test_a_pickup_is_ordered_twice_and_made_once(twice):
    client, browser = twice(prescriber())
    recipient, article = RecipientFactory(), ArticleFactory()
    loans = LoanFactory.create_batch(len(ROUNDS), recipient=recipient, article=article)
    url, information = to_information(client, loans[0])
    browser.post(url, information)
    typed = form_of(client.get(first_step(client, loans[1])))
    for loan in loans[1:]:
        aids = {"valda": loan.pk, f"antal-{loan.pk}": "1", "action": "next"}
        second = client.post(first_step(client, loan), typed | aids)
        first, again = browser.post(at("pickups:step", second["Location"]), information)
        assert first.location == again.location != ""
    assert PickupOrder.objects.count() == len(ROUNDS)


def first_step(client: Client, loan: Loan) -> str:
    url = reverse("pickups:begin", args=[loan.recipient.key])
    return client.get(url, {"valda": loan.pk})["Location"]


def test_an_aid_is_returned_twice_and_taken_back_once(twice):
    client, browser = twice(prescriber())
    loan = lend(RecipientFactory(), ArticleFactory(responsibility="B"), 100)
    url = new_return(loan.recipient, loan)
    form = form_of(client.get(url)) | {f"antal-{loan.pk}": "1"}
    for _ in ROUNDS:
        url = at("pickups:new_return", url.partition("?")[0])
        first, second = browser.post(url, form | {"token": uuid.uuid4()})
        assert first.location == second.location != ""
    assert Return.objects.count() == len(ROUNDS)
    loan.refresh_from_db()
    assert loan.returned == len(ROUNDS)
    stock_agrees()


def test_a_line_is_delivered_twice_and_goes_out_once(twice, article):
    client, browser = twice(khs_user())
    order = sent((article, 100))
    line = order.lines.get()
    url = reverse("orders:deliver", args=[order.case_number])
    form = form_of(client.get(url)) | {f"antal-{line.pk}": "1", "sagt": "1"}
    for turn in ROUNDS:
        answers = browser.post(url, form | {"levererat": turn})
        assert 302 in [answer.status for answer in answers]
    line.refresh_from_db()
    assert line.delivered == len(ROUNDS)
    assert sum(loan.quantity for loan in Loan.objects.all()) == len(ROUNDS)
    stock_agrees()


def test_a_pickup_is_received_twice_and_arrives_once(twice):
    client, browser = twice(khs_user())
    loan = lend(RecipientFactory(), ArticleFactory(), 100)
    pickup = fetched(loan)
    url = reverse("pickups:receive", args=[pickup.case_number])
    row = pickup.lines.get().pk
    form = form_of(client.get(url)) | {f"skick-rad-{row}": "stock", f"antal-rad-{row}": "1"}
    for turn in ROUNDS:
        answers = browser.post(url, form | {"mottaget": turn})
        assert [answer.status for answer in answers] == [302, 302]
    assert PickupReceipt.objects.count() == len(ROUNDS)
    loan.refresh_from_db()
    assert loan.returned == len(ROUNDS)
    stock_agrees()


def test_a_pickup_is_received_to_its_end_twice_with_what_else_came(twice):
    """Neither the line nor the number typed is there any more to be read from the second one."""
    client, browser = twice(khs_user())
    for _ in ROUNDS:
        pickup = fetched(lend(RecipientFactory(), ArticleFactory(), 3))
        stranger = lend(RecipientFactory(), ArticleFactory(is_marked=True))
        url = reverse("pickups:receive", args=[pickup.case_number])
        row = pickup.lines.get().pk
        form = form_of(client.get(url)) | {
            f"skick-rad-{row}": "cleaning",
            f"antal-rad-{row}": "2",
            "nummer-1": stranger.individual.number,
            "nummer-skick-1": "stock",
            "avsluta": "1",
        }
        answers = browser.post(url, form)
        assert [answer.status for answer in answers] == [302, 302]
        pickup.refresh_from_db()
        assert pickup.status == PickupStatus.RECEIVED
        stranger.refresh_from_db()
        assert stranger.returned == 1
    assert PickupReceipt.objects.count() == 2 * len(ROUNDS)
    stock_agrees()


def test_a_deviation_is_written_on_and_closed_twice_and_its_answer_goes_once(twice):
    user = khs_user()
    client, browser = twice(user)
    for _ in ROUNDS:
        made = received(lend(RecipientFactory(), ArticleFactory(), 1), khs=user)
        url = reverse("deviations:investigate", args=[made.case_number])
        found = {"cause": "Sliten vajer", "answer": "Vajern är bytt."}
        told = made.events.count()
        for action in ("save", "close"):
            form = form_of(client.get(url)) | found | {"action": action}
            answers = browser.post(url, form)
            assert [answer.status for answer in answers] == [302, 302]
        kinds = list(made.events.values_list("kind", flat=True))[told:]
        assert kinds == [EventKind.INVESTIGATED, EventKind.CLOSED]
        assert Message.objects.filter(case_number=made.case_number).count() == 1


@transaction.atomic
def a_recall() -> Recall:
    return told_of_recall(RecipientFactory())


def test_a_recalled_piece_is_confirmed_twice_and_answered_once(twice):
    user = UserFactory()
    _, browser = twice(user)
    for _ in ROUNDS:
        recall = a_recall()
        recall.items.update(unit=user.default_unit)
        pk = recall.items.get().pk
        url = reverse("deviations:recall_answer", args=[recall.case_number])
        answers = browser.post(url, {"rad": pk, f"svar-{pk}": "replaced", f"sett-{pk}": ""})
        assert [answer.status for answer in answers] == [302, 302]
        assert recall.events.count() == 1


def test_what_is_done_of_recalled_pieces_is_ordered_twice_and_done_once(twice):
    client, browser = twice(khs_user())
    for _ in ROUNDS:
        recall = a_recall()
        begin = reverse("deviations:recall_act", args=[recall.case_number])
        step = client.get(f"{begin}?alla=1").url
        wanted = {"work": "inga", "sends_message": "", "letters": "unit"}
        check = client.post(step, {**wanted, "action": "next"}).url
        answers = browser.post(check, {"action": "finish"})
        assert [answer.status for answer in answers] == [302, 302]
        assert answers[0].location == answers[1].location
        assert recall.deeds.count() == 1


def test_a_recall_is_closed_twice_and_once(twice):
    _, browser = twice(khs_user())
    for _ in ROUNDS:
        recall = a_recall()
        url = reverse("deviations:recall_close", args=[recall.case_number])
        answers = browser.post(url, {"reason": "Tillverkaren tar över"})
        assert [answer.status for answer in answers] == [302, 302]
        assert recall.events.filter(kind=EventKind.CLOSED).count() == 1


def test_a_unit_is_reminded_twice_and_hears_it_once(twice):
    user = UserFactory()
    _, browser = twice(khs_user())
    for _ in ROUNDS:
        recall = a_recall()
        recall.items.update(unit=user.default_unit)
        url = reverse("deviations:recall_remind", args=[recall.case_number])
        browser.post(url, {"valda": recall.items.get().pk})
        assert recall.items.get().reminders == 1
        assert user.messages.filter(case_number=recall.case_number).count() == 1


def test_a_piece_gets_its_new_number_once(twice):
    _, browser = twice(UserFactory(roles=[BUFFERT]))
    piece = IndividualFactory(number="224000")
    for turn in ROUNDS:
        url = reverse("individuals:renumber", args=[str(224000 + turn)])
        answers = browser.post(url, {"confirmed": "on", "number": str(224001 + turn)})
        assert 302 in [answer.status for answer in answers]
    piece.refresh_from_db()
    assert piece.number == str(224000 + len(ROUNDS))
    assert FormerNumber.objects.count() == len(ROUNDS)


def test_a_project_moves_one_stage(twice):
    _, browser = twice(khs_user())
    facts = {"user": UserFactory(), "recipient": RecipientFactory()}
    for _ in ROUNDS:
        line = project(**facts)
        url = reverse("orders:move", args=[line.order.case_number, line.pk, Stage.AT_SUPPLIER])
        first, second = browser.post(url, {"sett": last_move(line), "note": "Skickad"})
        assert (first.status, second.status) == (302, 302)
    assert ProjectMove.objects.count() == 2 * len(ROUNDS)


def test_a_pick_is_begun_once_and_stopped_once(twice, article):
    _, browser = twice(khs_user())
    order = sent((article, 1))
    told = order.events.count()
    deeds = ["orders:pick", "orders:stop_picking"] * (len(ROUNDS) // 2)
    for deed in deeds:
        first, second = browser.post(reverse(deed, args=[order.case_number]), {})
        assert (first.status, second.status) == (302, 302)
    kinds = list(order.events.values_list("kind", flat=True))[told:]
    assert kinds == [EventKind.PICKING, EventKind.PICKING_STOPPED] * (len(ROUNDS) // 2)
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED


def test_a_pickup_is_planned_once(twice):
    _, browser = twice(khs_user())
    pickup = fetched(lend(RecipientFactory(), ArticleFactory(), 1))
    told = pickup.events.count()
    days = [timezone.localdate() + dt.timedelta(days=n) for n in range(len(ROUNDS))]
    for day in days:
        url = reverse("pickups:plan", args=[pickup.case_number])
        first, second = browser.post(url, {"dag": day.isoformat()})
        assert (first.status, second.status) == (302, 302)
    assert pickup.events.count() == told + len(ROUNDS)
    pickup.refresh_from_db()
    assert (pickup.status, pickup.planned_for) == (PickupStatus.PLANNED, days[-1])


def test_an_aid_is_made_ready_once(twice):
    _, browser = twice(khs_user())
    pickup = fetched(lend(RecipientFactory(), ArticleFactory(), len(ROUNDS)))
    row = pickup.lines.get()
    for _ in ROUNDS:
        receive(pickup, [Got(row.pk, 1, ReceivedState.TO_CLEANING)], user=khs_user())
    for receipt in PickupReceipt.objects.all():
        url = reverse("pickups:ready", args=[pickup.case_number, receipt.pk])
        first, second = browser.post(url, {})
        assert (first.status, second.status) == (302, 302)
    assert pickup.events.filter(kind=EventKind.PREPARED).count() == len(ROUNDS)
    stock_agrees()
