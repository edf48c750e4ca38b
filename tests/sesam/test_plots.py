"""Plots: what is drawn, and the table that says the same."""

import itertools
import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from invoicing.figures.plots import _changed
from sesam.plots import HEIGHT, MOST_LYING, Plot, Series, _round_step

MONTHS = ("sep", "okt")


def plot(*series: Series, **facts) -> Plot:
    return Plot("kostnad", "Kostnaden steg", "Tusen kr per månad", MONTHS, series, **facts)


@pytest.mark.parametrize(("top", "step"), [(3, 1), (8, 2), (14, 5), (197, 50), (4100, 2000)])
def test_the_lines_behind_stand_at_round_numbers_and_are_few(top, step):
    assert _round_step(top) == step


@pytest.mark.parametrize("lines", [False, True])
def test_a_plot_is_drawn_with_its_names_and_stands_as_a_table_too(lines):
    made = plot(Series("Rullstolar", [1200, 90]), Series("Sängar & mer", [40, 45]), lines=lines)
    text = render_to_string("parts/plot.html", {"plot": made})
    assert 'role="img" aria-label="Kostnaden steg. Tusen kr per månad.' in text
    assert "Sängar &amp; mer 45</text>" in text, "the last value stands at the data"
    assert '<td class="num" data-label="Rullstolar">1\u00a0200</td>' in text
    assert text.count("<polyline" if lines else "<rect") >= 2
    assert 'value="diagram" checked' in text and 'value="tabell"' in text


def test_the_colours_of_bars_stand_in_the_same_order_as_their_names():
    drawing = plot(Series("A", [1, 1]), Series("B", [1, 1])).drawing
    assert drawing.count("#0A559E") == drawing.count("#4C8BC6") == 3


def test_without_figures_it_says_so_and_offers_nothing_to_choose():
    text = render_to_string("parts/plot.html", {"plot": plot(Series("A", [0, 0]))})
    assert "Det finns inga siffror för tiden än." in text
    assert "<svg" not in text and "Tabell" not in text


def test_a_line_is_broken_where_there_is_no_value():
    made = plot(Series("Andel", [None, Decimal("55.5")]), lines=True, decimals=1)
    assert "<circle" in made.drawing and "<polyline" not in made.drawing
    assert "Andel 55,5</text>" in made.drawing
    assert made.rows == [("sep", [("Andel", "")]), ("okt", [("Andel", "55,5")])]


def test_lying_bars_have_their_names_before_them_and_the_table_has_all():
    stores = [f"Förråd {n} med ett mycket långt namn" for n in range(20)]
    made = Plot("lager", "Lager", "Antal", stores, [Series("Antal", list(range(20, 0, -1)))],
                lying=True, more=[Series("Värde", [7] * 20)], place_label="Lager")  # fmt: skip
    text = render_to_string("parts/plot.html", {"plot": made})
    assert made.drawing.count("<rect") == made.narrow_drawing.count("<rect") == MOST_LYING
    assert f"<title>{stores[0]}</title>Förråd 0 med ett mycket…</text>" in text
    assert text.count('data-label="Värde">7</td>') == 20


@pytest.mark.parametrize("lines", [False, True])
def test_a_long_name_stands_on_two_lines_at_the_data(lines):
    made = plot(Series("09 Personlig vård och skydd", [5, 12_000]), lines=lines)
    made = plot(*made.series, Series("12 Förflyttning", [1, 2]), lines=lines)
    assert ">09 Personlig vård och<" in made.drawing
    assert ">skydd 12\u00a0000</tspan></text>" in made.drawing
    assert ">12 Förflyttning 2</text>" in made.drawing and "<title>" not in made.drawing


def test_a_name_too_long_for_two_lines_is_shortened_there_and_told_whole_to_who_points_at_it():
    name = "18 Utrustning och anpassning av bostäder och andra lokaler"
    drawing = plot(Series(name, [1, 45]), Series("B", [1, 1])).drawing
    assert f"<title>{name}</title>18 Utrustning och<tspan" in drawing
    assert ">anpassning av bost… 45</tspan>" in drawing


def test_names_on_two_lines_stand_apart_and_inside_the_plot():
    names = [f"Hemsjukvården i kommun nummer {n}" for n in range(5)]
    for values in ([1, 1, 1, 1, 1], [96, 1, 1, 1, 1], [1, 1, 1, 1, 96]):
        drawing = plot(*(Series(n, [v, v]) for n, v in zip(names, values, strict=True))).drawing
        tops = [float(y) for y in re.findall(r'y="([^"]+)">Hemsjukvården i', drawing)]
        assert len(tops) == 5 and all(13 <= y <= HEIGHT - 20 for y in tops)
        assert all(low - high > 39.8 for low, high in itertools.pairwise(tops))


@pytest.mark.parametrize("lines", [False, True])
def test_a_phones_plot_is_as_wide_as_the_phone_and_has_its_names_under_it(lines):
    """The other's letters would be 9 px high there."""
    made = plot(Series("Rullstolar", [1200, 90]), Series("Sängar", [40, 45]), lines=lines)
    drawing = made.narrow_drawing
    wide, high = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', drawing).groups())
    assert wide <= 358 and high > HEIGHT
    for told in ("Rullstolar 90", "Sängar 45"):
        assert float(re.search(rf'y="([^"]+)">{told}</text>', drawing)[1]) > HEIGHT
    assert drawing in render_to_string("parts/plot.html", {"plot": made})


def test_the_highest_bar_stands_under_the_uppermost_line_and_tells_its_sum():
    drawing = plot(Series("A", [Decimal("6.7"), 2]), Series("B", [0, 1])).drawing
    assert ">8</text>" in drawing and ">7</text>" in drawing and ">3</text>" in drawing


def test_what_is_less_than_nothing_hangs_below_the_line_of_nothing():
    drawing = plot(Series("Köp", [1600, 100]), Series("Arbete", [200, -600])).drawing
    bars = [
        (float(y), float(high), colour)
        for y, high, colour in re.findall(
            r'<rect [^>]*y="([^"]+)" width="(?!10")[^"]+" height="([^"]+)" fill="([^"]+)"', drawing
        )
    ]
    zero = float(re.search(r'y1="([^"]+)"[^<]*</line><text[^>]*>0<', drawing)[1])
    assert all(0 <= y and y + high <= HEIGHT for y, high, _ in bars)
    (_, _, bought, worked) = bars
    assert bought[0] < bought[0] + bought[1] < zero <= worked[0]
    assert ">−500<" in drawing and ">1\u00a0800<" in drawing


def test_of_less_than_nothing_no_percent_is_told():
    assert [_changed(*one) for one in [(-830, 1632), (100, -5), (-5, -5), (150, 100)]] == [
        "sjönk", "steg", "var lika stor", "steg 50 procent",
    ]  # fmt: skip
