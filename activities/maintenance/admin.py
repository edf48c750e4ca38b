"""KHS's registers of maintenance: the plans, and what is due for each piece."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from procrastinate.exceptions import AlreadyEnqueued

from individuals.holding import HeldPieces
from individuals.models import Individual
from organisation import queues
from organisation.admin import AddedOnce, ChangesAlone, ForKhs, for_khs
from organisation.long_lists import LongList
from organisation.models import Payer
from organisation.permissions import UserRequest
from sesam import printouts
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum, late_html, status_html

from .. import jobs
from ..models import MaintenancePlan, MaintenanceSchedule
from . import dates, holding, listing, making


class PlanForm(ChangesAlone[MaintenancePlan]):
    """A plan; of one that is there what was changed alone is written."""


@admin.register(MaintenancePlan)
class MaintenancePlanAdmin(ForKhs, AddedOnce, admin.ModelAdmin[MaintenancePlan]):
    """A plan in use is ended, not removed. The dates follow in the job."""

    same_fields = ("kind", "article", "iso_class", "months", "is_active")

    form = PlanForm
    list_display = (
        "kind", "shown_whose", "months", "counts_from", "shown_performer", "blocks", "is_active",
    )  # fmt: skip
    list_filter = ("kind", "is_active")
    list_select_related = ("article", "iso_class", "supplier")
    autocomplete_fields = ("article", "iso_class")
    fields = (
        "kind", "article", "iso_class", "months", "counts_from", "starts_on", "lead_days",
        "done_by", "supplier", "blocks", "instructions", "is_active",
    )  # fmt: skip
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What it is for stays: else the schedules would be another thing's."""
        return ("kind", "article", "iso_class") if obj else ()

    def save_model(
        self, request: HttpRequest, obj: MaintenancePlan, form: Any, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        with suppress(AlreadyEnqueued), transaction.atomic():
            jobs.maintain.defer()
        messages.info(request, "Datumen räknas om nu. Det kan ta någon minut.")

    @admin.display(description="Gäller", ordering="article__number")
    def shown_whose(self, plan: MaintenancePlan) -> str:
        return plan.whose

    @admin.display(description="Utförs av", ordering="done_by")
    def shown_performer(self, plan: MaintenancePlan) -> str:
        return plan.performer


class StateFilter(queues.StateFilter):
    """What falls due soon, unless asked for something else."""

    states = listing.STATES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.states:
            return listing.due(queryset)
        return super().queryset(request, queryset)


class MunicipalityFilter(admin.SimpleListFilter):
    title = "kommun"
    parameter_name = "kommun"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(payer.code, payer.name) for payer in Payer.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        payer = _payer(self.value())
        return listing.of_payer(queryset, payer) if payer else queryset


def _payer(code: str | None) -> Payer | None:
    return Payer.objects.filter(code=(code or "").replace("\0", "")).first() if code else None


class OwnScheduleForm(ChangesAlone[MaintenanceSchedule]):
    """A piece's own schedule; of a new one the piece is asked for by its number."""

    number = forms.CharField(label="Individnummer", max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["number"]

    def clean_last_on(self) -> Any:
        day = self.cleaned_data["last_on"]
        if day and day > timezone.localdate():
            raise ValidationError("Välj en dag som har varit.")
        return day

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"]).strip().upper()
        asked = Q(number=number) | Q(former_numbers__number=number)
        piece = Individual.objects.filter(asked).first()
        if piece is None:
            raise ValidationError("Ingen individ har det numret. Skriv hela individnumret.")
        self.instance.individual = piece
        return number

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        piece, kind = self.instance.individual_id, self.cleaned_data.get("kind")
        if not self.instance.pk and piece and kind:
            if not (self.cleaned_data.get("own_months") or self.cleaned_data.get("is_exempt")):
                self.add_error("own_months", "Ange intervallet i månader.")
            elif fault := self._taken(piece, kind):
                self.add_error("kind", fault)
        return said

    def _taken(self, piece: int, kind: str) -> str:
        """Why it can't be added; from now on nobody else adds it either."""
        try:
            HeldPieces([piece], user=None)
        except DomainError as fault:
            return fault.message
        there = MaintenanceSchedule.objects.filter(individual=piece, kind=kind).first()
        own = ("own_months", "is_exempt", "last_on")
        if there is None or all(getattr(there, x) == self.cleaned_data.get(x) for x in own):
            return ""  # the same, sent twice
        return "Individen har redan ett sådant schema. Ändra det i stället."


@admin.register(MaintenanceSchedule)
class MaintenanceScheduleAdmin(ForKhs, AddedOnce, LongList[MaintenanceSchedule]):
    """«Förebyggande underhåll»: what is due, what is late longest first."""

    same_fields = ("individual", "kind")

    form = OwnScheduleForm
    list_display = (
        "shown_piece", "shown_article", "kind", "shown_due", "shown_place", "shown_payer",
        "shown_performer", "shown_activity",
    )  # fmt: skip
    list_filter = (StateFilter, MunicipalityFilter, "kind")
    ordering = ("due_on", "id")
    list_per_page = 50
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[MaintenanceSchedule]:
        return listing.with_place(MaintenanceSchedule.objects.all())

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        if request.method == "POST" and connection.in_atomic_block:
            making.lock_open(object_id)
        return super().get_object(request, object_id, from_field)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = ("own_months", "is_exempt", "last_on")
        if obj is None:
            return ("number", "kind", *own)
        return ("shown_piece_link", "kind", "shown_plan", *own, "due_on")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        return ("shown_piece_link", "kind", "shown_plan", "due_on")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"number": request.GET.get("individ", "").replace("\0", "")[:20]}

    def get_urls(self) -> list[URLPattern]:
        sheet = for_khs(self, require_POST(self.sheet_view))
        name = "activities_maintenanceschedule_sheet"
        return [path("excel/", sheet, name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        told = {
            "title": "Förebyggande underhåll",
            "kommun": request.GET.get("kommun", ""),
            "lage": request.GET.get("lage", ""),
        }
        return super().changelist_view(request, told | (extra_context or {}))

    def sheet_view(self, request: UserRequest) -> HttpResponse:
        """What the list shows, as a sheet: to the page where it is waited for."""
        payer = _payer(request.POST.get("kommun"))
        state = request.POST.get("lage", "")
        printout = jobs.order_sheet(
            user=request.user,
            payer=payer,
            state=state if state in listing.STATES else "",
            back_url=reverse("admin:activities_maintenanceschedule_changelist"),
        )
        return redirect(printouts.url_of(printout))

    def save_model(
        self, request: HttpRequest, obj: MaintenanceSchedule, form: Any, change: bool
    ) -> None:
        """What was set for the piece, and what follows from it at once."""
        if obj.is_exempt:
            obj.due_on = None
        if change:
            obj.save(update_fields=["own_months", "is_exempt", "last_on", "due_on"])
        else:
            super().save_model(request, obj, form, change)
        dates.reschedule([obj.individual_id])
        making.follow_schedule(obj)
        if holding.to_let_go(timezone.localdate()).filter(pk=obj.individual_id).exists():
            holding.let_go(obj.individual_id)

    @admin.display(description="Individ")
    def shown_piece(self, row: MaintenanceSchedule) -> str:
        return row.individual.number

    @admin.display(description="Individ")
    def shown_piece_link(self, row: MaintenanceSchedule) -> SafeString:
        piece = row.individual
        url = reverse("individuals:detail", args=[piece.number])
        return format_html('<a href="{}">{}</a> {}', url, piece.number, piece.article.name)

    @admin.display(description="Plan", empty_value="–")
    def shown_plan(self, row: MaintenanceSchedule) -> str | None:
        return f"{row.plan}, {row.plan.months} månader" if row.plan else None

    @admin.display(description="Artikel")
    def shown_article(self, row: MaintenanceSchedule) -> str:
        return str(row.individual.article)

    @admin.display(description="Förfaller", ordering="due_on")
    def shown_due(self, row: MaintenanceSchedule) -> str | SafeString:
        return late_html(datum(row.due_on)) if row.is_late else datum(row.due_on)

    @admin.display(description="Var")
    def shown_place(self, row: MaintenanceSchedule) -> str:
        return listing.place_of(row)

    @admin.display(description="Kommun")
    def shown_payer(self, row: MaintenanceSchedule) -> str | SafeString:
        if row.is_hidden:
            return status_html("", "Skyddad identitet")
        return listing.payer_of(row)

    @admin.display(description="Utförs av")
    def shown_performer(self, row: MaintenanceSchedule) -> str:
        return listing.performer_of(row)

    @admin.display(description="Aktivitet", empty_value="–")
    def shown_activity(self, row: MaintenanceSchedule) -> SafeString | None:
        activity = listing.activity_of(row)
        if activity is None:
            return None
        url = reverse("activities:detail", args=[activity.case_number])
        return format_html('<a href="{}">{}</a>', url, activity.case_number)
