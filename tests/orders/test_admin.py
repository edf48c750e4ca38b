"""KHS's side of orders, through the front door: the queue, a page, delivering, cancelling."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import Balance, StandardComponent
from individuals.models import Block, BlockReason, Individual
from orders import services
from orders.delivery_sheet import sheet
from orders.models import Order, OrderLine, OrderStatus
from organisation.models import AccessLogEntry
from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE
from organisation.queues import Waits
from recipients.models import Loan
from sesam.errors import DomainError
from sesam.models import CaseKind
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)

from .builders import add, manual, manual_article, sent, start
from .test_concurrency import stock_agrees

pytestmark = pytest.mark.django_db
QUEUE = "admin:orders_order_changelist"


def at(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


def page(order: Order, name: str = "detail") -> str:
    return reverse(f"orders:{name}", args=[order.case_number])


def seen(client: Client, order: Order) -> dict[str, str]:
    """The hidden part of the delivery form as the page shows it now."""
    text = client.get(page(order, "deliver")).content.decode()
    return {"levererat": re.search(r'name="levererat" value="(\d+)"', text).group(1)}


def says(response) -> str:
    """What the delivery page's button says, and the value it sends."""
    button = r'<button [^>]*name="sagt" value="(\d*)"[^>]*>([^<]+)</button>'
    return re.search(button, response.content.decode()).group(2)


def deliver(client: Client, order: Order, lines: dict, **more):
    """Open the delivery page and send it: a quantity or individual numbers per line. Where the
    page asks whether the rest may stay, yes."""
    data = seen(client, order) | more
    for line, what in lines.items():
        many = isinstance(what, list)
        data[f"{'individer' if many else 'antal'}-{line.pk}"] = what
    response = client.post(page(order, "deliver"), data)
    if response.status_code == 422 and response.context["asks"]:
        data["sagt"] = says(response).split()[1]
        response = client.post(page(order, "deliver"), data)
    return response


@pytest.fixture
def khs_user():
    return UserFactory(roles=[KHS], is_staff=True)


@pytest.fixture
def khs(khs_user):
    return at(khs_user)


@pytest.fixture
def kalmar():
    return WarehouseFactory()


def in_stock(quantity: int = 5, **facts):
    article = ArticleFactory(**facts)
    pieces = put_in_stock(WarehouseFactory(), article, quantity) if quantity else []
    return article, pieces


# --- the queue ---------------------------------------------------------------------------


def test_the_queue_shows_what_is_to_be_delivered(khs):
    article, _ = in_stock(5)
    order = sent((article, 2))
    done = sent((article, 1))
    services.cancel(done, user=done.ordered_by)
    text = khs.get(reverse(QUEUE)).content.decode()
    assert order.case_number in text and "1 av 1" in text
    assert done.case_number not in text
    assert done.case_number in khs.get(reverse(QUEUE), {"status": "alla"}).content.decode()


def test_a_row_leads_to_the_orders_page_and_takes_no_filters_along(khs):
    order = sent((in_stock(5)[0], 2))
    text = khs.get(reverse(QUEUE), {"status": "registered"}).content.decode()
    assert f'href="{page(order)}"' in text and "_changelist_filters" not in text


def test_the_queue_names_nobody(khs):
    article, _ = in_stock(5)
    recipient = RecipientFactory()
    sent((article, 2), recipient=recipient)
    text = khs.get(reverse(QUEUE)).content.decode()
    assert recipient.number[:8] not in text and recipient.family_name not in text


def test_the_queue_hides_where_a_protected_person_lives(khs):
    article, _ = in_stock(5)
    order = sent((article, 1), recipient=RecipientFactory())
    assert "Kalmar kommun" in khs.get(reverse(QUEUE)).content.decode()
    type(order.recipient).objects.update(is_protected=True)
    page = khs.get(reverse(QUEUE)).content.decode()
    text = page[page.index("result_list") :]  # the bar says where the user works
    assert "Skyddad identitet" in text
    assert "Kalmar kommun" not in text and order.unit.name not in text


