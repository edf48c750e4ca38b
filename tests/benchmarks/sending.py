"""Sending an order of 3 lines by POST, beside a bare view that writes the same rows by raw SQL."""

import http.client
import re
import statistics
import time
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

FACTS = (
    "co, street, postcode, locality, door_code, instructions, recipient_phone, recipient_mobile,"
    " recipient_email, contact_name, contact_phone, contact_mobile, contact_email,"
    " contact_prescriber, extra_info, kind, delivery_way_id, destination_id, prescriber_id,"
    " recipient_id, unit_id"
)


@csrf_exempt
@login_required
@transaction.atomic
def floor(request: HttpRequest) -> HttpResponse:
    """The least that sending an order must do: the same locks and the same rows."""
    cart, user, now = int(request.POST["cart"]), request.user.pk, timezone.now()
    with connection.cursor() as c:
        c.execute(
            "SELECT r.id FROM recipients_recipient r JOIN orders_cart c ON c.recipient_id = r.id"
            " WHERE c.id = %s FOR NO KEY UPDATE OF r",
            [cart],
        )
        c.execute("SELECT 1 FROM orders_cart WHERE id = %s FOR UPDATE", [cart])
        c.execute(
            "SELECT b.id, least(l.quantity, b.on_hand - b.reserved - b.unavailable)"
            " FROM articles_balance b JOIN orders_cartline l ON l.article_id = b.article_id"
            "  AND l.warehouse_id = b.warehouse_id WHERE l.cart_id = %s"
            " ORDER BY b.warehouse_id, b.article_id FOR UPDATE OF b",
            [cart],
        )
        reserved = c.fetchall()
        week = f"{now:%y}{now.isocalendar()[1]:02d}"
        c.execute(
            "INSERT INTO sesam_caseseries AS s (prefix, last) VALUES (%s, 1)"
            " ON CONFLICT (prefix) DO UPDATE SET last = s.last + 1 RETURNING last",
            [week],
        )
        number = f"{week}{c.fetchone()[0]:04d}"
        c.execute("INSERT INTO sesam_casenumber VALUES (%s, 'order', %s)", [number, now])
        c.execute(
            f"INSERT INTO orders_order ({FACTS}, case_number, status, sent_at, planned_delivery,"
            f" ordered_by_id) SELECT {FACTS}, %s, 'registered', %s, %s, user_id"
            " FROM orders_cart WHERE id = %s RETURNING id, recipient_id, unit_id",
            [number, now, now.date(), cart],
        )
        order, recipient, unit = c.fetchone()
        c.execute(
            "INSERT INTO orders_orderline (order_id, position, quantity, source, comment,"
            " deliver_together, replaced_because, reserved, delivered, cancelled, list_price,"
            " rent,"
            " article_id, billing_form_id, payer_id, seller_id, warehouse_id)"
            " SELECT %s, l.position, l.quantity, l.source, l.comment, l.deliver_together,"
            " l.replaced_because, least(l.quantity, b.on_hand - b.reserved - b.unavailable), 0, 0,"
            " p.list_price, p.rent,"
            " a.id, a.billing_form_id, u.payer_id, w.owner_id, w.id"
            " FROM orders_cartline l JOIN articles_article a ON a.id = l.article_id"
            " JOIN organisation_warehouse w ON w.id = l.warehouse_id"
            " JOIN articles_balance b ON b.article_id = a.id AND b.warehouse_id = w.id"
            " JOIN organisation_unit u ON u.id = %s"
            " LEFT JOIN LATERAL (SELECT list_price, rent FROM articles_price"
            "   WHERE article_id = a.id AND valid_from <= %s"
            "   ORDER BY valid_from DESC LIMIT 1) p ON true WHERE l.cart_id = %s",
            [order, unit, now.date(), cart],
        )
        c.execute(
            "UPDATE articles_balance b SET reserved = b.reserved + n.taken"
            " FROM unnest(%s::bigint[], %s::int[]) AS n (id, taken) WHERE b.id = n.id",
            [[row[0] for row in reserved], [row[1] for row in reserved]],
        )
        c.execute(
            "INSERT INTO orders_orderevent (order_id, at, user_id, kind, text)"
            " VALUES (%s, %s, %s, 'created', 'Beställningen skickades')",
            [order, now, user],
        )
        c.execute(
            "INSERT INTO recipients_carerelation (recipient_id, unit_id, case_number, since)"
            " VALUES (%s, %s, %s, %s)",
            [recipient, unit, number, now],
        )
        c.execute(
            "UPDATE orders_cart SET order_id = %s, closed_at = %s, updated_at = %s WHERE id = %s",
            [order, now, now, cart],
        )
    return HttpResponse(number, status=302, headers={"Location": f"/bestallningar/{number}/"})


