"""An article's photo: KHS sends it in, everybody who orders sees it."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.factories import ArticleFactory, a_picture
from tests.reading import read_page

pytestmark = pytest.mark.django_db(transaction=True)  # what is replaced goes on commit


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(folder) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file()]


@pytest.fixture
def article():
    return ArticleFactory(number="43027", name="Rullstol <Cross>")


@pytest.fixture
def khs(browser_of, khs_user):
    return browser_of(khs_user)


def send(khs, article, file):
    return khs.post(f"/admin/articles/article/{article.pk}/foto/", {"file": file})


def test_a_photo_stands_on_the_page_instead_of_the_drawing(khs, client, article, folder):
    assert "Foto saknas" in read_page(client.get("/artiklar/43027/"))
    assert client.get("/artiklar/43027/foto/").status_code == 404
    assert send(khs, article, a_picture()).status_code == 302
    shown = read_page(client.get("/artiklar/43027/"))
    assert "Foto saknas" not in shown
    assert '<img src="/artiklar/43027/foto/?v=' in shown
    assert 'alt="Rullstol &lt;Cross&gt;"' in shown
    answer = client.get("/artiklar/43027/foto/")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    with Image.open(BytesIO(b"".join(answer.streaming_content))) as picture:
        assert picture.size == (700, 467), "no larger than it is shown"
    assert not any("1912" in name for name in files(folder))


def test_another_photo_has_another_address_and_takes_the_place_of_the_first(khs, article, folder):
    addresses = set()
    for _ in range(2):
        send(khs, article, a_picture("JPEG"))
        page = read_page(khs.get("/artiklar/43027/"))
        addresses.add(page.split('<img src="')[1].split('"')[0])
    assert len(addresses) == 2
    assert len(files(folder)) == 1
    khs.post(f"/admin/articles/article/{article.pk}/foto/", {"remove": "1"})
    assert files(folder) == []
    assert "Foto saknas" in read_page(khs.get("/artiklar/43027/"))


def test_what_is_no_picture_is_refused_at_the_field(khs, article, folder):
    pdf = SimpleUploadedFile("a.png", b"%PDF-1.4 x\n%%EOF", "image/png")
    broken = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "image/png")
    for wrong in (pdf, broken, ""):
        answer = send(khs, article, wrong)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in read_page(answer)
    assert files(folder) == []


def test_the_register_leads_to_the_photo_and_others_stay_out(khs, client, article):
    url = f"/admin/articles/article/{article.pk}/foto/"
    assert f'href="{url}"' in read_page(khs.get(f"/admin/articles/article/{article.pk}/change/"))
    assert khs.get(url).status_code == 200
    assert client.get(url).status_code in (302, 403)
