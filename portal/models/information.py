"""What KHS tells and explains: news, documents, help; and what visitors report of accessibility."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from organisation.models import Audience, User
from organisation.role_names import KHS
from sesam import attachments, rich_text

P = TypeVar("P", bound="Published")


class PublishedQuerySet(models.QuerySet[P]):
    def published(self) -> PublishedQuerySet[P]:
        """What is shown today."""
        today = timezone.localdate()
        return self.filter(
            Q(published_until=None) | Q(published_until__gte=today), published_from__lte=today
        )

    def for_user(self, user: User) -> PublishedQuerySet[P]:
        """What is shown today and is for the user: for all, for a role or for a unit of theirs."""
        return self.published().filter(
            Q(role="") | Q(role__in=user.roles), Q(unit=None) | Q(unit__in=user.units.all())
        )


class Published(Audience):
    """What is shown from one day to another."""

    published_from = models.DateField("visas från", default=timezone.localdate)
    published_until = models.DateField("visas till och med", null=True, blank=True)

    class Meta(Audience.Meta):
        abstract = True
        constraints = [
            *Audience.Meta.constraints,
            models.CheckConstraint(
                condition=Q(published_until=None)
                | Q(published_until__gte=models.F("published_from")),
                name="%(class)s_ends_after_it_begins",
            ),
        ]

    @property
    def state(self) -> str:
        """In words, today."""
        today = timezone.localdate()
        if self.published_from > today:
            return "Visas senare"
        if self.published_until and self.published_until < today:
            return "Visas inte längre"
        return "Visas"


class News(Published):
    """A piece of news. An ``is_important`` one is shown once after signing in (``NewsRead``)."""

    title = models.CharField("rubrik", max_length=120)
    body = models.TextField("text")
    is_important = models.BooleanField(
        "viktig", default=False, help_text="Visas en gång när den som den gäller har loggat in."
    )

    objects = PublishedQuerySet["News"].as_manager()

    class Meta(Published.Meta):
        verbose_name = "nyhet"
        verbose_name_plural = "nyheter"
        ordering = ["-published_from", "-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def excerpt(self) -> str:
        return rich_text.words(self.body, 120)


class NewsRead(models.Model):
    """An important piece of news that the user has been shown and has gone on from."""

    news = models.ForeignKey(News, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "läst nyhet"
        verbose_name_plural = "lästa nyheter"
        constraints = [
            models.UniqueConstraint(fields=["user", "news"], name="news_read_once_a_user")
        ]

    def __str__(self) -> str:
        return f"{self.news_id} {self.user_id}"


class DocumentHeading(models.Model):
    """What documents stand under."""

    name = models.CharField("rubrik", max_length=80, unique=True)
    position = models.PositiveSmallIntegerField("ordning", default=0)

    class Meta:
        verbose_name = "dokumentrubrik"
        verbose_name_plural = "dokumentrubriker"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


def _document_path(instance: Document, filename: str) -> str:
    return f"documents/{uuid.uuid4().hex}"


class Document(Published):
    """A file of «Mer information»."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    heading = models.ForeignKey(
        DocumentHeading, verbose_name="rubrik", on_delete=models.PROTECT, related_name="documents"
    )
    title = models.CharField("namn", max_length=120)
    file = models.FileField("fil", upload_to=_document_path)
    name = models.CharField("filnamn", max_length=120, editable=False)
    content_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveIntegerField(default=0, editable=False)

    objects = PublishedQuerySet["Document"].as_manager()

    class Meta(Published.Meta):
        verbose_name = "dokument"
        verbose_name_plural = "dokument"
        ordering = ["heading__position", "heading__name", "title", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def kind(self) -> str:
        """What kind of file it is."""
        return {"pdf": "PDF", "docx": "Word"}.get(attachments.ALLOWED[self.content_type], "Bild")

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Whether it is shown to ``user`` today; KHS, who lays it there, reads it before that."""
        if not isinstance(user, User):
            return False
        return KHS in user.roles or Document.objects.for_user(user).filter(pk=self.pk).exists()


class HelpText(models.Model):
    """What KHS has written instead of the help that comes with the portal (``portal/help_texts/``), by
    the name of its file; nothing where that still stands. ``version`` counts the times it was
    saved."""

    topic = models.SlugField("ämne", max_length=60, unique=True)
    title = models.CharField("rubrik", max_length=120)
    body = models.TextField("text")
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField("ändrad", auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="ändrad av",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = "hjälptext"
        verbose_name_plural = "hjälptexter"
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class BarrierReport(models.Model):
    """Something that somebody can't use because of how it is made. Whoever sees the portal may
    report it (lagen 2018:1937). Who it was, and how to reach them, is forgotten a while after the
    answer (``accessibility.forget_contacts``)."""

    where = models.CharField("var i portalen", max_length=200)
    what = models.TextField("vad som hindrade", max_length=2000)
    contact = models.CharField("så når vi dig", max_length=120, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="inloggad",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reported_at = models.DateTimeField("rapporterat", auto_now_add=True)
    #: Who or which address it came from, as a keyed checksum; emptied after a day.
    sender = models.CharField(max_length=64, blank=True, editable=False)
    answer = models.TextField("vad som görs", max_length=2000, blank=True)
    handled_at = models.DateTimeField("hanterat", null=True, blank=True)

    class Meta:
        verbose_name = "rapporterat hinder"
        verbose_name_plural = "rapporterade hinder"
        ordering = ["-reported_at", "-id"]
        indexes = [
            models.Index(
                fields=["sender", "reported_at"],
                condition=~models.Q(sender=""),
                name="barriers_of_a_sender",
            )
        ]

    def __str__(self) -> str:
        return self.where
