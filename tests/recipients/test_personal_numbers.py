"""The rule about numbers, without a database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesam import personal_numbers
from sesam.errors import DomainError
from tests.factories import IMPOSSIBLE_NUMBERS, PERSONAL_NUMBERS

TODAY = dt.date(2026, 11, 23)
GOOD = PERSONAL_NUMBERS[5][0]
numbers = st.sampled_from([number for number, _ in PERSONAL_NUMBERS])


def refusal(typed: str) -> str:
    with pytest.raises(DomainError) as refused:
        personal_numbers.parse(typed, today=TODAY)
    assert refused.value.field == "nummer"
    return refused.value.message


def test_every_official_test_number_is_accepted_and_told_apart_by_kind():
    for number, kind in PERSONAL_NUMBERS:
        parsed = personal_numbers.parse(number, today=TODAY)
        assert parsed.digits == number
        assert parsed.is_person
        assert parsed.is_coordination == (kind == "samordningsnummer"), number


@pytest.mark.parametrize("number", IMPOSSIBLE_NUMBERS)
def test_a_number_with_a_right_check_digit_but_no_such_day_is_refused(number):
    assert "datum" in refusal(number)


@pytest.mark.parametrize(
    "typed",
    [
        f"{GOOD[:8]}-{GOOD[8:]}",
        f" {GOOD[:8]} {GOOD[8:]} ",
        f"{GOOD[:4]} {GOOD[4:6]} {GOOD[6:8]} - {GOOD[8:]}",
        f"{GOOD[:8]}\u2013{GOOD[8:]}",  # a dash, as pasted from a letter
        f"{GOOD[:8]}\u00a0{GOOD[8:]}\n",
        f"{GOOD[:8]}+{GOOD[8:]}",
    ],
)
def test_hyphens_and_spaces_do_not_matter(typed):
    assert personal_numbers.parse(typed, today=TODAY).digits == GOOD


def test_four_digits_are_a_care_unit_and_keep_their_zeros():
    number = personal_numbers.parse("0042", today=TODAY)
    assert number.digits == "0042"
    assert not number.is_person


def test_each_mistake_has_a_sentence_of_its_own():
    wrong_check_digit = GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10)
    messages = {
        "empty": refusal("   "),
        "letters": refusal("1936ABCD-9186"),
        "ten digits": refusal(f"{GOOD[2:8]}-{GOOD[8:]}"),
        "length": refusal(GOOD[:-1]),
        "check digit": refusal(wrong_check_digit),
        "date": refusal(f"{GOOD[:4]}0230{GOOD[8:]}"),
        "future": refusal("205001019802"),
    }
    assert len(set(messages.values())) == len(messages)
    assert "Ange 12 siffror" in messages["ten digits"]
    assert "11 siffror" in messages["length"]
    assert "Kontrollsiffran" in messages["check digit"]
    assert "framtiden" in messages["future"]


@pytest.mark.parametrize("typed", ["1", "123", "12345", "1234567890123", "0" * 500])
def test_other_lengths_say_how_many_digits_there_are(typed):
    assert f"{len(typed)} siffr" in refusal(typed)


@pytest.mark.parametrize(
    "typed", ["１９３６０８３１９１８６", "²²²²", "'; DROP TABLE", "٤٤٤٤", "\x00\x00"]
)
def test_only_plain_digits_are_digits(typed):
    assert "tecken" in refusal(typed)


def test_a_year_before_anybody_with_a_number_was_born_is_no_date():
    assert "datum" in refusal("000101019802")


@given(numbers, st.integers(8, 11), st.integers(1, 9))
def test_no_single_wrong_digit_of_the_last_four_slips_through(number, position, shift):
    wrong = str((int(number[position]) + shift) % 10)
    typed = number[:position] + wrong + number[position + 1 :]
    assert "Kontrollsiffran" in refusal(typed)


@given(st.text(max_size=40))
def test_any_text_is_either_a_number_or_a_sentence(typed):
    try:
        parsed = personal_numbers.parse(typed, today=TODAY)
    except DomainError as error:
        assert error.message.endswith(".") or "NNNN" in error.message
    else:
        assert len(parsed.digits) in (4, 12)
        assert set(parsed.digits) <= set("0123456789")


@given(numbers)
def test_what_looks_like_a_number_is_recognised_however_it_is_written(number):
    assert personal_numbers.looks_personal(number)
    assert personal_numbers.looks_personal(personal_numbers.written(number))
    assert personal_numbers.looks_personal(f" {number[2:8]}-{number[8:]} ")
    assert personal_numbers.looks_personal(f"pnr{number}x")
    assert personal_numbers.looks_personal(f"{number}\0")
    assert personal_numbers.looks_personal(f"{number[:8]}\0{number[8:]}")


@given(numbers, st.text(alphabet="abcåäö (),;", max_size=10))
def test_only_the_number_is_struck_out_of_a_text(number, words):
    for typed in (number, personal_numbers.written(number), number[2:]):
        struck = personal_numbers.struck_out(f"{words} {typed} {words}", "#")
        assert struck == f"{words} # {words}"


@pytest.mark.parametrize(
    "typed",
    ["37121", "26480001", "rullstol 45", "224559", "", "2026-11-25", "SN2105123457AB",
     "5b0a3b0e-1111-4b11-8111-430130705612", "2026-11-25 15:53:53", "7332430123457"],
)  # fmt: skip
def test_article_and_case_numbers_do_not_look_like_people(typed):
    assert not personal_numbers.looks_personal(typed)


def test_age_counts_whole_years_and_coordination_days():
    assert personal_numbers.age("193608319186", dt.date(2026, 8, 30)) == 89
    assert personal_numbers.age("193608319186", dt.date(2026, 8, 31)) == 90
    assert personal_numbers.birth_date("191411672387") == dt.date(1914, 11, 7)
