"""Looking at one index of a class, as source: which bindings are enabled, and what that means for their clocks."""

from __future__ import annotations

from spn.engine.compiled import delays
from spn.engine.compiled.cells import SELF
from spn.engine.compiled.formulas import IrregularError, Scope, element_source, formula, real, variable_formulas
from spn.engine.compiled.layout import ClassPlan, Leaf
from spn.engine.compiled.searching import (
    Search,
    Take,
    Takes,
    binding_scope,
    class_scope,
    inhibitor_condition,
    loop_scope,
    multiplicity,
    variable_names,
)
from spn.engine.compiled.source import CONTEXT, Formula, Function, Writer, plus, total_cell
from spn.expressions.tree import Constant
from spn.expressions.values import is_integer
from spn.expressions.walk import free_variables
from spn.net.types import Bind, Immediate, OutputArc, Timed


class Look:
    """Writes ``look_CLASS(..., i)``."""

    def __init__(self, writer: Writer, plan: ClassPlan, function: Function | None = None) -> None:
        self.writer, self.plan, self.transition = writer, plan, plan.transition
        self.function = function or Function(writer, f"look_{plan.name}", "i", f"Which bindings of {plan.transition.name} are enabled at index i.")
        self.lines = [name for name in plan.variables if name not in plan.finite]
        """Variables that tokens on offer in ordered places decide."""
        self.changing = not plan.immediate and plan.transition.timing.delay.name == "exponential" and not delays.is_fixed(plan)  # type: ignore[union-attr]
        self.check()

    def check(self) -> None:
        """Whether the bindings of an index can be numbered beforehand, in their order."""
        plan, transition = self.plan, self.transition
        name = f"transition {transition.name}"
        if self.lines and plan.memory == "age":
            raise IrregularError(f"{name}: memory age with variables bound by tokens of ordered places or unbounded colours")
        seen: list[str] = []
        for arc in transition.inputs:
            cells = self.writer.layout.place(arc.place)
            binds = [entry.name for entry in arc.pattern if isinstance(entry, Bind)]
            if cells.kind == "finite" and arc.place in seen and binds:
                raise IrregularError(f"{name}: variables bound by a token of {arc.place} after another arc took any token there")
            if any(entry is None for entry in arc.pattern) or not arc.pattern:
                seen.append(arc.place)
        for arc in (*transition.inputs, *transition.tests):
            if self.writer.layout.place(arc.place).kind != "finite":
                continue
            kinds = ["free" if entry is None else "bind" if isinstance(entry, Bind) else "equal" for entry in arc.pattern]
            if "free" in kinds and "bind" in kinds[kinds.index("free") :]:
                raise IrregularError(f"{name}: in {arc.place} a variable is bound after a component that may be anything")

    def write(self) -> None:
        """The whole function."""
        plan, function = self.plan, self.function
        scope = class_scope(self.writer, function, plan)
        slots = self.writer.slots(function, plan)
        if plan.bindings == 1:
            function.add(f"slot = {plus(slots, 'i')}")
            self.one = True
            Search(self.writer, function, plan, self._leaf).write(scope)
            self._disabled()
        else:
            self.one = False
            count = self.writer.integer(function, f"bindings_{plan.name}", plan.bindings)
            seen = self.writer.region(function, f"seen_{plan.name}", plan.slots)
            function.add(f"base = i * {count}", "state[29] += 1", "look = state[29]")
            Search(self.writer, function, plan, self._leaf).write(scope)
            function.level = 1
            with function.block(f"for b in range({count}):"):
                function.add(f"slot = {plus(slots, 'base', 'b')}")
                with function.block(f"if state[{seen} + base + b] != look:"):
                    self._disabled()
        self.writer.define(function, inline=self._is_short())

    def _is_short(self) -> bool:
        return len(self.function.lines) <= 14

    # What stands at the innermost point.

    def _leaf(self, scope: Scope, takes: Takes) -> None:
        function, plan = self.function, self.plan
        before = function.level
        if not self.one:
            position = "0"
            for name in plan.finite:
                for part, leaf in zip(scope.variables[name], plan.variables[name], strict=True):
                    position = self._position(position, part, leaf)
            count_seen = self.writer.region(function, f"seen_{plan.name}", plan.slots)
            function.add(f"b = {position}")
            self._open(f"if state[{count_seen} + base + b] != look:")
        self._inhibitors(scope)
        if self.transition.guard is not None:
            self._open(f"if {formula(self.transition.guard, scope).source}:")
        self._capacities(scope, takes)
        if plan.immediate:
            self._immediate(scope)
        else:
            if not self.one:
                function.add(f"state[{self.writer.region(function, f'seen_{plan.name}', plan.slots)} + base + b] = look")
                function.add(f"slot = {plus(self.writer.slots(function, plan), 'base', 'b')}")
            if plan.single:
                self._single(scope)
            else:
                self._several(scope, takes)
            if self.one:
                function.add("return")
        function.level = before

    def _position(self, position: str, part: Formula, leaf: Leaf) -> str:
        assert leaf.low is not None and leaf.high is not None
        low, count = self.writer.layout.structural(leaf.low), self.writer.layout.structural(leaf.high - leaf.low + 1)
        own = f"int({part.source})" if leaf.kind == "bool" else part.source if low == "0" else f"({part.source} - {low})"
        return own if position == "0" else f"({position} * {count} + {own})"

    def _open(self, head: str) -> None:
        self.function.add(head)
        self.function.level += 1

    def _inhibitors(self, scope: Scope) -> None:
        for arc in self.transition.inhibitors:
            if arc.loop is None:
                self._open(f"if {inhibitor_condition(arc, scope)}:")
                continue
            over, inner = loop_scope(arc.loop, scope)
            free = self.function.fresh("free")
            self.function.add(f"{free} = True")
            with self.function.block(f"for v_{arc.loop.variable} in {over}:"):
                self._open(f"if not ({inhibitor_condition(arc, inner)}):")
                self.function.add(f"{free} = False", "break")
                self.function.level -= 1
            self._open(f"if {free}:")

    def _capacities(self, scope: Scope, takes: Takes) -> None:
        """No element with a capacity may be left with more tokens than that."""
        layout, function = self.writer.layout, self.function
        limited = [arc for arc in self.transition.outputs if layout.place(arc.place).place.capacity is not None]
        if not limited:
            return
        puts: list[tuple[OutputArc, str, str, bool]] = []
        for arc in limited:
            if arc.loop is not None or any(take.fan for take in takes):
                raise IrregularError(f"transition {self.transition.name}: fans and the capacity of {arc.place}")
            element = self._local("e", element_source(arc.place, arc.element, scope))
            n = multiplicity(arc.multiplicity, scope)
            puts.append((arc, element, self._local("n", n.source), n.low is not None and n.low >= 1))
        for arc, element, number, sure in puts:
            cells = layout.place(arc.place)
            total = total_cell(self.writer, function, cells, element)
            left = f"tokens[{total}]"
            for take in takes:
                if take.cells is cells:
                    left += f" - {take.number}" if take.total == total else f" - ({take.number} if {take.total} == {total} else 0)"
            for reset in self.transition.resets:
                if reset.place == arc.place:
                    if reset.loop is not None or (cells.kind != "plain" and any(entry is not None for entry in reset.pattern)):
                        raise IrregularError(f"transition {self.transition.name}: a reset of some tokens of {arc.place}, which has a capacity")
                    emptied = f"{element_source(reset.place, reset.element, scope)} == {element}"
                    n = multiplicity(reset.multiplicity, scope)
                    if n.low is None or n.low < 1:
                        emptied = f"{emptied} and {n.source} != 0"
                    left = f"(0 if {emptied} else {left})"
            added = [n if e == element else f"({n} if {e} == {element} else 0)" for other, e, n, _ in puts if other.place == arc.place]
            condition = f"{left} + {' + '.join(added)} <= {self._capacity(arc.place, element)}"
            self._open(f"if {condition}:" if sure else f"if {number} == 0 or {condition}:")

    def _capacity(self, place: str, element: str) -> str:
        import numpy as np

        cells, prepared = self.writer.layout.place(place), self.writer.layout.prepared
        capacity = cells.place.capacity
        assert capacity is not None
        if cells.place.index not in free_variables(capacity):
            return self.writer.integer(self.function, f"capacity_{cells.name}", int(prepared.capacity(cells.number, 0)))
        table = np.array([int(prepared.capacity(cells.number, k)) for k in range(cells.place.size)], np.int64)
        return f"ints[{self.writer.array(self.function, f'capacities_{cells.name}', table)} + {element}]"

    def _local(self, stem: str, source: str) -> str:
        if source.isidentifier() or source.isdigit():
            return source
        name = self.function.fresh(stem)
        self.function.add(f"{name} = {source}")
        return name

    # Immediate bindings.

    def _immediate(self, scope: Scope) -> None:
        function, timing = self.function, self.transition.timing
        assert isinstance(timing, Immediate)
        cell, first, flags, weights = level_cells(self.writer, self.function, self.plan)
        one = isinstance(timing.weight, Constant) and timing.weight.value == 1
        if not one:
            function.add(f"weight = weight_of(state, {real(timing.weight, scope)})")
            self._open("if weight > 0.0:")
        if not self.one:
            function.add(f"state[{self.writer.region(function, f'seen_{self.plan.name}', self.plan.slots)} + base + b] = look")
            function.add(f"slot = {plus(self.writer.slots(function, self.plan), 'base', 'b')}")
        if one:
            self._open(f"if state[{flags} + slot] == 0:")
            function.add(f"enter(state, values, {cell}, {first}, {flags}, {weights}, slot, 1.0)")
            function.level -= 1
        else:
            function.add(f"enter(state, values, {cell}, {first}, {flags}, {weights}, slot, weight)")
        if self.one:
            function.add("return")

    def _disabled(self) -> None:
        """The binding of `slot` is not enabled."""
        function, plan = self.function, self.plan
        if plan.immediate:
            cell, first, flags, _ = level_cells(self.writer, self.function, self.plan)
            with function.block(f"if state[{flags} + slot] != 0:"):
                function.add(f"leave(state, {cell}, {first}, {flags}, slot)")
        elif plan.single and plan.memory != "age" and plan.number not in self.writer.remembered:
            function.add("unset_clock(state, slot)")
        elif plan.single:
            with function.block("if is_set(state, slot):"):
                self._lose()
                self._note("0")
        else:
            function.add(f"list = {self._list()}")
            with function.block("while integers(list)[2] > 0:"):
                function.add(self._lose_youngest())

    # Bindings with one clock.

    def _rates(self) -> str:
        return f"values[{self.writer.region(self.function, f'rates_{self.plan.name}', self.plan.slots, real=True, initial=-1.0)} + {self._own()}]"

    def _own(self) -> str:
        """The number of the slot within the class."""
        return f"slot - {self.writer.slots(self.function, self.plan)}" if self.plan.first else "slot"

    def _lose(self) -> None:
        if self.plan.memory == "age":
            left = self.writer.region(self.function, f"left_{self.plan.name}", self.plan.slots, real=True, initial=-1.0)
            self.function.add(f"values[{left} + {self._own()}] = time_left(state, values, slot)")
            if self.changing:
                frozen = self.writer.region(self.function, f"frozen_{self.plan.name}", self.plan.slots, real=True)
                self.function.add(f"values[{frozen} + {self._own()}] = {self._rates()}")
        self.function.add("drop_clock(state, slot)")

    def _start(self, scope: Scope, rate: str = "") -> None:
        function, plan = self.function, self.plan
        arguments = ", ".join(["i", *variable_names(plan)])
        delay = delays.exponential(self.writer, rate) if rate else delays.draw(self.writer, function, plan, scope, arguments)
        function.add(f"set_clock(state, slot, values[0] + {delay})")
        self._note_epoch()

    def _note_epoch(self) -> None:
        if self.plan.memory == "resampling" and self.plan.single:
            epochs = self.writer.region(self.function, f"epochs_{self.plan.name}", self.plan.slots)
            self.function.add(f"state[{epochs} + {self._own()}] = state[5]")

    def _evaluate_rate(self) -> None:
        self.function.add(f"rate = {delays.rate(self.writer, self.plan, ', '.join(['i', *variable_names(self.plan)]))}")

    def _single(self, scope: Scope) -> None:
        function = self.function
        if self.lines:
            with function.block(f"if is_set(state, slot) and {self._differs(scope)}:"):
                function.add("drop_clock(state, slot)")
        if self.changing:
            self._evaluate_rate()
            with function.block("if is_set(state, slot):"), function.block(f"if rate != {self._rates()}:"):
                function.add(f"{self._rates()} = rate", "drop_clock(state, slot)")
                self._start(scope, "rate")
            with function.block("else:"):
                function.add(f"{self._rates()} = rate")
                self._begin(scope, "rate")
        else:
            with function.block("if not is_set(state, slot):"):
                self._begin(scope)
                self._note("1")
        self._keep(scope)

    def write_clock(self, scope: Scope, begins: bool) -> None:
        """Only set or drop the clock of `slot`."""
        if begins:
            self._begin(scope)
        else:
            self._lose()

    def _note(self, what: str) -> None:
        """For the tables of remembered firings: a clock was set (1) or dropped (0)."""
        if self.plan.number in self.writer.remembered:
            self.function.add(f"noted(state, slot, {what})")

    def _begin(self, scope: Scope, rate: str = "") -> None:
        """A binding without a clock gets one: the frozen one, or a new one."""
        function, plan = self.function, self.plan
        if plan.memory != "age":
            self._start(scope, rate)
            return
        left = f"values[{self.writer.region(function, f'left_{plan.name}', plan.slots, real=True, initial=-1.0)} + {self._own()}]"
        resumes = f"{left} >= 0.0"
        if self.changing:
            frozen = self.writer.region(function, f"frozen_{plan.name}", plan.slots, real=True)
            resumes += f" and values[{frozen} + {self._own()}] == rate"
        with function.block(f"if {resumes}:"):
            function.add(f"set_clock(state, slot, values[0] + {left})")
        with function.block("else:"):
            self._start(scope, rate)
        function.add(f"{left} = -1.0")

    # Variables that tokens on offer decide: a clock is of one binding only, so their values are kept.

    def _kept(self) -> list[tuple[str, str]]:
        """(cell, local name) of each number."""
        found = []
        for name in self.lines:
            parts = self.plan.variables[name]
            for k, (part, leaf) in enumerate(zip(variable_formulas(name, parts), parts, strict=True)):
                block = "values" if leaf.kind == "real" else "state"
                first = self.writer.region(self.function, f"bound_{self.plan.name}_{name}_{k}", self.plan.slots, real=leaf.kind == "real")
                found.append((f"{block}[{first} + {self._own()}]", part.source))
        return found

    def _differs(self, scope: Scope) -> str:
        return f"({' or '.join(f'{cell} != {name}' for cell, name in self._kept()) or 'False'})"

    def _keep(self, scope: Scope) -> None:
        if self.lines:
            self.function.add(*(f"{cell} = {name}" for cell, name in self._kept()))

    # Bindings with several clocks.

    def _list(self) -> str:
        first = self.writer.region(self.function, f"clocks_{self.plan.name}", 4 * self.plan.slots, initial=(-1, -1, 0, -1))
        return f"state[{SELF}] + 8 * ({first} + 4 * ({self._own()}))"

    def _lose_youngest(self) -> str:
        rate = self._rates() if self.changing else "-1.0"
        return f"lose_youngest(state, values, list, {self.plan.memory == 'age'}, {rate})"

    def _several(self, scope: Scope, takes: Takes) -> None:
        function, plan, timing = self.function, self.plan, self.transition.timing
        assert isinstance(timing, Timed)
        function.add(f"list = {self._list()}")
        if timing.servers is None:
            function.add("wanted = 9_000_000_000_000_000_000")
        else:
            servers = formula(timing.servers, scope)
            sure = is_integer(timing.servers.type) and servers.low is not None and servers.low >= 0
            function.add(f"wanted = {servers.source if sure else f'servers_of(state, {servers.source})'}")
        self._limit_by_degree(takes)
        if self.lines:
            with function.block(f"if integers(list)[2] > 0 and {self._differs(scope)}:"), function.block("while integers(list)[2] > 0:"):
                function.add(self._lose_youngest())
        with function.block("while integers(list)[2] > wanted:"):
            function.add(self._lose_youngest())
        arguments = ", ".join(["i", *variable_names(plan)])
        delay = delays.draw(self.writer, function, plan, scope, arguments)
        if self.changing:
            delay = delays.exponential(self.writer, "rate")
            with function.block("if wanted > 0:"):
                self._evaluate_rate()
                with function.block(f"if rate != {self._rates()}:"):
                    function.add(f"{self._rates()} = rate", "node = integers(list)[0]")
                    with function.block("while node >= 0:"):
                        function.add("drop_clock(state, state[26] + node)", f"restart(state, node, values[0] + {delay})")
                        function.add("node = integers(state[13])[8 * node + 2]")
        with function.block("while integers(list)[2] < wanted:"):
            if plan.memory == "age":
                function.add(f"left = thaw(state, list, {'rate' if self.changing else '-1.0'})")
                with function.block("if left >= 0.0:"):
                    function.add("append_clock(state, list, slot, values[0] + left)")
                with function.block("else:"):
                    function.add(f"append_clock(state, list, slot, values[0] + {delay})")
            else:
                function.add(f"append_clock(state, list, slot, values[0] + {delay})")
            with function.block("if state[0] != 0:"):
                function.add("return")
        self._keep(scope)

    def _limit_by_degree(self, takes: Takes) -> None:
        function = self.function
        if any(take.cells.kind == "line" and not take.counts for take in takes) or not takes:
            function.add("wanted = min(wanted, 1)")
            return
        if any(take.fan for take in takes):
            if any(not take.counts for take in takes):
                raise IrregularError(f"transition {self.transition.name}: several servers, a fan and an arc that takes any token")
            function.add("wanted = degree_of_takes(state, tokens, taken, wanted)")
            return
        free = [take for take in takes if not take.counts]
        if any(other is not take and other.cells is take.cells for take in free for other in takes):
            raise IrregularError(
                f"transition {self.transition.name}: several servers, and several arcs that take any token of {free[0].cells.place.name}"
            )
        function.add("some = 0")
        for take in takes:
            if not take.counts:
                function.add("some = 1", f"wanted = min(wanted, {self._servings(take)})")
                continue
            same = [other.number if other.cell == take.cell else f"({other.number} if {other.cell} == {take.cell} else 0)" for other in takes
                    if other.cells is take.cells and other.counts]  # fmt: skip
            with function.block(f"if {take.number} > 0:"):
                function.add("some = 1", f"wanted = min(wanted, tokens[{take.cell}] // ({' + '.join(same)}))")
        with function.block("if some == 0:"):
            function.add("wanted = min(wanted, 1)")

    def _servings(self, take: Take) -> str:
        """How often an arc that takes any token of a kind can be served."""
        from spn.engine.compiled.searching import pattern_of

        arc = next(a for a in self.transition.inputs if self.writer.layout.place(a.place) is take.cells)
        scope = class_scope(self.writer, self.function, self.plan)
        for variable, parts in self.plan.variables.items():
            scope = scope.bind(variable, variable_formulas(variable, parts))
        pattern = pattern_of(arc, take.cells, scope)
        given = [source for what, source, _ in pattern if what == "equal"]
        if given:
            raise IrregularError(f"transition {self.transition.name}: several servers, and an arc that takes tokens of {arc.place} fitting in part")
        name = "servings"
        colours = self.writer.colours(self.function, take.cells)
        return f"{name}(tokens, {take.total}, {colours}, {take.number})"


