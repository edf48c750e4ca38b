"""A sent order, and what has happened to it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from organisation.models import Unit, Warehouse
from recipients.cases import AddressedCase, CaseEvent, CaseQuerySet
from recipients.models import Recipient
from sesam.models import CaseNumber, CaseNumberKey
from sesam.status_looks import show_as

from .details import (
    GOES_TO_SOMEONE,
    DeliveryDetails,
    DeliveryWay,
    OrderKind,
    address_follows_the_way,
    planned_words,
)


class OrderStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    PICKING = "picking", "Under plock"
    PARTLY_DELIVERED = "partly", "Delvis utlevererad"
    DELIVERED = "delivered", "Utlevererad"
    CANCELLED = "cancelled", "Makulerad"


show_as(
    {
        OrderStatus.REGISTERED: ("circle-dot", "blue"),
        OrderStatus.PICKING: ("package", "blue"),
        OrderStatus.PARTLY_DELIVERED: ("package-open", "blue"),
        OrderStatus.DELIVERED: ("circle-check", "green"),
        OrderStatus.CANCELLED: ("ban", "ended"),
        "Levererad": ("circle-check", "green"),
        "Väntar på aktivitet": ("lock", "amber"),
        "försenad": ("clock", "amber"),
        "Samlevereras": ("link", "green"),
        "Var för sig": ("circle-minus", "grey"),
    }
)

if TYPE_CHECKING:
    from .lines import OrderLine


class OrderQuerySet(CaseQuerySet["Order"]):
    def undelivered(self) -> Self:
        """What is still to be delivered, wholly or in part."""
        return self.still_open()


class Order(AddressedCase, DeliveryDetails):
    """A sent order (kundorder, lagerpåfyllnad)."""

    NEXT_STATUS = {
        OrderStatus.REGISTERED: {
            OrderStatus.PICKING,
            OrderStatus.PARTLY_DELIVERED,
            OrderStatus.DELIVERED,
            OrderStatus.CANCELLED,
        },
        OrderStatus.PICKING: {
            OrderStatus.REGISTERED,
            OrderStatus.PARTLY_DELIVERED,
            OrderStatus.DELIVERED,
        },
        OrderStatus.PARTLY_DELIVERED: {OrderStatus.DELIVERED},
        OrderStatus.DELIVERED: set(),
        OrderStatus.CANCELLED: set(),
    }
    ENDED = (OrderStatus.DELIVERED, OrderStatus.CANCELLED)
    NOUN = "beställning"
    LOADED = ("recipient", "destination", "unit")
    FREE_TEXTS = ("lines__comment", "lines__moves__note")

    kind = models.CharField("ordertyp", max_length=14, choices=OrderKind.choices)
    status = models.CharField(
        "status", max_length=12, choices=OrderStatus.choices, default=OrderStatus.REGISTERED
    )
    recipient = models.ForeignKey(
        Recipient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
        db_index=False,
    )
    destination = models.ForeignKey(
        Warehouse,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replenishments",
        db_index=False,
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="orders", db_index=False)
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="placed_orders",
        db_index=False,
    )
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="prescribed_orders",
        db_index=False,
    )
    delivery_way = models.ForeignKey(DeliveryWay, on_delete=models.PROTECT, db_index=False)
    sent_at = models.DateTimeField("skickad")
    planned_delivery = models.DateField("planerad leverans", null=True, blank=True)
    delivered_at = models.DateTimeField("utlevererad", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    # Only of rows that khs.queue gave: the lines from KHS, and the holds that stand.
    khs_lines: list[OrderLine]
    open_holds: list[OrderHold]
    turn_since: dt.datetime | None  # only of rows that life.with_turns gave

    class Meta:
        verbose_name = "beställning"
        verbose_name_plural = "beställningar"
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-sent_at"]),
            models.Index(fields=["unit", "-sent_at"]),
            # «Min sida»: what somebody has ordered or answers for.
            models.Index(fields=["ordered_by", "-sent_at"], name="orders_of_orderer"),
            models.Index(fields=["prescriber", "-sent_at"], name="orders_of_prescriber"),
            # The back office's queue, in its order: all that there were, and by status.
            models.Index(fields=["planned_delivery", "sent_at", "id"], name="order_queue"),
            models.Index(
                fields=["status", "planned_delivery", "sent_at", "id"], name="order_status_queue"
            ),
            models.Index(
                fields=["sent_at"],
                condition=~Q(status__in=["delivered", "cancelled"]),
                name="order_undelivered",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=GOES_TO_SOMEONE,
                name="order_goes_to_someone",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OrderStatus.values), name="order_status_is_known"
            ),
            *address_follows_the_way("order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.case_number}"

    @property
    def planned_words(self) -> str:
        """Its planned day as it is shown."""
        return planned_words(self.planned_delivery, is_open=not self.has_ended)


class OrderEvent(CaseEvent):
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")


class OrderHold(models.Model):
    """An activity that must end before the order may be delivered or cancelled."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="holds", db_index=False)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    since = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "öronmärkning"
        verbose_name_plural = "öronmärkningar"
        constraints = [models.UniqueConstraint(fields=["order", "case"], name="one_hold_a_case")]

    def __str__(self) -> str:
        return self.case_number
