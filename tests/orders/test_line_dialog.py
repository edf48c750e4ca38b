"""The dialog «Beställd artikel» as a browser goes through it: what is sent goes where its form
says, and nothing that was typed is lost on the way."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.models import ArticleType, Balance, Fit, Project
from individuals.models import Individual
from orders import services
from orders.models import CartLine
from sesam.working_days import add_working_days
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PriceFactory,
    ReplacementGroupFactory,
    StandardComponentFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import add, manual_article, project_article, start
from .test_views import choice, open_dialog

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def text(response) -> str:
    return response.content.decode()  # with the keys: forms are followed by their address


def form_of(response) -> str:
    """The address that the dialog's form is sent to."""
    return re.search(r'class="dialog-form" method="post" action="([^"]+)"', text(response))[1]


@pytest.mark.parametrize("number", ["MANUELL", "39302", "39303"])
def test_fortsatt_on_the_first_step_asks_for_the_comment_and_keeps_it(client, user, number):
    article = {
        "MANUELL": manual_article,
        "39302": lambda: project_article(Project.WITH_OFFER),
        "39303": lambda: project_article(Project.WITHOUT_OFFER),
    }[number]()
    WarehouseFactory()
    cart = start(user)
    asked = client.post(open_dialog(client, article), choice())
    assert "Skriv en kommentar" in text(asked)
    client.post(form_of(asked), {"comment": "Sovrummet, ring först", "action": "finish"})
    line = cart.lines.get()
    assert (line.article.number, line.comment) == (number, "Sovrummet, ring först")


def test_a_step_that_refuses_stands_under_its_own_address(client, user):
    start(user)
    WarehouseFactory()
    first = open_dialog(client, manual_article())
    asked = client.post(first, choice(), headers={"HX-Request": "true"})
    assert asked["HX-Replace-Url"] == form_of(asked) == first.replace("/antal/", "/kommentar/")


def test_going_back_from_a_comment_that_was_asked_for_shows_the_first_step_as_it_was(client, user):
    cart = start(user)
    WarehouseFactory()
    first = open_dialog(client, manual_article())
    asked = client.post(first, choice(quantity="3"))
    client.post(form_of(asked), {"comment": "Ett bord", "action": "back"})
    assert 'name="quantity" value="3"' in text(client.get(first))
    client.post(first, choice(quantity="4"))
    assert [(line.quantity, line.comment) for line in cart.lines.all()] == [(4, "Ett bord")]


# --- from an own store ---


