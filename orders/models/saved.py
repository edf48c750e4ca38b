"""Orders saved under a name, to be made again: «Sparade mallar»."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from organisation.models import Source, Unit

_NOW = Q(removed_at__isnull=True)


class OrderTemplate(models.Model):
    """A bundle of articles under a name: its owner's, or with a ``unit`` everybody's there.

    It knows nobody: no recipient, no comment, no piece of anybody's. What is removed is kept for a
    day, so that it can be put back.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField("namn", max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(
        Unit,
        verbose_name="tjänsteställe",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField("sparad", auto_now_add=True)
    removed_at = models.DateTimeField("borttagen", null=True, blank=True)

    class Meta:
        verbose_name = "sparad mall"
        verbose_name_plural = "sparade mallar"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                F("owner"),
                Lower("name"),
                condition=_NOW & Q(unit__isnull=True),
                name="own_template_by_name",
            ),
            models.UniqueConstraint(
                F("unit"),
                Lower("name"),
                condition=_NOW & Q(unit__isnull=False),
                name="units_template_by_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def whose(self) -> str:
        return str(self.unit) if self.unit else "Bara du"


class TemplateLine(models.Model):
    """An article and how many. It is named as it was, so that what is gone from the catalogue can
    be told; ``fits_on`` is the number of the article whose piece it was to sit on."""

    template = models.ForeignKey(OrderTemplate, on_delete=models.CASCADE, related_name="lines")
    component_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="components",
        db_index=False,
    )  # fmt: skip
    position = models.PositiveSmallIntegerField()
    article_number = models.CharField("artikelnummer", max_length=20)
    article_name = models.CharField("benämning", max_length=200)
    quantity = models.PositiveIntegerField("antal")
    source = models.CharField("leverans från", max_length=8, choices=Source.choices)
    fits_on = models.CharField("monteras på", max_length=20, blank=True)

    class Meta:
        verbose_name = "rad i mall"
        verbose_name_plural = "rader i mall"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="template_line_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.article_name}"
