"""«Stickprov»: the reviewers' pages. Whom a look was at stands as a code, as in the log."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organisation import access_log
from organisation.models import AccessLogEntry
from organisation.permissions import LOGGRANSKARE, UserRequest, roles
from recipients import why
from recipients.models import CareRelation, Recipient
from recipients.views import no_store
from sesam import documents
from sesam.errors import DomainError
from sesam.limits import gives_file
from sesam.status_looks import show_as
from sesam.tables import Column, DateTimeColumn, LinkColumn, NumberColumn, Table

from ..access_log_page import SHOWED_WHO, code_of, midnight, named_just_now, show_who
from ..models import (
    KnownPerson,
    SpotCheck,
    SpotCheckLook,
    SpotCheckPlan,
    SpotCheckProtocol,
    Verdict,
)
from . import papers, services
from .forms import AnswerForm, KnownForm, MeasureForm, PlanForm, SeenForm, VerdictForm

Action = AccessLogEntry.Action
AROUND = 25  # rows of the log before and after the look, of the same day
SHORT = 8  # so few rows stand open
reviewers_only = roles(LOGGRANSKARE)
show_as(
    {
        "Befogad": ("circle-check", "green"),
        "Oklar": ("circle-help", "amber"),
        "Obefogad": ("circle-alert", "red"),
        "Att bedöma": ("circle-dot", "blue"),
    }
)


# --- all months ---------------------------------------------------------------------------------


def _state(check: Any) -> str:
    if check.closed_at:
        return "Avslutad, uppföljning pågår" if check.followed else "Avslutad"
    left = check.in_all - check.judged
    if left:
        return f"{left} att bedöma"
    return f"{check.unclear} oklara" if check.unclear else "Kan avslutas"


class CheckTable(Table[SpotCheck]):
    columns = (
        LinkColumn("manad", "Månad", papers.month_in_words, sort="month", falling_first=True,
                   url=lambda check: reverse("spot_check", args=[str(check)])),
        NumberColumn("dragna", "Dragna", "in_all", priority=2),
        NumberColumn("av", "Av åtkomster", "visits", priority=3),
        NumberColumn("obefogade", "Obefogade", "wrong", priority=2),
        Column("status", "Status", _state),
        DateTimeColumn("avslutad", "Avslutad", "closed_at", priority=2),
    )  # fmt: skip
    order = "-manad"
    caption = "Stickprov"
    noun = ("månad", "månader")
    empty_text = "Inget stickprov än"
    empty_hint = "En månad dras av sig själv när den är slut."


@reviewers_only
@no_store
@require_safe
def overview(request: UserRequest) -> HttpResponse:
    """Each month's check, and what is followed up still."""
    followed = SpotCheckLook.objects.filter(verdict=Verdict.UNJUSTIFIED, followed_up_at=None)
    context = {
        "table": CheckTable.fetch(request, services.with_counts(SpotCheck.objects.all())),
        "followed": followed.select_related("spot_check", "user", "unit").order_by(
            "judged_at", "pk"
        ),
        "plan": services.current_plan(),
    }
    return render(request, "portal/spot_checks.html", context)


# --- a month ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpotCheckRow:
    """A drawn look in the month's list."""

    look: SpotCheckLook
    url: str
    why: str
    is_chosen: bool
    is_own: bool


def _month(written: str) -> dt.date:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", written) or written < "0001":
        raise Http404("month")
    return dt.date.fromisoformat(f"{written}-01")


def _check(written: str) -> SpotCheck:
    found = SpotCheck.objects.select_related("closed_by", "plan")
    return get_object_or_404(found, month=_month(written))


def _looks(check: SpotCheck) -> QuerySet[SpotCheckLook]:
    return check.looks.select_related("user", "unit", "judged_by")


def _url(check: SpotCheck, look: SpotCheckLook) -> str:
    return reverse("spot_check_look", args=[str(check), look.number])


