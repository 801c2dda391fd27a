"""What a kernel remembers of its firings, as source: when a record is used, what of it changes measures and clocks. The tables are in `tables`.

A firing with the immediate firings that follow it, up to the next tangible marking, changes tokens, sums and clocks in a way that the marking of its
component alone decides; only delays are drawn. The first time it is made by the functions written for its classes, which note the clocks that they
set and drop; from then on the record is replayed. Delays are drawn by the same source in the same order.
"""

from __future__ import annotations

from functools import cached_property
from textwrap import indent

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import table_cells as at
from spn.engine.compiled.cells import ASKED, PENDED, TABLES
from spn.engine.compiled.components import Component, Components
from spn.engine.compiled.layout import ClassPlan
from spn.engine.compiled.looks import Look
from spn.engine.compiled.observing import Observing
from spn.engine.compiled.searching import class_scope
from spn.engine.compiled.source import CONTEXT, Function, Writer
from spn.engine.compiled.table_memory import Places, Pool, Tables, places_of, slots_of
from spn.expressions.tree import Expression, Reduce, Tokens
from spn.expressions.walk import children, walk
from spn.net.types import Count, Rate

NAMES = f"""\
    table = integers(state[{TABLES}])
    rows, where, components, slots = shorts(table[{at.ROWS}]), shorts(table[{at.WHERE}]), shorts(table[{at.COMPONENTS}]), shorts(table[{at.SLOTS}])
    states, records, pending = shorts(table[{at.STATES}]), shorts(table[{at.RECORDS}]), shorts(table[{at.PENDING}])
    steps, even = shorts(table[{at.STEPS}]), table[{at.STEPS}] != 0
    asked = state[{ASKED}]
    # Records may be replayed, whichever they are, while fewer firings than `calm` are done: no limit can be within one. The `newest` was replayed
    # last; those before it at this instant are listed. What is replayed stands in these names until somebody else asks for it.
    calm, newest, component = 0, 0, 0
    chosen = -1
"""

RECALL = """\
{find}            replayed = record
            if unlikely(record <= 0 or done >= calm):
{keep_16}                if record == 0:
                    record = ask(tokens, state, component, cell)
{again}                    replayed = record
                if record > 0 and done >= calm:
                    calm = done + ahead_of_limits(state, budget - done, most_tokens)
                    if done >= calm and not usable(state, records, record, budget - done, most_tokens):
                        replayed = -1
            if replayed > 0:
                while True:
                    newest = record
                    {row} = np.int64(records[record])
                    records[record + 2] += 1
                    state[4] |= records[record + 3] & asked
{counters}                    first = record + {operations}
                    for k in range(first, first + records[record + 5]):
                        what = np.int64(records[k])
                        if what >= 0:
{begun}                            begin_clock({context}, what)
                        else:
{lost}                            lose_clock({context}, what)
{show}                    done += records[record + 1]
                    if records[record + 6] == 0:
{resample}                        break
{listed_20}                    if state[0] != 0 or (done >= calm and (done >= budget or state[7] > most_tokens)):
{keep_24}                        surface({context}, component)
                        break
                    cell = pick(rng, state, np.int64(records[record + 6]))
                    record = np.int64(states[{row} + cell])
                    if record <= 0 or (done >= calm and not usable(state, records, record, budget - done, most_tokens)):
{keep_24}                        surface({context}, component)
                        chosen = np.int64(slots[components[{cells} * component + 4] + cell - {header} - components[{cells} * component + 1]])
                        break
                continue
"""

OF_COMPONENT = f"""\
listed = {at.COMPONENT_CELLS} * component + {at.SLOTS_AT}
what = np.int64(steps[2 * what] + component * steps[2 * what + 1] if even else slots[components[listed] + what])
"""

FIND = """\
            component, cell = np.int64(where[2 * slot]), np.int64(where[2 * slot + 1])
            record = np.int64(states[rows[component] + cell])
"""

FIND_LONE = """\
            cell = np.int64(where[2 * slot + 1])
            record = np.int64(states[row + cell])
"""

FIND_ALONE = """\
            cell = slot + offset
            record = np.int64(own_states[row + slot])
"""

LONE_NAMES = """\
    row = np.int64(rows[0])
"""

ALONE_NAMES = f"""\
    offset = np.int64(where[1])
    own_states = shorts(table[{at.STATES}] + 4 * offset)
"""

KEEP = """\
rows[0] = row
"""

LONE_FOLLOW = """\
        row = np.int64(rows[0])
"""

