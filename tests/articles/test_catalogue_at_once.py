"""The catalogue's sheets and whoever else is at it in the same instant: through real HTTP, each
request and each job with a connection of its own."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles import catalogue_excel, stock
from articles.models import Article, Balance, CatalogueImport, Price, Supplier
from organisation.permissions import KHS
from tests.at_once import at_once, while_others_write
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    PriceFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.jobs import run_jobs, taken, waiting
from tests.orders.builders import add, sent, start
from tests.orders.test_concurrency import stock_agrees
from tests.pickups.builders import prescriber
from tests.pickups.pages import form_of
from tests.real_http import signed_in

from .test_catalogue_import import HEADS, URL, sheet

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(6)
LIST = "/admin/articles/article/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def hire():
    return BillingFormFactory(name="Hyra")


def khs():
    return UserFactory(roles=[KHS], is_staff=True)


def read(upload, user=None) -> CatalogueImport:
    """A sheet that was sent in and read; its sender hasn't confirmed it yet."""
    client = Client()
    client.force_login(user or khs(), backend="organisation.backends.PortalBackend")
    assert client.post(URL, {"file": upload}).status_code == 302
    run_jobs()
    return CatalogueImport.objects.latest("pk")


def confirmed(*uploads) -> list:
    """The jobs of sheets that were each confirmed by somebody of their own."""
    for upload in uploads:
        read_one = read(upload)
        client = Client()
        client.force_login(read_one.user, backend="organisation.backends.PortalBackend")
        assert client.post(f"{URL}{read_one.key}/").status_code == 302
    return taken()


def faults_of(read_one: CatalogueImport) -> int:
    read_one.refresh_from_db()
    assert read_one.applied_at and not read_one.error
    return read_one.faults


def test_a_sheet_is_sent_in_and_confirmed_twice_and_imported_once(twice, hire):
    user = khs()
    client, browser = twice(user)
    for turn in ROUNDS:
        for answer in browser.post(URL, {"file": sheet((str(turn), "Stol", "Tjänst", "Hyra"))}):
            assert answer.status == 302
        run_jobs()
        one = CatalogueImport.objects.latest("pk")
        first, second = browser.post(f"{URL}{one.key}/", {})
        assert (first.status, second.status) == (302, 302)
        assert [name for name, _ in waiting()] == ["articles.apply_catalogue"]
        (job,) = taken()
        at_once(job, job)  # a job that was taken for lost, and the one that was to do it anew
        one.refresh_from_db()
        assert (one.new, one.changed, one.faults) == (1, 0, 0)
        assert "1 ny och 0 ändrade" in client.get(f"{URL}{one.key}/").content.decode()
    assert Article.objects.count() == len(ROUNDS)
    assert CatalogueImport.objects.exclude(applied_at=None).count() == len(ROUNDS)


def test_a_sheet_that_is_to_be_read_again_is_not_imported_by_a_job_taken_for_lost(hire):
    (job,) = confirmed(sheet(("1", "Stol", "Tjänst", "Hyra")))
    one = CatalogueImport.objects.get()
    long_ago = timezone.now() - dt.timedelta(minutes=11)
    client = Client()
    client.force_login(one.user, backend="organisation.backends.PortalBackend")

    def asks_again_while_it_reads(*args, **kwargs):
        CatalogueImport.objects.update(touched_at=long_ago)
        client.post(f"{URL}{one.key}/", {"again": "1"})
        return read_sheet(*args, **kwargs)

    read_sheet = catalogue_excel.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue_excel, "read", asks_again_while_it_reads)
        job()
    assert not Article.objects.exists()
    run_jobs()
    assert "Importera 1 artikel" in client.get(f"{URL}{one.key}/").content.decode()


def test_two_users_import_at_once_and_both_sheets_are_taken_over(hire):
    heads = (
        *HEADS,
        "Leverantör",
        "Listpris exkl. moms",
        "Pris från",
        "Leverantörens artikelnummer",
    )
    day = dt.date(2026, 1, 1)
    for turn in ROUNDS:
        there = ArticleFactory(name="Säng", supplier=None, supplier_number="")
        new = (f"N{turn}", "Stol", "Tjänst", "Hyra", f"Ny {turn} AB", "100", day)
        jobs = confirmed(
            sheet(new, (there.number, f"Säng {turn}"), heads=heads),
            sheet(new, (there.number, *[None] * 6, f"L-{turn}"), heads=heads),
        )
        at_once(*jobs)
        two = CatalogueImport.objects.order_by("-pk")[:2]
        assert [faults_of(one) for one in two] == [0, 0]
        assert sum(one.new for one in two) == 1
        there.refresh_from_db()
        assert (there.name, there.supplier_number) == (f"Säng {turn}", f"L-{turn}")
    assert Supplier.objects.filter(name__startswith="Ny ").count() == len(ROUNDS)
    assert Price.objects.count() == len(ROUNDS)


