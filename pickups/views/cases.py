"""A pickup order that has been made: confirmation, page, changes, «Makulera», its paper."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from recipients import case_blocks
from recipients.case_forms import BlockForm
from recipients.case_views import (
    CasePage,
    band_of,
    confirm_cancel,
    crumbs_of,
    events_of,
    facts_of,
    find_case,
    log_case,
    tags_of,
)
from sesam.templatetags.sesam import datum, datumtid

from .. import differences, khs, services
from ..forms import AddressForm, CommentForm, ContactForm
from ..life import life_line
from ..models import PickupOrder, PickupStatus
from ..slots import pickup_create

no_store = cache_control(no_store=True, private=True)
BLOCKS: case_blocks.Blocks = {
    "adress": ("Hämtadress", AddressForm),
    "kontakt": ("Kontaktuppgifter avseende hämtordern", ContactForm),
    "kommentar": ("Kommentar", CommentForm),
}


def find_pickup(request: HttpRequest, number: str) -> PickupOrder:
    """The pickup order through what this user may open; another unit's is 404."""
    pickups = PickupOrder.objects.select_related(
        "recipient__payer", "reason", "unit", "warehouse", "ordered_by", "prescriber"
    )
    pickup: PickupOrder = find_case(request, pickups, number)
    if pickup.lacks_address:  # no form is to show what the person's record said before
        pickup.forget_whereabouts()
    return pickup


@roles(*CARE)
@no_store
@require_GET
def confirmation(request: HttpRequest, number: str) -> HttpResponse:
    """«Hämtorderbekräftelse»."""
    pickup = find_pickup(request, number)
    log_case(request, pickup, "Hämtorderbekräftelse")
    context = {
        "pickup": pickup,
        "reason": pickup.reason,
        "rows": differences.course_of(pickup),
        "facts": [
            {"label": "Ärendenummer", "value": pickup.case_number},
            {"label": "Hämtorderorsak", "value": pickup.reason},
            {"label": "Registrerad", "value": datumtid(pickup.created_at)},
            {"label": "Status", "value": pickup.get_status_display()},
        ],
    }
    return render(request, "pickups/confirmation.html", context)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The pickup order's page; with ``?redigera=`` the block that is edited, and its POST."""
    pickup = find_pickup(request, number)
    editing = EDITED.asked(request, pickup)
    if request.method == "POST" and editing:
        return EDITED.save(request, pickup, editing)
    if request.method == "POST" and pickup.has_ended:
        return EDITED.too_late(request, pickup)
    return _pickup_page(request, pickup, editing=editing)


@roles(*CARE)
@no_store
@require_POST
def undo_contact(request: UserRequest, number: str) -> HttpResponse:
    """«Ångra» of this pickup order's contact switch: says what it shall be again, and which event
    was the last one then."""
    pickup = find_pickup(request, number)
    case_blocks.undo_contact(
        request,
        lambda contact, seen: services.undo_contact(
            pickup, user=request.user, contact=contact, seen=seen
        ),
    )
    return redirect("pickups:detail", pickup.case_number)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: UserRequest, number: str) -> HttpResponse:
    """«Makulera hämtorder»: the question, and «Ja, makulera»."""
    pickup = find_pickup(request, number)
    return confirm_cancel(
        request,
        pickup,
        page=reverse("pickups:detail", args=[pickup.case_number]),
        template="pickups/cancel.html",
        hindrance=why_not_cancel(pickup),
        stays="Behåll hämtordern",
        cancel=lambda case: services.cancel_pickup(case, user=request.user),
        pickup=pickup,
    )


def why_not_cancel(pickup: PickupOrder) -> str:
    if pickup.status in (PickupStatus.REGISTERED, PickupStatus.PLANNED):
        return ""
    return "Bara en hämtorder som inget är hämtat på kan makuleras."


# --- the page ---


