"""Every address that shows somebody's data, and every deed with it, leaves a row in the log."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import services as activities
from activities.models import ActivityEvent
from deviations import services as deviations
from deviations.models import Answer, DeviationEvent
from deviations.recalls import confirming
from orders import services as orders
from orders.models import CartAttachment, OrderEvent
from organisation import access_log
from organisation.models import AccessLogEntry, User
from organisation.permissions import FORSKRIVARE, KHS
from pickups import services as pickups
from pickups.models import PickupEvent
from recipients import services as recipients
from recipients.cases import last_event
from recipients.models import Recipient
from sesam import printouts
from sesam.models import CaseKind, Printout
from tests.activities import builders as work
from tests.activities import pages as activity_pages
from tests.deviations.builders import chair, closed, grave, investigated, registered, told_of_recall
from tests.factories import (
    ArticleFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)
from tests.orders.builders import add, go, manual, project, sent, start
from tests.papers import papers_not_drawn  # noqa: F401  a fixture
from tests.pickups.builders import BufferFactory, fetched, lend, prescriber, returned, someone
from tests.pickups.pages import begin
from tests.test_permissions import (  # noqa: F401  fixtures
    HTMX,
    REGISTER_URLS,
    arguments,
    attached,
    case,
    register_of,
    user_of,
    walked_case,
)
from tests.test_permissions import admin_address as register_address
from tests.url_table import ADMIN, ADMIN_LOGS, SUPERUSER, URLS
from tests.walking import Walk, another_window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("papers_not_drawn")]
Action = AccessLogEntry.Action
DEEDS = (Action.CHANGE, Action.CREATE)


def rows_since(last: int, **where):
    return AccessLogEntry.objects.filter(pk__gt=last, **where)


def last_row() -> int:
    return AccessLogEntry.objects.values_list("pk", flat=True).order_by("-pk").first() or 0


def named_without_a_row(response, user, since: int) -> list[str]:
    """Who stands in an answer that no look was logged for. A name alone, of somebody whom the
    user looked at the same day, is no look; a number always is."""
    if "html" not in response.headers.get("Content-Type", ""):
        return []
    text = response.content.decode()
    found = []
    for person in Recipient.objects.all():
        numbers = (person.number, person.written_number)
        if any(number in text for number in numbers):
            if not rows_since(since, recipient_key=person.key).exists():
                found.append(f"{person.name}'s number")
        elif re.search(rf"\b{re.escape(person.family_name)}\b", text):
            looks = AccessLogEntry.objects.filter(recipient_key=person.key, user=user)
            if not looks.filter(at__date=timezone.localdate()).exists():
                found.append(person.name)
    return found


def at_work(case, *roles: str) -> tuple[Client, object]:  # noqa: F811
    """Somebody of the case's unit, with an order to its recipient in progress."""
    user = UserFactory(roles=list(roles) or [FORSKRIVARE], is_staff=KHS in roles)
    client = Client()
    client.force_login(user)
    recipient = case["order"].recipient
    client.get(reverse("recipients:detail", args=[recipient.key]))
    add(start(user, recipient), case["article"])
    return client, user


def address(name: str, case, client, user) -> str:  # noqa: F811
    """The address with arguments about the case's recipient, where it takes any."""
    if name == "recipients:why":
        return reverse(name, args=[RecipientFactory().key])
    if name == "orders:to":
        user.carts.all().delete()  # with one to the same recipient it goes straight on
    if name == "activities:step":
        return activity_pages.begin(client, case["order"].recipient)
    if name == "pickups:step":
        return begin(client, lend(case["order"].recipient, ArticleFactory()))
    if name == "deviations:step":
        url = reverse("deviations:begin_for", args=[case["order"].recipient.key])
        return client.get(url).url
    if name == "individuals:detail":
        piece = IndividualFactory()
        LoanFactory(individual=piece, recipient=case["order"].recipient)
        return f"{reverse(name, args=[piece.number])}?flik=status"
    cart = user.carts.filter(closed_at=None).first()
    if name == "orders:take_back":
        return reverse(name, args=[cart.token])
    if name in (
        "orders:change_line",
        "orders:follow_up",
        "orders:remove_line",
        "orders:put_back",
        "orders:together",
    ):
        return reverse(name, args=[cart.lines.get().pk])
    if name in ("orders:cart_attachment", "orders:attach_again"):
        return reverse(name, args=[attached(CartAttachment, cart=cart, uploaded_by=user).key])
    return reverse(name, args=arguments(name, case, user))


