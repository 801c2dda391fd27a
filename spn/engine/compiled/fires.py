"""A firing as source: count it, take, empty and put tokens, and look at what this can have changed."""

from __future__ import annotations

from dataclasses import replace

from spn.engine.compiled.cells import FIRED_VALUES, FIRING
from spn.engine.compiled.formulas import Scope, variable_formulas
from spn.engine.compiled.layout import ClassPlan
from spn.engine.compiled.looks import decode
from spn.engine.compiled.matching import decode_binding, own_scope
from spn.engine.compiled.moves import Moves
from spn.engine.compiled.observing import Observing
from spn.engine.compiled.records import VALUES
from spn.engine.compiled.relations import Affine, Dynamic, Everything, Listed, Relations, Rule
from spn.engine.compiled.searching import Search, Takes, class_scope, reads_now, variable_names
from spn.engine.compiled.source import CONTEXT, Function, Writer, plus


class Fire:
    """Writes ``fire_CLASS(..., slot)``."""

    def __init__(self, writer: Writer, plan: ClassPlan, relations: Relations, observing: Observing) -> None:
        self.writer, self.plan, self.transition, self.relations, self.observing = writer, plan, plan.transition, relations, observing
        self.function = Function(writer, f"fire_{plan.name}", "slot", f"A binding of {plan.transition.name} fires.")
        self.changes = relations.changes(plan)

    def write(self) -> None:
        """The whole function."""
        function, plan, writer = self.function, self.plan, self.writer
        if plan.enumerated:
            function.add(f"binding = state[{FIRING}]", f"i = integers(binding)[{VALUES + 1}]")
            decode_binding(function, plan, "binding")
            numbers = range(2 + len(variable_names(plan)))
            function.add(*(f"integers(state[{FIRED_VALUES}])[{k}] = integers(binding)[{VALUES + k}]" for k in numbers))
            self._count()
            self._leaf(own_scope(writer, function, plan), None)
            writer.define(function)
            return
        scope = class_scope(writer, function, plan)
        slots = writer.slots(function, plan)
        own = f"slot - {slots}" if slots else "slot"
        if plan.bindings == 1:
            function.add(f"i = {own}", *(["b = 0"] if plan.finite else []))
        else:
            count = writer.integer(function, f"bindings_{plan.name}", plan.bindings)
            function.add(f"i = ({own}) // {count}", f"b = ({own}) - i * {count}")
        if plan.finite:
            decode(writer, function, plan)
        for name in plan.finite:
            scope = scope.bind(name, variable_formulas(name, plan.variables[name]))
        self._count()
        if any(reads_now(arc) for arc in self.transition.inputs):
            scope = replace(scope, now="values[1]")
        needs_checks = any(entry is None for arc in self.transition.inputs for entry in arc.pattern) or any(
            writer.layout.place(arc.place).kind == "finite" and not arc.pattern for arc in self.transition.inputs
        )
        Search(writer, function, plan, self._leaf, checks=needs_checks).write(scope, tests=self._needs_tests())
        writer.define(function, inline=True)

    def _count(self) -> None:
        """The firing is counted, and noted among those of this instant."""
        function, plan = self.function, self.plan
        code = self.writer.layout.prepared.classes[plan.number].first
        first = self.writer.integer(function, f"code_{plan.name}", code) if code else ""
        function.add(f"integers(state[11])[state[6]] = {plus(first, 'i')}", f"state[{self.observing.fired(plan.number)}] += 1")

    def _needs_tests(self) -> bool:
        """Whether a test arc binds a variable that is read again."""
        return any(name not in self.plan.finite for name in self.plan.variables) and any(
            self.writer.layout.place(arc.place).kind != "plain" for arc in self.transition.tests
        )

    def _leaf(self, scope: Scope, takes: Takes | None) -> None:
        scope = replace(scope, now="values[0]")
        function = self.function
        before = len(function.lines)
        self.observing.write_records(self.plan, scope, function)
        asked = [number for number, change in enumerate(self.changes) if change.elements is None and not change.fan]
        self.sources = Moves(self.writer, function, self.plan, scope).write(takes, asked, before)
        self.observing.write_changed([change.place for change in self.changes], function)
        self._look_around()
        function.add("return")

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
