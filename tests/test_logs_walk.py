"""All addresses, asked and sent with somebody's number in every place: no log tells of anybody, and no
address, title or file name has a number."""

import logging
import re
from html import unescape
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from organisation.permissions import KHS
from recipients.models import Recipient
from tests.sesam.test_error_reports import Kept
from tests.test_access_log import address, at_work, role_for
from tests.test_permissions import (
    case,  # noqa: F401  a fixture
    papers_not_drawn,  # noqa: F401  a fixture
    user_of,
    walked_case,  # noqa: F401  a fixture
)
from tests.url_table import ADMIN, ADMIN_PREFIX, URLS
from tests.walking import Walk, another_window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("papers_not_drawn")]
MARK = "Zetterqvist"


def secrets() -> list[str]:
    """Whatever of a person a log must not say."""
    found = {MARK}
    for person in Recipient.objects.all():
        number = person.number
        found |= {number, person.written_number, person.street, person.mobile, person.email}
        if person.is_person:
            found |= {number[2:], f"{number[2:8]}-{number[8:]}", person.family_name}
    return [secret for secret in found if len(secret) > 4]


@pytest.fixture
def log():
    kept, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


def test_no_log_of_any_address_tells_of_anybody(walked_case, log):  # noqa: F811
    person = walked_case["order"].recipient
    walk = Walk()
    known = {role: at_work(walked_case, role) for role in {role_for(row) for row in URLS.values()}}
    typed = {
        "nummer": person.written_number, "q": person.number, "phone": MARK, "version": MARK,
        "text": f"{MARK} {person.number}", "reason": MARK, "username": person.number, "next": MARK,
        person.number: MARK,
    }  # fmt: skip
    headers = {"referer": f"http://testserver/mottagare/?q={person.number}", "user-agent": MARK}
    for name, row in sorted(URLS.items()):
        if name == "sign_out":
            continue
        with walk.at(name):
            first, user = known[role_for(row)]
            client = another_window(first)
            url = address(name, walked_case, client, user)
            log.said.clear()
            answers = [
                client.get(url, headers=headers),
                client.get(url, {"q": MARK}, headers=headers),
                client.get(url, {"q": person.written_number}, headers=headers),
                client.post(url, typed, headers=headers),
            ]
            client.get(f"{url}{person.written_number}/", headers=headers)  # none that there is
            assert told(log) == []
            for answer in answers:
                assert numbered(answer) == []
    walk.end()


@pytest.mark.parametrize("whose", ["khs", "system"])
def test_nor_of_any_list_of_the_back_office(walked_case, log, whose):  # noqa: F811
    person = walked_case["order"].recipient
    client, walk = Client(), Walk()
    client.force_login(user_of(KHS if whose == "khs" else "superuser"))
    for name in sorted(ADMIN):
        for page in ("changelist", "add"):
            try:
                url = reverse(f"{ADMIN_PREFIX}{name}_{page}")
            except Exception:
                continue
            with walk.at(f"{name} {page}"):
                log.said.clear()
                typed = {"_fraga": "1", "q": person.number, "nummer": person.number}
                answers = [
                    client.get(url),
                    client.get(url, {"q": MARK, "id": MARK}),
                    client.get(url, {"q": person.written_number}),
                    client.post(url, typed),
                    client.post(url, typed | {"_fraga": ""}),
                ]
                client.get(f"{url}{person.number}/change/")
                assert told(log) == []
                for answer in answers:
                    assert numbered(answer) == []
    walk.end()


# Where a browser, a proxy or somebody's desktop keeps what an answer says.
_KEPT = re.compile(
    r"""(?:href|action|src|formaction|hx-(?:get|post|push-url)|data-[a-z-]*url)="([^"]*)\"|<title>(.*?)</title>""",
    re.S,
)
_HEADERS = (
    "Location",
    "HX-Redirect",
    "HX-Location",
    "HX-Push-Url",
    "Content-Disposition",
    "Refresh",
)


def numbered(answer) -> list[str]:
    """What of an answer has somebody's number and is kept outside of it."""
    kept = [answer.headers.get(name, "") for name in _HEADERS]
    kept += [cookie.OutputString() for cookie in answer.cookies.values()]
    if "html" in answer.headers.get("Content-Type", ""):
        text = answer.content.decode()
        kept += ["".join(found) for found in _KEPT.findall(text)]
    numbers = [n for n in secrets() if n[:6].isdigit()]
    plain = [unquote(unescape(each)) for each in kept]
    return [each for each in plain if any(number in each for number in numbers)]


def told(log: Kept) -> list[str]:
    said = "\n".join(log.said)
    return [secret for secret in secrets() if secret in said]
