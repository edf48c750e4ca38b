"""«Varför?»: who has no case with a person says why, before anything of the person but the name."""

import datetime as dt
import os
import re
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from orders.models import Cart
from organisation import access_log
from organisation.models import AccessLogEntry, LookReason
from organisation.permissions import LOGGRANSKARE
from recipients.models import CareRelation, Recipient
from recipients.why import lacks_reason
from sesam.models import DialogState
from tests.activities.builders import registered as activity
from tests.deviations.builders import registered as deviation
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    RegisterPersonFactory,
    UnitFactory,
    UserFactory,
    a_reason,
    answer_of,
    put_in_stock,
)
from tests.orders.builders import sent, start
from tests.papers import papers_not_drawn  # noqa: F401  a fixture
from tests.pickups.builders import fetched, lend, returned
from tests.reading import read_page
from tests.test_permissions import HTMX, arguments, case, walked_case  # noqa: F401  fixtures
from tests.url_table import CARE, URLS
from tests.walking import Walk, another_window

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.asks_why,
    pytest.mark.usefixtures("papers_not_drawn"),
]
ROUNDS = range(int(os.environ.get("SENT_TWICE", "12")))
SECRETS = {
    "street": "Hemligvägen 99",
    "mobile": "070-174 06 99",
    "phone": "08-465 004 99",
    "email": "hemlig@example.se",
    "door_code": "9753#",
    "instructions": "Ring hos grannen Hemlig.",
}
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def person():
    return RecipientFactory(family_name="Okändsson", **SECRETS)


def page_of(person) -> str:
    return reverse("recipients:detail", args=[person.key])


def question(person) -> str:
    return reverse("recipients:why", args=[person.key])


def asked(answer) -> str:
    """Where the question leads on to, if it was asked."""
    where = urlsplit(answer.headers.get("HX-Redirect") or answer.headers.get("Location") or "")
    return parse_qs(where.query)["vidare"][0] if where.path.endswith("/varfor/") else ""


def say(client, person, reason="Nytt ärende", text="", on=None):
    query = {"vidare": on} if on else {}
    return client.post(question(person), answer_of(reason, text), query_params=query)


def reasons() -> list[AccessLogEntry]:
    return list(AccessLogEntry.objects.filter(action="reason").order_by("id"))


# --- whom it is asked ---


def test_who_has_no_case_with_a_person_is_asked_by_the_name_alone(client, person):
    LoanFactory(recipient=person, article=ArticleFactory(name="Hemlig rullstol"))
    answer = client.get(page_of(person))
    assert asked(answer) == page_of(person)
    shown = read_page(client.get(answer.url))
    assert "Okändsson" in shown
    for told in (
        *SECRETS.values(),
        "Hemlig",
        person.number,
        person.written_number,
        "Kalmar kommun",
    ):
        assert told not in shown


def test_a_protected_persons_name_is_told_when_it_is_answered(client):
    person = RecipientFactory(family_name="Okändsson", is_protected=True)
    shown = read_page(client.get(question(person)))
    assert "Okändsson" not in shown and "Skyddad" not in shown
    say(client, person)
    assert "Okändsson" in read_page(client.get(page_of(person)))


def test_then_the_place_that_was_asked_for_opens_and_the_log_says_why(client, prescriber, person):
    place = page_of(person) + "?flik=historik"
    answer = say(client, person, "Annat", "Anhörig ringde om rullstolen", on=place)
    assert answer.url == place
    assert client.get(place).status_code == 200
    (row,) = reasons()
    assert (row.user, row.unit, row.recipient_key) == (
        prescriber, prescriber.default_unit, person.key
    )  # fmt: skip
    assert (row.reason.name, row.detail) == ("Annat", "Anhörig ringde om rullstolen")


def test_it_is_asked_once_a_person_user_and_day(browser_of, prescriber, person):
    other = RecipientFactory()
    with time_machine.travel(timezone.localtime().replace(hour=12), tick=False) as clock:
        client, colleague = browser_of(prescriber), browser_of(UserFactory())
        say(client, person)
        assert client.get(page_of(person)).status_code == 200
        assert asked(client.get(page_of(other)))
        assert asked(colleague.get(page_of(person)))
        clock.shift(dt.timedelta(hours=11))
        again = browser_of(prescriber)
        assert again.get(page_of(person)).status_code == 200
        clock.shift(dt.timedelta(hours=2))
        assert asked(browser_of(prescriber).get(page_of(person)))


