"""An activity's page, and what is done from it."""

import datetime as dt
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import jobs, services
from activities.models import Activity, ActivityStatus
from articles.models import ArticleType, Balance
from organisation.models import Message
from organisation.permissions import KHS
from recipients.models import Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PriceFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent
from tests.papers import Paper, needs_pdf
from tests.pickups.builders import lend, prescriber, returned
from tests.undoing import undo_address

from .builders import closed, registered, report, technician
from .pages import form_of, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chair():
    return lend(RecipientFactory(), ArticleFactory(name="Rullstol Cross", is_marked=True))


@pytest.fixture
def activity(chair):
    return registered(chair, details={"comment": "Ring före."})


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(activity):
    return as_user(activity.ordered_by)


def text(response) -> str:
    return response.content.decode()


def test_the_page_has_its_four_sections(client, activity):
    page = text(client.get(page_of(activity)))
    for heading in ("Mottagare", "Aktivitet", "Kommentar och bilagor", "Arbetstid och material"):
        assert f"<h2>{heading}</h2>" in page
    assert "Fotstödet glappar" in page and "Ring före." in page
    assert "Nästa steg: KHS planerar arbetet" in page


def test_the_contact_switch_is_changed_and_changed_back(client, activity):
    page = page_of(activity)
    typed = {"contact_name": "Anna", "contact_phone": "08-465 004 41", "contact_prescriber": "ja"}
    answer = client.post(f"{page}?redigera=kontakt", typed, follow=True)
    assert "Förskrivare ska kontaktas" in text(answer)
    client.post(undo_address(text(answer)))
    activity.refresh_from_db()
    assert not activity.contact_prescriber


def test_the_text_is_changed_in_place_and_not_emptied(client, activity):
    page = page_of(activity)
    client.post(f"{page}?redigera=beskrivning", {"request": "Vänster sida."})
    activity.refresh_from_db()
    assert activity.request == "Vänster sida."
    answer = client.post(f"{page}?redigera=beskrivning", {"request": ""})
    assert answer.status_code == 422
    assert "Beskriv vad som ska göras" in text(answer)


def test_it_is_cancelled_while_registered(client, activity):
    url = reverse("activities:cancel", args=[activity.case_number])
    assert "Ja, makulera" in text(client.get(url))
    assert client.post(url).status_code == 302
    activity.refresh_from_db()
    assert activity.status == ActivityStatus.CANCELLED
    assert "Aktiviteten är makulerad." in text(client.get(page_of(activity)))


def test_what_is_begun_is_not_cancelled(client, activity):
    services.take(activity, user=technician())
    answer = client.post(reverse("activities:cancel", args=[activity.case_number]))
    assert answer.status_code == 409
    assert "Bara en aktivitet med status Registrerad" in text(answer)


def test_an_aid_that_went_back_is_told_on_the_page(client, activity, chair):
    returned(chair)
    page = text(client.get(page_of(activity)))
    assert "Rullstol Cross är redan återlämnat." in page
    assert "KHS avslutar aktiviteten, eller makulera den." in page


# --- reporting back ---


def report_form(client, activity, **typed):
    url = reverse("activities:report", args=[activity.case_number])
    token = re.search(r'name="token" value="([^"]+)"', text(client.get(url)))
    return url, {"token": token[1] if token else ""} | typed


@pytest.fixture
def repair():
    (piece,) = put_in_stock(BufferFactory(), ArticleFactory(name="Säng", is_marked=True), 1)
    return registered(piece=piece, type="Buffertreparation")


@pytest.fixture
def wire():
    part = ArticleFactory(number="700700", name="Bromsvajer", type=ArticleType.SPARE_PART)
    PriceFactory(article=part, list_price="120.00", rent=None)
    put_in_stock(BufferFactory(), part, 3)
    return part


def test_the_store_closes_its_own_repair(repair, wire):
    client = as_user(repair.ordered_by)
    typed = {"text": "Bytte vajer.", "minutes": "30", "artikel-1": wire.number, "antal-1": "2",
             "close": "on"}  # fmt: skip
    url, form = report_form(client, repair, **typed)
    for _ in "once", "sent again":
        told = text(client.post(url, form, follow=True))
        assert f"Aktivitet {repair.case_number} är avslutad." in told
    repair.refresh_from_db()
    assert repair.status == ActivityStatus.CLOSED
    assert Balance.objects.get(article=wire).on_hand == 1
    page = text(client.get(page_of(repair)))
    assert "Bytte vajer." in page and "2 st 700700 Bromsvajer" in page
    assert "560,00\u00a0kr" in page  # half an hour and two wires
    again = client.post(url, {"text": "En gång till.", "close": "on", "token": str(uuid.uuid4())})
    assert again.status_code == 409
    assert "Aktiviteten är redan avslutad" in text(again)


