"""Returns to an own store."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from organisation.models import Unit, Warehouse
from recipients.cases import OwnUnits
from recipients.models import Loan, Recipient


class ReturnQuerySet(OwnUnits["Return"]):
    """Returns; see ``OwnUnits``."""


class Return(models.Model):
    """Aids that came back to an own store at once (retur). No case: it ends where it begins.

    ``key`` is its form's token and what stands in its address.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="returns", db_index=False
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="till förråd",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField("tid")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    undone_at = models.DateTimeField("ångrad", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    objects = ReturnQuerySet.as_manager()

    class Meta:
        verbose_name = "retur"
        verbose_name_plural = "returer"
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["recipient", "-at"])]

    def __str__(self) -> str:
        return f"Retur {timezone.localtime(self.at):%Y-%m-%d %H:%M}"


class ReturnLine(models.Model):
    """How much of a loan came back. ``was_fitted``: a part that went on sitting on its aid, so
    that no stock moved for it."""

    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines", db_index=False)
    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="return_lines")
    came_with = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
        db_index=False,
    )
    quantity = models.PositiveIntegerField("antal")
    scrapped = models.BooleanField("skrotad", default=False)
    was_fitted = models.BooleanField("satt kvar på hjälpmedlet", default=False)

    class Meta:
        verbose_name = "returrad"
        verbose_name_plural = "returrader"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["of"], condition=Q(scrapped=True), name="return_of_a_loss"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="return_of_something"),
            models.UniqueConstraint(fields=["of", "loan"], name="a_loan_once_a_return"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.loan}"
