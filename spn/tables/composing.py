"""Rows of numbers become panels and series, with axes, labels and words. Which rows, and along which axes, is decided in `series`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from spn.estimate.intervals import Interval
from spn.estimate.numbers import percent
from spn.plots import scales
from spn.plots.types import Axis, Level, Line, NotPlottable, Panel, Plot, Series, listed
from spn.tables.axes import MODEL, Dimension, words
from spn.tables.choice import Choice, Layout, Quantity, Row
from spn.tables.results import Results

NEAR = 5.0
"""A ratio from which on it is too far from 1 for an axis with both on it."""

SHORT = 8
"""Letters of a name that stands in the label of each series."""


Labels = Mapping[tuple[str | None, ...], tuple[str, int, float | None]]
"""Of each series, by the values of the axes that make series: its label, the number of its style, and its shade if it has one."""


@final
@dataclass(slots=True)
class Composer:
    """Puts rows into panels and series."""

    results: Results
    choice: Choice
    known: Mapping[str, Dimension]
    rows: Sequence[Row]
    quantity: Quantity
    layout: Layout

    def plot(self, what: str) -> Plot:
        x, y = self._x(), self._y()
        labels = self._labels()
        grid = self._grid()
        rows = tuple(tuple(self._panel(values, title, x, y, labels) for values, title in row) for row in grid)
        key = self.known[self.layout.by[0]].title if self._has_key and len(labels) > 1 else ""
        return Plot(rows, self._caption(what), self._note(), key=key, about=origin(self.results))

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
        asked = self.choice.log
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
        if self.choice.ratio is not None:
            log = quantity.log and scales.wants_log([interval.estimate for interval in known], 4.0)
        asked = self.choice.log
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
        return self.choice.ratio is not None and min(ends) <= NEAR and max(ends) >= 1.0 / NEAR

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
            parts.append(f"×: no estimate{'' if self.results.finished else ' (yet)'}")
        return "; ".join(parts)

    def _caption(self, what: str) -> str:
        about, layout = self.results.about, self.layout
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
