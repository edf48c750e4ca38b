"""The delivery way and the address belong together, whatever is pressed in whatever order."""

import re
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from orders import services
from orders.models import Cart, DeliveryWay, Order
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from recipients.cases import EventKind
from recipients.models import Recipient
from recipients.whereabouts import ADDRESS
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.papers import Paper, needs_pdf
from tests.pickups.pages import form_of

from .builders import add, start

pytestmark = pytest.mark.django_db
DELIVERY = "/bestallning/slutfor/leverans/"
EDITED = f"{DELIVERY}?redigera=adress"
HOME = {
    "street": "Kvarngatan 7", "postcode": "39231", "locality": "Kalmar",
    "door_code": "4711#", "instructions": "Bakom gården",
}  # fmt: skip
TYPED = {
    "co": "Ek", "street": "Sommarvägen 2", "postcode": "38030", "locality": "Rockneby",
    "door_code": "9900", "instructions": "Blå grind",
}  # fmt: skip


def way(rule: str) -> DeliveryWay:
    return DeliveryWay.objects.get(address=rule)


@pytest.fixture
def cart() -> Cart:
    """To a recipient at home, by somebody whose unit has an address and an own store."""
    user = UserFactory()
    user.default_unit.own_stores.add(BufferFactory())
    cart = start(user, RecipientFactory(**HOME))
    add(cart, ArticleFactory())
    return cart


@pytest.fixture
def client(cart) -> Client:
    client = Client()
    client.force_login(cart.user)
    return client


def page(client) -> str:
    return client.get(DELIVERY).content.decode()


