"""An order: what was asked for, from where, to whom, and how far it has come."""

from .carts import Cart, CartLine
from .details import (
    DeliveryDetails,
    DeliveryWay,
    LineFacts,
    OrderKind,
    by_place,
    in_order,
)
from .files import CartAttachment, OrderAttachment
from .lines import Delivery, LineDelivery, LineStatus, OrderLine
from .orders import Order, OrderEvent, OrderHold, OrderQuerySet, OrderStatus
from .projects import ProjectMove
from .saved import OrderTemplate, TemplateLine

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
    "Order",
    "OrderAttachment",
    "OrderEvent",
    "OrderHold",
    "OrderKind",
    "OrderLine",
    "OrderQuerySet",
    "OrderStatus",
    "OrderTemplate",
    "ProjectMove",
    "TemplateLine",
    "by_place",
    "in_order",
]
