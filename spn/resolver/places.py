"""Place classes of the net from the classes that fusion found: capacities, initial tokens and names of the elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spn.expressions import types
from spn.expressions.tree import Constant, Expression, Range, Values, Variable
from spn.expressions.types import INTEGER, Type
from spn.net.types import INDEX, Bounds, InitialTokens, Label, Loop, Place
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver import frames
from spn.resolver.bounds import place_bounds
from spn.resolver.columns import Array, Tables, encode
from spn.resolver.fold import OWN, Space, fold, fold_labels, with_index
from spn.resolver.frames import LARGEST, Frame, picked
from spn.resolver.fuse import PlaceClass
from spn.resolver.locate import Atlas, Layout
from spn.resolver.lower import lower, lower_domain, lowered_labels
from spn.resolver.naming import Index, block_of, label, runs
from spn.text.problems import Problems

ROW = Variable(INTEGER, ":row")
UNBOUNDED = 2**62
"""A capacity that no marking reaches, for the elements without one in a class where others have one."""


def places(atlas: Atlas, classes: Sequence[PlaceClass], of_colours: Mapping[str, Bounds], net_tables: Tables, problems: Problems) -> list[Place]:
    """The place classes of the net; `of_colours` are the bounds of products and records."""
    return [with_index(_Builder(atlas, found, of_colours, net_tables, problems).place(), INDEX) for found in classes]


@dataclass(slots=True)
class _Points:
    """The points of one declared place: the frame over them, and the element of each."""

    layout: Layout
    frame: Frame
    element: Array


def _length(start: Expression, stop: Expression) -> int:
    """How many values a loop takes, if that is the same everywhere; else 0."""
    first, last = (bound.value if isinstance(bound, Constant) else 0 for bound in (start, stop))
    return max(0, last - first + 1) if isinstance(first, int) and isinstance(last, int) else 0


@dataclass(slots=True)
class _Builder:
    atlas: Atlas
    found: PlaceClass
    of_colours: Mapping[str, Bounds]
    net_tables: Tables
    problems: Problems

    def place(self) -> Place:
        members = [self._points(layout) for layout in self.found.members if layout.points]
        representative = (self.found.layouts[int(self.found.which[0])] if self.found.which.size else self.found.members[0]).place
        order = next((m.layout.place.order for m in members if m.layout.place.order is not None), None)
        return Place(
            name=self.found.name,
            size=int(self.found.which.size),
            colour=representative.colour,
            order=order or "multiset",
            capacity=self._capacity(members),
            initial=tuple(self._initial(members)),
            labels=self._labels(),
            bounds=place_bounds(self.atlas, self.found, representative.colour, self.of_colours, self.problems),
        )

    def _points(self, layout: Layout) -> _Points:
        """The frame with a row for each point of a declared place."""
        base = self.atlas.elaboration.rows[layout.module].frame
        frame = Frame(base.size, {}, {":row": np.arange(base.size, dtype=np.int64)}, self.atlas.tables)
        frame = frame.where(layout.count > 0)
        for dim in layout.place.dims:
            domain = lower_domain(dim.domain, self.atlas, layout.module, ROW, {})
            expanded = frames.expand(frame, declared.Loop(dim.variable, dim.type, domain, dim.span), self.problems)
            assert expanded is not None
            frame = expanded[0]
        return _Points(layout, frame, self.atlas.tables[f"{layout.module}.{layout.place.name}:element"])

    def _evaluate(self, expression: Expression, points: _Points) -> Array:
        return frames.evaluate(lower(expression, self.atlas, points.layout.module, ROW, {}), points.frame, self.problems)

    def _encode(self, values: Array, type_: Type) -> Expression:
        return encode(values, Variable(INTEGER, OWN) if self.found.which.size > 1 else None, type_, self.net_tables)

    def _capacity(self, members: Sequence[_Points]) -> Expression | None:
        """The capacity of each element; where only some have one, the others have `UNBOUNDED`."""
        if all(points.layout.place.capacity is None for points in members):
            return None
        values = np.full(self.found.which.size, UNBOUNDED, np.int64)
        for points in members:
            capacity = points.layout.place.capacity
            if capacity is not None:
                own = self._evaluate(capacity, points)
                if bool((own < 0).any()):
                    self.problems.error("bad-value", f"the capacity of '{points.layout.place.name}' is negative", capacity.span)
                values[points.element] = own
        return self._encode(values, INTEGER)

    def _initial(self, members: Sequence[_Points]) -> list[InitialTokens]:
        found: list[InitialTokens] = []
        plain = np.zeros(self.found.which.size, np.int64)
        for points in members:
            for initial in points.layout.place.initial:
                if initial.loop is not None:
                    found += self._looped(initial, points)
                    continue
                count = self._counts(initial, points)
                self._check_number(initial, points, count, 1)
                if initial.value is None:
                    np.add.at(plain, points.element, count)
                elif count.any():
                    found.append(InitialTokens(self._value(initial.value, points), self._encode(self._spread(count, points), INTEGER)))
        if plain.any():
            found.insert(0, InitialTokens(None, self._encode(plain, INTEGER)))
        return found

    def _counts(self, initial: declared.Initial, points: _Points) -> Array:
        count = self._evaluate(initial.count, points)
        if bool((count < 0).any()):
            self.problems.error("bad-value", f"the initial number of tokens in '{points.layout.place.name}' is negative", initial.count.span)
        return np.maximum(count, 0)

    def _check_number(self, initial: declared.Initial, points: _Points, count: Array, values: int) -> None:
        """Values are put one by one, and so are the tokens of a line, each of which has a place in it."""
        if initial.value is None:
            return
        in_line = points.layout.place.order not in (None, "multiset")
        total = float(count.sum(dtype=np.float64)) if in_line else float(np.count_nonzero(count))
        if total * values > LARGEST:
            message = f"'{points.layout.place.name}' has {int(total * values):,} tokens at the start; the most is {LARGEST:,}"
            self.problems.error("too-large", message, initial.value.span or initial.count.span)

    def _spread(self, values: Array, points: _Points) -> Array:
        spread = np.zeros(self.found.which.size, values.dtype)
        spread[points.element] = values
        return spread

    def _space(self, points: _Points) -> Space:
        """The elements as a space, with the variables of one declared place in them (0 in elements of others)."""
        columns = {name: self._spread(values, points) for name, values in points.frame.variables.items()}
        return Space(int(self.found.which.size), OWN, columns, self.atlas.tables, self.net_tables, self.problems)

    def _value(self, value: Expression, points: _Points) -> Expression:
        return fold(lower(value, self.atlas, points.layout.module, ROW, {}), self._space(points))

    def _looped(self, initial: declared.Initial, points: _Points) -> list[InitialTokens]:
        """One token of each colour of a range, as a loop where its bounds are the same everywhere."""
        loop = initial.loop
        assert loop is not None
        domain = loop.domain
        if isinstance(domain, Values):
            members = len(domain.colour.members) if isinstance(domain.colour, types.Enumeration) else 2
            bounds = Constant(INTEGER, 0), Constant(INTEGER, members - 1)
        else:
            assert isinstance(domain, Range)
            lowered = lower_domain(domain, self.atlas, points.layout.module, ROW, {})
            assert isinstance(lowered, Range)
            space = self._space(points)
            start, stop = fold(lowered.start, space), fold(lowered.stop, space)
            bounds = start, stop  # type: ignore[assignment]
        counts = self._counts(initial, points)
        self._check_number(initial, points, counts, _length(*bounds))
        count = self._encode(self._spread(counts, points), INTEGER)
        return [InitialTokens(initial.value, count, Loop(loop.variable, *bounds, loop.type))]

    def _labels(self) -> tuple[Label, ...]:
        variable = Variable(INTEGER, OWN)
        found: list[Label] = []
        for start, stop in runs(self.found.which):
            layout = self.found.layouts[int(self.found.which[start])]
            if layout.place.labels and not layout.module:
                space = Space(1, OWN, {}, self.atlas.tables, self.net_tables, self.problems)
                given = lowered_labels(layout.place.labels, self.atlas)
                found += fold_labels(given, stop, (layout.place.dims[0].variable if layout.place.dims else INDEX), space)
                continue
            found += self._labels_of(layout, start, self.found.point[start:stop], variable)
        name = self.found.name
        return () if len(found) == 1 and found[0].template == name and not found[0].arguments else tuple(found)

    def _labels_of(self, layout: Layout, first: int, points: Array, variable: Variable) -> list[Label]:
        """Labels for the elements that points of one declared place represent, one for each block of instances."""
        # Rows without points share their start with the next row that has some; from the right the last of them is found, which has.
        rows = np.searchsorted(layout.start, points, side="right") - 1
        blocks = self.atlas.elaboration.rows[layout.module].blocks
        which = block_of(blocks, rows)
        found = []
        for start, stop in runs(which):
            block = blocks[int(which[start])]
            inside = rows[start:stop]
            prefix = [Index(values[inside - block.start], type_) for values, type_ in block.arguments]
            own = self._own_indices(layout, points[start:stop], inside)
            found.append(label(first + start, block.template, prefix, layout.place.name, own, variable, self.net_tables))
        return found

    def _own_indices(self, layout: Layout, points: Array, rows: Array) -> list[Index]:
        offset = points - picked(layout.start, rows)
        indices: list[Index] = []
        for dim, extent in reversed(list(zip(layout.place.dims, layout.extents, strict=True))):
            count = picked(extent.count, rows)
            indices.append(Index(picked(extent.low, rows) + offset % count, dim.type))
            offset = offset // count
        return indices[::-1]
