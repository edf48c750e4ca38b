"""An activity that has been made: confirmation, page, changes, «Makulera», files, its paper."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organisation import access_log
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from recipients import case_blocks, case_details
from recipients.case_forms import BlockForm
from recipients.case_views import (
    CasePage,
    band_of,
    confirm_cancel,
    crumbs_of,
    events_of,
    find_case,
    log_case,
    tags_of,
)
from sesam import attachments
from sesam.documents import download
from sesam.limits import gives_file
from sesam.phones import written as phone
from sesam.templatetags.sesam import datum, datumtid

from .. import documents, services, shown
from ..forms import (
    CaseAddressForm,
    CaseCommentForm,
    CaseContactForm,
    CaseRequestForm,
    PlanForm,
)
from ..life import life_line
from ..models import Activity, ActivityStatus
from ..slots import activity_create

no_store = cache_control(no_store=True, private=True)
REQUEST, COMMENT, ADDRESS, CONTACT = "beskrivning", "kommentar", "adress", "kontakt"
BLOCKS: case_blocks.Blocks = {
    REQUEST: ("Önskad åtgärd/Felbeskrivning", CaseRequestForm),
    COMMENT: ("Kommentar", CaseCommentForm),
    ADDRESS: ("Aktivitetsadress", CaseAddressForm),
    CONTACT: ("Kontaktuppgifter avseende aktiviteten", CaseContactForm),
}


def find_activity(request: HttpRequest, number: str) -> Activity:
    """The activity through what this user may open; another unit's is 404."""
    found = Activity.objects.select_related(
        "recipient", "type", "priority", "instruction", "unit__payer", "warehouse", "ordered_by",
        "technician", "order", "supplier", "maintenance__plan", "maintenance__individual__warehouse",
    )  # fmt: skip
    activity: Activity = find_case(request, found, number)
    if activity.lacks_address or activity.lacks_text:  # no form shows what was there before
        case_details.forget_typed_before(activity)
    return activity


@roles(*CARE)
@no_store
@require_GET
def confirmation(request: HttpRequest, number: str) -> HttpResponse:
    """«Aktivitetsbekräftelse»: its number, and what happens next."""
    activity = find_activity(request, number)
    log_case(request, activity, "Aktivitetsbekräftelse")
    context = {
        "activity": activity,
        "rows": shown.aid_rows(activity),
        "life": life_line(activity, events_of(activity)),
        "supplier": activity.supplier,
        "facts": [
            {"label": "Aktivitetsnummer", "value": activity.case_number},
            {"label": "Aktivitetstyp", "value": activity.type},
            {"label": "Aktivitetsprioritet", "value": activity.priority},
            {"label": "Klar senast", "value": datum(activity.due_on)},
            {"label": "Status", "value": activity.get_status_display()},
        ],
    }
    return render(request, "activities/confirmation.html", context)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """The activity's page; with ``?redigera=`` the block that is edited, and its POST."""
    activity = find_activity(request, number)
    editing = EDITED.asked(request, activity)
    if request.method == "POST" and editing:
        return EDITED.save(request, activity, editing)
    if request.method == "POST" and (activity.has_ended or activity.address_masked):
        return EDITED.too_late(request, activity)
    return activity_page(request, activity, editing=editing)


def _may_edit(activity: Activity) -> set[str]:
    """Of somebody who became protected the address comes first, or what is wanted where it goes
    nowhere: till then no text is shown."""
    if activity.has_ended:
        return set()
    if activity.address_masked:
        return {ADDRESS} if activity.has_address else {REQUEST}
    return set(_blocks_of(activity))


def _blocks_of(activity: Activity) -> case_blocks.Blocks:
    if activity.has_address:
        return BLOCKS
    return {name: block for name, block in BLOCKS.items() if name != ADDRESS}


