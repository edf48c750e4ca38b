"""KHS's records of how charges are reckoned. A new row holds from its day; charges that are made keep
what they were reckoned from."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation import queues
from organisation.admin import ForKhs, for_khs
from sesam.templatetags.sesam import kr, status_html

from . import khs
from .models import (
    CalloutFee,
    DoubtfulLoan,
    LossVerdict,
    MonthRun,
    Question,
    QuestionStatus,
    ShareStep,
    ShareTable,
    Terms,
)


def open_questions() -> QuerySet[Question]:
    return Question.objects.filter(answered_at=None)


class StatusFilter(queues.StatusFilter):
    statuses = QuestionStatus
    open_label = "Öppna"

    def still_open(self, request: HttpRequest, queryset: QuerySet[Question]) -> QuerySet[Question]:
        return queryset.filter(answered_at=None)


@admin.register(LossVerdict)
class LossVerdictAdmin(ForKhs, admin.ModelAdmin[LossVerdict]):
    """«Saknat och skrotat»: a page of its own."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        losses = for_khs(self, partial(khs.losses_view, self))
        return [path("", losses, name="invoicing_lossverdict_changelist")]


@admin.register(DoubtfulLoan)
class DoubtfulLoanAdmin(ForKhs, admin.ModelAdmin[DoubtfulLoan]):
    """«Lån att ifrågasätta»: a page of its own."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        doubts = for_khs(self, partial(khs.doubts_view, self))
        return [path("", doubts, name="invoicing_doubtfulloan_changelist")]


@admin.register(Question)
class QuestionAdmin(ForKhs, admin.ModelAdmin[Question]):
    """What controllers have questioned, the oldest first. A row's page is its invoice's."""

    list_display = (
        "shown_invoice", "shown_buyer", "shown_row", "shown_amount", "shown_reason",
        "shown_status", "shown_by", "shown_handler", "shown_age",
    )  # fmt: skip
    list_display_links = None
    list_filter = (StatusFilter,)
    ordering = ("asked_at", "id")
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = "invoicing_question_"
        return [
            path("", for_khs(self, self.changelist_view), name=name + "changelist"),
            path("<int:pk>/change/", for_khs(self, self.row_view), name=name + "change"),
        ]

    def row_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """To the row, on its invoice's page."""
        found = get_object_or_404(self.get_queryset(request), pk=pk)
        return redirect(_page_of(found))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return Question.objects.select_related("charge__invoice__buyer", "asked_by", "handler")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = {"title": "Ifrågasatta rader", **(extra_context or {})}
        return super().changelist_view(request, told)

    @admin.display(description="Faktura", ordering="charge__invoice__number")
    def shown_invoice(self, question: Question) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', _page_of(question), question.charge.invoice.number
        )

    @admin.display(description="Betalare", ordering="charge__buyer__name")
    def shown_buyer(self, question: Question) -> str:
        return str(question.charge.invoice.buyer)

    @admin.display(description="Rad")
    def shown_row(self, question: Question) -> str:
        return question.charge.text

    @admin.display(description="Belopp", ordering="charge__amount")
    def shown_amount(self, question: Question) -> str:
        return kr(question.charge.amount)

    @admin.display(description="Varför")
    def shown_reason(self, question: Question) -> str:
        return question.reason

    @admin.display(description="Status", ordering="status")
    def shown_status(self, question: Question) -> SafeString:
        return status_html("", question.get_status_display())

    @admin.display(description="Ifrågasatt av", ordering="asked_by__last_name")
    def shown_by(self, question: Question) -> str:
        return str(question.asked_by)

    @admin.display(description="Handläggare", ordering="handler__last_name")
    def shown_handler(self, question: Question) -> str | None:
        return str(question.handler) if question.handler else None

    @admin.display(description="Ålder", ordering="-asked_at")
    def shown_age(self, question: Question) -> str:
        return f"{(timezone.localdate() - timezone.localdate(question.asked_at)).days} d"


def _page_of(question: Question) -> str:
    url = reverse("invoicing:detail", args=[question.charge.invoice.number])
    return f"{url}?fraga={question.charge_id}"


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


class StepFormSet(forms.BaseInlineFormSet[ShareStep, ShareTable, Any]):
    """What is new has a share: a table begins at age 0."""

    def clean(self) -> None:
        super().clean()
        ages = {form.cleaned_data.get("from_age") for form in self.forms if form.is_valid()}
        if not any(self.errors) and 0 not in ages:
            raise forms.ValidationError(
                "Lägg till ett steg från ålder 0: andelen av det som är nytt."
            )


class StepInline(ForKhs, admin.TabularInline[ShareStep, ShareTable]):
    model = ShareStep
    formset = StepFormSet
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