@pytest.fixture
def store(user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    return store


@pytest.fixture
def chair(store):
    """A marked wheelchair in the own store, without its cushion, which KHS has."""
    chair = ArticleFactory(name="Rullstol Etac", is_marked=True)
    put_in_stock(store, chair, 1)
    cushion = StandardComponentFactory(article=chair, component__name="Dyna Soft").component
    PriceFactory(article=cushion, amount="1944.00")
    put_in_stock(WarehouseFactory(), cushion, 5)
    return chair


def from_store(store, chair, **changes) -> dict[str, str]:
    piece = Individual.objects.get(article=chair)
    return choice(source="own", warehouse=store.number, individual=piece.number) | changes


def preview(response) -> str:
    return re.sub(r"\s+", " ", text(response).split('id="order-preview"')[1].split("</ul>")[0])


def test_the_first_step_says_per_line_where_it_comes_from_when_and_its_price(
    client, user, store, chair
):
    start(user)
    url = open_dialog(client, chair)
    chair_line, cushion_line = preview(
        client.post(url, from_store(store, chair, action="refresh"))
    ).split("</li>")[:2]
    assert "Rullstol Etac" in chair_line and "lämnas ut när du skickar" in chair_line
    assert str(store) in chair_line
    day = add_working_days(timezone.localdate(), WarehouseFactory().lead_time)
    assert "Dyna Soft" in cushion_line and str(day) in cushion_line
    assert f"Från {WarehouseFactory()}" in cushion_line and "1 944,00 kr" in cushion_line


@pytest.mark.parametrize("kept", [True, False])
def test_fortsatt_adds_nothing_from_khs_that_the_store_lacks_without_its_being_seen(
    client, user, store, chair, kept
):
    cart = start(user)
    stopped = client.post(open_dialog(client, chair), from_store(store, chair))
    assert not cart.lines.exists()
    step = stopped["Location"]
    assert step.endswith("/komponenter/")
    page = text(client.get(step))
    assert "Förrådet saknar en komponent" in page and "1\xa0944,00\xa0kr" in page
    cushion = chair.standard_components.get().component.number
    client.post(step, {"components": [cushion] if kept else [], "action": "finish"})
    assert cart.lines.filter(source="own").count() == 1
    assert cart.lines.filter(source="central").count() == kept


def test_a_store_without_the_article_is_shown_and_cannot_be_chosen(client, user, store, chair):
    start(user)
    empty = ArticleFactory(is_marked=True)
    url = open_dialog(client, empty)
    page = text(client.get(url))
    own = re.search(r'<input[^>]*value="own"[^>]*>', page)[0]
    assert "disabled" in own and "Eget förråd: inget finns" in page
    refused = client.post(url, choice(source="own", warehouse=store.number))
    assert refused.status_code == 422
    assert "Det finns inget kvar i förrådet. Beställ från KHS." in text(refused)


def test_of_two_stores_the_empty_one_cannot_be_chosen(client, user, store, chair):
    empty = BufferFactory(number="0881", name="Tomt förråd")
    user.default_unit.own_stores.add(empty)
    start(user)
    page = text(client.post(open_dialog(client, chair), from_store(store, chair, action="refresh")))
    assert "disabled" in re.search(r'<option value="0881"[^>]*>', page)[0]
    assert "disabled" not in re.search(rf'<option value="{store.number}"[^>]*>', page)[0]


def test_a_piece_that_lies_in_the_order_is_not_offered_again(client, user, store, chair):
    start(user)
    step = client.post(open_dialog(client, chair), from_store(store, chair))["Location"]
    client.post(step, {"action": "finish"})
    page = text(client.get(open_dialog(client, chair)))
    assert "Eget förråd: inget finns" in page
    # The line itself is changed with the piece that it has.
    line = CartLine.objects.get(component_of=None)
    again = client.get(reverse("orders:change_line", args=[line.pk]))["Location"]
    assert f'value="{line.individual.number}" selected' in text(client.get(again))


def test_the_confirmation_says_what_was_handed_out_and_what_comes_from_khs(
    client, user, store, chair
):
    cart = start(user)
    step = client.post(open_dialog(client, chair), from_store(store, chair))["Location"]
    client.post(step, {
        "components": [chair.standard_components.get().component.number], "action": "finish",
    })  # fmt: skip
    order = services.send(cart, user=user)
    page = text(client.get(reverse("orders:confirmation", args=[order.case_number])))
    out, to_come = page.split("Utlämnat ur förrådet")[1].split("Kommer från KHS")
    assert "1 st Rullstol Etac, individ" in out and "Dyna" not in out
    assert "1 st Dyna Soft" in to_come
    assert "det som fanns i förrådet är utlämnat" in page


# --- after a replacement ---


@pytest.fixture
def group():
    """Cross 5 is out of stock and expected; of Cross 6 there are two, of Cross 7 four."""
    khs = WarehouseFactory()
    found = {}
    for number, stock in (("6", 2), ("7", 4), ("5", 0)):
        found[number] = ArticleFactory(number=f"90000{number}", name=f"Cross {number}")
        put_in_stock(khs, found[number], stock or 1)
    Balance.objects.filter(article=found["5"]).update(
        on_hand=0, expected_on=timezone.localdate() + dt.timedelta(days=11)
    )
    ReplacementGroupFactory(articles=list(found.values()))
    return found


def spread(client, group, wanted: int, *, backlog: int = 0, **counts: int):
    """The dialog of Cross 5, with its quantity spread; the address of the spread's step and the
    answer."""
    first = open_dialog(client, group["5"])
    step = client.post(first, choice(quantity=str(wanted)))["Location"]
    data = {f"antal_{group[number].number}": "0" for number in group}
    data |= {f"antal_{group[name[1:]].number}": str(n) for name, n in counts.items()}
    data |= {"backlog": str(backlog), "confirmed": "on", "action": "next"}
    return step, client.post(step, data)


def told(client, step, answer) -> str:
    client.post(answer["Location"], {"action": "finish"})
    page = text(client.get("/artiklar/?ny=1"))
    return re.sub(r"<[^>]+>|\s+", " ", page.split('id="messages"')[1].split("</ul>")[0])


@pytest.mark.parametrize(
    ("wanted", "counts", "words"),
    [
        (1, {"n6": 1}, "Cross 6 ligger i beställningen i stället för Cross 5."),
        (
            3,
            {"n6": 2, "n7": 1},
            "2 st Cross 6 och 1 st Cross 7 ligger i beställningen i stället för Cross 5.",
        ),
        (
            3,
            {"n6": 2, "backlog": 1},
            "2 st Cross 6 och 1 st Cross 5 ligger i beställningen. 1 st Cross 5 restnoteras och"
            " väntas in {expected}.",
        ),
    ],
)
def test_the_message_names_what_went_in_and_what_is_backlogged(
    client, user, group, wanted, counts, words
):
    start(user)
    expected = timezone.localdate() + dt.timedelta(days=11)
    step, answer = spread(client, group, wanted, **counts)
    assert words.format(expected=expected) in told(client, step, answer)


def test_the_head_of_later_steps_counts_and_names_all_that_go_in(client, user, group):
    StandardComponentFactory(article=group["6"], component__name="Dyna Sex")
    start(user)
    _, answer = spread(client, group, 4, n6=2, n7=1, backlog=1)
    parts = client.get(answer["Location"])
    head = preview(parts)
    for words in ("2 st <b>Cross 6", "1 st <b>Cross 7", "1 st <b>Cross 5", "2 st <b>Dyna Sex"):
        assert words in head
    assert head.index("Cross 6") < head.index("Dyna Sex") < head.index("Cross 7")
    assert "1 st restnoteras, väntas in" in head.split("Cross 5</b>")[1]
    assert "900005 i stället för" not in head
    assert "4 st hjälpmedel och 2 st komponenter" in text(parts)


def test_the_message_says_that_a_component_is_backlogged(client, user, group):
    part = StandardComponentFactory(article=group["6"], component__name="Dyna Sex").component
    start(user)
    step = client.get(f"/bestallning/artikel/{group['6'].number}/").url
    client.post(step, choice(quantity="1", action="finish"))
    page = text(client.get("/artiklar/?ny=1"))
    assert f"1 st {part.name} restnoteras, utan datum än." in page


def test_a_component_says_which_article_it_goes_with_and_goes_with_that_one(client, user, group):
    StandardComponentFactory(article=group["6"], component__name="Dyna Sex")
    fits = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True, name="Bricka Sju")
    Fit.objects.create(main=group["7"], part=fits)
    cart = start(user)
    _, answer = spread(client, group, 4, n7=2, n6=1, backlog=1)
    page = text(client.get(answer["Location"]))
    assert re.search(r"Dyna Sex <small[^<]*till varje Cross 6 ", page)
    assert re.search(r"Bricka Sju <small[^<]*till varje Cross 7 [^<]*passar", page)
    client.post(answer["Location"], {"others": [fits.number], "action": "finish"})
    part = cart.lines.get(article=fits)
    assert (part.component_of.article, part.quantity) == (group["7"], 2)


