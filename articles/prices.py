"""What an article costs: to buy, and a month's rent. Which of the two is charged says its billing
form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from sesam.templatetags.sesam import kr

from .models import BillingForm


@dataclass(frozen=True, slots=True)
class Amounts:
    """Kr without VAT; None where there is none."""

    list_price: Decimal | None = None
    rent: Decimal | None = None

    def charged(self, rule: str) -> Decimal | None:
        """What is charged by a billing form's rule: a month's rent, or the list price."""
        return self.rent if rule == BillingForm.Rule.RENT else self.list_price


NONE = Amounts()


def today(article_ids: Iterable[int]) -> dict[int, Amounts]:
    """Of each article that has a price, what holds today."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (article_id) article_id, list_price, rent FROM articles_price"
            " WHERE article_id = ANY(%s::bigint[]) AND valid_from <= %s"
            " ORDER BY article_id, valid_from DESC",
            [list(article_ids), timezone.localdate()],
        )
        return {article: Amounts(*amounts) for article, *amounts in cursor.fetchall()}


def rent_text(amount: Decimal | None) -> str:
    """«148,00 kr/mån»."""
    return "" if amount is None else f"{kr(amount)}/mån"


def charged_text(amounts: Amounts, rule: str) -> str:
    """What is charged; a rent says that it is per month. Empty where there is no such price."""
    charged = amounts.charged(rule)
    return rent_text(charged) if rule == BillingForm.Rule.RENT else kr(charged)
