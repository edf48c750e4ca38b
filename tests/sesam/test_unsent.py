"""What is typed and sent after the session has ended is there again after sign-in, for its writer
alone, and nothing is sent by itself."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from orders.models import Order
from organisation.models import User
from recipients.models import Recipient
from sesam.models import DialogState
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db
SITE = {"HTTP_HOST": "testserver"}


@pytest.fixture
def user():
    user = UserFactory()
    user.set_password("demo-demo-demo")
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def client(user):
    client = Client()
    sign_in(client, user)
    return client


def sign_in(client, user, after: str = "/"):
    user.set_password("demo-demo-demo")
    user.save(update_fields=["password"])
    data = {"username": user.username, "password": "demo-demo-demo", "next": after}
    return client.post("/logga-in/", data)


def end_session(client) -> None:
    """Half an hour passes: the browser drops the cookie, the server the row."""
    Session.objects.all().delete()
    del client.cookies[settings.SESSION_COOKIE_NAME]


def next_of(answer) -> str:
    """Where the sign-in leads afterwards, as its form says."""
    page = Client().get(answer.url)
    return page.context["next"]


def opened(client, article) -> str:
    return client.get(f"/bestallning/artikel/{article.number}/").url


def came_back(client, user, answer):
    """The page that one is at after signing in again."""
    after = client.get(answer.url).context["next"]
    there = sign_in(client, user, after)
    assert there.url == after
    return client.get(there.url)


def shown(form) -> dict[str, str]:
    """What a page's form would send as it stands."""
    return {b.html_name: "" if b.value() is None else str(b.value()) for b in form}


# --- it is there again ------------------------------------------------------------------------


def test_a_step_of_the_order_dialog(client, user):
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 9)
    cart = start(user)
    comment = opened(client, article).replace("antal", "kommentar")
    end_session(client)

    answer = client.post(comment, {"comment": "Vänster sida", "action": "finish"})
    page = came_back(client, user, answer)

    assert page.status_code == 200
    assert "Vänster sida" in page.content.decode()
    assert "Du blev utloggad innan det här skickades." in page.content.decode()
    assert not cart.lines.exists()
    assert client.post(comment, {"comment": "Vänster sida", "action": "finish"}).status_code == 302
    assert cart.lines.get(component_of=None).comment == "Vänster sida"


def test_ovrig_information_in_checkout(client, user):
    cart = start(user)
    add(cart, ArticleFactory())
    here = "/bestallning/slutfor/leverans/"
    data = {
        "token": str(cart.token),
        "extra_info": "Ring på hos grannen",
        "delivery_way": str(cart.delivery_way.pk),
        "action": "send",
    }
    end_session(client)

    page = came_back(client, user, client.post(here, data))

    assert "Ring på hos grannen" in page.content.decode()
    assert not Order.objects.exists()
    cart.refresh_from_db()
    assert cart.extra_info == ""


def test_an_address_block_that_was_open_is_open_again_with_what_was_typed(client, user):
    cart = start(user)
    add(cart, ArticleFactory())
    here = "/bestallning/slutfor/leverans/?redigera=adress"
    form = client.get(here).context["blocks"][0]["form"]
    data = shown(form) | {"street": "Nya vägen 9"}
    end_session(client)

    page = came_back(
        client, user, client.post(here, data, headers={"referer": f"http://testserver{here}"})
    )

    assert "Nya vägen 9" in page.content.decode()
    cart.refresh_from_db()
    assert cart.street != "Nya vägen 9"


def test_the_recipients_contact_details(client, user):
    recipient = RecipientFactory(phone="0480-11 22 33")
    here = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    form = client.get(here).context["form"]
    data = shown(form) | {"instructions": "Hunden är snäll"}
    end_session(client)

    page = came_back(client, user, client.post(here, data))

    assert "Hunden är snäll" in page.content.decode()
    recipient.refresh_from_db()
    assert recipient.instructions != "Hunden är snäll"


