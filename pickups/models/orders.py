"""Pickup orders: where aids are fetched, and which."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from articles.models import Article
from individuals.models import Individual
from organisation.models import Unit, Warehouse
from organisation.permissions import KHS, has_role
from recipients.models import Loan, Recipient
from sesam.addresses import Address

from .reasons import PickupReason


class PickupStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    PLANNED = "planned", "Planerad"
    PARTLY_RECEIVED = "partly", "Delvis mottagen"
    RECEIVED = "received", "Mottagen"
    CANCELLED = "cancelled", "Makulerad"


# Which status may follow which. Only pickups.services moves a pickup order.
NEXT_STATUS: dict[str, set[str]] = {
    PickupStatus.REGISTERED: {
        PickupStatus.PLANNED,
        PickupStatus.PARTLY_RECEIVED,
        PickupStatus.RECEIVED,
        PickupStatus.CANCELLED,
    },
    PickupStatus.PLANNED: {
        PickupStatus.PARTLY_RECEIVED,
        PickupStatus.RECEIVED,
        PickupStatus.CANCELLED,
    },
    PickupStatus.PARTLY_RECEIVED: {PickupStatus.RECEIVED},
    PickupStatus.RECEIVED: set(),
    PickupStatus.CANCELLED: set(),
}
ENDED = (PickupStatus.RECEIVED, PickupStatus.CANCELLED)


# What may have come from the recipient's record, and goes when the person becomes protected.
WHEREABOUTS = ("co", "street", "postcode", "locality", "door_code", "instructions", "comment")
# Whom to call: it may be somebody at home, and then is the orderer again.
CONTACT = ("contact_name", "contact_phone", "contact_mobile", "contact_email")


class PickupDetails(Address):
    """«Hämtorderinformation»: from where, and whom to call."""

    door_code = models.CharField("port", max_length=40, blank=True)
    instructions = models.TextField("anvisningar", max_length=500, blank=True)
    contact_name = models.CharField("kontaktperson", max_length=120, blank=True)
    contact_phone = models.CharField("telefon", max_length=20, blank=True)
    contact_mobile = models.CharField("mobiltelefon", max_length=20, blank=True)
    contact_email = models.EmailField("e-post", blank=True)
    contact_prescriber = models.BooleanField("förskrivare ska kontaktas", default=False)
    comment = models.TextField("kommentar", max_length=2000, blank=True)
    is_urgent = models.BooleanField("akut", default=False)
    typed_for_case = models.BooleanField(
        "skrivet för ärendet",
        default=False,
        help_text="Mottagaren var skyddad när adressen skrevs: den gäller bara det här ärendet.",
    )

    class Meta:
        abstract = True


class PickupQuerySet(models.QuerySet["PickupOrder"]):
    def due(self) -> "PickupQuerySet":
        """What is still to be fetched, wholly or in part."""
        return self.exclude(status__in=ENDED)

    def for_user(self, user) -> "PickupQuerySet":
        """What ``user`` may open: own units' cases; KHS sees every unit's."""
        if has_role(user, KHS):
            return self
        return self.filter(unit__in=user.units.all())


class PickupOrder(PickupDetails):
    """Aids that are to go back to the aid centre (hämtorder).

    ``token`` is its form's: sent twice, the one that is there. ``text_confirmed`` says that the
    user was told of what looks like personal data in the typed text, and let it stand.
    """

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    case_number = models.CharField("ärendenummer", max_length=12, unique=True)
    reason = models.ForeignKey(PickupReason, verbose_name="orsak", on_delete=models.PROTECT)
    status = models.CharField(
        "status", max_length=12, choices=PickupStatus.choices, default=PickupStatus.REGISTERED
    )
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="pickups")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="pickups")
    warehouse = models.ForeignKey(
        Warehouse, verbose_name="till lager", on_delete=models.PROTECT, related_name="+"
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="placed_pickups"
    )
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="prescribed_pickups"
    )
    text_confirmed = models.BooleanField("texten är kontrollerad", default=False)
    created_at = models.DateTimeField("registrerad")
    planned_for = models.DateField("planerad hämtning", null=True, blank=True)
    received_at = models.DateTimeField("mottagen", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)
    differs = models.BooleanField(
        "skillnader",
        default=False,
        help_text="Det som kom är inte det som beställdes: mer, mindre eller borta.",
    )

    objects = PickupQuerySet.as_manager()

    class Meta:
        verbose_name = "hämtorder"
        verbose_name_plural = "hämtorder"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-created_at"]),
            models.Index(fields=["unit", "-created_at"]),
            # The back office's queue, in its order: all that there were, and by status.
            models.Index(
                fields=["-is_urgent", "planned_for", "created_at", "id"], name="pickup_queue"
            ),
            models.Index(
                fields=["status", "-is_urgent", "planned_for", "created_at", "id"],
                name="pickup_status_queue",
            ),
            models.Index(fields=["id"], condition=Q(differs=True), name="pickup_differing"),
            models.Index(
                fields=["created_at"],
                condition=~Q(status__in=["received", "cancelled"]),
                name="pickup_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PickupStatus.values), name="pickup_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"Hämtorder {self.case_number}"

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def address_masked(self) -> bool:
        """A protected person's address stands on the case only while it is open, and only if it
        was typed for it: what came from the register before the person was protected doesn't."""
        return self.recipient.is_protected and (self.has_ended or not self.typed_for_case)

    @property
    def lacks_address(self) -> bool:
        """Somebody has to ask for an address before this can be fetched."""
        return self.address_masked and not self.has_ended

    def forget_whereabouts(self) -> None:
        """Empty what may tell where the recipient is; nothing is saved. To be called is then the
        one who ordered."""
        for name in WHEREABOUTS:
            setattr(self, name, "")
        self.contact_name = str(self.ordered_by)
        self.contact_phone = self.ordered_by.phone or self.unit.phone
        self.contact_mobile = self.ordered_by.mobile
        self.contact_email = self.ordered_by.email


class PickupLine(models.Model):
    """An aid to fetch. ``is_open`` until it has come, is given up or the order is cancelled.

    ``came_with`` is the line of the aid that it is a component of. ``is_extra``: it came
    without standing on the order.
    """

    pickup = models.ForeignKey(PickupOrder, on_delete=models.PROTECT, related_name="lines")
    loan = models.ForeignKey(
        Loan, null=True, blank=True, on_delete=models.PROTECT, related_name="pickup_lines"
    )
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    individual = models.ForeignKey(
        Individual, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    came_with = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts"
    )
    quantity = models.PositiveIntegerField("antal")
    with_components = models.BooleanField("med komponenter", default=True)
    is_open = models.BooleanField("öppen", default=True)
    is_extra = models.BooleanField("stod inte på hämtordern", default=False)

    class Meta:
        verbose_name = "hämtorderrad"
        verbose_name_plural = "hämtorderrader"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="pickup_of_something"),
            models.UniqueConstraint(
                fields=["loan"], condition=Q(is_open=True), name="an_aid_on_one_open_pickup"
            ),
            models.CheckConstraint(
                condition=Q(loan__isnull=False) | Q(is_extra=True), name="pickup_line_has_loan"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.title}"

    @property
    def title(self) -> str:
        return self.loan.title if self.loan else self.article.name


class PickupEvent(models.Model):
    """A line of «Händelser»."""

    pickup = models.ForeignKey(PickupOrder, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField("tid", default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    text = models.CharField("vad", max_length=300)

    class Meta:
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text
