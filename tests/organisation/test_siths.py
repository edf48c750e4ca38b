"""Signing in by SITHS: the happy way, each refusal, and a provider that doesn't do its part."""

import json
import logging
import re
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from organisation.models import SithsTry, User
from organisation.permissions import KHS
from organisation.siths import provider as asking
from organisation.siths import refusals
from tests.at_once import at_once
from tests.factories import PERSONAL_NUMBERS, RecipientFactory, UnitFactory, UserFactory
from tests.identity_provider import SECRET, identity_provider, says
from tests.reading import read_page

pytestmark = pytest.mark.django_db
DOOR = "/logga-in/siths/"
HSA_ID = "SEDEMO-P1"
SUPPORT = "systemförvaltaren på KHS, telefon"


@pytest.fixture
def provider(settings):
    with identity_provider() as found:
        for name, value in found.settings.items():
            setattr(settings, name, value)
        asking._hangs.clear()
        yield found
        asking._hangs.clear()


@pytest.fixture
def user(provider):
    return UserFactory(hsa_id=HSA_ID)


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def begin(client, provider, after: str = "") -> str:
    """The person goes to the provider and signs in there: the address they come back to."""
    answer = client.get(DOOR, {"next": after} if after else {})
    assert answer.status_code == 302
    back = urlsplit(provider.authorize(answer.url))
    return f"{back.path}?{back.query}"


def sign_in(client, provider, after: str = ""):
    return client.get(begin(client, provider, after))


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


# --- the way there ----------------------------------------------------------------------------


def test_the_sign_in_page_leads_to_siths_and_back_to_the_place(provider):
    page = Client().get("/logga-in/?next=/artiklar/%3Fq%3Dstol").content.decode()
    assert "Logga in med SITHS" in page
    assert 'href="/logga-in/siths/?next=/artiklar/%3Fq%3Dstol"' in page


def test_without_a_provider_there_is_no_such_door():
    assert "Logga in med SITHS" not in Client().get("/logga-in/").content.decode()
    assert Client().get(DOOR).url == "/logga-in/"
    assert Client().get(DOOR + "svar/?code=x&state=y").url == "/logga-in/"


def test_what_the_portal_asks_the_provider_for(provider, settings):
    asked = dict(parse_qsl(urlsplit(Client().get(DOOR).url).query))
    claims = json.loads(asked["claims"])
    assert claims["id_token"]["acr"] == {"essential": True, "values": settings.OIDC_LEVELS}
    assert set(claims["userinfo"]) == {
        "employeeHsaId", "given_name", "family_name", "commissionHsaId", "commissionName",
        "commissionPurpose", "healthCareUnitHsaId", "healthCareUnitName",
        "healthCareProviderHsaId",
    }  # fmt: skip
    assert all(claim == {"essential": True} for claim in claims["userinfo"].values())
    assert asked["redirect_uri"] == "http://testserver/logga-in/siths/svar/"
    assert asked["prompt"] == "login"  # whoever finds the computer doesn't come in as who left it
    kept = SithsTry.objects.get()
    assert asked["code_challenge"] not in ("", kept.verifier)


def test_a_region_may_leave_it_to_the_providers_single_sign_on(provider, settings):
    settings.OIDC_PROMPT = ""
    assert "prompt" not in dict(parse_qsl(urlsplit(Client().get(DOOR).url).query))


def test_two_who_begin_get_nothing_in_common(provider):
    asked = [dict(parse_qsl(urlsplit(Client().get(DOOR).url).query)) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]


def test_from_one_address_only_so_many_are_on_the_way_and_the_others_wait(provider, settings):
    settings.SITHS_VISIT_LIMIT = 10
    assert [Client().get(DOOR).status_code for _ in range(2)] == [302, 302]
    answer = Client().get(DOOR, {"next": "/artiklar/"})
    assert answer.status_code == 429
    assert "Sidan försöker igen av sig själv" in answer.content.decode()
    assert "/logga-in/siths/?next=%2Fartiklar%2F" in answer.content.decode()
    assert answer["Refresh"]
    assert SithsTry.objects.count() == 2
    assert Client(REMOTE_ADDR="192.0.2.7").get(DOOR).status_code == 302


# --- the happy way ----------------------------------------------------------------------------


def test_the_hsa_id_names_the_user(provider, user):
    client = Client()
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.url) == (302, "/")
    assert int(client.session["_auth_user_id"]) == user.pk
    assert client.get("/").status_code == 200
    user.refresh_from_db()
    assert user.last_login is not None
    assert not SithsTry.objects.exists()


