"""Follow-up: on its day somebody looks whether a held aid does its work, and answers by one tap."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.follow_up import preset_weeks
from articles.models import Article, ArticleType, IsoClass
from orders import cart as carts
from orders import services
from organisation.models import AccessLogEntry, Message, User
from organisation.permissions import KHS
from recipients import follow_ups
from recipients.lending import lock_loans, take_back
from recipients.models import FollowUp, Loan, Recipient
from sesam.models import DialogState
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    put_in_stock,
)
from tests.orders.builders import add, start
from tests.pickups.builders import lend, to_follow_up
from tests.reading import read_page

pytestmark = pytest.mark.django_db
MINE = "/min-sida/?flik=uppfoljning"
DAY = dt.timedelta(days=1)


def url(loan: Loan) -> str:
    return f"/mottagare/{loan.recipient.key}/uppfoljning/{loan.pk}/"


def main(answer) -> str:
    return read_page(answer).split("<main")[1]


@pytest.fixture
def aid(prescriber) -> Loan:
    return to_follow_up(RecipientFactory(), unit=prescriber.default_unit, follow_up_by=prescriber)


# --- the day: from the catalogue over the order to the loan ---


@pytest.fixture
def wheelchair() -> Article:
    for level, code in ((1, "12"), (2, "1222"), (3, "122203")):
        IsoClass.objects.get_or_create(code=code, defaults={"level": level, "title": code})
    return ArticleFactory(iso_code="122203", iso_class_id="122203")


def test_the_nearest_class_presets_it_and_the_article_overrides(wheelchair):
    assert preset_weeks(wheelchair) is None
    IsoClass.objects.filter(code="12").update(follow_up_weeks=26)
    assert preset_weeks(wheelchair) == 26
    IsoClass.objects.filter(code="1222").update(follow_up_weeks=12)
    assert preset_weeks(wheelchair) == 12
    IsoClass.objects.filter(code="122203").update(follow_up_weeks=0)
    assert preset_weeks(wheelchair) is None
    wheelchair.follow_up_weeks = 4
    assert preset_weeks(wheelchair) == 4
    assert preset_weeks(ArticleFactory(type=ArticleType.ACCESSORY, follow_up_weeks=4)) is None


def delivered(cart) -> Loan:
    """What an own store handed out on sending."""
    services.send(cart, user=cart.user)
    return Loan.objects.get()


def test_it_is_preset_on_the_line_changed_in_checkout_and_stands_on_the_loan(client, prescriber):
    article, store = ArticleFactory(follow_up_weeks=12), BufferFactory()
    put_in_stock(store, article, 1)
    prescriber.default_unit.own_stores.add(store)
    cart = start(prescriber)
    line = add(cart, article, warehouse=store)
    assert line.follow_up_weeks == 12
    assert "Följs upp 12 veckor efter leverans" in main(client.get("/bestallning/slutfor/"))
    dialog = f"/bestallning/rader/{line.pk}/uppfoljning/"
    assert "Ingen uppföljning" in main(client.get(dialog))
    assert client.post(dialog, {"weeks": "3"}).status_code == 422
    assert client.post(dialog, {"weeks": "4"}).status_code == 302
    loan = delivered(cart)
    due = timezone.localdate() + dt.timedelta(weeks=4)
    assert due <= loan.follow_up_on <= due + 2 * DAY and loan.follow_up_on.weekday() < 5
    assert loan.follow_up_by == prescriber


def test_it_is_left_out_in_checkout(client, prescriber):
    cart = start(prescriber)
    line = add(cart, ArticleFactory(follow_up_weeks=12))
    client.post(f"/bestallning/rader/{line.pk}/uppfoljning/", {"weeks": "ingen"})
    order = services.send(cart, user=prescriber)
    assert order.lines.get().follow_up_weeks is None


def test_what_was_chosen_stays_when_the_line_is_changed(prescriber):
    cart = start(prescriber)
    article = ArticleFactory(follow_up_weeks=12)
    line = add(cart, article)
    carts.follow_up(cart, line.pk, 2)
    wish = carts.Wish(article, 2, line.source, line.warehouse)
    assert carts.put(cart, wish, line=line).follow_up_weeks == 2


def test_what_goes_to_a_care_unit_is_followed_up_by_nobody(client, prescriber):
    cart = start(prescriber, CareUnitFactory())
    line = add(cart, ArticleFactory(follow_up_weeks=12))
    assert line.follow_up_weeks is None
    assert "uppföljning" not in main(client.get("/bestallning/slutfor/")).lower()
    answer = client.post(f"/bestallning/rader/{line.pk}/uppfoljning/", {"weeks": "4"})
    assert "Bara det som en person får följs upp." in main(answer)


# --- where it stands ---


def test_it_stands_on_the_recipient_and_on_min_sida(client, aid):
    page = main(client.get(f"/mottagare/{aid.recipient.key}/"))
    assert "Följs upp i dag" in page and "att följa upp" in page
    answer = client.get(MINE)
    assert aid.title in main(answer) and aid.recipient.family_name not in main(answer)
    assert url(aid) in answer.content.decode()
    assert "1 hjälpmedel att följa upp" in main(client.get("/"))


def test_visa_mottagare_is_a_look_that_is_logged(client, aid):
    before = AccessLogEntry.objects.count()
    assert aid.recipient.name in main(client.get(f"{MINE}&mottagare=1"))
    assert AccessLogEntry.objects.count() == before + 1


def test_what_is_due_later_asks_for_nothing_yet(client, aid):
    Loan.objects.update(follow_up_on=timezone.localdate() + 9 * DAY)
    assert "att följa upp" not in main(client.get("/"))
    assert aid.title in main(client.get(MINE))


def test_a_colleagues_isnt_mine_but_can_be_answered_in_the_unit(aid):
    colleague = Client()
    colleague.force_login(UserFactory(default_unit=aid.unit))
    assert aid.title not in main(colleague.get(MINE))
    assert "Behöver justeras" in main(colleague.get(url(aid)))


# --- the answers ---


def test_each_answer_leads_to_what_follows_from_it(client, prescriber):
    for said, leads in (
        ("used", "/mottagare/"),
        ("adjust", "/aktiviteter/"),
        ("unused", "/hamtordrar/"),
    ):
        loan = to_follow_up(RecipientFactory(), unit=prescriber.default_unit)
        answer = client.post(url(loan), {"svar": said, "note": "Vill ha lägre sits."}, follow=True)
        assert answer.redirect_chain[-1][0].startswith(leads), said
        kept = FollowUp.objects.get(loan=loan)
        assert (kept.answer, kept.note, kept.user) == (said, "Vill ha lägre sits.", prescriber)
        loan.refresh_from_db()
        assert loan.follow_up_on is None
        if said != "used":
            assert re_checked(answer, loan)


def re_checked(answer, loan) -> bool:
    """The dialog has the aid chosen, or will: it was opened with it."""
    state = DialogState.objects.latest("touched_at")
    return state.facts.get("chosen") == [loan.pk]


def test_the_wrong_aid_leads_to_a_pickup_and_a_new_order(client, aid):
    answer = client.post(url(aid), {"svar": "wrong"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'href="/bestallning/till/{aid.recipient.key}/"' in page
    assert "Hämtorder</a>" in page and f"valda={aid.pk}" in page


def test_an_answer_is_logged_and_shown_in_the_panel(client, aid):
    client.post(url(aid), {"svar": "used", "note": "Nöjd."})
    entry = AccessLogEntry.objects.filter(action="change").latest("pk")
    assert entry.recipient_key == aid.recipient.key and "används" in entry.detail
    panel = main(client.get(f"/mottagare/{aid.recipient.key}/?panel={aid.pk}"))
    assert "Används, " in panel and "Nöjd." in panel


def test_a_protected_persons_note_isnt_shown_and_goes_with_the_aid(client, aid):
    client.post(url(aid), {"svar": "used", "note": "Bor hos Lennart."})
    Recipient.objects.update(is_protected=True)
    panel = main(client.get(f"/mottagare/{aid.recipient.key}/?panel={aid.pk}"))
    assert "Används, " in panel and "Lennart" not in panel
    call_command("clear_old")
    assert FollowUp.objects.get().note
    take_back(lock_loans([aid.pk])[aid.pk], 1, timezone.now())
    call_command("clear_old")
    assert FollowUp.objects.get().note == ""


def test_of_a_protected_person_no_note_is_asked_for_or_kept(client, aid):
    assert "Anteckning" in main(client.get(url(aid)))
    Recipient.objects.update(is_protected=True)
    assert "Anteckning" not in main(client.get(url(aid)))
    told = client.post(url(aid), {"svar": "used", "note": "Bor hos Lennart."}, follow=True)
    assert FollowUp.objects.get().note == ""
    assert "Anteckningen är inte sparad" in main(told) and "Lennart" not in main(told)


def test_another_unit_reads_the_answer_and_not_the_note(client, aid):
    client.post(url(aid), {"svar": "used", "note": "Nöjd."})
    stranger = Client()
    stranger.force_login(UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab")))
    panel = main(stranger.get(f"/mottagare/{aid.recipient.key}/?panel={aid.pk}"))
    assert "Används, " in panel and "Nöjd." not in panel


def test_an_answer_stands_in_historik_with_its_note_for_those_who_may_open_the_order(client, aid):
    client.post(url(aid), {"svar": "used", "note": "Nöjd."})
    page = main(client.get(f"/mottagare/{aid.recipient.key}/?flik=historik&visa=uppfoljningar"))
    assert f"Uppföljning av {aid.title}: används" in page and "«Nöjd.»" in page
    assert aid.case_number in page and str(FollowUp.objects.get().user) in page
    stranger = Client()
    stranger.force_login(UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab")))
    theirs = f"/mottagare/{aid.recipient.key}/"
    page = main(stranger.get(f"{theirs}?flik=historik"))
    assert "Nöjd" not in page


def test_of_a_protected_person_historik_tells_no_note(client, aid):
    client.post(url(aid), {"svar": "used", "note": "Bor hos Lennart."})
    Recipient.objects.update(is_protected=True)
    page = main(client.get(f"/mottagare/{aid.recipient.key}/?flik=historik"))
    assert "används" in page and "Lennart" not in page


def test_what_has_been_answered_says_so(client, aid):
    client.post(url(aid), {"svar": "used"})
    answer = client.post(url(aid), {"svar": "unused"})
    assert answer.status_code == 409
    assert "Uppföljningen är besvarad" in main(answer)
    assert FollowUp.objects.get().answer == "used"


def test_sent_twice_it_is_answered_once_and_goes_on_both_times(client, aid):
    for _ in range(2):
        assert "/aktiviteter/" in client.post(url(aid), {"svar": "adjust"}).url
    assert FollowUp.objects.count() == 1


def test_a_note_that_comes_too_late_is_said_not_to_be_saved_and_can_be_read(client, aid):
    client.post(url(aid), {"svar": "used"})
    answer = client.post(url(aid), {"svar": "used", "note": "Ramen skaver."})
    assert answer.status_code == 409
    assert "Uppföljningen är besvarad" in main(answer) and "Ramen skaver." in main(answer)
    assert FollowUp.objects.get().note == ""


def test_put_off_or_left_out_twice_is_once(client, aid):
    def changes():
        return AccessLogEntry.objects.filter(action="change").count()

    before, day = changes(), timezone.localdate() + 9 * DAY
    for deed in ({"flytta": "1", "day": day.isoformat()}, {"ingen": "1"}):
        before += 1
        for _ in range(2):
            assert client.post(url(aid), deed).status_code == 302
        assert changes() == before


def test_without_an_answer_nothing_is_saved_and_the_answers_stay(client, aid):
    answer = client.post(url(aid), {"note": "Hm"})
    assert "Välj ett av svaren." in main(answer) and "Behöver justeras" in main(answer)
    assert "Hm" in main(answer) and not FollowUp.objects.exists()


def test_what_was_returned_meanwhile_says_so_and_is_asked_for_no_more(client, aid):
    loan = lock_loans([aid.pk])[aid.pk]
    take_back(loan, 1, timezone.now())
    for answer in (client.get(url(aid)), client.post(url(aid), {"svar": "adjust"})):
        assert "Hjälpmedlet är återlämnat" in main(answer)
        assert "Det finns inget att följa upp." in main(answer)
    assert not FollowUp.objects.exists()
    assert aid.title not in main(client.get(MINE))
    assert "att följa upp" not in main(client.get("/"))


def test_for_who_has_died_only_the_pickup_makes_sense(client, aid):
    Recipient.objects.update(deceased_on="2026-01-02")
    page = main(client.get(url(aid)))
    assert "Används inte" in page and "Behöver justeras" not in page
    assert client.post(url(aid), {"svar": "adjust"}).status_code == 409
    assert not FollowUp.objects.exists()


def test_it_is_put_off_or_left_out(client, aid):
    day = timezone.localdate() + 9 * DAY
    client.post(url(aid), {"flytta": "1", "day": day.isoformat()})
    aid.refresh_from_db()
    assert aid.follow_up_on == day
    client.post(url(aid), {"ingen": "1"})
    aid.refresh_from_db()
    assert aid.follow_up_on is None
    assert "Hjälpmedlet ska inte följas upp." in main(client.get(url(aid)))


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"flytta": "1", "day": ""}, "day", "Välj en dag."),
        ({"flytta": "1", "day": "1999-01-01"}, "day", "Välj en dag från och med i dag."),
        ({"flytta": "1", "day": "9999-12-31"}, "day", "Välj en dag inom tio år."),
        ({"flytta": "1", "day": "snart"}, "day", "Välj en dag i kalendern."),
        ({"svar": "used", "note": "x" * 1001}, "note", "högst 1 000 tecken"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(client, aid, body, field, says):
    answer = client.post(url(aid), body)
    assert answer.status_code == 422
    assert says in main(answer).split(f'id="id_{field}-error"')[1].split("</p>")[0]
    assert not FollowUp.objects.exists()


def test_another_units_isnt_found_but_khs_answers(aid):
    stranger, khs = Client(), Client()
    elsewhere = UnitFactory(code="V01", name="Hemrehab Västervik")
    stranger.force_login(UserFactory(default_unit=elsewhere))
    khs.force_login(UserFactory(default_unit=elsewhere, roles=[KHS]))
    assert stranger.get(url(aid)).status_code == 404
    assert stranger.post(url(aid), {"svar": "used"}).status_code == 404
    assert khs.get(url(aid)).status_code == 200


# --- the message ---


def test_the_prescriber_is_told_once_by_the_aid_and_no_name(prescriber, aid):
    for _ in range(2):
        call_command("clear_old")
    said = Message.objects.get(user=prescriber, title="Dags att följa upp ett hjälpmedel")
    assert aid.title in said.text and aid.recipient.family_name not in said.text
    assert said.about == aid.recipient.key
    assert said.get_kind_display() == "Hjälpmedel att följa upp"
    reader = Client()
    reader.force_login(prescriber)
    assert f'href="{MINE}"' in reader.get(f"/meddelanden/{said.key}/").content.decode()


@pytest.mark.parametrize("left", ["unit", "portal"])
def test_what_somebody_who_has_left_was_to_follow_up_is_the_units(client, prescriber, aid, left):
    gone = UserFactory(default_unit=aid.unit, username="slutar")
    Loan.objects.update(follow_up_by=gone)
    assert aid.title not in main(client.get(MINE))
    if left == "unit":
        gone.units.clear()
    else:
        User.objects.filter(pk=gone.pk).update(is_active=False)
    assert aid.title in main(client.get(MINE))
    assert "1 hjälpmedel att följa upp" in main(client.get("/"))
    follow_ups.remind()
    assert prescriber in {said.user for said in Message.objects.all()}
    assert not Message.objects.filter(user=gone).exists()
    stranger = Client()
    stranger.force_login(UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab")))
    assert aid.title not in main(stranger.get(MINE))


@pytest.fixture
def khs():
    client = Client()
    client.force_login(UserFactory(roles=[KHS], is_staff=True, units=[UnitFactory(code="KHS")]))
    return client


QUEUE = "/admin/recipients/loan/"
LEFT_ALONE = "Uppföljningar utan förskrivare"


def row(loan: Loan) -> str:
    """How the queue leads to it; keys aren't read."""
    return f'/uppfoljning/{loan.pk}/"'


