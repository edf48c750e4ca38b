"""The rows of the back office's lists: what Django's own would say, put together at once.

Django makes each cell by itself, out of a dozen small texts; of a page of fifty rows that was a
quarter of its time. What a column is, is asked once here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import display_for_field, display_for_value, lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import DateField, ForeignKey, ManyToOneRel, TimeField
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

_YES_NO = re.compile(r'<img src="[^"]*icon-(yes|no|unknown)[^>]*>')
_WORDS = {"yes": "Ja", "no": '<span class="muted">Nej</span>', "unknown": "–"}


def in_words(cell: str) -> SafeString:
    """Django's picture of yes and no, which is green or red whatever is good, as words; «None», which
    it writes where a method has nothing to say, as a dash."""
    shown = conditional_escape(cell)
    if shown == "None":
        return mark_safe("–")
    if "<img" not in shown:
        return shown
    return mark_safe(_YES_NO.sub(lambda mark: _WORDS[mark[1]], shown))


def drawn(cl: Any, headers: list[dict[str, Any]]) -> list[SafeString]:
    """The cells of each row of a list, with their labels for the phone. What names the row leads to it
    and stands first on its card."""
    columns = [
        _Column(cl, name, nth, header["text"])
        for nth, (name, header) in enumerate(zip(cl.list_display, headers, strict=True))
    ]
    if naming := next((column for column in columns if column.is_linked), None):
        naming.names_row = True
    address = _addresses(cl)
    return [
        mark_safe("".join([column.html(row, address) for column in columns]))
        for row in cl.result_list
    ]


class _Column:
    """A column of ``list_display``."""

    def __init__(self, cl: Any, name: Any, nth: int, label: str) -> None:
        self.name, self.label, self.model_admin = name, label, cl.model_admin
        called = name if isinstance(name, str) else getattr(name, "__name__", "")
        self.css = f"field-{f'lambda{nth}' if called == '<lambda>' else called}"
        self.is_linked, self.names_row = name in (cl.list_display_links or ()), False
        self.empty = cl.model_admin.get_empty_value_display()
        # Most are methods of the ``ModelAdmin``: nothing to look up for each row.
        is_method = isinstance(name, str) and hasattr(cl.model_admin, name)
        self.method: Callable[[Any], Any] | None = None
        if is_method and name != "__str__" and not _is_field(cl.lookup_opts, name):
            self.method = getattr(cl.model_admin, name)

    def html(self, row: Any, address: Callable[[Any], str]) -> str:
        shown, one_line = self._shown(row)
        content = conditional_escape(shown)
        if "<img" in content:
            content = in_words(content)
        css = f"{self.css} nowrap" if one_line else self.css
        if self.is_linked:
            if url := address(row):
                content = format_html('<a href="{}">{}</a>', url, content)
            return f"{_start(f'title {css}' if self.names_row else css, self.label)}{content}</td>"
        if content == admin.site.empty_value_display:
            css += " is-none"
        return f"{_start(css, self.label)}{content}</td>"

    def _shown(self, row: Any) -> tuple[Any, bool]:
        """What stands there, and whether on one line."""
        field: Any = None
        attr: Any = self.method
        try:
            if self.method is not None:
                value = self.method(row)
            else:
                field, attr, value = lookup_field(self.name, row, self.model_admin)
        except ObjectDoesNotExist:
            return self.empty, False
        empty = getattr(attr, "empty_value_display", self.empty)
        if isinstance(value, str) and not value.strip():
            value = ""
        if field is None or field.auto_created:
            of = getattr(attr, "fget", attr) if isinstance(attr, property) else attr
            is_yes_or_no = getattr(of, "boolean", False)
            if isinstance(value, str) and value and not is_yes_or_no:
                return value, False
            shown = display_for_value(value, empty, is_yes_or_no)
            return shown, isinstance(value, dt.date | dt.time)
        one_line = isinstance(field, DateField | TimeField | ForeignKey)
        if isinstance(field.remote_field, ManyToOneRel):
            return (empty if value is None else value), one_line
        return display_for_field(value, field, empty, avoid_link=self.is_linked), one_line


def _is_field(opts: Any, name: str) -> bool:
    try:
        field = opts.get_field(name)
    except FieldDoesNotExist:
        return False
    return not (field.is_relation and field.auto_created)


def _addresses(cl: Any) -> Callable[[Any], str]:
    """Of each row's page. What the list is narrowed to goes along, the same with all."""
    going_along: list[str] = []
    kept = {"preserved_filters": cl.preserved_filters, "opts": cl.opts}

    def address(row: Any) -> str:
        try:
            url = str(cl.url_for_result(row))
        except NoReverseMatch:
            return ""
        if "?" in url:
            return str(add_preserved_filters(kept, url))
        if not going_along:
            going_along.append(add_preserved_filters(kept, url).removeprefix(url))
        return f"{url}{going_along[0]}"

    return address


@lru_cache(maxsize=1024)
def _start(css: str, label: str) -> str:
    """A page has some hundred cells and ten of these."""
    return format_html('<td class="{}" data-label="{}">', css, capfirst(label))
