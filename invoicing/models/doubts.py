"""Loans that may be costing for nothing («lån att ifrågasätta»), as the night finds them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from recipients.models import Loan


class Doubt(models.TextChoices):
    DECEASED = "deceased", "Mottagaren har avlidit"
    MOVED = "moved", "Flyttat från länet"
    TWICE = "twice", "Två likadana hos samma"
    UNSERVICED = "unserviced", "Hyrd utan service på ett år"
    FAST = "fast", "Förbrukas fortare än förut"


class DoubtfulLoan(models.Model):
    """A loan that is held, and why one may ask whether it should be. Found anew each night; that its
    prescriber was asked stays while the doubt does."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="+", db_index=False)
    doubt = models.CharField("varför", max_length=10, choices=Doubt.choices)
    per_month = models.DecimalField("kr per månad", max_digits=10, decimal_places=2)
    found_at = models.DateTimeField("funnet")
    asked_at = models.DateTimeField("förskrivaren tillfrågad", null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = "lån att ifrågasätta"
        verbose_name_plural = "lån att ifrågasätta"
        constraints = [
            models.UniqueConstraint(fields=["loan", "doubt"], name="a_doubt_once_a_loan"),
            models.CheckConstraint(condition=Q(doubt__in=Doubt.values), name="doubt_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.loan}: {self.get_doubt_display()}"
