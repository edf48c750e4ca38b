"""Two people at the same project at once: real connections, real threads."""

import pytest

from orders import services
from orders.models import Order, OrderLine, OrderStatus
from orders.stages import Stage
from organisation.permissions import KHS
from sesam.errors import DomainError
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock

from .builders import TO_APPROVAL, go, last_move, manual, pdf, project
from .test_concurrency import at_once, stock_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def two_of_khs():
    return [UserFactory(roles=[KHS], is_staff=True) for _ in range(2)]


def outcome(results: list) -> list[str]:
    return sorted("told" if isinstance(r, DomainError) else "done" for r in results)


def test_two_of_khs_move_a_project_at_once():
    line = project(Stage.AT_SUPPLIER, Stage.OFFER_RECEIVED)
    seen, (first, second) = last_move(line), two_of_khs()
    results = at_once(
        lambda: services.move_on(line, Stage.WAITING, user=first, seen=seen),
        lambda: services.move_on(line, Stage.AT_SUPPLIER, user=second, seen=seen),
    )
    assert outcome(results) == ["done", "told"]
    (told,) = [r for r in results if isinstance(r, DomainError)]
    assert "Någon annan har flyttat projektet" in told.message
    assert line.moves.count() == 4


def test_two_click_the_same_stage_at_once():
    line, (first, second) = project(), two_of_khs()
    seen = last_move(line)
    results = at_once(
        *[
            lambda u=user: services.move_on(line, Stage.AT_SUPPLIER, user=u, seen=seen)
            for user in (first, second)
        ]
    )
    assert outcome(results) == ["done", "told"] and line.moves.count() == 2


def test_one_approves_while_another_cancels():
    line = project(*TO_APPROVAL)
    user, colleague = line.order.prescriber, UserFactory(default_unit=line.order.unit)
    seen = last_move(line)
    answer, cancelled = at_once(
        lambda: services.answer_offer(line, user=user, seen=seen, approved=True),
        lambda: services.cancel(line.order, user=colleague),
    )
    # Nothing is bought yet, so the cancelling holds whoever came first.
    assert isinstance(cancelled, Order) and cancelled.status == OrderStatus.CANCELLED
    last = line.moves.order_by("-pk").first()
    if isinstance(answer, DomainError):
        assert "makulerad" in answer.message and last.stage == Stage.WAITING
    else:
        assert last.stage == Stage.APPROVED


def test_one_approves_while_a_colleague_refuses():
    line = project(*TO_APPROVAL)
    user, colleague = line.order.prescriber, UserFactory(default_unit=line.order.unit)
    seen = last_move(line)
    results = at_once(
        lambda: services.answer_offer(line, user=user, seen=seen, approved=True),
        lambda: services.answer_offer(
            line, user=colleague, seen=seen, approved=False, reason="För dyr."
        ),
    )
    assert outcome(results) == ["done", "told"]
    assert line.moves.filter(stage__in=[Stage.APPROVED, Stage.REFUSED]).count() == 1


def test_the_unit_cancels_while_khs_buys():
    line = go(project(*TO_APPROVAL), Stage.APPROVED)
    (khs, _), seen = two_of_khs(), last_move(line)
    results = at_once(
        lambda: services.move_on(line, Stage.PURCHASED, user=khs, seen=seen),
        lambda: services.cancel(line.order, user=line.order.prescriber),
    )
    assert outcome(results) == ["done", "told"]


def test_two_put_the_last_piece_on_two_orders():
    article = ArticleFactory()
    kalmar = WarehouseFactory()
    put_in_stock(kalmar, article, 1)
    lines, people = [manual(), manual()], two_of_khs()
    made = at_once(
        *[
            lambda x=line, u=user: services.put_article(
                x, user=u, article=article, quantity=1, warehouse=kalmar
            )
            for line, user in zip(lines, people, strict=True)
        ]
    )
    assert sorted(line.reserved for line in made) == [0, 1]
    stock_agrees()


def test_an_article_is_put_on_while_the_unit_cancels():
    article, line = ArticleFactory(), manual()
    kalmar, (khs, _) = WarehouseFactory(), two_of_khs()
    put_in_stock(kalmar, article, 1)
    at_once(
        lambda: services.put_article(line, user=khs, article=article, quantity=1, warehouse=kalmar),
        lambda: services.cancel(line.order, user=line.order.ordered_by),
    )
    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert not any(x.open or x.reserved for x in OrderLine.objects.all())
    stock_agrees()


def test_two_register_an_offer_at_once_and_one_stands():
    line, people = project(Stage.AT_SUPPLIER), two_of_khs()
    seen = last_move(line)
    results = at_once(
        *[
            lambda u=user: services.move_on(
                line, Stage.OFFER_RECEIVED, user=u, seen=seen, offer=pdf()
            )
            for user in people
        ]
    )
    assert outcome(results) == ["done", "told"]
    assert line.order.attachments.count() == 1
