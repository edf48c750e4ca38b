"""A field is drawn to the letter as Django would draw it."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.template import Context, Template
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from sesam.form_drawing import PlainSelect, Renderer

ATTRS = {"id": "id_x", "class": 'a"b', "required": True, "disabled": False, "max": 12_345,
         "data-x": mark_safe("&amp;")}  # fmt: skip
VALUES = [None, "", "Åsa <b>&amp;\"'", mark_safe("<i>"), 1_234_567, Decimal("1.50"), True, False,
          dt.date(2026, 11, 29), dt.datetime(2026, 11, 29, 8, 30), "rad\nrad"]  # fmt: skip
CHOICES = [
    ("", "---------"),
    ("<1>", 'Å & "Ö" <b>'),
    (1_234_567, "ett tal"),
    (None, mark_safe("<i>ren</i>")),
    ("Grupp & co", [("a", "A"), ("b", gettext_lazy("Yes"))]),
]


@pytest.mark.parametrize(
    "widget",
    [
        forms.TextInput(), forms.NumberInput(), forms.EmailInput(), forms.URLInput(),
        forms.TelInput(), forms.SearchInput(), forms.PasswordInput(render_value=True),
        forms.HiddenInput(), forms.CheckboxInput(), forms.DateInput(), forms.TimeInput(),
        forms.DateTimeInput(), forms.Textarea(), forms.Select(choices=CHOICES),
        forms.SelectMultiple(choices=CHOICES), forms.NullBooleanSelect(),
        forms.RadioSelect(choices=CHOICES[:2]), forms.Select(choices=[(1, 12_345), (2, True)]),
        forms.Select(),
    ],
    ids=lambda widget: type(widget).__name__,
)  # fmt: skip
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_field_is_drawn_as_django_would(widget, value):
    for attrs in ({}, ATTRS):
        ours = widget.render('n"amn', value, attrs, renderer=Renderer())
        assert ours == widget.render('n"amn', value, attrs, renderer=DjangoTemplates())


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_plain_choice_is_drawn_as_any_other(value):
    drawn = [
        of(choices=CHOICES[:3]).render('n"amn', value, ATTRS) for of in (PlainSelect, forms.Select)
    ]
    assert drawn[0] == drawn[1]


def test_it_draws_all_forms():
    assert isinstance(get_default_renderer(), Renderer)


def test_of_a_form_that_is_refused_what_was_typed_in_it_is_marked():
    class Report(forms.Form):
        where = forms.CharField(initial="/artiklar/")
        contact = forms.CharField(required=False)
        what = forms.CharField()

    drawn = Template("{% load sesam %}{% for bound in form %}{% field bound %}{% endfor %}")
    typed = {"where": "/artiklar/", "contact": "070-174 06 05", "what": ""}
    html = drawn.render(Context({"form": Report(typed)}))
    assert [tag for tag in re.findall("<input[^>]*>", html) if "data-typed" in tag] == [
        tag for tag in re.findall("<input[^>]*>", html) if 'name="contact"' in tag
    ]
    assert "data-typed" not in drawn.render(Context({"form": Report(typed | {"what": "Stopp"})}))
    assert "data-typed" not in drawn.render(Context({"form": Report()}))
