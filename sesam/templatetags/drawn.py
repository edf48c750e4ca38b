"""What many pages have several of (tabs, facts, entries of a menu), put together here: a loop of the
template's takes up to ten times as long for it, of the recipient's page a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import template
from django.template.base import render_value_in_context
from django.utils.safestring import SafeString, mark_safe

from ..escaping import escaped
from ..places import BulkAction, CreateItem, Shown
from .sesam import icon_html, mejl

register = template.Library()


@register.simple_tag
def tab_links(tabs: Iterable[Any]) -> SafeString:
    """Of each tab, a dict or a ``Shown``: its label, url, count and active."""
    return mark_safe("".join(_tab(tab) for tab in tabs))


def _tab(tab: Any) -> str:
    of: Callable[[str], Any] = tab.get if isinstance(tab, dict) else vars(tab).get
    here = ' aria-current="page"' if of("active") else ""
    count = "" if of("count") is None else str(of("count"))
    counted = f' <span class="count">{escaped(count)}</span>' if count else ""
    return f'<li><a href="{escaped(of("url"))}"{here}>{escaped(of("label"))}{counted}</a></li>'


@register.simple_tag(takes_context=True)
def fact_rows(context: template.Context, facts: Iterable[dict[str, Any]]) -> SafeString:
    """Of each: its label, value, url, lock and code."""
    return mark_safe("".join(_fact(fact, context) for fact in facts))


def _fact(fact: dict[str, Any], context: template.Context) -> str:
    lock = f" {icon_html('lock', 14, 'Från registret')}" if fact.get("lock") else ""
    value, url = fact["value"], fact.get("url")
    value = value if url else mejl(value or "–")
    # Numbers and days are written as templates write them.
    shown = escaped(value) if isinstance(value, str) else render_value_in_context(value, context)
    if url:
        shown = f'<a href="{escaped(url)}">{shown}</a>'
    code = ' class="code"' if fact.get("code") else ""
    return f"<div><dt>{escaped(fact['label'])}{lock}</dt><dd{code}>{shown}</dd></div>\n"


@register.simple_tag
def menu_items(entries: Iterable[Shown[CreateItem[Any]]], ticked_form: str = "") -> SafeString:
    """What is barred can't be chosen now, and says why; what is ticked sends the form of ticked rows,
    where there is one."""
    return mark_safe("".join(_menu_item(item, ticked_form) for item in entries))


def _menu_item(item: Shown[CreateItem[Any]], ticked_form: str) -> str:
    if item.barred:
        words = f"{escaped(item.label)}<small>{escaped(item.barred)}</small>"
        inner = f'<span class="barred">{icon_html("lock", 18)}<span>{words}</span></span>'
    elif ticked_form and item.entry.ticked:
        inner = _sends(item, f' form="{escaped(ticked_form)}"')
    else:
        inner = f'<a href="{escaped(item.url)}"{_dialog(item)}>{_words(item)}</a>'
    danger = ' class="drop-danger"' if item.entry.danger else ""
    return f"<li{danger}>{inner}</li>"


@register.simple_tag
def bulk_buttons(entries: Iterable[Shown[BulkAction[Any]]]) -> SafeString:
    return mark_safe(
        "".join(
            f'<button class="btn btn-outline-primary" type="submit" formaction="{escaped(item.url)}"'
            f"{_dialog(item)}>{escaped(item.label)}</button>"
            for item in entries
        )
    )


@register.simple_tag
def bulk_items(entries: Iterable[Shown[BulkAction[Any]]]) -> SafeString:
    """The same in the bar's menu."""
    return mark_safe("".join(f"<li>{_sends(item)}</li>" for item in entries))


def _sends(item: Shown[Any], form: str = "") -> str:
    action = f'formaction="{escaped(item.url)}"{_dialog(item)}'
    return f'<button type="submit"{form} {action}>{_words(item)}</button>'


def _words(item: Shown[Any]) -> str:
    icon = icon_html(item.entry.icon, 18) if item.entry.icon else ""
    return f"{icon}<span>{escaped(item.label)}</span>"


def _dialog(item: Shown[Any]) -> str:
    return " data-dialog" if item.entry.dialog else ""