def about(name: str, url: str, case) -> Recipient:  # noqa: F811
    """Whose data the address is about."""
    if name.endswith("_offer") or name in ("orders:move", "orders:put", "orders:take_off"):
        return Recipient.objects.get(orders__case_number=url.split("/")[2])
    if name == "recipients:why":
        return Recipient.objects.get(key=url.split("/")[2])
    return case["order"].recipient


@pytest.fixture
def at_work_as(case):  # noqa: F811
    """``at_work`` of a role, made once however many addresses are walked."""
    known = {role: at_work(case, role) for role in {role_for(row) for row in URLS.values()}}

    def of(role: str) -> tuple[Client, User]:
        client, user = known[role]
        return another_window(client), User.objects.get(pk=user.pk)

    return of


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_what_an_address_shows_of_a_recipient_is_logged(htmx, walked_case, at_work_as):  # noqa: F811
    walk = Walk()
    for name, row in sorted(URLS.items()):
        if name == "sign_out":
            continue
        with walk.at(name):
            client, user = at_work_as(role_for(row))
            url = address(name, walked_case, client, user)
            person, since = about(name, url, walked_case), last_row()
            headers = HTMX if htmx else {}
            send = client.post if row.post else client.get
            response = send(url, headers=headers)
            assert named_without_a_row(response, user, since) == []
            logged = rows_since(since, recipient_key=person.key, user=user)
            wanted = {row.logs} if row.logs else set()
            assert set(logged.values_list("action", flat=True)) == wanted
    walk.end()


def role_for(row) -> str:
    return next(r for r in (FORSKRIVARE, KHS, *row.who) if r in row.who)


BODIES = [
    {},
    {"action": "next", "token": "ingen", "version": "-1"},
    {"phone": "inget nummer", "version": "0", "delivery_way": "x", "reason": "", "nummer": "1"},
]


def test_what_is_answered_to_an_empty_or_wrong_form_is_logged_too(walked_case, at_work_as):  # noqa: F811
    walk = Walk()
    for name, row in sorted(URLS.items()):
        if name == "sign_out":
            continue
        with walk.at(name):
            client, user = at_work_as(role_for(row))
            url, since = address(name, walked_case, client, user), last_row()
            for body in BODIES:
                with walk.at(f"{name} {body}"):
                    response = another_window(client).post(url, body)
                    assert named_without_a_row(response, user, since) == []
    walk.end()


def test_another_units_post_changes_nothing_and_shows_nothing(walked_case):  # noqa: F811
    user = UserFactory(default_unit=UnitFactory(code="V01", name="Hemrehab Västervik"))
    client = Client()
    client.force_login(user)
    walk = Walk()
    for name, row in sorted(URLS.items()):
        for body in ({}, {"reason": "Nej tack", "street": "Nygatan 1"}) if row.others_post else ():
            with walk.at(f"{name} {body}"):
                url = reverse(name, args=arguments(name, walked_case, None))
                since = last_row()
                response = client.post(url, body)
                assert response.status_code == row.others_post
                assert named_without_a_row(response, user, since) == []
                assert not rows_since(since).exists()
    walk.end()


# --- KHS ---


@pytest.fixture
def khs(db):
    client = Client()
    client.user = UserFactory(roles=[KHS], is_staff=True)
    client.force_login(client.user)
    return client


def admin_address(name: str, case) -> tuple[str, Recipient]:  # noqa: F811
    order = case["order"]
    return reverse(f"admin:{name}", args=[order.recipient.key]), order.recipient


