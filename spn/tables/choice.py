"""What of a study's results is to be plotted, and the numbers that are: plain data between those who choose and those who compose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from spn.estimate.intervals import Interval
from spn.plots.types import NotPlottable


@final
@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that measures have: how it is called, its symbol, the power of time in it, whether its axis is logarithmic if it pays."""

    title: str
    symbol: str = ""
    time: int = 0
    unit: str = ""
    log: bool = True


QUANTITIES: Mapping[str, Quantity] = {
    "unavailability": Quantity("Unavailability", "U"),
    "availability": Quantity("Availability", "A", log=False),
    "downtime": Quantity("Downtime per year", time=1),
    "nines": Quantity("Nines", "−log₁₀ U", log=False),
    "failures": Quantity("Failures per year"),
    "mean_up": Quantity("Mean time up", time=1),
    "mean_down": Quantity("Mean time down", time=1),
}
"""The numbers of an availability, as `--quantity` names them."""

STORED = {"downtime": "downtime_s_per_year", "failures": "failures_per_year", "mean_up": "mean_up_s", "mean_down": "mean_down_s"}
"""How they are kept, where that is another name."""


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be plotted of a study; what is not said is chosen by what there is.

    `measure` and `quantity` say of which number, or `ratio` of which comparison; `x` is the axis along which it goes, `by` those whose values are
    series, `panels` those of which each value has a panel (columns, then rows). ``model`` stands for the models, ``time`` for the times of a curve.
    `only` keeps of an axis one value.
    `log` says which axes are logarithmic (``x``, ``y``, ``xy`` or none of them, ``-``).
    """

    measure: str | None = None
    quantity: str | None = None
    ratio: str | None = None
    x: str | None = None
    by: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    log: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One number to be plotted: where it belongs, by the keys of the axes' values, and its interval (None: there is no estimate)."""

    place: Mapping[str, str]
    interval: Interval | None
    doubtful: bool = False


class TooMuch(NotPlottable):
    """More axes than a plot has room for: `axes` are those that would have to be fixed."""

    def __init__(self, axes: Sequence[str], message: str) -> None:
        super().__init__(message)
        self.axes = tuple(axes)


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """The axes along x, of series, and of panels."""

    x: str
    by: tuple[str, ...]
    panels: tuple[str, ...]
