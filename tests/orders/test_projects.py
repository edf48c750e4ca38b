"""A hoist project: its stages, moved by KHS, the offer answered by the prescriber."""

import re
from importlib import import_module
from operator import attrgetter

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import Project
from orders import services
from orders.models import LineDelivery, OrderAttachment, OrderStatus
from orders.services import Pick
from orders.stages import COURSES, NEXT_STAGE, Stage
from organisation.models import AccessLogEntry
from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS
from recipients.models import Loan
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import TO_APPROVAL, add, go, last_move, pdf, project, project_article, sent, start

pytestmark = pytest.mark.django_db
TO_INSTALLED = [*TO_APPROVAL, Stage.APPROVED, Stage.PURCHASED, Stage.INSTALLED]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def khs_user():
    return UserFactory(roles=[KHS], is_staff=True)


def at(user) -> Client:
    client = Client()
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return client


def case(line) -> str:
    return reverse("orders:detail", args=[line.order.case_number])


def answer(line, name: str = "approve_offer", move: int | None = None) -> str:
    return reverse(f"orders:{name}", args=[line.order.case_number, move or last_move(line)])


def page(line, name: str = "detail", *more) -> str:
    own = [line.pk, *more] if name != "detail" else []
    return reverse(f"orders:{name}", args=[line.order.case_number, *own])


def stages(line) -> list[str]:
    return list(line.moves.order_by("pk").values_list("stage", flat=True))


def shown_steps(text: str) -> list[tuple[str, bool]]:
    """Each step's words, and whether it is the current one."""
    steps = re.findall(r'<li class="progress-step[^"]*"(.*?)>(.*?)</li>', text, flags=re.S)
    return [
        (re.search(r'progress-name">([^<]*)', body).group(1), "aria-current" in attributes)
        for attributes, body in steps
    ]


# --- the course --------------------------------------------------------------------------


def test_a_project_begins_when_its_order_is_sent():
    line = project()
    move = line.moves.get()
    assert line.stage == move.stage == Stage.RECEIVED
    assert move.by == line.order.ordered_by and move.at == line.order.sent_at


def test_other_lines_have_no_stage():
    line = sent((ArticleFactory(), 1)).lines.get()
    assert line.stage == "" and not line.moves.exists()


def test_the_course_is_said_by_the_article_and_stays_with_the_line():
    line = project()
    line.article.project = Project.WITHOUT_OFFER
    line.article.save()
    assert go(line, *TO_INSTALLED).stage == Stage.INSTALLED


def test_the_short_course_has_no_offer(khs_user):
    line = project(Stage.AT_SUPPLIER, course=Project.WITHOUT_OFFER)
    with pytest.raises(DomainError, match="Nästa steg är «Inköp gjort»"):
        services.move_on(
            line, Stage.OFFER_RECEIVED, user=khs_user, seen=last_move(line), offer=pdf()
        )
    assert go(line, Stage.PURCHASED, Stage.INSTALLED).stage == Stage.INSTALLED
    text = at(line.order.prescriber).get(case(line)).content.decode()
    assert [label for label, _ in shown_steps(text)] == [
        "Mottagen av KHS", "Skickad till leverantör", "Inköp gjort", "Monterad", "Utlevererad",
    ]  # fmt: skip


@pytest.mark.parametrize("course", COURSES)
def test_every_stage_of_a_course_is_reached_and_leads_to_its_end(course):
    reached, ahead = {Stage.RECEIVED}, [Stage.RECEIVED]
    while ahead:
        for stage in NEXT_STAGE[course][ahead.pop()]:
            if stage not in reached:
                reached.add(stage)
                ahead.append(stage)
    assert reached == {stage for step in COURSES[course] for stage in step}
    assert Stage.DELIVERED in reached


@pytest.mark.parametrize(
    ("reached", "to"),
    [
        ([], Stage.OFFER_RECEIVED),
        ([], Stage.RECEIVED),
        (TO_APPROVAL, Stage.APPROVED),
        (TO_APPROVAL, Stage.PURCHASED),
        ([*TO_APPROVAL, Stage.REFUSED], Stage.PURCHASED),
        (TO_INSTALLED, Stage.DELIVERED),
        (TO_INSTALLED, Stage.AT_SUPPLIER),
    ],
)
def test_khs_can_not_jump(khs_user, reached, to):
    line = project(*reached)
    before = stages(line)
    with pytest.raises(DomainError, match=f"kan inte flyttas till «{to.label}»"):
        services.move_on(line, to, user=khs_user, seen=last_move(line), offer=pdf())
    assert stages(line) == before


