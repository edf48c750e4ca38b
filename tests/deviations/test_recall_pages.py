"""A recall through the front door: the dialog, its page while and after the list is made, the queue."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deviations import recalls
from deviations.models import Answer, Recall, RecallItem
from individuals.models import Individual
from organisation.permissions import FORSKRIVARE, KHS
from recipients.models import Recipient
from tests.factories import ArticleFactory, RecipientFactory, UnitFactory, UserFactory
from tests.jobs import run_jobs
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, prescriber, returned
from tests.pickups.pages import form_of
from tests.reading import read_page

from .builders import khs_user, told_of_recall
from .test_recalls import chairs, recalled, serials

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:deviations_recall_changelist")


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def khs() -> Client:
    client = Client()
    client.force_login(khs_user())
    return client


def page_of(recall: Recall, query: str = "") -> str:
    return reverse("deviations:recall", args=[recall.case_number]) + query


NOTICE = {
    "sender": "Etac Sverige AB",
    "notice_on": "2026-11-20",
    "fault": "Bromsklossen kan spricka.",
    "measure": "Byt broms.",
    "must_stop": "on",
}


def notice() -> dict:
    return NOTICE | {"notice_on": timezone.localdate().isoformat()}


def at_scope(client: Client, **more) -> str:
    """The dialog at its second step; its address."""
    first = client.get(reverse("deviations:recall_begin")).url
    answer = client.post(first, {**notice(), **more, "action": "next"})
    assert answer.status_code == 302, read_page(answer)
    return answer.url


def checked(client: Client, **scope):
    """What the second step answers."""
    return client.post(at_scope(client), {"scope": "vissa", **scope, "action": "next"})


def test_a_notice_is_registered_and_what_it_is_about_is_found(khs):
    piece, other = chairs(2)
    Individual.objects.filter(pk=piece.pk).update(serial_number="SN-5")
    Individual.objects.filter(pk=other.pk).update(serial_number="SN-500")
    file = SimpleUploadedFile("fsn-2026-11.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")
    scope = at_scope(khs, file=file)
    typed = {"articles": piece.article.number, "scope": "vissa", "serials": "SN-1 – SN-9"}
    check = khs.post(scope, {**typed, "action": "next"}).url
    shown = read_page(khs.get(check))
    assert "1 st" in shown and "Serienummer SN-1–SN-9" in shown
    answer = khs.post(check, {"confirmed": "on", "action": "finish"})
    made = Recall.objects.get()
    assert answer.url == page_of(made)
    assert made.attachments.get().name == "fsn-2026-11.pdf"
    waiting = read_page(khs.get(answer.url))
    assert "Sökningen väntar på sin tur" in waiting
    run_jobs()
    shown = read_page(khs.get(answer.url))
    assert "0 av 1 är bekräftade" in shown and piece.number in shown and "Inte nådd" in shown
    assert other.number not in shown and "Ska inte användas" in shown
    assert khs.post(check, {"confirmed": "on", "action": "finish"}).url == page_of(made)
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"serials": "SN-9 – SN-1"}, "serials", "slutar före det börjar"),
        ({"serials": "A1 – B2"}, "serials", "samma bokstäver"),
        ({"lots": "1–2–3"}, "lots", "går inte att tyda"),
        ({}, "scope", "Skriv serienummer, batch/lot eller dagar"),
        ({"delivered_from": "2026-01-01"}, "delivered_to", "både första och sista"),
        (
            {"produced_from": "2026-02-01", "produced_to": "2026-01-01"},
            "produced_to",
            "före den första",
        ),
        ({"delivered_from": "förra året"}, "delivered_from", "år-månad-dag"),
        ({"articles": "999999", "serials": "1"}, "articles", "Ingen artikel har numret 999999"),
        ({"articles": " ", "serials": "1"}, "articles", "minst ett artikelnummer"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept(khs, typed, field, says):
    answer = checked(khs, **{"articles": ArticleFactory().number, **typed})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field] and says in str(form.errors)
    for name, value in typed.items():
        assert value.strip() in read_page(answer), name


def test_while_the_list_is_made_the_page_asks_for_itself_and_loads_anew_when_it_is_done(khs):
    made = recalled(chairs()[0].article, find=False)
    asked = {"HX-Request": "true", "HX-Target": "laget"}
    assert "HX-Refresh" not in khs.get(page_of(made), headers=asked).headers
    run_jobs()
    assert khs.get(page_of(made), headers=asked).headers["HX-Refresh"] == "true"


def test_a_job_that_stopped_is_told_and_asked_for_again(khs):
    made = recalled(chairs()[0].article, find=False)
    Recall.objects.update(error="Sökningen avbröts av ett fel.")
    assert "Sökningen avbröts" in read_page(khs.get(page_of(made)))
    khs.post(reverse("deviations:recall_search", args=[made.case_number]))
    assert "Sökningen avbröts" not in read_page(khs.get(page_of(made)))


def test_the_tabs_part_what_is_left_confirmed_in_stores_and_held(khs):
    shelf = chairs(2)
    held = lend(RecipientFactory(), shelf[0].article).individual
    made = recalled(shelf[0].article)
    item = made.items.get(individual=shelf[1])
    recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=khs_user())
    numbers = {
        "kvar": {shelf[0].number, held.number},
        "bekraftade": {shelf[1].number},
        "lager": {x.number for x in shelf},
        "mottagare": {held.number},
        "skrotade": set(),
        "alla": {*(x.number for x in shelf), held.number},
    }
    for part, wanted in numbers.items():
        table = khs.get(page_of(made, f"?visa={part}")).context["table"]
        assert {row.individual.number for row in table.rows} == wanted, part
    assert "1 av 3 är bekräftade" in read_page(khs.get(page_of(made)))


def rows_of(answer) -> str:
    """What the list's rows say."""
    return " ".join(row.cells for row in answer.context["table"].drawn)


