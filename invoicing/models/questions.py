"""What controllers question, and what is to be credited."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sesam.status_looks import show_as

from .invoices import Charge


class QuestionStatus(models.TextChoices):
    ASKED = "asked", "Ifrågasatt"
    INQUIRY = "inquiry", "Utreds av KHS"
    CREDITED = "credited", "Krediteras"
    REFUSED = "refused", "Avslagen"


HAS_BEEN_CREDITED = "Krediterad"  # what was to be, once a run has done it
show_as(
    {
        QuestionStatus.ASKED: ("message-square", "amber"),
        QuestionStatus.INQUIRY: ("search", "blue"),
        QuestionStatus.CREDITED: ("circle-check", "green"),
        HAS_BEEN_CREDITED: ("circle-check", "green"),
        QuestionStatus.REFUSED: ("circle-x", "grey"),
    }
)
ANSWERED = (QuestionStatus.CREDITED, QuestionStatus.REFUSED)


class Question(models.Model):
    """«Ifrågasätt»: a row of an invoice that somebody thinks is wrong, once a row; KHS answers."""

    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="question")
    reason = models.TextField("varför", max_length=500)
    status = models.CharField(
        "status", max_length=8, choices=QuestionStatus.choices, default=QuestionStatus.ASKED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField("ifrågasatt")
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    answer = models.TextField("svar", max_length=500, blank=True)
    answered_at = models.DateTimeField("besvarad", null=True)

    class Meta:
        verbose_name = "ifrågasatt rad"
        verbose_name_plural = "ifrågasatta rader"
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(answered_at=None), name="questions_open")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=QuestionStatus.values), name="question_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["credited", "refused"], answered_at__isnull=False)
                | (~Q(status__in=["credited", "refused"]) & Q(answered_at__isnull=True)),
                name="a_question_is_answered_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()

    @property
    def is_open(self) -> bool:
        return self.answered_at is None


class Correction(models.Model):
    """That a charge is to be credited: the next month's run does it. ``right_amount`` is then charged
    in its place; None where nothing is."""

    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="correction")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField("tid")
    right_amount = models.DecimalField(
        "rätt belopp exkl. moms", max_digits=12, decimal_places=2, null=True
    )

    class Meta:
        verbose_name = "kreditering"
        verbose_name_plural = "krediteringar"
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(right_amount__gt=0) | Q(right_amount=None), name="right_amount_is_owed"
            )
        ]

    def __str__(self) -> str:
        return str(self.charge)
