"""What came of a pickup order."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from activities.models import Activity
from organisation.models import Warehouse

from .orders import PickupLine


class ReceivedState(models.TextChoices):
    TO_STOCK = "stock", "Till lager"
    TO_CLEANING = "cleaning", "Till rengöring"
    TO_REPAIR = "repair", "Till reparation"
    SCRAPPED = "scrapped", "Skrotas"
    MISSING = "missing", "Saknas"


class PickupReceipt(models.Model):
    """What came of a line, and in what state. Rows are added, never changed.

    ``finished_at`` is set when what was cleaned is fit to be handed out again; what is repaired
    has its ``activity``, which says that.
    """

    line = models.ForeignKey(PickupLine, on_delete=models.PROTECT, related_name="receipts")
    quantity = models.PositiveIntegerField("antal")
    state = models.CharField("skick", max_length=10, choices=ReceivedState.choices)
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField("tid")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    finished_at = models.DateTimeField("klar", null=True, blank=True)
    activity = models.ForeignKey(
        Activity, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts"
    )

    class Meta:
        verbose_name = "mottaget"
        verbose_name_plural = "mottaget"
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["line"], condition=Q(finished_at=None), name="receipt_waiting"),
            # What KHS says whether it is charged: few of all that ever came.
            models.Index(
                fields=["at", "id"],
                condition=Q(state__in=["scrapped", "missing"]),
                name="receipt_of_a_loss",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="receipt_of_something"),
            models.CheckConstraint(
                condition=Q(state__in=ReceivedState.values), name="received_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.get_state_display()}"

    @property
    def state_words(self) -> str:
        """What has become of it by now: what was sent to be cleaned or repaired, and is."""
        if self.state == ReceivedState.TO_CLEANING and self.finished_at:
            return "Rengjort"
        repaired = self.activity.closed_at if self.activity else self.finished_at
        if self.state == ReceivedState.TO_REPAIR and repaired:
            return "Reparerat"
        return self.get_state_display()
