"""Plots as SVG from the server: bars one upon the other, bars that lie, and lines, with labels at the
data.

The part ``parts/plot.html`` puts them in a frame with the table they are drawn from, which is their
alternative for who doesn't see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .templatetags.sesam import tal

Number = int | Decimal

# In this order (design tokens): each 3:1 on white.
COLOURS = ("#0A559E", "#4C8BC6", "#208348", "#C77A16", "#8A93A0")
WIDTH, HEIGHT = 640, 260
NARROW = 340  # on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 220, 24, 28
_ROOM = 30  # of a bar whose height is told above it
_BESIDE, _LINE = 22, 20  # letters of a line beside the data, and its height on a phone
#: Of bars that lie: how high each is with its distance, where it begins, and how many there is room for.
_ROW, _NAMES, MOST_LYING = 30, 190, 10
_BEFORE = 24  # letters of a name before a bar
_UNDER = 42  # letters of a line under a narrow plot, or over its bar


@dataclass(frozen=True)
class Series:
    """What is measured, and a value for each place on the axis; None where there is none."""

    name: str
    values: Sequence[Number | None]


@dataclass(frozen=True)
class Plot:
    """A plot and its table. ``finding`` is the heading, ``measured`` says what the numbers are;
    ``excel_url`` fetches the table. Without values it says ``empty``. ``more`` stands in the table alone,
    whose first column is headed ``place_label``. Where bars lie there is one series."""

    name: str
    finding: str
    measured: str
    places: Sequence[str]
    series: Sequence[Series]
    lines: bool = False
    excel_url: str = ""
    more: Sequence[Series] = ()
    lying: bool = False
    decimals: int = 0
    place_label: str = "Månad"
    empty: str = "Det finns inga siffror för tiden än."

    @property
    def is_empty(self) -> bool:
        return not any(any(one.values) for one in self.columns)

    @property
    def columns(self) -> list[Series]:
        """What the table tells of each place."""
        return [*self.series, *self.more]

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The table: a row for each place, of values with their names."""
        return [
            (place, [(one.name, self.told(one.values[at])) for one in self.columns])
            for at, place in enumerate(self.places)
        ]

    def told(self, value: Number | None) -> str:
        return tal(value, 0 if isinstance(value, int) else self.decimals)

    def shortly(self, value: Number) -> str:
        """Beside the data, where there is little room."""
        return self.told(value if value < 100 else round(value))

    @property
    def drawing(self) -> SafeString:
        return _Drawing(self).whole

    @property
    def narrow_drawing(self) -> SafeString:
        """For a phone, where the letters of the other would be too small to be read."""
        return _Drawing(self, narrow=True).whole


