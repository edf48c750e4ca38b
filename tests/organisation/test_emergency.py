"""Names and passwords beside SITHS: off, or with a one-time code for when SITHS is away."""

import re
from base64 import b32decode, b32encode
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from organisation import mail
from organisation.backends import PortalBackend
from organisation.models import Mail, Message, SignInFailure
from tests.factories import UserFactory
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/logga-in/"
PASSWORD = "hemligt-losenord"


@pytest.fixture
def broken_glass(settings):
    settings.LOCAL_PASSWORDS = "break-glass"


@pytest.fixture
def user(broken_glass):
    user = UserFactory(last_name="Lindqvist", is_superuser=True, is_staff=True)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def given_code(user) -> bytes:
    """What the user's app knows."""
    told = StringIO()
    call_command("emergency_account", user.username, stdout=told)
    return b32decode(re.search(r"secret=(\w+)", told.getvalue())[1])


def code_of(secret: bytes) -> str:
    return f"{totp(secret):06}"


def sign_in(client, user, code, password=PASSWORD):
    return client.post(URL, {"username": user.username, "password": password, "code": code})


def test_name_password_and_code_together_let_one_in(user):
    client = Client()
    code = code_of(given_code(user))
    assert sign_in(client, user, f"{code[:3]} {code[3:]}").url == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("code", ["", "000000", "abc", "1" * 30])
def test_a_password_without_its_code_lets_nobody_in(user, code):
    given_code(user)
    answer = sign_in(Client(), user, code)
    assert answer.status_code == 422
    assert PASSWORD not in answer.content.decode()


def test_whoever_had_a_password_alone_is_told_what_is_asked_for(user):
    """As before an upgrade: there is no code, so the sentence can't be about name and password."""
    page = read_page(sign_in(Client(), user, "000000"))
    assert "bara den som har fått en kan logga in så" in page


def test_a_code_without_its_password_lets_nobody_in(user):
    answer = sign_in(Client(), user, code_of(given_code(user)), "fel")
    assert answer.status_code == 422
    assert SignInFailure.objects.count() == 1


def test_who_was_given_no_code_has_none(user):
    assert sign_in(Client(), user, "000000").status_code == 422


def test_a_wrong_code_is_counted_as_a_wrong_password_and_kept_nowhere(user):
    given_code(user)
    sign_in(Client(), user, "271828")
    assert SignInFailure.objects.count() == 1
    assert "271828" not in AccessAttempt.objects.get().post_data


def test_a_code_is_taken_once(user):
    code = code_of(given_code(user))
    assert sign_in(Client(), user, code).status_code == 302
    assert sign_in(Client(), user, code).status_code == 422


def test_an_earlier_code_ends_with_a_new_one_and_can_be_taken_away(user):
    first, second = given_code(user), given_code(user)
    assert sign_in(Client(), user, code_of(first)).status_code == 422
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert sign_in(Client(), user, code_of(second)).status_code == 302
    call_command("emergency_account", user.username, remove=True, stdout=StringIO())
    assert not TOTPDevice.objects.exists()


def test_that_a_code_is_given_and_taken_away_stands_in_the_log_without_its_secret(user, caplog):
    secret = given_code(user)
    assert f"One-time code given to user {user.pk}" in caplog.text
    assert b32encode(secret).decode() not in caplog.text
    call_command("emergency_account", user.username, remove=True, stdout=StringIO())
    assert f"One-time code of user {user.pk} taken away" in caplog.text


def test_nobody_can_be_given_a_code_who_isnt_there(user):
    with pytest.raises(CommandError):
        call_command("emergency_account", "ingen")


def test_those_who_run_the_system_are_told(user, caplog):
    other = UserFactory(is_superuser=True, email="drift@example.se")
    sign_in(Client(), user, code_of(given_code(user)))
    assert [m.user for m in Message.objects.all()] == [other]
    assert "Lindqvist" in Message.objects.get().title
    letter = mail.written(Mail.objects.get())  # unasked: they may have no way in themselves
    assert letter.to == ["drift@example.se"]
    assert "stäng kontot" in letter.body
    assert f"Emergency sign-in of user {user.pk}" in caplog.text
    assert "Lindqvist" not in caplog.text


def test_the_page_shows_the_door_for_emergencies_beside_siths(settings, broken_glass):
    page = read_page(Client().get(URL))
    assert "Reservinloggning" in page
    assert 'name="code"' in page
    settings.OIDC_OP_ISSUER = "https://idp.example.se"
    page = read_page(Client().get(URL))
    assert '<details class="signin-emergency">' in page
    assert "Logga in med SITHS" in page


def test_where_passwords_are_off_none_is_taken(settings, user):
    settings.LOCAL_PASSWORDS, settings.OIDC_OP_ISSUER = "off", "https://idp.example.se"
    page = read_page(Client().get(URL))
    assert 'name="password"' not in page
    answer = sign_in(Client(), user, code_of(given_code(user)))
    assert answer.status_code == 403
    assert "Lösenord används inte här." in read_page(answer)
    assert PortalBackend().authenticate(None, user.username, PASSWORD) is None


def test_who_has_no_use_for_a_password_isnt_asked_to_change_it(settings, user, browser_of):
    assert "Byt lösenord" in read_page(browser_of(user).get("/"))
    settings.LOCAL_PASSWORDS = "off"
    assert "Byt lösenord" not in read_page(browser_of(user).get("/"))
