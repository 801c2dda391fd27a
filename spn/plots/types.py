"""What a plot shows, as data: panels of series with their intervals. Where the numbers come from, and how they are drawn, is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

Spread = Literal["exact", "pointwise", "simultaneous"]
"""What the low and high ends of a series are: none are needed as it is known exactly; each holds with the confidence by itself; all hold together."""

FORMATS = ("svg", "pdf", "png")
"""The formats of pictures, as the ends of files' names say them."""

MOST_SERIES = 10
"""The most series of a panel that a reader can tell apart."""
MOST_PANELS = 30
"""The most panels of a plot."""


class NotPlottable(Exception):
    """What was asked for cannot be plotted, in words for the user."""


@final
@dataclass(frozen=True, slots=True)
class Axis:
    """An axis. Its numbers are in base units (seconds, events per second, or none); `unit` is what `factor` of them are called.

    With `categories` the positions are 0, 1, 2, ... and bear these names. `ticks` are the numbers that were studied; few are labelled.
    """

    title: str
    symbol: str = ""
    unit: str = ""
    factor: float = 1.0
    log: bool = False
    categories: tuple[str, ...] = ()
    ticks: tuple[float, ...] = ()
    zero: bool = False
    """A linear axis begins at 0."""


@final
@dataclass(frozen=True, slots=True)
class Series:
    """A curve, or points that belong together: `estimate` with `low` and `high` at each `x` (ascending), all in base units.

    `style` tells series apart and is the same for the same system in all panels; with a `shade` from 0 to 1 series are in the order of a quantity.
    `doubtful` are points whose precision was not reached, or that have to be looked at; at `missing` there should be a point but is no estimate.
    """

    label: str
    x: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    style: int = 0
    shade: float | None = None
    doubtful: tuple[bool, ...] = ()
    missing: tuple[float, ...] = ()
    spread: Spread = "pointwise"

    def __post_init__(self) -> None:
        for part in (self.estimate, self.low, self.high):
            if len(part) != len(self.x):
                raise ValueError(f"{self.label}: {len(self.x)} positions, but {len(part)} numbers")


@final
@dataclass(frozen=True, slots=True)
class Level:
    """What does not depend on x: a line from side to side, with its interval as a band. `style` and `shade` as those of series."""

    label: str
    estimate: float
    low: float
    high: float
    style: int = 0
    shade: float | None = None
    doubtful: bool = False


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A number to compare with, which is not an estimate. `slope`: the power of x with which it goes, through (`at`, `value`)."""

    value: float
    label: str = ""
    slope: float = 0.0
    at: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes with what is in it. `title` says which values of further parameters it is for."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    levels: tuple[Level, ...] = ()
    lines: tuple[Line, ...] = ()
    title: str = ""

    @property
    def parts(self) -> tuple[Series | Level, ...]:
        """All estimates in it."""
        return (*self.series, *self.levels)


@final
@dataclass(frozen=True, slots=True)
class Plot:
    """A whole plot: panels in rows. `shared`: all panels have the same axes. `key` says what the labels of the series are values of.

    `caption` is what a paper would print below it; `note` the signs in it, which need an explanation; `about`, where its
    numbers come from, goes into the file.
    """

    rows: tuple[tuple[Panel, ...], ...]
    caption: str = ""
    note: str = ""
    key: str = ""
    shared: bool = True
    about: str = ""

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row)


def listed(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
