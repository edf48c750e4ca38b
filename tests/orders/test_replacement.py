"""«Ersättningsartiklar» and components in the order dialog, through the front door."""

import pytest
from django.test import Client

from articles.models import ArticleType, Fit
from orders import services
from sesam.models import DialogState
from tests.factories import (
    ArticleFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    ReplacementGroupFactory,
    StandardComponentFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import start
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


@pytest.fixture
def group():
    """The handbook's case: 37121 is out of stock; 43027 has two and 46948 four."""
    khs = WarehouseFactory()
    articles = {}
    for number, stock in (("43027", 2), ("46948", 4), ("37121", 0)):
        articles[number] = ArticleFactory(number=number, name=f"Cross {number}")
        if stock:
            put_in_stock(khs, articles[number], stock)
    ReplacementGroupFactory(articles=list(articles.values()))
    return articles


def spread(backlog: int = 0, confirmed: bool = False, **counts: int) -> dict[str, str]:
    data = {f"antal_{number.removeprefix('n')}": str(count) for number, count in counts.items()}
    data |= {"backlog": str(backlog), "action": "finish"}
    return data | ({"confirmed": "on"} if confirmed else {})


def lines(cart) -> list[tuple]:
    return [
        (x.article.number, x.quantity, x.asked_article and x.asked_article.number)
        for x in cart.lines.filter(component_of=None).order_by("pk")
    ]


def test_an_article_without_stock_suggests_its_group_by_rank_before_anything_is_ordered(
    client, user, group
):
    cart = start(user)
    first = open_dialog(client, group["37121"])
    step = client.post(first, choice(quantity="3"))["Location"]
    assert "/ersattning/" in step, "«Fortsätt» must not order something else unseen"
    assert not cart.lines.exists()
    text = client.get(step).content.decode()
    assert "37121, den du valde" in text and "3 av 3 fördelade" in text
    assert "<div data-later hidden>" in text, "nothing is to come later: no yes is asked for"
    client.post(step, spread(n43027=2, n46948=1, n37121=0))
    assert lines(cart) == [("43027", 2, "37121"), ("46948", 1, "37121")]
    assert "0 st tillgängliga av 3" in cart.lines.first().replaced_because


def test_another_one_of_the_group_may_be_chosen_and_the_order_remembers_why(client, user, group):
    cart = start(user)
    step = client.post(open_dialog(client, group["37121"]), choice())["Location"]
    client.post(step, spread(n43027=0, n46948=1, n37121=0))
    assert lines(cart) == [("46948", 1, "37121")]
    order = services.send(cart, user=user)
    page = client.get(f"/bestallningar/{order.case_number}/").content.decode()
    assert "Ersätter 37121" in page
    assert order.lines.get().reserved == 1


def test_waiting_for_the_chosen_one_must_be_confirmed(client, user, group):
    cart = start(user)
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="2"))["Location"]
    waiting = spread(n43027=0, n46948=0, n37121=0, backlog=2)
    response = client.post(step, waiting)
    assert response.status_code == 422
    text = response.content.decode()
    assert "Bekräfta att 2 st ska restnoteras." in text and "<div data-later>" in text
    assert not cart.lines.exists()
    client.post(step, waiting | {"confirmed": "on"})
    assert lines(cart) == [("37121", 2, None)]


def test_a_forced_group_lets_nobody_wait_for_the_chosen_one(client, user, group):
    forced = group["37121"].replacement.group
    forced.is_forced = True
    forced.save()
    cart = start(user)
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="8"))["Location"]
    assert "MANUELL" in client.get(step).content.decode()
    client.post(step, spread(n43027=2, n46948=4, n37121=0, backlog=2, confirmed=True))
    assert lines(cart) == [("43027", 4, "37121"), ("46948", 4, "37121")]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"n43027": 3, "n46948": 0, "n37121": 0}, "Det finns 2 st. Minska antalet."),
        ({"n43027": 1, "n46948": 1, "n37121": 0}, "Du har fördelat 2 av 3 st."),
        ({"n43027": -1, "n46948": 4, "n37121": 0}, "Antalet kan inte vara mindre än 0."),
        ({"n43027": "två", "n46948": 1, "n37121": 0}, "Ange antalet med siffror."),
        ({"n43027": "", "n46948": 3, "n37121": 0}, "Ange 0 om den inte ska beställas."),
        ({"n43027": 10**9, "n46948": 3, "n37121": 0}, "Det finns 2 st."),
    ],
)
def test_a_spread_that_does_not_add_up_is_told_and_kept(client, user, group, counts, told):
    cart = start(user)
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="3"))["Location"]
    response = client.post(step, spread(**counts))
    assert response.status_code == 422
    text = response.content.decode()
    assert told in text
    assert f'value="{counts["n43027"]}"' in text or counts["n43027"] == ""
    assert not cart.lines.exists()


