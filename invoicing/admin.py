"""KHS's records of how charges are reckoned. A new row holds from its day; charges that are made keep
what they were reckoned from."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from organisation.admin import ForKhs, for_khs

from . import khs
from .models import CalloutFee, MonthRun, ShareStep, ShareTable, Terms


@admin.register(MonthRun)
class MonthRunAdmin(ForKhs, admin.ModelAdmin[MonthRun]):
    """«Månadskörning»: pages of its own."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "invoicing_monthrun_"
        months = for_khs(self, partial(khs.months_view, self))
        run = for_khs(self, partial(khs.run_view, self))
        return [
            path("", months, name=name + "changelist"),
            path("<int:pk>/change/", run, name=name + "change"),
        ]


@admin.register(Terms)
class TermsAdmin(ForKhs, admin.ModelAdmin[Terms]):
    """VAT, and how working time is counted."""

    list_display = ("valid_from", "vat", "vat_within", "minutes_step")
    actions = None


class StepInline(ForKhs, admin.TabularInline[ShareStep, ShareTable]):
    model = ShareStep
    extra = 1


@admin.register(ShareTable)
class ShareTableAdmin(ForKhs, admin.ModelAdmin[ShareTable]):
    """What is left of a price at an age."""

    list_display = ("kind", "valid_from")
    inlines = (StepInline,)
    actions = None


@admin.register(CalloutFee)
class CalloutFeeAdmin(ForKhs, admin.ModelAdmin[CalloutFee]):
    """What coming out costs."""

    list_display = ("type", "valid_from", "amount")
    list_select_related = ("type",)
    actions = None
