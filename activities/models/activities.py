"""An activity: work on an aid, before or after it is delivered."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models import Article
from individuals.models import Individual
from orders.models import Order
from organisation.models import Unit, User, Warehouse
from recipients.cases import AddressedCase, CaseEvent, CaseQuerySet
from recipients.models import Loan, Recipient
from recipients.whereabouts import ADDRESS, CONTACT, AddressRule, CaseAddress, preset_contact
from sesam.attachments import Attachment
from sesam.status_looks import show_as

from .plans import MaintenanceSchedule
from .types import ActivityType, AddressInstruction, Priority, ServiceSupplier


class ActivityStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    PLANNED = "planned", "Planerad"
    UNDERWAY = "underway", "Pågående"
    CLOSED = "closed", "Avslutad"
    CANCELLED = "cancelled", "Makulerad"


show_as(
    {
        ActivityStatus.REGISTERED: ("circle-dot", "blue"),
        ActivityStatus.PLANNED: ("calendar", "grey"),
        ActivityStatus.UNDERWAY: ("wrench", "blue"),
        ActivityStatus.CLOSED: ("circle-check", "green"),
        ActivityStatus.CANCELLED: ("ban", "ended"),
    }
)


class WhoseAddress(models.TextChoices):
    """«Aktivitetsadress»: the choices, and what somebody typed for this case."""

    RECIPIENT = AddressRule.RECIPIENT.value, AddressRule.RECIPIENT.label
    UNIT = AddressRule.UNIT.value, AddressRule.UNIT.label
    STORE = AddressRule.STORE.value, AddressRule.STORE.label
    TYPED = "typed", "Skriven för aktiviteten"
    NONE = AddressRule.NONE.value, AddressRule.NONE.label


class ActivityDetails(CaseAddress):
    """What is told of an activity: where, whom to call, what is wanted."""

    WHEREABOUTS: ClassVar[tuple[str, ...]] = (*ADDRESS, "comment")
    OWN_TEXT = ("request",)

    address_of = models.CharField(
        "aktivitetsadress", max_length=10, choices=WhoseAddress.choices, default=WhoseAddress.NONE
    )
    request = models.TextField("önskad åtgärd/felbeskrivning", max_length=2000, blank=True)
    comment = models.TextField("kommentar", max_length=2000, blank=True)

    class Meta:
        abstract = True

    @property
    def has_address(self) -> bool:
        return self.address_of != WhoseAddress.NONE


class ActivityQuerySet(CaseQuerySet["Activity"]):
    def late(self) -> Self:
        """What should have been done by now."""
        return self.still_open().filter(due_on__lt=timezone.localdate())

    def in_workshop(self) -> Self:
        """What KHS's workshop does: see ``Activity.is_workshops``."""
        by = ActivityType.DoneBy
        ours = (by.KHS, by.SUPPLIER)
        done_by = Q(done_by__in=ours) | Q(done_by="", type__done_by__in=ours)
        return self.filter(done_by, supplier=None)


