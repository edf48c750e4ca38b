"""The back office: users, units and warehouses for whoever runs the system."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Concatenate, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import (
    DateField,
    DateTimeField,
    Field,
    FileField,
    ManyToManyField,
    Model,
    ProtectedError,
    QuerySet,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django_otp.plugins.otp_totp import admin as _codes  # noqa: F401  as the jobs below
from django_otp.plugins.otp_totp.models import TOTPDevice
from procrastinate.contrib.django import admin as _jobs  # noqa: F401  registered, to be taken away
from procrastinate.contrib.django.models import ProcrastinateJob

from sesam.form_fields import record_choice
from sesam.personal_numbers import struck_out

from . import accounts, mail, views
from .long_lists import LongList
from .messages import audience
from .models import Mail, Notice, Payer, Unit, User, Warehouse
from .permissions import KHS, ROLES, UserRequest, has_role, signed_in
from .uses import told

admin.site.site_header = "Hjälpmedelsportalen, KHS"
admin.site.site_title = "Hjälpmedelsportalen"
admin.site.index_title = "Administration"
admin.site.empty_value_display = "–"
admin.site.site_url = None  # the head has «Till portalen»
# One door, one lock: the site is Django's own, its doors are the portal's.
admin.site.login = views.admin_sign_in  # type: ignore[method-assign]
admin.site.logout = views.sign_out  # type: ignore[method-assign, assignment]


def _app_list(request: HttpRequest, app_label: str | None = None) -> Any:
    """Django gives it to every page, for a menu that ours don't have: made where it is shown."""
    return SimpleLazyObject(lambda: admin.AdminSite.get_app_list(admin.site, request, app_label))


admin.site.get_app_list = _app_list  # type: ignore[method-assign]


M = TypeVar("M", bound=Model)
SENT_TWICE = dt.timedelta(minutes=10)  # the same notice once more within it is the same one


class ChangesAlone(forms.ModelForm[M]):
    """Of a record that is there, what the user has changed on the page is written, and no more:
    the rest may have been written by others since the page was opened."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # The page sends along what it showed. (A file isn't sent unless it is a new one. What
            # can't be changed isn't either: a password's hash has no business on the page.)
            field.show_hidden_initial = not (field.disabled or isinstance(field, forms.FileField))

    def _post_clean(self) -> None:
        if self.instance.pk:
            for name in set(self.cleaned_data) - set(self.changed_data):
                if self._was_shown(name):
                    del self.cleaned_data[name]
        super()._post_clean()  # type: ignore[misc]  # Django's own; the stubs leave it out

    def _was_shown(self, name: str) -> bool:
        """Whether the page sent along what it had shown."""
        hidden = self.fields[name].hidden_widget()
        shown = self.add_initial_prefix(name)
        return not hidden.value_omitted_from_data(self.data, self.files, shown)


class Locked:
    """What is about to be saved is read under its lock: the form is saved with all columns, and
    what somebody else or a service wrote since must be among them."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        found = super().get_object(request, object_id, from_field)  # type: ignore[misc]  # a mixin's
        if found is not None and request.method == "POST" and connection.in_atomic_block:
            rows = type(found)._base_manager.select_for_update(of=("self",))
            found.refresh_from_db(from_queryset=rows)
        return found


class OwnFile(forms.ClearableFileInput):
    """The portal's file chooser. Of the file that is there its field says so, and can take it away."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        context = self.get_context(name, value, attrs)
        context["control"] = forms.FileInput(self.attrs).render(name, None, attrs, renderer)
        return render_to_string("admin/includes/file.html", context)


class OwnFields:
    """A register's fields are the portal's: a day and a time are chosen by the browser's own means,
    several are ticked, a file is dropped too, and what is chosen among other records has no windows
    to change those in."""

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, DateTimeField):
            kwargs |= {
                "form_class": forms.DateTimeField,
                "widget": _typed("datetime-local", "%Y-%m-%dT%H:%M"),
            }
        elif isinstance(db_field, DateField):
            kwargs["widget"] = _typed("date", "%Y-%m-%d")
        elif isinstance(db_field, ManyToManyField):
            kwargs["widget"] = forms.CheckboxSelectMultiple
        elif isinstance(db_field, FileField):
            kwargs["widget"] = OwnFile
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # a mixin's
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


def _typed(kind: str, written: str) -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": kind}, format=written)


class ForKhs(OwnFields, Locked):
    """Rights for an admin of KHS's daily work: the role decides, whoever runs the system has none."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, KHS)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, KHS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a case may refer to is ended, not removed."""
        return False


