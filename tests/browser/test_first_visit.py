"""What a first visit costs: how much is fetched, and whether the page moves while it comes."""

import functools
import gzip
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import Browser, Page, Request, Route

from articles.pictograms import pictogram_html
from organisation.models import User
from sesam.templatetags import sesam as tags
from tests.browser.test_accessibility import sign_in, world

__all__ = ["world"]
pytestmark = pytest.mark.django_db(transaction=True)

KB = 1000
MOST = {"requests": 8, "raw": 210 * KB, "compressed": 75 * KB, "sheets": 60 * KB}
MOVED_AT_MOST = 0.05
WATCH = """
window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => { window.moved += e.value; }))
  .observe({type: "layout-shift", buffered: true});
"""
PATHS = [
    *("/", "/mottagare/", "/artiklar/?q=rullstol", "/artiklar/43027/", "/sortiment/12/"),
    *("/individer/", "/lager/", "/bestallning/", "/bestallning/slutfor/"),
    *("/bestallning/slutfor/leverans/", "/finns-inte/"),
]


# KHS's: the day, queues, registers, and what is done with a case.
KHS_PATHS = [
    *("/admin/", "/admin/orders/order/?lage=klar", "/admin/pickups/pickuporder/"),
    *("/admin/recipients/recipient/", "/admin/articles/article/", "/admin/articles/balance/"),
    *("/admin/articles/stockmovement/", "/admin/individuals/individual/"),
]
FORMS = ["/admin/individuals/blockreason/add/", "/admin/articles/article/add/"]


@pytest.fixture
def collected(settings, tmp_path) -> Iterator[Path]:
    """Sheets, scripts and icons as production serves them."""

    def forget_addresses() -> None:
        for kept in (tags._address, tags.icon_html, tags._status_html, pictogram_html):
            kept.cache_clear()
        cache.clear()  # the bar's menu, with its icons, for a minute

    settings.STATIC_ROOT = str(tmp_path)
    slim = {"BACKEND": "sesam.static_files.SlimFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": slim}
    # Nobody fetches what is compressed (see weight), which takes all of the time.
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["css", "js", "map", "svg"]
    call_command("collectstatic", interactive=False, verbosity=0)
    forget_addresses()
    yield tmp_path
    forget_addresses()


def cold(
    browser: Browser,
    arguments: dict,
    live_server,
    settings,
    collected: Path,
    *,
    width: int,
    username: str,
) -> Page:
    """A browser that has fetched nothing yet."""
    screen = {"width": width, "height": 800}
    context = browser.new_context(**{**arguments, "viewport": screen})
    sign_in(context, live_server, settings, User.objects.get(username=username))

    def serve(route: Route) -> None:  # the tests' server has them as they are written only
        route.fulfill(path=collected / urlsplit(route.request.url).path.removeprefix("/static/"))

    context.route("**/static/**", serve)
    return context.new_page()


def weight(fetched: list[Request]) -> tuple[dict[str, int], list[str]]:
    """As in production, where everything but a font is compressed (tests/sesam/test_compression).
    And what was fetched, for who is told that it is too much."""
    fetched = [r for r in fetched if not r.url.startswith("data:")]  # nothing is asked for these
    bodies = {r.url: r.response().body() for r in fetched}
    sums = {
        "requests": len(fetched),
        "raw": sum(map(len, bodies.values())),
        "compressed": sum(
            len(body) if url.endswith(".woff2") else compressed(body)
            for url, body in bodies.items()
        ),
        "sheets": sum(len(body) for url, body in bodies.items() if url.endswith(".css")),
    }
    return sums, [f"{r.method} {urlsplit(r.url).path}" for r in fetched]


@functools.cache
def compressed(body: bytes) -> int:
    return len(gzip.compress(body))


def moved(page: Page, url: str) -> float:
    """How far things moved (cumulative layout shift) when scripts, font and icons came late."""
    late: list[Route] = []
    came = False

    def hold(route: Route) -> None:
        route.fallback() if came else late.append(route)

    for kind in ("**/*.js", "**/*.woff2", "**/*.svg"):
        page.route(kind, hold)
    page.add_init_script(WATCH)
    page.goto(url, wait_until="commit")
    while not page.evaluate("performance.getEntriesByType('paint').length"):
        page.wait_for_timeout(20)
    came = True
    for route in late:
        route.fallback()
    page.wait_for_load_state()
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    page.wait_for_timeout(100)  # what scripts change at once, and what the observer tells after it
    return page.evaluate("window.moved")


def test_a_first_visit_is_light_and_nothing_moves(
    world, browser, browser_context_args, live_server, settings, collected
):
    wrong = []
    deeds = [world["project"], world["order"] + "leverera/"]
    history = world["many"] + "?flik=historik"
    visits = [("forskrivare", path) for path in (*PATHS, *world.values(), history)]
    visits += [("khs", path) for path in (*KHS_PATHS, *deeds, *FORMS)]

    def fresh(username: str, width: int) -> Page:
        arguments = (browser, browser_context_args, live_server, settings, collected)
        return cold(*arguments, width=width, username=username)

    for username, path in visits:
        pages = {width: fresh(username, width) for width in (1280, 390)}
        fetched: list[Request] = []
        pages[1280].on("requestfinished", lambda request, to=fetched: to.append(request))
        for width, page in pages.items():
            found = moved(page, live_server.url + path)
            if found > MOVED_AT_MOST:
                wrong.append(f"{username} {path} at {width} px: moved {found:.3f}")
        pages[1280].wait_for_load_state("networkidle")  # as it is by now
        sums, names = weight(fetched)
        for what, found in sums.items():
            if found > MOST[what]:
                wrong.append(f"{username} {path}: {what} {found}, at most {MOST[what]}: {names}")
        for page in pages.values():
            page.context.close()
    assert not wrong, "\n".join(wrong)