@pytest.mark.parametrize("name", sorted(ADMIN_LOGS))
def test_what_khs_sees_and_does_is_logged(name, case, khs):  # noqa: F811
    url, person = admin_address(name, case)
    for method in ("get", "post"):
        since = last_row()
        body = {"dag": f"{timezone.localdate():%Y-%m-%d}"} if method == "post" else {}
        response = getattr(khs, method)(url, body)
        assert named_without_a_row(response, khs.user, since) == []
        if response.status_code == 405:
            continue
        logged = set(
            rows_since(since, recipient_key=person.key, user=khs.user).values_list(
                "action", flat=True
            )
        )
        if method == "get" or ADMIN_LOGS[name] in ("change", ""):
            assert logged == ({ADMIN_LOGS[name]} if ADMIN_LOGS[name] else set())


@pytest.mark.parametrize("role", [KHS, SUPERUSER])
def test_no_list_or_form_of_the_back_office_shows_anybody_without_a_row(walked_case, role):  # noqa: F811
    """Whichever register: its list, asked and narrowed, and each page of one of its records."""
    user, client, walk = user_of(role), Client(), Walk()
    client.force_login(user)
    shown = [name for name in REGISTER_URLS if role in ADMIN[register_of(name)]]
    for name in shown:
        url = register_address(name)
        for method, asked in (
            ("get", {}),
            ("get", {"q": "a"}),
            ("get", {"status": "alla"}),
            ("post", {}),
        ):
            with walk.at(f"{method} {name} {asked}"):
                since = last_row()
                response = getattr(another_window(client), method)(url, asked)
                assert named_without_a_row(response, user, since) == []
    walk.end()


def test_the_back_office_has_no_page_of_its_own_about_a_case(case, khs):  # noqa: F811
    """Old addresses there lead to the case's page, and show nothing on the way."""
    pickup = fetched(lend(case["order"].recipient, ArticleFactory()))
    for here, row in (("orders/order", case["order"]), ("pickups/pickuporder", pickup)):
        for old in ("change/", "leverera/", "ta-emot/", "makulera/", "foljesedel/1/"):
            since = last_row()
            response = khs.get(f"/admin/{here}/{row.pk}/{old}")
            page = "orders:detail" if here == "orders/order" else "pickups:detail"
            assert response.status_code == 302
            assert response.headers["Location"] == reverse(page, args=[row.case_number])
            assert not rows_since(since).exists()


# --- deeds ---


def put_on(line, khs_user):
    shelf, article = WarehouseFactory(), ArticleFactory()
    put_in_stock(shelf, article, 1)
    return orders.put_article(line, user=khs_user, article=article, quantity=1, warehouse=shelf)


def deed_send(user):
    order = sent((ArticleFactory(), 1), user=user)
    return order.recipient


def deed_cancel(user):
    order = sent((ArticleFactory(), 1))
    return orders.cancel(order, user=user).recipient


def deed_pick(user):
    order = sent((ArticleFactory(), 1))
    return orders.start_picking(order, user=user).recipient


def deed_stop(user):
    order = sent((ArticleFactory(), 1))
    orders.start_picking(order, user=UserFactory())
    return orders.stop_picking(order, user=user).recipient


def deed_deliver(user):
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1))
    picks = [orders.Pick(order.lines.get().pk, 1)]
    return orders.deliver(order, picks, user=user).recipient


def deed_hold(user):
    order = sent((ArticleFactory(), 1))
    orders.hold(order, given_out("26480999", CaseKind.ACTIVITY), user=user)
    return order.recipient


def deed_move(user):
    line = project()
    go(line, orders.projects.for_khs(line.project, line.stage)[0], khs=user)
    return line.order.recipient


def deed_put(user):
    line = manual()
    put_on(line, user)
    return line.order.recipient


def deed_take_off(user):
    line = manual()
    new = put_on(line, UserFactory())
    orders.take_off(new, user=user)
    return line.order.recipient


def deed_fetch(user):
    loan = lend(someone(), ArticleFactory())
    return fetched(loan, user=prescriber_as(user)).recipient


def prescriber_as(user):
    user.default_unit = prescriber().default_unit
    user.save()
    user.units.set([user.default_unit])
    return user


