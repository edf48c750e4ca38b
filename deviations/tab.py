"""The recipient's tab «Avvik./reklam.», and its count in «Nu»."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from recipients.models import Recipient
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.known import known
from sesam.panels import Panel
from sesam.places import Now, TabContent
from sesam.standing import in_all, standing
from sesam.templatetags.sesam import datum, status_html

from .life import next_step
from .models import Deviation, DeviationQuerySet
from .tables import DeviationTable


def of(recipient: Any) -> DeviationQuerySet:
    return Deviation.objects.filter(recipient=recipient)


def count(request: HttpRequest, recipient: Recipient) -> int:
    return once(request, _known, recipient)[0]


def _known(recipient: Recipient) -> tuple[int, int, dt.date | None]:
    """How many there are, how many of them are open, and by when KHS answers the first of these."""
    ((count, still_open, day),) = _deviation_totals(recipient=recipient.pk)
    return count, still_open, day


@standing
def _deviation_totals(*, recipient: Any) -> QuerySet[Deviation, Any]:
    is_open = ~Q(status__in=known(Deviation.ENDED))
    return in_all(
        of(recipient),
        Count("pk"),
        Count("pk", filter=is_open),
        Min("due_on", filter=is_open),
    )


def now(request: HttpRequest, recipient: Recipient) -> Now:
    """«1 öppen avvikelse»: amber once KHS is late."""
    _, count, day = once(request, _known, recipient)
    words = "öppen avvikelse" if count == 1 else "öppna avvikelser"
    late = day is not None and day < timezone.localdate()
    return Now(count, words, f"svar senast {day_shortly(day)}" if day else "", late)


def build(request: HttpRequest, recipient: Recipient) -> TabContent:
    found = of(recipient).select_related("category")
    return TabContent(table=DeviationTable.fetch(request, found), panel=_panel(request, recipient))


def _panel(request: HttpRequest, recipient: Recipient) -> Panel | None:
    deviation = with_facts(of(recipient), panels.asked(request))
    if deviation is None:
        return None
    own = Deviation.objects.for_user(request.user).filter(pk=deviation.pk).exists()
    return panel_of(request, deviation, own=own)


def with_facts(deviations: DeviationQuerySet, number: str) -> Deviation | None:
    """The one of that number, with what a panel shows of it."""
    found = deviations.select_related("category", "unit", "ordered_by", "recipient")
    return found.filter(case_number=number).first()


def panel_of(
    request: HttpRequest,
    deviation: Deviation,
    *,
    own: bool,
    whose: Sequence[dict[str, Any]] = (),
) -> Panel:
    """The deviation in short; ``own``: whoever looks may open it, ``whose`` says whom it is about."""
    items = deviation.items.select_related("article", "individual", "loan__article")
    step = next_step(deviation)
    facts: list[dict[str, Any]] = [
        {"label": "Status", "value": status_html(deviation.status, deviation.state_label)},
        {"label": "Nästa steg", "value": step.sentence if step else "Inget"},
        *whose,
        {"label": "Kategori", "value": deviation.category.name},
        {"label": "Gäller", "value": ", ".join(item.named for item in items) or "Inget hjälpmedel"},
        {"label": "Registrerad", "value": datum(deviation.created_at)},
    ]
    # Whose patient a protected person is tells where they live.
    if own or not deviation.is_protected:
        facts.append({"label": "Tjänsteställe", "value": deviation.unit.name})
        facts.append({"label": "Anmäld av", "value": str(deviation.ordered_by)})
    panel = Panel(
        kicker=f"{deviation.get_event_type_display()} {deviation.case_number}",
        title=deviation.category.name,
        close_url=panels.close_url(request),
        facts=facts,
    )
    if own:
        panel.go_url = reverse("deviations:detail", args=[deviation.case_number])
        panel.go_label = "Gå till avvikelsedetaljer"
    return panel
