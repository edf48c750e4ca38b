"""The README's pictures, made anew by ``make screenshots``: not part of the test run."""

from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page

from organisation.models import User
from portal import demo
from recipients.models import Recipient

FOLDER = Path(__file__).parent / "screenshots"


@pytest.mark.django_db(transaction=True)
def test_pictures(page: Page, live_server, settings) -> None:
    settings.DEMO = True
    demo.load()
    client = Client()
    client.force_login(User.objects.get(username="forskrivare"))
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    FOLDER.mkdir(exist_ok=True)
    key = Recipient.objects.get(number=demo.MANY_AIDS_PERSON).key
    for picture, path in [
        ("start", "/"),
        ("recipient", f"/mottagare/{key}/"),
        ("articles", "/artiklar/?q=cross+45"),
    ]:
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / f"{picture}.png")
