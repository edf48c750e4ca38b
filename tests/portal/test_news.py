"""News and documents: for whom and when, once after signing in, written by KHS."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from organisation.models import User
from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS
from portal import news
from portal.models import Document, DocumentHeading, News, NewsRead
from tests.factories import UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def day(days: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=days)


def signed_in(**facts) -> Client:
    client = Client()
    client.force_login(UserFactory(**facts))
    return client


def page(client: Client, path: str = "/nyheter/") -> str:
    return client.get(path).content.decode()


def write(title: str, **facts) -> News:
    return News.objects.create(title=title, body=f"<p>Om {title}.</p>", **facts)


def test_all_that_is_published_stands_there_in_full_newest_first():
    write("Gammalt", published_from=day(-9))
    write("Nytt", published_from=day(-1))
    text = page(signed_in())
    assert text.index("<p>Om Nytt.</p>") < text.index("<p>Om Gammalt.</p>")


def test_older_news_than_the_page_holds_come_when_asked_for(monkeypatch):
    monkeypatch.setattr(news, "SHOWN", 1)
    write("Gammalt", published_from=day(-9))
    write("Nytt", published_from=day(-1))
    client = signed_in()
    assert "Om Gammalt" not in page(client) and "Visa äldre nyheter" in page(client)
    text = page(client, "/nyheter/?antal=2")
    assert "Om Gammalt" in text and "Visa äldre nyheter" not in text


def test_what_comes_later_or_is_over_is_not_shown():
    write("Senare", published_from=day(1))
    write("Slut", published_from=day(-9), published_until=day(-1))
    write("Sista dagen", published_from=day(-9), published_until=day(0))
    text = page(signed_in())
    assert "Sista dagen" in text and "Senare" not in text and "Slut" not in text


def test_a_role_and_a_unit_see_their_own():
    unit = UnitFactory(code="V01", name="Hemrehab Västervik")
    write("Förråden", role=BUFFERT)
    write("Västervik", unit=unit)
    there = UserFactory(default_unit=unit)
    there.units.add(unit)
    client = Client()
    client.force_login(there)
    assert "Västervik" in page(client) and "Om Förråden" not in page(client)
    assert "Om Förråden" in page(signed_in(roles=[BUFFERT]))
    assert "Om Västervik" not in page(signed_in(roles=[BUFFERT]))


def test_the_start_page_shows_the_latest_and_leads_to_all():
    for n in range(5):
        write(f"Nyhet {n}", published_from=day(-n))
    text = page(signed_in(), "/")
    assert "Nyhet 2" in text and "Nyhet 3" not in text and "Alla nyheter" in text


# --- once after signing in ---


def with_password(**facts) -> User:
    user = UserFactory(**facts)
    user.set_password("hemligt")
    user.save()
    return user


def sign_in(user, path: str = "/mottagare/") -> tuple[Client, str]:
    client = Client()
    answer = client.post(
        "/logga-in/", {"username": user.username, "password": "hemligt", "next": path}
    )
    return client, answer.headers["Location"]


def test_an_important_one_is_shown_once_and_then_one_goes_where_one_was_going():
    news = write("Lagret brinner", is_important=True)
    user = with_password(roles=[FORSKRIVARE])
    client, first = sign_in(user)
    assert first == "/nyheter/viktigt/?next=/mottagare/"
    assert "<p>Om Lagret brinner.</p>" in page(client, first)
    _, again = sign_in(user)
    assert again == first, "shown until one has gone on from it"
    for _ in range(2):
        answer = client.post(first, {"next": "/mottagare/", "visade": [news.pk]})
        assert answer.headers["Location"] == "/mottagare/"
    assert NewsRead.objects.count() == 1
    assert sign_in(user)[1] == "/mottagare/"
    assert "Om Lagret brinner" in page(client)


@pytest.mark.parametrize(
    "facts", [{"is_important": False}, {"role": CONTROLLER}, {"published_from": 1}]
)
def test_what_is_not_important_or_for_others_holds_up_nobody(facts):
    if "published_from" in facts:
        facts = {"published_from": day(facts["published_from"])}
    write("Annat", **({"is_important": True} | facts))
    assert sign_in(with_password(roles=[FORSKRIVARE]))[1] == "/mottagare/"


@pytest.mark.parametrize("next_page", ["https://ond.example/", "//ond.example", "/logga-ut/"])
def test_one_goes_on_to_pages_of_the_portal_alone(next_page):
    write("Viktigt", is_important=True)
    answer = signed_in().post("/nyheter/viktigt/", {"next": next_page})
    assert answer.headers["Location"] == "/"


def test_odd_numbers_of_what_was_shown_are_nothing():
    write("Viktigt", is_important=True)
    client = signed_in()
    client.post("/nyheter/viktigt/", {"visade": ["x", "999999999999999999999", ""]})
    assert not NewsRead.objects.exists()


# --- documents ---


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def khs(client):
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def upload(khs, content: bytes = PDF, name: str = "anvisning.pdf", **facts):
    heading, _ = DocumentHeading.objects.get_or_create(name="Blanketter")
    data = {
        "heading": heading.pk, "title": "Anvisning", "published_from": f"{day(0):%Y-%m-%d}",
        "published_until": "", "role": "", "unit": "",
        "file": SimpleUploadedFile(name, content), **facts,
    }  # fmt: skip
    return khs.post("/admin/portal/document/add/", data, follow=True)


def test_khs_uploads_a_document_and_its_readers_get_it_under_its_heading(khs):
    upload(khs)
    document = Document.objects.get()
    reader = signed_in()
    text = page(reader, "/mer-information/")
    assert text.index("Blanketter") < text.index("Anvisning") and "PDF" in text
    answer = reader.get(f"/mer-information/{document.key}/")
    assert b"".join(answer.streaming_content) == PDF
    assert 'attachment; filename="anvisning.pdf"' in answer["Content-Disposition"]


def test_nobody_gets_a_document_that_is_not_for_them_or_not_shown(khs):
    upload(khs, role=CONTROLLER)
    upload(khs, title="Senare", published_from=f"{day(2):%Y-%m-%d}")
    reader = signed_in(roles=[FORSKRIVARE])
    assert "Inga dokument" in page(reader, "/mer-information/")
    for document in Document.objects.all():
        assert reader.get(f"/mer-information/{document.key}/").status_code == 404


def test_a_file_that_the_store_has_lost_is_not_found_and_stands_in_the_log(khs, caplog):
    upload(khs)
    document = Document.objects.get()
    document.file.storage.delete(document.file.name)
    assert signed_in().get(f"/mer-information/{document.key}/").status_code == 404
    assert f"A stored file is missing: {document.file.name}" in caplog.text


def test_khs_reads_a_document_that_is_for_others_and_changes_its_words_alone(khs):
    upload(khs, role=CONTROLLER)
    document = Document.objects.get()
    form = f"/admin/portal/document/{document.pk}/change/"
    file = f"/mer-information/{document.key}/"
    assert re.search(
        rf'Nu: <a href="{file}" data-download="[^"]+">anvisning.pdf</a>', page(khs, form)
    )
    assert khs.get(file).status_code == 200
    data = {"heading": document.heading_id, "title": "Ny", "published_from": f"{day(0):%Y-%m-%d}",
            "published_until": "", "role": CONTROLLER, "unit": ""}  # fmt: skip
    khs.post(form, data)
    document.refresh_from_db()
    assert document.title == "Ny" and document.name == "anvisning.pdf"
    assert b"".join(khs.get(file).streaming_content) == PDF


def test_a_file_that_was_changed_or_taken_away_is_gone(
    khs, files, tmp_path, django_capture_on_commit_callbacks
):
    def kept() -> set[bytes]:
        return {file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    upload(khs)
    document = Document.objects.get()
    newer = PDF.replace(b"1 0 obj", b"2 0 obj")
    data = {"heading": document.heading_id, "title": "Ny", "published_from": f"{day(0):%Y-%m-%d}",
            "published_until": "", "role": "", "unit": ""}  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        file = SimpleUploadedFile("ny.pdf", newer)
        khs.post(f"/admin/portal/document/{document.pk}/change/", data | {"file": file})
    assert kept() == {newer}
    with django_capture_on_commit_callbacks(execute=True):
        khs.post(f"/admin/portal/document/{document.pk}/delete/", {"post": "yes"})
    assert kept() == set() and not Document.objects.exists()


def test_a_document_that_is_sent_twice_is_there_once(khs):
    for _ in range(2):
        upload(khs, PDF, "blankett.pdf")
    assert Document.objects.count() == 1


def test_a_file_of_another_kind_is_refused(khs):
    assert "Filen kan inte bifogas" in upload(khs, b"MZ\0\0", "x.exe").content.decode()
    assert not Document.objects.exists()


# --- KHS writes ---


def post_news(khs, **facts):
    data = {"title": "Jul", "body": "<p>Stängt.</p>", "published_from": f"{day(0):%Y-%m-%d}",
            "published_until": "", "role": "", "unit": ""}  # fmt: skip
    return khs.post("/admin/portal/news/add/", data | facts, follow=True)


def test_khs_writes_news_and_is_told_what_was_taken_out(khs):
    answer = post_news(khs, body='<p style="color:red">Stängt.</p><script>alert(1)</script>')
    assert "får inte finnas där" in answer.content.decode()
    assert News.objects.get().body == "<p>Stängt.</p>"


def test_of_two_who_change_a_piece_of_news_the_second_is_told_and_may_go_on(khs):
    news = write("Jul")
    url = f"/admin/portal/news/{news.pk}/change/"
    (seen,) = re.findall(r'name="seen" value="(\w+)"', khs.get(url).content.decode())
    data = {"title": "Jul", "published_from": f"{day(0):%Y-%m-%d}", "published_until": "",
            "role": "", "unit": ""}  # fmt: skip
    assert khs.post(url, data | {"seen": seen, "body": "<p>Ett.</p>"}).status_code == 302
    answer = khs.post(url, data | {"seen": seen, "body": "<p>Två.</p>"}).content.decode()
    assert "Någon annan har sparat en annan version" in answer and "Två." in answer
    assert News.objects.get().body == "<p>Ett.</p>"
    (seen,) = re.findall(r'name="seen" value="(\w+)"', answer)
    assert khs.post(url, data | {"seen": seen, "body": "<p>Två.</p>"}).status_code == 302
    assert News.objects.get().body == "<p>Två.</p>"


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"published_until": "2020-01-01"}, "Slutdagen är före den första dagen"),
        ({"body": "<p>Om 19121212-1212.</p>"}, "Ta bort personnumret"),
        ({"title": "Om 19121212-1212"}, "Ta bort personnumret"),
        ({"body": "<p> </p>"}, "måste fyllas i"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(khs, facts, fault):
    answer = post_news(khs, **facts)
    assert fault in answer.content.decode()
    assert not News.objects.exists()


def test_the_form_works_without_a_script_and_fetches_nothing_inline(khs):
    text = khs.get("/admin/portal/news/add/").content.decode()
    assert "<textarea" in text and "data-rich-text" in text
    assert 'type="module"' in text and "rich_text.js" in text
    assert "importmap" not in text and "<style" not in text


def test_news_can_be_taken_away_also_when_it_was_read(khs):
    news = write("Viktigt", is_important=True)
    NewsRead.objects.create(news=news, user=UserFactory())
    khs.post(f"/admin/portal/news/{news.pk}/delete/", {"post": "yes"})
    assert not News.objects.exists()
