"""A line of an order, and what has become of its quantity."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from articles.models import BillingForm, Project
from individuals.models import Individual
from organisation.models import Payer, Source
from recipients.models import Loan
from sesam.status_looks import show_as

from ..stages import Stage
from .details import LineFacts, planned_words
from .orders import Order


class LineStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    RESERVED = "reserved", "Reserverad"
    BACKORDERED = "backordered", "Restnoterad"
    PARTLY_DELIVERED = "partly", "Delvis utlevererad"
    DELIVERED = "delivered", "Utlevererad"
    CANCELLED = "cancelled", "Makulerad"
    REPLACED = "replaced", "Ersatt av KHS"


show_as(
    {
        LineStatus.BACKORDERED: ("hourglass", "amber"),
        LineStatus.RESERVED: ("bookmark", "amber"),
        LineStatus.REPLACED: ("corner-down-right", "grey"),
    }
)


class OrderLine(LineFacts):
    """A line, with what has become of its quantity.

    Open = quantity − delivered − cancelled; of that, ``reserved`` is held in stock and the rest
    is backlog. Payer, seller, both prices and billing form are copied when the order is sent.

    ``put_for`` is the line (manual, or a project) that KHS put this article on the order for; a
    manual line that has got one is ``is_replaced``: the rest of it is cancelled, and becomes no
    loan. ``project`` is copied from the article too; ``stage`` is how far it has come, as its
    last ``ProjectMove`` says.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    component_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="components",
        db_index=False,
    )
    reserved = models.PositiveIntegerField("reserverat", default=0)
    delivered = models.PositiveIntegerField("utlevererat", default=0)
    cancelled = models.PositiveIntegerField("makulerat", default=0)
    put_for = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="put_lines",
        db_index=False,
    )
    is_replaced = models.BooleanField("ersatt av KHS", default=False)
    project = models.CharField("projekt", max_length=13, choices=Project.choices, blank=True)
    stage = models.CharField("projektets läge", max_length=12, choices=Stage.choices, blank=True)
    planned_delivery = models.DateField(
        "planerad leverans",
        null=True,
        blank=True,
        help_text="Den dag som lovades när raden skickades. Tom: inget datum än.",
    )
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+", db_index=False)
    seller = models.ForeignKey(
        Payer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    list_price = models.DecimalField("listpris", max_digits=10, decimal_places=2, null=True)
    rent = models.DecimalField("hyra per månad", max_digits=10, decimal_places=2, null=True)
    billing_form = models.ForeignKey(
        BillingForm, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    turn_since: dt.datetime | None  # only of rows that life.lines_with_turns gave

    class Meta:
        verbose_name = "orderrad"
        verbose_name_plural = "orderrader"
        ordering = ["position", "id"]
        indexes = [
            models.Index(
                fields=["warehouse", "article"],
                condition=Q(quantity__gt=F("delivered") + F("cancelled")),
                name="order_line_open",
            ),
            models.Index(
                fields=["stage"],
                condition=~Q(stage__in=["", Stage.DELIVERED]),
                name="order_line_project",
            ),
            # What few lines have and is asked for from the other end.
            models.Index(
                fields=["individual"],
                condition=Q(individual__isnull=False),
                name="order_line_piece",
            ),
            models.Index(
                fields=["fitted_to"],
                condition=Q(fitted_to__isnull=False),
                name="order_line_fitted",
            ),
            models.Index(
                fields=["put_for"], condition=Q(put_for__isnull=False), name="order_line_put"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_of_something"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("reserved") + F("delivered") + F("cancelled")),
                name="line_quantities_add_up",
            ),
            models.CheckConstraint(
                condition=Q(project="", stage="") | (~Q(project="") & ~Q(stage="")),
                name="project_has_a_stage",
            ),
            models.CheckConstraint(
                condition=Q(source__in=Source.values), name="line_source_is_known"
            ),
            models.CheckConstraint(
                condition=Q(project__in=Project.values), name="line_project_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["", *Stage.values]), name="line_stage_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.article}"

    @property
    def open(self) -> int:
        """What is still to be delivered."""
        return self.quantity - self.delivered - self.cancelled

    @property
    def backlog(self) -> int:
        """What is to be delivered but not held in stock."""
        return self.open - self.reserved

    @property
    def shown_comment(self) -> str:
        """The comment, unless it might tell where a protected person is."""
        return "" if self.order.address_masked else self.comment

    @property
    def planned_words(self) -> str:
        """Its promised day as it is shown."""
        return planned_words(self.planned_delivery, is_open=self.open > 0)

    @property
    def stock_words(self) -> str:
        """«: 1 st reserverad, 2 st restnoterade»; empty for what isn't stocked. Needs the article
        loaded."""
        if not self.article.is_stocked:
            return ""
        counts = [(self.reserved, "reserverad"), (self.backlog, "restnoterad")]
        return ": " + ", ".join(
            f"{count} st {word}{'' if count == 1 else 'e'}" for count, word in counts if count
        )

    @property
    def status(self) -> LineStatus:
        if self.cancelled == self.quantity:
            return LineStatus.REPLACED if self.is_replaced else LineStatus.CANCELLED
        if self.open == 0:
            return LineStatus.DELIVERED
        if self.delivered:
            return LineStatus.PARTLY_DELIVERED
        if not self.article.is_stocked:
            return LineStatus.REGISTERED
        return LineStatus.BACKORDERED if self.backlog else LineStatus.RESERVED

    @property
    def progress_label(self) -> str:
        """The status in words; of a project that is under way, where it stands."""
        if self.stage and self.open:
            return Stage(self.stage).label
        return LineStatus(self.status).label

    @property
    def awaits_project(self) -> bool:
        """Whether it can't be delivered because the project isn't installed yet."""
        return bool(self.stage) and self.open > 0 and self.stage != Stage.INSTALLED

    def most_with(self, main: "OrderLine", gone: int) -> int:
        """How many of this component may have gone when ``gone`` of its main aid have: its share,
        rounded up. All of it, where the aid is at its end."""
        if gone >= main.quantity - main.cancelled:
            return self.quantity
        return -(-self.quantity * gone // main.quantity)

    @property
    def takes_articles(self) -> bool:
        """Whether KHS may put the real article on the order for it. Needs the article loaded."""
        wants = self.article.is_manual or self.project
        return bool(wants) and (self.is_replaced or self.open > 0)


class Delivery(models.Model):
    """What of an order was handed out at once (utleverans); its lines are ``LineDelivery``.

    ``number`` counts the order's deliveries from 1; the delivery note bears it.
    """

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    number = models.PositiveSmallIntegerField("nummer")
    at = models.DateTimeField("tid")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = "utleverans"
        verbose_name_plural = "utleveranser"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="a_delivery_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="deliveries_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"Utleverans {self.number}"

    @property
    def note_number(self) -> str:
        """What stands on its delivery note: the order's number and its own."""
        return f"{self.order.case_number}-{self.number}"


class LineDelivery(models.Model):
    """What a delivery handed out of a line, and the loan it became."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="deliveries")
    quantity = models.PositiveIntegerField("antal")
    individual = models.ForeignKey(
        Individual,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    loan = models.OneToOneField(
        Loan, null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )

    class Meta:
        verbose_name = "utlevererad rad"
        verbose_name_plural = "utlevererade rader"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="delivery_of_something"),
            models.CheckConstraint(
                condition=Q(individual__isnull=True) | Q(quantity=1),
                name="a_delivered_piece_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} av {self.line}"
