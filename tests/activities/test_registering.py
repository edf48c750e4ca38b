"""The dialog «Ny aktivitet», from each place that it starts from."""

import re
from pathlib import PurePosixPath

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from activities.models import Activity, ActivityType
from articles.models import ArticleType
from individuals.models import Block
from organisation.permissions import KHS
from recipients.models import DialogFile, Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import pdf, sent
from tests.pickups.builders import lend, prescriber, returned
from tests.pickups.pages import form_of

from .pages import begin, choose, go_on

pytestmark = pytest.mark.django_db
DOCUMENT = "Anvisning vid specialanpassning"


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def chair():
    return lend(RecipientFactory(), ArticleFactory(name="Rullstol Cross", is_marked=True))


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def text(response) -> str:
    return response.content.decode()


def test_from_the_recipient_to_the_confirmation(client, chair):
    page = text(client.get(reverse("recipients:detail", args=[chair.recipient.key])))
    assert reverse("activities:begin", args=[chair.recipient.key]) in page
    aids = choose(client, begin(client, chair.recipient), "Anpassning")
    told = go_on(client, aids, valda=[str(chair.pk)])
    where = go_on(client, told.url, request="Fotstödet glappar.")
    assert "Storgatan 7" in text(client.get(where.url))
    done = go_on(client, where.url, "finish")
    activity = Activity.objects.get()
    assert done.url == reverse("activities:confirmation", args=[activity.case_number])
    assert (activity.street, activity.door_code) == ("Storgatan 7, lgh 1001", "2468#")
    assert str(activity.instruction) == "Teknikern kommer hem till mottagaren"
    confirmed = text(client.get(done.url))
    assert activity.case_number in confirmed and "Klar senast" in confirmed


