"""Which tokens an index's input and test arcs find, as source: conditions and loops in the order of bindings. What is done with them is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from spn.engine.compiled.counting import colour_of, counter, line_cell
from spn.engine.compiled.formulas import IrregularError, Scope, element_source, formula, formulas, variable_formulas
from spn.engine.compiled.layout import ClassPlan, PlaceCells, entry_leaves
from spn.engine.compiled.source import CONTEXT, Formula, Function, Writer, colour_cell, read_number, total_cell
from spn.engine.reference.dependencies import SHAPE, Spread, values_of
from spn.expressions.tree import Constant, Expression, Now
from spn.expressions.values import is_integer
from spn.expressions.walk import walk
from spn.net.types import Bind, InputArc, Loop, OutputArc


@dataclass(frozen=True, slots=True)
class Take:
    """What one input arc takes, as sources: `cell` holds the tokens in question (of a colour, or all), `total` all of the element.

    A fan's takes stand in the list of takes, from number `element` to `number`.
    """

    cells: PlaceCells
    element: str
    number: str
    cell: str
    total: str
    fan: bool = False
    counts: bool = True
    """Whether the tokens of `cell` are alike, so that it says how often the arc can be served."""


Takes: TypeAlias = tuple[Take, ...]
Leaf: TypeAlias = Callable[[Scope, Takes], None]


def class_scope(writer: Writer, function: Function, plan: ClassPlan, now: str = "values[0]") -> Scope:
    """A scope that knows the class's index."""
    transition = plan.transition
    positions = np.arange(transition.size, dtype=np.int64)
    spread: Spread = {SHAPE: positions, transition.index: positions}
    return Scope(writer, function, {transition.index: (Formula("i", 0, transition.size - 1),)}, spread, now)


def binding_scope(writer: Writer, plan: ClassPlan, name: str, doc: str) -> tuple[Scope, Function]:
    """A function of an index and its binding's variables."""
    function = Function(writer, name, ", ".join(["i", *variable_names(plan)]), doc)
    scope = class_scope(writer, function, plan)
    for variable, parts in plan.variables.items():
        scope = scope.bind(variable, variable_formulas(variable, parts))
    return scope, function


def variable_names(plan: ClassPlan) -> list[str]:
    """The local names of all numbers of the class's variables."""
    return [part.source for variable, parts in plan.variables.items() for part in variable_formulas(variable, parts)]


def multiplicity(expression: Expression, scope: Scope) -> Formula:
    """The source of a multiplicity, checked unless it cannot be negative."""
    found = formula(expression, scope)
    if not is_integer(expression.type) or found.low is None or found.low < 0:
        return Formula(f"count_of(state, {found.source})", 0, None)
    return found


def loop_scope(loop: Loop, scope: Scope) -> tuple[str, Scope]:
    """The ``range`` of a fan, and the scope inside."""
    start, stop = formula(loop.start, scope).source, formula(loop.stop, scope).source
    tables = scope.writer.layout.net.tables
    first, last = values_of(loop.start, scope.spread, tables), values_of(loop.stop, scope.spread, tables)
    spread = {key: value for key, value in scope.spread.items() if key != loop.variable}
    low = high = None
    if first is not None and last is not None and first.size and last.size and last.max() - first.min() < 10**7:
        low, high = int(first.min()), int(last.max())
        if scope.spread[SHAPE].size * (high - low + 1) <= 20_000_000:
            spread = {key: value[..., np.newaxis] for key, value in spread.items()}
            axis = spread[SHAPE].ndim - 1
            spread[loop.variable] = np.arange(low, max(low, high) + 1).reshape((1,) * axis + (-1,))
    inner = replace(scope, spread=spread).bind(loop.variable, (Formula(f"v_{loop.variable}", low, high),))
    return f"range({start}, {stop} + 1)", inner


def _belongs(number: str, low: int | None, high: int | None) -> bool:
    """Whether an entry of a pattern is known to be one of a colour's numbers."""
    return number in ("True", "False") or (number.isdigit() and low is not None and high is not None and low <= int(number) <= high)


def reads_now(arc: InputArc) -> bool:
    parts = [arc.element, arc.multiplicity, *(e for e in arc.pattern if e is not None and not isinstance(e, Bind))]
    return any(isinstance(node, Now) for part in parts for node in walk(part))


