"""KHS's papers of an order: what is picked, what goes along, and what a paper must not tell."""

import pytest
from django.test import Client
from django.urls import reverse

from orders import cart as carts
from orders import services
from orders.models import Order, OrderLine, OrderStatus
from organisation.models import AccessLogEntry
from organisation.permissions import FORSKRIVARE, KHS
from recipients.models import Recipient
from sesam.models import CaseKind
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)
from tests.papers import Paper, check_accessibility, check_syntax, needs_pdf

from .builders import add, sent, start

pytestmark = [pytest.mark.django_db, needs_pdf]
PICK, NEXT, NOTE = "pick_list", "next_note", "delivery_note"


@pytest.fixture
def khs_user():
    return UserFactory(roles=[KHS], is_staff=True, first_name="Kalle", last_name="Plock")


@pytest.fixture
def khs(khs_user):
    client = Client()
    client.force_login(khs_user, backend="organisation.backends.PortalBackend")
    return client


def url(order: Order, name: str, *args) -> str:
    return reverse(f"orders:{name}", args=[order.case_number, *args])


def paper(client, order: Order, name: str, *args) -> Paper:
    return Paper(client.get(url(order, name, *args)))


def in_stock(quantity: int = 5, warehouse=None, **facts):
    article = ArticleFactory(**facts)
    pieces = put_in_stock(warehouse or WarehouseFactory(), article, quantity)
    return article, pieces


def deliver(order: Order, user, **quantities) -> None:
    """Hand out ``{line id: quantity or pieces}``."""
    picks = [
        services.Pick(int(pk), len(what), tuple(p.pk for p in what))
        if isinstance(what, list)
        else services.Pick(int(pk), what)
        for pk, what in quantities.items()
    ]
    services.deliver(order, picks, user=user, seen_delivered=services.delivered_so_far(order))
    order.refresh_from_db()


@pytest.fixture
def order():
    """A chair with three pieces on the shelf, and five cushions of which two are there."""
    chair, _ = in_stock(3, name="Cross 6", is_marked=True)
    cushion, _ = in_stock(2, name="Kilkudde")
    return sent((chair, 1), (cushion, 5), recipient=RecipientFactory(family_name="Moberg"))


# --- the pick list -------------------------------------------------------------------------


def test_the_pick_list_says_what_can_be_picked_and_where(khs, order):
    text = paper(khs, order, PICK).text
    pieces = order.lines.first().article.individuals.order_by("number")
    assert f"Plocklista {order.case_number}" in text
    assert "100 Kalmar KHS lager 2" in text and "Till mottagarens adress" in text
    assert "Cross 6 " + ", ".join(piece.number for piece in pieces) + " 1" in text
    assert "Kilkudde 2" in text  # of five


def test_what_is_not_there_stands_apart(khs):
    there, missing = in_stock(1, name="Finns")[0], ArticleFactory(name="Saknas på hyllan")
    text = paper(khs, sent((there, 1), (missing, 4)), PICK).text
    assert text.index("Finns") < text.index("Kan inte plockas nu 1") < text.index("Saknas på")


def test_each_warehouse_has_its_own_list(khs):
    vastervik = WarehouseFactory(number="200", name="Västervik KHS lager")
    cart = start()
    add(cart, in_stock(2)[0], 1)
    add(cart, in_stock(2, vastervik)[0], 1, warehouse=vastervik)
    text = paper(khs, services.send(cart, user=cart.user), PICK).text
    assert text.index("100 Kalmar KHS lager 1") < text.index("200 Västervik KHS lager 1")


def test_the_picker_sees_comments_components_and_what_goes_together(khs):
    cart = start()
    armrest = in_stock(2, name="Armlene", type="accessory", may_be_component=True)[0]
    chair = in_stock(2, name="Cross 6")[0]
    add(cart, chair, comment="Sitthöjd 45", components=((armrest, 2),))
    order = services.send(cart, user=cart.user)
    OrderLine.objects.filter(order=order).update(deliver_together=True)
    text = paper(khs, order, PICK).text
    assert "Kommentar: Sitthöjd 45" in text and "Komponent till Cross 6" in text
    assert "Samleverans:" in text


def test_the_pick_list_names_nobody(khs, order):
    found = paper(khs, order, PICK)
    person = order.recipient
    for told in (person.family_name, person.number[:8], "Storgatan", "070-174 06 12"):
        assert told not in found.everything, told


def test_a_waiting_order_says_so_on_its_pick_list(khs, khs_user, order):
    services.hold(order, given_out("26480099", CaseKind.ACTIVITY), user=khs_user)
    assert "Får inte lämnas ut: väntar på aktivitet 26480099" in paper(khs, order, PICK).text
    assert khs.get(url(order, NEXT)).status_code == 302


# --- the delivery note -----------------------------------------------------------------------


def test_the_note_before_delivery_says_what_goes_where_and_what_comes_later(khs, order):
    Order.objects.update(door_code="2468#", instructions="Ring på hos grannen", extra_info="Trång")
    found = paper(khs, order, NEXT)
    for text in (
        f"Följesedel {order.case_number}", "Ing-Britt Moberg", "Storgatan 7, lgh 1001",
        "392 31 Kalmar", "Port: 2468#", "Ring på hos grannen", "Trång", "070-174 06 12",
        "Levereras 2", "Cross 6 1", "Kilkudde 2", "Levereras senare 1", "Kilkudde 3",
        "Mottagarens underskrift",
    ):  # fmt: skip
        assert text in found.text, text
    assert found.file_name == f"foljesedel-{order.case_number}.pdf"


