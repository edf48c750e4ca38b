"""The order in progress: started, filled, changed, left. All of it stays a draft."""

import datetime as dt
import hashlib
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from articles.models import Article
from organisation import access_log
from organisation.behalf import check_behalf
from organisation.models import Source, Unit, User, Warehouse
from organisation.permissions import CARE, has_role
from recipients import whereabouts
from recipients.models import Recipient
from recipients.whereabouts import ADDRESS, WAY_IN, AddressRule, preset_contact
from sesam.attachments import clean
from sesam.errors import DomainError

from .models import (
    Cart,
    CartAttachment,
    CartLine,
    DeliveryWay,
    OrderKind,
)
from .rules import Wish, find_fault, left

#: A draft is kept so long after it was last touched, and after it was thrown away or sent.
KEPT = dt.timedelta(days=1)


class Closed(DomainError):
    """The order in progress was sent or thrown away meanwhile."""

    def __init__(self) -> None:
        super().__init__("Beställningen är redan skickad eller kastad.")


def open_cart(user: User) -> Cart | None:
    """The user's order in progress, if there is one, with its ``line_count``. One query."""
    main_lines = (
        CartLine.objects.filter(cart=OuterRef("pk"), component_of=None)
        .order_by()
        .values("cart")
        .annotate(count=Count("pk"))
        .values("count")
    )
    cart = (
        Cart.objects.filter(user=user, closed_at=None)
        .annotate(line_count=Coalesce(Subquery(main_lines), 0))
        # What only the checkout shows is looked up there: each more table costs every page.
        .select_related("recipient", "destination", "unit")
        .order_by()
        .first()
    )
    if cart is not None:
        protect(cart)
    return cart


def protect(cart: Cart) -> None:
    """Of a person who has become protected meanwhile, forget the address that was preset."""
    person = cart.recipient
    if person is not None and person.is_protected and not cart.typed_for_case:
        cart.forget_whereabouts()
        _put_address(cart, preset_address(cart, cart.address_of))


def locked(cart: Cart) -> Cart:
    """The order in progress as it stands, locked; ``Closed`` when there is none any more.

    Every change asks here first: what a page fetched may be what another click has sent since.
    """
    now = (
        Cart.objects.select_for_update(of=("self",))
        .select_related("recipient", "destination", "unit", "delivery_way")
        .filter(pk=cart.pk, closed_at=None)
        .first()
    )
    if now is None:
        raise Closed
    protect(now)
    return now


def _touch(cart: Cart, *changed: str) -> None:
    """Write the fields that were changed, and that somebody is at it."""
    cart.save(update_fields=[*changed, "updated_at"])


def of_request(request: HttpRequest) -> Cart | None:
    """The user's order in progress, looked up once a request."""
    if not hasattr(request, "_open_cart"):
        care = request.user.is_authenticated and has_role(request.user, *CARE)
        # Every page asks and most users have none: a small question before the large one.
        started = care and Cart.objects.filter(user=request.user.pk, closed_at=None).exists()
        request._open_cart = open_cart(request.user) if started else None
        _log_another_day(request, request._open_cart)
    return request._open_cart


def look_again(request: HttpRequest) -> Cart | None:
    """The order in progress as it is now: begun, changed or closed since the request began."""
    request._open_cart = open_cart(request.user)
    return request._open_cart


def may_be_ordered(number: str) -> bool:
    """Whether the article of this number still can be ordered at all."""
    return Article.objects.filter(number=number, is_discontinued=False).exists()


def _log_another_day(request: HttpRequest, cart: Cart | None) -> None:
    """The frame of every page names whom the order in progress is for. That is no look at somebody
    who was looked at the same day; one who was left over from another day is."""
    if cart is None or cart.recipient is None or request.method == "POST":
        return
    if timezone.localdate(cart.updated_at) != timezone.localdate():
        access_log.look(request, cart.recipient.key, "Beställning kvar från en annan dag")


def about(cart: Cart) -> uuid.UUID | None:
    """The opaque id of whom the order is to, where that is a recipient."""
    return cart.recipient.key if cart.recipient else None


def lines(cart: Cart) -> QuerySet[CartLine]:
    """The lines with all that a page shows of them."""
    return cart.lines.select_related(
        "article__supplier",
        "article__billing_form",
        "warehouse",
        "individual",
        "fitted_to",
        "asked_article",
    ).prefetch_related("attachments")


