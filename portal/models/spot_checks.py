"""Spot checks of the access log: the plan, each month's draw, what the reviewers say of it.

Patient Data Act (2008:355) 4:3 and HSLF-FS 2016:40 ch. 4: systematic and recurring checks of the
log, documented, kept at least five years. A drawn look is a copy of what the log said: the check
stays whole, with what was typed to «Varför?» and what the reviewers wrote, until the log's years
have passed since anything was done with it, and is then removed along with the log
(``spot_checks.services.thin``).
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from organisation.models import AccessLogEntry, Unit

_KEPT = "%s > now() - interval '5 years'"


def _count(label: str, first: int, *, most: int = 100, least: int = 0, help_text: str = "") -> models.PositiveSmallIntegerField[Any, int]:  # fmt: skip
    return models.PositiveSmallIntegerField(
        label,
        default=first,
        help_text=help_text,
        validators=[
            MinValueValidator(least, f"Minst {least}."),
            MaxValueValidator(most, f"Högst {most}."),
        ],
    )


class Risk(models.TextChoices):
    """Why a look is worth a question; ``spot_checks.rules`` says when. Each has its number in the
    plan, in the field of the same name."""

    OWN_NAME = "own_name", "Samma efternamn som mottagaren"
    COLLEAGUE = "colleague", "Mottagaren heter som en kollega"
    NO_CASE = "no_case", "Annan enhets mottagare, inget ärende"
    MANY = "many", "Många mottagare på kort tid"
    NIGHT = "night", "Natt"
    PROTECTED = "protected", "Skyddad identitet"
    KNOWN = "known", "Känd person"
    MISSES = "misses", "Många sökningar utan träff"


class Verdict(models.TextChoices):
    JUSTIFIED = "justified", "Befogad"
    UNCLEAR = "unclear", "Oklar"
    UNJUSTIFIED = "unjustified", "Obefogad"


class SpotCheckPlan(models.Model):
    """How many looks a month's check draws. What was decided is never changed: the newest holds,
    and each draw names the one that it was made by."""

    random = _count("Slumpade bland alla", 10)
    round_months = _count(
        "Månader tills alla tjänsteställen har haft sin tur", 12, most=60, least=1,
        help_text="Varje månad står en del av tjänsteställena i tur, så att ingen glöms.",
    )  # fmt: skip
    per_unit = _count("Slumpade från varje tjänsteställe som står i tur", 3, most=20)
    own_name = _count("Samma efternamn som mottagaren", 5)
    colleague = _count("Mottagaren heter som en kollega", 5)
    no_case = _count("Annan enhets mottagare, inget ärende", 10)
    many = _count("Många mottagare på kort tid", 5)
    night = _count("Natt", 5)
    protected = _count("Skyddad identitet", 5)
    known = _count("Känd person", 10)
    misses = _count("Många sökningar utan träff", 5)
    many_looks = _count("Många: så många mottagare på en timme", 30, most=1000, least=2)
    many_misses = _count("Många: så många sökningar utan träff på en dag", 10, most=1000, least=2)
    night_from = _count("Natten börjar klockan", 22, most=23)
    night_to = _count("Natten slutar klockan", 5, most=23)
    made_at = models.DateTimeField("beslutad", auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="beslutad av",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = "plan för stickprov"
        verbose_name_plural = "planer för stickprov"
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"

    def of(self, risk: Risk) -> int:
        """How many are drawn of a risk."""
        return int(getattr(self, risk.value))


class KnownPerson(models.Model):
    """Somebody of whom many are curious. Whoever the portal doesn't know yet is known by the keyed
    checksum that searches for them stand as in the log; no number stands here."""

    recipient_key = models.UUIDField("mottagare", null=True)
    searched = models.CharField("som kontrollsumma", max_length=64)
    why = models.CharField("varför", max_length=200)
    added_at = models.DateTimeField("tillagd", auto_now_add=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="tillagd av", on_delete=models.PROTECT,
        related_name="+", db_index=False,
    )  # fmt: skip
    ended_at = models.DateTimeField("borttagen", null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="borttagen av", null=True,
        on_delete=models.PROTECT, related_name="+", db_index=False,
    )  # fmt: skip

    class Meta:
        verbose_name = "känd person"
        verbose_name_plural = "kända personer"
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["searched"], condition=Q(ended_at=None), name="known_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="known_until_somebody_says_no",
            ),
        ]

    def __str__(self) -> str:
        return self.why


class SpotCheck(models.Model):
    """A month's draw. Closed, it is never changed again."""

    month = models.DateField("månad", unique=True)
    plan = models.ForeignKey(SpotCheckPlan, on_delete=models.PROTECT, db_index=False)
    drawn_at = models.DateTimeField("dragen", auto_now_add=True)
    visits = models.PositiveIntegerField("åtkomster i månaden", default=0)
    units = models.ManyToManyField(Unit, verbose_name="i tur", related_name="+")
    closed_at = models.DateTimeField("avslutad", null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="avslutad av", null=True,
        on_delete=models.PROTECT, related_name="+", db_index=False,
    )  # fmt: skip

    class Meta:
        verbose_name = "stickprov"
        verbose_name_plural = "stickprov"
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_spot_check_is_of_a_month"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="somebody_closes_a_spot_check",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="spot_check_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(_KEPT % "coalesce(OLD.closed_at, OLD.drawn_at)"),
            ),
            pgtrigger.Protect(
                name="closed_spot_check_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.closed_at IS NOT NULL"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class SpotCheckLook(models.Model):
    """A look that was drawn: what one user did with one person's data in a day, told by the row of
    the log that it was drawn for. Without risks it was drawn at random."""

    spot_check = models.ForeignKey(
        SpotCheck, on_delete=models.PROTECT, related_name="looks", db_index=False
    )
    number = models.PositiveSmallIntegerField("nummer")
    entry = models.BigIntegerField("rad i loggen")
    at = models.DateTimeField("tid")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="användare", on_delete=models.PROTECT,
        related_name="+", db_index=False,
    )  # fmt: skip
    role = models.CharField("roll", max_length=200, blank=True)
    unit = models.ForeignKey(
        Unit, verbose_name="tjänsteställe", null=True, on_delete=models.PROTECT,
        related_name="+", db_index=False,
    )  # fmt: skip
    action = models.CharField("vad", max_length=10, choices=AccessLogEntry.Action.choices)
    detail = models.CharField("detalj", max_length=200, blank=True)
    case_number = models.CharField("ärende", max_length=12, blank=True)
    reason = models.CharField("skäl", max_length=240, blank=True)
    told = models.CharField("skrivet till skälet", max_length=200, blank=True, db_default="")
    recipient_key = models.UUIDField("mottagare", null=True)
    acts = models.PositiveIntegerField("rader i loggen den dagen")
    risks = ArrayField(
        models.CharField(max_length=10, choices=Risk.choices), verbose_name="risker", default=list
    )
    how_many = models.PositiveIntegerField("på en timme, eller utan träff", default=0)
    verdict = models.CharField("bedömning", max_length=11, choices=Verdict.choices, blank=True)
    judged_at = models.DateTimeField("bedömd", null=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="bedömd av", null=True,
        on_delete=models.PROTECT, related_name="+", db_index=False,
    )  # fmt: skip
    followed_up_at = models.DateTimeField("uppföljd", null=True)

    class Meta:
        verbose_name = "åtkomst i stickprov"
        verbose_name_plural = "åtkomster i stickprov"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["spot_check", "number"], name="one_number_a_drawn_look"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["", *Verdict.values]), name="verdict_is_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", judged_at=None, judged_by=None)
                | ~Q(verdict="") & Q(judged_at__isnull=False, judged_by__isnull=False),
                name="a_verdict_is_somebodys",
            ),
            models.CheckConstraint(
                condition=Q(judged_by=None) | ~Q(judged_by=F("user")),
                name="nobody_judges_their_own_look",
            ),
            models.CheckConstraint(
                condition=Q(followed_up_at=None) | Q(verdict="unjustified"),
                name="what_was_wrong_is_followed_up",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="drawn_look_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(
                    _KEPT % "greatest(OLD.at, OLD.judged_at, OLD.followed_up_at)"
                ),
            ),
            # Of a closed month a follow-up may still end; all else stands in its protocol.
            pgtrigger.Trigger(
                name="closed_look_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="IF EXISTS (SELECT FROM portal_spotcheck WHERE id = OLD.spot_check_id"
                " AND closed_at IS NOT NULL) AND (to_jsonb(NEW) - 'followed_up_at')"
                " IS DISTINCT FROM (to_jsonb(OLD) - 'followed_up_at') THEN"
                " RAISE EXCEPTION 'a closed spot check is never changed'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spot_check} {self.number}"


class SpotCheckNote(models.Model):
    """What a reviewer said of a look, and what came of it; only ever added to. Its owner may remove
    it after five years."""

    class Kind(models.TextChoices):
        VERDICT = "verdict", "Bedömning"
        ANSWER = "answer", "Chefens svar"
        MEASURE = "measure", "Åtgärd"

    look = models.ForeignKey(SpotCheckLook, on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField("tid", auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="av", on_delete=models.PROTECT, related_name="+",
        db_index=False,
    )  # fmt: skip
    kind = models.CharField("slag", max_length=8, choices=Kind.choices)
    verdict = models.CharField("bedömning", max_length=11, choices=Verdict.choices, blank=True)
    text = models.TextField("text", max_length=1000, blank=True)
    who = models.CharField("vem", max_length=120, blank=True)
    done_on = models.DateField("när", null=True)
    ends = models.BooleanField("uppföljningen klar", default=False)

    class Meta:
        verbose_name = "anteckning i stickprov"
        verbose_name_plural = "anteckningar i stickprov"
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="verdict", verdict__in=Verdict.values)
                | Q(kind__in=["answer", "measure"], verdict="") & ~Q(text=""),
                name="a_note_says_something",
            ),
            models.CheckConstraint(
                condition=~Q(kind="measure") | Q(done_on__isnull=False), name="a_measure_has_a_day"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="kept_for_years",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(_KEPT % "OLD.at"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.look}: {self.get_kind_display()}"


class SpotCheckProtocol(models.Model):
    """What came of a month's check, as the PDF that was made when it was closed (1), and again when
    a follow-up ended later. Nobody changes it; its owner may remove it after five years."""

    spot_check = models.ForeignKey(
        SpotCheck, on_delete=models.PROTECT, related_name="protocols", db_index=False
    )
    number = models.PositiveSmallIntegerField("nummer")
    content = models.BinaryField("PDF")
    checksum = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField("upprättat", auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="upprättat av", on_delete=models.PROTECT,
        related_name="+", db_index=False,
    )  # fmt: skip

    class Meta:
        verbose_name = "protokoll från stickprov"
        verbose_name_plural = "protokoll från stickprov"
        ordering = ["spot_check", "number"]
        constraints = [
            models.UniqueConstraint(fields=["spot_check", "number"], name="one_number_a_protocol")
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="kept_for_years",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(_KEPT % "OLD.made_at"),
            ),
        ]

    def __str__(self) -> str:
        return f"Protokoll {self.spot_check}, {self.number}"
