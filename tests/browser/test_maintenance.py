"""Maintenance and warranty as they stand in a browser: at all widths, for whoever can't see, by keyboard."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from activities.maintenance import night
from activities.models import ServiceSupplier
from articles.models import Article
from individuals.models import Individual
from organisation.permissions import BUFFERT
from tests.activities.builders import closed, due_in, made_of, plan_of, registered, technician
from tests.factories import ArticleFactory, UserFactory, put_in_stock
from tests.pickups.builders import lend, returned, someone, unit_with_store

from .test_accessibility import faults, sign_in, too_wide

pytestmark = pytest.mark.django_db(transaction=True)
MAINTENANCE = "admin:activities_maintenanceschedule_"


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


@pytest.fixture
def hoist() -> Article:
    """A long name, several plans: by KHS, the own store and a supplier."""
    article = ArticleFactory(
        name="Taklyftsmotor med dubbla upphängningsband och integrerad våg", is_marked=True,
        iso_code="123612",
    )  # fmt: skip
    supplier = ServiceSupplier.objects.get()
    plan_of(article, blocks=True, done_by="store")
    plan_of(article, kind="inspection", months=6, done_by="supplier", supplier=supplier)
    plan_of(article, kind="battery", months=24, counts_from="delivery")
    return article


@pytest.fixture
def pieces(hoist) -> list[Individual]:
    """One overdue in the store, one at home that was repaired for a lot and whose warranty ends."""
    (here,) = put_in_stock(unit_with_store().own_stores.get(), hoist, 1)
    loan = lend(someone(), hoist)
    for piece in (here, loan.individual):
        due_in(-3, piece)
        due_in(20, piece, "inspection")
    night.run()
    part = ArticleFactory(name="Lyftband")
    put_in_stock(unit_with_store().delivering_warehouse, part, 2000)
    for _ in range(3):
        closed(registered(loan, type="Avhjälpande underhåll"), (part, 500), minutes=1439)
    soon = timezone.localdate() + dt.timedelta(days=30)
    Individual.objects.filter(pk=loan.individual_id).update(warranty_until=soon)
    return [here, loan.individual]


def looked_at(page: Page) -> None:
    assert faults(page) == []
    assert too_wide(page) == []


def test_khss_lists_and_the_piece_fit_every_screen(page, live_server, settings, pieces):
    sign_in(page.context, live_server, settings, technician(is_superuser=True))
    schedule = pieces[0].schedules.get(kind="service")
    addresses = [
        reverse(f"{MAINTENANCE}changelist"),
        reverse(f"{MAINTENANCE}change", args=[schedule.pk]),
        reverse(f"{MAINTENANCE}add"),
        reverse(f"{MAINTENANCE}history", args=[schedule.pk]),
        reverse("admin:activities_maintenanceplan_changelist"),
        reverse("admin:activities_maintenanceplan_change", args=[schedule.plan_id]),
        reverse("admin:activities_pieceunderwarranty_changelist"),
        reverse("activities:detail", args=[made_of(schedule).case_number]),
        reverse("activities:report", args=[made_of(schedule).case_number]),
    ]
    for piece in pieces:
        url = reverse("individuals:detail", args=[piece.number])
        addresses += [url, f"{url}?flik=status", f"{url}?flik=aktiviteter"]
    wrong = []
    for url in addresses:
        page.goto(live_server.url + url)
        wrong += [f"{url}: {fault}" for fault in (*faults(page), *too_wide(page))]
    assert not wrong, "\n".join(wrong)


def test_the_store_does_what_it_has_to_by_keyboard_and_it_can_be_handed_out(
    page, live_server, settings, pieces
):
    keeper = UserFactory(roles=[BUFFERT], default_unit=unit_with_store())
    store, (here, _) = unit_with_store().own_stores.get(), pieces
    sign_in(page.context, live_server, settings, keeper)
    page.goto(live_server.url)
    page.get_by_role("link", name=f"att utföra i {store.name}").press("Enter")
    expect(page.get_by_role("heading", name=str(store))).to_be_visible()
    looked_at(page)
    number = made_of(here.schedules.get(kind="service")).case_number
    page.get_by_role("link", name=number).press("Enter")
    page.goto(live_server.url + reverse("activities:report", args=[number]))
    page.get_by_label("Utförd åtgärd/Kommentar").fill("Service enligt protokoll.")
    page.get_by_role("checkbox", name="Avsluta aktivitet").press("Space")
    page.get_by_role("checkbox", name="Säkerhetsbesiktning").press("Space")
    looked_at(page)
    page.get_by_role("button", name="Spara ändringar").press("Enter")
    expect(page.get_by_text(f"Aktivitet {number} är avslutad.")).to_be_visible()
    assert not here.blocks.filter(until=None).exists()
    assert here.schedules.get(kind="inspection").last_on == timezone.localdate()


def test_a_return_says_that_the_piece_is_held_back(page, live_server, settings, pieces):
    keeper = UserFactory(roles=[BUFFERT], default_unit=unit_with_store())
    made = returned(pieces[1].loans.get(), user=keeper)
    sign_in(page.context, live_server, settings, keeper)
    page.goto(live_server.url + reverse("pickups:returned", args=[made.key]))
    expect(page.get_by_text("är spärrad och kan inte lämnas ut")).to_be_visible()
    looked_at(page)