def test_after_a_refusal_khs_asks_for_a_new_offer_which_can_be_approved():
    line = project(*TO_APPROVAL, Stage.REFUSED, *TO_APPROVAL, Stage.APPROVED)
    assert line.stage == Stage.APPROVED
    text = at(line.order.prescriber).get(case(line)).content.decode()
    assert text.count("offert.pdf") >= 2 and "Ej godkänd" in text and "Offerter" in text


def test_what_happened_is_never_changed():
    move = project(Stage.AT_SUPPLIER).moves.last()
    rows = type(move).objects.filter(pk=move.pk)
    for change in (
        lambda: rows.update(note="Ett annat ord"),
        lambda: rows.update(at=timezone.now()),
        lambda: move.delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


# --- KHS in the back office --------------------------------------------------------------


def test_khs_moves_a_project_with_a_note_that_the_unit_sees(khs_user):
    line, khs = project(), at(khs_user)
    assert "Skickad till leverantör</a>" in khs.get(page(line)).content.decode()
    url = page(line, "move", Stage.AT_SUPPLIER)
    assert "Flyttas till" in khs.get(url).content.decode()
    response = khs.post(url, {"sett": last_move(line), "note": "Guldmann, Anders"}, follow=True)
    assert "Projektering av taklyft: Skickad till leverantör." in response.content.decode()
    assert stages(line) == [Stage.RECEIVED, Stage.AT_SUPPLIER]
    text = at(line.order.prescriber).get(case(line)).content.decode()
    assert "Guldmann, Anders" in text and khs_user.last_name in text
    assert ("Skickad till leverantör", True) in shown_steps(text)
    logged = AccessLogEntry.objects.filter(user=khs_user, action=AccessLogEntry.Action.CHANGE)
    assert logged.get().case_number == line.order.case_number


def test_an_offer_needs_its_file(khs_user):
    line, khs = project(Stage.AT_SUPPLIER), at(khs_user)
    url = page(line, "move", Stage.OFFER_RECEIVED)
    data = {"sett": last_move(line), "amount": "24 500,50"}
    without = khs.post(url, data)
    assert without.status_code == 422 and "Bifoga offerten" in without.content.decode()
    assert 'aria-invalid="true"' in without.content.decode()
    program = pdf()
    program.file.seek(0)
    program.file.write(b"MZ" + b"\0" * 60)
    program.file.seek(0)
    wrong = khs.post(url, {**data, "offer": program})
    assert wrong.status_code == 422 and "kan inte bifogas" in wrong.content.decode()
    assert not OrderAttachment.objects.exists()
    assert khs.post(url, {**data, "offer": pdf()}).status_code == 302
    move = line.moves.last()
    assert move.offer.name == "offert.pdf" and str(move.amount) == "24500.50"


@pytest.mark.parametrize(
    ("typed", "told"),
    [("mycket", "med siffror"), ("-1", "mindre än 0"), ("1,234", "två decimaler"),
     ("999999999999", "för stort")],
)  # fmt: skip
def test_a_wrong_amount_is_told_at_the_field(khs_user, typed, told):
    line = project(Stage.AT_SUPPLIER)
    url = page(line, "move", Stage.OFFER_RECEIVED)
    response = at(khs_user).post(url, {"sett": last_move(line), "amount": typed, "offer": pdf()})
    assert response.status_code == 422 and told in response.content.decode()
    assert stages(line)[-1] == Stage.AT_SUPPLIER


def test_moved_by_somebody_else_meanwhile_is_told(khs_user):
    line, khs = project(), at(khs_user)
    data = {"sett": last_move(line), "note": ""}
    go(line, Stage.AT_SUPPLIER)
    response = khs.post(page(line, "move", Stage.AT_SUPPLIER), data)
    assert response.status_code == 422
    assert "Någon annan har flyttat projektet" in response.content.decode()
    assert line.moves.count() == 2


def test_sent_twice_it_is_moved_once(khs_user):
    line, khs = project(), at(khs_user)
    data = {"sett": last_move(line), "note": ""}
    for _ in range(2):
        assert khs.post(page(line, "move", Stage.AT_SUPPLIER), data).status_code == 302
    assert line.moves.count() == 2


def test_a_stage_that_is_not_next_sends_khs_back_to_the_order(khs_user):
    line, khs = project(), at(khs_user)
    response = khs.get(page(line, "move", Stage.INSTALLED), follow=True)
    assert "kan inte flyttas till «Monterad»" in response.content.decode()
    assert khs.get(page(line, "move", "hittepa")).status_code == 404


def test_the_queue_says_whose_turn_it_is(khs_user):
    theirs, ours = project(*TO_APPROVAL), project(Stage.AT_SUPPLIER)
    installed = project(*TO_INSTALLED)
    khs, queue = at(khs_user), reverse("admin:orders_order_changelist")

    def found(state: str) -> set[str]:
        text = khs.get(queue, {"lage": state}).content.decode()
        lines = (theirs, ours, installed)
        return {x.order.case_number for x in lines if x.order.case_number in text}

    assert found("forskrivare") == {theirs.order.case_number}
    assert found("projekt") == {ours.order.case_number}
    assert found("klar") == {installed.order.case_number}
    text = khs.get(queue).content.decode()
    assert "Väntar på förskrivarens godkännande" in text and "0 av 1" in text
    assert "försenad" not in text


# --- the prescriber's answer -------------------------------------------------------------


def test_the_orders_page_asks_the_prescriber_and_shows_the_offer():
    line = project(*TO_APPROVAL)
    client = at(line.order.prescriber)
    text = client.get(case(line)).content.decode()
    assert "Offerten väntar på ditt godkännande" in text
    assert answer(line) in text and answer(line, "refuse_offer") in text
    assert "24\u00a0500,00\u00a0kr" in text
    assert ("Väntar på förskrivarens godkännande", True) in shown_steps(text)
    file = line.order.attachments.get()
    assert client.get(
        reverse("orders:attachment", args=[line.order.case_number, file.key])
    ).status_code == 200  # fmt: skip


def test_the_prescriber_approves():
    line = project(*TO_APPROVAL)
    client, url = at(line.order.prescriber), answer(line)
    assert "Godkänn offert" in client.get(url).content.decode()
    response = client.post(url, {"reason": "", "action": "next"}, follow=True)
    assert "Offerten är godkänd." in response.content.decode()
    assert "väntar på ditt godkännande" not in response.content.decode()
    move = line.moves.last()
    assert (move.stage, move.by) == (Stage.APPROVED, line.order.prescriber)
    told = AccessLogEntry.objects.filter(detail__endswith=Stage.APPROVED.label, action="change")
    assert told.count() == 1


def test_a_colleague_of_the_unit_may_approve():
    line = project(*TO_APPROVAL)
    colleague = UserFactory(default_unit=line.order.unit, roles=[BUFFERT])
    at(colleague).post(answer(line), {"reason": ""})
    assert line.moves.last().by == colleague


def test_who_does_not_approve_says_why():
    line = project(*TO_APPROVAL)
    client, url = at(line.order.prescriber), answer(line, "refuse_offer")
    silent = client.post(url, {"reason": "   "})
    assert silent.status_code == 422
    assert "Skriv varför offerten inte godkänns." in silent.content.decode()
    with pytest.raises(DomainError, match="Skriv varför"):
        services.answer_offer(
            line, user=line.order.prescriber, seen=last_move(line), approved=False
        )
    response = client.post(url, {"reason": "Skenan går åt fel håll."}, follow=True)
    text = response.content.decode()
    assert "Offerten är inte godkänd" in text and "Skenan går åt fel håll." in text
    assert ("Ej godkänd", True) in shown_steps(text)
    khs = at(UserFactory(roles=[KHS], is_staff=True))
    text = khs.get(page(line)).content.decode()
    assert "Skenan går åt fel håll." in text and "Skickad till leverantör</a>" in text


def test_neither_khs_nor_the_controller_nor_another_unit_approves():
    line = project(*TO_APPROVAL)
    elsewhere = UnitFactory(code="V01", name="Hemrehab Västervik")
    both = UserFactory(default_unit=elsewhere, roles=[FORSKRIVARE, KHS])
    for user, status in [
        (UserFactory(roles=[KHS]), 403),
        (UserFactory(roles=[CONTROLLER]), 403),
        (UserFactory(default_unit=elsewhere), 404),
        (both, 403),
    ]:
        for name in ("approve_offer", "refuse_offer"):
            url = answer(line, name)
            assert at(user).get(url).status_code == status, (user, name)
            assert at(user).post(url, {"reason": "x"}).status_code == status
    assert "/logga-in/" in Client().post(answer(line)).url
    assert line.moves.last().stage == Stage.WAITING
    text = at(UserFactory(roles=[KHS])).get(case(line)).content.decode()
    assert "Offerten väntar på förskrivarens godkännande" in text
    assert "Godkänn offert" not in text


def test_an_answer_to_an_older_offer_is_not_taken_for_the_new_one():
    line = project(*TO_APPROVAL)
    old = answer(line)
    go(line, Stage.REFUSED, *TO_APPROVAL)
    response = at(line.order.prescriber).post(old, {"reason": ""})
    assert response.status_code == 409
    assert "Någon annan har flyttat projektet" in response.content.decode()
    line.refresh_from_db()
    assert line.stage == Stage.WAITING


def test_answered_twice_is_answered_once():
    line = project(*TO_APPROVAL)
    client, url = at(line.order.prescriber), answer(line)
    for _ in range(2):
        assert client.post(url, {"reason": ""}).status_code == 302
    assert stages(line).count(Stage.APPROVED) == 1


def test_the_recipients_page_says_that_an_offer_waits():
    line = project(*TO_APPROVAL)
    url = reverse("recipients:detail", args=[line.order.recipient.key])
    text = at(line.order.prescriber).get(url, {"flik": "bestallt"}).content.decode()
    assert "Väntar på förskrivarens godkännande" in text


def test_the_start_page_leads_whoever_may_answer_to_the_orders_that_wait():
    first, second = project(*TO_APPROVAL), project(*TO_APPROVAL)
    answered = project(*TO_APPROVAL, Stage.APPROVED)
    prescriber = first.order.prescriber
    text = at(prescriber).get("/").content.decode()
    assert "Svara på offert" in text
    assert text.index(case(first)) < text.index(case(second))
    assert case(answered) not in text and first.order.recipient.family_name not in text
    elsewhere = UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab Västervik"))
    for other in (elsewhere, UserFactory(roles=[KHS]), UserFactory(roles=[CONTROLLER])):
        assert "Svara på offert" not in at(other).get("/").content.decode()
    services.cancel(second.order, user=prescriber)
    assert case(second) not in at(prescriber).get("/").content.decode()


def test_the_start_page_asks_as_many_questions_however_many_offers_wait():
    client, counts = at(UserFactory()), []
    for _ in range(2):
        project(*TO_APPROVAL)
        client.get("/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- cancelling and delivering -----------------------------------------------------------


def test_before_the_purchase_the_unit_can_cancel_and_the_project_stands_still(khs_user):
    line = project(*TO_APPROVAL, Stage.REFUSED)
    services.cancel(line.order, user=line.order.prescriber)
    with pytest.raises(DomainError, match="makulerad"):
        services.move_on(line, Stage.AT_SUPPLIER, user=khs_user, seen=last_move(line))
    text = at(line.order.prescriber).get(case(line)).content.decode()
    assert "avbrutet här" in text and 'aria-current="step"' not in text


def test_after_the_purchase_only_khs_can_cancel(khs_user):
    line = project(*TO_APPROVAL, Stage.APPROVED, Stage.PURCHASED)
    client = at(line.order.prescriber)
    url = reverse("orders:cancel", args=[line.order.case_number])
    assert "Ja, makulera" not in client.get(url).content.decode()
    response = client.post(url)
    assert response.status_code == 409 and "Kontakta KHS" in response.content.decode()
    services.cancel(line.order, user=khs_user)
    line.order.refresh_from_db()
    assert line.order.status == OrderStatus.CANCELLED


def test_a_project_is_not_delivered_before_it_is_installed(khs_user):
    line = project(*TO_INSTALLED[:-1])
    with pytest.raises(DomainError, match="först när projektet är «Monterad»") as caught:
        services.deliver(line.order, [Pick(line.pk, 1)], user=khs_user)
    assert caught.value.line == line.pk
    deliver = reverse("orders:deliver", args=[line.order.case_number])
    text = at(khs_user).get(deliver).content.decode()
    assert re.search(rf'name="antal-{line.pk}"[^>]* value="0"', text)


@pytest.mark.parametrize(("reached", "offered"), [(TO_INSTALLED[:-1], False), (TO_INSTALLED, True)])
def test_khs_is_offered_neither_pick_nor_delivery_before_the_project_is_installed(
    khs_user, reached, offered
):
    line = project(*reached)
    text = at(khs_user).get(page(line)).content.decode()
    assert (">Leverera</a>" in text) is (">Påbörja plock</button>" in text) is offered


def test_the_delivery_ends_the_project_and_the_service_becomes_no_loan(khs_user):
    line = project(*TO_INSTALLED)
    services.deliver(line.order, [Pick(line.pk, 1)], user=khs_user)
    line.refresh_from_db()
    assert line.stage == Stage.DELIVERED == line.moves.last().stage
    assert line.order.__class__.objects.get().status == OrderStatus.DELIVERED
    assert not Loan.objects.exists()
    text = at(line.order.prescriber).get(case(line)).content.decode()
    assert 'aria-current="step"' not in text and len(shown_steps(text)) == 8


def test_an_order_with_a_project_has_no_planned_day_but_goods_beside_it_have(khs_user):
    line = project()
    assert line.order.planned_delivery is None
    assert at(khs_user).get(page(line)).status_code == 200
    cart = start()
    add(cart, line.article, comment="Sovrum")
    goods = ArticleFactory()
    put_in_stock(WarehouseFactory(), goods, 1)
    add(cart, goods)
    order = services.send(cart, user=cart.user)
    assert order.planned_delivery is None
    assert order.lines.get(article=goods).planned_delivery > timezone.localdate()


def test_the_orders_page_asks_as_many_questions_however_far_the_project_has_come():
    client, counts = at(UserFactory()), []
    for reached in (
        [Stage.AT_SUPPLIER],
        [*TO_APPROVAL, Stage.REFUSED, *TO_APPROVAL, Stage.APPROVED],
    ):
        line = project(*reached, recipient=RecipientFactory())
        client.get(case(line))
        with CaptureQueriesContext(connection) as asked:
            client.get(case(line))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_khs_page_asks_as_many_questions_however_many_projects(khs_user):
    khs, counts = at(khs_user), []
    for reached in ([Stage.AT_SUPPLIER], TO_INSTALLED[:-1]):
        line = project(*reached)
        khs.get(page(line))
        with CaptureQueriesContext(connection) as asked:
            khs.get(page(line))
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- orders from before the stages existed -----------------------------------------------


def test_projects_sent_before_the_stages_existed_begin_where_they_are(khs_user, monkeypatch):
    # As a delivered line was then: the day and the person stand on the delivery now.
    for name in ("at", "by_id"):
        there = property(attrgetter(f"delivery.{name}"))
        monkeypatch.setattr(LineDelivery, name, there, raising=False)
    migration = import_module("orders.migrations.0007_projects_under_way")
    article = project_article(project="")
    orders = [sent_with_comment(article) for _ in range(2)]
    waiting, delivered = [order.lines.get() for order in orders]
    services.deliver(orders[1], [Pick(delivered.pk, 1)], user=khs_user)
    type(article).objects.update(project=Project.WITH_OFFER)

    migration.begin(apps, None)

    waiting.refresh_from_db()
    delivered.refresh_from_db()
    assert (waiting.stage, stages(waiting)) == (Stage.RECEIVED, [Stage.RECEIVED])
    assert waiting.moves.get().at == orders[0].sent_at
    assert stages(delivered) == [Stage.RECEIVED, Stage.DELIVERED]
    assert delivered.moves.last().by == khs_user
    assert go(waiting, *TO_APPROVAL).stage == Stage.WAITING


def sent_with_comment(article):
    cart = start()
    add(cart, article, comment="Sovrum")
    return services.send(cart, user=cart.user)
