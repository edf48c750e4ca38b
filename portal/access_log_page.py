"""«Åtkomstlogg»: who looked at whom, when; for the log reviewer, who sees no other page of a patient.

A recipient is named by a short code until one asks who it is, which is logged as every look. The
personal number of whom one asks about comes by POST and stands in no address.
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organisation import access_log
from organisation.models import AccessLogEntry, LookReason, Unit, User
from organisation.permissions import LOGGRANSKARE, UserRequest, roles
from recipients import services as recipients
from recipients import why
from recipients.forms import NumberForm
from recipients.models import Recipient
from recipients.views import no_store
from sesam import jobs, personal_numbers, replica, sheets
from sesam.form_fields import choice
from sesam.limits import gives_file
from sesam.tables import Column, DateTimeColumn, Table, escaped, link

Action = AccessLogEntry.Action
ANY = "alla"  # of «Skäl»: whichever was given
EMERGENCIES = "nod"  # those of an emergency
MOST_ROWS = 5_000  # of a sheet, which is made while one waits
PRESET = dt.timedelta(days=30)
SHOWED_WHO = "Visade vem"
SHOW, WHO = "visa", "vem"  # in the address that «Visa vem» leads to
NAMED_FOR = dt.timedelta(minutes=1)  # after «Visa vem», without asking, and logging it, anew
HEADS = (
    "Tid", "Användare", "Användarnamn", "Tjänsteställe", "Vad", "Skäl", "Mottagare", "Detalj", "Ärende",
    "Från",
)  # fmt: skip


def day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Skriv dagen som ÅÅÅÅ-MM-DD."},
        validators=[
            MinValueValidator(dt.date(2000, 1, 1), "Loggen börjar senare än så."),
            MaxValueValidator(dt.date(2100, 1, 1), "Så långt fram finns ingen logg."),
        ],
    )


class LogForm(forms.Form):
    """What narrows the log. All stands in the address; a recipient by their opaque id."""

    use_required_attribute = False
    fran = day_field("Från och med")
    till = day_field("Till och med")
    anvandare = forms.CharField(label="Användarnamn eller HSA-id", required=False, max_length=150)
    tjanststalle = forms.ChoiceField(
        label="Tjänsteställe",
        required=False,
        error_messages={"invalid_choice": "Välj ett tjänsteställe i listan."},
    )
    vad = forms.ChoiceField(
        label="Vad",
        choices=[("", "Allt"), *Action.choices],
        required=False,
        error_messages={"invalid_choice": "Välj i listan."},
    )
    skal = forms.ChoiceField(
        label="Skäl",
        required=False,
        error_messages={"invalid_choice": "Välj i listan."},
    )
    mottagare = forms.UUIDField(required=False, widget=forms.HiddenInput)
    # Of somebody whom the portal doesn't know, the checksums that searches for them stand as.
    sokt = forms.RegexField(
        r"\A[0-9a-f]{64}(,[0-9a-f]{64})*\Z", required=False, widget=forms.HiddenInput
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.units = list(Unit.objects.order_by("name").values_list("pk", "code", "name"))
        places = [(code, name) for _, code, name in self.units]
        choice(self, "tjanststalle").choices = [("", "Alla"), *places]
        self.reasons = list(LookReason.objects.all())  # also what has ended: it stands in the log
        choice(self, "skal").choices = [
            ("", "Med och utan"),
            (ANY, "Alla skäl"),
            (EMERGENCIES, "Nödöppningar"),
            *((str(reason.pk), reason.name) for reason in self.reasons),
        ]

    def clean_tjanststalle(self) -> int | None:
        """Its key: by that the log is read from an index, which a join wouldn't be."""
        wanted = self.cleaned_data["tjanststalle"]
        return next((pk for pk, code, _ in self.units if code == wanted), None)

    def clean_anvandare(self) -> User | None:
        name = str(self.cleaned_data["anvandare"]).strip()
        if not name:
            return None
        found = User.objects.filter(Q(username=name) | Q(hsa_id__iexact=name)).first()
        if found is None:
            raise forms.ValidationError("Ingen användare har det användarnamnet eller HSA-id:t.")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("fran"), cleaned.get("till")
        if first and last and first > last:
            self.add_error("till", "Den sista dagen är före den första.")
        return cleaned

    def entries(self) -> QuerySet[AccessLogEntry]:
        """Each way to ask (whom, who, where, when, why) has its index, by time."""
        asked = self.cleaned_data
        found = AccessLogEntry.objects.filter(at__gte=midnight(asked["fran"]))
        if asked["till"]:
            found = found.filter(at__lt=midnight(asked["till"] + dt.timedelta(days=1)))
        if asked["anvandare"]:
            found = found.filter(user=asked["anvandare"])
        if asked["tjanststalle"]:
            found = found.filter(unit=asked["tjanststalle"])
        if asked["vad"]:
            found = found.filter(action=asked["vad"])
        if asked["skal"] == ANY:
            found = found.filter(reason__isnull=False)
        elif asked["skal"] == EMERGENCIES:
            found = found.filter(reason__in=[r.pk for r in self.reasons if r.is_emergency])
        elif asked["skal"]:
            found = found.filter(reason=asked["skal"])
        if asked["mottagare"]:
            found = found.filter(recipient_key=asked["mottagare"])
        if asked["sokt"]:
            found = found.filter(recipient_key=None, searched__in=asked["sokt"].split(","))
        return found.select_related("user", "unit").prefetch_related("reason")


