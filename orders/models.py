"""An order: what was asked for, from where, to whom, and how far it has come."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from articles.models import Article, BillingForm, Project
from individuals.models import Individual
from organisation.models import Payer, Source, Unit, Warehouse
from organisation.permissions import KHS, has_role
from recipients.models import Loan, Recipient
from sesam.addresses import Address
from sesam.attachments import Attachment

from .stages import Stage


class OrderKind(models.TextChoices):
    CUSTOMER = "customer", "Kundorder"
    REPLENISHMENT = "replenishment", "Lagerpåfyllnad"


class DeliveryWay(models.Model):
    """How it gets there; ``address`` says whose address is preset."""

    class AddressRule(models.TextChoices):
        RECIPIENT = "recipient", "Mottagarens"
        UNIT = "unit", "Tjänsteställets"
        STORE = "store", "Förrådets"
        NONE = "none", "Ingen"

    name = models.CharField("namn", max_length=60, unique=True)
    address = models.CharField("adress", max_length=10, choices=AddressRule.choices)
    rank = models.PositiveSmallIntegerField("ordning", default=0)
    is_active = models.BooleanField("aktiv", default=True)

    class Meta:
        verbose_name = "leveranssätt"
        verbose_name_plural = "leveranssätt"
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name


# What was taken from the recipient's record, and must go when the person becomes protected.
WHEREABOUTS = (
    "co", "street", "postcode", "locality", "door_code", "instructions",
    "recipient_phone", "recipient_mobile", "recipient_email",
)  # fmt: skip


class DeliveryDetails(Address):
    """«Leveransuppgifter»: where to, and whom to call."""

    door_code = models.CharField("port", max_length=40, blank=True)
    instructions = models.TextField("anvisningar", max_length=500, blank=True)
    recipient_phone = models.CharField("mottagarens telefon", max_length=20, blank=True)
    recipient_mobile = models.CharField("mottagarens mobil", max_length=20, blank=True)
    recipient_email = models.EmailField("mottagarens e-post", blank=True)
    contact_name = models.CharField("kontaktperson", max_length=120, blank=True)
    contact_phone = models.CharField("kontaktens telefon", max_length=20, blank=True)
    contact_mobile = models.CharField("kontaktens mobil", max_length=20, blank=True)
    contact_email = models.EmailField("kontaktens e-post", blank=True)
    contact_prescriber = models.BooleanField("förskrivare ska kontaktas", default=False)
    extra_info = models.TextField("övrig information", max_length=2000, blank=True)
    typed_for_case = models.BooleanField(
        "skrivet för ärendet",
        default=False,
        help_text="Mottagaren var skyddad när uppgifterna skrevs: de gäller bara det här ärendet.",
    )

    class Meta:
        abstract = True

    def forget_whereabouts(self) -> None:
        """Empty what tells where the recipient is; nothing is saved."""
        for name in WHEREABOUTS:
            setattr(self, name, "")


class Cart(DeliveryDetails):
    """The order in progress: a user's draft with all that was typed and attached.

    A user has at most one open cart; ``order`` is set when it was sent, so that sending twice
    finds the order that is there. ``token`` is what its pages and forms carry.
    """

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="carts"
    )
    kind = models.CharField(max_length=14, choices=OrderKind.choices, default=OrderKind.CUSTOMER)
    recipient = models.ForeignKey(Recipient, null=True, blank=True, on_delete=models.PROTECT)
    destination = models.ForeignKey(Warehouse, null=True, blank=True, on_delete=models.PROTECT)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    delivery_way = models.ForeignKey(DeliveryWay, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    order = models.OneToOneField(
        "Order", null=True, blank=True, on_delete=models.PROTECT, related_name="cart"
    )

    class Meta:
        verbose_name = "pågående beställning"
        verbose_name_plural = "pågående beställningar"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(closed_at__isnull=True), name="one_open_cart_a_user"
            ),
            models.CheckConstraint(
                condition=Q(kind="customer", recipient__isnull=False, destination__isnull=True)
                | Q(kind="replenishment", recipient__isnull=True, destination__isnull=False),
                name="cart_goes_to_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"Pågående beställning {self.token}"


class LineFacts(models.Model):
    """What a line of a cart and a line of an order have in common."""

    position = models.PositiveSmallIntegerField()
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField("antal")
    source = models.CharField("leverans från", max_length=8, choices=Source.choices)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    individual = models.ForeignKey(
        Individual, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    component_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="components"
    )
    fitted_to = models.ForeignKey(
        Individual,
        verbose_name="monteras på",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    comment = models.TextField("kommentar", max_length=2000, blank=True)
    deliver_together = models.BooleanField("samleverans", default=False)
    asked_article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    replaced_because = models.CharField("ersatt därför att", max_length=200, blank=True)

    class Meta:
        abstract = True


class CartLine(LineFacts):
    """``dialog_key`` names the dialog that made the line, so that it makes one only."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    dialog_key = models.CharField(max_length=24, blank=True)

    class Meta:
        verbose_name = "rad i pågående beställning"
        verbose_name_plural = "rader i pågående beställning"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_line_of_something"),
            models.UniqueConstraint(
                fields=["cart", "dialog_key"],
                condition=~Q(dialog_key=""),
                name="one_line_a_dialog",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.article}"


class OrderStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    PICKING = "picking", "Under plock"
    PARTLY_DELIVERED = "partly", "Delvis utlevererad"
    DELIVERED = "delivered", "Utlevererad"
    CANCELLED = "cancelled", "Makulerad"


class LineStatus(models.TextChoices):
    REGISTERED = "registered", "Registrerad"
    RESERVED = "reserved", "Reserverad"
    BACKORDERED = "backordered", "Restnoterad"
    PARTLY_DELIVERED = "partly", "Delvis utlevererad"
    DELIVERED = "delivered", "Utlevererad"
    CANCELLED = "cancelled", "Makulerad"
    REPLACED = "replaced", "Ersatt av KHS"


# Which status may follow which. Only orders.services moves an order.
NEXT_STATUS: dict[str, set[str]] = {
    OrderStatus.REGISTERED: {
        OrderStatus.PICKING,
        OrderStatus.PARTLY_DELIVERED,
        OrderStatus.DELIVERED,
        OrderStatus.CANCELLED,
    },
    OrderStatus.PICKING: {
        OrderStatus.REGISTERED,
        OrderStatus.PARTLY_DELIVERED,
        OrderStatus.DELIVERED,
    },
    OrderStatus.PARTLY_DELIVERED: {OrderStatus.DELIVERED},
    OrderStatus.DELIVERED: set(),
    OrderStatus.CANCELLED: set(),
}


class OrderQuerySet(models.QuerySet["Order"]):
    def undelivered(self) -> "OrderQuerySet":
        """What is still to be delivered, wholly or in part."""
        return self.exclude(status__in=[OrderStatus.DELIVERED, OrderStatus.CANCELLED])

    def for_user(self, user) -> "OrderQuerySet":
        """What ``user`` may open: own units' cases; KHS sees every unit's."""
        if has_role(user, KHS):
            return self
        return self.filter(unit__in=user.units.all())