def _pickup_page(
    request: HttpRequest,
    pickup: PickupOrder,
    *,
    editing: str = "",
    form: BlockForm[Any] | None = None,
    unsaved: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    log_case(request, pickup, "Hämtorder")
    events = events_of(pickup)
    is_khs = has_role(request.user, KHS)
    rows = [x for x in differences.course_of(pickup) if is_khs or not x.is_strangers]
    context = {
        "pickup": pickup,
        "reason": pickup.reason,
        "contact": pickup.contact_prescriber,
        "rows": rows,
        "differences": differences.told(pickup, rows),
        "blocks": case_blocks.shown_blocks(
            pickup,
            BLOCKS,
            here=reverse("pickups:detail", args=[pickup.case_number]),
            editing=editing,
            form=form,
            asks_for_check=not pickup.reason.personal_data,
        ),
        "is_khs": is_khs,
        "may_plan": is_khs and not why_not_cancel(pickup),
        "to_make_ready": khs.to_make_ready(pickup) if is_khs else [],
        "case": CasePage(
            title=str(pickup),
            person=band_of(pickup),
            crumbs=crumbs(pickup, is_khs=is_khs),
            tags=_tags(pickup),
            number=pickup.case_number,
            facts=_facts(pickup, number=is_khs),
            events=events,
            life=life_line(pickup, events),
            note=_note(pickup),
            unsaved=unsaved,
            create=pickup_create.shown(request, pickup),
        ),
    }
    return render(request, "pickups/detail.html", context, status=status)


def crumbs(pickup: PickupOrder, *, is_khs: bool) -> list[dict[str, str]]:
    """From KHS's queue; else from whose aids they are."""
    if is_khs:
        return [{"label": "Hämtordrar", "url": reverse("admin:pickups_pickuporder_changelist")}]
    return crumbs_of(pickup.recipient)


def _tags(pickup: PickupOrder) -> list[dict[str, str]]:
    tags = tags_of(pickup)
    if pickup.is_urgent:
        tags.insert(1, {"code": "", "label": "Akut"})
    return tags


def _note(pickup: PickupOrder) -> dict[str, str] | None:
    if pickup.status == PickupStatus.CANCELLED:
        return {"tone": "grey", "icon": "ban", "text": "Hämtordern är makulerad."}
    if pickup.lacks_address:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Hämtadress saknas",
            "text": "Mottagaren har fått skyddad identitet sedan hämtordern skapades. Skriv den"
            " adress som gäller just den här hämtningen.",
        }
    if pickup.reason.by_supplier and not pickup.has_ended:
        return {
            "tone": "blue",
            "title": f"Mejla dokumentet till {pickup.reason.supplier}",
            "body": "pickups/_supplier.html",
        }
    return None


def _facts(pickup: PickupOrder, *, number: bool) -> list[dict[str, Any]]:
    facts = [
        *facts_of(pickup.recipient, number=number),
        {"label": "Hämtorderorsak", "value": pickup.reason},
        {"label": "Utförs av", "value": pickup.reason.performer},
        {"label": "Till lager", "value": pickup.warehouse},
        {"label": "Tjänsteställe", "value": pickup.unit},
        {"label": "Beställare", "value": pickup.ordered_by},
        {"label": "Förskrivare", "value": pickup.prescriber},
        {"label": "Registrerad", "value": datum(pickup.created_at)},
    ]
    if pickup.planned_for:
        facts.append({"label": "Planerad hämtning", "value": datum(pickup.planned_for)})
    if pickup.received_at:
        facts.append({"label": "Mottagen", "value": datum(pickup.received_at)})
    return facts


EDITED = case_blocks.EditedInPlace(
    blocks=BLOCKS,
    find=find_pickup,
    show=_pickup_page,
    change=services.change_pickup,
    editable=lambda pickup: () if pickup.has_ended else BLOCKS,
    called="Hämtordern",
    detail="pickups:detail",
    undo="pickups:undo_contact",
)
