"""Pictures, not part of the test run, by ``make screenshots``: the README's, and of every page,
1280 and 390 px wide, into ``.local/pictures/`` (``ARGS="-k test_every_page"``)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as conf
from playwright.sync_api import Browser, Error, Page

from organisation.models import User
from portal import demo
from recipients.models import Recipient
from tests.browser import test_accessibility as walked

FOLDER = Path(__file__).parent / "screenshots"
EVERY = Path(conf.BASE_DIR) / ".local" / "pictures"
WIDTHS = (1280, 390)

world = walked.world
pytestmark = pytest.mark.django_db(transaction=True)


def test_pictures(page: Page, live_server, settings) -> None:
    settings.DEMO = True
    demo.load()
    user = User.objects.get(username="forskrivare")
    walked.sign_in(page.context, live_server, settings, user)
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


def test_every_page(world, browser: Browser, browser_context_args, live_server, settings) -> None:
    """One picture of each kind of page that a link leads to, by role and width."""
    ours = ["/", "/artiklar/?q=rullstol", *world.values()]
    for username in ("forskrivare", "khs", "buffertansvarig", "controller", "loggranskare"):
        page = walked.signed_in(browser, live_server, settings, username, browser_context_args)
        starts = walked.khs_pages() if username == "khs" else ours
        folder = EVERY / username
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, path) in enumerate(_pages(page, live_server.url, starts)):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(live_server.url + path)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{number:02}-{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.context.close()


def _pages(page: Page, base: str, waiting: list[str]) -> Iterator[tuple[str, str]]:
    """Each kind of page once, with its name; links are followed as the walk with axe does."""
    seen: set[tuple] = set()
    queue = list(waiting)
    while queue:
        path = queue.pop(0)
        about = walked.kind(path)
        if about is None or about in seen:
            continue
        seen.add(about)
        try:
            answer = page.goto(base + path)
        except Error:  # a download
            continue
        if answer is None or "text/html" not in (answer.header_value("content-type") or ""):
            continue
        hrefs = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        queue += [h.removeprefix(base).split("#")[0] for h in hrefs if h.startswith(base)]
        yield about[0].replace(":", "-"), path
