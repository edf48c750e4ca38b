"""KHS's side through the front door: the queue, receiving, differences, getting things ready."""

import re

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import Balance
from individuals.models import BlockReason, Individual
from organisation.models import AccessLogEntry
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from pickups.models import PickupOrder, PickupReason, PickupStatus
from recipients.models import Recipient
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory
from tests.pickups.pages import form_of

from .builders import fetched, lend, lend_chair_with_part, someone

pytestmark = pytest.mark.django_db
QUEUE = "admin:pickups_pickuporder_changelist"


@pytest.fixture
def khs():
    client = Client()
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def page(pickup: PickupOrder, name: str = "detail") -> str:
    return reverse(f"pickups:{name}", args=[pickup.case_number])


def receive(client, pickup, **typed):
    """Open the receiving page and send it: states by field name."""
    text = client.get(page(pickup, "receive")).content.decode()
    seen = re.search(r'name="mottaget" value="(\d+)"', text).group(1)
    return client.post(page(pickup, "receive"), {"mottaget": seen} | typed)


def field(pickup, what="skick") -> str:
    return f"{what}-rad-{pickup.lines.filter(is_open=True).first().pk}"


def test_the_queue_has_what_is_due_urgent_first(khs):
    calm = fetched(lend(someone(), ArticleFactory()))
    urgent = fetched(lend(someone(), ArticleFactory()), details={"is_urgent": True})
    done = fetched(lend(someone(), ArticleFactory()))
    receive(khs, done, **{field(done): "stock"})

    text = khs.get(reverse(QUEUE)).content.decode()

    assert text.index(urgent.case_number) < text.index(calm.case_number)
    assert done.case_number not in text


def test_queries_of_the_queue_do_not_grow(khs):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            khs.get(reverse(QUEUE))
        return len(captured)

    fetched(lend(someone(), ArticleFactory()))
    khs.get(reverse(QUEUE))
    before = queries()
    for _ in range(4):
        fetched(lend(someone(), ArticleFactory()))
    assert queries() == before


def test_receiving_ends_the_loan_and_fills_khs_shelf(khs):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)

    response = receive(khs, pickup, **{field(pickup): "stock"})

    assert response.status_code == 302
    pickup.refresh_from_db()
    loan.refresh_from_db()
    assert (pickup.status, bool(loan.ended_at)) == (PickupStatus.RECEIVED, True)
    assert Individual.objects.get(pk=loan.individual_id).warehouse == WarehouseFactory()


def test_khs_may_call_its_block_reasons_what_it_likes(khs):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)
    BlockReason.objects.update(name=Concat("name", Value(", verkstaden")))

    receive(khs, pickup, **{field(pickup): "cleaning"})

    (block,) = Individual.objects.get(pk=loan.individual_id).blocks.all()
    assert block.reason.name == "under rengöring, verkstaden"
    receipt = pickup.lines.get().receipts.get()
    khs.post(reverse("pickups:ready", args=[pickup.case_number, receipt.pk]))
    block.refresh_from_db()
    assert block.until, "and it is found again when the piece is clean"


def test_the_number_that_is_wrong_is_told_although_a_right_one_is_a_part_of_it(khs):
    pickup = fetched(lend(someone(), ArticleFactory()))
    right = ArticleFactory(number="9999")
    typed = {
        "nummer-1": right.number, "nummer-skick-1": "stock",
        "nummer-2": "99991", "nummer-skick-2": "stock",
    }  # fmt: skip

    text = receive(khs, pickup, **typed).content.decode()

    assert 'id="fel-nummer-2"' in text and 'id="fel-nummer-1"' not in text


def test_a_scrapped_pieces_number_is_told_where_it_was_typed(khs):
    theirs = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(lend(someone(), ArticleFactory()))
    Individual.objects.filter(pk=theirs.individual_id).update(status="scrapped")
    typed = {"nummer-3": theirs.individual.number, "nummer-skick-3": "stock"}

    assert 'id="fel-nummer-3"' in receive(khs, pickup, **typed).content.decode()


def test_what_is_cleaned_waits_on_the_page_until_it_is_ready(khs):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)
    receive(khs, pickup, **{field(pickup): "cleaning"})
    balance = Balance.objects.get(article=loan.article, warehouse=WarehouseFactory())
    assert balance.available == 0
    text = khs.get(page(pickup)).content.decode()
    assert "Görs i ordning" in text
    assert pickup.case_number in khs.get(reverse(QUEUE) + "?lage=vantar").content.decode()

    receipt = pickup.lines.get().receipts.get()
    ready = reverse("pickups:ready", args=[pickup.case_number, receipt.pk])
    khs.post(ready)

    balance.refresh_from_db()
    assert balance.available == 1
    assert "Görs i ordning" not in khs.get(page(pickup)).content.decode()


