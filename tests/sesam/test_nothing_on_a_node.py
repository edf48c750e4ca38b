"""A web node keeps nothing that another one would miss: people's requests go to any of several."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from organisation.models import User
from organisation.permissions import BUFFERT, KHS
from tests.factories import UserFactory

APPS = [
    "activities", "articles", "deviations", "individuals", "invoicing", "orders", "organisation",
    "pickups", "portal", "recipients", "sesam",
]  # fmt: skip


def sources() -> dict[str, str]:
    found = [p for app in APPS for p in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    return {str(path): path.read_text(encoding="utf-8") for path in found}


def test_what_must_hold_for_all_is_in_the_database():
    assert settings.SESSION_ENGINE == "sesam.sessions"
    assert settings.AXES_HANDLER == "axes.handlers.database.AxesDatabaseHandler"
    caching = re.compile(r"from django\.core\.cache|from django\.core import cache")
    assert {name for name, text in sources().items() if caching.search(text)} == set()


def test_the_menu_alone_is_kept_by_a_node():
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    kept = {p.name for p in templates if "{% cache " in p.read_text(encoding="utf-8")}
    assert kept == {"bar.html"}


def menu(user: User, path: str) -> str:
    client = Client()
    client.force_login(user)
    return re.search(r'<header class="bar">.*?</header>', client.get(path).text, re.S).group()


def without_tokens(text: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


@pytest.mark.django_db
def test_a_menu_that_is_kept_is_what_another_node_draws_anew():
    users = [UserFactory(), UserFactory(roles=[BUFFERT]), UserFactory(roles=[KHS])]
    asked = [(user, path) for user in users for path in ("/", "/artiklar/", "/min-sida/")]
    cache.clear()
    kept = [menu(*one) for one in asked + asked][len(asked) :]
    drawn = []
    for one in asked:
        cache.clear()  # a node that nobody has asked yet
        drawn.append(menu(*one))
    assert list(map(without_tokens, kept)) == list(map(without_tokens, drawn))