class Activity(AddressedCase, ActivityDetails):
    """Work on an aid (aktivitet, arbetsorder).

    About a recipient, or about a piece in a store and nobody. ``order`` waits for it. Material is
    drawn from ``warehouse``; ``supplier`` does the work in KHS's stead. ``due_on`` follows from the
    priority when it is registered. ``token`` is its form's: sent twice, the one that is there.

    What ``maintenance`` made by itself nobody has ordered; of what stands in KHS's warehouse it is no
    unit's either. ``done_by`` is who does it where that isn't as the type says.
    """

    NEXT_STATUS = {
        ActivityStatus.REGISTERED: {
            ActivityStatus.PLANNED,
            ActivityStatus.UNDERWAY,
            ActivityStatus.CLOSED,
            ActivityStatus.CANCELLED,
        },
        ActivityStatus.PLANNED: {
            ActivityStatus.REGISTERED,
            ActivityStatus.UNDERWAY,
            ActivityStatus.CLOSED,
        },
        ActivityStatus.UNDERWAY: {
            ActivityStatus.REGISTERED,
            ActivityStatus.PLANNED,
            ActivityStatus.CLOSED,
        },
        ActivityStatus.CLOSED: set(),
        ActivityStatus.CANCELLED: set(),
    }
    ENDED = (ActivityStatus.CLOSED, ActivityStatus.CANCELLED)
    NOUN = "aktivitet"
    WHEREABOUTS = (*ActivityDetails.WHEREABOUTS, "bring")
    FREE_TEXTS = ("events__note", "reports__text")
    LOADED = ("recipient", "type", "priority", "unit", "warehouse", "ordered_by", "technician",
              "order", "supplier", "maintenance__plan", "maintenance__individual__warehouse")  # fmt: skip

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    type = models.ForeignKey(ActivityType, verbose_name="aktivitetstyp", on_delete=models.PROTECT)
    priority = models.ForeignKey(
        Priority, verbose_name="aktivitetsprioritet", on_delete=models.PROTECT, db_index=False
    )
    instruction = models.ForeignKey(
        AddressInstruction,
        verbose_name="adressinstruktion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    supplier = models.ForeignKey(
        ServiceSupplier,
        verbose_name="utförs av leverantör",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    status = models.CharField(
        "status", max_length=12, choices=ActivityStatus.choices, default=ActivityStatus.REGISTERED
    )
    recipient = models.ForeignKey(
        Recipient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
        db_index=False,
    )
    unit = models.ForeignKey(
        Unit, null=True, on_delete=models.PROTECT, related_name="activities", db_index=False
    )
    warehouse = models.ForeignKey(
        Warehouse,
        verbose_name="material från lager",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="placed_activities",
        db_index=False,
    )
    order = models.ForeignKey(
        Order,
        verbose_name="öronmärkt till beställning",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
        db_index=False,
    )
    maintenance = models.ForeignKey(
        MaintenanceSchedule,
        verbose_name="underhåll enligt schema",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
        db_index=False,
    )
    done_by = models.CharField(
        "utförs av", max_length=10, blank=True, choices=ActivityType.DoneBy.choices
    )
    technician = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="tekniker",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="taken_activities",
        db_index=False,
    )
    planned_for = models.DateField("planerad", null=True, blank=True)
    planned_time = models.CharField("klockan", max_length=20, blank=True)
    bring = models.CharField("ta med", max_length=200, blank=True)
    text_confirmed = models.BooleanField("texten är kontrollerad", default=False)
    created_at = models.DateTimeField("registrerad")
    due_on = models.DateField("klar senast")
    closed_at = models.DateTimeField("avslutad", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)

    objects = ActivityQuerySet.as_manager()

    # Only of rows that life.with_turns gave: when somebody else got the turn.
    turn_since: dt.datetime | None

    class Meta:
        verbose_name = "aktivitet"
        verbose_name_plural = "aktiviteter"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-created_at"]),
            models.Index(fields=["unit", "-created_at"]),
            models.Index(fields=["ordered_by", "-created_at"], name="activities_of_orderer"),
            models.Index(
                fields=["order"], condition=Q(order__isnull=False), name="activity_of_an_order"
            ),
            # The workshop's queue, in its order: all that there were, and by status.
            models.Index(fields=["due_on", "created_at", "id"], name="activity_queue"),
            models.Index(
                fields=["status", "due_on", "created_at", "id"], name="activity_status_queue"
            ),
            models.Index(
                fields=["technician", "planned_for"],
                condition=~Q(status__in=["closed", "cancelled"]),
                name="activity_of_a_technician",
            ),
            # What is to be done of it: what has ended was due before.
            models.Index(
                fields=["due_on", "created_at", "id"],
                condition=~Q(status__in=["closed", "cancelled"]),
                name="activity_open",
            ),
            models.Index(
                fields=["warehouse", "due_on"],
                condition=~Q(status__in=["closed", "cancelled"]),
                name="activity_open_of_a_store",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ActivityStatus.values), name="activity_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at__isnull=True)),
                name="activity_closed_at_a_time",
            ),
            # However often the night's job runs, also twice at once.
            models.UniqueConstraint(
                fields=["maintenance"],
                condition=Q(maintenance__isnull=False) & ~Q(status__in=["closed", "cancelled"]),
                name="one_open_activity_a_schedule",
            ),
            models.CheckConstraint(
                condition=Q(maintenance__isnull=False)
                | Q(unit__isnull=False, ordered_by__isnull=False),
                name="somebody_ordered_the_activity",
            ),
        ]

    prescriber = None  # who orders it answers for it

    def __str__(self) -> str:
        return f"Aktivitet {self.case_number}"

    def forget_whereabouts(self) -> None:
        """To be called is then the one who ordered: the contact may be somebody at home."""
        super().forget_whereabouts()
        self.take(self.preset_contact())

    def preset_contact(self) -> dict[str, str]:
        """Who ordered it; of what a schedule made, the unit."""
        if self.ordered_by is not None and self.unit is not None:
            return preset_contact(self.ordered_by, self.unit)
        return dict.fromkeys(CONTACT, "") | {
            "contact_phone": self.unit.phone if self.unit else "",
        }

    @property
    def orderer(self) -> str:
        """Who ordered it, as the portal says it."""
        return str(self.ordered_by) if self.ordered_by else "Underhållsschemat"

    @property
    def performed_by(self) -> str:
        """A ``DoneBy``, if no supplier does it."""
        return self.done_by or self.type.done_by

    @property
    def is_late(self) -> bool:
        return not self.has_ended and self.due_on < timezone.localdate()

    @property
    def performer(self) -> str:
        """Who does the work, as the portal says it."""
        by = ActivityType.DoneBy
        if self.supplier is not None:
            return str(self.supplier)
        if self.performed_by == by.STORE:
            return "Eget förråd" if self.is_protected else str(self.warehouse)
        if self.performed_by == by.UNIT:
            return "Tjänstestället" if self.is_protected else str(self.unit)
        return "KHS"

    @property
    def stands_in(self) -> Warehouse:
        """Where what nobody has stands. Of maintenance that another does than the store itself that is
        not the ``warehouse``, from which the material is drawn."""
        schedule = self.maintenance
        here = schedule.individual.warehouse if schedule else None
        return here or self.warehouse

    @property
    def is_workshops(self) -> bool:
        """Whether KHS's own technicians do it."""
        by = ActivityType.DoneBy
        return self.performed_by in (by.KHS, by.SUPPLIER) and self.supplier_id is None

    @property
    def bears_personal_data(self) -> bool:
        """Whether its paper does: what is mailed to a supplier doesn't."""
        return self.type.personal_data and self.supplier_id is None

    @property
    def planned_words(self) -> str:
        """The day in a list: «2026-12-01 10–12»."""
        day: dt.date | None = self.planned_for
        return f"{day:%Y-%m-%d} {self.planned_time}".strip() if day else ""


