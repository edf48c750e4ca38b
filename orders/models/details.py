"""What an order in progress and a sent order have in common."""

import datetime as dt
from typing import Any, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from articles.models import Article
from individuals.models import Individual
from organisation.models import Source, Warehouse
from recipients.whereabouts import ADDRESS, WAY_IN, AddressRule, CaseAddress
from sesam import history


def planned_words(day: dt.date | None, *, is_open: bool = True) -> str:
    """«Planerad leverans» in words: nobody guesses a day."""
    if day is not None:
        return day.isoformat()
    return "inget datum än" if is_open else "–"


def follow_up_words(weeks: int | None) -> str:
    if not weeks:
        return "Ingen uppföljning"
    return f"Följs upp {weeks} {'vecka' if weeks == 1 else 'veckor'} efter leverans"


class OrderKind(models.TextChoices):
    CUSTOMER = "customer", "Kundorder"
    REPLENISHMENT = "replenishment", "Lagerpåfyllnad"


# A customer order goes to a recipient, a replenishment to a store; never to both, never to nobody.
GOES_TO_SOMEONE = models.Q(
    kind="customer", recipient__isnull=False, destination__isnull=True
) | models.Q(kind="replenishment", recipient__isnull=True, destination__isnull=False)


class DeliveryWay(models.Model):
    """How it gets there; ``address`` says whose address is preset."""

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


history.track(DeliveryWay)


class DeliveryDetails(CaseAddress):
    """«Leveransuppgifter»: where to, and whom to call.

    The address follows the delivery way: ``address_of`` says whose it is, and with it which parts
    there may be. Empty for orders sent before it was kept; then the way says it.
    """

    WHEREABOUTS = (*ADDRESS, "recipient_phone", "recipient_mobile", "recipient_email")
    OWN_TEXT = ("extra_info",)

    delivery_way: DeliveryWay | None
    address_of = models.CharField(
        "adressen är", max_length=10, choices=AddressRule.choices, blank=True
    )
    recipient_phone = models.CharField("mottagarens telefon", max_length=20, blank=True)
    recipient_mobile = models.CharField("mottagarens mobil", max_length=20, blank=True)
    recipient_email = models.EmailField("mottagarens e-post", blank=True)
    extra_info = models.TextField("övrig information", max_length=2000, blank=True)

    class Meta:
        abstract = True

    @property
    def whose_address(self) -> str:
        return self.address_of or (self.delivery_way.address if self.delivery_way else "")

    @property
    def has_address(self) -> bool:
        """Whether the delivery way leads to an address at all."""
        return self.whose_address != AddressRule.NONE

    @property
    def has_way_in(self) -> bool:
        """Whether a door code and a route may stand with it."""
        return self.whose_address in ("", AddressRule.RECIPIENT)

    def address_lines(self) -> list[str]:
        return super().address_lines() if self.has_address else []


def address_follows_the_way(name: str) -> list[models.BaseConstraint]:
    """No address where the way has none; the way in with the recipient's own address only."""
    blank: dict[str, Any] = dict.fromkeys(ADDRESS, "")
    rule = AddressRule
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
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField("antal")
    source = models.CharField("leverans från", max_length=8, choices=Source.choices)
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    individual = models.ForeignKey(
        Individual,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    fitted_to = models.ForeignKey(
        Individual,
        verbose_name="monteras på",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    comment = models.TextField("kommentar", max_length=2000, blank=True)
    deliver_together = models.BooleanField("samleverans", default=False)
    asked_article = models.ForeignKey(
        Article,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    replaced_because = models.CharField("ersatt därför att", max_length=200, blank=True)
    follow_up_weeks = models.PositiveSmallIntegerField(
        "uppföljning, veckor efter leverans", null=True, blank=True
    )

    class Meta:
        abstract = True

    @property
    def follow_up_words(self) -> str:
        return follow_up_words(self.follow_up_weeks)


Line = TypeVar("Line", bound=LineFacts)


def in_order(lines: QuerySet[Line]) -> list[Line]:
    """Lines by their place. Sorted here: Django holds what a query is ordered by against each
    column of it, which with a dozen tables takes as long as all the rest of a page's questions."""
    return sorted(lines.order_by(), key=by_place)


def by_place(line: LineFacts) -> tuple[int, int]:
    return line.position, line.pk
