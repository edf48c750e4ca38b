"""Parts that are ordered to sit on a marked piece, for its page («Komponenter»)."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse

from individuals.models import Individual

from .models import Order, OrderLine


def ordered(request: HttpRequest, piece: Individual) -> dict[str, Any]:
    """What open orders are to fit on the piece. Another unit's order shows no link."""
    lines = list(
        OrderLine.objects.filter(fitted_to=piece, quantity__gt=F("delivered") + F("cancelled"))
        .select_related("article", "order")
        .order_by("-order__sent_at", "position", "id")
    )
    wanted = [line.order_id for line in lines]
    mine = set(
        Order.objects.for_user(request.user).filter(pk__in=wanted).values_list("pk", flat=True)
        if wanted
        else ()
    )
    return {
        "lines": [
            {
                "article": line.article,
                "open": line.open,
                "status": line.status.label,
                "case_number": line.order.case_number,
                "url": reverse("orders:detail", args=[line.order.case_number])
                if line.order_id in mine
                else "",
            }
            for line in lines
        ]
    }
