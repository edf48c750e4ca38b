"""Marked pieces as those whose warranty ends soon: no table of its own."""

from __future__ import annotations

import datetime as dt

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from individuals.models import Individual

from .activities import ActivityLine
from .types import ActivityType

MONTHS = 3


class PieceUnderWarranty(Individual):
    """A piece, to be looked at while its supplier still answers for it."""

    class Meta:
        proxy = True
        verbose_name = "individ vars garanti går ut"
        verbose_name_plural = "individer vars garanti går ut"


def ending(pieces: QuerySet[PieceUnderWarranty], until: dt.date) -> QuerySet[PieceUnderWarranty]:
    """Those whose warranty ends between today and ``until``, with their repairs; what is scrapped
    has none."""
    repairs = ActivityLine.objects.filter(
        activity__type__code__in=(ActivityType.Code.REPAIR, ActivityType.Code.STORE_REPAIR)
    )
    repairs = repairs.exclude(activity__status="cancelled").select_related("activity")
    found = pieces.filter(warranty_until__gte=timezone.localdate(), warranty_until__lte=until)
    return (
        found.exclude(status=Individual.Status.SCRAPPED)
        .select_related("article__supplier")
        .prefetch_related(Prefetch("activity_lines", repairs.order_by("-activity__created_at")))
    )
