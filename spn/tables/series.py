"""Results as plots: which number of which measure, against which axis, with which axes for series and for panels. `composing` makes the plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import final

from spn.plots.types import NotPlottable, Plot, listed
from spn.sweeps.records import Measured
from spn.tables.axes import MODEL, Dimension, dimensions, key_of, words
from spn.tables.choice import QUANTITIES, STORED, Choice, Layout, Quantity, Row, TooMuch
from spn.tables.composing import Composer
from spn.tables.moments import asks_for_curve, clock_of, dimension_of, moments, title_of
from spn.tables.results import PointResult, Results
from spn.text.problems import nearest

FEW_SERIES = 6
"""Values of an axis up to which it is taken for series without being asked."""


def plot_of(results: Results, choice: Choice | None = None) -> Plot:
    """The plot of a study's results. Raises `NotPlottable`, in words for the user."""
    return _Plotter(results, choice or Choice(), dimensions(results)).plot()


def chosen_points(results: Results, choice: Choice) -> list[PointResult]:
    """The points that `choice.only` keeps. Raises `NotPlottable`."""
    return _Plotter(results, choice, dimensions(results)).points()


def chosen_measure(results: Results, points: Sequence[PointResult], choice: Choice) -> str:
    """The measure that is asked for, or the first availability, or the first measure. Raises `NotPlottable`."""
    return _Plotter(results, choice, {}).measure(points)


