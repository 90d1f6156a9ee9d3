"""Bar charts as values: shapes in per mille of a box that the page stretches to its width, and words around it.

The words stand beside the drawing, not in it, so that they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor, log10

HEIGHT = 1000
SLOT = 10  # of which a bar takes eight parts
BAR = 8


@dataclass(frozen=True, slots=True)
class Series:
    """Values in the order of the chart's columns; None where there is nothing to tell. `look` is a CSS class."""

    name: str
    look: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    y: int
    height: int
    look: str


@dataclass(frozen=True, slots=True)
class Column:
    """One day or month: its bars, and what they say in words."""

    x: int
    bars: Sequence[Bar]
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    key: str
    title: str
    series: Sequence[Series]
    labels: Sequence[str]
    columns: Sequence[Column]
    top: str
    words: Callable[[float], str]

    @property
    def width(self) -> int:
        return len(self.columns) * SLOT

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    def in_words(self, value: float | None) -> str:
        return "–" if value is None else self.words(value)


def chart(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    words: Callable[[float], str] = "{:,.0f}".format,
    *,
    stacked: bool = True,
) -> Chart:
    """Bars on top of each other, or with `stacked` false before each other: the greatest first."""
    rows = [[one.values[number] for one in series] for number in range(len(labels))]
    peak = max((_reach(row, stacked) for row in rows), default=0.0)
    top = _round_up(peak)
    looks = [one.look for one in series]
    columns = [
        Column(SLOT * number, _bars(row, looks, top, stacked), _said(label, series, row, words))
        for number, (label, row) in enumerate(zip(labels, rows, strict=True))
    ]
    return Chart(key, title, series, labels, columns, words(top), words)


def _reach(row: Sequence[float | None], stacked: bool) -> float:
    values = [value or 0.0 for value in row]
    return sum(values) if stacked else max(values, default=0.0)


def _bars(row: Sequence[float | None], looks: Sequence[str], top: float, stacked: bool) -> Sequence[Bar]:
    values = [value or 0.0 for value in row]
    reached = list(accumulate(values)) if stacked else values
    return [
        Bar(HEIGHT - round(HEIGHT * end / top), max(1, round(HEIGHT * value / top)), look)
        for value, end, look in zip(values, reached, looks, strict=True)
        if value > 0
    ]


def _said(label: str, series: Sequence[Series], row: Sequence[float | None], words: Callable[[float], str]) -> str:
    told = [f"{one.name.lower()} {words(value)}" for one, value in zip(series, row, strict=True) if value is not None]
    return f"{label}: {', '.join(told) or 'nothing'}"


def _round_up(peak: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... and the same parts of one."""
    if peak <= 0:
        return 1.0
    power: float = 10.0 ** floor(log10(peak))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= peak * (1 - 1e-9))
