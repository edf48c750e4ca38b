"""«Sparade mallar»: the articles of an order under a name, to be ordered again to anybody."""

import re
import uuid

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article, ArticleType
from orders import cart as carts
from orders import saved, services
from orders.models import OrderTemplate, TemplateLine
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from recipients.models import Recipient
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    ReplacementGroupFactory,
    UnitFactory,
    UserFactory,
)
from tests.orders.builders import add, sent, start
from tests.pickups.pages import form_of
from tests.reading import read_page

pytestmark = pytest.mark.django_db
KEY = "00000000-0000-4000-8000-00000000000a"
MINE = "/min-sida/?flik=mallar"


@pytest.fixture
def prescriber():
    return UserFactory(default_unit=UnitFactory(own_stores=[BufferFactory()]))


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def client(prescriber):
    return browser_of(prescriber)


def main(answer) -> str:
    return read_page(answer).split("<main")[1]


def links(answer) -> list[str]:
    return re.findall(r'href="([^"]*)"', answer.content.decode())


def save(client, order, name="Duschpaket", unit="", key=KEY):
    body = {"name": name, "unit": unit, "nyckel": key, "action": "finish"}
    return client.post(f"/bestallningar/{order.case_number}/spara-mall/", body)


def template_of(*articles, user, unit=None, name="Duschpaket") -> OrderTemplate:
    order = sent(*[(article, 1) for article in articles], user=user)
    return saved.save(
        user, key=uuid.uuid4(), name=name, unit=unit, lines=saved.again.lines_of(order)
    )


def use(template, recipient) -> str:
    return f"/bestallning/till/{recipient.key}/mall/{template.key}/"


def ordered(client, template, recipient, *lines, user, **more):
    body = {"rad": lines or ["0"], "nyckel": "0123456789ab", "unit": user.default_unit_id,
            "prescriber": user.pk, "action": "finish"}  # fmt: skip
    return client.post(use(template, recipient), body | more)


# --- saving ---


def test_a_sent_order_is_saved_with_its_articles_and_nothing_about_the_person(client, prescriber):
    chair, cushion = ArticleFactory(), ArticleFactory(type=ArticleType.ACCESSORY)
    cart = start(prescriber)
    add(cart, chair, 2, components=((cushion, 1),), comment="Till Ing-Britts sovrum")
    carts.change(cart, {"extra_info": "Ring Lennart"})
    order = carts_sent(cart)
    page = main(client.get(f"/bestallningar/{order.case_number}/spara-mall/"))
    assert "Mottagaren, kommentarer, bilagor och individer sparas inte." in page
    assert save(client, order).url == f"/bestallningar/{order.case_number}/"
    template = OrderTemplate.objects.get()
    lines = [(x.article_number, x.quantity, bool(x.component_of_id)) for x in template.lines.all()]
    assert lines == [(chair.number, 2, False), (cushion.number, 1, True)]
    kept = str([*OrderTemplate.objects.values(), *TemplateLine.objects.values()])
    for said in ("Ing-Britt", "Lennart", order.recipient.family_name, order.recipient.number):
        assert said not in kept


def carts_sent(cart):
    return services.send(cart, user=cart.user)


def test_the_order_in_progress_is_saved_and_goes_on(client, prescriber):
    article = ArticleFactory()
    cart = start(prescriber)
    add(cart, article)
    assert "Spara som mall" in main(client.get("/bestallning/slutfor/"))
    form = form_of(client.get("/bestallning/spara-mall/")) | {"name": "Paket"}
    answer = client.post("/bestallning/spara-mall/", form)
    assert (answer.status_code, answer.url) == (302, "/bestallning/slutfor/")
    assert OrderTemplate.objects.get().lines.get().article_number == article.number
    assert carts.open_cart(prescriber) == cart


@pytest.mark.parametrize("then", ["another tab begins one to another", "another tab sends it"])
def test_a_dialog_of_another_order_saves_nothing_and_keeps_the_name(client, prescriber, then):
    cart = start(prescriber)
    add(cart, ArticleFactory())
    form = form_of(client.get("/bestallning/spara-mall/")) | {"name": "Duschpaket"}
    if "sends" in then:
        carts_sent(cart)
    else:
        add(start(prescriber, replace=True), ArticleFactory())
    answer = client.post("/bestallning/spara-mall/", form)
    assert answer.status_code == 409 and not OrderTemplate.objects.exists()
    assert cart.whom in main(answer) and "Duschpaket" in main(answer)