def where(text: str) -> str:
    """The block «Leveransadress» in words."""
    found = re.search(r'<section[^>]*id="block-adress".*?</section>', text, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def press(client, cart, rule: str, action: str = "way", **more):
    """A button of the page as it is shown, with the way ``rule`` chosen."""
    shown = re.search(r'name="shown" value="(\w+)"', page(client))[1]
    data = {
        "token": str(cart.token), "shown": shown, "delivery_way": way(rule).pk,
        "contact_prescriber": "nej", "extra_info": "", "action": action,
    }  # fmt: skip
    return client.post(DELIVERY, data | more)


def save_address(client, cart, rule: str, **typed):
    """The pencil of the address, and «Spara»."""
    seen = re.search(r'name="co_seen"[^>]*value="(\w+)"', client.get(EDITED).content.decode())
    data = {
        "co_seen": seen[1] if seen else "",
        "token": str(cart.token), "delivery_way": way(rule).pk, "contact_prescriber": "nej",
        "extra_info": "", "open_block": "adress",
    }  # fmt: skip
    return client.post(EDITED, data | typed)


def address_of(record) -> dict[str, str]:
    return {name: getattr(record, name) for name in ADDRESS}


# --- choosing ---


def test_the_address_changes_with_the_way_and_comes_back_with_it(client, cart):
    unit = cart.unit
    assert "Kvarngatan 7" in where(page(client)) and "4711#" in where(page(client))
    press(client, cart, "unit")
    shown = where(page(client))
    assert unit.street in shown
    for gone in ("Kvarngatan", "4711#", "Bakom gården"):
        assert gone not in shown
    press(client, cart, "recipient")
    for back in ("Kvarngatan 7", "4711#", "Bakom gården"):
        assert back in where(page(client))


def test_a_way_without_address_has_none_and_nothing_to_change(client, cart):
    press(client, cart, "none")
    shown = where(page(client))
    assert "Ingen: Hämtas på KHS" in shown and "Kvarngatan" not in shown
    assert "redigera=adress" not in page(client)
    cart.refresh_from_db()
    assert not any(address_of(cart).values())
    refused = save_address(client, cart, "none", street="Storgatan 1")
    assert refused.status_code == 422
    assert "«Hämtas på KHS» har ingen leveransadress." in refused.content.decode()
    cart.refresh_from_db()
    assert not any(address_of(cart).values())


def test_a_typed_address_is_laid_aside_and_comes_back_with_its_way(client, cart):
    save_address(client, cart, "recipient", **TYPED)
    for rule in ("unit", "none", "store"):
        press(client, cart, rule)
        assert "Sommarvägen" not in where(page(client))
    press(client, cart, "recipient")
    cart.refresh_from_db()
    assert address_of(cart) == TYPED


def test_each_way_keeps_its_own_typed_address(client, cart):
    save_address(client, cart, "recipient", **TYPED)
    press(client, cart, "unit")
    ward = {"street": "Ronda 4", "postcode": "39245", "locality": "Kalmar"}
    save_address(client, cart, "unit", **ward)
    press(client, cart, "recipient")
    press(client, cart, "unit")
    cart.refresh_from_db()
    assert address_of(cart) == dict.fromkeys(ADDRESS, "") | ward


def test_the_way_in_can_be_typed_for_the_recipients_address_only(client, cart):
    press(client, cart, "unit")
    form = client.get(f"{DELIVERY}?redigera=adress").content.decode()
    assert 'name="street"' in form
    assert 'name="door_code"' not in form and 'name="instructions"' not in form
    save_address(client, cart, "unit", **TYPED)
    cart.refresh_from_db()
    assert (cart.street, cart.door_code, cart.instructions) == ("Sommarvägen 2", "", "")


def test_what_stands_in_the_open_address_is_laid_aside_when_the_way_changes(client, cart):
    press(client, cart, "unit", open_block="adress", **TYPED)
    cart.refresh_from_db()
    assert cart.street == cart.unit.street
    press(client, cart, "recipient")
    cart.refresh_from_db()
    assert address_of(cart) == TYPED


def test_a_wrong_address_in_the_open_block_is_told_before_the_way_changes(client, cart):
    answer = press(client, cart, "unit", open_block="adress", **TYPED | {"postcode": "38"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "fem siffror" in text and "Sommarvägen 2" in text and "lämna ändringen" in text
    cart.refresh_from_db()
    assert cart.street == "Kvarngatan 7"


# --- sending ---


def test_sent_with_another_way_the_new_address_is_shown_first(client, cart):
    """Without script the way is chosen and «Skicka beställning» pressed at once."""
    answer = press(client, cart, "none", "send", extra_info="Ring Lennart")
    assert answer.status_code == 302 and not Order.objects.exists()
    text = page(client)
    assert "inte skickad än" in text and "Ring Lennart" in text
    assert "Ingen: Hämtas på KHS" in where(text)
    press(client, cart, "none", "send")
    order = Order.objects.get()
    assert (order.address_of, order.delivery_way.address) == ("none", "none")
    assert not any(address_of(order).values())


def test_an_address_changed_in_another_tab_is_shown_before_it_is_sent(client, cart):
    old = re.search(r'name="shown" value="(\w+)"', page(client))[1]
    save_address(client, cart, "recipient", **TYPED)
    press(client, cart, "recipient", "send", shown=old)
    assert not Order.objects.exists()
    press(client, cart, "recipient", "send")
    assert address_of(Order.objects.get()) == TYPED


def test_what_khs_makes_another_way_of_meanwhile_is_not_sent(client, cart):
    DeliveryWay.objects.filter(address="recipient").update(address="none")
    with pytest.raises(DomainError, match="fått en annan adress"):
        services.send(cart, user=cart.user)
    answer = client.post(
        DELIVERY,
        {"token": str(cart.token), "delivery_way": cart.delivery_way_id, "action": "send"},
    )
    assert answer.status_code == 302 and not Order.objects.exists()
    assert "Kvarngatan" not in where(page(client))


def test_a_sent_order_keeps_nothing_of_the_other_addresses(client, cart):
    save_address(client, cart, "recipient", **TYPED)
    press(client, cart, "unit")
    press(client, cart, "unit", "send")
    cart.refresh_from_db()
    assert cart.order is not None and cart.aside == {}
    assert cart.order.street == cart.unit.street


# --- afterwards ---


@pytest.fixture
def mixed() -> Order:
    """Sent before the address followed the way: fetched at KHS, and with a home address."""
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    cart = start(recipient=RecipientFactory(**HOME))
    add(cart, article)
    order = services.send(cart, user=cart.user)
    Order.objects.filter(pk=order.pk).update(address_of="", delivery_way=way("none"))
    order.refresh_from_db()
    return order


@needs_pdf
def test_an_older_order_that_is_fetched_shows_and_prints_no_address(mixed):
    client = Client()
    client.force_login(mixed.ordered_by)
    shown = client.get(reverse("orders:detail", args=[mixed.case_number])).content.decode()
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    theirs = khs.get(reverse("orders:detail", args=[mixed.case_number])).content.decode()
    note = Paper(khs.get(reverse("orders:next_note", args=[mixed.case_number]))).text
    for text in (shown, theirs, note):
        assert "Hämtas på KHS" in text
        for stray in ("Kvarngatan", "4711#", "Bakom gården"):
            assert stray not in text


@pytest.mark.parametrize("model", [Cart, Order])
@pytest.mark.parametrize(("rule", "field"), [("none", "street"), ("unit", "door_code")])
def test_the_database_refuses_an_address_that_is_not_the_ways(mixed, model, rule, field):
    rows = model.objects.all()
    rows.update(**dict.fromkeys(ADDRESS, ""))
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(address_of=rule, **{field: "x"})


def test_orders_in_progress_from_before_get_the_address_of_their_way(cart):
    migration = import_module("orders.migrations.0010_address_follows_the_way")
    for rule in ("none", "unit"):
        Cart.objects.update(address_of="", delivery_way=way(rule), **HOME)
        migration.follow(apps, connection.schema_editor())
        cart.refresh_from_db()
        assert cart.address_of == rule and cart.door_code == ""
        assert cart.street == ("" if rule == "none" else HOME["street"])


# --- protected persons ---


def protect(recipient: Recipient) -> None:
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)


def test_nothing_of_the_record_comes_back_with_the_way_once_a_person_is_protected(client, cart):
    save_address(client, cart, "recipient", **TYPED)
    press(client, cart, "unit")
    protect(cart.recipient)
    press(client, cart, "recipient")
    cart.refresh_from_db()
    assert not any(address_of(cart).values()) and cart.aside == {}
    assert cart.recipient_mobile == ""


def test_what_was_typed_for_the_case_of_a_protected_person_does_come_back(client, cart):
    protect(cart.recipient)
    save_address(client, cart, "recipient", **TYPED)
    press(client, cart, "none")
    assert "Sommarvägen" not in page(client)
    press(client, cart, "recipient")
    cart.refresh_from_db()
    assert address_of(cart) == TYPED


def test_a_protected_persons_order_to_the_unit_still_goes_there(client, cart):
    press(client, cart, "unit")
    protect(cart.recipient)
    assert cart.unit.street in where(page(client))
    press(client, cart, "unit", "send")
    assert Order.objects.get().street == cart.unit.street


def test_what_a_protected_persons_order_is_fetched_needs_no_address(client, cart):
    press(client, cart, "none")
    press(client, cart, "none", "send")
    order = Order.objects.get()
    protect(order.recipient)
    text = client.get(reverse("orders:detail", args=[order.case_number])).content.decode()
    assert "Leveransadress saknas" not in text
    order.refresh_from_db()
    with pytest.raises(DomainError, match="har ingen leveransadress"):
        services.type_address(order, user=order.ordered_by, details=TYPED)


def fetched_order(client, cart, **more) -> Order:
    """Sent with «Hämtas på KHS», after which its recipient became protected."""
    press(client, cart, "none", **more)
    press(client, cart, "none", "send", **more)
    order = Order.objects.get()
    order.lines.update(comment="Vänster, till Kvarnbacken")
    protect(order.recipient)
    return order


def test_what_khs_has_to_know_of_an_order_that_is_fetched_is_written_anew(client, cart):
    order = fetched_order(client, cart, extra_info="Hämtas av grannen på Kvarnbacken")
    url = reverse("orders:detail", args=[order.case_number])
    shown = client.get(url).content.decode()
    assert "Texten visas inte" in shown and "Kvarnbacken" not in shown
    edited = f"{url}?redigera=text"
    form = form_of(client.get(edited))
    assert form["extra_info"] == [""]
    assert client.post(edited, form | {"extra_info": ["x" * 2001]}).status_code == 422

    typed = form | {"extra_info": ["Ring Anna."]}
    saved = client.post(edited, typed, headers={"HX-Request": "true"})
    assert saved.headers["HX-Redirect"] == url, "more than the block is shown from now on"
    shown = client.get(url).content.decode()
    assert "Texten är sparad" in shown and "Ring Anna." in shown and "grannen" not in shown
    assert "Vänster, till Kvarnbacken" in shown, "what was said of the aid KHS needs"
    assert AccessLogEntry.objects.filter(case_number=order.case_number, action="change").exists()
    late = client.post(edited, form | {"extra_info": ["Ring Bo."]})
    told = late.content.decode()
    assert late.status_code == 409 and "är redan skriven" in told
    assert "Det du skrev är inte sparat" in told and "Ring Bo." in told

    services.cancel(Order.objects.get(), user=order.ordered_by)
    ended = client.get(url).content.decode()
    assert "Ring Anna." not in ended and "Kvarnbacken" not in ended


def test_of_an_order_that_nothing_was_written_of_nothing_is_asked(client, cart):
    order = fetched_order(client, cart)
    order.lines.update(comment="")
    url = reverse("orders:detail", args=[order.case_number])
    assert "Texten visas inte" not in client.get(url).content.decode()


def test_two_who_write_the_text_anew_write_nothing_over_unseen(client, cart):
    order = fetched_order(client, cart, extra_info="Hämtas av grannen")
    for _ in range(2):  # sent twice is once
        services.type_text(order, user=order.ordered_by, extra_info="Ring Anna.")
    with pytest.raises(DomainError, match="redan skriven"):
        services.type_text(order, user=order.ordered_by, extra_info="Ring Bo.")
    order.refresh_from_db()
    assert order.extra_info == "Ring Anna."
    assert order.events.filter(kind=EventKind.CHANGED).count() == 1


def test_who_writes_the_address_has_the_next_turn(client, cart):
    press(client, cart, "recipient", "send")
    order = Order.objects.get()
    protect(order.recipient)
    url = reverse("orders:detail", args=[order.case_number])
    turn = "Förskrivaren skriver leveransadressen"
    assert turn in client.get(url).content.decode()
    services.type_address(Order.objects.get(), user=order.ordered_by, details=TYPED)
    assert turn not in client.get(url).content.decode()


# --- a block that was open before ---


def open_block(client, name: str) -> dict[str, list[str]]:
    return form_of(client.get(f"{DELIVERY}?redigera={name}")) | {"open_block": [name]}


@pytest.mark.parametrize("pressed", ["", "send", "way", "save", "attach"])
def test_an_address_block_opened_before_somebody_became_protected_says_nothing(
    client, cart, pressed
):
    form = open_block(client, "adress")
    assert form["street"] == ["Kvarngatan 7"]
    protect(cart.recipient)
    url = DELIVERY if pressed else EDITED
    answer = client.post(url, form | {"action": [pressed]}, follow=True).content.decode()
    assert "Inget är sparat" in answer
    for shown in (answer, client.get(EDITED).content.decode()):
        assert "Kvarngatan" not in shown and "4711#" not in shown
    cart.refresh_from_db()
    assert not cart.typed_for_case and not Order.objects.exists()


def test_two_tabs_with_the_same_block_open_write_nothing_over_unseen(client, cart):
    one, other = (open_block(client, "kontakt") for _ in range(2))
    url = f"{DELIVERY}?redigera=kontakt"
    assert client.post(url, other | {"contact_name": ["Bo Ek"]}).status_code == 302
    answer = client.post(url, one | {"contact_name": ["Eva Ek"]})
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "Nu står det: Namn «Bo Ek»" in shown and "Eva Ek" in shown
    again = form_of(answer) | {"open_block": ["kontakt"]}
    assert client.post(url, again).status_code == 302
    cart.refresh_from_db()
    assert cart.contact_name == "Eva Ek"


def test_text_typed_beside_a_block_is_asked_about_when_the_block_is_saved(client, cart):
    url = f"{DELIVERY}?redigera=kontakt"
    form = form_of(client.get(url)) | {"contact_name": ["Eva Ek"], "extra_info": ["Ring Eva"]}
    press(client, cart, "recipient", "save", extra_info="Ring på hos grannen", extra_info_seen="")
    answer = client.post(url, form)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "En annan flik har skrivit «Ring på hos grannen» här." in shown and "Ring Eva" in shown
    cart.refresh_from_db()
    assert (cart.contact_name, cart.extra_info) == ("Eva Ek", "Ring på hos grannen")


def test_two_who_type_a_protected_persons_address_write_nothing_over_unseen(client, cart):
    press(client, cart, "recipient", "send")
    order = Order.objects.get()
    protect(order.recipient)
    for _ in range(2):  # sent twice is once
        services.type_address(order, user=order.ordered_by, details=TYPED)
    with pytest.raises(DomainError, match="redan skriven"):
        services.type_address(order, user=order.ordered_by, details=TYPED | {"street": "Nygatan 1"})
    order.refresh_from_db()
    assert order.street == TYPED["street"]
    assert order.events.filter(kind=EventKind.ADDRESS).count() == 1