def test_differences_are_listed_and_found_in_the_queue(khs):
    recipient = someone()
    loan, other = lend(recipient, ArticleFactory(), 3), lend(recipient, ArticleFactory())
    theirs = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)

    receive(
        khs,
        pickup,
        **{
            field(pickup): "stock",
            field(pickup, "antal"): "2",
            "avsluta": "1",
            f"skick-lan-{other.pk}": "repair",
            "nummer-1": theirs.individual.number,
            "nummer-skick-1": "stock",
        },
    )

    text = khs.get(page(pickup)).content.decode()
    assert "1 av 3 kom inte" in text
    assert f"{other.title}: 1 st stod inte på hämtordern" in text
    assert "tillhör en annan mottagare" in text
    assert theirs.recipient.name not in text
    assert pickup.case_number in khs.get(reverse(QUEUE) + "?lage=skillnader").content.decode()
    logged = AccessLogEntry.objects.filter(action="change", case_number=pickup.case_number)
    assert {e.recipient_key for e in logged} == {recipient.key, theirs.recipient.key}


def test_the_portals_page_tells_nothing_of_somebody_elses_aid(khs):
    theirs = lend(someone(), ArticleFactory(name="Någon annans stol", is_marked=True))
    pickup = fetched(lend(someone(), ArticleFactory()))
    receive(
        khs,
        pickup,
        **{field(pickup): "stock", "nummer-1": theirs.individual.number, "nummer-skick-1": "stock"},
    )
    client = Client()
    client.force_login(pickup.ordered_by)

    text = client.get(reverse("pickups:detail", args=[pickup.case_number])).content.decode()

    assert "Någon annans stol" not in text
    assert theirs.individual.number not in text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"nummer-1": "999999", "nummer-skick-1": "stock"}, "har numret 999999"),
        ({"nummer-1": "999999"}, "Välj skick."),
        ({}, "Ange skick på minst en rad"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_happens(khs, typed, told):
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)

    response = receive(khs, pickup, **typed)

    assert response.status_code == 422
    assert told in response.content.decode()
    loan.refresh_from_db()
    assert loan.ended_at is None


def test_too_many_of_a_row_is_told_at_the_row(khs):
    pickup = fetched(lend(someone(), ArticleFactory(), 2))

    response = receive(khs, pickup, **{field(pickup): "stock", field(pickup, "antal"): "5"})

    assert "Ange ett heltal från 1 till 2." in response.content.decode()


def test_sent_from_an_old_page_happens_once(khs):
    loan = lend(someone(), ArticleFactory(), 4)
    pickup = fetched(loan)
    typed = {"mottaget": "0", field(pickup): "stock", field(pickup, "antal"): "1"}

    khs.post(page(pickup, "receive"), typed)
    again = khs.post(page(pickup, "receive"), typed, follow=True)

    assert "redan registrerad" in again.content.decode()
    loan.refresh_from_db()
    assert loan.returned == 1


def test_of_one_alone_no_number_is_sent_and_its_second_sending_is_known_too(khs):
    pickup = fetched(lend(someone(), ArticleFactory()))
    form = form_of(khs.get(page(pickup, "receive"))) | {field(pickup): "stock", "avsluta": "1"}
    assert field(pickup, "antal") not in form

    khs.post(page(pickup, "receive"), form)
    again = khs.post(page(pickup, "receive"), form, follow=True)

    assert "redan registrerad" in again.content.decode()


@pytest.mark.parametrize("other", [{"skick": "cleaning"}, {"antal": "2"}, {"avsluta": "1"}])
def test_something_else_sent_from_an_old_page_is_asked_about_and_kept(khs, other):
    loan = lend(someone(), ArticleFactory(), 4)
    pickup = fetched(loan)
    typed = {"mottaget": "0", field(pickup): "stock", field(pickup, "antal"): "1"}
    changed = {field(pickup, k) if k != "avsluta" else k: value for k, value in other.items()}

    khs.post(page(pickup, "receive"), typed)
    again = khs.post(page(pickup, "receive"), typed | changed)

    assert again.status_code == 422
    assert "Mer har tagits emot sedan du öppnade sidan" in again.content.decode()
    loan.refresh_from_db()
    assert loan.returned == 1


def test_the_same_that_somebody_else_received_in_between_is_no_second_sending(khs):
    loan = lend(someone(), ArticleFactory(), 4)
    pickup = fetched(loan)
    typed = {"mottaget": "0", field(pickup): "stock", field(pickup, "antal"): "1"}
    other = Client()
    other.force_login(UserFactory(roles=[KHS], is_staff=True))
    receive(other, pickup, **{field(pickup): "stock", field(pickup, "antal"): "1"})

    again = khs.post(page(pickup, "receive"), typed)

    assert again.status_code == 422 and "Mer har tagits emot" in again.content.decode()
    loan.refresh_from_db()
    assert loan.returned == 1


def test_parts_are_received_with_their_aid(khs):
    chair, cushion = lend_chair_with_part(someone())
    pickup = fetched(chair, cushion)
    states = {f"skick-rad-{line.pk}": "stock" for line in pickup.lines.all()}

    receive(khs, pickup, **states)

    cushion.refresh_from_db()
    assert cushion.ended_at


def test_a_pickup_is_planned_and_cancelled(khs):
    pickup = fetched(lend(someone(), ArticleFactory()))
    day = timezone.localdate().isoformat()

    khs.post(page(pickup, "plan"), {"dag": day})
    pickup.refresh_from_db()
    assert (pickup.status, pickup.planned_for.isoformat()) == (PickupStatus.PLANNED, day)
    wrong = khs.post(page(pickup, "plan"), {"dag": "i morgon"}, follow=True)
    assert "år-månad-dag" in wrong.content.decode()
    assert "Ja, makulera" in khs.get(page(pickup, "cancel")).content.decode()
    khs.post(page(pickup, "cancel"))
    pickup.refresh_from_db()
    assert pickup.status == PickupStatus.CANCELLED


def test_the_queue_hides_where_a_protected_person_lives(khs):
    pickup = fetched(lend(someone(), ArticleFactory()))
    Recipient.objects.filter(pk=pickup.recipient_id).update(is_protected=True)

    text = khs.get(reverse(QUEUE)).content.decode()

    assert "Skyddad identitet" in text
    assert pickup.unit.name not in text[text.index("result_list") :]


def test_a_case_number_finds_its_pickup_order(khs):
    pickup = fetched(lend(someone(), ArticleFactory()))
    find = reverse("admin:pickups_pickuporder_find")

    assert khs.post(find, {"nummer": pickup.case_number}).url == page(pickup)
    assert "Ingen hämtorder" in khs.post(find, {"nummer": "1"}, follow=True).content.decode()


REASON_FIELDS = (
    "name", "explanation", "done_by", "address", "document_name", "iso_codes", "supplier",
    "supplier_email", "supplier_phone", "rank", "personal_data", "is_active",
)  # fmt: skip


def edit_reason(khs, reason, **changes):
    """KHS changes the reason's form in the admin; a box that isn't ticked isn't sent."""
    values = {name: getattr(reason, name) for name in REASON_FIELDS} | changes
    url = reverse("admin:pickups_pickupreason_change", args=[reason.pk])
    response = khs.post(url, {k: v for k, v in values.items() if v is not False})
    reason.refresh_from_db()
    return response


def test_all_of_a_reason_can_be_edited_and_new_pickup_orders_follow_it(khs):
    reason = PickupReason.objects.get(supplier="Guldmann Sverige AB")
    changes = {
        "name": "Hämtning av taklyft Nordlyft",
        "explanation": "Nordlyft hämtar.",
        "address": "unit",
        "document_name": "Hämtorder Nordlyft",
        "iso_codes": "1236",
        "supplier": "Nordlyft AB",
        "supplier_email": "order@nordlyft.example",
        "supplier_phone": "0322-111 11",
        "rank": 9,
    }

    edit_reason(khs, reason, **changes)

    assert {name: getattr(reason, name) for name in changes} == changes
    pickup = fetched(lend(someone(), ArticleFactory(iso_code="123603")), reason=reason)
    page = khs.get(reverse("pickups:confirmation", args=[pickup.case_number])).content.decode()
    for word in ("Nordlyft AB", "order@nordlyft.example", "0322-111 11"):
        assert word in page


def test_a_reason_that_khs_does_itself_names_no_supplier(khs):
    reason = PickupReason.objects.get(supplier="Guldmann Sverige AB")
    edit_reason(khs, reason, done_by="khs")

    pickup = fetched(lend(someone(), ArticleFactory()), reason=reason)

    page = khs.get(reverse("pickups:detail", args=[pickup.case_number])).content.decode()
    assert "info@guldmann.se" not in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"iso_codes": "12-36"}, "Skriv koder med 2, 4 eller 6 siffror"),
        ({"supplier": ""}, "Leverantören hämtar: ange vem."),
        ({"supplier_email": ""}, "Leverantören hämtar: ange vart dokumentet mejlas."),
        ({"supplier_email": "guldmann"}, "giltig e-postadress"),
    ],
)
def test_a_reason_that_cannot_work_is_refused(khs, changes, told):
    reason = PickupReason.objects.get(supplier="Guldmann Sverige AB")

    assert told in edit_reason(khs, reason, **changes).content.decode()


def test_an_ended_reason_can_no_longer_be_chosen(khs):
    reason = PickupReason.objects.get(supplier="Guldmann Sverige AB")
    edit_reason(khs, reason, is_active=False)
    recipient = lend(someone(), ArticleFactory()).recipient

    dialog = khs.get(reverse("pickups:begin", args=[recipient.key]), follow=True)

    assert reason.name not in dialog.content.decode()


@pytest.mark.parametrize("role", [FORSKRIVARE, BUFFERT])
def test_only_khs_receives(role):
    pickup = fetched(lend(someone(), ArticleFactory()))
    client = Client()
    client.force_login(UserFactory(roles=[role], is_staff=True, is_superuser=role == BUFFERT))
    assert client.get(page(pickup, "receive")).status_code == 403
    assert client.post(page(pickup, "receive")).status_code == 403
    assert client.post(page(pickup, "plan"), {"dag": "2030-01-01"}).status_code == 403
    assert pickup.events.count() == 1
    assert client.get(reverse(QUEUE)).status_code == 403
