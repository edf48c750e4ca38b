"""An order through the front door: what people do, and what goes wrong on the way."""

import datetime as dt
import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders import cart as carts
from orders import services
from orders.models import Cart, Order, OrderStatus
from organisation.models import AccessLogEntry, Source
from recipients.models import Loan, Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    PriceFactory,
    RecipientFactory,
    StandardComponentFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

from .builders import add, sent, start

pytestmark = pytest.mark.django_db
DELIVERY = "/bestallning/slutfor/leverans/"


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def article():
    article = ArticleFactory()
    PriceFactory(article=article)
    put_in_stock(WarehouseFactory(), article, 3)
    return article


def open_dialog(client, article, step: str = "antal") -> str:
    """«Beställ» on an article: the address of the dialog's step."""
    response = client.get(reverse("orders:add", args=[article.number]))
    return response["Location"].replace("/antal/", f"/{step}/")


def choice(**changes) -> dict[str, str]:
    return {"quantity": "1", "source": "central", "warehouse": "100", "action": "finish"} | changes


def send(client, cart, **changes):
    data = {
        "token": str(cart.token),
        "action": "send",
        "delivery_way": str(cart.delivery_way_id),
        "extra_info": "",
        "contact_prescriber": "nej",
    }
    return client.post(DELIVERY, data | changes)


# --- the dialogs ---


def test_an_order_starts_from_the_recipient_and_goes_on_in_the_article_search(client, user):
    recipient = RecipientFactory()
    response = client.post(
        reverse("orders:to", args=[recipient.key]),
        {"unit": user.default_unit_id, "prescriber": user.pk, "action": "finish"},
    )
    assert response["Location"].startswith("/artiklar/")
    page = client.get(response["Location"]).content.decode()
    assert "Pågående beställning" in page
    assert recipient.name in page
    assert recipient.written_number not in page, "the number stands where the look is logged"


def test_bestall_without_an_order_asks_for_the_recipient_and_then_goes_on(client, user, article):
    assert client.get(reverse("orders:add", args=[article.number]))["Location"] == "/mottagare/"
    response = client.post(
        reverse("orders:to", args=[RecipientFactory().key]),
        {"unit": user.default_unit_id, "prescriber": user.pk, "action": "finish"},
    )
    url = reverse("orders:add", args=[article.number])
    assert response["Location"] == f"{url}?till={Cart.objects.get().token}"


def test_starting_another_order_asks_whether_to_leave_the_first(client, user):
    first = start(user)
    url = reverse("orders:to", args=[RecipientFactory().key])
    data = {"unit": user.default_unit_id, "prescriber": user.pk}
    refused = client.post(url, data | {"action": "finish"})
    assert refused.status_code == 422
    assert "pågående beställning" in refused.content.decode()
    assert client.post(url, data | {"action": "replace"}).status_code == 422, "it wasn't said which"
    seen = {"action": "replace", "till": str(first.token)}
    assert client.post(url, data | seen).status_code == 302
    first.refresh_from_db()
    assert first.closed_at


def test_another_units_prescriber_or_unit_is_refused_at_the_field(client, user):
    stranger = UserFactory(default_unit__code="V9", default_unit__name="Annan")
    url = reverse("orders:to", args=[RecipientFactory().key])
    for data in (
        {"unit": stranger.default_unit_id, "prescriber": user.pk},
        {"unit": user.default_unit_id, "prescriber": stranger.pk},
    ):
        response = client.post(url, data | {"action": "finish"})
        assert response.status_code == 422
        assert 'aria-invalid="true"' in response.content.decode()
    assert not Cart.objects.exists()


def test_nothing_is_started_for_the_deceased_or_for_a_store(client, user):
    dead = RecipientFactory(deceased_on=dt.date(2026, 1, 1))
    store = CareUnitFactory(store=BufferFactory())
    for recipient in (dead, store):
        page = client.get(reverse("orders:to", args=[recipient.key])).content.decode()
        assert ">Fortsätt<" not in page
        client.post(
            reverse("orders:to", args=[recipient.key]),
            {"unit": user.default_unit_id, "prescriber": user.pk, "action": "finish"},
        )
    assert not Cart.objects.exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Ange hur många"),
        ("0", "minst 1"),
        ("-1", "minst 1"),
        ("1000000000", "högst 999"),
        ("två", "med siffror"),
        ("1,5", "med siffror"),
    ],
)
def test_a_wrong_quantity_is_told_at_the_field_and_kept(client, user, article, typed, told):
    start(user)
    response = client.post(open_dialog(client, article), choice(quantity=typed))
    page = response.content.decode()
    assert response.status_code == 422
    assert told in page
    assert f'value="{typed}"' in page or not typed
    assert 'aria-invalid="true"' in page


