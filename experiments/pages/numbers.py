"""Numbers of a study by the values of its axes, where curves cross, and where they are lowest."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spn.estimate.intervals import Interval
from spn.reproduction.words import count
from spn.tables.results import Results

UNITS = {"s": 1.0, "h": 3600.0}


def value(text: str) -> float:
    """The number that an axis's value is written as; times in seconds."""
    number, _, unit = text.partition(" ")
    return float(number) * UNITS.get(unit, 1.0)


def curve(results: Results, model: str, axis: str, measure: str = "system", **fixed: str) -> list[tuple[float, Interval]]:
    """U (or the estimate) of a model along an axis, where the other axes have the values given, in the order of the axis."""
    found = [
        (value(point.axes[axis]), point.record.measures[measure].primary)
        for point in results.points
        if point.model == model and point.record is not None and _fits(point.axes, fixed)
    ]
    return sorted(found, key=lambda pair: pair[0])


def one(results: Results, model: str, measure: str = "system", **fixed: str) -> Interval:
    """U of the one point of a model where the axes have the values given."""
    found = [p.record.measures[measure].primary for p in results.points if p.model == model and p.record is not None and _fits(p.axes, fixed)]
    assert len(found) == 1, f"{len(found)} points of {model} with {fixed}"
    return found[0]


def ratios(results: Results, name: str, axis: str, **fixed: str) -> list[tuple[float, Interval]]:
    """The ratios of a comparison along an axis of either side."""
    found = []
    for ratio in results.ratios:
        axes = {**ratio.to.axes, **ratio.of.axes}
        if ratio.name == name and _fits(axes, fixed):
            found.append((value(axes[axis]), ratio.interval))
    return sorted(found, key=lambda pair: pair[0])


def _fits(axes: object, fixed: dict[str, str]) -> bool:
    return all(axes.get(axis) == wanted for axis, wanted in fixed.items())  # type: ignore[attr-defined]


def crossing(points: Sequence[tuple[float, Interval]], level: float) -> Interval | None:
    """Where a curve crosses a level, straight between points on logarithmic axes, and where the ends of its intervals do; None, if it does not."""
    found = [_cross([(x, pick(interval)) for x, interval in points], level) for pick in (_estimate, _low, _high)]
    if any(each is None for each in found):
        return None
    middle, *ends = (each for each in found if each is not None)
    return Interval(middle, min(ends), max(ends), points[0][1].confidence, "interpolated")


def _estimate(interval: Interval) -> float:
    return interval.estimate


def _low(interval: Interval) -> float:
    return interval.low


def _high(interval: Interval) -> float:
    return interval.high


def _cross(points: Sequence[tuple[float, float]], level: float) -> float | None:
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if (y0 - level) * (y1 - level) <= 0 and y0 != y1 and min(y0, y1) > 0:
            share = math.log(level / y0) / math.log(y1 / y0)
            return math.exp(math.log(x0) + share * math.log(x1 / x0))
    return None


def lowest(points: Sequence[tuple[float, Interval]]) -> int:
    """The number of the point with the least estimate."""
    return min(range(len(points)), key=lambda k: points[k][1].estimate)


def shown(interval: Interval, digits: int = 3) -> str:
    """``67.2 [65, 69.3]``."""
    return f"{count(interval.estimate, digits)} [{count(interval.low, digits)}, {count(interval.high, digits)}]"
