"""Two who run a month at the same instant: real connections, real threads."""

import pytest

from invoicing import jobs, months, services
from invoicing.models import Charge, Correction, Invoice, MonthRun, Question
from organisation.models import Message
from sesam import awaited
from sesam.errors import DomainError
from tests.at_once import at_once, while_others_write
from tests.deviations.builders import khs_user
from tests.factories import BufferFactory, PayerFactory, RecipientFactory
from tests.pickups.builders import lend

from .builders import NOVEMBER, OCTOBER, article, begun, on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def october():
    """A month with invoices between several."""
    store = BufferFactory()
    for code in ("0880", "0881", "0882"):
        person = RecipientFactory(payer=PayerFactory(code=code, name=f"Kommun {code}"))
        with on("2026-10-05"):
            lend(person, article(), 2, store=store)
            lend(person, article("sale", "10.00"), store=store)
    return begun(OCTOBER)


def test_a_month_that_is_run_twice_at_once_is_run_once(october):
    def perform():
        return months.perform(awaited.Work(MonthRun.objects.get(pk=october.pk)))

    at_once(perform, perform, perform)
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == ["26100001", "26100002", "26100003"]
    assert Charge.objects.count() == 6


def test_a_second_run_waits_for_the_first_ones_invoice(october):
    plan = months.plan(OCTOBER)
    pair, drafts = next(iter(plan.pairs.items()))
    second = while_others_write(
        lambda: months.put_on_invoice(october, pair, drafts),
        lambda: months.put_on_invoice(october, pair, drafts),
    )
    assert second is None
    assert Charge.objects.count() == len(drafts)


def test_two_who_begin_and_confirm_a_month_at_once_begin_one(october):
    user = khs_user()
    months.perform(awaited.Work(october))
    with on("2026-12-01"):
        runs = at_once(*[lambda: months.begin(NOVEMBER, user=user)] * 2)
        assert runs[0] == runs[1]
        months.try_out(awaited.Work(runs[0]))
        assert sorted(at_once(*[lambda: months.confirm(runs[0])] * 2)) == [False, True]


def test_of_two_first_months_at_once_one_is_begun():
    user = khs_user()
    with on("2026-12-01"):
        at_once(*[lambda m=month: months.begin(m, user=user) for month in (OCTOBER, NOVEMBER)])
    assert MonthRun.objects.count() == 1


def test_a_job_that_is_called_again_changes_nothing(october):
    with on("2026-11-01"):
        jobs.run_month(october.pk)
        told = list(Charge.objects.values_list("pk", "source_key"))
        jobs.run_month(october.pk)
    assert list(Charge.objects.values_list("pk", "source_key")) == told


def test_months_are_run_in_their_order_and_when_they_are_over(october):
    months.perform(awaited.Work(october))
    user = khs_user()
    with on("2026-11-30"), pytest.raises(DomainError, match="November 2026 är inte slut"):
        months.begin(NOVEMBER, user=user)
    with on("2027-02-01"), pytest.raises(DomainError, match="Nästa är november 2026"):
        months.begin(NOVEMBER.replace(month=12), user=user)


def test_a_row_that_two_question_and_answer_at_once_is_questioned_and_answered_once(october):
    months.perform(awaited.Work(october))
    charge = Charge.objects.first()
    asker, khs = khs_user(), khs_user()
    asked = at_once(
        *[lambda: services.ask(Charge.objects.get(pk=charge.pk), user=asker, reason="Fel")] * 2
    )
    assert asked[0] == asked[1]

    def answer(credit: bool):
        question = Question.objects.get()
        return lambda: services.answer(
            question, user=khs, credit=credit, text="Vi har sett på den."
        )

    told = at_once(answer(True), answer(False))
    assert sum(isinstance(one, DomainError) for one in told) == 1
    assert Message.objects.filter(user=asker).count() == 1
    assert Correction.objects.count() == (Question.objects.get().status == "credited")


def test_an_invoice_that_is_credited_while_its_row_is_questioned_isnt_both(october):
    months.perform(awaited.Work(october))
    invoice = Invoice.objects.first()
    charge = invoice.charges.first()
    told = while_others_write(
        lambda: services.credit_invoice(invoice, user=khs_user()),
        lambda: _caught(lambda: services.ask(charge, user=khs_user(), reason="Fel")),
    )
    assert isinstance(told, DomainError)
    assert not Question.objects.exists()


def _caught(job):
    try:
        return job()
    except DomainError as fault:
        return fault