def level_cells(writer: Writer, function: Function, plan: ClassPlan) -> tuple[str, str, str, str]:
    """Of a priority of immediate bindings: the cell with the number of enabled slots, and first cells of these, of all flags and of all weights."""
    layout = writer.layout
    key = ("level", plan.level)
    cell = writer.helper(key)
    if cell is None:
        cell = str(layout.state.cell())
        writer.keep_helper(key, cell)
    members = sum(other.slots for other in layout.immediate if other.level == plan.level)
    first = writer.region(function, f"level_{plan.level}", members)
    flags = writer.region(function, "enabled", layout.immediate_slots)
    weights = writer.region(function, "weights", layout.immediate_slots, real=True, initial=1.0)
    return cell, first, flags, weights


def write_resampling(writer: Writer, plan: ClassPlan) -> None:
    """``resample_CLASS``: a tangible marking is reached; clocks that were started before the last timed firing are drawn anew."""
    look = Look(writer, plan)
    scope, start = binding_scope(writer, plan, f"renew_{plan.name}", f"Draw the clocks of a binding of {plan.transition.name} anew.")
    start.parameters += ", slot"
    look.function = start
    arguments = ", ".join(["i", *variable_names(plan)])
    if plan.single:
        with start.block("if not is_set(state, slot):"):
            start.add("return")
        epochs = writer.region(start, f"epochs_{plan.name}", plan.slots)
        with start.block(f"if state[{epochs} + {look._own()}] < state[5]:"):
            start.add("drop_clock(state, slot)")
            look._start(scope, delays.rate(writer, plan, arguments) if look.changing else "")
    else:
        delay = delays.draw(writer, start, plan, scope, arguments)
        start.add(f"list = {look._list()}", "count = integers(list)[2]", "node = integers(list)[0]")
        # The old ones go to the end of the list, in their order.
        with start.block("for k in range(count):"):
            start.add("younger = integers(state[13])[8 * node + 2]")
            with start.block("if integers(state[13])[8 * node + 4] < state[5]:"):
                start.add("drop_clock(state, state[26] + node)", "use_up(state, state[26] + node)")
                start.add(f"append_clock(state, list, slot, values[0] + {delay})")
            start.add("node = younger")
    writer.define(start)
    function = Function(writer, f"resample_{plan.name}", "", f"Clocks of {plan.transition.name} are drawn anew in a tangible marking.")
    look.function = function
    size = writer.integer(function, f"indices_{plan.name}", plan.transition.size)
    slots = writer.slots(function, plan)
    with function.block(f"for i in range({size}):"):
        if plan.bindings == 1:
            function.add(f"slot = {plus(slots, 'i')}")
            if plan.finite:
                function.add("b = 0")
                decode(writer, function, plan)
            decode_lines(look)
            function.add(f"renew_{plan.name}({CONTEXT}, {arguments}, slot)")
        else:
            count = writer.integer(function, f"bindings_{plan.name}", plan.bindings)
            with function.block(f"for b in range({count}):"):
                function.add(f"slot = {plus(slots, f'i * {count}', 'b')}")
                decode(writer, function, plan)
                decode_lines(look)
                function.add(f"renew_{plan.name}({CONTEXT}, {arguments}, slot)")
    writer.define(function)


def decode_lines(look: Look) -> None:
    """The variables that tokens on offer decided when the clock was set."""
    look.function.add(*(f"{name} = {cell}" for cell, name in look._kept()))


def decode(writer: Writer, function: Function, plan: ClassPlan) -> None:
    """The finite variables from the binding's number `b`."""
    numbers = [
        (part.source, leaf)
        for name in plan.finite
        for part, leaf in zip(variable_formulas(name, plan.variables[name]), plan.variables[name], strict=True)
    ]
    function.add("rest = b")
    for k, (name, leaf) in reversed(list(enumerate(numbers))):
        assert leaf.low is not None and leaf.high is not None
        count = leaf.high - leaf.low + 1
        digit = f"rest % {count}" if k else "rest"
        source = f"({digit}) == 1" if leaf.kind == "bool" else digit if leaf.low == 0 else f"{digit} + {writer.layout.structural(leaf.low)}"
        function.add(f"{name} = {source}")
        if k:
            function.add(f"rest = rest // {count}")
