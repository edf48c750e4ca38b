"""``python -m tests.benchmarks.pages [--times 3] [--only admin] [--keep]``: every page, one client.

Of the portal's and the back office's pages on the data of so many regions: the median, asked in
turn with a bare view (the machine's floor); the work that one takes of the portal and of the
database, the least of some (which a busy machine leaves nearly as it is), asked by a connection that
has asked it before; the number of queries.
They are held against the figures in ``figures.json``: told is what takes more than half as long
again, by its work, or more queries; with more regions than one, what takes more than 1.3 times one
region's work. ``--keep`` writes the figures anew.
"""

from __future__ import annotations

import argparse
import statistics
import time

from tests.benchmarks import kept, processes

FLOOR = "floor"
WARM, COUNTED, WORKED = 2, 9, 7
# What is asked so often is prepared, and may be planned for whatever is bound: as in production.
SETTLED = 8
SLOWER, GROWS = 1.5, 1.3
SLOW = 60  # milliseconds
# An article of the middle, words that one, 1 000 and 40 000 articles have.
ARTICLE = "120000"
RARE, SOME, COMMON = "rullstol+cross+35", "ramp+bred", "leverantor".replace("o", "%C3%B6")

PORTAL = {
    "start": "/",
    "articles": "/artiklar/",
    "articles, rare words": f"/artiklar/?q={RARE}",
    "articles, some hits": f"/artiklar/?q={SOME}",
    "articles, all hit": f"/artiklar/?q={COMMON}",
    "articles, all hit, page 300": f"/artiklar/?q={COMMON}&sida=300",
    "articles, all hit, by supplier": f"/artiklar/?q={COMMON}&sortera=supplier",
    "articles, all hit, by price": f"/artiklar/?q={COMMON}&sortera=-price",
    "articles, all hit, in stock": f"/artiklar/?q={COMMON}&lager=100&i_lager=ja",
    "articles, all hit, a branch": f"/artiklar/?q={COMMON}&gren=0403",
    "articles, all hit, a supplier": f"/artiklar/?q={COMMON}&leverantor=Leverant%C3%B6r+7&i_lager=ja",
    "articles, no words, a branch": "/artiklar/?lager=100&gren=04&i_lager=ja",
    "articles, seat width": "/artiklar/?q=rullstol&sittbredd=35-45",
    "article": f"/artiklar/{ARTICLE}/",
    "assortment": "/sortiment/",
    "branch": "/sortiment/04/",
    "individuals, rare": "/individer/?q=23456",
    "individuals, some hits": "/individer/?q=s123",
    "individuals, 100 000 hits": "/individer/?q=2",
    "individual": "/individer/234567/",
    "individual, activities": "/individer/234567/?flik=aktiviteter",
    "stores": "/lager/",
    "store": "/lager/0880/",
    "store, page 150": "/lager/0880/?sida=150",
    "store, by number": "/lager/0880/?sortera=number",
    "store, rare words": f"/lager/0880/?q={RARE}",
    "store, to do": "/lager/0880/?flik=aktiviteter",
    "recipients": "/mottagare/",
    "recipient": "/mottagare/{recipient}/",
    "recipient, ordered": "/mottagare/{recipient}/?flik=bestallt",
    "recipient, activities": "/mottagare/{recipient}/?flik=aktiviteter",
    "recipient, deviations": "/mottagare/{recipient}/?flik=avvikelser",
    "recipient, history": "/mottagare/{recipient}/?flik=historik",
    "order": "/bestallningar/{order}/",
    "pickup": "/hamtordrar/H250/",
    "activities, search": "/sok/?flik=aktiviteter",
    "activity": "/aktiviteter/A300/",
    "activity of a schedule": "/aktiviteter/U300/",
    "deviation": "/avvikelser/V60/",
    "recalls of a unit": "/aterkallelser/",
    "recall, a unit's 2 700 pieces": "/aterkallelser/{recall}/",
    "return": "/returer/ny/{recipient}/",
    "cart": "/bestallning/",
    "order dialog": "{dialog}",
    "checkout": "/bestallning/slutfor/",
    "news": "/nyheter/",
    "documents": "/mer-information/",
    "help": "/hjalp/",
    "recent": "/senaste/",
}
# Of a prescriber who has ordered 2 000 times.
OWN = {
    "my page": "/min-sida/",
    "my page, all": "/min-sida/?visa=alla",
    "my page, late": "/min-sida/?visa=forsenade",
    "my page, activities": "/min-sida/?flik=aktiviteter",
    "my page, pickups": "/min-sida/?flik=hamtordrar",
    "my page, deviations": "/min-sida/?flik=avvikelser",
    "my page, favourites": "/min-sida/?flik=favoriter",
    "my page, templates": "/min-sida/?flik=mallar",
    "my messages": "/meddelanden/",
    "start, of one's own": "/",
}
BACK_OFFICE = {
    "admin": "/admin/",
    "admin, orders": "/admin/orders/order/",
    "admin, orders, all": "/admin/orders/order/?status=alla",
    "admin, orders, all, page 20": "/admin/orders/order/?status=alla&p=20",
    "admin, orders, delivered": "/admin/orders/order/?status=delivered",
    "admin, orders, picking": "/admin/orders/order/?status=picking",
    "admin, orders, cancelled": "/admin/orders/order/?status=cancelled",
    "admin, orders, late": "/admin/orders/order/?lage=forsenad",
    "admin, orders, warehouse": "/admin/orders/order/?lager=100&status=alla",
    "KHS, order": "/bestallningar/B300/",
    "KHS, deliver": "/bestallningar/B300/leverera/",
    "admin, pickups": "/admin/pickups/pickuporder/",
    "admin, pickups, all": "/admin/pickups/pickuporder/?status=alla",
    "admin, pickups, received": "/admin/pickups/pickuporder/?status=received",
    "admin, pickups, differing": "/admin/pickups/pickuporder/?lage=skillnader",
    "admin, pickups, waiting": "/admin/pickups/pickuporder/?lage=vantar",
    "KHS, pickup": "/hamtordrar/H250/",
    "KHS, receive pickup": "/hamtordrar/H250/ta-emot/",
    "admin, activities": "/admin/activities/activity/",
    "admin, activities, all": "/admin/activities/activity/?status=alla",
    "admin, activities, all, page 20": "/admin/activities/activity/?status=alla&p=20",
    "admin, activities, late": "/admin/activities/activity/?lage=sen",
    "admin, activities, closed": "/admin/activities/activity/?status=closed",
    "admin, activities, technician": "/admin/activities/activity/?tekniker={clerk}&status=alla",
    "admin, maintenance": "/admin/activities/maintenanceschedule/",
    "admin, maintenance, page 20": "/admin/activities/maintenanceschedule/?p=20",
    "admin, maintenance, overdue": "/admin/activities/maintenanceschedule/?lage=forfallet",
    "admin, maintenance, municipality": "/admin/activities/maintenanceschedule/?kommun=0880",
    "admin, maintenance of a piece": "/admin/activities/maintenanceschedule/{schedule}/change/",
    "admin, maintenance plans": "/admin/activities/maintenanceplan/",
    "admin, warranty": "/admin/activities/pieceunderwarranty/",
    "KHS, activity": "/aktiviteter/A300/",
    "KHS, report activity": "/aktiviteter/A300/aterrapportera/",
    "KHS, my day": "/aktiviteter/min-dag/",
    "admin, deviations": "/admin/deviations/deviation/",
    "admin, deviations, all": "/admin/deviations/deviation/?status=alla",
    "admin, deviations, grave": "/admin/deviations/deviation/?lage=allvarlig",
    "admin, deviations, late": "/admin/deviations/deviation/?lage=forsenad",
    "KHS, deviation": "/avvikelser/V60/",
    "KHS, investigate deviation": "/avvikelser/V60/utred/",
    "admin, recalls": "/admin/deviations/recall/",
    "KHS, recall": "/aterkallelser/{recall}/",
    "KHS, recall, all": "/aterkallelser/{recall}/?visa=alla&sida=100",
    "KHS, close recall": "/aterkallelser/{recall}/avsluta/",
    "KHS, messages": "/meddelanden/",
    "KHS, my page": "/min-sida/",
    "admin, movements": "/admin/articles/stockmovement/",
    "admin, movements, page 10": "/admin/articles/stockmovement/?p=10",
    "admin, movements, counts": "/admin/articles/stockmovement/?kind__exact=count",
    "admin, movements, article": f"/admin/articles/stockmovement/?q={ARTICLE}",
    "admin, movements, case": "/admin/articles/stockmovement/?q=B4711",
    "admin, articles": "/admin/articles/article/",
    "admin, articles, rare": f"/admin/articles/article/?q={RARE}",
    "admin, articles, all hit": f"/admin/articles/article/?q={COMMON}",
    "admin, article": "/admin/articles/article/{article_id}/change/",
    "admin, article with parts": "/admin/articles/article/{main_id}/change/",
    "admin, article choice": "/admin/autocomplete/?app_label=articles&model_name=fit"
    "&field_name=part&term=cross",
    "admin, balances": "/admin/articles/balance/",
    "admin, balances, rare": f"/admin/articles/balance/?q={RARE}",
    "admin, balance": "/admin/articles/balance/{balance_id}/change/",
    "admin, individuals": "/admin/individuals/individual/",
    "admin, individuals, blocked": "/admin/individuals/individual/?sparr=ja",
    "admin, individuals, in warehouse": "/admin/individuals/individual/?lager=100",
    "admin, individual": "/admin/individuals/individual/{piece_id}/change/",
    "admin, ISO classes": "/admin/articles/isoclass/",
    "admin, accounts": "/admin/organisation/account/",
    "admin, accounts, page 10": "/admin/organisation/account/?p=10",
    "admin, reasons": "/admin/organisation/lookreason/",
    "admin, recipients": "/admin/recipients/recipient/",
    "admin, follow-ups": "/admin/recipients/loan/",
    "admin, letters": "/admin/organisation/mail/",
    "admin, news": "/admin/portal/news/",
    "admin, news editor": "/admin/portal/news/add/",
    "admin, documents": "/admin/portal/document/",
    "admin, history of an article": "/admin/articles/article/{article_id}/history/",
    "admin, history of a person": "/admin/recipients/recipient/{recipient}/history/",
    "admin, disposal": "/admin/portal/disposallist/",
    "admin, disposal, a list of 500": "/admin/portal/disposallist/{disposal}/change/",
    "KHS, a person's archive": "/registerutdrag/",
    "admin, months": "/admin/invoicing/monthrun/",
    "admin, month": "/admin/invoicing/monthrun/{month}/change/",
    "admin, questioned rows": "/admin/invoicing/question/",
    "admin, loans to question": "/admin/invoicing/doubtfulloan/",
    "admin, what is lost": "/admin/invoicing/lossverdict/",
    "KHS, invoices": "/fakturaspecifikationer/",
    "KHS, invoice": "/fakturaspecifikationer/{invoice}/",
    "KHS, figures": "/siffror/",
}
# Of a controller: an invoice of 50 000 rows, beside one of 48 000.
MONEY = {
    "invoices": "/fakturaspecifikationer/",
    "invoices, a year": "/fakturaspecifikationer/?fran=2000-01-01",
    "invoice": "/fakturaspecifikationer/{invoice}/",
    "invoice, page 500": "/fakturaspecifikationer/{invoice}/?sida=500",
    "invoice, by amount": "/fakturaspecifikationer/{invoice}/?sortera=-belopp",
    "invoice, by unit": "/fakturaspecifikationer/{invoice}/?summor=enhet&sortera=enhet",
    "invoice, a kind": "/fakturaspecifikationer/{invoice}/?summor=slag&del=sale",
    "invoice, new rents": "/fakturaspecifikationer/{invoice}/?andring=nya",
    "invoice, changed price": "/fakturaspecifikationer/{invoice}/?andring=pris",
    "invoice, words": "/fakturaspecifikationer/{invoice}/?q=rullstol",
    "invoice, a row": "/fakturaspecifikationer/{invoice}/?fraga={charge}",
    "figures": "/siffror/",
    "figures, three years by unit": "/siffror/?tid=36&efter=enhet",
}
LOG = {
    "log": "/logg/",
    "log, a user": "/logg/?anvandare=bench",
    "log, all days": "/logg/?fran=2000-01-01",
    "log, a recipient": "/logg/?mottagare={recipient}",
    "log, a patient's extract": "/logg/{recipient}/utdrag/",
    "log, spot checks": "/logg/stickprov/",
    "log, a month's spot check": "/logg/stickprov/{check}/",
    "log, a drawn look": "/logg/stickprov/{check}/1/",
    "log, plan of spot checks": "/logg/stickprov/plan/",
    "log, known persons": "/logg/stickprov/kanda/",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--only", default="", help="pages whose name begins with this")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    from tests.benchmarks import __main__ as benchmark

    benchmark.prepare(asked.times)
    before = kept.of(asked.times).get("pages", {})
    one = kept.of(1).get("pages", {}) if asked.times > 1 else {}
    heads = ("now", "floors", "work", "queries", "kept", "floors", "work", "queries")
    print(f"{'':34}" + "".join(f"{head:>9}" for head in heads))
    with benchmark.served():
        found = measure(asked.only, before, one)
    if asked.keep:
        kept.keep(asked.times, **found)


def measure(only: str, before: dict, one: dict) -> dict:
    """``{"floor_ms": …, "pages": {name: {"ms": …, "floors": …, "work_ms": …, "queries": …}}}``."""
    from django.test import Client

    from organisation.models import User
    from tests.benchmarks import __main__ as benchmark

    pages: dict[str, dict] = {}
    floors: list[float] = []
    users = (
        ("bench", PORTAL), ("bench_one", OWN), ("bench_khs", BACK_OFFICE), ("bench_money", MONEY),
        ("bench_log", LOG),
    )  # fmt: skip
    for username, addresses in users:
        if not any(name.startswith(only) for name in addresses):
            continue
        user = User.objects.get(username=username)
        client = Client(headers={"host": "localhost"})
        client.force_login(user, backend="organisation.backends.PortalBackend")
        where = _places(user, client)
        wanted = {n: url.format(**where) for n, url in addresses.items() if n.startswith(only)}
        floor = f"/golv/mottagare/?key={where['recipient']}"
        cookie = benchmark.cookie_of(client)
        for name, url in wanted.items():
            asked = benchmark.queries(client, url)
            bare, ms = benchmark.medians(cookie, floor, url, warm=WARM, counted=COUNTED)
            floors.append(bare)
            pages[name] = {
                "ms": round(ms, 1),
                "floors": round(ms / bare, 1),
                "work_ms": round(work(client, url), 1),
                "queries": asked,
            }
            tell(name, pages[name], before.get(name), one.get(name))
    print(f"{FLOOR:34}{statistics.median(floors):7.1f}ms")
    return {"floor_ms": round(statistics.median(floors), 2), "pages": pages}


def work(client, url: str) -> float:
    """The least that a page took of this process and of its database connection, milliseconds."""
    from django.db import connection

    from sesam.roomy import roomy

    get = roomy(client.get)  # as sesam/wsgi.py: else a page's calls may cost as much again
    for _ in range(SETTLED):
        get(url)
    least = float("inf")
    for _ in range(WORKED):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        began, there = time.process_time(), processes.worked(backend)
        get(url)
        here = (time.process_time() - began) * 1000
        least = min(least, here + processes.worked(backend) - there)
    return least


def _places(user, client) -> dict[str, object]:
    """What the addresses name."""
    from activities.models import MaintenanceSchedule
    from articles.models import Article, Balance
    from deviations.models import Recall
    from individuals.models import Individual
    from invoicing.models import Charge, MonthRun
    from orders import cart as carts
    from organisation.models import Source, User, Warehouse
    from organisation.permissions import FORSKRIVARE, has_role
    from recipients.models import Loan, Recipient

    central = Warehouse.objects.get(number="100")
    cart = carts.start(
        user,
        unit=user.default_unit,
        prescriber=user,
        recipient=Recipient.objects.order_by("pk").last(),
        replace=True,
    )
    for article in Article.objects.filter(is_marked=False).order_by("pk")[1000:1003]:
        carts.put(cart, carts.Wish(article, 1, Source.CENTRAL, central))
    orders = has_role(user, FORSKRIVARE)
    dialog = client.get(f"/bestallning/artikel/{ARTICLE}/")["Location"] if orders else ""
    article = Article.objects.get(number=ARTICLE)
    month = MonthRun.objects.latest("month")
    person = Loan.objects.order_by("pk").first().recipient
    charge = Charge.objects.filter(invoice__run=month, source_key__startswith="x").earliest("pk")
    return {
        "recipient": person.key,
        "check": _spot_check(person),
        "disposal": _disposal(),
        "order": "B300",
        "dialog": dialog,
        "article_id": article.pk,
        "main_id": Article.objects.order_by("pk").first().pk,
        "balance_id": Balance.objects.get(article=article, warehouse=central).pk,
        "piece_id": Individual.objects.get(number="234567").pk,
        "month": month.pk,
        "invoice": charge.invoice.number,
        "charge": charge.pk,
        "recall": Recall.objects.latest("pk").case_number,
        "schedule": MaintenanceSchedule.objects.order_by("pk").first().pk,
        "clerk": User.objects.get(username="bench_khs").pk,
    }


def _spot_check(person) -> object:
    """This month's, of looks that these users had at so many; drawn once."""
    from django.utils import timezone

    from organisation import access_log
    from organisation.models import User
    from portal.models import SpotCheck
    from portal.spot_checks import services
    from recipients.models import Recipient

    if not SpotCheck.objects.exists():
        user = User.objects.get(username="bench")
        for key in [person.key, *Recipient.objects.values_list("key", flat=True)[:200]]:
            access_log.record(user, access_log.Action.VIEW, key, detail="Mottagarens sida")
        services.draw(timezone.localdate().replace(day=1))
    return SpotCheck.objects.first()


def _disposal() -> int:
    """A list as long as there is."""
    from django.utils import timezone

    from portal.disposal.erasing import MOST
    from portal.models import DisposalList, DisposalRow
    from recipients.models import Recipient

    today = timezone.localdate()
    made, is_new = DisposalList.objects.get_or_create(month=today.replace(day=1))
    if is_new:
        people = Recipient.objects.filter(kind=Recipient.Kind.PERSON).order_by("pk")[:MOST]
        rows = [DisposalRow(of=made, recipient=person, last_on=today) for person in people]
        DisposalRow.objects.bulk_create(rows)
    return made.pk


def tell(name: str, page: dict, before: dict | None, one: dict | None) -> None:
    line = f"{name:34}{_line(page)}"
    if before:
        line += _line(before)
        if page["work_ms"] > before["work_ms"] * SLOWER:
            line += "  SLOWER"
        if page["queries"] > before["queries"]:
            line += "  MORE QUERIES"
    if page["work_ms"] > SLOW:
        line += f"  OVER {SLOW}"
    if one and page["work_ms"] > one["work_ms"] * GROWS:
        line += f"  GROWS {page['work_ms'] / one['work_ms']:.1f} TIMES"
    print(line, flush=True)


def _line(page: dict) -> str:
    return f"{page['ms']:7.1f}ms{page['floors']:9.1f}{page['work_ms']:7.1f}ms{page['queries']:9}"


if __name__ == "__main__":
    main()