def test_the_description_can_be_sent_with_the_address_that_the_type_brings(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Avhjälpande")
    told = go_on(client, aids)  # ticked on the way here
    done = go_on(client, told.url, "finish", request="Bromsen tar inte.")
    assert "bekraftelse" in done.url
    assert Activity.objects.get().lines.get().loan == chair


def test_each_type_is_explained(client, chair):
    page = text(client.get(begin(client, chair.recipient)))
    for kind in ActivityType.objects.filter(used_by="all"):
        assert kind.name in page and kind.explanation in page
    assert "Förebyggande underhåll" not in page
    assert "Regionens sänghantering" not in page


def test_the_regions_staff_have_their_own_type(chair):
    region = PayerFactory(code="08", name="Region Kalmar län", kind="region")
    client = Client()
    client.force_login(UserFactory(default_unit=UnitFactory(code="R1", payer=region)))
    assert "Regionens sänghantering" in text(client.get(begin(client, chair.recipient)))


def test_an_aid_must_be_chosen_where_the_type_needs_one(client, chair):
    aids = choose(client, begin(client, chair.recipient), "Anpassning")
    answer = go_on(client, aids, valda=[])
    assert answer.status_code == 422
    assert "Välj det hjälpmedel som «Anpassning» gäller." in text(answer)


def test_nothing_wanted_is_told_at_the_field(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    told = go_on(client, aids)
    answer = go_on(client, told.url, request="")
    assert answer.status_code == 422
    assert "Beskriv vad som ska göras, eller vad felet är." in text(answer)
    assert "Höger eller vänster" in text(answer)


def test_an_aid_that_came_back_meanwhile_is_told_in_its_step(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    told = go_on(client, aids)
    returned(chair)
    answer = go_on(client, told.url, "finish", request="Glappar.")
    assert answer.status_code in (409, 422)
    assert "är redan återlämnat" in text(answer)
    assert not Activity.objects.exists()


def test_sent_twice_is_one(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    told = go_on(client, aids)
    form = form_of(client.get(told.url)) | {"action": "finish", "request": "Glappar."}
    first, second = client.post(told.url, form), client.post(told.url, form)
    assert first.url == second.url
    assert Activity.objects.count() == 1


# --- the mandatory document, and files ---


def special(client, chair) -> str:
    aids = choose(client, begin(client, chair.recipient, chair), "Special")
    assert "Kontakta hjälpmedelskonsulent innan" in text(client.get(aids))
    return go_on(client, aids).url


def test_a_special_adaptation_without_its_document_is_told(client, chair):
    told = special(client, chair)
    answer = go_on(client, told, "finish", request="Sittdyna i specialskum.")
    assert answer.status_code == 422
    assert f"Bifoga dokumentet «{DOCUMENT}»." in text(answer)
    assert "Sittdyna i specialskum." in text(answer)


def test_its_blank_can_be_fetched_and_attached_filled_in(client, chair):
    kind = ActivityType.objects.get(attachment_name=DOCUMENT)
    kind.blank.save("x", ContentFile(b"%PDF-1.4 blankett\n%%EOF\n"))
    told = special(client, chair)
    link = reverse("activities:blank", args=[kind.pk])
    assert link in text(client.get(told))
    blank = client.get(link)
    assert f"{DOCUMENT}.pdf" in blank.headers["Content-Disposition"]
    form = form_of(client.get(told)) | {"action": "finish", "request": "Byggs om."}
    done = client.post(told, form | {"document": pdf("ifylld.pdf")})
    assert done.status_code == 302, text(done)
    activity = Activity.objects.get()
    file = activity.attachments.get()
    assert file.document == DOCUMENT
    assert not DialogFile.objects.exists()
    page = text(client.get(reverse("activities:detail", args=[activity.case_number])))
    where = reverse("activities:attachment", args=[activity.case_number, file.key])
    assert where in page
    assert b"".join(client.get(where).streaming_content).startswith(b"%PDF")


def test_a_wrong_document_is_replaced_also_when_there_is_no_room_for_another_file(client, chair):
    told = special(client, chair)
    form = form_of(client.get(told)) | {"action": "next", "request": "Byggs om."}
    client.post(told, form | {"document": pdf("fel.pdf")})
    for _ in range(19):
        client.post(told, form | {"file": pdf("bild.pdf")})
    answer = client.post(told, form | {"file": pdf("en till.pdf")})
    assert "högst 20 bilagor" in text(answer)
    client.post(told, form | {"document": pdf("ratt.pdf")})
    assert DialogFile.objects.get(document=DOCUMENT).name == "ratt.pdf"
    assert DialogFile.objects.count() == 20


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("stor.pdf", b"%PDF-1.4" + b"0" * (50 * 1024 * 1024), "för stor"),
        ("program.pdf", b"MZ\x90\x00" + b"\0" * 200, "kan inte bifogas"),
        ("tom.pdf", b"", "tom"),
    ],
)
def test_a_file_that_is_none_is_told(client, chair, name, content, told):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    step = go_on(client, aids).url
    upload = SimpleUploadedFile(name, content, content_type="application/pdf")
    answer = go_on(client, step, "finish", request="Glappar.", file=upload)
    assert answer.status_code == 422
    assert told in text(answer)
    assert not Activity.objects.exists() and not DialogFile.objects.exists()


def test_a_file_is_named_without_path_and_personal_number(client, chair):
    number = chair.recipient.number
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    step = go_on(client, aids).url
    answer = go_on(
        client, step, "finish", request="Glappar.", file=pdf(f"..\\mapp\\{number} bild.pdf")
    )
    assert answer.status_code == 302, text(answer)
    name = Activity.objects.get().attachments.get().name
    assert name == PurePosixPath(name).name == "bild.pdf"


def test_a_chosen_file_can_be_taken_away_again(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    step = go_on(client, aids).url
    go_on(client, step, "next", request="Glappar.", file=pdf("fel.pdf"))
    assert "fel.pdf" in text(client.get(step))
    key = DialogFile.objects.get().key
    go_on(client, step, "finish", ta_bort=str(key))
    assert not Activity.objects.get().attachments.exists()


# --- who may know where ---


def test_of_a_protected_person_the_address_is_typed(client, chair):
    Recipient.objects.update(is_protected=True)
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    told = go_on(client, aids).url
    answer = go_on(client, told, "finish", request="Glappar.")
    assert "Storgatan" not in text(answer)
    where = go_on(client, told, request="Glappar.").url
    assert "Skyddad identitet" in text(client.get(where))
    typed = {"street": "Tillfälligt boende 5", "postcode": "392 31", "locality": "Kalmar"}
    done = go_on(client, where, "finish", address_of="typed", **typed)
    assert done.status_code == 302, text(done)
    activity = Activity.objects.get()
    assert (activity.street, activity.typed_for_case) == ("Tillfälligt boende 5", True)


def test_a_dialog_about_somebody_who_became_protected_has_ended(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    Recipient.objects.update(is_protected=True)
    answer = client.get(aids, follow=True)
    assert "Dialogen är avslutad" in text(answer)


def test_of_a_deceased_person_an_activity_can_be_made(client, chair):
    Recipient.objects.update(deceased_on="2026-11-01")
    aids = choose(client, begin(client, chair.recipient, chair), "Hämtning")
    done = go_on(client, go_on(client, aids).url, "finish", request="Hämtas hos dödsboet.")
    assert done.status_code == 302
    page = text(client.get(reverse("activities:detail", args=[Activity.objects.get().case_number])))
    assert "Avliden" in page


def test_an_address_can_be_typed_for_this_case_alone(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    where = go_on(client, go_on(client, aids).url, request="Glappar.").url
    answer = go_on(client, where, "finish", address_of="typed", street="", postcode="", locality="")
    assert "Ange gatuadress." in text(answer)
    typed = {"street": "Skolan 1", "postcode": "392 31", "locality": "Kalmar"}
    assert go_on(client, where, "finish", address_of="typed", **typed).status_code == 302
    assert Activity.objects.get().street == "Skolan 1"
    assert Recipient.objects.get().street == "Storgatan 7, lgh 1001"


def test_the_contact_switch_holds_for_this_case_alone(client, chair):
    aids = choose(client, begin(client, chair.recipient, chair), "Anpassning")
    step = go_on(client, aids).url
    go_on(client, step, "finish", request="Glappar.", contact_prescriber="ja")
    assert Activity.objects.get().contact_prescriber
    assert not Recipient.objects.get().contact_prescriber


# --- hoists ---


@pytest.mark.parametrize("kind", ["Flytt av taklyft", "Avhjälpande"])
def test_urgent_work_on_a_hoist_says_ring_too(client, kind):
    hoist = lend(RecipientFactory(), ArticleFactory(name="Taklyft", iso_code="123612"))
    urgent = re.search(r'name="priority" value="(\d+)"[^>]*>(?:(?!</label>).)*Akut',
                       text(client.get(begin(client, hoist.recipient))), re.S)[1]  # fmt: skip
    aids = choose(client, begin(client, hoist.recipient, hoist), kind, priority=urgent)
    step = go_on(client, aids).url
    page = text(client.get(step))
    assert "Ring också" in page and "0322-552 90" in page
    answer = go_on(client, step, "finish", request=f"Hos {hoist.recipient.family_name}")
    assert "Texten är kontrollerad" in text(answer)
    done = go_on(client, step, "finish", request="Till nytt rum.")
    assert "info@guldmann.se" in text(client.get(done.url)).replace("<wbr>", "")


# --- from a piece, from an order ---


def test_from_a_piece_in_the_own_store(client, user):
    (piece,) = put_in_stock(BufferFactory(), ArticleFactory(name="Säng", is_marked=True), 1)
    url = reverse("activities:begin_with_piece", args=[piece.number])
    assert url in text(client.get(reverse("individuals:detail", args=[piece.number])))
    step = client.get(url).url
    page = text(client.get(step))
    assert "Buffertreparation" in page and "Flytt av säng" not in page
    told = go_on(client, step).url
    done = go_on(client, told, "finish", request="Byt hjul.")
    assert done.status_code == 302, text(done)
    activity = Activity.objects.get()
    assert (activity.recipient, activity.warehouse) == (None, BufferFactory())
    assert Block.objects.get(until=None).individual == piece
    assert client.get(done.url).status_code == 200
    assert client.get(reverse("activities:detail", args=[activity.case_number])).status_code == 200


@pytest.fixture
def order(user):
    bed = ArticleFactory(name="Säng")
    put_in_stock(WarehouseFactory(), bed, 3)
    return sent((bed, 1), user=user, recipient=RecipientFactory())


def test_a_piece_in_somebody_elses_store_is_told_before_anything_is_typed(client):
    (piece,) = put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 1)
    url = reverse("activities:begin_with_piece", args=[piece.number])
    answer = client.get(url)
    assert answer.url == reverse("individuals:detail", args=[piece.number])
    assert "Individen står inte i något av dina förråd." in text(client.get(answer.url))


def test_from_an_order_that_then_waits(client, order):
    page = reverse("orders:detail", args=[order.case_number])
    begin_url = reverse("activities:begin_with_order", args=[order.case_number])
    assert begin_url in text(client.get(page))
    told = choose(client, client.get(begin_url).url, "Anpassning")
    assert go_on(client, told, "finish", request="Sänk sängen.").status_code == 302
    activity = Activity.objects.get()
    its_page = reverse("activities:detail", args=[activity.case_number])
    assert its_page in text(client.get(page))
    assert page in text(client.get(its_page))
    refused = client.post(reverse("orders:cancel", args=[order.case_number]))
    assert refused.status_code == 409
    assert its_page in text(refused)
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    picking = khs.post(reverse("orders:pick", args=[order.case_number]), follow=True)
    assert f"väntar på aktivitet {activity.case_number}" in text(picking)
    assert its_page in text(picking)


def test_an_order_of_accessories_is_told_not_to_wait(client, user):
    part = ArticleFactory(name="Bricka", type=ArticleType.ACCESSORY)
    put_in_stock(WarehouseFactory(), part, 3)
    order = sent((part, 1), user=user)
    step = client.get(reverse("activities:begin_with_order", args=[order.case_number])).url
    assert "väntar inte på aktiviteten" in text(client.get(step))
    told = choose(client, step, "Anpassning")
    go_on(client, told, "finish", request="Montera brickan.")
    activity = Activity.objects.get()
    assert activity.case_number in text(
        client.get(reverse("orders:detail", args=[order.case_number]))
    )
    assert order.case_number in activity.comment


def test_another_units_order_is_not_found(client):
    stranger = UserFactory(default_unit__code="V9", default_unit__name="Annan")
    order = sent((ArticleFactory(), 1), user=stranger)
    url = reverse("activities:begin_with_order", args=[order.case_number])
    assert client.get(url).status_code == 404
