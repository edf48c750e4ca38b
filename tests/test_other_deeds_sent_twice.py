"""What ``test_sent_twice`` leaves, sent twice at the same instant through real HTTP: it is done once, and
who sent it is told that it is done both times. ``SENT_TWICE=50`` looks longer."""

import os
import uuid

import pytest
from django.urls import reverse

from activities.models import Activity, ActivityStatus, WorkReport
from articles.models import Favourite
from invoicing.models import Correction, Question
from orders import cart as carts
from orders.models import OrderTemplate, ProjectMove
from orders.stages import Stage
from organisation.models import Message
from organisation.permissions import CONTROLLER, KHS
from pickups.models import PickupOrder
from recipients.cases import EventKind
from recipients.models import Loan
from tests.activities import pages as dialogs
from tests.activities.builders import registered, technician
from tests.at_once import at, both
from tests.deviations.builders import registered as happened
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.invoicing.builders import OCTOBER, on, run_month
from tests.invoicing.builders import article as sold
from tests.orders.builders import (
    TO_APPROVAL,
    last_move,
    manual,
    project,
    saved_template,
    sent,
    start,
)
from tests.orders.test_concurrency import stock_agrees
from tests.orders.test_views import choice, open_dialog
from tests.pickups.builders import fetched, lend, prescriber, returned
from tests.pickups.pages import form_of

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(int(os.environ.get("SENT_TWICE", "4")))


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def article():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 100)
    put_in_stock(BufferFactory(), article, 100)
    return article


def khs_user():
    return UserFactory(roles=[KHS], is_staff=True)


def held() -> Loan:
    return lend(RecipientFactory(), ArticleFactory(name="Rullstol Cross", is_marked=True))


CASES = {
    "orders:cancel": lambda user, article: sent((article, 1), user=user),
    "activities:cancel": lambda user, article: registered(held(), user=user),
    "pickups:cancel": lambda user, article: fetched(held(), user=user),
    "deviations:withdraw": lambda user, article: happened(held(), user=user),
}


@pytest.mark.parametrize("address", CASES)
def test_a_case_is_cancelled(twice, article, address):
    user = prescriber()
    _, browser = twice(user)
    for _ in ROUNDS:
        case = CASES[address](user, article)
        both(browser, reverse(address, args=[case.case_number]), {"action": "finish"})
        assert case.events.filter(kind=EventKind.CANCELLED).count() == 1
    stock_agrees()


def test_a_return_is_undone(twice):
    user, loan = prescriber(), held()
    _, browser = twice(user)
    for _ in ROUNDS:
        both(browser, reverse("pickups:undo", args=[returned(loan, user=user).key]), {})
        loan = Loan.objects.get(individual=loan.individual, ended_at=None)
    stock_agrees()


def test_what_an_activity_fetched_is_received(twice):
    _, browser = twice(khs_user())
    for _ in ROUNDS:
        activity = registered(held(), type="Hämtning")
        both(browser, reverse("pickups:fetch", args=[activity.case_number]), {})
    assert PickupOrder.objects.count() == len(ROUNDS)


def test_an_activity_is_registered(twice):
    client, browser = twice(prescriber())
    for _ in ROUNDS:
        loan = held()
        aids = dialogs.choose(client, dialogs.begin(client, loan.recipient), "Anpassning")
        asked = dialogs.go_on(client, aids, valda=[str(loan.pk)]).url
        where = dialogs.go_on(client, asked, request="Fotstödet glappar.").url
        form = form_of(client.get(where)) | {"action": "finish"}
        first, second = browser.post(at("activities:step", where), form)
        assert first.status == second.status == 302 and first.location == second.location
    assert Activity.objects.count() == len(ROUNDS)


def test_an_activity_is_taken_handed_back_and_reported(twice):
    client, browser = twice(technician())
    for _ in ROUNDS:
        activity = registered(held())
        for name, body in (
            ("activities:take", {}),
            ("activities:hand_back", {"varfor": "Del slut."}),
            ("activities:take", {}),
        ):
            both(browser, reverse(name, args=[activity.case_number]), body)
        url = reverse("activities:report", args=[activity.case_number])
        said = {"text": "Bytte vajer.", "minutes": "30", "close": "on"}
        both(browser, url, form_of(client.get(url)) | said)
        activity.refresh_from_db()
        assert activity.status == ActivityStatus.CLOSED
        told_of = list(activity.events.values_list("kind", flat=True))
        assert told_of.count(EventKind.CLOSED) == told_of.count(EventKind.HANDED_BACK) == 1
    assert WorkReport.objects.count() == len(ROUNDS)


