"""The order in progress: a draft with all that was typed."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from organisation.models import Unit, Warehouse
from recipients.models import Recipient

from .details import (
    GOES_TO_SOMEONE,
    DeliveryDetails,
    DeliveryWay,
    LineFacts,
    OrderKind,
    address_follows_the_way,
    planned_words,
)


class Cart(DeliveryDetails):
    """The order in progress: a user's draft with all that was typed and attached.

    A user has at most one open cart; ``order`` is set when it was sent, so that sending twice
    finds the order that is there. ``token`` is what its pages and forms carry.
    """

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="carts"
    )
    kind = models.CharField(max_length=14, choices=OrderKind.choices, default=OrderKind.CUSTOMER)
    recipient = models.ForeignKey(Recipient, null=True, blank=True, on_delete=models.PROTECT)
    destination = models.ForeignKey(
        Warehouse, null=True, blank=True, on_delete=models.PROTECT, db_index=False
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, db_index=False)
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    delivery_way = models.ForeignKey(
        DeliveryWay, null=True, blank=True, on_delete=models.PROTECT, db_index=False
    )
    # Addresses typed for the delivery ways that were left for another, by ``address_of``.
    aside = models.JSONField("undanlagda adresser", default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    thrown_at = models.DateTimeField(
        null=True, blank=True, help_text="Kastad av användaren, som kan ångra det i ett dygn."
    )
    order = models.OneToOneField(
        "Order", null=True, blank=True, on_delete=models.PROTECT, related_name="cart"
    )

    replaced: "Cart | None" = None  # the one that was thrown away for it, when it was started

    class Meta:
        verbose_name = "pågående beställning"
        verbose_name_plural = "pågående beställningar"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(closed_at__isnull=True), name="one_open_cart_a_user"
            ),
            models.CheckConstraint(
                condition=GOES_TO_SOMEONE,
                name="cart_goes_to_someone",
            ),
            *address_follows_the_way("cart"),
            models.CheckConstraint(
                condition=Q(thrown_at=None) | Q(closed_at__isnull=False, order=None),
                name="thrown_away_is_closed_and_not_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"Pågående beställning {self.token}"

    @property
    def whom(self) -> str:
        """Whom it is for by name, or the store."""
        return self.recipient.name if self.recipient else str(self.destination)

    def forget_whereabouts(self) -> None:
        super().forget_whereabouts()
        self.aside = {}


class PresentLines(models.Manager["CartLine"]):
    """Lines that haven't been removed. ``cart.lines`` and ``line.components`` go by it too."""

    def get_queryset(self) -> models.QuerySet["CartLine"]:
        return super().get_queryset().filter(removed_at=None)


class CartLine(LineFacts):
    """``dialog_key`` names the dialog that made the line, so that it makes one only.

    A removed line stays with all that hangs on it while the draft is kept, so that it can be put
    back; only ``with_removed`` sees it.
    """

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    component_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="components"
    )
    dialog_key = models.CharField(max_length=24, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = PresentLines()
    with_removed = models.Manager["CartLine"]()

    # What a page works out for it, in ``orders.promises``: the day it would be promised now.
    planned_delivery: dt.date | None = None

    class Meta:
        verbose_name = "rad i pågående beställning"
        verbose_name_plural = "rader i pågående beställning"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_line_of_something"),
            models.UniqueConstraint(
                fields=["cart", "dialog_key"],
                condition=~Q(dialog_key=""),
                name="one_line_a_dialog",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.article}"

    @property
    def planned_words(self) -> str:
        return planned_words(self.planned_delivery)
