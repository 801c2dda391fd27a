"""The readings that the thesis' text allows, and where the study `thesis` has their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from spn.estimate.intervals import Interval
from spn.reproduction.published import HOURS
from spn.tables.results import PointResult, Results


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the text. `model`, `axes` and `measure` say where the study has it; `words` are for sentences, `title` for tables."""

    key: str
    system: str
    title: str
    words: str
    model: str
    axes: Mapping[str, str] = field(default_factory=dict)
    measure: str = "system"


def _standard(key: str, sections: int, clocks: str, title: str, words: str) -> Reading:
    return Reading(key, "standard", title, words, "standard", {"sections": str(sections), "clocks": clocks})


def _actors(key: str, model: str, own: bool, title: str, words: str, measure: str = "system") -> Reading:
    return Reading(key, "actors", title, words, model, {"children_need_start": "true" if own else "false"}, measure)


_AFTER, _WITH = "children after their supervisor", "children with their supervisor"

READINGS: tuple[Reading, ...] = (
    _actors("own", "actors", True, "restart 1 s; children of a restarted one then take their own 1 s (default)", _AFTER),
    _actors("together", "actors", False, "restart 1 s; children start with their supervisor", _WITH),
    Reading("process", "actors", "I0's failure restarts the process, 30 to 300 s, children with it", _WITH, "actors_process"),
    _actors("slow_own", "actors_slow", True, "restart 30 to 300 s, as the process; children then their own", _AFTER),
    _actors("slow_together", "actors_slow", False, "restart 30 to 300 s, as the process; children with their supervisor", _WITH),
    Reading("six", "actors", "six actors (I5 under I4), else the default", "six actors", "actors_six"),
    Reading("actors_printed", "actors", "mu as printed, else the default", "mu as printed", "actors_printed"),
    Reading("limit_5", "actors", "5 restarts granted in 30 s instead of 3, else the default", "5 restarts granted", "actors_limit_5"),
    _actors("sum", "actors", True, "eq. (1) as printed: a sum over actors, no probability", "eq. (1) as printed", "sum"),
    _actors("average", "actors", True, "eq. (1) / (eq. (1) + eq. (2)): share of actors being restarted", "share of actors", "average"),
    _standard("six_renewed", 6, "resample", "6 sections, all as new after a restart (default)", "6 sections, renewed"),
    _standard("five_renewed", 5, "resample", "5 sections, all as new after a restart", "5 sections, renewed"),
    _standard("six_ageing", 6, "age", "6 sections that go on ageing", "6 sections, ageing"),
    _standard("five_ageing", 5, "age", "5 sections that go on ageing", "5 sections, ageing"),
    Reading("standard_printed", "standard", "mu as printed, else the default", "mu as printed", "standard_printed"),
)  # fmt: skip
"""In the order of the tables; the first of each system is the default."""

DEFAULT: Mapping[str, str] = {"actors": "own", "standard": "six_renewed"}


def readings(system: str) -> list[Reading]:
    """Those of one system."""
    return [reading for reading in READINGS if reading.system == system]


LEAST = 0.5
"""The relative half-width up to which a number is good for a sentence. What was never seen to fail has none."""


@final
@dataclass(frozen=True, slots=True)
class Findings:
    """What the simulation found. `values` is U by reading and E(X) in hours; `ratios` is U of a standard reading over U of an actor reading;
    `against` is U of a reading over U of the default of its system, where the study compares them.
    """

    values: Mapping[tuple[str, int], Interval]
    ratios: Mapping[tuple[str, str, int], Interval]
    against: Mapping[tuple[str, int], Interval] = field(default_factory=dict)
    target: float = 0.05
    firings: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def u(self, key: str, hours: int) -> Interval | None:
        """U of a reading; None, if it is not known well enough to say something of it."""
        return _usable(self.values.get((key, hours)))

    def ratio(self, of: str, to: str, hours: int) -> Interval | None:
        """U of a standard reading over U of an actor reading, likewise."""
        return _usable(self.ratios.get((of, to, hours)))

    def changed(self, key: str, hours: int) -> Interval | None:
        """U of a reading over U of its system's default, likewise."""
        return _usable(self.against.get((key, hours)))

    def of(self, system: str, hours: int) -> list[tuple[Reading, Interval]]:
        """U of each reading of a system that says what Table 2 says: the share of time in which the system is not up."""
        rows = [(reading, self.u(reading.key, hours)) for reading in readings(system) if reading.measure == "system"]
        return [(reading, found) for reading, found in rows if found is not None]


def _usable(interval: Interval | None) -> Interval | None:
    return interval if interval is not None and interval.estimate > 0.0 and interval.relative_half_width <= LEAST else None


def findings(results: Results) -> Findings:
    """What a (finished) study says of each reading."""
    keys: dict[int, str] = {}
    values: dict[tuple[str, int], Interval] = {}
    firings: dict[tuple[str, int], int] = {}
    for point in results.points:
        hours = _hours(point)
        for reading in READINGS:
            if not _is(point, reading):
                continue
            if reading.measure == "system":
                keys[id(point)] = reading.key
            measured = None if point.record is None else point.record.measures.get(reading.measure)
            if measured is not None and point.record is not None:
                values[reading.key, hours] = measured.primary
                firings[reading.key, hours] = point.record.firings
    ratios, against = {}, {}
    for ratio in results.ratios:
        of, to = keys.get(id(ratio.of)), keys.get(id(ratio.to))
        if of is None or to is None:
            continue
        if ratio.of.model == "standard":
            ratios[of, to, _hours(ratio.of)] = ratio.interval
        else:
            against[of, _hours(ratio.of)] = ratio.interval
    return Findings(values, ratios, against, float(results.about["precision"]), firings)


def _is(point: PointResult, reading: Reading) -> bool:
    return point.model == reading.model and all(point.axes.get(axis) == value for axis, value in reading.axes.items())


def _hours(point: PointResult) -> int:
    """E(X) of a point; a model without that axis has the first."""
    text = point.axes.get("mttf", f"{HOURS[0]} h")
    return int(float(text.removesuffix("h")))
