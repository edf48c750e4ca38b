"""Deviations and complaints: what happened, with what, and what KHS found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models import Article
from individuals.models import Block, Individual
from organisation.models import Unit, User
from recipients.cases import Case, CaseEvent, CaseQuerySet
from recipients.models import Loan, Recipient
from sesam.attachments import Attachment
from sesam.models import CaseNumber
from sesam.status_looks import show_as

from .categories import DeviationCategory, EventType


class DeviationStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    RECEIVED = "received", "Mottagen"
    INVESTIGATING = "investigating", "Under utredning"
    CLOSED = "closed", "Avslutad"


class Consequence(models.TextChoices):
    """«Konsekvens för personen»."""

    NONE = "none", "Ingen"
    MILD = "mild", "Lindrig"
    MODERATE = "moderate", "Måttlig"
    SERIOUS = "serious", "Allvarlig"
    DEATH = "death", "Dödsfall"


class Outcome(models.TextChoices):
    """What a complainant wants."""

    REPLACEMENT = "replacement", "Ett nytt i stället"
    SAME_BACK = "same_back", "Samma tillbaka, lagat"
    CREDIT = "credit", "Kreditering"
    INFORM = "inform", "Bara informera"


class Handling(models.TextChoices):
    """What becomes of the product meanwhile."""

    SENT_IN = "sent_in", "Skickas in till KHS"
    ON_SITE = "on_site", "Lagas på plats"
    STAYS = "stays", "Ingetdera"


GRAVE = (Consequence.SERIOUS, Consequence.DEATH)
show_as(
    {
        DeviationStatus.REGISTERED: ("circle-dot", "blue"),
        DeviationStatus.RECEIVED: ("circle-check", "green"),
        DeviationStatus.INVESTIGATING: ("search", "blue"),
        DeviationStatus.CLOSED: ("circle-check", "green"),
        "Återtagen": ("ban", "ended"),
        "Allvarlig händelse": ("circle-alert", "red"),
        "Spärrad": ("lock", "amber"),
    }
)


class DeviationQuerySet(CaseQuerySet["Deviation"]):
    def late(self) -> Self:
        """What KHS should have received or closed by now."""
        return self.still_open().filter(due_on__lt=timezone.localdate())

    def grave(self) -> Self:
        """What harmed somebody seriously, or could have as KHS judges it."""
        return self.filter(Q(consequence__in=GRAVE) | Q(could_be_grave=True))


class Deviation(Case):
    """Something went wrong (avvikelse, reklamation).

    ``about`` is the case that it was started from; ``due_on`` the last day of what comes next. ``account_typed_safely``: what was typed was
    typed when it was known that the person is protected, so that the place and the account may
    stand while it is open; ``findings_typed_safely`` says the same of what KHS wrote.
    ``could_be_grave`` is KHS's judgement: then the same must be answered as
    of one that harmed seriously.
    """

    NEXT_STATUS = {
        DeviationStatus.REGISTERED: {DeviationStatus.RECEIVED, DeviationStatus.CLOSED},
        DeviationStatus.RECEIVED: {DeviationStatus.INVESTIGATING, DeviationStatus.CLOSED},
        DeviationStatus.INVESTIGATING: {DeviationStatus.CLOSED},
        DeviationStatus.CLOSED: {DeviationStatus.INVESTIGATING},
    }
    ENDED = (DeviationStatus.CLOSED,)
    NOUN = "avvikelse"
    LOADED = ("recipient", "unit", "ordered_by", "handler", "category")
    # What the hourly job empties of a protected person's when it has ended. The account of what
    # happened stays as the law wants it, and no page shows it.
    WHEREABOUTS = ("place", "kept_where")
    OWN_TEXT = ()

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        "status", max_length=14, choices=DeviationStatus.choices, default=DeviationStatus.REGISTERED
    )
    event_type = models.CharField("händelsetyp", max_length=10, choices=EventType.choices)
    category = models.ForeignKey(
        DeviationCategory,
        verbose_name="kategori",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    recipient = models.ForeignKey(
        Recipient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deviations",
        db_index=False,
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="deviations", db_index=False
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="anmäld av",
        on_delete=models.PROTECT,
        related_name="reported_deviations",
        db_index=False,
    )
    prescriber = None
    about = models.ForeignKey(
        CaseNumber,
        verbose_name="om ärende",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField("registrerad")

    happened_on = models.DateField("datum")
    happened_at = models.TimeField("klockan", null=True, blank=True)
    place = models.CharField("var", max_length=120, blank=True)
    what_happened = models.TextField("vad hände", max_length=4000)
    done_at_once = models.TextField("vad gjordes direkt", max_length=2000, blank=True)
    consequence = models.CharField(
        "konsekvens för personen",
        max_length=10,
        choices=Consequence.choices,
        default=Consequence.NONE,
    )
    is_kept = models.BooleanField("sparad för utredning", null=True, blank=True)
    kept_where = models.CharField("var den finns nu", max_length=120, blank=True)
    account_typed_safely = models.BooleanField("skrivet för en skyddad person", default=False)
    findings_typed_safely = models.BooleanField("utrett för en skyddad person", default=False)

    # Of complaints.
    outcome = models.CharField(
        "önskat resultat", max_length=12, choices=Outcome.choices, blank=True
    )
    handling = models.CharField("produkten", max_length=8, choices=Handling.choices, blank=True)
    batch = models.CharField("batch, lot eller tillverkningsdatum", max_length=60, blank=True)
    delivery_note = models.CharField("följesedelns nummer", max_length=40, blank=True)
    freight_note = models.CharField("fraktsedelns nummer", max_length=40, blank=True)
    late_reason = models.CharField("varför den kommer sent", max_length=300, blank=True)

    contact_name = models.CharField("kontaktperson", max_length=120, blank=True)
    contact_phone = models.CharField("kontaktens telefon", max_length=20, blank=True)
    contact_mobile = models.CharField("kontaktens mobil", max_length=20, blank=True)
    contact_email = models.EmailField("kontaktens e-post", blank=True)

    # KHS's.
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="handläggare",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="handled_deviations",
        db_index=False,
    )
    could_be_grave = models.BooleanField("kunde ha skadat allvarligt", default=False)
    cause = models.TextField("orsak", max_length=4000, blank=True)
    measure = models.TextField("åtgärd", max_length=4000, blank=True)
    answer = models.TextField("svar till anmälaren", max_length=2000, blank=True)
    received_at = models.DateTimeField("mottagen", null=True, blank=True)
    closed_at = models.DateTimeField("avslutad", null=True, blank=True)
    reopened_at = models.DateTimeField("öppnad igen", null=True, blank=True)
    due_on = models.DateField("senast", null=True, blank=True)
    is_withdrawn = models.BooleanField("återtagen", default=False)

    objects = DeviationQuerySet.as_manager()

    class Meta:
        verbose_name = "avvikelse"
        verbose_name_plural = "avvikelser"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="deviations_of_somebody"),
            models.Index(fields=["unit", "-created_at"], name="deviations_of_a_unit"),
            models.Index(fields=["ordered_by", "-created_at"], name="deviations_of_a_reporter"),
            # The back office's queue, in its order: all that there were, and what is open.
            models.Index(fields=["due_on", "created_at", "id"], name="deviation_queue"),
            models.Index(
                fields=["due_on", "id"],
                condition=~Q(status="closed"),
                name="deviation_open_queue",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DeviationStatus.values), name="deviation_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(event_type__in=EventType.values), name="event_type_is_known"
            ),
            models.CheckConstraint(
                condition=Q(event_type="adverse", consequence__in=Consequence.values)
                & ~Q(consequence="none")
                | ~Q(event_type="adverse") & Q(consequence="none"),
                name="an_adverse_event_harms_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | ~Q(status="closed") & Q(closed_at__isnull=True),
                name="deviation_is_closed_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="registered")
                | Q(is_withdrawn=True)
                | Q(handler__isnull=False, received_at__isnull=False),
                name="deviation_has_a_handler",
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(is_withdrawn=True) | ~Q(answer=""),
                name="a_closed_deviation_is_answered",
            ),
            models.CheckConstraint(
                condition=Q(is_withdrawn=False) | Q(status="closed"),
                name="a_withdrawn_deviation_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", due_on__isnull=True)
                | ~Q(status="closed") & Q(due_on__isnull=False),
                name="an_open_deviation_is_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind_word} {self.case_number}"

    @property
    def kind_word(self) -> str:
        """«Avvikelse» or «Reklamation»."""
        return "Reklamation" if self.event_type == EventType.COMPLAINT else "Avvikelse"

    @property
    def definite(self) -> str:
        """«Avvikelsen» or «Reklamationen»."""
        return f"{self.kind_word}{'en' if self.event_type == EventType.COMPLAINT else 'n'}"

    @property
    def is_grave(self) -> bool:
        return self.consequence in GRAVE or self.could_be_grave

    @property
    def state_label(self) -> str:
        """The status as people read it: one that was withdrawn says so."""
        return "Återtagen" if self.is_withdrawn else DeviationStatus(self.status).label

    @property
    def masked(self) -> bool:
        """What was written may tell where a protected person is: shown only while the case is open,
        and only if it was typed when that was known."""
        return self.is_protected and (self.has_ended or not self.account_typed_safely)

    @property
    def findings_masked(self) -> bool:
        """The same of what KHS found."""
        return self.is_protected and (self.has_ended or not self.findings_typed_safely)

    @property
    def began_at(self) -> dt.datetime | None:
        """Since when KHS investigates it."""
        return self.reopened_at or self.received_at

    @property
    def happened(self) -> dt.datetime | dt.date:
        if self.happened_at is None:
            return self.happened_on
        moment = dt.datetime.combine(self.happened_on, self.happened_at)
        return timezone.make_aware(moment)


class DeviationItem(models.Model):
    """What it is about: an aid that somebody holds, or a piece in a store. A counted article stands
    with how many of it."""

    deviation = models.ForeignKey(
        Deviation, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    loan = models.ForeignKey(
        Loan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deviation_items",
        db_index=False,
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    individual = models.ForeignKey(
        Individual, null=True, blank=True, on_delete=models.PROTECT, related_name="deviation_items"
    )
    quantity = models.PositiveIntegerField("antal", default=1)

    class Meta:
        verbose_name = "vad avvikelsen gäller"
        verbose_name_plural = "vad avvikelsen gäller"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="deviation_of_something"),
            models.CheckConstraint(
                condition=Q(individual__isnull=True) | Q(quantity=1),
                name="a_deviating_piece_is_one",
            ),
            models.CheckConstraint(
                condition=Q(loan__isnull=False) | Q(individual__isnull=False),
                name="deviation_of_an_aid_or_a_piece",
            ),
            models.UniqueConstraint(
                fields=["deviation", "loan", "individual"],
                nulls_distinct=False,
                name="a_thing_once_a_deviation",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.loan.title if self.loan else self.article.name

    @property
    def named(self) -> str:
        """What tells it from others: «Rullstol Cross 224559», «2 st 12345 Stödhandtag»."""
        if self.individual:
            return f"{self.title} {self.individual.number}"
        return f"{self.quantity} st {self.article.number} {self.title}"


class DeviationAttachment(Attachment):
    """A file of a deviation."""

    deviation = models.ForeignKey(Deviation, on_delete=models.PROTECT, related_name="attachments")

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Who may open the case; a file may tell where a protected person is."""
        if not isinstance(user, User):
            return False
        found = Deviation.objects.for_user(user).select_related("recipient")
        case = found.filter(pk=self.deviation_id).first()
        return case is not None and not case.masked


class DeviationEvent(CaseEvent):
    """``note`` is why KHS did it: it may tell of people, and stands where the findings stand."""

    note = models.CharField("varför", max_length=300, blank=True)
    deviation = models.ForeignKey(Deviation, on_delete=models.PROTECT, related_name="events")


def blocks_of(deviation: Deviation) -> models.QuerySet[Block]:
    """What it holds back still."""
    mine = Block.objects.filter(
        individual__deviation_items__deviation=deviation,
        case_number=deviation.case_number,
        until=None,
    )
    return mine.select_related("individual__article").order_by("individual__number", "id")
