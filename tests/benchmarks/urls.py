"""The project's addresses, and the floors: the same rows by raw SQL behind the same login."""

import json

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from sesam.urls import urlpatterns as project
from tests.benchmarks import sending


def _answer(rows: list) -> HttpResponse:
    return HttpResponse(json.dumps(rows, default=str), content_type="application/json")


@login_required
def articles(request: HttpRequest) -> HttpResponse:
    """25 hits with total and availability."""
    words = request.GET["q"].upper().split()
    where = " AND ".join(["a.search_text LIKE %s"] * len(words))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH hits AS MATERIALIZED (SELECT a.* FROM articles_article a WHERE {where})
            SELECT h.number, h.name, s.name, count(*) OVER (),
                   b.on_hand - b.reserved - b.unavailable
            FROM hits h LEFT JOIN articles_supplier s ON s.id = h.supplier_id
            LEFT JOIN articles_balance b ON b.article_id = h.id AND b.warehouse_id = %s
            ORDER BY sv_sortkey(h.name), h.name, h.number LIMIT 25
            """,
            [*(f"%{word}%" for word in words), request.GET["w"]],
        )
        return _answer(cursor.fetchall())


@login_required
def recipient(request: HttpRequest) -> HttpResponse:
    """The person and what is held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM recipients_recipient WHERE key = %s", [request.GET["key"]])
        person = cursor.fetchone()
        cursor.execute(
            """
            SELECT a.number, a.name, i.number, l.quantity, l.case_number, l.delivered_at
            FROM recipients_loan l JOIN articles_article a ON a.id = l.article_id
            LEFT JOIN individuals_individual i ON i.id = l.individual_id
            WHERE l.recipient_id = %s AND l.ended_at IS NULL
            ORDER BY l.delivered_at DESC LIMIT 50
            """,
            [person[next(i for i, c in enumerate(_columns("recipients_recipient")) if c == "id")]],
        )
        return _answer([person, cursor.fetchall()])


def _columns(table: str) -> list[str]:
    if table not in _KNOWN:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            _KNOWN[table] = [column.name for column in cursor.description]
    return _KNOWN[table]


_KNOWN: dict[str, list[str]] = {}
urlpatterns = [
    path("golv/artiklar/", articles),
    path("golv/mottagare/", recipient),
    path("golv/skicka/", sending.floor),
    *project,
]
