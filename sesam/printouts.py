"""Documents that a job makes: ordered, waited for on a page, fetched by the one who asked.

A view orders one by ``order(store_report, owner=…, …)`` and sends the user to ``url_of`` it. The
job writes it::

    @jobs.task(name="articles.store_report", called="lagersaldorapport")
    def store_report(printout_id: int, store_id: int) -> None:
        with printouts.making(printout_id) as work:
            work.progress(20)
            work.save(pdf)
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from . import attachments, awaited, jobs
from .limits import gives_file
from .models import Printout

KEPT = dt.timedelta(days=1)
FAILED = "Dokumentet kunde inte skapas. Försök igen, eller kontakta systemförvaltaren på KHS."


def order(
    job: Any, *, owner: Any, title: str, name: str, back_url: str, **arguments: Any
) -> Printout:
    """Order a document from ``job``. One that the owner already waits for is not made twice."""
    with transaction.atomic():
        # Two clicks at once: the second waits here, and finds what the first ordered.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        since = timezone.now() - awaited.LOST
        waited_for = Printout.objects.filter(
            owner=owner, name=name, done_at=None, error="", touched_at__gt=since
        ).first()
        if waited_for is not None:
            return waited_for
        made = Printout.objects.create(owner=owner, title=title, name=name, back_url=back_url)
        job.defer(printout_id=made.pk, **arguments)
    return made


def url_of(printout: Printout) -> str:
    """The page where it is waited for."""
    return reverse("printout", args=[printout.key])


def earlier(owner: Any, back_url: str) -> QuerySet[Printout]:
    """What the owner has ordered from there and can still be fetched, or is waited for."""
    return Printout.objects.filter(
        owner=owner.pk, back_url=back_url, error="", created_at__gt=timezone.now() - KEPT
    )


class Work(awaited.Work[Printout]):
    """What a job does with the printout that it makes."""

    @property
    def printout(self) -> Printout:
        return self.record

    def save(self, content: bytes) -> None:
        """The finished file."""
        self.save_file(ContentFile(content))

    def save_file(self, file: File[bytes]) -> None:
        """The same of one that is too large to be held at once."""
        with transaction.atomic():
            self.printout.file.save("", file, save=False)
            self.finish("file")

    @contextmanager
    def pages(self, first: int, last: int, *, expected: int) -> Iterator[None]:
        """Progress from ``first`` to ``last`` per cent while WeasyPrint lays out its pages."""
        watch = _PageWatch(self, first, last, max(1, expected))
        logger = logging.getLogger("weasyprint.progress")
        before = logger.level, logger.propagate
        logger.addHandler(watch)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(watch)
            logger.setLevel(before[0])
            logger.propagate = before[1]


class _PageWatch(logging.Handler):
    """WeasyPrint says in its progress log which page it lays out."""

    def __init__(self, work: Work, first: int, last: int, expected: int) -> None:
        super().__init__(logging.INFO)
        self.work, self.first, self.last, self.expected = work, first, last, expected
        self.thread = threading.get_ident()  # other jobs' pages are theirs

    def emit(self, record: logging.LogRecord) -> None:
        if threading.get_ident() != self.thread or "layout" not in str(record.msg):
            return
        page = record.args[0] if isinstance(record.args, tuple) and record.args else 0
        share = min(1.0, int(str(page)) / self.expected)
        self.work.progress(self.first + int((self.last - self.first) * share))


@contextmanager
def making(printout_id: int) -> Iterator[Work]:
    """The printout while its job works on it, for its owner; what goes wrong is told to them."""
    work = Work(Printout.objects.select_related("owner").get(pk=printout_id))
    with awaited.working(work, owner=work.printout.owner, failed=FAILED):
        yield work


@jobs.hourly
def remove_old() -> int:
    """Remove documents, with their files, a day after they were ordered."""
    old = Printout.objects.filter(created_at__lt=timezone.now() - KEPT)
    removed = 0
    for printout in old:
        storage, name = printout.file.storage, str(printout.file)
        printout.delete()
        if name:
            storage.delete(name)
        removed += 1
    return removed


def _signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The kernel knows no roles: whoever signed in may ask, and gets what is theirs."""

    @wraps(view)
    def checked(request: HttpRequest, key: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, key)
        htmx = getattr(request, "htmx", None)
        if not htmx:
            return redirect_to_login(request.path)
        here = htmx.current_url_abs_path or request.path
        return HttpResponseClientRedirect(redirect_to_login(here).url)

    return checked


def _of(request: HttpRequest, key: Any) -> Printout:
    """The user's own printout; another's is not found, nor is one that is too old."""
    found = Printout.objects.filter(
        key=key, owner=request.user.pk, created_at__gt=timezone.now() - KEPT
    ).first()
    if found is None:
        raise Http404("printout")
    return found


@_signed_in
@require_safe
def page(request: HttpRequest, key: Any) -> HttpResponse:
    """How far it has come, and the finished document. The page asks again by itself."""
    printout = _of(request, key)
    context = {
        "printout": printout,
        "error": printout.error or (FAILED if awaited.is_lost(printout) else ""),
        "waits": awaited.waits(printout),
    }
    return render(request, "sesam/printout.html", context)


@_signed_in
@require_safe
@gives_file
def download(request: HttpRequest, key: Any) -> HttpResponseBase:
    """The document, to its owner alone."""
    printout = _of(request, key)
    if printout.done_at is None:
        raise Http404("printout isn't ready")
    content = attachments.opened(printout.file)
    response = FileResponse(content, as_attachment=True, filename=printout.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response
