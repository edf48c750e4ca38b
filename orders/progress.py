"""How far a project has come, as the order's page and KHS's page show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .models import OrderLine, ProjectMove
from .stages import ANSWERS, COURSES, Stage, for_khs


@dataclass
class Progress:
    """A project of an order. ``moves`` are in the order they happened; ``has_put``: KHS has put an
    article on the order for it."""

    line: OrderLine
    moves: list[ProjectMove]
    masked: bool = False
    has_put: bool = False

    @property
    def last(self) -> ProjectMove:
        return self.moves[-1]

    @property
    def is_open(self) -> bool:
        return self.line.open > 0

    @property
    def waits_for_answer(self) -> bool:
        return self.is_open and self.line.stage == Stage.WAITING

    @property
    def was_refused(self) -> bool:
        return self.is_open and self.line.stage == Stage.REFUSED

    @cached_property
    def offers(self) -> list[ProjectOffer]:
        """What the supplier has offered, the newest first, each with its answer."""
        found: list[ProjectOffer] = []
        for move in [] if self.masked else self.moves:
            if move.stage == Stage.OFFER_RECEIVED:
                found.insert(0, ProjectOffer(move))
            elif move.stage in ANSWERS and found:
                found[0].answer = move
        return found

    @property
    def next_for_khs(self) -> list[Stage]:
        return for_khs(self.line.project, self.line.stage) if self.is_open else []

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """For parts/progress.html."""
        course = COURSES[self.line.project]
        here = next(i for i, step in enumerate(course) if self.line.stage in step)
        return [self._step(i - here, step) for i, step in enumerate(course)]

    def _step(self, ahead: int, step: tuple[Stage, ...]) -> dict[str, Any]:
        label = " / ".join(stage.label for stage in step)
        if ahead > 0:
            return {"label": label, "state": "todo"}
        move = next((m for m in reversed(self.moves) if m.stage in step), None)
        state, tone = "done", ""
        if ahead == 0 and self.line.stage != Stage.DELIVERED:
            state = "current" if self.is_open else "stopped"
            tone = {Stage.WAITING: "amber", Stage.REFUSED: "red"}.get(Stage(self.line.stage), "")
        return {
            "label": move.get_stage_display() if move else label,
            "state": state,
            "tone": tone,
            "at": move and move.at,
            # Sending the order is the orderer's; being received isn't.
            "by": move.by if move and move.stage != Stage.RECEIVED else None,
            "note": move.note if move and not self.masked else "",
        }


@dataclass
class ProjectOffer:
    """An offer, and what the prescriber answered."""

    move: ProjectMove
    answer: ProjectMove | None = None


def of_lines(lines: Iterable[OrderLine], *, masked: bool = False) -> list[Progress]:
    """The projects among the lines: no query where there is none, else one.

    ``masked``: without notes and offers (``Order.address_masked``).
    """
    lines = list(lines)
    put_for = {line.put_for_id for line in lines if line.cancelled < line.quantity}
    projects = [line for line in lines if line.stage]
    moves: dict[int, list[ProjectMove]] = defaultdict(list)
    if projects:
        found = ProjectMove.objects.filter(line__in=projects).select_related("by", "offer")
        for move in found.order_by("pk"):
            moves[move.line_id].append(move)
    return [Progress(x, moves[x.pk], masked, has_put=x.pk in put_for) for x in projects]
