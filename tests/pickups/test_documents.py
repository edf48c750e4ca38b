"""The papers: what stands on them, what must not, and that every print is in the log."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from organisation.models import AccessLogEntry
from pickups import services
from recipients.models import Recipient
from tests.factories import ArticleFactory, PayerFactory, RecipientFactory
from tests.papers import Paper, check_accessibility, check_syntax, needs_pdf

from .builders import DETAILS, fetched, lend, lend_chair_with_part, prescriber, reason, someone

pytestmark = [pytest.mark.django_db, needs_pdf]


@pytest.fixture
def client():
    client = Client()
    client.force_login(prescriber())
    return client


def pdf_of(client, pickup) -> Paper:
    return Paper(client.get(reverse("pickups:pdf", args=[pickup.case_number])))


def everything(paper: Paper) -> str:
    """All that a reader could dig out: text, metadata, names of attachments, the answer's
    headers, and every object of the file unpacked (links, alternative texts, outlines)."""
    found = [paper.everything]
    for number in range(1, int(paper.reader.trailer["/Size"])):
        thing = paper.reader.get_object(number)
        found.append(str(thing))
        if hasattr(thing, "get_data"):
            found.append(thing.get_data().decode("latin-1"))
    return "\n".join(found)


def folded(text: str) -> str:
    return re.sub(r"[\s\-]", "", text).casefold()


def bears(paper: Paper, value: str) -> bool:
    """Whether it stands anywhere in the file. A short number is looked for as one of its own, in
    what is read: any long number or measure of the file may hold its digits."""
    if not re.fullmatch(r"\d{1,5}", value):
        return folded(value) in folded(everything(paper))
    written = f"{value}|{value[:3]} {value[3:]}"
    return re.search(rf"(?<![\w.,-])(?:{written})(?![\w-])", paper.everything) is not None


def record_of(recipient: Recipient) -> dict[str, str]:
    """Every field of the person's record that says anything about them, as it may be written."""
    skipped = {"id", "kind", "is_protected", "contact_prescriber", "version", "created_at"}
    facts = {
        field.name: str(getattr(recipient, field.name) or "")
        for field in Recipient._meta.fields
        if field.name not in skipped
    }
    facts["written_number"] = recipient.written_number
    facts["short_number"] = recipient.number[2:]
    facts["payer_code"] = recipient.payer.code
    facts["name"] = recipient.name
    return {name: value for name, value in facts.items() if value}


@pytest.fixture
def hoist():
    """A hoist at a person whose every fact is like no other word."""
    recipient = RecipientFactory(
        given_name="Qvintilia",
        family_name="Zettermarck",
        co="Xerxes Wahlund",
        street="Åskådargränd 77",
        postcode="98765",
        locality="Ödemarkköping",
        municipality_code="9911",
        phone="0499-987 65",
        mobile="070-174 06 99",
        email="qvintilia@zettermarck.example",
        door_code="9753#",
        instructions="Bakom sjöboden till vänster",
        payer=PayerFactory(code="9911", name="Ödemarks kommun"),
    )
    return lend(recipient, ArticleFactory(name="Guldmann GH3", iso_code="123612", is_marked=True))


@pytest.mark.parametrize("protected", [False, True])
def test_the_suppliers_paper_bears_nothing_of_the_persons_record(client, hoist, protected):
    recipient = hoist.recipient
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=protected)
    hoist.name = "Lyft åt Qvintilia Zettermarck"  # a loan's own name may be typed text
    hoist.save()
    at_home = {name: getattr(recipient, name) for name in ("street", "postcode", "locality")}
    pickup = fetched(
        hoist, reason=reason("taklyft"),
        details=at_home | {"is_urgent": True, "door_code": recipient.door_code,
                           "instructions": recipient.instructions, "comment": "Ring tidigt."},
    )  # fmt: skip

    paper = pdf_of(client, pickup)

    assert paper.file_name == f"hamtorder-{pickup.case_number}.pdf"
    for name, value in record_of(recipient).items():
        assert not bears(paper, value), name
    for word in (
        "Akut",
        "Guldmann GH3",
        hoist.individual.number,
        "Ring tidigt.",
        "info@guldmann.se",
    ):
        assert bears(paper, word), word


