"""An order: what was asked for, from where, to whom, and how far it has come."""

from .carts import Cart, CartLine
from .details import (
    ADDRESS,
    CONTACT,
    WAY_IN,
    WHEREABOUTS,
    DeliveryDetails,
    DeliveryWay,
    LineFacts,
    OrderKind,
)
from .files import CartAttachment, OrderAttachment
from .lines import Delivery, LineDelivery, LineStatus, OrderLine, handed_out
from .orders import ENDED, NEXT_STATUS, Order, OrderEvent, OrderHold, OrderQuerySet, OrderStatus
from .projects import ProjectMove

__all__ = [
    "Cart",
    "CartAttachment",
    "CartLine",
    "Delivery",
    "DeliveryDetails",
    "DeliveryWay",
    "LineDelivery",
    "LineFacts",
    "LineStatus",
    "NEXT_STATUS",
    "Order",
    "OrderAttachment",
    "OrderEvent",
    "OrderHold",
    "OrderKind",
    "OrderLine",
    "OrderQuerySet",
    "OrderStatus",
    "ProjectMove",
    "ADDRESS",
    "WAY_IN",
    "CONTACT",
    "ENDED",
    "WHEREABOUTS",
    "handed_out",
]
