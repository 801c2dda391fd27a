"""Looking at one index of a class whose bindings are found by enumeration, as source: all that the marking offers, in the order of bindings.

This is the general way, in which arcs are served one after another from a stack of frames (`bindings`), as the reference engine does it. Classes
whose bindings can be numbered beforehand go the way of `looks`, which is faster.
"""

from __future__ import annotations

from spn.engine.compiled import delays
from spn.engine.compiled import records as b
from spn.engine.compiled.cells import BINDINGS, ENABLED, KEY
from spn.engine.compiled.counting import colour_of
from spn.engine.compiled.formulas import Scope, element_source, formula, formulas, real, variable_formulas, zero
from spn.engine.compiled.layout import ClassPlan, PlaceCells, entry_leaves
from spn.engine.compiled.looks import level_cells
from spn.engine.compiled.matching import bit, decode_binding, open_block, open_match, own_scope, reader, store_of
from spn.engine.compiled.records import DIFFERENT
from spn.engine.compiled.searching import inhibitor_condition, loop_scope, multiplicity, variable_names
from spn.engine.compiled.serving import capacity_call, degree
from spn.engine.compiled.source import Formula, Function, Writer, bag_cell, plus, read_number, total_cell, value_key
from spn.expressions.tree import Constant
from spn.expressions.values import is_integer
from spn.expressions.walk import free_variables
from spn.net.types import Bind, Immediate, InputArc, Timed

MOST_BINDINGS = 1_000_000
"""As in the reference engine."""


def changes(plan: ClassPlan) -> bool:
    """Whether its clocks are exponential with a rate that changes."""
    return not plan.immediate and plan.transition.timing.delay.name == "exponential" and not delays.is_fixed(plan)  # type: ignore[union-attr]


