"""A browser whose every request goes to the other of two web servers: an order, from the article to its
confirmation, by a dialog that one of them opened and the other one knows nothing of but by its row."""

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import start
from tests.serving import cookie, portal

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def in_turn(*ports: int) -> Iterator[tuple[int, list[int]]]:
    """A door that leads each connection to the next port, and which ports these were."""
    asked: list[int] = []
    turns = itertools.cycle(ports)
    door = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    def lead() -> None:
        with suppress(OSError):
            while True:
                browser, _ = door.accept()
                asked.append(next(turns))
                node = socket.create_connection(("127.0.0.1", asked[-1]))
                for way in ((browser, node), (node, browser)):
                    threading.Thread(target=carry, args=way, daemon=True).start()

    threading.Thread(target=lead, daemon=True).start()
    try:
        yield door.getsockname()[1], asked
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def test_an_order_is_made_by_two_nodes_in_turn(page: Page):
    user = UserFactory()
    article = ArticleFactory(name="Rollator Sola")
    put_in_stock(WarehouseFactory(), article, 9)
    start(user, RecipientFactory(given_name="Arvid", family_name="Ek"))
    name, value = cookie(user).split("=", 1)
    one_request = {"GUNICORN_CMD_ARGS": "--keep-alive 0"}  # to a connection
    with portal(**one_request) as one, portal(**one_request) as other:
        with in_turn(one.port, other.port) as (port, asked):
            here = f"http://127.0.0.1:{port}"
            page.context.add_cookies([{"name": name, "value": value, "url": here}])
            page.route(
                "**/static/**",
                lambda route: route.fulfill(
                    path=finders.find(urlsplit(route.request.url).path.removeprefix("/static/"))
                ),
            )
            page.goto(f"{here}/artiklar/{article.number}/")
            page.get_by_role("link", name="Beställ", exact=True).click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("textbox", name="Antal").fill("7")
            dialog.get_by_role("button", name="Nästa").click()
            dialog.get_by_role("button", name="Tillbaka").click()
            expect(dialog.get_by_role("textbox", name="Antal")).to_have_value("7")
            dialog.get_by_role("button", name="Fortsätt").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Sök artikel")
            page.goto(f"{here}/bestallning/slutfor/leverans/")
            page.get_by_role("button", name="Skicka beställning").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")
            page.goto("about:blank")
    assert [line.quantity for line in Order.objects.get().lines.all()] == [7]
    assert asked.count(one.port) > 4 and asked.count(other.port) > 4
