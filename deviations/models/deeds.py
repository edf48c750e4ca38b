"""What KHS does of many recalled pieces in one step, by a job."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from activities.models import ActivityType, Priority
from sesam.models import Awaited

from .recalls import Recall


class DeedWork(models.TextChoices):
    """Which cases are made of what somebody has."""

    ACTIVITY = "activity", "Aktiviteter"
    PICKUP = "pickup", "Hämtordrar"
    NONE = "", "Inga ärenden"


class DeedLetters(models.TextChoices):
    NONE = "", "Inga brev"
    HOLDER = "holder", "Ett till varje mottagare"
    UNIT = "unit", "Ett till varje tjänsteställe"


class RecallDeed(Awaited):
    """One step for the chosen ones: cases, messages, letters. ``Awaited``'s fields tell of its job.

    ``key`` is its dialog's: sent twice, the one that is there. ``chosen`` are the items' keys;
    ``made``, ``told`` and ``lettered`` how many cases, units and letters came of it; ``left_out`` for
    which items nothing was made, each with why. ``printout`` is the key of the letters' document.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="deeds")
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField("beställd")
    work = models.CharField("ärenden", max_length=8, choices=DeedWork.choices, blank=True)
    type = models.ForeignKey(
        ActivityType,
        verbose_name="aktivitetstyp",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    priority = models.ForeignKey(
        Priority,
        verbose_name="aktivitetsprioritet",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    request = models.TextField("vad ska göras", max_length=2000, blank=True)
    sends_message = models.BooleanField("meddelande till tjänsteställena", default=True)
    letters = models.CharField("brev", max_length=8, choices=DeedLetters.choices, blank=True)
    chosen = models.JSONField("valda exemplar", default=list)
    made = models.PositiveIntegerField("ärenden", default=0)
    told = models.PositiveIntegerField("tjänsteställen", default=0)
    lettered = models.PositiveIntegerField("brev", default=0)
    left_out = models.JSONField("utan ärende", default=list)
    printout = models.UUIDField("brevens dokument", null=True, blank=True)

    class Meta:
        verbose_name = "återkallelses åtgärd"
        verbose_name_plural = "återkallelsers åtgärder"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(work="activity", type__isnull=False, priority__isnull=False)
                | Q(work__in=["", "pickup"], type=None, priority=None),
                name="a_deeds_activities_are_of_a_type",
            ),
            models.CheckConstraint(
                condition=Q(letters__in=DeedLetters.values), name="a_deeds_letters_are_known"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="deed_progress_in_percent"),
        ]

    def __str__(self) -> str:
        return f"Åtgärd av {self.recall}"

    @property
    def papers(self) -> list[str]:
        """The cases and letters that came of it, in words."""
        words = {
            DeedWork.ACTIVITY: ("aktivitet", "aktiviteter"),
            DeedWork.PICKUP: ("hämtorder", "hämtordrar"),
        }
        found = []
        if self.made and (named := words.get(DeedWork(self.work))):
            found.append(f"{self.made} {named[self.made > 1]}")
        return [*found, f"{self.lettered} brev"] if self.lettered else found

    @property
    def result(self) -> str:
        """«5 aktiviteter, 7 brev, meddelande till 2 tjänsteställen»."""
        units = "tjänsteställe" if self.told == 1 else "tjänsteställen"
        told = [f"meddelande till {self.told} {units}"] if self.told else []
        return ", ".join([*self.papers, *told]) or "inget"
