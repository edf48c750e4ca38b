"""Rich text that KHS writes: an editor in the browser, and only what is allowed comes in.

The editor is django-prose-editor's (Tiptap), started by ``static/rich_text.js`` of our own: its
import map and its style element would need exceptions from the Content Security Policy. Without a
script the field is a text area with HTML. Whatever comes in is cleaned by ``nh3``: no scripts, no
styles, no pictures but the portal's own (data in an address may be of any size).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import nh3
from django import forms
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

MOST = 50_000  # characters of a text, with its tags
TAGS = {"p", "br", "h2", "h3", "ul", "ol", "li", "strong", "em", "a", "blockquote", "img"}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}}
#: The portal's own pictures, by their names in ``static/help/``: kept without the checksum that a
#: collected file's address has, which is another one when the picture is.
PICTURES = re.compile(r"([a-z0-9-]+)(?:\.[0-9a-f]{12})?(\.(?:png|webp|svg))")
_SAME = {"b": "strong", "i": "em", "h1": "h2", "h4": "h3", "h5": "h3", "h6": "h3", "div": "p"}
_WITHOUT_SOURCE = re.compile(r'<img(?![^>]*\ssrc=")[^>]*>')
_EMPTY = re.compile(r"<(p|h2|h3|li|blockquote)>\s*(?:<br>)?\s*</\1>")


@dataclass(frozen=True)
class Cleaned:
    """A text as it may be kept; ``lost``: something that it held isn't allowed and is gone."""

    html: str
    lost: bool


def cleaned(typed: str) -> Cleaned:
    """``typed`` with what is allowed in it."""
    text = typed.replace("\0", "")
    for old, new in _SAME.items():
        text = re.sub(rf"<(/?){old}(?=[\s>])", rf"<\1{new}", text, flags=re.IGNORECASE)
    html = nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    html = _EMPTY.sub("", _WITHOUT_SOURCE.sub("", html)).strip()
    fewer = any(len(part.findall(text)) > len(part.findall(html)) for part in _COUNTED)
    return Cleaned(html, lost=fewer or bool(_FORBIDDEN.search(text)))


_FORBIDDEN = re.compile(
    r"<(?:script|style|iframe|object|embed|form|svg|math|link|meta|base|video|audio|input)\b"
    r"|\s(?:on[a-z]+|style)\s*=|javascript:",
    re.IGNORECASE,
)


# Pictures, and where links lead: an address that isn't allowed leaves its words.
_COUNTED = (re.compile(r"<img\b", re.IGNORECASE), re.compile(r"<a\s[^>]*\bhref\b", re.IGNORECASE))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) != ("img", "src"):
        return value
    before = f"{settings.STATIC_URL}help/"
    known = PICTURES.fullmatch(value.removeprefix(before)) if value.startswith(before) else None
    return before + "".join(known.groups()) if known else None


def shown(html: str) -> SafeString:
    """A text that was cleaned when it came in."""
    return mark_safe(html)


def words(html: str, most: int = 0) -> str:
    """The text alone; no more than ``most`` characters, to the end of a word."""
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    text = re.sub(r" ([.,;:!?])", r"\1", text)
    if not most or len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0].rstrip(".,;:") + " …"


class RichTextWidget(forms.Textarea):
    """The editor, where the page fetches it (templates/admin/portal/rich_form.html)."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 16, "data-rich-text": "", **(attrs or {})})


class RichTextField(forms.CharField):
    """What is typed, cleaned; ``lost`` afterwards says whether something is gone."""

    widget = RichTextWidget
    lost = False

    def clean(self, value: Any) -> str:
        found = cleaned(super().clean(value))
        self.lost = found.lost
        if self.required and not words(found.html):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(found.html) > MOST:
            raise forms.ValidationError(
                f"Texten är för lång: {len(found.html)} tecken med formatering. Skriv högst {MOST},"
                " eller bifoga ett dokument i stället."
            )
        return found.html


LOST = (
    "Något i texten får inte finnas där (skript, stilar eller inklistrade bilder) och är borttaget."
    " Bilder och andra filer läggs under Mer information."
)
