"""Contact blocks, new pieces, messages, deviations and KHS's registers, sent twice at the same instant
through real HTTP: done once, and told as done both times. ``SENT_TWICE=50`` looks longer. And no address
that takes a form is forgotten."""

import ast
import datetime as dt
import os
from pathlib import Path

import pytest
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from deviations.models import Deviation, Recall
from individuals.models import Individual
from individuals.stock_check import differences
from invoicing import doubts, months
from invoicing.models import Correction, DoubtfulLoan, LossVerdict, MonthRun
from invoicing.sources import losses
from orders.models import CartLine, OrderTemplate, ProjectMove
from orders.stages import Stage
from organisation import messages
from organisation.models import AccessLogEntry, LookReason, Message
from organisation.permissions import BUFFERT, KHS, LOGGRANSKARE
from pickups.services import Got, receive
from recipients.cases import EventKind
from recipients.models import Recipient
from sesam import history
from sesam.models import Printout
from tests.activities.builders import registered as an_activity
from tests.activities.builders import technician
from tests.at_once import at, both
from tests.deviations.builders import chair, closed, registered
from tests.deviations.test_recall_pages import notice
from tests.deviations.test_views import begin, event
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    PayerFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
)
from tests.invoicing.builders import OCTOBER, article, on, run_month
from tests.invoicing.test_specifications import lent
from tests.jobs import run_jobs, taken, waiting
from tests.orders.builders import TO_APPROVAL, add, last_move, project, start
from tests.pickups.builders import fetched, lend, prescriber
from tests.pickups.pages import form_of
from tests.test_sent_twice import a_recall
from tests.url_table import URLS

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(int(os.environ.get("SENT_TWICE", "4")))
FILES = [
    "test_sent_twice.py",
    "test_other_deeds_sent_twice.py",
    "test_the_rest_sent_twice.py",
    "portal/test_at_once.py",
]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def khs(twice):
    return twice(UserFactory(roles=[KHS], is_staff=True))


def told_of(case, kind: EventKind) -> int:
    return case.events.filter(kind=kind).count()


def test_a_recipients_contact_block_is_changed_and_the_switch_turned_back(twice):
    client, browser = twice(prescriber())
    person = RecipientFactory()
    url = reverse("recipients:detail", args=[person.key]) + "?redigera=uppgifter"
    back = reverse("recipients:undo_contact", args=[person.key])
    for n in ROUNDS:
        typed = {"door_code": str(1000 + n), "contact_prescriber": "ja"}
        words = both(browser, url, form_of(client.get(url)) | typed)
        assert len(words) == 2, "saved, and «Ångra» of the switch"
        person.refresh_from_db()
        assert (person.door_code, person.version) == (str(1000 + n), 2 * n + 1)
        both(browser, f"{back}?till=nej&version={person.version}", {})
    person.refresh_from_db()
    assert person.version == 2 * len(ROUNDS)
    assert AccessLogEntry.objects.filter(action="change").count() == 2 * len(ROUNDS)


@pytest.mark.parametrize("app", ["activities:detail", "pickups:detail", "deviations:detail"])
def test_a_block_of_a_case_is_changed(twice, app):
    user = prescriber()
    client, browser = twice(user)
    make, block, field = {
        "activities:detail": (an_activity, "kommentar", "comment"),
        "pickups:detail": (fetched, "kommentar", "comment"),
        "deviations:detail": (registered, "handelse", "what_happened"),
    }[app]
    case = make(chair(), user=user)
    url = reverse(app, args=[case.case_number]) + f"?redigera={block}"
    told = told_of(case, EventKind.CHANGED)
    for n in ROUNDS:
        both(browser, url, form_of(client.get(url)) | {field: f"Ring {n} gånger."})
        case.refresh_from_db()
        assert getattr(case, field) == f"Ring {n} gånger."
    assert told_of(case, EventKind.CHANGED) == told + len(ROUNDS)


