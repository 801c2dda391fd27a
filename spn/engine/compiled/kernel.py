"""The kernel of a net: its source put together from looks, fires and measures, and the numbers that it is run with."""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import ahead, enumeration, scanning
from spn.engine.compiled.blocks import SIZE
from spn.engine.compiled.cells import COUNT, GROWING, KEYS, MODE
from spn.engine.compiled.delays import with_other_delays
from spn.engine.compiled.enumeration import MOST_BINDINGS, Enumeration, table_of
from spn.engine.compiled.fires import Fire
from spn.engine.compiled.formulas import IrregularError, UnsupportedError
from spn.engine.compiled.jobs import REPLICATE, TERMINATE
from spn.engine.compiled.layout import LINE_CELLS, MOST_SLOTS, Layout, Storage
from spn.engine.compiled.looks import Look, write_resampling
from spn.engine.compiled.loop import Loop
from spn.engine.compiled.observing import Meter, Observing
from spn.engine.compiled.relations import Relations
from spn.engine.compiled.remembering import Remembering
from spn.engine.compiled.schedulers import QUEUED, SCAN
from spn.engine.compiled.source import CONTEXT, Function, Writer, bag_cell
from spn.engine.compiled.table_memory import Tables
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Expression, Reduce, Tokens
from spn.expressions.walk import walk
from spn.net.types import Immediate, Net

ENTRY = '''\
def kernel(rng_at, tokens_at, ints_at, reals_at_, state_at, values_at, command, number, limit, most):
    """What Python calls: 0 begin, 1 run, 2 evaluate a measure, 3 give memory back, 4 make room for tokens, 5 the time of the next clock,
    7 set clocks to given times, 8 make frozen clocks, 9 put into a bag, 10 the record of a binding, 11 run many replications."""
    rng, state, values = stream_block(rng_at), state_block(state_at), values_block(values_at)
    tokens, ints, reals = tokens_block(tokens_at), ints_block(ints_at), reals_block(reals_at_)
    if command == 1:
        return run({context}, number, limit, most)
    if command == 0:
        begin({context})
    elif command == 2:
        values[2] = evaluate({context}, number)
    elif command == 3:
        finish({context})
    elif command == 4:
        while state[number + 1] < most:
            make_room(state, number, state[number + 1], int(limit))
    elif command == 5:
        values[2] = time_of_next(state)
    elif command == 7:
        adopt_clocks(state, number, most)
    elif command == 8:
        adopt_frozen(state, values, number, most)
    elif command == 6:
        return choose_immediate({context}) if state[3] > 0 else next_clock(state)
    elif command == 11:
        return replicate({context}, number, most)
{more}    return 0
'''


SCANNED = (2, 4, 6, 8, 10, 12, 16, 20)
"""Up to the last of these numbers clocks are scanned, by a kernel for the next of them."""

MOST_IN_BLOCKS = 160
"""So many clocks stand in blocks."""

TERMINATE_MANY = f"""\
    if command == 12:
        return terminate({CONTEXT}, number, most)
"""

PUT_IN_BAG = """\
    if command == 9:
        put_in_bag(state, number, state[51], most)
"""

FIND_BINDING = """\
    if command == 10:
        binding = find_binding(state, number, most)
        return binding if binding != 0 else new_binding(state, number, most)
"""

MOST_INLINED = 60
"""Functions become part of their callers if that makes no more than so many lines together; more would take long to compile."""


def reasons(net: Net) -> list[str]:
    """Why a net cannot be compiled; empty if it can."""
    return source_of(net)[1]


def source_of(net: Net) -> tuple[str, list[str]]:
    """A net's kernel as source, and why there is none."""
    try:
        return KernelPlan(PreparedNet(net)).source, []
    except UnsupportedError as error:
        return "", [str(error)]


def enumerated_classes(prepared: PreparedNet) -> frozenset[int]:
    """The classes whose bindings cannot be numbered beforehand, or not in their order."""
    layout = Layout(prepared)
    writer, found = Writer(layout), set()
    for plan in layout.alive:
        try:
            if plan.bindings > MOST_BINDINGS or plan.slots > MOST_SLOTS:
                raise IrregularError("too many to have numbers")
            Look(writer, plan).write()
        except IrregularError:
            found.add(plan.number)
    return frozenset(found)


@dataclass
class Memory:
    """The blocks of one run."""

    tokens: NDArray[np.int64]
    ints: NDArray[np.int64]
    reals: NDArray[np.float64]
    state: NDArray[np.int64]
    values: NDArray[np.float64]


