"""A firing as source: count it, take, empty and put tokens, and look at what this can have changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from spn.engine.compiled.formulas import Scope, UnsupportedError, colour_of, element_source, line_cell, variable_formulas, wanted
from spn.engine.compiled.layout import ClassPlan, PlaceCells
from spn.engine.compiled.looks import decode
from spn.engine.compiled.observing import Observing
from spn.engine.compiled.relations import Affine, Dynamic, Everything, Listed, Relations, Rule
from spn.engine.compiled.searching import Search, Take, Takes, class_scope, loop_scope, multiplicity, pattern_of, reads_now
from spn.engine.compiled.source import CONTEXT, Formula, Function, Writer, colour_cell, plus, read_number, total_cell, write_number
from spn.expressions.tree import Expression, Tokens
from spn.expressions.walk import free_variables, walk
from spn.net.types import InputArc, OutputArc


class Fire:
    """Writes ``fire_CLASS(..., slot)``."""

    def __init__(self, writer: Writer, plan: ClassPlan, relations: Relations, observing: Observing) -> None:
        self.writer, self.plan, self.transition, self.relations, self.observing = writer, plan, plan.transition, relations, observing
        self.function = Function(writer, f"fire_{plan.name}", "slot", f"A binding of {plan.transition.name} fires.")
        self.changes = relations.changes(plan)
        self.total: list[tuple[str, str]] = []

    def write(self) -> None:
        """The whole function."""
        function, plan, writer = self.function, self.plan, self.writer
        scope = class_scope(writer, function, plan)
        slots = writer.slots(function, plan)
        own = f"slot - {slots}" if slots else "slot"
        if plan.bindings == 1:
            function.add(f"i = {own}")
        else:
            count = writer.integer(function, f"bindings_{plan.name}", plan.bindings)
            function.add(f"i = ({own}) // {count}", f"b = ({own}) - i * {count}")
            decode(writer, function, plan)
            for name in plan.finite:
                scope = scope.bind(name, variable_formulas(name, plan.variables[name]))
        code = writer.layout.prepared.classes[plan.number].first
        first = writer.integer(function, f"code_{plan.name}", code) if code else ""
        function.add(f"integers(state[11])[state[6]] = {plus(first, 'i')}", f"state[{self.observing.fired(plan.number)}] += 1")
        if any(reads_now(arc) for arc in self.transition.inputs):
            scope = replace(scope, now="values[1]")
        needs_checks = any(entry is None for arc in self.transition.inputs for entry in arc.pattern) or any(
            writer.layout.place(arc.place).kind == "finite" and not arc.pattern for arc in self.transition.inputs
        )
        Search(writer, function, plan, self._leaf, checks=needs_checks).write(scope, tests=self._needs_tests())
        writer.define(function, inline=True)

    def _needs_tests(self) -> bool:
        """Whether a test arc binds a variable that is read again."""
        return any(name not in self.plan.finite for name in self.plan.variables) and any(
            self.writer.layout.place(arc.place).kind != "plain" for arc in self.transition.tests
        )

    def _leaf(self, scope: Scope, takes: Takes) -> None:
        scope = replace(scope, now="values[0]")
        function = self.function
        self.observing.write_records(self.plan, scope, function)
        emptied = [self._emptied(arc, scope) for arc in self.transition.resets]
        puts = [self._evaluated(arc, scope) for arc in self.transition.outputs]
        self.sources = [take.element for take in takes] + [element for _, element, _ in emptied] + [put[1] for put in puts]
        for arc, take in zip(self.transition.inputs, takes, strict=True):
            self._take(arc, take)
        for empty in emptied:
            self._empty(*empty, scope)
        for put in puts:
            self._put(*put, scope)
        self._total_change()
        self.observing.write_changed([change.place for change in self.changes], function)
        self._look_around()
        function.add("return")

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

    # Taking.

    def _take(self, arc: InputArc, take: Take) -> None:
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

    # Emptying.

    def _emptied(self, arc: InputArc, scope: Scope) -> tuple[InputArc, str, list[str | None]]:
        """The element and the numbers that a token must have, evaluated before anything moves; a fan's are so later, and must not see the marking."""
        if arc.loop is not None:
            parts: list[Expression] = [arc.element, *(e for e in arc.pattern if e is not None and not hasattr(e, "name"))]
            self._refuse_marking(arc, parts)
            return arc, "", []
        cells = self.writer.layout.place(arc.place)
        element = self._local("e", element_source(arc.place, arc.element, scope))
        numbers: list[str | None] = []
        for what, source, _ in pattern_of(arc, cells, scope):
            numbers.append(self._local("x", str(source)) if what == "equal" else None)
        return arc, element, numbers

    def _refuse_marking(self, arc: InputArc | OutputArc, parts: Iterable[Expression]) -> None:
        if any(isinstance(node, Tokens) for part in parts for node in walk(part)):
            raise UnsupportedError(f"transition {self.transition.name}: a fan of {arc.place} with parts that read the marking")

    def _empty(self, arc: InputArc, element: str, numbers: list[str | None], scope: Scope) -> None:
        function, cells = self.function, self.writer.layout.place(arc.place)
        self._level = function.level
        if arc.loop is not None:
            over, inner = loop_scope(arc.loop, scope)
            with function.block(f"for v_{arc.loop.variable} in {over}:"):
                element = self._local("e", element_source(arc.place, arc.element, inner))
                numbers = [str(source) if what == "equal" else None for what, source, _ in pattern_of(arc, cells, inner)]
                self._empty_element(cells, element, numbers)
            return
        self._empty_element(cells, element, numbers)

    def _empty_element(self, cells: PlaceCells, element: str, numbers: list[str | None]) -> None:
        function = self.function
        total = total_cell(self.writer, function, cells, element)
        gone = function.fresh("gone")
        everything = all(number is None for number in numbers)
        if everything:
            function.add(f"{gone} = tokens[{total}]")
        if cells.kind == "plain" or (cells.kind == "line" and everything):
            function.add(f"tokens[{total}] = 0")
        elif cells.kind == "line":
            line = self._local("line", line_cell(self.writer, function, cells, element))
            kept = function.fresh("kept")
            function.add(f"{kept} = 0")
            with function.block(f"for k in range(tokens[{total}]):"):
                tests = [f"{read_number(cells, line, 'k', n)} == {number}" for n, number in enumerate(numbers) if number is not None]
                with function.block(f"if not ({' and '.join(tests)}):"):
                    function.add(f"copy_token(state, {line}, k, {kept}, {len(cells.leaves)})", f"{kept} += 1")
            function.add(f"{gone} = tokens[{total}] - {kept}", f"tokens[{total}] = {kept}")
        elif cells.kind == "finite":
            if not everything:
                function.add(f"{gone} = 0")
            before, sources = function.level, []
            for number, leaf in zip(numbers, cells.leaves, strict=False) if numbers else ((None, leaf) for leaf in cells.leaves):
                low, high = self.writer.layout.structural(leaf.low or 0), self.writer.layout.structural(leaf.high or 0)
                if number is None:
                    name = function.fresh("w")
                    function.add(f"for {name} in range({low}, {high} + 1):")
                else:
                    name = f"int({number})" if leaf.kind == "bool" else number
                    function.add(f"if {low} <= {name} <= {high}:")
                function.level += 1
                sources.append(name)
            colour, _ = colour_of(sources, tuple(replace(leaf, kind="int") for leaf in cells.leaves), self.writer, function)
            cell = self._local("cell", colour_cell(self.writer, function, cells, element, colour))
            if not everything:
                function.add(f"{gone} += tokens[{cell}]")
            function.add(f"tokens[{cell}] = 0")
            function.level = before
            function.add(f"tokens[{total}] -= {gone}")
        else:
            raise UnsupportedError(f"place {cells.place.name}: tokens of an unbounded colour in no order")
        self._moved(cells, "-", gone)

    # Putting.

    def _evaluated(self, arc: OutputArc, scope: Scope) -> tuple[OutputArc, str, str, bool, list[Formula]]:
        """Element, number and token of an output, evaluated before anything moves."""
        cells = self.writer.layout.place(arc.place)
        if arc.loop is not None:
            return self._evaluated_fan(arc, scope)
        element = self._local("e", element_source(arc.place, arc.element, scope))
        n = multiplicity(arc.multiplicity, scope)
        number = self._local("n", n.source)
        sure = n.low is not None and n.low >= 1
        return arc, element, number, sure, self._token(arc, cells, scope, "" if sure else number)

    def _token(self, arc: OutputArc, cells: PlaceCells, scope: Scope, number: str) -> list[Formula]:
        if arc.token is None or cells.kind == "plain":
            return []
        if number:
            self.function.add(f"if {number} > 0:")
            self.function.level += 1
            self.function.add("pass")
        colour = cells.place.colour
        found = []
        for part, leaf in zip(wanted(arc.token, colour, scope), cells.leaves, strict=True):
            source = f"float({part.source})" if leaf.kind == "real" else part.source
            simple = source.isdigit() or source in ("True", "False")
            if not simple:
                name = self.function.fresh("x")
                self.function.add(f"{name} = {source}")
                source = name
            found.append(Formula(source, part.low, part.high))
        self._check_bounds(cells, found)
        if number:
            self.function.level -= 1
        return found

    def _check_bounds(self, cells: PlaceCells, numbers: list[Formula]) -> None:
        for number, leaf in zip(numbers, cells.leaves, strict=True):
            if leaf.low is None or leaf.high is None or leaf.kind == "bool":
                continue
            if number.low is not None and number.high is not None and leaf.low <= number.low and number.high <= leaf.high:
                continue
            low, high = self.writer.layout.structural(leaf.low), self.writer.layout.structural(leaf.high)
            with self.function.block(f"if not {low} <= {number.source} <= {high}:"):
                self.function.add("fail(state, 7)", "return")

    def _evaluated_fan(self, arc: OutputArc, scope: Scope) -> tuple[OutputArc, str, str, bool, list[Formula]]:
        assert arc.loop is not None
        parts = [arc.element, *([arc.token] if arc.token is not None else [])]
        if arc.loop.variable in free_variables(arc.multiplicity) or not any(isinstance(node, Tokens) for node in walk(arc.multiplicity)):
            parts.append(arc.multiplicity)
            number, sure = "", False
        else:
            n = multiplicity(arc.multiplicity, scope)
            number, sure = self._local("n", n.source), n.low is not None and n.low >= 1
        self._refuse_marking(arc, [*parts, arc.loop.start, arc.loop.stop])
        return arc, "", number, sure, []

    def _put(self, arc: OutputArc, element: str, number: str, sure: bool, token: list[Formula], scope: Scope) -> None:
        function, cells = self.function, self.writer.layout.place(arc.place)
        self._level = function.level
        if arc.loop is None:
            self._put_in(cells, element, number, sure, token)
            return
        over, inner = loop_scope(arc.loop, scope)
        with function.block(f"for v_{arc.loop.variable} in {over}:"):
            element = self._local("e", element_source(arc.place, arc.element, inner))
            if not number:
                n = multiplicity(arc.multiplicity, inner)
                number, sure = self._local("n", n.source), n.low is not None and n.low >= 1
            token = self._token(arc, cells, inner, "" if sure else number)
            self._put_in(cells, element, number, sure, token)

    def _put_in(self, cells: PlaceCells, element: str, number: str, sure: bool, token: list[Formula]) -> None:
        function = self.function
        total = total_cell(self.writer, function, cells, element)
        if cells.kind == "plain":
            function.add(f"tokens[{total}] += {number}")
            self._moved(cells, "+", number)
            return
        if not sure:
            function.add(f"if {number} > 0:")
            function.level += 1
        if cells.kind == "finite":
            colour, _ = colour_of([part.source for part in token], cells.leaves, self.writer, function)
            function.add(f"tokens[{colour_cell(self.writer, function, cells, element, colour)}] += {number}", f"tokens[{total}] += {number}")
        elif cells.kind == "line":
            line = self._local("line", line_cell(self.writer, function, cells, element))
            before = function.level
            if number != "1":
                function.add(f"for k_put in range({number}):")
                function.level += 1
            self._put_in_line(cells, line, total, token)
            function.level = before
        else:
            raise UnsupportedError(f"place {cells.place.name}: tokens of an unbounded colour in no order")
        if sure:
            self._moved(cells, "+", number)
        else:
            level, self._level = self._level, -1
            self._moved(cells, "+", number)
            self._level = level
            function.level -= 1

    def _put_in_line(self, cells: PlaceCells, line: str, total: str, token: list[Formula]) -> None:
        function, width = self.function, len(cells.leaves)
        function.add(f"make_room(state, {line}, tokens[{total}], {width})")
        for k, part in enumerate(token):
            function.add(write_number(cells, line, f"tokens[{total}]", k, part.source))
        if cells.place.order == "random":
            with function.block(f"if tokens[{total}] > 0:"):
                function.add(f"exchange(state, {line}, tokens[{total}], int(rng.random() * (tokens[{total}] + 1)), {width})")
        function.add(f"tokens[{total}] += 1")

    # Looking at what may have changed.

    def _look_around(self) -> None:
        for kept in self.observing.kept.all:
            rule = self.relations.kept_rule(self.plan, self.changes, kept)
            if rule is not None:
                self._follow(rule, kept.name, f"keep_{kept.name}", kept.size)
        for reader in self.writer.layout.alive:
            rule = self.relations.rule(self.plan, self.changes, reader)
            if rule is not None:
                self._follow(rule, str(reader.number), f"look_{reader.name}", reader.transition.size)

    def _follow(self, rule: Rule, reader: str, called: str, size: int) -> None:
        """Call a function for the indices that a rule says."""
        function, writer = self.function, self.writer
        call = f"{called}({CONTEXT}, "
        pair = f"{self.plan.name}_to_{reader}"
        match rule:
            case Affine(step, start, count):
                factor = "" if step == 0 else "i" if step == 1 else f"{writer.integer(function, f'step_{pair}', step)} * i"
                index = plus(factor, writer.integer(function, f"start_{pair}", start) if start else "")
                if count == 1:
                    function.add(f"{call}{index})")
                else:
                    many = writer.integer(function, f"count_{pair}", count)
                    with function.block(f"for j in range({index}, {index} + {many}):"):
                        function.add(f"{call}j)")
            case Everything():
                with function.block(f"for j in range({writer.integer(function, f'indices_of_{reader}', size)}):"):
                    function.add(f"{call}j)")
            case Listed(single=True, indices=indices):
                table = writer.array(function, f"to_{pair}", indices)
                function.add(f"j = ints[{table} + i]")
                with function.block("if j >= 0:"):
                    function.add(f"{call}j)")
            case Listed():
                with function.block(f"for k in {self._row(rule, pair, 'i')}:"):
                    function.add(f"{call}ints[k])")
            case Dynamic(known=known, by_element=by_element):
                function.add("found = 0")
                with function.block(f"for k in {self._row(known, pair, 'i')}:"):
                    function.add("found = note(state, found, ints[k])")
                for number, lists in by_element:
                    source = self.sources[number]
                    name = f"{self.changes[number].place}_to_{reader}"
                    with function.block(f"for k in {self._row(lists, name, source)}:"):
                        function.add("found = note(state, found, ints[k])")
                function.add("found = sort_unique(state, found)")
                with function.block("for k in range(found):"):
                    function.add(f"{call}integers(state[33])[k])")

    def _row(self, lists: Listed, name: str, at: str) -> str:
        rows = self.writer.array(self.function, f"rows_{name}", lists.rows)
        indices = self.writer.array(self.function, f"list_{name}", lists.indices)
        return f"range({indices} + ints[{rows} + {at}], {indices} + ints[{rows} + {at} + 1])"
