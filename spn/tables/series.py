"""Results as plots: which number of which measure, against which axis, with which axes for series and for panels. Drawing is in `spn.plots`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from spn.estimate.intervals import Interval
from spn.estimate.numbers import percent
from spn.plots import scales
from spn.plots.types import Axis, Level, Line, NotPlottable, Panel, Plot, Series, listed
from spn.sweeps.records import Measured
from spn.tables.axes import MODEL, Dimension, dimensions, key_of, words
from spn.tables.results import PointResult, Results
from spn.text.problems import nearest

NEAR = 5.0
"""A ratio from which on it is too far from 1 for an axis with both on it."""

SHORT = 8
"""Letters of a name that stands in the label of each series."""

FEW_SERIES = 6
"""Values of an axis up to which it is taken for series without being asked."""


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

_STORED = {"downtime": "downtime_s_per_year", "failures": "failures_per_year", "mean_up": "mean_up_s", "mean_down": "mean_down_s"}


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be plotted of a study; what is not said is chosen by what there is.

    `measure` and `quantity` say of which number, or `ratio` of which comparison; `x` is the axis along which it goes, `by` those whose values are
    series, `panels` those of which each value has a panel (columns, then rows). ``model`` stands for the models. `only` keeps of an axis one value.
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


def plot_of(results: Results, choice: Choice = Choice()) -> Plot:
    """The plot of a study's results. Raises `NotPlottable`, in words for the user."""
    return _Plotter(results, choice, dimensions(results)).plot()


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
        if not any(row.interval is not None for row in rows):
            raise NotPlottable(f"{what} has no estimate at any point yet" if not self.results.finished else f"{what} has no estimate at any point")
        layout = self._layout(rows)
        return _Composer(self, rows, quantity, layout).plot(what)

    # Which points

    def points(self) -> list[PointResult]:
        wanted: dict[str, set[str]] = {}
        for name, value in self.choice.only:
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
        key = ""
        for point in points:
            place = _place(point)
            if point.record is None or point.record.error:
                rows.append(Row(place, None))
                continue
            measured = point.record.measures.get(measure)
            if measured is None:
                continue
            key = self._quantity(measure, measured)
            kinds[measured.kind, measured.unit] = None
            interval = measured.quantities.get(key)
            rows.append(Row(place, interval if interval is not None and not math.isnan(interval.estimate) else None, not measured.converged))
        kind, unit = next(iter(kinds), ("", ""))
        return rows, self._named(measure, kind, unit, key), f"{self._words(kind, key)} of '{measure}'"

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
        stored = _STORED.get(wanted, wanted)
        if stored in measured.quantities:
            return stored
        if measured.kind == "availability" and wanted in QUANTITIES:
            return stored  # a window without duration has no failures
        names = [*QUANTITIES] if measured.kind == "availability" else list(measured.quantities)
        raise NotPlottable(f"'{measure}' has no '{wanted}'; {nearest(wanted, names) or 'it has ' + listed(names)}")

    @staticmethod
    def _words(kind: str, key: str) -> str:
        name = next((name for name, stored in _STORED.items() if stored == key), key)
        if kind == "availability" or name in QUANTITIES:
            return QUANTITIES[name].title.lower()
        return kind.replace("_", " ") if key == "estimate" else key

    def _named(self, measure: str, kind: str, unit: str, key: str) -> Quantity:
        name = next((name for name, stored in _STORED.items() if stored == key), key)
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

    def _layout(self, rows: Sequence[Row]) -> _Layout:
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
        return _Layout(x, tuple(by), (*panels, *rest))

    def _along(self, free: Sequence[str]) -> str:
        """The axis that a plot goes along if nobody says: numbers before words, many values before few."""
        if not free:
            return next((name for name in self.known if name != MODEL and self.known[name].is_numeric and not self.choice.ratio), MODEL)
        return max(free, key=lambda name: (self.known[name].is_numeric, len(self.known[name].shown), -list(self.known).index(name)))

    def _for_series(self, rest: Sequence[str]) -> str:
        few = [name for name in rest if len(self.known[name].shown) <= FEW_SERIES]
        return few[0] if few else min(rest, key=lambda name: len(self.known[name].shown))


@final
@dataclass(frozen=True, slots=True)
class _Layout:
    x: str
    by: tuple[str, ...]
    panels: tuple[str, ...]


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


Labels = Mapping[tuple[str | None, ...], tuple[str, int, float | None]]
"""Of each series, by the values of the axes that make series: its label, the number of its style, and its shade if it has one."""


