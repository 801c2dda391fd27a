"""Where things are: symbolic expressions for the row of an instance and the point of a place, by lookups in the resolver's own tables.

A *point* is a place's index in the dense box of its declaration over all rows of its module; `spn.resolver.fuse` maps points to elements of
place classes. The expressions made here are long; `spn.resolver.fold` evaluates what is static in them and shortens the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import field

import numpy as np

from spn.expressions.tree import Binary, Constant, Domain, Expression, Function, IfElse, Lookup, Range, Step, Values, Variable
from spn.expressions.types import BOOLEAN, INTEGER, Type
from spn.records import dataclass
from spn.resolver import frames
from spn.resolver.columns import Array
from spn.resolver.declarations import Loop, Place
from spn.resolver.elaborate import Elaboration, ModuleRows
from spn.resolver.frames import Extent
from spn.text.source import Span


@dataclass(slots=True)
class Layout:
    """A declared place over all rows of its module. `points` is the number of its points; where it does not exist it has none.

    `is_class`: its points are the elements of a place class, in order, so that an index outside of the one is outside of the other.
    """

    module: str
    place: Place
    start: Array
    extents: list[Extent]
    count: Array
    points: int
    final_class: str = ""
    is_class: bool = False


@dataclass(slots=True)
class Found:
    """A place (or row) that a path leads to: `value` if `conditions` hold. `loops` run over what the path leaves open."""

    value: Expression
    conditions: list[Expression] = field(default_factory=list)
    loops: list[tuple[str, Range, Expression | None]] = field(default_factory=list)

    def guarded(self) -> Expression:
        """The value, or -1 where an index is out of its range."""
        result = self.value
        for condition in reversed(self.conditions):
            result = IfElse(INTEGER, condition, result, Constant(INTEGER, -1))
        return result


@dataclass(slots=True)
class Atlas:
    """The resolver's tables, by name, and the layouts of all declared places."""

    elaboration: Elaboration
    tables: dict[str, Array] = field(default_factory=dict)
    layouts: dict[tuple[str, str], Layout] = field(default_factory=dict)
    element_types: dict[str, Type] = field(default_factory=dict)
    _fresh: int = 0

    def build(self) -> None:
        """Register tables for all instances, parameters and places."""
        for name, rows in self.elaboration.rows.items():
            self._parameters(name, rows)
            self.tables |= {f"{name}#{table}": values for table, values in rows.frame.tables.items()}
            for instance, children in rows.children.items():
                prefix = f"{name}/{instance}"
                extents = [_join([e[k] for e in children.extents]) for k in range(len(rows.module.instances[instance].loops))]
                self._box(prefix, np.concatenate(children.start), extents)
                self.tables[f"{prefix}:rows"] = np.concatenate(children.rows)
            for place in rows.module.places.values():
                self._place(name, rows, place)

    def with_parameters(self, elaboration: Elaboration) -> Atlas:
        """The same places and instances with other values of parameters."""
        found = copy.copy(self)
        found.elaboration, found.tables = elaboration, dict(self.tables)
        for name, rows in elaboration.rows.items():
            found._parameters(name, rows)
        return found

    def _parameters(self, module: str, rows: ModuleRows) -> None:
        for name, column in rows.frame.parameters.items():
            key = f"{module}?{name}"
            if isinstance(column, frames.Lists):
                self.tables |= {f"{key}:items": column.items, f"{key}:offset": column.offset, f"{key}:length": column.length}
            elif isinstance(column, frames.Delays):
                for number, case in enumerate(column.cases):
                    for position, argument in enumerate(case.arguments):
                        parts = argument if isinstance(argument, tuple) else (argument,)
                        for k, part in enumerate(parts):
                            self.tables[f"{key}:{number}.{position}.{k}"] = part
            else:
                self.tables[key] = column

    def _place(self, module: str, rows: ModuleRows, place: Place) -> None:
        extents = [frames.extent(dim, rows.frame, self.elaboration.problems) for dim in place.dims]
        # In floats first, which do not wrap; what fits is exact.
        count = np.ones(rows.size)
        for e in extents:
            count = count * e.count
        if place.when is not None:
            count = np.where(frames.evaluate(place.when, rows.frame, self.elaboration.problems), count, 0)
        total = int(count.sum())
        if total > frames.LARGEST:
            message = f"place '{place.name}' has {total:,} elements; the most is {frames.LARGEST:,}"
            self.elaboration.problems.error("too-large", message, place.span)
            self.elaboration.problems.stop_if_any()
        count = count.astype(np.int64)
        start = np.cumsum(count) - count
        self.layouts[module, place.name] = Layout(module, place, start, extents, count, total)
        self._box(f"{module}.{place.name}", start, extents)
        self.tables[f"{module}.{place.name}:exists"] = count > 0

    def _box(self, prefix: str, start: Array, extents: list[Extent]) -> None:
        self.tables[f"{prefix}:start"] = start
        stride = np.ones(len(start), np.int64)
        for k in reversed(range(len(extents))):
            self.tables[f"{prefix}:low{k}"] = extents[k].low
            self.tables[f"{prefix}:count{k}"] = extents[k].count
            self.tables[f"{prefix}:stride{k}"] = stride
            stride = stride * extents[k].count
        self.tables[f"{prefix}:total"] = stride

    # symbolic

    def row(self, module: str, row: Expression, path: tuple[Step, ...], known: Mapping[str, Domain]) -> tuple[str, Found]:
        """The module and row that a path leads to from `row` of `module`. `known` are the domains of loop variables."""
        found = Found(row)
        for step in path:
            if step.is_variable:
                module, found.value = self.elaboration_module(step, known), Variable(INTEGER, step.name)
                known = {}
                continue
            instance = self.elaboration.modules[module].instances[step.name]
            prefix = f"{module}/{step.name}"
            if step.name not in self.elaboration.rows[module].children:
                return instance.module, Found(Constant(INTEGER, -1))
            self._point(prefix, found, instance.loops, step.indices, known, None)
            found.value = Lookup(INTEGER, f"{prefix}:rows", found.value)
            if bool((self.tables[f"{prefix}:rows"] < 0).any()):
                exists = Binary(BOOLEAN, ">=", found.value, Constant(INTEGER, 0))
                if found.loops and not step.indices:
                    variable, domain, condition = found.loops[-1]
                    found.loops[-1] = (variable, domain, exists if condition is None else Binary(BOOLEAN, "and", condition, exists))
                else:
                    found.conditions.append(exists)
            module, known = instance.module, {}
        return module, found

    def is_used(self, module: str, path: tuple[Step, ...], known: Mapping[str, Domain]) -> bool:
        """Whether there is any instance of the module that a path leads to."""
        for step in path:
            module = self.elaboration_module(step, known) if step.is_variable else self.elaboration.modules[module].instances[step.name].module
        return module in self.elaboration.rows

    def elaboration_module(self, step: Step, known: Mapping[str, Domain]) -> str:
        """The module over whose instances a variable runs."""
        domain = known[step.name]
        assert not isinstance(domain, (Range, Values))
        return domain.module

    def point(
        self,
        module: str,
        row: Expression,
        path: tuple[Step, ...],
        place: str,
        indices: tuple[Expression, ...],
        known: Mapping[str, Domain],
        span: Span | None,
    ) -> tuple[Layout, Found]:
        """The layout and the point of a place; without indices of an array, a loop over all its points."""
        module, found = self.row(module, row, path, known)
        layout = self.layouts[module, place]
        if layout.place.when is not None and not bool((layout.count > 0).all()):
            found.conditions.append(Lookup(BOOLEAN, f"{module}.{place}:exists", found.value))
        checked = not (layout.is_class and len(layout.start) == 1 and len(layout.extents) == 1)
        self._point(f"{module}.{place}", found, layout.place.dims, indices, {} if path else known, span, checked=checked)
        return layout, found

    def _point(
        self,
        prefix: str,
        found: Found,
        dims: tuple[Loop, ...],
        indices: tuple[Expression, ...],
        known: Mapping[str, Domain],
        span: Span | None,
        checked: bool = True,
    ) -> None:
        """Turn `found`, a row, into a point of the box `prefix` over it.

        Indices that are not known to be in their range are made conditions, unless whoever uses the point finds out itself (not `checked`).
        """
        row = found.value
        start = Lookup(INTEGER, f"{prefix}:start", row)
        if dims and not indices:
            self._fresh += 1
            variable = f"k{self._fresh}"
            total = Lookup(INTEGER, f"{prefix}:total", row)
            found.loops.append((variable, Range(Constant(INTEGER, 0), Binary(INTEGER, "-", total, Constant(INTEGER, 1))), None))
            found.value = Binary(INTEGER, "+", start, Variable(INTEGER, variable))
            return
        # The part that no index has a say in comes first, so that it folds into one column whatever the indices are.
        value: Expression = start
        terms: list[Expression] = []
        for k, (dim, index) in enumerate(zip(dims, indices, strict=True)):
            low, count, stride = (Lookup(INTEGER, f"{prefix}:{what}{k}", row) for what in ("low", "count", "stride"))
            number = as_integer(index)
            if checked and not (isinstance(index, Variable) and known.get(index.name) == dim.domain):
                found.conditions.append(Binary(BOOLEAN, ">=", number, low, span=span))
                found.conditions.append(Binary(BOOLEAN, "<", number, Binary(INTEGER, "+", low, count), span=span))
            value = Binary(INTEGER, "-", value, Binary(INTEGER, "*", low, stride))
            terms.append(Binary(INTEGER, "*", stride, number))
        for term in terms:
            value = Binary(INTEGER, "+", value, term)
        found.value = value


def as_integer(index: Expression) -> Expression:
    """An index as a number: members and truth values count from 0."""
    if index.type == INTEGER:
        return index
    if isinstance(index, Constant):
        assert isinstance(index.value, int)
        return Constant(INTEGER, int(index.value))
    return Function(INTEGER, "index", (index,))


def _join(parts: list[Extent]) -> Extent:
    return Extent(np.concatenate([p.low for p in parts]), np.concatenate([p.count for p in parts]))
