"""What a firing moves, as source: all that its arcs say is evaluated first, then it takes, empties and puts. What follows from it is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from spn.engine.compiled import records as b
from spn.engine.compiled.cells import LISTED, SITE
from spn.engine.compiled.counting import colour_of, line_cell
from spn.engine.compiled.formulas import Scope, element_source, wanted, zero
from spn.engine.compiled.layout import ClassPlan, Leaf, PlaceCells
from spn.engine.compiled.records import DIFFERENT
from spn.engine.compiled.searching import Take, Takes, loop_scope, multiplicity, pattern_of
from spn.engine.compiled.source import (
    CONTEXT,
    Formula,
    Function,
    Writer,
    bag_cell,
    bag_number,
    colour_cell,
    read_number,
    total_cell,
    value_key,
    write_number,
)
from spn.expressions.tree import Expression, Tokens
from spn.expressions.walk import free_variables, walk
from spn.net.types import InputArc, OutputArc

CAN_FAIL = re.compile(
    r"\b(within|position|count_of|divide|floor_divide|floor_divide_real|remainder|remainder_real|negated|added|subtracted|multiplied|power|power_real"
    r"|to_integer|floor|ceil|round_half_even|square_root|exponential_of|logarithm|magnitude|known|fail)\(state|\w+_\d+_\d+\(" + re.escape(CONTEXT)
)
"""Calls in a source that may note an error."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What an arc empties or puts, as sources of its element, number and values (of a reset None: any).

    A fan's stand in a list of rows, from cell `start` to `stop` of it; or in a loop of their own where nothing that is moved can be seen.
    """

    arc: InputArc | OutputArc
    cells: PlaceCells
    element: str = ""
    number: str = ""
    sure: bool = False
    values: tuple[str | None, ...] = ()
    start: str = ""
    stop: str = ""


class Moves:
    """Writes what a binding of a class takes, empties and puts."""

    def __init__(self, writer: Writer, function: Function, plan: ClassPlan, scope: Scope) -> None:
        self.writer, self.function, self.plan, self.transition, self.scope = writer, function, plan, plan.transition, scope
        self.total: list[tuple[str, str]] = []
        self._level = -1
        self._rows = False

    def write(self, takes: Takes | None, asked: list[int], before: int) -> list[str]:
        """Everything; an error since line `before` ends the firing. `takes` are those of the input arcs; None: the binding's record has them.

        Gives the sources of the elements of inputs, resets and outputs; with a record only of the inputs whose numbers are `asked` for.
        """
        function = self.function
        emptied = [self._emptied(arc) for arc in self.transition.resets]
        puts = [self._evaluated(arc) for arc in self.transition.outputs]
        if any(CAN_FAIL.search(line) for line in function.lines[before:]):
            # The marking is left as it was before the firing, which is noted.
            with function.block("if state[0] != 0:"):
                function.add(f"state[{SITE}] = 1", "return")
        if takes is None:
            elements = self._take_record(asked)
        else:
            elements = [take.element for take in takes]
            for take in takes:
                self._take(take)
        for planned in emptied:
            self._empty(planned)
        for planned in puts:
            self._put(planned)
        if takes is None:
            self._tidy()
        self._total_change()
        return [*elements, *(planned.element for planned in emptied), *(planned.element for planned in puts)]

    def _local(self, stem: str, source: str) -> str:
        if source.isidentifier() or source.isdigit():
            return source
        name = self.function.fresh(stem)
        self.function.add(f"{name} = {source}")
        return name

    def _moved(self, cells: PlaceCells, sign: str, number: str) -> None:
        """Keep what is counted over all elements."""
        if cells.place.name in self.writer.layout.sums:
            self.function.add(f"state[{self.writer.layout.sums[cells.place.name]}] {sign}= {number}")
        if self.function.level == self._level:
            self.total.append((sign, number))
        else:
            self.function.add(f"state[7] {sign}= {number}")

    def _total_change(self) -> None:
        """The number of tokens in the net, if it is another."""
        rest: list[tuple[str, str]] = []
        for sign, number in self.total:
            opposite = ("-" if sign == "+" else "+", number)
            if opposite in rest:
                rest.remove(opposite)
            else:
                rest.append((sign, number))
        if rest:
            self.function.add(f"state[7] += {' '.join(f'{sign} {number}' for sign, number in rest)}")

    # Evaluating, before anything moves.

    def _emptied(self, arc: InputArc) -> Planned:
        cells = self.writer.layout.place(arc.place)
        if arc.loop is not None:
            return self._fan(arc, cells)
        return self._reset(arc, cells, self.scope)

    def _reset(self, arc: InputArc, cells: PlaceCells, scope: Scope) -> Planned:
        function = self.function
        n = multiplicity(arc.multiplicity, scope)
        sure = n.low is not None and n.low >= 1
        number = "" if sure else self._local("n", n.source)
        if sure:
            element = self._local("e", element_source(arc.place, arc.element, scope))
        else:
            element = function.fresh("e")
            function.add(f"{element} = {element_source(arc.place, arc.element, scope)} if {number} != 0 else 0")
        values = [str(source) if what == "equal" else None for what, source, _ in pattern_of(arc, cells, scope)]
        names = [None if value is None else function.fresh("x") for value in values]
        lines = [f"{name} = {value}" for name, value in zip(names, values, strict=True) if name is not None]
        if any(CAN_FAIL.search(line) for line in lines):
            # What a token must be like is evaluated only where there are tokens.
            function.add(*(f"{name} = {zero(leaf)}" for name, leaf in zip(names, cells.leaves, strict=False) if name is not None))
            there = f"tokens[{total_cell(self.writer, function, cells, element)}] > 0"
            with function.block(f"if {there}:" if sure else f"if {number} != 0 and {there}:"):
                function.add(*lines)
        else:
            function.add(*lines)
        return Planned(arc, cells, element, number, sure, tuple(names))

    def _evaluated(self, arc: OutputArc) -> Planned:
        cells = self.writer.layout.place(arc.place)
        if arc.loop is not None:
            return self._fan(arc, cells)
        return self._output(arc, cells, self.scope)

    def _output(self, arc: OutputArc, cells: PlaceCells, scope: Scope, number: str = "", sure: bool = False) -> Planned:
        element = self._local("e", element_source(arc.place, arc.element, scope))
        if not number:
            n = multiplicity(arc.multiplicity, scope)
            number, sure = self._local("n", n.source), n.low is not None and n.low >= 1
        return Planned(arc, cells, element, number, sure, tuple(self._token(arc, cells, scope, "" if sure else number)))

    def _token(self, arc: OutputArc, cells: PlaceCells, scope: Scope, number: str) -> list[str]:
        if arc.token is None or cells.kind == "plain":
            return []
        if number:
            self.function.add(f"if {number} > 0:")
            self.function.level += 1
            self.function.add("pass")
        found, parts = [], wanted(arc.token, cells.place.colour, scope)
        for part, leaf in zip(parts, cells.leaves, strict=True):
            source = f"float({part.source})" if leaf.kind == "real" else part.source
            if not (source.isdigit() or source in ("True", "False")):
                name = self.function.fresh("x")
                self.function.add(f"{name} = {source}")
                source = name
            found.append(source)
        for part, leaf, source in zip(parts, cells.leaves, found, strict=True):
            self._check_bounds(leaf, part, source)
        if number:
            self.function.level -= 1
        return found

    def _check_bounds(self, leaf: Leaf, part: Formula, source: str) -> None:
        if leaf.low is None or leaf.high is None or leaf.kind == "bool":
            return
        if part.low is not None and part.high is not None and leaf.low <= part.low and part.high <= leaf.high:
            return
        low, high = self.writer.layout.structural(leaf.low), self.writer.layout.structural(leaf.high)
        with self.function.block(f"if not {low} <= {source} <= {high}:"):
            self.function.add("fail(state, 7)")

    def _fan(self, arc: InputArc | OutputArc, cells: PlaceCells) -> Planned:
        """A fan is evaluated into a list of rows, unless nothing in it can fail or sees what moves: then where it moves."""
        function, loop = self.function, arc.loop
        assert loop is not None
        parts = [arc.element, loop.start, loop.stop]
        parts += [arc.token] if isinstance(arc, OutputArc) and arc.token is not None else []
        parts += [e for e in arc.pattern if e is not None and not hasattr(e, "name")] if isinstance(arc, InputArc) else []
        by_value = loop.variable in free_variables(arc.multiplicity)
        number, sure, mark = "", False, len(function.lines)
        if not any(_reads_marking(part) for part in (*parts, *([arc.multiplicity] if by_value or isinstance(arc, InputArc) else []))):
            if isinstance(arc, OutputArc) and not by_value:
                n = multiplicity(arc.multiplicity, self.scope)
                number, sure = self._local("n", n.source), n.low is not None and n.low >= 1
            kept = len(function.lines)
            with self._loop(arc) as inner:
                self._one(arc, cells, inner, number, sure)
            if not any(CAN_FAIL.search(line) for line in function.lines[mark:]):
                del function.lines[kept:]
                return Planned(arc, cells, "", number, sure)
            del function.lines[mark:]
        if not self._rows:
            function.add("rows = 0")
            self._rows = True
        start, stop, width = function.fresh("start"), function.fresh("stop"), 2 + len(cells.leaves)
        function.add(f"{start} = rows")
        with self._loop(arc) as inner:
            one = self._one(arc, cells, inner)
            function.add(f"row = room_for(state, {LISTED}, rows + {width}) + 8 * rows", f"rows += {width}")
            function.add(f"integers(row)[0], integers(row)[1] = {one.element}, {one.number or '1'}")
            before = function.level
            if isinstance(arc, OutputArc) and not one.sure:
                function.add(f"if {one.number} > 0:")
                function.level += 1
                function.add("pass")
            for k, (value, leaf) in enumerate(zip(one.values, cells.leaves, strict=False)):
                if value is not None:
                    function.add(f"reals_at(row)[{2 + k}] = {value}" if leaf.kind == "real" else f"integers(row)[{2 + k}] = int({value})")
            function.level = before
        function.add(f"{stop} = rows")
        return Planned(arc, cells, "", "", False, one.values, start, stop)

    def _one(self, arc: InputArc | OutputArc, cells: PlaceCells, scope: Scope, number: str = "", sure: bool = False) -> Planned:
        return self._output(arc, cells, scope, number, sure) if isinstance(arc, OutputArc) else self._reset(arc, cells, scope)

    @contextmanager
    def _loop(self, arc: InputArc | OutputArc) -> Iterator[Scope]:
        assert arc.loop is not None
        over, inner = loop_scope(arc.loop, self.scope)
        with self.function.block(f"for v_{arc.loop.variable} in {over}:"):
            yield inner

    @contextmanager
    def _each(self, planned: Planned) -> Iterator[Planned]:
        """The element, number and values of a fan's arcs, one after another."""
        function, cells = self.function, planned.cells
        if not planned.start:
            with self._loop(planned.arc) as inner:
                yield self._one(planned.arc, cells, inner, planned.number, planned.sure)
            return
        with function.block(f"for at in range({planned.start}, {planned.stop}, {2 + len(cells.leaves)}):"):
            function.add(f"row = state[{LISTED}] + 8 * at", "element, number = integers(row)[0], integers(row)[1]")
            values: list[str | None] = []
            for k, (value, leaf) in enumerate(zip(planned.values, cells.leaves, strict=False)):
                read = f"{'reals_at' if leaf.kind == 'real' else 'integers'}(row)[{2 + k}]"
                values.append(None if value is None else self._local("x", f"({read} != 0)" if leaf.kind == "bool" else read))
            yield replace(planned, element="element", number="number", values=tuple(values))

    # Taking.

    def _take(self, take: Take) -> None:
        function, cells = self.function, take.cells
        self._level = function.level
        if take.fan:
            with function.block(f"for k in range({take.element}, {take.number}):"):
                function.add("number = integers(state[10])[3 * k + 1]", "total = integers(state[10])[3 * k + 2]")
                if cells.kind == "line":
                    first = self.writer.first(function, cells)
                    element = f"total - {first}" if first else "total"
                    self._take_from_line(cells, line_cell(self.writer, function, cells, element), "total", "number")
                else:
                    function.add("tokens[integers(state[10])[3 * k]] -= number")
                    if cells.kind == "finite":
                        function.add("tokens[total] -= number")
                self._moved(cells, "-", "number")
            return
        if cells.kind == "line":
            self._take_from_line(cells, line_cell(self.writer, function, cells, take.element), take.total, take.number)
        else:
            function.add(f"tokens[{take.cell}] -= {take.number}")
            if cells.kind == "finite":
                function.add(f"tokens[{take.total}] -= {take.number}")
        self._moved(cells, "-", take.number)

    def _take_from_line(self, cells: PlaceCells, line: str, total: str, number: str) -> None:
        function = self.function
        called = "take_back" if cells.place.order == "lifo" else "take_front"
        statement = (f"{called}(state, {line}, tokens[{total}], {len(cells.leaves)})", f"tokens[{total}] -= 1")
        if number == "1":
            function.add(*statement)
            return
        with function.block(f"for k_taken in range({number}):"):
            function.add(*statement)

    def _take_record(self, asked: list[int]) -> list[str]:
        """What the binding's record says."""
        function, inputs = self.function, self.transition.inputs
        function.add(*(f"from_{k} = 0" for k in asked if k < len(inputs)))
        places = dict.fromkeys(self.writer.layout.place(arc.place) for arc in inputs)
        if not places:
            return []
        self._level = -1
        with function.block(f"for k_take in range(integers(binding)[{b.TAKEN}]):"):
            function.add("take = integers(take_at(binding, k_take))")
            function.add(f"arc, element, number = take[{b.TAKE_ARC}], take[{b.TAKE_ELEMENT}], take[{b.TAKE_NUMBER}]")
            for k in asked:
                if k < len(inputs):
                    with function.block(f"if arc == {k}:"):
                        function.add(f"from_{k} = element")
            for cells in places:
                with function.block(f"if {self._of(cells)}:"):
                    self._take_recorded(cells)
        return [f"from_{k}" if k in asked else "" for k in range(len(inputs))]

    def _of(self, cells: PlaceCells) -> str:
        """The condition that a take is one of a place."""
        return " or ".join(f"arc == {k}" for k, arc in enumerate(self.transition.inputs) if arc.place == cells.place.name)

    def _take_recorded(self, cells: PlaceCells) -> None:
        function = self.function
        total = total_cell(self.writer, function, cells, "element")
        if cells.kind == "line":
            self._take_from_line(cells, line_cell(self.writer, function, cells, "element"), total, "number")
        else:
            function.add(f"tokens[{total}] -= number")
        if cells.kind == "finite":
            function.add(f"tokens[{total} + 1 + take[{b.TAKE_WHAT}]] -= number")
        elif cells.kind == "bag":
            function.add(f"take_from_bag(state, {bag_cell(self.writer, function, cells, 'element')}, take[{b.TAKE_WHAT}], number)")
        self._moved(cells, "-", "number")

    def _tidy(self) -> None:
        """Bags from which it has taken give memory back; the looks that follow learn the new numbers of entries."""
        function = self.function
        bags = [c for c in dict.fromkeys(self.writer.layout.place(arc.place) for arc in self.transition.inputs) if c.kind == "bag"]
        if not bags:
            return
        with function.block(f"for k_take in range(integers(binding)[{b.TAKEN}]):"):
            function.add("take = integers(take_at(binding, k_take))", f"arc, element = take[{b.TAKE_ARC}], take[{b.TAKE_ELEMENT}]")
            for cells in bags:
                with function.block(f"if {self._of(cells)}:"):
                    function.add(f"tidy(state, {bag_cell(self.writer, function, cells, 'element')})")

    # Emptying.

    def _empty(self, planned: Planned) -> None:
        self._level = self.function.level
        if planned.arc.loop is None:
            self._empty_element(planned)
            return
        with self._each(planned) as one:
            self._empty_element(one)

    def _empty_element(self, planned: Planned) -> None:
        function, cells, values = self.function, planned.cells, planned.values
        before, level = function.level, self._level
        if planned.number:
            function.add(f"if {planned.number} != 0:")
            function.level += 1
            self._level = -1
        total = total_cell(self.writer, function, cells, planned.element)
        gone = function.fresh("gone")
        everything = all(value is None for value in values)
        if everything:
            function.add(f"{gone} = tokens[{total}]")
        if cells.kind == "plain" or (cells.kind == "line" and everything):
            function.add(f"tokens[{total}] = 0")
        elif cells.kind == "bag":
            self._empty_bag(planned, total, gone, everything)
        elif cells.kind == "line":
            line = self._local("line", line_cell(self.writer, function, cells, planned.element))
            kept = function.fresh("kept")
            function.add(f"{kept} = 0")
            with function.block(f"for k in range(tokens[{total}]):"):
                tests = [f"{read_number(cells, line, 'k', n)} == {value}" for n, value in enumerate(values) if value is not None]
                with function.block(f"if not ({' and '.join(tests)}):"):
                    function.add(f"copy_token(state, {line}, k, {kept}, {len(cells.leaves)})", f"{kept} += 1")
            function.add(f"{gone} = tokens[{total}] - {kept}", f"tokens[{total}] = {kept}")
        else:
            self._empty_colours(planned, total, gone, everything)
        self._moved(cells, "-", gone)
        function.level, self._level = before, level

    def _empty_bag(self, planned: Planned, total: str, gone: str, everything: bool) -> None:
        function, cells = self.function, planned.cells
        bag = self._local("bag", bag_cell(self.writer, function, cells, planned.element))
        if everything:
            function.add(f"empty_bag(state, {bag})", f"tokens[{total}] = 0")
            return
        function.add(f"{gone} = 0")
        # From the end, so that little moves up.
        with function.block(f"for nth in range(state[{bag} + {DIFFERENT}] - 1, -1, -1):"):
            function.add(f"address = entry_at(state, {bag}, chosen(state, {bag}, nth))")
            tests = [f"{bag_number(cells, 'address', n)} == {value}" for n, value in enumerate(planned.values) if value is not None]
            with function.block(f"if {' and '.join(tests)}:"):
                function.add(f"{gone} += empty_position(state, {bag}, nth)")
        function.add(f"tidy(state, {bag})", f"tokens[{total}] -= {gone}")

    def _empty_colours(self, planned: Planned, total: str, gone: str, everything: bool) -> None:
        function, cells, values = self.function, planned.cells, planned.values
        if not everything:
            function.add(f"{gone} = 0")
        before, sources = function.level, []
        for value, leaf in zip(values, cells.leaves, strict=False) if values else ((None, leaf) for leaf in cells.leaves):
            low, high = self.writer.layout.structural(leaf.low or 0), self.writer.layout.structural(leaf.high or 0)
            if value is None:
                name = function.fresh("w")
                function.add(f"for {name} in range({low}, {high} + 1):")
            else:
                name = f"int({value})" if leaf.kind == "bool" else value
                function.add(f"if {low} <= {name} <= {high}:")
            function.level += 1
            sources.append(name)
        colour, _ = colour_of(sources, tuple(replace(leaf, kind="int") for leaf in cells.leaves), self.writer, function)
        cell = self._local("cell", colour_cell(self.writer, function, cells, planned.element, colour))
        if not everything:
            function.add(f"{gone} += tokens[{cell}]")
        function.add(f"tokens[{cell}] = 0")
        function.level = before
        function.add(f"tokens[{total}] -= {gone}")

    # Putting.

    def _put(self, planned: Planned) -> None:
        self._level = self.function.level
        if planned.arc.loop is None:
            self._put_in(planned)
            return
        with self._each(planned) as one:
            self._put_in(one)

    def _put_in(self, planned: Planned) -> None:
        function, cells, number = self.function, planned.cells, planned.number
        token = [str(value) for value in planned.values]
        total = total_cell(self.writer, function, cells, planned.element)
        if cells.kind == "plain":
            function.add(f"tokens[{total}] += {number}")
            self._moved(cells, "+", number)
            return
        if not planned.sure:
            function.add(f"if {number} > 0:")
            function.level += 1
        if cells.kind == "finite":
            colour, _ = colour_of(token, cells.leaves, self.writer, function)
            cell = colour_cell(self.writer, function, cells, planned.element, colour)
            function.add(f"tokens[{cell}] += {number}", f"tokens[{total}] += {number}")
        elif cells.kind == "bag":
            bag = bag_cell(self.writer, function, cells, planned.element)
            function.add(f"put_in_bag(state, {bag}, {value_key(self.writer, cells, token)}, {number})", f"tokens[{total}] += {number}")
        else:
            line = self._local("line", line_cell(self.writer, function, cells, planned.element))
            before = function.level
            if number != "1":
                function.add(f"for k_put in range({number}):")
                function.level += 1
            self._put_in_line(cells, line, total, token)
            function.level = before
        if planned.sure:
            self._moved(cells, "+", number)
        else:
            level, self._level = self._level, -1
            self._moved(cells, "+", number)
            self._level = level
            function.level -= 1

    def _put_in_line(self, cells: PlaceCells, line: str, total: str, token: list[str]) -> None:
        function, width = self.function, len(cells.leaves)
        function.add(f"make_room(state, {line}, tokens[{total}], {width})")
        for k, part in enumerate(token):
            function.add(write_number(cells, line, f"tokens[{total}]", k, part))
        if cells.place.order == "random":
            with function.block(f"if tokens[{total}] > 0:"):
                function.add(f"exchange(state, {line}, tokens[{total}], int(rng.random() * (tokens[{total}] + 1)), {width})")
        function.add(f"tokens[{total}] += 1")


def _reads_marking(expression: Expression) -> bool:
    return any(isinstance(node, Tokens) for node in walk(expression))
