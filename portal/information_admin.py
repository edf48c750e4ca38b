"""KHS writes news, documents and help, and reads what hinders somebody."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from organisation.admin import AddedOnce, ChangesAlone, ForKhs, for_khs, told_of_nobody
from organisation.models import Audience, Unit
from organisation.permissions import UserRequest, signed_in
from sesam import attachments, rich_text
from sesam.days import moment_in_words
from sesam.errors import DomainError
from sesam.form_fields import record_choice
from sesam.templatetags.sesam import download

from .help_pages import Topic, topics
from .models import BarrierReport, Document, DocumentHeading, HelpText, News, Published

RICH = "admin/portal/rich_form.html"
WHEN_AND_WHOM = ("published_from", "published_until", "role", "unit")


class PublishedForm(forms.ModelForm[Any]):
    """From when to when, and for all, a role or a unit. ``seen`` says what the page was drawn with:
    whoever saves second is told."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = _digest(self.instance) if self.instance.pk else ""
        self.fields["seen"].initial = self.now
        if "unit" in self.fields:
            record_choice(self, "unit").queryset = Unit.objects.filter(is_active=True)

    def clean_title(self) -> str:
        return told_of_nobody(self.cleaned_data["title"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("published_from"), cleaned.get("published_until")
        if begins and ends and ends < begins:
            self.add_error("published_until", "Slutdagen är före den första dagen.")
        if cleaned.get("role") and cleaned.get("unit"):
            self.add_error("unit", "Välj en roll eller ett tjänsteställe, inte båda.")
        if cleaned.get("seen") and cleaned["seen"] != self.now:
            self.add_error(
                None,
                "Någon annan har sparat en annan version medan du skrev. Det du skrev står kvar här."
                " Spara igen om det ska gälla i stället.",
            )
            self.data = {**self.data.dict(), self.add_prefix("seen"): self.now}  # type: ignore[attr-defined]  # a request's
        return cleaned


def _digest(published: Published) -> str:
    """What the record holds, as a checksum."""
    held = [str(getattr(published, field.attname)) for field in published._meta.concrete_fields]
    return hashlib.sha256("\0".join(held).encode()).hexdigest()


class NewsForm(PublishedForm):
    body = rich_text.RichTextField(label="Text")

    class Meta:
        model = News
        fields = ("title", "body", "is_important", *WHEN_AND_WHOM)

    def clean_body(self) -> str:
        return told_of_nobody(self.cleaned_data["body"])


class ForReaders(ForKhs, AddedOnce, admin.ModelAdmin[Any]):
    """What readers see from one day to another."""

    list_select_related = ("unit",)
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No case refers to it."""
        return self.has_change_permission(request, obj)

    @admin.display(description="För")
    def shown_audience(self, published: Audience) -> str:
        return published.audience

    @admin.display(description="Läge")
    def shown_state(self, published: Published) -> str:
        return published.state


@admin.register(News)
class NewsAdmin(ForReaders):
    form = NewsForm
    same_fields = ("title", "body", "is_important", *WHEN_AND_WHOM)
    change_form_template = RICH
    list_display = ("title", "published_from", "published_until", "shown_audience", "is_important",
                    "shown_state")  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        warn_of_lost(request, form)


def warn_of_lost(request: HttpRequest, form: forms.BaseForm) -> None:
    """Something that was typed isn't kept."""
    field = form.fields["body"]
    if isinstance(field, rich_text.RichTextField) and field.lost:
        messages.warning(request, rich_text.LOST)


class DocumentForm(PublishedForm):
    class Meta:
        model = Document
        fields = ("heading", "title", "file", *WHEN_AND_WHOM)
        widgets = {"file": forms.FileInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:  # Django's own link leads nowhere: files have no addresses
            self.fields["file"].help_text = format_html(
                'Nu: <a href="{}" {}>{}</a>. Välj en ny fil för att byta ut den.',
                reverse("document", args=[self.instance.key]),
                download(),
                self.instance.name,
            )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if not isinstance(upload, UploadedFile):
            return upload
        try:
            kept = attachments.clean(upload)
        except DomainError as fault:
            raise forms.ValidationError(fault.message) from fault
        self.instance.name, self.instance.size = kept.name, kept.size
        self.instance.content_type = kept.content_type
        return kept.file


@admin.register(Document)
class DocumentAdmin(ForReaders):
    form = DocumentForm
    same_fields = ("heading", "title", "name", "size", *WHEN_AND_WHOM)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).select_related("heading")

    list_display = ("title", "heading", "published_from", "published_until", "shown_audience",
                    "shown_state")  # fmt: skip
    list_filter = ("heading",)

    def save_model(self, request: HttpRequest, obj: Document, form: Any, change: bool) -> None:
        if change and "file" in form.changed_data:
            _remove_file(Document.objects.get(pk=obj.pk))
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        _remove_file(obj)
        super().delete_model(request, obj)


def _remove_file(document: Document) -> None:
    """Once it is sure that nothing leads there: what was taken away may have told of somebody."""
    if name := document.file.name:
        transaction.on_commit(partial(document.file.storage.delete, name))


@admin.register(DocumentHeading)
class DocumentHeadingAdmin(ForKhs, admin.ModelAdmin[DocumentHeading]):
    form = ChangesAlone[DocumentHeading]
    list_display = ("name", "position")
    actions = None


# --- help ---


class HelpForm(forms.ModelForm[HelpText]):
    """``seen`` is the version that the page was drawn with: whoever saves second is told."""

    body = rich_text.RichTextField(label="Text")
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reset = forms.BooleanField(
        label="Återställ", help_text="Ta tillbaka den text som följer med portalen.", required=False
    )

    class Meta:
        model = HelpText
        fields = ("title", "body", "reset", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.version
        known = _known(self.instance)
        if known and not self.instance.body:
            self.initial["body"] = known.html

    def clean_title(self) -> str:
        return told_of_nobody(self.cleaned_data["title"])

    def clean_body(self) -> str:
        return told_of_nobody(self.cleaned_data["body"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        current = self.instance.version
        if self.instance.pk and cleaned.get("seen") != current:
            when = moment_in_words(self.instance.changed_at)
            self.add_error(
                "body",
                f"{self.instance.changed_by} sparade en annan text {when}, medan du skrev. Spara"
                " igen om din ska gälla i stället. Den som är sparad nu lyder:"
                f" «{rich_text.words(self.instance.body or self.initial.get('body', ''))}»",
            )
            self.data = {**self.data.dict(), self.add_prefix("seen"): str(current)}  # type: ignore[attr-defined]  # a request's
        return cleaned


def _known(text: HelpText) -> Topic | None:
    """What comes with the portal."""
    return topics().get(text.topic)


@admin.register(HelpText)
class HelpTextAdmin(ForKhs, admin.ModelAdmin[HelpText]):
    """A text is written anew the first time that KHS opens it; what comes with the portal stands
    in files."""

    form = HelpForm
    change_form_template = RICH
    list_display = ("title", "changed_by", "changed_at")
    list_select_related = ("changed_by",)
    actions = None
    fields = ("title", "body", "reset", "seen")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "skriv/<slug:topic>/",
                for_khs(self, self.write_view),
                name="portal_helptext_write",
            ),
            *super().get_urls(),
        ]

    def write_view(self, request: UserRequest, topic: str) -> HttpResponse:
        """To the form of a text, which begins with what comes with the portal. That stays until
        something is saved: the next version may bring a better one."""
        known = topics().get(topic)
        if known is None:
            raise Http404("help")
        facts = {"title": known.title, "changed_by": request.user}
        text, _ = HelpText.objects.get_or_create(topic=topic, defaults=facts)
        return redirect("admin:portal_helptext_change", text.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HelpText]:
        return super().get_queryset(request).select_related("changed_by")

    def save_model(
        self, request: HttpRequest, obj: HelpText, form: forms.ModelForm[HelpText], change: bool
    ) -> None:
        known = _known(obj)
        if form.cleaned_data["reset"] and known:
            obj.title, obj.body = known.title, ""
        obj.version += 1
        obj.changed_by = signed_in(request)
        super().save_model(request, obj, form, change)
        warn_of_lost(request, form)

    def response_change(self, request: HttpRequest, obj: HelpText) -> HttpResponse:
        messages.success(request, f"Hjälptexten «{obj}» är sparad.")
        return redirect(reverse("help", args=[obj.topic]))


# --- what hinders somebody ---


class AnswerForm(forms.ModelForm[BarrierReport]):
    """``seen`` is the answer that the page was drawn with: whoever answers second is told."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    class Meta:
        model = BarrierReport
        fields = ("answer", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = hashlib.sha256(self.instance.answer.encode()).hexdigest()
        self.fields["seen"].initial = self.now

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen = cleaned.get("seen")
        if seen and seen != self.now and cleaned.get("answer") != self.initial["answer"]:
            self.add_error(
                "answer",
                "Någon annan svarade medan du skrev. Spara igen om ditt svar ska gälla i stället. Det"
                f" som är sparat nu lyder: «{self.initial['answer']}»",
            )
            self.data = {**self.data.dict(), self.add_prefix("seen"): self.now}  # type: ignore[attr-defined]  # a request's
        return cleaned


@admin.register(BarrierReport)
class BarrierReportAdmin(ForKhs, admin.ModelAdmin[BarrierReport]):
    """Read and answered by KHS; what somebody reported stays as it was written."""

    form = AnswerForm
    list_display = ("where", "reported_at", "contact", "handled_at")
    list_filter = (("handled_at", admin.EmptyFieldListFilter),)
    actions = None
    fields = (
        "where", "what", "contact", "shown_user", "reported_at", "answer", "handled_at", "seen",
    )  # fmt: skip
    readonly_fields = ("where", "what", "contact", "shown_user", "reported_at", "handled_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: BarrierReport, form: Any, change: bool) -> None:
        """What is answered is handled."""
        obj.handled_at = (obj.handled_at or timezone.now()) if obj.answer else None
        obj.save(update_fields=["answer", "handled_at"])

    @admin.display(description="Inloggad som")
    def shown_user(self, report: BarrierReport) -> str:
        return str(report.user) if report.user else "Inte inloggad, eller borttaget"