@final
@dataclass(slots=True)
class _Composer:
    """Puts rows into panels and series."""

    plotter: _Plotter
    rows: Sequence[Row]
    quantity: Quantity
    layout: _Layout

    @property
    def known(self) -> Mapping[str, Dimension]:
        return self.plotter.known

    def plot(self, what: str) -> Plot:
        x, y = self._x(), self._y()
        labels = self._labels()
        grid = self._grid()
        rows = tuple(tuple(self._panel(values, title, x, y, labels) for values, title in row) for row in grid)
        key = self.known[self.layout.by[0]].title if self._has_key and len(labels) > 1 else ""
        return Plot(rows, self._caption(what), self._note(), key=key, about=origin(self.plotter.results))

    @property
    def _has_key(self) -> bool:
        """The labels are values of one axis whose name is too long to stand in each of them."""
        by = self.layout.by
        return len(by) == 1 and by[0] != MODEL and len(words(by[0])) > SHORT

    def _x(self) -> Axis:
        dimension = self.known[self.layout.x]
        used = [key for key in dimension.shown if any(row.place.get(dimension.name) == key for row in self.rows)]
        if not dimension.is_numeric:
            return Axis("", categories=tuple(dimension.shown[key] for key in used))
        numbers = [dimension.numbers[key] for key in used]
        log = scales.is_geometric(numbers)
        asked = self.plotter.choice.log
        if asked is not None:
            log = "x" in asked
            if log and min(numbers, default=1.0) <= 0.0:
                raise NotPlottable(f"'{dimension.name}' has values that are not positive, and no logarithm")
        unit, factor = time_unit(dimension.time, dimension.unit, numbers)
        return Axis(capitalised(dimension.title), unit=unit, factor=factor, log=log, ticks=tuple(numbers), zero=min(numbers, default=1.0) == 0.0)

    def _y(self) -> Axis:
        quantity = self.quantity
        known = [row.interval for row in self.rows if row.interval is not None]
        log = quantity.log and scales.wants_log(interval.estimate for interval in known)
        if self.plotter.choice.ratio is not None:
            log = quantity.log and scales.wants_log([interval.estimate for interval in known], 4.0)
        asked = self.plotter.choice.log
        if asked is not None:
            log = "y" in asked
            if log and not any(interval.estimate > 0.0 for interval in known):
                raise NotPlottable("no number is positive, so that none has a logarithm")
        unit, factor = time_unit(quantity.time, "", [interval.estimate for interval in known])
        return Axis(quantity.title, quantity.symbol, unit=unit or quantity.unit, factor=factor, log=log, zero=self._near_zero(known))

    def _near_zero(self, known: Sequence[Interval]) -> bool:
        finite = [interval.low for interval in known if math.isfinite(interval.low)]
        return bool(finite) and self.quantity.title != "Availability" and 0.0 <= min(finite) <= 0.5 * max(i.estimate for i in known)

    def _labels(self) -> Labels:
        """The labels of series; they have shades, if they are in the order of a quantity."""
        by = self.layout.by
        present = {tuple(row.place.get(name) for name in by) for row in self.rows}
        orders = {name: {key: k for k, key in enumerate(self.known[name].shown)} for name in by}

        def rank(key: tuple[str | None, ...]) -> tuple[int, ...]:
            return tuple(len(orders[name]) if part is None else orders[name].get(part, -1) for name, part in zip(by, key, strict=True))

        ordered = sorted(present, key=rank)
        numeric = len(by) == 1 and self.known[by[0]].is_numeric and len(ordered) > 2
        found = {}
        for k, key in enumerate(ordered):
            parts = [self._named(name, part, alone=self._has_key) for name, part in zip(by, key, strict=True) if part is not None]
            found[key] = (", ".join(parts), k, k / (len(ordered) - 1) if numeric else None)
        return found

    def _named(self, name: str, key: str, *, alone: bool) -> str:
        shown = self.known[name].shown[key]
        return shown if alone or name == MODEL else f"{words(name)} = {shown}"

    def _grid(self) -> list[list[tuple[dict[str, str], str]]]:
        """The values of the axes that make panels, with titles, in rows."""
        values = [[key for key in self.known[name].shown if any(row.place.get(name) == key for row in self.rows)] for name in self.layout.panels]
        names = self.layout.panels
        if not names:
            return [[({}, "")]]

        def cell(*keys: str) -> tuple[dict[str, str], str]:
            place = dict(zip(names, keys, strict=True))
            return place, ", ".join(self._named(name, key, alone=False) for name, key in place.items())

        if len(names) == 1:
            cells = [cell(key) for key in values[0]]
            across = len(cells) if len(cells) <= 4 else 3 if len(cells) in (5, 6, 9) else 4
            return [cells[k : k + across] for k in range(0, len(cells), across)]
        return [[cell(column, row) for column in values[0]] for row in values[1]]

    def _panel(self, values: Mapping[str, str], title: str, x: Axis, y: Axis, labels: Labels) -> Panel:
        inside = [row for row in self.rows if all(row.place.get(name) in (None, key) for name, key in values.items())]
        series, levels = [], []
        for key, (label, style, shade) in labels.items():
            own = [row for row in inside if tuple(row.place.get(name) for name in self.layout.by) == key]
            placed = [(self._position(row, x), row) for row in own if self.layout.x in row.place]
            if placed:
                series.append(_series(sorted(placed, key=lambda pair: pair[0]), label, style, shade))
            for row in own:
                if self.layout.x not in row.place and (i := row.interval) is not None:
                    levels.append(Level(label, i.estimate, i.low, i.high, style, shade, row.doubtful))
        lines = (Line(1.0, "equal"),) if self._is_near_equal else ()
        return Panel(x, y, tuple(series), tuple(levels), lines, title)

    @property
    def _is_near_equal(self) -> bool:
        """These are ratios, and so near to 1 that it belongs on their axis."""
        ends = [value for row in self.rows if (i := row.interval) is not None for value in (i.low, i.high)]
        return self.plotter.choice.ratio is not None and min(ends) <= NEAR and max(ends) >= 1.0 / NEAR

    def _position(self, row: Row, x: Axis) -> float:
        dimension = self.known[self.layout.x]
        key = row.place[self.layout.x]
        if dimension.is_numeric:
            return dimension.numbers[key]
        return float(x.categories.index(dimension.shown[key]))

    # Words

    def _note(self) -> str:
        confidence = percent(next(row.interval.confidence for row in self.rows if row.interval is not None))
        parts = [f"{confidence} confidence intervals"]
        if any(row.doubtful for row in self.rows if row.interval is not None):
            parts.append("hollow: precision not reached")
        missing = sum(row.interval is None for row in self.rows)
        if missing:
            parts.append(f"×: no estimate{'' if self.plotter.results.finished else ' (yet)'}")
        return "; ".join(parts)

    def _caption(self, what: str) -> str:
        about, layout = self.plotter.results.about, self.layout
        text = f"{what[0].upper()}{what[1:]}"
        if layout.x != MODEL or len(layout.by) or self.known[MODEL].is_numeric:
            text += f" against {words(layout.x)}" if layout.x != MODEL else ""
        names = list(dict.fromkeys(label for label, _, _ in self._labels().values() if label))
        if len(names) > 1:
            text += f", for {listed([*names])}" if layout.by == (MODEL,) else f", for {listed([words(name) for name in layout.by])}"
        if layout.panels:
            text += f"; a panel for each value of {listed([words(name) for name in layout.panels])}"
        text += f". Bars and bands are {self._note()}."
        if self._is_near_equal:
            text += " The dashed line is where both are equal."
        return text + f" Study {about.get('name', '')}, seed {about.get('seed', '')}."


