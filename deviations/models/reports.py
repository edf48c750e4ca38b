"""Whom KHS has told of an event, or why not: each with date and number, or with a reason."""

from django.db import models
from django.db.models import Q

from .deviations import Deviation


class ReportedTo(models.TextChoices):
    SUPPLIER = "supplier", "Leverantören"
    MANUFACTURER = "manufacturer", "Tillverkaren"
    AUTHORITY = "authority", "Läkemedelsverket"
    INSPECTORATE = "inspectorate", "IVO (lex Maria)"


#: What must be answered of an event with serious consequences before it is closed.
MUST_ANSWER = (
    ReportedTo.SUPPLIER,
    ReportedTo.MANUFACTURER,
    ReportedTo.AUTHORITY,
    ReportedTo.INSPECTORATE,
)
#: Who gives the report a number of their own.
NUMBERED = (ReportedTo.MANUFACTURER, ReportedTo.AUTHORITY, ReportedTo.INSPECTORATE)


class DeviationReport(models.Model):
    """An answer: told on a day (with the report's number), or not, with the reason."""

    deviation = models.ForeignKey(
        Deviation, on_delete=models.PROTECT, related_name="reports", db_index=False
    )
    to = models.CharField("till", max_length=12, choices=ReportedTo.choices)
    reported_on = models.DateField("datum", null=True, blank=True)
    number = models.CharField("nummer", max_length=60, blank=True)
    reason_not = models.CharField("varför inte", max_length=300, blank=True)

    class Meta:
        verbose_name = "rapport om avvikelse"
        verbose_name_plural = "rapporter om avvikelser"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["deviation", "to"], name="one_answer_a_receiver"),
            models.CheckConstraint(
                condition=Q(to__in=ReportedTo.values), name="report_goes_to_somebody_known"
            ),
            models.CheckConstraint(
                condition=Q(reported_on__isnull=False, reason_not="")
                | Q(reported_on__isnull=True, number="") & ~Q(reason_not=""),
                name="reported_or_a_reason_why_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_to_display()}: {self.says}"

    @property
    def was_sent(self) -> bool:
        return self.reported_on is not None

    @property
    def says(self) -> str:
        """«2026-11-29, nr 123» or «Nej: felet är känt»."""
        if self.reported_on is None:
            return f"Nej: {self.reason_not}"
        return f"{self.reported_on:%Y-%m-%d}" + (f", nr {self.number}" if self.number else "")
