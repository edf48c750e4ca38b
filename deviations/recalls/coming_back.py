"""Counted goods of an open recall that have come back: no number tells them from others on the shelf, so
whoever has them in hand is told to put them aside."""

from __future__ import annotations

from collections.abc import Collection

from ..models import FREE_AFTER, RecallItem, RecallStatus


def why_aside(loans: Collection[int]) -> list[str]:
    """A sentence for each of the loans that an open recall means and hasn't let go of."""
    meant = RecallItem.objects.filter(
        individual=None, loan__in=list(loans), recall__status=RecallStatus.ONGOING
    ).exclude(answer__in=FREE_AFTER)
    rows = meant.select_related("article", "recall").order_by("article__number", "recall", "pk")
    return list(
        dict.fromkeys(
            f"{item.article.number} {item.article.name} omfattas av återkallelse"
            f" {item.recall.case_number}. Ställ undan det som kom tillbaka: det är inte individmärkt"
            " och spärras inte av portalen."
            for item in rows
        )
    )
