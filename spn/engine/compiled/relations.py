"""Which indices of a class a firing of another can change: found with numpy for a net, as a rule that the source can follow. Nothing is written here.

The rule for a pair of classes is one of: an affine map of the index, a range of indices, a table with at most one index, lists of indices, all,
or what the element of an arc leads to that only the marking decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled.kept import KeptSum
from spn.engine.compiled.layout import ClassPlan, Layout
from spn.engine.reference.dependencies import MOST_PAIRS, SHAPE, Reads, Spread, enabling_reads, values_of
from spn.net.types import InputArc, OutputArc

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Affine:
    """The index ``step * i + start``, and so many after it."""

    step: int
    start: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """For each index a row of indices; `rows` tells where each begins. With `single` at most one (-1: none)."""

    rows: Integers
    indices: Integers
    single: bool = False


@dataclass(frozen=True, slots=True)
class Everything:
    """All indices."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The index pairs known beforehand, and the readers of elements that only the marking decides: (number of the change, lists by element)."""

    known: Listed
    by_element: tuple[tuple[int, Listed], ...]


Rule = Affine | Listed | Everything | Dynamic


@dataclass
class Change:
    """An arc that changes a place: its elements by index where they are known beforehand. `source` is set while a firing is written."""

    arc: InputArc | OutputArc
    place: int
    elements: Integers | None
    fan: bool
    source: str = field(default="", compare=False)


