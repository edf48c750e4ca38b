"""What lies in an open dialog stays there, whatever else its user's browser does."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from organisation.models import Source
from recipients.models import Recipient
from sesam import jobs
from sesam.models import DialogState
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import start
from tests.papers import needs_pdf
from tests.reading import read_page
from tests.real_http import signed_in

pytestmark = pytest.mark.django_db
two_tabs = pytest.mark.django_db(transaction=True)


@pytest.fixture
def article():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 9)
    return article


def opened(tab, article) -> str:
    return tab.get(f"/bestallning/artikel/{article.number}/").location


def quantity(number: int, **more: str) -> dict[str, str]:
    warehouse = WarehouseFactory()
    chosen = {"quantity": str(number), "source": Source.CENTRAL.value}
    return {**chosen, "warehouse": warehouse.number, "action": "next", **more}


# --- two requests at once ---------------------------------------------------------------------


@needs_pdf
@two_tabs
def test_a_quantity_typed_while_another_tab_makes_a_pdf_is_kept(live_server, article):
    user = UserFactory()
    cart = start(user)
    loan = LoanFactory()
    dialog_tab, other_tab = signed_in(live_server, user)
    paper = f"/mottagare/{loan.recipient.key}/hjalpmedelslista/"
    other_tab.get(paper)  # the first one loads the library
    kept = 0
    for _ in range(12):
        step = opened(dialog_tab, article)
        made, sent = at_once(
            lambda: other_tab.get(paper), lambda s=step: dialog_tab.post(s, quantity(7))
        )
        assert (made.status, sent.status) == (200, 302)
        done = dialog_tab.post(step.replace("antal", "kommentar"), {"action": "finish"})
        assert done.status == 302
        kept += cart.lines.filter(component_of=None, quantity=7).count()
        cart.lines.all().delete()
    assert kept == 12


@two_tabs
def test_two_dialogs_that_are_opened_at_once_are_both_open(live_server, article):
    user = UserFactory()
    start(user)
    one, other = signed_in(live_server, user)
    for _ in range(15):
        steps = at_once(lambda: opened(one, article), lambda: opened(other, article))
        assert len(set(steps)) == 2
        assert [one.get(step).status for step in steps] == [200, 200]


@two_tabs
def test_two_steps_of_a_dialog_that_are_sent_at_once_are_both_kept(live_server, article):
    user = UserFactory()
    start(user)
    one, other = signed_in(live_server, user)
    for _ in range(15):
        step = opened(one, article)
        comment = step.replace("antal", "kommentar")
        at_once(
            lambda s=step: one.post(s, quantity(7)),
            lambda s=comment: other.post(s, {"comment": "Vänster sida", "action": "back"}),
        )
        typed = DialogState.objects.get(key=step.split("/")[-3]).typed
        assert typed["antal"]["quantity"] == "7"
        assert typed["kommentar"]["comment"] == "Vänster sida"


@two_tabs
def test_columns_chosen_for_two_lists_at_once_are_both_kept(live_server, monkeypatch):
    from articles.tables import ArticleTable
    from sesam.tables.choice import choosable

    class OtherTable(ArticleTable):
        preference_key = "other"

    user = UserFactory()
    one, other = signed_in(live_server, user)
    first, second = ArticleTable.preference_key, OtherTable.preference_key
    monkeypatch.setitem(choosable, second, OtherTable)
    for _ in range(10):
        type(user).objects.update(preferences={})
        at_once(
            lambda: one.post("/kolumner/", {"tabell": first}),
            lambda: other.post("/kolumner/", {"tabell": second}),
        )
        user.refresh_from_db()
        assert set(user.preferences["columns"]) == {first, second}


@two_tabs
def test_articles_looked_at_in_two_tabs_at_once_are_both_remembered(live_server):
    user = UserFactory()
    one, other = signed_in(live_server, user)
    for _ in range(5):
        first, second = ArticleFactory(), ArticleFactory()
        at_once(
            lambda a=first: one.get(f"/artiklar/{a.number}/"),
            lambda a=second: other.get(f"/artiklar/{a.number}/"),
        )
        lately = one.get("/artiklar/").text
        assert first.name in lately
        assert second.name in lately


# --- whose it is, and how long ------------------------------------------------------------------


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def opened_by(client, article) -> str:
    return client.get(f"/bestallning/artikel/{article.number}/").url


def test_a_dialog_is_its_users_alone_and_goes_on_in_another_browser(client, user, article):
    start(user)
    step = opened_by(client, article)
    client.post(step, quantity(4))

    stranger = UserFactory()
    start(stranger)
    other = Client()
    other.force_login(stranger)
    assert other.get(step).url == "/bestallning/"

    again = Client()
    again.force_login(user)
    assert again.get(step).context["form"]["quantity"].value() == "4"


def test_a_dialog_survives_sign_out_and_sign_in(client, user, article):
    start(user)
    step = opened_by(client, article)
    client.post(step, quantity(4))
    client.logout()
    client.force_login(user)
    assert client.get(step).context["form"]["quantity"].value() == "4"


def test_a_dialog_nobody_has_touched_for_a_day_is_closed_and_then_cleared(client, user, article):
    start(user)
    old, fresh = opened_by(client, article), opened_by(client, article)
    key = old.split("/")[-3]
    long_ago = timezone.now() - dt.timedelta(days=1, minutes=1)
    DialogState.objects.filter(key=key).update(touched_at=long_ago)

    assert client.get(old).url == "/bestallning/"
    assert jobs.clear_all()["sesam.jobs.remove_old_dialogs"] == 1
    assert [state.key for state in DialogState.objects.all()] == [fresh.split("/")[-3]]


def test_a_user_has_at_most_twenty_dialogs_and_the_one_left_longest_goes(client, user, article):
    start(user)
    first, second = opened_by(client, article), opened_by(client, article)
    client.post(first, quantity(2))
    for _ in range(19):
        opened_by(client, article)
    assert DialogState.objects.filter(user=user).count() == 20
    assert client.get(first).status_code == 200
    assert client.get(second).url == "/bestallning/"


def test_a_character_no_one_can_type_stops_no_dialog(client, user, article):
    start(user)
    step = opened_by(client, article)
    answer = client.post(step, quantity(2, individual="a\0b", **{"na\0me": "x"}))
    assert answer.status_code == 400
    assert client.get(step).status_code == 200
    assert client.get("/bestallning/rad/a%00b/antal/").status_code in (302, 400, 404)


# --- a person who becomes protected ---------------------------------------------------------------


def dialogs_about(client, user, article) -> Recipient:
    """A recipient with an order dialog and a pickup dialog open; and one of another person."""
    recipient = RecipientFactory(door_code="4711#")
    start(user, recipient)
    opened_by(client, article)
    client.get(f"/hamtordrar/ny/{recipient.key}/")
    client.get(f"/hamtordrar/ny/{RecipientFactory().key}/")
    assert DialogState.objects.filter(about=recipient.key).count() == 2
    return recipient


@pytest.mark.parametrize("way", ["register", "save", "update"])
def test_dialogs_about_someone_who_becomes_protected_are_gone_at_once(client, user, article, way):
    from recipients import register, services
    from recipients.models import RegisterPerson

    recipient = dialogs_about(client, user, article)
    if way == "register":
        facts = {"family_name": recipient.family_name, "is_protected": True}
        RegisterPerson.objects.create(number=recipient.number, **facts)
        person = register.current().find(recipient.number)
        services.refresh(recipient, person)
    elif way == "save":
        recipient.is_protected = True
        recipient.save(update_fields=["is_protected"])
    else:
        Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)

    assert not DialogState.objects.filter(about=recipient.key).exists()
    assert DialogState.objects.count() == 1


def test_a_pickup_dialog_begun_before_the_person_became_protected_has_ended(client, user, article):
    recipient = dialogs_about(client, user, article)
    step = client.get(f"/hamtordrar/ny/{recipient.key}/").url
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)
    answer = client.get(step, follow=True)
    assert "Dialogen är avslutad" in answer.content.decode()
    assert "4711#" not in read_page(answer)
