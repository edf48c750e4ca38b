"""Template tags that every screen uses: icons, money, dates, status words, form fields.

{% load sesam %}
{% icon "pencil" %}                       decorative; {% icon "lock" label="Från registret" %} is read out
{% page "barrier" %}                      {% url %} of a page without arguments, kept
{{ price|kr }}                            1 234,50 kr (no-break spaces)
{{ day|datum }}  {{ moment|datumtid }}    2026-11-23   2026-11-23 09:41 (Swedish time)
{{ day|dag }}  {{ moment|stund }}         måndag 30 november   i dag 10:42
{{ unit.phone|telefon }}                  070-174 06 12
{{ value|mejl }}                          an address breaks after @, and before a full stop
{% status order.status order.get_status_display %}          icon + words
{% status "" "Väntar på aktivitet" tag=True %}              tinted tag, for page heads
{% status code label icon="clock" tone="amber" %}           when neither is known
{% stock 4 %}  {% stock 0 note="ersättning finns" %}        availability
{% field form.name %}                                       label, control, help, error
<a href="…" {% download %}>                                 a file is fetched, and the page stays
{% field form.phone optional="minst ett nummer" rows=4 autocomplete="off" hide_label=True %}
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    FileInput,
    RadioSelect,
    Select,
)
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .. import days, phones, undo, unsent
from ..escaping import escaped
from ..life_line import LifeLine
from ..status_looks import look_of

register = template.Library()

NBSP = "\u00a0"


# The icons that few pages show have a file of their own, so that the others don't carry them.
SPRITE, SPRITE_OF_FEW = "icons.svg", "icons_more.svg"


@lru_cache(maxsize=1)
def _shown_by_few() -> frozenset[str]:
    sprite = Path(settings.BASE_DIR, "static", SPRITE_OF_FEW).read_text(encoding="utf-8")
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite))


@lru_cache(maxsize=2)
def _address(sprite: str) -> str:
    return static(sprite)


@lru_cache(maxsize=512)
def icon_html(name: str, size: int = 20, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration and hidden from screen readers."""
    if settings.DEBUG:
        _address.cache_clear()
    role = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon{}" width="{}" height="{}" {}><use href="{}#{}"/></svg>',
        f" {css}" if css else "",
        size,
        size,
        mark_safe(role),
        _address(SPRITE_OF_FEW if name in _shown_by_few() else SPRITE),
        name,
    )


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", css: str = "") -> SafeString:
    return icon_html(name, size, label, css)


@register.simple_tag
def page(name: str) -> SafeString:
    """The address of a page without arguments: ``{% url %}`` looks for it each time."""
    return _page(name)


@cache
def _page(name: str) -> SafeString:
    return mark_safe(reverse(name))


@register.simple_tag
def download() -> SafeString:
    """What a link or form says that a file answers."""
    return format_html('data-download="{}"', static("download.js"))


@register.filter
def kr(value: Any) -> str:
    """An amount in kronor, öre-exact: ``1 234,50 kr``. Empty when there is no price."""
    number = tal(value, 2)
    return f"{number}{NBSP}kr" if number else ""


@register.filter
def tal(value: Any, decimals: int = 0) -> str:
    """A number with no-break spaces between thousands and a decimal comma."""
    if value is None or value == "":
        return ""
    if type(value) is int and not decimals:  # most numbers in lists
        return f"{value:,}".replace(",", NBSP).replace("-", "\u2212")
    quantum = Decimal(1).scaleb(-int(decimals))
    amount = Decimal(str(value)).quantize(quantum, rounding=ROUND_HALF_UP)
    text = f"{amount:,.{int(decimals)}f}".replace(",", NBSP).replace(".", ",")
    return text.replace("-", "\u2212")


@lru_cache(maxsize=1)
def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


@register.filter
def datum(value: date | datetime | None) -> str:
    if not value:
        return ""
    if isinstance(value, datetime):
        value = (value.astimezone(_zone()) if value.tzinfo else value).date()
    return value.isoformat()


@register.filter
def telefon(number: str) -> str:
    """A telephone number as it is written everywhere."""
    return phones.written(number)


@register.filter
def mejl(value: Any) -> Any:
    """A mail address that is too long for its place breaks where one reads a pause, not inside a
    word. Anything else is given back as it is."""
    if not isinstance(value, str) or not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", value):
        return value
    return mark_safe(re.sub(r"(@)|([.])", r"\1<wbr>\2", conditional_escape(value)))


@register.filter
def datumtid(value: datetime | None) -> str:
    if not value:
        return ""
    if timezone.is_aware(value):
        value = timezone.localtime(value)
    return value.strftime("%Y-%m-%d %H:%M")


@register.filter
def dag(value: date | datetime | None) -> str:
    """A day in a sentence: «måndag 30 november», «i dag»."""
    return days.day_in_words(value) if value else ""


@register.filter
def stund(value: datetime | None) -> str:
    """A moment in a sentence: «i dag 10:42», «ons 18 nov 15:07»."""
    return days.moment_in_words(value) if value else ""


def status_html(
    code: Any = "", label: Any = "", *, tag: bool = False, icon: str = "", tone: str = ""
) -> SafeString:
    """Status as icon + words; the colour is on the icon only, ``tag`` adds a tinted ground."""
    return _status_html(str(code), str(label or code), tag, icon, tone)


_CLASSES = {"urgent": "amber status-urgent"}  # filled black on paper


@lru_cache(maxsize=512)
def _status_html(code: str, words: str, tag: bool, icon: str, tone: str) -> SafeString:
    found = look_of(words, code)
    return format_html(
        '<span class="status status-{}{}">{}<span>{}</span></span>',
        _CLASSES.get(tone or found[1], tone or found[1]),
        " status-tag" if tag else "",
        icon_html(icon or found[0], 18),
        words,
    )