def test_ticks_and_quantities_of_a_return(client, user):
    user.default_unit.own_stores.add(BufferFactory())
    recipient = RecipientFactory()
    one, other = (LoanFactory(recipient=recipient, quantity=4) for _ in range(2))
    here = f"/returer/ny/{recipient.key}/"
    page = client.get(here)
    data = {
        "token": str(page.context["token"]),
        "unit": str(user.default_unit.pk),
        "warehouse": str(BufferFactory().pk),
        "visad": [one.pk, other.pk],
        "valda": [one.pk],
        f"antal-{one.pk}": "3",
        f"antal-{other.pk}": "4",
    }
    end_session(client)

    page = came_back(client, user, client.post(here, data))

    rows = {row.loan: row for row in page.context["rows"]}
    assert rows[one].chosen
    assert rows[one].typed == "3"
    assert not rows[other].chosen
    one.refresh_from_db()
    assert one.held == 4


def test_a_file_is_said_to_be_lost(client, user):
    from django.core.files.uploadedfile import SimpleUploadedFile

    start(user)
    comment = opened(client, ArticleFactory()).replace("antal", "kommentar")
    end_session(client)
    file = SimpleUploadedFile("anvisning.pdf", b"%PDF-1.4 x")
    answer = client.post(comment, {"comment": "Se filen", "file": file, "action": "finish"})
    page = came_back(client, user, answer)
    assert "Filen du valde följde inte med. Välj den igen." in page.content.decode()


def test_a_part_that_htmx_sent_leads_back_to_the_page_under_it(client, user):
    start(user)
    step = opened(client, ArticleFactory())
    end_session(client)
    answer = client.post(
        step,
        {"quantity": "7", "action": "next"},
        headers={"hx-request": "true", "hx-current-url": f"http://testserver{step}"},
    )
    assert answer["HX-Redirect"].startswith("/logga-in/")
    after = client.get(answer["HX-Redirect"]).context["next"]
    sign_in(client, user, after)
    page = client.get(after)
    assert page.context["form"]["quantity"].value() == "7"


# --- to the writer alone -----------------------------------------------------------------------


def posted_too_late(client, user) -> str:
    """Where sign-in leads after contact details were sent too late."""
    recipient = RecipientFactory()
    here = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    form = client.get(here).context["form"]
    data = shown(form) | {"instructions": "Hunden är snäll"}
    end_session(client)
    return client.get(client.post(here, data).url).context["next"]


def test_another_user_who_signs_in_there_sees_none_of_it(client, user):
    after = posted_too_late(client, user)
    sign_in(client, UserFactory(), after)
    text = client.get(after).content.decode()
    assert "Hunden är snäll" not in text
    assert "Du blev utloggad" not in text


def test_nothing_is_kept_after_signing_out_or_for_a_stranger(client, user):
    recipient = RecipientFactory()
    client.post("/logga-ut/")
    for browser in (client, Client()):
        answer = browser.post(f"/mottagare/{recipient.key}/?redigera=uppgifter", {"phone": "1"})
        assert answer.url.startswith("/logga-in/")
        assert "skrivet" not in answer.url
    assert not DialogState.objects.exists()


def test_a_forged_cookie_keeps_nothing(client, user):
    browser = Client()
    browser.cookies["senast"] = f"{user.pk}:forged"
    browser.post("/mottagare/", {"phone": "1"})
    assert not DialogState.objects.exists()


def test_a_personal_number_that_was_searched_for_is_not_kept(client, user):
    end_session(client)
    answer = client.post("/mottagare/", {"nummer": "191212121212"})
    assert "skrivet" not in answer.url
    assert not DialogState.objects.exists()


def test_a_password_is_not_kept(client, user):
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    end_session(client)
    new = "ett-nytt-losenord"
    client.post(
        f"/admin/organisation/user/{user.pk}/password/", {"password1": new, "password2": new}
    )
    client.post(
        "/admin/organisation/user/add/",
        {"username": "anna", "password1": new, "password2": new},
    )
    kept = DialogState.objects.get()
    assert kept.typed == {"username": "anna"}


