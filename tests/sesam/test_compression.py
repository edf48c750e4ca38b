"""What the browser fetches comes compressed, and files that never change are fetched once."""

import gzip

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SHEETS_AND_SCRIPTS = ["portal.css", "portal.js", "icons.svg"]
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
    kept = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": kept}}
    call_command("collectstatic", interactive=False, verbosity=0)
    browser = Client(headers={"accept-encoding": "gzip"})
    for name in [*SHEETS_AND_SCRIPTS, FONT]:
        answer = browser.get(staticfiles_storage.url(name))
        assert answer.status_code == 200, name
        assert "immutable" in answer["Cache-Control"], name
        assert (answer.get("Content-Encoding") == "gzip") == (name != FONT), name
        answer.close()