@register.simple_tag(name="life")
def life_html(line: LifeLine) -> SafeString:
    """How far a case has come, as dots: in lists and panels."""
    dots = format_html_join(
        "", '<span class="life-dot is-{}"></span>', ((stop.state.value,) for stop in line.stops)
    )
    return format_html(
        '<span class="life-small" role="img" aria-label="{}">{}</span>', line.now, dots
    )


@register.simple_tag(name="late")
def late_html(day: str) -> SafeString:
    """A day that has passed without what was to come."""
    return format_html(
        '<span class="status status-amber">{}<span><b>{}</b><span class="visually-hidden">'
        " försenad</span></span></span>",
        icon_html("clock", 18),
        day,
    )


@register.simple_tag
def status(
    code: Any = "", label: Any = "", tag: bool = False, icon: str = "", tone: str = ""
) -> SafeString:
    return status_html(code, label, tag=tag, icon=icon, tone=tone)


def stock_html(available: int | None, note: str = "") -> SafeString:
    """Availability: «4 st», or «0 st, ersättning finns / väntas 2026-12-04 / utgått»."""
    if available is None:
        return mark_safe('<span class="muted">–</span>')
    words = f"{tal(available)}{NBSP}st" + (f", {note}" if note else "")
    known = ("circle-check", "green") if available > 0 else ("circle-minus", "grey")
    return status_html("", words, icon=known[0], tone=known[1])


@register.simple_tag
def stock(available: int | None, note: str = "") -> SafeString:
    return stock_html(available, note)


@register.filter
def chosen(bound: BoundField) -> str:
    """What is chosen in a field with choices, in words."""
    choices = dict(getattr(bound.field, "choices", ()))
    return str(choices.get(bound.value(), ""))


@register.simple_tag(takes_context=True)
def field(
    context: template.Context,
    bound: BoundField,
    optional: str = "",
    hide_label: bool = False,
    css: str = "",
    hint: str = "",
    stepper: bool = False,
    **attrs: Any,
) -> str:
    """A form field whole: one of several controls by a template. Extra keyword arguments become attributes of the control.

    ``_`` in their names becomes ``-`` (``data_x=1`` → ``data-x``). The first field of the form
    that has an error gets the focus.
    """
    unsent.fill(context.get("request"), bound)
    widget = bound.field.widget
    single_check = isinstance(widget, CheckboxInput)
    many = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    errors = [str(error) for error in bound.errors]
    help_text = hint or bound.help_text
    described = [f"{bound.auto_id}-help"] if help_text else []
    described += [f"{bound.auto_id}-error"] if errors else []
    extra = {name.replace("_", "-"): value for name, value in attrs.items()}
    if not many:
        if single_check:
            extra.setdefault("class", "form-check-input")
        elif isinstance(widget, Select):
            extra.setdefault("class", "form-select")
        else:
            extra.setdefault("class", "form-control")
        own = widget.attrs.get("class")
        if own and own not in extra["class"]:
            extra["class"] = f"{extra['class']} {own}"
        if described:
            extra["aria-describedby"] = " ".join(described)
        if errors:
            extra["aria-invalid"] = "true"
            first = next((name for name in bound.form.fields if name in bound.form.errors), None)
            if first == bound.name:
                extra["autofocus"] = True
        elif bound.form.errors and bound.name in bound.form.changed_data:
            extra["data-typed"] = True  # nor is it saved: portal.js asks before it is left
    if bound.is_hidden:
        return mark_safe(f"\n{bound.as_widget(attrs=extra)}\n")
    if many or stepper or isinstance(widget, FileInput):
        shown = {
            "field": bound,
            "control": bound.as_widget(attrs=extra) if not many else "",
            "options": list(bound) if many else [],
            "many": many,
            "errors": errors,
            "help": help_text,
            "help_id": f"{bound.auto_id}-help",
            "file": isinstance(widget, FileInput),
            "described": " ".join(described),
            "optional": optional,
            "hide_label": hide_label,
            "css": css,
            "stepper": stepper,
        }
        return get_template("parts/field.html").render(shown)
    words = escaped(bound.label)
    if optional:
        words += f' <span class="optional">({escaped(optional)})</span>'
    control, words_for = bound.as_widget(attrs=extra), escaped(bound.id_for_label)
    if single_check:
        kind = "field field-check"
        drawn = f'{control}\n  <label for="{words_for}">{words}</label>'
    else:
        kind = "field"
        hidden = " visually-hidden" if hide_label else ""
        label = f'<label class="field-label{hidden}" for="{words_for}">{words}</label>'
        drawn = f"{label}\n  {control}"
    own_id = escaped(bound.auto_id)
    if help_text:
        drawn += f'\n  <p class="field-help" id="{own_id}-help">{escaped(help_text)}</p>'
    if errors:
        said = " ".join(escaped(error) for error in errors)
        drawn += (
            f'\n  <p class="field-error" id="{own_id}-error">{icon_html("circle-alert", 18)}'
            f"<span>{said}</span></p>"
        )
    return mark_safe(f'\n<div class="{kind} {escaped(css)}">\n  {drawn}\n</div>\n')


@register.inclusion_tag("parts/unsent.html", takes_context=True)
def unsent_note(context: template.Context) -> dict[str, Any]:
    """What was typed when the session had ended, told and filled in; see ``sesam.unsent``."""
    request = context.get("request")
    return {"unsent": unsent.of(request), "data": unsent.posted(request)}


@register.simple_tag
def flashed(found: Any) -> undo.Flashed:
    """What the page says once, from django's ``messages``."""
    return undo.flashed(found)
