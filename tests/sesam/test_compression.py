"""What the browser fetches comes compressed, and files that never change are fetched once."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings as conf
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from sesam.static_files import slim_script, slim_sheet
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SHEETS_AND_SCRIPTS = ["portal.css", "portal.js", "icons.svg", "icons_more.svg"]
FONT = "vendor/portal-sans/portal-sans-latin.woff2"


def test_a_page_comes_compressed_to_who_understands_it(client):
    client.force_login(UserFactory())
    plain = client.get("/")
    packed = client.get("/", headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "</html>" in gzip.decompress(packed.content).decode()
    assert len(packed.content) < len(plain.content) / 2
    assert "no-store" in packed["Cache-Control"]


def test_in_production_files_come_compressed_and_are_kept_for_years(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    kept = "sesam.static_files.SlimFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": kept}}
    others = ["admin", "django_*"]  # a hundred times as much to compress as ours
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=others)
    browser = Client(headers={"accept-encoding": "gzip"})
    for name in [*SHEETS_AND_SCRIPTS, FONT]:
        answer = browser.get(staticfiles_storage.url(name))
        assert answer.status_code == 200, name
        assert "immutable" in answer["Cache-Control"], name
        assert (answer.get("Content-Encoding") == "gzip") == (name != FONT), name
        assert_slim(name, answer.getvalue())
        answer.close()


def assert_slim(name: str, packed: bytes) -> None:
    """Without what only its writers read."""
    if name.endswith(".css"):
        sheet = gzip.decompress(packed).decode()
        assert ".btn{" in sheet and "/*" not in sheet and "\n" not in sheet
        assert 'url("vendor/portal-sans/portal-sans-latin.' in sheet, "names with their checksums"
    elif name.endswith(".js"):
        script = gzip.decompress(packed).decode()
        assert '"use strict";' in script and not re.search(r"^\s*//|^\s", script, re.MULTILINE)


def test_a_slim_sheet_says_what_it_said():
    sheet = """/* On
    paper */
    @media (max-width: 640px) { .a :hover, .b > .c::before { content: "; } /"; margin: 0 -1px; } }
    """
    said = '@media (max-width:640px){.a :hover,.b > .c::before{content:"; } /";margin:0 -1px}}'
    assert slim_sheet(sheet) == said == slim_sheet(said)
    assert slim_script("  // Why\n  go(); // there\n\n") == "go(); // there\n"


def test_no_line_of_a_script_begins_with_a_comment_that_is_more_than_a_comment():
    """Where a text over several lines has one, slim_script would take it away."""
    for file in (Path(conf.BASE_DIR) / "static").glob("*.js"):
        for text in re.findall(r"`[^`]*`", file.read_text()):
            assert not re.search(r"^\s*//", text, re.MULTILINE), file.name