@dataclass(frozen=True)
class _Drawing:
    """A plot as SVG. A narrow one is drawn as wide as a phone, and what stands beside the data of the
    other stands under it."""

    plot: Plot
    narrow: bool = False

    @property
    def whole(self) -> SafeString:
        return self._lying() if self.plot.lying else self._standing()

    @property
    def _width(self) -> int:
        return NARROW if self.narrow else WIDTH

    def _frame(self, height: int, drawn: SafeString) -> SafeString:
        return format_html(
            '<svg class="plot-drawing{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
            " is-narrow" if self.narrow else "",
            self._width,
            height,
            f"{self.plot.finding}. {self.plot.measured}. Siffrorna står i tabellen.",
            drawn,
        )

    def _lying(self) -> SafeString:
        """The name of each place before its bar, on a phone over it, its value after it."""
        values = [value or 0 for value in self.plot.series[0].values[:MOST_LYING]]
        names, most, over = (0, _UNDER, _LINE) if self.narrow else (_NAMES, _BEFORE, 0)
        row = _ROW + over
        scale = float(self._width - names - 90) / float(max(values, default=0) or 1)
        bars = format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="{}">{}{}</text>'
            '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"></rect><text x="{}" y="{}">{}</text>',
            (
                (
                    max(0, names - 8),
                    row * at + 20,
                    "start" if self.narrow else "end",
                    _whole(place, (shown := _shortened(place, most))),
                    shown,
                    names,
                    row * at + over + 5,
                    round(float(value) * scale, 1),
                    _ROW - 10,
                    COLOURS[0],
                    round(names + float(value) * scale + 8, 1),
                    row * at + over + 20,
                    self.plot.told(value),
                )
                for at, (place, value) in enumerate(zip(self.plot.places, values, strict=False))
            ),
        )
        return self._frame(row * len(values) + 4, bars)

    def _standing(self) -> SafeString:
        top, low = max(self._heights), max(self._depths)
        step = _round_step(top + low or 1)
        above, below = ceil(top / step), ceil(low / step)
        scale = Decimal(HEIGHT - _TOP - _BOTTOM) / Decimal((above + below or 1) * step)
        zero = HEIGHT - _BOTTOM - float(below * step * scale)
        drawn = self._drawn_lines(scale) if self.plot.lines else self._drawn_bars(scale, zero)
        grid = _grid(range(-below, above + 1), step, scale, zero, self._width - self._right)
        under = _LINE * len(self.plot.series) + 8 if self._are_named and self.narrow else 0
        return self._frame(HEIGHT + under, grid + drawn + self._axis())

    @property
    def _heights(self) -> list[Number]:
        if self.plot.lines:
            return [max(map(_or_0, one.values), default=0) for one in self.plot.series] or [0]
        return [sum(value for value in bar if value > 0) for bar in self._bars] or [0]

    @property
    def _depths(self) -> list[Number]:
        """How far below 0 each bar reaches."""
        if self.plot.lines:
            return [0]
        return [-sum(value for value in bar if value < 0) for bar in self._bars] or [0]

    @property
    def _bars(self) -> list[list[Number]]:
        return [
            [_or_0(one.values[at]) for one in self.plot.series]
            for at in range(len(self.plot.places))
        ]

    @property
    def _right(self) -> int:
        """What stands beside the data: nothing, where bars are of one thing."""
        return _RIGHT if self._are_named and not self.narrow else 8

    @property
    def _are_named(self) -> bool:
        return self.plot.lines or len(self.plot.series) > 1

    @property
    def _each(self) -> float:
        return (self._width - _LEFT - self._right) / max(1, len(self.plot.places))

    def _x(self, at: int) -> float:
        return _LEFT + (at + 0.5) * self._each

    def _axis(self) -> SafeString:
        every = -(-len(self.plot.places) // (6 if self.narrow else 12))
        return format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (round(self._x(at), 1), HEIGHT - 8, place)
                for at, place in enumerate(self.plot.places)
                if at % every == 0
            ),
        )

    def _drawn_bars(self, scale: Decimal, zero: float) -> SafeString:
        """What is below 0 hangs from there."""
        width = min(40, 0.65 * self._each)
        parts: list[tuple[object, ...]] = []
        for at, bar in enumerate(self._bars):
            for order, (upper, high) in enumerate(_stacked(bar, scale, zero)):
                parts.append(
                    (
                        round(self._x(at) - width / 2, 1),
                        round(upper, 1),
                        round(width, 1),
                        round(max(0.0, high - 1), 1),
                        COLOURS[order % len(COLOURS)],
                    )
                )
        bars = format_html_join(
            "", '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"></rect>', parts
        )
        return (
            bars
            + self._totals(scale, zero)
            + (self._labels(scale, zero) if self._are_named else SafeString(""))
        )

    def _totals(self, scale: Decimal, zero: float) -> SafeString:
        """What each bar comes to, where there is room for it."""
        if self._each < _ROOM:
            return SafeString("")
        return format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (
                    round(self._x(at), 1),
                    round(zero - float(height * scale) - 6, 1),
                    tal(round(sum(bar))),
                )
                for at, (bar, height) in enumerate(zip(self._bars, self._heights, strict=False))
                if any(bar)
            ),
        )

    def _drawn_lines(self, scale: Decimal) -> SafeString:
        """A line is broken where there is no value; one value alone is a point."""
        drawn = []
        for order, one in enumerate(self.plot.series):
            colour = COLOURS[order % len(COLOURS)]
            for points in _unbroken(one.values):
                placed = [
                    f"{self._x(at):.1f},{HEIGHT - _BOTTOM - float(value * scale):.1f}"
                    for at, value in points
                ]
                if len(placed) == 1:
                    x, y = placed[0].split(",")
                    mark = '<circle cx="{}" cy="{}" r="4" fill="{}"></circle>'
                    drawn.append(format_html(mark, x, y, colour))
                else:
                    line = (
                        '<polyline points="{}" fill="none" stroke="{}" stroke-width="2.5">'
                        "</polyline>"
                    )
                    drawn.append(format_html(line, " ".join(placed), colour))
        return SafeString("".join(drawn)) + self._labels(scale, HEIGHT - _BOTTOM)

    def _labels(self, scale: Decimal, zero: float) -> SafeString:
        """What each is called and its last value, at the last place; apart enough to be read."""
        found: list[tuple[float, str, str, str]] = []
        last = self._bars[-1] if self._bars else []
        stacked = [] if self.plot.lines else _stacked(last, scale, zero)
        for order, one in enumerate(self.plot.series):
            if self.plot.lines:
                value = next((v for v in reversed(one.values) if v is not None), 0)
                middle = zero - float(value * scale)
            else:
                value, (upper, high) = last[order], stacked[order]
                middle = upper + high / 2
            found.append(
                (middle, one.name, COLOURS[order % len(COLOURS)], self.plot.shortly(value))
            )
        if self.narrow:
            return _key(found)
        apart, edge = [], float(HEIGHT)
        for middle, name, colour, told in sorted(found, reverse=True):
            lines = _two_lines(name, told, _BESIDE)
            half = _LINE * len(lines) / 2
            edge = min(middle + half, edge) - 2 * half
            apart.append((edge, lines, name, colour))
        sunk = max(0.0, -edge)  # where they would stand above the plot
        x = self._width - self._right + 24
        return format_html_join(
            "",
            '<rect x="{}" y="{}" width="10" height="10" fill="{}"></rect>'
            '<text x="{}" y="{}">{}{}{}</text>',
            (
                (
                    x - 16,
                    round(upper + sunk + _LINE / 2 - 5, 1),
                    colour,
                    x,
                    round(upper + sunk + _LINE / 2 + 5, 1),
                    _whole(name, " ".join(lines)),
                    lines[0],
                    format_html_join(
                        "",
                        '<tspan x="{}" dy="1.15em">{}</tspan>',
                        ((x, line) for line in lines[1:]),
                    ),
                )
                for upper, lines, name, colour in apart
            ),
        )


def _key(named: Sequence[tuple[float, str, str, str]]) -> SafeString:
    """What each is called and its last value, under the plot in the order in which they stand in it."""
    return format_html_join(
        "",
        '<rect x="0" y="{}" width="10" height="10" fill="{}"></rect><text x="16" y="{}">{}{} {}</text>',
        (
            (
                HEIGHT + _LINE * nth + _LINE / 2 - 2,
                colour,
                HEIGHT + _LINE * nth + _LINE / 2 + 8,
                _whole(name, (shown := _shortened(name, _UNDER - len(told) - 1))),
                shown,
                told,
            )
            for nth, (_, name, colour, told) in enumerate(sorted(named))
        ),
    )


def _or_0(value: Number | None) -> Number:
    return 0 if value is None else value


def _stacked(bar: Sequence[Number], scale: Decimal, zero: float) -> list[tuple[float, float]]:
    """Where each part of a bar begins, from above, and how high it is."""
    found = []
    up = down = zero
    for value in bar:
        high = abs(float(value * scale))
        up -= high if value >= 0 else 0
        found.append((up if value >= 0 else down, high))
        down += high if value < 0 else 0
    return found


def _unbroken(values: Sequence[Number | None]) -> list[list[tuple[int, Number]]]:
    """The stretches that have values, each with its places."""
    found: list[list[tuple[int, Number]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((at, value))
    return [points for points in found if points]


def _shortened(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def _two_lines(name: str, value: str, most: int) -> list[str]:
    """The name and its value, on two lines where one is too short; shortened where two are."""
    lines = [""]
    for word in [*name.split(), value]:
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= most or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) <= 2:
        return lines
    rest = name[len(lines[0]) :].strip()
    return [lines[0], f"{_shortened(rest, most - len(value) - 1)} {value}"]


def _whole(name: str, shown: str) -> SafeString:
    """The whole name for who points at it, where it isn't shown whole."""
    return format_html("<title>{}</title>", name) if name not in shown else SafeString("")


def _grid(marks: range, step: Number, scale: Decimal, zero: float, right: int) -> SafeString:
    return format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#DEDBD3"></line>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (_LEFT, right, y, y, _LEFT - 8, y + 5, tal(step * mark))
            for mark in marks
            for y in [round(zero - float(step * mark * scale), 1)]
        ),
    )


def _round_step(top: Number) -> int:
    """The distance of the lines behind: 1, 2 or 5 times a power of ten, four lines at most."""
    for size in (10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        for step in (size // 10, size // 5, size // 2):
            if step * 4 >= top:
                return step
    return int(top)
