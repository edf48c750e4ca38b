"""What «Siffror» shows, counted by the night: sums, and nothing of any person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from organisation.models import Payer, Unit, Warehouse


class Measure(models.TextChoices):
    """``bucket`` of a figure tells the parts of a measure apart."""

    COST = "cost", "Fakturerat"
    LEAD = "lead", "Utleveranser per arbetsdagar från skickad"
    REUSE = "reuse", "Utlämnade märkta individer: 0 ny, 1 använd förut"
    LATE = "late", "Aktiviteter: 0 i tid, 1 försenad"
    DEVIATIONS = "deviations", "Avvikelser"
    LOANS = "loans", "Lån vid månadens slut"
    BACK = "back", "Utlämnat: tillbaka inom 90 dagar eller inte"
    BACKLOG = "backlog", "Restnoterat per dagar"
    OUT = "out", "Lämnat lagret på ett år"
    STOCK = "stock", "I lager"
    BEFORE = "before", "I lager för ett år sedan"
    DEAD = "dead", "I lager sedan ett år, utan att något lämnats ut"


class CountedMonth(models.Model):
    """That a month is counted, and when."""

    month = models.DateField(unique=True)
    at = models.DateTimeField("räknad")

    class Meta:
        verbose_name = "räknad månad"
        verbose_name_plural = "räknade månader"
        ordering = ["month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_whole_month_is_counted")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Figure(models.Model):
    """How many, or how much, of something a month had, by payer, unit, store and ISO group. Counted
    anew each night: the newest months' rows are written over."""

    id = models.BigAutoField(primary_key=True)
    month = models.DateField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    payer = models.ForeignKey(
        Payer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    unit = models.ForeignKey(
        Unit, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    store = models.ForeignKey(
        Warehouse, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    iso_group = models.CharField(max_length=2, blank=True)
    bucket = models.PositiveSmallIntegerField(default=0)
    count = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        verbose_name = "siffra"
        verbose_name_plural = "siffror"
        indexes = [models.Index(fields=["measure", "month"], name="figures_of_a_measure")]
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=Measure.values), name="measure_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.month:%Y-%m}"
