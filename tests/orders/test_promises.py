"""When a line can come: the rule for all stock there can be, and what people see of it."""

import datetime as dt
import re
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from articles.models import ArticleType, Balance
from orders import promises, services
from orders.models import Order, OrderLine
from organisation.permissions import KHS
from sesam.working_days import add_working_days, is_working_day
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import add, manual, manual_article, project, sent, start

TODAY = dt.date(2026, 11, 25)
days = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
maybe_days = st.dictionaries(st.integers(0, 9), st.none() | days, min_size=1)
leads = st.integers(0, 30)


# --- the rule ---


@given(days, leads, st.booleans(), st.none() | days)
def test_a_day_is_a_working_day_the_lead_time_after_today_or_after_what_is_expected(
    today, lead, in_stock, expected
):
    day = promises.day_of(today, lead_time=lead, in_stock=in_stock, expected_on=expected)
    known = in_stock or (expected is not None and expected >= today)
    assert (day is not None) == known
    if known:
        assert is_working_day(day)
        assert day == add_working_days(today if in_stock else expected, lead) >= today


@given(days, leads, st.booleans(), st.none() | days)
def test_nobody_guesses_when_a_project_comes_and_an_own_store_gives_the_same_day(
    today, lead, in_stock, expected
):
    facts = {"lead_time": lead, "in_stock": in_stock, "expected_on": expected}
    assert promises.day_of(today, knowable=False, **facts) is None
    assert promises.day_of(today, from_own_store=True, **facts) == today


@given(maybe_days, st.sets(st.integers(0, 9)))
def test_what_is_delivered_together_comes_on_one_day_that_is_nobodys_too_early(own, group):
    group &= own.keys()
    shared = promises.together(own, group)
    assert len({shared[key] for key in group}) <= 1
    for key, day in own.items():
        if key not in group:
            assert shared[key] == day
        elif shared[key] is not None:
            assert shared[key] >= day
    assert all(shared[key] is None for key in group if any(own[other] is None for other in group))


@given(maybe_days, st.dictionaries(st.integers(0, 9), st.integers(0, 9)))
def test_a_component_comes_no_earlier_than_its_aid(own, aids):
    aids = {part: aid for part, aid in aids.items() if {part, aid} <= own.keys()}
    days = promises.after_aids(own, aids)
    for key, day in own.items():
        later = {day, own[aids[key]]} if key in aids else {day}
        assert days[key] == (None if None in later else max(later))


@given(maybe_days, st.sets(st.integers(0, 9)))
def test_without_those_waited_for_the_others_would_come_earlier(own, group):
    group &= own.keys()
    slow = promises.waited_for(own, group)
    assert set(slow) < group or not slow
    if slow:
        rest, all_of_them = (
            promises.last(own[key] for key in keys) for keys in (group - set(slow), group)
        )
        assert rest is not None and (all_of_them is None or rest < all_of_them)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9))), st.integers(0, 20))
def test_no_piece_is_shared_out_twice_and_none_is_kept_back(wanted, stock):
    asked = [((1, article), quantity) for article, quantity in wanted]
    given_out = promises.shares(asked, {(1, article): stock for article in range(3)})
    for article in range(3):
        pairs = zip(wanted, given_out, strict=True)
        mine = [(quantity, got) for (which, quantity), got in pairs if which == article]
        assert sum(got for _, got in mine) == min(stock, sum(quantity for quantity, _ in mine))
        assert all(got <= quantity for quantity, got in mine)


# --- what people see ---


@pytest.fixture
def frozen():
    with time_machine.travel("2026-11-25 10:00 +01:00", tick=False):
        yield


@pytest.fixture
def kalmar(db):
    return WarehouseFactory(lead_time=3)


@pytest.fixture
def client(user):
    return _client(user)


@pytest.fixture
def user(db):
    return UserFactory()


