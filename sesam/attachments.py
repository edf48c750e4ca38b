"""Files that people attach: checked by content, named by nobody, served as downloads only."""

from __future__ import annotations

import logging
import re
import struct
import threading
import unicodedata
import uuid
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Protocol
from zipfile import BadZipFile, ZipFile, is_zipfile

import filetype
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from PIL import Image, ImageFile, ImageOps

from .errors import DomainError
from .personal_numbers import struck_out

log = logging.getLogger(__name__)

PDF = "application/pdf"
PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG"}  # with Pillow's names
# Content type by what the first bytes say, with the ending that the download gets.
ALLOWED = {
    PDF: "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _path(instance: Attachment, filename: str) -> str:
    """A random name: the user's file name may hold a personal number."""
    return f"attachments/{uuid.uuid4().hex}"


class Attachment(models.Model):
    """A file of a case. A subclass adds what it belongs to; who may read that may read the file."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to=_path)
    name = models.CharField("filnamn", max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["uploaded_at", "id"]

    def __str__(self) -> str:
        return self.name

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Whether ``user`` may see the case this file belongs to."""
        raise NotImplementedError(f"{type(self).__name__} must say who may read it")


@dataclass(frozen=True)
class Clean:
    """A file as it may be kept: what ``Attachment`` needs of it."""

    file: ContentFile[bytes]
    name: str
    content_type: str

    @property
    def size(self) -> int:
        return int(self.file.size)


def clean(upload: UploadedFile[bytes]) -> Clean:
    """An upload that is allowed, without what nobody means to send along.

    Pictures are written anew, so nothing is left of where and by whom they were taken, nor of
    anything hidden in them. Raises ``DomainError`` (field ``file``) for an empty, too large,
    damaged or forbidden file.
    """
    content_type = check(upload)
    upload.seek(0)
    data = upload.read()
    if content_type in PICTURES:
        data = _drawn_anew(data, content_type)
    name = safe_name(upload.name or "", content_type)
    return Clean(ContentFile(data, name=name), name, content_type)


def check(upload: UploadedFile[bytes]) -> str:
    """The content type of an upload that is allowed; raises as ``clean`` does."""
    if not upload.size:
        raise _refusal("Filen är tom. Välj en annan fil.")
    if upload.size > settings.ATTACHMENT_MAX_BYTES:
        limit = settings.ATTACHMENT_MAX_BYTES // 1024 // 1024
        raise _refusal(f"Filen är för stor. Den får vara högst {limit} MB.")
    upload.seek(0)
    data = upload.read()
    upload.seek(0)
    kind = filetype.guess(data[:8192])
    found = kind.mime if kind else ""
    if found in ("application/zip", DOCX):
        found = DOCX if _is_docx(data) else ""
    if found not in ALLOWED:
        raise _refusal(
            "Filen kan inte bifogas. Välj en PDF, en bild (JPEG eller PNG) eller ett"
            " Word-dokument (DOCX)."
        )
    if found == PDF:
        _check_pdf(data)
    return found


def safe_name(typed: str, content_type: str) -> str:
    """The name a file goes out by: as the user called it, without path, numbers of people and
    what can't be seen, and with the ending of its content."""
    stem = PurePosixPath(typed.replace("\\", "/")).name
    ending = ALLOWED[content_type]
    while (shorter := _ENDING.sub("", stem)) != stem:
        stem = shorter
    stem = "".join(" " if c in _NOT_IN_NAMES else c for c in stem if _can_be_seen(c))
    stem = struck_out(unicodedata.normalize("NFC", stem), " ")
    stem = " ".join(stem.split()).strip(" ._-")[: 119 - len(ending)].strip()
    return f"{stem or 'bilaga'}.{ending}"


_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_NOT_IN_NAMES = frozenset('<>:"|?*/')


def _can_be_seen(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"


def _refusal(text: str) -> DomainError:
    return DomainError(text, field="file")


def _check_pdf(data: bytes) -> None:
    """Nothing before the document, nothing after it: a file is a PDF and nothing else."""
    end = data.rfind(b"%%EOF")
    whole = data.startswith(b"%PDF-") and end >= 0 and not data[end + 5 :].strip(_SPACE)
    # An archive's own last words can end as a document does: programs that unpack take it.
    if not whole or is_zipfile(BytesIO(data)):
        raise _refusal(
            "Filen är ingen hel PDF, eller har något mer i sig än dokumentet. Öppna den, spara"
            " eller skriv ut den som PDF på nytt och bifoga den nya filen."
        )


_SPACE = b" \t\r\n\f\0"


def _is_docx(data: bytes) -> bool:
    """Whether it is a Word document; refused if it can do something by itself."""
    try:
        with ZipFile(BytesIO(data)) as file:
            names = [name.replace("\\", "/").lower().lstrip("/") for name in file.namelist()]
            with file.open("[Content_Types].xml") as types:
                said = types.read(_LONGEST_LIST).decode("utf-8", "replace").lower()
    except (BadZipFile, KeyError, RuntimeError, NotImplementedError, OSError, zlib.error):
        return False
    if "word/document.xml" not in names:
        return False
    if any(_MACROS.search(text) for text in (*names, said)):
        raise _refusal(
            "Word-dokumentet innehåller makron och kan inte bifogas. Spara det som ett vanligt"
            " dokument (DOCX) eller som PDF och bifoga det i stället."
        )
    if any(_EMBEDDED.search(text) for text in (*names, said)):
        raise _refusal(
            "Word-dokumentet har andra filer eller objekt inbäddade och kan inte bifogas. Spara det"
            " som PDF och bifoga den i stället."
        )
    return "wordprocessingml.document.main+xml" in said


_LONGEST_LIST = 1024 * 1024  # of a document's parts
_MACROS = re.compile(r"vbaproject|vbadata|macroenabled")
_EMBEDDED = re.compile(r"(?:^|/)(?:embeddings|activex)/|oleobject|activex")


def _drawn_anew(data: bytes, content_type: str) -> bytes:
    """The picture's points, turned as they are to be seen, in a new file."""
    try:
        with Image.open(BytesIO(data), formats=[PICTURES[content_type]]) as picture:
            if picture.width * picture.height > MOST_POINTS:
                raise Image.DecompressionBombError
            with _one_at_a_time:
                # WeasyPrint, once it is loaded, lets every picture of the process end too early.
                ImageFile.LOAD_TRUNCATED_IMAGES = False
                return _written(picture, content_type)
    except Image.DecompressionBombError as error:
        raise _refusal(
            f"Bilden är för stor: den får ha högst {MOST_POINTS // 1_000_000} miljoner bildpunkter."
            " Spara den mindre."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise _refusal(
            "Bilden är skadad och kan inte läsas. Spara om den och bifoga den nya filen."
        ) from error


def _written(picture: Image.Image, content_type: str) -> bytes:
    drawn: Image.Image = ImageOps.exif_transpose(picture)
    if drawn.mode == "P":
        drawn = drawn.convert("RGBA" if "transparency" in drawn.info else "RGB")
    elif drawn.mode not in ("L", "LA", "RGB", "RGBA"):
        drawn = drawn.convert("RGB")
    drawn.info = {}
    file = BytesIO()
    if content_type == "image/png":
        drawn.save(file, "PNG")
    else:
        drawn.convert("RGB").save(file, "JPEG", quality=88)
    return file.getvalue()


# A picture of this size takes some 300 MB while it is drawn.
MOST_POINTS = 50_000_000
_one_at_a_time = threading.Lock()


class Stored(Protocol):
    """A file that is kept: an attachment, or an article's document."""

    @property
    def file(self) -> FieldFile: ...
    @property
    def name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool: ...


def download(attachment: Stored, user: AbstractBaseUser | AnonymousUser) -> FileResponse:
    """The file, always as a download with the type its content has; 404 for who may not read it,
    and where the file store has lost it."""
    if not attachment.may_read(user):
        raise Http404("file")
    response = FileResponse(
        opened(attachment.file),
        as_attachment=True,
        filename=safe_name(attachment.name, attachment.content_type),
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


def opened(file: FieldFile) -> File[bytes]:
    """The stored file, to be sent; 404, and a line in the log, where the store has lost it."""
    try:
        return file.open("rb")
    except FileNotFoundError:
        log.error("A stored file is missing: %s", file.name)
        raise Http404("file") from None