class AddedOnce:
    """A form that is sent twice adds one record: what was added with the same ``same_fields`` is the
    one that is meant."""

    same_fields: tuple[str, ...]

    def twins(self, obj: Any) -> QuerySet[Any]:
        """Those that ``obj`` may be once more."""
        same = {name: getattr(obj, name) for name in self.same_fields}
        found: QuerySet[Any] = type(obj)._default_manager.filter(**same)
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            with connection.cursor() as cursor:  # until the transaction's end
                key = f"add {obj._meta.label} {request.user.pk}"
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            if twin := self.twins(obj).first():
                obj.pk, obj._state.adding = twin.pk, False
                return
        super().save_model(request, obj, form, change)  # type: ignore[misc]  # a mixin's


def for_khs(
    model_admin: admin.ModelAdmin[Any], view: Callable[Concatenate[UserRequest, ...], HttpResponse]
) -> Callable[..., HttpResponse]:
    """A page of KHS's own inside the admin."""

    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not has_role(request.user, KHS):
            raise PermissionDenied
        return view(cast(UserRequest, request), **kwargs)

    return model_admin.admin_site.admin_view(checked)


def as_text(name: str, description: str) -> Any:  # a function; the stubs of fields know names only
    """A read-only field: what it refers to, without Django's link to a register not KHS's."""

    @admin.display(description=description, empty_value="–")
    def shown(obj: Any) -> str | None:
        value = getattr(obj, name)
        return None if value is None else str(value)

    return shown


def _without(found: list[Any], beginnings: tuple[str, ...]) -> list[Any]:
    """The entries, and those beneath them, that don't begin so."""
    kept = [_without(x, beginnings) if isinstance(x, list) else x for x in found]
    return [x for x in kept if x and not str(x).startswith(beginnings)]


