"""PDFs: one base document, made by WeasyPrint, tagged (PDF/UA) and in Swedish.

An app's ``documents.py`` gathers the context, its template extends the base, its view logs and
answers:

    content = documents.pdf(
        "pickups/documents/order.html",
        {"pickup": pickup, "lines": lines},
        title=f"Hämtorder {pickup.case_number}",         # no name and no number of a person
        request_user=request.user,
        case_url=request.build_absolute_uri(page),       # only where there is a case: QR code
    )
    access_log.look(request, recipient.key, "Hämtorder", action=Action.DOWNLOAD)
    return documents.download(f"hamtorder-{pickup.case_number}.pdf", content)

The template (see ``templates/documents/base.html`` for its blocks and classes):

    {% extends "documents/base.html" %}
    {% block content %} … <table> … {% endblock %}

``personal=False`` for a paper that bears no personal data: it leaves the note about keeping it
safe out. ``show_unit=False`` leaves the printing user's unit out: the paper of a protected
person must not tell where they are. Nothing is fetched but files under ``static/``.
What is over some three pages (a row costs about 6 ms) belongs in a background job; ``pdf`` needs
no request, so a job can call it. A server that lacks Pango answers every document with a page
that says so (``Unavailable``); views need not think of it.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from .errors import DomainError

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

STATIC = Path(settings.BASE_DIR) / "static"
STYLE = STATIC / "documents" / "document.css"
log = logging.getLogger(__name__)
# Pango's font maps are no friends of threads, and Python would run them by turns anyway.
_one_at_a_time = threading.Lock()


class Unavailable(DomainError):
    """The server lacks the libraries that PDFs are made with."""


def pdf(
    template: str,
    context: dict[str, Any],
    *,
    title: str,
    request_user: Any,
    case_url: str | None = None,
    personal: bool = True,
    show_unit: bool = True,
) -> bytes:
    """The template as a PDF file. ``title`` is the file's title and the first heading."""
    unit = getattr(request_user, "default_unit", None) if show_unit else None
    html = render_to_string(
        template,
        {
            **context,
            "title": title,
            "aid_centre": settings.AID_CENTRE,
            "printed_at": timezone.now(),
            "printed_by": ", ".join(str(part) for part in (request_user, unit) if part),
            "qr": qr(case_url) if case_url else "",
            "personal": personal,
        },
    )
    return render(html)


def render(html: str, *, style: Path = STYLE) -> bytes:
    """A whole HTML document as tagged PDF, in the family's fonts and style, or in ``style``."""
    try:
        from weasyprint import HTML  # slow to import, and needs libraries of the system
    except OSError as missing:
        log.error("PDF needs Pango: %s", str(missing))  # the names of libraries
        raise Unavailable(
            "Servern kan inte skapa PDF just nu. Allt annat fungerar. Kontakta systemförvaltaren"
            " på KHS om det inte har löst sig om en stund."
        ) from missing

    with _one_at_a_time:
        fonts, sheet = _look(style)
        written: bytes = HTML(string=html, url_fetcher=_fetcher()).write_pdf(
            stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1"
        )
        return written


def download(name: str, content: bytes) -> HttpResponse:
    """The PDF as a download that nobody keeps a copy of. ``name`` holds no personal data."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


class UnavailablePage:
    """Middleware: the page instead of a document that can't be made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        if not isinstance(fault, Unavailable):
            return None
        if request.headers.get("HX-Request"):  # fetched beside a page, which tells it
            plain = "text/plain; charset=utf-8"
            return HttpResponse(fault.message, status=503, content_type=plain)
        return render_page(
            request, "documents/unavailable.html", {"fault": fault.message}, status=503
        )


@lru_cache(maxsize=4)
def _look(style: Path) -> tuple[FontConfiguration, CSS]:
    """Fonts and style sheet, read and parsed once a process.

    Anew for each file they'd take as long as a page of text, and leak 0.3 MB a time.
    """
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    atexit.register(_look.cache_clear)  # it then removes its folder of unpacked fonts
    return fonts, CSS(filename=str(style), font_config=fonts, url_fetcher=_fetcher())


@lru_cache(maxsize=1)
def _fetcher() -> Any:
    """Reads our own static files, and nothing else from anywhere."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class StaticOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            parts = urlsplit(url)
            path = Path(unquote(parts.path)).resolve()
            if parts.scheme != "file" or parts.netloc or not path.is_relative_to(STATIC):
                raise ValueError("a document may only use files under static/")
            return URLFetcherResponse(url, path.read_bytes())

    return StaticOnly()


def qr(url: str, title: str = "QR-kod till ärendets sida i portalen") -> SafeString:
    """A QR code as SVG; ``title`` is what a screen reader says instead."""
    import segno

    code = segno.make(url, error="m", micro=False)
    return mark_safe(code.svg_inline(scale=4, border=0, title=title, omitsize=True))
