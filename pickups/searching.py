"""«Sök hämtorder»."""

from __future__ import annotations

from django.utils import timezone

from recipients.searching import MOST, CaseSearch
from sesam.tables import Column, DateColumn, PanelColumn, StatusColumn, Table, by_label, sv

from . import mine
from .life import with_turns
from .models import PickupOrder, PickupStatus


class FoundPickupTable(Table[PickupOrder]):
    """Without whom it is about; the newest first."""

    columns = (
        PanelColumn("number", "Hämtorder", "case_number", key="case_number", sort="case_number",
                    css="code"),
        Column("reason", "Orsak", "reason", sort=sv("reason__name"), named_on_cards=False),
        Column("by", "Beställare", "ordered_by",
               sort=(sv("ordered_by__last_name"), sv("ordered_by__first_name")), priority=2),
        DateColumn("registered", "Registrerad", "created_at", sort=("created_at", "id"),
                   falling_first=True),
        DateColumn("planned", "Planerad hämtning", "planned_for", sort="planned_for",
                   nullable=True, priority=2),
        StatusColumn("status", "Status", lambda x: x.get_status_display(),
                     sort=by_label("status", PickupStatus.choices), css="lead"),
    )  # fmt: skip
    order = "-registered"
    counted_to = MOST
    dom_id = "sokta-hamtordrar"
    caption = "Hämtordrar"
    noun = ("hämtorder", "hämtordrar")
    empty_text = "Inga hämtordrar"
    empty_hint = "Välj en längre tid, en annan status eller ett annat tjänsteställe."


SEARCH = CaseSearch(
    name="hamtordrar",
    label="Hämtordrar",
    verb="Sök hämtorder",
    order=30,
    cases=PickupOrder.objects.all,
    began="created_at",
    statuses=PickupStatus.choices,
    late=lambda cases: cases.still_open().filter(planned_for__lt=timezone.localdate()),
    table=FoundPickupTable,
    loaded=with_turns,
    panel=mine.panel_of,
    sheet=(
        ("Hämtorder", lambda pickup: pickup.case_number),
        ("Orsak", lambda pickup: pickup.reason),
        ("Tjänsteställe", lambda pickup: pickup.unit),
        ("Beställare", lambda pickup: pickup.ordered_by),
        ("Registrerad", lambda pickup: pickup.created_at),
        ("Planerad hämtning", lambda pickup: pickup.planned_for),
        ("Status", lambda pickup: pickup.get_status_display()),
    ),
)
