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

from organisation.admin import ForKhs

from .models import Article, Fit, StandardComponent


@dataclass(frozen=True)
class PartRow:
    """A row that is there, as it is drawn. ``id`` begins the names of its fields."""

    id: str
    pk: int
    part: str
    quantity: Any
    is_ticked: bool = False
    errors: tuple[str, ...] = ()


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
    def rows(self) -> Iterator[PartRow]:
        """Those that are there, with what was sent in where something is wrong."""
        if not self.is_bound:
            for n, record in enumerate(self.get_queryset()):
                quantity = getattr(record, "quantity", None)
                yield PartRow(self.add_prefix(n), record.pk, self._part(record), quantity)
            return
        for form in self.initial_forms:
            yield PartRow(
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
