"""What an order in progress and a sent order have in common."""

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Q

from articles.models import Article
from individuals.models import Individual
from organisation.models import Source, Warehouse
from sesam.addresses import Address


def planned_words(day: dt.date | None, *, is_open: bool = True) -> str:
    """«Planerad leverans» in words: nobody guesses a day."""
    if day is not None:
        return day.isoformat()
    return "inget datum än" if is_open else "–"


class OrderKind(models.TextChoices):
    CUSTOMER = "customer", "Kundorder"
    REPLENISHMENT = "replenishment", "Lagerpåfyllnad"


# A customer order goes to a recipient, a replenishment to a store; never to both, never to nobody.
GOES_TO_SOMEONE = models.Q(
    kind="customer", recipient__isnull=False, destination__isnull=True
) | models.Q(kind="replenishment", recipient__isnull=True, destination__isnull=False)


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


# Where to; the last two are the way in to the recipient, and to nobody else.
WAY_IN = ("door_code", "instructions")
ADDRESS = ("co", "street", "postcode", "locality", *WAY_IN)
# What was taken from the recipient's record, and must go when the person becomes protected.
WHEREABOUTS = (*ADDRESS, "recipient_phone", "recipient_mobile", "recipient_email")
CONTACT = ("contact_name", "contact_phone", "contact_mobile", "contact_email")


class DeliveryDetails(Address):
    """«Leveransuppgifter»: where to, and whom to call.

    The address follows the delivery way: ``address_of`` says whose it is, and with it which parts
    there may be. Empty for orders sent before it was kept; then the way says it.
    """

    delivery_way: DeliveryWay | None
    address_of = models.CharField(
        "adressen är", max_length=10, choices=DeliveryWay.AddressRule.choices, blank=True
    )
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

    @property
    def whose_address(self) -> str:
        return self.address_of or (self.delivery_way.address if self.delivery_way else "")

    @property
    def has_address(self) -> bool:
        """Whether the delivery way leads to an address at all."""
        return self.whose_address != DeliveryWay.AddressRule.NONE

    @property
    def has_way_in(self) -> bool:
        """Whether a door code and a route may stand with it."""
        return self.whose_address in ("", DeliveryWay.AddressRule.RECIPIENT)

    def address_lines(self) -> list[str]:
        return super().address_lines() if self.has_address else []

    def forget_whereabouts(self) -> None:
        """Empty what tells where the recipient is; nothing is saved."""
        for name in WHEREABOUTS:
            setattr(self, name, "")


def address_follows_the_way(name: str) -> list[models.BaseConstraint]:
    """No address where the way has none; the way in with the recipient's own address only."""
    blank: dict[str, Any] = dict.fromkeys(ADDRESS, "")
    rule = DeliveryWay.AddressRule
    return [
        models.CheckConstraint(
            condition=~Q(address_of=rule.NONE) | Q(**blank), name=f"{name}_without_address"
        ),
        models.CheckConstraint(
            condition=Q(address_of__in=["", rule.RECIPIENT]) | Q(**dict.fromkeys(WAY_IN, "")),
            name=f"{name}_way_in_is_the_recipients",
        ),
    ]


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