def origin(results: Results) -> str:
    """Where the numbers of a plot come from, for the file that it is written to."""
    about = results.about
    versions = ", ".join(f"{name} {version}" for name, version in sorted(about.get("versions", {}).items()))
    return f"study {about.get('name', '')}, seed {about.get('seed', '')}, precision {percent(about['precision'])}; {versions}".rstrip("; ")


def _series(placed: Sequence[tuple[float, Row]], label: str, style: int, shade: float | None) -> Series:
    known = [(at, row.interval, row.doubtful) for at, row in placed if row.interval is not None]
    return Series(
        label,
        tuple(at for at, _, _ in known),
        tuple(interval.estimate for _, interval, _ in known),
        tuple(interval.low for _, interval, _ in known),
        tuple(interval.high for _, interval, _ in known),
        style,
        shade,
        tuple(doubtful for _, _, doubtful in known),
        tuple(at for at, row in placed if row.interval is None),
    )


def capitalised(text: str) -> str:
    """With a capital first letter, if it is words, not a symbol or an abbreviation."""
    return text[0].upper() + text[1:] if len(text) > 5 and not any(character.isupper() for character in text) else text


def time_unit(power: int, unit: str, numbers: Iterable[float]) -> tuple[str, float]:
    """How an axis names the unit of numbers with a power of time, and its size in base units."""
    if power == 1:
        name = unit or scales.unit_for(numbers)
        return scales.SPELT.get(name, name), scales.unit_size(name)
    if power == -1:
        name = unit or scales.rate_unit_for(numbers)
        return f"{name}⁻¹", 1.0 / scales.unit_size(name)
    return (f"s^{power}" if power else ""), 1.0