def test_an_order_is_sent_while_its_article_is_imported(live_server, hire):
    user, recipient, warehouse = prescriber(), RecipientFactory(), WarehouseFactory()
    tab, _ = signed_in(live_server, user)
    heads = (*HEADS, "Listpris exkl. moms", "Pris från", "Lagerförs")
    for turn in ROUNDS:
        article = ArticleFactory(name="Stol")
        put_in_stock(warehouse, article, 5)
        PriceFactory(article=article, list_price="10", valid_from=dt.date(2026, 1, 1))
        cart = start(user, recipient)
        add(cart, article, 2)
        form = {
            "token": cart.token, "action": "send", "delivery_way": cart.delivery_way_id,
            "extra_info": "", "contact_prescriber": "nej",
        }  # fmt: skip
        rows = [
            (article.number, f"Stol {turn}", None, None, "20", dt.date(2026, 1, 2), None),
            (article.number, *[None] * 5, "Nej"),
        ]
        jobs = confirmed(*(sheet(row, heads=heads) for row in rows))
        answer, *_ = at_once(partial(tab.post, "/bestallning/slutfor/leverans/", form), *jobs)
        assert answer.status == 302 and "bekraftelse" in answer.location
        changing, unstocking = CatalogueImport.objects.order_by("pk")[2 * turn :]
        assert (faults_of(changing), faults_of(unstocking)) == (0, 1)
        article.refresh_from_db()
        assert (article.name, article.is_stocked) == (f"Stol {turn}", True)
        cart.refresh_from_db()
        line = cart.order.lines.get()
        assert line.list_price in (Decimal(10), Decimal(20)) and line.reserved == 2
        stock_agrees()


def test_the_back_office_changes_an_article_while_a_sheet_does(live_server, hire):
    tab, _ = signed_in(live_server, khs())
    heads = (*HEADS, "Listpris exkl. moms", "Pris från")
    for _ in ROUNDS:
        article = ArticleFactory(name="Stol", product_group="")
        page = f"{LIST}{article.pk}/change/"
        opened = form_of(As(tab.get(page).text))
        jobs = confirmed(
            sheet(
                (article.number, "Stol Cross", None, None, "20", dt.date(2026, 1, 2)), heads=heads
            )
        )
        save = partial(tab.post, page, opened | {"product_group": "Stolar"})
        answer, _ = at_once(save, *jobs)
        assert answer.status == 302, answer.text
        article.refresh_from_db()
        assert (article.name, article.product_group) == ("Stol Cross", "Stolar")
        assert article.prices.count() == 1


class As:
    """A page that came by HTTP, for ``form_of``."""

    def __init__(self, text: str) -> None:
        self.content = text.encode()


def test_the_back_office_gives_a_number_that_a_sheet_gives_too(twice, live_server, hire):
    user = khs()
    tab, _ = signed_in(live_server, user)
    _, browser = twice(user)
    for turn in ROUNDS:
        number = f"N{turn}"
        form = form_of(As(tab.get(f"{LIST}add/").text)) | {
            "number": number, "name": "Stol", "type": "service", "billing_form": hire.pk,
        }  # fmt: skip
        jobs = confirmed(sheet((number, "Stol lång", "Tjänst", "Hyra")))
        if turn % 2:
            answer, _ = at_once(partial(tab.post, f"{LIST}add/", form), *jobs)
            assert answer.status in (302, 200), answer.text
            assert answer.status == 302 or "finns redan" in answer.text
            assert Article.objects.get(number=number).name == "Stol lång"
        else:
            first, second = browser.post(f"{LIST}add/", form)
            assert sorted([first.status, second.status]) == [200, 302]
            at_once(*jobs)
        assert faults_of(CatalogueImport.objects.latest("pk")) == 0
    assert Article.objects.count() == len(ROUNDS)


def test_what_stands_in_stock_goes_on_being_stocked(hire):
    """Else what moves it wouldn't be written, and what is reserved never let go."""
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1))
    client = Client()
    client.force_login(khs(), backend="organisation.backends.PortalBackend")
    page = reverse("admin:articles_article_change", args=[article.pk])
    form = form_of(client.get(page))
    del form["is_stocked"]
    answer = client.post(page, form)
    assert "Kan inte ändras medan artikeln finns i lager" in answer.content.decode()
    (job,) = confirmed(sheet((article.number, "Nej"), heads=("Artikelnummer", "Lagerförs")))
    job()
    assert faults_of(CatalogueImport.objects.get()) == 1
    article.refresh_from_db()
    assert article.is_stocked and order.lines.get().reserved == 1
    gone = ArticleFactory()
    (job,) = confirmed(sheet((gone.number, "Nej"), heads=("Artikelnummer", "Lagerförs")))
    job()
    gone.refresh_from_db()
    assert not gone.is_stocked


def test_balances_are_locked_in_the_ledgers_order_however_warehouses_are_called():
    """Else who changes an article and who delivers it from two warehouses wait for one another."""
    article = ArticleFactory()
    first, last = WarehouseFactory(number="900"), WarehouseFactory(number="100")
    for warehouse in (first, last):
        put_in_stock(warehouse, article, 1)

    def lock(warehouse, **how):
        Balance.objects.select_for_update(**how).get(warehouse=warehouse, article=article)

    found = while_others_write(
        lambda: lock(first),
        lambda: transaction.atomic(stock.in_stock)([article.pk], lock=True),
        before_commit=lambda: lock(last, nowait=True),
    )
    assert found == {article.pk}
