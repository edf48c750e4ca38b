"""A manufacturer's recall of last week: found, told, and half of it confirmed."""

import datetime as dt
import uuid

from django.db.models import Count, Q
from django.utils import timezone

from articles.models import Article
from deviations.models import Answer, Recall, RecallEvent, RecallItem
from deviations.recalls import Sought, answer, finding, registering
from individuals.models import Individual, Watch
from organisation.models import User
from sesam import awaited

from .stock import HANDBOOK_PIECES

MANUAL_WHEELCHAIRS = "1222"  # which have brakes; of one maker
DAYS = 9  # since it was registered
ARTICLES, HELD, STANDING = 4, 10, 3  # articles, and pieces that it is about at most
# What became of the pieces in turn: nothing yet of the others.
ANSWERS = (Answer.REPLACED, Answer.TAKEN_OUT, Answer.REPLACED, Answer.REMEDIED, Answer.TAKEN_OUT)


def load() -> Recall:
    articles = _articles()
    pieces = Individual.objects.filter(article__in=articles).order_by("pk")
    held = list(pieces.filter(status=Individual.Status.WITH_RECIPIENT)[:HELD])
    standing = list(pieces.filter(status=Individual.Status.IN_STOCK)[:STANDING])
    now, today = timezone.now(), timezone.localdate()
    khs = User.objects.get(username="khs")
    recall = registering.make(
        user=khs,
        details={
            "sender": str(articles[0].supplier or "Tillverkaren"),
            "notice_on": today - dt.timedelta(DAYS + 1),
            "reference": "FSN 2026-11",
            "fault": "Bromsklossen kan spricka.",
            "measure": "Byt bromsklossen. Det tar ungefär 20 minuter.",
            "due_on": today + dt.timedelta(5),
            "authority_on": today - dt.timedelta(DAYS - 1),
        },
        articles=articles,
        sought=[
            Sought(Watch.By.SERIAL, piece.serial_number, piece.serial_number)
            for piece in (*held, *standing)
        ],
        token=uuid.UUID(int=20261120),
    )
    finding.find(awaited.Work(recall))
    items = list(recall.items.filter(individual__in=held).order_by("pk"))
    told = now - dt.timedelta(DAYS - 1)
    reached = [item.pk for item in items[:-2]]
    RecallItem.objects.filter(pk__in=reached).update(told_at=told, told_how="message")
    for item, what in zip(items[:-3], ANSWERS, strict=False):
        answer(recall, [item.pk], what, user=khs)
    _put_back(recall, now)
    return recall


def _articles() -> list[Article]:
    """The marked ones that most people have of those that stand in a store too."""
    is_held = Q(individuals__status=Individual.Status.WITH_RECIPIENT)
    stands = Q(individuals__status=Individual.Status.IN_STOCK)
    known = Individual.objects.filter(number__in=HANDBOOK_PIECES).values("article")
    found = Article.objects.filter(is_marked=True, iso_code__startswith=MANUAL_WHEELCHAIRS)
    found = found.filter(name__startswith="Quickie").exclude(pk__in=known)
    counted = found.annotate(
        held=Count("individuals", filter=is_held), standing=Count("individuals", filter=stands)
    )
    wanted = counted.filter(standing__gt=0, held__gt=0).order_by("-held", "number")
    return list(wanted.select_related("supplier")[:ARTICLES])


def _put_back(recall: Recall, now: dt.datetime) -> None:
    """It was registered so many days ago, and answered since."""
    began = now - dt.timedelta(DAYS)
    Recall.objects.filter(pk=recall.pk).update(created_at=began, found_at=began)
    recall.items.update(found_at=began)
    RecallEvent.objects.filter(recall=recall, kind__in=("created", "blocked")).update(at=began)
    for days, item in enumerate(recall.items.exclude(answer="").order_by("pk"), start=1):
        at = began + dt.timedelta(days + 1)
        RecallItem.objects.filter(pk=item.pk).update(answered_at=min(at, now))
    for days, event in enumerate(recall.events.filter(kind="reported").order_by("pk"), start=1):
        at = began + dt.timedelta(days + 1)
        RecallEvent.objects.filter(pk=event.pk).update(at=min(at, now))
