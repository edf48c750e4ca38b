"""The first questions after a start, many at once, are answered as all later ones."""

import re

import pytest

from organisation.models import Unit
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    LoanFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    known_to,
)
from tests.serving import portal

pytestmark = pytest.mark.django_db(transaction=True)
STARTS = 30


def prescriber_with(*stores: str):
    unit = UnitFactory(code=f"K{stores[0]}", own_stores=[BufferFactory(number=n) for n in stores])
    return UserFactory(default_unit=unit)


def recipient_with(*aids: str):
    recipient = RecipientFactory()
    for unit in Unit.objects.all():
        known_to(unit, recipient)
    for aid in aids:
        LoanFactory(recipient=recipient, article=ArticleFactory(name=f"Hjälp {aid}"))
    return f"/mottagare/{recipient.key}/"


def stores_in(page: str) -> list[str]:
    select = re.search(r'<select[^>]*name="lager".*?</select>', page, re.S)
    return re.findall(r'<option value="(\d*)"', select.group()) if select else []


def test_eight_first_requests_at_once_each_get_their_own_rows():
    anna, bo = prescriber_with("0880", "0881"), prescriber_with("0883")
    one, two, three = (recipient_with(*aids) for aids in (["A1"], ["B1", "B2"], ["C1", "C2", "C3"]))
    search = "/artiklar/?q=hj%C3%A4lp"
    asked = [
        *((search, anna), (search, bo)),
        *((one, anna), (two, bo), (three, anna), (one, bo)),
        *(("/", anna), ("/", bo)),
    ]
    with portal() as served:
        expected = [(["100", "0880", "0881"], None), (["100", "0883"], None)]
        expected += [([], {"A1"}), ([], {"B1", "B2"}), ([], {"C1", "C2", "C3"}), ([], {"A1"})]
        expected += [([], None)] * 2
        for start in range(STARTS):
            answers = served.at_once(*asked)
            assert [a.status for a in answers] == [200] * len(asked), (start, served.words())
            for (path, user), (stores, aids), answer in zip(asked, expected, answers, strict=True):
                seen = (start, path, user.username)
                assert stores_in(answer.text) == stores, seen
                if aids is not None:
                    assert set(re.findall(r"Hjälp (\w\d)", answer.text)) == aids, seen
            if start + 1 < STARTS:
                served.start_cold()
