"""A sent order, and what has happened to it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from organisation.models import Unit, Warehouse
from organisation.permissions import KHS, has_role
from recipients.models import Recipient

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


# Which status may follow which. Only orders.services moves an order.
NEXT_STATUS: dict[str, set[str]] = {
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


class OrderQuerySet(models.QuerySet["Order"]):
    def undelivered(self) -> "OrderQuerySet":
        """What is still to be delivered, wholly or in part."""
        return self.exclude(status__in=ENDED)

    def for_user(self, user) -> "OrderQuerySet":
        """What ``user`` may open: own units' cases; KHS sees every unit's."""
        if has_role(user, KHS):
            return self
        return self.filter(unit__in=user.units.all())


class Order(DeliveryDetails):
    """A sent order (kundorder, lagerpåfyllnad)."""

    case_number = models.CharField("ärendenummer", max_length=12, unique=True)
    kind = models.CharField("ordertyp", max_length=14, choices=OrderKind.choices)
    status = models.CharField(
        "status", max_length=12, choices=OrderStatus.choices, default=OrderStatus.REGISTERED
    )
    recipient = models.ForeignKey(
        Recipient, null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    destination = models.ForeignKey(
        Warehouse, null=True, blank=True, on_delete=models.PROTECT, related_name="replenishments"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="orders")
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="placed_orders"
    )
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="prescribed_orders"
    )
    delivery_way = models.ForeignKey(DeliveryWay, on_delete=models.PROTECT)
    sent_at = models.DateTimeField("skickad")
    planned_delivery = models.DateField("planerad leverans", null=True, blank=True)
    delivered_at = models.DateTimeField("utlevererad", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = "beställning"
        verbose_name_plural = "beställningar"
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-sent_at"]),
            models.Index(fields=["unit", "-sent_at"]),
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

    @property
    def is_protected(self) -> bool:
        return self.recipient is not None and self.recipient.is_protected

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def address_masked(self) -> bool:
        """A protected person's address stands on the case only while it is open, and only if it
        was typed for it: what came from the register before the person was protected doesn't.
        Free text and files may tell it too, and go with it."""
        return self.is_protected and (self.has_ended or not self.typed_for_case)

    @property
    def lacks_address(self) -> bool:
        """Somebody has to ask for an address before this can be delivered."""
        return self.address_masked and not self.has_ended and self.has_address


class OrderEvent(models.Model):
    """A line of «Händelser»."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField("tid")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    text = models.CharField("vad", max_length=300)

    class Meta:
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text


class OrderHold(models.Model):
    """An activity that must end before the order may be delivered or cancelled."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="holds")
    case_number = models.CharField("ärende", max_length=12)
    since = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "öronmärkning"
        verbose_name_plural = "öronmärkningar"
        constraints = [
            models.UniqueConstraint(fields=["order", "case_number"], name="one_hold_a_case")
        ]

    def __str__(self) -> str:
        return self.case_number
