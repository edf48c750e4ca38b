"""What people do in a served portal, page by page (tests.visitor): the demo's data, no script."""

from __future__ import annotations

import csv
import html
import re
import time
from urllib.parse import urlsplit

from tests.production import ROOT
from tests.visitor import Failed, Visitor

ARTICLE = "43027"  # sold in the demo, marked, in stock


def sign_in(visitor: Visitor, username: str, code: str) -> None:
    """With the one-time code that production asks for."""
    visitor.get("/logga-in/")
    visitor.submit(username=username, password="demo", code=code)


def order(visitor: Visitor, article: str = ARTICLE, *, attached: bytes = b"") -> tuple[str, str]:
    """Find a person, order an article, perhaps with a PDF, send. The order's number and the person's key."""
    recipient = begin_order(visitor)
    return send_order(visitor, article, attached=attached), recipient


def begin_order(visitor: Visitor) -> str:
    """Find a person who can be ordered for, and begin. The person's key."""
    with open(ROOT / "fixtures/demo-personal-numbers.csv") as file:
        numbers = [row["number"] for row in csv.DictReader(file)][:20]
    for number in numbers:  # some are deceased, some have no page
        visitor.get("/mottagare/")
        visitor.submit(nummer=number)
        if "/varfor/" in visitor.url:  # nobody's patient yet
            reason = re.search(r'name="skal" value="(\d+)"', visitor.page).group(1)
            visitor.submit(press="next", skal=reason)
        found = re.search(r"/bestallning/till/([0-9a-f-]{36})/", visitor.page)
        if found:
            visitor.get(found.group())
            if visitor.forward() and "/bestallning/till/" not in visitor.url:
                return found.group(1)
    raise Failed("no person to order for")


def send_order(visitor: Visitor, article: str = ARTICLE, *, attached: bytes = b"") -> str:
    """What has been begun: an article, and send. The order's number."""
    visitor.get(f"/bestallning/artikel/{article}/")
    visitor.submit(press="finish")
    if "/ersattning/" in visitor.url:  # too few on the shelf: one that comes later
        others = dict.fromkeys(re.findall(r'name="(antal_\d+)"', visitor.page), "0")
        visitor.submit(press="finish", backlog="1", confirmed="on", **others)
    visitor.get("/bestallning/slutfor/leverans/")
    if attached:
        visitor.submit(press="attach", files={"file": ("intyg.pdf", attached)})
    for _ in range(8):
        sent = re.search(r"/bestallningar/(\d+)/", visitor.url)
        if sent:
            return sent.group(1)
        if not visitor.forward():
            break
    raise Failed(f"the order was not sent; the last page was {urlsplit(visitor.url).path}")


def deliver(visitor: Visitor, number: str) -> None:
    """KHS hands out all of an order: the first pieces on the shelf, counted ones as they stand."""
    visitor.get(f"/bestallningar/{number}/leverera/")
    pieces = re.findall(r'type="checkbox" name="(individer-\d+)" value="(\d+)"', visitor.page)
    visitor.submit(having="levererat", **dict(reversed(pieces)))
    if "/leverera/" in visitor.url:
        raise Failed(f"order {number} was not delivered")


def loans(visitor: Visitor, recipient: str) -> list[str]:
    """The person's aids that can be sent back, the newest first."""
    visitor.get(f"/hamtordrar/ny/{recipient}/")
    if "/varfor/" in visitor.url:
        raise Failed("asked why")
    boxes = re.findall(r'<input[^>]* name="valda"[^>]*>', visitor.page)
    whole = [box for box in boxes if " disabled" not in box and "data-part-of" not in box]
    free = [re.search(r'value="(\d+)"', box).group(1) for box in whole]
    return sorted(free, key=int, reverse=True)


def order_pickup(visitor: Visitor, recipient: str, loan: str) -> str:
    """The aid centre is asked to fetch an aid. The pickup order's number."""
    visitor.get(f"/hamtordrar/ny/{recipient}/?valda={loan}")
    reason = re.search(r'type="radio" name="reason" value="(\d+)"', visitor.page).group(1)
    visitor.submit(press="next", reason=reason)
    for _ in range(4):
        sent = re.search(r"/hamtordrar/(\d+)/", visitor.url)
        if sent:
            return sent.group(1)
        if not visitor.forward():
            break
    raise Failed(f"the pickup order was not sent; the last page was {urlsplit(visitor.url).path}")


def receive(visitor: Visitor, number: str) -> None:
    """All of a pickup order comes to the aid centre, as good as it went."""
    visitor.get(f"/hamtordrar/{number}/ta-emot/")
    rows = set(re.findall(r'<select name="(skick-[^"]+)"', visitor.page))
    came = {name: visitor.options(name)[0] for name in rows}
    visitor.submit(having="mottaget", **came)
    if "/ta-emot/" in visitor.url:
        raise Failed(f"pickup order {number} was not received")


def give_back(visitor: Visitor, recipient: str, loan: str) -> None:
    """An aid goes back to the unit's own store, at once."""
    visitor.get(f"/returer/ny/{recipient}/?valda={loan}")
    said = re.search(r'name="bekrafta" value="([^"]*)"', visitor.page).group(1)
    visitor.submit(having="token", bekrafta=html.unescape(said))
    if not re.search(r"/returer/[0-9a-f-]{36}/", visitor.url):
        raise Failed("nothing was returned")


def question_a_row(visitor: Visitor) -> tuple[str, str, str]:
    """A controller questions the first row of the newest invoice that has one to question. The invoice's
    number, the row, and the address of the row on its page."""
    visitor.get("/fakturaspecifikationer/")
    found = re.findall(r'href="(/fakturaspecifikationer/([^/"?]+)/)', visitor.page)
    for page, number in dict.fromkeys(found):
        visitor.get(page)
        for row in dict.fromkeys(re.findall(r"[?&;]fraga=(\d+)", visitor.page)):
            visitor.get(f"{page}?fraga={row}")
            if f"/rader/{row}/ifragasatt/" in visitor.page:
                visitor.submit(reason="Hjälpmedlet är återlämnat.")
                return number, row, urlsplit(visitor.url).path + "?" + urlsplit(visitor.url).query
    raise Failed("no row of any invoice can be questioned")


def answer(visitor: Visitor, number: str, row: str) -> None:
    """KHS credits a questioned row."""
    visitor.get(f"/fakturaspecifikationer/{number}/?fraga={row}")
    visitor.submit(having="answer", answer="Ni har rätt.", kreditera="1")
    if "krediteras på en kreditfaktura" not in visitor.page:
        raise Failed(f"the row of invoice {number} was not credited")


def fetch_sheet(visitor: Visitor, number: str) -> bytes:
    """The invoice as Excel: ordered, waited for, fetched."""
    visitor.get(f"/fakturaspecifikationer/{number}/")
    visitor.submit(to=f"/fakturaspecifikationer/{number}/excel/")
    waits = visitor.url
    for _ in range(120):
        file = re.search(r'href="(/utskrifter/[0-9a-f-]{36}/fil/)"', visitor.page)
        if file:
            return visitor.fetch(file.group(1))
        time.sleep(0.5)
        visitor.get(waits)
    raise Failed("the sheet was not ready within a minute")
