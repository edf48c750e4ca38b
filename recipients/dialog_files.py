"""Files of a dialog with steps, until its case is made: chosen, taken away again, handed over."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from organisation.models import User
from sesam.attachments import Attachment, clean
from sesam.errors import DomainError
from sesam.models import DialogState

from .models import DialogFile

MOST = 20  # files of one case
A = TypeVar("A", bound=Attachment)


def attach(key: str, upload: UploadedFile[bytes], *, user: User, document: str = "") -> DialogFile:
    """Keep a file for the dialog. Another ``document`` takes the first one's place. Raises
    ``DomainError``."""
    kept = clean(upload)
    mine = DialogFile.objects.filter(dialog_key=key, uploaded_by=user)
    replaced = list(mine.filter(document=document)) if document else []
    if mine.count() - len(replaced) >= MOST:
        raise DomainError(f"Ett ärende kan ha högst {MOST} bilagor.", field="file")
    with transaction.atomic():
        for earlier in replaced:
            detach(key, earlier.key, user=user)
        return DialogFile.objects.create(
            dialog_key=key,
            document=document,
            file=kept.file,
            name=kept.name,
            content_type=kept.content_type,
            size=kept.size,
            uploaded_by=user,
        )


def files_of(key: str, user: User) -> list[DialogFile]:
    """What was chosen in the dialog so far."""
    return list(DialogFile.objects.filter(dialog_key=key, uploaded_by=user))


def detach(key: str, file: uuid.UUID, *, user: User) -> None:
    """Take a file away again. Twice is once."""
    for found in DialogFile.objects.filter(dialog_key=key, uploaded_by=user, key=file):
        _remove(found.pk)


def hand_over(files: Iterable[DialogFile], make: Callable[..., A], **facts: Any) -> list[A]:
    """The files become those of a case: ``make`` is the model of its attachments. Needs a
    transaction. A file that was cleared away meanwhile stops it."""
    wanted = [file.pk for file in files]
    locked = list(DialogFile.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    if len(locked) != len(wanted):
        raise DomainError("En bilaga finns inte längre. Lägg till den igen.", field="file")
    made = []
    for file in locked:
        made.append(
            make(
                file=file.file.name,
                name=file.name,
                content_type=file.content_type,
                size=file.size,
                uploaded_by_id=file.uploaded_by_id,
                **({"document": file.document} if file.document else {}),
                **facts,
            )
        )
    DialogFile.objects.filter(pk__in=wanted).delete()
    return made


def remove_old() -> int:
    """Files of dialogs that came to nothing, a day after they were chosen."""
    old = DialogFile.objects.filter(uploaded_at__lt=timezone.now() - DialogState.KEPT)
    return sum(_remove(pk) for pk in old.values_list("pk", flat=True))


def _remove(pk: int) -> int:
    """Row and file, unless a case has taken the file over meanwhile."""
    with transaction.atomic():
        found = DialogFile.objects.select_for_update().filter(pk=pk).first()
        if found is None:
            return 0
        name = str(found.file)
        found.delete()
        transaction.on_commit(lambda: default_storage.delete(name))
    return 1