def test_two_dialogs_in_two_tabs_do_not_disturb_each_other(client, user, article):
    cart = start(user)
    other = ArticleFactory()
    first, second = open_dialog(client, article), open_dialog(client, other)
    client.post(first, choice(quantity="2"))
    client.post(second, choice(quantity="3"))
    assert {(x.article, x.quantity) for x in cart.lines.all()} == {(article, 2), (other, 3)}


def test_back_keeps_what_was_typed_valid_or_not(client, user, article):
    start(user)
    first = open_dialog(client, article)
    client.post(first, choice(quantity="2", action="next"))
    comment = first.replace("/antal/", "/kommentar/")
    client.post(comment, {"comment": "Till vänster", "action": "back"})
    assert 'value="2"' in client.get(first).content.decode()
    assert "Till vänster" in client.get(comment).content.decode()


def test_the_templates_components_come_along_unless_removed(client, user):
    chair = ArticleFactory()
    kept = StandardComponentFactory(article=chair).component
    removed = StandardComponentFactory(article=chair).component
    cart = start(user)
    first = open_dialog(client, chair)
    parts = client.post(first, choice(action="next"))["Location"]
    assert "/komponenter/" in parts
    client.post(parts, {"components": [kept.number], "action": "finish"})
    names = {line.article for line in cart.lines.exclude(component_of=None)}
    assert names == {kept}
    assert removed not in names


