"""Every address, as every role and as nobody, plain and as an HTMX request."""

import datetime as dt
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse, HttpResponseForbidden
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from activities.models import Activity, ActivityAttachment, ActivityType
from articles import pictures
from articles.models import ArticleDocument
from deviations.models import DeviationAttachment, RecallAttachment, RecallDeed
from invoicing import services as services_of_invoices
from orders import services
from orders.models import CartAttachment, Order, OrderAttachment
from organisation.messages import send as send_message
from organisation.models import User
from organisation.permissions import KHS, LOGGRANSKARE, ROLES
from pickups import services as pickups
from portal.models import (
    Document,
    DocumentHeading,
    KnownPerson,
    SpotCheck,
    SpotCheckLook,
    SpotCheckPlan,
    SpotCheckProtocol,
)
from sesam import urls
from sesam.models import Printout
from tests.activities.builders import registered
from tests.deviations.builders import grave, told_of_recall
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    a_picture,
    put_in_stock,
)
from tests.invoicing.builders import charged_once
from tests.orders.builders import (
    TO_APPROVAL,
    add,
    last_move,
    manual,
    project,
    saved_template,
    start,
)
from tests.papers import papers_not_drawn  # noqa: F401  a fixture
from tests.pickups.builders import fetched, lend, returned, to_follow_up
from tests.url_table import (
    ADMIN,
    ADMIN_PAGES,
    ADMIN_PREFIX,
    EVERY_ROLE,
    NOBODY,
    SIGNING,
    STAFF,
    SUPERUSER,
    URLS,
)
from tests.walking import Walk, another_window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("papers_not_drawn")]
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}


def names_of(patterns, prefix: str = "") -> list[str]:
    """The names of all addresses, with their namespaces."""
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            found += names_of(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            found.append(f"{prefix}{pattern.name}")
    return found


def test_every_address_has_a_row_and_every_row_an_address():
    names = {n for n in names_of(get_resolver().url_patterns) if not n.startswith(ADMIN_PREFIX)}
    names = {n for n in names if not n.split(":")[-1].startswith("admin")}
    assert names == set(URLS)


def user_of(role: str, **facts):
    if role == SUPERUSER:
        return UserFactory(roles=[], is_superuser=True, is_staff=True, **facts)
    return UserFactory(roles=[role], is_staff=role == KHS, **facts)


def attached(make, **facts):
    file = ContentFile(b"%PDF-1.4", name="x")
    return make.objects.create(
        file=file, name="anvisning.pdf", content_type="application/pdf", size=8, **facts
    )


@pytest.fixture
def case(settings, tmp_path):
    """A sent order with a file, and what the addresses of a unit's case need."""
    settings.MEDIA_ROOT = tmp_path
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 50)
    owner = UserFactory()
    cart = start(owner, RecipientFactory())
    add(cart, article)
    order = services.send(cart, user=owner)
    file = attached(OrderAttachment, order=order, uploaded_by=owner)
    store = BufferFactory()
    owner.default_unit.own_stores.add(store)
    document = ArticleDocument.objects.create(
        article=article, title="Bruksanvisning", file=ContentFile(b"%PDF-1.4", name="x")
    )
    activity = registered(recipient=order.recipient, type="Konsulentärende", user=owner)
    attached(ActivityAttachment, activity=activity, uploaded_by=owner)
    ActivityType.objects.filter(pk=activity.type_id).update(blank="anvisning")
    default_storage.save("anvisning", ContentFile(b"%PDF-1.4"))
    return {
        "activity": activity,
        "order": order,
        "article": article,
        "file": file,
        "store": store,
        "document": document,
    }