def _cart(user, recipient, khs, articles, size: int):
    from orders import cart as carts
    from organisation.models import Source

    cart = carts.start(
        user, unit=user.default_unit, prescriber=user, recipient=recipient, replace=True
    )
    for article in articles[:size]:
        carts.put(cart, carts.Wish(article, 1, Source.CENTRAL, khs))
    cart.contact_phone = cart.contact_phone or "0480-12345"
    cart.save()
    return cart


def measure(user, client, port: int, cookie: str, *, times: int) -> None:
    """Prints the medians of ``times`` orders by each way, taken in turn, and the queries."""
    from django.test.utils import CaptureQueriesContext

    from articles.models import Article, Balance
    from organisation.models import Warehouse
    from recipients.models import Recipient

    khs = Warehouse.objects.get(number="100")
    recipient = Recipient.objects.order_by("pk").last()
    full = Balance.objects.filter(warehouse=khs, on_hand__gt=5).values("article")
    articles = list(Article.objects.filter(pk__in=full, is_discontinued=False).order_by("pk")[:30])
    page = client.get("/artiklar/", HTTP_HOST="localhost").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    cookie += f"; csrftoken={client.cookies['csrftoken'].value}"
    connected = http.client.HTTPConnection("127.0.0.1", port)

    def post(url: str, **fields) -> float:
        body = urlencode({"csrfmiddlewaretoken": token, **fields})
        headers = {
            "Cookie": cookie,
            "Host": "localhost",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        began = time.perf_counter()
        connected.request("POST", url, body, headers)
        response = connected.getresponse()
        response.read()
        taken = (time.perf_counter() - began) * 1000
        where = response.headers.get("Location", "")
        assert response.status == 302 and "/bestallningar/" in where, (response.status, url, where)
        return taken

    def ours() -> float:
        cart = _cart(user, recipient, khs, articles, 3)
        return post("/bestallning/slutfor/leverans/", **_fields(cart))

    def bare() -> float:
        return post("/golv/skicka/", cart=_cart(user, recipient, khs, articles, 3).pk)

    taken: list[tuple[float, float]] = [(ours(), bare()) for _ in range(times + 20)][20:]
    portal, floor_ = (statistics.median(series) for series in zip(*taken, strict=True))
    counts = []
    for size in (1, 3, 30):
        cart = _cart(user, recipient, khs, articles, size)
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(
                "/bestallning/slutfor/leverans/", _fields(cart), HTTP_HOST="localhost"
            )
        assert answer.status_code == 302, answer.status_code
        counts.append(
            len([q for q in queries if not re.match(r"SAVEPOINT|RELEASE|BEGIN|COMMIT", q["sql"])])
        )
    print(
        f"{'send 3 lines':20}{portal:8.2f}ms{floor_:8.2f}ms{portal / floor_:8.2f}{counts[1]:9}"
        f"   ({counts[0]} for 1 line, {counts[2]} for 30)"
    )


def _fields(cart) -> dict:
    return {
        "action": "send",
        "token": cart.token,
        "delivery_way": cart.delivery_way_id,
        "contact_prescriber": "ja" if cart.contact_prescriber else "nej",
        "extra_info": "",
        "open_block": "",
    }
