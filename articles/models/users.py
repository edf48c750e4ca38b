"""What users leave in the catalogue: KHS its sheets, everybody what they looked at."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from sesam.models import Awaited

from .catalogue import Article


def _import_path(instance: CatalogueImport, filename: str) -> str:
    return f"imports/{instance.key.hex}"


class CatalogueImport(Awaited):
    """A catalogue sheet that KHS sent in. The file goes after a day, the row stays.

    A job reads it and says in ``report`` what it would do (``catalogue_import.Report``); when that
    is confirmed, another does it and says there what it did.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("filnamn", max_length=120)
    file = models.FileField(upload_to=_import_path, blank=True)
    created_at = models.DateTimeField("inläst", auto_now_add=True)
    report: models.JSONField[Any, Any] = models.JSONField("provläsning", null=True, editable=False)
    confirmed_at = models.DateTimeField("bekräftad", null=True, blank=True)
    applied_at = models.DateTimeField("importerad", null=True, blank=True)
    new = models.PositiveIntegerField("nya", default=0)
    changed = models.PositiveIntegerField("ändrade", default=0)
    faults = models.PositiveIntegerField("fel", default=0)

    class Meta:
        verbose_name = "katalogimport"
        verbose_name_plural = "katalogimporter"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="import_progress_in_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Favourite(models.Model):
    """An article that a user has marked with a star."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="favourites")
    since = models.DateTimeField("sedan", auto_now_add=True)

    class Meta:
        verbose_name = "favorit"
        verbose_name_plural = "favoriter"
        constraints = [models.UniqueConstraint(fields=["user", "article"], name="a_favourite_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.article}"


class ArticleLook(models.Model):
    """That a user looked at an article's page, and when last. Kept for a week."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="looks")
    seen_at = models.DateTimeField("visad", db_index=True)

    class Meta:
        verbose_name = "visad artikel"
        verbose_name_plural = "visade artiklar"
        constraints = [
            models.UniqueConstraint(fields=["user", "article"], name="one_look_a_user_and_article")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.article}"
