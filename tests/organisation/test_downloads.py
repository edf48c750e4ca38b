"""Files are fetched at a human's pace: who takes too many is told, and it's logged."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings as project
from django.test import Client
from django.urls import Resolver404, get_resolver, resolve, reverse

from organisation.models import AccessLogEntry
from organisation.permissions import CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE
from sesam.models import Printout
from tests.factories import LoanFactory, RecipientFactory, UnitFactory, UserFactory
from tests.jobs import run_jobs
from tests.test_access_log import address, at_work
from tests.test_permissions import (
    case,  # noqa: F401  a fixture
    papers_not_drawn,  # noqa: F401  a fixture
    signed_in,
    walked_case,  # noqa: F401  a fixture
)
from tests.test_the_rest_sent_twice import views_of
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


# --- beside the page --------------------------------------------------------------------------

BESIDE = {"HX-Request": "true", "HX-Current-URL": "http://testserver/bestallningar/"}


def test_what_a_script_is_refused_is_answered_as_text_for_the_page(order, file_url, settings):
    settings.DOWNLOAD_LIMIT = 5
    browser = signed_in(order.ordered_by)
    assert browser.get(file_url, headers=BESIDE)["Content-Disposition"].startswith("attachment")
    answer = browser.get(file_url, headers=BESIDE)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == (
        "Du har hämtat många filer på kort tid. Högst 5 filer hämtas på en timme, och inte alla på"
        " en gång. Filen är inte hämtad. Försök igen om 12 minuter."
    )


def test_so_is_what_is_not_found_not_allowed_or_broken(case, order, file_url, monkeypatch):  # noqa: F811
    def text(browser, url, status, **more):
        answer = browser.get(url, headers=BESIDE, **more)
        assert (answer.status_code, answer["Content-Type"]) == (status, "text/plain; charset=utf-8")
        return answer.content.decode()

    another = signed_in(UserFactory(default_unit=UnitFactory(code="V01")))
    assert text(another, file_url, 404).startswith("Filen finns inte längre, eller")
    controller = signed_in(UserFactory(roles=[CONTROLLER]))
    assert text(controller, file_url, 403) == "Du har inte behörighet till filen."
    without_errors = signed_in(order.ordered_by)
    without_errors.raise_request_exception = False
    monkeypatch.setattr("orders.views.cases.attachments.download", lambda *_: 1 / 0)
    assert text(without_errors, file_url, 500).startswith("Filen kunde inte hämtas: något gick fel")


def test_a_form_for_a_file_that_has_become_too_old_says_so(order):
    url = reverse("pickups:slip", args=[order.recipient.key])
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(order.ordered_by)
    answer = browser.post(url, {"token": "1", "comment": "Vänster"}, headers=BESIDE)
    assert answer.status_code == 403
    assert answer.content.decode().startswith("Sidan har blivit för gammal och kunde inte skickas")


def test_a_form_that_is_wrong_is_answered_with_its_page(order):
    LoanFactory(recipient=order.recipient)
    url = reverse("pickups:slip", args=[order.recipient.key])
    answer = signed_in(order.ordered_by).post(
        url, {"token": "1", "comment": "Vänster"}, headers=BESIDE
    )
    assert answer.status_code == 422
    assert "Vänster" in answer.content.decode()


def test_who_is_signed_out_signs_in_and_is_back_at_the_page(order, file_url):
    for url in (file_url, reverse("printout_file", args=["00000000-0000-4000-8000-000000000000"])):
        answer = Client().get(url, headers=BESIDE)
        assert answer["HX-Redirect"] == "/logga-in/?next=/bestallningar/"


def test_what_leads_elsewhere_does_so_for_the_page(order):
    reviewer = UserFactory(roles=[LOGGRANSKARE])
    url = reverse("access_log_sheet") + "?fran=i-morgon"
    assert signed_in(reviewer).get(url).status_code == 302
    answer = signed_in(reviewer).get(url, headers=BESIDE)
    assert answer.status_code == 200
    assert answer["HX-Redirect"].startswith(reverse("access_log"))


@pytest.mark.asks_why
def test_who_must_say_why_first_is_back_at_the_page_then(order):
    user = UserFactory(default_unit=UnitFactory(code="V01"))
    url = reverse("recipients:aid_list", args=[order.recipient.key])
    answer = signed_in(user).get(url, headers=BESIDE)
    why = reverse("recipients:why", args=[order.recipient.key])
    assert answer["HX-Redirect"] == f"{why}?vidare=%2Fbestallningar%2F"


def gives_file(url: str, method: str) -> bool:
    """Whether that is what the address answers."""
    try:
        view = resolve(unescape(url).split("?")[0].split("#")[0]).func
    except Resolver404:
        return False
    return method in getattr(view, "gives_file_by", ())


def unmarked(html: str) -> list[str]:
    """The links and forms of a page that leave it for a file."""
    tags = [(tag, "GET", "href") for tag in re.findall(r"<a\b[^>]*>", html)]
    tags += [
        (tag, "POST", "action") for tag in re.findall(r'<form\b[^>]*method="post"[^>]*>', html)
    ]
    return [
        tag
        for tag, method, name in tags
        if (to := re.search(rf'\b{name}="(/[^"]*)"', tag)) and gives_file(to[1], method)
        if "data-download=" not in tag
    ]


@pytest.mark.parametrize("role", [FORSKRIVARE, KHS, LOGGRANSKARE, CONTROLLER])
def test_every_link_to_a_file_is_fetched_beside_its_page(walked_case, role):  # noqa: F811
    walk, seen = Walk(), 0
    client, user = at_work(walked_case, role)
    for name, row in sorted(URLS.items()):
        if role not in row.who or name == "sign_out" or row.post:
            continue
        with walk.at(name):
            answer = another_window(client).get(
                address(name, walked_case, client, user), follow=True
            )
            if "html" in answer.headers["Content-Type"]:
                html = answer.content.decode()
                seen += html.count("data-download=")
                assert not unmarked(html)
    walk.end()
    assert seen


def test_no_template_names_a_file_without_the_mark():
    """Steps of dialogs, and what is shown in some states only, aren't walked."""
    views, wrong = dict(views_of(get_resolver())), []
    for template in Path(project.BASE_DIR, "templates").rglob("*.html"):
        for tag in re.findall(
            r"<a\b(?:[^>%]|%\}|\{%.*?%\})*>", template.read_text(encoding="utf-8")
        ):
            named = re.search(r'\{% url "([^"]+)"', tag)
            if (
                named
                and "GET" in getattr(views.get(named[1]), "gives_file_by", ())
                and "{% download %}" not in tag
            ):
                wrong.append(f"{template.name}: {tag}")
    assert not wrong