class _RecipientColumn(Column):
    """Leads to what else was done with the recipient's data."""

    def html(self, row: AccessLogEntry, table: Table[Any]) -> str:
        if row.recipient_key is None:
            return ""
        address = f"{reverse('access_log')}?mottagare={row.recipient_key}"
        return link(address, code_of(row.recipient_key))


class _DetailColumn(Column):
    def html(self, row: AccessLogEntry, table: Table[Any]) -> str:
        details = table.details if isinstance(table, LogTable) else {}
        return escaped(details.get(row.pk, ""))


def _who(entry: AccessLogEntry) -> str:
    return str(entry.user) if entry.user_id else f"Jobb: {jobs.words(entry.job)}"


class LogTable(Table[AccessLogEntry]):
    columns = (
        DateTimeColumn("tid", "Tid", "at", sort="at", falling_first=True),
        Column("anvandare", "Användare", _who, css="title"),
        Column("tjanststalle", "Tjänsteställe", "unit", priority=2),
        Column("vad", "Vad", lambda entry: entry.get_action_display()),
        Column("skal", "Skäl", "reason"),
        _RecipientColumn("mottagare", "Mottagare", css="code"),
        _DetailColumn("detalj", "Detalj", "detail", priority=3),
        Column("arende", "Ärende", "case_number", priority=3),
        Column("ip", "Från", "ip", priority=4),
    )
    order = "-tid"
    tie = ("-pk",)
    per_page = 50
    counted_to = 1_000
    caption = "Åtkomstlogg"
    noun = ("åtkomst", "åtkomster")
    count_note = "nyast först"
    empty_text = "Inget i loggen"
    empty_hint = "Välj en längre tid, eller ta bort något av det du söker på."

    @cached_property
    def details(self) -> dict[int, str]:
        return why.details_of(self.rows)


def midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


@roles(LOGGRANSKARE)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: UserRequest) -> HttpResponse:
    """The log; a POST asks about a person by number, and is answered by an address without it."""
    if request.method != "POST":
        return _log_page(request, NumberForm(), 200)
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _log_page(request, form, 422)
    number = personal_numbers.parse(form.cleaned_data["nummer"]).digits
    known = Recipient.objects.filter(number=number).only("key").first()
    key = known.key if known else None
    try:
        recipients.count_search(request.user, number, known, "Sökte i åtkomstloggen")
    except recipients.TooManySearches as fault:
        form.add_error(personal_numbers.FIELD, fault.message)
        return _log_page(request, form, 429)
    asked = {"mottagare": str(key)} if key else {"sokt": ",".join(access_log.digests(number))}
    return HttpResponseRedirect(_here(request, **{"mottagare": "", "sokt": "", **asked}))


def _fetched(request: UserRequest, form: LogForm) -> LogTable:
    connection = replica.connection()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # Planned for the very days and kind: a plan for any would read years to find a rare kind.
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        return LogTable.fetch(request, form.entries())