def _list(
    request: UserRequest, check: SpotCheck, looks: list[SpotCheckLook], chosen: int | None
) -> dict[str, Any]:
    rows = [
        SpotCheckRow(look, _url(check, look), papers.why_drawn(look), look.number == chosen,
            look.user_id == request.user.pk)
        for look in looks
    ]  # fmt: skip
    left = [row for row in rows if not row.look.verdict]
    hindered = [] if check.closed_at else services.hindrances(looks, measured=services.measured(check))  # fmt: skip
    return {
        "check": check,
        "month": papers.month_in_words(check),
        "left": left,
        "judged": [row for row in rows if row.look.verdict],
        "in_all": len(rows),
        "by_chance": sum(1 for row in rows if not row.look.risks),
        "own_left": sum(1 for row in left if row.is_own),
        "hindrances": hindered,
        "protocols": check.protocols.defer("content").select_related("made_by"),
        "units": check.units.order_by("name"),
    }


@reviewers_only
@no_store
@require_safe
def month(request: UserRequest, month: str) -> HttpResponse:
    """The draw of a month."""
    check = _check(month)
    return _month_page(request, check)


def _month_page(request: UserRequest, check: SpotCheck, *, error: str = "") -> HttpResponse:
    context = _list(request, check, list(_looks(check)), None) | {"error": error}
    return render(request, "portal/spot_check.html", context, status=422 if error else 200)


@reviewers_only
@no_store
@require_POST
def close(request: UserRequest, month: str) -> HttpResponse:
    check = _check(month)
    try:
        services.close(check, user=request.user)
    except DomainError as no:
        return _month_page(request, check, error=no.message)
    messages.success(request, "Månaden är avslutad och protokollet upprättat.")
    return redirect("spot_check", month)


@reviewers_only
@no_store
@require_safe
@gives_file
def protocol(request: UserRequest, month: str, number: int) -> HttpResponse:
    """The paper as it was made."""
    found = get_object_or_404(SpotCheckProtocol, spot_check__month=_month(month), number=number)
    name = f"protokoll-loggkontroll-{month}{f'-{number}' if number > 1 else ''}.pdf"
    detail = f"Protokoll från loggkontroll {month}, {number}"
    access_log.record(request.user, Action.DOWNLOAD, detail=detail)
    return documents.download(name, bytes(found.content))


# --- a look -------------------------------------------------------------------------------------


def _look(month: str, number: int) -> SpotCheckLook:
    return get_object_or_404(
        SpotCheckLook.objects.select_related("spot_check__plan", "spot_check__closed_by", "user", "unit"),
        spot_check__month=_month(month), number=number,
    )  # fmt: skip


@reviewers_only
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: UserRequest, month: str, number: int) -> HttpResponse:
    """A drawn look; a POST is a verdict, after which the next one comes."""
    found = _look(month, number)
    if request.method != "POST":
        return _look_page(request, found)
    form = VerdictForm(request.POST)

    def judge() -> None:
        said = form.cleaned_data
        services.judge(
            found, said["verdict"], text=said["text"], user=request.user, seen=form.seen()
        )

    if not _done(form, judge):
        return _look_page(request, found, verdict_form=form)
    left = found.spot_check.looks.filter(verdict="").exclude(user=request.user)
    following = left.filter(number__gt=number).first() or left.first()
    if following is None:
        messages.success(request, "Du har bedömt allt som du kan bedöma den här månaden.")
        return redirect("spot_check", month)
    return HttpResponseRedirect(_url(found.spot_check, following))


@reviewers_only
@no_store
@require_POST
def answer(request: UserRequest, month: str, number: int) -> HttpResponse:
    """What the manager answered."""
    found, form = _look(month, number), AnswerForm(request.POST, prefix="svar")

    def note() -> None:
        said = form.cleaned_data
        services.answered(found, who=said["who"], text=said["text"], user=request.user, seen=form.seen())  # fmt: skip

    if not _done(form, note):
        return _look_page(request, found, answer_form=form)
    messages.success(request, "Svaret är noterat. Bedöm åtkomsten igen.")
    return HttpResponseRedirect(_url(found.spot_check, found))