def test_case_and_spaces_of_an_hsa_id_say_nothing(provider, user):
    provider.person["employeeHsaId"] = f" {HSA_ID.lower()} "
    client = Client()
    sign_in(client, provider)
    assert is_in(client)


def test_one_comes_to_the_page_one_wanted(provider, user):
    assert sign_in(Client(), provider, "/artiklar/?q=stol").url == "/artiklar/?q=stol"
    assert sign_in(Client(), provider, "https://ond.example/").url == "/"


def test_who_is_in_already_goes_on(client, provider):
    assert client.get(f"{DOOR}?next=/artiklar/").url == "/artiklar/"


def test_a_code_that_looks_like_a_persons_number_is_taken_as_it_is(provider, user):
    """From what people type such a number is taken away; this nobody typed."""
    provider.new_code = lambda: PERSONAL_NUMBERS[0][0]
    client = Client()
    assert sign_in(client, provider).url == "/"
    assert is_in(client)


def test_two_tabs_of_a_browser_can_sign_in_at_once(provider, user):
    client = Client()
    one, other = begin(client, provider, "/artiklar/"), begin(client, provider, "/min-sida/")
    assert client.get(other).url == "/min-sida/"
    assert client.get(one).url == "/artiklar/"


def test_the_assignments_care_unit_is_the_active_unit(provider, user):
    other = UnitFactory(code="K02", name="Hemrehab Nybro", hsa_id="SEDEMO-E2")
    user.units.add(other)
    provider.person["healthCareUnitHsaId"] = "sedemo-e2"
    client = Client()
    sign_in(client, provider)
    user.refresh_from_db()
    assert user.default_unit == other
    assert "Hemrehab Nybro" in read_page(client.get("/min-sida/"))


@pytest.mark.parametrize("care_unit", ["SEDEMO-E2", "SEDEMO-E9", "", None])
def test_a_care_unit_that_isnt_ones_own_changes_nothing(provider, user, care_unit):
    UnitFactory(code="K02", hsa_id="SEDEMO-E2")  # another's
    before = user.default_unit
    provider.person["healthCareUnitHsaId"] = care_unit
    sign_in(Client(), provider)
    user.refresh_from_db()
    assert user.default_unit == before


def test_a_unit_that_has_ended_is_not_chosen(provider, user):
    user.units.add(UnitFactory(code="K02", hsa_id="SEDEMO-E2", is_active=False))
    provider.person["healthCareUnitHsaId"] = "SEDEMO-E2"
    before = user.default_unit
    sign_in(Client(), provider)
    user.refresh_from_db()
    assert user.default_unit == before


def test_khs_is_let_into_the_back_office(provider):
    UserFactory(roles=[KHS], is_staff=True, hsa_id=HSA_ID)
    client = Client()
    assert sign_in(client, provider, "/admin/").url == "/admin/"
    assert client.get("/admin/").status_code == 200


# --- the session ends while somebody works ----------------------------------------------------


def test_what_was_typed_is_there_again_after_signing_in_by_siths(provider, user):
    client = Client()
    sign_in(client, provider)
    recipient = RecipientFactory()
    here = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    form = client.get(here).context["form"]
    data = {bound.html_name: bound.value() or "" for bound in form}
    Session.objects.all().delete()
    answer = client.post(
        here,
        data | {"instructions": "Hunden är snäll"},
        headers={"hx-request": "true", "hx-current-url": f"http://testserver{here}"},
    )
    page = client.get(answer["HX-Redirect"]).content.decode()
    assert "Det du skrev finns kvar" in page
    way = re.search(r'href="(/logga-in/siths/[^"]*)"', page)[1].replace("&amp;", "&")
    back = urlsplit(provider.authorize(client.get(way).url))
    there = client.get(f"{back.path}?{back.query}").url
    assert "Hunden är snäll" in client.get(there).content.decode()
    recipient.refresh_from_db()
    assert recipient.instructions != "Hunden är snäll"


# --- signing out ------------------------------------------------------------------------------


def test_signing_out_goes_on_to_the_provider(provider, user):
    client = Client()
    sign_in(client, provider)
    id_token = client.session["siths"]
    answer = client.post("/logga-ut/")
    assert not is_in(client)
    assert answer.url.startswith(f"{provider.issuer}/logout?")
    asked = dict(parse_qsl(urlsplit(answer.url).query))
    assert asked["id_token_hint"] == id_token
    assert asked["post_logout_redirect_uri"] == "http://testserver/logga-in/"
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.post("/logga-ut/").url == "/logga-in/"  # nobody is signed in there any longer


