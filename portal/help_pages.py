"""Help for every page: a text that comes with the portal, or the one that KHS wrote instead.

A text is a file in ``portal/help_texts/``: its title, the pages that it is about by the names of their
addresses (``*`` stands for any ending), and Markdown. The question mark of a page opens the text of
the page's name; which text that is, is looked up in the files alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt

from sesam import rich_text

from .icons import WORDS
from .models import HelpText

FOLDER = Path(__file__).parent / "help_texts"
#: For a page that has no name: not found, not allowed.
GENERAL = "hjalp"


@dataclass(frozen=True)
class Topic:
    """A text that comes with the portal."""

    name: str
    title: str
    pages: tuple[str, ...]
    html: str

    @property
    def url(self) -> str:
        return reverse("help", args=[self.name])

    @property
    def is_khs(self) -> bool:
        """Whether it is about pages of the back office alone."""
        return all(page.startswith("admin:") for page in self.pages)


@cache
def topics() -> dict[str, Topic]:
    """All of them by name, in order of their titles."""
    found = [_read(file) for file in FOLDER.glob("*.md")]
    return {topic.name: topic for topic in sorted(found, key=lambda topic: topic.title)}


def _read(file: Path) -> Topic:
    head, _, text = file.read_text(encoding="utf-8").partition("\n\n")
    facts = dict(re.findall(r"^(\w+): (.*)$", head, re.MULTILINE))
    html = MarkdownIt("commonmark", {"html": False}).render(text)
    html = html.replace('src="help/', f'src="{static("help/")}')
    return Topic(file.stem, facts["title"], tuple(facts["pages"].split()), html)


@cache
def topic_of(page: str) -> Topic | None:
    """The text about the page of that name: the one that names it most exactly."""
    named = [
        (len(pattern), topic)
        for topic in topics().values()
        for pattern in topic.pages
        if fnmatchcase(page, pattern)
    ]
    return max(named, key=lambda found: found[0])[1] if named else None


def url_of_page(request: HttpRequest, obj: object = None) -> str:
    """Where the question mark of this page leads."""
    match = getattr(request, "resolver_match", None)
    topic = topic_of(match.view_name) if match else None
    return _url(topic.name if topic else GENERAL)


@cache
def _url(name: str) -> str:
    return reverse("help", args=[name])


@require_GET
def help_text(request: HttpRequest, topic: str) -> HttpResponse:
    """A text: a page, or a part of one for the panel beside the page that was asked from. Open to
    everybody: whoever can't sign in needs it most."""
    known = topics().get(topic)
    if known is None:
        raise Http404("help")
    written = HelpText.objects.filter(topic=topic).exclude(body="").only("title", "body").first()
    context = {
        "topic": topic,
        "title": written.title if written else known.title,
        "html": rich_text.shown(written.body if written else known.html),
        "back_url": _asked_from(request),
    }
    part = request.headers.get("HX-Request") == "true"
    response = render(request, "portal/_help.html" if part else "portal/help.html", context)
    patch_vary_headers(response, ["HX-Request"])  # a browser that goes back shows the page
    return response


def _asked_from(request: HttpRequest) -> str:
    wanted = request.GET.get("fran", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours and wanted.startswith("/") else ""


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All texts by their titles."""
    titles = dict(HelpText.objects.exclude(body="").values_list("topic", "title"))
    all_of_them = [(topic, titles.get(topic.name, topic.title)) for topic in topics().values()]
    context = {
        "portal": [found for found in all_of_them if not found[0].is_khs],
        "khs": [found for found in all_of_them if found[0].is_khs]
        if getattr(request.user, "is_staff", False)
        else [],
    }
    return render(request, "portal/help_index.html", context)


@require_GET
def icons(request: HttpRequest) -> HttpResponse:
    """Every icon with its word."""
    pictograms = [(name, word) for name, word in WORDS.items() if name.startswith("aid-")]
    others = [(name, word) for name, word in WORDS.items() if not name.startswith("aid-")]
    return render(request, "portal/icons.html", {"icons": others, "pictograms": pictograms})
