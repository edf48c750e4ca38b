"""Rich text comes in without what could harm, and says when something is gone."""

import re

import pytest
from django import forms

from sesam import rich_text
from sesam.rich_text import RichTextField, cleaned, words


def test_headings_lists_links_and_emphasis_are_kept():
    typed = (
        "<h2>Jul</h2><p>Beställ <strong>före</strong> <em>torsdag</em>.</p>"
        "<ul><li><p>Ett</p></li></ul><ol><li>Två</li></ol><blockquote><p>Sagt</p></blockquote>"
    )
    assert cleaned(typed) == rich_text.Cleaned(typed, lost=False)
    link = cleaned('<p><a href="https://khs.example/" target="_blank">KHS</a></p>').html
    assert link == '<p><a href="https://khs.example/" rel="noopener noreferrer">KHS</a></p>'


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">Text</p>',
        '<p><a href="javascript:alert(1)">Text</a></p>',
        '<p><a href="JaVaScRiPt:alert(1)">Text</a></p>',
        '<iframe src="https://ond.example"></iframe>',
        '<svg onload="alert(1)"></svg>',
        '<math><mi xlink:href="data:x"></mi></math>',
        '<form action="https://ond.example"><input name="x"></form>',
        '<img src=x onerror="alert(1)">',
        "<object data='x'></object>",
    ],
)
def test_scripts_are_gone_and_it_is_told(typed):
    found = cleaned("<p>Före</p>" + typed)
    assert found.lost
    for left in (
        "script",
        "alert",
        "iframe",
        "onclick",
        "onerror",
        "onload",
        "<form",
        "<svg",
        "<img",
    ):
        assert left not in found.html.lower()
    assert "<p>Före</p>" in found.html


@pytest.mark.parametrize(
    "typed",
    [
        '<p style="position:fixed;inset:0">Text</p>',
        "<style>body { display: none }</style><p>Text</p>",
        '<link rel="stylesheet" href="https://ond.example"><p>Text</p>',
    ],
)
def test_styles_are_gone_and_it_is_told(typed):
    found = cleaned(typed)
    assert found == rich_text.Cleaned("<p>Text</p>", lost=True)


def test_a_class_or_an_id_is_gone_without_a_word():
    assert cleaned('<p class="bar" id="dialog">Text</p>') == rich_text.Cleaned("<p>Text</p>", False)


def test_huge_pictures_and_those_of_others_are_gone_and_it_is_told():
    for source in (
        "data:image/png;base64," + "A" * 1_000_000,
        "https://ond.example/spara.gif",
        "//ond.example/spara.gif",
        "/static/help/../../admin/",
        "/static/help/",
    ):
        assert cleaned(f'<p>Text</p><p><img src="{source}" alt="x"></p>') == rich_text.Cleaned(
            "<p>Text</p>", lost=True
        )


def test_the_portals_own_pictures_stay():
    html = '<p><img src="/static/help/varukorg.webp" alt="Varukorgen"></p>'
    assert cleaned(html) == rich_text.Cleaned(html, lost=False)


def test_a_picture_is_kept_by_its_name_without_the_checksum_of_a_collected_file():
    html = '<p><img src="/static/help/varukorg.0123456789ab.webp" alt="Varukorgen"></p>'
    kept = '<p><img src="/static/help/varukorg.webp" alt="Varukorgen"></p>'
    assert cleaned(html) == rich_text.Cleaned(kept, lost=False)
    assert cleaned(html.replace("ab.webp", ".webp")).lost


@pytest.mark.parametrize(
    "address", ["data:text/html,x", "file:///c:/x", "&#106;avascript:x", "java\nscript:x"]
)
def test_a_link_that_may_lead_nowhere_leaves_its_words_and_it_is_told(address):
    found = cleaned(f'<p><a href="{address}">Text</a></p>')
    assert found == rich_text.Cleaned('<p><a rel="noopener noreferrer">Text</a></p>', lost=True)


@pytest.mark.parametrize(
    "typed",
    [
        '<p>Text</p><img alt="><script>alert(1)</script>">',
        '<p>Text</p><img alt="><p></p><img onerror=alert(1) src=x>">',
        '<p title="><script>alert(1)</script>">Text</p>',
    ],
)
def test_nothing_gets_out_of_an_attribute(typed):
    assert not re.search("<(?:script|img)", cleaned(typed).html)


def test_what_an_editor_calls_otherwise_is_the_same():
    assert cleaned("<h1>A</h1><p><b>B</b> <i>C</i></p>").html == (
        "<h2>A</h2><p><strong>B</strong> <em>C</em></p>"
    )


class Form(forms.Form):
    body = RichTextField(label="Text")


@pytest.mark.parametrize("typed", ["", "<p></p>", "<p> <br></p>", "<script>x</script>", "\0"])
def test_a_text_that_says_nothing_is_missing(typed):
    assert "body" in Form({"body": typed}).errors


def test_a_text_that_is_too_long_is_refused_and_says_how_long_it_is():
    form = Form({"body": "<p>" + "ord " * 20_000 + "</p>"})
    assert "Texten är för lång" in form.errors["body"][0]


def test_the_words_of_a_text_end_with_a_word():
    html = "<h2>Jul</h2><p>Beställ <strong>före</strong>, senast torsdag.</p>"
    assert words(html) == "Jul Beställ före, senast torsdag."
    assert words(html, 20) == "Jul Beställ före …"