def test_who_came_by_password_signs_out_here_alone(client, provider):
    assert client.post("/logga-ut/").url == "/logga-in/"


def test_a_provider_without_a_page_for_it_is_left_alone(provider, user, settings):
    settings.OIDC_OP_LOGOUT_ENDPOINT = ""
    client = Client()
    sign_in(client, provider)
    assert client.post("/logga-ut/").url == "/logga-in/"


# --- refusals ---------------------------------------------------------------------------------


def lie(name):
    """What the provider does wrong, by the refusal that it leads to."""

    def changed(**facts):
        def change(told):
            told.update(facts)

        return change

    def without(name):
        return lambda told: told.pop(name)

    now = int(time.time())
    return {
        "issuer": {"token": changed(iss="https://ond.example")},
        "no issuer": {"token": without("iss")},
        "audience": {"token": changed(aud="en-annan-tjänst")},
        "no audience": {"token": without("aud")},
        "audience of several": {"token": changed(aud=["portalen", "en-annan-tjänst"])},
        "audience used by another": {"token": changed(azp="en-annan-tjänst")},
        "expired": {"token": changed(exp=now - 60)},
        "times: no end": {"token": without("exp")},
        "times: no beginning": {"token": without("iat")},
        "times: begins tomorrow": {"token": changed(iat=now + 86_400)},
        "nonce": {"token": changed(nonce="en-annan")},
        "no nonce": {"token": without("nonce")},
        "signature": {"signed_by": "somebody else"},
        "signature: none": {"algorithm": "none"},
        "signature: with what both know": {"algorithm": "HS256"},
        "person": {"user_info": changed(sub="2")},
        "person: another number": {"token": changed(employeeHsaId="SEDEMO-P2")},
        "below-level": {"level": "http://id.sambi.se/loa/loa2"},
        "below-level: none told": {"token": without("acr")},
        "unknown-user": {"person": {"sub": "2", "employeeHsaId": "SEDEMO-P404"}},
        "no-hsa-id": {"person": {"sub": "2"}},
    }[name]


LIES = {
    "issuer": refusals.ISSUER,
    "no issuer": refusals.ISSUER,
    "audience": refusals.AUDIENCE,
    "no audience": refusals.AUDIENCE,
    "audience of several": refusals.AUDIENCE,
    "audience used by another": refusals.AUDIENCE,
    "expired": refusals.EXPIRED,
    "times: no end": refusals.TIMES,
    "times: no beginning": refusals.TIMES,
    "times: begins tomorrow": refusals.TIMES,
    "nonce": refusals.NONCE,
    "no nonce": refusals.NONCE,
    "signature": refusals.SIGNATURE,
    "signature: none": refusals.SIGNATURE,
    "signature: with what both know": refusals.SIGNATURE,
    "person": refusals.PERSON,
    "person: another number": refusals.PERSON,
    "below-level": refusals.LEVEL,
    "below-level: none told": refusals.LEVEL,
    "unknown-user": refusals.UNKNOWN,
    "no-hsa-id": refusals.NO_HSA_ID,
}


def check_refusal(answer, why, client, log) -> None:
    """A page of its own, which says what to do; a line in the log, which tells of nobody."""
    text = read_page(answer)
    assert answer.status_code == why.status
    assert f"<h1>{why.title}</h1>" in text
    assert why.text in text
    assert SUPPORT in text
    assert why.code in text
    assert not is_in(client)
    assert "no-store" in answer["Cache-Control"]
    lines = [r.getMessage() for r in log.records if r.name == "organisation.siths.views"]
    assert len(lines) == 1
    assert re.fullmatch(rf"Sign-in by SITHS(?: of user \d+)? refused: {why.code}", lines[0])
    everything = log.text.upper()
    for secret in (HSA_ID, "SEDEMO-P404", "SEDEMO-P2", SECRET.upper()):
        assert secret not in everything


@pytest.mark.parametrize("name", LIES)
def test_what_is_not_right_is_refused_and_says_why(provider, user, log, name):
    for attribute, value in lie(name).items():
        setattr(provider, attribute, value)
    client = Client()
    check_refusal(sign_in(client, provider, "/artiklar/"), LIES[name], client, log)


def test_each_refusal_has_a_page_of_its_own():
    every = [value for value in vars(refusals).values() if isinstance(value, refusals.Refusal)]
    for fact in ("code", "title", "text"):
        assert len({getattr(why, fact) for why in every}) == len(every)


