"""Every page that can be reached, as a tool for accessibility and a narrow screen see it.

A walk from the start page follows every link, so that a page which somebody adds is tested without
being named here. Two addresses of the same view with the same kinds of parameters count as one, and
of a view with many parameters every two of them are seen together, not every selection.
"""

import re
from collections import deque
from collections.abc import Sequence
from functools import cache
from itertools import combinations_with_replacement, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from articles.models import Article
from orders import cart as carts
from orders import services
from orders.models import Order, OrderLine
from orders.stages import Stage
from organisation.models import Source, User, Warehouse
from organisation.permissions import LOGGRANSKARE
from portal import demo
from recipients.models import Recipient
from sesam import limits
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import start

pytestmark = pytest.mark.django_db(transaction=True)

AXE = (Path(__file__).parent.parent / "vendor/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The policy forbids styles in the page: none has spacing of its own.
NEVER = ["avoid-inline-spacing"]
# Two fifths of the time. They ask of each element by itself: of one that was looked at they say the same.
OF_ELEMENTS = ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]
STYLES = Path(__file__).parents[2] / "static"
NARROWEST, PHONE, WIDEST = 320, 390, 1440
# How far apart widths are looked at: where some style follows a list's width, and where none does.
STEP, LONG_STEP = 80, 240


def _widths() -> list[int]:
    """Where a style of the sheets begins a page is at its narrowest in that style; between, what
    follows the width of a list rather than the screen's."""
    sheets = "".join(sheet.read_text() for sheet in STYLES.glob("*.css"))
    media = " ".join(re.findall("@media([^{]*)", sheets))
    begins = {int(px) for px in re.findall(r"min-width: (\d+)", media)}
    begins |= {int(px) + 1 for px in re.findall(r"max-width: (\d+)", media)}
    found = begins | {*range(NARROWEST, WIDEST + 1, STEP)}
    return sorted(width for width in found if NARROWEST <= width <= WIDEST)


WIDTHS = _widths()

# Where a style that some element of the page has, or may come to have, begins; and whether there is
# one that follows a list's width.
BEGINS = r"""() => {
    const found = new Set();
    let follows = false;
    const state = /::?(before|after|placeholder|marker|hover|focus(-within|-visible)?|active)|\[[^\]]*\]/g;
    const matches = rule => {
        if (rule.selectorText === undefined) return [...rule.cssRules ?? []].some(matches);
        try { return document.querySelector(rule.selectorText.replace(state, "")) !== null; }
        catch { return true; }
    };
    const look = rules => [...rules].forEach(rule => {
        if (rule instanceof CSSMediaRule && [...rule.cssRules].some(matches))
            for (const [, side, px] of rule.conditionText.matchAll(/(min|max)-width: *([\d.]+)px/g))
                found.add(Math.floor(px) + (side === "max"));
        if (rule instanceof CSSContainerRule && [...rule.cssRules].some(matches)) follows = true;
        look(rule.cssRules ?? []);
    });
    [...document.styleSheets].forEach(sheet => look(sheet.cssRules));
    return [[...found], follows];
}"""


