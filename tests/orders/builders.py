"""Carts and orders as the services make them."""

from decimal import Decimal
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from articles.models import Article, ArticleType, Project
from orders import again, saved, services
from orders import cart as carts
from orders.models import Cart, Order, OrderLine, OrderTemplate, ProjectMove
from orders.stages import ANSWERS, Stage
from organisation.models import Source, User, Warehouse
from organisation.permissions import KHS
from recipients.models import Recipient
from tests.factories import ArticleFactory, RecipientFactory, UserFactory, WarehouseFactory


def start(user: User | None = None, recipient: Recipient | None = None, **facts) -> Cart:
    """An empty order in progress, with all that sending needs."""
    user = user or UserFactory()
    if "destination" in facts:
        user.default_unit.own_stores.add(facts["destination"])
    else:
        facts["recipient"] = recipient or RecipientFactory()
    return carts.start(user, unit=user.default_unit, prescriber=user, **facts)


def add(cart: Cart, article: Article, quantity: int = 1, **facts):
    """Put a line in the cart: from KHS unless a store is given."""
    warehouse: Warehouse = facts.pop("warehouse", None) or WarehouseFactory()
    source = Source.CENTRAL if warehouse.is_central else Source.OWN_STORE
    wish = carts.Wish(
        article=article, quantity=quantity, source=source, warehouse=warehouse, **facts
    )
    return carts.put(cart, wish)


def sent(*lines: tuple[Article, int], user: User | None = None, **facts) -> Order:
    """A sent order of (article, quantity) lines from KHS."""
    cart = start(user, **facts)
    for article, quantity in lines:
        add(cart, article, quantity)
    return services.send(cart, user=cart.user)


def project_article(course: str = Project.WITH_OFFER, **facts) -> Article:
    """A service that is a project, as 39302 and 39303 are."""
    defaults = {
        "number": "39302" if course == Project.WITH_OFFER else "39303",
        "name": "Projektering av taklyft",
        "type": ArticleType.SERVICE,
        "is_stocked": False,
        "requires_comment": True,
        "project": course,
    }
    found = Article.objects.filter(number=defaults["number"]).first()
    return found or ArticleFactory(**(defaults | facts))


def manual_article() -> Article:
    found = Article.objects.filter(number="MANUELL").first()
    return found or ArticleFactory(
        number="MANUELL", name="MANUELL förskrivning", is_stocked=False, requires_comment=True
    )


def pdf(name: str = "offert.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.4 offert\n%%EOF\n", content_type="application/pdf")


TO_APPROVAL = [Stage.AT_SUPPLIER, Stage.OFFER_RECEIVED, Stage.WAITING]


def saved_template(*articles: Article, owner: User, **facts) -> OrderTemplate:
    """A template of one of each."""
    facts = {"name": f"Paket {OrderTemplate.objects.count() + 1}"} | facts
    lines = [again.Once(article, 1, Source.CENTRAL) for article in articles]
    facts = {"unit": None, "key": uuid4()} | facts
    return saved.save(owner, lines=lines, **facts)


def last_move(line: OrderLine) -> int:
    return ProjectMove.objects.filter(line=line).order_by("-pk").first().pk


def go(line: OrderLine, *stages: Stage, khs: User | None = None) -> OrderLine:
    """The project moved through ``stages``, answers by the order's prescriber."""
    khs = khs or UserFactory(roles=[KHS], is_staff=True)
    for stage in stages:
        seen = last_move(line)
        if stage in ANSWERS:
            services.answer_offer(
                line,
                user=line.order.prescriber,
                seen=seen,
                approved=stage == Stage.APPROVED,
                reason="För dyr.",
            )
        else:
            offer = {"offer": pdf(), "amount": Decimal("24500.00")}
            facts = offer if stage == Stage.OFFER_RECEIVED else {}
            services.move_on(line, stage, user=khs, seen=seen, **facts)
    line.refresh_from_db()
    return line


def project(*stages: Stage, course: str = Project.WITH_OFFER, **facts) -> OrderLine:
    """The line of a sent project, moved through ``stages``."""
    cart = start(**facts)
    add(cart, project_article(course), comment="Sovrum, 3 × 4 meter. Ring Lennart.")
    return go(services.send(cart, user=cart.user).lines.get(), *stages)


def manual(*others: Article, comment: str = "Ett specialbord", **facts) -> OrderLine:
    """The line of a sent manual order; ``others`` are lines beside it."""
    cart = start(**facts)
    add(cart, manual_article(), comment=comment)
    for article in others:
        add(cart, article)
    order = services.send(cart, user=cart.user)
    return order.lines.get(article__number="MANUELL")