def test_in_two_tabs_at_once_both_go_on(client, person):
    client.get(question(person))
    for reason in ("Akut", "Vikarierar"):
        assert say(client, person, reason).url == page_of(person)
    assert [row.reason.name for row in reasons()] == ["Akut"]
    assert client.get(question(person)).url == page_of(person)


@pytest.mark.parametrize(
    ("reason", "text", "said"),
    [
        ("", "", "Välj varför"),
        ("nyfiken", "", "går inte att välja"),
        ("Annat", "", "Skriv med några ord"),
        ("Annat", " nej ", "Skriv med några ord"),
        ("Akut", f"rör {UNUSED_NUMBERS[1]}.", "Skriv utan personnummer"),
        ("Annat", "x" * 201, "högst 200 tecken"),
    ],
)
def test_what_is_no_answer_opens_nothing_and_stays_typed(client, person, reason, text, said):
    answer = say(client, person, reason, text)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said in shown and 'aria-invalid="true"' in shown
    assert text.strip()[:150] in shown
    assert reasons() == []
    assert asked(client.get(page_of(person)))


@pytest.mark.parametrize("on", ["https://example.se/", "//example.se", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(client, person, on):
    assert say(client, person, on=on).url == page_of(person)


def test_somebody_whom_the_portal_does_not_know_is_not_found(client):
    assert client.get("/mottagare/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert client.get("/mottagare/00000000-0000-4000-8000-000000000000/varfor/").status_code == 404


# --- which cases count ---

CASES = {
    "an order": lambda person, user: sent((ArticleFactory(), 1), user=user, recipient=person),
    "an activity": lambda person, user: activity(
        recipient=person, type="Konsulentärende", user=user
    ),
    "a pickup order": lambda person, user: fetched(lend(person, ArticleFactory()), user=user),
    "a return": lambda person, user: returned(lend(person, ArticleFactory()), user=user),
    "an order in progress": lambda person, user: start(user, person),
}


@pytest.mark.parametrize("kind", CASES)
def test_who_has_a_case_with_the_person_is_not_asked(kind, client, prescriber, person):
    CASES[kind](person, prescriber)
    assert client.get(page_of(person)).status_code == 200
    assert reasons() == []


def test_who_has_reported_a_deviation_is_not_asked(client, prescriber, person):
    deviation(lend(person, ArticleFactory(is_marked=True)), user=prescriber)
    assert client.get(page_of(person)).status_code == 200


def test_a_colleagues_case_counts_and_another_units_does_not(client, stranger, browser_of, person):
    CareRelation.objects.create(recipient=person, unit=UserFactory().default_unit)
    assert client.get(page_of(person)).status_code == 200
    assert asked(browser_of(stranger).get(page_of(person)))


def test_an_order_in_progress_counts_for_who_has_it_alone(client, prescriber, person):
    start(UserFactory(), person)
    assert asked(client.get(page_of(person)))
    mine = start(prescriber, person)
    Cart.objects.filter(pk=mine.pk).update(closed_at=timezone.now())
    assert asked(client.get(page_of(person)))


def test_khs_is_asked_only_about_a_person_without_any_case(browser_of, khs_user, person):
    khs = browser_of(khs_user)
    assert asked(khs.get(page_of(person)))
    assert "hos något tjänsteställe" in read_page(khs.get(question(person)))
    CareRelation.objects.create(recipient=person, unit=UnitFactory(code="V01"))
    assert khs.get(page_of(person)).status_code == 200


def test_khs_is_asked_in_the_back_office_too(browser_of, khs_user, person):
    khs = browser_of(khs_user)
    url = reverse("admin:recipients_recipient_change", args=[person.key])
    assert asked(khs.get(url)) == url
    assert say(khs, person, on=url).url == url
    assert "Hemligvägen" in read_page(khs.get(url))


def test_a_care_unit_is_nobody(client):
    assert client.get(page_of(CareUnitFactory())).status_code == 200


def test_who_fetched_the_person_from_the_register_is_asked_as_any(client, browser_of, stranger):
    """Nobody has a case with somebody whom the portal has just learnt to know."""
    found = RegisterPersonFactory(number=UNUSED_NUMBERS[3])
    answer = client.post("/mottagare/", {"nummer": UNUSED_NUMBERS[3]})
    on = asked(client.get(answer.url))
    assert on == answer.url
    shown = read_page(client.get(client.get(on).url))
    assert found.family_name in shown
    assert found.street not in shown and UNUSED_NUMBERS[3] not in shown
    say(client, Recipient.objects.get(number=UNUSED_NUMBERS[3]), on=on)
    assert client.get(on).status_code == 200
    assert asked(browser_of(stranger).get(on))


def test_a_deceased_persons_page_asks_too(client):
    person = RecipientFactory(deceased_on=timezone.localdate())
    assert asked(client.get(page_of(person)))


def test_who_may_not_see_recipients_is_not_asked_but_refused(browser_of, controller, person):
    assert browser_of(controller).get(page_of(person)).status_code == 403
    assert browser_of(controller).get(question(person)).status_code == 403


# --- every door ---

# The user's own order in progress, which nobody begins without a reason.
OWN = {
    name
    for name, row in URLS.items()
    if name.startswith("orders:") and row.who >= CARE and row.others is None
} - {"orders:to", "orders:from_template", "orders:holder", "orders:deliver_piece"}


@pytest.fixture
def out_there():
    """A prescriber of a unit that has no case with anybody."""
    user = UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab Västervik"))
    client = Client()
    client.force_login(user)
    client.get("/")
    return client, user


def told(answer) -> list[str]:
    """What an answer tells of anybody, besides names."""
    if "html" not in answer.headers.get("Content-Type", ""):
        return [answer.headers["Content-Type"]] if answer.status_code == 200 else []
    shown = answer.content.decode() + str(answer.headers)
    numbers = [
        written
        for person in Recipient.objects.filter(kind="person")
        for written in (person.number, person.written_number)
    ]
    return [told for told in (*SECRETS.values(), *numbers) if told in shown]


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_no_address_tells_more_than_a_name_of_who_is_no_case_of_ones_unit(
    htmx,
    walked_case,  # noqa: F811
    out_there,
):
    client, user = out_there
    headers, walk, asked_at = HTMX if htmx else {}, Walk(), set()
    for name in sorted(URLS.keys() - OWN - {"sign_out"}):
        for method in ("get", "post"):
            with walk.at(f"{method} {name}"):
                url = reverse(name, args=arguments(name, walked_case, user))
                Recipient.objects.filter(kind="person").update(**SECRETS)
                answer = getattr(another_window(client), method)(url, headers=headers)
                if asked(answer):
                    asked_at.add(name)
                # Blank papers, labels and documents tell of nobody.
                if name not in PAPERS:
                    assert told(answer) == []
    walk.end()
    assert asked_at == ASKING


PAPERS = {"activities:blank", "articles:document", "articles:picture", "document", "individuals:label",
          "articles:store_report", "invoicing:figures_sheet", "search_sheet", "printout_file", "alive", "ready", "metrics"}  # fmt: skip
ASKING = {
    "recipients:detail", "recipients:undo_contact", "recipients:information", "recipients:aid_list",
    "recipients:prescribed_list", "orders:to", "orders:from_template", "pickups:new_return", "pickups:slip",
    "pickups:begin", "activities:begin", "deviations:begin_for",
}  # fmt: skip


def test_what_asks_opens_when_it_is_answered(walked_case, out_there):  # noqa: F811
    client, user = out_there
    person, walk = walked_case["order"].recipient, Walk()
    for name in sorted(ASKING - {"recipients:undo_contact"}):
        with walk.at(name):
            url = reverse(name, args=arguments(name, walked_case, user))
            window = another_window(client)
            assert asked(window.get(url)) == url
            assert say(window, person, on=url).url == url
            opened = window.get(url, follow=True)
            assert opened.status_code == 200
            assert not any("/varfor/" in where for where, _ in opened.redirect_chain)
    walk.end()


def test_a_post_before_the_answer_changes_nothing(walked_case, out_there):  # noqa: F811
    client, user = out_there
    person, walk = walked_case["order"].recipient, Walk()
    for name in sorted(ASKING):
        with walk.at(name):
            url = reverse(name, args=arguments(name, walked_case, user))
            before = Recipient.objects.values().get(pk=person.pk)
            window = another_window(client)
            answer = window.post(
                url, {"mobile": "070-174 06 11", "version": "0", "action": "finish"}, follow=True
            )
            asks = any("/varfor/" in where for where, _ in answer.redirect_chain)
            assert asks or answer.status_code == 405
            assert Recipient.objects.values().get(pk=person.pk) == before
            assert not Cart.objects.filter(user=user).exists()
            assert not AccessLogEntry.objects.filter(user=user, action="change").exists()
    walk.end()


@pytest.mark.parametrize("box", [{"q": ""}, {"nummer": ""}], ids=["every page's", "recipients'"])
def test_a_number_typed_in_a_box_leads_to_the_question(client, person, box):
    address = "/" if "q" in box else "/mottagare/"
    answer = client.post(address, dict.fromkeys(box, person.number), follow=True)
    (first, _), (second, _) = answer.redirect_chain
    assert (first, second.split("?")[0]) == (page_of(person), question(person))
    assert person.number not in second
    part = client.post(address, dict.fromkeys(box, person.number), headers=HTMX)
    assert asked(client.get(part.url, headers=HTMX)) == page_of(person)


def test_who_hands_out_a_piece_is_asked_about_whom_it_goes_to(client, prescriber, person):
    store = BufferFactory()
    prescriber.default_unit.own_stores.add(store)
    (piece,) = put_in_stock(store, ArticleFactory(is_marked=True), 1)
    url = reverse("orders:deliver_piece", args=[piece.number])
    to = client.post(url, {"nummer": person.number}, headers=DIALOG).url
    on = asked(client.get(to, headers=DIALOG))
    assert on == to and to.endswith(f"?individ={piece.number}")
    shown = client.get(say(client, person, on=on).url, headers=DIALOG).content.decode()
    assert "Beställning till" in shown and "Hemligvägen" in shown


def test_what_was_typed_is_there_when_it_is_answered(client, person):
    """The page was opened before midnight."""
    say(client, person)
    url = page_of(person) + "?redigera=uppgifter"
    with time_machine.travel(timezone.localtime() + dt.timedelta(days=1)):
        client = Client()
        client.force_login(AccessLogEntry.objects.filter(action="reason").get().user)
        version = str(person.version)
        typed = {"mobile": "070-174 06 13", "version": version, "phone": "", "email": "",
                 "door_code": "1111", "instructions": "Ring två gånger.", "contact_prescriber": "nej"}  # fmt: skip
        answer = client.post(page_of(person), typed, headers={"Referer": f"http://testserver{url}"})
        on = asked(answer)
        assert on.startswith(url)
        assert say(client, person, on=on).url == on
        shown = read_page(client.get(on))
        assert "Ring två gånger." in shown and "du behövde säga varför först" in shown
        assert Recipient.objects.get(pk=person.pk).door_code == SECRETS["door_code"]


def test_a_dialogs_step_that_was_begun_before_midnight_keeps_what_is_typed(
    prescriber, browser_of, person
):
    evening = timezone.localtime().replace(hour=23)
    with time_machine.travel(evening, tick=False) as clock:
        client = browser_of(prescriber)
        say(client, person)
        client.get(begin := reverse("deviations:begin_for", args=[person.key]))
        step = client.get(begin).url
        clock.shift(dt.timedelta(hours=2))
        client = browser_of(prescriber)
        typed = {"action": "next", "valda": "", "antal": "7"}
        on = asked(client.post(step, typed, headers={"Referer": f"http://testserver{step}"}))
        assert on.startswith(step)
        assert client.get(say(client, person, on=on).url).status_code == 200
        state = DialogState.objects.get(key=step.split("/")[-3])
        assert state.typed["hjalpmedel"]["antal"] == "7"


def test_in_a_dialog_the_question_comes_in_its_place_and_then_what_was_asked_for(client, person):
    url = reverse("deviations:begin_for", args=[person.key])
    answer = client.get(url, headers=DIALOG)
    assert answer.status_code == 302
    shown = client.get(answer.url, headers=DIALOG).content.decode()
    assert 'id="dialog-body"' in shown and "Varför?" in shown
    on = say(client, person, on=url).url
    assert "dialog-body" in client.get(on, headers=DIALOG, follow=True).content.decode()


def test_ticked_aids_stay_ticked(client, person):
    url = reverse("pickups:new_return", args=[person.key])
    loan = LoanFactory(recipient=person)
    answer = client.post(url, {"valda": str(loan.pk)})
    assert asked(client.get(answer.url)) == f"{url}?valda={loan.pk}"


# --- who has a piece, and whom the log is about ---


def test_who_has_a_piece_is_the_same_question_asked_once(client, person):
    piece = LoanFactory(recipient=person, individual=IndividualFactory()).individual
    status = f"/individer/{piece.number}/?flik=status"
    assert "Okändsson" not in read_page(client.get(status))
    dialog = reverse("orders:holder", args=[piece.number])
    assert "Okändsson" not in read_page(client.get(dialog))
    client.post(dialog, answer_of("Akut"))
    assert "Okändsson" in read_page(client.get(status))
    assert client.get(page_of(person)).status_code == 200
    (row,) = reasons()
    assert (row.reason.name, row.case_number) == ("Akut", "26410087")


def test_who_has_answered_on_the_persons_page_sees_the_piece_at_once(client, person):
    piece = LoanFactory(recipient=person, individual=IndividualFactory()).individual
    say(client, person)
    assert "Okändsson" in read_page(client.get(f"/individer/{piece.number}/?flik=status"))
    assert client.get(reverse("orders:holder", args=[piece.number])).status_code == 302


def test_the_log_reviewer_is_asked_before_who_it_is(browser_of, person):
    client = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    url = reverse("access_log_who", args=[person.key])
    page = client.post(url)
    assert page.status_code == 200 and "Okändsson" not in read_page(page)
    assert client.post(url, {"skal": "", "text": "x"}).status_code == 422
    shown = client.post(url, answer_of("Annat", "Stickprov i oktober"), follow=True)
    assert "Okändsson" in read_page(shown)
    assert client.post(url).status_code == 302
    assert [row.detail for row in reasons()] == ["Stickprov i oktober"]


def test_another_page_of_the_log_reviewers_asks_without_the_name_too(browser_of, person):
    client = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    page = client.get(question(person))
    assert page.status_code == 200 and "Okändsson" not in read_page(page)
    assert say(client, person, "Annat", "Utdrag till patienten", on="/logg/").url == "/logg/"


def test_the_log_reviewer_is_offered_no_reason_of_care_and_care_none_of_theirs(
    browser_of, client, person
):
    """Who opens no cases can't have come for a new one, wherever they are asked."""
    reviewer = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    theirs = {"Kontroll av loggen", "En kollega bad om det", "Annat"}
    of_care = {"Nytt ärende", "Vikarierar", "Akut", "En kollega bad om det", "Annat"}

    def offered(page) -> set[str]:
        return {card["label"] for card in page.context["form"].cards}

    assert offered(reviewer.post(reverse("access_log_who", args=[person.key]))) == theirs
    assert offered(reviewer.get(question(person))) == theirs
    assert offered(client.get(question(person))) == of_care
    refused = reviewer.post(question(person), answer_of("Nytt ärende"))
    assert refused.status_code == 422 and "Det skälet går inte att välja" in read_page(refused)
    assert not reasons()


def test_the_log_shows_reasons_and_finds_emergencies(browser_of, client, person):
    say(client, person, "Akut", "Larm från hemmet")
    say(client, RecipientFactory(), "Vikarierar")
    reviewer = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    whole = reviewer.get("/logg/")
    (link,) = re.findall(r'href="([^"]+)">Nödöppningar', whole.content.decode())
    found = reviewer.get(link.replace("&amp;", "&"))
    shown = read_page(found).split("<table")[1]
    assert "Larm från hemmet" in shown and "Akut" in shown and "Vikarierar" not in shown
    assert len(reviewer.get("/logg/?skal=alla").context["table"].rows) == 2
    assert reviewer.get("/logg/?skal=x").status_code == 422


def test_what_was_typed_of_somebody_who_is_protected_now_is_not_shown(browser_of, client, person):
    say(client, person, "Annat", "Larm från Kvarnbacken 12")
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    reviewer = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    shown = read_page(reviewer.get("/logg/"))
    assert "Kvarnbacken" not in shown and "Visas inte: skyddad identitet" in shown
    sheet = load_workbook(BytesIO(reviewer.get("/logg/excel/").content)).active
    assert "Kvarnbacken" not in str(list(sheet.iter_rows(values_only=True)))


# --- the reasons, which KHS edits ---


def test_a_reason_of_khs_is_asked_for_in_its_turn_with_its_text_and_icon(client, person):
    facts = {"name": "Utbildning", "text": "Med handledare", "icon": "clock", "needs_text": True}
    LookReason.objects.create(rank=4, **facts)
    LookReason.objects.create(rank=9, name="Utan ikon")
    page = client.get(question(person)).content.decode()
    names = re.findall(r"</svg> ([^<]+)<small>|<span>([^<]+)</span></label>", page)
    assert ["".join(name).strip() for name in names] == [
        "Nytt ärende", "Vikarierar", "En kollega bad om det", "Akut", "Utbildning", "Annat",
        "Utan ikon",
    ]  # fmt: skip
    assert "Med handledare" in page and "behövs för Utbildning och Annat" in page
    assert "Skriv med några ord" in say(client, person, "Utbildning").content.decode()
    assert say(client, person, "Utbildning", "Visar en student").status_code == 302


def test_a_reason_that_ended_meanwhile_is_refused_at_the_field_and_the_rest_stays(client, person):
    ended = LookReason.objects.get(name="Vikarierar")
    client.get(question(person))
    LookReason.objects.filter(pk=ended.pk).update(is_active=False)
    answer = say(client, person, "Vikarierar", "Åt Hemrehab")
    page = answer.content.decode()
    assert answer.status_code == 422 and "Det skälet går inte att välja" in page
    assert 'value="Åt Hemrehab"' in page and "Du arbetar åt ett annat" not in page
    assert reasons() == []


def test_what_was_answered_by_a_reason_that_has_ended_is_found_still(browser_of, client, person):
    say(client, person, "Akut", "Larm")
    LookReason.objects.filter(name="Akut").update(is_active=False)
    reviewer = browser_of(UserFactory(roles=[LOGGRANSKARE], default_unit=None))
    for asked_for in ("nod", answer_of("Akut")["skal"]):
        found = reviewer.get("/logg/", {"skal": asked_for})
        assert [row.reason.name for row in found.context["table"].rows] == ["Akut"]
    sheet = load_workbook(BytesIO(reviewer.get("/logg/excel/?skal=nod").content)).active
    assert "Akut" in list(sheet.iter_rows(values_only=True))[1]


def test_the_database_wants_the_words_of_a_reason_that_needs_them(prescriber, person):
    def told(**facts) -> None:
        with transaction.atomic():
            access_log.record(prescriber, access_log.Action.REASON, person.key, **facts)

    with pytest.raises(IntegrityError, match="wants words"):
        told(reason=a_reason("Annat"))
    with pytest.raises(IntegrityError, match="reason_is_somebodys_about_somebody"):
        told(detail="Utan skäl")
    told(reason=a_reason("Annat"), detail="Anhörig ringde")
    with pytest.raises(ProtectedError):
        a_reason("Annat").delete()


# --- what it costs ---


@pytest.mark.django_db(transaction=True)
def test_answered_twice_at_once_both_go_on(twice):
    user = UserFactory()
    _, browser = twice(user)
    for _ in ROUNDS:
        person = RecipientFactory()
        answers = browser.post(question(person), answer_of("Akut"))
        assert [answer.location for answer in answers] == [page_of(person)] * 2
        assert AccessLogEntry.objects.filter(action="reason", recipient_key=person.key).exists()


def test_reasons_are_found_by_indexes_from_the_one_person(prescriber, person):
    with connection.cursor() as cursor:
        cursor.execute(  # a log of some length since midnight, known to the planner
            "INSERT INTO organisation_accesslogentry"
            " (at, job, action, recipient_key, searched, detail, case_number)"
            " SELECT now() + n * interval '1 second', 'a job', 'view', gen_random_uuid(), '', '', ''"
            " FROM generate_series(1, 3000) AS n"
        )
        cursor.execute("ANALYZE organisation_accesslogentry")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        with CaptureQueriesContext(connection) as asked_of:
            assert lacks_reason(prescriber, person.key)
        cursor.execute(f"EXPLAIN {asked_of[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "one_relation_a_case" in plan and "log_of_" in plan, plan
    assert "Seq Scan" not in plan and "hashed" not in plan, plan


def test_it_is_one_question_to_the_database(client, prescriber, person):
    CareRelation.objects.create(recipient=person, unit=prescriber.default_unit)
    client.get(page_of(person))
    with CaptureQueriesContext(connection) as asked_of:
        client.get(page_of(person))
    assert sum("recipients_carerelation" in query["sql"] for query in asked_of) == 1
