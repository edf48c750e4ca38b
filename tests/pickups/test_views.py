"""Through the front door: ticked aids, returns, return slips, pickup orders and their page."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from organisation.models import AccessLogEntry, Warehouse
from pickups import services
from pickups.models import PickupOrder, PickupStatus, Return
from recipients.models import Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    UnitFactory,
    UserFactory,
)
from tests.undoing import undo_address

from .builders import (
    DETAILS,
    fetched,
    lend,
    lend_chair_with_part,
    prescriber,
    reason,
    returned,
    someone,
)
from .pages import begin, form_of, give_back, new_return, page_of, to_information

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


# --- the recipient's page ---


def test_held_aids_have_boxes_and_a_bar_with_what_can_be_done(client):
    loan = lend(someone(), ArticleFactory())

    text = client.get(page_of(loan.recipient)).content.decode()

    assert f'name="valda" value="{loan.pk}" form="bulk"' in text
    bar = text[text.index("data-bulk") :]
    assert [bar.index(f">{label}") for label in ("Retur", "Hämtorder", "Retursedel")] == sorted(
        bar.index(f">{label}") for label in ("Retur", "Hämtorder", "Retursedel")
    )


def test_an_aid_on_a_pickup_order_is_tagged_and_cannot_be_ticked(client):
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)

    text = client.get(page_of(loan.recipient)).content.decode()

    assert f"Hämtorder {pickup.case_number}</a>" in text
    assert 'name="valda"' not in text


def test_another_units_user_sees_the_tag_without_a_link():
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)
    client = Client()
    client.force_login(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))

    text = client.get(page_of(loan.recipient)).content.decode()

    assert f"Hämtorder {pickup.case_number}" in text
    assert f"/hamtordrar/{pickup.case_number}/" not in text


def test_queries_do_not_grow_with_the_aids(client):
    recipient = someone()

    def queries(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(url)
        return len(captured)

    urls = [page_of(recipient), new_return(recipient)]
    lend(recipient, ArticleFactory())
    for url in urls:
        client.get(url)
    before = [queries(url) for url in urls]
    for _ in range(3):
        fetched(lend(recipient, ArticleFactory(is_marked=True)))
        lend(recipient, ArticleFactory(is_marked=True))
    after = [queries(url) for url in urls]
    assert after[1] <= before[1] + 3  # what marked aids ask for besides, once
    for _ in range(5):
        lend(recipient, ArticleFactory(is_marked=True))
    assert [queries(url) for url in urls] == after


# --- returns ---


def test_two_ticked_aids_come_back_by_one_form(client):
    recipient = someone()
    one = lend(recipient, ArticleFactory(is_marked=True))
    other = lend(recipient, ArticleFactory(), 3)

    bar = client.post(new_return(recipient), {"valda": [one.pk, other.pk]})
    form = form_of(client.get(bar.url))
    assert sorted(form["valda"]) == sorted([str(one.pk), str(other.pk)])
    form[f"antal-{other.pk}"] = ["2"]
    response = give_back(client, recipient, form, follow=True)

    assert "Returbekräftelse" in response.content.decode()
    one.refresh_from_db()
    other.refresh_from_db()
    assert one.ended_at
    assert other.held == 1
    assert Return.objects.get().warehouse == BufferFactory()
    text = client.get(page_of(recipient) + "?flik=aterlamnat").content.decode()
    assert one.title in text
    assert other.title in text


def test_sent_twice_shows_the_same_confirmation(client):
    loan = lend(someone(), ArticleFactory())
    form = form_of(client.get(new_return(loan.recipient, loan)))

    first = give_back(client, loan.recipient, form)
    second = give_back(client, loan.recipient, form)

    assert first.url == second.url
    assert Return.objects.count() == 1


def test_the_fault_stands_at_its_row_and_what_was_typed_is_kept(client):
    loan = lend(someone(), ArticleFactory(), 3)
    form = form_of(client.get(new_return(loan.recipient, loan)))
    form[f"antal-{loan.pk}"] = ["7"]

    response = give_back(client, loan.recipient, form)

    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="fel-{loan.pk}"' in text
    assert "mottagaren har 3 st" in text
    assert 'value="7"' in text


def test_an_aid_that_somebody_else_took_back_is_told_and_the_rest_is_kept(client):
    recipient = someone()
    one, other = lend(recipient, ArticleFactory()), lend(recipient, ArticleFactory())
    form = form_of(client.get(new_return(recipient, one, other)))
    returned(one)

    response = give_back(client, recipient, form)

    assert response.status_code == 409
    assert f"{one.title} är redan återlämnat" in response.content.decode()
    other.refresh_from_db()
    assert other.ended_at is None


def test_a_part_is_ticked_with_its_aid_and_stays_if_it_is_ticked_off(client):
    chair, cushion = lend_chair_with_part(someone())
    form = form_of(client.get(new_return(chair.recipient, chair)))
    assert set(form["valda"]) == {str(chair.pk), str(cushion.pk)}

    form["valda"] = [str(chair.pk)]
    give_back(client, chair.recipient, form)

    cushion.refresh_from_db()
    assert cushion.ended_at is None


def test_a_part_fitted_meanwhile_is_told_at_its_aid(client):
    chair, cushion = lend_chair_with_part(someone())
    form = form_of(client.get(new_return(chair.recipient, chair)))
    form["visad"].remove(str(cushion.pk))
    form["valda"] = [str(chair.pk)]

    response = give_back(client, chair.recipient, form)

    assert response.status_code == 422
    assert "Sittdyna har monterats på" in response.content.decode()
    assert str(cushion.pk) in form_of(response)["visad"], "now it has been seen"


def test_an_a_aid_warns_and_comes_back_when_it_is_confirmed(client):
    loan = lend(someone(), ArticleFactory())
    shown = client.get(new_return(loan.recipient, loan))
    assert "A-hjälpmedel är valt" in shown.content.decode()
    form = form_of(shown)

    asked = client.post(new_return(loan.recipient), form)

    text = asked.content.decode()
    assert asked.status_code == 422
    assert 'name="bekrafta"' in text and "1 st till förrådet" in text
    assert form_of(asked)["token"] == form["token"], "it is still the same return"
    assert not Return.objects.exists()
    give_back(client, loan.recipient, form)
    loan.refresh_from_db()
    assert loan.ended_at


def test_an_a_aid_that_is_scrapped_is_not_said_to_go_to_the_store(client):
    recipient = someone()
    loan, other = lend(recipient, ArticleFactory()), lend(recipient, ArticleFactory())
    form = form_of(client.get(new_return(recipient))) | {"skrota": [str(loan.pk)]}

    def says_store(answer):
        return "<p data-about-a>" in answer.content.decode()

    assert not says_store(client.post(new_return(recipient), form))
    assert says_store(client.post(new_return(recipient), form | {"valda": [str(other.pk)]}))


def test_scrap_alone_returns_too_and_never_without_a_yes(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory(responsibility="B"), 3)
    other = lend(recipient, ArticleFactory(responsibility="B"))
    form = form_of(client.get(new_return(recipient)))
    form |= {"skrota": [str(loan.pk)], f"antal-{loan.pk}": ["2"]}

    asked = client.post(new_return(recipient), form)

    text = asked.content.decode()
    assert asked.status_code == 422 and "2 st skrotas, 1 st stannar hos mottagaren" in text
    assert form_of(asked)["valda"] == [str(loan.pk)] == form_of(asked)["skrota"]
    assert not Return.objects.exists()
    another = form | {"skrota": [str(loan.pk), str(other.pk)], "bekrafta": [f"s{loan.pk}"]}
    assert client.post(new_return(recipient), another).status_code == 422, "not what was shown"
    give_back(client, recipient, form)
    line = Return.objects.get().lines.get()
    assert (line.loan, line.quantity, line.scrapped) == (loan, 2, True)


def test_a_b_aid_comes_back_without_a_question(client):
    loan = lend(someone(), ArticleFactory(responsibility="B"))
    form = form_of(client.get(new_return(loan.recipient, loan)))
    assert client.post(new_return(loan.recipient), form).status_code == 302


def test_a_return_is_undone_the_same_day(client):
    loan = lend(someone(), ArticleFactory())
    made = returned(loan)

    response = client.post(reverse("pickups:undo", args=[made.key]), follow=True)

    text = response.content.decode()
    assert "Returen är ångrad" in text
    assert "Hos mottagaren igen" in text and "I lager" not in text
    loan.refresh_from_db()
    assert loan.ended_at is None


def test_a_deceased_persons_page_offers_return_and_pickup(client):
    recipient = someone()
    lend(recipient, ArticleFactory())
    Recipient.objects.filter(pk=recipient.pk).update(deceased_on=timezone.localdate())

    text = client.get(page_of(recipient)).content.decode()

    for label in ("Retur", "Hämtorder", "Retursedel"):
        assert f"<span>{label}</span></button></li>" in text  # «Registrera/skapa»
        assert re.search(rf"formaction=\"[^\"]+\"( data-dialog)?>{label}</button>", text)  # the bar


def test_a_return_is_logged(client, user):
    loan = lend(someone(), ArticleFactory())
    form = form_of(client.get(new_return(loan.recipient, loan)))
    give_back(client, loan.recipient, form)

    entry = AccessLogEntry.objects.get(action="change", user=user)
    assert (entry.recipient_key, entry.detail) == (loan.recipient.key, "Retur")


# --- pickup orders ---


def test_a_pickup_order_from_ticks_to_confirmation(client):
    loan = lend(someone(), ArticleFactory(iso_code="122203"))
    Warehouse.objects.filter(number="0880").update(
        street="Förrådsgatan 4", postcode="39245", locality="Kalmar"
    )

    url, form = to_information(client, loan)
    assert form["street"] == ["Förrådsgatan 4"], "the reason's address: the own store's"
    response = client.post(url, form, follow=True)

    pickup = PickupOrder.objects.get()
    text = response.content.decode()
    assert "Hämtorderbekräftelse" in text
    assert pickup.case_number in text
    assert pickup.reason == reason(), "preselected: it is the only one that fits"
    assert client.get(reverse("pickups:detail", args=[pickup.case_number])).status_code == 200


@pytest.mark.parametrize(("iso_code", "words"), [("181210", "säng"), ("123612", "taklyft")])
def test_the_reason_is_preselected_by_what_is_ticked(client, iso_code, words):
    loan = lend(someone(), ArticleFactory(iso_code=iso_code))

    form = form_of(client.get(begin(client, loan)))

    assert form["reason"] == [str(reason(words).pk)]


def test_aids_of_different_kinds_leave_the_reason_open(client):
    recipient = someone()
    bed = lend(recipient, ArticleFactory(iso_code="181210"))
    hoist = lend(recipient, ArticleFactory(iso_code="123612"))

    assert "reason" not in form_of(client.get(begin(client, bed, hoist)))


def test_a_bed_is_fetched_at_home_with_all_that_the_driver_needs(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory(iso_code="181210"))

    _, form = to_information(client, loan)

    assert form["street"] == [recipient.street]
    assert form["door_code"] == [recipient.door_code]
    assert form["instructions"] == [recipient.instructions]


def test_another_reason_brings_its_own_address_and_keeps_the_rest(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory(iso_code="181210"))
    url, form = to_information(client, loan)
    client.post(url, form | {"comment": ["Ring först"], "action": "back"})
    first = url.replace("information", "hjalpmedel")

    back = form_of(client.get(first))
    client.post(first, back | {"reason": [str(reason().pk)], "action": "next"})
    again = form_of(client.get(url))

    assert again["comment"] == ["Ring först"]
    assert again["street"] != [recipient.street]


def test_a_protected_persons_address_is_typed_for_the_case(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory(iso_code="181210"))
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)

    url, form = to_information(client, loan)
    assert form["street"] == [""]
    assert recipient.street not in client.get(url).content.decode()
    refused = client.post(url, form)
    assert refused.status_code == 422
    client.post(url, form | DETAILS)

    pickup = PickupOrder.objects.get()
    page = reverse("pickups:detail", args=[pickup.case_number])
    assert DETAILS["street"] in client.get(page).content.decode()
    services.cancel_pickup(pickup, user=pickup.ordered_by)
    assert DETAILS["street"] not in client.get(page).content.decode()


def test_text_that_looks_personal_must_be_confirmed_for_the_supplier(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory(iso_code="123612"))
    url, form = to_information(client, loan)
    form["comment"] = [f"Taklyft hos {recipient.family_name}"]
    assert "text_confirmed" not in client.get(url).content.decode()

    refused = client.post(url, form)
    assert refused.status_code == 422
    assert recipient.family_name in refused.content.decode()
    assert 'name="text_confirmed"' in refused.content.decode()
    text = client.post(url, form | {"text_confirmed": "on"}, follow=True).content.decode()

    assert "info@guldmann.se" in text
    assert "0322-552 90" in text


def test_a_double_send_makes_one_pickup_order(client):
    loan = lend(someone(), ArticleFactory(iso_code="181210"))
    url, form = to_information(client, loan)

    client.post(url, form)
    again = client.post(url, form)

    pickup = PickupOrder.objects.get()
    assert pickup.case_number in again.url


def test_the_page_changes_address_contact_and_comment_in_place(client):
    pickup = fetched(lend(someone(), ArticleFactory()))
    page = reverse("pickups:detail", args=[pickup.case_number])

    for block, values, field in [
        ("adress", {**DETAILS, "street": "Nygatan 1"}, "street"),
        (
            "kontakt",
            {**DETAILS, "contact_name": "Britt Ek", "contact_prescriber": "nej"},
            "contact_name",
        ),
        ("kommentar", {"comment": "Ring först"}, "comment"),
    ]:
        assert form_of(client.get(f"{page}?redigera={block}"))
        assert client.post(f"{page}?redigera={block}", values).status_code == 302
        pickup.refresh_from_db()
        assert getattr(pickup, field) == values[field]
    wrong = client.post(f"{page}?redigera=adress", {**DETAILS, "postcode": "12"})
    assert wrong.status_code == 422
    assert "fem siffror" in wrong.content.decode()
    nobodys = {"contact_name": "Bo Ek", "contact_phone": "0000000"}
    wrong = client.post(f"{page}?redigera=kontakt", nobodys)
    assert wrong.status_code == 422
    assert "Numret stämmer inte" in wrong.content.decode()


def test_the_contact_switch_is_this_pickup_orders_alone(client):
    pickup = fetched(lend(someone(), ArticleFactory()))

    page = reverse("pickups:detail", args=[pickup.case_number])
    form = form_of(client.get(f"{page}?redigera=kontakt"))
    assert form["contact_prescriber"] == ["nej"]

    saved = client.post(f"{page}?redigera=kontakt", form | {"contact_prescriber": "ja"})
    text = client.get(saved.url).content.decode()
    pickup.refresh_from_db()
    pickup.recipient.refresh_from_db()
    assert pickup.contact_prescriber
    assert not pickup.recipient.contact_prescriber
    assert "Förskrivare ska kontaktas." in text

    again = undo_address(text)
    for _ in range(2):
        client.post(again)
        pickup.refresh_from_db()
        assert not pickup.contact_prescriber


def test_the_contact_switch_is_not_turned_back_over_what_somebody_else_did_since(client):
    pickup = fetched(lend(someone(), ArticleFactory()))
    page = reverse("pickups:detail", args=[pickup.case_number])
    form = form_of(client.get(f"{page}?redigera=kontakt"))
    saved = client.post(f"{page}?redigera=kontakt", form | {"contact_prescriber": "ja"})
    again = undo_address(client.get(saved.url).content.decode())
    services.change_pickup(pickup, user=pickup.ordered_by, details={"comment": "Ring först"})

    text = client.post(again, follow=True).content.decode()

    pickup.refresh_from_db()
    assert "har ändrats sedan dess" in text
    assert pickup.contact_prescriber


def test_a_masked_pickup_order_shows_its_contact_switch(client):
    pickup = fetched(lend(someone(), ArticleFactory()), details={"contact_prescriber": True})
    type(pickup.recipient).objects.update(is_protected=True)
    text = client.get(reverse("pickups:detail", args=[pickup.case_number])).content.decode()
    assert "Förskrivare ska kontaktas" in text
    assert "Förskrivare behöver inte kontaktas" not in text


def test_cancelling_asks_and_frees_the_aids(client):
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)
    url = reverse("pickups:cancel", args=[pickup.case_number])

    asked = client.get(url).content.decode()
    assert "Ja, makulera" in asked and "Behåll hämtordern" in asked
    response = client.post(url, {"action": "next"}, follow=True)

    assert f"Hämtorder {pickup.case_number} är makulerad" in response.content.decode()
    pickup.refresh_from_db()
    assert pickup.status == PickupStatus.CANCELLED
    assert f'value="{loan.pk}"' in client.get(page_of(loan.recipient)).content.decode()


def test_the_case_number_alone_finds_the_page(client):
    pickup = fetched(lend(someone(), ArticleFactory()))

    response = client.post("/", {"q": pickup.case_number})

    assert response.url == reverse("pickups:detail", args=[pickup.case_number])


def test_recipients_who_are_care_units_give_back_too(client):
    loan = lend(CareUnitFactory(), ArticleFactory())

    form = form_of(client.get(new_return(loan.recipient, loan)))
    give_back(client, loan.recipient, form)

    loan.refresh_from_db()
    assert loan.ended_at
