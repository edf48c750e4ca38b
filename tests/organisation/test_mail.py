"""Messages by e-mail: one's own choice, sent by a job, tried again; nothing of anybody stands there."""

import datetime as dt
import email
import socket
import time
from email import policy

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from organisation import jobs, mail, messages
from organisation.models import Mail, MailState, MessageKind, Notice, User
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from sesam.models import CaseKind
from tests.factories import RecipientFactory, UnitFactory, UserFactory, given_out

pytestmark = pytest.mark.django_db


class Server:
    """A mail server that answers ``RCPT`` and ``DATA`` as it is told."""

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.to_address = "250 OK"
        self.to_letter = "250 OK"
        self.hangs_up_on = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.hangs_up_on:
            server.transport.close()
        if self.to_address.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_address

    async def handle_DATA(self, server, session, envelope):
        if self.to_letter.startswith("250"):
            letter = email.message_from_bytes(envelope.content, policy=policy.default)
            self.letters.append(letter)
        return self.to_letter


@pytest.fixture
def server(settings):
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_TIMEOUT = 5
    settings.PORTAL_URL = "https://portal.example.se"
    yield handler
    controller.stop()


@pytest.fixture
def gone(settings):
    """No mail server listens there."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1


def reader(*kinds: MessageKind, **facts) -> User:
    preferences = {mail.CHOSEN: [str(kind) for kind in kinds]}
    return UserFactory(**{"email": "karin@exempel.se", "preferences": preferences} | facts)


def delivered(user: User, **facts):
    return messages.send(user, title="Levererad", kind=MessageKind.DELIVERED, **facts)


def letter_of(message) -> Mail:
    return Mail.objects.get(message=message)


def test_a_chosen_kind_comes_by_mail_and_no_other(server):
    user = reader(MessageKind.DELIVERED)
    delivered(user)
    messages.send(user, title="Svar", kind=MessageKind.DEVIATION)
    jobs.post(timestamp=0)
    (letter,) = server.letters
    assert letter["To"] == "karin@exempel.se"
    assert "leveranser" in letter.get_content()
    assert "https://portal.example.se/meddelanden/" in letter.get_content()


def test_who_has_chosen_nothing_gets_no_mail(server):
    delivered(UserFactory(email="karin@exempel.se"))
    assert mail.send_waiting() == 0
    assert server.letters == []


def test_the_letter_tells_nothing_of_the_case_or_of_anybody(server):
    person = RecipientFactory()
    number = given_out("26480001", CaseKind.ORDER)
    message = messages.send(
        reader(MessageKind.DELIVERED),
        kind=MessageKind.DELIVERED,
        title=f"Beställning {number} är utlevererad",
        text=f"Rullstol till {person.given_name} {person.family_name}",
        case_number=number,
        about=person.key,
    )
    mail.send_waiting()
    (letter,) = server.letters
    told = letter.as_string() + letter.get_content()
    for secret in (number, person.number, person.family_name, "Rullstol", message.title):
        assert secret not in told


def test_a_letter_goes_once(server):
    delivered(reader(MessageKind.DELIVERED))
    assert mail.send_waiting() == 1
    assert mail.send_waiting() == 0
    assert len(server.letters) == 1


def test_a_letter_goes_to_the_address_that_the_user_has_then(server):
    user = reader(MessageKind.DELIVERED)
    delivered(user)
    User.objects.filter(pk=user.pk).update(email="ny@exempel.se")
    mail.send_waiting()
    assert server.letters[0]["To"] == "ny@exempel.se"


@pytest.mark.parametrize(
    "change", [{"email": ""}, {"is_active": False}, {"preferences": {mail.CHOSEN: []}}]
)
def test_who_no_longer_wants_it_gets_none(server, change):
    user = reader(MessageKind.DELIVERED)
    delivered(user)
    User.objects.filter(pk=user.pk).update(**change)
    assert mail.send_waiting() == 0
    assert server.letters == [] and not Mail.objects.exists()


def test_while_the_server_is_gone_letters_wait_and_the_user_is_told(gone, client):
    user = reader(MessageKind.DELIVERED)
    letter = letter_of(delivered(user))
    assert mail.send_waiting() == 0
    letter.refresh_from_db()
    assert (letter.state, letter.attempts, letter.fault) == (MailState.WAITING, 1, mail.GONE)
    client.force_login(user)
    page = client.get("/meddelanden/e-post/").content.decode()
    assert "E-postservern svarar inte." in page and "Ett nytt försök görs" in page


def test_waits_are_longer_and_longer_and_end_after_three_days(gone):
    letter = letter_of(delivered(reader(MessageKind.DELIVERED)))
    waits = []
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as now:
        while letter.state == MailState.WAITING:
            mail.send_waiting()
            letter.refresh_from_db()
            waits.append(letter.next_try - dt.datetime.now(dt.UTC))
            now.move_to(letter.next_try + dt.timedelta(seconds=1))
    assert [wait.seconds // 60 for wait in waits[:7]] == [1, 2, 4, 8, 16, 32, 60]
    assert max(waits) == mail.LONGEST_WAIT
    assert (letter.state, letter.fault) == (MailState.GIVEN_UP, mail.GONE)


def test_when_the_server_is_back_what_waited_goes(server, settings):
    letter = letter_of(delivered(reader(MessageKind.DELIVERED)))
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    mail.send_waiting()
    settings.EMAIL_PORT = port
    letter.refresh_from_db()
    with time_machine.travel(letter.next_try + dt.timedelta(seconds=1)):
        assert mail.send_waiting() == 1
    letter.refresh_from_db()
    assert letter.state == MailState.SENT


def test_an_address_that_is_refused_is_not_tried_again_until_khs_says_so(server, client):
    server.to_address = "550 No such user"
    user = reader(MessageKind.DELIVERED)
    letter = letter_of(delivered(user))
    mail.send_waiting()
    letter.refresh_from_db()
    assert (letter.state, letter.fault) == (MailState.REFUSED, mail.REFUSED)
    assert mail.send_waiting() == 0
    client.force_login(user)
    assert "kom inte fram" in client.get("/meddelanden/e-post/").content.decode()
    server.to_address = "250 OK"
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    khs.post("/admin/organisation/mail/", {"action": "retry", "_selected_action": [str(letter.pk)]})
    assert mail.send_waiting() == 1


def test_the_queue_of_letters_that_is_open_is_marked_among_its_tabs(server):
    letter = letter_of(delivered(reader(MessageKind.DELIVERED)))
    Mail.objects.filter(pk=letter.pk).update(state=MailState.GIVEN_UP, fault=mail.GONE)
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    address = "/admin/organisation/mail/?state__exact=given_up"
    shown = khs.get(address).content.decode()
    assert f'<a href="{address}" aria-current="page">E-post som inte gick att skicka' in shown
    assert f'<a href="{address}">' in khs.get("/admin/organisation/mail/").content.decode()


@pytest.mark.parametrize("what", ["to_address", "to_letter"])
def test_a_server_that_is_busy_gets_the_letter_later(server, what):
    setattr(server, what, "451 Try again later")
    letter = letter_of(delivered(reader(MessageKind.DELIVERED)))
    mail.send_waiting()
    letter.refresh_from_db()
    assert (letter.state, letter.fault) == (MailState.WAITING, mail.BUSY)


def test_a_letter_at_which_the_server_hangs_up_costs_no_other_a_try(server):
    server.hangs_up_on = "forst@exempel.se"
    first = letter_of(delivered(reader(MessageKind.DELIVERED, email="forst@exempel.se")))
    other = letter_of(delivered(reader(MessageKind.DELIVERED)))
    assert mail.send_waiting() == 1
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.state, first.attempts, first.fault) == (MailState.WAITING, 1, mail.GONE)
    assert (other.state, other.attempts) == (MailState.SENT, 0)


def test_a_server_that_ends_the_connection_gets_the_rest_by_another(server):
    server.to_letter = "421 Too many letters"
    letters = [letter_of(delivered(reader(MessageKind.DELIVERED))) for _ in range(2)]
    assert mail.send_waiting() == 0
    for letter in letters:
        letter.refresh_from_db()
        assert (letter.state, letter.attempts, letter.fault) == (MailState.WAITING, 1, mail.BUSY)


def test_an_address_that_no_letter_can_bear_holds_up_no_other(server):
    odd = letter_of(delivered(reader(MessageKind.DELIVERED, email=f"a@{'ö' * 60}.se")))
    delivered(reader(MessageKind.DELIVERED))
    assert mail.send_waiting() == 1
    odd.refresh_from_db()
    assert (odd.state, odd.fault) == (MailState.REFUSED, mail.REFUSED)


@pytest.mark.parametrize("email", ["a@b.se\nBcc: c@d.se", "a@b.se\r\n\r\nHej"])
def test_an_address_brings_no_heads_of_its_own(server, email):
    odd = letter_of(delivered(reader(MessageKind.DELIVERED, email=email)))
    assert mail.send_waiting() == 0
    odd.refresh_from_db()
    assert odd.state == MailState.REFUSED and server.letters == []


def test_what_hinders_a_notice_holds_up_no_letter(server, monkeypatch):
    delivered(reader(MessageKind.DELIVERED))
    monkeypatch.setattr(messages, "tell_waiting", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.post(timestamp=0)
    assert len(server.letters) == 1


def test_letters_wait_where_the_server_was_taken_out_of_the_settings(server, settings):
    letter = letter_of(delivered(reader(MessageKind.DELIVERED)))
    settings.MAIL_ON = False
    assert mail.send_waiting() == 0
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (MailState.WAITING, 0) and server.letters == []


def test_one_turn_of_the_job_ends_in_time_and_the_next_goes_on(server, monkeypatch):
    user = reader(MessageKind.DELIVERED)
    for _ in range(3):
        delivered(user)
    clock = iter([0, 0, 1, mail.TURN + 1, mail.TURN + 1])
    monkeypatch.setattr(mail, "time", type("Clock", (), {"monotonic": lambda: next(clock)}))
    assert mail.send_waiting() == 1
    monkeypatch.setattr(mail, "time", time)
    assert mail.send_waiting() == 2


def test_no_address_and_no_words_of_the_server_stand_in_the_log(gone, caplog):
    delivered(reader(MessageKind.DELIVERED))
    mail.send_waiting()
    assert "ConnectionRefusedError" in caplog.text and "karin" not in caplog.text


def test_without_a_server_nothing_is_written_down_and_the_page_says_so(settings, client):
    settings.MAIL_ON = False
    user = reader(MessageKind.DELIVERED)
    delivered(user)
    assert not Mail.objects.exists()
    client.force_login(user)
    assert "ingen e-postserver" in client.get("/meddelanden/e-post/").content.decode()


@pytest.mark.parametrize("state", MailState.values)
def test_a_letter_is_forgotten_after_a_month_whatever_became_of_it(server, settings, state):
    old, new = (letter_of(delivered(reader(MessageKind.DELIVERED))) for _ in range(2))
    for letter, days in ((old, 31), (new, 29)):
        written = timezone.now() - dt.timedelta(days=days)
        sent = written if state == MailState.SENT else None
        Mail.objects.filter(pk=letter.pk).update(state=state, written_at=written, sent_at=sent)
    settings.MAIL_ON = False
    call_command("clear_old")
    assert list(Mail.objects.all()) == [new]
    settings.MAIL_KEPT_DAYS = 0
    Mail.objects.update(written_at=timezone.now() - mail.TRIED_FOR)
    assert mail.forget_old() == 0, "what is being tried stays"


def test_the_choice_is_kept_and_needs_an_address(client):
    user = UserFactory(email="")
    client.force_login(user)
    response = client.post("/meddelanden/e-post/", {"kinds": ["delivered"]})
    assert response.status_code == 422
    assert "Du har ingen e-postadress" in response.content.decode()
    assert response.content.decode().count(" checked") == 1
    User.objects.filter(pk=user.pk).update(email="karin@exempel.se")
    client.post("/meddelanden/e-post/", {"kinds": ["delivered", "offer"]})
    user.refresh_from_db()
    assert mail.chosen_by(user) == {"delivered", "offer"}


def test_whose_address_is_taken_away_is_told_that_nothing_comes(client):
    user = UserFactory(email="karin@exempel.se", preferences={mail.CHOSEN: ["delivered"]})
    client.force_login(user)
    assert "så inget kommer som e-post" not in client.get("/meddelanden/e-post/").content.decode()
    answer = client.post("/min-sida/?redigera=kontakt", {"email": ""}, follow=True)
    assert "Utan e-postadress kommer inga meddelanden som e-post." in answer.content.decode()
    assert "så inget kommer som e-post" in client.get("/meddelanden/e-post/").content.decode()


# --- what KHS tells many ---


@pytest.fixture
def khs(client):
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def write(khs, **facts):
    data = {"title": "Lagret stänger", "text": "Klockan 15 på fredag.", "role": "", "unit": "",
            "username": ""}  # fmt: skip
    return khs.post("/admin/organisation/notice/add/", data | facts, follow=True)


def readers_of(title: str = "Lagret stänger") -> set[User]:
    return set(User.objects.filter(messages__title=title))


def test_khs_tells_everybody_and_no_request_waits_for_it(khs):
    users = set(User.objects.all()) | {UserFactory(), UserFactory()}
    assert "inom en minut" in write(khs).content.decode()
    assert readers_of() == set(), "the job makes them"
    jobs.post(timestamp=0)
    assert readers_of() == users
    jobs.post(timestamp=0)
    assert readers_of() == users
    notice = Notice.objects.get()
    assert notice.told == notice.messages.count() == len(users)
    assert "Skickat till" in khs.get("/admin/organisation/notice/").content.decode()


def test_khs_tells_a_role_a_unit_or_one_user(khs):
    unit = UnitFactory(code="V01", name="Hemrehab Västervik")
    there = UserFactory(default_unit=unit)
    there.units.add(unit)
    store = UserFactory(roles=[BUFFERT])
    for facts, whom in (
        ({"role": BUFFERT}, {store}),
        ({"unit": unit.pk}, {there}),
        ({"username": there.username}, {there}),
    ):
        title = f"Till {whom}"[:100]
        write(khs, title=title, **facts)
        jobs.post(timestamp=0)
        assert readers_of(title) == whom


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"username": "ingen-sådan"}, "Ingen aktiv användare heter så"),
        ({"role": FORSKRIVARE, "username": "nagon"}, "eller ingen av dem"),
        ({"text": "Om 19121212-1212."}, "Ta bort personnumret"),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_nothing_is_sent(khs, facts, fault):
    UserFactory(username="nagon")
    assert fault in write(khs, **facts).content.decode()
    assert not Notice.objects.exists()


def test_a_job_that_was_cut_off_goes_on_where_it_was(khs, monkeypatch):
    for _ in range(5):
        UserFactory()
    write(khs)
    monkeypatch.setattr(messages, "MOST_AT_ONCE", 2)
    assert messages._tell_some() == 2
    assert messages.tell_waiting() == User.objects.count() - 2
    assert len(readers_of()) == User.objects.count()


def test_ten_thousand_users_are_told_in_few_statements(khs, django_assert_max_num_queries):
    User.objects.bulk_create(User(username=f"u{n}") for n in range(10_000))
    write(khs)
    with django_assert_max_num_queries(150):
        assert messages.tell_waiting() > 10_000


def test_a_notice_by_mail_goes_to_those_who_want_that(khs, server):
    reader(MessageKind.NOTICE)
    write(khs)
    jobs.post(timestamp=0)
    assert len(server.letters) == 1
    assert "information från khs" in server.letters[0].get_content()
    assert "Klockan 15" not in server.letters[0].get_content()
