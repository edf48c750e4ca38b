"""The prescriber's answer to a project's offer: «Godkänn offert» / «Godkänn inte»."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from organisation.permissions import BUFFERT, FORSKRIVARE, UserRequest, roles
from recipients.case_views import log_case
from sesam import dialogs
from sesam.errors import DomainError

from .. import services
from ..models import ProjectMove
from ..project_forms import AnswerForm
from ..stages import Stage
from .cases import find_order


@roles(FORSKRIVARE, BUFFERT)
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: UserRequest, number: str, move_id: int) -> HttpResponse:
    """«Godkänn offert»."""
    return _answer(request, number, move_id, approved=True)


@roles(FORSKRIVARE, BUFFERT)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: UserRequest, number: str, move_id: int) -> HttpResponse:
    """«Godkänn inte»: says why."""
    return _answer(request, number, move_id, approved=False)


def _answer(request: UserRequest, number: str, move_id: int, *, approved: bool) -> HttpResponse:
    """``move_id`` is the move that asked: the answer holds for that offer and no other."""
    order = find_order(request, number)
    asked = get_object_or_404(
        ProjectMove.objects.select_related("line__article", "line__order"),
        pk=move_id,
        line__order=order,
        stage=Stage.WAITING,
    )
    line = asked.line
    here = reverse("orders:detail", args=[order.case_number])
    can = services.may_answer(request.user, order)
    error = "" if can else f"Offerten besvaras av en förskrivare på {order.unit}."
    status = 200 if can else 403
    form = AnswerForm(request.POST or None, approved=approved)
    if can and request.method == "POST":
        status = 422
        form = AnswerForm(request.POST, approved=approved)
        if form.is_valid():
            try:
                services.answer_offer(
                    line,
                    user=request.user,
                    seen=asked.pk,
                    approved=approved,
                    reason=form.cleaned_data["reason"],
                )
            except DomainError as fault:
                error, status = fault.message, 409
            else:
                return _answered(request, here, approved=approved)
    log_case(request, order, "Offert")
    offer = (
        line.moves.filter(stage=Stage.OFFER_RECEIVED, pk__lt=asked.pk)
        .select_related("offer")
        .order_by("-pk")
        .first()
    )
    label = "Godkänn offert" if approved else "Godkänn inte"
    context = {
        "order": order,
        "line": line,
        "offer": offer,
        "approved": approved,
        "form": form,
        "dialog": {
            "title": label,
            "cancel_url": here,
            "next": "" if error else label,
            "error": error,
        },
    }
    return render(request, "orders/offer.html", context, status=status)


def _answered(request: HttpRequest, here: str, *, approved: bool) -> HttpResponse:
    said = "Offerten är godkänd" if approved else "Offerten är inte godkänd"
    then = "KHS gör inköpet." if approved else "KHS ser ditt svar."
    messages.success(request, f"{said}. {then}")
    return dialogs.leave(request, here)
