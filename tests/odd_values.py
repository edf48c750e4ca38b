"""Values that nobody means: what a script, a broken link or a tired hand may send to any address.

``Visitor`` walks what its user can reach, keeps every address and every form it met, and then
sends them with something odd in them. The same seed sends the same.
"""

from __future__ import annotations

import random
import uuid
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from organisation.models import User

HUGE = "A" * 1_000_000
LONG = "x" * 5_000
ODD = [
    "", " ", "\0", "a\0b", "%00", "0", "-1", "1.5", "1e309", "NaN", "9" * 40, "9" * 5_000, str(2**31), str(2**63),
    "-9223372036854775809", "0x10", "½", "１２", "å", "💥", "\u202e", "\ufeff1", "<script>1</script>",
    "'; DROP TABLE x; --", '"', "\\", "%", "_", "..", "../../etc/passwd", "\r\nX: y", "{{ 7 }}",
    "None", "null", "true", "[]", "{}", "2026-02-30", "0000-00-00", "9999-12-31", "29/2", "=1+1", LONG,
]  # fmt: skip
# Parameters that some page reads; each is tried on all of them.
PARAMETERS = (
    "q", "p", "o", "e", "all", "sida", "sortera", "panel", "panelflik", "flik", "lager", "typ",
    "redigera", "steg", "komponent", "next", "individ", "valda", "status", "lage", "tjanststalle",
    "visa", "till", "konto", "saldo", "iso_class", "id__exact", "app_label", "model_name",
    "sok", "artikel", "bara", "gren", "leverantor", "i_lager", "favoriter", "sittbredd", "brukarvikt",
    "kommun", "field_name", "_popup", "_to_field", "_changelist_filters",
    "vidare", "skrivet", "fran", "skal", "mottagare", "sokt", "anvandare",
)  # fmt: skip
LEFT_OUT = ("/static/", "/logga-ut/", "/admin/logout/", "/admin/jsi18n/", "/delar/")
MOST_PAGES = 150


