"""One replication on a kernel: memory, windows, reasons to end. The same observations as `spn.engine.reference.replication`, made between chunks."""

from __future__ import annotations

import ctypes
import math
import time as clock
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from spn.engine.compiled import cells
from spn.engine.compiled.handover import HandoverError, adopt, adopt_observations, own_slot
from spn.engine.compiled.jobs import GREATEST
from spn.engine.compiled.kernel import KernelPlan, Memory
from spn.engine.compiled.layout import LINE_CELLS, PlaceCells, bits_of, flat
from spn.engine.compiled.observing import Meter
from spn.engine.compiled.records import BAG_CELLS
from spn.engine.compiled.schedulers import QUEUED, SCAN
from spn.engine.reference.firing import in_bounds
from spn.engine.reference.observers import rows_of
from spn.expressions.tree import Value
from spn.net.types import At, Availability, Average, Count, FirstPassage, Integral, Over, Rate, Steady, Tally, Until
from spn.observation import COLUMNS, Abandoned, End, Outcome, RunError, Task

if TYPE_CHECKING:
    from spn.engine.compiled.machine_code import Kernel
    from spn.engine.reference import Simulation
    from spn.engine.reference.enabling import Binding
    from spn.engine.reference.replication import Replication as ReferenceReplication

FEW_QUEUED = 16
"""Up to so many clocks that are set stand in a heap alone."""

CHUNK_SECONDS = 0.05
FIRST_CHUNK = 1000