def test_late_and_backordered_orders_are_found_by_filters(khs):
    article, _ = in_stock(5)
    ready, late = sent((article, 1)), sent((article, 1))
    missing = sent((in_stock(0)[0], 2))
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    late.lines.update(planned_delivery=yesterday)

    def numbers(**asked):
        text = khs.get(reverse(QUEUE), asked).content.decode()
        return {o for o in (ready, late, missing) if o.case_number in text}

    assert numbers(lage="forsenad") == {late}
    assert numbers(lage="restnoterad") == {missing}
    assert numbers(lage="klar") == {ready, late}
    assert numbers(lager="100") == {ready, late, missing}
    assert numbers(lager="200") == set()
    assert numbers(typ="replenishment") == set()
    assert numbers(status="delivered") == set()
    assert "försenad" in khs.get(reverse(QUEUE), {"lage": "forsenad"}).content.decode()


def test_the_queue_asks_as_often_for_many_orders_as_for_one(khs):
    article, _ = in_stock(50)
    sent((article, 1))
    khs.get(reverse(QUEUE))
    with CaptureQueriesContext(
        connection,
    ) as one:
        khs.get(reverse(QUEUE))
    for _ in range(6):
        sent((article, 1), (in_stock(1)[0], 2))
    with CaptureQueriesContext(connection) as many:
        khs.get(reverse(QUEUE))
    assert len(many) == len(one)


def test_an_order_is_found_by_its_whole_number_only(khs):
    order = sent((in_stock(5)[0], 1))
    find = reverse("admin:orders_order_find")
    assert khs.post(find, {"nummer": f" {order.case_number} "}).url == page(order)
    for wrong in (order.case_number[:-1], "", order.recipient.number):
        assert khs.post(find, {"nummer": wrong}).url == reverse(QUEUE)
    assert khs.get(find).status_code == 405


# --- an order's page ---------------------------------------------------------------------


def test_the_page_is_logged_and_keeps_the_person_out_of_title_and_address(khs, khs_user):
    order = sent((in_stock(5)[0], 1))
    text = khs.get(page(order)).content.decode()
    assert order.recipient.name in text and order.recipient.written_number in text
    assert order.recipient.name not in re.search(r"<title>(.*?)</title>", text, re.S).group(1)
    entry = AccessLogEntry.objects.get(user=khs_user)
    assert entry.action == "view"
    assert (entry.recipient_key, entry.case_number) == (order.recipient.key, order.case_number)
    khs.get(page(order, "deliver"))
    khs.get(page(order, "cancel"))
    assert AccessLogEntry.objects.filter(user=khs_user).count() == 3


def test_a_protected_persons_address_stands_only_while_the_order_is_open(khs):
    article, _ = in_stock(5)
    order = sent((article, 1))
    type(order.recipient).objects.update(is_protected=True)
    Order.objects.filter(pk=order.pk).update(
        street="Hemliga gatan 9", extra_info="Vid kvarnen", typed_for_case=True
    )
    assert "Hemliga gatan 9" in khs.get(page(order)).content.decode()
    deliver(khs, order, {order.lines.get(): "1"})
    text = khs.get(page(order)).content.decode()
    assert "Hemliga gatan 9" not in text and "Vid kvarnen" not in text


def test_nothing_is_inline_on_khs_pages(khs):
    order = sent((in_stock(5)[0], 1), (in_stock(3, is_marked=True)[0], 1))
    for url in (reverse(QUEUE), page(order), page(order, "deliver"), page(order, "cancel")):
        text = khs.get(url).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), url


# --- who ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deliver", "pick_list", "next_note", "pick"])
def test_only_khs_works_with_an_order(name):
    order = sent((in_stock(5)[0], 1))
    boss = UserFactory(roles=[], is_staff=True, is_superuser=True)
    others = [UserFactory(roles=[r]) for r in (FORSKRIVARE, BUFFERT, CONTROLLER, LOGGRANSKARE)]
    ask = (lambda c: c.post(page(order, name))) if name == "pick" else (
        lambda c: c.get(page(order, name))
    )  # fmt: skip
    assert ask(at(boss)).status_code == 403
    assert at(boss).get(reverse(QUEUE)).status_code == 403
    assert at(boss).post(page(order, "deliver")).status_code == 403
    for user in others:
        response = ask(at(user))
        assert response.status_code in (302, 403)
        assert order.recipient.name not in response.content.decode()
    logged_out = ask(Client())
    assert (
        logged_out.status_code == 302
        and "logga-in" in logged_out.url
        or "login" in (logged_out.url)
    )
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED
    assert {row.user for row in AccessLogEntry.objects.all()} == {order.ordered_by}


