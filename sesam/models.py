from django.db import models


class CaseKind(models.TextChoices):
    """What a case number can name."""

    ORDER = "order", "Beställning"
    ACTIVITY = "activity", "Aktivitet"
    PICKUP = "pickup", "Hämtorder"
    DEVIATION = "deviation", "Avvikelse/reklamation"


class CaseSeries(models.Model):
    """The last running number given in one ISO week."""

    prefix = models.CharField("år och vecka", max_length=4, primary_key=True)
    last = models.PositiveIntegerField("senaste löpnummer", default=0)

    class Meta:
        verbose_name = "ärendenummerserie"
        verbose_name_plural = "ärendenummerserier"

    def __str__(self) -> str:
        return f"{self.prefix}{self.last:04d}"


class CaseNumber(models.Model):
    """A number that has been given out, and the kind of case it names."""

    number = models.CharField("ärendenummer", max_length=12, primary_key=True)
    kind = models.CharField("slag", max_length=12, choices=CaseKind.choices)
    created_at = models.DateTimeField("skapat", auto_now_add=True)

    class Meta:
        verbose_name = "ärendenummer"
        verbose_name_plural = "ärendenummer"

    def __str__(self) -> str:
        return self.number
