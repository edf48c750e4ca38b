"""Help: every page has one, it opens beside the page, and KHS rewrites it without undoing each
other."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse

from organisation.permissions import FORSKRIVARE, KHS
from portal.help_pages import topic_of, topics
from portal.icons import WORDS
from portal.models import HelpText
from sesam.rich_text import cleaned
from tests.factories import UserFactory
from tests.test_permissions import names_of
from tests.url_table import ADMIN_PREFIX, URLS

pytestmark = pytest.mark.django_db

# Addresses that are no pages: what only takes a POST is told by the table, and the rest here.
NO_PAGES = {
    "alive", "ready", "metrics", "printout_file", "articles:picture", "articles:document", "document",
}  # fmt: skip
FILES = re.compile(r"pdf$|attachment$|:label$|_list$|_note$|:slip$|:blank$|_report$|:holder$")
NO_ADMIN_PAGES = {"login", "logout", "jsi18n", "autocomplete", "view_on_site", "None"}


def pages() -> set[str]:
    found = {name for name, row in URLS.items() if not row.post} - NO_PAGES
    found = {name for name in found if not FILES.search(name)}
    admin = {n for n in names_of(get_resolver().url_patterns) if n.startswith(ADMIN_PREFIX)}
    return found | {n for n in admin if n.removeprefix(ADMIN_PREFIX) not in NO_ADMIN_PAGES}


def test_every_page_has_help():
    assert sorted(name for name in pages() if topic_of(name) is None) == []


def test_every_help_is_about_a_page_that_is_there():
    known = {*URLS, *(n for n in names_of(get_resolver().url_patterns))}
    lost = [
        (topic.name, page)
        for topic in topics().values()
        for page in topic.pages
        if "*" not in page and page not in known
    ]
    assert lost == []
    nowhere = [t.name for t in topics().values() if not any(topic_of(n) is t for n in pages())]
    assert nowhere == []


@pytest.mark.parametrize("name", sorted(topics()))
def test_a_text_is_as_it_may_be_written_and_has_its_pictures(name):
    topic = topics()[name]
    assert not cleaned(topic.html).lost
    for picture in re.findall(r'src="/static/([^"]+)"', topic.html):
        assert (Path(settings.BASE_DIR) / "static" / picture).is_file()
    assert re.findall(r'<img(?![^>]*alt="[^"]+)', topic.html) == []
    assert len(topic.html) > 100


def test_the_question_mark_of_a_page_opens_its_own_help(client):
    client.force_login(UserFactory(roles=[FORSKRIVARE]))
    for path, topic in (("/", "start"), ("/artiklar/", "artiklar-sok"), ("/lager/", "lager")):
        assert f'href="/hjalp/{topic}/' in client.get(path).content.decode()
    assert 'href="/hjalp/logga-in/' in Client().get("/logga-in/").content.decode()


def test_the_panel_gets_the_text_alone_and_a_page_without_script_all(client):
    part = client.get("/hjalp/start/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<div") and "<ol>" in part and "Ctrl K" in part
    answer = client.get("/hjalp/start/?fran=/artiklar/")
    assert "HX-Request" in answer["Vary"], "the one is never shown for the other"
    whole = answer.content.decode()
    assert "<html" in whole and 'href="/artiklar/"' in whole and "Ändra texten" not in whole
    for odd in ("?fran=https://ond.example", "?fran=//ond.example", "?fran=javascript:x"):
        assert "Tillbaka till sidan" not in client.get("/hjalp/start/" + odd).content.decode()
    assert client.get("/hjalp/finns-inte/").status_code == 404


def test_every_icon_has_a_word_on_one_page(client):
    drawn = {
        name: re.findall(r'<symbol id="([^"]+)"', (Path(settings.BASE_DIR) / name).read_text())
        for name in ("static/icons.svg", "static/icons_more.svg")
    }
    assert sorted(itertools.chain(*drawn.values())) == sorted(WORDS)
    text = client.get("/hjalp/ikoner/").content.decode()
    for file, names in drawn.items():
        for name in names:
            assert f"/{file}#{name}" in text and WORDS[name] in text


def test_every_icon_that_a_template_names_is_drawn():
    named = {
        (template.name, name)
        for template in (Path(settings.BASE_DIR) / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([^"]+)"', template.read_text())
    }
    assert [where for where in sorted(named) if where[1] not in WORDS] == []


# --- KHS rewrites it ---


@pytest.fixture
def khs(client):
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def begin(khs) -> tuple[str, dict]:
    """The form of a text, as it is opened from the help itself."""
    assert "Ändra texten" in khs.get("/hjalp/start/").content.decode()
    form = khs.get(reverse("admin:portal_helptext_write", args=["start"])).headers["Location"]
    text = HelpText.objects.get(topic="start")
    body = khs.get(form).context["adminform"].form["body"].value()
    return form, {"title": text.title, "body": body, "seen": text.version}


def test_khs_begins_with_what_comes_with_the_portal_and_everybody_reads_the_new_text(khs):
    form, data = begin(khs)
    assert data["body"] == topics()["start"].html
    khs.post(form, data | {"body": "<p>Ring oss.</p><script>x</script>"})
    text = Client().get("/hjalp/start/").content.decode()
    assert "<p>Ring oss.</p>" in text and "Ctrl K" not in text


def test_of_two_who_write_at_once_the_second_is_told_and_loses_nothing(khs):
    form, data = begin(khs)
    khs.post(form, data | {"body": "<p>Den första.</p>"})
    answer = khs.post(form, data | {"body": "<p>Den andra.</p>"})
    text = answer.content.decode()
    assert "sparade en annan text" in text
    assert "«Den första.»" in text and "&lt;p&gt;Den andra.&lt;/p&gt;" in text
    assert HelpText.objects.get().body == "<p>Den första.</p>"
    seen = re.search(r'name="seen" value="(\d+)"', text)[1]
    khs.post(form, data | {"body": "<p>Den andra.</p>", "seen": seen})
    assert HelpText.objects.get().body == "<p>Den andra.</p>"


def test_the_text_that_comes_with_the_portal_can_be_had_back(khs):
    form, data = begin(khs)
    khs.post(form, data | {"body": "<p>Ring oss.</p>"})
    seen = HelpText.objects.get().version
    khs.post(form, data | {"body": "<p>x</p>", "seen": seen, "reset": "on"})
    text = khs.get("/hjalp/start/").content.decode()
    assert topics()["start"].html in text and "Ring oss" not in text


def test_what_comes_with_the_next_version_is_shown_where_khs_wrote_nothing(khs, monkeypatch):
    begin(khs)  # opened, and left as it is
    form, data = begin(khs)
    khs.post(form, data | {"reset": "on"})
    newer = replace(topics()["start"], title="Start", html="<p>Skrivet om.</p>")
    monkeypatch.setitem(topics(), "start", newer)
    assert "<p>Skrivet om.</p>" in khs.get("/hjalp/start/").content.decode()
    assert ">Start<" in khs.get("/hjalp/").content.decode()
    assert "Skrivet om." in khs.get(form).content.decode()


def test_the_help_that_everybody_reads_holds_no_personal_number(khs):
    form, data = begin(khs)
    for wrong in ({"body": "<p>19121212-1212</p>"}, {"title": "19121212-1212"}):
        assert "Ta bort personnumret" in khs.post(form, data | wrong).content.decode()
    assert HelpText.objects.get().version == 1


def test_nobody_but_khs_rewrites_help(client):
    client.force_login(UserFactory(roles=[FORSKRIVARE]))
    assert client.get(reverse("admin:portal_helptext_write", args=["start"])).status_code in (
        302,
        403,
    )
    assert not HelpText.objects.exists()