class Enumeration:
    """Writes ``look_CLASS(..., i)`` for a class whose bindings are enumerated."""

    def __init__(self, writer: Writer, plan: ClassPlan) -> None:
        self.writer, self.plan, self.transition = writer, plan, plan.transition
        self.function = Function(writer, f"look_{plan.name}", "i", f"All bindings of {plan.transition.name} that are enabled at index i.")
        self.inputs = len(plan.transition.inputs)
        self.arcs = (*plan.transition.inputs, *plan.transition.tests)
        self.width = 2 + len(variable_names(plan))
        self.changing = changes(plan)

    @property
    def table(self) -> int:
        return table_of(self.writer, self.plan)

    def write(self) -> None:
        """The whole function."""
        function, plan = self.function, self.plan
        scope = own_scope(self.writer, function, plan)
        heads = heads_of(self.writer, function, plan)
        slots = self.writer.slots(function, plan)
        function.add(f"slot = {plus(slots, 'i')}", f"head = {heads} + {'slot' if plan.immediate else 'i'}")
        function.add("state[29] += 1", "look = state[29]", "depth, count, mask, cursor, keyed, what, present = 0, 0, 0, 0, 0, 0, 0")
        function.add("arc, value, stop, opened, place, element, number, bag, taking = 0, 0, 0, 0, 0, 0, 0, 0, 0", "forth, found = True, False")
        for name, parts in plan.variables.items():
            for part, leaf in zip(variable_formulas(name, parts), parts, strict=True):
                function.add(f"{part.source} = {zero(leaf)}")
        for variable in dict.fromkeys(arc.loop.variable for arc in self.arcs if arc.loop is not None):
            function.add(f"v_{variable} = 0")
        with function.block("while True:"):
            with function.block("if forth:"):
                self._open_fans(scope)
                with function.block(f"if arc == {len(self.arcs)}:"):
                    self._complete(scope)
                    with function.block("if state[0] != 0:"):
                        function.add("return")
                    function.add("forth = False", "continue")
                self._enter(scope)
            with function.block("else:"):
                self._back()
            self._choose(scope)
            with function.block("if state[0] != 0:"):
                function.add("return")
            function.add("forth = found")
            with function.block("if found:"):
                self._push()
        if plan.immediate:
            self._conclude_immediate(scope)
        else:
            self._conclude(scope)
        self.writer.define(function)

    # The arcs, one after another.

    def _open_fans(self, scope: Scope) -> None:
        """A fan begins when it is its turn: its ends are evaluated then. One without values is no arc."""
        function = self.function
        for k, arc in enumerate(self.arcs):
            if arc.loop is None:
                continue
            with function.block(f"if arc == {k}:"):
                with function.block("if opened == 0:"):
                    start, stop = formula(arc.loop.start, scope).source, formula(arc.loop.stop, scope).source
                    function.add(f"value, stop, opened = {start}, {stop}, 1")
                    with function.block("if state[0] != 0:"):
                        function.add("return")
                with function.block("if value > stop:"):
                    function.add(f"arc, opened = {k + 1}, 0")

    def _inside(self, arc: InputArc, scope: Scope) -> Scope:
        return scope if arc.loop is None else loop_scope(arc.loop, scope)[1]

    def _enter(self, scope: Scope) -> None:
        """It is an arc's turn: its element and multiplicity."""
        function = self.function
        word = "if"
        for k, arc in enumerate(self.arcs):
            cells = self.writer.layout.place(arc.place)
            with function.block(f"{word} arc == {k}:"):
                if arc.loop is not None:
                    function.add(f"v_{arc.loop.variable} = value")
                inner = self._inside(arc, scope)
                function.add(f"element = {element_source(arc.place, arc.element, inner)}")
                function.add(f"number = {multiplicity(arc.multiplicity, inner).source}")
                bag = bag_cell(self.writer, function, cells, "element") if cells.kind == "bag" else "-1" if cells.kind == "finite" else "-2"
                function.add(f"place, bag, taking = {cells.number}, {bag}, {1 if k < self.inputs else 0}")
            word = "elif"
        function.add("cursor = -1")
        function.add("frame = integers(frame_at(state, depth))")
        names = ("arc", "value", "stop", "place", "element", "number", "bag", "taking", "mask")
        numbers = (b.ARC, b.VALUE, b.STOP, b.PLACE, b.ELEMENT, b.NUMBER, b.BAG, b.TAKING, b.MASK)
        function.add(f"{', '.join(f'frame[{n}]' for n in numbers)} = {', '.join(names)}")

    def _back(self) -> None:
        """The last arc that was served tries its next choice; its variables are bound no more."""
        function = self.function
        with function.block("if depth == 0:"):
            function.add("break")
        function.add("depth -= 1", "frame = integers(frame_at(state, depth))")
        names = ("arc", "value", "stop", "place", "element", "number", "bag", "taking", "mask", "cursor")
        numbers = (b.ARC, b.VALUE, b.STOP, b.PLACE, b.ELEMENT, b.NUMBER, b.BAG, b.TAKING, b.MASK, b.CURSOR)
        function.add(f"{', '.join(names)} = {', '.join(f'frame[{n}]' for n in numbers)}")

    def _choose(self, scope: Scope) -> None:
        """The next choice of an arc after `cursor`: whether there is one, and what it is."""
        function = self.function
        function.add("found, keyed, what, present = False, 0, -1, 0")
        with function.block("if number == 0:"):
            function.add("found = cursor < 0", "cursor = 0")
        for k, arc in enumerate(self.arcs):
            with function.block(f"elif arc == {k}:"):
                self._choice(k, arc, self._inside(arc, scope))

    def _choice(self, k: int, arc: InputArc, scope: Scope) -> None:
        function, writer = self.function, self.writer
        cells = writer.layout.place(arc.place)
        if arc.loop is not None:
            function.add(f"v_{arc.loop.variable} = value")
        total = f"tokens[{total_cell(writer, function, cells, 'element')}]"
        contested = k < self.inputs and (arc.loop is not None or any(other.place == arc.place for other in self.arcs[:k]))
        taken = " - taken_there(state, depth, place, element)" if contested else ""
        counts_all = all(entry is None for entry in arc.pattern)
        before = function.level
        if cells.kind == "plain" or (cells.kind == "line" and counts_all):
            function.add(f"present = {total}")
            open_block(function, f"if cursor < 0 and present{taken} >= number:")
            function.add("found, cursor = True, 0")
        elif cells.kind == "line":
            function.add(f"present = {total}")
            open_block(function, f"if cursor < 0 and present{taken} >= number:")
            self._fit_line(arc, cells, scope, taken)
        else:
            open_block(function, f"if cursor >= 0 or {total}{taken} >= number:")
            self._among_values(arc, cells, scope, contested)
        function.level = before

    def _fit_line(self, arc: InputArc, cells: PlaceCells, scope: Scope, taken: str) -> None:
        """The next tokens on offer have to fit, each of them."""
        function = self.function
        store = store_of(self.writer, function, cells, "element")
        function.add(f"skip = {taken.removeprefix(' - ') or '0'}", "cursor, found = 0, True")
        with function.block("for k in range(number):"):
            function.add("token = present - 1 - skip - k" if cells.place.order == "lifo" else "token = skip + k", "good = False")
            before = function.level
            open_match(function, self.plan, arc, cells, scope, lambda n: read_number(cells, store, "token", n), bind=True)
            function.add("good = True")
            function.level = before
            with function.block("if not good:"):
                function.add("found = False", "break")

    def _among_values(self, arc: InputArc, cells: PlaceCells, scope: Scope, contested: bool) -> None:
        """One value, if the pattern says which, else the next of all."""
        function = self.function
        names = [entry.name for entry in arc.pattern if isinstance(entry, Bind)]
        store = store_of(self.writer, function, cells, "element")
        if arc.pattern and not any(entry is None for entry in arc.pattern):
            wanted = sum({bit(self.plan, name) for name in names})
            open_block(function, f"if mask & {wanted} == {wanted}:" if wanted else "if True:")
            with function.block("if cursor < 0:"):
                function.add("cursor = 0")
                self._one_value(arc, cells, scope, contested, store)
            function.level -= 1
            if not wanted:
                return
            open_block(function, "else:")
        function.add("keyed = 1", "cursor += 1")
        bag = cells.kind == "bag"
        last = f"state[{store} + {DIFFERENT}]" if bag else self.writer.colours(function, cells)
        with function.block(f"while cursor < {last}:"):
            function.add(f"what = chosen(state, {store}, cursor)" if bag else "what = cursor")
            function.add(f"present = count_in(state, {store}, what)" if bag else f"present = tokens[{store} + what]")
            missing = " - taken_like(state, depth, place, element, what)" if contested else ""
            before = function.level
            open_block(function, f"if present > 0 and present{missing} >= number:")
            function.add(f"mask = frame[{b.MASK}]")
            open_match(function, self.plan, arc, cells, scope, reader(cells, store, "what"), bind=True)
            function.add("found = True", "break")
            function.level = before
            with function.block("if state[0] != 0:"):
                function.add("return")
            function.add("cursor += 1")

    def _one_value(self, arc: InputArc, cells: PlaceCells, scope: Scope, contested: bool, store: str) -> None:
        function = self.function
        numbers: list[str] = []
        for entry, parts in zip(arc.pattern, entry_leaves(arc, cells), strict=True):
            given = variable_formulas(entry.name, parts) if isinstance(entry, Bind) else formulas(entry, scope)  # type: ignore[arg-type]
            for part in given:
                name = function.fresh("q")
                function.add(f"{name} = {part.source}")
                numbers.append(name)
        before = function.level
        if cells.kind == "bag":
            function.add(f"what = find_entry(state, {store}, {value_key(self.writer, cells, numbers)})")
            function.add(f"present = count_in(state, {store}, what)")
        else:
            colour, inside = colour_of(numbers, cells.leaves, self.writer, function)
            if inside:
                open_block(function, f"if {inside}:")
            function.add(f"what = {colour}", f"present = tokens[{store} + what]")
        missing = " - taken_like(state, depth, place, element, what)" if contested else ""
        function.add(f"found = present > 0 and present{missing} >= number")
        function.level = before

    def _push(self) -> None:
        """The choice stands; on to the next arc, or the fan's next value."""
        function = self.function
        function.add(f"frame[{b.CURSOR}], frame[{b.WHAT}], frame[{b.KEYED}], frame[{b.PRESENT}] = cursor, what, keyed, present", "depth += 1")
        fans = [str(k) for k, arc in enumerate(self.arcs) if arc.loop is not None]
        if fans:
            with function.block(f"if {' or '.join(f'arc == {k}' for k in fans)}:"):
                function.add("value, opened = value + 1, 1")
            open_block(function, "else:")
        function.add("arc, opened = arc + 1, 0")
        function.level -= 1 if fans else 0

    # A binding.

    def _complete(self, scope: Scope) -> None:
        """All arcs are served: what else it takes, and the record of the binding."""
        function, plan = self.function, self.plan
        before = function.level
        function.add(f"key = integers(state[{KEY}])", "key[0], key[1] = mask, i")
        at = 2
        for name, parts in plan.variables.items():
            for part, leaf in zip(variable_formulas(name, parts), parts, strict=True):
                bound, none = f"mask & {bit(plan, name)} != 0", "0.0" if leaf.kind == "real" else "0"
                target = f"reals_at(state[{KEY}])[{at}]" if leaf.kind == "real" else f"key[{at}]"
                own = f"{part.source} + 0.0" if leaf.kind == "real" else f"int({part.source})"
                function.add(f"{target} = {own} if {bound} else {none}")
                at += 1
        function.add(f"binding = find_binding(state, {self.table}, {self.width})")
        open_block(function, f"if binding == 0 or integers(binding)[{b.SEEN_BY}] != look:")
        self._inhibitors(scope)
        if self.transition.guard is not None:
            open_block(function, f"if {formula(self.transition.guard, scope).source}:")
        capacity = capacity_call(self.writer, plan)
        if capacity:
            open_block(function, f"if {capacity}:")
        if plan.immediate:
            function.add("wanted = 1")
        else:
            self._servers(scope)
            degree(self.writer, function, plan)
        with function.block(f"if count >= {MOST_BINDINGS}:"):
            function.add(f"fail(state, {BINDINGS})")
        with function.block("if state[0] != 0:"):
            function.add("return")
        with function.block("if binding == 0:"):
            function.add(f"binding = new_binding(state, {self.table}, {self.width})")
        function.add("keep_choices(state, binding, depth)")
        function.add(f"integers(binding)[{b.SEEN_BY}], integers(binding)[{b.WANTED}] = look, wanted", "count = note_enabled(state, count, binding)")
        function.level = before

    def _inhibitors(self, scope: Scope) -> None:
        function = self.function
        for arc in self.transition.inhibitors:
            if arc.loop is None:
                open_block(function, f"if {inhibitor_condition(arc, scope)}:")
                continue
            over, inner = loop_scope(arc.loop, scope)
            free = function.fresh("free")
            function.add(f"{free} = True")
            with function.block(f"for v_{arc.loop.variable} in {over}:"), function.block(f"if not ({inhibitor_condition(arc, inner)}):"):
                function.add(f"{free} = False", "break")
            open_block(function, f"if {free}:")

    def _servers(self, scope: Scope) -> None:
        function, timing = self.function, self.transition.timing
        assert isinstance(timing, Timed)
        if timing.servers is None:
            function.add("wanted = 9_000_000_000_000_000_000")
            return
        servers = formula(timing.servers, scope)
        sure = is_integer(timing.servers.type) and servers.low is not None and servers.low >= 0
        function.add(f"wanted = {servers.source if sure else f'servers_of(state, {servers.source})'}")

    # What the bindings that were found mean.

    def _lose(self) -> None:
        """The bindings that the index had before and has no more; of those with frozen clocks the record stays."""
        function, plan = self.function, self.plan
        function.add("binding = state[head]")
        with function.block("while binding != 0:"):
            function.add(f"following = integers(binding)[{b.AFTER}]")
            with function.block(f"if integers(binding)[{b.SEEN_BY}] != look:"):
                if not plan.immediate:
                    with function.block("while integers(binding)[2] > 0:"):
                        function.add(self._lose_youngest())
                with function.block("if integers(binding)[3] < 0:"):
                    function.add(f"forget_binding(state, {self.table}, {self.width}, binding)")
            function.add("binding = following")
        function.add("link_enabled(state, head, count)")

    def _lose_youngest(self) -> str:
        rate = f"reals_at(binding)[{b.RATE_OF}]" if self.changing else "-1.0"
        return f"lose_youngest(state, values, binding, {self.plan.memory == 'age'}, {rate})"

    def _conclude_immediate(self, scope: Scope) -> None:
        function, plan, timing = self.function, self.plan, self.transition.timing
        assert isinstance(timing, Immediate)
        one = isinstance(timing.weight, Constant) and timing.weight.value == 1
        function.add("number, count = count, 0")
        with function.block("for k in range(number):"):
            function.add(f"binding = integers(state[{ENABLED}])[k]")
            if one:
                function.add("weight = 1.0")
            else:
                decode_binding(function, plan, "binding")
                function.add(f"weight = weight_of(state, {real(timing.weight, scope)})")
            function.add(f"reals_at(binding)[{b.RATE_OF}] = weight")
            if one:
                function.add("count = note_enabled(state, count, binding)")
            else:
                with function.block("if weight > 0.0:"):
                    function.add("count = note_enabled(state, count, binding)")
                with function.block("else:"):
                    # It is not enabled; a record that was known goes with the others.
                    self._forget_weightless()
        self._lose()
        cell, first, flags, weights = level_cells(self.writer, function, plan)
        with function.block("if count > 0:"):
            function.add(f"enter(state, values, {cell}, {first}, {flags}, {weights}, slot, 1.0)")
        with function.block(f"elif state[{flags} + slot] != 0:"):
            function.add(f"leave(state, {cell}, {first}, {flags}, slot)")

    def _forget_weightless(self) -> None:
        function = self.function
        with function.block(f"if integers(binding)[{b.LINKED}] != 0:"):
            function.add(f"integers(binding)[{b.SEEN_BY}] = 0")
        with function.block("else:"):
            function.add(f"forget_binding(state, {self.table}, {self.width}, binding)")

    def _conclude(self, scope: Scope) -> None:
        function, plan = self.function, self.plan
        self._lose()
        with function.block("for k in range(count):"):
            function.add(f"binding = integers(state[{ENABLED}])[k]", f"wanted = integers(binding)[{b.WANTED}]")
            decode_binding(function, plan, "binding")
            with function.block("while integers(binding)[2] > wanted:"):
                function.add(self._lose_youngest())
            self._adjust(scope)

    def _adjust(self, scope: Scope) -> None:
        """As many clocks as the binding should have; exponential ones follow their rate."""
        function, plan = self.function, self.plan
        delay = delays.draw(self.writer, function, plan, scope, delay_arguments(plan, scope))
        if self.changing:
            delay = delays.exponential(self.writer, "rate")
            with function.block("if wanted > 0:"):
                function.add(f"rate = {delays.rate(self.writer, plan, delay_arguments(plan, scope))}")
                with function.block(f"if rate != reals_at(binding)[{b.RATE_OF}]:"):
                    function.add(f"reals_at(binding)[{b.RATE_OF}] = rate", "node = integers(binding)[0]")
                    with function.block("while node >= 0:"):
                        function.add("drop_clock(state, state[26] + node)", f"restart(state, node, values[0] + {delay})")
                        function.add("node = integers(state[13])[8 * node + 2]")
        with function.block("while integers(binding)[2] < wanted:"):
            if plan.memory == "age":
                function.add(f"left = thaw(state, binding, {'rate' if self.changing else '-1.0'})")
                with function.block("if left >= 0.0:"):
                    function.add("append_clock(state, binding, slot, values[0] + left)")
                open_block(function, "else:")
            function.add(f"append_clock(state, binding, slot, values[0] + {delay})")
            function.level -= 1 if plan.memory == "age" else 0
            with function.block("if state[0] != 0:"):
                function.add("return")