def pattern_of(arc: InputArc, cells: PlaceCells, scope: Scope) -> list[tuple[str, str | None, int]]:
    """(what, name or source, number) for each number of the pattern: free, bind (a new name) or equal. `scope` knows earlier names."""
    found: list[tuple[str, str | None, int]] = []
    number = 0
    if cells.kind == "plain":
        return found
    pattern = arc.pattern or (None,) * len(entry_leaves(arc, cells))
    for entry, parts in zip(pattern, entry_leaves(arc, cells), strict=True):
        if entry is None:
            found += [("free", None, number + k) for k in range(len(parts))]
        elif isinstance(entry, Bind) and entry.name not in scope.variables:
            own = variable_formulas(entry.name, parts)
            found += [("bind", part.source, number + k) for k, part in enumerate(own)]
            scope = scope.bind(entry.name, own)
        else:
            given = scope.variables[entry.name] if isinstance(entry, Bind) else formulas(entry, scope)
            found += [("equal", part.source, number + k) for k, part in enumerate(given)]
        number += len(parts)
    return found


def bound_by(arc: InputArc, cells: PlaceCells, scope: Scope) -> Scope:
    """The scope after an arc."""
    for entry, parts in zip(arc.pattern, entry_leaves(arc, cells), strict=False):
        if isinstance(entry, Bind) and entry.name not in scope.variables:
            scope = scope.bind(entry.name, variable_formulas(entry.name, parts))
    return scope