# --- the home ----------------------------------------------------------------------------


def queues(client: Client) -> dict[str, tuple[int, str]]:
    """The queues on the home: label → how many wait, and where the link goes."""
    text = client.get(reverse("admin:index")).content.decode()
    found = re.findall(r'<strong>([^<]+)</strong>\s*<a href="([^"]+)">([^<]+)</a>', text)
    return {label: (int(count), url) for count, url, label in found}


def test_the_home_says_how_many_wait_in_each_queue_and_its_link_shows_just_these(khs, khs_user):
    sent((in_stock(5)[0], 1))  # ready
    late = sent((in_stock(5)[0], 1))
    late.lines.update(planned_delivery=timezone.localdate() - dt.timedelta(days=1))
    sent((in_stock(0)[0], 1))  # backlog
    waits = sent((in_stock(5)[0], 1))
    services.hold(waits, given_out("26470042", CaseKind.ACTIVITY), user=khs_user)
    services.start_picking(sent((in_stock(5)[0], 1)), user=khs_user)

    found = queues(khs)
    counts = {label: count for label, (count, _) in found.items()}
    assert counts["Klara att plocka"] == 2
    assert counts["Under plock"] == 1
    assert counts["Försenade"] == 1
    assert counts["Restnoterade"] == 1
    assert counts["Väntar på aktivitet"] == 1
    assert counts["Alla att leverera"] == 5
    for label, (count, url) in found.items():
        assert khs.get(url).context["cl"].result_count == count, label


def test_of_more_than_anybody_counts_no_ages_are_told():
    """What was looked at is no sample of the rest."""
    waits = Waits(link=None, count=1001, by_age=(1001, 0, 0), oldest=1)
    assert waits.is_beyond and waits.bars == [] and waits.detail == ""
    assert replace(waits, count=1000, by_age=(1000, 0, 0)).bars


def test_a_row_counts_what_is_lacking_and_not_what_waits_for_it(khs):
    chair, part = ArticleFactory(), in_stock(5)[0]
    cart = start()
    add(cart, chair, components=((part, 1),))
    services.send(cart, user=cart.user)
    text = khs.get(reverse(QUEUE)).content.decode()
    assert "1 rad restnoterad" in text and "0 av 2" in text


def test_whoever_runs_the_system_sees_no_queues():
    text = at(UserFactory(roles=[], is_superuser=True, is_staff=True)).get("/admin/")
    assert "Klara att plocka" not in text.content.decode()


# --- picking and cancelling --------------------------------------------------------------


def test_picking_begins_once_and_ends_the_right_to_cancel(khs):
    order = sent((in_stock(5)[0], 1))
    assert khs.get(page(order, "pick")).status_code == 405
    khs.post(page(order, "pick"))
    khs.post(page(order, "pick"))
    order.refresh_from_db()
    assert order.status == OrderStatus.PICKING
    assert order.events.filter(text="Plockning påbörjad").count() == 1
    text = khs.post(page(order, "cancel"), follow=True).content.decode()
    assert "Bara en beställning med status Registrerad" in text
    order.refresh_from_db()
    assert order.status == OrderStatus.PICKING


def test_a_pick_begun_by_mistake_is_stopped_and_the_order_can_be_cancelled_again(khs):
    order = sent((in_stock(5)[0], 1))
    khs.post(page(order, "pick"))
    assert "Avbryt plock" in khs.get(page(order)).content.decode()
    khs.post(page(order, "stop_picking"))
    khs.post(page(order, "stop_picking"))  # a double click
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED
    assert order.events.filter(text="Plockningen avbröts").count() == 1
    text = khs.get(page(order)).content.decode()
    assert "Påbörja plock" in text and "Makulera" in text and "Avbryt plock" not in text


def test_what_has_been_delivered_from_has_no_pick_to_stop(khs):
    order = sent((in_stock(5)[0], 1))
    deliver(khs, order, {order.lines.get(): "1"})
    text = khs.post(page(order, "stop_picking"), follow=True).content.decode()
    assert "Plocket kan inte avbrytas" in text
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED


def test_cancelling_asks_first_and_frees_the_stock(khs):
    article, _ = in_stock(5)
    order = sent((article, 3))
    assert "Ja, makulera" in khs.get(page(order, "cancel")).content.decode()
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED
    khs.post(page(order, "cancel"))
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert Balance.objects.get(article=article).reserved == 0
    assert khs.get(page(order, "deliver")).url == page(order)
    response = khs.post(
        page(order, "deliver"), {"levererat": "0", f"antal-{order.lines.get().pk}": "1"}
    )
    assert response.status_code == 422
    assert not Loan.objects.exists()


# --- delivering --------------------------------------------------------------------------


def test_delivered_whole_it_stands_with_the_recipient(khs, khs_user):
    article, _ = in_stock(5)
    order = sent((article, 2))
    line = order.lines.get()
    assert 'value="2"' in khs.get(page(order, "deliver")).content.decode()  # preset
    assert deliver(khs, order, {line: "2"}).url == page(order)
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED and order.delivered_at
    loan = Loan.objects.get()
    assert (loan.recipient, loan.quantity, loan.case_number) == (
        order.recipient, 2, order.case_number,
    )  # fmt: skip
    assert line.deliveries.get().delivery.by == khs_user
    stock_agrees()


def test_part_delivery_leaves_the_rest_and_presets_it(khs):
    article, _ = in_stock(5)
    order = sent((article, 4))
    line = order.lines.get()
    deliver(khs, order, {line: "3"})
    order.refresh_from_db()
    line.refresh_from_db()
    assert order.status == OrderStatus.PARTLY_DELIVERED
    assert (line.delivered, line.reserved, line.open) == (3, 1, 1)
    deliver(khs, order, {line: "1"})
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    stock_agrees()


@pytest.mark.parametrize("typed", ["5", "-1", "två", "1,5", "999999999999"])
def test_bad_quantities_are_told_at_the_line_and_kept(khs, typed):
    order = sent((in_stock(9)[0], 4), (in_stock(9)[0], 1))
    first, second = order.lines.all()
    response = deliver(khs, order, {first: typed, second: "0"})
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_rad-{first.pk}-error"' in text and "från 0 till 4" in text
    assert f'value="{typed}"' in text and 'aria-invalid="true"' in text
    assert f'name="antal-{second.pk}" id="id_antal-{second.pk}" value="0"' in text
    assert not Loan.objects.exists()


def test_an_empty_delivery_is_refused(khs):
    order = sent((in_stock(9)[0], 4))
    response = deliver(khs, order, {order.lines.get(): ""})
    assert response.status_code == 422 and "minst en rad" in response.content.decode()


def test_more_than_there_is_is_told_at_the_line(khs):
    article, _ = in_stock(2)
    order = sent((article, 4))
    response = deliver(khs, order, {order.lines.get(): "4"})
    assert response.status_code == 422
    assert "bara 2 st finns" in response.content.decode()
    stock_agrees()


def test_pieces_of_a_marked_article_are_chosen(khs):
    article, pieces = in_stock(3, is_marked=True)
    order = sent((article, 2))
    line = order.lines.get()
    text = khs.get(page(order, "deliver")).content.decode()
    assert all(f'value="{piece.number}"' in text for piece in pieces)
    deliver(khs, order, {line: [pieces[0].number, pieces[2].number]})
    assert set(Loan.objects.values_list("individual__number", flat=True)) == {
        pieces[0].number, pieces[2].number,
    }  # fmt: skip
    pieces[0].refresh_from_db()
    assert pieces[0].status == Individual.Status.WITH_RECIPIENT and pieces[0].warehouse is None
    assert Balance.objects.get(article=article).on_hand == 1
    stock_agrees()


def test_many_pieces_are_typed(khs):
    article, pieces = in_stock(15, is_marked=True)
    order = sent((article, 2))
    assert "<textarea" in khs.get(page(order, "deliver")).content.decode()
    typed = f"{pieces[3].number}\r\n{pieces[7].number}"
    deliver(khs, order, {order.lines.get(): [typed]})
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    stock_agrees()


