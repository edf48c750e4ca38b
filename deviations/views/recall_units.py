"""A recall as a unit sees it: its own pieces alone, each of which it confirms; and the list of the recalls
that it has been told of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_POST

from organisation import access_log
from organisation.models import User
from organisation.permissions import CARE, KHS, UserRequest, has_role, roles
from recipients.models import Recipient
from sesam.days import day_shortly
from sesam.errors import DomainError
from sesam.places import Todo
from sesam.tables import ActionColumn, Column, LinkColumn, StatusColumn, Table, link, sv
from sesam.templatetags.sesam import datum, status_html

from ..models import UNITS_ANSWERS, Answer, Recall, RecallItem, RecallItemQuerySet, RecallStatus
from ..recalls import confirming, figures, listing
from .cases import no_store
from .recall_frame import find_recall, shown

ROW, SAID, SEEN, EVERY = "rad", "svar", "sett", "alla"
FORM = "svara"
MOST = 5  # of «Att göra»


def own_items(user: User, recall: Recall) -> RecallItemQuerySet:
    """What the user's units have been told of."""
    items: RecallItemQuerySet = recall.items.all()
    return items.filter(unit__in=user.units.all(), told_at__isnull=False)


@dataclass
class UnitRow:
    """A piece of theirs; ``typed`` and ``error`` where what was sent is shown again."""

    item: RecallItem
    holder: Recipient | None
    can_answer: bool
    typed: str = ""
    error: str = ""

    @property
    def pk(self) -> int:
        return self.item.pk

    @property
    def place(self) -> str:
        """Who has it, by name; else where it is."""
        if self.holder is None:
            return listing.place_of(self.item)
        return self.holder.name

    @property
    def answered(self) -> str:
        item = self.item
        if not item.answer:
            return ""
        return f"{item.get_answer_display()}, {datum(item.answered_at)} av {item.answered_by}"


class AnswerColumn(ActionColumn):
    """What was answered, or the choice and its button; the form stands above the list."""

    def __init__(self) -> None:
        super().__init__("answer", "Svar", "answered")

    def html(self, row: UnitRow, table: Table[Any]) -> SafeString:
        told = format_html("<span>{}</span>", row.answered) if row.answered else ""
        what, pk = str(row.item), row.pk
        error = ""
        if row.error:
            error = format_html(
                '<p class="field-error" id="{}-{}-error" tabindex="-1"{}><span>{}</span></p>',
                SAID, pk, mark_safe("" if row.can_answer else " autofocus"), row.error,
            )  # fmt: skip
        if not row.can_answer:
            return format_html("{}{}", told, error)
        options = mark_safe('<option value="">Välj</option>')
        for one in UNITS_ANSWERS:
            chosen = mark_safe(" selected") if row.typed == one else ""
            options += format_html('<option value="{}"{}>{}</option>', one.value, chosen, one.label)
        wrong = ""
        if row.error:
            wrong = format_html(
                ' aria-invalid="true" aria-describedby="{}-{}-error" autofocus', SAID, pk
            )
        choice = format_html(
            '<label class="visually-hidden" for="{0}-{1}">Svar för {2}</label>'
            '<select class="form-select form-select-sm" id="{0}-{1}" name="{0}-{1}" form="{3}"{4}>{5}</select>'
            '<input type="hidden" name="{6}-{1}" value="{7}" form="{3}">'
            '<button class="btn btn-outline-primary btn-sm" type="submit" name="{8}" value="{1}" form="{3}">'
            'Bekräfta<span class="visually-hidden"> {2}</span></button>',
            SAID, pk, what, FORM, wrong, options, SEEN, row.item.answer, ROW,
        )  # fmt: skip
        return format_html('<div class="recall-answer">{}{}</div>{}', told, choice, error)


class HolderColumn(Column):
    """Who has it, with the way to them; else where it is."""

    def html(self, row: UnitRow, table: Table[Any]) -> str:
        if row.holder is None:
            return escape(row.place)
        url = reverse("recipients:detail", args=[row.holder.key])
        more = ""
        if row.holder.deceased_on is not None:
            more = str(status_html("", "Avliden"))
        elif row.holder.is_protected:
            more = str(status_html("", "Skyddad identitet"))
        return f"{link(url, row.place)} {more}"


class UnitTable(Table[UnitRow]):
    """What nobody has answered comes first."""

    columns = (
        Column("piece", "Individ", lambda x: x.item.individual.number if x.item.individual
               else x.item.article.number, sort=("individual__number", "article__number"), css="code"),
        Column("name", "Benämning", "item.article.name", sort=sv("article__name"), priority=2),
        Column("quantity", "Antal", lambda x: f"{x.item.quantity} st", css="num", priority=3),
        HolderColumn("place", "Finns hos", "place"),
        StatusColumn("state", "Läge", lambda x: str(x.item.state.label), sort=("answer",)),
        AnswerColumn(),
    )  # fmt: skip
    order = "state"
    dom_id = "exemplar"
    caption = "Era exemplar"
    noun = ("rad", "rader")
    empty_text = "Inga exemplar"
    empty_hint = "Inget av det som återkallas finns hos er nu."
    empty_level = "3"


