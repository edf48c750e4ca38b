"""Users, roles, units, warehouses and payers, for whoever runs the system."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from .. import accounts
from ..models import Payer, Unit, User, Warehouse
from ..permissions import KHS, ROLES
from .parts import ChangesAlone, Locked, OwnFields, UsedStays


@admin.register(Group)
class RoleAdmin(UsedStays[Group], DjangoGroupAdmin):
    """Roles are known to the code by name: they keep it, and stay, whether in use or not."""

    def kept_because(self, obj: Group) -> str:
        if obj.name in ROLES:
            return f"Rollen {obj} hör till portalen och kan inte tas bort."
        return super().kept_because(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        known = obj is not None and obj.name in ROLES
        return not known and super().has_delete_permission(request, obj)

    # What a role may is said in code: rights of Django's own decide nothing here.
    fields = ("name",)
    filter_horizontal = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        return ["name"] if obj is not None and obj.name in ROLES else []


class UserForm(ChangesAlone[User], UserChangeForm[User]):
    """The active unit is one of the user's own; KHS works for all."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors.keys() & {"default_unit", "units", "groups"}:
            return cleaned
        unit = self._becomes("default_unit", self.instance.default_unit)
        groups = self._becomes("groups", self.instance.groups.all())
        own = self._becomes("units", self.instance.units.all())
        if unit and unit not in own and not any(group.name == KHS for group in groups):
            why = f"{unit} är inte ett av användarens tjänsteställen. Välj ett annat, eller bocka"
            raise forms.ValidationError({"default_unit": f"{why} i det."})
        return cleaned

    def _becomes(self, name: str, held: Any) -> Any:
        """What the field holds afterwards: what wasn't changed here stays as it is by now."""
        return self.cleaned_data[name] if name in self.changed_data else held


@admin.register(User)
class UserAdmin(OwnFields, Locked, DjangoUserAdmin[User]):
    """Users are ended («aktiv» off), never removed: the log and the cases name them."""

    form = UserForm

    @transaction.atomic
    def user_change_password(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().user_change_password(*args, **kwargs)

    list_display = ("username", "last_name", "first_name", "default_unit", "is_active")
    list_filter = ("is_active", "groups", "is_staff")
    list_select_related = ("default_unit",)
    search_fields = ("username", "first_name", "last_name", "orderer_code", "hsa_id")
    filter_horizontal = ()
    autocomplete_fields = ("default_unit",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            "Person",
            {"fields": ("first_name", "last_name", "title", "email", "phone", "mobile", "hsa_id")},
        ),
        ("Adress", {"fields": ("street", "postcode", "locality")}),
        (
            "Arbete",
            {
                "fields": (
                    "orderer_code",
                    "units",
                    "default_unit",
                    "payers",
                    "default_source",
                    "is_technician",
                )
            },
        ),
        ("Behörighet", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (
            "Datum",
            {
                "fields": (
                    "last_login",
                    "date_joined",
                    "paused_at",
                    "ended_at",
                    "ended_as",
                    "reopened_at",
                )
            },
        ),
    )
    readonly_fields = (
        "last_login",
        "date_joined",
        "paused_at",
        "ended_at",
        "ended_as",
        "reopened_at",
    )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change and obj.is_active and "is_active" in form.changed_data:
            accounts.reopen(obj)
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Payer)
class PayerAdmin(UsedStays[Payer]):
    list_display = ("code", "name", "kind", "is_active")
    search_fields = ("code", "name")


@admin.register(Warehouse)
class WarehouseAdmin(UsedStays[Warehouse]):
    fields = (
        "number", "name", "kind", "owner", "lead_time", "may_register_individuals",
        "co", "street", "postcode", "locality", "is_active",
    )  # fmt: skip
    list_display = ("number", "name", "kind", "owner", "lead_time", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("owner",)
    search_fields = ("number", "name")


@admin.register(Unit)
class UnitAdmin(UsedStays[Unit]):
    fields = (
        "code", "name", "payer", "delivering_warehouse", "own_stores",
        "co", "street", "postcode", "locality", "phone", "hsa_id", "is_active",
    )  # fmt: skip
    list_display = ("code", "name", "hsa_id", "payer", "delivering_warehouse", "is_active")
    list_filter = ("is_active", "payer")
    list_select_related = ("payer", "delivering_warehouse")
    search_fields = ("code", "name", "hsa_id")
