"""Pickup orders: where aids are fetched, and which."""

import datetime as dt
import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from activities.models import Activity
from articles.models import Article
from individuals.models import Individual
from organisation.models import Unit, Warehouse
from recipients.cases import AddressedCase, CaseEvent, CaseQuerySet
from recipients.models import Loan, Recipient
from recipients.whereabouts import ADDRESS, CaseAddress, preset_contact
from sesam.status_looks import show_as

from .reasons import PickupReason


class PickupStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    PLANNED = "planned", "Planerad"
    PARTLY_RECEIVED = "partly", "Delvis mottagen"
    RECEIVED = "received", "Mottagen"
    CANCELLED = "cancelled", "Makulerad"


show_as(
    {
        PickupStatus.REGISTERED: ("circle-dot", "blue"),
        PickupStatus.PLANNED: ("calendar", "grey"),
        PickupStatus.PARTLY_RECEIVED: ("package-open", "blue"),
        PickupStatus.RECEIVED: ("circle-check", "green"),
        PickupStatus.CANCELLED: ("ban", "ended"),
        "Akut": ("triangle-alert", "urgent"),
    }
)


class PickupDetails(CaseAddress):
    """«Hämtorderinformation»: from where, and whom to call."""

    WHEREABOUTS = (*ADDRESS, "comment")

    comment = models.TextField("kommentar", max_length=2000, blank=True)
    is_urgent = models.BooleanField("akut", default=False)

    class Meta:
        abstract = True


class PickupQuerySet(CaseQuerySet["PickupOrder"]):
    def due(self) -> Self:
        """What is still to be fetched, wholly or in part."""
        return self.still_open()


class PickupOrder(AddressedCase, PickupDetails):
    """Aids that are to go back to the aid centre (hämtorder).

    ``token`` is its form's: sent twice, the one that is there. ``text_confirmed`` says that the
    user was told of what looks like personal data in the typed text, and let it stand.
    """

    NEXT_STATUS = {
        PickupStatus.REGISTERED: {
            PickupStatus.PLANNED,
            PickupStatus.PARTLY_RECEIVED,
            PickupStatus.RECEIVED,
            PickupStatus.CANCELLED,
        },
        PickupStatus.PLANNED: {
            PickupStatus.PARTLY_RECEIVED,
            PickupStatus.RECEIVED,
            PickupStatus.CANCELLED,
        },
        PickupStatus.PARTLY_RECEIVED: {PickupStatus.RECEIVED},
        PickupStatus.RECEIVED: set(),
        PickupStatus.CANCELLED: set(),
    }
    ENDED = (PickupStatus.RECEIVED, PickupStatus.CANCELLED)
    NOUN = "hämtorder"
    LOADED = ("recipient", "warehouse", "reason", "unit", "ordered_by", "activity")

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    reason = models.ForeignKey(PickupReason, verbose_name="orsak", on_delete=models.PROTECT)
    status = models.CharField(
        "status", max_length=12, choices=PickupStatus.choices, default=PickupStatus.REGISTERED
    )
    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="pickups", db_index=False
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="pickups", db_index=False)
    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="till lager",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="placed_pickups",
        db_index=False,
    )
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="prescribed_pickups",
        db_index=False,
    )
    activity = models.ForeignKey(
        Activity,
        verbose_name="för aktivitet",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pickups",
        db_index=False,
    )
    text_confirmed = models.BooleanField("texten är kontrollerad", default=False)
    created_at = models.DateTimeField("registrerad")
    planned_for = models.DateField("planerad hämtning", null=True, blank=True)
    received_at = models.DateTimeField("mottagen", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)
    differs = models.BooleanField(
        "skillnader",
        default=False,
        help_text="Det som kom är inte det som beställdes: mer, mindre eller borta.",
    )

    objects = PickupQuerySet.as_manager()

    # Only of rows that khs.queue gave: something of it is made ready.
    waits: bool
    # Only of rows that life.with_turns gave: some of it has come, and when somebody else got the
    # turn.
    has_come: bool
    turn_since: dt.datetime | None

    class Meta:
        verbose_name = "hämtorder"
        verbose_name_plural = "hämtorder"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-created_at"]),
            models.Index(fields=["unit", "-created_at"]),
            # «Min sida»: what somebody has ordered or answers for.
            models.Index(fields=["ordered_by", "-created_at"], name="pickups_of_orderer"),
            models.Index(fields=["prescriber", "-created_at"], name="pickups_of_prescriber"),
            # The back office's queue, in its order: all that there were, and by status.
            models.Index(
                fields=["-is_urgent", "planned_for", "created_at", "id"], name="pickup_queue"
            ),
            models.Index(
                fields=["status", "-is_urgent", "planned_for", "created_at", "id"],
                name="pickup_status_queue",
            ),
            models.Index(fields=["id"], condition=Q(differs=True), name="pickup_differing"),
            models.Index(
                fields=["created_at"],
                condition=~Q(status__in=["received", "cancelled"]),
                name="pickup_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PickupStatus.values), name="pickup_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"Hämtorder {self.case_number}"

    def forget_whereabouts(self) -> None:
        """To be called is then the one who ordered: the contact may be somebody at home."""
        super().forget_whereabouts()
        self.take(preset_contact(self.ordered_by, self.unit))


class PickupLine(models.Model):
    """An aid to fetch. ``is_open`` until it has come, is given up or the order is cancelled.

    ``came_with`` is the line of the aid that it is a component of. ``is_extra``: it came
    without standing on the order.
    """

    pickup = models.ForeignKey(PickupOrder, on_delete=models.PROTECT, related_name="lines")
    loan = models.ForeignKey(
        Loan, null=True, blank=True, on_delete=models.PROTECT, related_name="pickup_lines"
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    individual = models.ForeignKey(
        Individual,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    came_with = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
        db_index=False,
    )
    quantity = models.PositiveIntegerField("antal")
    with_components = models.BooleanField("med komponenter", default=True)
    is_open = models.BooleanField("öppen", default=True)
    is_extra = models.BooleanField("stod inte på hämtordern", default=False)

    class Meta:
        verbose_name = "hämtorderrad"
        verbose_name_plural = "hämtorderrader"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="pickup_of_something"),
            models.UniqueConstraint(
                fields=["loan"], condition=Q(is_open=True), name="an_aid_on_one_open_pickup"
            ),
            models.CheckConstraint(
                condition=Q(loan__isnull=False) | Q(is_extra=True), name="pickup_line_has_loan"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.title}"

    @property
    def title(self) -> str:
        return self.loan.title if self.loan else self.article.name


class PickupEvent(CaseEvent):
    pickup = models.ForeignKey(PickupOrder, on_delete=models.PROTECT, related_name="events")
