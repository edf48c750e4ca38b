"""A form's fields by what they are, for whoever narrows their choices."""

from collections.abc import Iterator
from typing import Any, TypeVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.forms.models import ModelChoiceIterator

from . import file_store

M = TypeVar("M", bound=Model)


class _ReadOnce(ModelChoiceIterator[Any]):
    """Django's asks the database each time it is gone through, which drawing alone does twice."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for record in self.queryset:
            yield self.choice(record)


class RecordField(forms.ModelChoiceField[M]):
    """A choice among records, which one form reads once."""

    iterator = _ReadOnce


class StoredFile(forms.FileField):
    """A file that is saved with its record (``sesam.file_store``): a store that is away is told beside it,
    where all that was typed stays."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if isinstance(found, UploadedFile):
            try:
                file_store.answers()
            except file_store.StoreDown as fault:
                raise forms.ValidationError(fault.message) from None
        return found


class SeveralFiles(forms.FileInput):
    """Files, several at once; each is kept as it comes (``recipients.dialog_files``)."""

    allow_multiple_selected = True


def choice(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """The form's field ``name``, where one chooses."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} is no choice")
    return field


def record_choice(form: forms.BaseForm, name: str) -> forms.ModelChoiceField[Any]:
    """The form's field ``name``, where one chooses a record."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} is no choice of a record")
    return field
