"""«Mottagarinformation»: the lists of aids as PDF, what stands in them, for whom, and who is told."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import ArticleType
from individuals.models import Component
from organisation.models import AccessLogEntry
from sesam import documents
from tests.factories import (
    ArticleFactory,
    CareUnitFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
)
from tests.orders.builders import sent
from tests.papers import Paper, check_accessibility, check_syntax, needs_pdf
from tests.recipients.test_page import WHEREABOUTS

pytestmark = [pytest.mark.django_db, needs_pdf]


@pytest.fixture
def recipient():
    return RecipientFactory(co="Svensson", family_name="Moberg")


def url(recipient, only_prescribed=False) -> str:
    return f"/mottagare/{recipient.key}/hjalpmedelslista/" + "forskrivna/" * only_prescribed


def paper(client, recipient, only_prescribed=False) -> Paper:
    return Paper(client.get(url(recipient, only_prescribed)))


# --- the way there -----------------------------------------------------------------------


def test_registrera_skapa_leads_to_both_documents(client, recipient):
    page = client.get(f"/mottagare/{recipient.key}/").content.decode()
    assert f'href="/mottagare/{recipient.key}/mottagarinformation/" data-dialog' in page
    dialog = client.get(f"/mottagare/{recipient.key}/mottagarinformation/").content.decode()
    assert "Hjälpmedelslista enbart förskrivna hjälpmedel" in dialog
    assert dialog.count("Skapa pdf</a>") == 2
    for address in (url(recipient), url(recipient, True)):
        assert f'href="{address}"' in dialog


def test_the_choice_says_nothing_about_the_person(client, recipient):
    dialog = client.get(f"/mottagare/{recipient.key}/mottagarinformation/").content.decode()
    assert recipient.family_name not in dialog and recipient.number[:8] not in dialog


# --- what stands in them -------------------------------------------------------------------


def test_the_list_shows_who_it_is_what_is_held_and_what_is_ordered(client, recipient):
    piece = IndividualFactory(number="224559")
    LoanFactory(
        recipient=recipient,
        article=piece.article,
        individual=piece,
        delivered_at=dt.datetime(2026, 10, 8, 10, tzinfo=dt.UTC),
    )
    ordered = ArticleFactory(name="Netti V sb45")
    order = sent((ordered, 2), recipient=recipient)
    found = paper(client, recipient)
    for text in (
        "Ing-Britt Moberg", recipient.written_number, "Storgatan 7, lgh 1001", "392 31 Kalmar",
        "070-174 06 12", "Kalmar kommun", "Nuvarande hjälpmedel 1", piece.article.name, "224559",
        "2026-10-08", "Beställda hjälpmedel 1", "Netti V sb45", order.case_number, "restnoterad",
    ):  # fmt: skip
        assert text in found.text, text
    assert found.title == "Hjälpmedelslista"


def test_the_prescribed_list_leaves_orders_out(client, recipient):
    LoanFactory(recipient=recipient, article__name="Rollator")
    sent((ArticleFactory(name="Netti V sb45"), 1), recipient=recipient)
    found = paper(client, recipient, only_prescribed=True)
    assert found.title == "Hjälpmedelslista enbart förskrivna hjälpmedel"
    assert "Rollator" in found.text
    assert "Netti" not in found.text and "Beställda" not in found.text


def test_only_what_is_held_now_stands_there_newest_first(client, recipient):
    now = timezone.now()
    LoanFactory(recipient=recipient, article__name="Säng", delivered_at=now - dt.timedelta(9))
    LoanFactory(recipient=recipient, article__name="Rullstol", delivered_at=now)
    LoanFactory(recipient=recipient, article__name="Tillbaka", returned=1, ended_at=now)
    LoanFactory(recipient=recipient, article__name="Batteri", article__type=ArticleType.CONSUMABLE)
    LoanFactory(recipient=recipient, article__name="Kilkudde", quantity=5, returned=2)
    LoanFactory(article__name="Någon annans")
    text = paper(client, recipient).text
    assert "Nuvarande hjälpmedel 3" in text
    assert text.index("Rullstol") < text.index("Säng")
    assert "Kilkudde 3 " in text
    for other in ("Tillbaka", "Batteri", "Någon annans"):
        assert other not in text


def test_components_stand_under_their_aid_and_are_no_rows_of_their_own(client, recipient):
    piece = IndividualFactory()
    chair = LoanFactory(recipient=recipient, article=piece.article, individual=piece)
    LoanFactory(recipient=recipient, article__name="Armlene lang", part_of=chair, quantity=2)
    LoanFactory(recipient=recipient, article__name="Borttagen", part_of=chair, returned=1,
                ended_at=timezone.now())  # fmt: skip
    fitted = ArticleFactory(name="Huvudstöd")
    component = Component.objects.create(individual=piece, article=fitted)
    LoanFactory(recipient=recipient, article=fitted, component=component)
    text = paper(client, recipient).text
    assert "Nuvarande hjälpmedel 1" in text
    assert "2 komponenter: Armlene lang (2 st), Huvudstöd" in text
    assert "Borttagen" not in text and text.count("Huvudstöd") == 1


def test_a_component_whose_aid_went_back_stands_by_itself(client, recipient):
    chair = LoanFactory(recipient=recipient, article__name="Rullstol", returned=1,
                        ended_at=timezone.now())  # fmt: skip
    LoanFactory(recipient=recipient, article__name="Armlene", part_of=chair)
    text = paper(client, recipient).text
    assert "Nuvarande hjälpmedel 1" in text and "Armlene" in text and "Rullstol" not in text


def test_empty_lists_say_so(client, recipient):
    text = paper(client, recipient).text
    assert "Nuvarande hjälpmedel 0 Inga hjälpmedel" in text
    assert "Beställda hjälpmedel 0 Inget är beställt" in text


def test_markup_in_a_name_stays_text(client, recipient):
    LoanFactory(recipient=recipient, name="<b>Säng</b> & <script>x</script>")
    assert "<b>Säng</b> & <script>x</script>" in paper(client, recipient).text


def test_long_names_and_eighty_aids_make_a_sound_accessible_file(client, recipient, tmp_path):
    recipient.given_name = "Anna-Karin Elisabeth Margareta"
    recipient.family_name = "von Lagerhjelm-Silfverschiöld af Uggleholm"
    recipient.save()
    article = ArticleFactory(name="Stemmeforsterker VOX UNO for tilkoblet mikrofon 4P " * 3)
    for _ in range(79):
        LoanFactory(recipient=recipient, article=article)
    LoanFactory(recipient=recipient, name="x" * 300)
    found = paper(client, recipient)
    assert len(found.pages) > 3
    for number, text in enumerate(found.pages, start=1):
        assert f"Sida {number} av {len(found.pages)}" in text
        assert "Innehåller personuppgifter" in text
        if article.number in text:
            assert "Artikelnr Benämning Individ Antal Levererad" in text  # heads repeat
    assert found.text.count(article.number) == 79
    assert recipient.name in found.text
    check_syntax(found.content, tmp_path)
    check_accessibility(found.content, tmp_path)


@pytest.mark.parametrize("only_prescribed", [False, True])
def test_an_empty_and_a_filled_list_are_accessible(client, recipient, tmp_path, only_prescribed):
    check_accessibility(paper(client, recipient, only_prescribed).content, tmp_path)
    LoanFactory(recipient=recipient)
    sent((ArticleFactory(), 1), recipient=recipient)
    found = paper(client, recipient, only_prescribed)
    check_syntax(found.content, tmp_path)
    check_accessibility(found.content, tmp_path)


# --- protected persons, care units, others ---------------------------------------------------


@pytest.mark.parametrize("only_prescribed", [False, True])
def test_a_protected_persons_paper_tells_nothing_of_where_they_are(client, only_prescribed):
    hidden = RecipientFactory(co="Svensson", family_name="Dold")
    LoanFactory(recipient=hidden, article__name="Rollator")
    sent((ArticleFactory(name="Säng"), 1), recipient=hidden)
    type(hidden).objects.update(is_protected=True)
    found = paper(client, hidden, only_prescribed)
    assert "Skyddad identitet" in found.text
    assert "Rollator" in found.text and hidden.written_number in found.text
    for told in [*WHEREABOUTS, "Hemrehab", "Lagergatan", "100 Kalmar", "Kalmar KHS"]:
        assert told not in found.everything, told


def test_a_care_units_list_bears_no_personal_data(client):
    text = paper(client, CareUnitFactory(number="7101", family_name="Ängsgården")).text
    assert "Ängsgården" in text and "7101" in text
    assert "personuppgifter" not in text


def test_a_deceased_persons_list_says_so(client):
    gone = RecipientFactory(deceased_on=dt.date(2026, 9, 1))
    assert "Avliden 2026-09-01" in paper(client, gone).text


@pytest.mark.parametrize("only_prescribed", [False, True])
def test_file_name_and_metadata_hold_no_personal_data(client, recipient, only_prescribed):
    found = paper(client, recipient, only_prescribed)
    outside = found.everything.replace(found.text, "")
    for told in (recipient.number, recipient.number[:8], "Moberg", "Ing-Britt", str(recipient.key)):
        assert told not in outside, told
    assert found.file_name in ("hjalpmedelslista.pdf", "hjalpmedelslista-forskrivna.pdf")


# --- who, and who is told ----------------------------------------------------------------------


def test_every_download_is_in_the_access_log(client, prescriber, recipient, logged):
    paper(client, recipient)
    paper(client, recipient, only_prescribed=True)
    assert logged() == ["download", "download"]
    entry = AccessLogEntry.objects.latest("id")
    assert (entry.user, entry.recipient_key) == (prescriber, recipient.key)
    assert entry.detail == "Hjälpmedelslista enbart förskrivna hjälpmedel"


def test_nobody_keeps_a_copy(client, recipient):
    assert "no-store" in client.get(url(recipient))["Cache-Control"]


def test_an_unknown_recipient_is_not_found(client, recipient):
    import uuid

    recipient.key = uuid.uuid4()
    assert client.get(url(recipient)).status_code == 404
    assert client.get(f"/mottagare/{recipient.key}/mottagarinformation/").status_code == 404
    assert not AccessLogEntry.objects.exists()


def test_a_server_that_can_not_make_it_says_so_and_logs_no_download(
    client, recipient, monkeypatch, logged
):
    def render(html):
        raise documents.Unavailable("Servern kan inte skapa PDF just nu.")

    monkeypatch.setattr(documents, "render", render)
    answer = client.get(url(recipient))
    assert answer.status_code == 503
    assert "Servern kan inte skapa PDF just nu." in answer.content.decode()
    assert logged() == []


def test_queries_do_not_grow_with_the_rows(client, recipient, monkeypatch):
    monkeypatch.setattr(documents, "render", lambda html: b"%PDF")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url(recipient))
        return len(captured)

    def aid():
        piece = IndividualFactory()
        loan = LoanFactory(recipient=recipient, article=piece.article, individual=piece)
        LoanFactory(recipient=recipient, part_of=loan)
        Component.objects.create(individual=piece, article=ArticleFactory())
        sent((ArticleFactory(), 1), recipient=recipient)

    aid()
    client.get(url(recipient))
    few = queries()
    for _ in range(5):
        aid()
    assert queries() == few
