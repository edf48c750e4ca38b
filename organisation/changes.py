"""What the change history (``sesam.history``) tells of a record, for people: who, when, what, in the
words of its form. A record's history holds its parts' too: an article's prices, a user's roles."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.contrib.auth.models import Group
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Field, FileField, ForeignKey, Model, QuerySet, Value
from django.utils.text import capfirst

from sesam import history, jobs
from sesam.templatetags.sesam import datum, datumtid

from .models import User
from .role_names import ROLE_NAMES

# The newest of each table are told: far more than one reads.
MOST = 1000
A_PAGE = 30
_AT_THE_SAME_TIME = 20  # rows of a table that one transaction may have written last
AT_THE_SERVER = "Kommando på servern"
NOT_SIGNED_IN = "Vid inloggningen"
_SHOWN = 300  # characters of a long text

# --- what other apps say of their records -------------------------------------------------------

_hidden: dict[type[Model], Callable[[Any], Collection[str]]] = {}
_since: dict[type[Model], Callable[[Any], Sequence[Since]]] = {}


@dataclass(frozen=True)
class Since:
    """Something that a record has, and since when (empty: since before that was noted)."""

    kind: str
    name: str
    day: str


def hide(model: type[Model], fields: Callable[[Any], Collection[str]]) -> None:
    """Of a record of ``model`` its history doesn't show these fields."""
    _hidden[model] = fields


def tell_since(model: type[Model], found: Callable[[Any], Sequence[Since]]) -> None:
    """What stands above the history of a record of ``model``."""
    _since[model] = found


def since(record: Model) -> Sequence[Since]:
    found = _since.get(type(record))
    return found(record) if found else ()


def came(between: type[Model], field: str, *, of: Model) -> dict[Any, dt.datetime]:
    """When each of a record's rows in a table ``between`` two came last, so far as it is kept."""
    tracked = history.of(between)
    if tracked is None:
        return {}
    changes: Any = tracked.changes._default_manager
    rows = changes.filter(pgh_label=history.INSERT, **{tracked.part_of: of.pk}).order_by("pgh_id")
    return dict(rows.values_list(f"{field}_id", "pgh_created_at"))


def named(record: Model) -> str:
    """A record in words; a role as people call it."""
    return ROLE_NAMES.get(record.name, record.name) if isinstance(record, Group) else str(record)


# --- as it is shown -----------------------------------------------------------------------------


@dataclass
class Line:
    """A field, and what it was and became; both empty: only that it was changed."""

    label: str
    before: str = ""
    after: str = ""


@dataclass
class Entry:
    """What was done at once."""

    at: dt.datetime
    who: str
    what: str = ""
    lines: list[Line] = field(default_factory=list)

    @property
    def labels(self) -> str:
        """In a few words: «Namn, telefon»."""
        names = list(dict.fromkeys(line.label for line in self.lines))
        words = ", ".join([names[0], *(name.lower() for name in names[1:])]) if names else self.what
        return words or NOTHING_LEFT


NOTHING_LEFT = "Uppgifterna är tömda"


def page_of(record: Model, number: Any) -> Page[Any]:
    """A page of the record's history, with ``Entry`` for each; a number that is none is the first."""
    page: Page[Any] = Paginator(_done(record, MOST, _tables(record)), A_PAGE).get_page(number)
    page.object_list = list(_told(page.object_list))
    return page


def newest(record: Model) -> Entry | None:
    """The last that was done with it. Asked for on every form: of the tables that hold its history,
    only those are read that were written then."""
    tables = _tables(record)
    rows = [
        _rows(table, record)
        .annotate(nth_of_them=Value(n))
        .values_list("nth_of_them", "pgh_created_at")[:_AT_THE_SAME_TIME]
        for n, table in enumerate(tables)
    ]
    written = list(rows[0].union(*rows[1:], all=True) if rows[1:] else rows[0]) if rows else []
    last = max((at for _, at in written), default=None)
    then = {n for n, at in written if at == last}
    found = _done(record, _AT_THE_SAME_TIME, [tables[n] for n in sorted(then)])
    return next(_told(found[:1]), None)


# --- what happened ------------------------------------------------------------------------------


@dataclass
class _Raw:
    """A line before what its keys name is looked up; ``part`` is whose field it is."""

    part: str
    field: Field[Any, Any] | None
    before: Any = None
    after: Any = None


@dataclass
class _Done:
    """A row of the history."""

    at: dt.datetime
    context: dict[str, Any] | None
    together: Any
    order: int
    what: str
    raw: list[_Raw]


def _tables(record: Model) -> list[history.Tracked]:
    """Those that hold its history: its own, and its parts'."""
    tracked = history.of(type(record))
    return [tracked, *history.parts_of(type(record))] if tracked else []


def _done(record: Model, most: int, tables: Iterable[history.Tracked]) -> list[list[_Done]]:
    """The newest first; what was done in one transaction by one together."""
    rows = [row for tracked in tables for row in _of_table(tracked, record, most)]
    rows.sort(key=lambda done: (done.at, done.order), reverse=True)
    return [list(group) for _, group in groupby(rows, key=lambda done: (done.at, done.together))]


def _is_part(tracked: history.Tracked, record: Model) -> bool:
    return bool(tracked.part_of) and not isinstance(record, tracked.model)


def _rows(tracked: history.Tracked, record: Model) -> QuerySet[Any, Any]:
    of = {tracked.part_of if _is_part(tracked, record) else "pgh_obj": record.pk}
    changes: QuerySet[Any, Any] = tracked.changes._default_manager.filter(**of)
    return changes.order_by("-pgh_id")


