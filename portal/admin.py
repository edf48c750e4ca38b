"""What KHS writes for the portal's own pages."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from organisation.admin import AddedOnce, ChangesAlone, ForKhs
from organisation.permissions import KHS, has_role

from . import information_admin as information_admin  # registers its own
from .disposal import admin as disposal_admin  # noqa: F401  as that
from .models import StartContact, StartLink


class OfTheStartPage(ForKhs, AddedOnce):
    """No case refers to it: it may be removed."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)


@admin.register(StartContact)
class StartContactAdmin(OfTheStartPage, admin.ModelAdmin[StartContact]):
    """«Kontakt»: people and functions."""

    form = ChangesAlone[StartContact]
    actions = None
    same_fields = ("name", "title", "phone", "hours", "email", "rank", "is_active")
    list_display = ("name", "title", "phone", "email", "rank", "is_active")


@admin.register(StartLink)
class StartLinkAdmin(OfTheStartPage, admin.ModelAdmin[StartLink]):
    """«Kontakt»: links out of the portal."""

    form = ChangesAlone[StartLink]
    actions = None
    same_fields = ("label", "url", "note", "rank", "is_active")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ("label", "url", "rank", "is_active")
