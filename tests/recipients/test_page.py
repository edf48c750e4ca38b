"""The recipient's page: what it shows, to whom, and what can be changed on it."""

import datetime as dt
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import ArticleType
from individuals.models import Component
from organisation.models import AccessLogEntry
from recipients.models import Recipient
from sesam.models import CaseKind
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UnitFactory,
    given_out,
    known_to,
)
from tests.undoing import undo_address

pytestmark = pytest.mark.django_db

WHEREABOUTS = [
    "Storgatan 7",
    "39231",
    "392 31",
    "Kalmar kommun",
    "0880",
    "070-174 06 12",
    "0701740612",
    "08-465 004 37",
    "084650043",
    "ing-britt@example.se",
    "2468#",
    "maken Lennart",
    "Svensson",
]


def url(recipient, **query):
    from urllib.parse import urlencode

    return f"/mottagare/{recipient.key}/" + (f"?{urlencode(query)}" if query else "")


def page(client, recipient, **query):
    answer = client.get(url(recipient, **query))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def recipient():
    return RecipientFactory(co="Svensson", family_name="Moberg")


@pytest.fixture
def protected():
    return RecipientFactory(co="Svensson", family_name="Dold", is_protected=True)


def details(**changes):
    return {
        "phone": "08-465 004 37",
        "mobile": "070-174 06 12",
        "email": "ing-britt@example.se",
        "door_code": "2468#",
        "instructions": "Ring på hos maken Lennart om ingen öppnar.",
        "contact_prescriber": "nej",
        "version": 0,
        **changes,
    }


# --- what it shows -----------------------------------------------------------------------


def test_the_page_shows_who_it_is_and_where(client, recipient):
    shown = page(client, recipient)
    assert shown.count("<h1") == 1
    assert recipient.name in shown
    assert recipient.written_number in shown
    for text in (
        "c/o Svensson",
        "Storgatan 7, lgh 1001",
        "392 31 Kalmar",
        "070-174 06 12",
        "2468#",
        "Kalmar kommun",
        "maken Lennart",
    ):
        assert text in shown
    assert "Från registret" in shown
    assert recipient.number not in shown  # only as people write it


def test_the_title_names_nobody(client, recipient):
    title = page(client, recipient).split("<title>")[1].split("</title>")[0]
    assert "Moberg" not in title


def test_every_look_is_logged(client, recipient, prescriber):
    page(client, recipient)
    page(client, recipient, flik="aterlamnat")
    rows = list(AccessLogEntry.objects.filter(action="view"))
    assert len(rows) == 2
    assert {(row.user, row.recipient_key, row.unit) for row in rows} == {
        (prescriber, recipient.key, prescriber.default_unit)
    }


def test_the_row_id_is_no_address_and_unknown_ids_are_not_found(client, recipient):
    assert client.get(f"/mottagare/{recipient.pk}/").status_code == 404
    assert client.get(f"/mottagare/{uuid.uuid4()}/").status_code == 404


def test_a_care_unit_that_stands_for_a_store_says_so(client):
    care_unit = CareUnitFactory(store=BufferFactory())
    shown = page(client, care_unit)
    assert "står för förrådet 0880 Kalmar kommuns förråd" in shown
    assert "lagerpåfyllnad" in shown
    assert "Från registret" not in shown


def test_a_deceased_person_has_a_note(client):
    recipient = RecipientFactory(deceased_on=dt.date(2026, 10, 1))
    shown = page(client, recipient)
    assert "Avliden 2026-10-01" in shown
    assert "Det går inte att beställa" in shown


def test_text_from_people_is_text(client):
    recipient = RecipientFactory(
        instructions="<script>alert(1)</script>", given_name="<b>Bo</b>", door_code='"><i>'
    )
    shown = page(client, recipient)
    assert "<script>alert" not in shown
    assert "<b>Bo" not in shown
    assert '"><i>' not in shown


# --- protected identity ------------------------------------------------------------------


def every_page_of(client, recipient):
    loan = LoanFactory(recipient=recipient, unit=UnitFactory(name="Hemrehab Kalmar"))
    used = LoanFactory(recipient=recipient, article__type=ArticleType.CONSUMABLE)
    back = LoanFactory(recipient=recipient, returned=1, ended_at=timezone.now())
    for query in (
        {},
        {"redigera": "uppgifter"},
        {"flik": "hjalpmedel", "panel": loan.pk},
        {"flik": "hjalpmedel", "panel": loan.pk, "panelflik": "komponenter"},
        {"flik": "forbrukning", "panel": used.pk},
        {"flik": "aterlamnat", "panel": back.pk},
        {"flik": "bestallt"},
    ):
        yield words(client.get(url(recipient, **query)))
    yield words(client.post(url(recipient, redigera="uppgifter"), details()))
    yield words(client.post(url(recipient, redigera="uppgifter"), {"phone": "1"}))


