"""A browser without script, over real HTTP: what a person would press on the pages of a served portal."""

from __future__ import annotations

import html.parser
import http.cookiejar
import re
import secrets
import urllib.error
import urllib.request
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

# What a person would press, the first that a page has.
FORWARD = ("send", "next", "finish")


class Failed(Exception):
    """What didn't hold."""


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each leads, what it would send, its buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict] = []
        self._named: dict[str, dict] = {}
        self._of_select: dict = {}
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            # What names the form may stand before it.
            empty: dict = {"fields": [], "buttons": []}
            form = self._named.setdefault(given["id"], empty) if "id" in given else empty
            form["action"] = given.get("action", "")
            form["post"] = given.get("method", "").lower() == "post"
            self.found.append(form)
        if "disabled" in given:
            return
        if tag != "form" and given.get("form"):
            form = self._named.setdefault(given["form"], {"fields": [], "buttons": []})
        elif self.found:
            form = self.found[-1]
        else:
            return
        name, value = given.get("name", ""), given.get("value", "")
        kind = given.get("type", "submit" if tag == "button" else "text")
        if tag == "button" and kind == "submit":
            form["buttons"].append((name, value))
        elif tag == "input" and name:
            if kind in ("radio", "checkbox"):
                if "checked" in given:
                    form["fields"].append((name, value or "on"))
            elif kind not in ("submit", "button", "file", "image"):
                form["fields"].append((name, value))
        elif tag == "select":
            self._select, self._of_select = name, form
        elif tag == "option" and self._select:
            form = self._of_select
            chosen = [field for field, _ in form["fields"]]
            if "selected" in given and self._select in chosen:
                form["fields"].remove(form["fields"][chosen.index(self._select)])
            if "selected" in given or self._select not in chosen:
                form["fields"].append((self._select, value))
        elif tag == "textarea" and name:
            self._text = name
            form["fields"].append((name, ""))

    def handle_data(self, data: str) -> None:
        if self._text:
            form = self.found[-1]
            form["fields"][-1] = (self._text, form["fields"][-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._text = ""


class Visitor:
    """A browser without script. ``handlers``: more of urllib's."""

    def __init__(self, port: int, *handlers: urllib.request.BaseHandler) -> None:
        self.jar = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self._opener = urllib.request.build_opener(cookies, *handlers)
        self.url = f"http://localhost:{port}/"
        self.page = ""

    def get(self, path: str) -> None:
        self._open(urllib.request.Request(urljoin(self.url, path)))

    def submit(
        self,
        *,
        press: str = "",
        having: str = "",
        to: str = "",
        files: dict[str, tuple[str, bytes]] | None = None,
        **typed: str,
    ) -> None:
        """Send the form that has the button, or the field, or leads to the address, or else has all
        that is typed; as it stands but for what is typed. ``files``: a name and a content for fields."""
        button = ("action", press)
        sought = {having} if having else set(typed)
        form = next(
            (
                form
                for form in Forms(self.page).found
                if (
                    button in form["buttons"]
                    if press
                    else form["action"] == to
                    if to
                    else sought <= set(dict(form["fields"]))
                )
            ),
            None,
        )
        if form is None:
            raise Failed(f"no form with {press or to or sought} on {urlsplit(self.url).path}")
        fields = [(name, typed.pop(name, value)) for name, value in form["fields"]]
        fields += [*typed.items(), *([button] if press else [])]
        url = urljoin(self.url, form["action"] or self.url)
        if files:
            self._open(_with_files(url, fields, files))
        elif form["post"]:
            self._open(urllib.request.Request(url, urlencode(fields).encode()))
        else:
            self.get(urlunsplit(urlsplit(url)._replace(query=urlencode(fields))))

    def options(self, name: str) -> list[str]:
        """What can be chosen in a list of the page, by its name."""
        found = re.search(rf'<select[^>]* name="{re.escape(name)}".*?</select>', self.page, re.S)
        if found is None:
            raise Failed(f"no list {name} on {urlsplit(self.url).path}")
        return [value for value in re.findall(r'<option value="([^"]*)"', found.group()) if value]

    def fetch(self, path: str) -> bytes:
        """A file that a page offers."""
        with self._opener.open(urljoin(self.url, path), timeout=60) as answer:
            return answer.read()

    def forward(self) -> bool:
        """Press what leads on; False when the page has no such button."""
        buttons = {button for form in Forms(self.page).found for button in form["buttons"]}
        for name in FORWARD:
            if ("action", name) in buttons:
                self.submit(press=name)
                return True
        return False

    def _open(self, request: urllib.request.Request) -> None:
        request.add_header("Referer", self.url)
        try:
            with self._opener.open(request, timeout=60) as answer:
                self.url, self.page = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            text = re.sub(r"<[^>]+>|\s+", " ", error.read().decode())
            raise Failed(f"{error.code} of {urlsplit(error.url).path}: {text[-3000:]}") from error


def _with_files(
    url: str, fields: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]
) -> urllib.request.Request:
    """The form as browsers send it where a file is chosen."""
    line = secrets.token_hex(16)
    body = b""
    for name, value in fields:
        if name not in files:
            head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            body += f"{head}{value}\r\n".encode()
    for name, (called, content) in files.items():
        head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n'
        body += f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"
    body += f"--{line}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={line}"}
    return urllib.request.Request(url, body, kind)
