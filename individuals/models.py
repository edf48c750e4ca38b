"""Marked pieces: each has its number, and is in exactly one place."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Upper

from articles.models import Article
from organisation.models import Warehouse
from sesam import history
from sesam.models import CaseNumber, CaseNumberKey
from sesam.status_looks import show_as


class StockStatus(models.TextChoices):
    """«Lagerstatus»: whether a piece can be handed out. Derived, see ``stock_status``."""

    AVAILABLE = "available", "Tillgänglig"
    RESERVED = "reserved", "Reserverad"
    UNAVAILABLE = "unavailable", "Ej tillgänglig"


class Individual(models.Model):
    """One marked piece. ``status`` says where it is; a shelf status needs a warehouse.

    ``number`` may change (``services.renumber``); ``FormerNumber`` keeps what it was.
    """

    class Status(models.TextChoices):
        IN_STOCK = "in_stock", "I lager"
        RESERVED = "reserved", "Reserverad"
        WITH_RECIPIENT = "with_recipient", "Hos mottagare"
        WORKSHOP = "workshop", "Hos verkstad"
        MISSING = "missing", "Saknas"
        SCRAPPED = "scrapped", "Skrotad"

    ON_SHELF = (Status.IN_STOCK, Status.RESERVED)

    blocked: bool  # only of rows that services.with_blocked gave

    number = models.CharField("individnummer", max_length=20, unique=True)
    article = models.ForeignKey(
        Article, verbose_name="artikel", on_delete=models.PROTECT, related_name="individuals"
    )
    serial_number = models.CharField("serienummer", max_length=40, blank=True)
    lot = models.CharField("batch/lot", max_length=40, blank=True, db_default="")
    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="lager",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="individuals",
        db_index=False,
    )
    status = models.CharField(
        "status", max_length=16, choices=Status.choices, default=Status.IN_STOCK
    )
    purchased_on = models.DateField("inköpsdatum", null=True, blank=True)
    purchase_is_estimated = models.BooleanField("inköpsåret är uppskattat", default=False)
    acquisition_value = models.DecimalField(
        "anskaffningsvärde", max_digits=10, decimal_places=2, null=True, blank=True
    )
    warranty_until = models.DateField("garanti till", null=True, blank=True)
    text = models.TextField("textinformation", blank=True)

    class Meta:
        verbose_name = "individ"
        verbose_name_plural = "individer"
        indexes = [
            models.Index(fields=["warehouse", "article", "status"]),
            models.Index(Length("number"), "number", name="individual_by_number"),
            models.Index(
                fields=["warranty_until", "id"],
                condition=Q(warranty_until__isnull=False),
                name="individual_warranty",
            ),
            # What «Individer» searches: any part of the one or the other.
            GinIndex(OpClass(Upper("number"), name="gin_trgm_ops"), name="individual_number_trgm"),
            GinIndex(
                OpClass(Upper("serial_number"), name="gin_trgm_ops"), name="individual_serial_trgm"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["in_stock", "reserved"], warehouse__isnull=False)
                | (~Q(status__in=["in_stock", "reserved"]) & Q(warehouse__isnull=True)),
                name="individual_in_one_place",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "in_stock",
                        "reserved",
                        "with_recipient",
                        "workshop",
                        "missing",
                        "scrapped",
                    ]
                ),
                name="individual_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.number


def stock_status(status: str, *, blocked: bool) -> StockStatus:
    """What follows from where a piece is and whether it is blocked."""
    if status == Individual.Status.IN_STOCK and not blocked:
        return StockStatus.AVAILABLE
    if status == Individual.Status.RESERVED:
        return StockStatus.RESERVED
    return StockStatus.UNAVAILABLE


show_as(
    {
        StockStatus.AVAILABLE: ("circle-check", "green"),
        StockStatus.RESERVED: ("bookmark", "amber"),
        StockStatus.UNAVAILABLE: ("circle-minus", "grey"),
        Individual.Status.IN_STOCK: ("warehouse", "blue"),
        Individual.Status.WITH_RECIPIENT: ("house", "blue"),
        Individual.Status.WORKSHOP: ("wrench", "blue"),
        Individual.Status.MISSING: ("circle-alert", "amber"),
        Individual.Status.SCRAPPED: ("ban", "ended"),
    }
)


# What is typed of it once; its number, place and blocks keep their own course.
history.track(
    Individual,
    but=[
        "number", "article", "warehouse", "status", "purchased_on", "purchase_is_estimated",
        "acquisition_value", "warranty_until", "text",
    ],
    new_ones=pgtrigger.Q(new__id__isnull=True),
)  # fmt: skip


class FormerNumber(models.Model):
    """A number that an individual had; it still finds it. ``changed_by`` took it away."""

    individual = models.ForeignKey(
        Individual, on_delete=models.PROTECT, related_name="former_numbers"
    )
    number = models.CharField("tidigare individnummer", max_length=20, unique=True)
    changed_at = models.DateTimeField("bytt", auto_now_add=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="bytt av",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = "tidigare individnummer"
        verbose_name_plural = "tidigare individnummer"

    def __str__(self) -> str:
        return self.number


class BlockReason(models.Model):
    """Why pieces are held back. KHS may rename each and add others; code finds its own by
    ``code``."""

    class Code(models.TextChoices):
        REPAIR = "repair", "Under reparation"
        CLEANING = "cleaning", "Under rengöring"
        INQUIRY = "inquiry", "Utredning efter avvikelse"
        RECALL = "recall", "Återkallelse"
        OVERDUE = "overdue", "Underhåll har gått ut"

    code = models.CharField("kod", max_length=10, blank=True, editable=False, choices=Code.choices)
    name = models.CharField("namn", max_length=60, unique=True)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "spärrorsak"
        verbose_name_plural = "spärrorsaker"
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="one_block_reason_a_code"
            )
        ]

    def __str__(self) -> str:
        return self.name


history.track(BlockReason)


class Block(models.Model):
    """Why a piece must not be handed out for now."""

    individual = models.ForeignKey(Individual, on_delete=models.PROTECT, related_name="blocks")
    reason = models.ForeignKey(BlockReason, on_delete=models.PROTECT, db_index=False)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    since = models.DateTimeField("från", auto_now_add=True)
    until = models.DateTimeField("till", null=True, blank=True)

    class Meta:
        verbose_name = "spärr"
        verbose_name_plural = "spärrar"
        indexes = [
            models.Index(fields=["individual"], condition=Q(until=None), name="block_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.individual}: {self.reason}"


class Component(models.Model):
    """A part that is fitted to an individual and follows it."""

    individual = models.ForeignKey(Individual, on_delete=models.PROTECT, related_name="components")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField("antal", default=1)
    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    fitted_at = models.DateTimeField("monterad", auto_now_add=True)
    removed_at = models.DateTimeField("borttagen", null=True, blank=True)

    class Meta:
        verbose_name = "komponent"
        verbose_name_plural = "komponenter"

    def __str__(self) -> str:
        return f"{self.article} på {self.individual}"


class Watch(models.Model):
    """What an open recall looks for: a criterion of the case, one row each. Several of an article
    mean that any of them will do.

    Written by deviations, asked by whatever makes a piece or brings one in (``watching``). Of serial
    numbers and lots ``first`` and ``last`` are the ends of a range, the same where it is a single one;
    of days ``first_day`` and ``last_day``. In force until ``ended_at``.
    """

    class By(models.TextChoices):
        ARTICLE = "article", "Alla av artikeln"
        SERIAL = "serial", "Serienummer"
        LOT = "lot", "Batch/lot"
        PRODUCED = "produced", "Tillverkad"
        DELIVERED = "delivered", "Levererad"

    NUMBERED = (By.SERIAL, By.LOT)
    DATED = (By.PRODUCED, By.DELIVERED)

    case = CaseNumberKey(
        CaseNumber,
        verbose_name="ärende",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.CharField("söks på", max_length=10, choices=By.choices)
    first = models.CharField("från och med", max_length=40, blank=True)
    last = models.CharField("till och med", max_length=40, blank=True)
    first_day = models.DateField("från och med dagen", null=True, blank=True)
    last_day = models.DateField("till och med dagen", null=True, blank=True)
    ended_at = models.DateTimeField("upphörde", null=True, blank=True)

    class Meta:
        verbose_name = "bevakning"
        verbose_name_plural = "bevakningar"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["article"], condition=Q(ended_at=None), name="watch_in_force"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(by="article", first="", last="", first_day=None, last_day=None)
                | Q(by__in=["serial", "lot"], first_day=None, last_day=None)
                & ~Q(first="")
                & ~Q(last="")
                | Q(
                    by__in=["produced", "delivered"],
                    first="",
                    last="",
                    first_day__isnull=False,
                    last_day__gte=F("first_day"),
                ),
                name="watch_says_what_it_looks_for",
            ),
            models.UniqueConstraint(
                fields=["case", "article", "by", "first", "last", "first_day", "last_day"],
                nulls_distinct=False,
                name="a_criterion_once_a_recall",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_by_display()} {self.span}".strip()

    @property
    def span(self) -> str:
        """«SN-100», «SN-100–SN-250», «2024-03-01–2024-05-31»; nothing where all are meant."""
        first = self.first or (f"{self.first_day:%Y-%m-%d}" if self.first_day else "")
        last = self.last or (f"{self.last_day:%Y-%m-%d}" if self.last_day else "")
        return first if first == last else f"{first}–{last}"
