"""What kind of event it was: three types that code knows, categories that the aid centre edits."""

from django.db import models
from django.db.models import Q

from sesam import history
from sesam.status_looks import show_as


class EventType(models.TextChoices):
    """«Händelsetyp»."""

    ADVERSE = "adverse", "Negativ händelse"
    NEAR_MISS = "near_miss", "Tillbud"
    COMPLAINT = "complaint", "Reklamation"


show_as(
    {
        EventType.ADVERSE: ("circle-alert", "red"),
        EventType.NEAR_MISS: ("triangle-alert", "amber"),
        EventType.COMPLAINT: ("package", "blue"),
    }
)


class DeviationCategory(models.Model):
    """A category of events, or one of complaints. One in use is ended, not removed."""

    name = models.CharField("namn", max_length=60)
    of_complaints = models.BooleanField(
        "för reklamationer",
        default=False,
        help_text="Utan kryss gäller den negativa händelser och tillbud.",
    )
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "avvikelsekategori"
        verbose_name_plural = "avvikelsekategorier"
        ordering = ["of_complaints", "rank", "id"]
        constraints = [
            models.UniqueConstraint(fields=["of_complaints", "name"], name="a_category_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def fitting(event_type: str) -> Q:
        """Which categories an event of the type can have."""
        return Q(of_complaints=event_type == EventType.COMPLAINT)


history.track(DeviationCategory)
