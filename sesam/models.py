from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import models


class CaseKind(models.TextChoices):
    """What a case number can name."""

    ORDER = "order", "Beställning"
    ACTIVITY = "activity", "Aktivitet"
    PICKUP = "pickup", "Hämtorder"
    DEVIATION = "deviation", "Avvikelse/reklamation"
    RECALL = "recall", "Återkallelse"
    ELSEWHERE = "elsewhere", "Ärende i ett annat system"  # taken over: has no page here


class CaseSeries(models.Model):
    """The last running number given in one ISO week."""

    prefix = models.CharField("år och vecka", max_length=4, primary_key=True)
    last = models.PositiveIntegerField("senaste löpnummer", default=0)

    class Meta:
        verbose_name = "ärendenummerserie"
        verbose_name_plural = "ärendenummerserier"

    def __str__(self) -> str:
        return f"{self.prefix}{self.last:04d}"


class CaseNumber(models.Model):
    """A number that has been given out, and the kind of case it names."""

    number = models.CharField("ärendenummer", max_length=12, primary_key=True)
    kind = models.CharField("slag", max_length=12, choices=CaseKind.choices)
    created_at = models.DateTimeField("skapat", auto_now_add=True)

    class Meta:
        verbose_name = "ärendenummer"
        verbose_name_plural = "ärendenummer"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=CaseKind.values), name="case_kind_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.number


class CaseNumberKey(models.ForeignKey[Any, Any]):
    """A case number elsewhere than at the case itself: the record's ``case_number`` is the text,
    which stands in the column of that name, and its ``case`` the row of ``CaseNumber``."""

    def get_attname(self) -> str:
        return "case_number"


class Awaited(models.Model):
    """What a job makes while somebody waits for it on a page (``sesam.awaited``)."""

    progress = models.PositiveSmallIntegerField("procent", default=0)
    error = models.CharField("fel", max_length=200, blank=True)
    touched_at = models.DateTimeField("senast ändrad", auto_now_add=True)
    done_at = models.DateTimeField("klar", null=True, blank=True)

    class Meta:
        abstract = True


def _printout_path(instance: Printout, filename: str) -> str:
    return f"printouts/{instance.key.hex}"


class Printout(Awaited):
    """A document that a job makes for one user. Only the owner gets it; removed after a day."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="printouts"
    )
    title = models.CharField("rubrik", max_length=120)
    name = models.CharField("filnamn", max_length=120)
    back_url = models.CharField(max_length=200)
    file = models.FileField(upload_to=_printout_path, blank=True)
    created_at = models.DateTimeField("beställd", auto_now_add=True)

    class Meta:
        verbose_name = "utskrift"
        verbose_name_plural = "utskrifter"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="progress_in_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DialogState(models.Model):
    """What one open dialog knows and what was typed in it (``sesam.dialogs``).

    ``about`` is the opaque id of the recipient whom it is about. The database itself removes the
    row when that person becomes protected (a trigger on recipients), the hourly job after a day.
    """

    KEPT = dt.timedelta(days=1)

    key = models.CharField("nyckel", max_length=24, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="dialogs",
        db_index=False,
    )
    kind = models.CharField("slag", max_length=24)
    about = models.UUIDField("om", null=True, db_index=True)
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField("vet", default=dict)
    typed: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        "skrivet", default=dict
    )
    made_at = models.DateTimeField("öppnad", auto_now_add=True)
    touched_at = models.DateTimeField("senast ändrad", auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = "öppen dialog"
        verbose_name_plural = "öppna dialoger"
        indexes = [models.Index(fields=["user", "-touched_at"], name="dialogs_of_a_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Allowance(models.Model):
    """What somebody has taken of what they may do so often in an hour (``limits``)."""

    key = models.CharField("vem och vad", max_length=80, primary_key=True)
    spent_until = models.DateTimeField("förbrukat till", db_index=True)

    class Meta:
        verbose_name = "förbrukning"
        verbose_name_plural = "förbrukningar"

    def __str__(self) -> str:
        return self.key