def test_a_piece_that_does_not_fit_is_refused(khs):
    article, pieces = in_stock(3, is_marked=True)
    other = put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 1)[0]
    vastervik = WarehouseFactory(number="200", name="Västervik KHS lager")
    elsewhere = put_in_stock(vastervik, article, 1)[0]
    blocked = pieces[2]
    Block.objects.create(individual=blocked, reason=BlockReason.objects.first())
    Balance.objects.filter(article=article, warehouse=blocked.warehouse).update(unavailable=1)
    order = sent((article, 1))
    line = order.lines.get()
    shown = khs.get(page(order, "deliver")).content.decode()
    assert blocked.number not in shown and elsewhere.number not in shown

    def refused(*numbers):
        response = deliver(khs, order, {line: list(numbers)})
        assert response.status_code == 422
        assert f'id="id_rad-{line.pk}-error"' in response.content.decode()
        return response.content.decode()

    assert "en annan artikel" in refused(other.number)
    assert "200 Västervik" in refused(elsewhere.number)
    assert "spärrad" in refused(blocked.number)
    assert "Ingen individ har numret 999" in refused("999")
    text = refused(pieces[0].number, pieces[1].number)
    assert "högst 1" in text and text.count(" checked") == 2
    gone = sent((article, 1))
    deliver(khs, gone, {gone.lines.get(): [pieces[0].number]})
    assert "är redan utlämnad" in refused(pieces[0].number)
    assert Loan.objects.count() == 1
    stock_agrees()


def test_a_piece_is_not_given_out_on_two_lines(khs):
    article, pieces = in_stock(2, is_marked=True)
    order = sent((article, 1), (article, 1))
    lines = list(order.lines.all())
    response = deliver(khs, order, {line: [pieces[0].number] for line in lines})
    assert response.status_code == 422 and "två rader" in response.content.decode()
    assert not Loan.objects.exists()


def test_what_is_delivered_together_goes_together(khs):
    there, missing = in_stock(5)[0], in_stock(1)[0]
    order = sent((there, 1), (missing, 2), (in_stock(5)[0], 1))
    first, second, third = order.lines.all()
    OrderLine.objects.filter(pk__in=[first.pk, second.pk]).update(deliver_together=True)
    text = khs.get(page(order, "deliver")).content.decode()
    preset = dict(re.findall(r'name="antal-(\d+)"[^>]* value="(\d+)"', text))
    assert preset == {str(first.pk): "0", str(second.pk): "0", str(third.pk): "1"}
    response = deliver(khs, order, {first: "1", second: "1", third: "0"})
    assert response.status_code == 422 and "samlevereras" in response.content.decode()
    assert not Loan.objects.exists()
    deliver(khs, order, {first: "0", second: "0", third: "1"})
    put_in_stock(WarehouseFactory(), missing, 5)
    text = khs.get(page(order, "deliver")).content.decode()
    assert dict(re.findall(r'name="antal-(\d+)"[^>]* value="(\d+)"', text)) == {
        str(first.pk): "1", str(second.pk): "2",
    }  # fmt: skip
    deliver(khs, order, {first: "1", second: "2"})
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    stock_agrees()


def test_an_order_that_waits_for_an_activity_stays(khs, khs_user):
    order = sent((in_stock(5)[0], 1))
    data = seen(khs, order) | {f"antal-{order.lines.get().pk}": "1"}
    services.hold(order, given_out("26480099", CaseKind.ACTIVITY), user=khs_user)
    assert "26480099" in khs.get(reverse(QUEUE)).content.decode()
    assert khs.get(page(order, "deliver")).url == page(order)
    assert "Leverera</a>" not in khs.get(page(order)).content.decode()
    response = khs.post(page(order, "deliver"), data)
    assert response.status_code == 422 and "26480099" in response.content.decode()
    services.release(order, "26480099", user=khs_user)
    assert khs.post(page(order, "deliver"), data).status_code == 302


def test_a_pick_that_was_begun_before_the_order_had_to_wait_stops_and_comes_later(khs, khs_user):
    order = services.start_picking(sent((in_stock(5)[0], 1)), user=khs_user)
    services.hold(order, given_out("26480099", CaseKind.ACTIVITY), user=UserFactory())
    shown = khs.get(page(order)).content.decode()
    assert "Den väntar på aktivitet <a" in shown and "26480099</a>" in shown
    assert "KHS avslutar aktivitet 26480099</b>, sedan kan beställningen plockas" in shown
    assert "Plockningen avbröts: beställningen väntar på aktivitet 26480099" in shown
    assert '<span class="bar-unread">1<' in shown, "who picks it has a message"
    refused = khs.get(page(order, "cancel")).content.decode()
    assert "väntar på aktivitet" in refused and "26480099" in refused


