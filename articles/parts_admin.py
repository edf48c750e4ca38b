"""An article's standard components and fits in the back office.

A wheelchair has a hundred. A row that is there says its article in words, can be taken away, and
is a form only when it is sent in; a row to come is Django's, with a choice among all articles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from organisation.admin import ForKhs
from sesam.templatetags.sesam import icon_html

from .models import Article, Fit, StandardComponent

# At once: a hundred rows of eleven values each were a quarter of the page's time by the template.
_ROW = (
    '<tr class="form-row has_original" id="{id}"><td class="original" hidden>'
    '<input type="hidden" name="{id}-id" value="{pk}" id="id_{id}-id"></td><td>{part}{errors}</td>'
    '{quantity}<td class="delete"><input type="checkbox" name="{id}-DELETE" id="id_{id}-DELETE"'
    ' aria-label="Ta bort {part}"{ticked}></td></tr>\n'
)
_QUANTITY = (
    '<td><input type="number" name="{id}-quantity" value="{quantity}" class="vIntegerField" min="0"'
    ' required id="id_{id}-quantity" aria-label="Antal {part}"></td>'
)


@dataclass(frozen=True)
class KeptRow:
    """A row that is there. ``id`` begins the names of its fields."""

    id: str
    pk: int
    part: str
    quantity: Any
    is_ticked: bool = False
    errors: tuple[str, ...] = ()

    @property
    def html(self) -> SafeString:
        quantity = errors = mark_safe("")
        if self.quantity is not None:
            quantity = format_html(_QUANTITY, id=self.id, part=self.part, quantity=self.quantity)
        if self.errors:
            mark = icon_html("circle-alert", 18)
            errors = format_html(
                '<p class="field-error">{}<span>{}</span></p>', mark, " ".join(self.errors)
            )
        ticked = mark_safe(" checked") if self.is_ticked else ""
        return format_html(
            _ROW,
            id=self.id,
            pk=self.pk,
            part=self.part,
            quantity=quantity,
            errors=errors,
            ticked=ticked,
        )


class PartForm(ModelForm[Any]):
    """Another article is another row: one that is there keeps its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept: dict[str, Any] = {}
        if self.instance.pk:
            for name in {"component", "part"} & set(self.fields):
                del self.fields[name]
                self.kept[name] = getattr(self.instance, name)

    def clean(self) -> dict[str, Any]:
        """With what the row keeps: rows are held against each other, that none be there twice."""
        return (super().clean() or self.cleaned_data) | self.kept


class PartFormSet(BaseInlineFormSet[Any, Article, ModelForm[Any]]):
    @cached_property
    def forms(self) -> list[ModelForm[Any]]:
        """Of a page that only shows the rows there are none, but for new ones."""
        if self.is_bound:
            return super().forms
        there, wanted = self.initial_form_count(), self.total_form_count()
        return [self._construct_form(n) for n in range(there, wanted)]  # type: ignore[attr-defined]  # left out

    @property
    def initial_forms(self) -> list[ModelForm[Any]]:
        return super().initial_forms if self.is_bound else []

    @property
    def extra_forms(self) -> list[ModelForm[Any]]:
        return super().extra_forms if self.is_bound else self.forms

    @property
    def rows(self) -> Iterator[KeptRow]:
        """Those that are there, with what was sent in where something is wrong."""
        if not self.is_bound:
            for n, record in enumerate(self.get_queryset()):
                quantity = getattr(record, "quantity", None)
                yield KeptRow(self.add_prefix(n), record.pk, self._part(record), quantity)
            return
        for form in self.initial_forms:
            yield KeptRow(
                form.prefix or "",
                form.instance.pk,
                self._part(form.instance),
                form["quantity"].value() if "quantity" in form.fields else None,
                bool(form[DELETION_FIELD_NAME].value()),
                tuple(str(word) for words in form.errors.values() for word in words),
            )

    def _part(self, record: Any) -> str:
        if record.pk is None:  # sent without its id, or taken away meanwhile
            return "Raden finns inte längre"
        return str(record.part if isinstance(record, Fit) else record.component)


class PartInline(ForKhs, admin.TabularInline[Any, Article]):
    """Rows of an article that name another one."""

    form = PartForm
    formset = PartFormSet
    template = "admin/articles/article/parts.html"
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.autocomplete_fields)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **{"label": "Artikel", **more})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


class StandardComponentInline(PartInline):
    model = StandardComponent
    fk_name = "article"
    fields = ("component", "quantity")
    autocomplete_fields = ("component",)


class FitInline(PartInline):
    model = Fit
    fk_name = "main"
    fields = ("part",)
    autocomplete_fields = ("part",)
