"""What is put together in Python is what a template would have drawn."""

import datetime as dt

import pytest
from django.template import Context, Template
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from sesam.escaping import escaped
from sesam.links import links
from sesam.places import BulkAction, CreateItem, Page, Shown


def drawn(tag: str, **context: object) -> str:
    return Template("{% load drawn %}{% " + tag + " %}").render(Context(context))


def entry(kind: type = CreateItem, **more: object) -> Shown:
    made = kind(name="x", label="", url=Page("start"), **more)
    return Shown(made, label="Byt <hjul>", url="/byt/?a=1&b=2")


@pytest.mark.parametrize(
    ("count", "told"), [(None, ""), ("", ""), (0, ">0<"), (1234, ">1234<"), ("99+", ">99+<")]
)
def test_a_tab_tells_its_count_where_it_has_one(count, told):
    tab = drawn("tab_links tabs", tabs=[{"label": "A & B", "url": "?a=1&b", "count": count}])
    assert '<a href="?a=1&amp;b">A &amp; B' in tab
    assert ('class="count"' in tab) is bool(told)
    assert told in tab
    assert "aria-current" not in tab


def test_the_tab_that_is_open_says_so():
    here = entry()
    here.active = True
    assert drawn("tab_links tabs", tabs=[here, entry()]).count('aria-current="page"') == 1


def test_a_fact_is_written_as_templates_write_it():
    facts = [
        {"label": "Antal", "value": 1234},
        {"label": "Dag", "value": dt.date(2026, 11, 30)},
        {"label": "Port", "value": ""},
        {"label": "Namn", "value": "<b>"},
        {"label": "Säkert", "value": mark_safe("<b>")},
        {"label": "Brev", "value": "a.b@c.se"},
        {"label": "Ärende", "value": "26410001", "url": "/a/?b&c", "code": True, "lock": True},
    ]
    shown = drawn("fact_rows facts", facts=facts)
    template = Template("{{ fact.value }}")
    for fact in facts[:2]:
        assert f"<dd>{template.render(Context({'fact': fact}))}</dd>" in shown
    assert "<dt>Port</dt><dd>–</dd>" in shown
    assert "<dd>&lt;b&gt;</dd>" in shown
    assert "<dd><b></dd>" in shown
    assert "a<wbr>.b@<wbr>c<wbr>.se" in shown
    assert 'Från registret"' in shown
    assert '<dd class="code"><a href="/a/?b&amp;c">26410001</a></dd>' in shown


def test_an_entry_of_a_menu_is_a_link_or_sends_what_is_ticked_or_says_why_not():
    words = "<span>Byt &lt;hjul&gt;</span>"
    link = drawn("menu_items all", all=[entry(dialog=True, danger=True, ticked=True)])
    address = "/byt/?a=1&amp;b=2"
    assert link == f'<li class="drop-danger"><a href="{address}" data-dialog>{words}</a></li>'
    button = drawn("menu_items all 'bulk'", all=[entry(ticked=True)])
    sends = f'<button type="submit" form="bulk" formaction="{address}">{words}</button>'
    assert button == f"<li>{sends}</li>"
    barred = entry(ticked=True)
    barred.barred = "Den är <utlämnad>."
    told = drawn("menu_items all 'bulk'", all=[barred])
    assert "<small>Den är &lt;utlämnad&gt;.</small>" in told
    assert "href" not in told.replace("<use href", "")
    assert "<button" not in told


def test_what_is_done_with_ticked_rows_stands_in_the_bar_and_in_its_menu():
    action = entry(BulkAction, icon="truck", dialog=True)
    there = 'type="submit" formaction="/byt/?a=1&amp;b=2" data-dialog'
    assert there in drawn("bulk_buttons all", all=[action])
    assert there in drawn("bulk_items all", all=[action])
    assert "#truck" in drawn("bulk_items all", all=[action])


@pytest.mark.parametrize(
    "text", ["", "Säng", "a & b", "<b>", 'sa "så"', "it's", mark_safe("<b>"), 12, None]
)
def test_text_is_escaped_as_django_does(text):
    assert escaped(text) == conditional_escape(text)


def test_a_key_in_an_address_is_quoted_where_it_needs_to_be():
    url = links("articles:detail")
    assert url("100-002") == "/artiklar/100-002/"
    assert url("a/b c?å") == "/artiklar/a/b%20c%3F%C3%A5/"
