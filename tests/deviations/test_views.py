"""Through the front door: the dialog from everywhere, the page, KHS's side, the papers."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deviations import services
from deviations.models import Deviation, DeviationStatus, EventType
from organisation.models import AccessLogEntry, MessageKind
from recipients.models import Recipient
from sesam.models import DialogState
from tests.activities.builders import registered as an_activity
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent
from tests.papers import Paper, needs_pdf
from tests.pickups.builders import fetched, lend, prescriber, returned, someone
from tests.pickups.pages import form_of, page_of

from .builders import category, chair, closed, grave, khs_user, received, registered

pytestmark = pytest.mark.django_db
EVENT = {
    "event_type": "near_miss",
    "happened_on": "",
    "what_happened": "Vänster broms släppte.",
    "consequence": "none",
    "is_kept": "nej",
    "action": "next",
}


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def client(user):
    return signed_in(user)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def page(deviation: Deviation) -> str:
    return reverse("deviations:detail", args=[deviation.case_number])


def begin(client, recipient: Recipient, *loans) -> str:
    """Open the dialog with the loans ticked; the address that it begins at."""
    url = reverse("deviations:begin_for", args=[recipient.key])
    bar = client.post(url, {"valda": [loan.pk for loan in loans]})
    return client.get(bar.url).url


def event(**typed) -> dict:
    today = f"{timezone.localdate():%Y-%m-%d}"
    wanted = EVENT | {"category": category().pk, "happened_on": today} | typed
    return {name: value for name, value in wanted.items() if value is not None}


def finish(client, response):
    """Send the last step as it stands."""
    assert response.status_code == 302, text_of(response)
    last = response.url
    return client.post(last, form_of(client.get(last)) | {"action": "finish"})


# --- the dialog ---


def test_from_ticked_aids_it_begins_with_the_event_and_is_registered(client, user):
    loan = chair()
    first = begin(client, loan.recipient, loan)
    assert first.endswith("/handelse/")
    answer = finish(client, client.post(first, event()))

    made = Deviation.objects.get()
    assert answer.url == reverse("deviations:confirmation", args=[made.case_number])
    assert made.case_number in text_of(client.get(answer.url))
    assert made.items.get().loan == loan
    assert (made.ordered_by, made.contact_name) == (user, str(user))


def test_from_the_recipient_without_any_aid(client):
    person = someone()
    first = begin(client, person)
    assert first.endswith("/hjalpmedel/")
    second = client.post(first, form_of(client.get(first)) | {"action": "next"})
    finish(client, client.post(second.url, event(is_kept=None)))
    assert not Deviation.objects.get().items.exists()


def test_from_a_piece_in_a_store_there_is_no_recipient(client):
    piece = put_in_stock(BufferFactory(), ArticleFactory(is_marked=True), 1)[0]
    assert "Avvikelse/reklamation" in text_of(client.get(f"/individer/{piece.number}/"))
    first = client.get(reverse("deviations:begin_of_piece", args=[piece.number])).url
    finish(client, client.post(first, event(block="on")))
    made = Deviation.objects.get()
    assert (made.recipient, made.items.get().individual) == (None, piece)
    assert piece.blocks.filter(until=None).exists()
    assert client.get(page(made)).status_code == 200


def test_a_piece_that_somebody_holds_leads_to_nobody(client):
    loan = chair()
    answer = client.get(reverse("deviations:begin_of_piece", args=[loan.individual.number]))
    assert answer.url == f"/individer/{loan.individual.number}/"
    assert not DialogState.objects.exists()
    assert loan.recipient.name not in text_of(client.get(answer.url))


def test_from_an_order_it_is_tied_to_it(client, user):
    order = sent((ArticleFactory(), 1), user=user)
    first = client.get(reverse("deviations:begin_of_case", args=[order.case_number])).url
    second = client.post(first, form_of(client.get(first)) | {"action": "next"})
    kind = category("Leveransförsening", complaint=True).pk
    typed = event(event_type="complaint", category=kind, is_kept=None)
    third = client.post(second.url, typed)
    assert third.url.endswith("/reklamation/")
    finish(client, client.post(third.url, form_of(client.get(third.url)) | {"action": "next"}))
    made = Deviation.objects.get()
    assert made.about_id == order.case_number
    assert made.recipient == order.recipient
    assert f'href="/bestallningar/{order.case_number}/"' in client.get(page(made)).content.decode()


def test_from_a_pickup_order_with_its_aids(client):
    loan = chair()
    pickup = fetched(loan)
    first = client.get(reverse("deviations:begin_of_case", args=[pickup.case_number])).url
    finish(client, client.post(first, event()))
    made = Deviation.objects.get()
    assert (made.about_id, made.items.get().loan) == (pickup.case_number, loan)


def test_another_units_case_starts_nothing(client):
    order = sent((ArticleFactory(), 1))
    stranger = signed_in(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))
    url = reverse("deviations:begin_of_case", args=[order.case_number])
    assert stranger.get(url).status_code == 404
    assert stranger.get(url.replace(order.case_number, "99999999")).status_code == 404


def test_every_page_offers_it(client, user):
    loan = chair()
    order, pickup = sent((ArticleFactory(), 1), user=user), fetched(loan)
    for url in (
        page_of(loan.recipient),
        reverse("orders:detail", args=[order.case_number]),
        reverse("pickups:detail", args=[pickup.case_number]),
    ):
        assert "Avvikelse/reklamation" in text_of(client.get(url))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"event_type": ""}, "Välj händelsetyp."),
        ({"category": ""}, "Välj kategori."),
        ({"what_happened": " "}, "Skriv vad som hände."),
        ({"is_kept": ""}, "Välj om produkten är sparad."),
        ({"is_kept": "ja"}, "Skriv var produkten finns nu."),
        ({"consequence": "mild"}, "är det en negativ händelse"),
        ({"event_type": "adverse"}, "har skadat någon"),
        ({"event_type": "complaint"}, "hör till händelsetypen"),
        ({"happened_on": "2999-01-01"}, "har inte varit än"),
        ({"happened_on": "i går"}, "år-månad-dag"),
    ],
)
def test_what_is_wrong_stands_at_its_field(client, typed, told):
    loan = chair()
    answer = client.post(begin(client, loan.recipient, loan), event(**typed))
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert 'aria-invalid="true"' in answer.content.decode()


def test_wear_is_no_deviation_and_leads_to_an_activity_about_the_same_aid(client):
    loan = chair()
    shown = client.get(begin(client, loan.recipient, loan))
    assert "Vanligt slitage är ingen avvikelse" in text_of(shown)
    instead = reverse("activities:begin", args=[loan.recipient.key]) + f"?valda={loan.pk}"
    assert f'href="{instead}"' in shown.content.decode()
    assert client.get(instead).status_code == 302


def test_wear_of_a_piece_in_somebody_elses_store_leads_nowhere_that_ends_in_a_refusal(client):
    article = ArticleFactory(is_marked=True)
    (theirs,) = put_in_stock(WarehouseFactory(), article, 1)
    (own,) = put_in_stock(BufferFactory(), article, 1)
    for piece, leads in ((theirs, False), (own, True)):
        begun = client.get(reverse("deviations:begin_of_piece", args=[piece.number])).url
        link = reverse("activities:begin_with_piece", args=[piece.number])
        assert (link in client.get(begun).content.decode()) == leads


def test_from_an_activity_with_its_aids(client):
    loan = chair()
    activity = an_activity(loan)
    assert "Avvikelse/reklamation" in text_of(
        client.get(reverse("activities:detail", args=[activity.case_number]))
    )
    first = client.get(reverse("deviations:begin_of_case", args=[activity.case_number])).url
    finish(client, client.post(first, event()))
    made = Deviation.objects.get()
    assert (made.about_id, made.items.get().loan) == (activity.case_number, loan)


def test_a_late_complaint_is_asked_why(client):
    loan = chair()
    type(loan).objects.filter(pk=loan.pk).update(
        delivered_at=timezone.now() - timezone.timedelta(days=120)
    )
    kind = category("Fel under användning", complaint=True).pk
    second = client.post(
        begin(client, loan.recipient, loan), event(event_type="complaint", category=kind)
    )
    third = client.post(second.url, form_of(client.get(second.url)) | {"action": "next"})
    answer = finish(client, third)
    assert answer.status_code == 422
    assert "Skriv varför den kommer senare" in text_of(answer)
    typed = form_of(answer) | {"late_reason": "Syntes först nu", "action": "next"}
    finish(client, client.post(second.url, typed))
    assert Deviation.objects.get().late_reason == "Syntes först nu"


def test_an_aid_that_came_back_meanwhile_is_told_at_the_aid(client):
    loan = chair()
    second = client.post(begin(client, loan.recipient, loan), event())
    returned(loan)
    answer = finish(client, second)
    assert answer.status_code in (409, 422)
    assert "är redan återlämnat" in text_of(answer) or "inte längre hos" in text_of(answer)
    assert not Deviation.objects.exists()


def test_sent_twice_is_one(client):
    loan = chair()
    second = client.post(begin(client, loan.recipient, loan), event())
    last = form_of(client.get(second.url)) | {"action": "finish"}
    one, other = (client.post(second.url, last) for _ in range(2))
    assert one.url == other.url
    assert Deviation.objects.count() == 1


def test_files_come_along_under_their_names_without_numbers(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    loan = chair()
    second = client.post(begin(client, loan.recipient, loan), event())
    files = [
        SimpleUploadedFile("../19121212-1212 broms.pdf", b"%PDF-1.4\n%%EOF", "application/pdf"),
        SimpleUploadedFile("stol.pdf", b"%PDF-1.4\n%%EOF", "application/pdf"),
    ]
    client.post(second.url, form_of(client.get(second.url)) | {"action": "finish", "file": files})
    made = Deviation.objects.get()
    assert [file.name for file in made.attachments.all()] == ["broms.pdf", "stol.pdf"]
    url = reverse("deviations:attachment", args=[made.case_number, made.attachments.first().key])
    assert client.get(url).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bild.pdf", b"MZ\x90\x00 ett program", "kan inte bifogas"),
        ("tom.pdf", b"", "tom"),
        ("stor.pdf", b"%PDF-1.4" + b"x" * 11_000_000, "för stor"),
    ],
)
def test_a_file_that_is_none_is_refused_at_its_field(client, name, content, told):
    loan = chair()
    second = client.post(begin(client, loan.recipient, loan), event())
    upload = SimpleUploadedFile(name, content, "application/pdf")
    answer = client.post(
        second.url, form_of(client.get(second.url)) | {"action": "finish", "file": upload}
    )
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert not Deviation.objects.exists()


def test_a_file_can_be_taken_away_before_it_is_sent(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    loan = chair()
    second = client.post(begin(client, loan.recipient, loan), event())
    upload = SimpleUploadedFile("fel.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")
    client.post(second.url, form_of(client.get(second.url)) | {"action": "back", "file": upload})
    shown = client.get(second.url)
    assert "fel.pdf" in text_of(shown)
    key = re.search(r'name="ta_bort"[^>]*value="([^"]+)"', shown.content.decode())[1]
    client.post(second.url, form_of(shown) | {"action": "finish", "ta_bort": key})
    assert not Deviation.objects.get().attachments.exists()


# --- the page ---


def test_the_page_says_what_happened_whose_turn_it_is_and_what_is_held_back(client):
    loan = chair()
    made = grave(loan)
    text = text_of(client.get(page(made)))
    for told in (
        "Avvikelse " + made.case_number, "Negativ händelse", "Allvarlig händelse",
        "Vänster broms släppte", "Hemma, i hallen", "KHS tar emot avvikelsen",
        loan.individual.number, "lämnas inte ut förrän KHS har hävt spärren",
    ):  # fmt: skip
        assert told in text, told


def test_the_account_is_changed_on_the_page(client):
    made = registered(chair())
    url = f"{page(made)}?redigera=handelse"
    typed = form_of(client.get(url)) | {"what_happened": "Höger broms släppte."}
    assert client.post(url, typed).status_code == 302
    assert "Höger broms" in text_of(client.get(page(made)))


def test_it_is_taken_back_on_the_page(client):
    made = registered(chair())
    url = reverse("deviations:withdraw", args=[made.case_number])
    assert "Vill du återta" in text_of(client.get(url))
    assert client.post(url, {"action": "finish"}).status_code == 302
    assert "Återtagen" in text_of(client.get(page(made)))


def test_the_recipients_tab_has_it_with_its_next_step_and_a_panel(client):
    loan = chair()
    made = registered(loan)
    url = f"{page_of(loan.recipient)}?flik=avvikelser"
    text = text_of(client.get(url))
    assert made.case_number in text
    assert "KHS tar emot avvikelsen" in text
    panel = text_of(client.get(f"{url}&panel={made.case_number}"))
    assert "Gå till avvikelsedetaljer" in panel
    assert f"Rullstol Cross {loan.individual.number}" in panel


def test_another_unit_sees_the_panel_without_a_link():
    loan = chair()
    made = registered(loan)
    stranger = signed_in(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))
    url = f"{page_of(loan.recipient)}?flik=avvikelser&panel={made.case_number}"
    text = stranger.get(url).content.decode()
    assert made.case_number in text
    assert page(made) not in text


def test_what_happened_stands_in_the_history(client):
    loan = chair()
    closed(registered(loan))
    text = text_of(client.get(f"{page_of(loan.recipient)}?flik=historik"))
    assert "Tillbud: broms eller lås" in text
    assert "Avvikelsen avslutades" in text


def test_queries_do_not_grow_with_the_deviations(client):
    loan = chair()
    url = f"{page_of(loan.recipient)}?flik=avvikelser"
    registered(loan)
    client.get(url)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    before = queries()
    for _ in range(5):
        registered(loan)
    assert queries() == before


# --- KHS ---


@pytest.fixture
def khs():
    client = signed_in(khs_user(first_name="Bo", last_name="Ek"))
    return client


def inquiry(client, made: Deviation, **typed):
    url = reverse("deviations:investigate", args=[made.case_number])
    return client.post(url, form_of(client.get(url)) | typed)


def test_khs_takes_it_from_the_queue_finds_the_cause_and_answers(khs):
    made = registered(chair())
    queue = khs.get("/admin/deviations/deviation/")
    assert made.case_number in text_of(queue)
    khs.post(reverse("deviations:receive", args=[made.case_number]))
    inquiry(khs, made, cause="Sliten vajer", action="save")
    made.refresh_from_db()
    assert (made.status, made.cause) == (DeviationStatus.INVESTIGATING, "Sliten vajer")
    answer = inquiry(khs, made, answer="Vajern är bytt.", action="close")
    assert answer.status_code == 302
    reporter = signed_in(made.ordered_by)
    assert "1 oläst" in text_of(reporter.get("/"))
    assert "Vajern är bytt." in text_of(reporter.get(page(made)))


def test_a_grave_one_asks_for_all_answers_before_it_is_closed(khs):
    made = grave(chair())
    khs.post(reverse("deviations:receive", args=[made.case_number]))
    typed = {"cause": "Vajer", "measure": "Bytt", "answer": "Bytt", "action": "close"}
    answer = inquiry(khs, made, **typed)
    assert answer.status_code == 422
    assert "inte avslutas förrän det står om den är rapporterad" in text_of(answer)
    for to in ("supplier", "manufacturer", "authority", "inspectorate"):
        typed |= {f"{to}_answer": "nej", f"{to}_reason": "Felet är känt"}
    typed |= {
        "authority_answer": "ja",
        "authority_on": f"{timezone.localdate():%Y-%m-%d}",
        "authority_number": "LV-2026-1",
    }
    assert inquiry(khs, made, **typed).status_code == 302
    assert "LV-2026-1" in text_of(khs.get(page(made)))


def test_two_handlers_the_second_is_told_and_keeps_what_was_typed(khs):
    made = received(chair())
    url = reverse("deviations:investigate", args=[made.case_number])
    mine = form_of(khs.get(url)) | {"cause": "Min orsak", "action": "save"}
    inquiry(signed_in(khs_user()), made, cause="Deras orsak", action="save")
    answer = khs.post(url, mine)
    assert answer.status_code == 409
    assert "har ändrats sedan du öppnade sidan" in text_of(answer)
    assert "Min orsak" in answer.content.decode()


def test_closing_what_is_closed_says_so(khs):
    made = received(chair())
    url = reverse("deviations:investigate", args=[made.case_number])
    typed = form_of(khs.get(url)) | {"answer": "Klart", "action": "close"}
    closed(made)
    answer = khs.post(url, typed)
    assert answer.status_code == 409
    assert "redan avslutad" in text_of(answer)
    assert khs.get(url).status_code == 302


def test_khs_lets_the_piece_go_on_the_page(khs):
    loan = chair()
    made = grave(loan)
    assert "Häv spärren" in text_of(khs.get(page(made)))
    khs.post(reverse("deviations:release", args=[made.case_number]))
    assert not loan.individual.blocks.filter(until=None).exists()
    assert "Häv spärren" not in text_of(khs.get(page(made)))


def test_the_home_shows_what_is_grave_and_what_waits(khs):
    grave(chair())
    text = text_of(khs.get("/admin/"))
    assert "Allvarliga händelser" in text
    assert "Avvikelser att ta emot" in text


@pytest.mark.parametrize("query", ["", "?lage=allvarlig", "?lage=forsenad", "?typ=near_miss"])
def test_the_queue_is_narrowed_and_its_queries_do_not_grow(khs, query):
    registered(chair())
    url = f"/admin/deviations/deviation/{query}"
    khs.get(url)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert khs.get(url).status_code == 200
        return len(captured)

    before = queries()
    for _ in range(3):
        registered(chair())
    assert queries() <= before + 1


# --- the papers ---


@needs_pdf
def test_one_paper_has_the_person_and_one_has_nothing_of_anybody(client):
    person = someone()
    loan = chair(person)
    made = registered(
        loan,
        what_happened=f"{person.given_name} {person.family_name}, {person.written_number}, ramlade"
        f" på {person.street}. Ring 070-555 22 33.",
        contact_name="Berit Kontaktsson",
    )
    full = Paper(client.get(reverse("deviations:pdf", args=[made.case_number]))).everything
    assert person.written_number in full and "ramlade" in full
    bare = Paper(client.get(reverse("deviations:supplier_pdf", args=[made.case_number]))).everything
    assert "ramlade" in bare
    assert loan.individual.number in bare
    for telling in (
        person.given_name, person.family_name, person.number, person.written_number,
        "555 22 33", "i hallen", made.contact_name,
    ):  # fmt: skip
        assert telling not in bare, telling


# --- protected persons ---


def test_of_who_became_protected_nothing_that_was_written_is_shown(client, khs):
    loan = chair()
    made = registered(loan, place="Kvarnbacken 12", what_happened="Föll vid kvarnen.")
    closed_one = closed(registered(loan, what_happened="Föll vid kvarnen.", place="Kvarnbacken 12"))
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    for who in (client, khs):
        for one in (made, closed_one):
            text = text_of(who.get(page(one)))
            assert "Kvarn" not in text and "kvarn" not in text
    typed = form_of(client.get(f"{page(made)}?redigera=handelse"))
    assert "kvarnen" not in str(typed)


def test_looking_is_logged(client, user):
    made = registered(chair())
    client.get(page(made))
    row = AccessLogEntry.objects.filter(user=user, case_number=made.case_number).first()
    assert (row.action, row.recipient_key) == ("view", made.recipient.key)


def test_a_care_units_deviation_has_no_personal_data(client):
    made = registered(chair(), event=EventType.COMPLAINT)
    assert "Reklamation" in text_of(client.get(page(made)))
    assert services.withdraw(made, user=made.ordered_by)
    assert lend(someone(), ArticleFactory())


# --- what KHS corrects ---


def test_khs_says_on_the_page_what_kind_of_event_it_was(khs):
    made = received(chair())
    url = f"{page(made)}?redigera=klassning"
    form = form_of(khs.get(url)) | {"event_type": "adverse", "consequence": "mild"}
    empty = khs.post(url, form | {"why": ""})
    assert empty.status_code == 422
    assert "Skriv varför. Den som anmälde får läsa det." in text_of(empty)
    assert khs.post(url, form | {"why": "Hon slog i knät."}).status_code == 302
    shown = text_of(khs.get(page(made)))
    assert "Negativ händelse" in shown and "Lindrig" in shown and "Hon slog i knät." in shown


def test_khs_is_told_that_the_reporter_is_told_only_where_that_is_so(khs):
    made = received(chair())
    url = f"{page(made)}?redigera=klassning"
    same = khs.post(url, form_of(khs.get(url)) | {"why": "Inget nytt."}, follow=True)
    assert "inget är ändrat" in text_of(same) and "anmälaren får veta" not in text_of(same)
    mild = {"event_type": "adverse", "consequence": "mild", "why": "Knät."}
    changed = khs.post(url, form_of(khs.get(url)) | mild, follow=True)
    assert "anmälaren får veta det" in text_of(changed)
    told = made.ordered_by.messages.get()
    assert told.kind == MessageKind.DEVIATION


def test_who_says_it_after_somebody_else_is_told_and_keeps_what_was_typed(khs):
    made = received(chair())
    url = f"{page(made)}?redigera=klassning"
    form = form_of(khs.get(url)) | {"event_type": "adverse", "consequence": "mild", "why": "Knät."}
    inquiry(signed_in(khs_user()), made, cause="Deras orsak", action="save")
    told = khs.post(url, form)
    assert told.status_code == 409
    assert "har ändrats sedan du öppnade sidan" in text_of(told) and "Knät." in text_of(told)
    again = khs.post(url, form_of(told))
    assert again.status_code == 302, "who was told has seen it now"


def test_what_was_typed_of_one_that_was_closed_meanwhile_is_shown_to_who_typed_it(khs):
    made = received(chair())
    url = f"{page(made)}?redigera=klassning"
    form = form_of(khs.get(url)) | {"event_type": "adverse", "consequence": "mild", "why": "Knät."}
    closed(made)
    told = khs.post(url, form)
    assert told.status_code == 409
    assert "kan inte ändras" in text_of(told) and "Knät." in text_of(told)


@pytest.mark.parametrize("typed", [{"event_type": "x"}, {"seen": "x"}, {"category": "0"}])
def test_nonsense_is_refused_at_its_field(khs, typed):
    made = received(chair())
    url = f"{page(made)}?redigera=klassning"
    assert khs.post(url, form_of(khs.get(url)) | {"why": "Knät."} | typed).status_code == 422


def test_the_unit_says_nothing_of_that_kind(client):
    made = received(chair())
    assert "redigera=klassning" not in client.get(page(made)).content.decode()
    url = f"{page(made)}?redigera=klassning"
    assert client.get(url).status_code == client.post(url, {}).status_code == 403


def test_khs_opens_again_what_was_closed_too_soon(khs):
    made = closed(registered(chair()))
    url = reverse("deviations:reopen", args=[made.case_number])
    assert url in khs.get(page(made)).content.decode()
    assert khs.post(url, {"why": ""}).status_code == 422
    assert khs.post(url, {"why": "Släppte igen."}).status_code == 302
    shown = text_of(khs.get(page(made)))
    assert "Under utredning" in shown and "Släppte igen." in shown
    assert "KHS utreder och svarar" in shown
    late = khs.post(url, {"why": "En gång till"})
    assert late.status_code in (302, 409)


def test_what_is_opened_again_says_so_to_who_reported_it(khs):
    made = closed(registered(chair()), answer="Bromsen är bytt.")
    url = reverse("deviations:reopen", args=[made.case_number])
    khs.post(url, {"why": "Släppte igen."})
    reporter = signed_in(made.ordered_by)
    assert f"KHS har öppnat din avvikelse {made.case_number} igen" in text_of(
        reporter.get(reverse("messages"))
    )
    inquiry(khs, made, answer="Inte klart än", action="save")
    assert "Inte klart än" not in text_of(reporter.get(page(made))), "a draft is no answer"
    assert "Inte klart än" in text_of(khs.get(page(made)))


def test_the_unit_does_not_open_again(client):
    made = closed(registered(chair()))
    url = reverse("deviations:reopen", args=[made.case_number])
    assert url not in client.get(page(made)).content.decode()
    assert client.get(url).status_code == 403


def test_khs_holds_a_piece_back_on_the_page(khs):
    loan = chair()
    made = registered(loan)
    url = reverse("deviations:hold", args=[made.case_number])
    assert url in khs.get(page(made)).content.decode()
    khs.post(url)
    assert loan.individual.blocks.filter(until=None).exists()
    assert url not in khs.get(page(made)).content.decode()


def test_what_khs_wrote_of_who_became_protected_stands_in_no_form(khs):
    loan = chair()
    made = received(loan)
    inquiry(khs, made, cause="Backen vid kvarnen", action="save")
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    form = khs.get(reverse("deviations:investigate", args=[made.case_number]))
    assert "kvarnen" not in text_of(form)
    assert "Det som skrevs tidigare visas inte" in text_of(form)
    inquiry(khs, made, cause="Vajern", action="save")
    assert "Vajern" in text_of(khs.get(page(made)))
