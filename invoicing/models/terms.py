"""How charges are reckoned: records that KHS edits, each with a day from which it holds."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from activities.models import ActivityType
from sesam import history


class Terms(models.Model):
    """VAT, and how working time is counted. The newest that has begun holds."""

    valid_from = models.DateField("gäller från", unique=True)
    vat = models.DecimalField("moms i procent", max_digits=5, decimal_places=2)
    vat_within = models.DecimalField(
        "moms i procent inom en betalare", max_digits=5, decimal_places=2, default=Decimal(0)
    )
    minutes_step = models.PositiveSmallIntegerField(
        "arbetstid räknas i påbörjade minuter", default=15
    )

    class Meta:
        verbose_name = "debiteringsvillkor"
        verbose_name_plural = "debiteringsvillkor"
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(vat__gte=0, vat__lte=100, vat_within__gte=0, vat_within__lte=100),
                name="vat_in_percent",
                violation_error_message="Momsen är mellan 0 och 100 procent.",
            ),
            models.CheckConstraint(
                condition=Q(minutes_step__gte=1, minutes_step__lte=60),
                name="minutes_step_within_an_hour",
                violation_error_message="Ange mellan 1 och 60 minuter.",
            ),
        ]

    def __str__(self) -> str:
        return f"Från {self.valid_from}"


class ShareTable(models.Model):
    """Which share of a price is left at an age. The newest of its kind that has begun holds."""

    class Kind(models.TextChoices):
        RETURN = "return", "Återlämnat som sålts med returrätt, per hel månad"
        USED = "used", "Begagnat värde, per helt år"

    kind = models.CharField("slag", max_length=8, choices=Kind.choices)
    valid_from = models.DateField("gäller från")

    class Meta:
        verbose_name = "andelstabell"
        verbose_name_plural = "andelstabeller"
        ordering = ["kind", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "valid_from"], name="one_share_table_a_day"),
            models.CheckConstraint(
                condition=Q(kind__in=["return", "used"]), name="share_table_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, från {self.valid_from}"


class ShareStep(models.Model):
    """From an age on, so many percent of the price."""

    table = models.ForeignKey(
        ShareTable, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    from_age = models.PositiveSmallIntegerField("från ålder")
    percent = models.PositiveSmallIntegerField("procent av priset")

    class Meta:
        verbose_name = "steg"
        verbose_name_plural = "steg"
        ordering = ["from_age"]
        constraints = [
            models.UniqueConstraint(fields=["table", "from_age"], name="one_share_an_age"),
            models.CheckConstraint(condition=Q(percent__lte=100), name="share_in_percent"),
        ]

    def __str__(self) -> str:
        return f"från {self.from_age}: {self.percent} %"


class CalloutFee(models.Model):
    """What coming out costs, for a kind of work («framkörning»)."""

    type = models.ForeignKey(
        ActivityType, verbose_name="aktivitetstyp", on_delete=models.PROTECT, related_name="+",
        db_index=False,
    )  # fmt: skip
    valid_from = models.DateField("gäller från")
    amount = models.DecimalField("avgift exkl. moms", max_digits=8, decimal_places=2)

    class Meta:
        verbose_name = "framkörningsavgift"
        verbose_name_plural = "framkörningsavgifter"
        ordering = ["type", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["type", "valid_from"], name="one_callout_fee_a_day"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="callout_fee_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.type}, från {self.valid_from}"


history.track(Terms)
history.track(ShareTable)
history.track(ShareStep, part_of="table")
history.track(CalloutFee)
