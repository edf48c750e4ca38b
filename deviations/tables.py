"""Lists of deviations on other apps' pages."""

from __future__ import annotations

from recipients.turns import TurnColumn
from sesam.tables import (
    Column,
    DateColumn,
    PanelColumn,
    StatusColumn,
    Table,
    by_label,
)

from .life import next_step
from .models import Deviation, DeviationStatus, EventType


class DeviationTable(Table[Deviation]):
    """«Avvik./reklam.»: open and closed, the newest first."""

    columns = (
        PanelColumn("number", "Avvikelse", "case_number", key="case_number", sort="case_number",
                    css="code"),
        StatusColumn("type", "Händelsetyp", lambda x: x.get_event_type_display(),
                     sort=by_label("event_type", EventType.choices), priority=2),
        Column("category", "Kategori", "category.name", named_on_cards=False),
        StatusColumn("status", "Status", "state_label",
                     sort=by_label("status", DeviationStatus.choices), css="lead"),
        TurnColumn(next_step, due="due_on"),
        DateColumn("registered", "Registrerad", "created_at", sort=("created_at", "id"),
                   falling_first=True, priority=3),
    )  # fmt: skip
    order = "-registered"
    dom_id = "avvikelser"
    caption = "Avvikelser och reklamationer"
    noun = ("avvikelse/reklamation", "avvikelser/reklamationer")
    empty_text = "Inga avvikelser eller reklamationer"
    empty_hint = "Det som har anmälts om mottagarens hjälpmedel visas här, öppet och avslutat."
