"""Files that were attached, to an order in progress and to a sent one."""

from django.db import models

from sesam.attachments import Attachment

from .carts import Cart, CartLine
from .lines import OrderLine
from .orders import Order


class CartAttachment(Attachment):
    """A file of the order in progress; on one of its lines where ``line`` is set.

    With only a ``dialog_key`` it waits for the line that its dialog is about to make.
    """

    dialog_key = models.CharField(max_length=24, blank=True)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="attachments")
    line = models.ForeignKey(
        CartLine, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )


class OrderAttachment(Attachment):
    """A file of a sent order; on one of its lines where ``line`` is set."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attachments")
    line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )
