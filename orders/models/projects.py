"""How far a project (a hoist, a lift) on an order has come."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from ..stages import Stage
from .lines import OrderLine


class ProjectMove(models.Model):
    """That a project came to a stage: who, when, and what was said. Rows are never changed, but
    that what was said of a protected person is emptied when the case has ended, and with whom it
    was for the offer goes too.

    ``offer`` and ``amount`` (kronor without VAT) belong to «Offert mottagen».
    """

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="moves")
    stage = models.CharField("läge", max_length=12, choices=Stage.choices)
    at = models.DateTimeField("tid")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    note = models.TextField("anteckning", max_length=1000, blank=True)
    offer = models.ForeignKey(
        "OrderAttachment",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    amount = models.DecimalField(
        "offertbelopp exkl. moms", max_digits=10, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "projektsteg"
        verbose_name_plural = "projektsteg"
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="offer_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=Stage.values), name="project_move_to_a_known_stage"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_emptied",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.note <> '' AND NEW.note <> OLD.note"
                    " OR (NEW.offer_id IS NOT NULL AND NEW.offer_id IS DISTINCT FROM OLD.offer_id)"
                    " OR to_jsonb(NEW) - '{note,offer_id}'::text[]"
                    " <> to_jsonb(OLD) - '{note,offer_id}'::text[]"
                ),
            ),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
            ),
        ]

    MAY_BE_EMPTIED = (
        "note",
        "offer_id",
    )  # by the role that runs the portal, too (sesam.database_roles)

    def __str__(self) -> str:
        return f"{self.line}: {self.get_stage_display()}"
