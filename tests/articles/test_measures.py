"""What articles measure: read out of a name, typed by KHS, taken over from a sheet."""

from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles import catalogue_cells, measures
from articles.measures import BY_NAME, parse, read, span, written
from articles.models import Article
from tests.factories import ArticleFactory

WORDS = {
    "seat_width": "sb", "seat_depth": "sd", "seat_height": "sh", "back_height": "rh",
    "total_width": "b", "user_weight": "brukervekt", "own_weight": "vekt",
}  # fmt: skip


def told(name: str, kind: str = "main") -> dict[str, str]:
    return {field: written(value) for field, value in read(name, kind).items()}


# --- the written rule --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Cross 6 allround sb45 sd41-56 lang", {"seat_width": "45", "seat_depth": "41–56"}),
        ("Quickie Argon2 SB 34,5 SD 44cm", {"seat_width": "34,5", "seat_depth": "44"}),
        ("XLT Swing sb35, grå", {"seat_width": "35"}),
        ("Dusjkrakk sh45-55 rh79", {"seat_height": "45–55", "back_height": "79"}),
        ("Toaløfter brukervekt 200 kg", {"user_weight": "200"}),
        ("Rampe b76 l180 vekt13.4 last350", {"total_width": "76", "own_weight": "13,4"}),
        # What is told in two ways, or goes on, or is part of a word, or can't be true.
        ("Sittevogn sb44/34 sd45", {"seat_depth": "45"}),
        ("Stol sb40 sb45", {}),
        ("Stol sb40 SB40", {"seat_width": "40"}),
        ("Føler vekt 20 – 200 kg", {}),
        ("Toaløfter sh 40-7", {}),
        ("Stol asb40 sb400 sb40x50 sb4", {}),
        ("Föler P140B.", {}),
        ("", {}),
    ],
)
def test_a_name_tells_measures_by_its_habit(name, says):
    assert told(name) == says


@pytest.mark.parametrize("kind", ["spare", "consumable", "service"])
def test_what_fits_something_does_not_tell_its_own_measures(kind):
    assert told("Benstöd sb45", kind) == {}
    assert told("Dyna sb45", "accessory") == {"seat_width": "45"}


@given(st.text(alphabet=st.sampled_from("sbdhr vekt0123456789-–.,/cmkg×å") | st.characters()))
def test_no_name_is_too_odd_and_what_is_read_can_be_true(name):
    for field, value in read(name, "main").items():
        ends = (value.lower, value.upper) if BY_NAME[field].is_span else (value, value)
        assert 0 < ends[0] <= ends[1] <= 500
        assert parse(written(value)) == span(*ends)


@given(st.permutations(sorted(WORDS)), st.data())
def test_what_is_written_by_the_habit_is_read_in_any_order(fields, data):
    tenths = st.integers(100, 1000).map(lambda n: Decimal(n) / 10)
    wanted, words = {}, []
    for field in fields:
        low, high = sorted((data.draw(tenths), data.draw(tenths)))
        if not BY_NAME[field].is_span:
            high = low
        wanted[field] = span(low, high) if BY_NAME[field].is_span else low
        words.append(WORDS[field] + written(span(low, high)).replace("–", "-"))
    name = f"Stol {' '.join(words)} grå"
    assert read(name, "main") == wanted
    assert read(name.upper(), "main") == wanted


@given(st.integers(1, 9990), st.integers(1, 9990))
def test_a_measure_is_typed_as_it_is_written(one, other):
    low, high = sorted((Decimal(one) / 10, Decimal(other) / 10))
    assert parse(written(span(low, high))) == span(low, high)
    assert catalogue_cells.measure(written(span(low, high))) == span(low, high)
    assert catalogue_cells.one_measure(float(low)) == low


@pytest.mark.parametrize("typed", ["", "0", "56-41", "45-", "1000", "4,55", "fyrtio", "45 m", "-4"])
def test_what_is_no_measure_is_refused(typed):
    with pytest.raises(ValueError, match="Skriv ett mått"):
        parse(typed)


# --- in the register and in a sheet ------------------------------------------------------


def change(khs, article, **typed):
    url = f"/admin/articles/article/{article.pk}/change/"
    form = khs.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    data = {name: value for name, value in data.items() if value is not False}
    for prefix in ("prices", "documents", "standard_components", "fitting_parts"):
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return khs.post(url, data | typed)


@pytest.mark.django_db
def test_khs_types_measures_and_sees_them_as_they_were_typed(browser_of, khs_user):
    khs, article = browser_of(khs_user), ArticleFactory()
    assert change(khs, article, seat_width="45", seat_depth="41-56 cm", own_weight="16.5")
    article.refresh_from_db()
    assert (article.seat_width, article.seat_depth) == (span(45), span(41, 56))
    shown = khs.get(f"/admin/articles/article/{article.pk}/change/").content.decode()
    assert 'value="41–56"' in shown
    assert "<h2" in shown
    assert ">Mått</h2>" in shown
    refused = change(khs, article, seat_width="bred")
    assert refused.status_code == 200
    assert "Skriv ett mått som 45 eller 41–56" in refused.content.decode()
    assert change(khs, article, seat_width="").status_code == 302
    article.refresh_from_db()
    assert (article.seat_width, article.seat_depth) == (None, span(41, 56))


@pytest.mark.django_db
def test_a_sheet_brings_measures_and_a_new_name_tells_what_is_missing(khs_user, browser_of):
    from .test_catalogue_import import HEADS, dry_run, sheet, take_over

    khs = browser_of(khs_user)
    heads = (*HEADS, "Sittbredd, cm", "Maxvikt, kg")
    row = ("500", "Stol sb40 sd41-56", "Huvudhjälpmedel", "Hyra", "45–50", 125)
    _, report = dry_run(khs, sheet(row, heads=heads))
    assert "Sittdjup, cm (ur benämningen)" in report
    assert "Sittbredd, cm (ur benämningen)" not in report
    take_over(khs, sheet(row, heads=heads))
    article = Article.objects.get(number="500")
    assert (article.seat_width, article.seat_depth) == (span(45, 50), span(41, 56))
    assert article.user_weight == 125
    assert "Filen ändrar ingenting" in dry_run(khs, sheet(row, heads=heads))[1]
    Article.objects.update(seat_depth=None)  # KHS knows better
    assert "Filen ändrar ingenting" in dry_run(khs, sheet(row, heads=heads))[1]
    wrong = ("500", None, None, None, "smal", "80–90")
    shown = dry_run(khs, sheet(wrong, heads=heads))[1]
    assert "Skriv ett mått" in shown
    assert "Skriv ett tal, med högst en decimal" in shown


@pytest.mark.django_db
def test_measures_go_out_in_a_sheet_and_back():
    from openpyxl import load_workbook

    from articles.catalogue_excel import write

    ArticleFactory(seat_width=span(45), seat_depth=span(41, 56), own_weight="16.5")
    sheet = load_workbook(BytesIO(write(Article.objects.all()))).active
    heads, cells = ([cell.value for cell in row] for row in sheet.iter_rows())
    out = dict(zip(heads, cells, strict=True))
    assert (out["Sittbredd, cm"], out["Sittdjup, cm"], out["Vikt, kg"]) == (45, "41–56", 16.5)


def test_every_measure_is_a_field_with_its_unit():
    for measure in measures.MEASURES:
        assert measure.unit in Article._meta.get_field(measure.name).help_text
