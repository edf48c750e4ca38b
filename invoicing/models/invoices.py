"""A month's run, the invoices that it made, and the charges on them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from articles.models import Article
from organisation.models import Payer, Unit
from recipients.models import Loan
from sesam.models import Awaited, CaseNumber, CaseNumberKey

NEVER_EMPTIED = pgtrigger.Trigger(
    name="no_truncate",
    when=pgtrigger.Before,
    operation=pgtrigger.Truncate,
    level=pgtrigger.Statement,
    func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
)


class MonthRun(Awaited):
    """«Månadskörning»: a month's charges are put on invoices, once.

    ``Awaited``'s fields tell of the job that is at it: first the trial (``trial`` is what it
    found), then, once that is ``confirmed_at``, the run. ``finished_at``: all its invoices have
    their numbers, and nothing comes to them any more.
    """

    month = models.DateField("månad", unique=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    trial: models.JSONField[Any, Any] = models.JSONField("provkörning", null=True)
    confirmed_at = models.DateTimeField("bekräftad", null=True, blank=True)
    finished_at = models.DateTimeField("körd", null=True, blank=True)

    class Meta:
        verbose_name = "månadskörning"
        verbose_name_plural = "månadskörningar"
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_run_is_of_a_month"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress_in_percent"),
        ]

    def __str__(self) -> str:
        return f"Månadskörning {self.month:%Y-%m}"


class InvoiceKind(models.TextChoices):
    """«Fakturatyp», in the order in which numbers are given."""

    CENTRE = "centre", "KHS till betalare"
    BETWEEN = "between", "Mellan betalare"
    INTERNAL = "internal", "Interna transaktioner"
    CREDIT = "credit", "Kredit"


class Invoice(models.Model):
    """What a seller is owed by a buyer for a month (fakturaspecifikation). Never changed, but that
    it gets its number when the run is at its end. ``credits`` is the one that a credit corrects."""

    run = models.ForeignKey(MonthRun, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField("nummer", max_length=10, null=True, unique=True)
    kind = models.CharField("fakturatyp", max_length=8, choices=InvoiceKind.choices)
    seller = models.ForeignKey(
        Payer, verbose_name="säljare", on_delete=models.PROTECT, related_name="+"
    )
    buyer = models.ForeignKey(
        Payer, verbose_name="betalare", on_delete=models.PROTECT, related_name="+"
    )
    credits = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="credited_by"
    )
    date = models.DateField("fakturadatum")
    total = models.DecimalField("summa exkl. moms", max_digits=12, decimal_places=2)
    vat = models.DecimalField("moms", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "faktura"
        verbose_name_plural = "fakturor"
        ordering = ["-date", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind", "seller", "buyer"],
                condition=Q(credits=None),
                name="one_collective_invoice",
            ),
            models.UniqueConstraint(
                fields=["run", "credits"],
                condition=Q(credits__isnull=False),
                name="one_credit_a_run",
            ),
            models.CheckConstraint(
                condition=Q(kind="credit", credits__isnull=False)
                | (Q(kind__in=["centre", "between", "internal"]) & Q(credits__isnull=True)),
                name="a_credit_names_its_invoice",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_numbered",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.number IS NOT NULL OR to_jsonb(NEW) - 'number' <> to_jsonb(OLD) - 'number'"
                ),
            ),
            NEVER_EMPTIED,
        ]

    def __str__(self) -> str:
        return f"Faktura {self.number}"

    @property
    def to_pay(self) -> Any:
        return self.total + self.vat


class ChargeKind(models.TextChoices):
    SALE = "sale", "Försäljning"
    RETURN = "return", "Återlämnat"
    RENT = "rent", "Hyra"
    USED = "used", "Begagnat"
    TIME = "time", "Arbete"
    MATERIAL = "material", "Material"
    CALLOUT = "callout", "Framkörning"
    PROJECT = "project", "Projekt"
    LOST = "lost", "Förlorat"
    CREDIT = "credit", "Kredit"
    MENDED = "mended", "Rättat"
    FREE = "free", "Ingen debitering"


class Charge(models.Model):
    """One thing that is owed (debitering). Rows are added, never changed.

    ``source_key`` says what it is for, and is there once; ``month`` is the month that it is owed
    for, which is earlier than its invoice's where it was registered late. ``inputs`` is what the
    rule reckoned from. ``days`` of a rent: how many, times how many days; what corrects an earlier
    row, or depends on it, is ``of`` that one. Names and numbers are copied; no person's.
    """

    id = models.BigAutoField(primary_key=True)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="charges", db_index=False
    )
    source_key = models.CharField("för", max_length=60, unique=True)
    kind = models.CharField("slag", max_length=8, choices=ChargeKind.choices)
    month = models.DateField("månad")
    day = models.DateField("dag")
    seller = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", db_index=False)
    article = models.ForeignKey(
        Article, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    text = models.CharField("vad", max_length=250)
    iso_group = models.CharField("ISO-grupp", max_length=2, blank=True)
    individual_number = models.CharField("individ", max_length=20, blank=True)
    case = CaseNumberKey(
        CaseNumber, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    unit = models.ForeignKey(
        Unit, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    prescriber_code = models.CharField("förskrivarkod", max_length=12, blank=True)
    quantity = models.DecimalField("antal", max_digits=10, decimal_places=2)
    unit_price = models.DecimalField("à-pris", max_digits=10, decimal_places=2)
    amount = models.DecimalField("belopp", max_digits=12, decimal_places=2)
    vat_rate = models.DecimalField("moms i procent", max_digits=5, decimal_places=2)
    inputs: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField("underlag")
    days = models.IntegerField("dagar", null=True)
    loan = models.ForeignKey(
        Loan, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="corrections", db_index=False
    )

    class Meta:
        verbose_name = "debitering"
        verbose_name_plural = "debiteringar"
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["loan", "month"], condition=Q(kind="rent"), name="charge_rent_of_a_loan"
            ),
            models.Index(fields=["of"], condition=Q(of__isnull=False), name="charge_of_another"),
            # An invoice's rows, and a page of 50 000 in their order.
            models.Index(fields=["invoice", "case", "id"], name="charges_by_case"),
            # By unit, and a unit's; rents held against the month before. Read from the index alone.
            models.Index(
                fields=["invoice", "unit", "id"], include=["amount"], name="charges_by_unit"
            ),
            models.Index(
                fields=["invoice", "loan"],
                include=["id", "case", "unit_price", "amount"],
                condition=Q(kind="rent"),
                name="rents_of_an_invoice",
            ),
            # All that was charged of somebody's cases: their archive, and until when it is kept.
            models.Index(fields=["case"], name="charge_of_a_case"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ChargeKind.values), name="charge_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="rent", loan__isnull=False, days__isnull=False)
                | (~Q(kind="rent") & Q(days__isnull=True)),
                name="a_rent_counts_days",
            ),
            models.CheckConstraint(
                condition=~Q(kind="free") | Q(amount=0), name="free_costs_nothing"
            ),
            models.CheckConstraint(
                condition=~Q(kind="credit") | Q(of__isnull=False),
                name="a_credit_row_names_its_row",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="not_on_a_numbered_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT FROM invoicing_invoice
                               WHERE id = NEW.invoice_id AND number IS NOT NULL) THEN
                        RAISE EXCEPTION 'an invoice that has its number gets no more rows'
                            USING ERRCODE = 'integrity_constraint_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            NEVER_EMPTIED,
        ]

    def __str__(self) -> str:
        return self.source_key


def last_day(month: dt.date) -> dt.date:
    """The month's last day."""
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
