"""A charge that is still to be made, and what hinders one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from articles.models import Article

from .models import Charge, ChargeKind, InvoiceKind
from .rules import Owed, first_of

#: Kind, seller, buyer, and the invoice that is credited.
Pair = tuple[InvoiceKind, int, int, int | None]


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a ``Charge`` will say. ``of_key`` is the source key of the row that it is of, where that
    is made in the same run; else ``of_id``."""

    source_key: str
    kind: ChargeKind
    day: dt.date
    seller_id: int
    buyer_id: int
    owed: Owed
    text: str
    month: dt.date | None = None
    article_id: int | None = None
    iso_group: str = ""
    individual_number: str = ""
    case_number: str | None = None
    unit_id: int | None = None
    prescriber_code: str = ""
    loan_id: int | None = None
    of_id: int | None = None
    of_key: str = ""
    credits_id: int | None = None
    vat_rate: Decimal = field(default=Decimal(0))

    def charge(self, invoice_id: int, of_id: int | None) -> Charge:
        owed = self.owed
        return Charge(
            invoice_id=invoice_id,
            source_key=self.source_key,
            kind=self.kind,
            month=self.month or first_of(self.day),
            day=self.day,
            seller_id=self.seller_id,
            buyer_id=self.buyer_id,
            article_id=self.article_id,
            text=self.text[:250],
            iso_group=self.iso_group,
            individual_number=self.individual_number,
            case_number=self.case_number,
            unit_id=self.unit_id,
            prescriber_code=self.prescriber_code,
            quantity=owed.quantity,
            unit_price=owed.unit_price,
            amount=owed.amount,
            vat_rate=self.vat_rate,
            inputs=owed.inputs,
            days=owed.days,
            loan_id=self.loan_id,
            of_id=of_id,
        )


@dataclass(frozen=True)
class Problem:
    """Why a charge can't be made, and where that is mended: the case, or a page of the back office;
    without ``admin_pk`` its list."""

    text: str
    case_number: str = ""
    admin_page: str = ""
    admin_pk: int | None = None

    def kept(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "case_number": self.case_number,
            "admin_page": self.admin_page,
            "admin_pk": self.admin_pk,
        }


def of_article(article: Article) -> dict[str, Any]:
    """What a draft says of its article. (Never a loan's own name: that is typed about somebody.)"""
    return {
        "article_id": article.pk,
        "text": f"{article.number} {article.name}",
        "iso_group": article.iso_code[:2],
    }
