"""{% load back_office %}: what the back office's pages ask for (templates/admin/).

{% home_queues as home %}            what waits on the home
{% list_filters cl as asked %}       the filters of a list as choices
{% list_rows cl %}                   its table
{% form_faults adminform inlines as faults %}  what is wrong in a form, and where
{% last_change original as changed %}  the last change of a record in its register
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.models import LogEntry
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Model
from django.forms import BaseForm
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from sesam import history
from sesam.templatetags.sesam import tal

from .. import changes, desk, list_rows, queues
from ..changes import Entry

register = template.Library()


# --- the home ---------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def home_day(context: template.Context) -> str:
    """The day in words, for whoever has queues."""
    if not desk.at_khs(context["request"]):
        return ""
    return str(capfirst(date_format(timezone.localdate(), "l j F")))


@register.simple_tag(takes_context=True)
def home_queues(context: template.Context) -> queues.Home:
    return queues.home(context["request"])


@register.simple_tag(takes_context=True)
def home_parts(context: template.Context) -> list[Any]:
    return queues.home_parts.drawn(context["request"])


# --- lists ------------------------------------------------------------------------------------


@register.simple_tag
def list_title(cl: Any, title: str) -> str:
    """By what is listed, where Django would say «Välj … att ändra»."""
    if title != cl.title or cl.is_popup:
        return title
    return str(capfirst(cl.opts.verbose_name_plural))


@register.simple_tag
def list_count(cl: Any, one: str = "", many: str = "") -> str:
    """How many there are, as far as anybody counts."""
    one, many = one or cl.opts.verbose_name, many or cl.opts.verbose_name_plural
    if getattr(cl.paginator, "is_beyond", False):
        return f"Fler än {tal(cl.result_count)} {many}"
    return f"{tal(cl.result_count)} {one if cl.result_count == 1 else many}"


@dataclass(frozen=True)
class Choice:
    """One of a filter's choices; ``url`` is the list with it."""

    url: str
    label: str
    selected: bool


@dataclass(frozen=True)
class Asked:
    """A filter of a list; its first choice is what is shown when nothing is asked for."""

    id: str
    label: str
    choices: list[Choice]

    @property
    def is_set(self) -> bool:
        return any(choice.selected for choice in self.choices[1:])


@register.simple_tag
def list_filters(cl: Any) -> list[Asked]:
    return [
        Asked(
            f"valj-{number}",
            str(capfirst(spec.title)),
            [
                Choice(choice["query_string"], str(choice["display"]), bool(choice["selected"]))
                for choice in spec.choices(cl)
            ],
        )
        for number, spec in enumerate(cl.filter_specs)
        if not getattr(spec, "is_tabs", False)
    ]


def _page_of_list(cl: Any) -> str:
    return f"admin:{cl.opts.app_label}_{cl.opts.model_name}_changelist"


@register.simple_tag(takes_context=True)
def list_tabs(context: template.Context, cl: Any) -> list[queues.QueueTab]:
    """The queues of a list of cases."""
    return queues.tabs(context["request"], _page_of_list(cl))


@register.simple_tag(takes_context=True)
def list_actions(context: template.Context, cl: Any) -> list[Any]:
    """What can be done with ticked rows."""
    page = _page_of_list(cl)
    return [x for x in queues.queue_actions.shown(context["request"]) if x.entry.page == page]


@register.simple_tag
def set_filters(asked: Iterable[Asked]) -> int:
    return sum(one.is_set for one in asked)


@register.simple_tag
def has_ticks(cl: Any) -> bool:
    """Whether something can be done with several rows. (Django draws them without the request.)"""
    return any(action.page == _page_of_list(cl) for action in queues.queue_actions)


@register.simple_tag
def list_tick(cl: Any, number: int) -> SafeString:
    """The box of a case's row."""
    return format_html(
        '<td class="tick"><input type="checkbox" name="valda" value="{0}"'
        ' form="bulk" aria-label="Välj {0}"></td>',
        cl.result_list[number].case_number,
    )


register.filter("in_words", list_rows.in_words)


@register.inclusion_tag("admin/change_list_results.html", name="list_rows")
def rows_of_list(cl: Any) -> dict[str, Any]:
    """The table of a list."""
    headers = list(result_headers(cl))
    return {"cl": cl, "result_headers": headers, "rows": list_rows.drawn(cl, headers)}


# --- forms ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Something wrong in a form: where it stands, and what that is called."""

    anchor: str
    label: str


@register.simple_tag
def form_faults(adminform: Any, inlines: Iterable[Any]) -> list[Fault]:
    """What is wrong, in the page's order; not what belongs to no field."""
    faults = list(_of_form(adminform.form, ""))
    for inline in inlines:
        name = str(capfirst(inline.opts.verbose_name_plural))
        faults += [
            fault
            for number, form in enumerate(inline.formset.forms, 1)
            if form.errors
            for fault in _of_form(form, f"{name}, rad {number}")
        ]
    return faults


def _of_form(form: BaseForm, row: str) -> Iterator[Fault]:
    for name in form.errors:
        if name == NON_FIELD_ERRORS:
            if row:
                yield Fault(str(form.prefix), row)
            continue
        label = str(capfirst(form[name].label)) if name in form.fields else ""
        anchor = form[name].id_for_label if name in form.fields else ""
        yield Fault(anchor or str(form.prefix or ""), ": ".join(filter(None, (row, label))) or row)


@register.filter
def joined(errors: Iterable[Any]) -> SafeString:
    """What is wrong with a field, as one sentence after another."""
    return mark_safe(" ".join(conditional_escape(str(one)) for one in errors))


@register.simple_tag
def last_change(record: Model) -> Entry | None:
    """The newest of what «Historik» shows."""
    if history.of(type(record)) is not None:
        return changes.newest(record)
    kind = ContentType.objects.get_for_model(record, for_concrete_model=False)
    rows = LogEntry.objects.filter(content_type=kind, object_id=str(record.pk))
    row = rows.select_related("user").order_by("-action_time").first()
    return Entry(row.action_time, str(row.user), row.get_change_message()) if row else None
