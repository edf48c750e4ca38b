"""Pickup orders: made, changed, cancelled, received by KHS with all that differs."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from articles.models import Balance
from individuals.models import Individual
from individuals.services import with_blocked
from individuals.stock_check import differences
from pickups import differences as courses
from pickups import services
from pickups.differences import course_of
from pickups.models import PickupLine, PickupOrder, PickupStatus, ReceivedState
from pickups.services import Extra, Got
from recipients.models import CareRelation, Loan
from sesam.errors import DomainError
from sesam.models import CaseKind, CaseNumber
from tests.activities.builders import closed
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    WarehouseFactory,
)

from .builders import (
    fetched,
    fitted_on,
    lend,
    lend_chair_with_part,
    prescriber,
    reason,
    returned,
    someone,
)

pytestmark = pytest.mark.django_db
STOCK, CLEANING, REPAIR = "stock", "cleaning", "repair"


def khs_balance(article) -> Balance:
    return Balance.objects.get(article=article, warehouse=WarehouseFactory())


def receive(pickup: PickupOrder, state: str = STOCK, **facts) -> PickupOrder:
    """All that is still open comes, in one state."""
    got = [Got(line.pk, line.quantity, state) for line in pickup.lines.filter(is_open=True)]
    return services.receive(pickup, facts.pop("got", got), user=prescriber(), **facts)


def test_a_pickup_order_has_a_number_a_care_relation_and_tags_its_aids():
    loan = lend(someone(), ArticleFactory())

    pickup = fetched(loan)

    assert CaseNumber.objects.get(pk=pickup.case_number).kind == CaseKind.PICKUP
    assert CareRelation.objects.filter(
        recipient=loan.recipient, unit=pickup.unit, case_number=pickup.case_number
    ).exists()
    with pytest.raises(DomainError, match=f"står redan på hämtorder {pickup.case_number}"):
        fetched(loan)


def test_the_database_lets_no_aid_stand_on_two_open_pickups():
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)

    with pytest.raises(IntegrityError), transaction.atomic():
        PickupLine.objects.create(pickup=pickup, loan=loan, article=loan.article, quantity=1)


def test_sent_twice_is_one_pickup_order():
    loan = lend(someone(), ArticleFactory())
    token = uuid.uuid4()

    assert fetched(loan, token=token) == fetched(loan, token=token)


@pytest.mark.parametrize(
    ("details", "field"), [({"street": ""}, "street"), ({"contact_phone": ""}, "contact_phone")]
)
def test_address_and_a_phone_number_are_needed(details, field):
    with pytest.raises(DomainError) as error:
        fetched(lend(someone(), ArticleFactory()), details=details)

    assert error.value.field == field


def test_the_loan_ends_when_khs_has_it():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)
    loan.refresh_from_db()
    assert loan.ended_at is None

    pickup = receive(pickup)

    loan.refresh_from_db()
    assert loan.ended_at
    assert pickup.status == PickupStatus.RECEIVED
    piece = Individual.objects.get(pk=loan.individual_id)
    assert (piece.status, piece.warehouse) == (Individual.Status.IN_STOCK, WarehouseFactory())
    assert khs_balance(loan.article).available == 1
    assert differences() == []


@pytest.mark.parametrize("marked", [True, False])
def test_what_is_repaired_has_its_activity_and_is_available_when_that_is_closed(marked):
    loan = lend(someone(), ArticleFactory(is_marked=marked))
    pickup = receive(fetched(loan), REPAIR)
    assert (khs_balance(loan.article).on_hand, khs_balance(loan.article).available) == (1, 0)
    activity = pickup.lines.get().receipts.get().activity
    line = activity.lines.get()
    assert (line.article, line.individual_id) == (loan.article, loan.individual_id)
    assert pickup.case_number in activity.request
    assert activity.recipient is None
    assert differences() == []

    assert [row.states for row in course_of(pickup)] == [["Till reparation"]]
    closed(activity)

    assert khs_balance(loan.article).available == 1
    assert differences() == []
    assert [row.states for row in course_of(pickup)] == [["Reparerat"]]


@pytest.mark.parametrize("marked", [True, False])
def test_what_is_cleaned_is_not_available_before_it_is_done(marked):
    loan = lend(someone(), ArticleFactory(is_marked=marked))
    pickup = receive(fetched(loan), CLEANING)
    assert (khs_balance(loan.article).on_hand, khs_balance(loan.article).available) == (1, 0)
    if marked:
        assert with_blocked().get(pk=loan.individual_id).blocked

    receipt = pickup.lines.get().receipts.get()
    assert [row.states for row in course_of(pickup)] == [["Till rengöring"]]
    services.make_available(receipt, user=pickup.ordered_by)
    services.make_available(receipt, user=pickup.ordered_by)
    assert [row.states for row in course_of(pickup)] == [["Rengjort"]]

    assert khs_balance(loan.article).available == 1
    if marked:
        assert not with_blocked().get(pk=loan.individual_id).blocked


def test_scrapped_and_missing_pieces_are_in_no_store():
    for state, status in [
        (ReceivedState.SCRAPPED, Individual.Status.SCRAPPED),
        (ReceivedState.MISSING, Individual.Status.MISSING),
    ]:
        loan = lend(someone(), ArticleFactory(is_marked=True))
        receive(fetched(loan), state)
        piece = Individual.objects.get(pk=loan.individual_id)
        loan.refresh_from_db()
        assert (piece.status, piece.warehouse) == (status, None)
        assert loan.ended_at
        assert loan.returned == (state == ReceivedState.SCRAPPED), "what is lost never came back"
    assert differences() == []


def test_a_part_that_is_lost_is_neither_held_nor_returned():
    loan = lend(someone(), ArticleFactory(), 5)
    pickup = fetched(loan)
    line = pickup.lines.get().pk

    receive(pickup, got=[Got(line, 2, STOCK), Got(line, 1, ReceivedState.MISSING)])

    loan.refresh_from_db()
    assert (loan.returned, loan.lost, loan.held) == (2, 1, 2)
    assert loan.ended_at is None

    receive(pickup, got=[Got(line, 2, STOCK)])

    loan.refresh_from_db()
    assert (loan.returned, loan.held) == (4, 0)
    assert loan.ended_at
    assert differences() == []


def test_a_part_comes_and_the_rest_is_given_up():
    loan = lend(someone(), ArticleFactory(), 5)
    pickup = fetched(loan)
    line = pickup.lines.get()

    pickup = receive(pickup, got=[Got(line.pk, 2, STOCK)])
    assert pickup.status == PickupStatus.PARTLY_RECEIVED
    with pytest.raises(DomainError, match="inget är hämtat"):
        services.cancel_pickup(pickup, user=pickup.ordered_by)
    pickup = receive(pickup, got=[], finish=True)

    loan.refresh_from_db()
    assert (loan.held, pickup.status) == (3, PickupStatus.RECEIVED)
    assert courses.told(pickup, courses.course_of(pickup)) == [f"{loan.title}: 3 av 5 kom inte."]
    assert fetched(loan), "what did not come can be chosen again"


def test_what_did_not_stand_on_the_order_is_taken_in_too():
    recipient = someone()
    one, other = lend(recipient, ArticleFactory()), lend(recipient, ArticleFactory())
    pickup = fetched(one)

    receive(pickup, extras=[Extra(1, STOCK, loan_id=other.pk)])

    other.refresh_from_db()
    assert other.ended_at
    assert courses.told(pickup, courses.course_of(pickup)) == [
        f"{other.title}: 1 st stod inte på hämtordern."
    ]
    assert differences() == []


def test_somebody_elses_aid_ends_their_loan_and_closes_their_pickup():
    mine = lend(someone(), ArticleFactory())
    theirs = lend(someone(), ArticleFactory(is_marked=True))
    other_pickup = fetched(theirs)
    pickup = fetched(mine)

    receive(pickup, extras=[Extra(1, STOCK, number=theirs.individual.number)])

    theirs.refresh_from_db()
    other_pickup.refresh_from_db()
    assert theirs.ended_at
    assert other_pickup.status == PickupStatus.RECEIVED
    assert other_pickup.events.last().text.endswith(f"kom med hämtorder {pickup.case_number}")
    assert courses.told(pickup, courses.course_of(pickup)) == [
        f"{theirs.title}, individ {theirs.individual.number}: tillhör en annan mottagare."
    ]
    assert theirs.recipient.name not in " ".join(courses.told(pickup, courses.course_of(pickup)))
    assert differences() == []


def test_goods_that_nobody_had_are_taken_in():
    pickup = fetched(lend(someone(), ArticleFactory()))
    found = ArticleFactory()

    receive(pickup, extras=[Extra(2, STOCK, number=found.number)])

    assert khs_balance(found).on_hand == 2
    assert courses.told(pickup, courses.course_of(pickup)) == [
        f"{found.name}: 2 st fanns inte hos någon mottagare."
    ]


@pytest.mark.parametrize("state", ["stock", "scrapped"])
def test_a_piece_that_is_in_a_store_or_scrapped_is_refused_as_extra(state):
    old = lend(someone(), ArticleFactory(is_marked=True))
    returned(old, scrap=state == "scrapped")
    pickup = fetched(lend(someone(), ArticleFactory()))

    with pytest.raises(DomainError, match="står redan i|är skrotad"):
        receive(pickup, extras=[Extra(1, STOCK, number=old.individual.number)])

    assert Loan.objects.get(pk=pickup.lines.get().loan_id).ended_at is None, "nothing happened"


def test_parts_that_come_along_stay_on_and_parts_that_stay_are_taken_off():
    chair, cushion = lend_chair_with_part(someone())
    pickup = fetched(chair, cushion)
    assert pickup.lines.get(loan=cushion).came_with.loan == chair
    receive(pickup)
    assert fitted_on(chair.individual) == ["Sittdyna"]

    chair, cushion = lend_chair_with_part(someone())
    pickup = fetched(chair)
    assert not pickup.lines.get().with_components
    receive(pickup)
    cushion.refresh_from_db()
    assert fitted_on(chair.individual) == []
    assert cushion.ended_at is None
    assert differences() == []


def test_receiving_twice_from_the_same_page_happens_once():
    loan = lend(someone(), ArticleFactory(), 4)
    pickup = fetched(loan)
    got = [Got(pickup.lines.get().pk, 1, STOCK)]
    receive(pickup, got=got, seen=0)

    with pytest.raises(DomainError, match="Mer har tagits emot"):
        receive(pickup, got=got, seen=0)


def test_address_and_comment_are_changed_while_it_is_open_only():
    pickup = fetched(lend(someone(), ArticleFactory()))
    user = pickup.ordered_by

    pickup = services.change_pickup(pickup, user=user, details={"comment": "Ring först"})
    assert pickup.comment == "Ring först"
    services.cancel_pickup(pickup, user=user)

    with pytest.raises(DomainError, match="kan inte ändras"):
        services.change_pickup(pickup, user=user, details={"comment": "Igen"})


# --- the supplier's paper: no personal data in typed text ---


@pytest.mark.parametrize(
    "text",
    ["Gäller {number}", "Ring {mobile}", "Port {door_code}", "Skriv till {email}", "{short}"],
)
def test_numbers_of_the_person_are_refused_in_text_for_the_supplier(text):
    recipient = someone()
    loan = lend(recipient, ArticleFactory())
    written = text.format(
        number=recipient.written_number,
        mobile="+46 70 174 06 12",
        door_code=recipient.door_code,
        email=recipient.email,
        short=recipient.number[2:8] + " - " + recipient.number[8:],
    )

    with pytest.raises(DomainError, match="Ta bort") as error:
        fetched(loan, reason=reason("taklyft"), details={"comment": written}, text_confirmed=True)

    assert error.value.field == "comment"


def test_words_of_the_person_must_be_confirmed_in_text_for_the_supplier():
    recipient = someone()
    loan = lend(recipient, ArticleFactory())
    hoist = reason("taklyft")
    typed = {"comment": f"Ring till {recipient.family_name} på Storgatan."}

    with pytest.raises(services.TextNeedsCheck) as error:
        fetched(loan, reason=hoist, details=typed)
    assert error.value.words == [recipient.family_name, "Storgatan"]

    pickup = fetched(loan, reason=hoist, details=typed, text_confirmed=True)
    assert pickup.text_confirmed
    with pytest.raises(services.TextNeedsCheck):
        services.change_pickup(
            pickup, user=pickup.ordered_by, details={"comment": f"{recipient.given_name} väntar"}
        )


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("Kör BAKOM sjöboden, till vänster.", "bakom sjöboden till"),
        ("Betalas av Ödemarks kommun.", "ödemarks kommun"),
        ("Han bor på Gömstigen.", "Gömstigen"),
        ("c/o Wahlund", "Wahlund"),
        ("I Ödemarkköping", "Ödemarkköping"),
        ("Postnummer 987 65", "987 65"),
    ],
)
def test_every_field_of_the_record_is_looked_for(comment, told):
    recipient = RecipientFactory(
        co="Xerxes Wahlund",
        postcode="98765",
        locality="Ödemarkköping",
        instructions="Bakom sjöboden till vänster",
        payer=PayerFactory(code="9911", name="Ödemarks kommun"),
    )
    details = {"comment": comment, "street": "Gömstigen 1"}

    with pytest.raises(services.TextNeedsCheck) as error:
        fetched(lend(recipient, ArticleFactory()), reason=reason("taklyft"), details=details)

    assert error.value.words == [told]


def test_common_words_of_the_instructions_are_no_personal_data():
    recipient = RecipientFactory(instructions="Ring på porttelefonen till vänster.")

    assert fetched(
        lend(recipient, ArticleFactory()),
        reason=reason("taklyft"),
        details={"comment": "Ring på förmiddagen till mig."},
    )


def test_the_orderers_own_name_and_mail_are_no_text_about_the_person():
    recipient = someone()
    loan = lend(recipient, ArticleFactory())
    user = prescriber(first_name=recipient.given_name, email=f"anna@{recipient.locality}.example")
    own = {"contact_name": str(user), "contact_email": user.email}

    assert fetched(loan, user=user, reason=reason("taklyft"), details=own)


def test_the_contact_switch_needs_no_new_check_of_the_text():
    recipient = someone()
    loan = lend(recipient, ArticleFactory())
    typed = {"comment": f"Ring till {recipient.family_name}."}
    pickup = fetched(loan, reason=reason("taklyft"), details=typed, text_confirmed=True)

    pickup = services.change_pickup(
        pickup, user=pickup.ordered_by, details={"contact_prescriber": True}
    )

    assert pickup.contact_prescriber
    assert pickup.text_confirmed


def test_nothing_is_ever_scanned_for_khs_own_paper():
    recipient = someone()
    loan = lend(recipient, ArticleFactory())

    assert fetched(loan, details={"comment": f"Ring {recipient.mobile}, {recipient.given_name}"})
    assert BufferFactory()
