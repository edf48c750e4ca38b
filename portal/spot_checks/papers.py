"""The protocol of a month's spot check. It names who looked; whom they looked at stands as a code, so
no patient is told of, and there's no personal number."""

from __future__ import annotations

from dataclasses import dataclass

from organisation.models import User
from sesam import documents
from sesam.words import listed

from ..access_log_page import code_of
from ..models import Risk, SpotCheck, SpotCheckLook, SpotCheckNote, Verdict

MONTHS = ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september",
          "oktober", "november", "december")  # fmt: skip


def month_in_words(check: SpotCheck) -> str:
    return f"{MONTHS[check.month.month - 1]} {check.month.year}"


def why_drawn(look: SpotCheckLook) -> str:
    """Its risks in words, with the number where it is about one."""
    words = []
    for risk in map(Risk, look.risks):
        if risk == Risk.MANY:
            words.append(f"{look.how_many} mottagare på en timme")
        elif risk == Risk.MISSES:
            words.append(f"{look.how_many} sökningar utan träff på en dag")
        else:
            words.append(risk.label)
    return ", ".join(words) or "Slumpad"


@dataclass(frozen=True)
class Judged:
    """A look and all that was said of it."""

    look: SpotCheckLook
    notes: list[SpotCheckNote]

    @property
    def code(self) -> str:
        return code_of(self.look.recipient_key)

    @property
    def why(self) -> str:
        return why_drawn(self.look)

    @property
    def measures(self) -> list[SpotCheckNote]:
        return [note for note in self.notes if note.kind == SpotCheckNote.Kind.MEASURE]


def judged_looks(check: SpotCheck) -> list[Judged]:
    """In the order of time, in three questions."""
    looks = check.looks.select_related("user", "unit", "judged_by")
    said = looks.prefetch_related("notes__by")
    return [Judged(look, list(look.notes.all())) for look in said]


def counted(looks: list[Judged]) -> list[tuple[str, int]]:
    """How many looks got each verdict."""
    return [
        (verdict.label, sum(1 for judged in looks if judged.look.verdict == verdict))
        for verdict in Verdict
    ]


def protocol(check: SpotCheck, *, number: int, user: User) -> bytes:
    """The protocol as PDF: of the whole month, the first when it is closed and another when a
    follow-up has ended since."""
    looks = judged_looks(check)
    reviewers = sorted({str(note.by) for judged in looks for note in judged.notes})
    plan = check.plan
    return documents.pdf(
        "portal/documents/spot_check.html",
        {
            "check": check,
            "number": number,
            "month": month_in_words(check),
            "plan": plan,
            "by_risk": [(risk.label, plan.of(risk)) for risk in Risk],
            "units": listed([unit.name for unit in check.units.order_by("name")]),
            "looks": looks,
            "counted": counted(looks),
            "wrong": [j for j in looks if j.look.verdict == Verdict.UNJUSTIFIED],
            "reviewers": listed(reviewers),
        },
        title=f"Protokoll från loggkontroll {month_in_words(check)}",
        request_user=user,
    )
