"""Deviations in «Sök»."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from recipients.searching import MOST, CaseSearch
from sesam import panels
from sesam.panels import Panel
from sesam.tables import Column, DateColumn, PanelColumn, StatusColumn, Table, by_label, sv

from . import tab
from .models import Deviation, DeviationQuerySet, DeviationStatus, EventType


class FoundDeviationTable(Table[Deviation]):
    """Without whom it is about; the newest first."""

    columns = (
        PanelColumn("number", "Avvikelse", "case_number", key="case_number", sort="case_number",
                    css="code"),
        StatusColumn("type", "Händelsetyp", lambda x: x.get_event_type_display(),
                     sort=by_label("event_type", EventType.choices)),
        Column("category", "Kategori", "category.name", sort=sv("category__name"), priority=2,
               named_on_cards=False),
        Column("by", "Anmäld av", "ordered_by",
               sort=(sv("ordered_by__last_name"), sv("ordered_by__first_name")), priority=2),
        DateColumn("registered", "Registrerad", "created_at", sort=("created_at", "id"),
                   falling_first=True),
        StatusColumn("status", "Status", "state_label",
                     sort=by_label("status", DeviationStatus.choices), css="lead"),
    )  # fmt: skip
    order = "-registered"
    counted_to = MOST
    dom_id = "sokta-avvikelser"
    caption = "Avvikelser och reklamationer"
    noun = ("avvikelse/reklamation", "avvikelser/reklamationer")
    empty_text = "Inga avvikelser eller reklamationer"
    empty_hint = "Välj en längre tid, en annan status eller ett annat tjänsteställe."


def _panel(request: HttpRequest, found: DeviationQuerySet) -> Panel | None:
    deviation = tab.with_facts(found, panels.asked(request))
    if deviation is None:
        return None
    return tab.panel_of(request, deviation, own=True)


SEARCH = CaseSearch(
    name="avvikelser",
    label="Avvik./reklam.",
    verb="Sök avvik./reklam.",
    order=40,
    cases=Deviation.objects.all,
    began="created_at",
    statuses=DeviationStatus.choices,
    late=lambda cases: cases.still_open().filter(due_on__lt=timezone.localdate()),
    table=FoundDeviationTable,
    loaded=lambda cases: cases.select_related("category", "unit", "ordered_by"),
    panel=_panel,
    sheet=(
        ("Avvikelse", lambda deviation: deviation.case_number),
        ("Händelsetyp", lambda deviation: deviation.get_event_type_display()),
        ("Kategori", lambda deviation: deviation.category.name),
        ("Tjänsteställe", lambda deviation: deviation.unit),
        ("Anmäld av", lambda deviation: deviation.ordered_by),
        ("Registrerad", lambda deviation: deviation.created_at),
        ("Status", lambda deviation: deviation.state_label),
    ),
)