def warehouses(user: User, unit: Unit) -> list[Warehouse]:
    """Where an order of ``unit`` may be delivered from: KHS's warehouses and its own stores."""
    central = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL, is_active=True)
    own = unit.own_stores.filter(is_active=True)
    return sorted({*central, *own}, key=lambda w: (not w.is_central, w.number))


@transaction.atomic
def start(
    user: User,
    *,
    unit: Unit,
    prescriber: User,
    recipient: Recipient | None = None,
    destination: Warehouse | None = None,
    replace: bool = False,
    shown: str | None = None,
) -> Cart:
    """Begin an order. With ``replace`` the user's present one is thrown away and stands as
    ``replaced`` on the new one, else it must not exist; with ``shown`` only if that is its token:
    what the user saw is what is thrown away.

    Delivery details are preset from the recipient, the unit and the orderer.
    """
    check_behalf(user, unit, prescriber)
    if recipient is not None and recipient.deceased_on:
        raise DomainError("Mottagaren är avliden. Det går inte att beställa.")
    if recipient is not None and recipient.store_id:
        raise DomainError("Vårdenheten står för ett förråd. Gör en lagerpåfyllnad i stället.")
    if destination is not None and not unit.own_stores.filter(pk=destination.pk).exists():
        raise DomainError("Förrådet hör inte till tjänstestället.", field="unit")
    present = Cart.objects.select_for_update(of=("self",)).filter(user=user, closed_at=None).first()
    if present:
        if not replace or shown not in (None, str(present.token)):
            raise DomainError("Du har redan en pågående beställning.")
        _throw_away(present)
    cart = Cart(
        user=user,
        unit=unit,
        prescriber=prescriber,
        recipient=recipient,
        destination=destination,
        kind=OrderKind.REPLENISHMENT if destination else OrderKind.CUSTOMER,
        **preset_contact(user, unit),
    )
    _preset_delivery(cart)
    try:
        with transaction.atomic():
            cart.save()
    except IntegrityError as error:
        raise DomainError("Du har redan en pågående beställning.") from error
    cart.replaced = present
    return cart


def _preset_delivery(cart: Cart) -> None:
    rule = AddressRule.STORE if cart.destination else AddressRule.RECIPIENT
    person = cart.recipient
    if person is not None and not person.is_protected:
        cart.recipient_phone = person.phone
        cart.recipient_mobile = person.mobile
        cart.recipient_email = person.email
    if person is not None:
        cart.contact_prescriber = person.contact_prescriber
    _choose(cart, DeliveryWay.objects.filter(address=rule, is_active=True).first())


@transaction.atomic
def change(cart: Cart, details: dict[str, Any]) -> Cart:
    """Change what ``details`` names of «Leveransuppgifter»; the cart as it is then.

    An address among them is one for the delivery way that was chosen before. With another way
    comes its own address.
    """
    cart = locked(cart)
    address = {name: details[name] for name in ADDRESS if name in details}
    if any(address.values()) and not cart.has_address:
        raise DomainError(f"«{cart.delivery_way}» har ingen leveransadress.")
    if not cart.has_way_in:
        address |= dict.fromkeys(WAY_IN, "")
    for name, value in {**details, **address}.items():
        if name != "delivery_way":
            setattr(cart, name, value)
    _choose(cart, details.get("delivery_way", cart.delivery_way))
    # What is typed for a protected person is typed for this case; what ``locked`` has forgotten
    # must be gone from the database too before it says so.
    cart.typed_for_case = cart.recipient is not None and cart.recipient.is_protected
    _touch(
        cart,
        *{*details, *Cart.WHEREABOUTS, "delivery_way", "address_of", "aside", "typed_for_case"},
    )
    return cart


def _choose(cart: Cart, way: DeliveryWay | None) -> None:
    """The address follows the way; one that was typed is laid aside, and comes back with its own
    way. Nothing is saved."""
    cart.delivery_way = way
    left, rule = cart.address_of, way.address if way else ""
    if rule == left:
        return
    typed = {name: getattr(cart, name) for name in ADDRESS}
    if left and typed != preset_address(cart, left):
        cart.aside[left] = typed
    cart.address_of = rule
    _put_address(cart, cart.aside.pop(rule, None) or preset_address(cart, rule))


