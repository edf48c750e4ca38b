"""Plots as SVG from the server: bars one upon the other and lines, with labels at the data.

The part ``parts/plot.html`` puts them in a frame with the table they are drawn from, which is their
alternative for who doesn't see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .templatetags.sesam import tal

Number = int | Decimal

# In this order (design tokens): each 3:1 on white.
COLOURS = ("#0A559E", "#4C8BC6", "#208348", "#C77A16", "#8A93A0")
WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 150, 24, 28


@dataclass(frozen=True)
class Series:
    """What is measured, and a value for each place on the axis."""

    name: str
    values: Sequence[Number]


@dataclass(frozen=True)
class Plot:
    """A plot and its table. ``finding`` is the heading, ``measured`` says what the numbers are;
    ``excel_url`` fetches the table. Without values it says so."""

    name: str
    finding: str
    measured: str
    places: Sequence[str]
    series: Sequence[Series]
    lines: bool = False
    excel_url: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(any(one.values) for one in self.series)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: a row for each place."""
        return [
            (place, [tal(one.values[at]) for one in self.series])
            for at, place in enumerate(self.places)
        ]

    @property
    def drawing(self) -> SafeString:
        top = max(self._heights) or 1
        step = _round_step(top)
        ceiling = -(-top // step) * step
        scale = Decimal(HEIGHT - _TOP - _BOTTOM) / Decimal(ceiling)
        drawn = self._drawn_lines(scale) if self.lines else self._drawn_bars(scale)
        return format_html(
            '<svg class="plot-drawing" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
            WIDTH,
            HEIGHT,
            f"{self.finding}. {self.measured}. Siffrorna står i tabellen.",
            _grid(ceiling, step, scale),
            drawn,
            self._axis(),
        )

    @property
    def _heights(self) -> list[Number]:
        if self.lines:
            return [max(one.values, default=0) for one in self.series] or [0]
        return [sum(one.values[at] for one in self.series) for at in range(len(self.places))] or [0]

    def _x(self, at: int) -> float:
        return _LEFT + (at + 0.5) * (WIDTH - _LEFT - _RIGHT) / max(1, len(self.places))

    def _axis(self) -> SafeString:
        every = -(-len(self.places) // 12)
        return format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (round(self._x(at), 1), HEIGHT - 8, place)
                for at, place in enumerate(self.places)
                if at % every == 0
            ),
        )

    def _drawn_bars(self, scale: Decimal) -> SafeString:
        width = min(40, 0.65 * (WIDTH - _LEFT - _RIGHT) / max(1, len(self.places)))
        parts: list[tuple[object, ...]] = []
        for at in range(len(self.places)):
            floor = float(HEIGHT - _BOTTOM)
            for order, one in enumerate(self.series):
                high = float(one.values[at] * scale)
                floor -= high
                parts.append(
                    (
                        round(self._x(at) - width / 2, 1),
                        round(floor, 1),
                        round(width, 1),
                        round(max(0.0, high - 1), 1),
                        COLOURS[order % len(COLOURS)],
                    )
                )
        bars = format_html_join(
            "", '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"></rect>', parts
        )
        return bars + self._labels(scale)

    def _drawn_lines(self, scale: Decimal) -> SafeString:
        drawn = format_html_join(
            "",
            '<polyline points="{}" fill="none" stroke="{}" stroke-width="2.5"></polyline>',
            (
                (
                    " ".join(
                        f"{self._x(at):.1f},{HEIGHT - _BOTTOM - float(value * scale):.1f}"
                        for at, value in enumerate(one.values)
                    ),
                    COLOURS[order % len(COLOURS)],
                )
                for order, one in enumerate(self.series)
            ),
        )
        return drawn + self._labels(scale)

    def _labels(self, scale: Decimal) -> SafeString:
        """What each is called and its last value, at the last place; apart enough to be read."""
        found: list[tuple[float, str, str, str]] = []
        floor = float(HEIGHT - _BOTTOM)
        for order, one in enumerate(self.series):
            value = one.values[-1] if one.values else 0
            last = float(value * scale)
            middle = HEIGHT - _BOTTOM - last if self.lines else floor - last / 2
            floor -= 0 if self.lines else last
            found.append((middle, one.name, COLOURS[order % len(COLOURS)], tal(value)))
        apart: list[tuple[float, str, str, str]] = []
        for middle, *rest in sorted(found, reverse=True):
            name, colour, words = rest
            apart.append((min(middle, apart[-1][0] - 20) if apart else middle, name, colour, words))
        return format_html_join(
            "",
            '<rect x="{}" y="{}" width="10" height="10" fill="{}"></rect>'
            '<text x="{}" y="{}">{} {}</text>',
            (
                (
                    WIDTH - _RIGHT + 8,
                    round(y - 5, 1),
                    colour,
                    WIDTH - _RIGHT + 24,
                    round(y + 5, 1),
                    name,
                    words,
                )
                for y, name, colour, words in apart
            ),
        )


def _grid(ceiling: Number, step: Number, scale: Decimal) -> SafeString:
    marks = range(int(ceiling // step) + 1)
    return format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#DEDBD3"></line>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (_LEFT, WIDTH - _RIGHT, y, y, _LEFT - 8, y + 5, tal(step * mark))
            for mark in marks
            for y in [round(float(HEIGHT - _BOTTOM - step * mark * scale), 1)]
        ),
    )


def _round_step(top: Number) -> int:
    """The distance of the lines behind: 1, 2 or 5 times a power of ten, four lines at most."""
    for size in (10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        for step in (size // 10, size // 5, size // 2):
            if step * 4 >= top:
                return step
    return int(top)
