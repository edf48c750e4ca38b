"""Hoist projects under way, and a manual order whose real article KHS has found."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from articles.models import Article, Balance
from orders import services
from orders.models import (
    DeliveryWay,
    LineDelivery,
    OrderAttachment,
    OrderEvent,
    OrderLine,
    ProjectMove,
)
from orders.stages import ANSWERS, Stage
from organisation.models import User
from recipients.cases import EventKind
from recipients.models import Recipient

from . import people
from .files import FOLDER
from .organisation import Places
from .rows import Rows, delivery_row, lent_row, line_row, order_row
from .stock import Shelf

ROOM = (
    "Takmonterad lyft i sovrummet, rakskena över sängen, 3,2 × 4,1 meter. Betongtak. Används av"
    " två assistenter. Ring maken inför besöket."
)
MOTOR = "Motor till befintlig rakskena i sovrummet. Den gamla går inte att laga."
CHAIR = "En stol till köket med hög sits och armstöd som går att fälla undan. Högst 48 cm bred."
SITTING = "1809"  # ISO 9999: sitting furniture
OFFER = "offert-taklyft.pdf"
HUNG = {"39302": "242663", "39303": "199200"}  # which aid was put on a project that is delivered
# How many days ago each stage was reached.
COURSES: list[tuple[str, str, dict[Stage, int]]] = [
    ("39302", ROOM, {
        Stage.RECEIVED: 9, Stage.AT_SUPPLIER: 8, Stage.OFFER_RECEIVED: 2, Stage.WAITING: 1,
    }),
    ("39302", ROOM, {
        Stage.RECEIVED: 33, Stage.AT_SUPPLIER: 32, Stage.OFFER_RECEIVED: 24, Stage.WAITING: 24,
        Stage.APPROVED: 22, Stage.PURCHASED: 21,
    }),
    ("39303", MOTOR, {Stage.RECEIVED: 4, Stage.AT_SUPPLIER: 3}),
    ("39302", ROOM, {
        Stage.RECEIVED: 93, Stage.AT_SUPPLIER: 92, Stage.OFFER_RECEIVED: 84, Stage.WAITING: 84,
        Stage.APPROVED: 81, Stage.PURCHASED: 80, Stage.INSTALLED: 61, Stage.DELIVERED: 60,
    }),
    ("39303", MOTOR, {
        Stage.RECEIVED: 70, Stage.AT_SUPPLIER: 69, Stage.PURCHASED: 66, Stage.INSTALLED: 51,
        Stage.DELIVERED: 50,
    }),
]  # fmt: skip
NOTES = {
    Stage.AT_SUPPLIER: "Skickad till Guldmann.",
    Stage.PURCHASED: "Montering beställd, leverantören bokar tid med mottagaren.",
}


def add(
    rows: Rows,
    places: Places,
    articles: dict[str, Article],
    recipients: dict[str, Recipient],
    way: DeliveryWay,
    shelf: Shelf,
) -> OrderLine:
    """The rows of some projects, and of the manual order whose line is given back: what is put
    on it needs the saved line (``put``)."""
    whom = iter(people.unknown_to_tests(recipients, "0880")[5:])
    for number, comment, stages in COURSES:
        moments = {stage: _at(days, turn) for turn, (stage, days) in enumerate(stages.items())}
        order = order_row(rows, places, next(whom), way, moments[Stage.RECEIVED])
        order.planned_delivery = None
        article = articles[number]
        line = line_row(
            rows, order, article, 1, 1, order.unit.delivering_warehouse, comment=comment,
            project=article.project, stage=list(stages)[-1],
        )  # fmt: skip
        _moves(rows, places, line, moments)
        if at := moments.get(Stage.DELIVERED):
            _hang(rows, places, shelf, line, articles[HUNG[number]], moments[Stage.PURCHASED], at)
    order = order_row(rows, places, next(whom), way, _at(3, 0))
    order.planned_delivery = None
    return line_row(
        rows, order, articles["MANUELL"], 1, 1, order.unit.delivering_warehouse, comment=CHAIR
    )


def _hang(
    rows: Rows,
    places: Places,
    shelf: Shelf,
    line: OrderLine,
    article: Article,
    put_at: dt.datetime,
    at: dt.datetime,
) -> None:
    """The project is delivered, with the aid that KHS put on it: that is lent, the service isn't."""
    order, khs, warehouse = line.order, places.users["khs"], places.central["100"]
    put = line_row(rows, order, article, 1, 1, warehouse, put_for=line)
    text = f"KHS lade på 1 st {article}"
    rows.events.append(
        OrderEvent(order=order, at=put_at, user=khs, kind=EventKind.ARTICLES, text=text)
    )
    delivery = delivery_row(rows, order, at, khs)
    line.delivered = 1
    rows.handed_out.append(LineDelivery(delivery=delivery, line=line, quantity=1))
    piece = shelf.hand_out(warehouse, article, 1, at=at, case_number=order.case_number, user=khs)
    lent_row(rows, delivery, put, piece)


def _at(days: int, turn: int) -> dt.datetime:
    """In the morning, that many days ago."""
    day = timezone.localtime() - dt.timedelta(days=days)
    return day.replace(hour=9, minute=5 + 7 * turn, second=0, microsecond=0)


def put(places: Places, line: OrderLine) -> None:
    """KHS puts the real article on the manual order: the first chair that is there."""
    there = Balance.objects.filter(
        warehouse=line.warehouse, on_hand__gt=F("reserved"), article__iso_code__startswith=SITTING
    )
    services.put_article(
        line,
        user=places.users["khs"],
        article=there.select_related("article").order_by("article__number")[0].article,
        quantity=1,
        warehouse=line.warehouse,
    )


def _moves(rows: Rows, places: Places, line: OrderLine, stages: dict[Stage, dt.datetime]) -> None:
    khs, prescriber = places.users["khs"], line.order.prescriber
    for stage, at in stages.items():
        first, answered = stage == Stage.RECEIVED, stage in ANSWERS
        move = ProjectMove(
            line=line, stage=stage, at=at, by=prescriber if first or answered else khs,
            note=NOTES.get(stage, ""),
        )  # fmt: skip
        if stage == Stage.OFFER_RECEIVED:
            move.offer, move.amount = _offer(rows, line, khs, at), Decimal("24500.00")
        rows.moves.append(move)
        if not first and stage != Stage.DELIVERED:  # which the order tells itself
            text = f"{line.article.name}: {stage.label}"
            rows.events.append(
                OrderEvent(order=line.order, at=at, user=move.by, kind=EventKind.PROJECT, text=text)
            )


def _offer(rows: Rows, line: OrderLine, khs: User, at: dt.datetime) -> OrderAttachment:
    """One file for all offers."""
    content = (FOLDER / "offert.pdf").read_bytes()
    name = "attachments/demo-offert"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(content))
    file = OrderAttachment(
        order=line.order, line=line, file=name, name=OFFER, content_type="application/pdf",
        size=len(content), uploaded_by=khs, uploaded_at=at,
    )  # fmt: skip
    rows.files.append(file)
    return file