class Search:
    """Writes the conditions and loops under which the arcs of an index find their tokens, and at the innermost point what `leaf` writes.

    With `checks` off, arcs of which the binding says everything are taken to find their tokens (at a firing).
    """

    def __init__(self, writer: Writer, function: Function, plan: ClassPlan, leaf: Leaf, checks: bool = True) -> None:
        self.writer, self.function, self.plan, self.leaf, self.checks = writer, function, plan, leaf, checks
        self.inputs = plan.transition.inputs
        self.fans = any(arc.loop is not None for arc in self.inputs)

    def write(self, scope: Scope, tests: bool = True) -> None:
        if self.fans:
            self.function.add("taken = 0")
        self._serve(scope, (), (*self.inputs, *(self.plan.transition.tests if tests else ())), 0)

    def _serve(self, scope: Scope, takes: Takes, arcs: tuple[InputArc, ...], number: int) -> None:
        if number == len(arcs):
            self.leaf(scope, takes)
            return
        arc, taking = arcs[number], number < len(self.inputs)
        before = self.function.level

        def further(scope: Scope, take: Take) -> None:
            self._serve(scope, (*takes, take) if taking else takes, arcs, number + 1)

        self._arc(arc, scope, takes if taking else (), taking, further)
        self.function.level = before

    def _open(self, head: str) -> None:
        self.function.add(head)
        self.function.level += 1

    def _arc(self, arc: InputArc, scope: Scope, takes: Takes, taking: bool, further: Callable[[Scope, Take], None]) -> None:
        cells, function = self.writer.layout.place(arc.place), self.function
        if arc.loop is not None:
            self._fan(arc, cells, scope, taking, further)
            return
        element = self._local("e", element_source(arc.place, arc.element, scope))
        n = multiplicity(arc.multiplicity, scope)
        number = self._local("n", n.source)
        sure = n.low is not None and n.low >= 1
        pattern = pattern_of(arc, cells, scope)
        if not sure and any(what == "bind" for what, _, _ in pattern):
            raise IrregularError(f"place {arc.place}: a variable is bound by an arc whose multiplicity may be 0")
        total = total_cell(self.writer, function, cells, element)
        counts_all = all(what == "free" for what, _, _ in pattern)
        if cells.kind == "plain" or (cells.kind == "line" and counts_all):
            take = Take(cells, element, number, total, total)
            self._enough(take, takes, taking, number)
            further(scope, self._note(take, taking))
        elif cells.kind == "line":
            self._line(arc, cells, scope, takes, taking, pattern, element, number, sure, further)
        elif cells.kind == "finite":
            self._finite(arc, cells, scope, takes, taking, pattern, element, number, sure, further)
        else:
            raise IrregularError(f"place {arc.place}: tokens of an unbounded colour in no order")

    def _note(self, take: Take, taking: bool) -> Take:
        """Enter what an arc takes in the list, if a fan makes one necessary."""
        if self.fans and taking:
            self.function.add(f"taken = note_take(state, taken, {take.cell}, {take.number}, {take.total})")
        return take

    def _local(self, stem: str, source: str) -> str:
        """A local name for a source, or itself if it is short."""
        if source.isidentifier() or source.isdigit():
            return source
        name = self.function.fresh(stem)
        self.function.add(f"{name} = {source}")
        return name

    def _missing(self, take: Take, takes: Takes, whole: bool = False) -> str:
        """What earlier arcs take of the same tokens, as a source ("" for nothing)."""
        if self.fans:
            cell = take.total if whole else take.cell
            return f"taken_of(state, taken, {cell}, {1 if whole else 0})" if takes else ""
        parts = []
        for other in takes:
            if other.cells is not take.cells:
                continue
            mine, theirs = (take.total, other.total) if whole else (take.cell, other.cell)
            parts.append(other.number if mine == theirs else f"({other.number} if {mine} == {theirs} else 0)")
        return " + ".join(parts)

    def _enough(self, take: Take, takes: Takes, taking: bool, number: str) -> None:
        if not self.checks:
            return
        missing = self._missing(take, takes) if taking else ""
        self._open(f"if tokens[{take.cell}] >= {number}{' + ' + missing if missing else ''}:")

    def _finite(
        self,
        arc: InputArc,
        cells: PlaceCells,
        scope: Scope,
        takes: Takes,
        taking: bool,
        pattern: list[tuple[str, str | None, int]],
        element: str,
        number: str,
        sure: bool,
        further: Callable[[Scope, Take], None],
    ) -> None:
        numbers: list[str] = []
        loops = 0
        if not sure and any(what == "free" for what, _, _ in pattern):
            raise IrregularError(f"place {arc.place}: any token is taken by an arc whose multiplicity may be 0")
        mark = self._local("mark", "(taken)") if self.fans and taking else ""
        for what, source, k in pattern:
            leaf = cells.leaves[k]
            low, high = self.writer.layout.structural(leaf.low or 0), self.writer.layout.structural(leaf.high or 0)
            if what == "equal":
                assert source is not None
                numbers.append(source)
                continue
            name = source or self.function.fresh("w")
            loops += 1
            if leaf.kind == "bool":
                self._open(f"for b_{name} in range(2):")
                self.function.add(f"{name} = b_{name} == 1")
            else:
                self._open(f"for {name} in range({low}, {high} + 1):")
            numbers.append(name)
        if mark and loops:
            # Each choice starts from what the arcs before this one take.
            self.function.add(f"taken = {mark}")
        equal = [(n, cells.leaves[k]) for (what, _, k), n in zip(pattern, numbers, strict=True) if what == "equal"]
        colour, inside = colour_of(numbers, cells.leaves, self.writer, self.function)
        if all(_belongs(n, leaf.low, leaf.high) for n, leaf in equal):
            inside = ""
        if inside and self.checks:
            if not sure:
                raise IrregularError(f"place {arc.place}: a coloured arc whose multiplicity may be 0")
            self._open(f"if {inside}:")
        colour = self._local("colour", colour)
        take = Take(
            cells,
            element,
            number,
            colour_cell(self.writer, self.function, cells, element, colour),
            total_cell(self.writer, self.function, cells, element),
        )
        missing = self._missing(take, takes) if taking else ""
        if self.checks or any(what == "free" for what, _, _ in pattern):
            self._open(f"if tokens[{take.cell}] >= {number}{' + ' + missing if missing else ''}:")
        further(bound_by(arc, cells, scope), self._note(replace(take, counts=not any(what == "free" for what, _, _ in pattern)), taking))

    def _line(
        self,
        arc: InputArc,
        cells: PlaceCells,
        scope: Scope,
        takes: Takes,
        taking: bool,
        pattern: list[tuple[str, str | None, int]],
        element: str,
        number: str,
        sure: bool,
        further: Callable[[Scope, Take], None],
    ) -> None:
        function = self.function
        if not sure:
            raise IrregularError(f"place {arc.place}: an arc with a pattern whose multiplicity may be 0")
        total = total_cell(self.writer, function, cells, element)
        take = Take(cells, element, number, total, total, counts=False)
        missing = self._missing(take, takes, whole=True) if taking else ""
        skip = self._local("skip", missing) if missing else "0"
        if self.checks:
            self._open(f"if tokens[{total}] >= {number}{'' if skip == '0' else ' + ' + skip}:")
        line = self._local("line", line_cell(self.writer, function, cells, element))

        def offered(k: str) -> str:
            position = k if skip == "0" else skip if k == "0" else f"{skip} + {k}"
            return position if cells.place.order != "lifo" else f"tokens[{total}] - 1 - ({position})"

        head = offered("0")
        head = self._local("head", head)
        conditions: list[str] = []
        for what, source, k in pattern:
            if what == "bind":
                if conditions and self.checks:
                    self._open(f"if {' and '.join(conditions)}:")
                conditions = []
                function.add(f"{source} = {read_number(cells, line, head, k)}")
            elif what == "equal":
                conditions.append(f"{read_number(cells, line, head, k)} == {source}")
        if conditions and self.checks:
            self._open(f"if {' and '.join(conditions)}:")
        if number != "1" and self.checks:
            fits, k = function.fresh("fits"), function.fresh("k")  # type: ignore[assignment]
            function.add(f"{fits} = True")
            tests = [f"{read_number(cells, line, offered(k), n)} == {source}" for what, source, n in pattern if what != "free"]  # type: ignore[arg-type]
            with function.block(f"for {k} in range(1, {number}):"), function.block(f"if not ({' and '.join(tests)}):"):
                function.add(f"{fits} = False", "break")
            self._open(f"if {fits}:")
        further(bound_by(arc, cells, scope), self._note(take, taking))

    def _fan(self, arc: InputArc, cells: PlaceCells, scope: Scope, taking: bool, further: Callable[[Scope, Take], None]) -> None:
        assert arc.loop is not None
        function = self.function
        over, inner = loop_scope(arc.loop, scope)
        fits, first = function.fresh("fits"), function.fresh("first")
        function.add(f"{fits} = True")
        if taking:
            function.add(f"{first} = taken")
        with function.block(f"for v_{arc.loop.variable} in {over}:"):
            element = self._local("e", element_source(arc.place, arc.element, inner))
            n = multiplicity(arc.multiplicity, inner)
            number = self._local("n", n.source)
            pattern = pattern_of(arc, cells, inner)
            if any(what == "bind" for what, _, _ in pattern):
                raise IrregularError(f"place {arc.place}: a variable is bound by a fan")
            total = cell = total_cell(self.writer, function, cells, element)
            if pattern and cells.kind == "finite":
                if any(what == "free" for what, _, _ in pattern):
                    raise IrregularError(f"place {arc.place}: a fan takes any token")
                colour, inside = colour_of([str(source) for _, source, _ in pattern], cells.leaves, self.writer, function)
                with function.block(f"if not ({inside or 'True'}):"):
                    function.add(f"{fits} = False", "break")
                cell = colour_cell(self.writer, function, cells, element, self._local("colour", colour))
            elif pattern and not all(what == "free" for what, _, _ in pattern):
                raise IrregularError(f"place {arc.place}: a fan with a pattern takes from a place of an order or of an unbounded colour")
            elif cells.kind == "bag":
                raise IrregularError(f"place {arc.place}: tokens of an unbounded colour in no order")
            cell = self._local("cell", cell)
            enough = f"tokens[{cell}] < {number}" + (f" + taken_of(state, taken, {cell}, 0)" if taking else "")
            with function.block(f"if {enough}:"):
                function.add(f"{fits} = False", "break")
            if taking:
                function.add(f"taken = note_take(state, taken, {cell}, {number}, {total})")
        if taking:
            last = function.fresh("last")
            function.add(f"{last} = taken")
        if self.checks or taking:
            self._open(f"if {fits}:")
        further(scope, Take(cells, first, last if taking else "", "", "", fan=True))


