"""An article's photo: KHS sends it in, everybody who orders sees it."""

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from articles import pictures
from tests.factories import (
    ArticleFactory,
    LoanFactory,
    RecipientFactory,
    WarehouseFactory,
    a_picture,
    put_in_stock,
)
from tests.orders.builders import sent
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


def thumbnails(page: str) -> list[str]:
    return re.findall(r'<img class="pictogram[^>]*>', page)


def test_the_photo_stands_small_in_lists_panel_and_order_line(khs, client, prescriber, article):
    """In the drawing's place; the others keep theirs."""
    other = ArticleFactory(name="Rullstol utan foto", iso_code="122203")
    for ordered in (article, other):
        put_in_stock(WarehouseFactory(), ordered, 1)
    order = sent((article, 1), (other, 1), user=prescriber)
    loans = [LoanFactory(recipient=order.recipient, article=x) for x in (article, other)]
    send(khs, article, a_picture())
    person = reverse("recipients:detail", args=[order.recipient.key])
    line = order.lines.get(article=article)
    pages = {
        "/artiklar/?q=rullstol": 1,
        person: 1,
        f"{person}?panel={loans[0].pk}": 2,
        f"{person}?flik=bestallt&panel={line.pk}": 1,  # the list there has none
        reverse("orders:detail", args=[order.case_number]): 1,
    }
    for url, count in pages.items():
        page = read_page(client.get(url))
        assert len(thumbnails(page)) == count, url
        assert "#aid-wheelchair-manual" in page or "bestallt" in url
    thumbnail = thumbnails(page)[0]
    assert 'alt="" loading="lazy"' in thumbnail
    assert 'width="36" height="36"' in thumbnail
    answer = client.get(thumbnail.split('src="')[1].split('"')[0].replace("&amp;", "&"))
    assert answer["Content-Type"] == "image/jpeg" and "immutable" in answer["Cache-Control"]
    content = b"".join(answer.streaming_content)
    assert len(content) < 4_000
    with Image.open(BytesIO(content)) as picture:
        assert picture.size == (88, 59)


def test_photos_cost_a_list_no_queries(client, django_assert_num_queries):
    person = RecipientFactory()
    url = reverse("recipients:detail", args=[person.key])
    first, *more = (LoanFactory(recipient=person).article for _ in range(6))
    pictures.keep(first, a_picture())
    client.get(url)
    with CaptureQueriesContext(connection) as before:
        assert len(thumbnails(read_page(client.get(url)))) == 1
    for article in more:
        pictures.keep(article, a_picture())
    with django_assert_num_queries(len(before)):
        assert len(thumbnails(read_page(client.get(url)))) == 6


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