def _client(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


def there(warehouse, **facts):
    article = ArticleFactory(**facts)
    put_in_stock(warehouse, article, 5)
    return article


def awaited(warehouse, day: dt.date | None, **facts):
    """An article that has run out, and is expected on ``day``."""
    article = ArticleFactory(**facts)
    Balance.objects.create(warehouse=warehouse, article=article, expected_on=day)
    return article


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


LATE = dt.date(2026, 12, 7)
FROM_STOCK, FROM_LATE = "2026-11-30", "2026-12-10"


def test_a_line_that_waits_for_goods_promises_no_day_before_they_come_on_any_page(
    frozen, kalmar, user, client
):
    cart = start(user)
    add(cart, there(kalmar, name="Kilkudde"))
    add(cart, awaited(kalmar, LATE, name="Rullstol"))
    for page in ("orders:cart", "orders:checkout"):
        text = words(client.get(reverse(page)))
        assert FROM_STOCK in text and FROM_LATE in text, page
    order = services.send(cart, user=user)
    assert order.planned_delivery == dt.date(2026, 12, 10)
    text = words(client.get(reverse("orders:confirmation", args=[order.case_number])))
    assert f"Planerad leverans {FROM_STOCK}, det restnoterade {FROM_LATE}" in text
    assert re.search(rf"1 st Kilkudde [^0-9]*planerad leverans {FROM_STOCK}", text)
    assert re.search(rf"1 st Rullstol [^0-9]*: 1 st, planerad leverans {FROM_LATE}", text)
    khs = _client(UserFactory(roles=[KHS], is_staff=True))
    for who, address in (
        (client, reverse("orders:detail", args=[order.case_number])),
        (client, reverse("recipients:detail", args=[order.recipient.key]) + "?flik=bestallt"),
        (khs, reverse("orders:detail", args=[order.case_number])),
    ):
        text = words(who.get(address))
        assert FROM_STOCK in text and FROM_LATE in text, address
    assert FROM_LATE in words(khs.get(reverse("admin:orders_order_changelist")))


@pytest.mark.parametrize("reason", ["no day", "a day that has passed", "manual"])
def test_where_nobody_knows_it_says_so_and_gives_no_day(frozen, kalmar, user, client, reason):
    article = {
        "no day": lambda: awaited(kalmar, None),
        "a day that has passed": lambda: awaited(kalmar, TODAY - dt.timedelta(days=1)),
        "manual": manual_article,
    }[reason]()
    cart = start(user)
    add(cart, article, comment="Ett specialbord")
    assert "inget datum än" in words(client.get(reverse("orders:checkout")))
    order = services.send(cart, user=user)
    assert order.planned_delivery is None
    for page in ("confirmation", "detail"):
        text = words(client.get(reverse(f"orders:{page}", args=[order.case_number])))
        assert "Planerad leverans inget datum än" in text
        assert "2026-11-30" not in text


def test_a_projects_page_and_khs_queue_say_that_there_is_no_day_yet(frozen, db):
    order = project().order
    khs = _client(UserFactory(roles=[KHS], is_staff=True))
    assert "inget datum än" in words(khs.get(reverse("admin:orders_order_changelist")))
    page = khs.get(reverse("orders:detail", args=[order.case_number]))
    assert "Planerad leverans inget datum än" in words(page)


def test_an_own_store_hands_out_the_same_day(frozen, user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    cart = start(user)
    add(cart, there(store), warehouse=store)
    assert services.send(cart, user=user).planned_delivery == TODAY


def test_delivered_together_says_what_waits_for_what_and_promises_the_last_day(
    frozen, kalmar, user, client
):
    cart = start(user)
    cushion = add(cart, there(kalmar, name="Kilkudde"))
    chair = add(cart, awaited(kalmar, LATE, name="Rullstol"))
    ramp = add(cart, there(kalmar, name="Ramp"))
    for line in (cushion, chair):
        client.post(reverse("orders:together", args=[line.pk]), {"samlevereras": "ja"})
    text = words(client.get(reverse("orders:checkout")))
    assert text.count("Väntar på Rullstol") == 1 and "Väntar på Kilkudde" not in text
    assert text.count(FROM_LATE) == 2 and text.count(FROM_STOCK) == 1
    order = services.send(cart, user=user)
    planned = {x.article_id: x.planned_delivery.isoformat() for x in order.lines.all()}
    assert planned == {
        cushion.article_id: FROM_LATE, chair.article_id: FROM_LATE, ramp.article_id: FROM_STOCK,
    }  # fmt: skip
    page = words(client.get(reverse("orders:detail", args=[order.case_number])))
    assert page.count("Väntar på Rullstol") == 1


def test_the_summary_says_what_comes_for_itself_and_nothing_does_that_waits_for_all(
    frozen, kalmar, user, client
):
    cart = start(user)
    ramp = add(cart, there(kalmar, name="Ramp"))
    chair = add(
        cart,
        awaited(kalmar, LATE, name="Rullstol"),
        components=((there(kalmar, name="Kilkudde"), 1),),
    )
    for page in ("orders:cart", "orders:delivery"):
        text = words(client.get(reverse(page)))
        assert "Planerad leverans måndag 30 november" in text, page
        assert (
            "Det som restnoteras, och det som väntar på det, kommer för sig,"
            " planerat torsdag 10 december" in text
        )
    for line in (ramp, chair):
        client.post(reverse("orders:together", args=[line.pk]), {"samlevereras": "ja"})
    for page in ("orders:cart", "orders:delivery"):
        text = words(client.get(reverse(page)))
        assert "Planerad leverans torsdag 10 december" in text, page
        assert "kommer för sig" not in text


def test_nothing_is_said_to_be_backlogged_where_one_waits_for_what_is_made_to_order(
    frozen, kalmar, user, client
):
    cart = start(user)
    add(cart, there(kalmar, name="Dyna"))
    ramp = add(cart, there(kalmar, name="Ramp"))
    table = add(cart, manual_article(), warehouse=kalmar, comment="Ett specialbord")
    for line in (ramp, table):
        client.post(reverse("orders:together", args=[line.pk]), {"samlevereras": "ja"})
    for page in ("orders:cart", "orders:delivery"):
        text = words(client.get(reverse(page)))
        assert "restnoteras" not in text and "Planerad leverans inget datum än" in text, page


def test_a_component_is_promised_with_its_aid_that_has_run_out_and_says_so(
    frozen, kalmar, user, client
):
    chair = awaited(kalmar, LATE, name="Rullstol")
    cart = start(user)
    add(cart, chair, components=((there(kalmar, name="Kilkudde"), 1),))
    for page in ("orders:cart", "orders:checkout"):
        text = words(client.get(reverse(page)))
        assert text.count("Väntar på Rullstol") == 1 and FROM_STOCK not in text, page
    order = services.send(cart, user=user)
    assert {x.planned_words for x in order.lines.all()} == {FROM_LATE}
    address = reverse("orders:detail", args=[order.case_number])
    text = words(client.get(address))
    assert "Väntar på Rullstol" in text and "Väntas nu" not in text and FROM_STOCK not in text
    Balance.objects.filter(article=chair).update(expected_on=dt.date(2026, 12, 14))
    assert words(client.get(address)).count("Väntas nu 2026-12-17") == 2
    Balance.objects.filter(article=chair).update(expected_on=None)
    assert words(client.get(address)).count("Väntas nu okänt") == 2
    put_in_stock(kalmar, chair, 1)
    text = words(client.get(address))
    assert "Väntas nu" not in text and "Väntar på" not in text


def test_a_component_of_an_aid_that_nobody_knows_the_day_of_has_none_either(
    frozen, kalmar, user, client
):
    cart = start(user)
    add(cart, awaited(kalmar, None, name="Rullstol"), components=((there(kalmar), 1),))
    assert FROM_STOCK not in words(client.get(reverse("orders:checkout")))
    order = services.send(cart, user=user)
    assert [x.planned_delivery for x in order.lines.all()] == [None, None]


def test_a_component_that_khs_puts_with_a_bed_is_promised_with_the_bed(frozen, kalmar):
    bed = awaited(kalmar, LATE, name="Säng", own_order_only=True)
    rail = there(kalmar, type=ArticleType.ACCESSORY, may_be_component=True)
    line, khs = manual(), UserFactory(roles=[KHS])
    for article in (bed, rail):
        put = services.put_article(line, user=khs, article=article, quantity=1, warehouse=kalmar)
        assert put.planned_words == FROM_LATE
    assert line.order.lines.get(pk=put.pk).planned_words == FROM_LATE


def test_two_lines_of_the_same_article_cant_both_have_the_last_piece(frozen, kalmar, user, client):
    article = awaited(kalmar, LATE)
    put_in_stock(kalmar, article, 1)
    cart = start(user)
    add(cart, article)
    add(cart, article, comment="En till")
    text = words(client.get(reverse("orders:checkout")))
    order = services.send(cart, user=user)
    assert [x.planned_words for x in order.lines.all()] == [FROM_STOCK, FROM_LATE]
    assert FROM_STOCK in text and FROM_LATE in text and text.count("1 st restnoteras") == 1


def test_a_promise_stands_and_the_page_says_when_it_is_expected_now(frozen, kalmar, user, client):
    article = awaited(kalmar, LATE)
    order = sent((article, 1), user=user)
    address = reverse("orders:detail", args=[order.case_number])
    assert "Väntas nu" not in words(client.get(address))
    for day, said in ((dt.date(2026, 12, 14), "Väntas nu 2026-12-17"), (None, "Väntas nu okänt")):
        Balance.objects.filter(article=article).update(expected_on=day)
        text = words(client.get(address))
        assert said in text and FROM_LATE in text
        line = order.lines.get()
        assert line.planned_delivery.isoformat() == FROM_LATE
        tab = reverse("recipients:detail", args=[order.recipient.key])
        assert said in words(client.get(tab, {"flik": "bestallt", "panel": line.pk}))
    put_in_stock(kalmar, article, 1)
    assert "Väntas nu" not in words(client.get(address))


def test_a_line_without_a_promise_says_when_it_is_expected_once_somebody_knows(
    frozen, kalmar, user, client
):
    article = awaited(kalmar, None)
    order = sent((article, 1), user=user)
    Balance.objects.filter(article=article).update(expected_on=LATE)
    text = words(client.get(reverse("orders:detail", args=[order.case_number])))
    assert "inget datum än Väntas nu 2026-12-10" in text


def test_late_counts_from_what_was_promised(kalmar):
    khs = UserFactory(roles=[KHS], is_staff=True)
    queue = reverse("admin:orders_order_changelist")
    with time_machine.travel("2026-11-25 10:00 +01:00", tick=False):
        recipient = RecipientFactory()
        waiting = sent((awaited(kalmar, LATE), 1), recipient=recipient)
        unknown = sent((awaited(kalmar, None), 1), recipient=recipient)
        cart = start(recipient=recipient)
        add(cart, manual_article(), comment="Ett specialbord")
        add(cart, there(kalmar))
        mixed = services.send(cart, user=cart.user)

    def late_on(day: str) -> set[Order]:
        with time_machine.travel(f"{day} 10:00 +01:00", tick=False):
            text = words(_client(khs).get(queue, {"lage": "forsenad"}))
            return {x for x in (waiting, unknown, mixed) if x.case_number in text}

    assert late_on("2026-11-30") == set()
    assert late_on("2026-12-10") == {mixed}, "its goods were promised for 30 November"
    assert late_on("2026-12-11") == {mixed, waiting}


def test_orders_that_were_sent_before_keep_the_day_they_were_promised(kalmar):
    cart = start()
    add(cart, manual_article(), comment="Ett specialbord")
    add(cart, there(kalmar))
    order = services.send(cart, user=cart.user)
    whole = sent((there(kalmar), 1))
    OrderLine.objects.update(planned_delivery=None)
    Order.objects.update(planned_delivery=LATE)
    import_module("orders.migrations.0008_promised_days").promise(apps, None)
    promised = dict(order.lines.values_list("article__number", "planned_delivery"))
    assert promised.pop("MANUELL") is None and list(promised.values()) == [LATE]
    order.refresh_from_db()
    assert order.planned_delivery is None
    assert (
        whole.lines.get().planned_delivery
        == LATE
        == Order.objects.get(pk=whole.pk).planned_delivery
    )


def test_the_recipients_list_of_aids_gives_each_line_its_day(frozen, kalmar, user):
    from orders.ordered import _when

    cart = start(user)
    add(cart, there(kalmar))
    add(cart, awaited(kalmar, None))
    lines = services.send(cart, user=user).lines.select_related("article")
    assert [_when(line) for line in lines] == [FROM_STOCK, "inget datum än, restnoterad"]