def test_sent_twice_it_is_delivered_once(khs):
    order = sent((in_stock(9)[0], 4))
    data = seen(khs, order) | {f"antal-{order.lines.get().pk}": "2", "sagt": "2"}
    khs.post(page(order, "deliver"), data)
    again = khs.post(page(order, "deliver"), data, follow=True)
    assert "redan registrerad" in again.content.decode()
    assert order.lines.get().delivered == 2


def test_one_line_whole_and_one_in_part_sent_twice_is_delivered_once(khs):
    order = sent((in_stock(9)[0], 1), (in_stock(9)[0], 4))
    whole, part = order.lines.order_by("pk")
    data = seen(khs, order) | {f"antal-{whole.pk}": "1", f"antal-{part.pk}": "2", "sagt": "3"}
    khs.post(page(order, "deliver"), data)
    again = khs.post(page(order, "deliver"), data, follow=True)
    assert "redan registrerad" in again.content.decode()
    assert sorted(order.lines.values_list("delivered", flat=True)) == [1, 2]


def test_somebody_elses_delivery_in_between_is_told_and_the_typing_kept(khs):
    order = sent((in_stock(9)[0], 4))
    line = order.lines.get()
    data = seen(khs, order) | {f"antal-{line.pk}": "2", "sagt": "2"}
    deliver(at(UserFactory(roles=[KHS], is_staff=True)), order, {line: "1"})
    response = khs.post(page(order, "deliver"), data)
    text = response.content.decode()
    assert response.status_code == 422 and "Mer har levererats sedan" in text
    assert 'name="levererat" value="1"' in text
    assert f'id="id_antal-{line.pk}" value="2"' in text
    assert order.lines.get().delivered == 1


@pytest.mark.parametrize("stamp", ["", "x", "9" * 30])
def test_a_form_without_its_stamp_delivers_nothing(khs, stamp):
    order = sent((in_stock(9)[0], 4))
    data = {"levererat": stamp, f"antal-{order.lines.get().pk}": "1"}
    assert khs.post(page(order, "deliver"), data).status_code == 422
    assert not Loan.objects.exists()


def test_a_replenishment_moves_the_pieces_into_the_store(khs):
    article, pieces = in_stock(3, is_marked=True)
    store = BufferFactory()
    order = sent((article, 2), destination=store)
    deliver(khs, order, {order.lines.get(): [pieces[0].number, pieces[1].number]})
    pieces[0].refresh_from_db()
    assert (pieces[0].warehouse, pieces[0].status) == (store, Individual.Status.IN_STOCK)
    assert Balance.objects.get(article=article, warehouse=store).on_hand == 2
    assert Balance.objects.get(article=article, warehouse=WarehouseFactory()).on_hand == 1
    assert not Loan.objects.exists()
    assert not AccessLogEntry.objects.exists()  # nobody's data was looked at
    stock_agrees()


def test_a_manual_line_goes_without_stock_and_a_service_is_no_loan(khs):
    manual = ArticleFactory(number="MANUELL", is_stocked=False, requires_comment=True)
    service = ArticleFactory(
        number="39302", type="service", is_stocked=False, requires_comment=True
    )
    cart = start()
    add(cart, manual, 1, comment="Specialbord med vevställ")
    add(cart, service, 1, comment="Taklyft i sovrummet")
    order = services.send(cart, user=cart.user)
    as_commented = {f"bekrafta-{order.lines.get(article=manual).pk}": "1"}
    deliver(khs, order, dict.fromkeys(order.lines.all(), "1"), **as_commented)
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    assert Loan.objects.get().name == "Specialbord med vevställ"


# --- what follows what, and what stays ---------------------------------------------------


@pytest.fixture
def chair_with_cushion():
    """An order of a marked chair with its cushion; both are there. And the chair's pieces."""
    chair, pieces = in_stock(3, is_marked=True, name="Rullstol Cross 6")
    cushion, _ = in_stock(9, type="accessory", may_be_component=True, name="Sittdyna")
    cart = start()
    add(cart, chair, 2, components=((cushion, 1),))
    return services.send(cart, user=cart.user), pieces