def what_comes_back(case) -> dict:
    """From the case's recipient: something returned, a pickup order and one that was received."""
    person = case["order"].recipient
    received = fetched(lend(person, ArticleFactory()))
    line = received.lines.get()
    pickups.receive(received, [pickups.Got(line.pk, 1, "cleaning")], user=UserFactory(roles=[KHS]))
    return {
        "deviation": grave(lend(person, ArticleFactory(is_marked=True))),
        "returned": returned(lend(person, ArticleFactory())),
        "fetched": fetched(lend(person, ArticleFactory())),
        "received": received,
        "receipt": line.receipts.get(),
    }


@pytest.fixture
def refusals_not_drawn(monkeypatch):
    """For a walk of thousands: a refusal's page is the same at each address, and takes longer than
    the refusing."""
    monkeypatch.setattr(urls, "handler403", refused, raising=False)


def refused(request, exception) -> HttpResponse:
    return HttpResponseForbidden()


@pytest.fixture
def walked_case(case):
    """The case with what comes back and is called back, made once: a walk takes back what happens
    to it."""
    return case | {
        "back": what_comes_back(case),
        "recall": told_of_recall(case["order"].recipient),
    }


def arguments(name: str, case, user) -> list:
    """The arguments of an address for ``user``, with a cart of the user's own where it is one."""
    order: Order = case["order"]
    if name == "recipients:follow_up":
        return [order.recipient.key, to_follow_up(order.recipient, unit=order.unit).pk]
    if name in ("orders:to", "access_log_who", "access_log_extract") or (
        name.startswith("recipients:") and name != "recipients:search"
    ):
        return [order.recipient.key]
    if name.startswith("spot_check"):
        return of_spot_checks(name, case)
    if name == "articles:document":
        return [case["article"].number, case["document"].key]
    if name == "articles:picture":
        article = ArticleFactory()
        pictures.keep(article, a_picture())
        return [article.number]
    if name in ("articles:detail", "orders:add"):
        return [case["article"].number]
    if name in ("orders:holder", "orders:deliver_piece", "orders:piece_line"):
        return [LoanFactory(individual=IndividualFactory()).individual.number]
    if name == "individuals:register":
        store = case["store"]
        store.may_register_individuals = True
        store.save()
        UnitFactory().own_stores.add(store)
        return []
    if name == "individuals:register_step":
        return ["ingen-sadan", "artikel"]
    if name.startswith("individuals:") and name != "individuals:search":
        return [IndividualFactory().number]
    if name == "document":
        heading, _ = DocumentHeading.objects.get_or_create(name="Blanketter")
        return [attached(Document, heading=heading, title="Anvisning").key]
    if name == "help":
        return ["start"]
    if name in ("message", "message_put_away", "message_take_out"):
        owner = user if isinstance(user, User) else UserFactory()
        return [send_message(owner, title="Ärendet är avslutat").key]
    if name in ("printout", "printout_file"):
        owner = user if not isinstance(user, AnonymousUser) else UserFactory()
        file = ContentFile(b"%PDF-1.4", name="x")
        return [Printout.objects.create(owner=owner, name="x.pdf", file=file,
                                        done_at=timezone.now()).key]  # fmt: skip
    if name in ("articles:store", "articles:store_report", "orders:to_store"):
        return [case["store"].number]
    if name == "articles:assortment_branch":
        return ["utan"]
    if name.startswith("orders:") and "template" in name:
        owner = user if isinstance(user, User) else UserFactory()
        key = saved_template(case["article"], owner=owner).key
        person, store = order.recipient.key, case["store"].number
        return {
            "orders:from_template": [person, key],
            "orders:store_from_template": [store, key],
        }.get(name, [key])
    if name in ("orders:detail", "orders:confirmation", "orders:again", "orders:save_order",
                "orders:cancel"):  # fmt: skip
        return [order.case_number]
    if name in ("orders:approve_offer", "orders:refuse_offer"):
        line = project(*TO_APPROVAL)
        return [line.order.case_number, last_move(line)]
    if name in ("orders:pick", "orders:stop_picking", "orders:deliver", "orders:pick_list",
                "orders:next_note"):  # fmt: skip
        return [order.case_number]
    if name == "orders:delivery_note":
        return [order.case_number, 1]
    if name == "orders:move":
        line = project()
        return [
            line.order.case_number,
            line.pk,
            services.projects.for_khs(line.project, line.stage)[0],
        ]
    if name in ("orders:put", "orders:take_off"):
        line = manual()
        return [line.order.case_number, line.pk]
    if name == "orders:attachment":
        return [order.case_number, case["file"].key]
    if name.startswith("pickups:"):
        return back_again(name, case)
    if name.startswith("deviations:"):
        return gone_wrong(name, case)
    if name.startswith("activities:"):
        return of_activities(name, case)
    if name.startswith("invoicing:"):
        return of_invoices(name, user)
    if name == "orders:take_back":
        return [start(user if not isinstance(user, AnonymousUser) else UserFactory()).token]
    if name == "orders:line":
        return ["ingen-sadan", "antal"]
    if name in (
        "orders:change_line", "orders:follow_up", "orders:remove_line", "orders:put_back", "orders:together",
        "orders:cart_attachment", "orders:attach_again",
    ):  # fmt: skip
        cart = start(user if not isinstance(user, AnonymousUser) else UserFactory())
        if "attach" in name:
            return [attached(CartAttachment, cart=cart, uploaded_by=cart.user).key]
        return [add(cart, case["article"]).pk]
    return []


