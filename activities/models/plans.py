"""Preventive maintenance (förebyggande underhåll): what is to be done to which aids and how often, and
when it falls due for each marked piece."""

from __future__ import annotations

import datetime as dt

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models import Article, IsoClass
from individuals.models import Individual
from sesam import history

from .types import ActivityType, ServiceSupplier

LONGEST = 240  # months
LEAD_DAYS = 30  # of a piece that has a schedule of its own and no plan
_MONTHS = [MinValueValidator(1), MaxValueValidator(LONGEST)]


class MaintenanceKind(models.TextChoices):
    """Of each kind an aid has one schedule: the nearest plan's."""

    SERVICE = "service", "Service"
    INSPECTION = "inspection", "Säkerhetsbesiktning"
    BATTERY = "battery", "Batteribyte"
    OTHER = "other", "Annan kontroll"


class MaintenancePlan(models.Model):
    """What is to be done to every marked piece of an article, or of an ISO class. An article's plan comes
    before a class's, a narrow class's before a wide one's.

    Nothing falls due before ``starts_on``, so that a new plan makes no old piece late.
    """

    class CountsFrom(models.TextChoices):
        """From where the months are counted; of what is counted from its delivery nothing falls due
        while it stands in a store."""

        LAST = "last", "Förra gången, och första gången inköpet"
        DELIVERY = "delivery", "Leveransen till mottagaren, och sedan förra gången"

    class DoneBy(models.TextChoices):
        KHS = ActivityType.DoneBy.KHS.value, "KHS"
        STORE = ActivityType.DoneBy.STORE.value, "Eget förråd"
        SUPPLIER = ActivityType.DoneBy.SUPPLIER.value, "Leverantören"

    kind = models.CharField("underhåll", max_length=10, choices=MaintenanceKind.choices)
    article = models.ForeignKey(
        Article,
        verbose_name="artikel",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Planen gäller artikelns alla individer. Ange artikel eller ISO-klass.",
    )
    iso_class = models.ForeignKey(
        IsoClass,
        verbose_name="ISO-klass",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Planen gäller klassens alla individmärkta artiklar som inte har en egen plan för"
        " samma slags underhåll.",
    )
    months = models.PositiveSmallIntegerField(
        "intervall i månader", validators=_MONTHS, help_text="Från 1 till 240."
    )
    counts_from = models.CharField(
        "räknas från", max_length=8, choices=CountsFrom.choices, default=CountsFrom.LAST
    )
    starts_on = models.DateField(
        "gäller från",
        default=timezone.localdate,
        help_text="Inget förfaller före den här dagen. Välj en dag framåt i tiden, om många individer"
        " annars skulle förfalla på en gång.",
    )
    lead_days = models.PositiveSmallIntegerField(
        "aktiviteten skapas dagar före",
        default=LEAD_DAYS,
        validators=[MaxValueValidator(365)],
        help_text="Så många dagar innan underhållet förfaller. Högst 365.",
    )
    done_by = models.CharField(
        "utförs av",
        max_length=10,
        choices=DoneBy.choices,
        default=DoneBy.KHS,
        help_text="Eget förråd: det förråd som individen står i, annars det som innehavarens"
        " tjänsteställe har. Där inget eget förråd finns gör KHS det.",
    )
    supplier = models.ForeignKey(
        ServiceSupplier,
        verbose_name="leverantör",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    blocks = models.BooleanField(
        "spärra när underhållet har gått ut",
        default=False,
        help_text="Det som står i ett lager kan inte levereras förrän underhållet är gjort. En"
        " beställning som det var lovat till restnoteras.",
    )
    instructions = models.TextField(
        "vad som ska göras",
        max_length=500,
        blank=True,
        help_text="Står på aktiviteten. Skriv inga personuppgifter.",
    )
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "underhållsplan"
        verbose_name_plural = "underhållsplaner"
        ordering = ["kind", "iso_class", "article__number", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(article__isnull=False, iso_class__isnull=True)
                | Q(article__isnull=True, iso_class__isnull=False),
                name="plan_of_an_article_or_a_class",
            ),
            models.UniqueConstraint(
                fields=["article", "kind"],
                condition=Q(is_active=True),
                name="one_plan_a_kind_and_article",
            ),
            models.UniqueConstraint(
                fields=["iso_class", "kind"],
                condition=Q(is_active=True),
                name="one_plan_a_kind_and_class",
            ),
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=LONGEST), name="plan_every_some_months"
            ),
            models.CheckConstraint(
                condition=Q(done_by="supplier", supplier__isnull=False)
                | (~Q(done_by="supplier") & Q(supplier__isnull=True)),
                name="plan_names_its_supplier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.whose}"

    @property
    def whose(self) -> str:
        return str(self.article or self.iso_class or "")

    @property
    def performer(self) -> str:
        """Who does it, as the portal says it."""
        return str(self.supplier) if self.supplier else str(self.get_done_by_display())

    def clean(self) -> None:
        """What would else be refused by the database, at its field."""
        if bool(self.article_id) == bool(self.iso_class_id):
            raise ValidationError({"article": "Ange en artikel eller en ISO-klass, inte båda."})
        if self.is_active and self.article and not self.article.is_marked:
            raise ValidationError(
                {"article": "Artikeln är inte individmärkt, så det finns inget att hålla reda på."}
            )
        by_supplier = self.done_by == self.DoneBy.SUPPLIER
        if by_supplier and self.supplier is None:
            raise ValidationError({"supplier": "Leverantören utför: ange vilken."})
        if by_supplier and self.supplier and not self.supplier.is_active and self.is_active:
            raise ValidationError({"supplier": "Leverantören används inte längre. Ange en annan."})
        if not by_supplier and self.supplier:
            raise ValidationError(
                {"supplier": "Ange bara leverantör när det är leverantören som utför."}
            )
        self._check_alone()

    def _check_alone(self) -> None:
        twins = MaintenancePlan.objects.filter(
            kind=self.kind, article=self.article, iso_class=self.iso_class, is_active=True
        )
        if self.is_active and twins.exclude(pk=self.pk).exists():
            text = f"Det finns redan en plan för {self.get_kind_display().lower()} där."
            raise ValidationError({"kind": text})


class MaintenanceSchedule(models.Model):
    """When a kind of maintenance falls due for a piece (``due_on``, None where nothing does).

    ``plan`` is the nearest one, None where the piece has a schedule of its own alone; ``own_months``
    and ``is_exempt`` are what KHS has set for the piece. ``since`` is when it got it: from there a
    piece counts of which nobody knows when it was bought. The dates are the nightly job's and the
    services' to move (``activities.maintenance``).
    """

    individual = models.ForeignKey(
        Individual,
        verbose_name="individ",
        on_delete=models.PROTECT,
        related_name="schedules",
        db_index=False,
    )
    kind = models.CharField("underhåll", max_length=10, choices=MaintenanceKind.choices)
    plan = models.ForeignKey(
        MaintenancePlan,
        verbose_name="plan",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    own_months = models.PositiveSmallIntegerField(
        "eget intervall i månader",
        null=True,
        blank=True,
        validators=_MONTHS,
        help_text="Gäller den här individen i stället för planens. Tomt: som planen säger.",
    )
    is_exempt = models.BooleanField(
        "undantagen",
        default=False,
        help_text="Inget underhåll av det här slaget görs på individen.",
    )
    # Only of rows that maintenance.listing.with_place gave: of who has it.
    is_hidden: bool | None
    holder_died: dt.date | None
    holder_payer: str | None

    since = models.DateField("från", default=timezone.localdate)
    last_on = models.DateField("senaste FU", null=True, blank=True)
    due_on = models.DateField("nästa FU", null=True, blank=True)

    class Meta:
        verbose_name = "individs underhåll"
        verbose_name_plural = "individers underhåll"
        constraints = [
            models.UniqueConstraint(
                fields=["individual", "kind"], name="one_schedule_a_kind_and_piece"
            ),
            models.CheckConstraint(
                condition=Q(own_months__gte=1, own_months__lte=LONGEST),
                name="schedule_every_some_months",
            ),
            models.CheckConstraint(
                condition=Q(is_exempt=False) | Q(due_on=None), name="what_is_exempt_is_never_due"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on", "id"], condition=Q(due_on__isnull=False), name="schedule_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} av individ {self.individual}"

    @property
    def months(self) -> int | None:
        return self.own_months or (self.plan.months if self.plan else None)

    @property
    def words(self) -> str:
        """The schedule in words. Needs ``plan`` loaded."""
        if self.is_exempt:
            return "Undantagen"
        months = self.months
        if months is None:
            return ""
        unit = "månad" if months == 1 else "månader"
        counts = MaintenancePlan.CountsFrom.DELIVERY
        if self.plan and self.plan.counts_from == counts:
            return f"{months} {unit} från leveransen, sedan mellan FU"
        return f"{months} {unit} mellan FU"

    @property
    def is_late(self) -> bool:
        return self.due_on is not None and self.due_on < timezone.localdate()


history.track(MaintenancePlan)
# What KHS sets for a piece, and when it was done. The night makes schedules without either.
history.track(
    MaintenanceSchedule,
    but=["plan", "since", "due_on"],
    new_ones=pgtrigger.Q(new__own_months__isnull=False)
    | pgtrigger.Q(new__is_exempt=True)
    | pgtrigger.Q(new__last_on__isnull=False),
)