@pytest.fixture
def last() -> User:
    """The only prescriber of a unit."""
    return UserFactory(default_unit=UnitFactory(code="K77", name="Hemrehab Påskallavik"))


@pytest.fixture
def theirs(last) -> Loan:
    return to_follow_up(RecipientFactory(), unit=last.default_unit, follow_up_by=last)


def test_where_no_prescriber_is_left_khs_sees_to_it_and_answers(khs, last, theirs):
    later = to_follow_up(RecipientFactory(), timezone.localdate() + DAY, unit=theirs.unit)
    assert theirs.title not in main(khs.get(QUEUE))
    User.objects.filter(pk=last.pk).update(is_active=False)
    follow_ups.remind()
    assert not Message.objects.exists()
    assert LEFT_ALONE in main(khs.get("/admin/"))
    queue = main(khs.get(QUEUE))
    assert theirs.title in queue and row(theirs) in queue and str(theirs.unit) in queue
    assert row(later) not in queue and theirs.recipient.family_name not in queue
    khs.post(url(theirs), {"svar": "used"})
    assert row(theirs) not in main(khs.get(QUEUE))
    assert FollowUp.objects.get().loan == theirs


def test_who_no_longer_works_with_recipients_follows_nothing_up(khs, last, theirs):
    last.groups.clear()
    assert row(theirs) in main(khs.get(QUEUE))
    colleague = UserFactory(default_unit=theirs.unit)
    assert row(theirs) not in main(khs.get(QUEUE)), "it stands with the colleague"
    follow_ups.remind()
    assert {said.user for said in Message.objects.all()} == {colleague}


