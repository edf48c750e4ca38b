"""Rows under their locks.

PostgreSQL answers a question that waited for a lock of the locked row as it has become, but of every
row that it joins as that was before the wait: what another tab had just chosen would be nothing. So
rows are locked by themselves, and read with what they need once they are.
"""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def lock_rows(rows: QuerySet[Row], *, no_key: bool = False) -> list[Row]:
    """The rows, locked in their order, as they are then: one that has ceased to be among them
    meanwhile is left out. ``no_key`` lets others refer to them. Needs a transaction."""
    alone = rows.select_related(None).select_for_update(of=("self",), no_key=no_key)
    held = {pk for (pk,) in alone.values_list("pk")}
    return [row for row in rows.all() if row.pk in held] if held else []