@dataclass
class Form:
    """A form as a page shows it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def kind(self) -> tuple:
        return (kind(self.action), self.method, tuple(sorted({n for n, _ in self.fields})))


class Parsed(HTMLParser):
    """The links and forms of a page; a field may name a form that stands elsewhere."""

    def __init__(self, content: str, url: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._loose: list[tuple[str, dict[str, str]]] = []
        self._open: Form | None = None
        self.feed(content)
        for form_id, given in self._loose:
            if form_id in self._by_id:
                self._put(self._by_id[form_id], given)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(urljoin(self.url, given["href"]))
        elif tag == "form":
            action = urljoin(self.url, given.get("action") or self.url)
            self._open = Form(action, given.get("method", "get").lower())
            self.forms.append(self._open)
            if "id" in given:
                self._by_id[given["id"]] = self._open
        elif tag in ("input", "select", "textarea", "button") and given.get("name"):
            if "formaction" in given and self._open is not None:
                self.forms.append(Form(urljoin(self.url, given["formaction"]), "post"))
            if "form" in given:
                self._loose.append((given["form"], given))
            elif self._open is not None:
                self._put(self._open, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _put(form: Form, given: dict[str, str]) -> None:
        if given["name"] == "csrfmiddlewaretoken":
            return
        if given.get("type") == "file":
            form.files.append(given["name"])
        else:
            form.fields.append((given["name"], given.get("value", "")))


@cache
def kind(url: str) -> tuple | None:
    """What makes two addresses the same for this walk; None for what isn't the portal's."""
    parts = urlsplit(url)
    if parts.scheme not in ("", "http") or parts.path.startswith(LEFT_OUT):
        return None
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        return None
    telling = frozenset(
        (k, v if k in ("flik", "redigera") else "") for k, v in parse_qsl(parts.query)
    )
    return (name, frozenset() if name.startswith("admin:") else telling)


class Visitor:
    """Somebody signed in, who sends what nobody means."""

    def __init__(self, user: User, seed: str) -> None:
        self.user = user
        self.random = random.Random(f"{seed}-{user.username}")
        self.client = Client(raise_request_exception=False)
        self.client.force_login(user)
        self.pages: list[str] = []
        self.forms: list[Form] = []
        self.sent = 0

    def look_around(self, *first: str) -> None:
        """Follow every link of a new kind, and keep the forms."""
        waiting = deque(first)
        seen: set = {kind(url) for url in first}
        while waiting and len(self.pages) < MOST_PAGES:
            for link in self._visit(waiting.popleft()):
                if (what := kind(link)) is not None and what not in seen:
                    seen.add(what)
                    waiting.append(
                        urlsplit(link)._replace(scheme="", netloc="", fragment="").geturl()
                    )

    def keep(self, url: str, *, posted: bool) -> None:
        """An address that perhaps no link leads to; ``posted``: only POST is answered."""
        self.forms.append(Form(url, "post"))
        if posted:
            self.pages.append(url)
        else:
            self._visit(url)

    def _visit(self, url: str) -> list[str]:
        """Keep the address and its new forms; the links of the page."""
        response = self.client.get(url, follow=True)
        self.pages.append(url)
        if "html" not in response.headers.get("Content-Type", ""):
            return []
        here = response.request["PATH_INFO"]
        if response.request["QUERY_STRING"]:
            here += "?" + response.request["QUERY_STRING"]
        parsed = Parsed(response.content.decode(), here)
        known = {form.kind for form in self.forms}
        for form in parsed.forms:
            if form.kind[0] is not None and form.kind not in known:
                known.add(form.kind)
                self.forms.append(form)
        return parsed.links

    def send_odd(self) -> tuple[str, HttpResponse]:
        """One request with something odd in it, and its answer. What fails leaves no trace."""
        self.sent += 1
        way = self.random.random()
        if way < 0.35 or not self.forms:
            told, ask = self._odd_path()
        elif way < 0.45:
            told, ask = self._odd_query()
        else:
            told, ask = self._odd_form()
        point = transaction.savepoint()
        response = ask()
        if response.status_code >= 500:
            transaction.savepoint_rollback(point)
        else:
            transaction.savepoint_commit(point)
        if not self.client.session.get("_auth_user_id"):
            User.objects.filter(pk=self.user.pk).update(is_active=True)
            self.client.force_login(self.user)
        return told, response

    def value(self) -> str:
        """Something odd: a value nobody means, somebody else's id, or a thing of another kind."""
        kinds = [
            lambda: self.random.choice(ODD),
            lambda: str(self.random.randint(1, 5000)),
            lambda: str(uuid.UUID(int=self.random.getrandbits(128))),
            lambda: self.random.choice(self.pages).strip("/").split("/")[-1][:60],
        ]
        return self.random.choice(kinds)()

    def _odd_path(self):
        url = urlsplit(self.random.choice(self.pages))
        parts = url.path.split("/")
        places = [i for i, part in enumerate(parts) if part]
        if places:
            parts[self.random.choice(places)] = quote(self.value(), safe="")
        path = "/".join(parts)
        method = self.random.choice(("get", "get", "post"))
        return f"{method} {path[:200]}", lambda: getattr(self.client, method)(path)

    def _odd_query(self):
        url = urlsplit(self.random.choice(self.pages))
        query = parse_qsl(url.query, keep_blank_values=True)
        names = [*PARAMETERS, *(name for name, _ in query)]
        # A page reads few of them, so that many at once are as good as one after the other.
        for _ in range(self.random.randint(4, 12)):
            query.append((self.random.choice(names), self.value()))
        path = f"{url.path}?{urlencode(query)}"
        headers = {"HX-Request": "true"} if self.random.random() < 0.2 else {}
        return f"get {path[:600]}", lambda: self.client.get(path, headers=headers)

    def _odd_form(self):
        form = self.random.choice(self.forms)
        data: dict[str, list] = {}
        for name, value in form.fields:
            if self.random.random() < 0.9:
                data.setdefault(name, []).append(value)
        names = list(data) or ["action"]
        # One alone comes furthest into the service; of several each is cleaned by its field.
        several = self.random.random() < 0.5
        for _ in range(self.random.randint(2, 8) if several else 1):
            name = self.random.choice(names)
            huge = form.method == "post" and self.random.random() < 0.01
            odd = HUGE if huge else self.value()
            way = self.random.random()
            if way < 0.7:
                data[name] = [odd]
            elif way < 0.85:
                data.setdefault(name, []).extend([odd, self.value()])
            else:
                data[f"{name}{self.random.randint(0, 9)}"] = [odd]
        told = f"{form.method} {form.action[:120]} {str({n: str(v)[:60] for n, v in data.items()})[:600]}"
        if form.method != "post":
            path = f"{urlsplit(form.action).path}?{urlencode(data, doseq=True)}"
            return told, lambda: self.client.get(path)
        for name in form.files:
            if self.random.random() < 0.5:
                odd_name = self.random.choice(["a.pdf", "a.exe", "åäö.docx", "x" * 300 + ".png"])
                content = self.random.choice([b"", b"%PDF-1.4\n%%EOF", b"MZ\0\0", b"\xff" * 5000])
                data[name] = [SimpleUploadedFile(odd_name, content)]
        return told, lambda: self.client.post(form.action, data)
