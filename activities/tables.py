"""Lists of activities."""

from __future__ import annotations

from recipients.searching import MOST
from recipients.turns import TurnColumn
from sesam.tables import (
    CodeColumn,
    Column,
    DateColumn,
    PanelColumn,
    StatusColumn,
    Table,
    by_label,
    sv,
)

from .life import step_of
from .models import Activity, ActivityStatus

_NUMBER = CodeColumn("number", "Aktivitetsnr", "case_number", sort="case_number", priority=2)
_REGISTERED = DateColumn(
    "registered", "Datum", "created_at", sort="created_at", falling_first=True, priority=3
)
_DUE = DateColumn("due", "Klar senast", "due_on", sort="due_on", priority=2)


class _Displayed(StatusColumn):
    """The status of a case, in words."""

    def __init__(self) -> None:
        super().__init__("status", "Status", lambda row: row.get_status_display(), sort="status")


class ActivitiesTable(Table[Activity]):
    """«Aktiviteter» on a recipient's page."""

    columns = (
        _NUMBER,
        PanelColumn("type", "Aktivitetstyp", "type.name", key="case_number", sort=sv("type__name")),
        _REGISTERED,
        _DUE,
        _Displayed(),
        TurnColumn(step_of, due="due_on"),
    )
    order = "-registered"
    tie = ("-pk",)
    noun = ("aktivitet", "aktiviteter")
    empty_text = "Inga aktiviteter"
    empty_hint = "Reparationer, anpassningar och andra arbeten på mottagarens hjälpmedel visas här."


class FoundActivitiesTable(Table[Activity]):
    """«Sök aktivitet»: without whom it is about; the newest first."""

    columns = (
        PanelColumn("number", "Aktivitetsnummer", "case_number", key="case_number",
                    sort="case_number", css="code"),
        Column("type", "Aktivitetstyp", "type.name", sort=sv("type__name"), named_on_cards=False),
        _REGISTERED,
        Column("by", "Beställare", "orderer",
               sort=(sv("ordered_by__last_name"), sv("ordered_by__first_name")), priority=2),
        _DUE,
        StatusColumn("status", "Status", lambda row: row.get_status_display(),
                     sort=by_label("status", ActivityStatus.choices), css="lead"),
    )  # fmt: skip
    order = "-registered"
    tie = ("-pk",)
    counted_to = MOST
    dom_id = "sokta-aktiviteter"
    caption = "Aktiviteter"
    noun = ("aktivitet", "aktiviteter")
    empty_text = "Inga aktiviteter"
    empty_hint = "Välj en längre tid, en annan status eller ett annat tjänsteställe."
