"""What goes with an article: what may stand in for it, what fits it, what there is to read."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.text import slugify

from .catalogue import Article


class ReplacementGroup(models.Model):
    """Articles that may stand in for one another, ranked."""

    name = models.CharField("namn", max_length=80)
    is_forced = models.BooleanField("tvingande", default=False)

    class Meta:
        verbose_name = "ersättningsgrupp"
        verbose_name_plural = "ersättningsgrupper"

    def __str__(self) -> str:
        return self.name


class ReplacementMember(models.Model):
    group = models.ForeignKey(
        ReplacementGroup, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    article = models.OneToOneField(
        Article, verbose_name="artikel", on_delete=models.PROTECT, related_name="replacement"
    )
    rank = models.PositiveSmallIntegerField("rang")

    class Meta:
        verbose_name = "artikel i ersättningsgrupp"
        verbose_name_plural = "artiklar i ersättningsgrupp"
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["group", "rank"], name="one_article_a_rank")]

    def __str__(self) -> str:
        return f"{self.rank} {self.article}"


class StandardComponent(models.Model):
    """What an article's individual template (individmall) suggests."""

    article = models.ForeignKey(
        Article,
        on_delete=models.CASCADE,
        related_name="standard_components",
        db_index=False,
    )
    component = models.ForeignKey(
        Article, verbose_name="komponent", on_delete=models.PROTECT, related_name="+"
    )
    quantity = models.PositiveSmallIntegerField("antal", default=1)

    class Meta:
        verbose_name = "standardkomponent"
        verbose_name_plural = "standardkomponenter"
        constraints = [
            models.UniqueConstraint(
                fields=["article", "component"], name="a_standard_component_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.component)


class Fit(models.Model):
    """That a part fits a main aid."""

    main = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="fitting_parts", db_index=False
    )
    part = models.ForeignKey(
        Article, verbose_name="del", on_delete=models.CASCADE, related_name="fits_on"
    )

    class Meta:
        verbose_name = "passform"
        verbose_name_plural = "passformer"
        constraints = [models.UniqueConstraint(fields=["main", "part"], name="a_fit_once")]

    def __str__(self) -> str:
        return f"{self.part} passar {self.main}"


def _document_path(instance: ArticleDocument, filename: str) -> str:
    return f"articles/{instance.key.hex}"


class ArticleDocument(models.Model):
    """What there is to read about an article: a PDF of ours, or a link to somebody else's."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="documents")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField("rubrik", max_length=120)
    url = models.URLField("länk", max_length=500, blank=True)
    file = models.FileField("PDF-fil", upload_to=_document_path, blank=True)
    size = models.PositiveIntegerField(default=0, editable=False)
    position = models.PositiveSmallIntegerField("ordning", default=0)

    class Meta:
        verbose_name = "dokument"
        verbose_name_plural = "dokument"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(url="") & ~Q(file="")) | (~Q(url="") & Q(file="")),
                name="document_is_file_or_link",
            )
        ]

    content_type = "application/pdf"

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """The file's name for whoever downloads it."""
        return f"{self.article.number}-{slugify(self.title) or 'dokument'}.pdf"

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Whether ``user`` may have the file: everybody who works with the catalogue."""
        return user.is_authenticated
