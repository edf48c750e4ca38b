"""The back office's lists of what only grows: orders, movements, articles, pieces.

Nobody counts a history: past ``MOST`` a list says that there are more, and goes on by key. Up to
there the keys of all that was found are asked for first, so that PostgreSQL looks for them by the
filters' indexes; past it the list's own order is read from its index, where it must have one. What
the rows show is asked for those of the page alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import (
    BigIntegerField,
    BooleanField,
    F,
    Field,
    ForeignObjectRel,
    Func,
    Model,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import Combinable, OrderBy
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST = 1000


class BoundedPaginator(Paginator[Any]):
    """Counts no further than ``MOST``."""

    object_list: Any

    @cached_property
    def _keys(self) -> list[Any]:
        found = self.object_list.order_by().values_list("pk", flat=True)
        return list(found[: MOST + 1])

    @property
    def is_beyond(self) -> bool:
        """Whether there are more than anybody counts."""
        return len(self._keys) > MOST

    @cached_property
    def count(self) -> int:
        return min(len(self._keys), MOST)

    def page(self, number: Any) -> Page[Any]:
        """Which rows stand there is asked first, and then all about these: what a row shows is looked
        up for no other."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        found = self.object_list if self.is_beyond else self.among(self._keys)
        keys = found.values_list("pk", flat=True)[first : min(first + self.per_page, self.count)]
        return Page(self.among(list(keys)), number, self)

    def among(self, keys: list[Any]) -> QuerySet[Any]:
        """Those of the list with one of ``keys``, which were found."""
        found: QuerySet[Any] = self.object_list.filter(one_of(keys))
        return found


def one_of(keys: list[Any], field: str = "pk") -> Func:
    """Whether a row's key, or the one in ``field``, is one of ``keys``: one value, so that the question
    is the same however many there are, and no join, which PostgreSQL may leave until it has joined all
    else."""
    # These lists' keys are whole numbers.
    bound = Value(keys, output_field=ArrayField(BigIntegerField()))
    return Func(
        F(field),
        bound,
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )


@dataclass(frozen=True)
class SortKey:
    """One of the things that a list is sorted by."""

    by: Combinable
    falling: bool

    def past(self, name: str, value: Any) -> Q:
        """What stands after ``value``. (Rows without any stand last, falling first.)"""
        if value is None:
            return Q(**{f"{name}__isnull": False}) if self.falling else Q(pk__in=[])
        if self.falling:
            return Q(**{f"{name}__lt": value})
        return Q(**{f"{name}__gt": value}) | Q(**{f"{name}__isnull": True})


def sort_keys(queryset: QuerySet[Any]) -> list[SortKey] | None:
    """What ``queryset`` is sorted by; None where it can't be told."""
    keys: list[SortKey] = []
    for part in queryset.query.order_by:
        if isinstance(part, str):
            found = _keys_of(queryset.model, part)
        elif isinstance(part, OrderBy):
            plain = not (part.nulls_first or part.nulls_last)
            found = [SortKey(part.expression, part.descending)] if plain else None
        else:
            found = [SortKey(part, falling=False)]
        if found is None:
            return None
        keys += found
    return keys or None


def _keys_of(model: type[Model], part: str) -> list[SortKey] | None:
    """The keys of a field's name. One that leads to another record means that one's own order."""
    name, falling = part.removeprefix("-"), part.startswith("-")
    if name == "?":
        return None
    field: Field[Any, Any] | ForeignObjectRel | None = None
    at = model
    for step in name.split("__"):
        if step == "pk":
            field = at._meta.pk
            continue
        try:
            field = at._meta.get_field(step)
        except FieldDoesNotExist:
            return [SortKey(F(name), falling)]  # an annotation
        at = getattr(field, "related_model", None) or at
    if field is None or not field.is_relation or name.endswith("_id"):
        return [SortKey(F(name), falling)]
    keys = []
    for own in at._meta.ordering or ["pk"]:
        if not isinstance(own, str):
            return None
        turned = falling != own.startswith("-")
        keys.append(SortKey(F(f"{name}__{own.removeprefix('-')}"), turned))
    return keys