def test_confirmed_text_stands_on_the_suppliers_paper(client, hoist):
    pickup = fetched(
        hoist, reason=reason("taklyft"), details={"comment": "Zettermarck är också en modell."},
        text_confirmed=True,
    )  # fmt: skip

    assert "modell" in pdf_of(client, pickup).text


def test_khs_paper_has_the_person_the_address_the_aids_and_their_parts(client):
    chair, cushion = lend_chair_with_part(someone())
    pickup = fetched(chair, cushion, details={"is_urgent": True, "comment": "Ring först"})

    paper = pdf_of(client, pickup)
    text = everything(paper)
    recipient = chair.recipient
    for word in (
        pickup.case_number, recipient.name, recipient.written_number, DETAILS["street"],
        chair.individual.number, "Komponent till Rullstol Cross", "Akut", "Ring först",
        "Innehåller personuppgifter",
    ):  # fmt: skip
        assert folded(word) in folded(text), word
    assert bears(paper, DETAILS["postcode"])


def test_a_protected_persons_paper_has_the_typed_address_while_the_case_is_open(client):
    recipient = someone()
    loan = lend(recipient, ArticleFactory())
    Recipient.objects.filter(pk=recipient.pk).update(is_protected=True)
    pickup = fetched(loan)
    text = everything(pdf_of(client, pickup))
    assert folded(DETAILS["street"]) in folded(text)
    for value in (recipient.street, recipient.mobile, recipient.door_code, "Hemrehab"):
        assert folded(value) not in folded(text)

    services.cancel_pickup(pickup, user=pickup.ordered_by)

    assert folded(DETAILS["street"]) not in folded(everything(pdf_of(client, pickup)))


def slip(client, *loans, comment=""):
    return client.post(
        reverse("pickups:slip", args=[loans[0].recipient.key]),
        {"token": "1", "valda": [loan.pk for loan in loans], "comment": comment,
         **{f"antal-{loan.pk}": loan.held for loan in loans}},
    )  # fmt: skip


def test_the_slip_is_a_receipt_for_what_is_chosen(client):
    recipient = someone()
    one = lend(recipient, ArticleFactory(name="Rollator Sola"))
    other = lend(recipient, ArticleFactory(name="Duschpall Mio"))

    response = slip(client, one, comment="Utan korg")

    text = Paper(response).text
    assert "Kvittens på återlämnade hjälpmedel" in text
    assert "Rollator Sola" in text
    assert "Utan korg" in text
    assert other.title not in text
    one.refresh_from_db()
    assert one.ended_at is None, "a slip changes nothing"


def test_what_is_on_its_way_to_khs_was_handed_in_too_and_gets_its_receipt(client):
    loan = lend(someone(), ArticleFactory(name="Rollator Sola"))
    fetched(loan)

    assert "Rollator Sola" in Paper(slip(client, loan)).text


def test_a_slip_of_nothing_says_so(client):
    loan = lend(someone(), ArticleFactory())

    response = client.post(
        reverse("pickups:slip", args=[loan.recipient.key]), {"token": "1", "comment": ""}
    )

    assert response.status_code == 422
    assert "Välj minst ett hjälpmedel" in response.content.decode()


def test_every_print_is_in_the_access_log(client):
    loan = lend(someone(), ArticleFactory())
    slip(client, loan)
    pickup = fetched(loan)
    pdf_of(client, pickup)

    prints = AccessLogEntry.objects.filter(action="print").order_by("id")
    assert [(p.recipient_key, p.detail, p.case_number) for p in prints] == [
        (loan.recipient.key, "Kvittens på återlämnade hjälpmedel", ""),
        (loan.recipient.key, "Hämtorder KHS", pickup.case_number),
    ]


def test_the_papers_are_sound_and_can_be_read_aloud(client, hoist, tmp_path):
    chair, cushion = lend_chair_with_part(someone())
    receipt = Paper(slip(client, chair, cushion, comment="Utan korg"))
    papers = [
        pdf_of(client, fetched(hoist, reason=reason("taklyft"), details={"is_urgent": True})),
        pdf_of(client, fetched(chair, cushion, details={"is_urgent": True, "comment": "Ring"})),
        receipt,
    ]

    for paper in papers:
        assert paper.language == "sv"
        assert paper.title
        check_syntax(paper.content, tmp_path)
        check_accessibility(paper.content, tmp_path)