def test_without_an_order_in_progress_there_is_nothing_to_save(client):
    answer = client.get("/bestallning/spara-mall/", follow=True)
    assert "Du har ingen pågående beställning att spara som mall." in main(answer)


def test_sent_twice_it_is_saved_once(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    for _ in range(2):
        assert save(client, order).status_code == 302
    assert OrderTemplate.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Skriv ett namn."),
        ("x" * 61, "högst 60 tecken"),
        ("duschpaket", "Du har redan en mall med det namnet."),
        ("Moberg dusch", "Namnet får inte säga vem mallen gjordes för (Moberg)."),
        ("Paket 070-174 06 05", "Namnet får inte säga vem mallen gjordes för"),
    ],
)
def test_a_name_that_cant_be_is_told_at_its_field_and_kept(client, prescriber, name, says):
    template_of(ArticleFactory(), user=prescriber)
    person = RecipientFactory(family_name="Moberg")
    order = sent((ArticleFactory(), 1), user=prescriber, recipient=person)
    answer = save(client, order, name=name)
    assert answer.status_code == 422
    page = main(answer)
    assert says in page.split('id="id_name-error"')[1].split("</p>")[0]
    assert not name or f'value="{name}"' in page
    assert OrderTemplate.objects.count() == 1


def test_a_personal_number_in_the_name_is_refused(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    answer = save(client, order, name=f"Till {order.recipient.number}")
    assert answer.status_code == 422 and not OrderTemplate.objects.exists()


def test_another_units_order_cant_be_saved(prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    stranger = UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab Västervik"))
    assert save(browser_of(stranger), order).status_code == 404


# --- whose it is ---


def test_of_two_who_change_it_at_once_the_second_is_told_what_the_first_has_made_of_it(
    client, prescriber
):
    unit = prescriber.default_unit
    template = template_of(ArticleFactory(), user=prescriber, unit=unit)
    page = f"/mallar/{template.key}/?redigera=mall"
    form = form_of(client.get(page))
    saved.change(template, user=prescriber, name="Badpaket", unit=None)
    answer = client.post(page, form | {"name": "Duschpaket stort"})
    assert answer.status_code == 409
    assert "Badpaket" in main(answer) and 'value="Duschpaket stort"' in main(answer)
    template.refresh_from_db()
    assert (template.name, template.unit) == ("Badpaket", None)
    again = form_of(answer)
    assert client.post(page, again).status_code == 302
    template.refresh_from_db()
    assert (template.name, template.unit) == ("Duschpaket stort", unit)


def test_ones_own_is_ones_own_and_the_units_is_everybodys_there(client, prescriber):
    unit = prescriber.default_unit
    own = template_of(ArticleFactory(), user=prescriber, name="Min egen")
    units = template_of(ArticleFactory(), user=prescriber, unit=unit, name="Allas")
    colleague = browser_of(UserFactory(default_unit=unit))
    stranger = browser_of(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))
    for browser, seen in ((client, [own, units]), (colleague, [units]), (stranger, [])):
        page = main(browser.get(MINE))
        for template in (own, units):
            assert (template.name in page) == (template in seen)
            status = browser.get(f"/mallar/{template.key}/").status_code
            assert status == (200 if template in seen else 404)


def test_khs_sees_its_own_units_templates_not_every_units(prescriber):
    template = template_of(ArticleFactory(), user=prescriber, unit=prescriber.default_unit)
    khs = UserFactory(roles=[KHS], default_unit=UnitFactory(code="KHS", name="KHS"))
    assert template.name not in main(browser_of(khs).get(MINE))


def test_a_template_is_renamed_and_given_to_the_unit(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    here = f"/mallar/{template.key}/"
    assert 'name="name"' in main(client.get(f"{here}?redigera=mall"))
    unit = prescriber.default_unit
    client.post(f"{here}?redigera=mall", {"name": "Badpaket", "unit": unit.pk})
    template.refresh_from_db()
    assert (template.name, template.unit) == ("Badpaket", unit)
    assert str(unit) in main(client.get(here))


def test_nobody_takes_the_units_template_for_oneself(prescriber):
    unit = prescriber.default_unit
    template = template_of(ArticleFactory(), user=prescriber, unit=unit)
    browser = browser_of(UserFactory(default_unit=unit))
    answer = browser.post(f"/mallar/{template.key}/", {"name": "Min", "unit": ""})
    assert answer.status_code == 422
    assert "Bara den som sparade mallen" in main(answer)
    template.refresh_from_db()
    assert template.unit == unit


def test_a_foreign_unit_is_refused(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    foreign = UnitFactory(code="V01", name="Hemrehab Västervik")
    answer = client.post(f"/mallar/{template.key}/", {"name": "Min", "unit": foreign.pk})
    assert "Välj ett av dina tjänsteställen." in main(answer)


def test_a_template_is_removed_and_put_back(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    answer = client.post(f"/mallar/{template.key}/ta-bort/", follow=True)
    assert "Mallen Duschpaket är borttagen." in read_page(answer)
    assert client.get(f"/mallar/{template.key}/").status_code == 404
    for _ in range(2):
        client.post(f"/mallar/{template.key}/angra/")
    assert client.get(f"/mallar/{template.key}/").status_code == 200


def test_it_isnt_put_back_beside_a_new_one_of_its_name(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    client.post(f"/mallar/{template.key}/ta-bort/")
    template_of(ArticleFactory(), user=prescriber)
    answer = client.post(f"/mallar/{template.key}/angra/", follow=True)
    assert "Det finns en ny mall med namnet Duschpaket." in read_page(answer)


def test_a_removed_template_goes_after_a_day(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    client.post(f"/mallar/{template.key}/ta-bort/")
    call_command("clear_old")
    assert OrderTemplate.objects.filter(pk=template.pk).exists()
    OrderTemplate.objects.update(removed_at=timezone.now() - 2 * saved.KEPT)
    call_command("clear_old")
    assert not OrderTemplate.objects.exists() and not TemplateLine.objects.exists()
    answer = client.post(f"/mallar/{template.key}/angra/", follow=True)
    assert "Mallen finns inte längre." in read_page(answer)


# --- using it ---


def test_it_is_offered_where_an_order_begins_and_lies_in_the_order(client, prescriber):
    chair, stool = ArticleFactory(), ArticleFactory()
    template = template_of(chair, stool, user=prescriber)
    person = RecipientFactory()
    assert use(template, person) in links(client.get(f"/bestallning/till/{person.key}/"))
    answer = ordered(client, template, person, "0", "1", user=prescriber)
    assert (answer.status_code, answer.url) == (302, "/bestallning/slutfor/")
    cart = carts.open_cart(prescriber)
    assert cart.recipient == person
    assert [x.article for x in carts.lines(cart)] == [chair, stool]
    looks = AccessLogEntry.objects.filter(recipient_key=person.key, detail="Beställning från mall")
    assert looks.exists()


def test_it_is_added_to_the_order_in_progress_from_its_page(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    cart = start(prescriber, RecipientFactory())
    assert use(template, cart.recipient) in links(client.get("/bestallning/"))
    assert f"Pågående beställning till {cart.whom}" in main(client.get(f"/mallar/{template.key}/"))
    ordered(client, template, cart.recipient, user=prescriber, till=cart.token)
    assert len(carts.lines(cart)) == 1


def test_each_line_is_told_by_what_the_catalogue_says_today(client, prescriber):
    gone, ended, replaced = (ArticleFactory(name=n) for n in ("Pall A", "Pall B", "Cross 5"))
    new = ArticleFactory(name="Cross 6")
    ReplacementGroupFactory(articles=[replaced, new])
    template = template_of(gone, ended, replaced, user=prescriber)
    TemplateLine.objects.filter(article_number=gone.number).update(article_number="00000000")
    Article.objects.filter(pk__in=[ended.pk, replaced.pk]).update(is_discontinued=True)
    person = RecipientFactory()
    for address in (use(template, person), f"/mallar/{template.key}/"):
        page = main(client.get(address))
        assert "Finns inte längre i katalogen." in page.split("Pall A")[1].split("<li>")[0]
        assert "Har utgått och kan inte beställas." in page.split("Pall B")[1].split("<li>")[0]
        assert f"{replaced.number} Cross 5 har utgått och ersätts av den här." in page
    assert ordered(client, template, person, "0", user=prescriber).status_code == 422
    ordered(client, template, person, "2", user=prescriber)
    assert [x.article for x in carts.lines(carts.open_cart(prescriber))] == [new]


def fitted(prescriber) -> tuple[OrderTemplate, Article]:
    """A template of a part that sat on somebody's chair."""
    chair = IndividualFactory(article=ArticleFactory(is_marked=True))
    order = sent((ArticleFactory(type=ArticleType.ACCESSORY), 1), user=prescriber)
    order.lines.update(fitted_to=chair)
    lines = saved.again.lines_of(order)
    made = saved.save(prescriber, key=uuid.uuid4(), name="Dyna", unit=None, lines=lines)
    return made, chair.article


def test_what_was_fitted_to_an_aid_is_fitted_to_the_new_persons(client, prescriber):
    template, chair = fitted(prescriber)
    person = RecipientFactory()
    piece = IndividualFactory(article=chair)
    LoanFactory(recipient=person, article=chair, individual=piece)
    ordered(client, template, person, user=prescriber)
    assert carts.lines(carts.open_cart(prescriber))[0].fitted_to == piece


def test_what_isnt_for_this_person_is_told(client, prescriber):
    template, chair = fitted(prescriber)
    person = RecipientFactory()
    says = f"Hjälpmedel {chair.number}, som den monteras på, finns inte hos mottagaren."
    assert says in main(client.get(use(template, person)))
    for _ in range(2):
        piece = IndividualFactory(article=chair)
        LoanFactory(recipient=person, article=chair, individual=piece)
    assert "Mottagaren har flera hjälpmedel" in main(client.get(use(template, person)))
    assert ordered(client, template, person, user=prescriber).status_code == 422
    store = prescriber.default_unit.own_stores.get()
    page = main(client.get(f"/bestallning/till-lager/{store.number}/mall/{template.key}/"))
    assert "Kan inte beställas till ett förråd." in page


def test_nothing_is_ordered_to_somebody_who_has_died(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    person = RecipientFactory()
    Recipient.objects.filter(pk=person.pk).update(deceased_on="2026-01-02")
    assert "Mottagaren är avliden." in main(client.get(use(template, person)))
    assert ordered(client, template, person, user=prescriber).status_code == 422
    assert carts.open_cart(prescriber) is None


def test_a_store_is_replenished_from_a_template(client, prescriber):
    article = ArticleFactory()
    template = template_of(article, user=prescriber)
    store = prescriber.default_unit.own_stores.get()
    address = f"/bestallning/till-lager/{store.number}/mall/{template.key}/"
    assert address in links(client.get(f"/bestallning/till-lager/{store.number}/"))
    client.post(address, {"rad": ["0"], "nyckel": "0123456789ab",
                          "unit": prescriber.default_unit_id, "prescriber": prescriber.pk})  # fmt: skip
    assert carts.open_cart(prescriber).destination == store


def test_an_order_to_somebody_else_isnt_touched(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    other = start(prescriber, RecipientFactory())
    answer = ordered(client, template, RecipientFactory(), user=prescriber, till=other.token)
    assert answer.status_code == 422 and "Du har redan en pågående beställning" in main(answer)
    assert carts.open_cart(prescriber) == other and not carts.lines(other)


def test_a_template_that_was_removed_meanwhile_isnt_found(client, prescriber):
    template = template_of(ArticleFactory(), user=prescriber)
    assert saved.remove(template, user=prescriber)
    assert client.get(use(template, RecipientFactory())).status_code == 404


def test_a_template_that_became_somebodys_own_meanwhile_is_neither_changed_nor_removed(prescriber):
    unit = prescriber.default_unit
    colleague = UserFactory(default_unit=unit)
    template = template_of(ArticleFactory(), user=prescriber, unit=unit)
    saved.change(template, user=prescriber, name="Min egen", unit=None)
    with pytest.raises(DomainError, match="någon annans egen"):
        saved.change(template, user=colleague, name="Vår", unit=unit)
    assert not saved.remove(template, user=colleague)
    template.refresh_from_db()
    assert (template.name, template.unit, template.removed_at) == ("Min egen", None, None)


def test_a_list_of_many_templates_asks_no_more(client, prescriber, django_assert_max_num_queries):
    template_of(ArticleFactory(), user=prescriber, name="Mall 0")
    client.get(MINE)
    with CaptureQueriesContext(connection) as few:
        client.get(MINE)
    asked = len(few)
    for number in range(1, 6):
        template_of(ArticleFactory(), user=prescriber, name=f"Mall {number}")
    with django_assert_max_num_queries(asked):
        client.get(MINE)
