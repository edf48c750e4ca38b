"""All that is kept about a person, as one archive: what they have a right to be given.

A page to read, and each kind of record as JSON and CSV, with the files that were attached and what
the access log says of them. Of a protected person it tells as little of where they are as every
other paper: what would is left out, and how much that is stands on the page.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.files.storage import default_storage
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry, Payer, Unit, User, Warehouse
from recipients.masking import WHEREABOUTS
from recipients.models import Recipient
from sesam.attachments import Attachment, safe_name
from sesam.models import CaseNumber

from .held import HELD, Held, Kind, Person, dialog_files, person_of

READ_ME = "allt-om-mottagaren.html"
LEFT_OUT = "Utelämnat: skyddad identitet"
#: What is the portal's own and tells nobody anything: forms' and drafts' tokens, where files lie.
UNTOLD = ("token", "file")
#: What tells where a protected person is, whosever table it stands in.
_PLACES = (Payer, Unit, Warehouse)
_ABOUT = {held.model for held in HELD}


@dataclass
class Part:
    """A kind of record, told."""

    held: Held
    heads: dict[str, str]
    refers: frozenset[str]  # fields with keys of other rows: for programs, not for people
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.held.label

    @property
    def file(self) -> str:
        return str(self.held.model._meta.label_lower).replace(".", "-")

    def told(self) -> Iterator[list[tuple[str, str]]]:
        """Each row for the page: what says something, by its label."""
        for row in self.rows:
            yield [
                (self.heads[name], _words(value))
                for name, value in row.items()
                if name not in self.refers and value not in (None, "", False, {}, [])
            ]


class Teller:
    """Tells rows, with the names of what they refer to; counts what it leaves out."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.hides = person.recipient.is_protected
        self.left_out = 0
        self._names: dict[tuple[type[models.Model], Any], str] = {}

    def part(self, held: Held, rows: models.QuerySet[Any]) -> Part:
        fields = [f for f in held.model._meta.concrete_fields if f.name not in UNTOLD]
        if held.kind == Kind.LOG:
            # Who it was, and what was said of them, is nothing that the extract gives out.
            fields = [f for f in fields if not _of_staff(f)]
        part = Part(
            held,
            {f.name: str(f.verbose_name).capitalize() for f in fields},
            frozenset(f.name for f in fields if _refers(f)),
        )
        for record in rows.order_by("pk").iterator(chunk_size=500):
            part.rows.append({f.name: self._value(held, record, f) for f in fields})
        return part

    def _value(self, held: Held, record: Any, field: models.Field[Any, Any]) -> Any:
        value = getattr(record, field.attname)
        if self.hides and value not in (None, "", False, {}, []) and _tells(held, field):
            self.left_out += 1
            return LEFT_OUT
        if field.choices:
            return str(getattr(record, f"get_{field.name}_display")())
        if isinstance(field, models.ForeignKey) and value is not None:
            other = field.remote_field.model
            return value if other in _ABOUT else self._named(other, value)
        return value

    def _named(self, model: type[models.Model], pk: Any) -> str:
        if (model, pk) not in self._names:
            found = model._base_manager.filter(pk=pk).first()
            self._names[model, pk] = str(found) if found else ""
        return self._names[model, pk]


def _of_staff(field: models.Field[Any, Any]) -> bool:
    if field.name in ("ip", "searched", "text", "who", "reason", "told", "why", "pgh_context"):
        return True
    return isinstance(field, models.ForeignKey) and field.remote_field.model is User


def _refers(field: models.Field[Any, Any]) -> bool:
    if isinstance(field, models.ForeignKey):
        other = field.remote_field.model
        return other in _ABOUT and other is not CaseNumber
    return field.primary_key and field.name == "id" or field.name == "key"


def _tells(held: Held, field: models.Field[Any, Any]) -> bool:
    """Whether it may tell where a protected person is."""
    if isinstance(field, models.ForeignKey) and field.remote_field.model in _PLACES:
        return True
    if held.model is Recipient:
        return field.name in WHEREABOUTS
    text = isinstance(field, models.CharField | models.TextField | models.JSONField)
    return text and (field.name in held.forgets or held.kind == Kind.DRAFT)


def write(recipient: Recipient, progress: Callable[[int], None]) -> IO[bytes]:
    """The archive, as a file to be read from its beginning."""
    person = person_of(recipient)
    teller = Teller(person)
    parts = []
    file = TemporaryFile()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        attached = 0
        for done, held in enumerate(HELD):
            progress(5 + 85 * done // len(HELD))
            part = teller.part(held, _rows(held, person))
            parts.append(part)
            archive.writestr(f"data/{part.file}.json", _json(part))
            archive.writestr(f"data/{part.file}.csv", _csv(part))
            if issubclass(held.model, Attachment):
                attached = _attach(archive, held.rows(person), attached, teller)
        attached = _attach(archive, dialog_files(person), attached, teller)
        page = render_to_string(
            "portal/documents/archive.html",
            {
                "recipient": recipient,
                "parts": [part for part in parts if part.rows],
                "empty": [part.label for part in parts if not part.rows],
                "attached": attached,
                "left_out": teller.left_out,
                "made_at": timezone.now(),
            },
        )
        archive.writestr(READ_ME, page)
    file.seek(0)
    return file


def _rows(held: Held, person: Person) -> models.QuerySet[Any]:
    """Of the log also what was searched before anybody was found."""
    rows = held.rows(person)
    if held.model is not AccessLogEntry:
        return rows
    searched = AccessLogEntry.objects.filter(
        recipient_key=None, searched__in=access_log.digests(person.recipient.number)
    )
    return rows.order_by().union(searched.order_by())


def _attach(archive: ZipFile, rows: models.QuerySet[Any], before: int, teller: Teller) -> int:
    """The files, numbered on; how many there are by now."""
    count = before
    for attachment in rows.order_by("pk"):
        if teller.hides:
            teller.left_out += 1
            continue
        count += 1
        name = safe_name(attachment.name, attachment.content_type)
        path = f"bilagor/{count:03d}-{name}"
        try:
            with default_storage.open(str(attachment.file), "rb") as content:
                archive.writestr(path, content.read())
        except FileNotFoundError:
            archive.writestr(f"{path}.saknas.txt", "Filen finns inte i portalens fillager.")
    return count


def _json(part: Part) -> str:
    return json.dumps(part.rows, ensure_ascii=False, indent=1, default=_plain)


def _csv(part: Part) -> str:
    """For a spreadsheet: with the mark that says how it is written, and no text that is a formula."""
    out = StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(part.heads.values())
    for row in part.rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = _words(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Ja" if value else "Nej"
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)
