"""A pickup order as its panel shows it, in short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from recipients.models import Loan, Recipient
from recipients.tables import LoanFacts
from sesam import panels
from sesam.panels import Panel
from sesam.templatetags.sesam import datum, status_html

from .life import step_of, with_turns
from .models import PickupLine, PickupOrder

PAGE = "Gå till hämtorderdetaljer"


def panel_facts(
    pickup: PickupOrder, *, is_own: bool, whose: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The pickup order, which ``with_turns`` gave; ``whose`` says whom it is about. Whose patient a
    protected person is, and what fetches from where, tells where they live."""
    step = step_of(pickup)
    facts: list[dict[str, Any]] = [
        {"label": "Status", "value": status_html(pickup.status, pickup.get_status_display())},
        {"label": "Nästa steg", "value": step.sentence if step else "Inget"},
        *whose,
        {"label": "Orsak", "value": pickup.reason},
        {"label": "Planerad hämtning", "value": datum(pickup.planned_for) or "inget datum än"},
        {"label": "Registrerad", "value": datum(pickup.created_at)},
    ]
    if is_own or not pickup.is_protected:
        facts += [
            {"label": "Till lager", "value": pickup.warehouse},
            {"label": "Tjänsteställe", "value": pickup.unit},
            {"label": "Beställare", "value": pickup.ordered_by},
            {"label": "Förskrivare", "value": pickup.prescriber},
        ]
    return facts


def panel_of(
    request: HttpRequest, pickup: PickupOrder, *, whose: Sequence[dict[str, Any]]
) -> Panel:
    """One that whoever looks may open."""
    return Panel(
        kicker="Hämtorder",
        title=pickup.case_number,
        close_url=panels.close_url(request),
        facts=panel_facts(pickup, is_own=True, whose=whose),
        go_url=_pickup_address(pickup),
        go_label=PAGE,
    )


def of_loan(request: HttpRequest, recipient: Recipient, loan: Loan) -> LoanFacts | None:
    """The pickup order that an aid stands on; of another unit's there is no more than this."""
    line = PickupLine.objects.filter(loan=loan, is_open=True).first()
    if line is None:
        return None
    pickup = with_turns(PickupOrder.objects.filter(pk=line.pickup_id)).get()
    is_own = PickupOrder.objects.for_user(request.user).filter(pk=pickup.pk).exists()
    return LoanFacts(
        [
            {"label": "Hämtorder", "value": pickup.case_number},
            *panel_facts(pickup, is_own=is_own),
        ],
        go_url=_pickup_address(pickup) if is_own else "",
        go_label=PAGE,
    )


def _pickup_address(pickup: PickupOrder) -> str:
    return reverse("pickups:detail", args=[pickup.case_number])