def test_whoever_has_no_account_is_told_which_number_to_give(provider, log):
    provider.person = {"sub": "2", "employeeHsaId": "SEDEMO-P404"}
    assert "ditt HSA-id <b>SEDEMO-P404</b>" in read_page(sign_in(Client(), provider))


@pytest.mark.parametrize(
    ("since", "why"),
    [
        (["paused_at"], refusals.UNUSED),
        (["paused_at", "ended_at"], refusals.ENDED),
    ],
)
def test_an_account_that_nobody_used_says_so(provider, user, log, since, why):
    now = dict.fromkeys(since, timezone.now())
    User.objects.filter(pk=user.pk).update(is_active=False, **now)
    client = Client()
    check_refusal(sign_in(client, provider), why, client, log)


def test_an_account_that_is_closed_stays_closed(provider, user, log):
    User.objects.filter(pk=user.pk).update(is_active=False)
    client = Client()
    check_refusal(sign_in(client, provider), refusals.INACTIVE, client, log)
    assert f"of user {user.pk} refused" in log.text


def test_clocks_may_differ_by_some_seconds(provider, user):
    now = int(time.time())
    provider.token = lambda told: told.update(iat=now + 10, exp=now - 10)
    client = Client()
    sign_in(client, provider)
    assert is_in(client)


def test_an_answer_is_taken_once(provider, user, log):
    client = Client()
    back = begin(client, provider)
    client.get(back)
    client.post("/logga-ut/")
    check_refusal(client.get(back), refusals.STATE, client, log)


def test_an_answer_to_another_browser_is_refused(provider, user, log):
    """Somebody signed in with their own card sends the address to a colleague."""
    back = begin(Client(), provider)
    victim = Client()
    begin(victim, provider)
    check_refusal(victim.get(back), refusals.STATE, victim, log)


def test_an_answer_that_was_never_asked_for_is_refused(provider, user, log):
    client = Client()
    check_refusal(client.get(f"{DOOR}svar/?code=x&state=y"), refusals.STATE, client, log)


def test_an_answer_that_comes_too_late_is_refused(provider, user, log):
    client = Client()
    back = begin(client, provider)
    SithsTry.objects.update(began_at=timezone.now() - SithsTry.KEPT)
    check_refusal(client.get(back), refusals.STATE, client, log)


def test_an_answer_of_another_provider_is_refused(provider, user, log):
    client = Client()
    back = begin(client, provider) + "&iss=https://ond.example"
    check_refusal(client.get(back), refusals.ISSUER, client, log)


def test_a_code_that_somebody_else_got_is_refused(provider, user, log):
    """PKCE: the code belongs to the try that it was given for."""
    client = Client()
    stolen = parse_qs(urlsplit(begin(Client(), provider)).query)["code"][0]
    mine = parse_qs(urlsplit(begin(client, provider)).query)["state"][0]
    answer = client.get(f"{DOOR}svar/", {"code": stolen, "state": mine})
    check_refusal(answer, refusals.CODE, client, log)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("access_denied", refusals.CANCELLED),
        ("server_error", refusals.BROKEN),
        ("<script>", refusals.BROKEN),
    ],
)
def test_the_providers_own_refusal_is_told(provider, user, log, error, why):
    client = Client()
    state = parse_qs(urlsplit(begin(client, provider)).query)["state"][0]
    answer = client.get(f"{DOOR}svar/", {"error": error, "state": state})
    check_refusal(answer, why, client, log)
    assert not SithsTry.objects.exists()


def test_trying_again_leads_to_the_same_place(provider, user):
    provider.level = "loa2"
    page = read_page(sign_in(Client(), provider, "/artiklar/?q=stol"))
    assert 'href="/logga-in/?next=/artiklar/%3Fq%3Dstol"' in page
    assert "Försök igen" in page


@pytest.mark.parametrize(
    ("odd", "status"),
    [("a\0b", 400), ("x" * 5000, 400), ("å", 400), ("", 400), ("' OR 1=1 --", 400)],
)
def test_odd_answers_are_refused_without_falling_over(provider, odd, status):
    for odd_one in ({"state": odd, "code": "x"}, {"state": "x", "code": odd, "iss": odd}):
        assert Client().get(f"{DOOR}svar/", odd_one).status_code == status
    client = Client()
    client.cookies["siths"] = "x" * 3000
    assert client.get(DOOR).status_code == 302


def test_only_a_get_is_answered(provider):
    for path in (DOOR, f"{DOOR}svar/"):
        assert Client().post(path).status_code == 405
        assert Client().head(path).status_code == 405


