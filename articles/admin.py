"""The catalogue in KHS's hands; balances to look at."""

from functools import partial
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import DecimalRangeField
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Field, Model, Q, QuerySet, Value
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from organisation.admin import ChangesAlone, ForKhs, as_text, for_khs
from organisation.long_lists import BoundedPaginator, LongList, one_of
from organisation.permissions import signed_in
from sesam import attachments
from sesam.errors import DomainError
from sesam.templatetags.sesam import tal

from . import catalogue_import, measures, stock, uses
from .catalogue_admin import export_view, import_view, upload_view
from .counting_admin import count_view
from .models import (
    Article,
    ArticleDocument,
    Balance,
    BillingForm,
    IsoClass,
    Price,
    ReplacementGroup,
    ReplacementMember,
    StockMovement,
    Supplier,
)
from .parts_admin import FitInline, StandardComponentInline
from .pictures import picture_view
from .search import words_of
from .slots import expected_moved


class PriceInline(ForKhs, admin.TabularInline[Price, Article]):
    """A new price is a new row with its own day; the old ones stand."""

    model = Price
    extra = 1
    fields = ("list_price", "rent", "valid_from")


M = TypeVar("M", bound=Model)


class DocumentForm(forms.ModelForm[ArticleDocument]):
    """A PDF, told by its content, or a link; never both."""

    url = forms.URLField(label="Länk", required=False, max_length=500, assume_scheme="https")

    class Meta:
        model = ArticleDocument
        fields = ("position", "title", "url", "file")

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if isinstance(file, UploadedFile):
            try:
                found = attachments.check(file)
            except DomainError as error:
                raise forms.ValidationError(error.message) from error
            if found != ArticleDocument.content_type:
                raise forms.ValidationError("Välj en PDF.")
            self.instance.size = file.size or 0
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("url")) == bool(data.get("file")):
            raise forms.ValidationError("Ange en länk eller en PDF-fil, och bara en av dem.")
        return data


class DocumentInline(ForKhs, admin.TabularInline[ArticleDocument, Article]):
    model = ArticleDocument
    form = DocumentForm
    extra = 0
    fields = ("position", "title", "url", "file")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


class FoundPaginator(BoundedPaginator):
    """What was found isn't looked for again: PostgreSQL would do so by its words, not by its keys."""

    def among(self, keys: list[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = self.object_list.all()
        found.query.clear_where()
        return found.filter(one_of(keys))


class FoundByWords(LongList[M]):
    """Searched as the portal searches articles: all the words, in the text that is indexed."""

    paginator = FoundPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        (field,) = self.search_fields
        for word in words_of(search_term):
            queryset = queryset.filter(**{field: Upper(Value(word))})
        return queryset, False


class InTurn:
    """Saved by one at a time, sheets included."""

    @transaction.atomic
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            catalogue_import.take_turn()
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc, no-any-return]  # a mixin's


FIELDS = [f.name for f in Article._meta.fields if f.editable and not f.primary_key]


class ArticleForm(ChangesAlone[Article]):
    def clean_is_stocked(self) -> bool:
        article, stays = self.instance, bool(self.cleaned_data["is_stocked"])
        if article.pk and article.is_stocked and not stays:
            if stock.in_stock([article.pk], lock=True):
                raise forms.ValidationError(stock.STAYS_STOCKED)
        return stays


@admin.register(Article)
class ArticleAdmin(InTurn, ForKhs, FoundByWords[Article]):
    """Articles are ended («utgått»), never removed."""

    form = ArticleForm
    list_display = ("number", "name", "type", "supplier", "iso_code", "is_discontinued")
    list_filter = ("type", "responsibility", "is_discontinued", "is_marked")
    list_select_related = ("supplier",)
    search_fields = ("search_text__contains",)
    ordering = ("number",)
    autocomplete_fields = ("supplier", "iso_class")
    inlines = (PriceInline, DocumentInline, StandardComponentInline, FitInline)
    # Said, here and of the rows below: Django else makes the form to learn of its fields, for each use.
    fieldsets = (
        (None, {"fields": [name for name in FIELDS if name not in measures.BY_NAME]}),
        ("Mått", {"fields": list(measures.BY_NAME)}),
    )
    formfield_overrides: ClassVar[dict[type[Field[Any, Any]], Any]] = {
        DecimalRangeField: {"form_class": measures.SpanField}
    }

    def get_urls(self) -> list[URLPattern]:
        own = (
            ("importera/", partial(upload_view, self), "upload"),
            ("importera/<uuid:key>/", partial(import_view, self), "import"),
            ("exportera/", export_view, "export"),
            ("<int:pk>/foto/", partial(picture_view, self), "picture"),
        )
        return [
            *(
                path(route, for_khs(self, view), name=f"articles_article_{name}")
                for route, view, name in own
            ),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        article = context["original"]
        if article is not None:
            context["used"] = uses.used(request, article)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Article | None = None
    ) -> tuple[str, ...]:
        """A number names the article for ever; marking can't change under pieces in stock."""
        return ("number", "is_marked") if obj else ()


@admin.register(Supplier)
class SupplierAdmin(InTurn, ForKhs, admin.ModelAdmin[Supplier]):
    search_fields = ("name",)


@admin.register(IsoClass)
class IsoClassAdmin(ForKhs, admin.ModelAdmin[IsoClass]):
    list_display = ("code", "title", "level", "follow_up_weeks")
    search_fields = ("code", "title")
    readonly_fields = ("code", "level", "parent")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BillingForm)