@reviewers_only
@no_store
@require_POST
def measure(request: UserRequest, month: str, number: int) -> HttpResponse:
    """What was done about it."""
    found, form = _look(month, number), MeasureForm(request.POST, prefix="atgard")

    def note() -> None:
        said = form.cleaned_data
        services.measure(
            found, text=said["text"], done_on=said["done_on"], ends=said["ends"],
            user=request.user, seen=form.seen(),
        )  # fmt: skip

    if not _done(form, note):
        return _look_page(request, found, measure_form=form)
    done = "Uppföljningen är avslutad." if form.cleaned_data["ends"] else "Åtgärden är noterad."
    messages.success(request, done)
    return HttpResponseRedirect(_url(found.spot_check, found))


@reviewers_only
@no_store
@require_POST
def who(request: UserRequest, month: str, number: int) -> HttpResponse:
    """The name behind the code."""
    found = _look(month, number)
    if found.recipient_key is None:
        raise Http404("it was at nobody")
    back = _url(found.spot_check, found)
    detail = f"{SHOWED_WHO} i ett stickprov"
    return show_who(request, found.recipient_key, detail=detail, back=back)


def _done(form: SeenForm, deed: Callable[[], object]) -> bool:
    """Whether it was right and was done; what was wrong then stands in the form."""
    if not form.is_valid():
        return False
    try:
        deed()
    except DomainError as no:
        form.add_error(no.field if no.field in form.fields else None, no.message)
        return False
    return True


def _look_page(
    request: UserRequest,
    look: SpotCheckLook,
    *,
    verdict_form: VerdictForm | None = None,
    answer_form: AnswerForm | None = None,
    measure_form: MeasureForm | None = None,
) -> HttpResponse:
    check = look.spot_check
    looks = list(_looks(check))
    look = next(one for one in looks if one.pk == look.pk)
    same_day = _same_day(look)
    numbers = [one.number for one in looks]
    after = numbers.index(look.number) + 1
    is_own = look.user_id == request.user.pk
    notes = list(look.notes.select_related("by"))
    forms = (verdict_form, answer_form, measure_form)
    open_month = not check.closed_at
    context = _list(request, check, looks, look.number) | {
        "look": look,
        "code": code_of(look.recipient_key),
        "named": named_just_now(request, look.recipient_key),
        "why": papers.why_drawn(look),
        "told": _told(look),
        "relation": _relation(look),
        "notes": notes,
        "same_day": same_day,
        "day_is_short": len(same_day) <= SHORT,
        "from_where": next((deed.entry.ip or "" for deed in same_day if deed.is_it), ""),
        "next_url": _url(check, looks[after]) if after < len(looks) else "",
        "is_own": is_own,
        "verdict_form": open_month and not is_own and (verdict_form or VerdictForm()),
        "answer_form": open_month and not is_own and look.verdict == Verdict.UNCLEAR
        and (answer_form or AnswerForm(prefix="svar")),
        "measure_form": not is_own and look.verdict == Verdict.UNJUSTIFIED and not look.followed_up_at
        and (measure_form or MeasureForm(prefix="atgard")),
        "error": next((str(e) for f in forms if f for e in f.non_field_errors()), ""),
        "has_errors": any(f and f.errors for f in forms),
    }  # fmt: skip
    status = 422 if context["has_errors"] else 200
    return render(request, "portal/spot_check.html", context, status=status)


