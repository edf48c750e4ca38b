"""Users, units, payers and warehouses; the access log is read by its own role elsewhere."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from .models import Payer, Unit, User, Warehouse


@admin.register(Payer)
class PayerAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "kind"]


@admin.register(Warehouse)
class WarehouseAdmin(admin.ModelAdmin):
    list_display = ["number", "name", "kind", "owner", "lead_time", "is_active"]
    list_select_related = ["owner"]


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "payer", "delivering_warehouse", "is_active"]
    list_select_related = ["payer", "delivering_warehouse"]
    filter_horizontal = ["own_stores"]
    search_fields = ["code", "name"]

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ["username", "last_name", "first_name", "orderer_code", "default_unit"]
    list_select_related = ["default_unit"]
    filter_horizontal = ["groups", "user_permissions", "units", "payers"]
    fieldsets = (
        *DjangoUserAdmin.fieldsets,
        (
            "Arbete",
            {
                "fields": (
                    "orderer_code", "hsa_id", "title", "phone", "mobile",
                    "units", "default_unit", "payers", "default_source",
                )
            },
        ),
    )  # fmt: skip

    def has_delete_permission(self, request, obj=None) -> bool:
        """Whoever has worked here is ended (inactive), not removed."""
        return False
