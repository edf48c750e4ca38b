"""Working time and material: what was done, how long it took, what it cost."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from articles.models import Article
from organisation.models import Warehouse

from .activities import Activity


class WorkReport(models.Model):
    """What somebody reported of an activity (återrapportering). Rows are added, never changed,
    but that the text of a protected person's is emptied when the activity has ended.

    The price of an hour is copied when it is reported, if the type has one. ``token`` is its form's.
    """

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="reports")
    at = models.DateTimeField("tid")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    minutes = models.PositiveIntegerField("arbetstid i minuter", default=0)
    hour_price = models.DecimalField("pris per timme", max_digits=8, decimal_places=2, null=True)
    text = models.TextField("utförd åtgärd/kommentar", max_length=2000, blank=True)
    closes = models.BooleanField("avslutar aktiviteten", default=False)

    class Meta:
        verbose_name = "återrapport"
        verbose_name_plural = "återrapporter"
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__lte=60000), name="report_of_some_weeks")
        ]

    def __str__(self) -> str:
        return f"{self.minutes} min"

    @property
    def cost(self) -> Decimal:
        return ((self.hour_price or 0) * self.minutes / Decimal(60)).quantize(Decimal("0.01"))


class UsedMaterial(models.Model):
    """What was used up, drawn from the stock of ``warehouse``; its price that day is copied."""

    report = models.ForeignKey(WorkReport, on_delete=models.PROTECT, related_name="material")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField("antal")
    price = models.DecimalField(
        "pris exkl. moms", max_digits=10, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "material"
        verbose_name_plural = "material"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="material_of_something")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.article}"

    @property
    def cost(self) -> Decimal:
        return (self.price or Decimal(0)) * self.quantity
