"""«Ändringshistorik» as it stands in a browser: at all widths, for whoever can't see, by keyboard."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Page, expect

from articles.models import Article, Price
from organisation.models import User
from organisation.permissions import KHS
from sesam import asking
from tests.factories import ArticleFactory, SupplierFactory, UserFactory

from .test_accessibility import faults, sign_in, too_wide

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


@pytest.fixture
def khs() -> User:
    return UserFactory(
        roles=[KHS], is_staff=True, is_superuser=True, first_name="Karin", last_name="Ek"
    )


def test_an_articles_history_is_reached_and_read(page: Page, live_server, settings, khs) -> None:
    article = ArticleFactory(name="Rullstol med ett långt namn " * 4)
    with asking.by(asking.Asking(started_by=khs.pk)):
        Article.objects.filter(pk=article.pk).update(
            name="Rullstol",
            supplier=SupplierFactory(name="Ettmycketlångtleverantörsnamnutanmellanslag" * 2),
            extended_info="Text som är lång. " * 40,
        )
        Price.objects.create(article=article, list_price=100, valid_from=dt.date(2030, 1, 15))
    sign_in(page.context, live_server, settings, khs)
    page.goto(live_server.url + reverse("admin:articles_article_change", args=[article.pk]))
    page.get_by_role("link", name="Ändringshistorik").press("Enter")
    expect(page.get_by_role("heading", name="Ändringshistorik")).to_be_visible()
    expect(page.get_by_role("cell", name="Karin Ek", exact=True).first).to_be_visible()
    assert faults(page) == []
    assert too_wide(page) == []


def test_a_users_history_says_what_they_have_since_when(
    page: Page, live_server, settings, khs
) -> None:
    user = UserFactory()
    user.groups.add(Group.objects.get(name=KHS))
    sign_in(page.context, live_server, settings, khs)
    page.goto(live_server.url + reverse("admin:organisation_user_history", args=[user.pk]))
    expect(page.get_by_role("heading", name="Har nu")).to_be_visible()
    assert faults(page) == []
    assert too_wide(page) == []
