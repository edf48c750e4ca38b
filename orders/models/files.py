"""Files that were attached, to an order in progress and to a sent one."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models

from organisation.models import User
from sesam.attachments import Attachment

from .carts import Cart, CartLine
from .lines import OrderLine
from .orders import Order


class PresentFiles(models.Manager["CartAttachment"]):
    """Files that haven't been removed. ``cart.attachments`` goes by it too."""

    def get_queryset(self) -> models.QuerySet["CartAttachment"]:
        return super().get_queryset().filter(removed_at=None)


class CartAttachment(Attachment):
    """A file of the order in progress; on one of its lines where ``line`` is set.

    With only a ``dialog_key`` it waits for the line that its dialog is about to make. A removed one
    stays until drafts' files are cleared, so that it can be put back; only ``with_removed`` sees it.
    """

    dialog_key = models.CharField(max_length=24, blank=True)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="attachments")
    line = models.ForeignKey(
        CartLine, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )

    removed_at = models.DateTimeField(null=True, blank=True)

    objects = PresentFiles()
    with_removed = models.Manager["CartAttachment"]()

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        return bool(self.cart.user_id == user.pk)


class OrderAttachment(Attachment):
    """A file of a sent order; on one of its lines where ``line`` is set."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attachments")
    line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        if not isinstance(user, User):
            return False
        return Order.objects.for_user(user).filter(pk=self.order_id).exists()
