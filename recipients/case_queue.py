"""KHS's queue of a kind of case in the back office. Its rows, its search by number and the case's
old addresses there lead to the case's page in the portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from organisation.admin import ForKhs, for_khs
from organisation.long_lists import LongChangeList, LongList

from .cases import AnyCase


class CaseRows(LongChangeList):
    """A queue whose rows lead to the case's page in the portal."""

    model_admin: CaseQueue[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preserved_filters = ""  # Django adds them to every row's address; the page reads none

    def url_for_result(self, result: Any) -> str:
        return reverse(self.model_admin.case_page, args=[result.case_number])


class CaseQueue(ForKhs, LongList[AnyCase]):
    """The ``ModelAdmin`` of a kind of case: a queue, where nothing is added or changed.
    ``case_page`` names the case's page in the portal, ``title`` is the queue's."""

    case_page: str
    title: str
    list_per_page = 50
    empty_value_display = "–"
    actions = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CaseRows

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            self.khs_path("", self.changelist_view, "changelist"),
            self.khs_path("hitta/", require_POST(self.find_view), "find"),
            self.khs_path("<int:pk>/change/", self.case_view, "change"),
        ]

    def khs_path(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        return path(route, for_khs(self, view), name=self._named(name))

    def _named(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": self.title, **(extra_context or {})})

    def case_view(self, request: HttpRequest, pk: int, old: str = "") -> HttpResponse:
        """To the case's page."""
        case = get_object_or_404(self.model._default_manager.only("case_number"), pk=pk)
        return redirect(self.case_page, case.case_number)

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """To the case of a complete number. By POST: whatever is typed stays out of addresses."""
        number = request.POST.get("nummer", "").strip()
        case = self.model._default_manager.filter(case_number=number).only("case_number").first()
        if case is None:
            text = f"Ingen {self.model.NOUN} har det ärendenumret. Skriv hela numret, till exempel"
            messages.error(request, f"{text} 26480001.")
            return redirect(f"admin:{self._named('changelist')}")
        return redirect(self.case_page, case.case_number)