def after(queryset: QuerySet[Any], row: QuerySet[Any], *, limit: int) -> list[Any]:
    """The first of ``queryset`` that stand after ``row``, which is a question for one record."""
    keys = sort_keys(queryset)
    if keys is None:
        raise IncorrectLookupParameters
    if not queryset.query.standard_ordering:  # reversed
        keys = [SortKey(key.by, not key.falling) for key in keys]
    named = {f"_key{n}": key.by for n, key in enumerate(keys)}
    values = row.order_by().annotate(**named).values_list(*named).first()
    if values is None:
        raise IncorrectLookupParameters
    found: list[Any] = []
    for part in _parts(keys, list(named), values):
        found += queryset.alias(**named).filter(part)[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


def _parts(keys: list[SortKey], names: list[str], values: tuple[Any, ...]) -> Iterator[Q]:
    """What stands after ``values``, in parts that follow each other: each is one range of the
    first key, which an index on it finds."""
    first, name, value = keys[0], names[0], values[0]
    rest = Q(pk__in=[])
    for n in range(len(keys) - 1, 0, -1):  # (b, c) > (y, z) is b > y OR b = y AND c > z
        same = (
            Q(**{f"{names[n]}__isnull": True}) if values[n] is None else Q(**{names[n]: values[n]})
        )
        rest = keys[n].past(names[n], values[n]) | (same & rest)
    if value is None:
        yield Q(**{f"{name}__isnull": True}) & rest
        if first.falling:
            yield Q(**{f"{name}__isnull": False})
        return
    beside = "lt" if first.falling else "gt"
    yield Q(**{f"{name}__{beside}e": value}) & (Q(**{f"{name}__{beside}": value}) | rest)
    if not first.falling:
        yield Q(**{f"{name}__isnull": True})


AFTER, BEFORE = "efter", "fore"  # in the address: the row that the page begins after, ends before


class LongChangeList(ChangeList):
    """Past the last page that is counted a list goes on by key. ``later`` and ``earlier`` are the
    addresses of the rows on either side of such a page."""

    paginator: BoundedPaginator
    later = earlier = ""
    is_by_key = False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        for name in (AFTER, BEFORE):  # no filters, and in no link of the page
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if AFTER in request.GET:
            self._go_on(request.GET[AFTER], forwards=True)
        elif BEFORE in request.GET:
            self._go_on(request.GET[BEFORE], forwards=False)
        elif self._is_last_counted and sort_keys(self.queryset) is not None:
            self.result_list = list(self.result_list)
            self.later = self._beside(AFTER, self.result_list[-1:])

    @property
    def _is_last_counted(self) -> bool:
        paginator = self.paginator
        return paginator.is_beyond and self.page_num == paginator.num_pages

    def _go_on(self, key: str, *, forwards: bool) -> None:
        if not key.isascii() or not key.isdecimal():
            raise IncorrectLookupParameters
        queryset = self.queryset if forwards else self.queryset.reverse()
        row = self.root_queryset.filter(pk=int(key))
        found = after(queryset, row, limit=self.list_per_page + 1)
        rows = found[: self.list_per_page]
        has_more = len(found) > len(rows)
        if not forwards:
            rows.reverse()
        self.result_list, self.is_by_key, self.multi_page = rows, True, False
        self.later = self._beside(AFTER, rows[-1:]) if has_more or not forwards else ""
        self.earlier = self._beside(BEFORE, rows[:1]) if has_more or forwards else ""

    def _beside(self, name: str, row: list[Any]) -> str:
        return self.get_query_string({name: row[0].pk}) if row else ""

    @property
    def first_page(self) -> str:
        return self.get_query_string()


M = TypeVar("M", bound=Model)


class LongList(admin.ModelAdmin[M]):
    """A ``ModelAdmin`` with a long list, and the choice of its records on other pages."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for each choice of each filter

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongChangeList
