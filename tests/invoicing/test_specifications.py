"""«Fakturaspecifikationer»: who sees which, what they say, what is questioned and credited."""

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing import months, services, specification, views
from invoicing.models import Charge, Correction, Invoice, InvoiceSum, Question, Terms
from invoicing.tables import ChargeTable
from organisation.models import AccessLogEntry, Message, Payer
from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE
from recipients.models import Recipient
from sesam import awaited
from sesam.errors import DomainError
from sesam.models import Printout
from tests.activities import builders as work
from tests.deviations.builders import khs_user
from tests.factories import BufferFactory, PayerFactory, RecipientFactory, UserFactory
from tests.of_size import many_like
from tests.pickups.builders import lend, returned

from .builders import (
    DECEMBER,
    JANUARY,
    NOVEMBER,
    OCTOBER,
    article,
    begun,
    costs,
    on,
    run_month,
    words,
)

pytestmark = pytest.mark.django_db
REPORT = reverse("invoicing:report")


def payer(code: str = "0880") -> Payer:
    return PayerFactory(code=code, name={"0880": "Kalmar kommun"}.get(code, f"Kommun {code}"))


def controller(*codes: str):
    user = UserFactory(roles=[CONTROLLER], default_unit=None)
    user.payers.set([payer(code) for code in codes or ("0880",)])
    return user


def lent(day, what, quantity=1, person=None):
    with on(day):
        return lend(person or RecipientFactory(), what, quantity)


@pytest.fixture
def october():
    """Kalmar buys for 100 of itself and sells to its neighbour for 50."""
    lent("2026-10-05", article("sale", "100.00", name="Bord"))
    elsewhere = RecipientFactory(payer=payer("0881"))
    lent("2026-10-06", article("sale", "50.00", name="Lampa"), person=elsewhere)
    return run_month(OCTOBER)


def page(invoice: Invoice, **query) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{reverse('invoicing:detail', args=[invoice.number])}?{asked}"


def row_url(name: str, charge: Charge) -> str:
    return reverse(f"invoicing:{name}", args=[charge.invoice.number, charge.pk])


# --- who sees what ---


def test_a_controller_sees_what_their_payer_buys_and_sells(october, browser_of):
    text = words(browser_of(controller()).get(REPORT))
    assert "2 fakturor" in text
    assert "26100001 −50,00 Mellan betalare · säljer till Kommun 0881" in text
    assert "26100002 100,00 Interna transaktioner · Kalmar kommun" in text
    assert "Summa netto exkl. moms 50,00 kr" in text


def test_the_buyer_sees_the_same_invoice_as_a_cost_and_no_other(october, browser_of):
    text = words(browser_of(controller("0881")).get(REPORT))
    assert "1 faktura " in text
    assert "26100001 50,00 Mellan betalare · Kalmar kommun" in text


@pytest.mark.parametrize("name", ["detail", "excel", "credit"])
def test_anothers_invoice_isnt_there(october, browser_of, name):
    internal = october[1]
    client = browser_of(controller("0881"))
    url = reverse(f"invoicing:{name}", args=[internal.number])
    method = client.get if name == "detail" else client.post
    assert method(url).status_code == (403 if name == "credit" else 404)
    charge = internal.charges.get()
    assert client.post(row_url("ask", charge), {"reason": "Fel"}).status_code == 404
    assert not Question.objects.exists()


def test_a_row_of_another_invoice_isnt_asked_of_through_ones_own(october, browser_of):
    between, internal = october
    url = reverse("invoicing:ask", args=[between.number, internal.charges.get().pk])
    assert browser_of(controller("0881")).post(url, {"reason": "Fel"}).status_code == 404


@pytest.mark.parametrize("role", [FORSKRIVARE, BUFFERT, LOGGRANSKARE])
def test_nobody_else_sees_any(october, browser_of, role):
    client = browser_of(UserFactory(roles=[role]))
    assert client.get(REPORT).status_code == 403
    assert client.get(page(october[0])).status_code == 403


def test_an_invoice_without_a_number_is_shown_to_nobody(october, browser_of):
    run = october[0].run
    type(run).objects.update(finished_at=None)
    assert browser_of(controller()).get(page(october[0])).status_code == 404


def test_where_a_protected_persons_row_stands_tells_nothing(browser_of):
    """By case or by piece: last, whichever way it is sorted."""
    people = [RecipientFactory() for _ in range(3)]
    for person in people:
        lent("2026-10-05", article("sale", "10.00", is_marked=True), person=person)
    (invoice,) = run_month(OCTOBER)
    Recipient.objects.filter(pk=people[1].pk).update(is_protected=True)
    client = browser_of(controller())
    for column in ("arende", "-arende", "individ", "-individ"):
        text = words(client.get(page(invoice, sortera=column)))
        rows = text[text.index("Så räknas det") :]
        shown = list(invoice.charges.exclude(case__number__in=hidden(people[1])))
        places = [rows.index(row.case_number) for row in shown]
        assert all(place < rows.index("Skyddad") for place in places), column
        assert (places[0] < places[1]) is not column.startswith("-"), column


@pytest.mark.parametrize("column", ["arende", "-arende"])
@pytest.mark.parametrize("part", [{}, {"summor": "slag", "del": "sale"}])
def test_every_row_stands_on_one_page_a_protected_persons_on_the_last(
    browser_of, monkeypatch, column, part
):
    monkeypatch.setattr(ChargeTable, "per_page", 2)
    people = [RecipientFactory() for _ in range(5)]
    for person in people:
        lent("2026-10-05", article("sale", "10.00", is_marked=True), person=person)
    (invoice,) = run_month(OCTOBER)
    Recipient.objects.filter(pk__in=[people[0].pk, people[2].pk]).update(is_protected=True)
    client = browser_of(controller())
    pages = [client.get(page(invoice, sortera=column, sida=n, **part)) for n in (1, 2, 3)]
    shown = [row.pk for answer in pages for row in answer.context["table"].rows]
    by_case = list(invoice.charges.order_by("case_number"))
    open_ones = [by_case[n].pk for n in (1, 3, 4)]
    last = sorted(by_case[n].pk for n in (0, 2))
    assert shown == [*(reversed(open_ones) if column[0] == "-" else open_ones), *last]


def test_a_page_of_a_large_invoice_is_read_in_its_order_from_an_index(rf):
    lent("2026-10-05", article("sale", "10.00", is_marked=True), person=RecipientFactory())
    (small,) = run_month(OCTOBER)
    large = Invoice.objects.create(
        run=small.run, kind="centre", seller=small.seller, buyer=small.buyer, date=small.date,
        total=0, vat=0,
    )  # fmt: skip
    many_like(small.charges.get(), 3000, source_key="'x:' || n", invoice_id=str(large.pk))
    with CaptureQueriesContext(connection) as asked:
        rows, _ = views.keys_of_page(large.charges.all(), 3000)(ChargeTable.ask(rf.get("/")))
    assert len(rows) == 25
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "charges_by_case" in plan, plan


def hidden(person) -> list[str]:
    return list(person.orders.values_list("case_number", flat=True))


# --- the report ---


def test_the_report_is_narrowed_by_payer_dates_and_kind(october, browser_of):
    client = browser_of(controller("0880", "0881"))
    assert "2 fakturor" in words(client.get(REPORT))
    assert "1 faktura" in words(client.get(f"{REPORT}?betalare=0881"))
    assert "1 faktura" in words(client.get(f"{REPORT}?typ=internal"))
    assert "0 fakturor" in words(client.get(f"{REPORT}?fran=2026-11-01&typ=internal"))
    assert "2 fakturor" in words(client.get(f"{REPORT}?fran=2026-10-31&till=2026-10-31"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("fran=igår", "Skriv datumet som 2026-10-31."),
        ("fran=2026-10-02&till=2026-10-01", "Till-datumet är före från-datumet."),
        ("betalare=0834", "Välj en betalare ur listan."),
        ("typ=okand", "Välj fakturatyp ur listan."),
    ],
)
def test_what_cant_be_asked_for_is_told_at_its_field(october, browser_of, query, said):
    answer = browser_of(controller("0880", "0881")).get(f"{REPORT}?{query}")
    assert answer.status_code == 422
    assert said in words(answer)


# --- the specification ---


def test_a_row_explains_itself_and_names_nobody(browser_of):
    person = RecipientFactory()
    loan = lent("2026-10-12", article(price="93.00", name="Rullstol Cross"), 2, person)
    (invoice,) = run_month(OCTOBER)
    text = words(browser_of(controller()).get(page(invoice)))
    assert "Hyra 20 av 31 dagar: 2 × 93,00 × 20/31 120,00" in text
    assert loan.case_number in text
    for secret in (person.family_name, person.number, person.street, loan.prescriber_name):
        assert secret not in text


def test_a_case_is_a_link_for_khs_alone(october, browser_of):
    number = october[1].charges.get().case_number
    link = f'href="/bestallningar/{number}/"'
    assert link in browser_of(khs_user()).get(page(october[1])).content.decode()
    assert link not in browser_of(controller()).get(page(october[1])).content.decode()


def test_the_case_of_somebody_protected_stands_on_no_invoice(browser_of):
    person = RecipientFactory()
    loan = lent("2026-10-12", article("sale", "10.00", is_marked=True), 1, person)
    (invoice,) = run_month(OCTOBER)
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    for user in (controller(), khs_user()):
        text = words(browser_of(user).get(page(invoice)))
        assert loan.case_number not in text
        assert loan.individual.number not in text
        assert "Skyddad" in text


def test_the_parts_of_what_differs_add_up_to_the_difference(browser_of):
    ended = lent("2026-10-01", article(price="10.00"))
    lent("2026-10-15", article(price="31.00"))
    dearer = article(price="50.00")
    lent("2026-10-01", dearer)
    lent("2026-10-03", article("sale", "200.00"))
    with on("2026-10-31"):
        returned(ended)
    (first,) = run_month(OCTOBER)
    costs(dearer, "60.00", "2026-11-01")
    lent("2026-11-11", article(price="30.00"))
    lent("2026-11-12", article("sale", "500.00"))
    (second,) = run_month(NOVEMBER)
    found = specification.difference(second, specification.month_before(second))
    told = {change.value: str(change.amount) for change in found.changes}
    assert set(told) == {"nya", "avslutade", "pris", "dagar", "engang"}
    assert first.total + sum(change.amount for change in found.changes) == second.total
    client = browser_of(controller())
    for change in found.changes:
        text = words(client.get(page(second, andring=change.value)))
        assert specification.CHANGES[change.value] in text
        rows = specification.of_change(second, first, change.value).exclude(amount=0)
        assert rows.count() >= 1


def test_rows_with_a_word_are_looked_for_by_a_plan_of_their_own(
    october, browser_of, nothing_prepared
):
    """PostgreSQL's plan for any word and any invoice takes four times as long on a large one."""
    client = browser_of(controller())
    for _ in range(7):
        assert client.get(page(october[1], q="stol")).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]
    assert prepared
    assert not [one for one in prepared if "invoicing_charge" in one and "rows_in_all" in one]


@pytest.mark.parametrize("cut", ["iso", "enhet", "slag"])
def test_sums_add_up_and_each_leads_to_its_rows(browser_of, cut):
    for iso, price in (("122203", "10.00"), ("181210", "20.00"), ("", "5.00")):
        lent("2026-10-05", article("sale", price, iso_code=iso))
    (invoice,) = run_month(OCTOBER)
    parts = specification.sums(invoice, cut)
    assert sum(part.amount for part in parts) == invoice.total
    client = browser_of(controller())
    for part in parts:
        rows = specification.of_part(Charge.objects.filter(invoice=invoice), cut, part.value)
        assert sum(row.amount for row in rows) == part.amount
        answer = client.get(page(invoice, summor=cut, **{"del": part.value}))
        assert answer.status_code == 200
        assert f"1–{part.count} av {part.count}" in words(answer)
    for nothing in ("9" * 20, "9" * 5000, f"0{parts[0].value}"):
        text = words(client.get(page(invoice, summor=cut, **{"del": nothing})))
        assert "Inga rader på fakturan stämmer med det som är valt." in text


@pytest.mark.parametrize("change", ["nya", "avslutade", "pris", "dagar"])
def test_that_rents_are_asked_for_is_known_to_a_plan_for_whatever_is_bound(october, change):
    """Of a bound kind PostgreSQL doesn't know that an index has just these by loan: of a large invoice
    it read the other month for each row."""
    lent("2026-11-05", article(price="31.00"))
    (second,) = run_month(NOVEMBER)
    rows = specification.of_change(second, specification.month_before(second), change)
    sql, bound = rows.query.sql_with_params()
    assert "= 'rent'" in sql
    assert "rent" not in bound


def test_what_was_numbered_before_sums_were_kept_gets_the_same_ones(october):
    lent("2026-11-05", article(price="31.00"))
    run_month(NOVEMBER)
    rows = InvoiceSum.objects.values_list("invoice", "cut", "value", "count", "amount")
    kept = set(rows)
    assert {cut for _, cut, *_ in kept} == {"iso", "enhet", "slag", "andring"}
    InvoiceSum.objects.all().delete()
    migration = import_module("invoicing.migrations.0010_sums_of_what_was_run")
    with connection.schema_editor() as editor:
        migration.keep(apps, editor)
    assert set(rows.all()) == kept


def test_rows_of_nothing_are_shown_to_who_asks_for_them(browser_of):
    lent("2026-10-05", article("sale", "10.00"))
    lent("2026-10-05", article("none", None, name="Gåbord"))
    (invoice,) = run_month(OCTOBER)
    client = browser_of(controller())
    text = words(client.get(page(invoice)))
    assert "Gåbord" not in text
    assert "Visa även 1 rad på 0 kr" in text
    assert "Gåbord" in words(client.get(page(invoice, noll=1)))
    desk = browser_of(khs_user()).get(page(invoice, noll=1)).content.decode()
    assert desk.count('aria-label="Kreditera ') == 1  # there is nothing to credit of nothing


def test_rows_are_found_by_case_article_and_piece(october, browser_of):
    client = browser_of(controller())
    number = october[1].charges.get().case_number
    assert "1–1 av 1" in words(client.get(page(october[1], q=number)))
    assert "1–1 av 1" in words(client.get(page(october[1], q="bord")))
    assert "Inga rader" in words(client.get(page(october[1], q="stol")))


def test_no_number_finds_the_row_of_somebody_protected(browser_of):
    loan = lent("2026-10-12", article("sale", "10.00", is_marked=True, name="Säng"))
    (invoice,) = run_month(OCTOBER)
    Recipient.objects.update(is_protected=True)
    client = browser_of(controller())
    for number in (loan.case_number, loan.individual.number):
        assert "Inga rader" in words(client.get(page(invoice, q=number)))
    assert "1–1 av 1" in words(client.get(page(invoice, q="säng")))


@pytest.mark.parametrize("asked", [{"andring": "nya"}, {"summor": "slag", "del": "x"}])
def test_the_page_says_what_its_rows_are_narrowed_to_and_no_more(october, browser_of, asked):
    """The first month differs from none."""
    text = words(browser_of(controller()).get(page(october[1], **asked)))
    assert ("Inga rader" in text) == ("Visa alla rader" in text) == ("del" in asked)
    assert "Nya hyror" not in text


def test_sums_that_nobody_knows_are_those_of_iso_groups(october, browser_of):
    text = words(browser_of(controller()).get(page(october[1], summor="x", **{"del": "99"})))
    assert "ISO-grupp: 99" in text
    assert "Inga rader" in text


@pytest.mark.parametrize("of", ["controller", "khs"])
def test_the_questions_to_the_database_dont_grow_with_the_rows(browser_of, of):
    what = article("sale", "10.00")
    lent("2026-10-05", what)
    (few,) = run_month(OCTOBER)
    for _ in range(12):
        lent("2026-11-05", what)
    (many,) = run_month(NOVEMBER)
    client = browser_of(khs_user() if of == "khs" else controller())
    counts = []
    for invoice in (few, many):
        client.get(page(invoice))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(page(invoice))
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1  # the month before it


# --- a row that is questioned ---


def test_a_questioned_row_goes_to_khs_and_is_credited_by_the_next_run(october, browser_of):
    charge = october[1].charges.get()
    asker, khs = controller(), khs_user()
    client, desk = browser_of(asker), browser_of(khs)
    assert "Varför stämmer det inte?" in words(client.get(page(october[1], fraga=charge.pk)))
    url = row_url("ask", charge)
    for _ in range(2):
        assert client.post(url, {"reason": "Bordet kom aldrig."}).status_code == 302
    queue = words(desk.get(reverse("admin:invoicing_question_changelist")))
    assert "Bordet kom aldrig." in queue
    assert "Ifrågasatt" in words(client.get(page(october[1])))
    assert "1 ifrågasatt" in words(client.get(REPORT))
    desk.post(row_url("answer", charge), {"utred": "1"})
    assert "Utreds av KHS" in words(client.get(page(october[1], fraga=charge.pk)))
    said = {"answer": "Det stämmer, vi krediterar.", "kreditera": "1"}
    for _ in range(2):
        assert desk.post(row_url("answer", charge), said).status_code == 302
    text = words(client.get(page(october[1], fraga=charge.pk)))
    assert "Krediteras" in text
    assert "Det stämmer, vi krediterar." in text
    assert Message.objects.filter(user=asker).count() == 1
    (credit,) = run_month(NOVEMBER)
    assert (credit.kind, credit.credits, credit.total, credit.number) == (
        "credit", october[1], Decimal("-100.00"), "26110001",
    )  # fmt: skip
    assert "Krediterar raden på faktura 26100002" in words(client.get(page(credit)))
    text = words(client.get(page(october[1], fraga=charge.pk)))
    assert "Raden är krediterad på faktura 26110001 ." in text
    assert "Krediteras" not in text
    assert "krediteras på en kreditfaktura" not in text
    assert run_month(DECEMBER) == []


def test_a_refused_question_says_why_and_leaves_the_row(october, browser_of):
    charge = october[1].charges.get()
    client, desk = browser_of(controller()), browser_of(khs_user())
    client.post(row_url("ask", charge), {"reason": "För dyrt."})
    desk.post(row_url("answer", charge), {"answer": "Priset stämmer.", "avsla": "1"})
    assert "1 ifrågasatt" not in words(client.get(REPORT)), "it is answered"
    text = words(client.get(page(october[1], fraga=charge.pk)))
    assert "Avslagen" in text
    assert "Priset stämmer." in text
    assert run_month(NOVEMBER) == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Skriv varför raden inte stämmer."),
        ("   ", "Skriv varför raden inte stämmer."),
        ("x" * 501, "Skriv högst 500 tecken."),
        ("Det var 19121212-1212", "Det ser ut som ett personnummer."),
    ],
)
def test_a_question_that_cant_be_asked_keeps_what_was_typed(october, browser_of, reason, said):
    charge = october[1].charges.get()
    answer = browser_of(controller()).post(row_url("ask", charge), {"reason": reason})
    assert answer.status_code == 422
    assert said in words(answer)
    assert reason.strip() in answer.content.decode()


@pytest.mark.parametrize("meanwhile", ["nothing", "questioned", "credited"])
def test_who_is_controller_and_khs_is_told_what_is_wrong_with_their_question(
    october, browser_of, meanwhile
):
    charge = october[1].charges.get()
    if meanwhile == "questioned":
        services.ask(charge, user=controller(), reason="Fel pris.")
    if meanwhile == "credited":
        services.credit_row(charge, user=khs_user())
    both = UserFactory(roles=[CONTROLLER, KHS])
    for reason in ("", "Fel."):
        answer = browser_of(both).post(row_url("ask", charge), {"reason": reason})
        if reason and meanwhile == "nothing":
            assert answer.status_code == 302
            continue
        assert answer.status_code == 422
        said = {"questioned": "Raden är redan ifrågasatt", "credited": "Raden krediteras redan"}
        assert (said.get(meanwhile, "") if reason else "Skriv varför") in words(answer)


def test_the_form_stands_under_its_row_and_above_the_rows_where_that_isnt_shown(
    october, browser_of
):
    charge = october[1].charges.get()
    client = browser_of(controller())
    html = client.get(page(october[1], fraga=charge.pk)).content.decode()
    table = html[html.index("<tbody>", html.index('id="rader"')) :]
    assert table.index("Stäng") < table.index("question-row") < table.index("Varför stämmer det")
    assert "<section" not in table[: table.index("</tbody>")]
    html = client.get(page(october[1], fraga=charge.pk, q="stol")).content.decode()
    assert "question-row" not in html
    assert "Varför stämmer det inte?" in html


def test_a_fault_at_a_question_keeps_the_rows_and_links_that_lead_back(october, browser_of):
    charge = october[1].charges.get()
    client = browser_of(controller())
    url = f"{row_url('ask', charge)}?q=bord"
    html = client.post(url, {"reason": ""}).content.decode()
    assert 'name="q" id="id_q" value="bord"' in html
    assert 'href="?' not in html
    assert f'action="{reverse("invoicing:detail", args=[october[1].number])}"' in html
    back = client.post(url, {"reason": "Fel"})
    assert back["Location"] == f"{page(october[1], q='bord')}&fraga={charge.pk}"


def test_what_has_ended_is_questioned_on_the_invoice_where_it_stands(browser_of):
    loan = lent("2026-10-05", article(price="31.00"))
    lent("2026-10-05", article(price="62.00"))
    with on("2026-10-31"):
        returned(loan)
    first, second = run_month(OCTOBER)[0], run_month(NOVEMBER)[0]
    ended = first.charges.get(loan=loan)
    html = browser_of(controller()).get(page(second, andring="avslutade")).content.decode()
    assert f'href="{page(first, fraga=ended.pk)}"' in html


def test_a_row_that_is_credited_cant_be_refused_and_an_answer_says_which(october, browser_of):
    charge = october[1].charges.get()
    services.ask(charge, user=controller(), reason="Fel")
    desk = browser_of(khs_user())
    answer = desk.post(row_url("answer", charge), {"answer": "Priset stämmer."})
    assert answer.status_code == 422
    assert "Välj om raden krediteras eller inte." in words(answer)
    services.credit_invoice(october[1], user=khs_user())
    said = {"answer": "Priset stämmer.", "avsla": "1"}
    answer = desk.post(row_url("answer", charge), said)
    assert answer.status_code == 422
    assert "Raden krediteras redan, så den kan inte avslås." in words(answer)
    assert "Priset stämmer." in answer.content.decode()
    assert not Message.objects.exists()


def test_the_queue_says_who_asked_and_who_pays(october, browser_of):
    seller = controller()
    services.ask(october[0].charges.get(), user=seller, reason="Fel")
    text = words(browser_of(khs_user()).get(reverse("admin:invoicing_question_changelist")))
    assert f"{seller}, Kommun 0881" not in text
    assert "Kommun 0881" in text
    assert str(seller) in text


def test_a_row_of_a_credited_invoice_neednt_be_questioned(october, browser_of):
    charge = october[1].charges.get()
    services.credit_invoice(october[1], user=khs_user())
    answer = browser_of(controller()).post(row_url("ask", charge), {"reason": "Fel"})
    assert answer.status_code == 422
    assert "Raden krediteras redan" in words(answer)


def test_a_credit_isnt_credited_nor_questioned(october, browser_of):
    services.credit_invoice(october[1], user=khs_user())
    (credit,) = run_month(NOVEMBER)
    with pytest.raises(DomainError, match="En kreditfaktura krediteras inte"):
        services.credit_invoice(credit, user=khs_user())
    answer = browser_of(controller()).post(
        row_url("ask", credit.charges.get()), {"reason": "Varför?"}
    )
    assert "Raden är en kreditering." in words(answer)


def test_who_questions_what_another_has_questioned_is_told(october, browser_of):
    charge = october[1].charges.get()
    first, second = controller(), controller()
    for _ in range(2):
        asked = browser_of(first).post(row_url("ask", charge), {"reason": "Fel pris."})
        assert asked.status_code == 302
    for reason in ("Fel pris.", "Fel person."):
        answer = browser_of(second).post(row_url("ask", charge), {"reason": reason})
        assert answer.status_code == 422
        assert f"Raden är redan ifrågasatt av {first}." in words(answer)
    assert Question.objects.get().asked_by == first


def test_a_deduction_is_credited_without_a_right_amount():
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    with on("2026-10-20"):
        returned(loan)
    (invoice,) = run_month(OCTOBER)
    with pytest.raises(DomainError, match="Raden är ett avdrag"):
        services.credit_row(
            invoice.charges.get(kind="return"), user=khs_user(), right_amount=Decimal(900)
        )


def test_khs_credits_a_row_or_all_of_an_invoice_once(october, browser_of):
    desk = browser_of(khs_user())
    charge = october[1].charges.get()
    for _ in range(2):
        assert desk.post(row_url("credit_row", charge)).status_code == 302
    assert Correction.objects.count() == 1
    url = reverse("invoicing:credit", args=[october[1].number])
    other = browser_of(khs_user())
    assert "Det finns inget kvar på fakturan att kreditera." in words(other.post(url, follow=True))
    url = reverse("invoicing:credit", args=[october[0].number])
    for _ in range(2):
        told = words(desk.post(url, follow=True))
        assert "1 rad krediteras när nästa månad körs." in told and "inget kvar" not in told
    assert Correction.objects.count() == 2


def test_who_credits_a_sale_credits_what_was_given_back_of_it_too():
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    with on("2026-10-20"):
        returned(loan)
    (invoice,) = run_month(OCTOBER)
    assert invoice.total == 250
    services.credit_row(invoice.charges.get(kind="sale"), user=khs_user())
    (credit,) = run_month(NOVEMBER)
    assert credit.total == -250
    assert credit.vat == -invoice.vat


def test_the_right_amount_is_charged_in_place_of_a_wrong_one(browser_of):
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    charge = invoice.charges.get()
    desk = browser_of(khs_user())
    url = row_url("credit_row", charge)
    for _ in range(2):
        assert desk.post(url, {"right_amount": "1 250,50"}).status_code == 302
    internal, credit = run_month(NOVEMBER)
    assert (internal.total, credit.total) == (Decimal("1250.50"), -1000)
    mended = internal.charges.get()
    assert mended.kind == "mended"
    text = words(browser_of(controller()).get(page(internal)))
    assert f"Rätt belopp i stället för 1 000,00 på faktura {invoice.number}" in text
    with on("2026-12-10"):
        returned(loan)
    (given_back,) = run_month(DECEMBER)
    assert given_back.total == Decimal("-937.88"), "75 % of the right amount"


@pytest.mark.parametrize("right", [None, Decimal(1200)])
def test_what_comes_back_is_given_back_at_the_vat_of_its_sale(right):
    """In the month of the sale, and in one whose VAT is another."""
    facts = {"person": RecipientFactory(payer=payer("0881"))}
    now, later = (lent("2026-10-05", article("sale_return", "1000.00"), **facts) for _ in range(2))
    Terms.objects.create(valid_from=dt.date(2026, 10, 20), vat=12)
    with on("2026-10-25"):
        returned(now)
    (invoice,) = run_month(OCTOBER)
    assert (invoice.total, invoice.vat) == (1250, Decimal("312.50"))
    sold = invoice.charges.get(kind="sale", loan=later)
    if right:
        services.credit_row(sold, user=khs_user(), right_amount=right)
    run_month(NOVEMBER)
    with on("2026-12-10"):
        returned(later)
    (given_back,) = run_month(DECEMBER)
    assert given_back.total == -(right or 1000) * 75 / 100
    assert given_back.vat == given_back.total / 4


def test_the_right_amount_has_the_vat_of_the_row_in_whose_place_it_is():
    lent("2026-10-05", article("sale", "1000.00"), person=RecipientFactory(payer=payer("0881")))
    (invoice,) = run_month(OCTOBER)
    Terms.objects.create(valid_from=NOVEMBER, vat=12)
    services.credit_row(invoice.charges.get(), user=khs_user(), right_amount=Decimal(1200))
    mended, credit = run_month(NOVEMBER)
    assert (mended.vat, credit.vat) == (300, -250)


@pytest.mark.parametrize("back", ["2026-11-20", "2026-12-10", "2027-01-10"])
def test_who_credits_the_right_amount_too_has_nothing_left_whenever_it_comes_back(back):
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    services.credit_row(invoice.charges.get(), user=khs_user(), right_amount=Decimal(1200))
    for month in (NOVEMBER, DECEMBER, JANUARY):
        if back.startswith(f"{month:%Y-%m}"):
            with on(back):
                returned(loan)
        run_month(month)
        if month == NOVEMBER:
            services.credit_row(
                Charge.objects.get(kind="mended"), user=khs_user(), right_amount=None
            )
    assert sum(charge.amount for charge in Charge.objects.all()) == 0


def test_what_comes_back_is_given_back_of_the_last_right_amount():
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    services.credit_row(invoice.charges.get(), user=khs_user(), right_amount=Decimal(1200))
    run_month(NOVEMBER)
    mended = Charge.objects.get(kind="mended")
    services.credit_row(mended, user=khs_user(), right_amount=Decimal(800))
    with on("2026-12-10"):
        returned(loan)
    run_month(DECEMBER)
    given_back = Charge.objects.get(kind="return")
    assert (given_back.amount, given_back.of.amount) == (-600, 800)


def test_a_right_amount_that_comes_while_a_run_is_cut_off_is_charged_by_the_next():
    lent("2026-10-05", article("sale", "1000.00"))
    lent("2026-11-05", article("sale", "50.00"))
    (invoice,) = run_month(OCTOBER)
    run = begun(NOVEMBER)
    ((pair, drafts),) = months.plan(NOVEMBER).pairs.items()
    months.put_on_invoice(run, pair, drafts)  # and there it was cut off
    services.credit_row(invoice.charges.get(), user=khs_user(), right_amount=Decimal(900))
    months.perform(awaited.Work(run))
    run_month(DECEMBER)
    assert sum(charge.amount for charge in Charge.objects.all()) == 950


def test_no_right_amount_stops_the_months_run():
    person = RecipientFactory()
    with on("2026-10-10"):
        activity = work.registered(lend(person, article("none", None)))
        activity.type.hour_price = Decimal("640.00")
        activity.type.save()
        work.closed(activity, minutes=15)
    run_month(OCTOBER)
    quarter, desk = Charge.objects.get(kind="time"), khs_user()
    with pytest.raises(DomainError, match="för stort"):  # four times as much an hour
        services.credit_row(quarter, user=desk, right_amount=Decimal(25_000_000))
    services.credit_row(quarter, user=desk, right_amount=Decimal("24999999.99"))
    run_month(NOVEMBER)
    mended = Charge.objects.get(kind="mended")
    assert (mended.unit_price, mended.amount) == (Decimal("99999999.96"), Decimal("24999999.99"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x", "Skriv beloppet som 1 250,50."),
        ("-1", "Rätt belopp är mer än 0 kr."),
        ("0", "Rätt belopp är mer än 0 kr."),
        ("1000", "Det är beloppet som redan står på raden."),
        ("1,234", "Skriv högst två decimaler."),
        ("9" * 20, "Skriv ett belopp i kronor."),
        ("100000000", "Beloppet är för stort."),
    ],
)
def test_a_wrong_right_amount_is_told_at_its_field(browser_of, typed, said):
    lent("2026-10-05", article("sale", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    answer = browser_of(khs_user()).post(
        row_url("credit_row", invoice.charges.get()), {"right_amount": typed}
    )
    assert answer.status_code == 422
    assert said in words(answer) and f'value="{typed}"' in answer.content.decode()
    assert not Correction.objects.exists()


def test_what_has_come_back_in_part_is_credited_without_a_right_amount():
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    with on("2026-10-20"):
        returned(loan)
    (invoice,) = run_month(OCTOBER)
    with pytest.raises(DomainError, match="lämnats tillbaka"):
        services.credit_row(
            invoice.charges.get(kind="sale"), user=khs_user(), right_amount=Decimal(900)
        )


def test_the_same_answer_with_another_right_amount_is_told_that_the_first_one_stands(browser_of):
    lent("2026-10-05", article("sale", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    charge, desk = invoice.charges.get(), browser_of(khs_user())
    services.ask(charge, user=controller(), reason="Fel pris")
    told = [
        desk.post(
            row_url("answer", charge),
            {"answer": "Det stämmer.", "right_amount": amount, "kreditera": "1"},
        )
        for amount in ("850", "850,00", "8,50", "")
    ]
    assert [answer.status_code for answer in told] == [302, 302, 422, 422]
    assert "Raden är redan besvarad med något annat." in words(told[2])
    assert Correction.objects.get().right_amount == 850


@pytest.mark.parametrize(
    ("typed", "said"),
    [("x", "Skriv beloppet som 1 250,50."), ("0", "Rätt belopp är mer än 0 kr.")],
)
def test_khs_credits_with_a_wrong_amount_what_was_questioned_meanwhile(
    october, browser_of, typed, said
):
    charge = october[1].charges.get()
    services.ask(charge, user=controller(), reason="Fel pris")
    answer = browser_of(khs_user()).post(row_url("credit_row", charge), {"right_amount": typed})
    assert answer.status_code == 422
    assert said in words(answer) and f'value="{typed}"' in answer.content.decode()


def test_a_question_is_answered_with_the_right_amount(browser_of):
    lent("2026-10-05", article("sale", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    charge = invoice.charges.get()
    services.ask(charge, user=controller(), reason="Priset är fel.")
    said = {"answer": "Priset var 900.", "right_amount": "900", "kreditera": "1"}
    assert browser_of(khs_user()).post(row_url("answer", charge), said).status_code == 302
    assert sum(one.total for one in run_month(NOVEMBER)) == -100


@pytest.mark.parametrize("back", ["2026-11-10", "2026-12-10"])
def test_what_comes_back_of_a_credited_sale_gives_nothing_more(back):
    loan = lent("2026-10-05", article("sale_return", "1000.00"))
    (invoice,) = run_month(OCTOBER)
    services.credit_invoice(invoice, user=khs_user())
    if back == "2026-11-10":
        with on(back):
            returned(loan)
    run_month(NOVEMBER)
    if back == "2026-12-10":
        with on(back):
            returned(loan)
    run_month(DECEMBER)
    assert sum(charge.amount for charge in Charge.objects.all()) == 0


def test_a_credited_month_of_rent_isnt_charged_again_nor_credited_twice():
    loan = lent("2026-10-01", article(price="31.00"))
    (invoice,) = run_month(OCTOBER)
    services.credit_invoice(invoice, user=khs_user())
    with on("2026-11-03"):
        made = returned(loan)
    type(made).objects.update(at=dt.datetime.fromisoformat("2026-10-21 10:00+02:00"))
    run_month(NOVEMBER)
    run_month(DECEMBER)
    assert sum(charge.amount for charge in Charge.objects.all()) == 0
    assert sum(charge.days for charge in Charge.objects.filter(kind="rent")) == 20


# --- Excel ---


def test_every_download_is_logged(october, browser_of):
    user = controller()
    answer = browser_of(user).post(reverse("invoicing:excel", args=[october[1].number]))
    printout = Printout.objects.get()
    assert answer["Location"].endswith(f"{printout.key}/")
    assert printout.name == "fakturaspecifikation-26100002.xlsx"
    entry = AccessLogEntry.objects.filter(user=user, action="download").get()
    assert entry.detail == "Fakturaspecifikation 26100002"
    assert BufferFactory()