def inhibitor_condition(arc: InputArc, scope: Scope) -> str:
    """The condition that an inhibitor arc (without a fan) does not forbid a firing."""
    writer = scope.writer
    cells = writer.layout.place(arc.place)
    element = element_source(arc.place, arc.element, scope)
    n = multiplicity(arc.multiplicity, scope)
    count = f"tokens[{fitting(arc, cells, element, scope)}]" if not _partly(arc, cells, scope) else counted(arc, cells, element, scope)
    condition = f"{count} < {n.source}"
    return condition if n.low is not None and n.low >= 1 else f"({n.source} == 0 or {condition})"


def _partly(arc: InputArc, cells: PlaceCells, scope: Scope) -> bool:
    pattern = pattern_of(arc, cells, scope)
    return any(what == "equal" for what, _, _ in pattern)


def fitting(arc: InputArc, cells: PlaceCells, element: str, scope: Scope) -> str:
    return total_cell(scope.writer, scope.function, cells, element)


def counted(arc: InputArc, cells: PlaceCells, element: str, scope: Scope) -> str:
    """The source of the number of tokens that fit a pattern (names that are new fit everything)."""
    pattern = pattern_of(arc, cells, scope)
    given = tuple(what == "equal" for what, _, _ in pattern)
    name = counter(arc.place, given, scope.writer)
    return f"{name}({CONTEXT}, {', '.join([element, *(str(source) for what, source, _ in pattern if what == 'equal')])})"


def is_one(expression: Expression) -> bool:
    return isinstance(expression, Constant) and expression.value == 1


AnyArc: TypeAlias = InputArc | OutputArc
