"""What one can answer to «Varför?»."""

from __future__ import annotations

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q

from sesam import history


class LookReason(models.Model):
    """Why somebody without a case opens a person. One in use is ended, not removed; and what stands
    in the access log keeps its words and its meaning."""

    class Icon(models.TextChoices):
        PAPER = "file-text", "Papper"
        PERSON = "user", "Person"
        PEOPLE = "users", "Flera personer"
        WARNING = "triangle-alert", "Varningstriangel"
        PENCIL = "pencil", "Penna"
        PHONE = "phone", "Telefon"
        CLOCK = "clock", "Klocka"

    class Whose(models.TextChoices):
        """Whom a reason is offered: a log reviewer opens no cases."""

        ALL = "", "Alla"
        CARE = "care", "Vården och KHS"
        REVIEWERS = "log", "Loggranskare"

    name = models.CharField("namn", max_length=60, unique=True)
    text = models.CharField(
        "förklaring", max_length=120, blank=True, help_text="Står under namnet i frågan."
    )
    icon = models.CharField("ikon", max_length=20, choices=Icon.choices, blank=True)
    needs_text = models.BooleanField(
        "kräver text",
        default=False,
        help_text="Den som väljer skälet måste också skriva vad det gäller.",
    )
    is_emergency = models.BooleanField(
        "akut", default=False, help_text="Hittas av «Nödöppningar» i åtkomstloggen."
    )
    whose = models.CharField(
        "för vem",
        max_length=4,
        choices=Whose.choices,
        blank=True,
        help_text="Vem som kan välja skälet.",
    )
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "skäl till åtkomst"
        verbose_name_plural = "skäl till åtkomst"
        ordering = ["rank", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="look_reason_has_a_name"),
            models.CheckConstraint(
                condition=Q(
                    icon__in=[
                        "", "file-text", "user", "users", "triangle-alert", "pencil", "phone", "clock",
                    ]
                ),
                name="look_reason_icon_is_known",
            ),
            models.CheckConstraint(
                condition=Q(whose__in=["", "care", "log"]), name="look_reason_is_somebodys"
            ),
        ]  # fmt: skip
        triggers = [
            # Renamed, it would change what others have answered, in a log that nobody can change.
            pgtrigger.Trigger(
                name="what_was_answered_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("name", "is_emergency"),
                condition=pgtrigger.Condition(
                    "OLD.name <> NEW.name OR OLD.is_emergency <> NEW.is_emergency"
                ),
                func="IF EXISTS (SELECT FROM organisation_accesslogentry WHERE reason_id = OLD.id)"
                " THEN RAISE EXCEPTION 'a reason that stands in the access log keeps its words'"
                " USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_used(self) -> bool:
        """Whether it stands in the access log."""
        return self.pk is not None and self.accesslogentry_set.exists()

    @classmethod
    def offered(cls, *whose: Whose) -> models.QuerySet[LookReason]:
        """Those that can be chosen by these."""
        return cls.objects.filter(is_active=True, whose__in=[cls.Whose.ALL, *whose])

    def clean(self) -> None:
        with connection.cursor() as cursor:  # until the end: nor by two who end one each
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('end a reason', 0))")
        for whose in (self.Whose.CARE, self.Whose.REVIEWERS):
            if self.is_active and self.whose in (self.Whose.ALL, whose):
                continue
            if not self.offered(whose).exclude(pk=self.pk).exists():
                words = f"Minst ett skäl måste vara aktivt för {_ANSWERS[whose]}."
                field = "whose" if self.is_active else "is_active"
                raise ValidationError({field: f"{words} Utan skäl kan ingen svara."})


_ANSWERS = {LookReason.Whose.CARE: "vården och KHS", LookReason.Whose.REVIEWERS: "loggranskare"}
history.track(LookReason)