def _of_table(tracked: history.Tracked, record: Model, most: int) -> list[_Done]:
    """What each row was stands in it; what it became in the next one, or in the record."""
    is_part = _is_part(tracked, record)
    rows = list(_rows(tracked, record)[:most])
    hides = _hidden.get(type(record))
    hidden = {tracked.part_of, *(hides(record) if hides else ())}
    fields = [field for field in tracked.fields if field.name not in hidden]
    became: dict[Any, dict[str, Any]] = {}
    if any(row.pgh_label == history.UPDATE for row in rows):
        now = {tracked.part_of: record.pk} if is_part else {"pk": record.pk}
        became = {row.pk: _values(row, fields) for row in tracked.model._base_manager.filter(**now)}
    part = capfirst(str(tracked.model._meta.verbose_name)) if is_part else ""
    found = []
    for row in rows:
        was, key = _values(row, fields), getattr(row, "pgh_obj_id", None)
        what, raw = "", []
        if row.pgh_label == history.UPDATE:
            after = became.get(key, was)
            raw = [_Raw(part, f, was[f.attname], after[f.attname]) for f in fields]
            raw = [line for line in raw if line.before != line.after]
        elif row.pgh_label == history.CHANGED_UNSEEN:
            raw = [_Raw(_label(tracked.model, tracked.unseen), None)]
        elif not is_part:
            what = "Lades till" if row.pgh_label == history.INSERT else "Togs bort"
        else:
            came = row.pgh_label == history.INSERT
            values = [(f, was[f.attname]) for f in fields if not _is_empty(was[f.attname])]
            raw = [_Raw(part, f, None if came else v, v if came else None) for f, v in values]
        became[key] = was
        found.append(
            _Done(row.pgh_created_at, row.pgh_context, row.pgh_context_id, row.pgh_id, what, raw)
        )
    return found


def _label(model: type[Model], name: str) -> str:
    return next(str(f.verbose_name) for f in model._meta.concrete_fields if f.name == name)


def _values(row: Model, fields: Iterable[Field[Any, Any]]) -> dict[str, Any]:
    return {field.attname: _plain(getattr(row, field.attname)) for field in fields}


def _plain(value: Any) -> Any:
    """A file by its name: two of them are the same if that is."""
    return value.name or "" if hasattr(value, "storage") else value


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value is False


# --- in words -----------------------------------------------------------------------------------


def _told(found: Iterable[list[_Done]]) -> Iterator[Entry]:
    """What the rows say, and what their keys name: a question for each kind of record."""
    found = list(found)
    users = _in_bulk(User, {(g[0].context or {}).get("user") for g in found})
    keys: dict[type[Model], set[Any]] = defaultdict(set)
    for done in (done for group in found for done in group):
        for raw in done.raw:
            if isinstance(raw.field, ForeignKey):
                keys[raw.field.related_model] |= {raw.before, raw.after}
    named = {model: _in_bulk(model, of) for model, of in keys.items()}
    for group in found:
        yield Entry(
            at=group[0].at,
            who=_who(group[0].context or {}, users),
            what=", ".join(dict.fromkeys(done.what for done in group if done.what)),
            lines=[_line(raw, named) for done in reversed(group) for raw in done.raw],
        )


def _in_bulk(model: type[Model], keys: set[Any]) -> dict[Any, Model]:
    return model._base_manager.in_bulk(keys - {None}) if keys - {None} else {}


def _who(context: dict[str, Any], users: dict[Any, Model]) -> str:
    user, job = users.get(context.get("user")), jobs.words(context.get("job", ""))
    if user is None and context.get("visitor"):
        return NOT_SIGNED_IN
    if user is None:
        return f"Jobb: {job}" if job else AT_THE_SERVER
    return f"{user} (jobb: {job})" if job else str(user)


def _line(raw: _Raw, found: dict[type[Model], dict[Any, Model]]) -> Line:
    if raw.field is None:
        return Line(capfirst(raw.part))
    label = capfirst(str(raw.field.verbose_name))
    if raw.part:
        # What is between two records, and what only names another, is named by itself.
        own = isinstance(raw.field, ForeignKey)
        label = raw.part if own else f"{raw.part}, {str(raw.field.verbose_name)}"
    before, after = (_words(raw.field, value, found) for value in (raw.before, raw.after))
    if isinstance(raw.field, FileField) and before and after:
        after = "en annan fil"
    return Line(label, *_cut(before, after))


def _words(field: Field[Any, Any], value: Any, found: dict[type[Model], dict[Any, Model]]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(field, ForeignKey):
        record = found[field.related_model].get(value)
        return named(record) if record is not None else "något som är borttaget"
    if isinstance(field, BooleanField):
        return "ja" if value else "nej"
    if isinstance(field, FileField):
        return "en fil"
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, dt.datetime):
        return datumtid(value)
    if isinstance(value, dt.date):
        return datum(value)
    if hasattr(value, "lower_inc"):  # a measure from, to
        return "–".join(dict.fromkeys(_number(end) for end in (value.lower, value.upper)))
    return _number(value) if isinstance(value, Decimal) else str(value)


def _number(value: Decimal) -> str:
    return str(value).replace(".", ",")


def _cut(before: str, after: str) -> tuple[str, str]:
    """Two long texts from a little before where they part."""
    if max(len(before), len(after)) <= _SHOWN:
        return before, after
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    begin = max(0, same - 40)
    parts = (text[begin : begin + _SHOWN] for text in (before, after))
    lead = "…" if begin else ""
    return tuple(f"{lead}{part}…" if part else "" for part in parts)  # type: ignore[return-value]  # two