def of_spot_checks(name: str, case) -> list:
    """The arguments of the reviewers' addresses: a month with one look at the case's recipient."""
    if name in ("spot_checks", "spot_check_plan", "spot_check_known"):
        return []
    check, _ = SpotCheck.objects.get_or_create(
        month=dt.date(2026, 10, 1), defaults={"plan": SpotCheckPlan.objects.create()}
    )
    owner = case["order"].ordered_by
    key = case["order"].recipient.key
    if not check.looks.exists():
        SpotCheckLook.objects.create(
            spot_check=check, number=1, entry=1, at=timezone.now(), user=owner, action="view",
            acts=1, recipient_key=key,
        )  # fmt: skip
        SpotCheckProtocol.objects.create(
            spot_check=check, number=1, content=b"%PDF-1.4", made_by=owner
        )
    if name == "spot_check_known_end":
        known = KnownPerson.objects.create(
            recipient_key=key, searched="0" * 64, why="Artist", added_by=owner
        )
        return [known.pk]
    if name == "spot_check_protocol":
        return [str(check), 1]
    return [str(check)] if name in ("spot_check", "spot_check_close") else [str(check), 1]


def back_again(name: str, case) -> list:
    """The arguments of the addresses about what comes back."""
    back = case.get("back") or what_comes_back(case)
    if name in ("pickups:new_return", "pickups:slip", "pickups:begin"):
        return [case["order"].recipient.key]
    if name == "pickups:fetch":
        return [case["activity"].case_number]
    if name == "pickups:step":
        return ["ingen-sadan", "hjalpmedel"]
    if name in ("pickups:returned", "pickups:undo"):
        return [back["returned"].key]
    if name == "pickups:ready":
        return [back["received"].case_number, back["receipt"].pk]
    return [back["fetched"].case_number]


RECALL_STEPS = {
    "deviations:recall_step": "meddelande",
    "deviations:recall_act_step": "atgard",
    "deviations:recall_confirm_step": "svar",
}


