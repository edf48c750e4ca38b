"""The base that every PDF stands on: its head and foot, its metadata, what it may read."""

import builtins

import pytest
import time_machine

from sesam import documents
from tests.factories import UserFactory
from tests.papers import Paper, check_accessibility, check_syntax, needs_pdf

pytestmark = [pytest.mark.django_db, needs_pdf]
CASE = "https://portalen.example/bestallningar/26470143/"


@pytest.fixture
def karin():
    return UserFactory(first_name="Karin", last_name="Lindqvist")


def paper(user, **more) -> Paper:
    facts = {"title": "Hämtorder 26470143", "request_user": user, "case_url": CASE} | more
    return Paper(documents.download("x.pdf", documents.pdf("documents/base.html", {}, **facts)))


@time_machine.travel("2026-11-23T07:14:00Z", tick=False)
def test_the_head_says_who_it_comes_from_who_printed_it_and_when(karin, settings):
    settings.AID_CENTRE = {"name": "Hjälpmedel Öst", "address": "Ån 1", "phone": "08-465 004 20"}
    text = paper(karin).text
    assert "Hjälpmedel Öst" in text
    assert "Besöksadress: Ån 1" in text and "Telefon 08-465 004 20" in text
    assert "Utskriven 2026-11-23 08:14" in text
    assert "av Karin Lindqvist, Hemrehab Kalmar" in text
    assert "Sida 1 av 1" in text


def test_without_address_and_phone_the_head_has_no_empty_lines(karin, settings):
    settings.AID_CENTRE = {"name": "Hjälpmedel Öst", "address": "", "phone": ""}
    text = paper(karin).text
    assert "Besöksadress" not in text and "Telefon" not in text


def test_title_and_language_are_set_for_readers(karin):
    found = paper(karin)
    assert found.title == "Hämtorder 26470143"
    assert found.language == "sv"
    root = found.reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in found.reader.xmp_metadata.stream.get_data()


def figures(found: Paper) -> list[str]:
    objects = map(found.reader.get_object, range(1, int(found.reader.trailer["/Size"])))
    return [o["/Alt"] for o in objects if isinstance(o, dict) and o.get("/S") == "/Figure"]


def test_the_code_to_the_case_stands_only_where_there_is_a_case(karin):
    assert figures(paper(karin)) == ["QR-kod till ärendets sida i portalen"]
    assert figures(paper(karin, case_url=None)) == []


def test_the_note_about_personal_data_stands_only_where_there_is_some(karin):
    assert "Innehåller personuppgifter" in paper(karin).text
    assert "personuppgifter" not in paper(karin, personal=False).text


def test_the_unit_can_be_left_out(karin):
    text = paper(karin, show_unit=False).text
    assert "av Karin Lindqvist" in text and "Hemrehab" not in text


def test_names_from_all_of_europe_can_be_written(karin):
    karin.last_name = "Šimůnková-Łukaszewicz Ørsted Þór Nguyễn"
    assert karin.last_name in paper(karin).text


def test_the_fonts_are_our_own_and_embedded(karin):
    fonts = {
        font.get_object()["/BaseFont"]
        for font in paper(karin).reader.pages[0]["/Resources"]["/Font"].values()
    }
    assert fonts and all("Source-Sans-3" in name for name in fonts), fonts


def test_it_is_a_sound_and_accessible_file(karin, tmp_path):
    found = paper(karin)
    check_syntax(found.content, tmp_path)
    check_accessibility(found.content, tmp_path)


def test_nobody_keeps_a_copy_and_nothing_in_it_runs(karin):
    answer = paper(karin).response
    assert answer["Content-Disposition"] == 'attachment; filename="x.pdf"'
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/spy.png",
        "https://127.0.0.1/admin/",
        "ftp://example.org/x",
        "data:text/html,hej",
        "file:///etc/passwd",
        f"file://{documents.STATIC}/../sesam/settings.py",
        f"file://{documents.STATIC}/%2e%2e/sesam/settings.py",
        f"file://elsewhere{documents.STATIC}/portal.css",
        f"file://{documents.STATIC}2/x",
    ],
)
def test_nothing_is_read_but_static_files(url):
    with pytest.raises(ValueError, match="static"):
        documents._fetcher().fetch(url)


def test_a_file_can_not_be_smuggled_in_by_markup():
    content = documents.render(
        '<html lang="sv"><title>x</title><link rel="attachment" href="file:///etc/passwd">'
        '<style>@import "file:///etc/passwd"; body { background: url(file:///etc/hosts) }</style>'
        '<p>Hej</p><img alt="x" src="file:///etc/passwd"></html>'
    )
    assert b"/EmbeddedFile" not in content and b"root:" not in content


def test_without_pango_the_reason_is_told(monkeypatch, karin):
    real = builtins.__import__

    def without_pango(name, *rest, **more):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(documents.Unavailable, match="PDF"):
        paper(karin)
