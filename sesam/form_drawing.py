"""How a form's fields are drawn: as Django draws them, without its templates where these are simple.

Django renders an included template for each attribute list and each choice of each field; of a page
with a list of a hundred suppliers that was a third of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms import Select
from django.forms.renderers import DjangoTemplates
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from .escaping import escaped

_WIDGETS = "django/forms/widgets/"
_OPTION = f"{_WIDGETS}select_option.html"


class Renderer(DjangoTemplates):
    """``FORM_RENDERER``."""

    def render(
        self, template_name: str, context: dict[str, Any], request: Any = None
    ) -> SafeString:
        draw = _DRAWN.get(template_name)
        drawn = draw(context["widget"]) if draw else None
        if drawn is not None:
            return mark_safe(drawn)  # each value in it is escaped
        return mark_safe(super().render(template_name, context, request))


def _attrs(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{escaped(value)}"'
        for name, value in attrs.items()
        if value is not False
    )


def _input(widget: dict[str, Any]) -> str:
    value = widget["value"]
    said = "" if value is None else f' value="{escaped(value)}"'
    name = escaped(widget["name"])
    return f'<input type="{widget["type"]}" name="{name}"{said}{_attrs(widget["attrs"])}>'


def _textarea(widget: dict[str, Any]) -> str | None:
    value = widget["value"] or ""
    if not isinstance(value, str):
        return None
    name = escaped(widget["name"])
    return f'<textarea name="{name}"{_attrs(widget["attrs"])}>\n{escaped(value)}</textarea>'


def _select(widget: dict[str, Any]) -> str | None:
    """None where a choice isn't one of words alone."""
    parts = [f'<select name="{escaped(widget["name"])}"{_attrs(widget["attrs"])}>']
    for group, options, _ in widget["optgroups"]:
        if group:
            parts.append(f'\n  <optgroup label="{escaped(group)}">')
        for option in options:
            label = option["label"]
            if option["template_name"] != _OPTION or not isinstance(label, str | Promise):
                return None
            attrs = _attrs(option["attrs"]) if option["attrs"] else ""
            parts.append(
                f'\n  <option value="{escaped(option["value"])}"{attrs}>'
                f"{escaped(str(label))}</option>\n"
            )
        if group:
            parts.append("\n  </optgroup>")
    return "".join([*parts, "\n</select>"])


class PlainSelect(Select):
    """A choice of words without groups, of which there may be a hundred: Django makes a dictionary of
    ten entries of each before it is drawn."""

    choices: Any = ()  # not put in order once more: the field has done so

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = self.format_value(value)
        options = "".join(
            f'\n  <option value="{escaped(choice)}"{" selected" if str(choice) in chosen else ""}>'
            f"{escaped(words)}</option>\n"
            for choice, words in self.choices
        )
        said = _attrs(self.build_attrs(self.attrs, attrs))
        return SafeString(f'<select name="{escaped(name)}"{said}>{options}\n</select>')


_INPUTS = ("text", "number", "email", "url", "tel", "search", "password", "hidden", "checkbox",
           "date", "time", "datetime")  # fmt: skip
_DRAWN: dict[str, Callable[[dict[str, Any]], str | None]] = {
    f"{_WIDGETS}select.html": _select,
    f"{_WIDGETS}textarea.html": _textarea,
    **{f"{_WIDGETS}{kind}.html": _input for kind in _INPUTS},
}