def preset_address(cart: Cart, rule: str) -> dict[str, str]:
    """The address that a delivery way brings; of a protected person none."""
    return whereabouts.preset_address(
        rule, recipient=cart.recipient, unit=cart.unit, store=cart.destination
    )


def _put_address(cart: Cart, address: dict[str, str]) -> None:
    cart.take({name: address[name] for name in ADDRESS})


def fingerprint(cart: Cart) -> str:
    """Where the order goes, in short: a page carries it, so that nothing is sent anywhere else
    than where it was shown to go."""
    shown = [cart.address_of, *(getattr(cart, name) for name in ADDRESS)]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]


@transaction.atomic
def throw_away(cart: Cart) -> None:
    """«Kasta beställningen»: it stays as it is, and can be taken back for as long as it is kept."""
    _throw_away(locked(cart))


def _throw_away(cart: Cart) -> None:
    cart.closed_at = cart.thrown_at = timezone.now()
    _touch(cart, "closed_at", "thrown_at")


def thrown_away(user: User) -> QuerySet[Cart]:
    """What the user has thrown away and can take back, the last one first."""
    kept = Cart.objects.filter(user=user, thrown_at__gte=timezone.now() - KEPT)
    return kept.order_by("-thrown_at")


@transaction.atomic
def take_back(
    user: User, token: uuid.UUID, *, instead_of: uuid.UUID | None = None
) -> tuple[Cart, Cart | None]:
    """The order that the user threw away is in progress again; taken back twice is once.

    One that has been started since must be the one that this stands ``instead_of``: the two
    change places, and it is the second of what is returned. Raises ``DomainError`` where it is
    too late.
    """
    found = list(
        Cart.objects.select_for_update(of=("self",))
        .filter(Q(token=token) | Q(closed_at=None), user=user)
        .select_related("recipient", "destination", "order")
        .order_by("pk")
    )
    cart = next((x for x in found if x.token == token), None)
    if cart is None:
        raise DomainError("Beställningen finns inte längre. Det som kastas sparas i ett dygn.")
    if cart.order:
        raise DomainError(
            f"Beställningen till {cart.whom} är redan skickad: {cart.order.case_number}."
        )
    if cart.closed_at is None:
        return cart, None
    if cart.thrown_at is None or not thrown_away(user).filter(pk=cart.pk).exists():
        raise DomainError("Det som kastas sparas i ett dygn. Börja en ny beställning.")
    present = next((x for x in found if x.closed_at is None), None)
    if present is not None:
        if present.token != instead_of:
            raise DomainError(
                f"Du har en annan pågående beställning, till {present.whom}."
                f" Skicka eller kasta den innan du tar tillbaka den till {cart.whom}."
            )
        _throw_away(present)
    cart.closed_at = cart.thrown_at = None
    try:
        with transaction.atomic():
            _touch(cart, "closed_at", "thrown_at")
    except IntegrityError as error:
        raise DomainError("Du har redan en pågående beställning.") from error
    return cart, present


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
    _touch(cart)
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
    """Take a line and its components out; what was removed. ``put_back`` undoes it."""
    cart = locked(cart)
    line = cart.lines.select_related("article").filter(pk=line_id).first()
    if line is None:
        return None
    gone = CartLine.objects.filter(Q(pk=line.pk) | Q(component_of=line.pk), cart=cart)
    # The dialog that made it may make it anew, if it is sent again.
    gone.update(removed_at=timezone.now(), dialog_key="")
    _touch(cart)
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
    _touch(cart)
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
def toggle_together(cart: Cart, line_id: int) -> None:
    """«Samleverans» on or off for a KHS line and its components."""
    cart = locked(cart)
    line = cart.lines.filter(pk=line_id).select_related("warehouse").first()
    if line is None:
        return
    if line.source != Source.CENTRAL:
        raise DomainError("Samleverans gäller rader från KHS.", line=line_id)
    on = not line.deliver_together
    cart.lines.filter(pk=line.pk).update(deliver_together=on)
    line.components.update(deliver_together=on)
    _touch(cart)


@transaction.atomic
def attach(cart: Cart, upload, *, user: User, dialog_key: str = "") -> CartAttachment:
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