def test_a_new_piece_is_registered(twice):
    store = BufferFactory(may_register_individuals=True)
    unit = UnitFactory(own_stores=[store])
    client, browser = twice(UserFactory(roles=[BUFFERT], default_unit=unit))
    what = ArticleFactory(is_marked=True, responsibility="B")
    for n in ROUNDS:
        first = client.get(reverse("individuals:register"), {"lager": store.number}).url
        typed = {"action": "next", "warehouse": store.number, "article": what.number}
        second = client.post(first, typed).url
        last = client.post(second, {"action": "next", "confirmed": "on"}).url
        piece = {"number": str(700000 + n), "age": "0", "action": "finish"}
        first, second = browser.post(at("individuals:register_step", last), piece)
        assert (first.status, first.location) == (second.status, second.location)
        assert first.location == reverse("individuals:detail", args=[piece["number"]])
    assert Individual.objects.count() == len(ROUNDS)


def test_a_message_is_archived_and_taken_out(twice):
    user = prescriber()
    _, browser = twice(user)
    message = messages.send(user, title="Ärendet är avslutat")
    for _ in ROUNDS:
        for name, is_away in (("message_put_away", True), ("message_take_out", False)):
            assert both(browser, reverse(name, args=[message.key]), {})
            message.refresh_from_db()
            assert (message.archived_at is not None) is is_away


def test_a_deviation_is_registered(twice):
    client, browser = twice(prescriber())
    for _ in ROUNDS:
        loan = chair()
        last = client.post(begin(client, loan.recipient, loan), event()).url
        form = form_of(client.get(last)) | {"action": "finish"}
        first, second = browser.post(at("deviations:step", last), form)
        assert first.status == second.status == 302 and first.location == second.location
    assert Deviation.objects.count() == len(ROUNDS)


def test_a_deviation_is_received_held_released_and_opened_again(khs):
    _, browser = khs
    for _ in ROUNDS:
        made = registered(chair())
        for name in ("deviations:receive", "deviations:hold", "deviations:release"):
            assert both(browser, reverse(name, args=[made.case_number]), {})
        for kind in (EventKind.RECEIVED, EventKind.BLOCKED, EventKind.UNBLOCKED):
            assert told_of(made, kind) == 1
        made.refresh_from_db()
        closed(made)
        both(browser, reverse("deviations:reopen", args=[made.case_number]), {"why": "Fel svar."})
        assert made.events.filter(text="Öppnades igen").count() == 1


def test_a_recall_is_registered_and_searched_for_again(khs):
    client, browser = khs
    what = ArticleFactory(is_marked=True)
    for n in ROUNDS:
        step = client.get(reverse("deviations:recall_begin")).url
        step = client.post(step, {**notice(), "action": "next"}).url
        scope = {"articles": what.number, "scope": "vissa", "serials": f"SN-{n}", "action": "next"}
        last = at("deviations:recall_step", client.post(step, scope).url)
        first, second = browser.post(last, {"confirmed": "on", "action": "finish"})
        assert first.status == second.status == 302 and first.location == second.location
        assert Recall.objects.count() == n + 1 and len(taken()) == 1
        recall = Recall.objects.latest("pk")
        Recall.objects.filter(pk=recall.pk).update(error="Sökningen avbröts av ett fel.")
        both(browser, reverse("deviations:recall_search", args=[recall.case_number]), {})
        assert len(taken()) == 1