class BillingFormAdmin(ForKhs, admin.ModelAdmin[BillingForm]):
    list_display = ("name", "rule", "is_active")


class MemberForm(forms.ModelForm[ReplacementMember]):
    class Meta:
        model = ReplacementMember
        fields = ("article", "rank")
        labels = {"article": "Artikel"}


class MemberInline(ForKhs, admin.TabularInline[ReplacementMember, ReplacementGroup]):
    model = ReplacementMember
    form = MemberForm
    autocomplete_fields = ("article",)
    extra = 1

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(ReplacementGroup)
class ReplacementGroupAdmin(ForKhs, admin.ModelAdmin[ReplacementGroup]):
    list_display = ("name", "is_forced")
    search_fields = ("name", "members__article__number")
    inlines = (MemberInline,)


@admin.register(Balance)
class BalanceAdmin(ForKhs, FoundByWords[Balance]):
    """Only services move stock; KHS says when more is expected."""

    list_display = ("article", "warehouse", "on_hand", "reserved", "unavailable", "expected_on")
    list_filter = ("warehouse",)
    search_fields = ("article__search_text__contains",)
    readonly_fields = (
        "article",
        as_text("warehouse", "Lager"),
        "on_hand",
        "reserved",
        "unavailable",
    )
    fields = (*readonly_fields, "expected_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Balance]:
        return super().get_queryset(request).select_related("article", "warehouse")

    def get_urls(self) -> list[URLPattern]:
        count = partial(count_view, self)
        return [
            path("inventera/", for_khs(self, count), name="articles_balance_count"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Balance, form: forms.ModelForm[Balance], change: bool
    ) -> None:
        """The one column: the others may have moved since the page was opened."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)
        if "expected_on" in form.changed_data:
            for entry in expected_moved:
                entry.told(obj, signed_in(request))


@admin.register(StockMovement)
class StockMovementAdmin(ForKhs, LongList[StockMovement]):
    """The ledger, to look at."""

    list_display = (
        "shown_at",
        "kind",
        "shown_quantity",
        "article",
        "individual_number",
        "warehouse",
        "shown_case",
        "note",
        "user",
    )
    list_per_page = 50
    list_display_links = None  # the row says all
    list_filter = ("kind", "warehouse")
    list_select_related = ("article", "warehouse", "user")
    search_fields = ("article__number", "case__number", "individual_number")
    search_help_text = "Hela artikelnumret, ärendenumret eller individnumret"

    @admin.display(description="tid", ordering="at")
    def shown_at(self, movement: StockMovement) -> str:
        return timezone.localtime(movement.at).strftime("%Y-%m-%d %H:%M")

    @admin.display(description="antal", ordering="quantity")
    def shown_quantity(self, movement: StockMovement) -> str:
        return f"{'+' if movement.quantity > 0 else ''}{tal(movement.quantity)}"

    @admin.display(description="ärende", ordering="case_number")
    def shown_case(self, movement: StockMovement) -> str:
        return movement.case_number or ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        """By a number as a whole: parts of numbers would be looked for in every movement ever."""
        for number in words_of(search_term):
            article = Article.objects.filter(number=number.upper()).values_list("pk", flat=True)
            queryset = queryset.filter(
                Q(article__in=list(article))
                | Q(case_number=number)
                | Q(individual_number=number) & ~Q(individual_number="")
            )
        return queryset, False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
