"""The lines of the order in progress, and its files: put, removed, put back."""

import uuid

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from articles.follow_up import preset_weeks
from articles.models import Article
from organisation.models import Source, User
from sesam.attachments import clean
from sesam.errors import DomainError

from ..models import (
    Cart,
    CartAttachment,
    CartLine,
)
from ..rules import Wish, find_fault, left
from .draft import locked, touch


def put(cart: Cart, wish: Wish, *, line: CartLine | None = None, dialog_key: str = "") -> CartLine:
    """Put a line in the cart, or change ``line`` to what is wished. See ``put_all``."""
    return put_all(cart, [wish], line=line, dialog_key=dialog_key)[0]


@transaction.atomic
def put_all(
    cart: Cart, wishes: list[Wish], *, line: CartLine | None = None, dialog_key: str = ""
) -> list[CartLine]:
    """What one dialog asked for: a line, or several where other articles stand in.

    A dialog that is sent twice makes its lines once; what was attached in it goes with the first.
    """
    cart = locked(cart)
    if line is not None:  # as it is now: another tab may have removed it
        line = cart.lines.filter(pk=line.pk).first()
    if dialog_key and line is None:
        sent_before = cart.lines.filter(dialog_key__startswith=dialog_key).order_by("pk")
        line = sent_before.first()
        if line is not None:
            sent_before.exclude(pk=line.pk).delete()
    beds = [wish for wish in wishes if wish.article.own_order_only]
    if beds and len(wishes) > 1 and not cart.destination_id:
        text = "En säng beställs alltid på egen beställning: lägg hela antalet på en av dem."
        raise DomainError(text, field="backlog")
    made = []
    for index, wish in enumerate(wishes):
        key = f"{dialog_key}:{index}" if dialog_key and index else dialog_key
        made.append(_put(cart, wish, line=None if index else line, dialog_key=key))
    if dialog_key:
        cart.attachments.filter(dialog_key=dialog_key).update(line=made[0], dialog_key="")
    touch(cart)
    return made


def _put(cart: Cart, wish: Wish, *, line: CartLine | None, dialog_key: str) -> CartLine:
    if fault := find_fault(cart, wish, besides=line):
        raise fault
    if wish.article.requires_comment and not wish.comment.strip():
        raise DomainError("Skriv en kommentar: artikeln kräver det.", field="comment")
    made, *components = lines_of(cart, wish, besides=line)
    if line is None:
        last = cart.lines.aggregate(last=Max("position"))["last"] or 0
        made.position, made.dialog_key = last + 1, dialog_key
    else:
        made.pk, made.position, made.dialog_key = line.pk, line.position, line.dialog_key
        made.deliver_together = line.deliver_together
    made.save(force_insert=line is None, force_update=line is not None)
    # Chosen anew, those that had been removed too.
    CartLine.with_removed.filter(component_of=made).delete()
    for component in components:
        component.component_of, component.position = made, made.position
        component.deliver_together = made.deliver_together
    CartLine.objects.bulk_create(components)
    return made


def lines_of(cart: Cart, wish: Wish, *, besides: CartLine | None = None) -> list[CartLine]:
    """The line that is wished and its components, as they would lie in the cart; nothing is saved.
    ``besides`` is the line that they would replace."""
    line = CartLine(
        cart=cart,
        position=0,
        article=wish.article,
        quantity=wish.quantity,
        source=wish.source,
        warehouse=wish.warehouse,
        comment=wish.comment.strip(),
        individual=wish.individual,
        fitted_to=wish.fitted_to,
        asked_article=wish.asked,
        replaced_because=wish.because,
    )
    if cart.recipient is not None and cart.recipient.is_person:
        same = besides is not None and besides.article_id == wish.article.pk
        line.follow_up_weeks = (
            besides.follow_up_weeks if same and besides else preset_weeks(wish.article)
        )
    parts = [
        _component(cart, line, article, each * line.quantity, besides)
        for article, each in wish.components
    ]
    return [line, *parts]


def _component(
    cart: Cart, line: CartLine, article: Article, quantity: int, besides: CartLine | None
) -> CartLine:
    """A component comes from where its aid does; what an own store lacks, from KHS."""
    source, warehouse = line.source, line.warehouse
    if source == Source.OWN_STORE and (
        article.is_marked
        or not article.is_stocked
        or quantity > left(cart, warehouse, article, besides)
    ):
        source, warehouse = Source.CENTRAL, cart.unit.delivering_warehouse
    return CartLine(
        cart=cart,
        position=line.position,
        article=article,
        quantity=quantity,
        source=source,
        warehouse=warehouse,
        component_of=line,
    )


@transaction.atomic
def remove(cart: Cart, line_id: int) -> CartLine | None:
    """Take a line and its components out; what was removed, now or before. ``put_back`` undoes it."""
    cart = locked(cart)
    known = CartLine.with_removed.filter(cart=cart, pk=line_id)
    line = known.select_related("article").order_by().first()
    if line is None or line.removed_at is not None:
        return line
    gone = CartLine.objects.filter(Q(pk=line.pk) | Q(component_of=line.pk), cart=cart)
    # The dialog that made it may make it anew, if it is sent again.
    gone.update(removed_at=timezone.now(), dialog_key="")
    touch(cart)
    return line


