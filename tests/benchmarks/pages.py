"""``python -m tests.benchmarks.pages [--times 3] [--only admin] [--keep]``: every page, one client.

Median and number of queries of the portal's and the back office's pages on a region's data, asked
in turn with a bare view (the machine's floor), and held against the figures in ``figures.json``:
told is what takes more than half as long again, measured in floors, or more queries.
``--keep`` writes the figures anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

KEPT = Path(__file__).with_name("figures.json")
FLOOR = "floor"
WARM, COUNTED = 2, 9
SLOWER = 1.5
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
    "article": f"/artiklar/{ARTICLE}/",
    "assortment": "/sortiment/",
    "branch": "/sortiment/04/",
    "individuals, rare": "/individer/?q=23456",
    "individuals, some hits": "/individer/?q=s123",
    "individuals, 100 000 hits": "/individer/?q=2",
    "individual": "/individer/234567/",
    "stores": "/lager/",
    "store": "/lager/0880/",
    "store, page 150": "/lager/0880/?sida=150",
    "store, by number": "/lager/0880/?sortera=number",
    "store, rare words": f"/lager/0880/?q={RARE}",
    "recipients": "/mottagare/",
    "recipient": "/mottagare/{recipient}/",
    "recipient, ordered": "/mottagare/{recipient}/?flik=bestallt",
    "order": "/bestallningar/{order}/",
    "cart": "/bestallning/",
    "order dialog": "{dialog}",
    "checkout": "/bestallning/slutfor/",
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
    "admin, order": "/admin/orders/order/{order_id}/change/",
    "admin, deliver": "/admin/orders/order/{order_id}/leverera/",
    "admin, pickups": "/admin/pickups/pickuporder/",
    "admin, pickups, all": "/admin/pickups/pickuporder/?status=alla",
    "admin, pickups, received": "/admin/pickups/pickuporder/?status=received",
    "admin, pickups, differing": "/admin/pickups/pickuporder/?lage=skillnader",
    "admin, pickups, waiting": "/admin/pickups/pickuporder/?lage=vantar",
    "admin, pickup": "/admin/pickups/pickuporder/{pickup_id}/change/",
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
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--only", default="", help="pages whose name begins with this")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    from tests.benchmarks import __main__ as benchmark

    benchmark.prepare(asked.times)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"pages": {}}
    print(f"{'':34}{'now':>9}{'floors':>8}{'queries':>9}{'kept':>10}{'floors':>8}{'queries':>9}")
    with benchmark.served():
        found = measure(asked.only, kept["pages"])
    if asked.keep:
        pages = kept["pages"] if asked.only else {}
        fresh = {"floor_ms": found["floor_ms"], "pages": {**pages, **found["pages"]}}
        KEPT.write_text(json.dumps(fresh, indent=2, sort_keys=True) + "\n")


def measure(only: str, kept: dict) -> dict:
    """``{"floor_ms": …, "pages": {name: {"ms": …, "floors": …, "queries": …}}}``."""
    from django.test import Client

    from organisation.models import User
    from tests.benchmarks import __main__ as benchmark

    pages: dict[str, dict] = {}
    floors: list[float] = []
    for username, addresses in (("bench", PORTAL), ("bench_khs", BACK_OFFICE)):
        user = User.objects.get(username=username)
        client = Client(headers={"host": "localhost"})
        client.force_login(user, backend="organisation.backends.PortalBackend")
        where = _places(user, client)
        wanted = {n: url.format(**where) for n, url in addresses.items() if n.startswith(only)}
        if not wanted:
            continue
        floor = f"/golv/mottagare/?key={where['recipient']}"
        cookie = benchmark.cookie_of(client)
        for name, url in wanted.items():
            asked = benchmark.queries(client, url)
            bare, ms = benchmark.medians(cookie, floor, url, warm=WARM, counted=COUNTED)
            floors.append(bare)
            pages[name] = {"ms": round(ms, 1), "floors": round(ms / bare, 1), "queries": asked}
            tell(name, pages[name], kept.get(name))
    print(f"{FLOOR:34}{statistics.median(floors):7.1f}ms")
    return {"floor_ms": round(statistics.median(floors), 2), "pages": pages}


def _places(user, client) -> dict[str, object]:
    """What the addresses name."""
    from articles.models import Article, Balance
    from individuals.models import Individual
    from orders import cart as carts
    from orders.models import Order
    from organisation.models import Source, Warehouse
    from pickups.models import PickupOrder
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
    dialog = client.get(f"/bestallning/artikel/{ARTICLE}/")
    article = Article.objects.get(number=ARTICLE)
    return {
        "recipient": Loan.objects.order_by("pk").first().recipient.key,
        "order": "B300",
        "dialog": dialog["Location"],
        "order_id": Order.objects.get(case_number="B300").pk,
        "pickup_id": PickupOrder.objects.get(case_number="H250").pk,
        "article_id": article.pk,
        "main_id": Article.objects.order_by("pk").first().pk,
        "balance_id": Balance.objects.get(article=article, warehouse=central).pk,
        "piece_id": Individual.objects.get(number="234567").pk,
    }


def tell(name: str, page: dict, before: dict | None) -> None:
    line = f"{name:34}{page['ms']:7.1f}ms{page['floors']:8.1f}{page['queries']:9}"
    if before:
        line += f"{before['ms']:8.1f}ms{before['floors']:8.1f}{before['queries']:9}"
        if page["floors"] > before["floors"] * SLOWER:
            line += "  SLOWER"
        if page["queries"] > before["queries"]:
            line += "  MORE QUERIES"
    print(line, flush=True)


if __name__ == "__main__":
    main()
