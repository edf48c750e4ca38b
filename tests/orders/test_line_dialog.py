"""The dialog «Beställd artikel» as a browser goes through it: what is sent goes where its form
says, and nothing that was typed is lost on the way."""

import re

import pytest
from django.test import Client

from articles.models import Project
from tests.factories import UserFactory, WarehouseFactory
from tests.reading import read_page

from .builders import manual_article, project_article, start
from .test_views import choice, open_dialog

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def text(response) -> str:
    return read_page(response)


def form_of(response) -> str:
    """The address that the dialog's form is sent to."""
    return re.search(r'class="dialog-form" method="post" action="([^"]+)"', text(response))[1]


@pytest.mark.parametrize("number", ["MANUELL", "39302", "39303"])
def test_fortsatt_on_the_first_step_asks_for_the_comment_and_keeps_it(client, user, number):
    article = {
        "MANUELL": manual_article,
        "39302": lambda: project_article(Project.WITH_OFFER),
        "39303": lambda: project_article(Project.WITHOUT_OFFER),
    }[number]()
    WarehouseFactory()
    cart = start(user)
    asked = client.post(open_dialog(client, article), choice())
    assert "Skriv en kommentar" in text(asked)
    client.post(form_of(asked), {"comment": "Sovrummet, ring först", "action": "finish"})
    line = cart.lines.get()
    assert (line.article.number, line.comment) == (number, "Sovrummet, ring först")


def test_a_step_that_refuses_stands_under_its_own_address(client, user):
    start(user)
    WarehouseFactory()
    first = open_dialog(client, manual_article())
    asked = client.post(first, choice(), headers={"HX-Request": "true"})
    assert asked["HX-Replace-Url"] == form_of(asked) == first.replace("/antal/", "/kommentar/")


def test_going_back_from_a_comment_that_was_asked_for_shows_the_first_step_as_it_was(client, user):
    cart = start(user)
    WarehouseFactory()
    first = open_dialog(client, manual_article())
    asked = client.post(first, choice(quantity="3"))
    client.post(form_of(asked), {"comment": "Ett bord", "action": "back"})
    assert 'name="quantity" value="3"' in text(client.get(first))
    client.post(first, choice(quantity="4"))
    assert [(line.quantity, line.comment) for line in cart.lines.all()] == [(4, "Ett bord")]