def preset(client: Client, order: Order) -> dict[str, str]:
    """The delivery form as it is sent when nothing is touched."""
    text = client.get(page(order, "deliver")).content.decode()
    return dict(re.findall(r'name="((?:antal-|levererat|sagt)\d*-?\d*)"[^>]* value="(\d*)"', text))


def test_untouched_neither_the_component_of_an_unchosen_aid_nor_a_manual_line_goes(khs):
    chair, _ = in_stock(3, is_marked=True)
    cushion, _ = in_stock(9, type="accessory", may_be_component=True)
    cart = start()
    add(cart, chair, 1, components=((cushion, 1),))
    add(cart, manual_article(), comment="Ett specialbord")
    order = services.send(cart, user=cart.user)

    response = khs.post(page(order, "deliver"), preset(khs, order))

    assert response.status_code == 422 and "Inget är valt att lämna ut" in response.content.decode()
    assert not Loan.objects.exists()


def test_a_part_delivery_is_said_before_it_happens_and_what_stays_after(khs, chair_with_cushion):
    order, pieces = chair_with_cushion
    chair, cushion = order.lines.all()
    data = preset(khs, order) | {f"individer-{chair.pk}": [pieces[0].number]}

    asked = khs.post(page(order, "deliver"), data)

    text = " ".join(re.sub(r"<[^>]+>", "", asked.content.decode()).split())
    assert asked.status_code == 422 and not Loan.objects.exists()
    assert "Du lämnar ut 2 av 4 st" in text and says(asked) == "Leverera 2 av 4"
    assert "1 st Rullstol Cross 6" in text and "1 st Sittdyna (går med Rullstol Cross 6)" in text
    told = khs.post(page(order, "deliver"), data | {"sagt": "2"}, follow=True).content.decode()
    assert "2 av 4 st är utlämnade. Kvar att leverera: 1 st Rullstol Cross 6, 1 st Sittdyna" in told
    assert Loan.objects.get(article=cushion.article).part_of.individual == pieces[0]


def test_what_the_button_said_no_longer_holds_when_another_number_is_chosen(khs):
    order = sent((in_stock(9)[0], 4))
    data = seen(khs, order) | {f"antal-{order.lines.get().pk}": "3", "sagt": "2"}
    response = khs.post(page(order, "deliver"), data)
    assert response.status_code == 422 and says(response) == "Leverera 3 av 4"
    assert not Loan.objects.exists()


def test_asked_again_it_is_still_the_form_that_was_shown_first(khs):
    order = sent((in_stock(9)[0], 4))
    line = order.lines.get()
    data = seen(khs, order) | {f"antal-{line.pk}": "1"}
    deliver(at(UserFactory(roles=[KHS], is_staff=True)), order, {line: "1"})
    asked = khs.post(page(order, "deliver"), data).content.decode()
    assert 'name="levererat" value="0"' in asked
    refused = khs.post(page(order, "deliver"), data | {"sagt": "1"}).content.decode()
    assert "Mer har levererats sedan" in refused


def test_all_of_it_sent_twice_is_delivered_once_and_nobody_else_is_blamed(khs):
    order = sent((in_stock(9)[0], 4))
    data = seen(khs, order) | {f"antal-{order.lines.get().pk}": "4"}
    khs.post(page(order, "deliver"), data)
    again = khs.post(page(order, "deliver"), data, follow=True).content.decode()
    assert "redan registrerad" in again and "Någon annan" not in again


def test_a_component_can_follow_an_aid_that_has_gone_and_never_precede_it(khs, chair_with_cushion):
    order, pieces = chair_with_cushion
    chair, cushion = order.lines.all()
    user = order.ordered_by
    with pytest.raises(DomainError, match="följer med det") as told:
        services.deliver(order, [services.Pick(cushion.pk, 1)], user=user)
    assert told.value.line == cushion.pk
    one = services.Pick(chair.pk, 1, (pieces[0].pk,))
    with pytest.raises(DomainError, match="högst 1 st"):
        services.deliver(order, [one, services.Pick(cushion.pk, 2)], user=user)
    services.deliver(order, [one], user=user)
    services.deliver(order, [services.Pick(cushion.pk, 1)], user=user)
    assert Loan.objects.count() == 2