@pytest.mark.parametrize("approved", [True, False])
def test_an_offer_is_answered(twice, approved):
    user = prescriber()
    _, browser = twice(user)
    name = "orders:approve_offer" if approved else "orders:refuse_offer"
    stage = Stage.APPROVED if approved else Stage.REFUSED
    for _ in ROUNDS:
        line = project(*TO_APPROVAL, user=user)
        url = reverse(name, args=[line.order.case_number, last_move(line)])
        both(browser, url, {"reason": "" if approved else "För dyr."})
        assert ProjectMove.objects.filter(line=line, stage=stage).count() == 1


def test_an_article_is_put_on_an_order_and_taken_off(twice, article):
    client, browser = twice(khs_user())
    for _ in ROUNDS:
        line = manual()
        url = reverse("orders:put", args=[line.order.case_number, line.pk])
        wanted = {"article": article.number, "quantity": "1", "action": "lagg"}
        both(browser, url, form_of(client.get(url)) | wanted)
        url = reverse("orders:take_off", args=[line.order.case_number, line.put_lines.get().pk])
        both(browser, url, {})
        assert line.order.events.filter(text__startswith="KHS tog bort").count() == 1
    stock_agrees()


def test_an_order_is_ordered_again_thrown_away_and_taken_back(twice, article):
    user = prescriber()
    _, browser = twice(user)
    order = sent((article, 2), user=user)
    for _ in ROUNDS:
        for _ in "begins one", "adds to it":
            body = {"rad": ["0"], "nyckel": uuid.uuid4().hex[:12], "action": "finish",
                    "unit": user.default_unit_id, "prescriber": user.pk}  # fmt: skip
            if present := carts.open_cart(user):
                body["till"] = present.token
            both(browser, reverse("orders:again", args=[order.case_number]), body)
        cart = carts.open_cart(user)
        assert cart.lines.count() == 2
        for url in (
            reverse("orders:throw_away"),
            reverse("orders:take_back", args=[cart.token]),
            reverse("orders:throw_away"),
        ):
            both(browser, url, {"till": cart.token})
        assert carts.open_cart(user) is None


def test_a_template_is_ordered_from_removed_and_put_back(twice, article):
    user, person = prescriber(), RecipientFactory()
    _, browser = twice(user)
    template = saved_template(article, owner=user)
    for _ in ROUNDS:
        body = {"rad": ["0"], "nyckel": uuid.uuid4().hex[:12], "action": "finish",
                "unit": user.default_unit_id, "prescriber": user.pk}  # fmt: skip
        both(browser, reverse("orders:from_template", args=[person.key, template.key]), body)
        cart = carts.open_cart(user)
        assert cart.lines.count() == 1
        both(browser, reverse("orders:throw_away"), {"till": cart.token})
        for name in ("orders:remove_template", "orders:put_template_back"):
            both(browser, reverse(name, args=[template.key]), {})
    assert OrderTemplate.objects.get().removed_at is None


def test_a_line_is_added_by_the_dialog(twice, article):
    user = prescriber()
    client, browser = twice(user)
    cart = start(user)
    for n in ROUNDS:
        url = at("orders:line", open_dialog(client, article))
        answers = browser.post(url, choice() | {"till": str(cart.token)})
        assert [x.status for x in answers] == [302, 302]
        assert cart.lines.count() == n + 1


def test_a_star_is_set_and_taken_away(twice, article):
    user = prescriber()
    _, browser = twice(user)
    for _ in ROUNDS:
        for name, count in (("pa", 1), ("av", 0)):
            both(browser, reverse("articles:favourite"), {name: article.number})
            assert Favourite.objects.filter(user=user).count() == count


def test_a_row_is_questioned_and_answered_and_an_invoice_credited(twice):
    controller = UserFactory(roles=[CONTROLLER], default_unit=None)
    controller.payers.add(PayerFactory(code="0880"))
    _, asks = twice(controller)
    _, answers = twice(khs_user())
    with on("2026-10-05"):
        for _ in ROUNDS:
            lend(RecipientFactory(), sold("sale", "100.00"))
    invoice = run_month(OCTOBER)[-1]
    rows = list(invoice.charges.order_by("pk"))
    for row in rows[:-1]:
        args = [invoice.number, row.pk]
        both(asks, reverse("invoicing:ask", args=args), {"reason": "Fel antal."})
        said = {"answer": "Det stämmer.", "kreditera": "1"}
        both(answers, reverse("invoicing:answer", args=args), said)
    assert Question.objects.count() == Message.objects.filter(user=controller).count()
    both(answers, reverse("invoicing:credit", args=[invoice.number]), {})
    assert Correction.objects.count() == len(rows)
