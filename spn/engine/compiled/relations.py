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
Small = NDArray[np.int32]


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


CHUNK = 1 << 14
"""So many indices are looked at together: what is found of them takes several times the memory of what is kept."""

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
        self._counted: dict[int, Integers] = {}

    def changes(self, plan: ClassPlan) -> list[Change]:
        """The arcs of a class that change something: inputs, resets, outputs."""
        transition = plan.transition
        arcs: list[InputArc | OutputArc] = [*transition.inputs, *transition.resets, *transition.outputs]
        return [self._change(plan, arc) for arc in arcs]

    def _change(self, plan: ClassPlan, arc: InputArc | OutputArc) -> Change:
        net, transition = self.layout.net, plan.transition
        place = self.layout.place(arc.place)
        positions = self._positions(transition.size)
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

    def _positions(self, size: int) -> Integers:
        """0, 1, 2, ...; the same array each time, for it can be long."""
        if size not in self._counted:
            self._counted[size] = np.arange(size, dtype=np.int64)
        return self._counted[size]

    def readers(self, place: int, reader: int) -> tuple[Integers, Integers] | None:
        """(element, index) pairs sorted by element: who of a class reads what of a place; None: all of it."""
        key = (place, reader)
        if key not in self._pairs:
            found = [values for number, values in self.reads[reader].elements if number == place]
            self._pairs[key] = None if any(values is None for values in found) else self._by_element([v for v in found if v is not None])
        return self._pairs[key]

    def _by_element(self, found: list[Integers]) -> tuple[Integers, Integers]:
        indices = [self._positions(len(values)) if values.shape[1] == 1 else np.repeat(np.arange(len(values)), values.shape[1]) for values in found]
        if len(found) == 1:
            e, j = found[0].ravel(), indices[0]
        else:
            nothing = np.zeros(0, np.int64)
            e, j = np.concatenate([nothing, *(values.ravel() for values in found)]), np.concatenate([nothing, *indices])
        if bool((e[1:] >= e[:-1]).all()):
            return e, j
        order = np.argsort(e, kind="stable")
        return e[order], j[order]

    def reads_any(self, place: int, reader: int) -> bool:
        found = self.readers(place, reader)
        return found is None or bool(found[0].size)

    def rule(self, plan: ClassPlan, changes: list[Change], reader: ClassPlan) -> Rule | None:
        """Which indices of `reader` to look at after a firing of `plan`; None: none."""
        if self.always[reader.number]:
            return Everything()
        return self._rule(plan, changes, reader.number, reader.transition.size, plan is reader)

    def kept_rule(self, plan: ClassPlan, changes: list[Change], kept: KeptSum) -> Rule | None:
        """Which terms of a sum that is kept up to date a firing of `plan` can change."""
        if kept.number not in self._kept:
            self._kept[kept.number] = len(self.reads)
            self.reads.append(kept.reads)
        return self._rule(plan, changes, self._kept[kept.number], kept.size, False)

    def _rule(self, plan: ClassPlan, changes: list[Change], reader: int, other: int, own: bool) -> Rule | None:
        """With `own` an index is always looked at after its own firing."""
        size = plan.transition.size
        known: list[tuple[Integers, tuple[Integers, Integers]]] = []
        dynamic: list[tuple[int, Listed]] = []
        for number, change in enumerate(changes):
            if not self.reads_any(change.place, reader):
                continue
            pairs = self.readers(change.place, reader)
            if pairs is None or (change.elements is None and change.fan):
                return Everything() if other > 1 else Affine(0, 0)
            if change.elements is None:
                dynamic.append((number, _rows(pairs[0], pairs[1], self.layout.places[change.place].place.size)))
            else:
                known.append((change.elements, pairs))
        # Half the memory; there is no net with so many indices that it would not do.
        counts, indices = np.zeros(size, np.int32), [np.zeros(0, np.int32)]
        number = 0
        for first in range(0, size, CHUNK):
            last = min(first + CHUNK, size)
            i, j = _found(known, own, first, last, other)
            number += i.size
            if number > MOST_PAIRS:
                return Everything()
            counts[first:last] = np.bincount(i - first, minlength=last - first)
            indices.append(j.astype(np.int32))
        found = np.concatenate(indices)
        if dynamic:
            return Affine(0, 0) if other == 1 else Dynamic(_listed(counts, found), tuple(dynamic))
        return _classified(counts, found, other) if found.size else None


def _found(known: list[tuple[Integers, tuple[Integers, Integers]]], own: bool, first: int, last: int, other: int) -> tuple[Integers, Integers]:
    """The pairs (index that fires, index to look at) of some indices that fire, in order, each once."""
    here = np.arange(first, last)
    firing, reading = ([here], [here]) if own else ([here[:0]], [here[:0]])
    for elements, (e, j) in known:
        changed = elements[first:last]
        start, stop = np.searchsorted(e, changed, "left"), np.searchsorted(e, changed, "right")
        counts = (stop - start).ravel()
        if counts.sum() > MOST_PAIRS:
            return np.zeros(MOST_PAIRS + 1, np.int64), here
        firing.append(np.repeat(np.repeat(here, changed.shape[1]), counts))
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        reading.append(j[np.repeat(start.ravel(), counts) + offsets])
    both = np.unique(np.concatenate(firing) * other + np.concatenate(reading))
    return both // other, both % other


def _column(values: Integers) -> Integers:
    return values[:, np.newaxis] if values.ndim else values


def _rows(keys: Integers, values: Integers, size: int) -> Listed:
    inside = (keys >= 0) & (keys < size)
    return Listed(np.searchsorted(keys[inside], np.arange(size + 1)).astype(np.int64), values[inside].astype(np.int64))


def _listed(counts: Small, indices: Small) -> Listed:
    return Listed(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]), indices.astype(np.int64))


def _classified(counts: Small, indices: Small, other: int) -> Rule:
    size = len(counts)
    if other == 1 and counts.all():
        return Affine(0, 0)
    if counts.min() == counts.max():
        count = int(counts[0])
        table = indices.reshape(size, count)
        step = int(table[1, 0] - table[0, 0]) if size > 1 else int(other == size and table[0, 0] == 0)
        if bool((np.diff(table[:, 0]) == step).all()) and (count == 1 or bool((np.diff(table, axis=1) == 1).all())):
            return Affine(step, int(table[0, 0]), count)
    if counts.max() == 1:
        single = np.full(size, -1, np.int64)
        single[counts > 0] = indices
        return Listed(np.zeros(0, np.int64), single, single=True)
    return _listed(counts, indices)
