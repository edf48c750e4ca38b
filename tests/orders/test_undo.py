"""«Ångra»: what was thrown away or removed can be had back, as long as that is true."""

import datetime as dt
import re
import uuid
from pathlib import Path

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import Article
from orders import cart as carts
from orders import services
from orders.models import Cart, CartAttachment, CartLine, Order
from organisation.permissions import CONTROLLER
from sesam import jobs
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.undoing import undo_address, undo_words

from .builders import add, start

pytestmark = pytest.mark.django_db
CART, CHECKOUT = "/bestallning/", "/bestallning/slutfor/"
DELIVERY = f"{CHECKOUT}leverans/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def user():
    return UserFactory()


def at(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


@pytest.fixture
def client(user):
    return at(user)


def to(name: str, **facts):
    return RecipientFactory(given_name=name, family_name="Ek", **facts)


def text_of(client, method: str, url: str, data: dict | None = None) -> str:
    return getattr(client, method)(url, data or {}, follow=True).content.decode()


def throw_away(client, cart: Cart) -> str:
    return text_of(client, "post", reverse("orders:throw_away"), {"till": str(cart.token)})


def replace(client, user, recipient) -> str:
    """«Kasta den och börja ny» in the dialog «Beställning till»."""
    typed = {
        "unit": user.default_unit_id,
        "prescriber": user.pk,
        "action": "replace",
        "till": str(present(user).token),
    }
    return text_of(client, "post", reverse("orders:to", args=[recipient.key]), typed)


def remove(client, line, **data) -> str:
    return text_of(client, "post", reverse("orders:remove_line", args=[line.pk]), data)


def put_back(client, line) -> str:
    return text_of(client, "post", reverse("orders:put_back", args=[line.pk]))


def present(user) -> Cart | None:
    return Cart.objects.filter(user=user, closed_at=None).first()


def full_line(cart, user) -> CartLine:
    """A line with a component, a comment and a file."""
    part = ArticleFactory(name="Korg")
    line = add(cart, ArticleFactory(name="Rollator"), comment="Blå", components=((part, 1),))
    CartAttachment.objects.create(
        cart=cart, line=line, file=ContentFile(b"%PDF-1.4", name="x"), name="a.pdf",
        content_type="application/pdf", size=8, uploaded_by=user,
    )  # fmt: skip
    return line


# --- throwing away ---


def test_an_order_is_thrown_away_without_a_question_and_had_back_whole(client, user):
    cart = start(
        user,
        to("Arvid"),
    )
    full_line(cart, user)
    page = client.get(CART).content.decode()
    assert page.index("Slutför beställning") < page.index("Kasta beställningen")
    assert "Lämna beställningen" not in page

    text = throw_away(client, cart)

    assert undo_words(text) == "Beställningen till Arvid Ek är kastad."
    assert present(user) is None
    back = undo_address(text)
    for _ in range(2):  # twice is once
        text = text_of(client, "post", back)
        assert present(user) == cart
    assert "Beställningen till Arvid Ek är tillbaka." in text
    line = cart.lines.get(component_of=None)
    assert (line.comment, line.components.count(), line.attachments.count()) == ("Blå", 1, 1)


def test_what_was_thrown_away_stands_on_the_start_page_until_it_is_cleared(client, user):
    cart = start(user, to("Arvid"))
    full_line(cart, user)
    throw_away(client, cart)
    text = client.get("/").content.decode()
    assert "Kastad beställning" in text and "<b>Arvid Ek</b>, 1 rad," in text
    assert 'class="undo"' not in text, "the strip is shown once"
    assert cart.recipient.number[:8] not in text
    take_back = reverse("orders:take_back", args=[cart.token])
    assert f'action="{take_back}"' in text
    with time_machine.travel(timezone.now() + dt.timedelta(days=1, hours=1)):
        later = at(user)
        jobs.clear_all()
        assert "Kastad beställning" not in later.get("/").content.decode()
        CartAttachment.objects.all().delete()
        jobs.clear_all()
        assert not Cart.objects.exists()
        text = text_of(later, "post", take_back)
        assert "finns inte längre" in text and present(user) is None


def thrown_away_late(user) -> str:
    """In the evening; where «Ångra» leads."""
    with time_machine.travel("2026-11-24 23:50 +01:00", tick=False):
        cart = start(user, to("Arvid"))
        carts.throw_away(cart)
    return reverse("orders:take_back", args=[cart.token])


def test_what_was_thrown_away_before_midnight_can_be_had_back_as_long_as_it_is_kept(user):
    take_back = thrown_away_late(user)
    with time_machine.travel("2026-11-25 07:00 +01:00", tick=False):
        jobs.clear_all()
        client = at(user)
        start_page = client.get("/").content.decode()
        assert "Kastad beställning" in start_page and "2026-11-24 23:50" in start_page
        assert "är tillbaka" in text_of(client, "post", take_back)
    assert present(user) is not None


def test_after_a_day_it_is_too_late_though_it_still_lies_there(user):
    take_back = thrown_away_late(user)
    with time_machine.travel("2026-11-25 23:55 +01:00", tick=False):
        client = at(user)
        assert "Kastad beställning" not in client.get("/").content.decode()
        text = text_of(client, "post", take_back)
    assert "sparas i ett dygn" in text and present(user) is None


def test_an_order_that_nobody_touched_for_a_day_is_not_said_to_be_thrown_away(client, user):
    cart = start(user, to("Arvid"))
    Cart.objects.update(updated_at=dt.datetime.now(dt.UTC) - dt.timedelta(hours=25))
    jobs.clear_all()
    assert "Kastad beställning" not in client.get("/").content.decode()
    text_of(client, "post", reverse("orders:take_back", args=[cart.token]))
    assert present(user) is None


def test_kasta_den_och_borja_ny_swaps_the_two_and_swaps_them_back(client, user):
    first = start(user, to("Arvid"))
    add(first, ArticleFactory())
    dialog = client.get(reverse("orders:to", args=[to("Sandra").key])).content.decode()
    assert "Kasta den och börja ny" in dialog and "Lämna den" not in dialog

    text = replace(client, user, to("Sandra"))
    second = present(user)
    assert (
        undo_words(text) == "Beställningen till Arvid Ek är kastad. Du beställer nu till Sandra Ek."
    )
    text = text_of(client, "post", undo_address(text))
    assert present(user) == first
    assert (
        undo_words(text) == "Beställningen till Sandra Ek är kastad. Du beställer nu till Arvid Ek."
    )
    text_of(client, "post", undo_address(text))
    assert present(user) == second and first.lines.count() == 1


def test_from_the_start_page_a_draft_swaps_with_the_order_in_progress(client, user):
    first = start(user, to("Arvid"))
    replace(client, user, to("Sandra"))
    text = client.get("/").content.decode()
    assert "Den byter plats med den pågående beställningen till Sandra Ek." in text
    text_of(client, "post", re.search(r'action="(/bestallning/utkast/[^"]+)"', text)[1])
    assert present(user) == first


def test_with_another_order_in_progress_it_says_whose_and_nothing_happens(client, user):
    first = start(user, to("Arvid"))
    back = undo_address(throw_away(client, first))
    second = start(user, to("Sandra"))
    text = text_of(client, "post", back)
    assert "Du har en annan pågående beställning, till Sandra Ek." in text
    assert present(user) == second
    # Nor does a swap that was offered for an order that is no longer the one in progress.
    text = text_of(client, "post", f"{back}?mot={uuid.uuid4()}")
    assert present(user) == second


def test_when_the_new_order_is_sent_meanwhile_the_old_one_just_comes_back(client, user):
    first = start(user, to("Arvid"))
    back = undo_address(replace(client, user, to("Sandra")))
    second = present(user)
    add(second, ArticleFactory())
    services.send(second, user=user)
    text_of(client, "post", back)
    assert present(user) == first and Order.objects.count() == 1


def test_what_was_sent_meanwhile_is_not_taken_back(client, user):
    cart = start(user, to("Arvid"))
    back = undo_address(throw_away(client, cart))
    text_of(client, "post", back)
    add(cart, ArticleFactory())
    order = services.send(cart, user=user)
    text = text_of(client, "post", back)
    assert f"är redan skickad: {order.case_number}" in text
    assert present(user) is None


def test_another_tabs_order_is_not_thrown_away_from_an_old_page(client, user):
    first = start(user, to("Arvid"))
    replace(client, user, to("Sandra"))
    text = throw_away(client, first)
    assert "Beställningen är en annan nu" in text
    assert "Arvid Ek" in text and "Sandra Ek" in text
    assert present(user).recipient.given_name == "Sandra"


def test_nobody_takes_back_another_users_order(client, user):
    cart = start(user, to("Arvid"))
    carts.throw_away(cart)
    stranger = UserFactory(default_unit=user.default_unit)
    text = text_of(at(stranger), "post", reverse("orders:take_back", args=[cart.token]))
    assert "Arvid" not in text and "finns inte längre" in text
    assert present(user) is None and present(stranger) is None
    cart.refresh_from_db()
    assert cart.closed_at


def test_a_person_protected_meanwhile_comes_back_without_an_address(client, user):
    cart = start(user, to("Arvid"))
    back = undo_address(throw_away(client, cart))
    type(cart.recipient).objects.update(is_protected=True)
    text_of(client, "post", back)
    assert carts.open_cart(user).street == ""


def test_no_role_without_orders_sees_the_box():
    controller = at(UserFactory(roles=[CONTROLLER]))
    assert "Kastad beställning" not in controller.get("/").content.decode()


# --- removing a line ---


@pytest.mark.parametrize(("page", "fran"), [(CART, "varukorg"), (CHECKOUT, "")])
def test_a_removed_row_stays_as_one_line_with_undo_until_the_page_is_left(client, user, page, fran):
    cart = start(user)
    first, second = full_line(cart, user), add(cart, ArticleFactory(name="Ramp"))
    text = remove(client, first, fran=fran)
    assert undo_words(text) == "Raden med Rollator är borttagen."
    assert f'id="rad-{first.pk}"' in text and "Rollator är borttagen." in text
    assert text.index(f'id="rad-{first.pk}"') < text.index(f'id="rad-{second.pk}"'), "in its place"
    assert len(re.findall(r'<tr[^>]*id="rad-', text)) == 2, "its component has no line of its own"
    assert "Rollator är borttagen" not in client.get(page).content.decode()
    assert cart.lines.count() == 1 and carts.open_cart(user).line_count == 1


def test_two_removed_rows_both_stay_and_each_comes_back(client, user):
    cart = start(user)
    lines = [add(cart, ArticleFactory(name=name)) for name in ("Ramp", "Kudde")]
    text = remove(client, lines[0])
    action = re.search(rf'action="(/bestallning/rader/{lines[1].pk}/ta-bort/[^"]*)"', text)[1]
    text = text_of(client, "post", action.replace("&amp;", "&"))
    assert text.count(" är borttagen.</span><button") == 2
    assert "Slutför" in text and 'href="/bestallning/slutfor/leverans/"' not in text
    text = text_of(client, "post", undo_address(text))
    assert text.count(" är borttagen.</span><button") == 1, "the other is still there to undo"
    put_back(client, lines[0])
    assert [x.article.name for x in cart.lines.all()] == ["Ramp", "Kudde"]


def test_an_undone_line_has_its_components_comment_and_files_and_is_sent_with_them(client, user):
    cart = start(user)
    line = full_line(cart, user)
    back = undo_address(remove(client, line))
    for _ in range(2):  # twice is once
        assert "Raden med Rollator är tillbaka." in text_of(client, "post", back)
        assert cart.lines.count() == 2
    order = services.send(cart, user=user)
    sent = order.lines.get(component_of=None)
    assert (sent.comment, sent.components.count()) == ("Blå", 1)
    assert order.attachments.get().line == sent


def test_a_removed_line_is_not_sent_nor_its_files_nor_does_it_hold_stock(client, user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    piece_of = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(store, piece_of, 1)
    cart = start(user)
    remove(client, full_line(cart, user))
    gone = add(cart, piece_of, warehouse=store, individual=piece)
    remove(client, gone)
    add(cart, piece_of, warehouse=store, individual=piece)  # the same piece is free again
    order = services.send(cart, user=user)
    assert order.lines.get().individual == piece
    assert not order.attachments.exists()


def test_a_bed_can_be_ordered_when_the_other_line_was_removed_which_then_is_too_late(client, user):
    cart = start(user)
    line = add(cart, ArticleFactory(name="Ramp"))
    remove(client, line)
    add(cart, ArticleFactory(name="Säng", own_order_only=True))
    text = put_back(client, line)
    assert "Ramp kan inte läggas tillbaka. Beställningen innehåller en säng" in text
    assert cart.lines.get().article.name == "Säng"


def test_an_article_that_went_out_meanwhile_is_not_put_back(client, user):
    cart = start(user)
    line = add(cart, ArticleFactory(name="Ramp"))
    remove(client, line)
    Article.objects.update(is_discontinued=True)
    assert "har utgått" in put_back(client, line)
    assert not cart.lines.exists()


def test_after_sending_or_throwing_away_a_removed_line_is_too_late(client, user):
    cart = start(user)
    line = add(cart, ArticleFactory(name="Ramp"))
    add(cart, ArticleFactory())
    remove(client, line)
    carts.throw_away(carts.open_cart(user))
    assert "Beställningen är kastad. Ta tillbaka den" in put_back(client, line)
    carts.take_back(user, cart.token)
    order = services.send(cart, user=user)
    assert "redan skickad, utan Ramp" in put_back(client, line)
    assert order.lines.count() == 1


def test_nobody_puts_back_another_users_line(client, user):
    cart = start(user)
    line = add(cart, ArticleFactory(name="Ramp"))
    remove(client, line)
    text = put_back(at(UserFactory(default_unit=user.default_unit)), line)
    assert "Raden finns inte längre" in text and "Ramp" not in text
    assert not cart.lines.exists()


def test_a_component_comes_back_only_with_its_aid_and_not_after_it_was_chosen_anew(client, user):
    cart = start(user)
    line = full_line(cart, user)
    part = line.components.get()
    remove(client, part)
    assert cart.lines.count() == 1
    remove(client, line)
    assert "Korg hör till Rollator" in put_back(client, part)
    put_back(client, line)
    assert cart.lines.count() == 1, "what was removed before stays so"
    put_back(client, part)
    assert line.components.get() == part
    remove(client, part)
    carts.put(cart, carts.Wish(line.article, 2, line.source, line.warehouse, "Blå"), line=line)
    assert "Raden finns inte längre" in put_back(client, part)


def test_a_dialog_that_changes_a_line_removed_in_another_tab_puts_a_new_one(client, user):
    cart = start(user)
    line = add(cart, ArticleFactory(name="Ramp"))
    remove(client, line)
    made = carts.put(cart, carts.Wish(line.article, 3, line.source, line.warehouse), line=line)
    assert made.pk != line.pk and cart.lines.get().quantity == 3


def test_a_dialog_sent_again_after_its_line_was_removed_makes_it_again(client, user):
    cart = start(user)
    wish = carts.Wish(ArticleFactory(), 1, "central", WarehouseFactory())
    line = carts.put(cart, wish, dialog_key="abc")
    remove(client, line)
    carts.put(cart, wish, dialog_key="abc")
    assert cart.lines.count() == 1


def test_odd_addresses_of_removed_rows_are_no_error(client, user):
    cart = start(user)
    add(cart, ArticleFactory())
    for odd in ("x", "-1", "9" * 30, "٣", ""):
        assert client.get(CART, {"borttagen": odd}).status_code == 200
        assert client.get(CART, {"borttagen": [odd] * 100}).status_code == 200


# --- files ---


def a_file(cart, user) -> CartAttachment:
    return CartAttachment.objects.create(
        cart=cart, file=ContentFile(b"%PDF-1.4", name="x"), name="intyg.pdf",
        content_type="application/pdf", size=8, uploaded_by=user,
    )  # fmt: skip


def detach(client, cart, file) -> str:
    data = {
        "token": str(cart.token), "action": f"detach:{file.key}",
        "delivery_way": cart.delivery_way_id, "contact_prescriber": "nej", "extra_info": "Ring",
    }  # fmt: skip
    return text_of(client, "post", DELIVERY, data)


def test_a_removed_file_can_be_had_back_and_is_sent_with_the_order(client, user):
    cart = start(user, to("Arvid"))
    add(cart, ArticleFactory())
    file = a_file(cart, user)
    shown = reverse("orders:cart_attachment", args=[file.key])
    text = detach(client, cart, file)
    assert undo_words(text) == "Bilagan intyg.pdf är borttagen."
    assert f'href="{shown}"' not in text and client.get(shown).status_code == 404
    for _ in range(2):  # twice is once
        text = text_of(client, "post", reverse("orders:attach_again", args=[file.key]))
        assert "Bilagan intyg.pdf är tillbaka." in text and text.count(f'href="{shown}"') == 1
    assert "Ring" in text
    assert services.send(cart, user=user).attachments.get().key == file.key


def test_a_removed_file_is_not_sent_and_then_too_late_and_goes_when_drafts_files_do(client, user):
    cart = start(user, to("Arvid"))
    add(cart, ArticleFactory())
    file = a_file(cart, user)
    back = undo_address(detach(client, cart, file))
    carts.throw_away(carts.open_cart(user))
    assert "Ta tillbaka den innan" in text_of(client, "post", back)
    carts.take_back(user, cart.token)
    order = services.send(cart, user=user)
    assert not order.attachments.exists()
    assert "redan skickad, utan bilagan" in text_of(client, "post", back)
    path = Path(file.file.path)
    assert path.exists()
    old = dt.datetime.now(dt.UTC) - dt.timedelta(hours=25)
    CartAttachment.with_removed.update(uploaded_at=old)
    jobs.clear_all()
    assert not path.exists() and not CartAttachment.with_removed.exists()
    assert "Bilagan finns inte längre" in text_of(client, "post", back)


def test_nobody_puts_back_another_users_file(client, user):
    other = UserFactory(default_unit=user.default_unit)
    cart = start(other, to("Arvid"))
    file = a_file(cart, other)
    carts.detach(cart, file.key)
    text = text_of(client, "post", reverse("orders:attach_again", args=[file.key]))
    assert "Bilagan finns inte längre" in text and "intyg" not in text
    assert not cart.attachments.exists()


# --- at the same instant ---


@pytest.mark.django_db(transaction=True)
def test_undoing_twice_at_once_and_sending_at_once_leave_one_order_or_one_draft(user):
    cart = start(user, to("Arvid"))
    add(cart, ArticleFactory())
    for _ in range(5):
        carts.throw_away(cart)
        results = at_once(*[lambda: carts.take_back(user, cart.token)] * 2)
        assert [x for x in results if isinstance(x, DomainError)] == []
        assert present(user) == cart
        cart.refresh_from_db()
    results = at_once(lambda: carts.throw_away(cart), lambda: services.send(cart, user=user))
    cart.refresh_from_db()
    assert cart.closed_at and bool(cart.order_id) != bool(cart.thrown_at)
    assert Order.objects.count() == (1 if cart.order_id else 0)


@pytest.mark.django_db(transaction=True)
def test_a_line_put_back_while_the_order_is_sent_is_in_it_or_told_to_be_too_late(user):
    for _ in range(5):
        cart = start(user, to("Arvid"))
        add(cart, ArticleFactory())
        line = add(cart, ArticleFactory())
        carts.remove(cart, line.pk)
        sent, back = at_once(
            lambda c=cart: services.send(c, user=user), lambda ln=line: carts.put_back(user, ln.pk)
        )
        assert sent.lines.count() == (1 if isinstance(back, DomainError) else 2)


@pytest.mark.django_db(transaction=True)
def test_two_drafts_taken_back_at_once_leave_one_in_progress(user):
    first = start(user, to("Arvid"))
    second = start(user, to("Sandra"), replace=True)
    carts.throw_away(second)
    results = at_once(*[lambda c=c: carts.take_back(user, c.token) for c in (first, second)])
    assert len([x for x in results if isinstance(x, DomainError)]) == 1
    assert Cart.objects.filter(user=user, closed_at=None).count() == 1