@transaction.atomic
def put_back(user: User, line_id: int) -> CartLine:
    """The line that the user removed is there again, with its components, comment and files.

    Put back twice is once. Raises ``DomainError`` where it is too late: the order is sent or
    thrown away, or the line couldn't be added to it as it is now.
    """
    gone = CartLine.with_removed.filter(pk=line_id, cart__user=user)
    cart_id = gone.values_list("cart", flat=True).first()
    if cart_id is None:
        raise DomainError("Raden finns inte längre.")
    cart = Cart.objects.select_for_update(of=("self",)).get(pk=cart_id)
    line = (
        gone.select_related(
            "article", "warehouse", "individual", "fitted_to", "component_of__article"
        )
        .order_by()
        .first()
    )
    if line is None:
        raise DomainError("Raden finns inte längre.")
    name = line.article.name
    if cart.order_id:
        raise DomainError(
            f"Beställningen är redan skickad, utan {name}. Gör en ny beställning av den."
        )
    if cart.closed_at:
        raise DomainError(f"Beställningen är kastad. Ta tillbaka den innan du ångrar {name}.")
    if line.removed_at is None:
        return line
    main = line.component_of
    if main is not None and main.removed_at is not None:
        raise DomainError(f"{name} hör till {main.article.name}. Ta tillbaka den först.")
    _check_can_return(cart, line)
    CartLine.with_removed.filter(
        Q(pk=line.pk) | Q(component_of=line.pk, removed_at=line.removed_at)
    ).update(removed_at=None)
    touch(cart)
    return line


def _check_can_return(cart: Cart, line: CartLine) -> None:
    if line.component_of_id:
        if line.article.is_discontinued:
            raise DomainError(f"{line.article.number} har utgått och kan inte beställas.")
        return
    wish = Wish(
        article=line.article, quantity=line.quantity, source=line.source,
        warehouse=line.warehouse, individual=line.individual, fitted_to=line.fitted_to,
    )  # fmt: skip
    if fault := find_fault(cart, wish):
        raise DomainError(f"{line.article.name} kan inte läggas tillbaka. {fault.message}")


@transaction.atomic
def set_together(cart: Cart, line_id: int, *, on: bool) -> None:
    """«Samleverans» on or off for a KHS line and its components."""
    cart = locked(cart)
    line = cart.lines.filter(pk=line_id).select_related("warehouse").first()
    if line is None:
        return
    if line.source != Source.CENTRAL:
        raise DomainError("Samleverans gäller rader från KHS.", line=line_id)
    cart.lines.filter(pk=line.pk).update(deliver_together=on)
    line.components.update(deliver_together=on)
    touch(cart)


@transaction.atomic
def follow_up(cart: Cart, line_id: int, weeks: int | None) -> CartLine:
    """When it is looked whether the aid does its work, or that nobody does."""
    cart = locked(cart)
    line = cart.lines.filter(pk=line_id, component_of=None).select_related("article").first()
    if line is None:
        raise DomainError("Raden finns inte längre.")
    if cart.recipient is None or not cart.recipient.is_person:
        raise DomainError("Bara det som en person får följs upp.")
    line.follow_up_weeks = weeks
    line.save(update_fields=["follow_up_weeks"])
    touch(cart)
    return line


@transaction.atomic
def attach(
    cart: Cart, upload: UploadedFile[bytes], *, user: User, dialog_key: str = ""
) -> CartAttachment:
    """Attach a file to the order, or to the line that a dialog is about to make."""
    kept = clean(upload)
    cart = locked(cart)
    _check_room(cart)
    return CartAttachment.objects.create(
        cart=cart,
        dialog_key=dialog_key,
        file=kept.file,
        name=kept.name,
        content_type=kept.content_type,
        size=kept.size,
        uploaded_by=user,
    )


@transaction.atomic
def detach(cart: Cart, key: uuid.UUID) -> CartAttachment | None:
    """Take an attached file away; what was removed. ``attach_again`` undoes it."""
    found = locked(cart).attachments.filter(key=key).first()
    if found:
        found.removed_at = timezone.now()
        found.save(update_fields=["removed_at"])
    return found


@transaction.atomic
def attach_again(user: User, key: uuid.UUID) -> CartAttachment:
    """The file that the user removed is there again. Put back twice is once.

    Raises ``DomainError`` where it is too late: the file is cleared away, or its order is sent or
    thrown away.
    """
    gone = CartAttachment.with_removed.filter(key=key, cart__user=user)
    cart_id = gone.values_list("cart", flat=True).first()
    if cart_id is None:
        raise DomainError("Bilagan finns inte längre. Lägg till den igen.")
    cart = Cart.objects.select_for_update(of=("self",)).get(pk=cart_id)
    if cart.order_id:
        raise DomainError("Beställningen är redan skickad, utan bilagan.")
    if cart.closed_at:
        raise DomainError("Beställningen är kastad. Ta tillbaka den innan du ångrar bilagan.")
    found = gone.first()
    if found is None:
        raise DomainError("Bilagan finns inte längre. Lägg till den igen.")
    if found.removed_at is not None:
        _check_room(cart)
        found.removed_at = None
        found.save(update_fields=["removed_at"])
    return found


def _check_room(cart: Cart) -> None:
    if cart.attachments.exclude(line__removed_at__isnull=False).count() >= 20:
        raise DomainError("En beställning kan ha högst 20 bilagor.", field="file")
