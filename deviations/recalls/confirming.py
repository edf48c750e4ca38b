"""«Bekräfta»: who answers says what they saw, so that nobody answers over somebody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from organisation import access_log
from organisation.models import User
from organisation.permissions import KHS, has_role
from recipients.cases import lock_case
from sesam.days import moment_in_words
from sesam.errors import DomainError
from sesam.locks import lock_rows

from ..models import Answer, Recall, RecallItem
from .answering import answer, promises_of


@transaction.atomic
def confirm(
    recall: Recall, seen: Mapping[int, str], said: Answer, *, user: User, note: str = ""
) -> list[RecallItem]:
    """Answer for the items of which the page said what ``seen`` holds (by key). Of two at once with
    different answers the second is told who was first; the same answer twice is one. KHS says how
    it knows, in the note. Raises ``DomainError``."""
    promised = promises_of(recall, list(seen), said, user=user)
    recall = lock_case(recall)
    if has_role(user, KHS) and not note.strip():
        raise DomainError("Skriv hur du vet det.", field="note")
    rows = recall.items.filter(pk__in=seen).order_by("pk")
    if not has_role(user, KHS):  # of others' nothing is told, not even that they are answered
        rows = rows.filter(unit__in=user.units.all(), told_at__isnull=False)
    for item in lock_rows(rows.select_related("individual", "article", "answered_by")):
        if item.answer not in (said, seen[item.pk]):
            when = moment_in_words(item.answered_at) if item.answered_at else ""
            raise DomainError(
                f"{item} är redan bekräftad av {item.answered_by}, {when}:"
                f" {item.get_answer_display().lower()}. Kontrollera och försök igen.",
                line=item.pk,
            )
    done = answer(recall, list(seen), said, user=user, note=note, promised=promised)
    _log(recall, done, said, user)
    return done


def _log(recall: Recall, items: Collection[RecallItem], said: Answer, user: User) -> None:
    """It is what became of somebody's aid."""
    keys = RecallItem.objects.filter(pk__in=[item.pk for item in items], loan__ended_at=None)
    for key in (
        keys.exclude(loan=None).order_by("pk").values_list("loan__recipient__key", flat=True)
    ):
        access_log.record(
            user,
            access_log.Action.CHANGE,
            key,
            detail=f"Återkallat hjälpmedel: {said.label.lower()}",
            case_number=recall.case_number,
        )