class Relations:
    """For all classes: what each changes and reads."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        kinds = layout.prepared.classes
        self.reads: list[Reads] = [enabling_reads(kind) for kind in kinds]
        self.always = [reads.now for reads in self.reads]
        self._kept: dict[int, int] = {}
        self._pairs: dict[tuple[int, int], tuple[Integers, Integers] | None] = {}

    def changes(self, plan: ClassPlan) -> list[Change]:
        """The arcs of a class that change something: inputs, resets, outputs."""
        transition = plan.transition
        arcs: list[InputArc | OutputArc] = [*transition.inputs, *transition.resets, *transition.outputs]
        return [self._change(plan, arc) for arc in arcs]

    def _change(self, plan: ClassPlan, arc: InputArc | OutputArc) -> Change:
        net, transition = self.layout.net, plan.transition
        place = self.layout.place(arc.place)
        positions = np.arange(transition.size, dtype=np.int64)
        spread: Spread = {SHAPE: positions, transition.index: positions}
        if arc.loop is not None:
            first, last = values_of(arc.loop.start, spread, net.tables), values_of(arc.loop.stop, spread, net.tables)
            if first is not None and last is not None and first.size and last.size and last.max() - first.min() < MOST_PAIRS // transition.size:
                span = np.arange(first.min(), max(first.min(), last.max()) + 1)
                spread = {key: value[:, np.newaxis] for key, value in spread.items()}
                spread[arc.loop.variable] = span[np.newaxis, :]
                inside = (spread[arc.loop.variable] >= _column(first)) & (spread[arc.loop.variable] <= _column(last))
                values = values_of(arc.element, spread, net.tables)
                if values is not None:
                    found = np.broadcast_to(values, (transition.size, span.size))
                    return Change(arc, place.number, np.where(np.broadcast_to(inside, found.shape), found, -1), True)
            return Change(arc, place.number, np.zeros((transition.size, 1), np.int64) if place.place.size == 1 else None, True)
        values = np.array(0) if place.place.size == 1 else values_of(arc.element, spread, net.tables)
        if values is None:
            return Change(arc, place.number, None, False)
        return Change(arc, place.number, np.broadcast_to(values, (transition.size,)).reshape(-1, 1), False)

    def readers(self, place: int, reader: int) -> tuple[Integers, Integers] | None:
        """(element, index) pairs sorted by element: who of a class reads what of a place; None: all of it."""
        key = (place, reader)
        if key not in self._pairs:
            elements, indices = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
            whole = False
            for number, values in self.reads[reader].elements:
                if number == place and values is None:
                    whole = True
                elif number == place and values is not None:
                    elements.append(values.ravel())
                    indices.append(np.repeat(np.arange(len(values)), values.shape[1]))
            e, j = np.concatenate(elements), np.concatenate(indices)
            order = np.argsort(e, kind="stable")
            self._pairs[key] = None if whole else (e[order], j[order])
        return self._pairs[key]

    def reads_any(self, place: int, reader: int) -> bool:
        found = self.readers(place, reader)
        return found is None or bool(found[0].size)

    def rule(self, plan: ClassPlan, changes: list[Change], reader: ClassPlan) -> Rule | None:
        """Which indices of `reader` to look at after a firing of `plan`; None: none."""
        if self.always[reader.number]:
            return Everything()
        own = np.arange(plan.transition.size) if plan is reader else np.zeros(0, np.int64)
        return self._rule(plan, changes, reader.number, reader.transition.size, own)

    def kept_rule(self, plan: ClassPlan, changes: list[Change], kept: KeptSum) -> Rule | None:
        """Which terms of a sum that is kept up to date a firing of `plan` can change."""
        if kept.number not in self._kept:
            self._kept[kept.number] = len(self.reads)
            self.reads.append(kept.reads)
        return self._rule(plan, changes, self._kept[kept.number], kept.size, np.zeros(0, np.int64))

    def _rule(self, plan: ClassPlan, changes: list[Change], reader: int, other: int, own: Integers) -> Rule | None:
        size = plan.transition.size
        firing, reading = [own], [own]
        dynamic: list[tuple[int, Listed]] = []
        for number, change in enumerate(changes):
            if not self.reads_any(change.place, reader):
                continue
            pairs = self.readers(change.place, reader)
            if pairs is None or (change.elements is None and change.fan):
                return Everything() if other > 1 else Affine(0, 0)
            if change.elements is None:
                dynamic.append((number, _rows(pairs[0], pairs[1], self.layout.places[change.place].place.size)))
                continue
            start, stop = np.searchsorted(pairs[0], change.elements, "left"), np.searchsorted(pairs[0], change.elements, "right")
            counts = (stop - start).ravel()
            if counts.sum() > MOST_PAIRS:
                return Everything()
            firing.append(np.repeat(np.repeat(np.arange(size), change.elements.shape[1]), counts))
            offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            reading.append(pairs[1][np.repeat(start.ravel(), counts) + offsets])
        i, j = np.concatenate(firing), np.concatenate(reading)
        both = np.unique(i * other + j)
        i, j = both // other, both % other
        if dynamic:
            return Affine(0, 0) if other == 1 else Dynamic(_rows(i, j, size), tuple(dynamic))
        return _classified(i, j, size, other) if i.size else None


def _column(values: Integers) -> Integers:
    return values[:, np.newaxis] if values.ndim else values


def _rows(keys: Integers, values: Integers, size: int) -> Listed:
    inside = (keys >= 0) & (keys < size)
    return Listed(np.searchsorted(keys[inside], np.arange(size + 1)).astype(np.int64), values[inside].astype(np.int64))


def _classified(i: Integers, j: Integers, size: int, other: int) -> Rule:
    counts = np.bincount(i, minlength=size)
    if other == 1 and counts.all():
        return Affine(0, 0)
    if counts.min() == counts.max():
        count = int(counts[0])
        table = j.reshape(size, count)
        step = int(table[1, 0] - table[0, 0]) if size > 1 else int(other == size and table[0, 0] == 0)
        start = int(table[0, 0])
        if (table == step * np.arange(size)[:, np.newaxis] + start + np.arange(count)).all():
            return Affine(step, start, count)
    if counts.max() == 1:
        table = np.full(size, -1, np.int64)  # type: ignore[assignment]
        table[i] = j
        return Listed(np.zeros(0, np.int64), table, single=True)
    return _rows(i, j, size)