def words(answer) -> str:
    """The page with a mail address in one piece, wherever it may break."""
    return answer.content.decode().replace("<wbr>", "")


def test_a_mail_address_breaks_between_its_words(client, recipient):
    shown = page(client, recipient)
    assert ">ing-britt@<wbr>example<wbr>.se</a>" in shown
    assert 'href="mailto:ing-britt@example.se"' in shown


def test_nothing_tells_where_a_protected_person_is(browser_of, stranger, protected):
    client = browser_of(stranger)
    for shown in every_page_of(client, protected):
        assert "Dold" in shown
        assert "Skyddad identitet" in shown
        for text in [*WHEREABOUTS, "Hemrehab Kalmar"]:
            assert text not in shown, text


def test_the_same_fields_are_there_for_somebody_who_is_not_protected(browser_of, stranger):
    """Guards the test above: it looks for values that the pages do show."""
    recipient = RecipientFactory(co="Svensson")
    shown = "".join(every_page_of(browser_of(stranger), recipient))
    for text in [*WHEREABOUTS, "Hemrehab Kalmar"]:
        if text not in ("39231", "0880"):
            assert text in shown, text


def test_a_protected_persons_details_are_not_edited(client, protected, logged):
    answer = client.post(url(protected, redigera="uppgifter"), details(phone="08-465 004 50"))
    assert answer.status_code == 403
    assert "skyddad identitet" in answer.content.decode()
    protected.refresh_from_db()
    assert protected.phone == "08-465 004 37"
    assert "change" not in logged()


def test_the_contact_switch_works_for_a_protected_person(client, protected):
    form = page(client, protected, redigera="uppgifter")
    assert 'name="contact_prescriber"' in form and 'name="phone"' not in form
    answer = client.post(
        url(protected, redigera="uppgifter"), {"contact_prescriber": "ja", "version": 0}
    )
    assert answer.status_code == 302
    protected.refresh_from_db()
    assert protected.contact_prescriber
    assert protected.phone == "08-465 004 37"


# --- inline edit -------------------------------------------------------------------------


def test_the_pencil_opens_the_block_and_saving_closes_it(client, recipient, logged):
    shown = page(client, recipient, redigera="uppgifter", flik="aterlamnat")
    assert 'id="block-uppgifter"' in shown
    assert "Lämna utan att spara" in shown
    answer = client.post(
        url(recipient, flik="aterlamnat", redigera="uppgifter"),
        details(mobile="+46 70-174 06 30", door_code="9999", email="ny@example.se"),
    )
    assert answer.status_code == 302
    assert answer.url == f"/mottagare/{recipient.key}/?flik=aterlamnat"
    recipient.refresh_from_db()
    assert recipient.mobile == "070-174 06 30"
    assert (recipient.door_code, recipient.email) == ("9999", "ny@example.se")
    assert recipient.version == 1
    assert logged() == ["view", "change"]
    entry = AccessLogEntry.objects.get(action="change")
    assert entry.recipient_key == recipient.key
    assert "mobiltelefon" in entry.detail
    assert "070" not in entry.detail


def test_saving_without_a_change_is_no_change(client, recipient, logged):
    assert client.post(url(recipient, redigera="uppgifter"), details()).status_code == 302
    recipient.refresh_from_db()
    assert recipient.version == 0
    assert logged() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "123"),
        ("phone", "08-46500437 ring efter fem"),
        ("mobile", "inget"),
        ("mobile", "112"),
        ("email", "ing-britt@"),
        ("door_code", "1" * 41),
        ("instructions", "x" * 501),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_all_that_was_typed_stays(
    client, recipient, field, value
):
    typed = details(door_code="7777") | {field: value}
    answer = client.post(url(recipient, redigera="uppgifter"), typed)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert f'id="id_{field}-error"' in shown
    form = answer.context["form"]
    assert list(form.errors) == [field]
    for name, was in typed.items():
        assert str(form[name].value()) == str(was)
    recipient.refresh_from_db()
    assert recipient.door_code == "2468#"


def test_read_only_facts_can_not_be_sent_along(client, recipient):
    client.post(
        url(recipient, redigera="uppgifter"),
        details(door_code="1", street="Annan gata 1", family_name="X", is_protected="on"),
    )
    recipient.refresh_from_db()
    assert recipient.door_code == "1"
    assert recipient.street == "Storgatan 7, lgh 1001"
    assert recipient.family_name == "Moberg"


