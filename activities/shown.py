"""An activity as its page, its panel and its papers show it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from articles.models import Article
from individuals.models import Individual
from sesam.templatetags.sesam import datum

from .life import step_of
from .models import Activity, ActivityAttachment, ActivityLine, WorkReport
from .services.common import gone
from .services.common import told_gone as told_gone


@dataclass(frozen=True)
class AidLine:
    """An aid that the work is about. ``gone`` is what has become of it since."""

    title: str
    article: Article
    individual: Individual | None
    gone: str


def aid_rows(activity: Activity) -> list[AidLine]:
    """The activity's aids. One query."""
    return [aid_of(line, activity) for line in LINES.filter(activity=activity)]


LINES = ActivityLine.objects.select_related(
    "article", "individual", "loan__article", "loan__individual"
)


def aid_of(line: ActivityLine, activity: Activity) -> AidLine:
    """The line, which is one of ``LINES``, as it is shown."""
    return AidLine(
        title=line.title,
        article=line.article,
        individual=line.individual,
        gone="" if activity.has_ended else gone(line),
    )


def files(activity: Activity) -> QuerySet[ActivityAttachment]:
    """What was attached, unless it might tell where a protected person is."""
    found = activity.attachments
    return found.none() if activity.address_masked else found.all()


@dataclass(frozen=True)
class Work:
    """«Arbetstid och material»: all that was reported, and what it comes to."""

    reports: list[WorkReport]
    minutes: int
    cost: Decimal

    @property
    def hours(self) -> str:
        return hours(self.minutes)


def hours(minutes: int) -> str:
    """«1 h 30 min»."""
    whole, rest = divmod(minutes, 60)
    parts = [f"{whole} h" if whole else "", f"{rest} min" if rest or not whole else ""]
    return " ".join(filter(None, parts))


def work_of(activity: Activity) -> Work:
    """Two queries."""
    reports = list(activity.reports.select_related("by").prefetch_related("material__article"))
    material = sum((used.cost for r in reports for used in r.material.all()), Decimal(0))
    return Work(
        reports,
        minutes=sum(report.minutes for report in reports),
        cost=material + sum((report.cost for report in reports), Decimal(0)),
    )


def panel_facts(activity: Activity, *, is_own: bool) -> list[dict[str, Any]]:
    """The activity, which ``with_turns`` gave, in short. Whose patient a protected person is tells where they live."""
    tells = is_own or not activity.is_protected
    step = step_of(activity)
    return [
        {"label": "Aktivitetstyp", "value": activity.type},
        {"label": "Nästa steg", "value": step.sentence if step else "Inget"},
        {"label": "Status", "value": activity.get_status_display()},
        {"label": "Aktivitetsprioritet", "value": activity.priority},
        {"label": "Registrerad", "value": datum(activity.created_at)},
        {"label": "Klar senast", "value": datum(activity.due_on)},
        {"label": "Planerad", "value": activity.planned_words},
        {"label": "Utförs av", "value": activity.performer if tells else ""},
    ]