def test_forgotten_tries_are_cleared_away(provider):
    from organisation.siths import tries

    Client().get(DOOR)
    assert tries.forget_old() == 0
    SithsTry.objects.update(began_at=timezone.now() - SithsTry.KEPT)
    assert tries.forget_old() == 1


# --- a provider that doesn't do its part ------------------------------------------------------


@pytest.mark.parametrize("path", ["/token", "/jwks", "/userinfo"])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, "{}", "application/json"),
        (200, "<h1>Driftstopp</h1>", "text/html"),
        (200, "[]", "application/json"),
        (200, '{"keys": 1}', "application/json"),
    ],
)
def test_a_broken_provider_is_told(provider, user, log, path, status, body, kind):
    provider.faults[path] = says(status, body, kind)
    client = Client()
    check_refusal(sign_in(client, provider), refusals.BROKEN, client, log)


def test_a_provider_that_signs_what_it_tells_of_the_person_is_not_understood(provider, user, log):
    """Its nonce is nobody's: the library is suspicious."""
    signed = provider._signed(
        {"iss": provider.issuer, "aud": "portalen", "sub": "1", "nonce": "x"}
        | {"iat": int(time.time()), "exp": int(time.time()) + 60}
    )
    provider.faults["/userinfo"] = says(200, signed, "application/jwt")
    client = Client()
    check_refusal(sign_in(client, provider), refusals.BROKEN, client, log)


def test_a_provider_that_is_away_is_told(provider, user, log, settings):
    settings.OIDC_OP_TOKEN_ENDPOINT = "http://127.0.0.1:9/token"
    client = Client()
    check_refusal(sign_in(client, provider), refusals.BROKEN, client, log)


@pytest.mark.parametrize("path", ["/token", "/jwks", "/userinfo"])
def test_a_provider_that_never_answers_is_not_waited_for(provider, user, log, settings, path):
    settings.OIDC_TIMEOUT = 0.2
    released = threading.Event()
    provider.faults[path] = lambda handler: released.wait(20)
    client = Client()
    try:
        check_refusal(sign_in(client, provider), refusals.SLOW, client, log)
    finally:
        released.set()


def test_a_provider_that_drips_is_waited_for_as_long_as_one_has_patience(
    provider, user, log, settings
):
    settings.OIDC_PATIENCE = 0.3
    released = threading.Event()

    def drip(handler):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        while not released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    provider.faults["/token"] = drip
    client, other = Client(), Client()
    back = begin(other, provider)
    try:
        check_refusal(sign_in(client, provider), refusals.SLOW, client, log)
        # It still drips: the next is told at once, and may come back with the same answer.
        assert other.get(back).status_code == refusals.SLOW.status
        assert SithsTry.objects.count() == 1
    finally:
        released.set()
    del provider.faults["/token"]
    settings.OIDC_PATIENCE = 60
    assert asking._turns.acquire(timeout=60)  # given back when it has ended
    asking._turns.release()
    assert other.get(back).url == "/"


def test_who_stands_in_the_queue_is_let_in_by_itself(provider, user, monkeypatch):
    monkeypatch.setattr(asking, "_QUEUE", 0.01)
    client = Client()
    back = begin(client, provider)
    assert asking._turns.acquire(timeout=5)
    try:
        answer = client.get(back)
    finally:
        asking._turns.release()
    assert answer.status_code == 503
    assert int(answer["Refresh"]) >= 1
    assert "Du loggas strax in" in read_page(answer)
    assert client.get(back).url == "/"


@pytest.mark.django_db(transaction=True)
def test_fifty_sign_in_at_the_same_time(provider):
    """Each as themselves; who waits for a turn is let in by asking again, as the page does."""
    people = {f"SEDEMO-P{n}": UserFactory(hsa_id=f"SEDEMO-P{n}").pk for n in range(1, 51)}
    counter = threading.Lock()

    def come_in(hsa_id: str):
        def come() -> int:
            client = Client()
            door = client.get(DOOR).url
            with counter:  # one after the other at the provider's counter
                provider.person = {"sub": hsa_id, "employeeHsaId": hsa_id}
                back = urlsplit(provider.authorize(door))
            answer = client.get(f"{back.path}?{back.query}")
            for _ in range(60):
                if answer.status_code != 503:
                    break
                assert "Du loggas strax in" in answer.content.decode()
                time.sleep(float(answer["Refresh"]))
                answer = client.get(f"{back.path}?{back.query}")
            assert answer.status_code == 302, answer.content.decode()
            return int(client.session["_auth_user_id"])

        return come

    assert at_once(*(come_in(hsa_id) for hsa_id in people)) == list(people.values())
