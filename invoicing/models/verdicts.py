"""What is lost, or scrapped because nobody looked after it: KHS says whether it is charged."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from pickups.models import PickupReceipt, ReturnLine

from .invoices import NEVER_EMPTIED


class LossVerdict(models.Model):
    """KHS's word on a thing that never came back whole: received («Saknas», «Skrotas») or returned
    to be scrapped. Said once, never changed."""

    receipt = models.OneToOneField(
        PickupReceipt, null=True, on_delete=models.PROTECT, related_name="loss_verdict"
    )
    return_line = models.OneToOneField(
        ReturnLine, null=True, on_delete=models.PROTECT, related_name="loss_verdict"
    )
    is_charged = models.BooleanField("debiteras")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField("tid")

    class Meta:
        verbose_name = "beslut om förlorat"
        verbose_name_plural = "beslut om förlorat"
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(receipt__isnull=False, return_line__isnull=True)
                | Q(receipt__isnull=True, return_line__isnull=False),
                name="a_verdict_on_one_thing",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            NEVER_EMPTIED,
        ]

    def __str__(self) -> str:
        return "Debiteras" if self.is_charged else "Debiteras inte"