def test_a_component_that_is_there_waits_on_the_pick_list_for_its_aid(khs):
    chair, _ = in_stock(0, is_marked=True)
    cushion, _ = in_stock(9, type="accessory", may_be_component=True)
    cart = start()
    add(cart, chair, 1, components=((cushion, 1),))
    order = services.send(cart, user=cart.user)
    assert [row.can_go for row in sheet(order).rows] == [0, 0]
    assert "0 av 2" in khs.get(reverse(QUEUE)).content.decode()
    text = khs.get(page(order)).content.decode()
    assert "Plocklista" in text and "Följesedel" not in text


def test_a_manual_line_wants_its_article_or_a_confirmation(khs):
    line = manual()
    form = preset(khs, line.order) | {f"antal-{line.pk}": "1"}
    assert khs.post(page(line.order, "deliver"), form).status_code == 422
    with pytest.raises(DomainError, match="lägg på artikeln") as told:
        services.deliver(line.order, [services.Pick(line.pk, 1)], user=line.order.ordered_by)
    assert told.value.line == line.pk
    assert khs.post(page(line.order, "deliver"), form | {f"bekrafta-{line.pk}": "1"}).url
    assert Loan.objects.get().name == "Ett specialbord"


def test_a_manual_line_alone_has_no_delivery_note_before_it_is_worked_on(khs):
    text = khs.get(page(manual().order)).content.decode()
    assert "Plocklista" in text and "Följesedel" not in text


# --- at once -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_at_khs_cannot_hand_out_the_same_piece():
    article, pieces = in_stock(2, is_marked=True)
    orders = [sent((article, 1)), sent((article, 1))]
    people = [at(UserFactory(roles=[KHS], is_staff=True)) for _ in orders]
    forms = [
        seen(client, order) | {f"individer-{order.lines.get().pk}": pieces[0].number}
        for client, order in zip(people, orders, strict=True)
    ]
    answers = at_once(
        *(
            lambda c=client, o=order, f=form: c.post(page(o, "deliver"), f)
            for client, order, form in zip(people, orders, forms, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    loser = next(answer for answer in answers if answer.status_code == 422)
    assert pieces[0].number in loser.content.decode() and "Välj en annan" in loser.content.decode()
    assert Loan.objects.filter(individual=pieces[0]).count() == 1
    stock_agrees()


@pytest.mark.django_db(transaction=True)
def test_two_at_khs_cannot_deliver_the_same_line_twice():
    order = sent((in_stock(9)[0], 2))
    people = [at(UserFactory(roles=[KHS], is_staff=True)) for _ in range(2)]
    data = seen(people[0], order) | {f"antal-{order.lines.get().pk}": "1", "sagt": "1"}
    answers = at_once(*(lambda c=c: c.post(page(order, "deliver"), data) for c in people))
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    assert order.lines.get().delivered == 1
    stock_agrees()


def test_an_articles_register_says_what_uses_it_and_leads_to_the_lists_that_hold_it():
    article, other = ArticleFactory(is_marked=True), ArticleFactory()
    pieces = put_in_stock(WarehouseFactory(), article, 2)
    put_in_stock(WarehouseFactory(), other, 1)
    LoanFactory(article=article)
    LoanFactory(article=article, returned=1, ended_at=timezone.now())
    waiting, elsewhere = sent((article, 1)), sent((other, 1))
    StandardComponent.objects.create(article=other, component=article)
    khs = at(UserFactory(roles=[KHS], is_staff=True))
    register = khs.get(reverse("admin:articles_article_change", args=[article.pk]))
    lines = {line.label: line for line in register.context["used"]}
    assert {label: line.words for label, line in lines.items()} == {
        "Individer": "2",
        "Hos mottagare": "1",
        "Öppna ordrar": "1",
        "Komponent till": "1 artikel",
    }
    orders = khs.get(lines["Öppna ordrar"].url).content.decode()
    assert waiting.case_number in orders and elsewhere.case_number not in orders
    listed = khs.get(lines["Individer"].url).context["cl"].result_list
    assert {piece.number for piece in listed} == {piece.number for piece in pieces}
    assert not khs.get(f"{reverse(QUEUE)}?artikel=finnsinte").context["cl"].result_list
    unused = khs.get(reverse("admin:articles_article_change", args=[ArticleFactory().pk]))
    assert "Ingen har eller väntar på artikeln." in unused.content.decode()