class Machine:
    """A kernel with the memory of one run: ``step`` and ``run`` are the kernel's, everything else reads its cells."""

    def __init__(
        self,
        plan: KernelPlan,
        kernel: Kernel,
        seed: int,
        key: tuple[int, ...],
        begun: Simulation | None = None,
        begin: bool = True,
        controlled: bool = False,
    ) -> None:
        """From the initial marking, or on from where a run on the reference engine stands (`handover`). Without `begin` there is no first look.
        `controlled`: keep sums over delays.
        """
        self.plan, self.kernel, self.prepared = plan, kernel, plan.prepared
        self.rng = Generator(SFC64(SeedSequence(seed, spawn_key=key)))
        self.memory: Memory = plan.memory()
        self.state, self.values = self.memory.state, self.memory.values
        stream: Any = self.rng.bit_generator.ctypes
        blocks = (self.memory.tokens, self.memory.ints, self.memory.reals, self.memory.state, self.memory.values)
        self.arguments = (int(stream.state_address), *(int(block.ctypes.data) for block in blocks))
        layout, state = plan.layout, self.state
        state[cells.STATIC], state[cells.CAPACITY], state[cells.FREE] = layout.timed_slots, -1, -1
        state[cells.MODE] = SCAN if plan.scanned else QUEUED
        state[cells.COUNT] = plan.known.get(cells.COUNT, 0)
        state[cells.FEW], state[cells.BLOCKS], state[cells.WAY] = FEW_QUEUED, plan.blocks, plan.trials.best
        state[cells.CONTROLLED] = controlled
        state[cells.TRAP] = self.prepared.trap_limit
        state[cells.REALS] = self.memory.reals.ctypes.data
        state[cells.REALS + 3] = self.memory.values.ctypes.data
        self.history = np.empty(self.prepared.trap_limit + 2, np.int64)
        state[cells.HISTORY] = self.history.ctypes.data
        self._first = plan.first_cells
        self.tables = plan.tables()
        if self.tables is not None:
            state[cells.TABLES] = self.tables.table.ctypes.data
        state[cells.SELF] = state.ctypes.data
        self.key, self.value = np.zeros(layout.binding_width + 1, np.int64), np.zeros(layout.value_width + 1, np.int64)
        self.fired_values = np.zeros(layout.binding_width + 1, np.int64)
        state[cells.FIRED_VALUES] = self.fired_values.ctypes.data
        state[cells.KEY], state[cells.VALUE] = self.key.ctypes.data, self.value.ctypes.data
        try:
            if begun is None:
                self._put_initial_tokens()
                if begin:
                    self.call(0)
                    self.check()
            else:
                adopt(self, begun)
        except (RunError, HandoverError):
            self.close()
            raise

    def close(self) -> None:
        """Give back what the kernel allocated."""
        self.call(3)
        if self.tables is not None:
            self.plan.remembering.pool.give_back(self.tables)
            self.tables = None

    def call(self, command: int, number: int = 0, limit: float = 0.0, most: int = 0) -> int:
        """One call of the kernel."""
        return self.kernel(*self.arguments, command, number, limit, most)

    @property
    def now(self) -> float:
        return float(self.values[cells.NOW])

    @property
    def firings(self) -> int:
        return int(self.state[cells.FIRED])

    @property
    def vanishing(self) -> bool:
        return bool(self.state[cells.IMMEDIATE] > 0)

    def peek(self) -> float:
        """The time of the next firing; infinity if the marking is dead."""
        if self.vanishing:
            return self.now
        self.call(5)
        return float(self.values[cells.RESULT])

    def fired(self) -> NDArray[np.int64]:
        """Firings of each class."""
        return self.state[self.plan.fired_cells]

    def sums(self) -> list[int]:
        """Tokens in each place class."""
        return [int(self.memory.tokens[cells].sum()) for cells in self.plan.total_cells]

    def tokens(self, place: PlaceCells, element: int) -> int:
        """Tokens in one element."""
        return int(self.memory.tokens[self._first[place.number] + element * (place.colours + 1 if place.kind == "finite" else 1)])

    def colours(self, place: PlaceCells, element: int) -> NDArray[np.int64]:
        """Tokens of each colour in one element of a place whose colours have numbers."""
        first = self._first[place.number] + element * (place.colours + 1) + 1
        return self.memory.tokens[first : first + place.colours]

    def _put_initial_tokens(self) -> None:
        for place in self.plan.layout.places:
            everywhere = self.prepared.initial_everywhere(place.number) if place.kind == "plain" else None
            if everywhere is not None:
                self._fill(place, everywhere)
                continue
            for element, count, value in self.prepared.initial_tokens(place.number):
                if value is not None and not in_bounds(value, place.place.bounds):
                    raise RunError("bad-value", f"the initial token {value} is beyond the colour of {place.place.name}")
                self.put(place, element, count, value, arrives=True)

    def _fill(self, place: PlaceCells, count: int) -> None:
        """Put as many plain tokens into each element."""
        at, size = self._first[place.number], place.place.size
        self.memory.tokens[at : at + size] = count
        self.state[cells.TOTAL] += size * count
        if place.place.name in self.plan.layout.sums:
            self.state[self.plan.layout.sums[place.place.name]] += size * count

    def put(self, place: PlaceCells, element: int, count: int, value: Value | None, arrives: bool) -> None:
        """Put tokens into an element before the first look: those that arrive in a random place change places with any, others stay at the end."""
        tokens, at = self.memory.tokens, self._first[place.number]
        self.state[cells.TOTAL] += count
        if place.place.name in self.plan.layout.sums:
            self.state[self.plan.layout.sums[place.place.name]] += count
        if place.kind == "plain":
            tokens[at + element] += count
            return
        assert value is not None
        numbers = flat(value)
        if place.kind == "finite":
            colour = 0
            for number, leaf in zip(numbers, place.leaves, strict=True):
                colour = colour * (leaf.high - leaf.low + 1) + int(number) - leaf.low  # type: ignore[operator]
            cell = at + element * (place.colours + 1)
            tokens[cell] += count
            tokens[cell + 1 + colour] += count
            return
        if place.kind == "bag":
            self._put_in_bag(place, element, count, numbers)
            tokens[at + element] += count
            return
        for _ in range(count):
            self._append(place, at + element, element, numbers, arrives)

    def _put_in_bag(self, place: PlaceCells, element: int, count: int, numbers: tuple[float, ...]) -> None:
        self.value[: len(numbers)] = bits_of(numbers, place.leaves)
        self.call(9, self.plan.region(f"bags_{place.name}") + BAG_CELLS * element, 0.0, count)

    def _append(self, place: PlaceCells, total: int, element: int, numbers: tuple[float, ...], arrives: bool) -> None:
        """One token at the end of a line; one that arrives in a random place changes places with any."""
        tokens, width = self.memory.tokens, len(place.leaves)
        line = self.plan.region(f"lines_{place.name}") + LINE_CELLS * element
        others = int(tokens[total])
        if others >= self.state[line + 1]:
            self.call(4, line, float(width), others + 1)
        ring = (ctypes.c_int64 * (int(self.state[line + 1]) * width)).from_address(int(self.state[line]))
        row = np.array(
            [np.float64(n).view(np.int64) if leaf.kind == "real" else np.int64(n) for n, leaf in zip(numbers, place.leaves, strict=True)], np.int64
        )
        ring[others * width : (others + 1) * width] = row.tolist()
        if arrives and place.place.order == "random" and others:
            position = int(self.rng.random() * (others + 1))
            mine, theirs = ring[others * width : (others + 1) * width], ring[position * width : (position + 1) * width]
            ring[others * width : (others + 1) * width], ring[position * width : (position + 1) * width] = theirs, mine  # type: ignore[assignment]
        tokens[total] += 1

    def has_finite_clock(self, number: int, binding: Binding) -> bool:
        """Whether a binding's only clock is set to a time at which it fires. (A delay that could not be drawn leaves one that never does.)"""
        plan = self.plan.layout.classes[number]
        if not plan.single:
            return False
        at = int(self.state[cells.ENTRIES]) + 16 * (plan.first + own_slot(plan, binding))
        return bool(ctypes.c_double.from_address(at).value < cells.NEVER)

    @staticmethod
    def number_of_clocks(list: int) -> int:
        """How many clocks stand in a list."""
        return int((ctypes.c_int64 * 4).from_address(list)[2])

    def check(self) -> None:
        """Raise the error that the kernel has met."""
        error = int(self.state[cells.ERROR])
        if error:
            from spn.engine.compiled.errors import run_error

            raise run_error(self, error)


