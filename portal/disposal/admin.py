"""«Gallring» in the back office: pages of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from organisation.admin import ForKhs, for_khs

from ..models import DisposalList
from . import khs


@admin.register(DisposalList)
class DisposalListAdmin(ForKhs, admin.ModelAdmin[DisposalList]):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "portal_disposallist_"
        return [
            path("", for_khs(self, partial(khs.lists_view, self)), name=name + "changelist"),
            path(
                "<int:pk>/change/",
                for_khs(self, partial(khs.list_view, self)),
                name=name + "change",
            ),
        ]
