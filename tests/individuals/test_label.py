"""The label of a piece: what it says, and where its QR code leads."""

import pytest
import segno

from individuals.models import FormerNumber
from tests.factories import ArticleFactory, IndividualFactory, LoanFactory
from tests.papers import Paper, check_accessibility, check_syntax, needs_pdf

pytestmark = [pytest.mark.django_db, needs_pdf]
MM = 72 / 25.4


@pytest.fixture
def piece():
    article = ArticleFactory(number="43027", name="Rullstol Cross 6 45 lång grå", is_marked=True)
    return IndividualFactory(number="224559", serial_number="AB-77/1", article=article)


def label(client, number="224559") -> Paper:
    return Paper(client.get(f"/individer/{number}/etikett/"))


def test_it_bears_number_article_and_serial_number_on_one_small_page(client, piece):
    paper = label(client)
    (page,) = paper.reader.pages
    size = [round(float(length) / MM) for length in (page.mediabox.width, page.mediabox.height)]
    assert size == [62, 29]
    for word in ("224559", "Rullstol Cross 6 45 lång grå", "43027", "AB-77/1"):
        assert word in paper.text
    assert paper.file_name == "etikett-224559.pdf"
    assert (paper.title, paper.language) == ("Etikett 224559", "sv")


def test_its_qr_code_opens_the_pieces_page(client, piece, monkeypatch):
    coded = []
    make = segno.make
    monkeypatch.setattr(segno, "make", lambda text, **how: coded.append(text) or make(text, **how))
    label(client)
    assert coded == ["http://testserver/individer/224559/"]
    assert client.get(coded[0]).status_code == 200


def test_an_old_labels_code_still_opens_the_piece(client, piece):
    FormerNumber.objects.create(individual=piece, number="111111")
    assert client.get("/individer/111111/").url == "/individer/224559/"
    assert client.get("/individer/111111/etikett/").url == "/individer/224559/etikett/"


def test_it_tells_nothing_of_who_has_the_piece(client, piece):
    loan = LoanFactory(individual=piece)
    everything = label(client).everything
    for secret in (loan.recipient.name, loan.recipient.number, loan.case_number):
        assert secret not in everything


def test_long_names_and_numbers_stay_on_the_label(client):
    article = ArticleFactory(name="Elrullstol med mycket långt namn och många tillval " * 3)
    IndividualFactory(number="A" * 19 + "1", serial_number="S" * 40, article=article)
    assert len(label(client, "A" * 19 + "1").reader.pages) == 1


def test_the_file_is_well_made(client, piece, tmp_path):
    content = label(client).content
    check_syntax(content, tmp_path)
    check_accessibility(content, tmp_path)


def test_an_unknown_piece_has_no_label(client):
    assert client.get("/individer/999999/etikett/").status_code == 404