def delay_arguments(plan: ClassPlan, scope: Scope) -> str:
    """The index and the variables, those that the delay reads checked for having a value."""
    timing = plan.transition.timing
    assert isinstance(timing, Timed)
    read = free_variables(timing.delay)
    arguments: list[Formula] = []
    for name, parts in plan.variables.items():
        arguments += scope.variables[name] if name in read else variable_formulas(name, parts)
    return ", ".join(["i", *(argument.source for argument in arguments)])


def table_of(writer: Writer, plan: ClassPlan) -> int:
    """The first of the three cells of a class's table of bindings."""
    key = ("table", plan.number)
    known = writer.helper(key)
    if known is None:
        known = str(writer.layout.state.cell())
        writer.layout.state.cell()
        writer.layout.state.cell()
        writer.keep_helper(key, known)
    return int(known)


def heads_of(writer: Writer, function: Function, plan: ClassPlan) -> str:
    """The first of the cells with an index's first binding: by index, of immediate classes by slot."""
    if plan.immediate:
        return writer.region(function, "heads", writer.layout.immediate_slots)
    return writer.region(function, f"heads_{plan.name}", plan.transition.size)


def write_resampling(writer: Writer, plan: ClassPlan) -> None:
    """``resample_CLASS``: a tangible marking is reached; clocks that were started before the last timed firing are drawn anew."""
    function = Function(writer, f"resample_{plan.name}", "", f"Clocks of {plan.transition.name} are drawn anew in a tangible marking.")
    scope = own_scope(writer, function, plan)
    heads, slots = heads_of(writer, function, plan), writer.slots(function, plan)
    with function.block(f"for i in range({writer.integer(function, f'indices_{plan.name}', plan.transition.size)}):"):
        function.add(f"binding = state[{heads} + i]")
        with function.block("while binding != 0:"):
            decode_binding(function, plan, "binding")
            delay = delays.draw(writer, function, plan, scope, delay_arguments(plan, scope))
            function.add("number, node = integers(binding)[2], integers(binding)[0]")
            # The old ones go to the end of the list, in their order.
            with function.block("for k in range(number):"):
                function.add("younger = integers(state[13])[8 * node + 2]")
                with function.block("if integers(state[13])[8 * node + 4] < state[5]:"):
                    function.add("drop_clock(state, state[26] + node)", "use_up(state, state[26] + node)")
                    function.add(f"append_clock(state, binding, {plus(slots, 'i')}, values[0] + {delay})")
                function.add("node = younger")
            function.add(f"binding = integers(binding)[{b.AFTER}]")
    writer.define(function)
