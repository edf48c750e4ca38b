"""Signing in and out, and the one question of the first login."""

import pytest
from django.conf import settings as conf
from django.test import Client

from organisation.models import Source, User
from organisation.permissions import CARE, CONTROLLER, KHS, LOGGRANSKARE
from tests.factories import BufferFactory, UnitFactory, UserFactory
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/logga-in/"
PASSWORD = "hemligt-losenord"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/artiklar/?q=stol"}


def sign_in(client, user, password=PASSWORD, **more):
    return client.post(URL, {"username": user.username, "password": password, **more})


def text(response) -> str:
    return read_page(response)


@pytest.mark.parametrize("role", [*CARE, CONTROLLER, LOGGRANSKARE])
def test_every_role_signs_in_and_comes_to_the_start_page(role):
    client = Client()
    answer = sign_in(client, UserFactory(roles=[role]))
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/artiklar/?q=stol&typ=alla", "/artiklar/?q=stol&typ=alla"),
        ("https://ond.example/", "/"),
        ("//ond.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\ond.example", "/"),
        ("/logga-ut/", "/"),
        ("", "/"),
    ],
)
def test_the_way_on_after_sign_in_stays_within_the_portal(wanted, goes_to):
    assert sign_in(Client(), UserFactory(), next=wanted).url == goes_to


def test_a_failed_sign_in_says_whom_to_contact_and_keeps_the_name():
    user = UserFactory()
    answer = sign_in(Client(), user, "fel")
    assert answer.status_code == 422
    assert "Kontrollera användarnamn och lösenord" in text(answer)
    assert "systemförvaltaren på KHS" in text(answer)
    assert f'value="{user.username}"' in text(answer)
    assert "fel" not in answer.context["form"]["password"].as_widget()


@pytest.mark.parametrize(
    ("phone", "whom"),
    [("0480-12 34 56", "systemförvaltaren på KHS, telefon 0480-12 34 56."), ("", "på KHS.")],
)
def test_whom_to_contact_has_the_aid_centres_own_number(settings, phone, whom):
    settings.AID_CENTRE = {**settings.AID_CENTRE, "phone": phone}
    assert whom in text(sign_in(Client(), UserFactory(), "fel"))


def test_unknown_name_wrong_password_and_inactive_get_the_same_answer():
    gone = UserFactory(is_active=False)
    answers = [
        Client().post(URL, {"username": "ingen", "password": PASSWORD}),
        sign_in(Client(), UserFactory(), "fel"),
        sign_in(Client(), gone),
    ]
    assert [a.status_code for a in answers] == [422] * 3
    assert len({str(a.context["form"].non_field_errors()) for a in answers}) == 1


def test_somebody_made_inactive_is_out_at_once(client, prescriber):
    assert client.get("/").status_code == 200
    User.objects.filter(pk=prescriber.pk).update(is_active=False)
    assert client.get("/").url.startswith(URL)


@pytest.mark.parametrize(("typed", "status"), [("", 422), ("a\0b", 400), ("x" * 1000, 422)])
def test_strange_names_are_refused_without_falling_over(typed, status):
    answer = Client().post(URL, {"username": typed, "password": "x"})
    assert answer.status_code == status


def test_too_many_failures_lock_the_name_and_say_so_in_swedish():
    user = UserFactory()
    client = Client()
    answers = [sign_in(client, user, "fel") for _ in range(conf.AXES_FAILURE_LIMIT + 1)]
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429
    assert "För många misslyckade försök" in text(answers[-1])
    assert "systemförvaltaren på KHS" in text(answers[-1])
    right = sign_in(client, user)
    assert right.status_code == 429
    assert sign_in(Client(), UserFactory()).status_code == 302  # nobody else is locked


def test_the_demo_accounts_are_shown_in_the_demo_alone(settings):
    UserFactory(username="forskrivare", is_demo=True)
    assert "forskrivare" not in text(Client().get(URL))
    settings.DEMO = True
    page = text(Client().get(URL + "?konto=forskrivare"))
    assert 'data-account="forskrivare"' in page
    assert 'name="username" value="forskrivare"' in page


def test_only_demo_accounts_are_filled_in(settings):
    settings.DEMO = True
    UserFactory(username="riktig")
    assert 'value="riktig"' not in text(Client().get(URL + "?konto=riktig"))


def test_signed_in_visitors_go_on(client):
    assert client.get(URL + "?next=/artiklar/").url == "/artiklar/"


def test_sign_out_is_a_post_that_clears_the_browser(client):
    assert client.get("/logga-ut/").status_code == 405
    answer = client.post("/logga-ut/")
    assert (answer.status_code, answer.url) == (302, URL)
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/").url.startswith(URL)


