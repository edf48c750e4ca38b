"""The back office's lists of what only grows: orders, movements, articles, pieces.

Nobody counts a history: past ``MOST`` a list says that there are more, and has no more pages. Up
to there the keys of all that was found are asked for first, so that PostgreSQL looks for them by
the filters' indexes; past it the list's own order is read from its index, where it must have one.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property

MOST = 1000


class BoundedPaginator(Paginator):
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

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = self.object_list
        if not self.is_beyond:
            rows = rows.filter(pk__in=self._keys)
        return self._get_page(rows[first : min(first + self.per_page, self.count)], number, self)


class LongList:
    """For a ``ModelAdmin``: its list, and the choice of its records on other pages."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for each choice of each filter


class CaseRows(ChangeList):
    """A queue whose rows lead to the case's page in the portal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preserved_filters = ""  # Django adds them to every row's address; the page reads none

    def url_for_result(self, result: Any) -> str:
        return reverse(self.model_admin.case_page, args=[result.case_number])


class CaseQueue(LongList):
    """For a ``ModelAdmin`` of a kind of case: its queue. ``case_page`` names the case's page."""

    case_page: str

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CaseRows
