"""What narrows the article search: each filter as a condition on the article ``a``, and its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .measures import BY_NAME, Measure, Span


@dataclass(frozen=True)
class MeasureFilter:
    """``name`` in the address. ``sense`` is how what was typed compares with the article's."""

    name: str
    measure: Measure
    #: "spans": it can be set to some of what was typed; "at_least", "at_most".
    sense: str
    label: str

    @property
    def condition(self) -> str:
        column, low, high = (
            f"a.{self.measure.name}",
            f"%({self.name}_low)s",
            f"%({self.name}_high)s",
        )
        if self.sense == "at_least":
            return f"{column} >= {low}"
        if self.sense == "at_most":
            return f"{column} <= {high}"
        return f"{column} && numrange({low}, {high}, '[]')"


MEASURE_FILTERS = (
    MeasureFilter("sittbredd", BY_NAME["seat_width"], "spans", "Sittbredd, cm"),
    MeasureFilter("sittdjup", BY_NAME["seat_depth"], "spans", "Sittdjup, cm"),
    MeasureFilter("sitthojd", BY_NAME["seat_height"], "spans", "Sitthöjd, cm"),
    MeasureFilter("totalbredd", BY_NAME["total_width"], "at_most", "Totalbredd högst, cm"),
    MeasureFilter("brukarvikt", BY_NAME["user_weight"], "at_least", "Brukarens vikt, kg"),
    MeasureFilter("vikt", BY_NAME["own_weight"], "at_most", "Vikt högst, kg"),
)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """``warehouse_id`` is where availability is shown, and where ``in_stock`` asks for it."""

    article_type: str | None = None
    warehouse_id: int | None = None
    in_stock: bool = False
    branch: str = ""
    supplier_id: int | None = None
    favourites_of: int | None = None
    measures: dict[MeasureFilter, Span] = field(default_factory=dict)

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """Fixed text of this module, and the values that go as parameters."""
        found: list[str] = []
        values: dict[str, Any] = {"warehouse": self.warehouse_id}
        if self.article_type:
            found.append("a.type = %(type)s")
            values["type"] = self.article_type
        if self.favourites_of is not None:
            found.append(
                "EXISTS (SELECT FROM articles_favourite mine WHERE mine.article_id = a.id"
                " AND mine.user_id = %(user)s)"
            )
            values["user"] = self.favourites_of
        if self.supplier_id is not None:
            found.append("a.supplier_id = %(supplier)s")
            values["supplier"] = self.supplier_id
        if self.branch:
            found.append(
                "a.iso_class_id = ANY(ARRAY(SELECT code FROM articles_isoclass"
                " WHERE code LIKE %(branch)s))"
            )
            values["branch"] = f"{self.branch}%"
        for one, typed in self.measures.items():
            found.append(one.condition)
            values[f"{one.name}_low"] = Decimal(str(typed.lower))
            values[f"{one.name}_high"] = Decimal(str(typed.upper))
        if self.in_stock:
            found.append(
                "a.is_stocked AND EXISTS (SELECT FROM articles_balance own"
                " WHERE own.article_id = a.id AND own.warehouse_id = %(warehouse)s"
                " AND own.on_hand > own.reserved + own.unavailable)"
            )
        return found, values