class UsedStays(OwnFields, Locked, admin.ModelAdmin[M]):
    """What is in use isn't deleted, and the page says by what; numbers only, since those who run
    the system see no patients. (The database holds it too.)"""

    def kept_because(self, obj: M) -> str:
        return told(obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with it are its own choices: by the name of the field and what was chosen there."""
        found, *rest = super().get_deleted_objects(objs, request)
        own = [(obj, field) for obj in objs for field in obj._meta.many_to_many]
        rows = tuple(
            f"{capfirst(str(field.remote_field.through._meta.verbose_name))}: " for _, field in own
        )
        chosen = [(field.verbose_name, field.value_from_object(obj)) for obj, field in own]
        told = [f"{capfirst(str(name))}: {', '.join(map(str, c))}" for name, c in chosen if c]
        return [*_without(found, rows), *told], *rest

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None deletes many at once."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_change_permission(request, obj):
            return super().delete_view(request, object_id, extra_context)
        why = self.kept_because(obj)
        if not why:
            try:
                return super().delete_view(request, object_id, extra_context)
            except (ProtectedError, IntegrityError):  # came into use in the meantime
                why = self.kept_because(obj) or f"{obj} används och kan inte tas bort."
        self.message_user(request, why, messages.ERROR)
        return redirect(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", obj.pk)


class NoticeForm(forms.ModelForm[Notice]):
    """What KHS tells all, a role, a unit or one user."""

    username = forms.CharField(
        label="En användare",
        help_text="Användarnamnet. Lämna roll, tjänsteställe och användare tomma för att skicka till"
        " alla.",
        required=False,
        max_length=150,
    )

    class Meta:
        model = Notice
        fields = ("title", "text", "role", "unit", "username")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit" in self.fields:
            record_choice(self, "unit").queryset = Unit.objects.filter(is_active=True)

    def clean_title(self) -> str:
        return told_of_nobody(self.cleaned_data["title"])

    def clean_text(self) -> str:
        return told_of_nobody(self.cleaned_data["text"])

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"]).replace("\0", "").strip()
        self.instance.user = None
        if name:
            self.instance.user = User.objects.filter(username=name, is_active=True).first()
            if self.instance.user is None:
                raise forms.ValidationError("Ingen aktiv användare heter så. Kontrollera namnet.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if sum(bool(cleaned.get(name)) for name in ("role", "unit", "username")) > 1:
            raise forms.ValidationError(
                {"role": "Välj en roll, ett tjänsteställe eller en användare, eller ingen av dem."}
            )
        return cleaned


def told_of_nobody(text: str) -> str:
    """What many will read holds no personal number."""
    if struck_out(text, "…") != text:
        raise forms.ValidationError("Ta bort personnumret. Det här läses av andra än vården.")
    return text


@admin.register(Notice)
class NoticeAdmin(ForKhs, AddedOnce, admin.ModelAdmin[Notice]):
    """Written, and sent by a job within a minute; what is sent stays as it was."""

    form = NoticeForm
    same_fields = ("title", "text", "role", "unit", "user", "sent_by")
    list_display = ("title", "shown_audience", "sent_by", "created_at", "shown_state")
    list_select_related = ("unit", "user", "sent_by")
    actions = None
    fields = ("title", "text", "role", "unit", "username")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        if obj is None:
            return self.fields
        return ("title", "text", "shown_audience", "shown_sender", "created_at", "shown_state")

    def get_readonly_fields(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def twins(self, obj: Notice) -> QuerySet[Notice]:
        """The same words may be told again another day."""
        return super().twins(obj).filter(created_at__gt=timezone.now() - SENT_TWICE)

    def save_model(
        self, request: HttpRequest, obj: Notice, form: forms.ModelForm[Notice], change: bool
    ) -> None:
        obj.sent_by = signed_in(request)
        super().save_model(request, obj, form, change)
        count = audience(obj).count()
        whom = "1 användare" if count == 1 else f"{count} användare"
        self.message_user(request, f"Meddelandet skickas till {whom} inom en minut.")

    @admin.display(description="Till")
    def shown_audience(self, notice: Notice) -> str:
        return notice.audience

    @admin.display(description="Skickat av")
    def shown_sender(self, notice: Notice) -> str:
        return str(notice.sent_by)

    @admin.display(description="Läge")
    def shown_state(self, notice: Notice) -> str:
        return (
            f"Skickat till {notice.told} st"
            if notice.sent_at
            else f"Skickas, {notice.told} st klara"
        )


@admin.register(Mail)
class MailAdmin(ForKhs, LongList[Mail]):
    """Letters and what has become of them: no texts, and nothing of whom they are about."""

    list_display = (
        "shown_user",
        "shown_kind",
        "state",
        "attempts",
        "fault",
        "written_at",
        "sent_at",
    )
    list_filter = ("state",)
    list_select_related = ("message__user",)
    list_display_links = None
    actions = ("retry",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description="Försök skicka igen")
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        count = mail.try_again(queryset)
        self.message_user(request, f"Ett nytt försök görs inom en minut: {count} st.")

    @admin.display(description="Till")
    def shown_user(self, letter: Mail) -> str:
        return str(letter.message.user)

    @admin.display(description="Slag")
    def shown_kind(self, letter: Mail) -> str:
        return letter.message.get_kind_display()


admin.site.unregister(Group)
# Jobs are looked at by `manage.py procrastinate`: their own pages are for developers, in English.
admin.site.unregister(ProcrastinateJob)
# One-time codes are given at the server (`manage.py emergency_account`): the page shows their secrets.
admin.site.unregister(TOTPDevice)


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
    pass


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


from . import account_admin as account_admin  # noqa: E402  registers its own, which is made of the above
