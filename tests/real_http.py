"""A browser's tab that speaks real HTTP with the test's server: each request has a thread and a
database connection of its own there."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.test import Client


@dataclass
class Answer:
    """What the server answered; ``location`` is where it leads on."""

    status: int
    location: str
    text: str


@dataclass
class Tab:
    """A tab of a signed-in user's browser; all tabs of ``signed_in(server, user)`` share the
    session. Redirects are not followed by themselves."""

    server: Any
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, data: dict[str, Any], **headers: str) -> Answer:
        token = self.cookies.get(settings.CSRF_COOKIE_NAME, "")
        body = urlencode({"csrfmiddlewaretoken": token, **data}, doseq=True)
        sort = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body, {**sort, **headers})

    def _ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        address = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Cookie": cookies, **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
            self.cookies[name] = value
        return Answer(response.status, response.headers.get("Location", ""), text)


def signed_in(server: Any, user: Any, tabs: int = 2) -> list[Tab]:
    """Tabs of one browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    csrf = "c" * 32
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: csrf}
    return [Tab(server, dict(cookies)) for _ in range(tabs)]
