"""What all dialogs with steps do alike, tried on «Ny individ», «Hämtorder» and «Beställd artikel»."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from individuals.models import Individual
from organisation.models import Source
from organisation.permissions import BUFFERT
from pickups.models import PickupReason
from recipients.whereabouts import AddressRule
from sesam.models import DialogState
from sesam.steps import Step, strip
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import start
from tests.pickups.builders import lend, prescriber, someone
from tests.pickups.pages import begin, form_of
from tests.reading import read_page
from tests.real_http import signed_in

pytestmark = pytest.mark.django_db


def signed_in_as(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def keeper():
    store = BufferFactory(may_register_individuals=True)
    return UserFactory(roles=[BUFFERT], default_unit=UnitFactory(own_stores=[store]))


@pytest.fixture
def walker():
    return ArticleFactory(number="28100", is_marked=True, responsibility="B")


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_instant_make_one_and_both_are_shown_it(live_server, keeper, walker):
    one, other = signed_in(live_server, keeper)
    for number in range(8):
        first = one.get("/individer/ny/?lager=0880").location
        one.post(first, {"warehouse": "0880", "article": "28100", "action": "next"})
        one.post(first.replace("artikel", "kontroll"), {"confirmed": "on", "action": "next"})
        last = first.replace("artikel", "uppgifter")
        piece = {"number": f"70070{number}", "age": "0", "action": "next"}

        answers = at_once(
            lambda u=last, p=piece: one.post(u, p), lambda u=last, p=piece: other.post(u, p)
        )

        assert {answer.location for answer in answers} == {f"/individer/70070{number}/"}
        assert Individual.objects.filter(number=f"70070{number}").count() == 1


def test_a_later_step_leads_to_the_first_that_is_not_answered_and_keeps_what_was_typed(
    keeper, walker
):
    client = signed_in_as(keeper)
    first = client.get("/individer/ny/?lager=0880").url
    last = first.replace("artikel", "uppgifter")

    answer = client.post(last, {"number": "700700", "age": "4", "action": "next"})

    assert answer.url == first
    client.post(first, {"warehouse": "0880", "article": "28100", "action": "next"})
    client.post(first.replace("artikel", "kontroll"), {"confirmed": "on", "action": "next"})
    assert 'value="700700"' in read_page(client.get(last))


def test_back_keeps_what_is_wrong_and_does_not_scold_before_it_is_sent_again(keeper, walker):
    client = signed_in_as(keeper)
    first = client.get("/individer/ny/?lager=0880").url
    wrong = client.post(first, {"warehouse": "0880", "article": "hittepå", "action": "next"})
    assert wrong.status_code == 422
    assert "Ingen artikel har det numret" in read_page(wrong)

    again = read_page(client.get(first))

    assert 'value="hittepå"' in again
    assert "Ingen artikel har det numret" not in again


def test_an_earlier_step_that_no_longer_holds_is_shown_with_what_is_wrong(keeper, walker):
    client = signed_in_as(keeper)
    first = client.get("/individer/ny/?lager=0880").url
    client.post(first, {"warehouse": "0880", "article": "28100", "action": "next"})
    client.post(first.replace("artikel", "kontroll"), {"confirmed": "on", "action": "next"})
    walker.delete()

    answer = client.post(
        first.replace("artikel", "uppgifter"), {"number": "700700", "age": "0", "action": "next"}
    )

    assert answer.status_code == 409
    assert "Ingen artikel har det numret" in read_page(answer)
    assert not Individual.objects.exists()


def test_another_reason_for_a_pickup_brings_its_own_address():
    loan = lend(someone(), ArticleFactory())
    client = signed_in_as(prescriber())
    first = begin(client, loan)
    form = form_of(client.get(first))
    info = client.post(first, form | {"action": "next"}).url
    typed = form_of(client.get(info)) | {"street": ["Fel gata 1"]}
    client.post(info, typed | {"action": "back"})
    same = client.post(first, form | {"action": "next"})
    assert form_of(client.get(same.url))["street"] == ["Fel gata 1"]

    other = PickupReason.objects.filter(is_active=True).exclude(pk=form["reason"][0]).first()
    PickupReason.objects.filter(pk=other.pk).update(address=AddressRule.UNIT)
    changed = client.post(first, form | {"reason": [other.pk], "action": "next"})

    assert form_of(client.get(changed.url))["street"] != ["Fel gata 1"]


def test_what_is_wrong_with_the_aids_on_the_way_does_not_touch_the_typed_address():
    loan = lend(someone(), ArticleFactory())
    client = signed_in_as(prescriber())
    first = begin(client, loan)
    form = form_of(client.get(first))
    info = client.post(first, form | {"action": "next"}).url
    typed = form_of(client.get(info)) | {"street": ["Sommarvägen 2"]}
    client.post(info, typed | {"action": "back"})

    none_ticked = {name: value for name, value in form.items() if name != "valda"}
    assert client.post(first, none_ticked | {"action": "next"}).status_code == 422
    client.post(first, form | {"action": "next"})

    assert form_of(client.get(info))["street"] == ["Sommarvägen 2"]


def test_another_reason_brings_its_address_also_by_way_of_something_wrong():
    loan = lend(someone(), ArticleFactory())
    client = signed_in_as(prescriber())
    first = begin(client, loan)
    form = form_of(client.get(first))
    info = client.post(first, form | {"action": "next"}).url
    client.post(info, form_of(client.get(info)) | {"street": ["Fel gata 1"], "action": "back"})
    other = PickupReason.objects.filter(is_active=True).exclude(pk=form["reason"][0]).first()
    PickupReason.objects.filter(pk=other.pk).update(address=AddressRule.UNIT)

    changed = form | {"reason": [other.pk], "action": "next"}
    none_ticked = {name: value for name, value in changed.items() if name != "valda"}
    assert client.post(first, none_ticked).status_code == 422
    client.post(first, changed)

    assert form_of(client.get(info))["street"] != ["Fel gata 1"]


def test_a_file_that_comes_with_a_step_that_takes_none_is_left_aside():
    user, article = UserFactory(), ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    cart = start(user)
    client = signed_in_as(user)
    step = client.get(f"/bestallning/artikel/{article.number}/").url
    asked = {"quantity": "1", "source": Source.CENTRAL.value, "action": "next"}
    empty = SimpleUploadedFile("intyg.pdf", b"")

    answer = client.post(step, {**asked, "warehouse": WarehouseFactory().number, "file": empty})

    assert answer.status_code == 302
    assert not cart.attachments.exists()


def test_an_unknown_step_is_nothing_also_of_a_dialog_that_has_ended():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    user = UserFactory()
    start(user)
    client = signed_in_as(user)
    step = client.get(f"/bestallning/artikel/{article.number}/").url

    assert client.get(step.replace("antal", "hittepå")).status_code == 404
    DialogState.objects.all().delete()
    assert client.get(step.replace("antal", "hittepå")).status_code == 404
    assert client.get(step).url == "/bestallning/"


def test_presets_answer_for_a_step_that_need_not_be_seen():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    user = UserFactory()
    cart = start(user)
    client = signed_in_as(user)
    step = client.get(f"/bestallning/artikel/{article.number}/").url
    asked = {"quantity": "1", "source": Source.CENTRAL.value}

    client.post(step, {**asked, "warehouse": WarehouseFactory().number, "action": "finish"})

    assert cart.lines.filter(component_of=None, quantity=1).exists()


def test_the_strip_says_which_steps_are_done():
    steps = [Step("a", "Ett"), Step("b", "Två"), Step("c", "Tre")]

    shown = strip(steps, "b", lambda name: f"/{name}/")

    assert [(step["label"], step["state"]) for step in shown] == [
        ("Ett", "done"), ("Två", "current"), ("Tre", "todo"),
    ]  # fmt: skip