def _log_page(request: UserRequest, number: NumberForm, status: int) -> HttpResponse:
    form = LogForm(_asked(request))
    context: dict[str, Any] = {"form": form, "number": number}
    if form.is_valid():
        recipient = form.cleaned_data["mottagare"]
        context |= {
            "table": replica.read(lambda: _fetched(request, form)),
            "recipient": recipient,
            "code": code_of(recipient),
            "is_person": recipient
            and Recipient.objects.filter(key=recipient, kind=Recipient.Kind.PERSON).exists(),
            "named": named_just_now(request, recipient),
            "narrowed": recipient or form.cleaned_data["sokt"],
            "whole_url": _here(request, mottagare="", sokt=""),
            "emergencies_url": _here(request, skal=EMERGENCIES),
            "excel_url": f"{reverse('access_log_sheet')}?{_query(request)}",
        }
    else:
        status = 422
    return render(request, "portal/access_log.html", context, status=status)


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the address says: the last thirty days unless it names a day."""
    asked = {name: request.GET.get(name, "").replace("\0", "") for name in LogForm.base_fields}
    asked["fran"] = asked["fran"] or f"{timezone.localdate() - PRESET:%Y-%m-%d}"
    return asked


def _query(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("sida", SHOW):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
        if not value:
            del query[name]
    return query.urlencode()


def _here(request: HttpRequest, **changes: str) -> str:
    return f"{reverse('access_log')}?{_query(request, **changes)}"


def code_of(key: uuid.UUID | None) -> str:
    """What a recipient is called where nobody has asked who it is."""
    return f"M-{key.hex[:8].upper()}" if key else ""


@roles(LOGGRANSKARE)
@no_store
@require_POST
def who(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    back = _here(request, mottagare=str(key), sokt="")
    return show_who(request, key, detail=f"{SHOWED_WHO} i åtkomstloggen", back=back)


def show_who(request: UserRequest, key: uuid.UUID, *, detail: str, back: str) -> HttpResponse:
    """«Visa vem»: back to where it was asked for; which is a look as any other, and asks «Varför?» once
    a person and day. The page there knows by the log that it may say the name (``named_just_now``): in
    no cookie and no address. ``detail`` begins with ``SHOWED_WHO``."""
    recipient = get_object_or_404(Recipient, key=key)
    if why.is_wanted(request, key):
        form = why.ReasonForm(request.user, request.POST if "text" in request.POST else None)
        if not form.is_valid():
            return _why_page(request, key, form, back)
        why.say(request.user, key, form)
    access_log.look(request, recipient.key, detail)
    return redirect(f"{back}{'&' if '?' in back else '?'}{SHOW}={WHO}")


def _why_page(
    request: UserRequest, key: uuid.UUID, form: why.ReasonForm, back: str
) -> HttpResponse:
    dialog = {"title": "Varför?", "cancel_url": back, "next": "Visa vem"}
    context = {"form": form, "code": code_of(key), "dialog": dialog}
    status = 422 if form.is_bound else 200
    return render(request, "portal/access_log_why.html", context, status=status)


def named_just_now(request: UserRequest, key: uuid.UUID | None) -> str:
    """The recipient's name, where «Visa vem» leads here and the log says that the user has just asked;
    else nothing."""
    if key is None or request.GET.get(SHOW) != WHO:
        return ""
    since = timezone.now() - NAMED_FOR
    asked = AccessLogEntry.objects.filter(
        user=request.user, at__gte=since, recipient_key=key, detail__startswith=SHOWED_WHO
    )
    found = Recipient.objects.filter(key=key).first() if asked.exists() else None
    return found.name if found else ""


@roles(LOGGRANSKARE)
@no_store
@require_safe
@gives_file
def sheet(request: UserRequest) -> HttpResponse:
    """What the list holds, as Excel; it names no patient either. That it was taken out is logged."""
    form = LogForm(_asked(request))
    if not form.is_valid():
        return HttpResponseRedirect(_here(request))
    found = form.entries().order_by("-at", "-pk")
    entries = replica.read(lambda: list(found[: MOST_ROWS + 1]))
    if len(entries) > MOST_ROWS:
        messages.error(request, f"Excel tar högst {MOST_ROWS} rader. Välj en kortare tid.")
        return HttpResponseRedirect(_here(request))
    about = form.cleaned_data["mottagare"]
    detail = f"Åtkomstloggen som Excel, {len(entries)} rader"
    access_log.record(request.user, Action.DOWNLOAD, about, detail=detail)
    details = why.details_of(entries)
    rows = (_sheet_row(entry, details[entry.pk]) for entry in entries)
    content = sheets.write("Åtkomstlogg", HEADS, rows)
    return sheets.download(f"atkomstlogg-{timezone.localdate()}.xlsx", content)


def _sheet_row(entry: AccessLogEntry, told: str) -> list[Any]:
    return [
        entry.at,
        _who(entry),
        entry.user.username if entry.user else "",
        entry.unit.name if entry.unit else "",
        entry.get_action_display(),
        entry.reason.name if entry.reason else "",
        code_of(entry.recipient_key),
        told,
        entry.case_number,
        entry.ip or "",
    ]
