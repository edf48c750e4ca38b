"""«Fungerar hjälpmedlet?»: a held aid is followed up by one tap; and what is to be, on pages."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Min, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from organisation import access_log
from organisation.models import User
from organisation.permissions import CARE, UserRequest, roles
from sesam import case_pages, dialogs
from sesam.asked_once import once
from sesam.days import day_and_month, day_shortly
from sesam.errors import DomainError
from sesam.places import Now, TabContent, Todo
from sesam.tables import Column, DateColumn, LinkColumn, Table, link, sv
from sesam.templatetags.sesam import late_html

from . import follow_ups, loans, masking
from .case_blocks import texts_of
from .history import Happening
from .mine import names_recipients
from .models import FollowUp, Loan, Recipient
from .slots import follow_up_answers
from .tables import LoanTag
from .views import no_store

TAB = "uppfoljning"
ANSWER, PUT_OFF, LEAVE_OUT = "svar", "flytta", "ingen"
NOTE_IS_LEFT = (
    "Anteckningen är inte sparad: mottagaren har fått skyddad identitet, och den kan avslöja var"
    " personen finns."
)


class FollowUpForm(forms.Form):
    """A note with the answer, or another day."""

    note = forms.CharField(
        label="Anteckning",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "Anteckningen får vara högst 1 000 tecken."},
    )
    day = forms.DateField(
        label="Följ upp senare",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Välj en dag i kalendern."},
    )


def url_of(recipient: Recipient, loan_id: int) -> str:
    return reverse("recipients:follow_up", args=[recipient.key, loan_id])


@roles(*CARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: UserRequest, key: uuid.UUID, loan_id: int) -> HttpResponse:
    """The dialog: each answer is a button, which goes on to what follows from it."""
    loan = follow_ups.openable(request.user).filter(pk=loan_id, recipient__key=key).first()
    if loan is None:
        raise Http404("loan")
    access_log.look(request, loan.recipient.key, "Uppföljning", case_number=loan.case_number)
    form = FollowUpForm(request.POST or None)
    if loan.recipient.is_protected:
        del form.fields["note"]  # it might tell where the person is, so nobody could read it
    error = "" if request.method == "POST" else follow_ups.hindrance(loan)
    if request.method == "POST" and form.is_valid():
        try:
            return _done(request, loan, form)
        except DomainError as fault:
            if fault.field:
                form.add_error(fault.field, fault.message)
            else:
                error = fault.message
    return _follow_up_page(request, loan, form, error)


def _done(request: UserRequest, loan: Loan, form: FollowUpForm) -> HttpResponse:
    """What was asked for, and on from there. Raises ``DomainError``."""
    page = f"{reverse('recipients:detail', args=[loan.recipient.key])}?flik=hjalpmedel"
    answers = {entry.name: entry for entry in _answers(request, loan)}
    if chosen := answers.get(request.POST.get(ANSWER, "")):
        said = FollowUp.Answer(chosen.name)
        note = form.cleaned_data.get("note", "")
        follow_ups.answer(loan, user=request.user, answer=said, note=note)
        messages.success(request, f"Uppföljningen är sparad: {said.label.lower()}.")
        if "note" not in form.fields and request.POST.get("note", "").strip():
            messages.warning(request, NOTE_IS_LEFT)
        steps = chosen.steps(request, loan)
        if len(steps) > 1:
            loan.follow_up_on = None
            return _follow_up_page(request, loan, form, "", steps=steps)
        return dialogs.leave(request, steps[0].url if steps else page)
    if LEAVE_OUT in request.POST:
        follow_ups.put_off(loan, user=request.user, day=None)
        messages.success(request, f"{loan.title} följs inte upp.")
        return dialogs.leave(request, page)
    day: dt.date | None = form.cleaned_data["day"]
    if PUT_OFF in request.POST and day is None:
        raise DomainError("Välj en dag.", field="day")
    if PUT_OFF not in request.POST:
        raise DomainError("Välj ett av svaren.")
    follow_ups.put_off(loan, user=request.user, day=day)
    messages.success(request, f"{loan.title} följs upp {day_and_month(day)}.")  # type: ignore[arg-type]
    return dialogs.leave(request, page)


def _answers(request: HttpRequest, loan: Loan) -> list[Any]:
    has_died = loan.recipient.deceased_on is not None
    found = follow_up_answers.open_to(request, loan)
    return [x for x in found if x.of_deceased or not has_died]


def _follow_up_page(
    request: UserRequest,
    loan: Loan,
    form: FollowUpForm,
    error: str,
    *,
    steps: list[Any] | None = None,
) -> HttpResponse:
    page = reverse("recipients:detail", args=[loan.recipient.key])
    dialog = {
        "title": f"Fungerar {loan.title}?",
        "whom": masking.shown(loan.recipient),
        "whom_word": "Hos",
        "cancel_url": page,
        "error": error,
    }
    hindered = bool(follow_ups.hindrance(loan))
    context = {
        "dialog": dialog,
        "loan": loan,
        "form": form,
        "typed": texts_of(form) if hindered and not steps else [],
        "steps": steps or [],
        "answers": [
            {"value": x.name, "label": FollowUp.Answer(x.name).label, "icon": x.icon}
            for x in _answers(request, loan)
        ]
        if not steps and not hindered
        else [],
    }
    status = 200 if request.method != "POST" or steps else 409 if error else 422
    return render(request, "recipients/follow_up.html", context, status=status)


# --- on the recipient's page ---


def tags(request: HttpRequest, recipient: Recipient) -> dict[int, LoanTag]:
    """«Följs upp 3 december» on what is held; a link for those who may answer. Nothing is asked
    where nothing is to be followed up."""
    count, _ = loans.to_follow_up(request, recipient)
    user = request.user
    if not count or not isinstance(user, User):
        return {}
    found = follow_ups.waiting(Loan.objects.filter(recipient=recipient))
    mine = set(follow_ups.waiting(follow_ups.openable(user)).filter(recipient=recipient)
               .values_list("pk", flat=True))  # fmt: skip
    return {
        pk: LoanTag(
            f"Följs upp {day_shortly(day)}",
            url_of(recipient, pk) if pk in mine else "",
            icon="clock" if day <= timezone.localdate() else "calendar",
            is_busy=False,
        )
        for pk, day in found.values_list("pk", "follow_up_on")
        if day
    }


_LOOKS: dict[str, tuple[str, str]] = {
    FollowUp.Answer.USED: ("circle-check", "green"),
    FollowUp.Answer.ADJUST: ("wrench", "blue"),
    FollowUp.Answer.WRONG: ("undo-2", "amber"),
    FollowUp.Answer.UNUSED: ("undo-2", "amber"),
}


def answers(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What was answered, for «Historik»; the note for those who may open the order alone. Whose
    patient a protected person is tells where they live, and so may what was noted."""
    found = list(
        FollowUp.objects.filter(loan__recipient=recipient)
        .select_related("loan__article", "user")
        .order_by("-at", "-pk")[:limit]
    )
    numbers = list({said.loan.case_number for said in found})
    pages = {page.number: page for page in case_pages.open_to(request.user, numbers)}
    told = []
    for said in found:
        number = said.loan.case_number
        own, icon = pages.get(number), _LOOKS[said.answer]
        told.append(
            Happening(
                at=said.at,
                title=f"Uppföljning av {said.loan.title}: {said.get_answer_display().lower()}",
                case="Kundorder",
                number=number,
                url=own.url if own else "",
                more=f"«{said.note}»" if said.note and own and not recipient.is_protected else "",
                by=str(said.user) if own or not recipient.is_protected else "",
                icon=icon[0],
                tone=icon[1],
            )
        )
    return told


