"""The course of a recall through the front door: what KHS does of the chosen, what a unit sees and confirms."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity
from deviations.models import Answer, Recall, RecallDeed
from deviations.recalls import closing, confirming, telling
from organisation.models import AccessLogEntry, Message, User
from recipients.models import Recipient
from sesam.models import Printout
from tests.factories import RecipientFactory, UnitFactory, UserFactory
from tests.jobs import run_jobs
from tests.pickups.builders import prescriber, someone
from tests.reading import read_page

from .builders import khs_user
from .test_recall_course import held_recall, keys

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def khs() -> Client:
    return signed_in(khs_user())


def url_of(recall: Recall, name: str = "recall", *more) -> str:
    return reverse(f"deviations:{name}", args=[recall.case_number, *more])


def told(*people: Recipient):
    recall, items = held_recall(*people)
    telling.tell_units(recall, keys(items), user=khs_user())
    return recall, items


def said(items, *answers) -> dict[str, str]:
    found = {}
    for item, answer in zip(items, answers, strict=True):
        found |= {f"svar-{item.pk}": answer, f"sett-{item.pk}": ""}
    return found


# --- the unit ---


def test_a_unit_sees_its_own_pieces_alone_at_the_same_address():
    recall, items = told(someone(), someone())
    elsewhere = UnitFactory(code="V01", name="Rehab Västervik")
    recall.items.filter(pk=items[1].pk).update(unit=elsewhere)
    page = read_page(signed_in(prescriber()).get(url_of(recall)))
    assert items[0].individual.number in page
    assert items[1].individual.number not in page
    assert "0 av 1 hos er är bekräftade" in page
    assert items[0].loan.recipient.name in page
    assert "Västervik" not in page


def test_a_unit_that_was_not_told_finds_nothing():
    recall, _ = held_recall(someone())
    client = signed_in(prescriber())
    assert client.get(url_of(recall)).status_code == 404
    assert client.post(url_of(recall, "recall_answer"), {}).status_code == 404


def test_the_look_at_the_holders_is_logged():
    recall, items = told(someone())
    user = prescriber()
    signed_in(user).get(url_of(recall))
    looks = AccessLogEntry.objects.filter(user=user, action="view")
    assert [x.recipient_key for x in looks] == [items[0].loan.recipient.key]
    assert looks[0].case_number == recall.case_number


def test_a_unit_confirms_a_piece():
    recall, items = told(someone(), someone())
    client = signed_in(prescriber())
    data = said(items, "replaced", "") | {"rad": str(items[0].pk)}
    answer = client.post(url_of(recall, "recall_answer"), data)
    assert answer.status_code == 302
    assert list(recall.items.order_by("pk").values_list("answer", flat=True)) == ["replaced", ""]
    page = read_page(client.get(url_of(recall)))
    assert "1 rad är bekräftad." in page and "1 av 2 hos er är bekräftade" in page


def test_a_unit_confirms_all_that_it_chose_at_once():
    recall, items = told(someone(), someone(), someone())
    data = said(items, "replaced", "taken_out", "") | {"rad": "alla"}
    signed_in(prescriber()).post(url_of(recall, "recall_answer"), data)
    assert recall.items.confirmed().count() == 2


def test_a_row_without_an_answer_says_so_at_the_field_and_keeps_the_others():
    recall, items = told(someone(), someone())
    data = said(items, "", "taken_out") | {"rad": str(items[0].pk)}
    answer = signed_in(prescriber()).post(url_of(recall, "recall_answer"), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Välj ett svar." in page and f'aria-describedby="svar-{items[0].pk}-error"' in page
    assert '<option value="taken_out" selected>' in page


@pytest.mark.parametrize("answer", ["not_meant", "nonsense"])
def test_a_unit_cannot_answer_what_is_khs_s_to_say(answer):
    recall, items = told(someone())
    data = said(items, answer) | {"rad": str(items[0].pk)}
    response = signed_in(prescriber()).post(url_of(recall, "recall_answer"), data)
    assert response.status_code in (409, 422)
    assert recall.items.get().answer == ""


def test_a_unit_of_another_municipality_that_confirms_a_foreign_piece_is_refused():
    recall, items = told(someone(), someone())
    elsewhere = UnitFactory(code="V01", name="Rehab Västervik")
    recall.items.filter(pk=items[1].pk).update(unit=elsewhere)
    client = signed_in(UserFactory(default_unit=elsewhere))
    data = said(items, "replaced", "") | {"rad": str(items[0].pk)}
    answer = client.post(url_of(recall, "recall_answer"), data)
    assert answer.status_code == 409
    page = read_page(answer)
    assert (
        "Du kan bara bekräfta ditt tjänsteställes egna exemplar." in page or "Välj exemplar" in page
    )
    assert items[0].individual.number not in page
    assert recall.items.get(pk=items[0].pk).answer == ""


def test_who_was_second_is_told_at_the_row():
    recall, items = told(someone())
    first, second = signed_in(prescriber(first_name="Eva")), signed_in(prescriber())
    first.post(url_of(recall, "recall_answer"), said(items, "replaced") | {"rad": str(items[0].pk)})
    answer = second.post(
        url_of(recall, "recall_answer"), said(items, "taken_out") | {"rad": str(items[0].pk)}
    )
    assert answer.status_code == 409
    assert "är redan bekräftad av Eva" in read_page(answer)
    assert recall.items.get().answer == Answer.REPLACED


def test_a_closed_recall_is_shown_and_not_answered():
    recall, items = told(someone())
    closing.close(recall, user=khs_user(), reason="Tillverkaren tar över")
    client = signed_in(prescriber())
    assert "Bekräfta" not in read_page(client.get(url_of(recall)))
    data = said(items, "replaced") | {"rad": str(items[0].pk)}
    assert client.post(url_of(recall, "recall_answer"), data).status_code == 409


def test_a_holder_who_became_protected_or_died_is_marked():
    recall, items = told(someone(), someone())
    Recipient.objects.filter(pk=items[0].loan.recipient_id).update(is_protected=True)
    Recipient.objects.filter(pk=items[1].loan.recipient_id).update(deceased_on=timezone.localdate())
    page = read_page(signed_in(prescriber()).get(url_of(recall)))
    assert "Skyddad identitet" in page and "Avliden" in page


def test_what_came_back_names_nobody_any_more():
    recall, items = told(RecipientFactory(family_name="Ljungkvist"))
    items[0].loan.ended_at = timezone.now()
    items[0].loan.returned = 1
    items[0].loan.save()
    assert "Ljungkvist" not in read_page(signed_in(prescriber()).get(url_of(recall)))


def test_the_units_list_and_the_start_page_say_what_is_left():
    recall, items = told(someone(), someone())
    client = signed_in(prescriber())
    listed = read_page(client.get(reverse("deviations:recalls")))
    assert recall.case_number in listed and "2 av 2 st" in listed
    start = read_page(client.get("/"))
    assert f"Bekräfta återkallelse {recall.case_number}" in start
    client.post(
        url_of(recall, "recall_answer"),
        said(items, "replaced", "taken_out") | {"rad": "alla"},
    )
    assert "Bekräfta återkallelse" not in read_page(client.get("/"))
    assert "0 av 2 st" in read_page(client.get(reverse("deviations:recalls")))


def test_the_next_step_is_the_units_while_it_has_some_to_confirm():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    client = signed_in(prescriber())
    page = read_page(client.get(url_of(recall)))
    assert "Ni bekräftar era exemplar" in page and recall.fault in page
    assert "ska inte användas förrän det är gjort" in page
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=khs_user(), note="Ringde")
    assert "KHS får varje exemplar bekräftat" in read_page(client.get(url_of(recall)))


def test_another_unit_has_nothing_to_do():
    recall, _ = told(someone())
    client = signed_in(UserFactory(default_unit=UnitFactory(code="V01")))
    assert recall.case_number not in read_page(client.get("/"))
    assert recall.case_number not in read_page(client.get(reverse("deviations:recalls")))


@pytest.mark.parametrize("name", ["recall", "recalls"])
def test_a_units_pages_ask_no_more_questions_for_more_rows(name):
    def questions(count: int) -> int:
        recall, _ = told(*[someone() for _ in range(count)])
        url = url_of(recall) if name == "recall" else reverse("deviations:recalls")
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(url)
        return len(asked)

    client = signed_in(prescriber())
    assert questions(2) == questions(6)


# --- KHS ---


def test_khs_is_led_to_its_queue(khs):
    assert khs.get(reverse("deviations:recalls")).url == reverse(
        "admin:deviations_recall_changelist"
    )


ACT = {
    "work": "activity",
    "request": "Byt broms.",
    "sends_message": "on",
    "letters": "unit",
}


def act_on(client: Client, recall: Recall, items, **more) -> str:
    """To the last step of «Åtgärda»; its address."""
    from activities.models import Priority
    from deviations.recalls import acting

    begun = client.post(url_of(recall, "recall_act"), {"valda": keys(items)})
    assert begun.status_code == 302, begun.content.decode()
    shown = client.get(begun.url)
    assert shown.status_code == 200
    kinds = {"type": acting.types()[0].pk, "priority": Priority.objects.all()[0].pk}
    answer = client.post(begun.url, {**ACT, **kinds, "action": "next", **more})
    return answer.url if answer.status_code == 302 else answer


def test_in_one_step_cases_messages_and_letters_are_made(khs):
    user = prescriber()
    recall, items = held_recall(someone(), someone())
    check = act_on(khs, recall, items)
    page = read_page(khs.get(check))
    assert "2 aktiviteter skapas" in page and "1 brev till tjänsteställen" in page
    done = khs.post(check, {"action": "finish"})
    deed = RecallDeed.objects.get()
    assert done.url == url_of(recall, "recall_deed", deed.key)
    assert "väntar på sin tur" in read_page(khs.get(done.url))
    while run_jobs():
        pass
    page = read_page(khs.get(done.url))
    assert "2 aktiviteter skapades." in page
    assert "1 tjänsteställe fick meddelande." in page and "1 brev skrevs." in page
    assert Activity.objects.count() == 2
    assert user.messages.filter(case_number=recall.case_number).count() == 1
    assert Printout.objects.get().done_at

    again = khs.post(check, {"action": "finish"})
    assert again.url == done.url and RecallDeed.objects.count() == 1
    assert "2 aktiviteter" in read_page(khs.get(url_of(recall)))


def test_the_check_says_what_gets_no_case_and_why(khs):
    recall, items = held_recall(someone(), someone())
    Recipient.objects.filter(pk=items[0].loan.recipient_id).update(deceased_on=timezone.localdate())
    page = read_page(khs.get(act_on(khs, recall, items)))
    assert "1 rad får inget ärende: Mottagaren har avlidit" in page


def test_all_that_are_left_are_chosen_without_ticks(khs):
    recall, items = held_recall(someone(), someone(), someone())
    begun = khs.get(url_of(recall, "recall_act") + "?alla=1")
    assert "3 rader är valda" in read_page(khs.get(begun.url))


def test_without_a_tick_nothing_begins(khs):
    recall, _ = held_recall(someone())
    for name in ("recall_act", "recall_remind", "recall_confirm"):
        for valda in ([], ["x"], ["99999999999999999999"]):
            answer = khs.post(url_of(recall, name), {"valda": valda})
            assert answer.url == url_of(recall)
    assert "Kryssa i minst ett exemplar" in read_page(khs.get(url_of(recall)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"work": "inga", "sends_message": "", "letters": "inga"}, "Välj minst en sak"),
        ({"request": " "}, "Skriv vad som ska göras."),
        ({"work": "nonsense"}, "Välj"),
        ({"type": "0"}, "Välj en aktivitetstyp i listan."),
    ],
)
def test_what_is_wrong_stands_at_the_field(khs, typed, words):
    recall, items = held_recall(someone())
    answer = act_on(khs, recall, items, **typed)
    assert answer.status_code == 422 and words in read_page(answer)


def test_a_recall_that_is_closed_meanwhile_stops_the_dialog(khs):
    recall, items = held_recall(someone())
    check = act_on(khs, recall, items)
    closing.close(recall, user=khs_user(), reason="Tillverkaren tar över")
    answer = khs.post(check, {"action": "finish"})
    assert answer.url == url_of(recall)
    assert not RecallDeed.objects.exists()


def test_a_lost_job_is_taken_up_again(khs):
    recall, items = held_recall(someone())
    deed = khs.post(act_on(khs, recall, items), {"action": "finish"}).url
    RecallDeed.objects.update(error="Åtgärden avbröts av ett fel.")
    assert "Fortsätt" in read_page(khs.get(deed))
    khs.post(deed)
    run_jobs()
    assert "1 aktivitet skapades." in read_page(khs.get(deed))
    assert Activity.objects.count() == 1


def test_the_list_leads_to_the_case_that_was_made_and_the_page_says_what_came_of_it(khs):
    recall, items = held_recall(someone())
    khs.post(act_on(khs, recall, items), {"action": "finish"})
    run_jobs()
    activity = Activity.objects.get()
    page = read_page(khs.get(url_of(recall)))
    assert f'href="/aktiviteter/{activity.case_number}/"' in page
    assert "1 aktivitet och 1 brev skapades" in page
    assert "</a>: 1 aktivitet, 1 brev, meddelande till 1 tjänsteställe" in page


def test_khs_confirms_for_a_unit_with_a_note(khs):
    recall, items = held_recall(someone())
    step = khs.post(url_of(recall, "recall_confirm"), {"valda": keys(items)}).url
    assert items[0].individual.number in read_page(khs.get(step))
    missing = khs.post(step, {"said": "replaced", "note": "", "action": "finish"})
    assert missing.status_code == 422 and "Skriv hur du vet det." in read_page(missing)
    khs.post(step, {"said": "replaced", "note": "Ringde avdelningen", "action": "finish"})
    item = recall.items.get()
    assert (item.answer, item.note) == ("replaced", "Ringde avdelningen")
    page = read_page(khs.get(url_of(recall) + "?visa=bekraftade"))
    assert "Utbytt: Ringde avdelningen" in page


def test_khs_notes_a_call_without_an_answer(khs):
    recall, items = held_recall(someone())
    step = khs.post(url_of(recall, "recall_confirm"), {"valda": keys(items)}).url
    khs.post(step, {"said": "samtal", "note": "Ingen svarade", "action": "finish"})
    assert recall.items.get().told_how == "call"
    assert "Samtal" in read_page(khs.get(url_of(recall)))


def test_khs_and_the_unit_at_once_and_khs_is_told_what_the_unit_said(khs):
    recall, items = told(someone())
    step = khs.post(url_of(recall, "recall_confirm"), {"valda": keys(items)}).url
    signed_in(prescriber(first_name="Eva")).post(
        url_of(recall, "recall_answer"), said(items, "taken_out") | {"rad": str(items[0].pk)}
    )
    answer = khs.post(step, {"said": "replaced", "note": "Ringde", "action": "finish"})
    assert answer.status_code in (409, 422)
    assert "redan bekräftad av Eva" in read_page(answer)
    assert recall.items.get().answer == Answer.TAKEN_OUT


def test_a_reminder_goes_out_and_says_so(khs):
    user = prescriber()
    recall, items = told(someone())
    khs.post(url_of(recall, "recall_remind"), {"valda": keys(items)})
    assert "1 tjänsteställe fick en påminnelse." in read_page(khs.get(url_of(recall)))
    khs.post(url_of(recall, "recall_remind") + "?alla=1")
    assert "Ingen påmindes" in read_page(khs.get(url_of(recall)))
    assert user.messages.filter(title__startswith="Påminnelse").count() == 1


def test_the_page_says_who_is_silent(khs):
    recall, _ = told(someone())
    page = read_page(khs.get(url_of(recall)))
    (silent,) = khs.get(url_of(recall)).context["silent"]
    assert silent.count == 1 and f"<td>{silent.unit}</td>" in page


def test_the_sheet_is_ordered_and_made(khs):
    recall, _ = held_recall(someone())
    answer = khs.post(url_of(recall, "recall_excel"))
    run_jobs()
    assert "Dokumentet är klart" in read_page(khs.get(answer.url))


def test_it_is_closed_with_a_reason_while_some_are_left(khs):
    recall, _ = held_recall(someone())
    url = url_of(recall, "recall_close")
    assert "1 exemplar är inte bekräftade." in read_page(khs.get(url))
    refused = khs.post(url, {"reason": "", "action": "finish"})
    assert refused.status_code == 422 and "Skriv varför" in read_page(refused)
    assert khs.post(url, {"reason": "Tillverkaren tar över"}).url == url_of(recall)
    page = read_page(khs.get(url_of(recall)))
    assert "Tillverkaren tar över" in page and "Åtgärda alla" not in page
    assert "redan avslutad" in read_page(khs.post(url, {"reason": "igen"}))


def test_another_dialogs_step_has_ended(khs):
    answer = khs.get(reverse("deviations:recall_act_step", args=["ingen-sadan", "atgard"]))
    assert answer.status_code == 302


def test_another_users_deed_shows_and_a_foreign_one_isnt_found(khs):
    recall, items = held_recall(someone())
    assert khs.get(url_of(recall, "recall_deed", uuid.uuid4())).status_code == 404


def test_the_message_leads_to_the_page():
    user = prescriber()
    recall, _ = told(someone())
    message = Message.objects.get(user=user, case_number=recall.case_number)
    page = signed_in(user).get(reverse("message", args=[message.key])).content.decode()
    assert url_of(recall) in page
