"""How many there are where, and every change of it."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisation.models import Warehouse
from sesam.models import CaseNumber, CaseNumberKey

from .catalogue import Article


class Balance(models.Model):
    """How many of an article a warehouse has. Only services move it."""

    warehouse = models.ForeignKey(
        Warehouse, verbose_name="lager", on_delete=models.PROTECT, related_name="balances"
    )
    article = models.ForeignKey(
        Article,
        verbose_name="artikel",
        on_delete=models.PROTECT,
        related_name="balances",
        db_index=False,
    )
    on_hand = models.IntegerField("saldo", default=0)
    reserved = models.IntegerField("reserverat", default=0)
    unavailable = models.IntegerField("ej tillgängligt", default=0)
    expected_on = models.DateField("väntas", null=True, blank=True)

    class Meta:
        verbose_name = "lagersaldo"
        verbose_name_plural = "lagersaldon"
        constraints = [
            models.UniqueConstraint(fields=["article", "warehouse"], name="one_balance"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="on_hand_not_negative"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(unavailable__gte=0), name="unavailable_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("reserved") + F("unavailable")),
                name="available_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.article} i {self.warehouse}: {self.on_hand}"

    @property
    def available(self) -> int:
        """What can still be promised: on hand − reserved − unavailable."""
        return self.on_hand - self.reserved - self.unavailable


class StockMovement(models.Model):
    """A change of ``Balance.on_hand``. Rows are never changed; their sum is the balance."""

    class Kind(models.TextChoices):
        OPENING = "opening", "Ingående saldo"
        PURCHASE = "purchase", "Inköp"
        DELIVERY = "delivery", "Utleverans"
        TRANSFER = "transfer", "Lagerpåfyllnad"
        RETURN = "return", "Retur"
        SCRAP = "scrap", "Skrotning"
        COUNT = "count", "Inventering"
        MATERIAL = "material", "Material till aktivitet"

    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="lager",
        on_delete=models.PROTECT,
        related_name="movements",
        db_index=False,
    )
    article = models.ForeignKey(
        Article, verbose_name="artikel", on_delete=models.PROTECT, related_name="movements"
    )
    kind = models.CharField("slag", max_length=10, choices=Kind.choices)
    quantity = models.IntegerField("antal, med tecken")
    individual_number = models.CharField("individ", max_length=20, blank=True)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    note = models.CharField("anteckning", max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="användare",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    at = models.DateTimeField("tid")

    class Meta:
        verbose_name = "lagerrörelse"
        verbose_name_plural = "lagerrörelser"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["warehouse", "article"]),
            # The back office's filters, in the list's order, and what it searches.
            models.Index(fields=["-at", "-id"], name="movement_latest"),
            models.Index(fields=["kind", "-at", "-id"], name="movement_kind_latest"),
            models.Index(fields=["warehouse", "-at", "-id"], name="movement_warehouse_latest"),
            models.Index(fields=["case"], condition=Q(case__isnull=False), name="movement_case"),
            models.Index(
                fields=["individual_number"],
                condition=~Q(individual_number=""),
                name="movement_individual",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves_something"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "opening",
                        "purchase",
                        "delivery",
                        "transfer",
                        "return",
                        "scrap",
                        "count",
                        "material",
                    ]
                ),
                name="movement_kind_is_known",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity:+d}"
