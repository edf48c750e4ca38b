"""The order in progress: begun, found, changed, thrown away, taken back."""

import datetime as dt
import uuid
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from articles.models import Article
from individuals.models import Individual
from organisation import access_log
from organisation.behalf import check_behalf
from organisation.models import Unit, User, Warehouse
from organisation.permissions import CARE, has_role, signed_in
from recipients import lending
from recipients.models import Recipient
from recipients.whereabouts import ADDRESS, WAY_IN, preset_contact
from sesam.errors import DomainError
from sesam.locks import lock_rows
from sesam.seen import Seen
from sesam.standing import standing

from ..models import (
    Cart,
    CartLine,
    OrderKind,
    in_order,
)
from .address import choose, preset_address, preset_delivery, put_address

#: A draft is kept so long after it was last touched, and after it was thrown away or sent.
KEPT = dt.timedelta(days=1)


class Closed(DomainError):
    """The order in progress was sent or thrown away meanwhile."""

    def __init__(self) -> None:
        super().__init__("Beställningen är redan skickad eller kastad.")


def open_cart(user: User) -> Cart | None:
    """The user's order in progress, if there is one, with its ``line_count``. One query."""
    for cart in _open(user=user.pk):
        cart.user = user
        protect(cart)
        return cart
    return None


_MAIN_LINES = (
    CartLine.objects.filter(cart=OuterRef("pk"), component_of=None)
    .order_by()
    .values("cart")
    .annotate(count=Count("pk"))
    .values("count")
)


@standing
def _open(*, user: Any) -> QuerySet[Cart]:
    return (
        Cart.objects.filter(user=user, closed_at=None)
        .annotate(line_count=Coalesce(Subquery(_MAIN_LINES), 0))
        # What only the checkout shows is looked up there: each more table costs every page.
        .select_related("recipient", "destination", "unit")
    )


def protect(cart: Cart) -> None:
    """Of a person who has become protected meanwhile, forget the address that was preset."""
    person = cart.recipient
    if person is not None and person.is_protected and not cart.typed_for_case:
        cart.forget_whereabouts()
        put_address(cart, preset_address(cart, cart.address_of))


def locked(cart: Cart) -> Cart:
    """The order in progress as it stands, locked; ``Closed`` when there is none any more.

    Every change asks here first: what a page fetched may be what another click has sent since.
    """
    if not _lock(cart=cart.pk):
        raise Closed
    (now,) = _locked(cart=cart.pk)
    protect(now)
    return now


@standing
def _lock(*, cart: Any) -> QuerySet[Cart, Any]:
    """By itself: what a question that waits joins is as it was before the wait, and a way that
    another tab chose meanwhile would be none."""
    return Cart.objects.select_for_update().filter(pk=cart, closed_at=None).values("pk")


@standing
def _locked(*, cart: Any) -> QuerySet[Cart]:
    return Cart.objects.select_related("recipient", "destination", "unit", "delivery_way").filter(
        pk=cart
    )


def touch(cart: Cart, *changed: str) -> None:
    """Write the fields that were changed, and that somebody is at it."""
    cart.save(update_fields=[*changed, "updated_at"])


class _CartRequest(HttpRequest):
    """A request that has asked for its user's order in progress."""

    _open_cart: Cart | None


def of_request(request: HttpRequest) -> Cart | None:
    """The user's order in progress, looked up once a request."""
    asked = cast(_CartRequest, request)
    if not hasattr(asked, "_open_cart"):
        user = asked.user
        orders = isinstance(user, User) and has_role(user, *CARE) and _may_have_one(asked, user)
        asked._open_cart = open_cart(signed_in(asked)) if orders else None
        _log_another_day(asked, asked._open_cart)
    return asked._open_cart


def _may_have_one(request: HttpRequest, user: User) -> bool:
    """Most have none, as the user of a request knows; but what is posted may have begun one."""
    return getattr(user, "has_cart", True) or request.method not in ("GET", "HEAD")


def look_again(request: HttpRequest) -> Cart | None:
    """The order in progress as it is now: begun, changed or closed since the request began."""
    asked = cast(_CartRequest, request)
    asked._open_cart = open_cart(signed_in(asked))
    return asked._open_cart


def has_in_store(cart: Cart, piece: Individual) -> bool:
    """Whether the piece stands in one of the own stores that the order is delivered from."""
    stores = cart.unit.own_stores
    return piece.warehouse_id is not None and stores.filter(pk=piece.warehouse_id).exists()


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


def lines(cart: Cart) -> list[CartLine]:
    """The lines with all that a page shows of them."""
    wanted = cart.lines.select_related(
        "article__supplier",
        "article__billing_form",
        "warehouse",
        "individual",
        "fitted_to",
        "asked_article",
    ).prefetch_related("attachments")
    return in_order(wanted)


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
    if recipient is not None:
        lending.lock([recipient.pk])
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
    preset_delivery(cart)
    try:
        with transaction.atomic():
            cart.save()
    except IntegrityError as error:
        raise DomainError("Du har redan en pågående beställning.") from error
    cart.replaced = present
    return cart


@transaction.atomic
def change(cart: Cart, details: dict[str, Any], *seen: Seen | None) -> Cart:
    """Change what ``details`` names of «Leveransuppgifter»; the cart as it is then.

    An address among them is one for the delivery way that was chosen before. With another way
    comes its own address. Raises ``Overtaken`` where it doesn't say any more what was ``seen``.
    """
    cart = locked(cart)
    changed = {name for name, value in details.items() if getattr(cart, name) != value}
    for part in seen:
        if part is not None and changed.intersection(part.names):
            part.check(cart)
    address = {name: details[name] for name in ADDRESS if name in details}
    if any(address.values()) and not cart.has_address:
        raise DomainError(f"«{cart.delivery_way}» har ingen leveransadress.")
    if not cart.has_way_in:
        address |= dict.fromkeys(WAY_IN, "")
    for name, value in {**details, **address}.items():
        if name != "delivery_way":
            setattr(cart, name, value)
    choose(cart, details.get("delivery_way", cart.delivery_way))
    # What is typed for a protected person is typed for this case; what ``locked`` has forgotten
    # must be gone from the database too before it says so.
    cart.typed_for_case = cart.recipient is not None and cart.recipient.is_protected
    touch(
        cart,
        *{*details, *Cart.WHEREABOUTS, "delivery_way", "address_of", "aside", "typed_for_case"},
    )
    return cart


@transaction.atomic
def throw_away(cart: Cart) -> None:
    """«Kasta beställningen»: it stays as it is, and can be taken back for as long as it is kept.
    Thrown away twice is once."""
    try:
        _throw_away(locked(cart))
    except Closed:
        if not Cart.objects.filter(pk=cart.pk, thrown_at__isnull=False).exists():
            raise


def _throw_away(cart: Cart) -> None:
    cart.closed_at = cart.thrown_at = timezone.now()
    touch(cart, "closed_at", "thrown_at")


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
    found = lock_rows(
        Cart.objects.filter(Q(token=token) | Q(closed_at=None), user=user)
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
            touch(cart, "closed_at", "thrown_at")
    except IntegrityError as error:
        raise DomainError("Du har redan en pågående beställning.") from error
    return cart, present
