"""Recipients in the back office: by exact number, to KHS alone."""

import re

import pytest

from organisation.models import AccessLogEntry
from tests.factories import UNUSED_NUMBERS, RecipientFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/recipients/recipient/"
GOOD = UNUSED_NUMBERS[7]


def test_the_list_is_a_search_box_and_names_nobody(browser_of, khs_user):
    recipient = RecipientFactory()
    answer = browser_of(khs_user).get(LIST, {"q": recipient.family_name, "all": ""})
    assert answer.status_code == 200
    assert recipient.family_name not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_khs_finds_by_exact_number_and_the_look_is_logged(browser_of, khs_user):
    recipient = RecipientFactory(number=GOOD)
    client = browser_of(khs_user)
    answer = client.post(LIST, {"nummer": GOOD})
    assert answer.url == f"{LIST}{recipient.key}/change/"
    page = client.get(answer.url)
    assert page.status_code == 200
    assert recipient.name in page.content.decode()
    assert "Storgatan 7" in page.content.decode()
    assert AccessLogEntry.objects.filter(action="view", recipient_key=recipient.key).exists()


def test_bad_numbers_and_misses_are_told_at_the_field(browser_of, khs_user):
    client = browser_of(khs_user)
    answer = client.post(LIST, {"nummer": GOOD[2:]})
    assert answer.status_code == 422
    assert "Ange 12 siffror" in answer.content.decode()
    assert "Ingen person" in client.post(LIST, {"nummer": GOOD}).content.decode()


def test_nothing_can_be_changed_added_or_removed(browser_of, khs_user):
    recipient = RecipientFactory()
    client = browser_of(khs_user)
    change = f"{LIST}{recipient.key}/change/"
    assert client.post(change, {"family_name": "X"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(f"{LIST}{recipient.key}/delete/").status_code == 403
    assert client.get(f"{LIST}{recipient.pk}/change/").status_code in (302, 404)


def test_a_protected_persons_whereabouts_are_not_shown(browser_of, khs_user):
    recipient = RecipientFactory(is_protected=True)
    client = browser_of(khs_user)
    for path in ("change", "history"):
        page = client.get(f"{LIST}{recipient.key}/{path}/").content.decode()
        for text in ("Storgatan", "Kalmar kommun", "070-174", "08-465 004 37", "2468#", "Lennart"):
            assert text not in page
        assert ">None<" not in page


@pytest.mark.parametrize("roles", [[], ["forskrivare"]])
def test_a_superuser_without_the_role_has_no_access(browser_of, roles):
    recipient = RecipientFactory(number=GOOD)
    client = browser_of(UserFactory(roles=roles, is_staff=True, is_superuser=True))
    assert client.post(LIST, {"nummer": GOOD}).status_code == 403
    assert recipient.name not in client.get(LIST, follow=True).content.decode()
    assert client.get(f"{LIST}{recipient.key}/change/").status_code == 403
    assert client.get(f"{LIST}{recipient.key}/history/").status_code == 403
    assert not AccessLogEntry.objects.filter(recipient_key=recipient.key).exists()
    autocomplete = client.get(
        "/admin/autocomplete/",
        {"app_label": "orders", "model_name": "order", "field_name": "recipient", "term": "Mo"},
    )
    assert autocomplete.status_code in (403, 404)


def test_no_title_of_the_back_office_bears_a_name(khs_user, browser_of):
    recipient = RecipientFactory()
    client = browser_of(khs_user)
    for page in ("change", "history"):
        text = client.get(f"{LIST}{recipient.key}/{page}/").content.decode()
        for tag in ("title", "h1"):
            words = re.search(rf"<{tag}.*?>(.*?)</{tag}>", text, re.S)
            assert words and recipient.family_name not in words[1]
