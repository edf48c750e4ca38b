"""NUL, huge, negative, foreign, repeated and megabyte values on every address and form: nobody
gets a 500, and nothing is lost."""

import os

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.urls import resolve, reverse

from individuals.stock_check import differences
from orders import cart as carts
from orders.models import Order
from organisation.models import Source, User
from organisation.permissions import FORSKRIVARE, KHS
from portal import demo
from recipients.models import Recipient
from tests.odd_values import Visitor
from tests.papers import papers_not_drawn  # noqa: F401  a fixture
from tests.test_access_log import address, at_work
from tests.test_permissions import case  # noqa: F401  a fixture
from tests.url_table import SIGNING, URLS

pytestmark = pytest.mark.not_stolen
# The same seed sends the same; another one finds others.
SEED = os.environ.get("ODD_SEED", "20261125")
REQUESTS = int(os.environ.get("ODD_VALUES", "150"))  # by each visitor; a thousand find more
FIRST = {
    "forskrivare": ["/", "/bestallning/", "/bestallning/slutfor/"],
    "forskrivare2": ["/", "/mottagare/", "/installningar/"],
    "buffertansvarig": ["/", "/lager/", "/individer/"],
    "controller": ["/", "/fakturaspecifikationer/", "/siffror/"],
    "khs": [
        "/admin/",
        "/",
        "/lager/",
        "/fakturaspecifikationer/",
        "/admin/orders/order/",
        "/admin/pickups/pickuporder/",
    ],
    "admin": ["/admin/", "/"],
    "loggranskare": [
        "/logg/",
        "/logg/stickprov/",
        "/logg/stickprov/plan/",
        "/logg/stickprov/kanda/",
    ],
}
# What nothing that anybody sends may take rows from: what happened stays.
KEPT = (
    "articles.Article", "articles.StockMovement", "individuals.Individual", "invoicing.Charge",
    "invoicing.Invoice", "orders.Order",
    "orders.OrderEvent", "orders.OrderLine", "orders.LineDelivery", "organisation.AccessLogEntry",
    "pickups.PickupOrder", "pickups.Return", "portal.SpotCheckLook", "portal.SpotCheckNote",
    "portal.SpotCheckProtocol", "recipients.Loan", "recipients.Recipient",
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demo's data and an order in progress, loaded once; all is rolled back in the end."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            demo.load()
            connection.check_constraints()  # once, not after each test
            user = User.objects.get(username="forskrivare")
            person = Recipient.objects.get(number=demo.MANY_AIDS_PERSON)
            unit = user.default_unit
            # Who has not chosen yet sees nothing but the question.
            User.objects.filter(username="forskrivare2").update(default_source=Source.CENTRAL)
            carts.start(user, unit=unit, prescriber=user, recipient=person, replace=True)
            yield person
            transaction.set_rollback(True)


@pytest.fixture
def world(loaded, db, settings, tmp_path, papers_not_drawn):  # noqa: F811
    settings.DEMO = True
    settings.MEDIA_ROOT = tmp_path
    settings.AXES_ENABLED = False
    return loaded


def counted() -> dict[str, int]:
    return {name: apps.get_model(name).objects.count() for name in KEPT}


def faults_of(visitor: Visitor) -> str:
    faults = []
    for _ in range(REQUESTS):
        told, response = visitor.send_odd()
        if response.status_code >= 500:
            faults.append(f"{response.status_code}: {told} (ODD_SEED={SEED})")
    return "\n".join(faults)


@pytest.mark.parametrize("name", FIRST)
def test_odd_values_are_refused_and_lose_nothing(world, name):
    visitor = Visitor(User.objects.get(username=name), SEED)
    order = Order.objects.filter(recipient__isnull=False).first()
    nobodys = Recipient.objects.filter(kind="person", care_relations=None).first()
    visitor.look_around(
        *FIRST[name], f"/mottagare/{world.key}/", f"/bestallningar/{order.case_number}/",
        f"/mottagare/{nobodys.key}/varfor/",
    )  # fmt: skip
    before = counted()
    assert not faults_of(visitor)
    assert all(after >= before[name] for name, after in counted().items())
    assert not list(differences())
    assert visitor.sent == REQUESTS and len(visitor.forms) > 3


@pytest.mark.django_db
@pytest.mark.parametrize("role", [FORSKRIVARE, KHS])
def test_no_address_is_left_out(case, settings, papers_not_drawn, role):  # noqa: F811
    """Those above follow links, which lead to what the demo happens to be at: an offer to answer
    or a pick to stop may not be among it. These know each address of the table."""
    settings.AXES_ENABLED = False
    client, user = at_work(case, role)
    visitor = Visitor(user, SEED)
    open_to_role = {name for name, row in URLS.items() if role in row.who} - SIGNING
    for name in sorted(open_to_role - {"orders:to"}):
        visitor.keep(address(name, case, client, user), posted=URLS[name].post)
    visitor.keep(reverse("orders:to", args=[case["order"].recipient.key]), posted=False)
    assert {resolve(url.partition("?")[0]).view_name for url in visitor.pages} == open_to_role
    before = counted()
    assert not faults_of(visitor)
    assert all(after >= before[name] for name, after in counted().items())
