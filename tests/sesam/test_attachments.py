"""What may be attached, and what is left of it: nothing that tells more than the picture or page."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from sesam import attachments
from sesam.errors import DomainError
from tests.factories import UNUSED_NUMBERS

NUMBER = UNUSED_NUMBERS[0]
TYPES = (
    '<Types><Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def kept(name: str, content: bytes) -> attachments.Clean:
    return attachments.clean(SimpleUploadedFile(name, content))


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(DomainError) as fault:
        kept(name, content)
    assert fault.value.field == "file"
    return fault.value.message


def docx(*parts: str, types: str = TYPES) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("[Content_Types].xml", types)
        for part in ("word/document.xml", *parts):
            made.writestr(part, "<x/>")
    return file.getvalue()


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 20), **facts) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 1 if mode == "P" else None).save(file, kind, **facts)
    return file.getvalue()


def test_a_word_document_is_taken():
    assert kept("Intyg.docx", docx()).content_type == attachments.DOCX


@pytest.mark.parametrize(
    "content",
    [
        docx("word/vbaProject.bin"),
        docx("word/VBAPROJECT.BIN"),
        docx("customUI\\vbaProject.bin"),
        docx(
            types=TYPES.replace(
                "vnd.openxmlformats-officedocument.wordprocessingml.document.main",
                "vnd.ms-word.document.macroEnabled.main",
            )
        ),
    ],
    ids=["plain", "capitals", "elsewhere", "docm"],
)
def test_a_word_document_with_macros_is_refused_however_they_are_named(content):
    assert "makron" in refusal("brev.docx", content)


@pytest.mark.parametrize(
    "part", ["word/embeddings/oleObject1.bin", "word/Embeddings/bok.xlsx", "word/activeX/a1.xml"]
)
def test_a_word_document_with_objects_in_it_is_refused(part):
    assert "inbäddade" in refusal("brev.docx", docx(part))


def test_another_archive_is_no_word_document():
    assert "kan inte bifogas" in refusal("brev.docx", docx(types="<Types/>"))


PDF = b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\r\n \n"


def pdf_and_archive() -> bytes:
    """What a reader opens as a PDF and an unpacker as an archive, whose comment ends as a PDF."""
    file = io.BytesIO(PDF)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("run.js", "alert(1)")
        archive.comment = b"%%EOF"
    return file.getvalue()


def test_a_whole_pdf_is_taken_as_it_is():
    assert kept("Anvisning.pdf", PDF).file.read() == PDF


@pytest.mark.parametrize(
    "content",
    [
        b"\n" + PDF,
        b"%PDF-1.4 utan slut",
        PDF + b"<script>alert(1)</script>",
        PDF + b"PK\x03\x04",
        pdf_and_archive(),
    ],
    ids=["before", "no end", "page after", "archive after", "archive that ends as a document"],
)
def test_a_file_that_is_a_pdf_and_something_else_is_refused(content):
    assert "PDF" in refusal("poly.pdf", content)


@pytest.mark.parametrize(("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_picture_is_drawn_anew_without_what_was_hidden_in_it(kind, content_type):
    exif = Image.Exif()
    exif[0x010E] = "Hemligsson, Storgatan 7"
    content = picture(kind, exif=exif) + b"<script>alert(1)</script>"
    clean = kept("bild.jpg", content)
    written = clean.file.read()
    assert clean.content_type == content_type
    assert clean.size == len(written)
    assert b"Hemligsson" in content
    for hidden in (b"Hemligsson", b"script", b"Exif", b"eXIf"):
        assert hidden not in written
    with Image.open(io.BytesIO(written)) as drawn:
        assert drawn.size == (40, 20)


def test_a_picture_is_turned_as_its_camera_said():
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(kept("bild.jpg", picture("JPEG", exif=exif)).file) as drawn:
        assert drawn.size == (20, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pictures_of_every_kind_can_be_drawn(mode):
    assert kept("bild.png", picture("PNG", mode)).content_type == "image/png"


def test_a_picture_in_printers_colours_can_be_drawn():
    assert kept("bild.jpg", picture("JPEG", "CMYK")).content_type == "image/jpeg"


def test_a_damaged_picture_is_refused_also_once_a_paper_has_been_made():
    import weasyprint  # noqa: F401  lets the whole process read pictures that end too early

    content = picture("PNG", size=(300, 300))
    assert "skadad" in refusal("bild.png", content[: len(content) // 2])


def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_drawn():
    content = picture("PNG", "1", (30_000, 30_000))
    assert len(content) < 1024 * 1024
    assert "bildpunkter" in refusal("bomb.png", content)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Offert från Etac.pdf", "Offert från Etac.pdf"),
        ("run.exe", "run.pdf"),
        ("poly.html", "poly.pdf"),
        ("rapport 1.2.pdf.exe", "rapport 1.2.pdf"),
        ("C:\\Users\\Sandra\\bild.PNG", "bild.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        (f"Intyg {NUMBER}.pdf", "Intyg.pdf"),
        (f"{NUMBER[2:8]}-{NUMBER[8:]}_intyg.pdf", "intyg.pdf"),
        (f"intyg{NUMBER}.docx", "intyg.pdf"),
        (f"{NUMBER}.pdf", "bilaga.pdf"),
        ("", "bilaga.pdf"),
        ("fdp\u202efdp.exe", "fdpfdp.pdf"),
        ("rad\r\nbyte.pdf", "radbyte.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_file_goes_out_by_its_name_without_numbers_and_with_the_ending_of_its_content(
    typed, name
):
    assert attachments.safe_name(typed, attachments.PDF) == name
