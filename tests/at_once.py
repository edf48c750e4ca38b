"""People who do something at the same instant: real threads, a database connection each; and one
who clicks twice, through real HTTP."""

import http.client
import threading
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import SimpleCookie

from django.conf import settings
from django.contrib.messages import ERROR
from django.contrib.messages.storage.cookie import CookieStorage, MessageSerializer
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import close_old_connections, connection, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import resolve

from sesam.errors import DomainError

_OPENED = signing.get_cookie_signer(salt=CookieStorage.key_salt)


def at_once(*jobs: Callable) -> list:
    """Run the jobs in threads with a connection each, from the same instant; what each gave
    back or raised as DomainError, in order. Anything else is raised here."""
    gate = threading.Barrier(len(jobs))
    results: list = [None] * len(jobs)

    def run(index: int, job: Callable) -> None:
        try:
            close_old_connections()
            gate.wait(timeout=20)
            results[index] = job()
        except BaseException as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, job)) for i, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, DomainError):
            raise result
    return results


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    text: str
    cookies: str  # that it sets; a message to the user lies in one


class Twice:
    """A signed-in browser that sends the same POST twice at the same instant.

    Two connections to the live server send the request all but its last byte, so that the
    server's two threads stand at the form's end, and then that byte, one right after the other.
    """

    def __init__(self, live_server, client: Client) -> None:
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        csrf = "c" * 32
        self.token = {"csrfmiddlewaretoken": csrf}
        self.cookies = (
            f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={csrf}"
        )
        host = urllib.parse.urlsplit(live_server.url).netloc
        self.connections = [http.client.HTTPConnection(host, timeout=60) for _ in range(2)]

    def close(self) -> None:
        for each in self.connections:
            each.close()

    def post(self, url: str, data: dict) -> list[Answer]:
        """What the two were answered."""
        return self.post_both((url, data), (url, data))

    def post_both(self, *forms: tuple[str, dict]) -> list[Answer]:
        """Two forms at the same instant, in two tabs of the browser."""
        bodies = [_body(data | self.token) for _, data in forms]
        for each, (url, data), body in zip(self.connections, forms, bodies, strict=True):
            each.putrequest("POST", url)
            each.putheader("Cookie", self.cookies)
            each.putheader("Content-Type", _kind(data))
            each.putheader("Content-Length", str(len(body)))
            each.endheaders(body[:-1])
        for each, body in zip(self.connections, bodies, strict=True):
            each.send(body[-1:])
        return [self._answer(each.getresponse()) for each in self.connections]

    @staticmethod
    def _answer(response: http.client.HTTPResponse) -> Answer:
        text = response.read().decode()
        assert response.status < 500, text[-2000:]
        cookies = "; ".join(response.headers.get_all("Set-Cookie") or [])
        return Answer(response.status, response.headers.get("Location", ""), text, cookies)


def _body(data: dict) -> bytes:
    if _kind(data) == MULTIPART_CONTENT:
        for file in data.values():
            if isinstance(file, UploadedFile):
                file.seek(0)
        return encode_multipart(BOUNDARY, data)
    return urllib.parse.urlencode(data, doseq=True).encode()


def _kind(data: dict) -> str:
    with_file = any(isinstance(value, UploadedFile) for value in data.values())
    return MULTIPART_CONTENT if with_file else "application/x-www-form-urlencoded"


def at(name: str, url: str) -> str:
    """``url``, which is of the address ``name``: of a dialog, whose tests get it from a page."""
    assert resolve(urllib.parse.urlsplit(url).path).view_name == name
    return url


def told(answer: Answer) -> list[str]:
    """What the next page says, faults first with «!»."""
    found = SimpleCookie(answer.cookies).get("messages")
    said = _OPENED.unsign_object(found.value, serializer=MessageSerializer) if found else []
    return sorted(f"{'!' if x.level >= ERROR else ''}{x.message}" for x in said)


def both(browser: Twice, url: str, body: dict) -> list[str]:
    """Send it twice: both lead on to the same page, and say the same, which is no fault."""
    answers = browser.post(url, body)
    assert [x.status for x in answers] == [302, 302], answers
    assert answers[0].location == answers[1].location, answers
    words = [told(x) for x in answers]
    assert words[0] == words[1] and not any(x.startswith("!") for x in words[0]), words
    return words[0]


def while_others_write(
    write: Callable, job: Callable, *, before_commit: Callable = lambda: None
) -> object:
    """``job`` runs while ``write`` is done and not yet committed, and goes on when it is;
    ``before_commit`` is done when the job waits."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            write()
            running = pool.submit(_with_own_connection, job)
            until = time.monotonic() + 60
            while not running.done() and not _somebody_waits() and time.monotonic() < until:
                time.sleep(0.02)
            before_commit()
        return running.result(timeout=60)


def _with_own_connection(job: Callable) -> object:
    try:
        return job()
    finally:
        connection.close()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
