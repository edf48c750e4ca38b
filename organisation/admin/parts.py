"""What the pages of the back office are made of: who may, what is locked, what is sent twice, what
is in use and stays."""

from collections.abc import Callable
from typing import Any, Concatenate, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import IntegrityError, connection
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
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from sesam import history
from sesam.form_fields import StoredFile
from sesam.personal_numbers import struck_out

from .. import changes
from ..permissions import KHS, UserRequest, has_role
from ..uses import told

M = TypeVar("M", bound=Model)


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

    def _update_errors(self, errors: ValidationError) -> None:
        """What is wrong with a field that the page has only to read stands above the form."""
        if hasattr(errors, "error_dict"):
            found: dict[str, list[ValidationError]] = {}
            for name, told in errors.error_dict.items():
                found.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(told)
            errors = ValidationError(found)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own; the stubs leave it out

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


class ShownHistory:
    """«Ändringshistorik» is the portal's own (``changes``), where a record's changes are tracked: so
    Django notes none of its."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        model_admin: Any = self
        if history.of(model_admin.model) is None:
            return super().history_view(request, object_id, extra_context)  # type: ignore[misc, no-any-return]  # a mixin's
        record = model_admin.get_object(request, unquote(object_id))
        if record is None:
            return cast(
                HttpResponse,
                model_admin._get_obj_does_not_exist_redirect(
                    request, model_admin.opts, unquote(object_id)
                ),
            )
        if not model_admin.has_view_or_change_permission(request, record):
            raise PermissionDenied
        context = {
            **model_admin.admin_site.each_context(request),
            "title": "Ändringshistorik",
            "module_name": capfirst(str(model_admin.opts.verbose_name_plural)),
            "object": record,
            "object_id": object_id,
            "opts": model_admin.opts,
            "page": changes.page_of(record, request.GET.get("sida")),
            "most": changes.MOST,
            "since": changes.since(record),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/changes.html", context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self._noted("log_addition", request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self._noted("log_change", request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return self._noted("log_deletions", request, queryset)

    def _noted(self, how: str, *what: Any) -> Any:
        if history.of(self.model) is None:  # type: ignore[attr-defined]  # an admin's
            return getattr(super(), how)(*what)
        return None


class OwnFields(ShownHistory):
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
            kwargs |= {"widget": OwnFile, "form_class": StoredFile}
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


def told_of_nobody(text: str) -> str:
    """What many will read holds no personal number."""
    if struck_out(text, "…") != text:
        raise forms.ValidationError("Ta bort personnumret. Det här läses av andra än vården.")
    return text