def test_a_stale_form_is_told_and_keeps_what_was_typed(client, browser_of, stranger, recipient):
    other = browser_of(stranger)
    other.post(url(recipient, redigera="uppgifter"), details(mobile="070-174 06 40"))
    answer = client.post(url(recipient, redigera="uppgifter"), details(door_code="1111"))
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "Någon annan har ändrat" in shown
    assert "070-174 06 40" in shown  # what stands now
    assert 'value="1111"' in shown
    recipient.refresh_from_db()
    assert recipient.door_code == "2468#"
    # Having seen it, the user may save again.
    again = details(door_code="1111", version=answer.context["form"]["version"].value())
    assert client.post(url(recipient, redigera="uppgifter"), again).status_code == 302
    recipient.refresh_from_db()
    assert recipient.door_code == "1111"


def test_a_form_without_its_version_changes_nothing(client, recipient):
    typed = details(door_code="1")
    del typed["version"]
    assert client.post(url(recipient, redigera="uppgifter"), typed).status_code == 422
    recipient.refresh_from_db()
    assert recipient.door_code == "2468#"


# --- the contact switch ------------------------------------------------------------------


def test_the_contact_switch_is_chosen_in_the_pencils_form_and_can_be_undone(
    client, recipient, logged
):
    assert "Förskrivare behöver inte kontaktas" in page(client, recipient)
    form = page(client, recipient, redigera="uppgifter", flik="aterlamnat")
    assert form.count('name="contact_prescriber"') == 2
    assert re.search(r'value="nej"[^>]* checked', form)
    recipient.refresh_from_db()
    assert not recipient.contact_prescriber, "the pencil alone changes nothing"

    answer = client.post(
        url(recipient, flik="aterlamnat", redigera="uppgifter"),
        details(contact_prescriber="ja"),
    )
    shown = client.get(answer.url).content.decode()
    assert "Förskrivare ska kontaktas" in shown
    assert "Förskrivare behöver inte kontaktas" not in shown

    back = undo_address(shown)
    for _ in range(2):  # undone twice is once
        answer = client.post(back)
        assert answer.url.endswith("?flik=aterlamnat")
        recipient.refresh_from_db()
        assert not recipient.contact_prescriber
    assert logged().count("change") == 2


def test_other_details_offer_nothing_to_undo(client, recipient):
    client.post(url(recipient, redigera="uppgifter"), details(door_code="1111"))
    assert 'class="undo"' not in page(client, recipient)


def test_the_contact_switch_is_not_turned_back_over_what_somebody_else_saved(client, recipient):
    client.post(url(recipient, redigera="uppgifter"), details(contact_prescriber="ja"))
    back = undo_address(page(client, recipient))
    client.post(
        url(recipient, redigera="uppgifter"),
        details(contact_prescriber="ja", door_code="1111", version=1),
    )
    text = client.post(back, follow=True).content.decode()
    assert "har ändrats sedan dess" in text
    recipient.refresh_from_db()
    assert recipient.contact_prescriber and recipient.door_code == "1111"


def test_the_contact_switch_must_be_chosen(client, recipient):
    typed = details()
    del typed["contact_prescriber"]
    answer = client.post(url(recipient, redigera="uppgifter"), typed)
    assert answer.status_code == 422
    assert "Välj om förskrivaren ska kontaktas" in answer.content.decode()


def test_the_undo_is_no_link(client, recipient):
    assert client.get(f"/mottagare/{recipient.key}/kontakt/angra/").status_code == 405


def test_nobody_is_led_elsewhere_by_the_undo(client, recipient):
    answer = client.post(f"/mottagare/{recipient.key}/kontakt/angra/?till=nej&flik=//ont.example")
    assert answer.url == url(recipient)


# --- who ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["controller", "loggranskare", None])
def test_other_roles_see_and_change_nothing(browser_of, recipient, role):
    from tests.factories import UserFactory

    client = browser_of(UserFactory(roles=[role] if role else [], is_superuser=role is None))
    assert client.get(url(recipient)).status_code == 403
    assert client.post(url(recipient, redigera="uppgifter"), details()).status_code == 403
    assert client.post(f"/mottagare/{recipient.key}/kontakt/angra/").status_code == 403
    assert recipient.name not in client.get(url(recipient)).content.decode()
    assert not AccessLogEntry.objects.filter(action="view").exists()


