"""Measures of the net: conditions and expressions folded, transitions by path as classes and the indices in them that count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spn.expressions.tree import Constant, Domain, Expression, Lookup, Step, Variable
from spn.expressions.types import BOOLEAN, INTEGER
from spn.expressions.walk import substitute
from spn.model.ranges import between
from spn.net.types import (
    At,
    Availability,
    Average,
    Count,
    Firings,
    FirstPassage,
    Integral,
    Measure,
    Over,
    Quantity,
    Rate,
    Steady,
    Tally,
    Until,
    Window,
)
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver import frames
from spn.resolver.columns import Array, Tables, affine
from spn.resolver.fold import OWN, Space, fold
from spn.resolver.frames import Frame
from spn.resolver.locate import Atlas
from spn.resolver.lower import lower
from spn.resolver.transitions import TransitionClass
from spn.text.problems import Problems

ROOT = Constant(INTEGER, 0)


def measures(
    atlas: Atlas, classes: Sequence[TransitionClass], net_tables: Tables, sizes: dict[str, int], problems: Problems
) -> list[Measure]:
    """The measures of the root module."""
    space = Space(1, OWN, {}, atlas.tables, net_tables, problems, sizes)
    builder = _Builder(atlas, classes, net_tables, space, problems)
    root = atlas.elaboration.modules[""]
    return [measure for m in root.measures.values() if (measure := builder.measure(m)) is not None]


def rare_events(atlas: Atlas, classes: Sequence[TransitionClass], net_tables: Tables, sizes: dict[str, int], problems: Problems) -> list[Measure]:
    """What the rare events of the root module are made of, as measures. They are no part of the net, and so they may use tables of their own."""
    space = Space(1, OWN, {}, atlas.tables, net_tables, problems, sizes)
    builder = _Builder(atlas, classes, net_tables, space, problems)
    found = []
    for part in atlas.elaboration.modules[""].rare.values():
        measure = builder.measure(part)
        if measure is not None and isinstance(measure.quantity, FirstPassage) and measure.quantity.within == (0.0,):
            assert part.within is not None
            problems.error("bad-value", "'within' must be greater than 0", part.within.values[0].span)
        found += [measure] if measure is not None else []
    return found


MOST_TIMES = 10_000
"""The most points of a curve."""


@dataclass(slots=True)
class _Builder:
    atlas: Atlas
    classes: Sequence[TransitionClass]
    net_tables: Tables
    space: Space
    problems: Problems

    def measure(self, m: declared.Measure) -> Measure | None:
        """The measure; None, and a warning, if none of its transitions exists with the parameters as they are."""
        precision = None if m.precision is None else self._number(m.precision, "precision", 0.0, 1.0)
        known = sum(1 for _ in self.problems.errors)
        quantity, window = self._quantity(m), self._window(m)
        if isinstance(quantity, Rate | Count | Tally) and not quantity.firings:
            if sum(1 for _ in self.problems.errors) > known:
                return None
            message = f"'{m.name}' is left out: with these parameters there is no such transition"
            self.problems.warning("no-transition", message, m.targets[0].span)
            return None
        return Measure(m.name, quantity, window, precision, m.doc)

    def _fold(self, expression: Expression) -> Expression:
        return fold(lower(expression, self.atlas, "", ROOT, {}), self.space)

    def _number(self, expression: Expression, what: str, least: float = 0.0, below: float = float("inf")) -> float:
        frame = Frame(1, self.atlas.elaboration.rows[""].frame.parameters, {}, self.atlas.elaboration.rows[""].frame.tables)
        value = float(frames.evaluate(expression, frame, self.problems)[0])
        if not least <= value < below or (what == "precision" and value == 0.0):
            limit = f"between {least:g} and {below:g}" if below < float("inf") else f"at least {least:g}"
            self.problems.error("bad-value", f"'{what}' must be {limit}, not {value:g}", expression.span)
        return value

    def _times(self, times: declared.Times, what: str) -> tuple[float, ...]:
        """The points in time of a measure, in increasing order."""
        if times.range is None:
            found = [self._number(value, what) for value in times.values]
            for earlier, later, value in zip(found, found[1:], times.values[1:], strict=False):
                if later <= earlier:
                    self.problems.error("bad-value", f"the times of '{what}' must increase: {later:g} s comes after {earlier:g} s", value.span)
            return tuple(found)
        first, last, points = times.range
        start, stop = self._number(first, what), self._number(last, what)
        count = self._number(points, "points", 2, MOST_TIMES + 1)
        if stop <= start:
            self.problems.error("bad-value", f"the times from {start:g} s to {stop:g} s do not increase", last.span)
        elif times.log and start == 0.0:
            self.problems.error("bad-value", "a logarithmic range has positive ends", first.span)
        elif 2 <= count <= MOST_TIMES:
            return tuple(between(start, stop, int(count), times.log))
        return (start,)

    def _window(self, m: declared.Measure) -> Window:
        if m.at is not None:
            return At(self._times(m.at, "at"))
        if m.until is not None:
            return Until(self._fold(m.until))
        if m.over:
            start, stop = (0.0, self._number(m.over[0], "over")) if len(m.over) == 1 else [self._number(e, "over") for e in m.over]
            if stop <= start:
                self.problems.error("bad-value", f"the window from {start:g} s to {stop:g} s is empty", m.over[-1].span)
            return Over(start, stop)
        return Steady()

    def _quantity(self, m: declared.Measure) -> Quantity:
        match m.kind:
            case "availability":
                return Availability(self._subject(m))
            case "average":
                return Average(self._subject(m))
            case "integral":
                return Integral(self._subject(m))
            case "first_passage":
                return FirstPassage(self._subject(m), () if m.within is None else self._times(m.within, "within"), self._quantiles(m))
            case "rate":
                return Rate(self._firings(m.targets))
            case "count":
                return Count(self._firings(m.targets))
            case "tally":
                return Tally(self._firings(m.targets), self._quantiles(m))

    def _quantiles(self, m: declared.Measure) -> tuple[float, ...]:
        return tuple(self._number(q, "quantiles", 0.0, 1.0) for q in m.quantiles)

    def _subject(self, m: declared.Measure) -> Expression:
        assert m.expression is not None
        return self._fold(m.expression)

    def _firings(self, targets: Sequence[declared.Target]) -> tuple[Firings, ...]:
        return tuple(firings for target in targets for firings in self._target(target))

    def _target(self, target: declared.Target) -> list[Firings]:
        rows = None if target.instances_of is not None else self._rows(target.path)
        found = []
        for c in self.classes:
            if c.module != target.module or c.declaration.name != target.transition:
                continue
            mask = np.ones(c.transition.size, np.bool_) if rows is None else np.isin(c.columns[":row"], rows)
            for loop, index in zip(c.declaration.loops, target.indices, strict=False):
                mask &= self._selected(target, index, c.columns[loop.variable])
            if mask.any():
                value = None if target.value is None else self._value(target.value, c)
                found.append(Firings(c.transition.name, self._where(mask, c), value))
        if not found and target.indices:
            self.problems.error("bad-index", f"no transition '{target.transition}' has these indices", target.span)
        return found

    def _selected(self, target: declared.Target, index: Expression, values: Array) -> NDArray[np.bool_]:
        """Which values of a ``for`` variable a target's index means: one value, or those of the target's loop."""
        root = self.atlas.elaboration.rows[""].frame
        if target.loop is None or not (isinstance(index, Variable) and index.name == target.loop.variable):
            return np.asarray(values == self._index(index))
        one = Frame(1, root.parameters, {}, root.tables)
        extent = frames.extent(target.loop, one, self.problems)
        inside = (values >= extent.low[0]) & (values < extent.low[0] + extent.count[0])
        if target.condition is not None and inside.any():
            frame = one.take(np.zeros(int(inside.sum()), np.int64))
            frame.variables[target.loop.variable] = values[inside]
            inside[inside] = frames.evaluate(target.condition, frame, self.problems).astype(np.bool_)
        return np.asarray(inside)

    def _where(self, mask: NDArray[np.bool_], c: TransitionClass) -> Expression | None:
        if mask.all():
            return None
        name = self.net_tables.intern(mask, BOOLEAN)
        return Lookup(BOOLEAN, name, affine(0, 1, Variable(INTEGER, c.transition.index)))

    def _value(self, value: Expression, c: TransitionClass) -> Expression:
        """A tallied expression, in the variables of the transition and the names of the root."""
        known: dict[str, Domain] = {loop.variable: loop.domain for loop in c.declaration.loops}
        folded = fold(lower(value, self.atlas, "", ROOT, known), c.space)
        return substitute(folded, {OWN: Variable(INTEGER, c.transition.index)})

    def _index(self, index: Expression) -> object:
        frame = self.atlas.elaboration.rows[""].frame
        return frames.evaluate(index, Frame(1, frame.parameters, {}, frame.tables), self.problems)[0]

    def _rows(self, path: tuple[Step, ...]) -> Array:
        """The rows that a path from the root means; a step without indices means all of its array."""
        module, rows = "", np.zeros(1, np.int64)
        for step in path:
            parent = self.atlas.elaboration.rows[module]
            instance = parent.module.instances[step.name]
            if step.name not in parent.children:
                return np.zeros(0, np.int64)
            frame = Frame(parent.size, parent.frame.parameters, {":row": np.arange(parent.size, dtype=np.int64)}, parent.frame.tables)
            for loop in instance.loops:
                expanded = frames.expand(frame, loop, self.problems)
                assert expanded is not None
                frame = expanded[0]
            child = self.atlas.tables[f"{module}/{step.name}:rows"]
            mask = np.isin(frame.variables[":row"], rows) & (child >= 0)
            for loop, index in zip(instance.loops, step.indices, strict=False):
                mask &= frame.variables[loop.variable] == self._index(index)
            rows, module = child[mask], instance.module
        return rows


