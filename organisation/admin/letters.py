"""Notices to many, and the letters by e-mail."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from sesam.form_fields import record_choice

from .. import mail
from ..long_lists import LongList
from ..messages import audience
from ..models import Mail, Notice, Unit, User
from ..permissions import signed_in
from .parts import AddedOnce, ForKhs, told_of_nobody

SENT_TWICE = dt.timedelta(minutes=10)  # the same notice once more within it is the same one


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
