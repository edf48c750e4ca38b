"""«Min sida»: one's contact details and unit, and one's own cases, with and without whom they are
about."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Article
from orders import cart as carts
from orders.models import Order, OrderLine
from organisation.models import AccessLogEntry, Source, Unit, User
from organisation.permissions import CONTROLLER, KHS
from pickups.models import PickupOrder
from recipients.models import Recipient
from sesam import context
from tests.activities.builders import registered
from tests.factories import ArticleFactory, RecipientFactory, UnitFactory, UserFactory
from tests.orders.builders import TO_APPROVAL, project, sent, start
from tests.pickups.builders import fetched, lend
from tests.reading import read_page

pytestmark = pytest.mark.django_db

PAGE = "/min-sida/"
CONTACT = f"{PAGE}?redigera=kontakt"
SETTINGS = f"{PAGE}?redigera=installningar"


def main(answer) -> str:
    """The page without the bar."""
    return read_page(answer).split("<main>")[1]


# --- contact details ---


def test_the_contact_details_are_edited_in_place(client, prescriber):
    assert 'name="street"' in main(client.get(CONTACT))
    answer = client.post(
        CONTACT,
        {
            "street": "Rehabvägen 4",
            "postcode": "392 45",
            "locality": "Kalmar",
            "phone": "08-46500441",
            "mobile": "0701740605",
            "email": "anna@exempel.se",
        },
    )
    assert (answer.status_code, answer.url) == (302, PAGE)
    page = main(client.get(PAGE))
    for shown in ("Rehabvägen 4<br>392 45 Kalmar", "08-465 004 41", "070-174 06 05"):
        assert shown in page
    prescriber.refresh_from_db()
    assert (prescriber.postcode, prescriber.email) == ("39245", "anna@exempel.se")


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("postcode", "392", "Ange postnumret med fem siffror."),
        ("mobile", "12", "Numret stämmer inte."),
        ("email", "anna", "Skriv e-postadressen som namn@exempel.se."),
        ("street", "x" * 121, "som mest 120 tecken"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_saved(
    client, prescriber, field, typed, says
):
    before = User.objects.values().get(pk=prescriber.pk)
    answer = client.post(CONTACT, {"phone": "08-465 004 41", field: typed})
    assert answer.status_code == 422
    page = main(answer)
    assert says in page.split(f'id="id_{field}-error"')[1].split("</p>")[0]
    assert User.objects.values().get(pk=prescriber.pk) == before


def test_what_others_changed_meanwhile_stays(client, prescriber):
    User.objects.filter(pk=prescriber.pk).update(title="Fysioterapeut")
    client.post(CONTACT, {"street": "Rehabvägen 4", "title": "Chef", "is_superuser": "on"})
    prescriber.refresh_from_db()
    assert (prescriber.street, prescriber.title) == ("Rehabvägen 4", "Fysioterapeut")
    assert not prescriber.is_superuser


def test_what_another_tab_saved_meanwhile_stays(client, prescriber):
    User.objects.filter(pk=prescriber.pk).update(phone="08-465 004 41", street="Rehabvägen 4")
    first, second = (client.get(CONTACT).context["form"].initial for _ in range(2))
    shown = client.get(CONTACT).context["form"]["shown"].value()
    client.post(CONTACT, first | {"phone": "08-465 004 42", "shown": shown})
    client.post(CONTACT, second | {"street": "Storgatan 1", "shown": shown})
    prescriber.refresh_from_db()
    assert (prescriber.phone, prescriber.street) == ("08-465 004 42", "Storgatan 1")


@pytest.mark.parametrize("shown", ["[" * 1999, "[]", "{", "\U0001f600", '{"phone": [1]}'])
def test_what_the_page_was_drawn_with_may_be_anything(client, prescriber, shown):
    assert client.post(CONTACT, {"street": "Storgatan 1", "shown": shown}).status_code == 302
    prescriber.refresh_from_db()
    assert prescriber.street == "Storgatan 1"


def test_who_orders_nothing_has_contact_details_alone(browser_of):
    client = browser_of(UserFactory(roles=[CONTROLLER], default_unit=None))
    page = main(client.get(PAGE))
    assert "Kontaktuppgifter" in page
    for theirs in ("Mina inställningar", "Mina beställningar", "Visa mottagare"):
        assert theirs not in page
    assert "Tjänsteställe" not in main(client.get(SETTINGS))
    assert client.post(SETTINGS, {"unit": UnitFactory().pk}).status_code == 302
    assert User.objects.get(pk=client.session["_auth_user_id"]).default_unit is None


# --- the active unit ---


@pytest.fixture
def other_unit(prescriber) -> Unit:
    unit = UnitFactory(code="K02", name="Rehab Kalmar norr")
    prescriber.units.add(unit)
    return unit


def test_the_active_unit_is_switched_and_what_is_in_progress_stays(client, prescriber, other_unit):
    cart = start(prescriber)
    answer = client.post(
        SETTINGS, {"unit": other_unit.pk, "default_source": Source.CENTRAL}, follow=True
    )
    page = main(answer)
    assert f"Din pågående beställning ligger kvar på {cart.unit}." in page
    assert "Rehab Kalmar norr" in page
    prescriber.refresh_from_db()
    assert prescriber.default_unit == other_unit
    assert carts.open_cart(prescriber).unit == cart.unit


def test_a_unit_that_isnt_ones_own_is_refused(client, prescriber):
    foreign = UnitFactory(code="V01", name="Hemrehab Västervik")
    answer = client.post(SETTINGS, {"unit": foreign.pk, "default_source": Source.CENTRAL})
    assert answer.status_code == 422
    assert "Välj ett av dina tjänsteställen." in main(answer)
    prescriber.refresh_from_db()
    assert prescriber.default_unit != foreign


def test_another_unit_is_one_tap_away_and_so_is_the_way_back(client, prescriber, other_unit):
    before, cart = prescriber.default_unit, start(prescriber)
    assert f"Byt till {other_unit}" in main(client.get(PAGE))
    page = main(client.post(f"{PAGE}tjanststalle/", {"unit": other_unit.pk}, follow=True))
    assert f"Ditt tjänsteställe är nu {other_unit}." in page and f"Byt till {before}" in page
    assert f"Din pågående beställning ligger kvar på {cart.unit}." in page
    assert carts.open_cart(prescriber).unit == cart.unit
    client.post(f"{PAGE}tjanststalle/?unit={before.pk}")
    prescriber.refresh_from_db()
    assert prescriber.default_unit == before


@pytest.mark.parametrize("unit", ["foreign", "closed", "", "x" * 99, "9" * 40])
def test_nobody_switches_to_a_unit_that_isnt_theirs(client, prescriber, other_unit, unit):
    before = prescriber.default_unit
    Unit.objects.filter(pk=other_unit.pk).update(is_active=False)
    foreign = UnitFactory(code="V01", name="Hemrehab Västervik")
    wanted = {"foreign": foreign.pk, "closed": other_unit.pk}.get(unit, unit)
    answer = client.post(f"{PAGE}tjanststalle/", {"unit": wanted}, follow=True)
    assert "Du arbetar inte längre på det tjänstestället." in main(answer)
    assert f"Byt till {other_unit}" not in main(answer)
    prescriber.refresh_from_db()
    assert prescriber.default_unit == before


# --- the cases ---


def test_what_one_has_ordered_or_answers_for_is_listed_and_no_more(client, prescriber):
    own = sent((ArticleFactory(name="Rollator Sola"), 1), user=prescriber)
    colleague = UserFactory()
    theirs = sent((ArticleFactory(), 1), user=colleague)
    prescribed = sent((ArticleFactory(), 1), user=colleague)
    Order.objects.filter(pk=prescribed.pk).update(prescriber=prescriber)
    page = main(client.get(PAGE))
    assert own.case_number in page and "Rollator Sola" in page
    assert prescribed.case_number in page
    assert theirs.case_number not in page


def test_who_has_left_the_unit_sees_its_cases_no_more(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    prescriber.units.clear()
    assert order.case_number not in main(client.get(PAGE))


def test_recipients_are_named_when_asked_for_and_each_is_a_look(client, prescriber):
    protected = RecipientFactory(given_name="Sten", family_name="Alm")
    orders = [
        sent((ArticleFactory(), 1), user=prescriber, recipient=person)
        for person in (protected, RecipientFactory(given_name="Elsa", family_name="Hjort"))
    ]
    Recipient.objects.filter(pk=protected.pk).update(is_protected=True)
    since = AccessLogEntry.objects.latest("pk").pk
    page = main(client.get(PAGE))
    assert "Sten Alm" not in page and "Elsa Hjort" not in page
    client.get(f"{PAGE}?panel={orders[0].case_number}")
    assert not AccessLogEntry.objects.filter(pk__gt=since).exists()

    page = main(client.get(f"{PAGE}?mottagare=1"))
    assert "Sten Alm" in page and "Elsa Hjort" in page
    for order in orders:
        assert order.recipient.written_number not in page
        look = AccessLogEntry.objects.get(pk__gt=since, recipient_key=order.recipient.key)
        assert (look.action, look.user, look.detail) == ("view", prescriber, "Min sida")


def test_the_panel_says_whom_it_is_about_where_recipients_are_named(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    page = main(client.get(f"{PAGE}?mottagare=1&panel={order.case_number}"))
    panel = page.split('id="panel"')[1]
    assert order.recipient.name in panel and "Gå till beställningsdetaljer" in panel
    looks = AccessLogEntry.objects.filter(case_number=order.case_number, detail="Min sida")
    assert looks.count() == 1


def test_anothers_case_opens_no_panel(client, prescriber):
    theirs = sent((ArticleFactory(), 1), user=UserFactory())
    page = main(client.get(f"{PAGE}?mottagare=1&panel={theirs.case_number}"))
    assert theirs.recipient.name not in page and 'id="panel" role="region" hidden' in page


def test_nobody_sorts_by_a_name_that_isnt_shown(client, prescriber):
    for name in ("Alm", "Östlund"):
        recipient = RecipientFactory(family_name=name)
        sent((ArticleFactory(), 1), user=prescriber, recipient=recipient)
    up, down = (
        main(client.get(f"{PAGE}?sortera={by}")).split("<tbody>")[1].split("</tbody>")[0]
        for by in ("recipient", "-recipient")
    )
    assert up.replace("-recipient", "recipient") == down.replace("-recipient", "recipient")
    named = main(client.get(f"{PAGE}?mottagare=1&sortera=-recipient"))
    assert named.index("Östlund") < named.index("Alm")


def test_open_ones_are_shown_first_and_ended_ones_when_asked_for(client, prescriber):
    ended = sent((ArticleFactory(), 1), user=prescriber)
    Order.objects.filter(pk=ended.pk).update(status="delivered", delivered_at=timezone.now())
    page = main(client.get(PAGE))
    assert ended.case_number not in page
    for view in ("manad", "alla"):
        assert ended.case_number in main(client.get(f"{PAGE}?visa={view}"))
    Order.objects.update(sent_at=timezone.now() - dt.timedelta(days=40))
    assert ended.case_number not in main(client.get(f"{PAGE}?visa=manad"))


def test_now_counts_what_is_open_late_and_waits_for_an_answer(client, prescriber):
    late = sent((ArticleFactory(name="Rollator Sola"), 1), user=prescriber)
    day = timezone.localdate() - dt.timedelta(days=3)
    OrderLine.objects.filter(order=late).update(planned_delivery=day)
    Order.objects.filter(pk=late.pk).update(planned_delivery=day)
    offer = project(*TO_APPROVAL, user=prescriber).order
    page = main(client.get(PAGE))
    now = page.split('<ul class="now">')[1].split("</ul>")[0]
    for told in ("<b>2</b>", "öppna beställningar", "väntar på dig", "försenad"):
        assert told in now
    assert "svara på offert" in page
    assert late.case_number in main(client.get(f"{PAGE}?visa=forsenade"))
    waiting = main(client.get(f"{PAGE}?visa=svar"))
    assert offer.case_number in waiting and late.case_number not in waiting


def test_pickup_orders_have_a_tab_of_their_own(client, prescriber):
    person = RecipientFactory(given_name="Elsa", family_name="Hjort")
    pickup = fetched(lend(person, ArticleFactory()))
    PickupOrder.objects.filter(pk=pickup.pk).update(
        prescriber=prescriber, unit=prescriber.default_unit
    )
    page = main(client.get(f"{PAGE}?flik=hamtordrar&panel={pickup.case_number}"))
    assert pickup.case_number in page and "Gå till hämtorderdetaljer" in page
    assert "Elsa Hjort" not in page
    assert "Elsa Hjort" in main(client.get(f"{PAGE}?flik=hamtordrar&mottagare=1"))
    assert (
        "mottagare=1"
        in main(client.get(f"{PAGE}?flik=hamtordrar&mottagare=1")).split("Mina ärenden")[1]
    )


def test_khs_sees_its_own_there_and_not_everybodys(browser_of):
    khs = UserFactory(roles=[KHS], is_staff=True)
    own, theirs = sent((ArticleFactory(), 1), user=khs), sent((ArticleFactory(), 1))
    page = main(browser_of(khs).get(PAGE))
    assert own.case_number in page and theirs.case_number not in page


@pytest.mark.parametrize("query", ["", "?mottagare=1", "?visa=alla&mottagare=1"])
def test_queries_do_not_grow_with_the_rows(client, prescriber, query):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(PAGE + query).status_code == 200
        return len(asked)

    sent((ArticleFactory(), 1), user=prescriber)
    few = queries()
    for _ in range(4):
        sent((ArticleFactory(), 1), (ArticleFactory(), 2), user=prescriber)
    assert queries() == few


def test_open_orders_are_counted_once_and_the_bar_gathered_once(client, prescriber, monkeypatch):
    gathered = []
    bar = context._bar
    monkeypatch.setattr(context, "_bar", lambda request: gathered.append(1) or bar(request))
    prescriber.units.add(UnitFactory(code="K07"))
    sent((ArticleFactory(), 1), user=prescriber)
    with CaptureQueriesContext(connection) as asked:
        assert "Byt till" in main(client.get(f"{PAGE}?visa=alla"))
    counts = [q for q in asked if q["sql"].startswith('SELECT COUNT("orders_order"."id")')]
    assert len(counts) == 1 and len(gathered) == 1


def test_odd_addresses_show_the_page(client, prescriber):
    sent((ArticleFactory(), 1), user=prescriber)
    for odd in ("?flik=x&visa=x&mottagare=2&sortera=x&sida=-1&panel=å", "?redigera=x&panel=%27"):
        assert client.get(PAGE + odd).status_code == 200
    assert client.post(f"{PAGE}?redigera=x", {"street": "x"}).status_code == 302


def test_favourites_are_listed_and_what_has_been_discontinued_says_so(client, prescriber):
    kept, gone = ArticleFactory(name="Rollator Sola"), ArticleFactory(name="Cross 5")
    for article in (kept, gone):
        client.post("/artiklar/favoriter/", {"pa": article.number})
    Article.objects.filter(pk=gone.pk).update(is_discontinued=True)
    page = main(client.get(f"{PAGE}?flik=favoriter"))
    assert f'href="/artiklar/{kept.number}/"' in page and "Kan beställas" in page
    assert "Utgått" in page.split("Cross 5")[1].split("</tr>")[0]
    assert "Rollator Sola" not in main(another(UserFactory()).get(f"{PAGE}?flik=favoriter"))


def another(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_an_activity_says_what_it_is_about(client, prescriber):
    chair = lend(RecipientFactory(), ArticleFactory(name="Cross 6"))
    registered(chair, user=prescriber)
    page = main(client.get(f"{PAGE}?flik=aktiviteter"))
    assert "Aktiviteten avser" in page and "Cross 6" in page
    for way in ("about", "-about"):
        assert client.get(f"{PAGE}?flik=aktiviteter&sortera={way}").status_code == 200
