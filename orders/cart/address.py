"""Where the order in progress goes: the delivery way and its address. Nothing here is saved."""

import hashlib

from recipients import whereabouts
from recipients.whereabouts import ADDRESS, AddressRule

from ..models import (
    Cart,
    DeliveryWay,
)


def preset_delivery(cart: Cart) -> None:
    rule = AddressRule.STORE if cart.destination else AddressRule.RECIPIENT
    person = cart.recipient
    if person is not None and not person.is_protected:
        cart.recipient_phone = person.phone
        cart.recipient_mobile = person.mobile
        cart.recipient_email = person.email
    if person is not None:
        cart.contact_prescriber = person.contact_prescriber
    choose(cart, DeliveryWay.objects.filter(address=rule, is_active=True).first())


def choose(cart: Cart, way: DeliveryWay | None) -> None:
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
    put_address(cart, cart.aside.pop(rule, None) or preset_address(cart, rule))


def preset_address(cart: Cart, rule: str) -> dict[str, str]:
    """The address that a delivery way brings; of a protected person none."""
    return whereabouts.preset_address(
        rule, recipient=cart.recipient, unit=cart.unit, store=cart.destination
    )


def put_address(cart: Cart, address: dict[str, str]) -> None:
    cart.take({name: address[name] for name in ADDRESS})


def fingerprint(cart: Cart) -> str:
    """Where the order goes, in short: a page carries it, so that nothing is sent anywhere else
    than where it was shown to go."""
    shown = [cart.address_of, *(getattr(cart, name) for name in ADDRESS)]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]