@final
@dataclass(slots=True)
class _Plotter:
    results: Results
    choice: Choice
    known: dict[str, Dimension]

    def plot(self) -> Plot:
        points = self.points()
        if self.choice.ratio is not None:
            rows, quantity, what = self._ratios(points)
        else:
            rows, quantity, what = self._measured(points)
        for name, _ in self.choice.only:
            self._axis(name)
        if not any(row.interval is not None for row in rows):
            raise NotPlottable(f"{what} has no estimate at any point yet" if not self.results.finished else f"{what} has no estimate at any point")
        return Composer(self.results, self.choice, self.known, rows, quantity, self._layout(rows)).plot(what)

    # Which points

    @property
    def clock(self) -> str:
        """What the times of a curve are called."""
        return clock_of(self.results.axes)

    def points(self) -> list[PointResult]:
        wanted: dict[str, set[str]] = {}
        for name, value in self.choice.only:
            if name != self.clock:
                wanted.setdefault(self._axis(name), set()).add(self._value(name, value))
        return [point for point in self.results.points if all(_key(point, name) in (None, *keys) for name, keys in wanted.items())]

    def _axis(self, name: str) -> str:
        if name not in self.known:
            hint = nearest(name, self.known) or f"there are {listed(list(self.known))}"
            raise NotPlottable(f"the study has no axis '{name}'; {hint}")
        return name

    def _value(self, name: str, value: str) -> str:
        """The key of a value, written as in the study or in another unit."""
        dimension = self.known[name]
        if name == MODEL and value in dimension.shown:
            return value
        for key, shown in dimension.shown.items():
            if value.strip() in (key, shown):
                return key
        if dimension.is_numeric:
            from spn.tables.axes import dimension as read

            number = next(iter(read(name, {value: value}).numbers.values()), math.nan)
            for key, other in dimension.numbers.items():
                if math.isclose(number, other, rel_tol=1e-5):
                    return key
        hint = nearest(value, dimension.shown.values()) or f"its values are {listed(_few(list(dimension.shown.values())))}"
        raise NotPlottable(f"'{name}' has no value '{value}'; {hint}")

    # Which numbers

    def _measured(self, points: Sequence[PointResult]) -> tuple[list[Row], Quantity, str]:
        measure = self.measure(points)
        rows = []
        kinds: dict[tuple[str, str], None] = {}
        times: dict[str, None] = {}
        key = ""
        for point in points:
            place = _place(point)
            if point.record is None or point.record.error:
                rows.append(Row(place, None))
                continue
            measured = point.record.measures.get(measure)
            if measured is None:
                continue
            kinds[measured.kind, measured.unit] = None
            if asks_for_curve(measured, self.choice.quantity):
                curve = moments(measured, self.choice.quantity)
                times.update(dict.fromkeys(curve))
                rows += [Row(place | {self.clock: key}, interval, not measured.converged) for key, interval in curve.items()]
                continue
            key = self._quantity(measure, measured)
            interval = measured.quantities.get(key)
            rows.append(Row(place, interval if interval is not None and not math.isnan(interval.estimate) else None, not measured.converged))
        kind, unit = next(iter(kinds), ("", ""))
        if times:
            self.known[self.clock] = dimension_of(self.clock, times)
            title, symbol = title_of(measure, kind, self.choice.quantity)
            return self._at_wanted_times(rows), Quantity(title, symbol, log=False), f"{title.lower()} of '{measure}'"
        return rows, self._named(measure, kind, unit, key), f"{self._words(kind, key)} of '{measure}'"

    def _at_wanted_times(self, rows: list[Row]) -> list[Row]:
        wanted = {self._value(name, value) for name, value in self.choice.only if name == self.clock}
        return [row for row in rows if not wanted or row.place.get(self.clock) in (None, *wanted)]

    def measure(self, points: Sequence[PointResult]) -> str:
        found: dict[str, str] = {}
        for point in points:
            for name, measured in (point.record.measures if point.record else {}).items():
                found.setdefault(name, measured.kind)
        if not found:
            raise NotPlottable("no point has an estimate" + ("" if self.results.finished else " yet; the study is still being simulated"))
        wanted = self.choice.measure
        if wanted is None:
            return next((name for name, kind in found.items() if kind == "availability"), next(iter(found)))
        if wanted not in found:
            raise NotPlottable(f"the study has no measure '{wanted}'; {nearest(wanted, found) or 'there are ' + listed(list(found))}")
        return wanted

    def _quantity(self, measure: str, measured: Measured) -> str:
        """The number of a measure that is asked for, as it is kept."""
        wanted = self.choice.quantity
        if wanted is None:
            return "unavailability" if measured.kind == "availability" else "estimate"
        stored = STORED.get(wanted, wanted)
        if stored in measured.quantities:
            return stored
        if measured.kind == "availability" and wanted in QUANTITIES:
            return stored  # a window without duration has no failures
        names = [*QUANTITIES] if measured.kind == "availability" else list(measured.quantities)
        raise NotPlottable(f"'{measure}' has no '{wanted}'; {nearest(wanted, names) or 'it has ' + listed(names)}")

    @staticmethod
    def _words(kind: str, key: str) -> str:
        name = next((name for name, stored in STORED.items() if stored == key), key)
        if kind == "availability" or name in QUANTITIES:
            return QUANTITIES[name].title.lower()
        return kind.replace("_", " ") if key == "estimate" else key

    def _named(self, measure: str, kind: str, unit: str, key: str) -> Quantity:
        name = next((name for name, stored in STORED.items() if stored == key), key)
        if name in QUANTITIES:
            return QUANTITIES[name]
        title = words(measure).capitalize() if key == "estimate" else f"{words(measure).capitalize()}, {key}"
        return Quantity(title, time={"s": 1, "1/s": -1}.get(unit, 0), unit="" if unit in ("s", "1/s") else unit)

    def _ratios(self, points: Sequence[PointResult]) -> tuple[list[Row], Quantity, str]:
        names = list(dict.fromkeys([*self.results.about.get("comparisons", ()), *(ratio.name for ratio in self.results.ratios)]))
        wanted = self.choice.ratio or (names[0] if names else "")
        if wanted not in names:
            hint = nearest(wanted, names) or (f"there are {listed(names)}" if names else "it has none")
            raise NotPlottable(f"the study has no comparison '{wanted}'; {hint}" if wanted else "the study has no comparison")
        rows = []
        ends: dict[tuple[str, str], None] = {}
        kept = set(map(id, points))
        for ratio in self.results.ratios:
            if ratio.name != wanted or id(ratio.of) not in kept:
                continue
            place = _place(ratio.to) | _place(ratio.of)
            if ratio.of.model != ratio.to.model:
                place[MODEL] = f"{ratio.of.model} / {ratio.to.model}"
            ends[ratio.of.model, ratio.to.model] = None
            doubtful = not (_converged(ratio.of, ratio.measures[0]) and _converged(ratio.to, ratio.measures[1]))
            rows.append(Row(place, None if math.isnan(ratio.interval.estimate) else ratio.interval, doubtful))
        shown = {f"{of} / {to}" if of != to else of: f"{words(of)} / {words(to)}" if of != to else words(of) for of, to in ends}
        self.known[MODEL] = replace(self.known[MODEL], shown=shown)
        title, what = "Ratio of U", f"the ratio '{wanted}' of unavailabilities"
        if len(ends) == 1:
            of, to = next(iter(ends))
            if of != to:
                title, what = f"U, {words(of)} / {words(to)}", f"unavailability of {words(of)} over that of {words(to)} ('{wanted}')"
        return rows, Quantity(title), what

    # Which axes

    def _layout(self, rows: Sequence[Row]) -> Layout:
        asked = [*((self.choice.x,) if self.choice.x else ()), *self.choice.by, *self.choice.panels]
        for name in asked:
            self._axis(name)
            if asked.count(name) > 1:
                raise NotPlottable(f"'{name}' has two parts to play; it can be along x, for series, or for panels")
        free = [name for name in self.known if len({row.place.get(name) for row in rows} - {None}) > 1]
        x = self.choice.x or self._along(free)
        by, panels = list(self.choice.by), list(self.choice.panels)
        settled = [MODEL, x, *by, *panels]
        rest = [name for name in free if name not in (x, *by, *panels)]
        rest = [name for name in rest if name == MODEL or not _follows(name, [other for other in settled if other != name], rows, settled)]
        if not by and rest:
            by = [MODEL] if MODEL in rest else [self._for_series(rest)]
            rest.remove(by[0])
        room = 2 - len(panels)
        if len(rest) > max(room, 0):
            raise TooMuch(
                rest[max(room, 0) :],
                f"there is more than a plot can show: {listed([x, *by, *panels, *rest])} vary; choose values with --only, as in --only "
                f"'{rest[-1]}={next(iter(self.known[rest[-1]].shown.values()))}', or axes with --by and --panels",
            )
        return Layout(x, tuple(by), (*panels, *rest))

    def _along(self, free: Sequence[str]) -> str:
        """The axis that a plot goes along if nobody says: time for curves, numbers before words, many values before few."""
        if self.clock in free:
            return self.clock
        if not free:
            return next((name for name in self.known if name != MODEL and self.known[name].is_numeric and not self.choice.ratio), MODEL)
        return max(free, key=lambda name: (self.known[name].is_numeric, len(self.known[name].shown), -list(self.known).index(name)))

    def _for_series(self, rest: Sequence[str]) -> str:
        few = [name for name in rest if len(self.known[name].shown) <= FEW_SERIES]
        return few[0] if few else min(rest, key=lambda name: len(self.known[name].shown))


def _few(words: list[str], most: int = 8) -> list[str]:
    return words if len(words) <= most else [*words[:most], f"{len(words) - most} more"]


def _key(point: PointResult, name: str) -> str | None:
    if name == MODEL:
        return point.model
    return key_of(point, name) if name in point.axes else None


def _place(point: PointResult) -> dict[str, str]:
    return {MODEL: point.model, **{name: key_of(point, name) for name in point.axes}}


def _converged(point: PointResult, measure: str) -> bool:
    measured = point.record.measures.get(measure) if point.record else None
    return measured is not None and measured.converged


def _follows(name: str, others: Sequence[str], rows: Iterable[Row], settled: list[str]) -> bool:
    """Whether the value of an axis follows from the others', as in axes that are zipped; if not, it is settled from now on."""
    seen: dict[tuple[str | None, ...], str] = {}
    for row in rows:
        if name in row.place and seen.setdefault(tuple(row.place.get(other) for other in others), row.place[name]) != row.place[name]:
            settled.append(name)
            return False
    return True


