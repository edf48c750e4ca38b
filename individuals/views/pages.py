"""«Individer»: the search, and a piece's page with its tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from articles.tables import iso_text
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from sesam import documents
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.seen import Overtaken
from sesam.templatetags.sesam import datum, kr, status_html

from .. import search as finder
from .. import services
from ..documents import label_pdf
from ..forms import CorrectionForm, SearchForm, personal
from ..models import BlockReason, Component, Individual, stock_status
from ..services import with_blocked
from ..slots import PieceTab, piece_buttons, piece_create, piece_sections
from ..tables import IndividualTable
from .register import may_register

EDIT, PLATE = "redigera", "marke"
TABS = {
    PieceTab.INFORMATION: "Individinformation",
    PieceTab.STATUS: "Aktuell status",
    PieceTab.COMPONENTS: "Komponenter",
    PieceTab.ACTIVITIES: "Aktiviteter",
    PieceTab.TEXT: "Textinformation",
}


@roles(*CARE)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Asked by POST and shown by GET: a personal number, typed in the wrong box, never comes
    into an address."""
    asked = request.POST if request.method == "POST" else request.GET
    typed = asked.get("q")
    if personal(typed):
        return render(request, "individuals/search.html", {"wrong_box": True}, status=422)
    if request.method == "POST":
        return HttpResponseRedirect(f"{request.path}?{urlencode({'q': (typed or '').strip()})}")
    if typed and (number := finder.exact(typed)):
        return redirect("individuals:detail", number)
    form = SearchForm(typed)
    context: dict[str, Any] = {"form": form, "may_register": may_register(request)}
    if form.is_valid():
        words = form.cleaned_data["q"]
        context["table"] = IndividualTable.found(request, partial(finder.search, words))
    return render(request, "individuals/search.html", context)


def find(number: str) -> Individual | None:
    """The piece that has the number now, with its article and whether it is blocked."""
    pieces = with_blocked().select_related(
        "article__supplier", "article__iso_class", "warehouse__owner"
    )
    return pieces.filter(number=number.replace("\0", "")).first()


@roles(*CARE)
@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: UserRequest, number: str) -> HttpResponse:
    """One piece. ``flik`` names the tab. A number that it had leads to the one it has. With
    ``?redigera=`` what stands on its plate, which KHS corrects, and the POST of that."""
    piece = find(number)
    if piece is None:
        current = finder.exact(number)
        if current is None:
            raise Http404("individual")
        if current != number.upper():
            messages.info(request, f"Individ {number} har bytt nummer och heter nu {current}.")
        return redirect("individuals:detail", current)
    may_correct = has_role(request.user, KHS)
    if request.method == "POST":
        if not may_correct:
            raise PermissionDenied
        return _correct(request, piece)
    form = None
    if may_correct and request.GET.get(EDIT) == PLATE:
        form = CorrectionForm(None, piece=piece)
    return _piece_page(request, piece, form)


def _correct(request: UserRequest, piece: Individual) -> HttpResponse:
    form = CorrectionForm(request.POST, piece=piece)
    if not form.is_valid():
        return _piece_page(request, piece, form, status=422)
    seen, said = form.take_seen(), form.cleaned_data
    try:
        piece, is_caught = services.correct_plate(
            piece,
            plate=services.Plate(said["serial_number"], said["lot"]),
            user=request.user,
            seen=seen,
        )
    except Overtaken:
        piece.refresh_from_db()
        form.tell_overtaken(piece)
        return _piece_page(request, piece, form, status=409)
    except DomainError as fault:
        form.add_error(None, fault.message)
        return _piece_page(request, piece, form, status=409)
    messages.success(request, f"Serienummer och batch/lot för individ {piece.number} är sparade.")
    for text in _recalled(piece, is_caught=is_caught):
        messages.warning(request, text)
    return redirect("individuals:detail", piece.number)


def _recalled(piece: Individual, *, is_caught: bool) -> list[str]:
    """What recalls have to do with it, now that its numbers are others."""
    numbers = piece.blocks.filter(until=None, reason__code=BlockReason.Code.RECALL)
    named = " och ".join(numbers.order_by("since", "pk").values_list("case_number", flat=True))
    if not named:
        return []
    if is_caught:
        return [f"Individen omfattas av återkallelse {named} och är spärrad."]
    return [
        f"Individen är spärrad av återkallelse {named}. Kontrollera där om den fortfarande berörs."
    ]


