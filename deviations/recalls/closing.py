"""A recall is closed: when all is confirmed, or with a reason for what is left."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from organisation.models import User
from recipients.cases import EventKind, lock_case, set_status, tell
from sesam.errors import DomainError

from ..models import Recall, RecallStatus
from .answering import end_watches

MOST_REASON = 1000


@transaction.atomic
def close(recall: Recall, *, user: User, reason: str = "") -> Recall:
    """Nothing is looked for from now on; what is blocked stays so. The same twice is once. Raises
    ``DomainError``, with the field «reason» where some are left and nothing says why."""
    recall = lock_case(recall)
    if recall.status == RecallStatus.CLOSED:
        if recall.closing_reason == reason.strip():
            return recall
        raise DomainError("Återkallelsen är redan avslutad.")
    if recall.status == RecallStatus.REGISTERED:
        raise DomainError("Listan över det som berörs är inte klar än.")
    reason = reason.strip()
    left = recall.items.left().how_many()
    if left and not reason:
        raise DomainError(
            f"{left} exemplar är inte bekräftade. Skriv varför återkallelsen ändå avslutas.",
            field="reason",
        )
    if len(reason) > MOST_REASON:
        raise DomainError(f"Texten får vara högst {MOST_REASON} tecken.", field="reason")
    set_status(recall, RecallStatus.CLOSED)
    recall.closed_at, recall.closing_reason = timezone.now(), reason
    recall.save(update_fields=["status", "closed_at", "closing_reason"])
    end_watches(recall)
    told = "Avslutades" if not left else f"Avslutades med {left} exemplar kvar"
    tell(recall, user, EventKind.CLOSED, told)
    return recall