def gone_wrong(name: str, case) -> list:
    """The arguments of the addresses about deviations."""
    if name in ("deviations:begin", "deviations:recall_begin", "deviations:recalls"):
        return []
    if step := RECALL_STEPS.get(name):
        return ["ingen-sadan", step]
    if name.startswith("deviations:recall"):
        recall = case.get("recall") or told_of_recall(case["order"].recipient)
        if name == "deviations:recall_deed":
            facts = {"ordered_by": recall.ordered_by, "created_at": timezone.now()}
            return [recall.case_number, RecallDeed.objects.create(recall=recall, **facts).key]
        if name != "deviations:recall_attachment":
            return [recall.case_number]
        file = attached(RecallAttachment, recall=recall, uploaded_by=recall.ordered_by)
        return [recall.case_number, file.key]
    if name == "deviations:begin_for":
        return [case["order"].recipient.key]
    if name == "deviations:begin_of_piece":
        return [put_in_stock(case["store"], ArticleFactory(is_marked=True), 1)[0].number]
    if name == "deviations:begin_of_case":
        return [case["order"].case_number]
    if name == "deviations:step":
        return ["ingen-sadan", "hjalpmedel"]
    back = case.get("back") or what_comes_back(case)
    deviation = back["deviation"]
    if name == "deviations:attachment":
        file = attached(DeviationAttachment, deviation=deviation, uploaded_by=deviation.ordered_by)
        return [deviation.case_number, file.key]
    return [deviation.case_number]


def of_invoices(name: str, user) -> list:
    """The arguments of the addresses about an invoice of the user's payer, and of the figures."""
    if name in ("invoicing:report", "invoicing:figures"):
        return []
    if name == "invoicing:figures_sheet":
        return ["kostnad"]
    charge = charged_once()
    if isinstance(user, User):
        user.payers.add(charge.buyer)
    if name == "invoicing:answer":
        services_of_invoices.ask(charge, user=UserFactory(), reason="Fel pris")
    rows = name in ("invoicing:ask", "invoicing:answer", "invoicing:credit_row")
    return [charge.invoice.number, *([charge.pk] if rows else [])]


def of_activities(name: str, case) -> list:
    """The arguments of the addresses about activities."""
    activity: Activity = case["activity"]
    page = name.removeprefix("activities:")
    if page in ("search", "my_day"):
        return []
    known = {
        "begin": lambda: [case["order"].recipient.key],
        "begin_with_piece": lambda: [IndividualFactory().number],
        "begin_with_order": lambda: [case["order"].case_number],
        "step": lambda: ["ingen-sadan", "typ"],
        "blank": lambda: [activity.type_id],
        "attachment": lambda: [activity.case_number, activity.attachments.get().key],
    }
    return known.get(page, lambda: [activity.case_number])()


def signed_in(user) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("role", [*ROLES, SUPERUSER, NOBODY])
def test_who_may_open_what(role, htmx, walked_case, refusals_not_drawn):
    user = user_of(role) if role != NOBODY else None
    browser, walk = signed_in(user), Walk()
    for name, row in sorted(URLS.items()):
        with walk.at(name):
            owner = user if user is not None and role in row.who else AnonymousUser()
            url = reverse(name, args=arguments(name, walked_case, owner))
            client, headers = another_window(browser), HTMX if htmx else {}
            send = client.post if row.post else client.get
            response = send(url, headers=headers)
            if role in row.who:
                assert response.status_code < 500
                assert response.status_code not in (403, 404)
                if name not in SIGNING:
                    assert not sent_to_sign_in(response)
            elif role == NOBODY:
                assert sent_to_sign_in(response)
            else:
                assert response.status_code == 403
    walk.end()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_who_is_refused_is_told_as_whom(role, headers):
    closed = "recipients:search" if role == LOGGRANSKARE else "access_log"
    response = signed_in(user_of(role)).get(reverse(closed), headers=headers)
    assert response.status_code == 403
    shown = response.content.decode()
    assert "Du har inte behörighet till sidan" in shown
    assert f"rollen <b>{role.replace('forskrivare', 'förskrivare')}</b>" in shown


