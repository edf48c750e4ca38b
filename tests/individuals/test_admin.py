"""Pieces in the back office: KHS finds and looks; nobody moves one here."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from individuals.models import Block, BlockReason, FormerNumber
from organisation.permissions import FORSKRIVARE, KHS
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock

pytestmark = pytest.mark.django_db
LIST = "admin:individuals_individual_changelist"


def at(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


@pytest.fixture
def khs():
    return at(UserFactory(roles=[KHS], is_staff=True))


@pytest.fixture
def pieces():
    return put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 3)


def page(piece) -> str:
    return reverse("admin:individuals_individual_change", args=[piece.pk])


def test_pieces_are_listed_with_their_blocks(khs, pieces):
    Block.objects.create(individual=pieces[0], reason=BlockReason.objects.first())
    text = khs.get(reverse(LIST)).content.decode()
    assert all(piece.number in text for piece in pieces) and "Spärrad</span>" in text
    text = khs.get(reverse(LIST), {"sparr": "ja"}).content.decode()
    assert pieces[0].number in text and pieces[1].number not in text
    text = khs.get(reverse(LIST), {"sparr": "nej", "lager": "100"}).content.decode()
    assert pieces[0].number not in text and pieces[1].number in text


def test_the_list_asks_as_often_for_many_as_for_one(khs, pieces):
    with CaptureQueriesContext(connection) as few:
        khs.get(reverse(LIST))
    put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 9)
    with CaptureQueriesContext(connection) as many:
        khs.get(reverse(LIST))
    assert len(many) == len(few)


def test_a_number_finds_its_piece_also_a_former_one(khs, pieces):
    FormerNumber.objects.create(individual=pieces[1], number="111111")
    find = reverse("admin:individuals_individual_find")
    assert khs.post(find, {"nummer": pieces[0].number}).url == page(pieces[0])
    assert khs.post(find, {"nummer": " 111111 "}).url == page(pieces[1])
    assert khs.post(find, {"nummer": pieces[0].number[:-1]}).url == reverse(LIST)


def test_nothing_of_a_piece_is_edited_here(khs, pieces):
    text = khs.get(page(pieces[0])).content.decode()
    assert pieces[0].number in text and 'name="status"' not in text
    khs.post(page(pieces[0]), {"status": "scrapped", "number": "1"})
    pieces[0].refresh_from_db()
    assert pieces[0].status == "in_stock"
    for name in ("delete", "add"):
        args = [pieces[0].pk] if name == "delete" else []
        assert (
            khs.get(reverse(f"admin:individuals_individual_{name}", args=args)).status_code == 403
        )


def test_nothing_is_inline(khs, pieces):
    for url in (reverse(LIST), page(pieces[0])):
        text = khs.get(url).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), url


def test_only_khs_looks(pieces):
    boss = at(UserFactory(roles=[], is_staff=True, is_superuser=True))
    for url in (reverse(LIST), page(pieces[0]), reverse("admin:individuals_individual_find")):
        assert boss.get(url).status_code == 403
        assert at(UserFactory(roles=[FORSKRIVARE])).get(url).status_code in (302, 403)
        assert Client().get(url).status_code == 302
