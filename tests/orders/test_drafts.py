"""Drafts hold patients' data: they are there for the next sign-in the same day, and then go."""

import datetime as dt
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from orders import cart as carts
from orders.models import Cart, CartAttachment, OrderAttachment
from sesam import jobs
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import add, sent, start

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def user():
    return UserFactory()


def ago(**time) -> dt.datetime:
    return timezone.now() - dt.timedelta(**time)


def test_an_order_in_progress_is_kept_for_a_day_after_it_was_last_touched(user):
    cart = start(user)
    add(cart, ArticleFactory())
    Cart.objects.update(created_at=ago(days=3), updated_at=ago(hours=23))
    jobs.clear_all()
    assert carts.open_cart(user) == cart

    Cart.objects.update(updated_at=ago(hours=25))
    jobs.clear_all()
    assert carts.open_cart(user) is None
    assert start(user) != cart


def test_what_was_sent_or_left_is_removed_a_day_later(user):
    order = sent((ArticleFactory(), 1), user=user)
    carts.throw_away(start(user))
    open_one = start(user)
    jobs.clear_all()
    assert Cart.objects.count() == 3, "sent again, the order is still found"

    Cart.objects.exclude(pk=open_one.pk).update(closed_at=ago(hours=25))
    jobs.clear_all()
    assert Cart.objects.get() == open_one
    order.refresh_from_db()
    assert order.lines.count() == 1


def test_drafts_files_go_after_a_day_but_a_sent_orders_stay(user, media):
    cart = start(user)
    facts = {"name": "a.pdf", "content_type": "application/pdf", "size": 8, "uploaded_by": user}
    new, old, kept = (
        CartAttachment.objects.create(cart=cart, file=ContentFile(b"%PDF-1.4", name="x"), **facts)
        for _ in range(3)
    )
    CartAttachment.objects.exclude(pk=new.pk).update(
        uploaded_at=timezone.now() - dt.timedelta(hours=25)
    )
    # As sending does: the order has the very file.
    order = sent((ArticleFactory(), 1))
    OrderAttachment.objects.create(order=order, file=kept.file.name, **facts)
    assert jobs.clear_all()["orders.jobs.remove_draft_files"] == 2
    assert list(CartAttachment.objects.all()) == [new]
    assert [Path(a.file.path).exists() for a in (new, old, kept)] == [True, False, True]
