"""Recipients in the back office: by exact number only, to look at.

Nothing is listed, searched for by name or completed while typing, and every look is logged.
Contact details are changed on the recipient's page in the portal, loans by the services.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters

from organisation import access_log
from organisation.admin import ForKhs, ShownHistory, for_khs
from organisation.long_lists import LongChangeList, LongList
from organisation.permissions import KHS, has_role, signed_in
from sesam import personal_numbers, phones
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum

from . import follow_ups, masking, services
from .follow_up_views import url_of
from .forms import NumberForm
from .models import Loan, Recipient
from .views import status_of

_no_store = method_decorator(cache_control(no_store=True, private=True))
_sensitive = method_decorator(sensitive_post_parameters())


@admin.register(Recipient)
class RecipientAdmin(ShownHistory, admin.ModelAdmin[Recipient]):
    """The changelist is a search box; the change page shows and changes nothing."""

    fields = (
        "shown_number",
        "shown_name",
        "shown_address",
        "shown_payer",
        "shown_phones",
        "shown_contact",
    )
    readonly_fields = fields

    # A superuser runs the system and has no business here; the role decides alone.
    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, KHS)

    def has_view_permission(self, request: HttpRequest, obj: Recipient | None = None) -> bool:
        return has_role(request.user, KHS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Recipient | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Recipient | None = None) -> bool:
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Recipient | None:
        """By the opaque id, never the row's own; all pages about one come by here and log it."""
        try:
            recipient = services.get(uuid.UUID(object_id))
        except ValueError:
            return None
        if recipient is not None and has_role(request.user, KHS):
            access_log.look(request, recipient.key, "I administrationen")
        return recipient

    @_no_store
    @_sensitive
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Search by exact number; the number comes by POST and goes no further."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = NumberForm(request.POST if request.method == "POST" else None)
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    found = services.find(signed_in(request), form.cleaned_data["nummer"])
                except DomainError as error:
                    form.add_error(personal_numbers.FIELD, error.message)
                    status = status_of(error)
                else:
                    return redirect(
                        reverse("admin:recipients_recipient_change", args=[found.recipient.key])
                    )
        context = {
            **self.admin_site.each_context(request),
            "title": "Sök mottagare",
            "form": form,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "recipients/admin_search.html", context, status=status)

    @_no_store
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"title": "Mottagare", "subtitle": None, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @_no_store
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().history_view(request, object_id, extra_context)

    @admin.display(description="Nummer")
    def shown_number(self, obj: Recipient) -> str:
        return obj.written_number

    @admin.display(description="Namn")
    def shown_name(self, obj: Recipient) -> str:
        shown = masking.shown(obj)
        return f"{shown.name} (skyddad identitet)" if shown.is_protected else shown.name

    @admin.display(description="Adress", empty_value="–")
    def shown_address(self, obj: Recipient) -> str | None:
        return ", ".join(masking.shown(obj).address_lines) or None

    @admin.display(description="Betalare", empty_value="–")
    def shown_payer(self, obj: Recipient) -> str | None:
        return masking.shown(obj).payer or None

    @admin.display(description="Telefon", empty_value="–")
    def shown_phones(self, obj: Recipient) -> str | None:
        shown = masking.shown(obj)
        return ", ".join(phones.written(x) for x in (shown.mobile, shown.phone) if x) or None

    @admin.display(description="Kontakt")
    def shown_contact(self, obj: Recipient) -> str:
        return masking.shown(obj).contact_label


class _FollowUpRows(LongChangeList):
    """Its rows lead to the question itself."""

    def url_for_result(self, result: Any) -> str:
        return url_of(result.recipient, result.pk)


@admin.register(Loan)
class DesertedFollowUpAdmin(ForKhs, LongList[Loan]):
    """«Uppföljningar utan förskrivare»: what nobody is left to follow up, without whose it is."""

    list_display = ("shown_aid", "shown_workplace", "shown_day", "shown_delivered")
    list_select_related = ("article", "unit", "recipient")
    ordering = ("follow_up_on", "pk")
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        queue = for_khs(self, self.changelist_view)
        return [path("", queue, name="recipients_loan_changelist")]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _FollowUpRows

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Uppföljningar utan förskrivare", **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Loan]:
        return follow_ups.without_anybody()

    @admin.display(description="Hjälpmedel")
    def shown_aid(self, loan: Loan) -> str:
        return loan.title

    @admin.display(description="Tjänsteställe", empty_value="–")
    def shown_workplace(self, loan: Loan) -> str | None:
        """Whose patient a protected person is tells where they live."""
        return None if loan.recipient.is_protected else str(loan.unit)

    @admin.display(description="Skulle följas upp", ordering="follow_up_on")
    def shown_day(self, loan: Loan) -> str:
        return datum(loan.follow_up_on)

    @admin.display(description="Levererat", ordering="delivered_at")
    def shown_delivered(self, loan: Loan) -> str:
        return datum(loan.delivered_at)
