"""«Sök aktivitet»."""

from __future__ import annotations

from django.utils import timezone

from recipients.searching import CaseSearch

from . import mine
from .life import with_turns
from .models import Activity, ActivityStatus
from .tables import FoundActivitiesTable

SEARCH = CaseSearch(
    name="aktiviteter",
    label="Aktiviteter",
    verb="Sök aktivitet",
    order=20,
    cases=Activity.objects.all,
    began="created_at",
    statuses=ActivityStatus.choices,
    late=lambda cases: cases.still_open().filter(due_on__lt=timezone.localdate()),
    table=FoundActivitiesTable,
    loaded=with_turns,
    panel=mine.panel_of,
    sheet=(
        ("Aktivitetsnummer", lambda activity: activity.case_number),
        ("Aktivitetstyp", lambda activity: activity.type.name),
        ("Datum", lambda activity: activity.created_at),
        ("Tjänsteställe", lambda activity: activity.unit or ""),
        ("Beställare", lambda activity: activity.orderer),
        ("Klar senast", lambda activity: activity.due_on),
        ("Status", lambda activity: activity.get_status_display()),
    ),
)