def widths_of(page: Page) -> list[int]:
    """Those of the sheets' widths at which this page changes, and between them some in which
    nothing but a list's styles may."""
    found, follows = page.evaluate(BEGINS)
    begins = {width for width in found if NARROWEST < width < WIDEST}
    widths = {PHONE, WIDEST}
    for begin, end in pairwise(sorted({NARROWEST, WIDEST, *begins})):
        steps = -(-(end - begin) // (STEP if follows else LONG_STEP))
        widths |= {begin + (end - begin) * step // steps for step in range(steps)}
    return sorted(widths)


# Parameters whose value decides what the page shows; of others only that they are there.
TELLING = {"flik", "komponent", "panelflik", "redigera", "typ"}
# Another address shows the same: sorted another way, another page of the list.
SAME = {"sortera", "sida", "lager"}
LEFT_OUT = ("/static/", "/logga-ut/", "/admin/logout/", "/admin/jsi18n/", "/delar/")


@cache
def kind(url: str) -> tuple[str, frozenset[tuple[str, str]]] | None:
    """The view and what it is asked for, as far as it makes two addresses different pages for this
    walk; None for what isn't one."""
    parts = urlsplit(url)
    if parts.path.startswith(LEFT_OUT):
        return None
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        return None
    if name.startswith("admin:"):
        return name, frozenset()
    query = parse_qsl(parts.query)
    asked = frozenset((k, v if k in TELLING else "") for k, v in query if k not in SAME)
    return name, asked


class Seen:
    """What the walk has seen: pages, and of each view which things asked for, two by two."""

    def __init__(self) -> None:
        self.pages: set[tuple[str, frozenset]] = set()
        self._together: set[tuple[str, tuple]] = set()
        self._parts: set[str] = set()

    def add(self, name: str, asked: frozenset[tuple[str, str]]) -> tuple[bool, bool]:
        """Whether it is a page that was not seen, and whether it is asked for as none was: else it
        differs only by what its lists were asked for from those that were seen."""
        page = name, frozenset(one for one in asked if one[0] in TELLING)
        found = combinations_with_replacement(sorted(asked), 2) if asked else [()]
        together = {(name, two) for two in found}
        is_new, says_more = page not in self.pages, together - self._together
        self.pages.add(page)
        self._together |= together
        return is_new, bool(says_more)

    def holds_new(self, parts: list[str]) -> bool:
        """Whether there is an element of a sort that no page held before."""
        new = set(parts) - self._parts
        self._parts |= new
        return bool(new)


# Where a page leads, and of which sorts its elements are: their own and their parents' tags and
# styles, and all that they have but a value.
LINKS_AND_PARTS = """() => {
    const sort = element => `${element.tagName}.${[...element.classList].sort().join(".")}`;
    const found = new Set();
    for (const element of document.querySelectorAll("body *")) {
        if (element.closest("svg svg, svg *")) continue;
        const has = element.getAttributeNames().filter(name => name !== "style").sort().join(" ");
        const told = ["role", "type", "scope", "aria-sort", "aria-current", "aria-expanded", "tabindex"]
            .map(name => element.getAttribute(name)).join(" ");
        found.add(`${sort(element.parentElement)} ${sort(element)} ${has} ${told}`);
    }
    return [[...document.querySelectorAll("a[href]")].map(a => a.href), [...found]];
}"""

# What lies under a register's foot or the list's head, which stay in sight, can be scrolled out from
# under it.
# A page that gives a field the focus scrolls there, smoothly, as it would scroll back: what passes
# under the bar meanwhile isn't too small to hit.
# Of a list's rows that are made alike, two are looked at: the others differ by their words.
RUN = """async ([tags, leftOut]) => {
    await new Promise(requestAnimationFrame);
    const alike = {};
    for (const row of document.querySelectorAll("tbody tr")) {
        const made = [row.closest("table"), row, ...row.querySelectorAll("*")].map(one =>
            `${one.tagName} ${one.getAttribute("class")} ${one.getAttributeNames()} ${one.disabled}`
            + ` ${one.textContent.trim() !== ""}`).join();
        alike[made] = (alike[made] ?? 0) + 1;
        if (alike[made] > 2) row.setAttribute("data-alike", "");
    }
    const context = {include: [document], exclude: [["[data-alike]"]]};
    scrollTo({top: 0, behavior: "instant"});
    const feet = [...document.querySelectorAll(".register-foot")];
    feet.forEach(foot => foot.style.position = "static");
    const rules = Object.fromEntries(leftOut.map(rule => [rule, {enabled: false}]));
    const found = await axe.run(context, {runOnly: tags, rules, resultTypes: ["violations"]});
    feet.forEach(foot => foot.style.position = "");
    document.querySelectorAll("[data-alike]").forEach(row => row.removeAttribute("data-alike"));
    return found;
}"""


def faults(page: Page, *, left_out: Sequence[str] = ()) -> list[str]:
    """What axe finds on the page as it stands."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(RUN, [RULES, [*NEVER, *left_out]])
    return [
        f"{fault['id']}: {node['target'][0]}: {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"][:3]
    ]


TALL_CARDS = """[...document.querySelectorAll(".list-table tbody tr")]
    .filter(row => row.offsetHeight > 96 && [...row.cells].every(cell => cell.offsetHeight <= 24))
    .slice(0, 3).map(row => `${row.offsetHeight} px: ${row.innerText}`)"""


def too_wide(page: Page, widths: Sequence[int] = ()) -> list[str]:
    """The widths of a screen (each at which the page may change, if none are named) at which the page
    scrolls sideways, and on a phone the cards of lists that are higher than 96 px though nothing in
    them wraps. Asked by the browser's own protocol, which is quicker than setting the window's size.
    What can't be seen isn't painted."""
    browser = page.context.new_cdp_session(page)

    def ask(what: str) -> Any:
        asked = {"expression": what, "returnByValue": True}
        return browser.send("Runtime.evaluate", asked)["result"]["value"]

    found = []
    page.evaluate("document.documentElement.style.opacity = 0")
    for width in widths or widths_of(page):
        screen = {"width": width, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        browser.send("Emulation.setDeviceMetricsOverride", screen)
        drawn = ask("document.documentElement.scrollWidth")
        if drawn > width:
            found.append(f"{drawn} px wide on a screen of {width}")
        if width == PHONE:
            found += [f"a card of {' '.join(card.split())}" for card in ask(TALL_CARDS)]
    page.evaluate("document.documentElement.style.opacity = ''")
    browser.detach()
    return found


@pytest.fixture
def world(settings) -> dict[str, str]:
    """The demo's data, an order in progress and a sent one. The addresses that no link names."""
    settings.DEMO = True
    demo.load()
    user = User.objects.get(username="forskrivare")
    many, long_name = (
        Recipient.objects.get(number=number)
        for number in (demo.MANY_AIDS_PERSON, demo.LONG_NAMED_PERSON)
    )
    protected = Recipient.objects.get(number=demo.PROTECTED_PERSON)
    khs = Warehouse.objects.get(number="100")

    def begin(recipient: Recipient):
        cart = carts.start(
            user, unit=user.default_unit, prescriber=user, recipient=recipient, replace=True
        )
        for number in ("43027", "46948"):
            article = Article.objects.get(number=number)
            carts.put(cart, carts.Wish(article, 1, Source.CENTRAL, khs))
        cart.contact_phone = "0480-12345"
        cart.save()
        return cart

    order = services.send(begin(many), user=user)
    begin(long_name)
    return {
        "order": f"/bestallningar/{order.case_number}/",
        "many": f"/mottagare/{many.key}/",
        "long": f"/mottagare/{long_name.key}/",
        "protected": f"/mottagare/{protected.key}/",
        # The walk takes one of each kind of page: told apart from the order without a project.
        "project": f"/bestallningar/{_asking().case_number}/?redigera=projekt",
    }


def _asking() -> Order:
    """The demo's hoist project whose offer waits for the prescriber."""
    return Order.objects.get(lines__stage=Stage.WAITING)


def signed_in(browser: Browser, live_server, settings, username: str, arguments: dict) -> Page:
    context = browser.new_context(**arguments)
    sign_in(context, live_server, settings, User.objects.get(username=username))
    return context.new_page()


def sign_in(context: BrowserContext, live_server, settings, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


OF_UNITS = ("forskrivare", "buffertansvarig", "controller")
OF_THE_CENTRE = ("khs", "admin", "loggranskare")


@pytest.mark.flaky(reruns=0)  # minutes, and nothing of chance in it
@pytest.mark.parametrize("roles", [OF_UNITS, OF_THE_CENTRE], ids=" ".join)
def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    world, browser, browser_context_args, live_server, settings, roles
):
    seen = Seen()
    wrong: list[str] = []
    ours = ["/", "/artiklar/?q=rullstol", "/artiklar/?q=finnsinte", *world.values()]
    starts = {
        "forskrivare": ours,
        "khs": khs_pages(),
        "admin": ["/admin/organisation/user/", "/admin/auth/group/"],
    }
    for username in roles:
        page = signed_in(browser, live_server, settings, username, browser_context_args)
        # The later ones look only at what the earlier ones haven't seen.
        wrong += walk(page, live_server.url, starts.get(username, ["/"]), seen)
        seen.pages.discard(("start", frozenset()))
        page.context.close()
    assert not wrong, "\n".join(wrong)
    assert len(seen.pages) >= 25


def khs_pages() -> list[str]:
    """The back office by the pages that not every order leads to, the home last of them."""
    line = OrderLine.objects.get(stage=Stage.AT_SUPPLIER)
    order = reverse("orders:detail", args=[line.order.case_number])
    return ["/", order, "/admin/"]


def walk(page: Page, base: str, waiting: list[str], seen: Seen) -> list[str]:
    """What is wrong on ``waiting`` and on all that their links lead to."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: script: {error}"))
    page.on(
        "console",
        lambda m: (
            wrong.append(f"{page.url}: console: {m.text} {m.location['url']}")
            if m.type == "error"
            else None
        ),
    )
    wide = page.viewport_size
    page.add_init_script(AXE)
    queue = deque(waiting)
    while queue:
        path = queue.popleft()
        about = kind(path)
        is_new, says_more = seen.add(*about) if about else (False, False)
        if not (is_new or says_more):
            continue
        try:
            answer = page.goto(base + path)
        except Error as download:
            assert "Download is starting" in str(download), (path, download)
            continue
        assert answer is not None, path
        if answer.status >= 400:
            wrong.append(f"{path}: a link leads there, and it answers {answer.status}")
            continue
        if "text/html" not in (answer.header_value("content-type") or ""):
            continue
        hrefs, parts = page.evaluate(LINKS_AND_PARTS)
        # Asked for otherwise, and made of what was looked at: all that it may lead to is seen. Of
        # another page that is made so, what it is as a whole is looked at.
        if seen.holds_new(parts):
            wrong += [f"{path}: {fault}" for fault in (*faults(page), *too_wide(page))]
        elif is_new:
            found = faults(page, left_out=OF_ELEMENTS) + too_wide(page, (NARROWEST, PHONE, WIDEST))
            wrong += [f"{path}: {fault}" for fault in found]
        page.set_viewport_size(wide)
        queue.extend(h.removeprefix(base).split("#")[0] for h in hrefs if h.startswith(base))
    return wrong


def test_a_field_error_is_accessible_too(page, live_server, settings):
    article = ArticleFactory()
    user = UserFactory()
    start(user)
    sign_in(page.context, live_server, settings, user)
    page.goto(live_server.url + "/mottagare/")
    page.locator("#innehall [name=nummer]").fill("19121212")
    page.locator("#innehall [name=nummer]").press("Enter")
    page.locator("[aria-invalid=true]").wait_for()
    assert faults(page) == []
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).first.click()
    page.get_by_role("textbox", name="Antal").fill("två")
    page.get_by_role("button", name="Fortsätt").click()
    page.locator("dialog [aria-invalid=true]").wait_for()
    assert faults(page) == []


def test_signing_in_and_the_pages_of_errors_are_accessible(page, live_server):
    for path in ("/logga-in/", "/finns-inte/"):
        page.goto(live_server.url + path)
        assert faults(page) == [], path


def test_the_page_of_too_many_files_is_accessible_and_leads_back(page, live_server, settings):
    settings.DOWNLOAD_LIMIT = 1
    user = UserFactory(roles=[LOGGRANSKARE], default_unit=None)
    sign_in(page.context, live_server, settings, user)
    limits.wait(f"download:{user.pk}", settings.DOWNLOAD_LIMIT)
    page.goto(f"{live_server.url}/logg/")
    page.goto(f"{live_server.url}/logg/excel/")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Du har hämtat många filer på kort tid"
    )
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert [*faults(page), *too_wide(page)] == []
    page.get_by_role("link", name="Till startsidan").press("Enter")
    expect(page).to_have_url(f"{live_server.url}/")


def test_the_ways_in_beside_a_password_and_a_refusal_are_accessible(page, live_server, settings):
    settings.OIDC_OP_ISSUER, settings.LOCAL_PASSWORDS = "https://idp.example.se", "break-glass"
    page.goto(f"{live_server.url}/logga-in/")
    assert [*faults(page), *too_wide(page)] == []
    page.get_by_text("Reservinloggning").click()
    expect(page.get_by_role("textbox", name="Engångskod")).to_be_visible()
    assert [*faults(page), *too_wide(page)] == []
    page.goto(f"{live_server.url}/logga-in/siths/svar/?code=x&state=y")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inloggningen gäller inte längre")
    assert [*faults(page), *too_wide(page)] == []


def test_of_rows_that_are_made_alike_two_are_looked_at_and_one_that_is_not(page):
    alike = '<tr><td><button aria-label="Ta bort">x</button></td></tr>'
    nameless = "<tr><td><button></button></td></tr>"
    page.set_content(
        '<html lang="sv"><title>Rader</title><main><h1>Rader</h1>'
        f"<table><tbody>{alike * 5}{nameless}{alike}</tbody></table></main></html>"
    )
    assert "button-name" in [fault.partition(":")[0] for fault in faults(page)]
    assert page.locator("[data-alike]").count() == 0