def test_logged_out_visitors_go_to_sign_in(client, recipient):
    client.logout()
    assert client.get(url(recipient)).url.startswith("/logga-in/")
    partial = client.get(url(recipient), headers={"HX-Request": "true"})
    assert partial.headers["HX-Redirect"].startswith("/logga-in/")
    assert client.post(f"/mottagare/{recipient.key}/kontakt/angra/").url.startswith("/logga-in/")


# --- tabs and panel ----------------------------------------------------------------------


def rows(client, recipient, **query):
    return [row.title for row in client.get(url(recipient, **query)).context["table"].rows]


def test_aids_held_now_stand_newest_first_without_consumables(client, recipient):
    now = timezone.now()
    for days, name in ((30, "Säng"), (1, "Rullstol"), (400, "Rollator")):
        LoanFactory(
            recipient=recipient, article__name=name, delivered_at=now - dt.timedelta(days=days)
        )
    LoanFactory(recipient=recipient, article__name="Tillbaka", returned=1, ended_at=now)
    LoanFactory(recipient=recipient, article__name="Batteri", article__type=ArticleType.CONSUMABLE)
    LoanFactory(article__name="Någon annans")
    assert rows(client, recipient) == ["Rullstol", "Säng", "Rollator"]
    assert rows(client, recipient, flik="aterlamnat") == ["Tillbaka"]
    assert rows(client, recipient, flik="forbrukning") == ["Batteri"]
    tabs = {tab.entry.name: tab.count for tab in client.get(url(recipient)).context["tabs"]}
    assert (tabs["hjalpmedel"], tabs["aterlamnat"], tabs["forbrukning"]) == (3, 1, 1)


def test_held_aids_are_narrowed_to_a_product_group_however_they_are_sorted(client, recipient):
    for name, group in (
        ("Rollator", "Förflyttning"),
        ("Säng", "Bostad"),
        ("Rullstol", "Förflyttning"),
        ("Dyna", ""),
    ):
        LoanFactory(recipient=recipient, article__name=name, article__product_group=group)
    assert rows(client, recipient) == ["Dyna", "Rullstol", "Säng", "Rollator"]
    chips = [(g.label, g.count) for g in client.get(url(recipient)).context["table"].groups]
    assert chips == [("Alla", None), ("Bostad", 1), ("Förflyttning", 2), ("Övrigt", 1)]
    assert rows(client, recipient, grupp="Förflyttning") == ["Rullstol", "Rollator"]
    assert rows(client, recipient, grupp="Förflyttning", sortera="name") == ["Rollator", "Rullstol"]
    assert rows(client, recipient, grupp="Övrigt") == ["Dyna"]
    assert len(rows(client, recipient, grupp="Finns inte")) == 4
    narrowed = page(client, recipient, grupp="Förflyttning", sortera="name")
    assert "2 hjälpmedel, Förflyttning" in narrowed and "grupp=Bostad&amp;sortera=name" in narrowed


def test_aids_of_one_product_group_offer_no_choice_of_it(client, recipient):
    LoanFactory.create_batch(2, recipient=recipient, article__product_group="Förflyttning")
    assert "Produktgrupp" not in page(client, recipient)


def test_a_part_that_came_back_leaves_the_rest_held(client, recipient):
    LoanFactory(recipient=recipient, article__name="Kilkudde", quantity=5, returned=2)
    table = client.get(url(recipient)).context["table"]
    assert [row.shown_quantity for row in table.rows] == [3]
    table = client.get(url(recipient, flik="aterlamnat")).context["table"]
    assert [row.shown_quantity for row in table.rows] == [2]


def test_names_sort_as_in_swedish(client, recipient):
    for name in ("Ösebalja", "Zebra", "äggkopp", "Åkpåse", "arbetsstol"):
        LoanFactory(recipient=recipient, article__name=name)
    assert rows(client, recipient, sortera="name") == [
        "arbetsstol",
        "Zebra",
        "Åkpåse",
        "äggkopp",
        "Ösebalja",
    ]
    assert rows(client, recipient, sortera="-name")[0] == "Ösebalja"
    assert len(rows(client, recipient, sortera="nonsens")) == 5


def test_a_long_list_has_pages_and_an_honest_count(client, recipient):
    article = ArticleFactory()
    for _ in range(53):
        LoanFactory(recipient=recipient, article=article)
    assert len(rows(client, recipient)) == 50
    assert len(rows(client, recipient, sida=2)) == 3
    assert len(rows(client, recipient, sida=99)) == 3
    assert "51–53 av 53" in page(client, recipient, sida=2)


