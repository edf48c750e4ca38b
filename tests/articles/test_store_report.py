"""«Lagersaldorapport»: made by a job, delivered to the one who asked, removed after a day."""

import datetime as dt
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pypdf import PdfReader

from articles.models import Balance
from sesam import jobs
from sesam.models import Printout
from tests.factories import ArticleFactory, BufferFactory, UnitFactory, UserFactory, put_in_stock
from tests.jobs import run_jobs, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def store():
    return BufferFactory()


@pytest.fixture
def user(store):
    return UserFactory(default_unit=UnitFactory(code="K09", own_stores=[store]))


@pytest.fixture
def mine(user, browser_of):
    return browser_of(user)


def order(client) -> str:
    """Ask for the report; the address of the page where it is waited for."""
    assert "Skapa pdf" in client.get("/lager/0880/rapport/").content.decode()
    answer = client.post("/lager/0880/rapport/")
    assert answer.status_code == 302
    return answer.headers["Location"]


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def test_from_the_menu_to_the_file(mine, store, user):
    put_in_stock(store, ArticleFactory(number="43027", name="Cross 6 «45» & lång"), 12)
    Balance.objects.create(warehouse=store, article=ArticleFactory(name="Slutsåld"))
    assert "Lagersaldorapport" in mine.get("/lager/0880/").content.decode()
    page = order(mine)
    before = mine.get(page).content.decode()
    assert "väntar på sin tur" in before
    assert 'hx-trigger="every 1s"' in before
    assert mine.get(f"{page}fil/").status_code == 404
    run_jobs()
    after = mine.get(page).content.decode()
    assert "Dokumentet är klart" in after
    assert "hx-trigger" not in after, "a page that is ready asks no more"
    file = mine.get(f"{page}fil/")
    today = timezone.localdate()
    assert f'filename="lagersaldo-0880-{today:%Y-%m-%d}.pdf"' in file["Content-Disposition"]
    assert "attachment" in file["Content-Disposition"]
    assert "no-store" in file["Cache-Control"]
    text = pdf_text(b"".join(file.streaming_content))
    assert "Cross 6 «45» & lång" in " ".join(text.split())
    assert "12" in text
    assert "Slutsåld" not in text, "what the store has none of isn't in the report"
    assert str(user) in text
    assert "Sida 1 av 1" in text


def test_nobody_else_gets_it(mine, browser_of, client, store):
    page = order(mine)
    run_jobs()
    for other in (client, browser_of(UserFactory(roles=["khs"]))):
        assert other.get(page).status_code == 404
        assert other.get(f"{page}fil/").status_code == 404


def test_of_another_units_store_there_is_none(client, store):
    assert client.post("/lager/0880/rapport/").status_code == 404
    assert not waiting()


def test_two_clicks_make_one_report(mine, store):
    assert order(mine) == order(mine)
    assert len(waiting()) == 1
    run_jobs()
    assert order(mine), "and a later one is a new one"
    assert Printout.objects.count() == 2


def test_a_report_is_found_again_where_it_was_ordered(mine, browser_of, user, store):
    page = order(mine)
    assert page in mine.get("/lager/0880/rapport/").content.decode()
    colleague = browser_of(UserFactory(default_unit=user.default_unit))
    assert "Redan skapade" not in colleague.get("/lager/0880/rapport/").content.decode()


def test_a_report_of_an_empty_store_says_so(mine, store):
    page = order(mine)
    run_jobs()
    assert "inga artiklar med saldo" in pdf_text(
        b"".join(mine.get(f"{page}fil/").streaming_content)
    )


def test_what_goes_wrong_is_told_and_can_be_tried_again(mine, store, monkeypatch):
    page = order(mine)
    monkeypatch.setattr("sesam.documents.render", lambda html: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_jobs()
    shown = mine.get(page).content.decode()
    assert "Något gick fel" in shown
    assert "hx-trigger" not in shown
    assert order(mine) != page


def test_a_job_that_was_lost_is_not_waited_for_forever(mine, store):
    page = order(mine)
    Printout.objects.update(touched_at=timezone.now() - dt.timedelta(minutes=11))
    assert "Något gick fel" in mine.get(page).content.decode()
    assert order(mine) != page


def test_progress_is_shown_while_pages_are_laid_out(mine, store, monkeypatch):
    for _ in range(120):
        put_in_stock(store, ArticleFactory(), 1)
    order(mine)
    seen = []
    save = Printout.save
    monkeypatch.setattr(
        Printout, "save", lambda self, **kw: (seen.append(self.progress), save(self, **kw))
    )
    run_jobs()
    assert seen == sorted(seen)
    assert len({value for value in seen if 5 < value < 100}) >= 2


def test_the_file_is_the_servers_alone_and_gone_after_a_day(mine, store, media):
    page = order(mine)
    run_jobs()
    file = next((media / "printouts").iterdir())
    assert file.stat().st_mode & 0o077 == 0
    jobs.clear_all()
    assert mine.get(f"{page}fil/").status_code == 200
    Printout.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    assert mine.get(page).status_code == 404, "even before it is removed"
    call_command("clear_old")
    assert not Printout.objects.exists()
    assert not file.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_that_make_run_starts_does_the_job(mine, store, media):
    put_in_stock(store, ArticleFactory(), 1)
    page = order(mine)
    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    done = subprocess.run(
        [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DATABASE_URL": url, "MEDIA_ROOT": str(media)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Dokumentet är klart" in mine.get(page).content.decode(), done.stderr
