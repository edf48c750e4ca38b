"""Two people with the same recalled piece at the same instant: real HTTP, real connections."""

import pytest
from django.urls import reverse

from deviations.models import Answer, Recall
from deviations.recalls import telling
from individuals.stock_check import differences
from organisation.models import Message
from tests.at_once import at_once
from tests.pickups.builders import prescriber, someone
from tests.real_http import Tab, signed_in

from .builders import khs_user
from .test_recall_course import held_recall, keys

pytestmark = pytest.mark.django_db(transaction=True)


def told():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    return recall, items[0]


def url_of(recall: Recall, name: str) -> str:
    return reverse(f"deviations:{name}", args=[recall.case_number])


def confirm(tab: Tab, recall: Recall, pk: int, answer: str):
    data = {"rad": str(pk), f"svar-{pk}": answer, f"sett-{pk}": ""}
    return lambda: tab.post(url_of(recall, "recall_answer"), data)


def test_two_of_a_unit_confirm_differently_and_the_second_is_told(live_server):
    recall, item = told()
    tabs = [
        signed_in(live_server, prescriber(first_name=name), tabs=1)[0] for name in ("Eva", "Ola")
    ]
    answers = at_once(
        confirm(tabs[0], recall, item.pk, "replaced"),
        confirm(tabs[1], recall, item.pk, "taken_out"),
    )
    assert sorted(answer.status for answer in answers) == [302, 409]
    (lost,) = [answer for answer in answers if answer.status == 409]
    item.refresh_from_db()
    assert f"redan bekräftad av {item.answered_by}" in lost.text
    assert recall.events.filter(kind="reported").count() == 1


def test_two_of_a_unit_confirm_alike_and_it_is_one(live_server):
    recall, item = told()
    tabs = [signed_in(live_server, prescriber(), tabs=1)[0] for _ in range(2)]
    answers = at_once(*[confirm(tab, recall, item.pk, "replaced") for tab in tabs])
    assert [answer.status for answer in answers] == [302, 302]
    assert recall.events.filter(kind="reported").count() == 1


def test_khs_and_the_unit_confirm_at_once_and_one_of_them_holds(live_server):
    recall, item = told()
    (theirs,) = signed_in(live_server, prescriber(), tabs=1)
    (khs,) = signed_in(live_server, khs_user(), tabs=1)
    step = khs.post(url_of(recall, "recall_confirm"), {"valda": item.pk}).location
    note = {"said": "remedied", "note": "Ringde", "action": "finish"}
    answers = at_once(confirm(theirs, recall, item.pk, "taken_out"), lambda: khs.post(step, note))
    assert sorted(answer.status for answer in answers) == [302, 409]
    item.refresh_from_db()
    held = item.individual.blocks.filter(until=None).exists()
    assert held == (item.answer == Answer.TAKEN_OUT), "the block is lifted by who was first alone"
    assert differences() == []


def test_two_remind_at_once_and_one_reminder_goes_out(live_server):
    recall, item = told()
    before = Message.objects.count()
    tabs = [signed_in(live_server, khs_user(), tabs=1)[0] for _ in range(2)]
    at_once(
        *[
            lambda tab=tab: tab.post(url_of(recall, "recall_remind"), {"valda": item.pk})
            for tab in tabs
        ]
    )
    item.refresh_from_db()
    assert item.reminders == 1
    readers = len(telling.readers_of([item.unit_id])[item.unit_id])
    assert Message.objects.count() == before + readers


def test_it_is_closed_while_a_unit_confirms(live_server):
    recall, item = told()
    (theirs,) = signed_in(live_server, prescriber(), tabs=1)
    (khs,) = signed_in(live_server, khs_user(), tabs=1)
    answers = at_once(
        confirm(theirs, recall, item.pk, "taken_out"),
        lambda: khs.post(url_of(recall, "recall_close"), {"reason": "Tillverkaren tar över"}),
    )
    recall.refresh_from_db()
    item.refresh_from_db()
    assert recall.has_ended and answers[1].status == 302
    assert bool(item.answer) == (answers[0].status == 302)
