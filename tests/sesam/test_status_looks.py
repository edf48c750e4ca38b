"""Every status has a look of its own, declared beside it."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from individuals.models import Individual, StockStatus
from orders.models import LineStatus
from orders.stages import Stage
from recipients.cases import Case
from sesam.status_looks import is_known, look_of, show_as

STATUSES = [
    status
    for kind in apps.get_models()
    if issubclass(kind, Case)
    for status in kind._meta.get_field("status").choices
] + [x for choices in (LineStatus, Stage, StockStatus, Individual.Status) for x in choices.choices]


@pytest.mark.parametrize("words", sorted({words for _, words in STATUSES}))
def test_a_status_looks_like_something(words):
    assert is_known(words), f"«{words}» has no look: show_as beside it"


def test_a_word_looks_the_same_wherever_it_stands():
    show_as({"Utlevererad": ("circle-check", "green")})
    with pytest.raises(ImproperlyConfigured, match="utlevererad"):
        show_as({"Utlevererad": ("ban", "red")})
    assert look_of("", "UTLEVERERAD") == ("circle-check", "green")