def test_too_much_material_is_told_at_its_row(repair, wire):
    client = as_user(repair.ordered_by)
    url, form = report_form(client, repair, **{"artikel-1": wire.number, "antal-1": "4"})
    answer = client.post(url, form)
    assert answer.status_code == 422
    assert "har 3 st, så 4 st kan inte tas därifrån" in text(answer)
    unknown = client.post(url, form | {"artikel-2": "123123"})
    assert "Det finns ingen artikel 123123." in text(unknown)
    assert Balance.objects.get(article=wire).on_hand == 3


def test_khss_work_is_not_reported_by_the_unit(client, activity):
    answer = client.get(reverse("activities:report", args=[activity.case_number]))
    assert "Aktiviteten utförs av KHS" in text(answer)


def test_who_ordered_it_is_told_when_it_is_closed(activity):
    closed(activity)
    message = Message.objects.get(user=activity.ordered_by)
    assert activity.case_number in message.title and "avslutad" in message.title


# --- the workshop ---


def test_a_technician_takes_plans_and_hands_back(activity):
    user = technician()
    khs = as_user(user)
    name = reverse("activities:take", args=[activity.case_number])
    assert name in text(khs.get(page_of(activity)))
    khs.post(name)
    day = timezone.localdate() + dt.timedelta(2)
    khs.post(
        reverse("activities:plan", args=[activity.case_number]),
        {"dag": day.isoformat(), "tid": "10–12", "tekniker": user.pk, "ta_med": "Vajrar"},
    )
    page = text(khs.get(page_of(activity)))
    assert "10–12" in page and f"{user}, tekniker" in page
    shown = text(khs.get(f"{reverse('activities:my_day')}?dag={day.isoformat()}"))
    assert "Rullstol Cross" in shown and "Vajrar" in shown and "Storgatan 7" in shown
    khs.post(reverse("activities:hand_back", args=[activity.case_number]), {"varfor": "Del slut."})
    activity.refresh_from_db()
    assert activity.technician is None


@pytest.mark.parametrize(
    ("day", "told"),
    [("", "Ange dagen."), ("i morgon", "år-månad-dag"), ("2020-01-01", "inte har varit")],
)
def test_a_day_that_is_none_is_told_at_its_field_and_what_was_typed_stays(activity, day, told):
    khs = as_user(technician())
    url = reverse("activities:plan", args=[activity.case_number])
    answer = khs.post(url, {"dag": day, "tid": "10–12", "ta_med": "Vajrar"})
    assert answer.status_code == 422
    assert told in text(answer) and "Vajrar" in text(answer) and "10–12" in text(answer)
    activity.refresh_from_db()
    assert activity.planned_for is None


def test_a_plan_that_was_begun_before_another_plans_asks_first_and_keeps_what_was_typed(activity):
    first, second = technician(), technician()
    khs, url = as_user(second), reverse("activities:plan", args=[activity.case_number])
    day = timezone.localdate()
    page = khs.get(page_of(activity)).content.decode()
    form = hidden_of(page, url) | {"dag": day.isoformat(), "ta_med": "Vajrar"}
    theirs = day + dt.timedelta(3)
    services.plan(activity, user=first, day=theirs, technician=first)
    answer = khs.post(url, form)
    assert answer.status_code == 409
    assert "har ändrats sedan du öppnade det" in text(answer) and "Vajrar" in text(answer)
    activity.refresh_from_db()
    assert (activity.planned_for, activity.bring) == (theirs, "")
    again = hidden_of(answer.content.decode(), url) | {"dag": day.isoformat(), "ta_med": "Vajrar"}
    for _ in range(2):
        assert khs.post(url, again).status_code == 302
    activity.refresh_from_db()
    assert (activity.planned_for, activity.technician) == (day, first)