def on_recipient(request: HttpRequest, recipient: Recipient) -> Now | None:
    """«1 att följa upp, 3 december»."""
    count, day = loans.to_follow_up(request, recipient)
    if not count or day is None:
        return None
    return Now(count, "att följa upp", day_shortly(day), day <= timezone.localdate())


# --- «Min sida» ---


class _DayColumn(Column):
    """The day; amber once it has come."""

    def html(self, row: Loan, table: Any) -> str:
        day = row.follow_up_on
        if day is None:
            return ""
        return late_html(day_shortly(day)) if day < timezone.localdate() else day_shortly(day)


class _RecipientColumn(Column):
    def html(self, row: Loan, table: Any) -> str:
        return link(reverse("recipients:detail", args=[row.recipient.key]), row.recipient.name)


class FollowUpTable(Table[Loan]):
    """What the user is to follow up, the first day first."""

    columns = (
        LinkColumn("aid", "Hjälpmedel", "title", url=lambda row: url_of(row.recipient, row.pk)),
        _RecipientColumn(
            "recipient", "Mottagare", "recipient",
            sort=(sv("recipient__family_name"), sv("recipient__given_name")),
        ),
        _DayColumn("day", "Följs upp", "follow_up_on", sort=("follow_up_on", "pk")),
        DateColumn("delivered", "Levererad", "delivered_at", sort="delivered_at", priority=2),
    )  # fmt: skip
    order = "day"
    counted_to = 1_000
    dom_id = "att-folja-upp"
    caption = "Att följa upp"
    noun = ("hjälpmedel", "hjälpmedel")
    empty_text = "Inget att följa upp"
    empty_hint = "Hjälpmedel som du har förskrivit med uppföljning står här tills du har svarat."


def _waiting(user: User) -> dict[str, Any]:
    """How many there are, and of those that have come to their day how many since when."""
    is_due = Q(follow_up_on__lte=timezone.localdate())
    return follow_ups.of_user(user).aggregate(
        count=Count("pk"),
        due=Count("pk", filter=is_due),
        day=Min("follow_up_on", filter=is_due),
    )


def count(request: HttpRequest, user: User) -> int:
    count: int = once(request, _waiting, user)["count"]
    return min(count, FollowUpTable.counted_to)


def build(request: HttpRequest, user: User) -> TabContent:
    found = follow_ups.of_user(user).select_related("article", "recipient")
    table = FollowUpTable.fetch(request, found, total=once(request, _waiting, user)["count"])
    if names_recipients(request):
        access_log.look_at_all(request, (row.recipient.key for row in table.rows), "Min sida")
    else:
        table.hide("recipient")
    return TabContent(table=table)


def now(request: HttpRequest, user: User) -> Now | None:
    """«2 att följa upp, sedan 3 december»: what has come to its day."""
    found = once(request, _waiting, user)
    if not found["due"]:
        return None
    return Now(found["due"], "att följa upp", f"sedan {day_shortly(found['day'])}", asks=True)


def todo(request: HttpRequest, user: User) -> list[Todo]:
    """What has come to its day. One query."""
    found = once(request, _waiting, user)
    if not found["due"]:
        return []
    url = f"{reverse('my_page')}?flik={TAB}"
    since = f"sedan {day_shortly(found['day'])}"
    return [Todo(f"{found['due']} hjälpmedel att följa upp", url, since)]
