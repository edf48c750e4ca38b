"""Files are fetched at a human's pace: who takes too many is told, and it's logged."""

import pytest
from django.urls import resolve, reverse

from organisation.models import AccessLogEntry
from organisation.permissions import CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE
from sesam.models import Printout
from tests.factories import RecipientFactory, UserFactory
from tests.jobs import run_jobs
from tests.test_access_log import address, at_work
from tests.test_permissions import (
    case,  # noqa: F401  a fixture
    papers_not_drawn,  # noqa: F401  a fixture
    signed_in,
    walked_case,  # noqa: F401  a fixture
)
from tests.url_table import URLS
from tests.walking import Walk, another_window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("papers_not_drawn")]


@pytest.fixture
def order(case):  # noqa: F811
    return case["order"]


@pytest.fixture
def file_url(case, order):  # noqa: F811
    return reverse("orders:attachment", args=[order.case_number, case["file"].key])


def rows(user, action):
    return AccessLogEntry.objects.filter(user=user, action=action)


def test_who_fetches_too_many_files_is_told_and_it_is_logged(order, file_url, settings):
    settings.DOWNLOAD_LIMIT = 10
    user = order.ordered_by
    browser = signed_in(user)
    assert [browser.get(file_url).status_code for _ in range(2)] == [200, 200]
    answer = signed_in(user).get(file_url)  # signing in anew doesn't help
    assert answer.status_code == 429
    assert "Du har hämtat många filer på kort tid" in answer.content.decode()
    assert "Filen är inte hämtad" in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 360
    assert rows(user, "download").count() == 2  # what was refused isn't told as fetched
    assert rows(user, "refused").get().detail == "För många hämtade filer"


def test_others_and_pages_are_not_touched(order, file_url, settings):
    settings.DOWNLOAD_LIMIT = 1
    user = order.ordered_by
    colleague = UserFactory(default_unit=user.default_unit)
    browser = signed_in(user)
    assert [browser.get(file_url).status_code for _ in range(2)] == [200, 429]
    assert browser.get(reverse("orders:detail", args=[order.case_number])).status_code == 200
    assert browser.head(file_url).status_code != 429
    assert signed_in(colleague).get(file_url).status_code == 200


def test_no_limit_by_setting(file_url, order, settings):
    settings.DOWNLOAD_LIMIT = 0
    browser = signed_in(order.ordered_by)
    assert {browser.get(file_url).status_code for _ in range(4)} == {200}


@pytest.mark.parametrize(
    ("role", "least"), [(FORSKRIVARE, 10), (KHS, 10), (LOGGRANSKARE, 2), (CONTROLLER, 1)]
)
def test_every_view_that_gives_a_file_counts_it(walked_case, role, least):  # noqa: F811
    """Whatever comes with a name to save it by; one that isn't marked is told here."""
    walk, given = Walk(), 0
    client, user = at_work(walked_case, role)
    for name, row in sorted(URLS.items()):
        if role not in row.who or name == "sign_out" or row.post:
            continue
        with walk.at(name):
            url = address(name, walked_case, client, user)
            answer = another_window(client).get(url)
            if "attachment" in answer.headers.get("Content-Disposition", ""):
                given += 1
                assert "GET" in getattr(resolve(url.split("?")[0]).func, "gives_file_by", ())
    walk.end()
    assert given >= least


def test_what_a_job_has_made_counts_when_it_is_fetched(settings, tmp_path):
    """As all that is kept about a person, which KHS orders as one archive."""
    settings.DOWNLOAD_LIMIT, settings.MEDIA_ROOT = 1, tmp_path
    user = UserFactory(roles=[KHS], is_staff=True)
    browser = signed_in(user)
    browser.post(reverse("archive"), {"nummer": RecipientFactory().number})
    run_jobs()
    url = reverse("printout_file", args=[Printout.objects.get().key])
    assert [browser.get(url).status_code for _ in range(2)] == [200, 429]
    assert rows(user, "refused").get().detail == "För många hämtade filer"


@pytest.mark.parametrize("name", ["pickups:slip", "access_log_extract"])
def test_a_form_that_is_answered_with_a_file_counts_when_it_is_sent(order, name):
    url = reverse(name, args=[order.recipient.key])
    assert resolve(url).func.gives_file_by == ("POST",)
