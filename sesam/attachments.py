"""Files that people attach: checked by content, named by nobody, served as downloads only."""

import uuid
from io import BytesIO
from zipfile import BadZipFile, ZipFile

import filetype
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import FileResponse

from .errors import DomainError

# Content type by what the first bytes say, with the ending that the download gets.
ALLOWED = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _path(instance: "Attachment", filename: str) -> str:
    """A random name: the user's file name may hold a personal number."""
    return f"attachments/{uuid.uuid4().hex}"


class Attachment(models.Model):
    """A file of a case. A subclass adds what it belongs to and says who may read it."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to=_path)
    name = models.CharField("filnamn", max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["uploaded_at", "id"]

    def __str__(self) -> str:
        return self.name

    def may_read(self, user) -> bool:
        """Whether ``user`` may see the case this file belongs to."""
        raise NotImplementedError(f"{type(self).__name__} must say who may read it")


def check(upload: UploadedFile) -> str:
    """The content type of an upload that is allowed.

    Raises ``DomainError`` (field ``file``) for an empty, too large or forbidden file.
    """
    if not upload.size:
        raise DomainError("Filen är tom. Välj en annan fil.", field="file")
    if upload.size > settings.ATTACHMENT_MAX_BYTES:
        limit = settings.ATTACHMENT_MAX_BYTES // 1024 // 1024
        raise DomainError(f"Filen är för stor. Den får vara högst {limit} MB.", field="file")
    head = upload.read(8192)
    upload.seek(0)
    kind = filetype.guess(head)
    found = kind.mime if kind else ""
    if found in ("application/zip", DOCX) and _is_docx(upload):
        found = DOCX
    elif found == "application/zip":
        found = ""
    if found not in ALLOWED:
        raise DomainError(
            "Filen kan inte bifogas. Välj en PDF, en bild (JPEG eller PNG) eller ett"
            " Word-dokument (DOCX).",
            field="file",
        )
    return found


def _is_docx(upload: UploadedFile) -> bool:
    data = BytesIO(upload.read())
    upload.seek(0)
    try:
        names = ZipFile(data).namelist()
    except BadZipFile:
        return False
    return "word/document.xml" in names and "word/vbaProject.bin" not in names


def download(attachment: Attachment) -> FileResponse:
    """The file, always as a download with the type its content has."""
    response = FileResponse(
        attachment.file.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response
