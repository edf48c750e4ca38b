"""«Siffror»: the plots, and each as an Excel sheet."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from organisation import access_log
from organisation.permissions import CONTROLLER, FORSKRIVARE, KHS, UserRequest, roles
from sesam import replica, sheets
from sesam.limits import gives_file

from ..models import CountedMonth
from ..months import name_of
from .asking import Asked
from .plots import PLOTS, Drawn

WHO = (FORSKRIVARE, CONTROLLER, KHS)


@roles(*WHO)
@require_safe
def page(request: UserRequest) -> HttpResponse:
    """All the plots of what is asked for."""
    asked = Asked.of(request.user, request.GET)
    is_valid = asked.form.is_valid()
    counted = CountedMonth.objects.last()
    of = Drawn(asked)
    context: dict[str, Any] = {
        "asked": asked,
        "counted_at": counted.at if counted else None,
        "period": _period(of.months),
        "plots": [],
        "cuts": [
            {
                "label": label,
                "url": f"{reverse('invoicing:figures')}?{_query(asked, efter=name)}#plot-kostnad",
                "active": name == asked.cut,
            }
            for name, label in asked.cuts.items()
        ],
    }
    if is_valid and counted:
        drawn = replica.read(lambda: [(name, draw(of)) for name, draw in PLOTS.items()])
        context["plots"] = [
            replace(plot, excel_url=_sheet_url(name, asked)) for name, plot in drawn
        ]
    return render(request, "invoicing/figures.html", context, status=200 if is_valid else 422)


@roles(*WHO)
@require_safe
@gives_file
def sheet(request: UserRequest, name: str) -> HttpResponse:
    """A plot's table, with the parts that have no room in it."""
    draw = PLOTS.get(name)
    asked = Asked.of(request.user, request.GET)
    if draw is None or not asked.form.is_valid():
        raise Http404
    plot = replica.read(lambda: draw(Drawn(asked, whole=True)))
    access_log.record(request.user, access_log.Action.DOWNLOAD, detail=f"Siffror {name}")
    rows = [
        [place, *(one.values[at] for one in plot.columns)] for at, place in enumerate(plot.places)
    ]
    content = sheets.write(name, [plot.place_label, *(one.name for one in plot.columns)], rows)
    return sheets.download(f"siffror-{name}-{timezone.localdate():%Y-%m-%d}.xlsx", content)


def _period(months: list[dt.date]) -> str:
    return f"{name_of(months[0])}–{name_of(months[-1])}".lower()


def _query(asked: Asked, **more: str) -> str:
    return "&".join(filter(None, [asked.query, urlencode(more)]))


def _sheet_url(name: str, asked: Asked) -> str:
    query = _query(asked, efter=asked.cut) if name == "kostnad" else asked.query
    url = reverse("invoicing:figures_sheet", args=[name])
    return f"{url}?{query}" if query else url