def test_each_delivery_has_its_own_note(khs, khs_user, order):
    chair, cushion = order.lines.all()
    piece = chair.article.individuals.first()
    deliver(order, khs_user, **{str(chair.pk): [piece]})
    deliver(order, khs_user, **{str(cushion.pk): 2})
    first, second = paper(khs, order, NOTE, 1), paper(khs, order, NOTE, 2)
    assert f"Cross 6 {piece.number} 1" in first.text
    assert f"Följesedel {order.case_number}-1" in first.text and "Utleverans 1" in first.text
    assert f"Följesedel {order.case_number}-2" in second.text
    assert "Levererat 1" in first.text and "Kilkudde 3" in first.text  # to come
    assert "Kilkudde 2" in second.text and "Cross 6" not in second.text
    page = khs.get(url(order, "detail")).content.decode()
    for nth in (1, 2):
        assert url(order, NOTE, nth) in page
    assert khs.get(url(order, NOTE, 3)).status_code == 302
    assert khs.get(url(order, NOTE, 0)).status_code == 302


def test_a_phone_number_is_written_alike_on_note_and_pages(khs, order):
    Order.objects.update(contact_mobile="0701740605", recipient_phone="+46 8 46500438")
    pages = [
        khs.get(reverse("orders:detail", args=[order.case_number])),
        khs.get(url(order, "detail")),
    ]
    for text in (paper(khs, order, NEXT).text, *(page.content.decode() for page in pages)):
        assert "070-174 06 05" in text and "08-465 004 38" in text


def test_the_note_has_no_personal_number(khs, order):
    assert order.recipient.number[:8] not in paper(khs, order, NEXT).everything


def test_pieces_of_one_line_stand_on_one_row(khs, khs_user):
    chair, pieces = in_stock(3, name="Cross 6", is_marked=True)
    order = sent((chair, 2))
    deliver(order, khs_user, **{str(order.lines.get().pk): pieces[:2]})
    numbers = ", ".join(sorted(piece.number for piece in pieces[:2]))
    assert f"Cross 6 {numbers} 2" in paper(khs, order, NOTE, 1).text


def test_a_replenishments_note_goes_to_the_store_and_bears_no_personal_data(khs):
    order = sent((in_stock(5, name="Rollator")[0], 2), destination=BufferFactory())
    text = paper(khs, order, NEXT).text
    assert "0880 Kalmar kommuns förråd" in text and "Rollator 2" in text
    assert "personuppgifter" not in text
    assert not AccessLogEntry.objects.exists()


@pytest.mark.parametrize("name", [PICK, NEXT])
def test_there_is_no_paper_when_nothing_is_left(khs, order, name):
    services.cancel(order, user=order.ordered_by)
    answer = khs.get(url(order, name), follow=True)
    assert "det finns inget att leverera" in answer.content.decode()
    assert not AccessLogEntry.objects.filter(action="download").exists()


# --- protected persons -----------------------------------------------------------------------


@pytest.fixture
def hidden():
    cart = start(recipient=RecipientFactory(family_name="Dold", is_protected=True))
    address = {"street": "Typgatan 9", "postcode": "39233", "locality": "Kalmar"}
    carts.change(cart, address | {"contact_mobile": "070-174 06 77"})
    add(cart, in_stock(5, name="Rollator")[0], 1)
    return services.send(cart, user=cart.user)


def test_a_protected_persons_note_has_the_address_typed_for_the_case(khs, hidden):
    found = paper(khs, hidden, NEXT)
    assert "Dold" in found.text and "Typgatan 9" in found.text and "070-174 06 77" in found.text
    for told in ("Storgatan", "Hemrehab", "070-174 06 12", "Kalmar kommun"):
        assert told not in found.everything, told
    page = khs.get(url(hidden, "detail")).content.decode()
    assert "Skriv ut följesedeln innan" in page


def test_when_the_case_has_ended_the_address_is_masked(khs, khs_user, hidden):
    deliver(hidden, khs_user, **{str(hidden.lines.get().pk): 1})
    assert hidden.status == OrderStatus.DELIVERED
    found = paper(khs, hidden, NOTE, 1)
    assert "Skyddad identitet" in found.text and "Rollator" in found.text
    for told in ("Typgatan", "392 33", "070-174 06 77", "Hemrehab", str(hidden.prescriber)):
        assert told not in found.everything, told


def test_a_protected_persons_pick_list_does_not_name_the_unit(khs, order):
    assert "Hemrehab Kalmar" in paper(khs, order, PICK).text
    Recipient.objects.update(is_protected=True)
    found = paper(khs, order, PICK)
    assert "Skyddad identitet" in found.text and "Hemrehab" not in found.everything


# --- the files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [PICK, NEXT])
def test_the_files_are_sound_and_accessible(khs, order, name, tmp_path):
    order.lines.update(comment="Lång kommentar om hur den ska ställas in. " * 8)
    found = paper(khs, order, name)
    check_syntax(found.content, tmp_path)
    check_accessibility(found.content, tmp_path)


@pytest.mark.parametrize("name", [PICK, NEXT])
def test_every_paper_is_logged_with_its_case(khs, khs_user, order, name):
    paper(khs, order, name)
    entry = AccessLogEntry.objects.get(user=khs_user)
    assert (entry.user, entry.action, entry.case_number) == (
        khs_user, "download", order.case_number,
    )  # fmt: skip
    assert entry.recipient_key == order.recipient.key
    assert entry.detail == ("Plocklista" if name == PICK else "Följesedel")


def test_the_papers_are_khs_alone(order):
    client = Client()
    client.force_login(UserFactory(roles=[FORSKRIVARE], is_staff=True))
    for name, args in ((PICK, ()), (NEXT, ()), (NOTE, (1,))):
        assert client.get(url(order, name, *args)).status_code == 403
