"""What the page does when the database is kept busy by somebody else."""

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from tests.factories import RecipientFactory, UserFactory, known_to
from tests.serving import cookie, portal
from tests.sesam.test_faults import held

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_that_was_refused_can_be_saved_again_as_it_was_typed(
    page: Page, settings, tmp_path
):
    settings.STATIC_ROOT = str(tmp_path)
    call_command("collectstatic", interactive=False, verbosity=0)
    anna = UserFactory()
    recipient = known_to(anna.default_unit, RecipientFactory(phone=""))
    name, _, value = cookie(anna).partition("=")
    with portal(DB_LOCK_TIMEOUT="1", STATIC_ROOT=str(tmp_path)) as served:
        home = f"http://127.0.0.1:{served.port}"
        page.context.add_cookies([{"name": name, "value": value, "url": home}])
        page.goto(f"{home}/mottagare/{recipient.key}/?redigera=uppgifter")
        phone = page.locator("input[name=phone]")
        with held(recipient):
            phone.fill("08-465 004 10")
            phone.press("Enter")
            expect(page.get_by_text("Någon annan ändrar samma sak")).to_be_visible(timeout=20_000)
        expect(phone).to_have_value("08-465 004 10")
        phone.press("Enter")
        expect(page.get_by_text("Någon annan ändrar samma sak")).to_be_hidden(timeout=20_000)
        expect(phone).to_be_hidden(timeout=20_000)
    recipient.refresh_from_db()
    assert recipient.phone == "08-465 004 10"
