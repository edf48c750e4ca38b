"""KHS's records of how charges are reckoned. A new row holds from its day; charges that are made keep
what they were reckoned from."""

from __future__ import annotations

from django.contrib import admin

from organisation.admin import ForKhs

from .models import CalloutFee, ShareStep, ShareTable, Terms


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