def test_changing_the_quantity_spreads_anew(client, user, group):
    start(user)
    first = open_dialog(client, group["37121"])
    step = client.post(first, choice(quantity="3"))["Location"]
    client.post(step, spread(n43027=0, n46948=3, n37121=0) | {"action": "back"})
    client.post(first, choice(quantity="4", action="next"))
    assert "4 av 4 fördelade" in client.get(step).content.decode()


def test_a_group_of_one_and_an_article_in_stock_ask_nothing(client, user, group):
    alone = ArticleFactory()
    ReplacementGroupFactory(articles=[alone])
    cart = start(user)
    client.post(open_dialog(client, alone), choice())
    client.post(open_dialog(client, group["46948"]), choice(quantity="4"))
    assert [number for number, _, _ in lines(cart)] == [alone.number, "46948"]


def test_a_group_without_any_stock_offers_to_wait(client, user, group):
    cart = start(user)
    khs = WarehouseFactory()
    khs.balances.update(on_hand=0)
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="2"))["Location"]
    assert 'name="backlog" value="2"' in client.get(step).content.decode()
    client.post(step, spread(n43027=0, n46948=0, n37121=0, backlog=2, confirmed=True))
    assert lines(cart) == [("37121", 2, None)]


def test_what_already_lies_in_the_cart_is_not_offered_twice(client, user, group):
    cart = start(user)
    client.post(open_dialog(client, group["43027"]), choice(quantity="2"))
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="2"))["Location"]
    client.post(step, spread(n43027=1, n46948=1, n37121=0))
    assert lines(cart) == [("43027", 2, None)]


def test_a_spread_sent_twice_makes_its_lines_once(client, user, group):
    cart = start(user)
    first = open_dialog(client, group["37121"])
    step = client.post(first, choice(quantity="3"))["Location"]
    state = DialogState.objects.get()
    client.post(step, spread(n43027=2, n46948=1, n37121=0))
    state.save(force_insert=True)  # as the second request saw it, which came before the end
    client.post(step, spread(n43027=2, n46948=1, n37121=0))
    assert lines(cart) == [("43027", 2, "37121"), ("46948", 1, "37121")]


# --- components ---


def components(cart) -> set[str]:
    return set(cart.lines.exclude(component_of=None).values_list("article__number", flat=True))


def test_other_components_that_fit_and_found_ones_can_be_chosen_once(client, user):
    chair = ArticleFactory()
    kept = StandardComponentFactory(article=chair).component
    fits = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True)
    Fit.objects.create(main=chair, part=fits)
    found = ArticleFactory(
        type=ArticleType.ACCESSORY, may_be_component=True, name="Bord 100% _rakt_"
    )
    cart = start(user)
    first = open_dialog(client, chair)
    step = client.post(first, choice(action="next"))["Location"]
    assert " och 1 st komponent<" in client.get(step).content.decode()
    searched = {"components": [kept.number], "others": [fits.number], "search": "100% _rakt"}
    page = client.post(step, searched | {"action": "refresh"}).content.decode()
    assert found.number in page and fits.number in page, "what was picked stays on the list"
    assert " och 2 st komponenter<" in page
    both = [fits.number, found.number, found.number]
    client.post(step, searched | {"others": both, "action": "finish"})
    assert components(cart) == {kept.number, fits.number, found.number}
    assert cart.lines.count() == 4


def test_each_standing_in_article_brings_its_own_standard_components(client, user, group):
    for number in ("43027", "46948"):
        StandardComponentFactory(article=group[number], component__number=f"K{number}")
    cart = start(user)
    step = client.post(open_dialog(client, group["37121"]), choice(quantity="3", action="next"))[
        "Location"
    ]
    client.post(step, spread(n43027=2, n46948=1, n37121=0))
    parts = {
        (x.component_of.article.number, x.article.number, x.quantity)
        for x in cart.lines.exclude(component_of=None)
    }
    assert parts == {("43027", "K43027", 2), ("46948", "K46948", 1)}


def test_an_accessory_can_be_ordered_to_a_piece_that_the_recipient_has(client, user):
    recipient = RecipientFactory()
    piece = IndividualFactory(status="with_recipient")
    LoanFactory(recipient=recipient, individual=piece, article=piece.article)
    foreign = IndividualFactory(status="with_recipient")
    rest = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True)
    cart = start(user, recipient)
    step = open_dialog(client, rest)
    page = client.get(step).content.decode()
    assert "Monteras på" in page and piece.number in page and foreign.number not in page
    refused = client.post(step, choice(fitted_to=foreign.number))
    assert refused.status_code == 422
    assert "Välj en individ ur listan." in refused.content.decode()
    client.post(step, choice(fitted_to=piece.number))
    assert cart.lines.get().fitted_to == piece