@roles(*CARE)
@no_store
@require_POST
def undo_contact(request: UserRequest, number: str) -> HttpResponse:
    """«Ångra» of this activity's contact switch: says what it shall be again, and which event was
    the last one then."""
    activity = find_activity(request, number)
    case_blocks.undo_contact(
        request,
        lambda contact, seen: services.undo_contact(
            activity, user=request.user, contact=contact, seen=seen
        ),
    )
    return redirect("activities:detail", activity.case_number)


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: UserRequest, number: str) -> HttpResponse:
    """«Makulera aktivitet»: the question, and «Ja, makulera»."""
    activity = find_activity(request, number)
    return confirm_cancel(
        request,
        activity,
        page=reverse("activities:detail", args=[activity.case_number]),
        template="activities/cancel.html",
        hindrance=services.why_not_cancel(activity),
        stays="Behåll aktiviteten",
        cancel=lambda case: services.cancel(case, user=request.user),
        activity=activity,
    )


@roles(*CARE)
@require_GET
@gives_file
def attachment(request: HttpRequest, number: str, key: uuid.UUID) -> FileResponse:
    """A file, to those who may see the activity; none where its address is masked."""
    activity = find_activity(request, number)
    found = get_object_or_404(shown.files(activity), key=key)
    log_case(request, activity, "Bilaga", action=access_log.Action.DOWNLOAD)
    return attachments.download(found, request.user)


@roles(*CARE)
@require_GET
@gives_file
def paper(request: HttpRequest, number: str) -> HttpResponse:
    """«Skapa pdf»."""
    activity = find_activity(request, number)
    content = documents.activity_paper(request, activity)
    log_case(request, activity, documents.NAME, action=access_log.Action.PRINT)
    return download(documents.file_name(activity), content)


# --- the page ---


def activity_page(
    request: UserRequest,
    activity: Activity,
    *,
    editing: str = "",
    form: BlockForm[Any] | None = None,
    unsaved: dict[str, Any] | None = None,
    plan: PlanForm | None = None,
    status: int = 200,
) -> HttpResponse:
    log_case(request, activity, "Aktivitet")
    events = events_of(activity)
    is_khs = has_role(request.user, KHS)
    blocks = case_blocks.shown_blocks(
        activity,
        _blocks_of(activity),
        here=reverse("activities:detail", args=[activity.case_number]),
        editing=editing,
        form=form,
        asks_for_check=not activity.bears_personal_data,
    )
    for block in blocks:
        if block["name"] not in _may_edit(activity):
            block["edit_url"] = ""
    context = {
        "activity": activity,
        "contact": activity.contact_prescriber,
        "rows": shown.aid_rows(activity),
        "request_block": blocks[0],
        "comment_block": blocks[1],
        "blocks": blocks[2:],
        "files": shown.files(activity),
        "work": shown.work_of(activity),
        "is_khs": is_khs,
        "may_report": not services.why_not_report(activity, request.user),
        "may_take": is_khs
        and request.user.is_technician
        and activity.is_workshops
        and not activity.has_ended
        and activity.technician is None,
        "may_plan": is_khs and not activity.has_ended,
        "may_hand_back": is_khs
        and not activity.has_ended
        and activity.status != ActivityStatus.REGISTERED,
        "plan": plan or (PlanForm(activity=activity) if is_khs else None),
        "masked": activity.address_masked,
        "case": CasePage(
            title=str(activity),
            crumbs=crumbs(activity, is_khs=is_khs),
            tags=_tags(activity),
            person=band_of(activity),
            number=activity.case_number,
            facts=_facts(activity),
            events=events,
            shows_notes=not activity.address_masked,
            life=life_line(activity, events),
            note=_note(activity),
            unsaved=unsaved,
            create=activity_create.shown(request, activity),
        ),
    }
    return render(request, "activities/detail.html", context, status=status)


def crumbs(activity: Activity, *, is_khs: bool) -> list[dict[str, str]]:
    """From KHS's queue; else from whose aids they are, or the piece."""
    if is_khs:
        return [{"label": "Aktiviteter", "url": reverse("admin:activities_activity_changelist")}]
    if activity.recipient is not None:
        return crumbs_of(activity.recipient)
    crumbs = [{"label": "Individer", "url": reverse("individuals:search")}]
    line = activity.lines.select_related("individual").filter(individual__isnull=False).first()
    if line and line.individual:
        url = reverse("individuals:detail", args=[line.individual.number])
        crumbs.append({"label": f"Individ {line.individual}", "url": url})
    return crumbs