def test_an_empty_list_says_what_will_stand_there(client, recipient):
    assert "Inga hjälpmedel" in page(client, recipient)
    assert "Inget återlämnat" in page(client, recipient, flik="aterlamnat")
    assert "Inga förbrukningsartiklar" in page(client, recipient, flik="forbrukning")
    assert "Inga hjälpmedel" in page(client, recipient, flik="finns-inte")


def test_the_panel_shows_the_loan_and_its_components(client, recipient):
    individual = IndividualFactory(number="224559", warranty_until=dt.date(2028, 10, 8))
    loan = LoanFactory(recipient=recipient, individual=individual, article=individual.article)
    Component.objects.create(
        individual=individual, article=ArticleFactory(name="Armstöd"), quantity=2
    )
    shown = page(client, recipient, panel=loan.pk)
    for text in ("Hjälpmedel från kundorder 26410087", "224559", "Karin Lindqvist", "2028-10-08"):
        assert text in shown
    assert "Armstöd, 2 st" in page(client, recipient, panel=loan.pk, panelflik="komponenter")


def test_what_sits_on_a_returned_piece_now_is_somebody_elses(client, recipient):
    """The piece came back with its armrest and went on to another, with a head support."""
    piece = IndividualFactory()
    loan = LoanFactory(recipient=recipient, individual=piece, article=piece.article, returned=1,
                       ended_at=timezone.now())  # fmt: skip
    LoanFactory(recipient=recipient, article__name="Armlene", part_of=loan, returned=1,
                ended_at=timezone.now())  # fmt: skip
    LoanFactory(individual=piece, article=piece.article)
    Component.objects.create(individual=piece, article=ArticleFactory(name="Huvudstöd"))
    shown = page(client, recipient, flik="aterlamnat", panel=loan.pk, panelflik="komponenter")
    assert "Armlene, 1 st" in shown
    assert "Huvudstöd" not in shown


def test_a_loan_opens_only_under_the_one_who_has_it(client, recipient):
    theirs = LoanFactory(article__name="Någon annans")
    ended = LoanFactory(recipient=recipient, returned=1, ended_at=timezone.now())
    for panel in (theirs.pk, ended.pk, "x", "²", "9" * 30, "-1", ""):
        answer = client.get(url(recipient, panel=panel))
        assert answer.status_code == 200
        assert "Någon annans" not in answer.content.decode()
        assert not answer.context.get("panel")


def test_another_units_case_has_short_facts_but_no_link(browser_of, stranger, client, recipient):
    loan = LoanFactory(recipient=recipient)
    assert "Gå till beställningsdetaljer" not in page(
        browser_of(stranger), recipient, panel=loan.pk
    )
    assert "Karin Lindqvist" in page(browser_of(stranger), recipient, panel=loan.pk)
    assert "/bestallningar/26410087/" in page(client, recipient, panel=loan.pk)
    # A loan of a case that was elsewhere (taken over) has no dead link.
    old = LoanFactory(recipient=recipient, case_number=given_out("24010001", CaseKind.ELSEWHERE))
    assert "Gå till beställningsdetaljer" not in page(client, recipient, panel=old.pk)


def test_queries_do_not_grow_with_the_rows(client, prescriber, recipient):
    known_to(prescriber.default_unit, recipient)

    def queries() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page(client, recipient)
        return [query["sql"] for query in captured]

    LoanFactory(recipient=recipient, individual=IndividualFactory())
    client.get("/mottagare/")  # templates and the like are loaded once
    few = queries()
    for _ in range(39):
        LoanFactory(recipient=recipient, individual=IndividualFactory())
    many = queries()
    assert len(many) == len(few), "\n".join(many)
    # Savepoints aren't queries of the page: outside of a test's transaction they are BEGIN.
    asked = [sql for sql in many if "SAVEPOINT" not in sql]
    assert len(asked) <= 11, "\n".join(asked)


# --- leaving no trace of those who came to nothing -----------------------------------------


def test_those_who_came_to_nothing_are_removed_after_thirty_days(client):
    from django.core.management import call_command

    from recipients.models import CareRelation

    long_ago = timezone.now() - dt.timedelta(days=31)
    unused, with_loan, with_case, fresh = (RecipientFactory() for _ in range(4))
    care_unit = CareUnitFactory()
    LoanFactory(recipient=with_loan)
    CareRelation.objects.create(
        recipient=with_case, unit=UnitFactory(), case_number=given_out("26410001")
    )
    Recipient.objects.exclude(pk=fresh.pk).update(created_at=long_ago)
    call_command("clear_old")
    assert set(Recipient.objects.all()) == {with_loan, with_case, fresh, care_unit}
    assert client.get(url(unused)).status_code == 404
