"""What apps add to each other's pages: it stands there once, leads somewhere, and spoils nothing."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch

from recipients.slots import recipient_tabs
from recipients.tables import ReturnedTable
from sesam import checks, places, slots
from sesam.places import LinkSlot, MenuItem, MenuSlot, Page, PageOf, PartSlot, StartBox, Tab
from tests.factories import RecipientFactory, UserFactory

TEMPLATES = Path(settings.BASE_DIR) / "templates"


@pytest.fixture
def alone(monkeypatch):
    """Slots that a test makes are the only ones there are."""
    monkeypatch.setattr(places, "_slots", [])


def test_two_apps_cannot_take_the_same_name_in_a_slot(alone):
    tabs = LinkSlot("tabs")
    tabs.add(MenuItem(name="aktiviteter", label="Aktiviteter", url=Page("start")))
    with pytest.raises(ImproperlyConfigured, match="aktiviteter"):
        tabs.add(MenuItem(name="aktiviteter", label="Mina aktiviteter", url=Page("start")))


def test_entries_stand_in_order_whoever_came_first(alone):
    bar = LinkSlot("bar")
    for name, order in (("last", 30), ("first", 10), ("second", 20), ("third", 20)):
        bar.add(MenuItem(name=name, label=name, url=Page("start"), order=order))
    assert [item.name for item in bar] == ["first", "second", "third", "last"]


def _to_nowhere() -> None:
    LinkSlot("bar").add(MenuItem(name="x", label="X", url=Page("aktiviteter:sok")))


def _of_nobody() -> None:
    LinkSlot("buttons").add(MenuItem(name="x", label="X", url=PageOf("aktiviteter:planera")))


def _without_template() -> None:
    PartSlot("boxes").add(
        StartBox(name="x", template="aktiviteter/_box.html", build=lambda r, o: {})
    )


def _under_nothing() -> None:
    MenuSlot("bar").add(MenuItem(name="x", label="X", url=Page("start"), parent="aktiviteter"))


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        (_to_nowhere, NoReverseMatch),
        (_of_nobody, NoReverseMatch),
        (_without_template, TemplateDoesNotExist),
        (_under_nothing, ImproperlyConfigured),
    ],
)
def test_the_portal_does_not_start_with_an_entry_that_leads_nowhere(alone, added, fault):
    added()
    with pytest.raises(fault):
        checks.refuse_unsafe_start()
    assert "sesam.E007" in [error.id for error in run_checks(tags=["urls"])]


def test_every_entry_that_apps_have_added_leads_somewhere():
    assert slots.menu in places._slots
    assert recipient_tabs in places._slots
    places.prove()


def test_every_template_can_be_read():
    found = [path.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.html")]
    assert len(found) > 80
    for path in found:
        get_template(str(path))


@pytest.mark.django_db
def test_a_tab_writes_over_nothing_on_the_page_that_it_stands_on(client, monkeypatch):
    person = RecipientFactory(given_name="Arvid", family_name="Lindqvist")
    monkeypatch.setattr(recipient_tabs, "_entries", list(recipient_tabs))
    recipient_tabs.add(
        Tab(
            name="prov",
            label="Prov",
            url=PageOf("recipients:detail", "?flik=prov"),
            build=lambda request, recipient: places.TabContent(
                table=ReturnedTable(request, []),
                context={"recipient": "Någon annan", "tabs": [], "buttons": [], "facts": []},
            ),
        )
    )
    client.force_login(UserFactory())
    page = client.get(f"/mottagare/{person.key}/?flik=prov")
    assert page.status_code == 200
    html = page.content.decode()
    assert "<h1>Arvid Lindqvist</h1>" in html
    assert f'href="/mottagare/{person.key}/?flik=prov" aria-current="page">Prov' in html
    assert "Beställ</a>" in html
    assert "Någon annan" not in html