def _relation(look: SpotCheckLook) -> str:
    """Whether the unit has a case with the person; no unit is named, which could tell where a
    protected person is."""
    if look.recipient_key is None:
        return ""
    recipient = Recipient.objects.filter(key=look.recipient_key).only("pk").first()
    if recipient is None:
        return "Mottagaren finns inte längre i portalen."
    others = set(look.user.units.values_list("pk", flat=True))
    found = CareRelation.objects.filter(recipient=recipient).order_by("since")
    relations = list(found.values_list("unit", "since"))
    for whose, units in (
        ("Tjänstestället", {look.unit_id}),
        ("Ett annat av användarens tjänsteställen", others),
    ):
        since = next((at for unit, at in relations if unit in units), None)
        if since is not None:
            later = ", efter åtkomsten" if since > look.at else ""
            return f"{whose} har ärende med mottagaren sedan {timezone.localdate(since):%Y-%m-%d}{later}."
    if relations:
        return "Inget ärende. Andra tjänsteställen har ärenden med mottagaren."
    return "Inget tjänsteställe har ärende med mottagaren."


def _told(look: SpotCheckLook) -> str:
    """What was typed to the reason; of somebody who is protected now nothing."""
    if look.told and look.recipient_key and why.protected_now([look.recipient_key]):
        return why.HIDDEN
    return look.told


@dataclass(frozen=True)
class Deed:
    """A row of the log around the look."""

    entry: AccessLogEntry
    is_it: bool
    told: str

    @property
    def code(self) -> str:
        return code_of(self.entry.recipient_key)


def _same_day(look: SpotCheckLook) -> list[Deed]:
    """What the user did that day, around the look."""
    day = timezone.localdate(look.at)
    of_user = AccessLogEntry.objects.filter(user=look.user_id)
    before = of_user.filter(at__gte=midnight(day), at__lte=look.at).order_by("-at", "-pk")
    after = of_user.filter(at__gt=look.at, at__lt=midnight(day + dt.timedelta(days=1)))
    found = [*reversed(before[: AROUND + 1]), *after.order_by("at", "pk")[:AROUND]]
    details = why.details_of(found)
    return [Deed(entry, entry.pk == look.entry, details[entry.pk]) for entry in found]


# --- the plan, and the list of known persons ----------------------------------------------------


@reviewers_only
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: UserRequest) -> HttpResponse:
    current = services.current_plan()
    form = PlanForm(request.POST if request.method == "POST" else None, instance=current)
    error = ""
    if form.is_bound and form.is_valid():
        try:
            services.decide(form.instance, user=request.user, seen=request.POST.get("sett", ""))
        except DomainError as no:
            error = no.message
        else:
            messages.success(request, "Planen gäller från nästa dragning.")
            return redirect("spot_check_plan")
    held = services.current_plan() if form.is_bound else current
    context = {
        "form": form,
        "plan": held,
        "error": error,
        "earlier": SpotCheckPlan.objects.select_related("made_by")[:20],
    }
    status = 422 if error or form.errors else 200
    return render(request, "portal/spot_check_plan.html", context, status=status)


@reviewers_only
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def known(request: UserRequest) -> HttpResponse:
    """Who is on the list, by code; a POST puts somebody there by number."""
    form = KnownForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            services.add_known(said["nummer"], why=said["why"], user=request.user)
        except DomainError as no:
            form.add_error(no.field if no.field in form.fields else None, no.message)
        else:
            messages.success(request, "Personen är med i nästa dragning.")
            return redirect("spot_check_known")
    people = KnownPerson.objects.filter(ended_at=None).select_related("added_by")
    context = {
        "form": form,
        "people": [(person, code_of(person.recipient_key)) for person in people],
    }
    return render(
        request, "portal/spot_check_known.html", context, status=422 if form.errors else 200
    )


@reviewers_only
@no_store
@require_POST
def end_known(request: UserRequest, pk: int) -> HttpResponse:
    services.end_known(get_object_or_404(KnownPerson, pk=pk), user=request.user)
    messages.success(request, "Personen är borttagen från listan.")
    return redirect("spot_check_known")
