"""What is drawn for a width is whole there: facts that stand together, letters that can be read."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from playwright.sync_api import Page

from sesam.places import Now
from sesam.plots import Plot, Series

STATIC = Path(settings.BASE_DIR) / "static"


def drawn(page: Page, text: str, *sheets: str) -> None:
    page.set_content(f'<main style="display: block; width: 100%; padding: 0 16px">{text}</main>')
    for sheet in ("portal.css", *sheets):
        page.add_style_tag(content=(STATIC / sheet).read_text())


@pytest.mark.parametrize("count", [5, 7, 8])
def test_none_of_what_there_is_now_stands_alone_on_its_row(page: Page, count):
    words = ["sena aktiviteter", "uppföljningar", "senare restnoteringar", "olästa meddelanden"] * 2
    now = [("/", Now(nth, word, asks=False)) for nth, word in enumerate(words[:count], 1)]
    drawn(page, render_to_string("parts/now.html", {"now": now}), "recipients.css")
    for width in (700, 768, 834, 960, 1024, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.eval_on_selector_all(
            ".now li", "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
        )
        rows = [tops.count(top) for top in sorted(set(tops))]
        assert min(rows) > 1, (width, rows)


@pytest.mark.parametrize("lying", [False, True])
def test_the_letters_of_a_plot_can_be_read_on_a_phone(page: Page, lying):
    made = Plot("kostnad", "Kostnaden steg", "Tusen kr per månad", ("sep", "okt"),
                [Series("Rullstolar", [12, 90]), Series("Sängar", [4, 5])][: 1 if lying else 2],
                lying=lying)  # fmt: skip
    drawn(page, render_to_string("parts/plot.html", {"plot": made}), "figures.css")
    for width in (360, 390, 480, 640, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        letters = page.locator(".plot-drawing:visible text").evaluate_all(
            """all => all.map(one => {
              const svg = one.ownerSVGElement, scale = svg.clientWidth / svg.viewBox.baseVal.width;
              return scale * parseFloat(getComputedStyle(one).fontSize);
            })"""
        )
        assert letters and min(letters) >= 11, (width, letters)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_fact_has_the_whole_width_where_there_is_little(page: Page):
    facts = [{"label": "Levererande lager", "value": "100 Kalmar KHS lager"}]
    text = render_to_string("parts/facts.html", {"facts": facts})
    drawn(page, f'<div class="my-facts"><div class="box">{text}</div></div>', "my_page.css")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.locator("dd").evaluate("one => one.clientWidth") > 200
