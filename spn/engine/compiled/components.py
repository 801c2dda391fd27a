"""Which parts of a net have nothing to do with each other, and which of these are alike: found with numpy, without running anything.

A component is a set of elements of places and of indices of classes that is connected by arcs, guards, delays, weights and records of measures. What
happens in one depends on nothing outside it. Components have the same shape if a map of elements and indices that keeps their order takes one to the
other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import delays
from spn.engine.compiled.kept import KeptSum
from spn.engine.compiled.layout import ClassPlan, Layout
from spn.engine.reference.dependencies import Reads, _Reader
from spn.expressions.tree import Expression, Tokens, Variable
from spn.expressions.walk import children, free_variables
from spn.net.types import Bind, Immediate, InputArc, OutputArc, Rate, Tally
from spn.net.types import Count as CountOf

Integers = NDArray[np.int64]

MOST_COMPONENTS = 10_000
"""Of more nothing is remembered: what tables need to know of each takes a tenth of a millisecond before a run."""


def records_of(layout: Layout, plan: ClassPlan) -> list[tuple[object, Expression | None, Expression | None]]:
    """What measures note at the firings of a class: (measure's quantity, where, value)."""
    return [
        (measure.quantity, firings.where, firings.value)
        for measure in layout.net.measures
        if isinstance(measure.quantity, Rate | CountOf | Tally)
        for firings in measure.quantity.firings
        if firings.transition == plan.transition.name
    ]


def _arcs(plan: ClassPlan) -> list[InputArc | OutputArc]:
    transition = plan.transition
    return [*transition.inputs, *transition.tests, *transition.inhibitors, *transition.resets, *transition.outputs]


def all_reads(layout: Layout, plan: ClassPlan) -> Reads:
    """All that a class reads and changes, in the order of its arcs and expressions."""
    transition = plan.transition
    reader = _Reader(layout.prepared, transition.index, transition.size)
    for arc in _arcs(plan):
        reader.arc(arc, tokens=True)
        if not isinstance(arc, InputArc) and arc.token is not None:
            reader.expression(arc.token, reader.spread)
    timing = transition.timing
    expressions = [transition.guard]
    expressions += [timing.weight] if isinstance(timing, Immediate) else [timing.servers, timing.delay]
    for _, where, value in records_of(layout, plan):
        expressions += [where, value]
    for expression in expressions:
        if expression is not None:
            reader.expression(expression, reader.spread)
    return reader.reads()


def _mentions(expression: Expression, name: str) -> bool:
    """Whether a variable occurs in an expression, elements of places apart."""
    if isinstance(expression, Variable):
        return expression.name == name
    if isinstance(expression, Tokens):
        return any(entry is not None and _mentions(entry, name) for entry in expression.pattern)
    return any(_mentions(part, name) for part in children(expression))


def depends_on_index(layout: Layout, plan: ClassPlan) -> bool:
    """Whether the index of a class decides more than elements of places and numbers of its delay."""
    transition, index = plan.transition, plan.transition.index
    parts: list[Expression | None] = [transition.guard]
    if isinstance(transition.timing, Immediate):
        parts.append(transition.timing.weight)
    for arc in _arcs(plan):
        parts.append(arc.multiplicity)
        if arc.loop is not None:
            parts += [arc.loop.start, arc.loop.stop]
        if isinstance(arc, InputArc):
            parts += [entry for entry in arc.pattern if entry is not None and not isinstance(entry, Bind)]
        else:
            parts.append(arc.token)
            place = layout.place(arc.place).place
            if place.capacity is not None and place.index in free_variables(place.capacity):
                return True
    return any(part is not None and _mentions(part, index) for part in parts)


def can_be_remembered(layout: Layout, plan: ClassPlan) -> bool:
    """Whether what a firing does, its delays apart, follows from the tokens around it alone, and is told by its class and index."""
    if any(where is not None or isinstance(quantity, Tally) for quantity, where, _ in records_of(layout, plan)):
        return False
    return plan.immediate or (plan.single and delays.is_fixed(plan))


@dataclass
class Component:
    """One component: elements by place, indices by class, terms by kept sum; all in order. `shape` is the same for components that are alike."""

    shape: int
    elements: list[Integers]
    indices: list[Integers]
    terms: list[Integers]


class Components:
    """The components of a net; `found` are those that can be remembered."""

    def __init__(self, layout: Layout, kept: list[KeptSum]) -> None:
        self.layout, self.kept = layout, kept
        self.reads = [all_reads(layout, plan) for plan in layout.classes]
        self.timeless = any(reads.now for reads in self.reads)
        """Whether a class reads the time; then firings may change what is enabled elsewhere."""
        sizes = [place.size for place in layout.net.places]
        self._place_at = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        sizes = [plan.transition.size for plan in layout.classes]
        self._class_at = self._place_at[-1] + np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        sizes = [each.size for each in kept]
        self._term_at = self._class_at[-1] + np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @cached_property
    def _labels(self) -> Integers:
        """For each node (elements, indices, terms) the number of its component, counted from 0 in order of the first node."""
        ends: list[tuple[Integers, Integers]] = []
        sources = [(self._class_at[k], reads.elements) for k, reads in enumerate(self.reads)]
        sources += [(self._term_at[k], each.reads.elements) for k, each in enumerate(self.kept)]
        sizes = [plan.transition.size for plan in self.layout.classes] + [each.size for each in self.kept]
        for (first, elements), size in zip(sources, sizes, strict=True):
            nodes = first + np.arange(size)
            for place, values in elements:
                at, many = self._place_at[place], self.layout.net.places[place].size
                if values is None:
                    whole = at + np.arange(many)
                    ends += [(whole, np.full(many, at)), (nodes, np.full(size, at))]
                else:
                    inside = (values >= 0) & (values < many)
                    rows = np.broadcast_to(nodes[:, np.newaxis], values.shape)
                    ends.append((rows[inside], at + values[inside]))
        labels = np.arange(self._term_at[-1])
        if ends:
            a, b = np.concatenate([pair[0] for pair in ends]), np.concatenate([pair[1] for pair in ends])
            while True:
                # Each node takes the least label around it, then that of the node that has it for a number.
                before = labels.copy()
                least = np.minimum(labels[a], labels[b])
                np.minimum.at(labels, labels[a], least)
                np.minimum.at(labels, labels[b], least)
                labels = labels[labels]
                if (labels == before).all() and (labels[a] == labels[b]).all():
                    break
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)

    def _of(self, at: Integers, number: int) -> Integers:
        return self._labels[at[number] : at[number + 1]]

    @cached_property
    def found(self) -> list[Component]:
        """Components that have immediate and timed transitions and only what can be remembered."""
        layout = self.layout
        number = int(self._labels.max()) + 1 if self._labels.size else 0
        good, timed, immediate = np.ones(number, np.bool_), np.zeros(number, np.bool_), np.zeros(number, np.bool_)
        for k, cells in enumerate(layout.places):
            if cells.kind not in ("plain", "finite"):
                good[self._of(self._place_at, k)] = False
        for plan in layout.classes:
            own = self._of(self._class_at, plan.number)
            (immediate if plan.immediate else timed)[own] = True
            if not can_be_remembered(layout, plan):
                good[own] = False
        chosen = np.flatnonzero(good & timed & immediate)
        if not 0 < chosen.size <= MOST_COMPONENTS:
            return []
        shapes = self._shapes(number)
        groups = [self._split(at, many, chosen) for at, many in ((self._place_at, len(layout.places)), (self._class_at, len(layout.classes)),
                                                                  (self._term_at, len(self.kept)))]  # fmt: skip
        return [Component(int(shapes[c]), *(parts[k] for parts in groups)) for k, c in enumerate(chosen.tolist())]

    def _split(self, at: Integers, many: int, chosen: Integers) -> list[list[Integers]]:
        """For each chosen component a list with its members of each class (or place, or kept sum)."""
        found: list[list[Integers]] = [[] for _ in chosen]
        for k in range(many):
            own = self._of(at, k)
            order = np.argsort(own, kind="stable")
            starts, stops = np.searchsorted(own[order], chosen, "left"), np.searchsorted(own[order], chosen, "right")
            for parts, start, stop in zip(found, starts.tolist(), stops.tolist(), strict=True):
                parts.append(order[start:stop])
        return found

    def _shapes(self, number: int) -> Integers:
        """A number for each component, the same only for components that are alike."""
        labels = self._labels
        # Components that have equally many of everything may be alike.
        bounds = [*self._place_at.tolist(), *self._class_at[1:].tolist(), *self._term_at[1:].tolist()]
        counts = np.stack([np.bincount(labels[a:b], minlength=number) for a, b in zip(bounds, bounds[1:], strict=False)], axis=1)
        _, first, group = np.unique(counts, axis=0, return_index=True, return_inverse=True)
        group = group.ravel()
        own = np.zeros(number, np.bool_)  # has a shape of its own
        local = np.zeros(int(self._place_at[-1]), np.int64)
        for k in range(len(self.layout.places)):
            members = self._of(self._place_at, k)
            order = np.argsort(members, kind="stable")
            ranked = members[order]
            local[self._place_at[k] + order] = np.arange(len(order)) - np.searchsorted(ranked, ranked, "left")
        for at, elements, alike in self._descriptions():
            members = labels[at]
            if not alike:
                own[members] = True
                continue
            order = np.argsort(members, kind="stable")
            ranked = members[order]
            rank = np.arange(len(order)) - np.searchsorted(ranked, ranked, "left")
            model = np.searchsorted(ranked, first[group[ranked]], "left") + rank  # the like member of the first of the group
            for place, values in elements:
                if values is None:
                    continue  # the whole place, which is then in one component
                if values.size and (values.min() < 0 or values.max() >= self.layout.net.places[place].size):
                    own[members] = True
                    continue
                mapped = local[self._place_at[place] + values[order]]
                own[ranked[(mapped != mapped[model]).any(axis=1)]] = True
        return np.where(own, np.arange(number), number + group)

    def _descriptions(self) -> list[tuple[slice, tuple[tuple[int, Integers | None], ...], bool]]:
        """Of each class and kept sum: its nodes, what it reads and changes, and whether nothing else depends on its index."""
        found = [
            (slice(self._class_at[plan.number], self._class_at[plan.number + 1]), self.reads[plan.number].elements,
             not depends_on_index(self.layout, plan))
            for plan in self.layout.classes
        ]  # fmt: skip
        found += [
            (slice(self._term_at[k], self._term_at[k + 1]), each.reads.elements, not _mentions(each.node.body, each.node.variable))
            for k, each in enumerate(self.kept)
        ]
        return found
