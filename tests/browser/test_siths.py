"""Signing in by SITHS and out again, in a browser, against a provider that isn't ours."""

from urllib.parse import urlsplit

import oidc_provider_mock
import pytest
from csp.constants import SELF
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from organisation.models import User
from tests.factories import UnitFactory, UserFactory
from tests.identity_provider import LOA3

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(settings, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    claims = {
        "employeeHsaId": "SEDEMO-P1",
        "given_name": "Anna",
        "family_name": "Lindqvist",
        "healthCareUnitHsaId": "SEDEMO-E2",
        "acr": LOA3,
    }
    person = oidc_provider_mock.User(sub="anna", claims=claims)
    with oidc_provider_mock.run_server_in_thread(user_claims=[person]) as server:
        issuer = f"http://localhost:{server.server_port}"
        settings.OIDC_OP_ISSUER = issuer
        settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{issuer}/oauth2/authorize"
        settings.OIDC_OP_TOKEN_ENDPOINT = f"{issuer}/oauth2/token"
        settings.OIDC_OP_USER_ENDPOINT = f"{issuer}/userinfo"
        settings.OIDC_OP_JWKS_ENDPOINT = f"{issuer}/jwks"
        settings.OIDC_OP_LOGOUT_ENDPOINT = f"{issuer}/oauth2/end_session"
        settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = "portalen", "hemligt"
        settings.OIDC_PATIENCE = settings.OIDC_TIMEOUT = 60
        settings.OIDC_VERIFY_KID = False  # its tokens name no key
        policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | {"form-action": [SELF, issuer]}}
        yield issuer


@pytest.fixture
def user() -> User:
    user = UserFactory(hsa_id="SEDEMO-P1", last_name="Lindqvist")
    user.units.add(UnitFactory(code="K02", name="Hemrehab Nybro", hsa_id="SEDEMO-E2"))
    return user


def by_siths(page: Page) -> None:
    page.get_by_role("link", name="Logga in med SITHS").click()
    page.get_by_role("button", name="anna").click()


def test_in_to_the_place_and_out_at_the_provider_too(page: Page, live_server, provider, user):
    page.goto(f"{live_server.url}/artiklar/?q=stol")
    by_siths(page)
    expect(page).to_have_url(f"{live_server.url}/artiklar/?q=stol")
    account = page.locator(".bar-account > summary")
    expect(account).to_contain_text("Hemrehab Nybro")

    account.click()
    page.get_by_role("button", name="Logga ut").click()
    expect(page.get_by_role("heading", name="End Session")).to_be_visible()
    assert urlsplit(page.url).netloc == urlsplit(provider).netloc
    page.get_by_role("button", name="End session").click()
    expect(page).to_have_url(f"{live_server.url}/logga-in/")
    page.goto(f"{live_server.url}/artiklar/")
    expect(page.get_by_role("link", name="Logga in med SITHS")).to_be_visible()


def test_a_part_asked_for_too_late_leads_to_sign_in_and_back(
    page: Page, live_server, provider, user
):
    page.goto(f"{live_server.url}/artiklar/")
    by_siths(page)
    expect(page).to_have_url(f"{live_server.url}/artiklar/")
    Session.objects.all().delete()
    page.locator(".bar-account > summary").click()
    page.get_by_role("link", name="Inställningar").click()  # a dialog, fetched into the page
    expect(page.get_by_text("Du är utloggad.")).to_be_visible()
    by_siths(page)
    expect(page).to_have_url(f"{live_server.url}/artiklar/")


def test_who_leaves_the_provider_without_signing_in_is_told(page: Page, live_server, provider):
    page.goto(f"{live_server.url}/logga-in/")
    page.get_by_role("link", name="Logga in med SITHS").click()
    page.get_by_role("button", name="Deny").click()
    # It sends no state along, as a provider should.
    expect(page.get_by_role("heading", level=1)).to_have_text("Inloggningen gäller inte längre")
    page.get_by_role("link", name="Försök igen").click()
    expect(page).to_have_url(f"{live_server.url}/logga-in/")
