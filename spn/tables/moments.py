"""Curves over time among the measures of a study: the times at which they are known, as a dimension of a plot like the axes of the study."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from spn.drawing.times import duration_text
from spn.estimate.intervals import Interval
from spn.plots.curves import TITLES
from spn.sweeps.records import Measured
from spn.tables.axes import Dimension, words

NAMES = ("time", "t", "moment")
"""What the dimension is called: the first of them that is no axis of the study."""

UNITS = ("s", "min", "h", "d", "year")
"""In the one in which it is shortest a time is told."""

AVAILABILITY = "availability_curve"
"""The kind of which A(t) is kept."""

_MOMENT = re.compile(r"at (\S+) s")


def clock_of(known: Iterable[str]) -> str:
    """The name of the dimension beside those that are known."""
    taken = set(known)
    return next(name for name in NAMES if name not in taken) if not taken.issuperset(NAMES) else "time_of_the_curve"


def is_curve(measured: Measured) -> bool:
    """Whether a measure is known at several times."""
    return measured.kind in TITLES


def asks_for_curve(measured: Measured, quantity: str | None) -> bool:
    """Whether it is the curve that is asked for, and not one number of it."""
    return is_curve(measured) and (quantity is None or (measured.kind == AVAILABILITY and quantity in ("availability", "unavailability")))


def moments(measured: Measured, quantity: str | None) -> Mapping[str, Interval]:
    """The intervals of a curve, by the times in seconds as they are kept; of an availability U(t), or A(t) if that is the `quantity`."""
    found = {match[1]: part for key, part in measured.quantities.items() if (match := _MOMENT.fullmatch(key)) and not math.isnan(part.estimate)}
    if measured.kind == AVAILABILITY and quantity != "availability":
        return {moment: interval.complement() for moment, interval in found.items()}
    return found


def dimension_of(name: str, times: Iterable[str]) -> Dimension:
    """The dimension of these times."""
    numbers = dict(sorted(((key, float(key)) for key in times), key=lambda pair: pair[1]))
    return Dimension(name, {key: duration_text(number, UNITS) for key, number in numbers.items()}, numbers, 1, "", "Time")


def title_of(measure: str, kind: str, quantity: str | None) -> tuple[str, str]:
    """What a curve of that kind is of, and its symbol."""
    if quantity == "availability":
        return "Availability", "A(t)"
    title, symbol = TITLES[kind]
    return (title, symbol) if symbol else (words(measure).capitalize(), "")