LISTED = f"""\
pending[2 * state[{PENDED}]] = newest
{{of}}state[{PENDED}] += 1
state[6] += records[newest + 1]
newest = 0
"""

FRESH = f"""\
                state[{PENDED}] = 0
                newest = 0
            elif newest != 0:
{{listed}}"""

APART = f"""\
@apart
def fire_timed({CONTEXT}, slot, component, cell, record):
    \"\"\"A timed binding fires that is not replayed. By itself, so that the loop has the registers.\"\"\"
{{names}}    prepare(tokens, state, component, cell, record)
{{timed}}

@apart
def fire_immediate({CONTEXT}, chosen):
    \"\"\"An immediate binding fires that is not replayed; -1: it is still to be chosen.\"\"\"
{{names}}    slot = chosen
    if slot < 0:
        slot = choose_immediate({CONTEXT})
    prepare_immediate(tokens, state, slot)
    state[12] = slot
{{immediate}}

"""

TIMED = """\
            fire_timed({context}, slot, {own}, cell, record)
"""

IMMEDIATE = f"""\
            fire_immediate({CONTEXT}, chosen)
            chosen = -1
"""

FOLLOW = f"""\
        newest, calm = 0, 0
        if table[19] != 0:
            follow(tokens, state, competing({CONTEXT}))
"""

SETTLE = f"""\
@plain
def run({CONTEXT}, budget, limit, most_tokens):
    \"\"\"Fire until there is a reason to come back, and leave everything where it always is.\"\"\"
    reason = fire_until({CONTEXT}, budget, limit, most_tokens)
    settle({CONTEXT})
    return reason
"""