class Order(DeliveryDetails):
    """A sent order (kundorder, lagerpåfyllnad)."""

    case_number = models.CharField("ärendenummer", max_length=12, unique=True)
    kind = models.CharField("ordertyp", max_length=14, choices=OrderKind.choices)
    status = models.CharField(
        "status", max_length=12, choices=OrderStatus.choices, default=OrderStatus.REGISTERED
    )
    recipient = models.ForeignKey(
        Recipient, null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    destination = models.ForeignKey(
        Warehouse, null=True, blank=True, on_delete=models.PROTECT, related_name="replenishments"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="orders")
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="placed_orders"
    )
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="prescribed_orders"
    )
    delivery_way = models.ForeignKey(DeliveryWay, on_delete=models.PROTECT)
    sent_at = models.DateTimeField("skickad")
    planned_delivery = models.DateField("planerad leverans", null=True, blank=True)
    delivered_at = models.DateTimeField("utlevererad", null=True, blank=True)
    cancelled_at = models.DateTimeField("makulerad", null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = "beställning"
        verbose_name_plural = "beställningar"
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-sent_at"]),
            models.Index(fields=["unit", "-sent_at"]),
            models.Index(
                fields=["sent_at"],
                condition=~Q(status__in=["delivered", "cancelled"]),
                name="order_undelivered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.case_number}"

    @property
    def is_protected(self) -> bool:
        return self.recipient is not None and self.recipient.is_protected

    @property
    def has_ended(self) -> bool:
        return self.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED)

    @property
    def address_masked(self) -> bool:
        """A protected person's address stands on the case only while it is open, and only if it
        was typed for it: what came from the register before the person was protected doesn't.
        Free text and files may tell it too, and go with it."""
        return self.is_protected and (self.has_ended or not self.typed_for_case)

    @property
    def lacks_address(self) -> bool:
        """Somebody has to ask for an address before this can be delivered."""
        return self.address_masked and not self.has_ended


class OrderLine(LineFacts):
    """A line, with what has become of its quantity.

    Open = quantity − delivered − cancelled; of that, ``reserved`` is held in stock and the rest
    is backlog. Payer, seller, price and billing form are copied when the order is sent.

    ``put_for`` is the line (manual, or a project) that KHS put this article on the order for; a
    manual line that has got one is ``is_replaced``: the rest of it is cancelled, and becomes no
    loan. ``project`` is copied from the article too; ``stage`` is how far it has come, as its
    last ``ProjectMove`` says.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    reserved = models.PositiveIntegerField("reserverat", default=0)
    delivered = models.PositiveIntegerField("utlevererat", default=0)
    cancelled = models.PositiveIntegerField("makulerat", default=0)
    put_for = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="put_lines"
    )
    is_replaced = models.BooleanField("ersatt av KHS", default=False)
    project = models.CharField("projekt", max_length=13, choices=Project.choices, blank=True)
    stage = models.CharField("projektets läge", max_length=12, choices=Stage.choices, blank=True)
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Payer, null=True, on_delete=models.PROTECT, related_name="+")
    price = models.DecimalField("pris", max_digits=10, decimal_places=2, null=True)
    billing_form = models.ForeignKey(BillingForm, on_delete=models.PROTECT, related_name="+")

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

    @property
    def takes_articles(self) -> bool:
        """Whether KHS may put the real article on the order for it. Needs the article loaded."""
        wants = self.article.is_manual or self.project
        return bool(wants) and (self.is_replaced or self.open > 0)


class LineDelivery(models.Model):
    """A part of a line that was handed out, and the loan it became."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="deliveries")
    quantity = models.PositiveIntegerField("antal")
    individual = models.ForeignKey(
        Individual, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    loan = models.OneToOneField(
        Loan, null=True, blank=True, on_delete=models.PROTECT, related_name="delivery"
    )
    at = models.DateTimeField("tid")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "utleverans"
        verbose_name_plural = "utleveranser"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.quantity} av {self.line}"


class OrderEvent(models.Model):
    """A line of «Händelser»."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField("tid")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    text = models.CharField("vad", max_length=300)

    class Meta:
        verbose_name = "händelse"
        verbose_name_plural = "händelser"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text


class OrderHold(models.Model):
    """An activity that must end before the order may be delivered or cancelled."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="holds")
    case_number = models.CharField("ärende", max_length=12)
    since = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "öronmärkning"
        verbose_name_plural = "öronmärkningar"
        constraints = [
            models.UniqueConstraint(fields=["order", "case_number"], name="one_hold_a_case")
        ]

    def __str__(self) -> str:
        return self.case_number


class ProjectMove(models.Model):
    """That a project came to a stage: who, when, and what was said. Rows are never changed.

    ``offer`` and ``amount`` (kronor without VAT) belong to «Offert mottagen».
    """

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="moves")
    stage = models.CharField("läge", max_length=12, choices=Stage.choices)
    at = models.DateTimeField("tid")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.TextField("anteckning", max_length=1000, blank=True)
    offer = models.ForeignKey(
        "OrderAttachment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
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
            )
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
        return f"{self.line}: {self.get_stage_display()}"


class CartAttachment(Attachment):
    """A file of the order in progress; on one of its lines where ``line`` is set.

    With only a ``dialog_key`` it waits for the line that its dialog is about to make.
    """

    dialog_key = models.CharField(max_length=24, blank=True)

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="attachments")
    line = models.ForeignKey(
        CartLine, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )

    def may_read(self, user) -> bool:
        return self.cart.user_id == user.pk


class OrderAttachment(Attachment):
    """A file of a sent order; on one of its lines where ``line`` is set."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attachments")
    line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments"
    )

    def may_read(self, user) -> bool:
        return Order.objects.for_user(user).filter(pk=self.order_id).exists()
