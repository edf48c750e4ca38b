"""«Varför?»: who has no case with a person says why they look, once a person and day.

Asked before anything of the person but the name: by each door (``starting.find_recipient``) before
it does anything, and by every look that is logged (``access_log.look``), whatever a door forgets.
``AskedFirst`` answers with the question, and leads back when it is answered; what was posted is
filled in again.

No reason is wanted of a care unit; where a unit of the user has or had a case with the person (an
order, activity, pickup order, return or deviation, each of which writes a ``CareRelation``; a loan
came by one of these), of any unit where the user is KHS's; or what an app adds to
``reasons_to_look`` (the order in progress). Whom the portal has just fetched from the population
register nobody has a case with, so that is asked too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from django import forms
from django.db import transaction
from django.db.models import Exists, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from organisation import access_log
from organisation.access_log import Action, ReasonWanted, day_began
from organisation.models import AccessLogEntry, LookReason, User
from organisation.permissions import (
    CARE,
    KHS,
    LOGGRANSKARE,
    UserRequest,
    has_role,
    roles,
    signed_in,
)
from sesam import limits, personal_numbers, unsent
from sesam.form_fields import choice
from sesam.standing import standing
from sesam.words import listed

from . import services
from .models import Recipient
from .slots import reasons_to_look

ON = "vidare"  # in the address: the place that was asked for
HIDDEN = "Visas inte: skyddad identitet"
# Of whom a request was found to need no reason: its page looks more than once.
_open: WeakKeyDictionary[HttpRequest, set[uuid.UUID]] = WeakKeyDictionary()


def is_wanted(request: HttpRequest, key: uuid.UUID) -> bool:
    """Whether this request's user must say why before more than the person's name is shown. One
    question to the database a person and request."""
    found = _open.setdefault(request, set())
    if key not in found and not lacks_reason(signed_in(request), key):
        found.add(key)
    return key not in found


def find(request: HttpRequest, key: uuid.UUID) -> Recipient | None:
    """The recipient of an opaque id; whether a reason is wanted is asked along, so that the door
    needs no question of its own."""
    user = signed_in(request)
    found = _found(has_role(user, KHS), user=user.pk, key=key, today=day_began())
    recipient = next(iter(found), None)
    if recipient is not None and not recipient.lacks_reason:  # type: ignore[attr-defined]  # asked along
        _open.setdefault(request, set()).add(key)
    return recipient


def lacks_reason(user: User, key: uuid.UUID) -> bool:
    """The same, of any user."""
    return bool(_lacking(has_role(user, KHS), user=user.pk, key=key, today=day_began()))


@standing
def _found(at_khs: bool, *, user: Any, key: Any, today: Any) -> QuerySet[Recipient]:
    lacks = _lacks(user, key, today, at_khs=at_khs)
    return services.of_key(key).annotate(lacks_reason=lacks)


@standing
def _lacking(at_khs: bool, *, user: Any, key: Any, today: Any) -> QuerySet[Recipient, Any]:
    """The person, where the user has no reason."""
    lacks = _lacks(user, key, today, at_khs=at_khs)
    return Recipient.objects.filter(lacks, key=key).order_by().values_list("pk")


def _lacks(user: Any, key: Any, today: Any, *, at_khs: bool) -> Q:
    # Of one row that is asked for first, so that the database never gathers all of a unit's cases.
    whom = Subquery(Recipient.objects.filter(key=key).values("pk")[:1])
    relations = services.relations_by(user, at_khs=at_khs)
    theirs = [relations, *(entry.of(user) for entry in reasons_to_look)]
    reasons = [
        *(Exists(rows.filter(recipient=whom)) for rows in theirs),
        Exists(_said(user, key, today)),
    ]
    return Q(kind=Recipient.Kind.PERSON) & ~reduce(or_, (Q(reason) for reason in reasons))


def _said(user: Any, key: Any, today: Any) -> QuerySet[AccessLogEntry]:
    """What the user has answered today."""
    return AccessLogEntry.objects.filter(
        recipient_key=key, at__gte=today, user=user, action=Action.REASON
    )


class ReasonForm(forms.Form):
    """The answer. It goes into the log, which nobody can change: no number of a person may come
    there."""

    use_required_attribute = False
    skal = forms.ChoiceField(
        label="Varför behöver du se mottagaren?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Välj varför du behöver se mottagaren.",
            "invalid_choice": "Det skälet går inte att välja. Välj ett annat.",
        },
    )
    text = forms.CharField(
        label="Vad gäller det?",
        required=False,
        help_text="Skriv inget personnummer och inte var personen finns.",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Skriv högst 200 tecken."},
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        whose = [
            (CARE, LookReason.Whose.CARE),
            ((LOGGRANSKARE,), LookReason.Whose.REVIEWERS),
        ]
        mine = [answers for role, answers in whose if has_role(user, *role)]
        self.reasons = list(LookReason.offered(*mine))
        choice(self, "skal").choices = [(str(reason.pk), reason.name) for reason in self.reasons]

    def clean_skal(self) -> LookReason:
        said = self.cleaned_data["skal"]
        return next(reason for reason in self.reasons if str(reason.pk) == said)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if personal_numbers.looks_personal(text):
            raise forms.ValidationError("Skriv utan personnummer.")
        reason = self.cleaned_data.get("skal")
        if reason and reason.needs_text and len(text) < 5:
            raise forms.ValidationError("Skriv med några ord vad det gäller.")
        return text

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The reasons as ``parts/choice_cards.html`` draws them."""
        chosen = self["skal"].value()
        return [
            {
                "value": reason.pk,
                "label": reason.name,
                "text": reason.text,
                "icon": reason.icon,
                "checked": chosen == str(reason.pk),
            }
            for reason in self.reasons
        ]

    @property
    def text_is_for(self) -> str:
        """With which reasons one must write something."""
        names = listed([reason.name for reason in self.reasons if reason.needs_text])
        return f"behövs för {names}" if names else "valfritt"