def _piece_page(
    request: UserRequest, piece: Individual, form: CorrectionForm | None, *, status: int = 200
) -> HttpResponse:
    wanted = request.GET.get("flik", "") if form is None else PieceTab.INFORMATION
    here = reverse("individuals:detail", args=[piece.number])
    chosen = next((tab for tab in TABS if tab == wanted), PieceTab.INFORMATION)
    context = {
        "piece": piece,
        "stock": stock_status(piece.status, blocked=piece.blocked).label,
        "head": _head(piece),
        "buttons": piece_buttons.shown(request, piece),
        "create": piece_create.shown(request, piece),
        "tabs": [
            {
                "label": label,
                "url": f"{request.path}?{urlencode({'flik': name})}",
                "active": name == chosen,
                "count": None,
            }
            for name, label in TABS.items()
        ],
        "tab": chosen,
        "tab_label": TABS[chosen],
        "tab_template": f"individuals/_{chosen}.html",
        "sections": piece_sections[chosen].drawn(request, piece),
        **_TAB_BUILDERS[chosen](piece),
        "plate_form": form,
        "plate_url": f"{here}?{EDIT}={PLATE}" if has_role(request.user, KHS) else "",
        "leave_url": here,
    }
    return render(request, "individuals/detail.html", context, status=status)


@roles(*CARE)
@require_safe
@gives_file
def label(request: HttpRequest, number: str) -> HttpResponse:
    """The piece's label as PDF. It tells nothing of who has it."""
    piece = find(number)
    if piece is None:
        current = finder.exact(number)
        if current is None:
            raise Http404("individual")
        return redirect("individuals:label", current)
    url = request.build_absolute_uri(reverse("individuals:detail", args=[piece.number]))
    return documents.download(f"etikett-{piece.number}.pdf", label_pdf(piece, url=url))


def _head(piece: Individual) -> list[dict[str, Any]]:
    article = piece.article
    return [
        {
            "label": "Artikel",
            "value": f"{article.number} {article.name}",
            "url": reverse("articles:detail", args=[article.number]),
        },
        {"label": "Serienummer", "value": piece.serial_number, "code": True},
        *([{"label": "Batch/lot", "value": piece.lot, "code": True}] if piece.lot else []),
        {"label": "Artikelansvar", "value": article.get_responsibility_display()},
    ]


def _information(piece: Individual) -> dict[str, Any]:
    article = piece.article
    iso = iso_text(article.iso_code)
    if article.iso_class:
        iso = f"{iso} {article.iso_class.title}"
    facts = [
        {"label": "Artikelnummer", "value": article.number},
        {"label": "Benämning", "value": article.name},
        {"label": "Leverantör", "value": article.supplier},
        {"label": "Leverantörens artikelnr", "value": article.supplier_number},
        {"label": "ISO-kod", "value": iso},
        _purchase(piece),
        {"label": "Anskaffningsvärde", "value": kr(piece.acquisition_value)},
        {"label": "Garanti till", "value": datum(piece.warranty_until)},
    ]
    former = piece.former_numbers.select_related("changed_by").order_by("-changed_at")
    facts += [
        {
            "label": "Tidigare individnr",
            "value": f"{old.number}, bytt {datum(old.changed_at)}"
            + (f" av {old.changed_by}" if old.changed_by else ""),
        }
        for old in former
    ]
    plate = [
        {"label": "Serienummer", "value": piece.serial_number, "code": True},
        {"label": "Batch/lot", "value": piece.lot, "code": True},
    ]
    return {"facts": facts, "plate": plate}


def _purchase(piece: Individual) -> dict[str, Any]:
    if piece.purchase_is_estimated and piece.purchased_on:
        return {"label": "Inköpsår", "value": f"{piece.purchased_on.year} (uppskattat)"}
    return {"label": "Inköpsdatum", "value": datum(piece.purchased_on)}


def _status(piece: Individual) -> dict[str, Any]:
    stock = stock_status(piece.status, blocked=piece.blocked).label
    facts: list[dict[str, Any]] = [
        {"label": "Status", "value": status_html("", piece.get_status_display())},
        {"label": "Lagerstatus", "value": status_html("", stock)},
    ]
    if piece.warehouse:
        facts.append({"label": "Lager", "value": piece.warehouse})
    facts += [
        {"label": "Spärrad", "value": f"{block.reason}, från {datum(block.since)}"}
        for block in piece.blocks.filter(until=None).select_related("reason").order_by("since")
    ]
    return {"facts": facts}


def _components(piece: Individual) -> dict[str, Any]:
    fitted = Component.objects.filter(individual=piece, removed_at=None)
    return {"fitted": fitted.select_related("article").order_by("-fitted_at", "article__number")}


def _nothing(piece: Individual) -> dict[str, Any]:
    return {}


_TAB_BUILDERS: dict[PieceTab, Callable[[Individual], dict[str, Any]]] = {
    PieceTab.INFORMATION: _information,
    PieceTab.STATUS: _status,
    PieceTab.COMPONENTS: _components,
    PieceTab.ACTIVITIES: _nothing,
    PieceTab.TEXT: _nothing,
}
