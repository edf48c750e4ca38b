"""What one can answer to «Varför?»."""

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

    def clean(self) -> None:
        if self.is_active:
            return
        with connection.cursor() as cursor:  # until the end: nor by two who end one each
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('end a reason', 0))")
        if not LookReason.objects.filter(is_active=True).exclude(pk=self.pk).exists():
            raise ValidationError(
                {"is_active": "Minst ett skäl måste vara aktivt. Utan skäl kan ingen svara."}
            )


history.track(LookReason)
