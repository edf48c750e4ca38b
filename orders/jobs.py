"""What orders tell many, and what they clear away: drafts hold patients' data, and are kept for a
day."""

import datetime as dt

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from articles.models import Article
from organisation import messages
from organisation.models import Message, MessageKind, User, Warehouse
from recipients.cases import forget_typed
from sesam import jobs

from . import moved, saved
from .cart import KEPT
from .models import Cart, CartAttachment, CartLine, Order, OrderAttachment, OrderTemplate

WARNED_BEFORE = dt.timedelta(hours=4)


@jobs.task(name="orders.tell_moved", called="nytt leveransbesked")
def tell_moved(warehouse_id: int, article_id: int, day: str, user_id: int) -> None:
    """Whoever waits for it is told that KHS has moved the day on which more is expected."""
    moved.tell_waiting(
        warehouse=Warehouse.objects.get(pk=warehouse_id),
        article=Article.objects.get(pk=article_id),
        day=dt.date.fromisoformat(day) if day else None,
        by=User.objects.get(pk=user_id),
    )


@jobs.hourly
def warn_of_old_carts() -> int:
    """Tell, once, whose order in progress is left within hours."""
    now = timezone.now()
    told = Message.objects.filter(
        user=OuterRef("user"), kind=MessageKind.CART, sent_at__gt=OuterRef("updated_at")
    )
    old = Cart.objects.filter(closed_at=None, updated_at__lt=now - KEPT + WARNED_BEFORE)
    old = old.filter(~Exists(told), Exists(CartLine.objects.filter(cart=OuterRef("pk"))))
    carts = list(old.filter(updated_at__gte=now - KEPT).select_related("user"))
    for cart in carts:
        leaves = timezone.localtime(cart.updated_at + KEPT)
        messages.send(
            cart.user,
            kind=MessageKind.CART,
            title="Din pågående beställning tas snart bort",
            text="Den har legat orörd och tas bort inom en timme efter"
            f" {leaves:%Y-%m-%d kl. %H:%M}. Ändra något i den, eller skicka den, om du vill ha"
            " den kvar.",
        )
    return len(carts)


@jobs.hourly
def leave_old_carts() -> int:
    """An order in progress that nobody has touched for a day is left."""
    now = timezone.now()
    old = Cart.objects.filter(closed_at=None, updated_at__lt=now - KEPT)
    return old.update(closed_at=now, updated_at=now)


@jobs.hourly
def remove_draft_files() -> int:
    """Remove files of drafts a day after they were attached.

    A sent order has the very file that its draft had: that one stays.
    """
    old = CartAttachment.with_removed.filter(uploaded_at__lt=timezone.now() - KEPT)
    removed = 0
    for attachment in old:
        with transaction.atomic():
            # Whoever is sending it now is waited for, and has made the file the order's.
            Cart.objects.select_for_update(of=("self",)).get(pk=attachment.cart_id)
            name = str(attachment.file)
            attachment.delete()
            is_sent = OrderAttachment.objects.filter(file=name).exists()
        if not is_sent:
            default_storage.delete(name)
        removed += 1
    return removed


@jobs.hourly
def remove_closed_carts() -> int:
    """Remove drafts a day after they were sent or left; until then a second sending finds its
    order. What still has files waits for the next turn."""
    closed = Cart.objects.filter(closed_at__lt=timezone.now() - KEPT, attachments=None)
    removed = closed.count()
    closed.delete()
    return removed


@jobs.hourly
def remove_old_templates() -> int:
    """A template that was removed can be put back for a day."""
    old = OrderTemplate.objects.filter(removed_at__lt=timezone.now() - saved.KEPT)
    removed = old.count()
    old.delete()
    return removed


@jobs.hourly
def forget_whereabouts_of_protected() -> int:
    """What stands in ended cases of somebody who became protected later."""
    return forget_typed(Order.objects.all())