def test_nobody_is_named_and_of_a_protected_person_no_place(khs):
    person = RecipientFactory()
    made = recalled(lend(person, ArticleFactory(is_marked=True)).article)
    answer = khs.get(page_of(made))
    rows = rows_of(answer)
    assert f"Mottagare, {person.payer.name}" in rows and "Hemrehab Kalmar" in rows
    assert person.family_name not in read_page(answer)
    assert person.number not in read_page(answer)
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    rows = rows_of(khs.get(page_of(made)))
    assert "Mottagare, skyddad identitet" in rows
    assert person.payer.name not in rows and "Hemrehab Kalmar" not in rows


def test_who_has_died_is_said(khs):
    person = RecipientFactory()
    made = recalled(lend(person, ArticleFactory(is_marked=True)).article)
    Recipient.objects.filter(pk=person.pk).update(deceased_on=dt.date(2026, 11, 1))
    assert "Mottagare som har avlidit" in read_page(khs.get(page_of(made)))


def test_what_is_ordered_is_told(khs):
    article = ArticleFactory(is_marked=True)
    order = sent((article, 2))
    made = recalled(article)
    shown = read_page(khs.get(page_of(made)))
    assert order.case_number in shown and "2 st" in shown


def test_a_unit_that_was_told_sees_its_own_alone_and_another_finds_nothing():
    made = told_of_recall(RecipientFactory())
    mine = made.items.get().individual
    other = lend(RecipientFactory(), made.items.get().article)
    RecallItem.objects.create(
        recall=made, article=other.article, individual=other.individual, loan=other,
        unit=UnitFactory(code="V01"), found="held", found_at=timezone.now(), sureness="sure",
        by="article",
    )  # fmt: skip
    client = Client()
    client.force_login(UserFactory(roles=[FORSKRIVARE]))
    shown = read_page(client.get(page_of(made)))
    assert mine.number in shown and other.individual.number not in shown
    assert "0 av 1" in shown and "Beställda" not in shown
    stranger = Client()
    stranger.force_login(UserFactory(default_unit=UnitFactory(code="X01")))
    assert stranger.get(page_of(made)).status_code == 404


