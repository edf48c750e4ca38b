"""Messages: told to one user, counted in the bar until read, read by nobody else."""

import re
from html import unescape

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from organisation import messages
from organisation.models import AccessLogEntry, Mail, Message, MessageKind
from recipients.models import Recipient
from sesam.models import CaseKind
from tests.factories import ArticleFactory, RecipientFactory, UserFactory, given_out
from tests.orders.builders import sent
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(response) -> str:
    """What is read on the page, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", read_page(response))).split())


def page_of(message) -> str:
    return reverse("message", args=[message.key])


def test_what_is_unread_is_counted_in_the_bar_and_reading_takes_it_off(client, user):
    first, second = (messages.send(user, title=f"Ärende {n} är avslutat") for n in (1, 2))
    assert "2 olästa" in text_of(client.get("/meddelanden/"))
    assert "1 oläst" in text_of(client.get(page_of(first)))
    assert "1 oläst" in text_of(client.get(page_of(first))), "read twice is read once"
    client.get(page_of(second))
    assert "oläst" not in text_of(client.get("/installningar/"))


def test_the_list_has_the_newest_first_and_says_what_is_read(client, user):
    old, new = (messages.send(user, title=t) for t in ("Gammalt svar", "Nytt svar"))
    client.get(page_of(old))
    text = text_of(client.get("/meddelanden/"))
    assert text.index("Nytt svar") < text.index("Gammalt svar")
    assert "Nytt svar oläst" in text and "Gammalt svar oläst" not in text


def test_a_message_shows_how_far_its_case_has_come_and_leads_there(client, user):
    order = sent((ArticleFactory(), 1), user=user)
    message = messages.send(user, title="Levererad", case_number=order.case_number)
    page = client.get(page_of(message)).content.decode()
    assert f'href="{reverse("orders:detail", args=[order.case_number])}"' in page
    assert "Nästa steg" in page


def test_whoever_has_left_the_unit_is_not_sent_to_a_case_that_is_not_theirs(client, user):
    order = sent((ArticleFactory(), 1), user=user)
    message = messages.send(user, title="Levererad", case_number=order.case_number)
    user.units.clear()
    page = client.get(page_of(message)).content.decode()
    assert reverse("orders:detail", args=[order.case_number]) not in page
    assert "Nästa steg" not in page


def test_an_archived_message_is_away_and_comes_back(client, user):
    message = messages.send(user, title="Gammalt svar")
    done = client.post(reverse("message_put_away", args=[message.key]), follow=True)
    assert "Meddelandet är arkiverat." in text_of(done) and "Gammalt svar" not in text_of(done)
    assert "autofocus>Ångra" in done.content.decode()
    assert "oläst" not in text_of(client.get("/meddelanden/"))
    assert "Gammalt svar" in text_of(client.get("/meddelanden/?visa=arkiv"))
    client.post(reverse("message_put_away", args=[message.key]))
    client.post(reverse("message_take_out", args=[message.key]))
    assert "Gammalt svar" in text_of(client.get("/meddelanden/"))
    stranger = messages.send(UserFactory(), title="Till någon annan")
    for name in ("message_put_away", "message_take_out"):
        assert client.post(reverse(name, args=[stranger.key])).status_code == 404


def test_the_list_shows_what_is_chosen_and_goes_on_with_older_ones(client, user):
    messages.send(user, title="Nytt från lagret", kind=MessageKind.NOTICE)
    for n in range(30):
        messages.send(user, title=f"Ärende nummer {n}.")
    assert "Nytt från lagret" in text_of(client.get("/meddelanden/?visa=khs"))
    assert "Ärende nummer" not in text_of(client.get("/meddelanden/?visa=khs"))
    assert "20 av 31" in text_of(client.get("/meddelanden/"))
    assert "31 av 31" in text_of(client.get("/meddelanden/?antal=40"))
    for odd in ("?antal=-1", "?antal=²", f"?antal={'9' * 5000}", "?visa=annat"):
        assert client.get("/meddelanden/" + odd).status_code == 200


def test_as_many_questions_for_many_messages_as_for_few(client, user):
    messages.send(user, title="Svar")
    with CaptureQueriesContext(connection) as few:
        client.get("/meddelanden/")
    for _ in range(15):
        messages.send(user, title="Svar")
    with CaptureQueriesContext(connection) as many:
        client.get("/meddelanden/")
    assert len(many) == len(few)


def test_nobody_else_reads_a_message(client, user):
    message = messages.send(UserFactory(), title="Till någon annan")
    assert client.get(page_of(message)).status_code == 404
    assert "Till någon annan" not in text_of(client.get("/meddelanden/"))
    message.refresh_from_db()
    assert message.read_at is None


def test_no_personal_number_stands_in_a_message(user):
    number = RecipientFactory().written_number
    message = messages.send(user, title=f"Svar om {number}", text=f"Bromsen åt {number} är bytt.")
    assert number not in message.title + message.text
    assert message.text == "Bromsen åt … är bytt."


def test_to_read_what_was_written_about_somebody_is_a_look_at_their_data(client, user):
    person = RecipientFactory()
    number = given_out("26480002", CaseKind.ORDER)
    message = messages.send(
        user, title="Svar", text="Bromsen är bytt.", case_number=number, about=person.key
    )
    client.get("/meddelanden/")
    assert not AccessLogEntry.objects.exists(), "the list tells nothing of anybody"
    client.get(page_of(message))
    row = AccessLogEntry.objects.get()
    assert (row.user, row.recipient_key, row.case_number) == (user, person.key, number)


def test_who_becomes_protected_is_no_longer_written_about(user):
    person = RecipientFactory()
    message = messages.send(user, title="Svar", text="Bor på Kvarnbacken.", about=person.key)
    other = messages.send(user, title="Svar", text="Bromsen är bytt.")
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.text, other.text) == ("", "Bromsen är bytt.")


def test_the_count_comes_with_the_user_in_the_one_query_that_every_page_asks(client, user):
    messages.send(user, title="Svar")
    with CaptureQueriesContext(connection) as found:
        assert "1 oläst" in text_of(client.get("/installningar/"))
    about = [query["sql"] for query in found if "organisation_message" in query["sql"]]
    assert len(about) == 1 and "auth_group" in about[0]


def test_the_bar_counts_to_ninety_nine(client, user):
    Message.objects.bulk_create(Message(user=user, title="Svar") for _ in range(120))
    assert "99+ olästa" in text_of(client.get("/installningar/"))


# --- what is old --------------------------------------------------------------------------------


def told(user, *, sent: int, read: int | None = None, **facts) -> Message:
    """A message of so many months ago, read so many months ago."""
    message = messages.send(user, title="Svar")
    now = timezone.now()
    read_at = None if read is None else now - relativedelta(months=read, days=1)
    facts |= {"sent_at": now - relativedelta(months=sent, days=1), "read_at": read_at}
    Message.objects.filter(pk=message.pk).update(**facts)
    return message


def test_what_was_read_a_year_ago_is_removed_with_its_letter(user, settings):
    settings.MAIL_ON = True
    kept = [told(user, sent=13, read=11), told(user, sent=30)]
    archived = told(user, sent=20, read=13, archived_at=timezone.now())
    Mail.objects.create(message=archived)
    call_command("clear_old")
    assert set(Message.objects.all()) == set(kept)
    assert not Mail.objects.exists()


def test_what_an_account_that_isnt_used_never_read_is_removed_too(user):
    gone = UserFactory(is_active=False)
    recent, _ = told(gone, sent=11), told(gone, sent=13)
    assert messages.forget_old() == 1
    assert list(Message.objects.all()) == [recent]


def test_many_are_removed_a_thousand_at_a_time_and_the_list_says_how_long_they_stay(
    user, client, settings, monkeypatch
):
    monkeypatch.setattr(messages, "MOST_AT_ONCE", 2)
    for _ in range(5):
        told(user, sent=4, read=3)
    settings.MESSAGES_KEPT_MONTHS = 0
    assert messages.forget_old() == 0
    assert "tas bort" not in text_of(client.get("/meddelanden/"))
    settings.MESSAGES_KEPT_MONTHS = 3
    says = "Ett meddelande tas bort 3 månader efter att du har läst det."
    assert says in text_of(client.get("/meddelanden/"))
    assert messages.forget_old() == 5