def test_sign_out_without_a_session_is_no_error():
    assert Client().post("/logga-ut/").status_code == 302


@pytest.mark.parametrize("url", ["/", "/artiklar/?q=stol", "/installningar/"])
def test_pages_behind_sign_in_are_not_stored(client, url):
    assert "no-store" in client.get(url)["Cache-Control"]


def test_a_part_asked_for_after_the_session_ended_leads_to_sign_in():
    answer = Client().get("/artiklar/?q=stol", headers=HTMX)
    assert answer["HX-Redirect"] == "/logga-in/?next=/artiklar/%3Fq%3Dstol"


def test_health_checks_need_no_sign_in_and_ask_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").status_code == 200
    assert Client().get("/readyz").content == b"ok"


# --- the first login ---


@pytest.fixture
def newcomer():
    return UserFactory(default_source="")


def test_whoever_orders_is_asked_once_where_orders_come_from(browser_of, newcomer):
    client = browser_of(newcomer)
    answer = client.get("/artiklar/?q=stol")
    assert answer.url == "/installningar/?next=%2Fartiklar%2F%3Fq%3Dstol"
    page = client.get(answer.url)
    assert "Mina beställningar levereras från" in text(page)
    assert "Hjälpmedelsverksamhetens lager" in text(page)
    answer = client.post(answer.url, {"default_source": "central", "action": "finish"})
    assert answer.url == "/artiklar/?q=stol"
    newcomer.refresh_from_db()
    assert newcomer.default_source == Source.CENTRAL
    assert client.get("/artiklar/?q=stol").status_code == 200


def test_what_is_posted_and_parts_for_htmx_are_not_held_up(browser_of, newcomer):
    client = browser_of(newcomer)
    assert client.post("/", {"q": "rullstol"}).url == "/artiklar/?q=rullstol"
    assert client.get("/artiklar/", headers={"HX-Request": "true"}).status_code == 200
    assert client.post("/logga-ut/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/hjalp/", "/hjalp/installningar/", "/tillganglighet/", "/tillganglighet/hinder/"]
)
def test_help_and_the_statement_of_accessibility_are_open_before_one_has_chosen(
    browser_of, newcomer, path
):
    assert browser_of(newcomer).get(path).status_code == 200


@pytest.mark.parametrize(("role", "settings"), [(CONTROLLER, 403), (LOGGRANSKARE, 200)])
def test_those_who_never_order_are_not_asked(browser_of, role, settings):
    client = browser_of(UserFactory(roles=[role], default_source=""))
    assert client.get("/").status_code == 200
    assert client.get("/installningar/").status_code == settings


def test_an_own_store_is_offered_to_those_who_have_one(browser_of):
    without = text(browser_of(UserFactory()).get("/installningar/"))
    assert "Eget förråd" not in without
    unit = UnitFactory(code="K09", own_stores=[BufferFactory()])
    user = UserFactory(default_unit=unit)
    client = browser_of(user)
    assert "Eget förråd" in text(client.get("/installningar/"))
    assert client.post("/installningar/", {"default_source": "own"}).url == "/"
    user.refresh_from_db()
    assert user.default_source == Source.OWN_STORE


@pytest.mark.parametrize("sent", ["", "own", "nonsens"])
def test_what_is_not_offered_is_not_saved(client, prescriber, sent):
    answer = client.post("/installningar/", {"default_source": sent})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text(answer)
    prescriber.refresh_from_db()
    assert prescriber.default_source == Source.CENTRAL


def test_settings_saved_by_htmx_leave_the_dialog(client):
    answer = client.post(
        "/installningar/?next=https://ond.example/", {"default_source": "central"}, headers=HTMX
    )
    assert answer["HX-Redirect"] == "/"


# --- the back office ---


def test_the_back_office_has_no_sign_in_of_its_own():
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(URL)
    assert "/admin/" in answer.redirect_chain[-1][0]


def test_only_staff_comes_into_the_back_office(client, browser_of):
    assert client.get("/admin/", follow=True).status_code == 403
    assert browser_of(UserFactory(roles=[KHS], is_staff=True)).get("/admin/").status_code == 200


def test_users_are_for_whoever_runs_the_system(browser_of):
    khs = browser_of(UserFactory(roles=[KHS], is_staff=True))
    assert khs.get("/admin/organisation/user/").status_code == 403
    admin = browser_of(UserFactory(roles=[], is_staff=True, is_superuser=True))
    assert admin.get("/admin/organisation/user/").status_code == 200
    assert admin.get("/admin/organisation/user/add/").status_code == 200
    assert admin.get("/admin/recipients/recipient/").status_code == 403