# --- components ---


def test_a_search_for_components_shows_number_availability_price_and_whether_they_fit(client, user):
    khs = WarehouseFactory()
    main = ArticleFactory(name="Rollator Sola")
    fits, other = (
        ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True, name=f"Korg {name}")
        for name in ("Sola", "Annan")
    )
    Fit.objects.create(main=main, part=fits)
    put_in_stock(khs, fits, 3)
    PriceFactory(article=other, amount="120.50")
    start(user)
    step = client.post(open_dialog(client, main), choice(action="next"))["Location"]
    page = text(client.post(step, {"search": "korg", "action": "refresh"}))
    assert "2 träffar" in page
    assert page.index('name="search"') < page.index("Korg Sola"), "the search stands on top"
    row = {
        name: re.search(rf"Korg {name} <small[^>]*>([^<]*)", page)[1] for name in ("Sola", "Annan")
    }
    assert fits.number in row["Sola"] and "3 st tillgängliga" in row["Sola"]
    assert row["Sola"].endswith(" passar")
    assert "0 st tillgängliga" in row["Annan"] and "120,50" in row["Annan"]
    assert row["Annan"].endswith("okänt om den passar")


# --- a number typed, and what can't be ordered here ---


def test_an_exact_number_opens_the_dialog_at_once_while_an_order_is_in_progress(client, user):
    article = ArticleFactory()
    gone = ArticleFactory(is_discontinued=True)

    def led_to(article) -> str:
        (asked,) = {
            client.post("/artiklar/", {"q": article.number})["Location"],
            client.get("/artiklar/", {"q": article.number})["Location"],
        }
        return asked

    assert led_to(article) == reverse("articles:detail", args=[article.number])
    cart = start(user)
    add_url = reverse("orders:add", args=[article.number])
    assert led_to(article) == f"{add_url}?till={cart.token}"
    assert client.post("/", {"q": article.number})["Location"] == f"{add_url}?till={cart.token}"
    assert led_to(gone) == reverse("articles:detail", args=[gone.number])


def test_a_bed_that_cannot_join_the_order_leads_to_finishing_it_and_has_no_dead_buttons(
    client, user
):
    bed = ArticleFactory(own_order_only=True)
    add(start(user), ArticleFactory())
    page = text(client.get(open_dialog(client, bed)))
    foot = page.split('class="dialog-foot"')[1]
    assert 'href="/bestallning/slutfor/"' in foot and "Slutför den pågående" in foot
    assert ">Fortsätt<" not in foot and ">Nästa<" not in foot
    assert 'name="quantity"' not in page