class Replication:
    """Runs a task. What is due at a time waits until the next firing is later, as in the reference engine."""

    def __init__(self, machine: Machine, task: Task, begun: ReferenceReplication | None = None, stopping: Event | None = None) -> None:
        """From the start, or on from where a replication of the same task on the reference engine stands."""
        self.machine, self.task, self.stopping = machine, task, stopping
        self.state, self.values = machine.state, machine.values
        asked = set(task.measures)
        self.meters = [meter for meter in machine.plan.meters if meter.measure.name in asked]
        unknown = asked - {meter.measure.name for meter in self.meters}
        if unknown:
            raise ValueError(f"the net has no measure {', '.join(sorted(unknown))}")
        self.rows: dict[str, NDArray[np.float64]] = {}
        self.missing: dict[str, int] = {}
        self.begun: dict[str, float] = {}
        self.tokens = np.full((len(task.cuts), len(machine.prepared.places)), -1, np.int64)
        self.state[cells.CONTROLLED] = task.controlled
        self.drawn = np.full((len(task.cuts), len(machine.plan.control_cells) if task.controlled else 0), np.nan)
        self.actions: list[tuple[float, Callable[[float], None]]] = []
        self.budget = FIRST_CHUNK
        mask = 0
        for meter in self.meters:
            self._set_up(meter)
            mask |= meter.bit
        self.actions += [(cut, lambda now, row=row: self._count_tokens(row)) for row, cut in enumerate(task.cuts)]  # type: ignore[misc]
        self.actions = sorted(self.actions, key=lambda action: action[0])[::-1]
        self.dead_at: float | None = None
        self.earlier: dict[str, list[float]] = {}
        """Values tallied before this engine took over."""
        self.state[cells.ASKED] = mask
        self.state[cells.DIRTY] = mask
        if begun is not None:
            adopt_observations(self, begun)

    def _count_tokens(self, row: int) -> None:
        self.tokens[row] = self.machine.sums()
        if self.task.controlled:
            self.drawn[row] = self._sums()

    def _sums(self) -> NDArray[np.float64]:
        """What has been added up of the delays drawn."""
        return self.values[self.machine.plan.control_cells]

    def _set_up(self, meter: Meter) -> None:
        measure, cuts = meter.measure, self.task.cuts
        quantity, window = measure.quantity, measure.window
        columns = 1 if isinstance(window, At) else len(COLUMNS[type(quantity).__name__])
        rows = rows_of(measure, cuts)
        self.rows[measure.name] = np.full((rows, columns), np.nan)
        self.missing[measure.name] = rows
        if isinstance(quantity, Availability) and not isinstance(window, At):
            self.state[meter.ints] = -1
        if isinstance(quantity, FirstPassage):
            self.state[meter.waits] = 1
            for row, time in enumerate(quantity.within):
                self.actions.append((time, lambda now, row=row: self._enter(meter, row, (0.0, 1.0))))  # type: ignore[misc]
        elif isinstance(window, At):
            for row, time in enumerate(window.times):
                self.actions.append((time, lambda now, row=row: self._enter(meter, row, (self._value(meter),))))  # type: ignore[misc]
        elif isinstance(window, Steady):
            for row, (start, stop) in enumerate(zip(cuts, cuts[1:], strict=False)):
                self._read_between(meter, row, start, stop)
        elif isinstance(window, Over):
            self._read_between(meter, 0, window.start, window.stop)
        elif isinstance(window, Until):
            self.actions.append((-1.0, lambda now: self._start(meter, 0.0)))
            self.state[meter.waits] = 1

    def _read_between(self, meter: Meter, row: int, start: float, stop: float) -> None:
        self.actions.append((start if start > 0 else -1.0, lambda now: self._start(meter, start)))
        self.actions.append((stop, lambda now: self._enter(meter, row, self._stop(meter, stop))))

    def _value(self, meter: Meter) -> float:
        self.machine.call(2, meter.number)
        self.machine.check()
        return float(self.values[cells.RESULT])

    def _enter(self, meter: Meter, row: int, values: tuple[float, ...]) -> None:
        rows = self.rows[meter.measure.name]
        if math.isnan(rows[row, 0]):
            rows[row] = values
            self.missing[meter.measure.name] -= 1
            if meter.waits >= 0 and not self.missing[meter.measure.name]:
                self.state[meter.waits] = 0

    # The meters, as in `spn.engine.reference.meters`.

    def _start(self, meter: Meter, now: float) -> None:
        state, values, quantity = self.state, self.values, meter.measure.quantity
        self.begun[meter.measure.name] = now
        if isinstance(quantity, Availability):
            state[meter.ints + 1 : meter.ints + 3] = 0
            values[meter.reals] = now
            values[meter.reals + 1 : meter.reals + 5] = 0.0
        elif isinstance(quantity, Average | Integral):
            values[meter.reals + 1] = now
            values[meter.reals + 2 : meter.reals + 4] = 0.0
        else:
            state[meter.ints], state[meter.ints + 1] = 1, 0
            if isinstance(quantity, Tally):
                values[meter.reals : meter.reals + 2] = 0.0

    def _add(self, at: int, term: float) -> None:
        total = float(self.values[at]) + term
        if abs(self.values[at]) >= abs(term):
            self.values[at + 1] += (float(self.values[at]) - total) + term
        else:
            self.values[at + 1] += (term - total) + float(self.values[at])
        self.values[at] = total

    def _stop(self, meter: Meter, now: float) -> tuple[float, ...]:
        state, values, quantity = self.state, self.values, meter.measure.quantity
        at, cell = meter.reals, meter.ints
        begun = self.begun.get(meter.measure.name, 0.0)
        match quantity:
            case Availability():
                self._add(at + (1 if state[cell] == 1 else 3), now - float(values[at]))
                values[at] = now
                return (
                    float(values[at + 1] + values[at + 2]),
                    float(values[at + 3] + values[at + 4]),
                    float(state[cell + 1]),
                    float(state[cell + 2]),
                )
            case Average() | Integral():
                self._add(at + 2, float(values[at]) * (now - float(values[at + 1])))
                values[at + 1] = now
                total = float(values[at + 2] + values[at + 3])
                return (total, now - begun) if isinstance(quantity, Average) else (total,)
            case Rate() | Count():
                state[cell] = 0
                return (float(state[cell + 1]), now - begun) if isinstance(quantity, Rate) else (float(state[cell + 1]),)
            case _:
                state[cell] = 0
                return (float(state[cell + 1]), float(values[at] + values[at + 1]))

    # The run.

    def run(self) -> Outcome:
        """To the end, whatever it is. Raises `RunError`, and `Abandoned` soon after `stopping` is set."""
        machine, task = self.machine, self.task
        self._act(before=0.0)
        if self._complete():
            return self._outcome(End.OBSERVED, 0.0)
        while True:
            reason = self._go_on()
            if reason == cells.FAILED:
                machine.check()
            if reason == cells.OBSERVE:
                self._note_passages()
                if self._complete():
                    return self._outcome(End.OBSERVED, machine.now)
                continue
            if reason == cells.CHUNK and machine.firings >= task.max_firings:
                return self._outcome(End.FIRINGS, machine.now)
            if reason == cells.TOKENS:
                return self._outcome(End.TOKENS, machine.now)
            if reason != cells.TIME:
                continue
            next_time = machine.peek()
            if next_time == math.inf and self.dead_at is None:
                self.dead_at = machine.now
            if self.actions and self.actions[-1][0] < next_time:
                last = self._act(before=next_time)
                if self._complete():
                    return self._outcome(End.OBSERVED, last)
            if next_time > task.max_time or next_time == math.inf:
                return self._outcome(End.TIME, task.max_time)

    def _go_on(self) -> int:
        """A chunk of firings, short enough for Python to stay responsive."""
        task = self.task
        if self.stopping is not None and self.stopping.is_set():
            raise Abandoned
        limit = min(self.actions[-1][0] if self.actions else math.inf, task.max_time, GREATEST)
        budget = max(0, min(self.budget, task.max_firings - self.machine.firings))
        way, budget = self.machine.plan.trials.turn(budget)
        if way:
            self.state[cells.WAY] = way
        before, firings = clock.perf_counter(), self.machine.firings
        reason = self.machine.call(1, budget, limit, task.max_tokens)
        taken = clock.perf_counter() - before
        if reason != cells.CHUNK or self.machine.firings - firings < budget:
            return reason
        self.machine.plan.trials.note(way, taken)
        if budget == self.budget:
            self.budget = int(min(self.budget * min(4.0, max(0.25, CHUNK_SECONDS / max(taken, 1e-6))), 1e8)) + 1
        return reason

    def _note_passages(self) -> None:
        """Conditions that were waited for hold in this tangible marking."""
        self.state[cells.HOLDS] = 0
        for meter in self.meters:
            if meter.waits < 0 or not self.state[meter.waits + 1]:
                continue
            self.state[meter.waits + 1] = 0
            quantity, now = meter.measure.quantity, self.machine.now
            if isinstance(quantity, FirstPassage):
                if not quantity.within:
                    self._enter(meter, 0, (now, 1.0))
                for row, time in enumerate(quantity.within):
                    self._enter(meter, row, (float(now <= time), 1.0))
            elif self.missing[meter.measure.name]:
                self._enter(meter, 0, self._stop(meter, now))

    def _act(self, before: float) -> float:
        """Do what is due before a time; the time of the last of it."""
        now = self.machine.now
        last = now
        while self.actions and self.actions[-1][0] < before and self.actions[-1][0] <= self.task.max_time:
            time, action = self.actions.pop()
            last = max(time, 0.0)
            self.values[cells.NOW] = last
            action(last)
        self.values[cells.NOW] = now
        return last

    def _complete(self) -> bool:
        return not any(self.missing.values()) and (not self.task.cuts or bool(self.tokens[-1, 0] >= 0))

    def _outcome(self, end: End, time: float) -> Outcome:
        for meter in self.meters:
            if isinstance(meter.measure.quantity, FirstPassage) and self.missing[meter.measure.name]:
                rows = self.rows[meter.measure.name]
                rows[np.isnan(rows[:, 0])] = (time, 0.0)
        return Outcome(
            end=end,
            time=time if time < math.inf else self.machine.now,
            firings=self.machine.firings,
            dead_at=self.dead_at,
            observations=self.rows,
            values={meter.measure.name: self._kept(meter) for meter in self.meters if getattr(meter.measure.quantity, "quantiles", ())},
            tokens=self.tokens,
            fired=self.machine.fired(),
            controls=self._controls(),
        )

    def _controls(self) -> NDArray[np.float64]:
        if not self.task.controlled:
            return np.zeros((0, 0))
        usable = self.machine.prepared.usable
        return np.diff(usable(self.drawn), axis=0) if self.task.cuts else usable(self._sums()[None, :])

    def _kept(self, meter: Meter) -> NDArray[np.float64]:
        number, earlier = int(self.state[meter.ints + 3]), np.array(self.earlier.get(meter.measure.name, ()), np.float64)
        if not number:
            return earlier
        return np.concatenate([earlier, (ctypes.c_double * number).from_address(int(self.state[meter.ints + 2]))])
