"""An invoice's sums, kept when it gets its number: from then on none of its rows changes."""

from __future__ import annotations

from django.db import models

from .invoices import Invoice


class InvoiceSum(models.Model):
    """How many rows of an invoice, and how much, have a ``value`` in common: ``cut`` says in what. Or
    how they differ from the month before."""

    class Cut(models.TextChoices):
        ISO = "iso", "ISO-grupp"
        UNIT = "enhet", "Tjänsteställe"
        KIND = "slag", "Slag"
        FREE = "noll", "Rader på 0 kr"
        CHANGE = "andring", "Skillnad mot förra månaden"

    id = models.BigAutoField(primary_key=True)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+", db_index=False)
    cut = models.CharField("efter", max_length=8, choices=Cut.choices)
    value = models.CharField("värde", max_length=20, blank=True)
    count = models.IntegerField("rader")
    amount = models.DecimalField("belopp", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "fakturasumma"
        verbose_name_plural = "fakturasummor"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "cut", "value"], name="one_sum_a_value")
        ]

    def __str__(self) -> str:
        return f"{self.cut} {self.value}: {self.amount}"
