"""«Vem har tittat i min journal»: what a patient is told of who has seen their data.

Patient Data Act (2008:355) 8:5 and HSLF-FS 2016:40 4:10: from which unit, and when, so that the
patient can judge whether it was right; the role is told too. Names of staff are not told here: the
law doesn't ask for them, and whether one is given out is a decision for itself.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from organisation import access_log
from organisation.models import AccessLogEntry, Unit, User
from organisation.permissions import LOGGRANSKARE, UserRequest, roles
from organisation.role_names import ROLE_NAMES
from recipients.models import Recipient
from recipients.views import no_store
from sesam import documents, replica
from sesam.limits import gives_file_by_post

from .access_log_page import code_of, day_field, midnight

Action = AccessLogEntry.Action
FILE = "atkomst.pdf"
TITLE = "Vem har tittat i min journal"
MOST_VISITS = 400  # on a paper, which is made while one waits
APART = dt.timedelta(minutes=30)  # what is further apart are two visits
# A refused try showed nothing.
SEEN = [Action.SEARCH, Action.VIEW, Action.CHANGE, Action.CREATE, Action.PRINT, Action.DOWNLOAD]


@dataclass
class Visit:
    """What one user did without a pause."""

    first: dt.datetime
    last: dt.datetime
    unit: str
    role: str
    deeds: list[str] = field(default_factory=list)

    @property
    def day(self) -> dt.date:
        return timezone.localdate(self.first)

    @property
    def time(self) -> str:
        first, last = (f"{timezone.localtime(at):%H:%M}" for at in (self.first, self.last))
        return first if first == last else f"{first}–{last}"

    @property
    def what(self) -> str:
        return ", ".join(self.deeds).capitalize()


class ExtractForm(forms.Form):
    use_required_attribute = False
    fran = day_field("Från och med")
    till = day_field("Till och med")

    def clean_till(self) -> dt.date | None:
        first, last = self.cleaned_data.get("fran"), self.cleaned_data["till"]
        if first and last and first > last:
            raise forms.ValidationError("Den sista dagen är före den första.")
        return last  # type: ignore[no-any-return]


def visits(
    recipient: Recipient, *, first: dt.date | None = None, last: dt.date | None = None
) -> list[Visit]:
    """Who saw the person's data, the latest first."""
    found = AccessLogEntry.objects.filter(recipient_key=recipient.key, action__in=SEEN)
    if first:
        found = found.filter(at__gte=midnight(first))
    if last:
        found = found.filter(at__lt=midnight(last + dt.timedelta(days=1)))
    rows = list(found.order_by("at", "pk").values_list("at", "user", "unit", "action"))
    role_of = _roles({user for _, user, _, _ in rows if user})
    unit_of = dict(Unit.objects.filter(pk__in={unit for _, _, unit, _ in rows}).values_list("pk", "name"))  # fmt: skip
    ongoing: dict[tuple[int | None, int | None], Visit] = {}
    told = []
    for at, user, unit, action in rows:
        visit = ongoing.get((user, unit))
        if visit is None or at - visit.last > APART or timezone.localdate(at) != visit.day:
            role = role_of[user] if user else "Portalen, utan att någon tittade"
            visit = Visit(at, at, unit_of.get(unit or 0, ""), role)
            ongoing[user, unit] = visit
            told.append(visit)
        visit.last = at
        deed = Action(action).label.lower()
        if deed not in visit.deeds:
            visit.deeds.append(deed)
    return sorted(told, key=lambda visit: visit.first, reverse=True)


def _roles(keys: Iterable[int]) -> dict[int, str]:
    """The roles that users have, or had when their account ended."""
    found = User.objects.filter(pk__in=keys).prefetch_related("groups")
    return {user.pk: role_of(user) for user in found}


def role_of(user: User) -> str:
    """In words; asks nothing where the groups are fetched."""
    held = sorted(ROLE_NAMES.get(group.name, group.name) for group in user.groups.all())
    if not held and user.ended_at:
        return user.ended_as.split(";")[0]
    return ", ".join(held) or ("Systemförvaltare" if user.is_superuser else "Ingen roll längre")


def paper(recipient: Recipient, told: list[Visit], *, period: str) -> bytes:
    """The extract as PDF; whom it is about stands on it, and in neither its title nor its name. Who
    made it stands in the log: no names of staff are told here."""
    return documents.pdf(
        "portal/documents/extract.html",
        {"recipient": recipient, "visits": told, "period": period},
        title=TITLE,
        request_user=None,
    )


def _period(first: dt.date | None, last: dt.date | None) -> str:
    until = last or timezone.localdate()
    return f"{first:%Y-%m-%d} till {until:%Y-%m-%d}" if first else f"Till och med {until:%Y-%m-%d}"


@roles(LOGGRANSKARE)
@no_store
@require_http_methods(["GET", "HEAD", "POST"])
@gives_file_by_post
def page(request: UserRequest, key: uuid.UUID) -> HttpResponse:
    """Which days; a POST answers with the paper. It names the patient, so it is a look as any."""
    recipient = get_object_or_404(Recipient, key=key, kind=Recipient.Kind.PERSON)
    if request.method == "POST":
        access_log.ask_why(request, key)  # before the paper is made
    form = ExtractForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        first, last = form.cleaned_data["fran"], form.cleaned_data["till"]
        told = replica.read(lambda: visits(recipient, first=first, last=last))
        if len(told) <= MOST_VISITS:
            content = paper(recipient, told, period=_period(first, last))
            detail = f"Patientens utdrag, {len(told)} åtkomster"
            access_log.look(request, recipient.key, detail, action=Action.DOWNLOAD)
            return documents.download(FILE, content)
        form.add_error(
            "fran",
            f"Det är {len(told)} åtkomster, och ett utdrag tar högst {MOST_VISITS}. Välj kortare"
            " tider och hämta flera utdrag.",
        )
    context = {"form": form, "code": code_of(key), "key": key}
    return render(request, "portal/log_extract.html", context, status=422 if form.errors else 200)