def page(
    request: UserRequest,
    recall: Recall,
    *,
    typed: dict[int, str] | None = None,
    errors: dict[int, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The recall's page for a unit: its own pieces, to be answered one by one or several at once."""
    own = set(request.user.units.values_list("pk", flat=True))
    is_open = recall.status == RecallStatus.ONGOING
    typed, errors = typed or {}, errors or {}

    def row(item: RecallItem) -> UnitRow:
        loan = item.loan
        held = loan is not None and loan.ended_at is None and loan.unit_id in own
        open_answer = item.answer in ("", Answer.NOT_FOUND) and not item.is_scrapped
        return UnitRow(
            item=item,
            holder=loan.recipient if loan and held else None,
            can_answer=is_open and open_answer,
            typed=typed.get(item.pk, item.answer),
            error=errors.get(item.pk, ""),
        )

    items = own_items(request.user, recall)
    whole = RecallItem.objects.with_facts().select_related("answered_by")
    table = UnitTable.fetch(request, items, of=row, whole=whole)
    access_log.look_at_cases(
        request,
        [(x.holder.key, recall.case_number) for x in table.rows if x.holder is not None],
        "Återkallelse",
    )
    counts = listing.counts_of(items)
    return render(
        request,
        "deviations/recalls/unit.html",
        {
            "recall": recall,
            "case": shown(request, recall, is_units=counts.left > 0),
            "counts": counts,
            "attachments": list(recall.attachments.all()),
            "table": table,
            "form_id": FORM,
            "can_answer": any(x.can_answer for x in table.rows),
            "has_errors": bool(errors),
        },
        status=status,
    )


@roles(*CARE)
@no_store
@require_POST
def answer(request: UserRequest, number: str) -> HttpResponse:
    """«Bekräfta» of a row, or of all where something is chosen."""
    recall = find_recall(request, number)
    url = reverse("deviations:recall", args=[recall.case_number])
    if has_role(request.user, KHS):
        messages.error(request, "KHS bekräftar med «Markera bekräftad», och skriver hur.")
        return redirect(url)
    typed = _typed(request)
    wanted = request.POST.get(ROW, "")
    if wanted == EVERY:
        chosen = {pk: said for pk, said in typed.items() if said}
    else:
        pk = int(wanted) if re.fullmatch("[0-9]{1,18}", wanted) else 0
        chosen = {pk: typed.get(pk, "")}
    errors: dict[int, str] = {}
    done, status = 0, 422
    if not chosen:
        messages.error(request, "Välj ett svar på minst en rad.")
        return redirect(url)
    for pk, said in chosen.items():
        if said not in Answer.values:
            errors[pk] = "Välj ett svar."
            continue
        seen = request.POST.get(f"{SEEN}-{pk}", "")[:20]
        try:
            confirming.confirm(recall, {pk: seen}, Answer(said), user=request.user)
            done += 1
        except DomainError as fault:
            errors[pk], status = fault.message, 409
    mine = set(own_items(request.user, recall).filter(pk__in=errors).values_list("pk", flat=True))
    if foreign := [why for pk, why in errors.items() if pk not in mine]:
        messages.error(request, foreign[0])
    if done:
        rows = "rad är bekräftad" if done == 1 else "rader är bekräftade"
        messages.success(request, f"{done} {rows}.")
    if not errors:
        return redirect(url)
    left = {pk: said for pk, said in typed.items() if pk in errors or pk not in chosen}
    return page(
        request,
        recall,
        typed={pk: said for pk, said in left.items() if said},
        errors=errors,
        status=status,
    )


def _typed(request: HttpRequest) -> dict[int, str]:
    """What was chosen of each row, by its key."""
    found = {}
    for name, value in request.POST.items():
        if (match := re.fullmatch(f"{SAID}-([0-9]{{1,18}})", name)) and isinstance(value, str):
            found[int(match[1])] = value
    return found


# --- the unit's recalls ---


@dataclass(frozen=True)
class OwnRecall:
    recall: Recall
    count: int
    waiting: int

    @property
    def pk(self) -> int:
        return self.recall.pk


class OwnTable(Table[OwnRecall]):
    """Open ones first, the newest first."""

    columns = (
        LinkColumn("number", "Återkallelse", "recall.case_number",
                   url=lambda x: reverse("deviations:recall", args=[x.recall.case_number]),
                   css="title code"),
        Column("sender", "Från", "recall.sender"),
        Column("fault", "Fel", lambda x: x.recall.fault[:120], priority=3),
        StatusColumn("status", "Status", lambda x: x.recall.get_status_display()),
        Column("left", "Kvar att bekräfta", lambda x: f"{x.waiting} av {x.count} st", css="num"),
        Column("due", "Senast", lambda x: datum(x.recall.due_on), css="code", priority=2),
    )  # fmt: skip
    order = "number"
    per_page = 100
    dom_id = "aterkallelser"
    caption = "Återkallelser"
    noun = ("återkallelse", "återkallelser")
    empty_text = "Inga återkallelser"
    empty_hint = "När KHS söker ett återkallat hjälpmedel hos er står det här."


@roles(*CARE)
@no_store
@require_GET
def mine(request: UserRequest) -> HttpResponse:
    """«Återkallelser»: those that the user's units have been told of; KHS has its queue."""
    if has_role(request.user, KHS):
        return redirect("admin:deviations_recall_changelist")
    rows = [OwnRecall(*found) for found in figures.of_units(request.user)]
    table = OwnTable(request, rows[: OwnTable.per_page], total=len(rows))
    return render(request, "deviations/recalls/mine.html", {"table": table})


def todo(request: HttpRequest, user: User) -> list[Todo]:
    """«Att göra»: recalls whose pieces the user's units haven't confirmed, the oldest first."""
    if has_role(user, KHS) or not has_role(user, *CARE):
        return []
    found = []
    for recall, count in figures.waiting_for(user)[:MOST]:
        late = recall.due_on is not None and recall.due_on < timezone.localdate()
        due = f", senast {day_shortly(recall.due_on)}" if recall.due_on else ""
        found.append(
            Todo(
                f"Bekräfta återkallelse {recall.case_number}",
                reverse("deviations:recall", args=[recall.case_number]),
                f"{count} st kvar{due}",
                late=late,
            )
        )
    return found