def say(user: User, key: uuid.UUID, form: ReasonForm, *, case_number: str = "") -> None:
    """Keep the answer in the access log. Of two at once the first holds: it is asked once a day."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
        if _said(user, key, day_began()).exists():
            return
        access_log.record(
            user,
            Action.REASON,
            key,
            reason=form.cleaned_data["skal"],
            detail=form.cleaned_data["text"],
            case_number=case_number,
        )


def protected_now(keys: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the recipients who are protected: what was typed here may tell where they are."""
    asked = set(keys)
    if not asked:
        return set()
    found = Recipient.objects.filter(key__in=asked, is_protected=True)
    return set(found.values_list("key", flat=True))


def details_of(entries: Iterable[AccessLogEntry]) -> dict[int, str]:
    """The details of rows of the log, by their ids, as pages show them. One question, where anything
    was typed."""
    rows = list(entries)
    typed = {row.pk: row.recipient_key for row in rows if row.reason_id and row.detail}
    hidden = protected_now(key for key in typed.values() if key)
    return {row.pk: HIDDEN if typed.get(row.pk) in hidden else row.detail for row in rows}


@roles(*CARE, LOGGRANSKARE)
@cache_control(no_store=True, private=True)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """The question, by the name alone; then on to the place that was asked for. Of a protected person
    not even the name is told, nor to the log reviewer, whose place it is to ask who it is. Who has
    answered in another tab goes on at once."""
    recipient = Recipient.objects.filter(key=key).first()
    if recipient is None:
        raise Http404("recipient")
    on = _on(request, key)
    if not is_wanted(request, key):
        return redirect(on)
    form = ReasonForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        say(request.user, key, form)
        return redirect(on)
    cares = has_role(request.user, *CARE)
    # A log reviewer is asked when something is sent: they are back at the page it was sent from.
    came_from = reverse("recipients:search") if cares else _place(request) or reverse("start")
    name = recipient.name if cares and not recipient.is_protected else ""
    if name:
        access_log.look_at_all(request, [key], "Frågades varför")
    context = {
        "form": form,
        "name": name,
        "cares": cares,
        "at_khs": has_role(request.user, KHS),
        "dialog": {
            "title": "Varför?",
            "cancel_url": came_from,
            "next": "Visa mottagaren" if cares else "Fortsätt",
        },
    }
    status = 422 if form.is_bound else 200
    return render(request, "recipients/why.html", context, status=status)


def _on(request: HttpRequest, key: uuid.UUID) -> str:
    """Where to when it is answered: the place that was asked for, or the person's page."""
    return _place(request) or reverse("recipients:detail", args=[key])


def _place(request: HttpRequest) -> str:
    """The place that was asked for, or sent from."""
    on = request.GET.get(ON, "").replace("\0", "")
    ours = on.startswith("/") and url_has_allowed_host_and_scheme(on, allowed_hosts=None)
    return on if ours else ""


class AskedFirst:
    """Middleware: the question instead of what wants a reason."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        if not isinstance(fault, ReasonWanted):
            return None
        question = reverse("recipients:why", args=[fault.recipient_key])
        htmx = getattr(request, "htmx", None)
        on = unsent.way_back(request)
        if htmx and request.method == "GET" and limits.asks_for_file(request):
            on = htmx.current_url_abs_path or on  # where it is asked for again
        address = f"{question}?{urlencode({ON: on})}"
        # Into a dialog comes the question in its place, and then what it was to show.
        if htmx and not (htmx.target in _DIALOG and request.method == "GET"):
            return HttpResponseClientRedirect(address)
        return redirect(address)


_DIALOG = {"dialog", "dialog-body"}