class Remembering:
    """Writes what a kernel with tables has more than others."""

    def __init__(self, writer: Writer, observing: Observing) -> None:
        self.writer, self.layout, self.observing = writer, writer.layout, observing
        found: list[Component] = []
        alive = self.layout.alive
        # Without a class that is ever enabled there is nothing to remember, and no need to look for what belongs together. Bindings that are
        # enumerated have no slots to be remembered by.
        if any(plan.immediate for plan in alive) and any(not plan.immediate for plan in alive) and not any(plan.enumerated for plan in alive):
            components = Components(self.layout, observing.kept.all)
            found = [] if components.timeless else components.found
        self.alone = len(found) == 1 and slots_of(found[0], self.layout.timed).size == self.layout.timed_slots
        """Whether there is only one component, of all timed bindings: their records then stand in their order."""
        self.counters = self._counters()
        self.found: list[Component] = found if len(self.counters) <= at.MOST_COUNTERS else []
        self.lone = len(self.found) == 1
        """Whether only one component is remembered; its row is then kept at hand."""
        self.pool = Pool()
        self._places: Places | None = None

    @property
    def names(self) -> str:
        """Local names of the loop."""
        return NAMES + (LONE_NAMES if self.lone else "") + (ALONE_NAMES if self.alone else "")

    @property
    def _listed(self) -> str:
        """What puts the newest replayed record into the list of those at this instant."""
        return LISTED.format(of="" if self.lone else f"pending[2 * state[{PENDED}] + 1] = component\n")

    @property
    def fresh(self) -> str:
        """What is done when time goes on, and when it does not."""
        return FRESH.format(listed=indent(self._listed, " " * 16))

    @property
    def leave(self) -> str:
        """What the loop does before it comes back."""
        return (KEEP if self.lone else "") + "note_replayed(state, newest, component)\n"

    @property
    def follow(self) -> str:
        """What ends a firing that was not replayed."""
        return FOLLOW + (LONE_FOLLOW if self.lone else "")

    @property
    def on(self) -> bool:
        """Whether the kernel has tables."""
        return bool(self.found)

    @cached_property
    def classes(self) -> list[ClassPlan]:
        """Timed classes with indices in a component that is remembered."""
        numbers = {k for component in self.found for k, indices in enumerate(component.indices) if indices.size}
        return [plan for plan in self.layout.timed if plan.number in numbers and plan in self.layout.alive]

    # What measures read.

    def _watched(self) -> list[Expression]:
        return [expression for meter in self.observing.meters for expression in self.observing.watched(meter.measure)]

    def _counters(self) -> list[int]:
        """Cells of `state` that are kept up to date while tokens are not: the number of tokens, and sums."""
        layout, kept = self.layout, self.observing.kept
        if not self.alone:
            return [7, *layout.sums.values(), *(each.cell for each in kept.all)]
        sums: list[int] = []
        for node in (node for expression in self._watched() for node in walk(expression)):
            if isinstance(node, Tokens) and node.element is None and node.place in layout.sums:
                sums.append(layout.sums[node.place])
            elif isinstance(node, Reduce):
                sums += [each.cell for each in kept.all if each.node == node]
        return [7, *dict.fromkeys(sums)]

    @cached_property
    def _direct(self) -> list[int]:
        """Places whose tokens measures read themselves."""
        found: list[int] = []

        def look(expression: Expression) -> None:
            if isinstance(expression, Reduce) and any(each.node == expression for each in self.observing.kept.all):
                return
            if isinstance(expression, Tokens) and not (expression.element is None and all(entry is None for entry in expression.pattern)):
                found.append(self.layout.place(expression.place).number)
            for part in children(expression):
                look(part)

        for expression in self._watched():
            look(expression)
        return sorted(set(found))

    # The source.

    def write(self) -> None:
        """The functions that replaying calls, and what is done when a kernel comes back."""
        for name, what in (("begin_clock", "A clock is set."), ("lose_clock", "A clock is lost.")):
            for plan in self.classes:
                self._write_clock(plan, name == "begin_clock")
            function = Function(self.writer, name, "slot", what)
            if name == "lose_clock" and all(plan.memory != "age" for plan in self.classes):
                function.add("drop_clock(state, slot)")
            else:
                self._dispatch(function, self.classes, name)
            self.writer.define(function, inline=True)
        self._write_competing()
        self._write_surface()
        self._write_settle()

    def _write_clock(self, plan: ClassPlan, begins: bool) -> None:
        name = f"{'begin_clock' if begins else 'lose_clock'}_{plan.name}"
        function = Function(self.writer, name, "slot", f"A clock of {plan.transition.name} is {'set' if begins else 'lost'}.")
        if not begins and plan.memory != "age":
            return
        scope = class_scope(self.writer, function, plan)
        slots = self.writer.slots(function, plan)
        own = f"slot - {slots}" if slots else "slot"
        function.add(f"i = ({own}) // {self.writer.integer(function, f'bindings_{plan.name}', plan.bindings)}" if plan.bindings > 1 else f"i = {own}")
        Look(self.writer, plan, function).write_clock(scope, begins)
        self.writer.define(function, inline=True)

    def _dispatch(self, function: Function, group: list[ClassPlan], name: str) -> None:
        if len(group) == 1:
            function.add(
                f"{name}_{group[0].name}({CONTEXT}, slot)" if name == "begin_clock" or group[0].memory == "age" else "drop_clock(state, slot)"
            )
            return
        middle = len(group) // 2
        with function.block(f"if slot < {self.writer.slots(function, group[middle])}:"):
            self._dispatch(function, group[:middle], name)
        with function.block("else:"):
            self._dispatch(function, group[middle:], name)

    def _write_competing(self) -> None:
        function = Function(self.writer, "competing", "", "How many immediate bindings of the highest priority are enabled; where they are listed.")
        weights = self.writer.region(function, "weights", self.layout.immediate_slots, real=True, initial=1.0)
        function.add(f"table = integers(state[{TABLES}])", f"table[{at.WEIGHTS}] = {weights}")
        for level in range(len(self.layout.levels)):
            cell = self.writer.helper(("level", level))
            if cell is None:
                continue
            members = sum(plan.slots for plan in self.layout.immediate if plan.level == level)
            with function.block(f"if state[{cell}] > 0:"):
                function.add(f"table[{at.RIVALS}] = {self.writer.region(function, f'level_{level}', members)}")
                function.add(f"return state[{cell}]")
        function.add("return 0")
        self.writer.define(function)

    def _write_surface(self) -> None:
        """Between firings of a chain that a draw decides."""
        function = Function(
            self.writer, "surface", "component", "A component's tokens are put where they belong, and its immediate bindings enabled."
        )
        function.add(f"table = integers(state[{TABLES}])", "load(tokens, state, component)")
        function.add("components, codes = shorts(table[2]), shorts(table[5])", f"own = {at.COMPONENT_CELLS} * component")
        function.add(f"first = components[own + {at.CODES_AT}]")
        numbers = {k for component in self.found for k, indices in enumerate(component.indices) if indices.size}
        codes_of = self.layout.prepared.classes
        with function.block(f"for k in range(first, first + components[own + {at.NUMBER}]):"):
            function.add("code = np.int64(codes[k])")
            for plan in self.layout.alive:
                if plan.immediate and plan.number in numbers:
                    code = self.writer.integer(function, f"code_{plan.name}", codes_of[plan.number].first)
                    size = self.writer.integer(function, f"indices_of_{plan.number}", plan.transition.size)
                    with function.block(f"if {code} <= code < {code} + {size}:"):
                        function.add(f"look_{plan.name}({CONTEXT}, code - {code})")
        self.writer.define(function)

    def _write_settle(self) -> None:
        """Firings that were replayed are counted."""
        function = Function(self.writer, "settle", "", "What was replayed is counted, and tokens are put where they belong.")
        counted: list[tuple[int, int]] = []
        for meter in self.observing.meters:
            quantity = meter.measure.quantity
            if isinstance(quantity, Rate | Count):
                counted += [(meter.ints, self.observing.fired(self.layout.prepared.class_number[each.transition])) for each in quantity.firings
                            if each.where is None]  # fmt: skip
        for k, (_, fired) in enumerate(counted):
            function.add(f"before_{k} = state[{fired}]")
        function.add(f"count_uses(state, {self.observing.fired(0)})")
        for k, (ints, fired) in enumerate(counted):
            with function.block(f"if state[{ints}] != 0:"):
                function.add(f"state[{ints + 1}] += state[{fired}] - before_{k}")
        function.add(f"unload(tokens, state, {self.writer.integer(function, 'components', len(self.found))})")
        self.writer.define(function)

    def recall(self, resampling: list[str]) -> str:
        """The part of the loop that uses records."""
        counters = [f"state[{cell}] += records[record + {at.RECORD_HEADER + k}]" for k, cell in enumerate(self.counters)]
        keep = KEEP if self.lone else ""
        of_component = "" if self.lone else OF_COMPONENT
        find = FIND_ALONE if self.alone else FIND_LONE if self.lone else FIND
        return RECALL.format(
            context=CONTEXT,
            find=find,
            row="row" if self.lone else "rows[component]",
            again=indent(LONE_FOLLOW, " " * 12) if self.lone else "",
            keep_16=indent(keep, " " * 16),
            keep_24=indent(keep, " " * 24),
            listed_20=indent(self._listed, " " * 20),
            cells=at.COMPONENT_CELLS,
            header=at.ROW_HEADER,
            counters="".join(f"{' ' * 20}{line}\n" for line in counters),
            operations=at.RECORD_HEADER + len(counters),
            begun=indent(of_component, " " * 28),
            lost=indent(f"what = -1 - what\n{of_component}", " " * 28),
            show=f"{' ' * 20}if state[4] != 0:\n{indent(keep, ' ' * 24)}{' ' * 24}show(tokens, state, component)\n" if self._direct else "",
            resample="".join(f"{' ' * 24}{line}\n" for line in resampling),
        )

    @property
    def timed(self) -> str:
        """What the loop does with a timed firing that is not replayed."""
        return TIMED.format(context=CONTEXT, own="np.int64(where[2 * slot])" if self.lone else "component")

    # Memory.

    def _contents(self, component: Component, ints: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells that a component's contents lie in, and the positions among them of those that measures read themselves."""
        layout, kept = self.layout, self.observing.kept
        cells: list[int] = []
        shown: list[int] = []
        first = 0
        for place, elements in zip(layout.places, component.elements, strict=True):
            each = place.colours + 1 if place.kind == "finite" else 1
            own = (first + elements[:, np.newaxis] * each + np.arange(each)).ravel().tolist()
            if place.number in self._direct:
                shown += range(len(cells), len(cells) + len(own))
            cells += own
            first += place.cells
        for each_sum, terms in zip(kept.all, component.terms, strict=True):
            terms_at = int(ints[self.writer.cell(f"terms_{each_sum.name}")])
            cells += (-1 - terms_at - terms).tolist()
        if self.alone:
            others = {*layout.sums.values(), *(each.cell for each in kept.all)} - set(self.counters)
            cells += [-1 - cell for cell in sorted(others)]
        return np.array(cells, np.int64), np.array(shown, np.int64)

    def tables(self, ints: NDArray[np.int64]) -> Tables:
        """Tables for a run: those of an earlier one, if any are idle."""
        found = self.pool.take()
        if found is None:
            if self._places is None:
                self._places = places_of(self.layout, self.found, [self._contents(component, ints) for component in self.found], self.alone)
            found = Tables(self._places, self.counters, self.layout.prepared.trap_limit)
            found.begin()
        return found
