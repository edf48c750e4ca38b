"""The back office: users, units and warehouses for whoever runs the system."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from . import views
from .models import Payer, Unit, User, Warehouse
from .permissions import KHS, has_role

admin.site.site_header = "Hjälpmedelsportalen, KHS"
admin.site.site_title = "Hjälpmedelsportalen"
admin.site.index_title = "Administration"
admin.site.site_url = None  # the head has «Till portalen»
admin.site.login = views.admin_sign_in
admin.site.logout = views.sign_out


class ForKhs:
    """Rights for an admin of KHS's daily work: the role decides, whoever runs the system has none."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, KHS)

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return has_role(request.user, KHS)

    def has_add_permission(self, request: HttpRequest, obj=None) -> bool:
        return has_role(request.user, KHS)

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return has_role(request.user, KHS)

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        """What a case may refer to is ended, not removed."""
        return False


def for_khs(
    model_admin: admin.ModelAdmin, view: Callable[..., HttpResponse]
) -> Callable[..., HttpResponse]:
    """A page of KHS's own inside the admin."""

    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not has_role(request.user, KHS):
            raise PermissionDenied
        return view(request, **kwargs)

    return model_admin.admin_site.admin_view(checked)


def as_text(name: str, description: str) -> Callable[[Any], str]:
    """A read-only field: what it refers to, without Django's link to a register not KHS's."""

    @admin.display(description=description, empty_value="–")
    def shown(obj: Any) -> str | None:
        value = getattr(obj, name)
        return None if value is None else str(value)

    return shown


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Users are ended («aktiv» off), never removed: the log and the cases name them."""

    list_display = ("username", "last_name", "first_name", "default_unit", "is_active")
    list_filter = ("is_active", "groups", "is_staff")
    list_select_related = ("default_unit",)
    search_fields = ("username", "first_name", "last_name", "orderer_code", "hsa_id")
    filter_horizontal = ("groups", "units", "payers")
    autocomplete_fields = ("default_unit",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            "Person",
            {"fields": ("first_name", "last_name", "title", "email", "phone", "mobile", "hsa_id")},
        ),
        (
            "Arbete",
            {
                "fields": (
                    "orderer_code",
                    "units",
                    "default_unit",
                    "payers",
                    "default_source",
                )
            },
        ),
        ("Behörighet", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Datum", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


@admin.register(Payer)
class PayerAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "kind")
    search_fields = ("code", "name")


@admin.register(Warehouse)
class WarehouseAdmin(admin.ModelAdmin):
    list_display = ("number", "name", "kind", "owner", "lead_time", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("owner",)
    search_fields = ("number", "name")


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "payer", "delivering_warehouse", "is_active")
    list_filter = ("is_active", "payer")
    list_select_related = ("payer", "delivering_warehouse")
    search_fields = ("code", "name")
    filter_horizontal = ("own_stores",)