def test_what_is_done_of_recalled_pieces_is_taken_up_again_and_their_sheet_ordered(khs):
    client, browser = khs
    for _ in ROUNDS:
        recall = a_recall()
        begin = reverse("deviations:recall_act", args=[recall.case_number])
        step = client.get(f"{begin}?alla=1").url
        wanted = {"work": "inga", "sends_message": "on", "letters": "inga", "action": "next"}
        last = at("deviations:recall_act_step", client.post(step, wanted).url)
        first, second = browser.post(last, {"action": "finish"})
        assert first.status == second.status == 302 and first.location == second.location
        assert recall.deeds.count() == len(taken()) == 1
        recall.deeds.update(error="Åtgärden avbröts av ett fel.")
        deed = recall.deeds.get()
        both(browser, reverse("deviations:recall_deed", args=[recall.case_number, deed.key]), {})
        assert len(taken()) == 1
        both(browser, reverse("deviations:recall_excel", args=[recall.case_number]), {})
        assert len(taken()) == 1


@pytest.mark.parametrize("said", ["replaced", "remedied", "samtal"])
def test_khs_confirms_a_recalled_piece(khs, said):
    client, browser = khs
    for _ in ROUNDS:
        recall = a_recall()
        begin = reverse("deviations:recall_confirm", args=[recall.case_number])
        step = client.post(begin, {"valda": recall.items.get().pk}).url
        form = {"said": said, "note": "Ringde avdelningen", "action": "finish"}
        first, second = browser.post(at("deviations:recall_confirm_step", step), form)
        assert first.status == second.status == 302 and first.location == second.location
        assert recall.events.count() == 1, "answered, or called, once"
    assert differences() == []


def test_what_stands_on_a_pieces_plate_is_corrected(khs):
    client, browser = khs
    piece = IndividualFactory()
    url = reverse("individuals:detail", args=[piece.number]) + "?redigera=marke"
    kept = history.of(Individual).changes.objects.filter(pgh_obj=piece.pk)
    before = kept.count()
    for n in ROUNDS:
        both(browser, url, form_of(client.get(url)) | {"serial_number": f"SN-{n}", "lot": "L"})
    piece.refresh_from_db()
    assert piece.serial_number == f"SN-{len(ROUNDS) - 1}"
    assert kept.count() == before + len(ROUNDS)


def test_a_month_is_begun_and_run(khs):
    _, browser = khs
    for _ in ROUNDS:
        MonthRun.objects.all().delete()
        month = months.first_choices()[0]
        wanted = {"manad": month.isoformat()}
        both(browser, reverse("admin:invoicing_monthrun_changelist"), wanted)
        run = MonthRun.objects.get()
        assert [job for job, _ in waiting()] == ["invoicing.try_month"]
        run_jobs()
        both(browser, reverse("admin:invoicing_monthrun_change", args=[run.pk]), {"kor": "1"})
        assert [job for job, _ in waiting()] == ["invoicing.run_month"]
        taken()


@pytest.mark.parametrize("deed", ["debitera", "inte"])
def test_a_loss_is_decided_on(khs, deed):
    _, browser = khs
    page = reverse("admin:invoicing_lossverdict_changelist")
    for n in ROUNDS:
        loan = lent("2026-10-05", article(is_marked=True))
        pickup = fetched(loan)
        receive(pickup, [Got(pickup.lines.get().pk, 1, "missing")], user=prescriber())
        (loss,) = losses.undecided()
        url = f"{page}?arende={loss.case_number}" if n % 2 else page
        assert both(browser, url, {"vad": loss.key, deed: "1"})
    assert LossVerdict.objects.count() == len(ROUNDS)
    told = AccessLogEntry.objects.filter(detail__startswith="Bestämde om förlorat")
    assert told.count() == len(ROUNDS)


def test_a_prescriber_is_asked_about_a_loan(khs):
    _, browser = khs
    page = reverse("admin:invoicing_doubtfulloan_changelist")
    for n in ROUNDS:
        loan = lent("2026-10-05", article())
        Recipient.objects.filter(pk=loan.recipient_id).update(deceased_on=timezone.localdate())
        doubts.find()
        doubt = DoubtfulLoan.objects.get(loan=loan)
        assert both(browser, page, {"lan": doubt.pk})
        assert Message.objects.count() == n + 1