def test_the_queue_says_articles_and_share(khs):
    piece = chairs()[0]
    made = recalled(piece.article)
    recalls.answer(made, [made.items.get().pk], Answer.TAKEN_OUT, user=khs_user())
    shown = read_page(khs.get(QUEUE))
    assert made.case_number in shown and piece.article.name in shown and "1 av 1" in shown
    found = khs.post(reverse("admin:deviations_recall_find"), {"nummer": made.case_number})
    assert found.url == page_of(made)


@pytest.mark.parametrize("name", ["admin:deviations_recall_changelist", "page"])
def test_the_bar_marks_where_one_looks_for_it(khs, name):
    made = recalled(chairs()[0].article)
    url = page_of(made) if name == "page" else reverse(name)
    bar = [entry.label for entry in khs.get(url).context["menu"] if entry.active]
    assert bar == ["Avvikelser"]


def test_the_list_takes_as_many_questions_for_many_as_for_few(khs):
    few, many = (recalled(chairs(count)[0].article) for count in (1, 20))
    for each in (few, many):
        khs.get(page_of(each))
    counts = []
    for each in (few, many):
        with CaptureQueriesContext(connection) as asked:
            khs.get(page_of(each))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_piece_that_a_recall_means_is_told_when_it_is_registered(client):
    piece = chairs()[0]
    recalled(piece.article, sought=[serials("SN-1", "SN-9")])
    client.force_login(khs_user())
    at = client.get(f"{reverse('individuals:register')}?lager={piece.warehouse.number}").url
    at = client.post(at, {"warehouse": piece.warehouse.number, "article": piece.article.number,
                          "action": "next"}).url  # fmt: skip
    at = client.post(at, {"confirmed": "on", "action": "next"}).url
    typed = {"number": "700009", "serial_number": "SN-2", "lot": "L7", "age": "0"}
    shown = read_page(client.post(at, {**typed, "action": "finish"}, follow=True))
    assert "Individ 700009 är spärrad och kan inte lämnas ut: återkallelse" in shown
    assert "Batch/lot" in shown and "L7" in shown


@pytest.mark.parametrize("scrap", [False, True])
def test_who_takes_counted_goods_back_is_told_to_put_them_aside(client, scrap):
    user, article = prescriber(), ArticleFactory(name="Dusjpall")
    loan = lend(RecipientFactory(), article)
    made = recalled(article)
    back = returned(loan, user=user, scrap=scrap)
    client.force_login(user)
    page = read_page(client.get(reverse("pickups:returned", args=[back.key])))
    told = f"omfattas av återkallelse {made.case_number}. Ställ undan det som kom tillbaka"
    assert (told in page) != scrap


def test_khs_is_told_so_too_until_it_is_let_go(khs):
    for answer in ("", Answer.REMEDIED):
        loan = lend(RecipientFactory(), ArticleFactory())
        made = recalled(loan.article)
        if answer:
            recalls.answer(made, [made.items.get().pk], answer, user=khs_user())
        pickup = fetched(loan)
        url = reverse("pickups:receive", args=[pickup.case_number])
        form = form_of(khs.get(url)) | {f"skick-rad-{pickup.lines.get().pk}": "stock"}
        page = read_page(khs.post(url, form, follow=True))
        assert "Mottagningen är registrerad" in page
        assert ("Ställ undan det som kom tillbaka" in page) != bool(answer)


def test_others_than_khs_do_not_register_recalls(client):
    client.force_login(UserFactory(roles=[FORSKRIVARE]))
    assert client.get(reverse("deviations:recall_begin")).status_code == 403
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    assert client.get(reverse("deviations:recall_begin")).status_code == 302
