"""«Min sida»: what the lists of a user's own cases have in common.

A kind of case adds its list by a tab of ``organisation.slots.my_tabs``, with a ``MyTable``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypeVar

from dateutil.relativedelta import relativedelta
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from organisation import access_log
from organisation.models import User
from organisation.permissions import signed_in
from sesam import panels
from sesam.tables import SORT, Asked, Column, Table, link, sv

from .cases import Case, CaseQuerySet
from .models import Recipient

WHOSE = "mottagare"  # in the address: «Visa mottagare»
VIEW = "visa"
OPEN, MONTH, ALL = "oppna", "manad", "alla"

Row = TypeVar("Row")
Cases = TypeVar("Cases", bound=CaseQuerySet[Any])


def mine(user: User, cases: Cases) -> Cases:
    """What the user has ordered or answers for, of what they still may open."""
    whose = Q(ordered_by=user)
    if cases.model.prescriber is not None:  # a kind of case without one says so
        whose |= Q(prescriber=user)
    return cases.for_user(user).filter(whose)


def names_recipients(request: HttpRequest) -> bool:
    """Whether the lists say whom the cases are about."""
    return request.GET.get(WHOSE) == "1"


def tab_address(name: str, view: str = "") -> Callable[[HttpRequest, object], str]:
    """A tab's address, in which recipients stay shown."""

    def address(request: HttpRequest, obj: object) -> str:
        asked = {"flik": name} | ({VIEW: view} if view else {})
        if names_recipients(request):
            asked[WHOSE] = "1"
        return f"{reverse('my_page')}?{urlencode(asked)}"

    return address


@dataclass(frozen=True)
class View:
    """A choice of which of them the list shows."""

    label: str
    url: str
    active: bool


@dataclass(frozen=True)
class Narrowing:
    """What a list can be narrowed to: its words, how, and whether it has a chip of its own."""

    label: str
    narrow: Callable[[Any], CaseQuerySet[Any]]
    has_chip: bool = True


def narrowings(began: str) -> dict[str, Narrowing]:
    """Open ones, the last month's, all; ``began`` is the field that says when a case began."""
    return {
        OPEN: Narrowing("Öppna", lambda cases: cases.still_open()),
        MONTH: Narrowing("Senaste månaden", lambda cases: _since(cases, began)),
        ALL: Narrowing("Alla", lambda cases: cases),
    }


def _since(cases: CaseQuerySet[Any], began: str) -> CaseQuerySet[Any]:
    month_ago = timezone.now() - relativedelta(months=1)
    return cases.filter(**{f"{began}__gte": month_ago})


class RecipientColumn(Column):
    """Whom a case is about, by name alone; or the store that it goes to."""

    def __init__(self, case: Callable[[Any], Case], *, other: Callable[[Any], str] = lambda _: ""):
        self.case, self.other = case, other
        super().__init__(
            "recipient", "Mottagare",
            sort=(sv("recipient__family_name"), sv("recipient__given_name")), nullable=True,
            css="lead whose", named_on_cards=False,
        )  # fmt: skip

    def html(self, row: Any, table: Table[Any]) -> str:
        found: Recipient | None = self.case(row).recipient
        if found is None:
            return str(Column("other", "", self.other).html(row, table))
        return link(reverse("recipients:detail", args=[found.key]), found.name)


class MyTable(Table[Row]):
    """A list of the user's own cases. ``columns`` has a ``RecipientColumn``, which is drawn only
    where recipients are to be shown; that is a look at each of them, which is logged."""

    #: What all of them are sorted by at first, if otherwise than the open ones.
    order_of_all: ClassVar[str] = ""
    tools_template = "recipients/_my_views.html"
    counted_to = 1_000
    narrowed_by = (VIEW, WHOSE)
    views: list[View]

    @staticmethod
    def case_of(row: Any) -> Case:
        """The case that a row shows."""
        case: Case = row
        return case

    @classmethod
    def of_mine(
        cls,
        request: HttpRequest,
        cases: CaseQuerySet[Any],
        choices: Mapping[str, Narrowing],
        *,
        loaded: Callable[[Any], QuerySet[Any]],
        of: Callable[[Any], Row] | None = None,
        are_open: int,
    ) -> Self:
        """The user's own of ``cases``, narrowed as the address asks; ``loaded`` fetches what a
        row shows. ``are_open`` of them are known to be."""
        wanted = request.GET.get(VIEW, "")
        wanted = wanted if wanted in choices else OPEN
        found = choices[wanted].narrow(mine(signed_in(request), cases))
        known = are_open if wanted == OPEN else None
        # Of what there ever was some have three, others a hundredth: planned for whomever, all that
        # the unit has was looked through.
        ever = wanted in (MONTH, ALL)
        table = cls.fetch(
            request, found, whole=loaded(cases), of=of, total=known, for_its_values=ever
        )
        table.views = [
            View(choice.label, _narrowed(request, name), name == wanted)
            for name, choice in choices.items()
            if choice.has_chip or name == wanted
        ]
        if names_recipients(request):
            shown = (cls.case_of(row).recipient for row in table.rows)
            access_log.look_at_all(request, (who.key for who in shown if who), "Min sida")
        else:
            table.hide("recipient")
        return table

    @classmethod
    def ask(cls, request: HttpRequest) -> Asked:
        """Nobody sorts by a name that isn't shown."""
        asked = super().ask(request)
        hidden = asked.column.name == "recipient" and not names_recipients(request)
        if request.GET.get(SORT) and not hidden:
            return asked
        all_of_them = request.GET.get(VIEW) in (MONTH, ALL)
        order = cls.order_of_all if all_of_them and cls.order_of_all else cls.order
        column = next(x for x in cls.columns if x.name == order.removeprefix("-"))
        return replace(asked, column=column, falling=order.startswith("-"))


def _narrowed(request: HttpRequest, view: str) -> str:
    query = request.GET.copy()
    for name in ("sida", panels.PANEL, panels.TAB):
        query.pop(name, None)
    query[VIEW] = view
    return f"{request.path}?{query.urlencode()}"


def whose_facts(request: HttpRequest, case: Case) -> list[dict[str, Any]]:
    """Whom the case in the panel of «Min sida» is about, where recipients are shown; the look is
    logged. («Sök» says of nobody.)"""
    if case.recipient is None or not names_recipients(request):
        return []
    access_log.look(request, case.recipient.key, "Min sida", case_number=case.case_number)
    url = reverse("recipients:detail", args=[case.recipient.key])
    return [{"label": "Mottagare", "value": case.recipient.name, "url": url}]
