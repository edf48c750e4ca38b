"""Plots: what is drawn, and the table that says the same."""

import pytest
from django.template.loader import render_to_string

from sesam.plots import Plot, Series, _round_step

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
    assert '<td class="num">1\u00a0200</td>' in text
    assert text.count("<polyline" if lines else "<rect") >= 2
    assert 'value="diagram" checked' in text and 'value="tabell"' in text


def test_the_colours_of_bars_stand_in_the_same_order_as_their_names():
    drawing = plot(Series("A", [1, 1]), Series("B", [1, 1])).drawing
    assert drawing.count("#0A559E") == drawing.count("#4C8BC6") == 3


def test_without_figures_it_says_so_and_offers_nothing_to_choose():
    text = render_to_string("parts/plot.html", {"plot": plot(Series("A", [0, 0]))})
    assert "Det finns inga siffror för tiden än." in text
    assert "<svg" not in text and "Tabell" not in text