def test_a_prescriber_is_asked_to_approve_an_offer(khs):
    _, browser = khs
    facts = {"user": prescriber(), "recipient": RecipientFactory()}
    for n in ROUNDS:
        line = project(*TO_APPROVAL[:-1], **facts)
        url = reverse("orders:move", args=[line.order.case_number, line.pk, Stage.WAITING])
        both(browser, url, {"sett": last_move(line), "note": ""})
        assert ProjectMove.objects.filter(line=line, stage=Stage.WAITING).count() == 1
        assert Message.objects.filter(user=facts["user"]).count() == n + 1


def test_an_activity_is_planned(twice):
    client, browser = twice(technician())
    activity = an_activity(chair())
    page = reverse("activities:detail", args=[activity.case_number])
    url = reverse("activities:plan", args=[activity.case_number])
    told = activity.events.count()
    for n in ROUNDS:
        day = timezone.localdate() + dt.timedelta(days=n + 1)
        both(browser, url, form_of(client.get(page)) | {"dag": day.isoformat()})
        activity.refresh_from_db()
        assert activity.planned_for == day
    assert activity.events.count() == told + len(ROUNDS)


def test_the_order_in_progress_is_saved_as_a_template_and_that_renamed(twice):
    user = prescriber()
    client, browser = twice(user)
    add(start(user, RecipientFactory()), ArticleFactory())
    url = reverse("orders:save_cart")
    for n in ROUNDS:
        form = form_of(client.get(url)) | {"name": f"Paket {n}", "action": "finish"}
        both(browser, url, form)
        made = OrderTemplate.objects.get(name=f"Paket {n}")
        here = reverse("orders:template", args=[made.key]) + "?redigera=mall"
        both(browser, here, form_of(client.get(here)) | {"name": f"Rullstol {n}"})
    names = [f"Rullstol {n}" for n in ROUNDS]
    assert sorted(OrderTemplate.objects.values_list("name", flat=True)) == sorted(names)


def test_a_line_gets_its_follow_up(twice):
    user = prescriber()
    _, browser = twice(user)
    line = add(start(user, RecipientFactory()), ArticleFactory())
    url = reverse("orders:follow_up", args=[line.pk])
    for n in ROUNDS:
        both(browser, url, {"weeks": str((2, 4)[n % 2]), "action": "finish"})
        assert CartLine.objects.get().follow_up_weeks == (2, 4)[n % 2]


def test_a_row_of_an_invoice_is_credited_and_its_sheet_ordered(khs):
    _, browser = khs
    PayerFactory(code="0880")
    with on("2026-10-05"):
        for _ in ROUNDS:
            lend(RecipientFactory(), article("sale", "100.00"))
    invoice = run_month(OCTOBER)[-1]
    rows = list(invoice.charges.order_by("pk"))
    taken()
    for n, row in enumerate(rows, 1):
        args = [invoice.number, row.pk]
        both(browser, reverse("invoicing:credit_row", args=args), {"right_amount": "90"})
        assert Correction.objects.count() == n
    both(browser, reverse("invoicing:excel", args=[invoice.number]), {})
    assert Printout.objects.count() == len(taken()) == 1


# --- no address is forgotten ---

SEARCH = "a question: leads to what is found and writes nothing"