def deed_plan(user):
    pickup = fetched(lend(someone(), ArticleFactory()))
    return pickups.plan(pickup, user=user, day=timezone.localdate()).recipient


def deed_change_pickup(user):
    pickup = fetched(lend(someone(), ArticleFactory()))
    return pickups.change_pickup(pickup, user=user, details={"street": "Nygatan 5"}).recipient


def deed_cancel_pickup(user):
    pickup = fetched(lend(someone(), ArticleFactory()))
    return pickups.cancel_pickup(pickup, user=user).recipient


def deed_receive(user):
    pickup = fetched(lend(someone(), ArticleFactory()))
    got = [pickups.Got(pickup.lines.get().pk, 1, "repair")]
    return pickups.receive(pickup, got, user=user).recipient


def deed_ready(user):
    pickup = fetched(lend(someone(), ArticleFactory()))
    got = [pickups.Got(pickup.lines.get().pk, 1, "cleaning")]
    pickups.receive(pickup, got, user=UserFactory())
    pickups.make_available(pickup.lines.get().receipts.get(), user=user)
    return pickup.recipient


def wanted_work(**facts):
    return work.registered(lend(someone(), ArticleFactory()), **facts)


def in_workshop(user):
    """The user as a technician of KHS."""
    user.is_technician = True
    user.save()
    user.groups.set(UserFactory(roles=[KHS]).groups.all())
    return User.objects.get(pk=user.pk)


def deed_register_activity(user):
    return wanted_work(user=prescriber_as(user)).recipient


def deed_change_activity(user):
    changed = {"request": "Vänster sida."}
    return activities.change(wanted_work(), user=user, details=changed).recipient


def deed_cancel_activity(user):
    return activities.cancel(wanted_work(), user=user).recipient


def deed_take_activity(user):
    return activities.take(wanted_work(), user=in_workshop(user)).recipient


def deed_plan_activity(user):
    return activities.plan(wanted_work(), user=user, day=timezone.localdate()).recipient


def deed_hand_back_activity(user):
    activity = activities.take(wanted_work(), user=work.technician())
    return activities.hand_back(activity, user=user).recipient


def deed_report_work(user):
    return work.report(wanted_work(), user=in_workshop(user)).activity.recipient


def deed_close_activity(user):
    return work.closed(wanted_work(), user=in_workshop(user)).recipient


def deed_report(user):
    return registered(chair(), user=prescriber_as(user)).recipient


def deed_rewrite(user):
    return deviations.change_account(
        registered(chair()), user=user, details={"place": "Hallen"}
    ).recipient


def deed_take_deviation(user):
    return deviations.receive(registered(chair()), user=user).recipient


def deed_investigate(user):
    return investigated(deviations.receive(registered(chair()), user=UserFactory()), user).recipient


def deed_close(user):
    return closed(deviations.receive(registered(chair()), user=UserFactory()), user).recipient


def deed_let_go(user):
    return deviations.release(grave(chair()), user=user).recipient


def deed_reclassify(user):
    made = deviations.receive(registered(chair()), user=UserFactory())
    return deviations.reclassify(
        made, user=user, seen=last_event(made), event_type="adverse", category=made.category,
        consequence="mild", why="Hon slog i knät.",
    ).recipient  # fmt: skip


def deed_reopen(user):
    made = closed(deviations.receive(registered(chair()), user=UserFactory()))
    return deviations.reopen(made, user=user, why="Samma fel igen.").recipient


def deed_hold_back(user):
    return deviations.hold(registered(chair()), user=user).recipient


def deed_withdraw(user):
    return deviations.withdraw(registered(chair()), user=user).recipient


def deed_return(user):
    made = returned(lend(someone(), ArticleFactory()), user=prescriber_as(user))
    return made.recipient


def deed_undo_return(user):
    made = returned(lend(someone(), ArticleFactory()))
    return pickups.undo(made, user=user).recipient


def deed_details(user):
    person = someone()
    names = recipients.EDITABLE
    values = {name: getattr(person, name) for name in names} | {"door_code": "1357"}
    return recipients.change_details(person, user=user, version=person.version, values=values)


def deed_contact(user):
    person = someone()
    return recipients.undo_contact(person, user=user, contact=True, version=person.version)


