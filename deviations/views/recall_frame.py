"""What a recall's page says to everybody who may open it: finding it, its head, what is recalled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from organisation.permissions import KHS, has_role
from recipients.case_views import CasePage, events_of, find_case
from sesam.templatetags.sesam import datum, status_html

from ..models import Recall
from ..recalls.life import life_line

MOST_CRITERIA = 12  # of a kind, that the page names


def queue() -> str:
    return reverse("admin:deviations_recall_changelist")


def find_recall(request: HttpRequest, number: str) -> Recall:
    """The recall through what this user may open; another's is 404."""
    found = Recall.objects.select_related("ordered_by")
    recall: Recall = find_case(request, found, number)
    return recall


def shown(request: HttpRequest, recall: Recall, *, is_units: bool = False) -> CasePage:
    """The page around its sections; ``is_units``: a unit has something to confirm. What KHS did is KHS's:
    a unit sees no events."""
    is_khs = has_role(request.user, KHS)
    events = events_of(recall)
    facts = facts_of(recall)
    if is_khs and recall.closing_reason:
        facts.append({"label": "Avslutades för att", "value": recall.closing_reason})
    return CasePage(
        title=str(recall),
        crumbs=crumbs_of(is_khs=is_khs),
        tags=tags_of(recall),
        number=recall.case_number,
        facts=facts,
        events=events if is_khs else [],
        life=life_line(recall, events, is_units=is_units),
    )


def crumbs_of(*, is_khs: bool) -> list[dict[str, str]]:
    if not is_khs:
        return [{"label": "Återkallelser", "url": reverse("deviations:recalls")}]
    return [
        {"label": "Avvikelser", "url": reverse("admin:deviations_deviation_changelist")},
        {"label": "Återkallelser", "url": queue()},
    ]


def tags_of(recall: Recall) -> list[dict[str, str]]:
    tags = [{"code": recall.status, "label": recall.get_status_display()}]
    if recall.must_stop and not recall.has_ended:
        tags.append({"code": "", "label": "Ska inte användas"})
    return tags


def facts_of(recall: Recall) -> list[dict[str, Any]]:
    facts = _sought(recall)
    facts += [
        {"label": "Fel", "value": recall.fault},
        {"label": "Åtgärd", "value": recall.measure},
        {"label": "Från", "value": f"{recall.sender}, {datum(recall.notice_on)}"},
    ]
    if recall.reference:
        facts.append({"label": "Meddelandets nummer", "value": recall.reference})
    if recall.authority_on:
        facts.append({"label": "Läkemedelsverket", "value": f"Anmäld {datum(recall.authority_on)}"})
    if recall.due_on:
        facts.append({"label": "Alla bekräftade senast", "value": datum(recall.due_on)})
    facts += [
        {"label": "Status", "value": status_html(recall.status, recall.get_status_display())},
        {"label": "Registrerad", "value": f"{datum(recall.created_at)} av {recall.ordered_by}"},
    ]
    return facts


def _sought(recall: Recall) -> list[dict[str, Any]]:
    """The articles, and by what their pieces are told; those with the same criteria together."""
    of_each: dict[str, dict[str, list[str]]] = {}
    for one in recall.criteria:
        article = f"{one.article.number} {one.article.name}"
        spans = of_each.setdefault(article, {}).setdefault(one.get_by_display(), [])
        spans.append(one.span)
    alike: list[tuple[dict[str, list[str]], list[str]]] = []
    for article, criteria in of_each.items():
        same = next((articles for found, articles in alike if found == criteria), None)
        if same is None:
            alike.append((criteria, [article]))
        else:
            same.append(article)
    facts = []
    for criteria, articles in alike:
        label = "Artikel" if len(articles) == 1 else "Artiklar"
        facts.append({"label": label, "value": ", ".join(articles)})
        for kind, spans in criteria.items():
            if spans == [""]:
                facts.append({"label": "Gäller", "value": kind})
                continue
            more = len(spans) - MOST_CRITERIA
            told = ", ".join(spans[:MOST_CRITERIA]) + (f" och {more} till" if more > 0 else "")
            facts.append({"label": kind, "value": told})
    return facts
