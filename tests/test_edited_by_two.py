"""A block of a case's page, opened by two: nobody writes over what they never saw, nothing typed is
lost without a word, and of somebody who became protected nothing goes into the case that stood in a
form from before."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deviations.models import DeviationStatus
from organisation.permissions import KHS
from recipients.models import Recipient
from tests.activities.builders import registered as an_activity
from tests.deviations.builders import registered as a_deviation
from tests.factories import ArticleFactory, UserFactory
from tests.pickups.builders import fetched, lend, prescriber, reason, someone
from tests.pickups.pages import form_of

pytestmark = pytest.mark.django_db
HOME = {
    "street": "Storgatan 7, lgh 1001", "postcode": "39231", "locality": "Kalmar",
    "comment": "Nyckeln finns på Storgatan 7",
}  # fmt: skip


@dataclass
class Block:
    """A block of a case, and the field of it that is typed in."""

    case: Any
    page: str
    name: str
    field: str

    @property
    def url(self) -> str:
        return f"{self.page}?redigera={self.name}"

    @property
    def value(self) -> str:
        self.case.refresh_from_db()
        return getattr(self.case, self.field)

    def end(self) -> None:
        status = {"deviations": "closed"}.get(self.case._meta.app_label, "cancelled")
        facts = {"status": status}
        if isinstance(self.case.status, str) and status == DeviationStatus.CLOSED:
            facts |= {"closed_at": timezone.now(), "is_withdrawn": True, "due_on": None}
        else:
            facts |= {"cancelled_at": timezone.now()}
        known = {field.name for field in self.case._meta.fields}
        type(self.case).objects.filter(pk=self.case.pk).update(
            **{name: value for name, value in facts.items() if name in known}
        )


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def ann(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def khs() -> Client:
    client = Client()
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


@pytest.fixture(params=[
    ("pickup", "adress", "street"), ("pickup", "kommentar", "comment"),
    ("activity", "adress", "street"), ("activity", "kommentar", "comment"),
    ("activity", "kontakt", "contact_name"), ("deviation", "handelse", "what_happened"),
], ids="-".join)  # fmt: skip
def block(request, user) -> Block:
    kind, name, field = request.param
    loan = lend(someone(), ArticleFactory(iso_code="181210", is_marked=True))
    unit = user.default_unit
    if kind == "pickup":
        case = fetched(loan, user=user, details=HOME, reason=reason("säng"))
    elif kind == "activity":
        case = an_activity(loan, user=user, unit=unit, details=HOME)
    else:
        case = a_deviation(loan, user=user, what_happened="Bromsen lossnade på Storgatan 7.")
    app = {"pickup": "pickups", "activity": "activities", "deviation": "deviations"}[kind]
    return Block(case, reverse(f"{app}:detail", args=[case.case_number]), name, field)


def typed(client: Client, block: Block, words: str) -> dict:
    return form_of(client.get(block.url)) | {block.field: [words]}


def test_who_saves_second_is_told_what_stands_now_and_keeps_what_was_typed(ann, khs, block):
    mine, theirs = typed(ann, block, "Mitt ord"), typed(khs, block, "Verkstadens ord")
    assert khs.post(block.url, theirs).status_code == 302
    answer = ann.post(block.url, mine)
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "har ändrats sedan du öppnade det" in shown and "«Verkstadens ord»" in shown
    assert "Mitt ord" in shown
    assert block.value == "Verkstadens ord"
    assert ann.post(block.url, form_of(answer)).status_code == 302
    assert block.value == "Mitt ord"


def test_saved_twice_is_saved_once_and_no_surprise(ann, block):
    mine = typed(ann, block, "Mitt ord")
    assert [ann.post(block.url, mine).status_code for _ in range(2)] == [302, 302]


def test_what_comes_too_late_is_shown_and_said_to_be_unsaved(ann, block):
    mine, before = typed(ann, block, "Sent skrivet"), block.value
    block.end()
    answer = ann.post(block.url, mine)
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "Det du skrev är inte sparat" in shown and "Sent skrivet" in shown
    assert block.value == before


def test_a_form_opened_before_somebody_became_protected_says_nothing_of_them(ann, khs, block):
    mine = form_of(ann.get(block.url)) | {"postcode": ["1"]}  # wrong too: nor is it shown again
    for form in (mine, mine | {"postcode": ["39231"]}):
        Recipient.objects.update(is_protected=True)
        answer = ann.post(block.url, form)
        assert answer.status_code in (409, 422)
        for shown in (answer, ann.get(block.page), khs.get(block.page), khs.get(block.url)):
            assert "Storgatan 7" not in shown.content.decode()
    block.case.refresh_from_db()
    assert not getattr(block.case, "typed_for_case", False)
    assert not getattr(block.case, "account_typed_safely", False)


@pytest.mark.parametrize(
    ("kind", "name", "typed_now"),
    [
        ("activity", "adress", {"street": "Tillfälligt 5"}),
        ("deviation", "handelse", {"what_happened": "Bromsen lossnade."}),
    ],
)
def test_what_is_written_anew_of_who_became_protected_brings_the_whole_page(
    ann, user, kind, name, typed_now
):
    """The text, the files and the note stand outside of the block that htmx draws anew."""
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = {"activity": an_activity, "deviation": a_deviation}[kind](loan, user=user)
    Recipient.objects.update(is_protected=True)
    page = reverse(
        {"activity": "activities:detail", "deviation": "deviations:detail"}[kind],
        args=[made.case_number],
    )
    form = form_of(ann.get(f"{page}?redigera={name}"))
    place = {"postcode": "39231", "locality": "Kalmar"} if kind == "activity" else {}
    answer = ann.post(
        f"{page}?redigera={name}", form | place | typed_now, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"] == page, answer.content.decode()