def deed_confirm_what_is_recalled(user):
    recall = told_of_recall(someone())
    recall.items.update(unit=user.default_unit)
    (item,) = confirming.confirm(recall, {recall.items.get().pk: ""}, Answer.REPLACED, user=user)
    return item.loan.recipient


ALL_DEEDS = {
    name.removeprefix("deed_"): do for name, do in globals().items() if name[:5] == "deed_"
}


@pytest.mark.parametrize("deed", sorted(ALL_DEEDS))
def test_a_deed_is_logged_once_by_the_service_itself(deed):
    BufferFactory()
    user = UserFactory()
    since = last_row()
    person = ALL_DEEDS[deed](user)
    rows = rows_since(since, user=user)
    assert [row.recipient_key for row in rows] == [person.key]
    assert rows[0].action in DEEDS
    assert rows[0].detail
    for event in (OrderEvent, PickupEvent, DeviationEvent, ActivityEvent):
        assert not event.objects.filter(kind="").exists(), "what happened can't be asked for"


def test_only_tell_writes_an_event_of_a_case():
    """So that none can be written without its row in the access log. The demo makes up its own;
    «Historik» reads them."""
    house = Path(__file__).parent.parent
    written = re.compile(
        r"Event\.objects\.(?!filter\(|all\(\)(?!\.))|(?<!class )\b\w+Event\(\w+=|events\.(bulk_)?create"
    )
    writers = [
        str(file.relative_to(house))
        for app in (
            "orders",
            "activities",
            "pickups",
            "deviations",
            "recipients",
            "individuals",
            "articles",
            "organisation",
        )
        for file in (house / app).rglob("*.py")
        if "migrations" not in file.parts and written.search(file.read_text())
    ]
    assert writers == ["recipients/cases.py"]


# --- who, and from where ---


def test_the_row_says_the_browsers_address_and_not_the_proxys(case, settings):  # noqa: F811
    settings.PROXY_COUNT = 1
    client, user = at_work(case)
    order, since = case["order"], last_row()
    url = reverse("orders:cancel", args=[order.case_number])
    client.post(url, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.7")
    rows = rows_since(since, user=user)
    assert {row.action for row in rows} == {"view", "change"}
    assert {row.ip for row in rows} == {"192.0.2.7"}


def test_a_job_writes_in_its_own_name():
    long_ago = timezone.now() - recipients.KEPT_UNUSED * 2
    person = someone()
    Recipient.objects.update(created_at=long_ago)
    call_command("clear_old")
    row = AccessLogEntry.objects.get(recipient_key=person.key)
    assert (row.user, row.job) == (None, "recipients.jobs.remove_unused_recipients")
    assert row.detail.startswith("Borttagen")


def test_what_somebody_started_as_a_job_is_logged_as_theirs():
    owner, person = UserFactory(), someone()
    made = Printout.objects.create(owner=owner, name="lista.pdf", title="Lista")
    with printouts.making(made.pk):
        access_log.record(None, Action.PRINT, person.key)
    row = AccessLogEntry.objects.get()
    assert (row.user, row.unit) == (owner, owner.default_unit)


# --- the order in progress ---


def test_the_strip_says_the_name_alone_and_the_order_itself_the_number(case):  # noqa: F811
    client, _ = at_work(case)
    person = case["order"].recipient
    since = last_row()
    page = client.get(reverse("articles:detail", args=[case["article"].number])).content.decode()
    assert person.name in page
    assert person.written_number not in page
    assert not rows_since(since).exists()
    page = client.get(reverse("orders:checkout")).content.decode()
    assert person.written_number in page
    assert rows_since(since, recipient_key=person.key).count() == 1


def test_the_name_of_somebody_left_over_from_yesterday_is_a_look(case):  # noqa: F811
    client, user = at_work(case)
    user.carts.update(updated_at=timezone.now() - dt.timedelta(days=1))
    since = last_row()
    client.get(reverse("articles:detail", args=[case["article"].number]))
    assert rows_since(since, recipient_key=case["order"].recipient.key).count() == 1