def test_khs_isnt_told_in_a_list_whose_patient_a_protected_person_is(khs, last, theirs):
    last.units.clear()
    Recipient.objects.update(is_protected=True)
    queue = main(khs.get(QUEUE))
    assert row(theirs) in queue and "Påskallavik" not in queue


def test_the_queue_asks_no_more_for_many(khs, last, theirs, django_assert_max_num_queries):
    last.units.clear()
    with CaptureQueriesContext(connection) as few:
        khs.get(QUEUE)
    for _ in range(3):
        to_follow_up(RecipientFactory(), unit=theirs.unit, follow_up_by=last)
    with django_assert_max_num_queries(len(few)):
        assert main(khs.get(QUEUE)).count("/uppfoljning/") == 4


def test_of_a_protected_person_the_title_alone_is_told(prescriber, aid):
    Recipient.objects.update(is_protected=True)
    follow_ups.remind()
    assert Message.objects.get(user=prescriber).text == ""


def test_nobody_is_told_of_what_is_due_later_returned_or_of_who_has_died(prescriber, aid):
    lend(aid.recipient, ArticleFactory())
    Loan.objects.filter(pk=aid.pk).update(follow_up_on=timezone.localdate() + DAY)
    assert follow_ups.remind() == 0
    Loan.objects.filter(pk=aid.pk).update(follow_up_on=timezone.localdate())
    Recipient.objects.update(deceased_on="2026-01-02")
    assert follow_ups.remind() == 0
    assert not Message.objects.exists()


def test_who_has_left_the_unit_is_told_nothing_of_its_patients(prescriber, aid):
    prescriber.default_unit = None
    prescriber.save(update_fields=["default_unit"])
    prescriber.units.clear()
    follow_ups.remind()
    assert not Message.objects.filter(user=prescriber).exists()


def test_put_off_it_is_told_of_again(client, prescriber, aid):
    follow_ups.remind()
    client.post(url(aid), {"flytta": "1", "day": timezone.localdate().isoformat()})
    follow_ups.remind()
    assert Message.objects.filter(user=prescriber).count() == 2


def test_many_ask_no_more(client, prescriber, aid, django_assert_max_num_queries):
    client.get(f"{MINE}&mottagare=1")
    with CaptureQueriesContext(connection) as few:
        client.get(f"{MINE}&mottagare=1")
    asked = len(few)
    for _ in range(4):
        to_follow_up(RecipientFactory(), unit=aid.unit, follow_up_by=prescriber)
    with django_assert_max_num_queries(asked):
        client.get(f"{MINE}&mottagare=1")