class ActivityEvent(CaseEvent):
    """``note`` is why somebody did it: it may tell where a person is, and stands where the texts of
    the activity stand."""

    note = models.CharField("varför", max_length=300, blank=True)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="events")


class ActivityLine(models.Model):
    """An aid that the work is about: held by the recipient (``loan``), in a store, or ordered and
    not yet handed out. ``is_held``: so many counted ones can't be handed out from the activity's
    warehouse while it is open (a piece is blocked instead)."""

    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    loan = models.ForeignKey(
        Loan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activity_lines",
    )
    individual = models.ForeignKey(
        Individual,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activity_lines",
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField("antal", default=1)
    is_held = models.BooleanField("hålls tillbaka i lagret", default=False)

    class Meta:
        verbose_name = "hjälpmedel på aktivitet"
        verbose_name_plural = "hjälpmedel på aktiviteter"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "loan"], name="an_aid_once_an_activity"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="activity_of_something"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.loan.title if self.loan else self.article.name


class ActivityAttachment(Attachment):
    """A file of an activity; ``document`` is the name of the mandatory one that it is."""

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="attachments")
    document = models.CharField("är", max_length=80, blank=True)

    def may_read(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        if not isinstance(user, User):
            return False
        return Activity.objects.for_user(user).filter(pk=self.activity_id).exists()
