"""KHS puts the real article on a manual order or a project."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import ArticleType, Balance
from individuals.models import Component
from orders import cart as carts
from orders import services
from orders.models import LineStatus, OrderStatus
from orders.services import Pick
from organisation.models import Source
from organisation.permissions import FORSKRIVARE, KHS
from recipients.models import Loan
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PriceFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import add, manual, manual_article, project, project_article, sent, start
from .test_concurrency import stock_agrees
from .test_projects import TO_INSTALLED

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def khs_user():
    return UserFactory(roles=[KHS], is_staff=True)


@pytest.fixture
def kalmar():
    return WarehouseFactory()


def at(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


def page(line, name: str = "put") -> str:
    return reverse(f"orders:{name}", args=[line.order.case_number, line.pk])


def put(line, article, quantity=1, **facts):
    facts = {"user": UserFactory(roles=[KHS]), "warehouse": WarehouseFactory()} | facts
    return services.put_article(line, article=article, quantity=quantity, **facts)


def again(thing):
    return type(thing).objects.get(pk=thing.pk)


# --- on a manual order -------------------------------------------------------------------


def test_the_real_article_is_reserved_priced_and_paid_by_the_same_payer(kalmar):
    line, article = manual(), PriceFactory(amount="120.00").article
    put_in_stock(kalmar, article, 2)
    new = again(put(line, article, 3))
    assert new.put_for == line and new.order == line.order
    assert (new.quantity, new.reserved, new.backlog) == (3, 2, 1)
    assert (new.payer, new.seller, str(new.rent)) == (line.payer, kalmar.owner, "120.00")
    assert new.billing_form == article.billing_form and new.source == Source.CENTRAL
    stock_agrees()


def test_the_manual_line_is_replaced_and_becomes_no_loan(khs_user, kalmar):
    line, article = manual(), ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(kalmar, article, 2)
    new = put(line, article)
    assert again(line).status == LineStatus.REPLACED and again(line).open == 0
    assert again(line.order).status == OrderStatus.REGISTERED
    with pytest.raises(DomainError):
        services.deliver(line.order, [Pick(line.pk, 1)], user=khs_user)
    services.deliver(line.order, [Pick(new.pk, 1, (piece.pk,))], user=khs_user)
    assert again(line.order).status == OrderStatus.DELIVERED
    loan = Loan.objects.get()
    assert (loan.article, loan.individual, loan.name) == (article, piece, "")
    stock_agrees()


def test_several_articles_may_stand_for_one_manual_line(khs_user, kalmar):
    line, first, second = manual(), ArticleFactory(), ArticleFactory()
    for article in (first, second):
        put_in_stock(kalmar, article, 1)
    picks = [Pick(put(line, article).pk, 1) for article in (first, second)]
    services.deliver(line.order, picks[:1], user=khs_user)
    assert again(line.order).status == OrderStatus.PARTLY_DELIVERED
    services.deliver(line.order, picks[1:], user=khs_user)
    assert again(line.order).status == OrderStatus.DELIVERED
    assert {loan.article for loan in Loan.objects.all()} == {first, second}


def test_without_the_real_article_the_loan_bears_the_comment(khs_user):
    line = manual(comment="Ett specialbord med vevställ")
    services.deliver(line.order, [Pick(line.pk, 1, as_commented=True)], user=khs_user)
    assert Loan.objects.get().title == "Ett specialbord med vevställ"
    with pytest.raises(DomainError, match="avslutad"):
        put(line, ArticleFactory())


def test_a_manual_line_that_is_delivered_together_is_replaced_by_one_that_is(khs_user):
    other = ArticleFactory()
    line = manual(other)
    line.order.lines.update(deliver_together=True)
    new = put(line, ArticleFactory())
    assert new.deliver_together
    beside = line.order.lines.get(article=other)
    with pytest.raises(DomainError, match="samlevereras"):
        services.deliver(line.order, [Pick(beside.pk, 1)], user=khs_user)


def test_the_planned_day_is_counted_from_when_the_article_is_known(kalmar):
    line, chair = manual(), ArticleFactory()
    put_in_stock(kalmar, chair, 1)
    assert line.order.planned_delivery is line.planned_delivery is None
    new = put(line, chair)
    assert again(line.order).planned_delivery == new.planned_delivery > timezone.localdate()
    services.take_off(new, user=line.order.ordered_by)
    assert again(line.order).planned_delivery is None


def test_what_waited_for_a_manual_line_is_promised_with_what_khs_puts_on(kalmar):
    cushion, chair = ArticleFactory(), ArticleFactory()
    for article in (cushion, chair):
        put_in_stock(kalmar, article, 1)
    cart = start()
    for article, comment in ((manual_article(), "Ett specialbord"), (cushion, "")):
        carts.set_together(cart, add(cart, article, comment=comment).pk, on=True)
    order = services.send(cart, user=cart.user)
    assert {x.planned_delivery for x in order.lines.all()} == {None}
    new = put(order.lines.get(article__number="MANUELL"), chair)
    assert order.lines.get(article=cushion).planned_delivery == new.planned_delivery is not None


def test_a_cancelled_order_frees_what_khs_put_on(kalmar):
    line, article = manual(), ArticleFactory()
    put_in_stock(kalmar, article, 1)
    new = put(line, article)
    services.cancel(line.order, user=line.order.ordered_by)
    assert again(new).status == LineStatus.CANCELLED
    assert Balance.objects.get(article=article).available == 1
    with pytest.raises(DomainError, match="avslutad"):
        put(line, article)
    stock_agrees()


def test_into_a_store_the_real_article_becomes_its_stock(khs_user, kalmar):
    store, article = BufferFactory(), ArticleFactory()
    put_in_stock(kalmar, article, 2)
    line = manual(destination=store)
    new = put(line, article, 2)
    services.deliver(line.order, [Pick(new.pk, 2)], user=khs_user)
    assert Balance.objects.get(article=article, warehouse=store).on_hand == 2
    assert not Loan.objects.exists()
    stock_agrees()


# --- on a project ------------------------------------------------------------------------


def test_the_aid_becomes_the_loan_and_the_service_does_not(khs_user, kalmar):
    line, hoist = project(*TO_INSTALLED), ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(kalmar, hoist, 2)
    new = put(line, hoist)
    assert again(line).status == LineStatus.REGISTERED  # it is delivered itself
    picks = [Pick(line.pk, 1), Pick(new.pk, 1, (piece.pk,))]
    services.deliver(line.order, picks, user=khs_user)
    assert Loan.objects.get().individual == piece
    assert again(line.order).status == OrderStatus.DELIVERED


def test_an_aid_may_go_out_before_it_is_mounted(khs_user, kalmar):
    line, hoist = project(), ArticleFactory()
    put_in_stock(kalmar, hoist, 1)
    new = put(line, hoist)
    services.deliver(line.order, [Pick(new.pk, 1)], user=khs_user)
    assert again(line.order).status == OrderStatus.PARTLY_DELIVERED
    assert again(line).stage == "received"


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "field", "told"),
    [
        ({"is_discontinued": True}, "article", "har utgått"),
        ({"type": ArticleType.SERVICE, "is_stocked": False}, "article", "är en tjänst"),
        ({"requires_comment": True, "is_stocked": False}, "article", "Välj den riktiga artikeln"),
    ],
)
def test_what_can_not_be_put_on_is_told_at_the_article(facts, field, told):
    line = manual()
    with pytest.raises(DomainError, match=told) as caught:
        put(line, ArticleFactory(**facts))
    assert caught.value.field == field
    assert line.order.lines.count() == 1


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9])
def test_a_wrong_quantity_is_told_at_the_quantity(quantity):
    with pytest.raises(DomainError, match="från 1 till 999") as caught:
        put(manual(), ArticleFactory(), quantity)
    assert caught.value.field == "quantity"


def test_it_comes_from_a_warehouse_of_khs():
    with pytest.raises(DomainError) as caught:
        put(manual(), ArticleFactory(), warehouse=BufferFactory())
    assert caught.value.field == "warehouse"


def test_an_ordinary_line_takes_no_other_article(khs_user):
    line = sent((ArticleFactory(), 1)).lines.get()
    with pytest.raises(DomainError, match="kan ingen artikel läggas"):
        put(line, ArticleFactory())
    khs = at(khs_user)
    assert "kan ingen artikel läggas" in khs.get(page(line), follow=True).content.decode()


def test_a_bed_is_put_on_a_manual_order_only_if_it_is_alone_with_its_components(kalmar):
    bed = ArticleFactory(own_order_only=True)
    with pytest.raises(DomainError, match="egen beställning") as caught:
        put(manual(ArticleFactory()), bed)
    assert caught.value.field == "article"
    with pytest.raises(DomainError, match="egen beställning"):
        put(project(), bed)
    line = manual()
    bed_line = put(line, bed)
    with pytest.raises(DomainError, match="sängens komponenter"):
        put(line, ArticleFactory())
    rail = put(line, ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True))
    assert rail.component_of == bed_line


def test_a_component_put_on_with_a_bed_comes_to_sit_on_it(khs_user, kalmar):
    bed = ArticleFactory(own_order_only=True, is_marked=True)
    rail = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True)
    piece, _ = put_in_stock(kalmar, bed, 2)
    put_in_stock(kalmar, rail, 2)
    line = manual()
    picks = [Pick(put(line, bed).pk, 1, (piece.pk,)), Pick(put(line, rail, 2).pk, 2)]
    services.deliver(line.order, picks, user=khs_user)
    assert Component.objects.get().individual == piece


# --- taken back --------------------------------------------------------------------------


def test_a_slip_is_taken_back_and_the_manual_line_stands_again(kalmar):
    line, wrong = manual(), ArticleFactory()
    put_in_stock(kalmar, wrong, 1)
    new = put(line, wrong)
    services.take_off(new, user=UserFactory(roles=[KHS]))
    assert again(new).status == LineStatus.CANCELLED
    assert again(line).status == LineStatus.REGISTERED and again(line).open == 1
    stock_agrees()
    right = put(again(line), ArticleFactory())
    assert again(line).status == LineStatus.REPLACED and right.open == 1


def test_with_another_article_left_the_manual_line_stays_replaced():
    line = manual()
    first, _ = put(line, ArticleFactory()), put(line, ArticleFactory())
    services.take_off(first, user=UserFactory())
    assert again(line).status == LineStatus.REPLACED


def test_what_is_delivered_is_not_taken_back(khs_user, kalmar):
    line, article = manual(ArticleFactory()), ArticleFactory()
    put_in_stock(kalmar, article, 1)
    new = put(line, article, 2)
    services.deliver(line.order, [Pick(new.pk, 1)], user=khs_user)
    services.take_off(new, user=khs_user)
    assert (again(new).delivered, again(new).cancelled) == (1, 1)
    put_in_stock(kalmar, article, 1)
    assert again(line).status == LineStatus.REPLACED
    services.take_off(again(new), user=khs_user)
    assert line.order.events.filter(text__startswith="KHS tog bort").count() == 1, "twice is once"
    whole = put(line, article)
    services.deliver(line.order, [Pick(whole.pk, 1)], user=khs_user)
    with pytest.raises(DomainError, match="redan utlevererad"):
        services.take_off(again(whole), user=khs_user)


def test_the_last_that_is_waited_for_taken_back_ends_the_order(khs_user, kalmar):
    line, article = manual(), ArticleFactory()
    put_in_stock(kalmar, article, 1)
    new = put(line, article, 2)
    services.deliver(line.order, [Pick(new.pk, 1)], user=khs_user)
    services.take_off(new, user=khs_user)
    assert again(line.order).status == OrderStatus.DELIVERED
    assert again(line.order).delivered_at is not None


def test_what_the_prescriber_ordered_is_not_taken_back():
    line = sent((ArticleFactory(), 1)).lines.get()
    with pytest.raises(DomainError, match="Bara en artikel som KHS har lagt på"):
        services.take_off(line, user=UserFactory())


# --- the pages ---------------------------------------------------------------------------


def test_khs_puts_an_article_on_and_takes_it_back_in_the_back_office(khs_user, kalmar):
    line, article, khs = manual(), ArticleFactory(), at(khs_user)
    put_in_stock(kalmar, article, 5)
    order_page = reverse("orders:detail", args=[line.order.case_number])
    assert page(line) in khs.get(order_page).content.decode()
    assert "Ett specialbord" in khs.get(page(line)).content.decode()
    data = {"article": f" {article.number.lower()} ", "quantity": "2", "warehouse": "100",
            "sett": "0"}  # fmt: skip
    text = khs.post(page(line), data, follow=True).content.decode()
    assert "ligger på beställningen" in text and "Lagd av KHS för MANUELL" in text
    new = line.put_lines.get()
    assert new.reserved == 2
    portal = at(line.order.prescriber)
    text = portal.get(reverse("orders:detail", args=[line.order.case_number])).content.decode()
    assert "Ersatt av KHS" in text and "Lagd av KHS för MANUELL" in text
    for _ in "once", "sent again":
        text = khs.post(page(new, "take_off"), follow=True).content.decode()
        assert "är borttagen från beställningen" in text and "redan" not in text
        assert again(new).open == 0


def test_sent_twice_it_is_put_once_and_somebody_elses_is_told(khs_user, kalmar):
    line, article, khs = manual(), ArticleFactory(), at(khs_user)
    put_in_stock(kalmar, article, 9)
    data = {"article": article.number, "quantity": "2", "warehouse": "100", "sett": "0"}
    for _ in range(2):
        assert khs.post(page(line), data).status_code == 302
    assert line.put_lines.count() == 1
    response = khs.post(page(line), {**data, "quantity": "1"})
    text = response.content.decode()
    assert response.status_code == 422 and "Under tiden har 2 st" in text
    assert re.search(r'name="sett" value="1"', text)
    assert line.put_lines.count() == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"article": "finnsej"}, "Ingen artikel har numret finnsej."),
        ({"article": ""}, "Ange den riktiga artikelns nummer."),
        ({"quantity": "0"}, "minst 1"),
        ({"quantity": "-1"}, "minst 1"),
        ({"quantity": "1000000000"}, "högst 999"),
        ({"quantity": "två"}, "med siffror"),
        ({"warehouse": "0880"}, "Välj ett lager ur listan"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(khs_user, kalmar, typed, told):
    line, article = manual(), ArticleFactory()
    data = {"article": article.number, "quantity": "1", "warehouse": "100", "sett": "0"}
    response = at(khs_user).post(page(line), data | typed)
    text = response.content.decode()
    assert response.status_code == 422 and told in text
    (name,) = typed
    assert f'id="id_{name}-error"' in text and 'aria-invalid="true"' in text
    assert not line.put_lines.exists()


@pytest.mark.parametrize("name", ["put", "take_off"])
def test_only_khs_puts_articles_on(name):
    line = manual()
    user = UserFactory(roles=[FORSKRIVARE], is_staff=True)
    assert at(user).post(page(line, name)).status_code == 403


def test_a_line_that_came_to_nothing_is_not_in_the_totals(kalmar):
    line, article = manual(), PriceFactory(amount="120.00").article
    new = put(line, article, 2)
    client = at(line.order.prescriber)
    url = reverse("orders:detail", args=[line.order.case_number])
    assert "3 rader" not in client.get(url).content.decode()
    assert "240,00" in client.get(url).content.decode().split("section-says")[1]
    services.take_off(new, user=UserFactory())
    assert "240,00" not in client.get(url).content.decode().split("section-says")[1][:120]


def test_the_articles_that_stand_for_something_else_are_told_apart():
    assert manual_article().is_manual
    assert not project_article().is_manual
    cart = start()
    add(cart, manual_article(), comment="x")
    assert not ArticleFactory().is_manual


# --- what there is of it -----------------------------------------------------------------


def filled_in(line, article, quantity="1", **more) -> dict[str, str]:
    return {
        "article": article.number,
        "quantity": quantity,
        "warehouse": "100",
        "sett": "0",
        **more,
    }


def test_availability_is_shown_before_the_article_is_put_on(khs_user, kalmar):
    line, article = manual(), ArticleFactory(name="Rollator")
    put_in_stock(kalmar, article, 3)
    khs = at(khs_user)
    text = khs.post(page(line), filled_in(line, article, action="visa")).content.decode()
    assert "100 Kalmar KHS lager" in text and "3\u00a0st" in text
    assert not line.put_lines.exists()
    told = khs.post(page(line), filled_in(line, article), follow=True).content.decode()
    assert "ligger på beställningen: 1 st reserverad." in told


def test_backlog_is_said_before_and_after(khs_user, kalmar):
    line, article = manual(), ArticleFactory(name="Rollator")
    put_in_stock(kalmar, article, 1)
    Balance.objects.filter(article=article).update(expected_on=dt.date(2026, 12, 6))
    khs, form = at(khs_user), filled_in(line, article, "3")
    asked = khs.post(page(line), form).content.decode()
    assert "2 av 3 st finns inte i 100 Kalmar KHS lager" in asked and "väntas 2026-12-06" in asked
    assert "Lägg på, 2 st restnoteras" in asked and not line.put_lines.exists()
    asked = khs.post(page(line), form | {"quantity": "4", "restnoteras": "2"}).content.decode()
    assert "3 av 4 st finns inte" in asked, "another number is said anew"
    told = khs.post(page(line), form | {"restnoteras": "2"}, follow=True).content.decode()
    assert "ligger på beställningen: 1 st reserverad, 2 st restnoterade." in told
    stock_agrees()