def sent_to_sign_in(response) -> bool:
    where = response.headers.get("HX-Redirect") or response.headers.get("Location") or ""
    return where.startswith("/logga-in/")


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_another_units_case_is_not_found_but_khs_finds_every_units(htmx, walked_case):
    elsewhere = UnitFactory(code="V01", name="Hemrehab Västervik")
    stranger = signed_in(UserFactory(default_unit=elsewhere))
    khs = signed_in(UserFactory(default_unit=elsewhere, roles=[KHS]))
    headers, walk = HTMX if htmx else {}, Walk()
    for name in sorted(n for n, row in URLS.items() if row.others):
        with walk.at(name):
            url = reverse(name, args=arguments(name, walked_case, None))
            response = another_window(stranger).get(url, headers=headers)
            assert response.status_code == URLS[name].others
            assert another_window(khs).get(url, headers=headers).status_code == 200
    walk.end()


# --- the back office ---

ADMIN_URLS = sorted(
    {
        n.removeprefix(ADMIN_PREFIX)
        for n in names_of(get_resolver().url_patterns)
        if n.startswith(ADMIN_PREFIX) and not n.endswith(":None")  # the old addresses' redirects
    }
)
REGISTER_URLS = [n for n in ADMIN_URLS if n not in ADMIN_PAGES]
GENERIC = ("_add", "_change", "_delete", "_history")  # Django's own; a right of its own for each


def register_of(name: str) -> str:
    """The row of the table that a page of the back office belongs to."""
    return next((row for row in ADMIN if name.startswith(f"{row}_")), "")


def test_every_page_of_the_back_office_has_a_row_and_every_row_a_page():
    assert {register_of(name) for name in REGISTER_URLS} == set(ADMIN)
    assert set(ADMIN_URLS) >= ADMIN_PAGES


def admin_address(name: str) -> str:
    """The page of an object that there is, where it is about one of them."""
    parameters = get_resolver().namespace_dict["admin"][1].reverse_dict.getlist(name)[0][0][0][1]
    kind = User if register_of(name) == "auth_user" else apps.get_model(
        register_of(name).replace("_", ".")
    )  # fmt: skip
    found = kind.objects.values_list("pk", flat=True).first() or 0
    known = {"key": uuid4(), "number": 1, "receipt": 1, "topic": "start"}
    return reverse(ADMIN_PREFIX + name, kwargs={p: known.get(p, found) for p in parameters})


@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_who_works_with_a_register_in_the_back_office(role, case, refusals_not_drawn):
    """Even if marked as staff, a role without the register comes into none of its pages."""
    fetched(lend(case["order"].recipient, ArticleFactory()))
    IndividualFactory()
    user = None
    if role != NOBODY:
        user = user_of(role)
        User.objects.filter(pk=user.pk).update(is_staff=True)
    browser, walk = signed_in(user), Walk()
    for name in REGISTER_URLS:
        for method in ("get", "post"):
            with walk.at(f"{method} {name}"):
                response = getattr(another_window(browser), method)(admin_address(name))
                check_register_page(name, role, response)
    walk.end()


def check_register_page(name: str, role: str, response) -> None:
    if role in ADMIN[register_of(name)]:
        assert response.status_code != 403 or name.endswith(GENERIC)
        assert response.status_code < 500
        assert "/admin/login/" not in response.headers.get("Location", "")
    elif role == NOBODY:
        # What was posted goes straight to the sign-in page, which tells of it.
        posted = response.wsgi_request.method == "POST"
        door = "/logga-in/?next=" if posted else "/admin/login/?next="
        assert response.headers["Location"].startswith(door)
    else:
        assert response.status_code == 403 or back_home(name, response)


def back_home(name: str, response) -> bool:
    """Django answers so when there is no such object at all, before it asks who wants it."""
    return name.endswith("history") and response.headers.get("Location") == reverse("admin:index")


@pytest.mark.parametrize("role", sorted(EVERY_ROLE))
def test_only_staff_come_into_the_back_office(role):
    client = Client()
    if role != NOBODY:
        client.force_login(user_of(role))
    response = client.get(reverse("admin:index"))
    assert response.status_code == (200 if role in STAFF else 302)