@pytest.mark.asks_why
def test_why_one_looks_is_said_once(twice):
    care = twice(UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab Västervik")))[1]
    reviewer = twice(UserFactory(roles=[LOGGRANSKARE], default_unit=None))[1]
    said = AccessLogEntry.objects.filter(action=AccessLogEntry.Action.REASON)
    answer, checks = ({"skal": LookReason.objects.get(name=name).pk, "text": ""} for name in ("Akut", "Kontroll av loggen"))  # fmt: skip
    for _ in ROUNDS:
        piece = IndividualFactory()
        held, other = LoanFactory(individual=piece).recipient, RecipientFactory()
        both(care, reverse("recipients:why", args=[other.key]), answer)
        assert said.get(recipient_key=other.key).reason_id == answer["skal"]
        both(care, reverse("orders:holder", args=[piece.number]), answer)
        assert said.get(recipient_key=held.key).reason_id == answer["skal"]
        both(reviewer, reverse("access_log_who", args=[other.key]), checks)
        assert said.get(recipient_key=other.key, reason=checks["skal"])


SAME = "the same values are saved again"
TICKED = "leads on with what was ticked"
FILE = "answers with a file, and writes its row of the log, each time"
LOOK = "shows who it is; each answer is a look, with its row of the log"
PRINTOUT = "the same document that is waited for already (invoicing:excel)"
VALUE = "puts back what its address says: as recipients:undo_contact"
CHECKS = "its look or month is locked: portal/spot_checks/test_services.py, «sent twice»"
REASONS = {
    "alive": "takes no form",
    "ready": "takes no form",
    "sign_in": "signs in",
    "sign_out": "signs out",
    "columns": SAME,
    "settings": SAME,
    "message_mail": SAME,
    "my_page": SAME,
    "switch_unit": SAME,
    "articles:forget": "nothing is left to forget",
    "articles:search": SEARCH,
    "articles:compare": SEARCH,
    "articles:store": SEARCH,
    "articles:detail": SEARCH,
    "individuals:search": SEARCH,
    "recipients:search": SEARCH,
    "start": SEARCH,
    "search": SEARCH,
    "access_log": SEARCH,
    "orders:deliver_piece": SEARCH,
    "articles:store_report": PRINTOUT,
    "archive": PRINTOUT,
    "pickups:slip": FILE,
    "access_log_extract": FILE,
    "spot_check_look_who": LOOK,
    "activities:begin": TICKED,
    "deviations:begin_for": TICKED,
    "activities:undo_contact": VALUE,
    "pickups:undo_contact": VALUE,
    "orders:store_from_template": "as orders:from_template",
    "orders:detail": "what a protected person's order lacks is written: the same values again",
    "recipients:follow_up": "portal/test_at_once.py, by its path",
    "news_important": "portal/test_at_once.py, by its path",
    "barrier": "portal/test_at_once.py, by its path",
    "spot_check_plan": CHECKS,
    "spot_check_known": CHECKS,
    "spot_check_known_end": CHECKS,
    "spot_check_close": CHECKS,
    "spot_check_look": CHECKS,
    "spot_check_answer": CHECKS,
    "spot_check_measure": CHECKS,
}


def test_every_address_that_takes_a_form_is_sent_twice_or_says_why_not():
    named = set()
    for name in FILES:
        tree = ast.parse((Path(__file__).parent / name).read_text(encoding="utf-8"))
        # The keys of the reasons are no tests
        tree.body = [node for node in tree.body if not _is_reasons(node)]
        named |= {x.value for x in ast.walk(tree) if isinstance(x, ast.Constant)} & URLS.keys()
    takes = {name for name, view in views_of(get_resolver()) if name in URLS and _takes_post(view)}
    assert takes - named - REASONS.keys() == set(), "sent twice, it does what?"
    assert REASONS.keys() - takes == set(), "takes no form (any more)"
    assert REASONS.keys() & named == set(), "sent twice by a test: needs no reason"


def _is_reasons(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REASONS"


def views_of(resolver, space: str = ""):
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield f"{space}{one.name}", one.callback
        else:
            yield from views_of(one, f"{space}{one.namespace}:" if one.namespace else space)


def _takes_post(view) -> bool:
    """By ``require_http_methods`` around it, if any."""
    while view:
        kept = view.__code__.co_freevars if hasattr(view, "__code__") else ()
        if "request_method_list" in kept:
            at_hand = view.__closure__[kept.index("request_method_list")]
            return "POST" in at_hand.cell_contents
        view = getattr(view, "__wrapped__", None)
    return True