class KernelPlan:
    """A net's kernel: `source`, and the memory that it runs on."""

    def __init__(self, prepared: PreparedNet) -> None:
        self.prepared = prepared
        self.layout = Layout(prepared, enumerated_classes(prepared))
        self.writer = Writer(self.layout)
        self.observing = Observing(self.layout)
        self._again: bool | None = None
        self.trials = scanning.Trials(self.scanned)

    @property
    def meters(self) -> list[Meter]:
        return self.observing.meters

    @cached_property
    def remembering(self) -> Remembering:
        """Tables of firings, if the net is one for which they are of use."""
        self._note_sums()
        return Remembering(self.writer, self.observing)

    @cached_property
    def source(self) -> str:
        """The kernel's source."""
        relations = Relations(self.layout)
        writer, layout = self.writer, self.layout
        writer.remembered = {plan.number for plan in self.remembering.classes}
        self.observing.kept.write(writer)
        for plan in layout.alive:
            (Enumeration if plan.enumerated else Look)(writer, plan).write()
        resampling = [plan for plan in layout.alive if plan.memory == "resampling"]
        for plan in resampling:
            (enumeration.write_resampling if plan.enumerated else write_resampling)(writer, plan)
        fires = [Fire(writer, plan, relations, self.observing) for plan in layout.alive]
        for fire in fires:
            fire.write()
        self.observing.write(writer)
        self._write_begin()
        self._write_finish()
        self._write_choice()
        if self.remembering.on:
            self.remembering.write()
        next_clock = scanning.write(writer) if self.scanned else "next_clock(state)"
        look_ahead = "" if self.scanned else ahead.write(writer, {fire.plan.number: fire.changes for fire in fires}, self.remembering.on)
        calls = Counter(called for function, _ in writer.functions for called in function.calls())
        parts = [self._text(function, inline and calls[function.name] * len(function.lines) <= MOST_INLINED) for function, inline in writer.functions]
        known = f"KNOWN = {self.known}\n# Cells of `state` that always hold these numbers.\n"
        run = Loop(writer, self.observing, self.remembering, next_clock, look_ahead).text()
        jobs = [REPLICATE, TERMINATE] if self.terminates else [REPLICATE]
        return "\n\n".join([self._header(), known, *parts, run, *jobs, "@entry\n" + self._entry()])

    @cached_property
    def terminates(self) -> bool:
        """Whether anything is observed from the initial marking."""
        return not all(measure.is_steady for measure in self.layout.net.measures)

    def _entry(self) -> str:
        more = TERMINATE_MANY if self.terminates else ""
        if any(cells.kind == "bag" for cells in self.layout.places):
            more += PUT_IN_BAG
        if any(plan.enumerated for plan in self.layout.alive):
            more += FIND_BINDING
        return ENTRY.format(context=CONTEXT, more=more)

    @staticmethod
    def _text(function: Function, inline: bool) -> str:
        how = "inlined" if inline else "rare" if function.name in ("begin", "finish", "evaluate") else "plain"
        return f"@{how}\n{function.text()}"

    def _header(self) -> str:
        legend = [f"#   ints[{k}]: {note}" for k, note in enumerate(self.layout.ints.notes)]
        legend += [f"#   reals[{k}]: {note}" for k, note in enumerate(self.layout.reals.notes)]
        classes = [f"#   {plan.name}: {plan.transition.name}" for plan in self.layout.classes]
        return "\n".join(["# The kernel of a net. Run-time numbers:", *legend, "# Transition classes:", *classes, ""])

    @cached_property
    def key(self) -> str:
        """What tells kernels apart: the source without its comments."""
        lines = [line for line in self.source.splitlines() if not line.lstrip().startswith("#")]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def scanned(self) -> bool:
        """Whether there are so few clocks that they are scanned for the next."""
        return self.layout.timed_slots <= SCANNED[-1] and self.layout.single

    @cached_property
    def blocks(self) -> int:
        """In how many blocks clocks stand, an even number; 0: in none."""
        number = self.layout.timed_slots
        if self.scanned or number > MOST_IN_BLOCKS or not self.layout.single:
            return 0
        return 2 * -(-number // (2 * SIZE))

    @cached_property
    def known(self) -> dict[int, int]:
        """Cells of `state` that are known when a kernel is compiled: there is one for few clocks and one for many."""
        if not self.scanned:
            return {MODE: QUEUED, KEYS: 0}
        most = next(most for most in SCANNED if most >= self.layout.timed_slots)
        return {MODE: SCAN, KEYS: 0, COUNT: most}

    def _note_sums(self) -> None:
        """Sums that firings keep up to date are known before firings are written."""
        for expression in _expressions(self.layout.net):
            for node in walk(expression):
                if isinstance(node, Tokens) and node.element is None and not any(entry is not None for entry in node.pattern):
                    self.layout.sum_cell(node.place)
                elif isinstance(node, Reduce):
                    self.layout.kept(node)

    def _write_begin(self) -> None:
        function = Function(self.writer, "begin", "", "The first look at everything.")
        function.add("make_clocks(state, 0)")
        for kept in self.observing.kept.all:
            with function.block(f"for j in range({self.writer.integer(function, f'terms_in_{kept.name}', kept.size)}):"):
                function.add(f"keep_{kept.name}({CONTEXT}, j)")
        for plan in self.layout.alive:
            with function.block(f"for i in range({self.writer.integer(function, f'indices_{plan.name}', plan.transition.size)}):"):
                function.add(f"look_{plan.name}({CONTEXT}, i)")
        function.add("choose_scan(state)")
        self.writer.define(function)

    def _write_finish(self) -> None:
        function = Function(self.writer, "finish", "", "Memory that the kernel allocated is given back.")
        function.add("free_clocks(state)")
        for cell in (10, 33, *GROWING):
            function.add(f"release(state[{cell}])", f"state[{cell}] = 0")
        for meter in self.meters:
            if getattr(meter.measure.quantity, "quantiles", ()):
                function.add(f"release(state[{meter.ints + 2}])", f"state[{meter.ints + 2}] = 0")
        for cells in self.layout.places:
            if cells.kind == "line":
                first = self.writer.region(function, f"lines_{cells.name}", LINE_CELLS * cells.place.size)
                with function.block(f"for k in range({self.writer.integer(function, f'size_{cells.name}', cells.place.size)}):"):
                    function.add(f"release(state[{first} + {LINE_CELLS} * k])", f"state[{first} + {LINE_CELLS} * k] = 0")
            elif cells.kind == "bag":
                with function.block(f"for k in range({self.writer.integer(function, f'size_{cells.name}', cells.place.size)}):"):
                    function.add(f"empty_bag(state, {bag_cell(self.writer, function, cells, 'k')})")
        for plan in self.layout.alive:
            if plan.enumerated:
                function.add(f"forget_all(state, {table_of(self.writer, plan)})")
        self.writer.define(function)

    def _write_choice(self) -> None:
        function = Function(self.writer, "choose_immediate", "", "Which of the enabled immediate bindings of the highest priority fires.")
        for level in range(len(self.layout.levels)):
            cell = self.writer.helper(("level", level))
            if cell is None:
                continue  # no class of this priority is ever enabled
            members = sum(plan.slots for plan in self.layout.immediate if plan.level == level)
            first = self.writer.region(function, f"level_{level}", members)
            weights = self.writer.region(function, "weights", self.layout.immediate_slots, real=True, initial=1.0)
            if any(plan.enumerated for plan in self.layout.immediate if plan.level == level and plan in self.layout.alive):
                heads = self.writer.region(function, "heads", self.layout.immediate_slots)
                with function.block(f"if state[{cell}] > 0:"):
                    function.add(f"return choose_among(rng, state, values, {cell}, {first}, {weights}, {heads})")
                continue
            with function.block(f"if state[{cell}] == 1:"):
                function.add(f"return state[{first}]")
            with function.block(f"if state[{cell}] > 1:"):
                function.add(f"return choose(rng, state, values, {cell}, {first}, {weights})")
        function.add("return 0")
        self.writer.define(function, inline=True)

    # Memory.

    @cached_property
    def _numbers(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """`ints` and `reals` of this net."""
        _ = self.source
        ints, reals = self.layout.ints, self.layout.reals
        scalars = np.array(ints.scalars, np.int64)
        at = len(scalars)
        for cell, array in ints.arrays:
            scalars[cell] = at
            at += len(array)
        real_at = len(reals.scalars)
        for cell, array in reals.arrays:
            scalars[cell] = real_at
            real_at += len(array)
        for storage in (self.layout.state, self.layout.values):
            first = storage.fixed
            for cell, size, _ in storage.regions:
                scalars[cell] = first
                first += size
        whole = np.concatenate([scalars, *(array.astype(np.int64) for _, array in ints.arrays)])
        return whole, np.concatenate([np.array(reals.scalars, np.float64), *(array.astype(np.float64) for _, array in reals.arrays), np.zeros(1)])

    def again(self, prepared: PreparedNet) -> KernelPlan | None:
        """The plan of a net that differs in delays only, and can be run by the same kernel with other numbers; None, if it has to be planned anew.

        The two share what runs have learnt of firings, which no delay takes part in. The first time it is made anew all the same, and compared.
        """
        if self._again is False:
            return None
        reals = with_other_delays(self.writer, self.prepared, prepared, *self._numbers)
        if reals is None:
            return None
        if self._again is None:
            anew = KernelPlan(prepared)
            self._again = anew.key == self.key and all(
                np.array_equal(a, b, equal_nan=True) for a, b in zip((self._numbers[0], reals), anew._numbers, strict=True)
            )
            if not self._again:
                return None
        found = copy.copy(self)
        found.prepared = prepared
        found._numbers = (self._numbers[0], reals)
        return found

    def region(self, name: str) -> int:
        """The first cell of a region of `state` or `values`, which functions know by that name."""
        return int(self._numbers[0][self.writer.cell(name)])

    def memory(self) -> Memory:
        """Fresh memory for a run; what never changes is shared."""
        ints, reals = self._numbers
        tokens, state, values = self._blocks
        return Memory(tokens.copy(), ints, reals, state.copy(), values.copy())

    @cached_property
    def first_cells(self) -> list[int]:
        """The first cell of each place in `tokens`, and the number of cells."""
        return [0, *accumulate(cells.cells for cells in self.layout.places)]

    @cached_property
    def total_cells(self) -> list[slice]:
        """Where the numbers of tokens in the elements of each place stand in `tokens`."""
        steps = [cells.colours + 1 if cells.kind == "finite" else 1 for cells in self.layout.places]
        return [slice(first, stop, step) for first, stop, step in zip(self.first_cells, self.first_cells[1:], steps, strict=False)]

    @cached_property
    def fired_cells(self) -> list[int]:
        """The cells of `state` with the firings of each class."""
        return [self.observing.fired(k) for k in range(len(self.layout.classes))]

    @cached_property
    def control_cells(self) -> list[int]:
        """The cells of `values` with the sums over delays, in their order."""
        return [first + k for _, first in self.layout.controls.values() for k in (0, 1)]

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """`tokens`, `state` and `values` before a run."""
        tokens = np.zeros(self.first_cells[-1] + 1, np.int64)
        return tokens, self._fresh(self.layout.state, np.int64), self._fresh(self.layout.values, np.float64)  # type: ignore[return-value]

    @property
    def cells(self) -> int:
        """How many cells of memory a run has of its own."""
        return sum(map(len, self._blocks))

    def tables(self) -> Tables | None:
        """Tables for a run, if the kernel has any."""
        return self.remembering.tables(self._numbers[0]) if self.remembering.on else None

    def _fresh(self, storage: Storage, dtype: type) -> NDArray[np.generic]:
        ints, _ = self._numbers
        block: NDArray[Any] = np.zeros(storage.fixed + sum(size for _, size, _ in storage.regions) + 1, dtype)
        for cell, size, initial in storage.regions:
            if initial != 0 and size:
                block[ints[cell] : ints[cell] + size] = np.resize(np.array(initial), size) if isinstance(initial, tuple) else initial
        return block


def _expressions(net: Net) -> list[Expression]:
    """Every expression of a net that is evaluated during a run."""
    from spn.engine.reference.prepared import watched
    from spn.net.types import At, Availability, Average, Bind, InputArc, OutputArc, Timed

    found: list[Expression | None] = []
    for transition in net.transitions:
        for arc in (*transition.inputs, *transition.tests, *transition.inhibitors, *transition.resets, *transition.outputs):
            found += [arc.element, arc.multiplicity]  # type: ignore[attr-defined]
            if arc.loop is not None:  # type: ignore[attr-defined]
                found += [arc.loop.start, arc.loop.stop]  # type: ignore[attr-defined]
            if isinstance(arc, InputArc):
                found += [entry for entry in arc.pattern if entry is not None and not isinstance(entry, Bind)]
            elif isinstance(arc, OutputArc):
                found.append(arc.token)
        found.append(transition.guard)
        timing = transition.timing
        if isinstance(timing, Immediate):
            found.append(timing.weight)
        elif isinstance(timing, Timed):
            found += [timing.delay, timing.servers]
    for measure in net.measures:
        found += watched(measure)
        if isinstance(measure.window, At) and isinstance(measure.quantity, Availability | Average):
            found.append(measure.quantity.condition if isinstance(measure.quantity, Availability) else measure.quantity.expression)
        for firings in getattr(measure.quantity, "firings", ()):
            found += [firings.where, firings.value]
    return [expression for expression in found if expression is not None]
