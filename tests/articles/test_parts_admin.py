"""An article's standard components and fits in the back office: hundreds of rows, drawn plainly."""

from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles.models import Fit, StandardComponent
from organisation.permissions import KHS
from tests.factories import ArticleFactory, UserFactory

pytestmark = pytest.mark.django_db
COMPONENTS, FITS = "standard_components", "fitting_parts"


class Fields(HTMLParser):
    """What a browser would send of the page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.names: list[str] = []
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        has = dict(attributes)
        name = has.get("name") or ""
        if name:
            self.names.append(name)
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in has:
            self.sent[self.select] = has.get("value") or ""
        elif tag == "textarea":
            self.sent[name] = ""
        elif tag == "input" and name and has.get("type") not in ("submit", "file"):
            if has.get("type") != "checkbox":
                self.sent[name] = has.get("value") or ""
            elif "checked" in has:
                self.sent[name] = "on"


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True))


@pytest.fixture
def chair():
    chair = ArticleFactory(name="Stol")
    for name in ("Broms", "Dyna", "Hjul"):
        part = ArticleFactory(name=name, may_be_component=True)
        StandardComponent.objects.create(article=chair, component=part, quantity=2)
        Fit.objects.create(main=chair, part=part)
    return chair


def url(article) -> str:
    return f"/admin/articles/article/{article.pk}/change/"


def fields(khs, article) -> dict[str, str]:
    sent = Fields(khs.get(url(article)).content.decode()).sent
    return {name: value for name, value in sent.items() if "__prefix__" not in name}


def names(article) -> tuple[list, list]:
    components = article.standard_components.order_by("pk")
    return (
        [(row.component.name, row.quantity) for row in components],
        [fit.part.name for fit in article.fitting_parts.order_by("pk")],
    )


def test_saving_the_page_as_it_stands_changes_no_row(khs, chair):
    before = names(chair)
    assert khs.post(url(chair), fields(khs, chair)).status_code == 302
    assert names(chair) == before


def test_rows_are_taken_away_changed_and_added(khs, chair):
    sent = fields(khs, chair)
    new = ArticleFactory(name="Ramp", may_be_component=True)
    sent |= {f"{COMPONENTS}-0-DELETE": "on", f"{COMPONENTS}-1-quantity": "5"}
    sent |= {f"{FITS}-2-DELETE": "on", f"{FITS}-TOTAL_FORMS": "4"}
    sent |= {f"{FITS}-3-id": "", f"{FITS}-3-main": chair.pk, f"{FITS}-3-part": new.pk}
    assert khs.post(url(chair), sent).status_code == 302
    assert names(chair) == ([("Dyna", 5), ("Hjul", 2)], ["Broms", "Dyna", "Ramp"])


def test_what_was_typed_stands_where_something_is_wrong(khs, chair):
    sent = fields(khs, chair) | {
        f"{COMPONENTS}-1-quantity": "många",
        f"{COMPONENTS}-2-DELETE": "on",
        f"{FITS}-TOTAL_FORMS": "4",
        f"{FITS}-3-main": chair.pk,
        f"{FITS}-3-part": chair.fitting_parts.first().part_id,
    }
    answer = khs.post(url(chair), sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Fyll i ett heltal" in page
    again = Fields(page).sent
    assert again[f"{COMPONENTS}-1-quantity"] == "många"
    assert f"{COMPONENTS}-2-DELETE" in again
    assert f"{COMPONENTS}-1-DELETE" not in again
    assert again[f"{FITS}-3-part"] == str(chair.fitting_parts.first().part_id)
    assert "duplikat" in page, "a part that fits already"
    assert len(names(chair)[1]) == 3


@pytest.mark.parametrize("sent", ["", "999999", None])
@pytest.mark.parametrize("row", [COMPONENTS, FITS])
def test_a_row_that_is_gone_or_sent_without_its_id_is_told(khs, chair, row, sent):
    form, before = fields(khs, chair), names(chair)
    del form[f"{row}-0-id"]
    answer = khs.post(url(chair), form if sent is None else form | {f"{row}-0-id": sent})
    assert answer.status_code == 200
    assert "Raden finns inte längre" in answer.content.decode()
    assert names(chair) == before


def test_a_row_that_is_there_says_its_article_and_offers_no_choice(khs, chair):
    page = khs.get(url(chair)).content.decode()
    parsed = Fields(page)
    for n in range(3):
        assert f"{FITS}-{n}-part" not in parsed.names
        assert f"{COMPONENTS}-{n}-component" not in parsed.names
    assert page.count("Hjul") >= 2
    assert 'aria-label="Ta bort' in page


def test_a_hundred_more_rows_cost_no_question_and_no_form(khs, chair):
    with CaptureQueriesContext(connection) as few:
        answer = khs.get(url(chair))
    forms = [len(f.formset.forms) for f in answer.context["inline_admin_formsets"]]
    Fit.objects.bulk_create(
        Fit(main=chair, part=ArticleFactory(may_be_component=True)) for _ in range(100)
    )
    with CaptureQueriesContext(connection) as many:
        answer = khs.get(url(chair))
    assert len(many) == len(few)
    assert [len(f.formset.forms) for f in answer.context["inline_admin_formsets"]] == forms
    assert fields(khs, chair)[f"{FITS}-TOTAL_FORMS"] == "103"