def test_it_is_gone_when_it_has_been_saved(client, user):
    after = posted_too_late(client, user)
    sign_in(client, user, after)
    form = client.get(after).context["form"]
    data = shown(form)
    assert data["instructions"] == "Hunden är snäll"
    client.post(after, data)
    assert Recipient.objects.get(instructions="Hunden är snäll")
    assert "Du blev utloggad" not in client.get(after).content.decode()


def test_it_is_gone_when_somebody_becomes_protected(client, user):
    posted_too_late(client, user)
    assert DialogState.objects.filter(kind="unsent").exists()
    someone = RecipientFactory()
    Recipient.objects.filter(pk=someone.pk).update(is_protected=True)
    assert not DialogState.objects.filter(kind="unsent").exists()


def test_at_most_five_are_kept_of_a_user(client, user):
    recipient = RecipientFactory()
    end_session(client)
    for number in range(8):
        client.post(f"/mottagare/{recipient.key}/?redigera=uppgifter", {"phone": str(number)})
    kept = DialogState.objects.filter(kind="unsent")
    assert sorted(state.typed["phone"] for state in kept) == ["3", "4", "5", "6", "7"]


# --- the way back in ----------------------------------------------------------------------------


def test_the_form_of_another_tab_can_still_be_sent_after_signing_in_again(user):
    browser = Client(enforce_csrf_checks=True)

    def enter(who) -> None:
        who.set_password("demo-demo-demo")
        who.save(update_fields=["password"])
        token = re.search(
            r'name="csrfmiddlewaretoken" value="([^"]+)"',
            browser.get("/logga-in/").content.decode(),
        )[1]
        data = {"username": who.username, "password": "demo-demo-demo"}
        browser.post("/logga-in/", {**data, "csrfmiddlewaretoken": token})

    enter(user)
    recipient = RecipientFactory()
    here = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    page = browser.get(here)
    form = shown(page.context["form"])
    form["csrfmiddlewaretoken"] = str(page.context["csrf_token"])
    form["instructions"] = "Hunden är snäll"
    end_session(browser)
    enter(user)
    assert browser.post(here, form).status_code == 302
    recipient.refresh_from_db()
    assert recipient.instructions == "Hunden är snäll"

    # Somebody else at the same computer doesn't send it.
    page = browser.get(here)
    form = shown(page.context["form"])
    form["csrfmiddlewaretoken"] = str(page.context["csrf_token"])
    end_session(browser)
    enter(UserFactory())
    assert browser.post(here, form).status_code == 403


@pytest.mark.parametrize("path", ["/artiklar/", "/"])
def test_sign_in_says_why_one_was_sent_there(client, path):
    end_session(client)
    text = client.get(client.get(path).url).content.decode()
    assert "Du är utloggad. Det sker efter 30 minuter utan aktivitet. Efter" in text


def test_sign_in_tells_no_inactivity_of_one_whose_account_was_closed(client, user):
    client.get("/")
    User.objects.filter(pk=user.pk).update(is_active=False)
    text = client.get(client.get("/artiklar/").url).content.decode()
    assert "Ditt konto är inte längre aktivt. Kontakta systemförvaltaren" in text
    assert "utan aktivitet. Efter" not in text


def test_who_came_by_themselves_or_signed_out_is_told_nothing(client):
    client.post("/logga-ut/")
    for visitor in (client, Client()):
        for path in ("/logga-in/", visitor.get("/").url):
            text = visitor.get(path).content.decode()
            assert "signin-reason" not in text


def test_sign_in_says_that_what_was_typed_is_kept(client, user):
    end_session(client)
    answer = client.post(f"/mottagare/{RecipientFactory().key}/?redigera=uppgifter", {"phone": "1"})
    text = client.get(answer.url).content.decode()
    assert "Det du skrev finns kvar och visas när du har loggat in. Inget är skickat." in text


def test_a_first_visitor_is_told_that_the_page_needs_sign_in():
    text = Client().get("/logga-in/?next=/artiklar/").content.decode()
    assert "Logga in för att komma till sidan." in text