def test_what_an_own_store_lacks_of_the_components_comes_from_khs(client, user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    chair = ArticleFactory()
    there = StandardComponentFactory(article=chair).component
    lacking = StandardComponentFactory(article=chair).component
    put_in_stock(store, chair, 1)
    put_in_stock(store, there, 1)
    cart = start(user)
    own = choice(source=Source.OWN_STORE, warehouse=store.number, action="next")
    parts = client.post(open_dialog(client, chair), own)["Location"]
    assert "Det som förrådet saknar levereras från KHS" in client.get(parts).content.decode()
    client.post(parts, {"components": [there.number, lacking.number], "action": "finish"})

    sources = {line.article: line.source for line in cart.lines.all()}
    assert sources == {
        chair: Source.OWN_STORE,
        there: Source.OWN_STORE,
        lacking: Source.CENTRAL,
    }
    order = services.send(cart, user=user)
    assert order.status == OrderStatus.REGISTERED  # what comes from KHS decides
    assert set(Loan.objects.values_list("article", flat=True)) == {chair.pk, there.pk}
    line = order.lines.get(article=lacking)
    assert line.warehouse == user.default_unit.delivering_warehouse


def test_a_comment_that_the_article_needs_is_asked_for(client, user):
    manual = ArticleFactory(number="MANUELL", requires_comment=True, is_stocked=False)
    cart = start(user)
    response = client.post(open_dialog(client, manual), choice())
    assert response.status_code == 422
    assert "Skriv en kommentar" in response.content.decode()
    assert not cart.lines.exists()


def test_a_piece_from_an_own_store_is_chosen(client, user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    chair = ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(store, chair, 2)
    cart = start(user)
    url = open_dialog(client, chair)
    shown = client.post(url, choice(source="own", action="refresh")).content.decode()
    assert piece.number in shown
    missing = client.post(url, choice(source="own", warehouse=store.number))
    assert missing.status_code == 422
    assert "Välj vilken individ" in missing.content.decode()
    client.post(url, choice(source="own", warehouse=store.number, individual=piece.number))
    assert cart.lines.get().individual == piece


def test_a_dialog_that_has_ended_leads_to_the_cart(client, user, article):
    cart = start(user)
    url = open_dialog(client, article)
    client.post(url, choice())
    assert client.post(url, choice())["Location"] == "/bestallning/"
    assert cart.lines.count() == 1


# --- files ---


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("tom.pdf", b"", "tom"),
        ("virus.pdf", b"MZ\x90\x00 not a pdf", "kan inte bifogas"),
        ("sida.html", b"<script>alert(1)</script>", "kan inte bifogas"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_at_the_field(client, user, name, content, told):
    cart = start(user)
    response = client.post(
        DELIVERY,
        {
            "token": str(cart.token), "action": "attach", "delivery_way": cart.delivery_way_id,
            "extra_info": "Portkod kommer", "file": SimpleUploadedFile(name, content),
        },
    )  # fmt: skip
    page = response.content.decode()
    assert response.status_code == 422
    assert told in page
    assert "Portkod kommer" in page


def test_a_file_goes_with_the_order_and_only_to_those_who_may_see_it(
    client, user, article, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    cart = start(user)
    add(cart, article)
    pdf = SimpleUploadedFile("anvisning.pdf", b"%PDF-1.4\n%%EOF\n")
    data = {"token": str(cart.token), "action": "attach", "delivery_way": cart.delivery_way_id}
    assert client.post(DELIVERY, data | {"file": pdf}).status_code == 302
    order = services.send(cart, user=user)
    file = order.attachments.get()
    url = reverse("orders:attachment", args=[order.case_number, file.key])

    response = client.get(url)
    assert BytesIO(b"".join(response.streaming_content)).read().startswith(b"%PDF")
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Security-Policy"].startswith("sandbox")
    stranger = Client()
    stranger.force_login(UserFactory(default_unit__code="V9", default_unit__name="Annan"))
    assert stranger.get(url).status_code == 404


# --- checkout ---


def test_a_block_with_faults_keeps_what_was_typed(client, user):
    cart = start(user)
    response = client.post(
        f"{DELIVERY}?redigera=adress",
        {"token": cart.token, "street": "Nygatan 1", "postcode": "392", "locality": "Kalmar"},
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "fem siffror" in page
    assert "Nygatan 1" in page


@pytest.mark.parametrize("typed", ["0000000", "0480-1234 5678 90", "1177"])
def test_a_number_that_nobody_has_is_refused_as_on_the_recipients_page(client, user, typed):
    cart = start(user)
    response = client.post(
        f"{DELIVERY}?redigera=kontakt",
        {"token": cart.token, "contact_name": "Bo Ek", "contact_phone": typed},
    )
    assert response.status_code == 422
    assert "Numret stämmer inte. Skriv det med riktnummer" in response.content.decode()
    assert f'value="{typed}"' in response.content.decode()
    cart.refresh_from_db()
    assert cart.contact_phone != typed


TYPED = {"open_block": "adress", "street": "Nygatan 41", "postcode": "392 31", "locality": "Växjö"}


def test_sending_with_a_block_open_is_told_at_that_block_and_keeps_what_was_typed(
    client, user, article
):
    cart = start(user)
    add(cart, article)
    response = send(client, cart, **TYPED, extra_info="Ring först")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Spara eller lämna ändringen" in page
    assert "Nygatan 41" in page and "Ring först" in page
    assert not Order.objects.exists()
    cart.refresh_from_db()
    assert cart.street != "Nygatan 41"


@pytest.mark.parametrize("action", ["attach", "save", "way"])
def test_whatever_is_pressed_beside_an_open_block_it_keeps_what_was_typed(client, user, action):
    cart = start(user)
    pdf = SimpleUploadedFile("intyg.pdf", b"%PDF-1.7 test\n%%EOF", "application/pdf")
    page = send(client, cart, **TYPED, action=action, file=pdf).content.decode()
    assert "Nygatan 41" in page and "Lämna utan att spara" in page
    assert cart.attachments.count() == (action == "attach")


def test_saving_one_block_keeps_what_is_typed_in_another_and_below(client, user):
    cart = start(user)
    typed = {
        "token": str(cart.token), "delivery_way": cart.delivery_way_id, "extra_info": "Ring först",
        "open_block": ["adress", "kontakt"], "contact_name": "Bo Ek", "contact_phone": "0480-12345",
    }  # fmt: skip
    response = client.post(f"{DELIVERY}?redigera=adress", {**TYPED, **typed})
    page = response.content.decode()
    cart.refresh_from_db()
    assert (cart.street, cart.extra_info, cart.contact_name) == (
        "Nygatan 41", "Ring först", str(user),
    )  # fmt: skip
    assert 'value="Bo Ek"' in page


def test_a_file_is_taken_away_and_nothing_typed_is_lost(client, user):
    cart = start(user)
    file = carts.attach(
        cart, SimpleUploadedFile("a.pdf", b"%PDF-1.7\n%%EOF", "application/pdf"), user=user
    )
    send(client, cart, action=f"detach:{file.key}", extra_info="Ring först")
    cart.refresh_from_db()
    assert (cart.attachments.count(), cart.extra_info) == (0, "Ring först")
    assert send(client, cart, action="detach:x").status_code == 404


def test_send_gives_a_confirmation_and_sent_again_the_same_one(client, user, article):
    cart = start(user)
    add(cart, article)
    first, again = send(client, cart), send(client, cart)
    assert first["Location"] == again["Location"]
    assert Order.objects.count() == 1
    page = client.get(first["Location"]).content.decode()
    assert "Orderbekräftelse" in page
    assert Order.objects.get().case_number in page


def test_a_confirmation_that_is_opened_later_does_not_say_what_no_longer_happens(
    client, user, article
):
    cart = start(user)
    add(cart, article)
    confirmation = send(client, cart)["Location"]
    assert "KHS plockar" in client.get(confirmation).content.decode()
    services.cancel(Order.objects.get(), user=user)
    page = client.get(confirmation).content.decode()
    assert "Makulerad" in page
    assert "KHS plockar" not in page and "Vad händer nu" not in page


def test_an_old_page_does_not_send_the_next_order(client, user, article):
    old = start(user)
    add(old, article)
    send(client, old)
    new = start(user)
    add(new, article)

    send(client, old)

    assert Order.objects.count() == 1
    new.refresh_from_db()
    assert new.closed_at is None


def test_an_expired_session_in_checkout_loses_nothing(client, user, article):
    cart = start(user)
    add(cart, article)
    client.post(f"{DELIVERY}?redigera=adress", {
        "token": cart.token, "street": "Nygatan 1", "postcode": "392 31", "locality": "Kalmar",
    })  # fmt: skip
    client.logout()

    refused = send(client, cart)
    assert refused["Location"].startswith("/logga-in/")
    assert not Order.objects.exists()

    client.force_login(user)
    assert "Nygatan 1" in client.get(DELIVERY).content.decode()
    assert send(client, cart).status_code == 302
    assert Order.objects.get().street == "Nygatan 1"


def test_a_line_that_someone_else_took_is_told_where_it_stands(client, user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    last = ArticleFactory(name="Rollator Sista")
    put_in_stock(store, last, 1)
    cart = start(user)
    add(cart, last, warehouse=store)
    other = start(UserFactory(default_unit=user.default_unit))
    add(other, last, warehouse=store)
    services.send(other, user=other.user)

    response = send(client, cart)

    assert response.status_code == 409
    assert "Rollator Sista" in response.content.decode()
    assert cart.lines.count() == 1


def test_an_article_discontinued_in_the_cart_is_told_at_every_step_and_can_be_taken_out(
    client, user, article
):
    cart = start(user, RecipientFactory())
    gone = add(cart, article)
    add(cart, ArticleFactory())
    article.is_discontinued = True
    article.save()

    for page in ("/bestallning/", "/bestallning/slutfor/"):
        assert (
            "har utgått och kan inte beställas. Ta bort raden." in client.get(page).content.decode()
        )
    assert client.get(DELIVERY)["Location"] == "/bestallning/slutfor/"
    refused = send(client, cart)
    assert refused.status_code == 409
    assert "har utgått" in refused.content.decode()
    assert not Order.objects.exists()

    client.post(reverse("orders:remove_line", args=[gone.pk]))
    assert client.get(DELIVERY).status_code == 200
    send(client, cart)
    assert Order.objects.get().lines.count() == 1


def test_rents_are_never_summed_with_sales(client, user, article):
    start_cart = start(user)
    add(start_cart, article)
    page = client.get("/bestallning/slutfor/").content.decode()
    assert "Hyra exkl. moms" in page
    assert "Summa exkl. moms" not in page


def test_an_order_without_prices_has_no_sum_line(client, user):
    add(start(user), ArticleFactory())
    page = client.get("/bestallning/").content.decode()
    assert "rad-" in page
    assert "exkl. moms" not in page


# --- the order's page ---


def test_a_protected_persons_address_stands_on_the_case_only_while_it_is_open(client, user):
    recipient = RecipientFactory(is_protected=True)
    cart = start(user, recipient)
    add(cart, ArticleFactory())
    address = {"street": "Hemliga vägen 3", "postcode": "39231", "locality": "Kalmar"}
    carts.change(cart, address | {"contact_phone": "08-465 004 41"})
    order = services.send(cart, user=user)
    url = reverse("orders:detail", args=[order.case_number])

    assert "Hemliga vägen 3" in client.get(url).content.decode()
    services.cancel(order, user=user)
    page = client.get(url).content.decode()
    assert "Hemliga vägen 3" not in page
    assert recipient.payer.name not in page


def test_cancelling_asks_first_and_then_leaves_the_order_readable(client, user, article):
    order = sent((article, 1), user=user)
    url = reverse("orders:cancel", args=[order.case_number])
    asked = client.get(url).content.decode()
    assert "Ja, makulera" in asked and "Behåll beställningen" in asked
    assert client.post(url).status_code == 302
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    page = client.get(reverse("orders:detail", args=[order.case_number])).content.decode()
    assert "makulerad" in page
    assert "Makulera beställning" not in page


def test_what_can_no_longer_be_cancelled_stands_barred_with_its_reason(client, user, article):
    order = sent((article, 1), user=user)
    services.start_picking(order, user=user)
    page = client.get(reverse("orders:detail", args=[order.case_number])).content.decode()
    assert "Makulera beställning<small>Bara en beställning med status Registrerad" in page
    assert reverse("orders:cancel", args=[order.case_number]) not in page


def test_an_order_that_is_being_picked_is_not_cancelled(client, user, article):
    order = services.start_picking(sent((article, 1), user=user), user=user)
    response = client.post(reverse("orders:cancel", args=[order.case_number]))
    assert response.status_code == 409
    order.refresh_from_db()
    assert order.status == OrderStatus.PICKING


def test_every_look_at_an_order_is_in_the_access_log(client, user, article):
    order = sent((article, 1), user=user)
    for name in ("detail", "confirmation", "cancel"):
        client.get(reverse(f"orders:{name}", args=[order.case_number]))
    looks = AccessLogEntry.objects.filter(
        user=user, case_number=order.case_number, recipient_key=order.recipient.key, action="view"
    )
    assert looks.count() == 3


def test_the_orders_page_takes_as_many_queries_for_thirty_lines_as_for_one(
    client, user, django_assert_max_num_queries
):
    small = sent((ArticleFactory(), 1), user=user)
    large = sent(*[(ArticleFactory(), 1) for _ in range(30)], user=user)
    for order in (small, large):
        with django_assert_max_num_queries(22):
            client.get(reverse("orders:detail", args=[order.case_number]))


def test_ordered_lines_stand_on_the_recipients_page_without_a_link_for_another_unit(article):
    order = sent((article, 1))
    line = order.lines.get()
    url = f"/mottagare/{order.recipient.key}/?flik=bestallt&panel={line.pk}"
    own, other = Client(), Client()
    own.force_login(order.ordered_by)
    other.force_login(UserFactory(default_unit__code="V9", default_unit__name="Annan"))
    link = reverse("orders:detail", args=[order.case_number])
    assert link in own.get(url).content.decode()
    page = other.get(url).content.decode()
    assert order.case_number in page
    assert link not in page


@pytest.mark.parametrize("tab", ["artikel", "bestallning"])
def test_of_a_protected_person_another_unit_isnt_told_whose_patient_it_is(article, tab):
    order = sent((article, 1))
    Recipient.objects.update(is_protected=True)
    url = f"/mottagare/{order.recipient.key}/?flik=bestallt&panel={order.lines.get().pk}&panelflik={tab}"
    own, other = Client(), Client()
    own.force_login(order.ordered_by)
    other.force_login(UserFactory(default_unit__code="V9", default_unit__name="Annan"))
    tells = {
        "artikel": [str(order.lines.get().warehouse)],
        "bestallning": [str(order.unit), str(order.prescriber)],
    }[tab]
    for client, is_told in ((own, True), (other, False)):
        panel = read_page(client.get(url)).split('id="panel"')[1].split("</aside")[0]
        assert order.case_number in panel
        assert [word in panel for word in tells] == [is_told] * len(tells)


# --- two tabs of the last step ---


def last_step(cart, seen: str, typed: str, action: str = "save") -> dict[str, str]:
    """What a tab sends whose page said ``seen`` where ``typed`` stands now."""
    return {
        "token": str(cart.token),
        "delivery_way": str(cart.delivery_way.pk),
        "extra_info_seen": seen,
        "extra_info": typed,
        "action": action,
    }


def test_a_tab_in_which_nothing_was_typed_leaves_another_tabs_text_alone(client, user, article):
    cart = start(user)
    add(cart, article)
    client.post(DELIVERY, last_step(cart, "", "Ring på\r\nhos grannen"))
    client.post(DELIVERY, last_step(cart, "", "", "way"))
    assert client.post(DELIVERY, last_step(cart, "", "", "send")).status_code == 302
    assert "hos grannen" in Order.objects.get().extra_info


def test_text_typed_in_two_tabs_is_asked_about(client, user, article):
    cart = start(user)
    add(cart, article)
    client.post(DELIVERY, last_step(cart, "", "Ring på hos grannen"))

    asked = client.post(DELIVERY, last_step(cart, "", "Nyckeln finns hos värden", "send"))

    assert asked.status_code == 422
    form = asked.context["form"]
    assert "En annan flik har skrivit «Ring på hos grannen» här." in str(form.errors)
    assert form["extra_info"].value() == "Nyckeln finns hos värden"
    assert not Order.objects.exists()
    again = last_step(cart, form["extra_info_seen"].value(), form["extra_info"].value(), "send")
    assert client.post(DELIVERY, again).status_code == 302
    assert Order.objects.get().extra_info == "Nyckeln finns hos värden"


# --- the cart is the first step of the checkout ---


def test_the_cart_and_the_first_step_are_one_page_that_leads_to_the_second(client, user, article):
    cart = start(user)
    part = ArticleFactory(name="Armstöd")
    for there in (article, part):
        put_in_stock(WarehouseFactory(), there, 5)
    line = add(cart, article, quantity=2, components=((part, 2),), comment="Ring först")
    for address, words in (
        ("/bestallning/", "Slutför beställning"),
        ("/bestallning/slutfor/", "Nästa"),
    ):
        page = client.get(address).content.decode()
        assert "Leveransuppgifter" in page and cart.recipient.written_number in page
        assert f'href="{DELIVERY}">{words}</a>' in page
        assert "Ändra 1 komponent<" in page and "Ring först" in page
    row = page[page.index(f'id="rad-{line.components.get().pk}"') :]
    row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row[: row.index("</tr>")]))
    assert "Armstöd" in row and " 4 st" in row
    assert "KHS" not in row, "where its aid comes from is said at the aid"


def test_what_is_late_and_what_waits_for_it_is_said_above_the_lines(client, user, article):
    cart = start(user)
    late, chair = add(cart, ArticleFactory(name="Dyna")), add(cart, ArticleFactory(name="Stol"))
    put_in_stock(chair.warehouse, chair.article, 1)
    for line in (late, chair):
        client.post(reverse("orders:together", args=[line.pk]), {"samlevereras": "ja"})
    page = client.get("/bestallning/").content.decode()
    assert "En rad kan inte levereras nu" in page
    assert "Stol samlevereras och väntar också" in page and "Välj «Var för sig»" in page


@pytest.mark.parametrize(("own", "words"), [(False, "Från folkbokföringen"), (True, "Nygatan 41")])
def test_the_address_is_one_block_that_says_where_it_comes_from(client, user, own, words):
    cart = start(user)
    if own:
        carts.change(cart, {"street": "Nygatan 41"})
    page = client.get(DELIVERY).content.decode()
    assert words in page and "Annan adress" in page
    assert ("Från folkbokföringen" in page) is not own


def test_a_file_that_was_chosen_goes_along_when_the_order_is_sent(client, user, article):
    cart = start(user)
    add(cart, article)
    pdf = SimpleUploadedFile("intyg.pdf", b"%PDF-1.7 test\n%%EOF", "application/pdf")
    send(client, cart, file=pdf)
    assert Order.objects.get().attachments.get().name == "intyg.pdf"


def test_a_chosen_file_that_is_no_file_we_take_stops_the_order_at_its_field(client, user, article):
    cart = start(user)
    add(cart, article)
    response = send(client, cart, file=SimpleUploadedFile("a.pdf", b"#!/bin/sh", "application/pdf"))
    page = response.content.decode()
    assert response.status_code == 422 and 'id="id_file-error"' in page
    assert not Order.objects.exists()
