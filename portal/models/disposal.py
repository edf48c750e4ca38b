"""Disposal (gallring): who is on a month's list, what was decided, what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from recipients.models import Recipient
from sesam.models import Awaited
from sesam.status_looks import show_as


class DisposalList(Awaited):
    """«Gallringslista»: whose retention has ended, as the month's job found it.

    Nothing happens before somebody approves it and names the authority's decision (gallringsbeslut).
    ``Awaited``'s fields tell of the job that then is at it; ``finished_at``: it is done.
    """

    month = models.DateField("månad", unique=True)
    made_at = models.DateTimeField("gjord", auto_now_add=True)
    reference = models.CharField("gallringsbeslut", max_length=60, blank=True)
    decided_on = models.DateField("beslutsdatum", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="godkänd av",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    approved_at = models.DateTimeField("godkänd", null=True, blank=True)
    finished_at = models.DateTimeField("genomförd", null=True, blank=True)

    class Meta:
        verbose_name = "gallringslista"
        verbose_name_plural = "gallringslistor"
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_disposal_list_is_of_a_month"),
            models.CheckConstraint(
                condition=Q(progress__lte=100), name="disposal_progress_in_percent"
            ),
            models.CheckConstraint(
                condition=Q(reference="", decided_on=None, approved_by=None, approved_at=None)
                | ~Q(reference="")
                & Q(decided_on__isnull=False, approved_by__isnull=False, approved_at__isnull=False),
                name="approved_by_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(approved_at__isnull=False),
                name="nothing_goes_unapproved",
            ),
        ]

    def __str__(self) -> str:
        return f"Gallringslista {self.month:%Y-%m}"


class Outcome(models.TextChoices):
    WAITS = "", "Väntar"
    ERASED = "erased", "Avidentifierad"
    KEPT = "kept", "Kvar"
    EXCEPTED = "excepted", "Undantagen"


show_as(
    {
        Outcome.ERASED: ("circle-check", "green"),
        Outcome.KEPT: ("circle-minus", "grey"),
        Outcome.EXCEPTED: ("lock", "amber"),
        "Gallringen pågår": ("hourglass", "blue"),
        "Att godkänna": ("circle-dot", "blue"),
        "Inget att gallra": ("circle-minus", "grey"),
        "Genomförd": ("circle-check", "green"),
    }
)


class DisposalRow(models.Model):
    """Somebody on a list. ``last_on`` is the day of the last entry about them; ``why`` says why they
    stay, where KHS has made an exception or something has happened since."""

    of = models.ForeignKey(
        DisposalList, on_delete=models.PROTECT, related_name="rows", db_index=False
    )
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="disposal_rows")
    last_on = models.DateField("senaste anteckning")
    outcome = models.CharField("utfall", max_length=8, choices=Outcome.choices, blank=True)
    why = models.CharField("varför", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="av",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField("tid", null=True)

    class Meta:
        verbose_name = "rad i gallringslista"
        verbose_name_plural = "rader i gallringslistor"
        ordering = ["last_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["of", "recipient"], name="once_on_a_disposal_list"),
            models.UniqueConstraint(
                fields=["recipient"], condition=Q(outcome=""), name="waits_on_one_disposal_list"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="disposal_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", by=None, at=None)
                | ~Q(outcome="") & Q(by__isnull=False, at__isnull=False),
                name="somebody_disposed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of}: {self.get_outcome_display()}"
