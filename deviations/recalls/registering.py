"""«Återkallelse»: what the manufacturer warns of is registered, and looked for from then on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from articles.models import Article
from individuals import watching
from individuals.models import Watch
from organisation.models import User
from recipients import dialog_files
from recipients.cases import EventKind, tell
from recipients.models import DialogFile
from sesam import awaited, case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind

from .. import jobs
from ..models import Recall, RecallAttachment
from .sought import Sought

NOTICE = (
    "sender", "notice_on", "reference", "fault", "measure", "must_stop", "due_on", "authority_on",
)  # fmt: skip
OLDEST = dt.timedelta(days=5 * 366)  # of a notice
MOST_ARTICLES = 50


@transaction.atomic
def register(*, user: User, token: uuid.UUID, **facts: Any) -> Recall:
    """Make the recall (``make``) and order the job that finds what there is; sent again, the one that
    is there. Raises ``DomainError`` with the field."""
    watching.lock_all()  # who sends it at the same instant waits here
    if there := Recall.objects.filter(token=token, ordered_by=user).first():
        return there
    recall = make(user=user, token=token, **facts)
    jobs.find_affected.defer(recall_id=recall.pk)
    return recall


@transaction.atomic
def make(
    *,
    user: User,
    details: dict[str, Any],
    articles: Sequence[Article],
    sought: Sequence[Sought],
    token: uuid.UUID,
    files: Iterable[DialogFile] = (),
) -> Recall:
    """The recall, from now on asked of every piece that comes in."""
    recall = Recall(
        token=token,
        ordered_by=user,
        created_at=timezone.now(),
        **{name: details[name] for name in NOTICE if name in details},
    )
    check_notice(recall)
    check_sought(articles, sought)
    watching.lock_all()
    recall.case_number = case_numbers.take(CaseKind.RECALL)
    recall.save(force_insert=True)
    Watch.objects.bulk_create(
        one.of(article, recall.case_number) for article in articles for one in sought
    )
    RecallAttachment.objects.bulk_create(
        dialog_files.hand_over(files, RecallAttachment, recall=recall)
    )
    tell(recall, user, EventKind.CREATED, "Återkallelsen registrerades")
    return recall


def search_again(recall: Recall) -> None:
    """Order the job anew where it was lost, or stopped by a fault; what it has found stays."""
    with transaction.atomic():
        recall = Recall.objects.select_for_update(of=("self",)).get(pk=recall.pk)
        if recall.found_at or awaited.waits(recall):
            return
        awaited.begin(recall)
        jobs.find_affected.defer(recall_id=recall.pk)


def check_notice(recall: Recall) -> None:
    """What must hold of the notice; raises ``DomainError`` with its field."""
    for field, words in (
        ("sender", "Skriv vem meddelandet kommer från."),
        ("fault", "Skriv vad som är fel."),
        ("measure", "Skriv vad som ska göras."),
    ):
        if not getattr(recall, field).strip():
            raise DomainError(words, field=field)
    today = timezone.localdate()
    for field in ("notice_on", "authority_on"):
        day = getattr(recall, field)
        if day and day > today:
            raise DomainError("Dagen har inte varit än.", field=field)
        if day and day < today - OLDEST:
            raise DomainError("Kontrollera årtalet.", field=field)
    if recall.due_on and not today <= recall.due_on <= today + OLDEST:
        raise DomainError("Välj en dag från i dag.", field="due_on")


def check_sought(articles: Sequence[Article], sought: Sequence[Sought]) -> None:
    if not articles:
        raise DomainError("Skriv minst ett artikelnummer.", field="articles")
    if len(articles) > MOST_ARTICLES:
        raise DomainError(f"Högst {MOST_ARTICLES} artiklar i en återkallelse.", field="articles")
    if not sought:
        raise DomainError(
            "Skriv serienummer, batch/lot eller dagar, eller välj att alla berörs.", field="scope"
        )
    for one in sought:
        if one.by in Watch.NUMBERED:
            try:
                watching.check_range(one.first, one.last)
            except DomainError as fault:
                raise DomainError(fault.message, field=f"{one.by}s") from fault
        if one.by in Watch.DATED:
            check_days(one.by, one.first_day, one.last_day)


def check_days(by: str, first: dt.date | None, last: dt.date | None) -> None:
    if first is None or last is None:
        field = f"{by}_{'from' if first is None else 'to'}"
        raise DomainError("Ange både första och sista dagen.", field=field)
    if first > last:
        raise DomainError("Sista dagen kommer före den första.", field=f"{by}_to")
    if first > timezone.localdate():
        raise DomainError("Dagen har inte varit än.", field=f"{by}_from")
    if first.year < 1990:
        raise DomainError("Kontrollera årtalet.", field=f"{by}_from")