def _tags(activity: Activity) -> list[dict[str, str]]:
    tags = tags_of(activity)
    if activity.priority.is_urgent and not activity.has_ended:
        tags.insert(1, {"code": "", "label": "Akut"})
    if activity.is_late:
        tags.append({"code": "", "label": "försenad"})
    return tags


def _note(activity: Activity) -> dict[str, str | SafeString] | None:
    """The one thing that must be known first."""
    if activity.status == ActivityStatus.CANCELLED:
        return {"tone": "grey", "icon": "ban", "text": "Aktiviteten är makulerad."}
    if activity.lacks_address:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Aktivitetsadress saknas",
            "text": "Mottagaren har fått skyddad identitet sedan aktiviteten skapades. Skriv den"
            " adress som gäller just den här aktiviteten.",
        }
    if activity.lacks_text:
        return {
            "tone": "amber",
            "icon": "shield-alert",
            "title": "Beskrivningen visas inte",
            "text": "Mottagaren har fått skyddad identitet sedan aktiviteten skapades. Skriv på nytt"
            " vad som ska göras, utan något som avslöjar var personen finns.",
        }
    if not activity.has_ended and (gone := shown.told_gone(activity)):
        return {
            "tone": "amber",
            "title": "Hjälpmedlet är inte kvar",
            "text": f"{' '.join(gone)} {_what_then(activity)}",
        }
    if activity.order is not None and not activity.has_ended:
        number = activity.order.case_number
        return {
            "tone": "amber",
            "icon": "lock",
            "text": format_html(
                'Beställning <a href="{}">{}</a> väntar på den här aktiviteten och levereras när den'
                " är avslutad.",
                reverse("orders:detail", args=[number]),
                number,
            ),
        }
    if activity.supplier is not None and not activity.has_ended:
        return {
            "tone": "blue",
            "title": f"Mejla dokumentet till {activity.supplier}",
            "body": "activities/_supplier.html",
        }
    return None


def _what_then(activity: Activity) -> str:
    """How an activity whose aid is gone comes to its end."""
    if activity.maintenance is not None:
        return (
            "Avsluta aktiviteten om underhållet blev gjort. Annars makuleras den: lämna den tillbaka"
            " till kön, så gör schemat det."
        )
    own = services.is_units_own(activity)
    end = "Avsluta aktiviteten" if own else "KHS avslutar aktiviteten"
    return f"{end}." if services.why_not_cancel(activity) else f"{end}, eller makulera den."


def _facts(activity: Activity) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [
        {"label": "Aktivitetstyp", "value": activity.type},
        {"label": "Aktivitetsprioritet", "value": activity.priority},
        {"label": "Klar senast", "value": datum(activity.due_on)},
        {"label": "Utförs av", "value": activity.performer},
    ]
    if activity.supplier is not None:
        facts += [
            {"label": "Leverantörens e-post", "value": activity.supplier.email},
            {"label": "Leverantörens telefon", "value": phone(activity.supplier.phone)},
        ]
    if activity.maintenance is not None:
        schedule = activity.maintenance
        words = ", ".join(filter(None, [schedule.get_kind_display(), schedule.words]))
        facts.append({"label": "Underhåll", "value": words})
    if activity.technician:
        facts.append({"label": "Tekniker", "value": activity.technician})
    if activity.planned_for:
        facts.append({"label": "Planerad", "value": activity.planned_words})
    if activity.order is not None:
        url = reverse("orders:detail", args=[activity.order.case_number])
        facts.append({"label": "Beställning", "value": activity.order.case_number, "url": url})
    if activity.instruction:
        facts.append({"label": "Adressinstruktion", "value": activity.instruction})
    facts += [
        {"label": "Tjänsteställe", "value": activity.unit},
        {"label": "Beställare", "value": activity.orderer},
        {"label": "Registrerad", "value": datum(activity.created_at)},
    ]
    if activity.closed_at:
        facts.append({"label": "Avslutad", "value": datumtid(activity.closed_at)})
    return facts


EDITED = case_blocks.EditedInPlace(
    blocks=BLOCKS,
    find=find_activity,
    show=activity_page,
    change=services.change,
    editable=_may_edit,
    called="Aktiviteten",
    detail="activities:detail",
    undo="activities:undo_contact",
)
