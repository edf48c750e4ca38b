"""What an order in progress and a sent order have in common."""

import datetime as dt

from django.db import models

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