def hidden_of(page: str, url: str) -> dict[str, str]:
    """What the form that goes to ``url`` carries along."""
    form = page.split(f'action="{url}"')[1].split("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_what_somebody_else_has_taken_since_is_not_handed_back(activity):
    first, second = technician(), technician()
    services.take(activity, user=first)
    old = form_of(as_user(first).get(page_of(activity)))
    services.hand_back(activity, user=first)
    services.take(activity, user=second)
    url = reverse("activities:hand_back", args=[activity.case_number])
    answer = as_user(first).post(url, old | {"varfor": "Del slut."}, follow=True)
    assert "Det här har ändrats sedan du öppnade det." in text(answer)
    activity.refresh_from_db()
    assert activity.technician == second


def test_the_second_technician_is_told_who_has_it(activity):
    first, second = technician(), technician()
    services.take(activity, user=first)
    answer = as_user(second).post(
        reverse("activities:take", args=[activity.case_number]), follow=True
    )
    assert f"Aktiviteten är redan tagen av {first}." in text(answer)


def test_the_day_is_in_order_of_place_and_keeps_what_was_left(chair):
    user, today = technician(), timezone.localdate()
    for place in ("Öland", "Borgholm", "Nybro"):
        one = registered(chair, details={"locality": place})
        services.plan(one, user=user, day=today, technician=user)
    Activity.objects.filter(locality="Nybro").update(planned_for=today - dt.timedelta(1))
    page = text(as_user(user).get(reverse("activities:my_day")))
    assert page.index("Borgholm") < page.index("Nybro") < page.index("Öland")
    assert "försenad" in page


def test_the_day_tells_no_address_that_nobody_may_know(activity):
    user = technician()
    services.plan(activity, user=user, day=timezone.localdate(), technician=user)
    Recipient.objects.update(is_protected=True)
    page = text(as_user(user).get(reverse("activities:my_day")))
    assert activity.case_number in page
    assert "Storgatan" not in page and "Fotstödet" not in page


def test_the_queue_shows_what_is_late_first(chair):
    soon, late = registered(chair), registered(chair)
    Activity.objects.filter(pk=late.pk).update(due_on=timezone.localdate() - dt.timedelta(1))
    khs = as_user(UserFactory(roles=[KHS], is_staff=True))
    queue = reverse("admin:activities_activity_changelist")
    page = text(khs.get(queue))
    assert page.index(late.case_number) < page.index(soon.case_number)
    assert soon.case_number not in text(khs.get(f"{queue}?lage=sen"))
    taken = technician()
    services.take(soon, user=taken)
    mine = text(khs.get(f"{queue}?tekniker={taken.pk}"))
    assert soon.case_number in mine and late.case_number not in mine
    home = text(khs.get(reverse("admin:index")))
    assert "Aktiviteter förbi sin tid" in home


def test_the_queue_asks_as_much_for_many_as_for_few(chair, django_assert_max_num_queries):
    khs = as_user(UserFactory(roles=[KHS], is_staff=True))
    queue = reverse("admin:activities_activity_changelist")
    registered(chair)
    khs.get(queue)
    with django_assert_max_num_queries(30) as few:
        khs.get(queue)
    for _ in range(5):
        registered(chair)
    with django_assert_max_num_queries(len(few)):
        khs.get(queue)


# --- where else it stands ---


def test_the_recipients_page_knows_it(client, activity, chair):
    page = reverse("recipients:detail", args=[chair.recipient.key])
    held = text(client.get(page))
    assert f"Aktivitet {activity.case_number}" in held and "öppen aktivitet" in held
    tab = f"{page}?flik=aktiviteter"
    assert activity.case_number in text(client.get(tab))
    panel = text(client.get(f"{tab}&panel={activity.case_number}"))
    assert "Gå till aktivitetsdetaljer" in panel
    history = text(client.get(f"{page}?flik=historik&visa=aktiviteter"))
    assert "Anpassning: registrerad" in history


@needs_pdf
def test_hjalpmedelslista_has_the_open_ones(client, activity, chair):
    gone = closed(registered(chair))
    paper = Paper(client.get(reverse("recipients:aid_list", args=[chair.recipient.key]))).text
    assert "Öppna aktiviteter" in paper and activity.case_number in paper
    assert gone.case_number not in paper


def test_the_piece_knows_its_whole_history_with_hours_and_cost(client, activity, chair):
    part = ArticleFactory(type=ArticleType.SPARE_PART)
    PriceFactory(article=part, list_price="100.00", rent=None)
    put_in_stock(WarehouseFactory(), part, 2)
    report(activity, (part, 1), minutes=90)
    page = text(
        client.get(
            f"{reverse('individuals:detail', args=[chair.individual.number])}?flik=aktiviteter"
        )
    )
    assert activity.case_number in page and "1 h 30 min" in page
    assert "1\u00a0060,00\u00a0kr" in page


def test_one_searches_by_time_and_unit(client, activity):
    url = "/sok/?flik=aktiviteter"
    assert activity.case_number in text(client.get(url))
    Activity.objects.update(created_at=timezone.now() - dt.timedelta(60))
    assert activity.case_number not in text(client.get(f"{url}&tid=vecka"))
    assert activity.case_number in text(client.get(f"{url}&tid=ar"))


def test_another_unit_finds_none(activity):
    stranger = as_user(UserFactory(default_unit__code="V9", default_unit__name="Annan"))
    assert stranger.get(page_of(activity)).status_code == 404
    assert activity.case_number not in text(stranger.get("/sok/?flik=aktiviteter"))


# --- papers ---


def paper(client, activity):
    return Paper(client.get(reverse("activities:pdf", args=[activity.case_number])))


@needs_pdf
def test_the_paper_says_what_is_to_be_done(client, activity, chair):
    found = paper(client, activity).text
    assert "Fotstödet glappar" in found and chair.recipient.family_name in found


@needs_pdf
def test_a_hoists_paper_names_nobody_and_shows_the_supplier():
    person = RecipientFactory(family_name="Kvarnström")
    hoist = lend(person, ArticleFactory(name="Taklyft", iso_code="123612"))
    activity = registered(hoist, type="Flytt av taklyft", user=prescriber())
    found = paper(as_user(activity.ordered_by), activity)
    for told in ("Kvarnström", person.written_number, "Storgatan", "Ing-Britt"):
        assert told not in found.everything
    assert "info@guldmann.se" in found.text and "0322-552 90" in found.text


@needs_pdf
def test_a_protected_persons_paper_has_no_address(client, activity):
    Recipient.objects.update(is_protected=True)
    found = paper(client, activity)
    assert "Storgatan" not in found.everything and "Fotstödet" not in found.everything


def test_a_protected_persons_activity_gets_its_address_for_the_case(client, activity):
    Recipient.objects.update(is_protected=True)
    page = page_of(activity)
    assert "Aktivitetsadress saknas" in text(client.get(page))
    typed = {"street": "Tillfälligt boende 5", "postcode": "39231", "locality": "Kalmar",
             "contact_phone": "08-465 004 41"}  # fmt: skip
    client.post(f"{page}?redigera=adress", form_of(client.get(f"{page}?redigera=adress")) | typed)
    activity.refresh_from_db()
    assert (activity.street, activity.typed_for_case) == ("Tillfälligt boende 5", True)


def test_min_sida_has_ones_own_with_whose_turn_it_is(client, activity):
    page = f"{reverse('my_page')}?flik=aktiviteter"
    shown = text(client.get(page))
    assert "Mina aktiviteter" in shown and activity.case_number in shown
    assert "KHS planerar arbetet" in shown
    panel = text(client.get(f"{page}&panel={activity.case_number}"))
    assert "Gå till aktivitetsdetaljer" in panel
    assert activity.case_number not in text(as_user(prescriber()).get(page))


def test_why_it_was_handed_back_is_told_until_somebody_becomes_protected(activity):
    khs = technician()
    services.take(activity, user=khs)
    services.hand_back(activity, user=khs, why="Ingen hemma på Kvarnbacken.")
    client, page = as_user(activity.ordered_by), page_of(activity)
    assert "Lämnad tillbaka till kön: Ingen hemma på Kvarnbacken." in text(client.get(page))
    Recipient.objects.update(is_protected=True)
    shown = text(client.get(page))
    assert "Lämnad tillbaka till kön" in shown and "Kvarnbacken" not in shown
    home = reverse("recipients:detail", args=[activity.recipient.key])
    assert "Kvarnbacken" not in text(client.get(f"{home}?flik=historik"))
    form = form_of(client.get(f"{page}?redigera=adress"))
    typed = {"street": "Tillfälligt boende 5", "postcode": "39231", "locality": "Kalmar"}
    assert client.post(f"{page}?redigera=adress", form | typed).status_code == 302
    shown = text(client.get(page))
    assert "Tillfälligt boende 5" in shown and "Kvarnbacken" not in shown


def test_why_it_was_handed_back_is_forgotten_when_a_protected_persons_activity_ends(activity):
    khs = technician()
    services.take(activity, user=khs)
    services.hand_back(activity, user=khs, why="Ingen hemma på Kvarnbacken.")
    Recipient.objects.update(is_protected=True)
    ended = services.cancel(Activity.objects.get(), user=activity.ordered_by)
    assert ended.has_ended and not ended.events.exclude(note="")


def test_what_the_store_shall_repair_is_written_anew_for_who_became_protected(chair):
    repair = registered(
        chair, type="Buffertreparation",
        details={"request": "Broms vid Kvarnbacken.", "address_of": "none", "street": "",
                 "comment": "Vid kvarnen."},
    )  # fmt: skip
    client, page = as_user(repair.ordered_by), page_of(repair)
    Recipient.objects.update(is_protected=True)

    shown = text(client.get(page))
    assert "Beskrivningen visas inte" in shown and "Kvarnbacken" not in shown
    assert "Förskrivaren skriver vad som ska göras" in shown
    form = text(client.get(f"{page}?redigera=beskrivning"))
    assert "Spara" in form and "Kvarnbacken" not in form
    assert "Vid kvarnen" not in text(client.get(f"{page}?redigera=kommentar"))

    edited = f"{page}?redigera=beskrivning"
    as_drawn = form_of(client.get(edited))
    assert client.post(edited, as_drawn | {"request": ""}).status_code == 422
    saved = client.post(edited, as_drawn | {"request": "Byt bromsvajern."})
    assert saved.status_code == 302
    shown = text(client.get(page))
    assert "Byt bromsvajern." in shown and "Beskrivningen visas inte" not in shown
    repair.refresh_from_db()
    assert (repair.request, repair.comment) == ("Byt bromsvajern.", "")

    report(repair, user=repair.ordered_by, close=True)
    assert "bromsvajern" not in text(client.get(page))


def test_the_same_words_written_again_are_shown(chair):
    repair = registered(
        chair, type="Buffertreparation", details={"address_of": "none", "street": ""}
    )
    client, page = as_user(repair.ordered_by), page_of(repair)
    Recipient.objects.update(is_protected=True)
    edited = f"{page}?redigera=beskrivning"
    client.post(edited, form_of(client.get(edited)) | {"request": repair.request})
    assert repair.request in text(client.get(page))


def test_what_was_reported_and_what_to_bring_go_with_the_texts_of_who_became_protected(activity):
    khs = technician()
    client, page = as_user(khs), page_of(activity)
    day = reverse("activities:my_day")
    services.plan(
        activity, user=khs, day=timezone.localdate(), technician=khs, bring="Nyckel på Kvarnbacken"
    )
    report(activity, text="Ingen hemma på Kvarnbacken.", minutes=20, user=khs)
    assert "Nyckel på Kvarnbacken" in text(client.get(day))
    assert "Ingen hemma på Kvarnbacken." in text(client.get(page))
    Recipient.objects.update(is_protected=True)
    for url in (page, f"{page}?redigera=adress", day):
        shown = text(client.get(url))
        assert "Kvarnbacken" not in shown
    assert "Adressen saknas" in text(client.get(day)) and "20 min" in text(client.get(page))

    plan = form_of(client.get(page)) | {"dag": timezone.localdate().isoformat(), "tid": "8–10"}
    url = reverse("activities:plan", args=[activity.case_number])
    assert client.post(url, plan).status_code == 302
    assert not Activity.objects.get().bring

    closed(Activity.objects.get(), text="Klart på Kvarnbacken.", user=khs)
    shown = text(client.get(page))
    assert "Kvarnbacken" not in shown and "20 min" in shown


def test_what_was_reported_is_forgotten_when_a_protected_persons_activity_has_ended(activity):
    report(activity, text="Ingen hemma på Kvarnbacken.", minutes=20)
    Recipient.objects.update(is_protected=True)
    closed(Activity.objects.get(), text="Klart på Kvarnbacken.")
    reports = activity.reports.values_list("text", "minutes")
    assert {text for text, _ in reports} == {""} and 20 in {minutes for _, minutes in reports}


def test_what_was_reported_of_who_becomes_protected_later_is_forgotten_by_the_hour(activity):
    closed(activity, text="Klart på Kvarnbacken.")
    jobs.forget_whereabouts_of_protected()
    assert activity.reports.exclude(text="").exists()
    Recipient.objects.update(is_protected=True)
    jobs.forget_whereabouts_of_protected()
    assert not activity.reports.exclude(text="").exists()


@needs_pdf
def test_no_paper_tells_what_was_reported_of_who_became_protected(client, activity):
    report(activity, text="Ingen hemma på Kvarnbacken.", minutes=20)
    Activity.objects.update(bring="Nyckel på Kvarnbacken")
    Recipient.objects.update(is_protected=True)
    found = paper(client, activity)
    assert "Kvarnbacken" not in found.everything and "20 min" in found.text


def test_the_supplier_stands_on_the_page_also_while_an_order_waits():
    hoist = ArticleFactory(name="Taklyft", iso_code="123612")
    put_in_stock(WarehouseFactory(), hoist, 1)
    order = sent((hoist, 1), user=prescriber(), recipient=RecipientFactory())
    activity = registered(
        recipient=order.recipient, order=order, user=order.ordered_by, type="Flytt av taklyft"
    )
    shown = text(as_user(order.ordered_by).get(page_of(activity))).replace("<wbr>", "")
    assert "väntar på den här aktiviteten" in shown
    assert "info@guldmann.se" in shown and "0322-552 90" in shown
