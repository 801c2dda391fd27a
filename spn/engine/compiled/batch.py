"""Many replications of a net on a kernel that runs them by itself: the memory of such a job, and its outcomes as arrays.

Python would take longer for each replication than the kernel for some thousand firings, and hold up all other threads. What a kernel does not do by
itself (quantiles of tallies, a replication that a limit, an error or its death ends) is done by `running`, one replication after the other.
"""

from __future__ import annotations

import math
import threading
import time as clock
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import cells
from spn.engine.compiled import job_cells as at
from spn.engine.compiled.jobs import GREATEST
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import CHUNK_SECONDS, Machine
from spn.engine.reference.observers import rows_of
from spn.net.types import At, Availability, Average, Count, FirstPassage, Integral, Measure, Over, Rate, Tally
from spn.observation import COLUMNS, Abandoned, End, Outcome, Outcomes, Task, Tasks

if TYPE_CHECKING:
    from spn.engine.compiled.machine_code import Kernel

KINDS = {
    Availability: at.AVAILABILITY,
    Average: at.AVERAGE,
    Integral: at.INTEGRAL,
    Rate: at.RATE,
    Count: at.COUNT_OF,
    Tally: at.TALLY,
    FirstPassage: at.PASSAGE,
}

LARGE = 1 << 20
"""A net with more cells than this is run one replication at a time: its kernel takes much longer than Python, and memory is worth more."""

FIRST_BUDGET = 20_000
MOST_TOKENS = Task(0, (), ()).max_tokens


def suitable(plan: KernelPlan, tasks: Tasks) -> bool:
    """Whether a kernel can run these tasks by itself."""
    if not len(tasks) or tasks.cuts.shape[1] == 1 or not np.all(tasks.cuts < GREATEST) or plan.cells > LARGE:
        return False
    for place in plan.layout.places:
        # Tokens that stand in memory of their own are put there by Python.
        if place.kind in ("line", "bag") and any(count for _, count, _ in plan.prepared.initial_tokens(place.number)):
            return False
    asked = set(tasks.measures)
    measures = [meter.measure for meter in plan.meters if meter.measure.name in asked]
    steady = tasks.cuts.shape[1] > 0
    return 0 < len(measures) == len(asked) and all(
        measure.is_steady == steady and not (isinstance(measure.quantity, Tally) and measure.quantity.quantiles) for measure in measures
    )


def actions_of(measure: Measure) -> list[tuple[float, int, int]]:
    """(time, row, what) of all that is done at given times for a measure that is observed from the initial marking, in order."""
    window, quantity = measure.window, measure.quantity
    if isinstance(quantity, FirstPassage):
        return [(time, row, at.COMPLETES) for row, time in enumerate(quantity.within)]
    if isinstance(window, At):
        return [(time, row, at.COMPLETES) for row, time in enumerate(window.times)]
    if isinstance(window, Over):
        # A window that starts at 0 has the firings at time 0.
        return [(window.start if window.start > 0.0 else -1.0, 0, at.BEGINS), (window.stop, 0, at.COMPLETES)]
    return [(-1.0, 0, at.BEGINS)]


def times_of(measure: Measure) -> NDArray[np.float64]:
    """The times within which a passage is asked for, or the one at which a window begins."""
    if isinstance(measure.quantity, FirstPassage):
        return np.array(measure.quantity.within)
    return np.array([measure.window.start if isinstance(measure.window, Over) else 0.0])


class Stage:
    """The memory on which one thread runs batches of a net with the same measures: as replications find it, and what they make of it."""

    def __init__(self, plan: KernelPlan, kernel: Kernel, measures: tuple[str, ...], controlled: bool = False) -> None:
        self.plan, self.asked = plan, (measures, controlled)
        self.machine = machine = Machine(plan, kernel, 0, (), begin=False)
        self.meters = [meter for meter in plan.meters if meter.measure.name in measures]
        mask = 0
        for meter in self.meters:
            mask |= meter.bit
            if isinstance(meter.measure.quantity, Availability) and not isinstance(meter.measure.window, At):
                machine.state[meter.ints] = -1
            if meter.waits >= 0:
                machine.state[meter.waits] = 1
        machine.state[cells.ASKED], machine.state[cells.CONTROLLED] = mask, controlled
        self.meter_cells = np.zeros((len(self.meters), at.METER_CELLS), np.int64)
        self._times = [times_of(meter.measure) for meter in self.meters]
        for row, meter, times in zip(self.meter_cells, self.meters, self._times, strict=True):
            kind = type(meter.measure.quantity)
            point = isinstance(meter.measure.window, At) and kind is not FirstPassage
            row[[at.KIND, at.COLUMNS]] = (at.POINTS, 1) if point else (KINDS[kind], len(COLUMNS[kind.__name__]))
            row[[at.INTS, at.REALS, at.WAITS, at.NUMBER]] = meter.ints, meter.reals, meter.waits, meter.number
            row[at.ROW_COUNT], row[at.TIMES] = rows_of(meter.measure, ()), times.ctypes.data if len(times) else 0
        acting = [(*action, k) for k, meter in enumerate(self.meters) if not meter.measure.is_steady for action in actions_of(meter.measure)]
        acting.sort(key=lambda action: action[0])
        self._action_times = np.array([time for time, _, _, _ in acting])
        self._actions = np.zeros((len(acting), at.ACTION_CELLS), np.int64)
        for cells_of, (_, number, doing, k) in zip(self._actions, acting, strict=True):
            cells_of[[at.METER, at.ROW, at.DOING]] = k, number, doing
        memory, self.tables = machine.memory, machine.tables
        places = np.array([(part.start, part.stop, part.step or 1) for part in plan.total_cells], np.int64)
        self.fresh = memory.state.copy()
        self._blocks: dict[int, NDArray[np.generic]] = {
            at.TOKENS: memory.tokens.copy(),
            at.STATE: self.fresh,
            at.VALUES: memory.values.copy(),
            at.METERS: self.meter_cells,
            at.PLACES: places,
        }
        self.job = job = np.zeros(at.JOB_CELLS, np.int64)
        if self.tables is not None:
            self._blocks[at.ROWS] = self.tables.rows.copy()
            job[at.ROWS_AT], job[at.ROWS_SIZE] = self.tables.rows.ctypes.data, len(self.tables.rows)
        for cell, block in self._blocks.items():
            job[cell] = block.ctypes.data
        for cell, block in ((at.TOKENS_SIZE, memory.tokens), (at.STATE_SIZE, memory.state), (at.VALUES_SIZE, memory.values)):
            job[cell] = len(block)
        job[at.MASK], job[at.MOST_TOKENS] = mask, MOST_TOKENS
        job[[at.ACTIONS, at.ACTION_TIMES, at.ACTION_COUNT]] = self._actions.ctypes.data, self._action_times.ctypes.data, len(acting)
        job[at.METER_COUNT], job[at.PLACE_COUNT] = len(self.meters), len(plan.layout.places)
        job[at.FIRED_FIRST], job[at.FIRED_COUNT] = plan.fired_cells[0] if plan.fired_cells else 0, len(plan.fired_cells)
        job[at.CONTROLS_FIRST], job[at.CONTROLS_COUNT] = plan.control_cells[0] if plan.control_cells else 0, len(plan.control_cells)


class Stages:
    """Stages that wait for their next batch. Each thread takes one."""

    def __init__(self) -> None:
        self._idle: list[Stage] = []
        self._lock = threading.Lock()

    def take(self, plan: KernelPlan, kernel: Kernel, tasks: Tasks) -> Stage:
        """One for the measures of these tasks."""
        with self._lock:
            for k, stage in enumerate(self._idle):
                if stage.asked == (tasks.measures, tasks.controlled):
                    return self._idle.pop(k)
        return Stage(plan, kernel, tasks.measures, tasks.controlled)

    def give_back(self, stage: Stage) -> None:
        """A batch has ended; of other measures than these there will be no more."""
        with self._lock:
            others = [each for each in self._idle if each.asked != stage.asked]
            self._idle = [each for each in self._idle if each.asked == stage.asked] + [stage]
        for each in others:
            each.machine.close()


class Batch:
    """The replications of some tasks, which are `suitable`."""

    def __init__(self, stage: Stage, tasks: Tasks) -> None:
        self.stage, self.tasks = stage, tasks
        number, cuts = tasks.cuts.shape
        self._steady = cuts > 0
        rows = {
            meter.measure.name: np.full((number, cuts - 1 if self._steady else int(described[at.ROW_COUNT]), int(described[at.COLUMNS])), np.nan)
            for meter, described in zip(stage.meters, stage.meter_cells, strict=True)
        }
        for meter, described in zip(stage.meters, stage.meter_cells, strict=True):
            described[at.OUT] = rows[meter.measure.name].ctypes.data
        self.rows: dict[str, NDArray[np.float64]] = {name: rows[name] for name in tasks.measures}
        self.firings = np.zeros(number, np.int64)
        self.times = np.maximum(tasks.cuts[:, -1], 0.0) if self._steady else np.zeros(number)
        self.dead_at = np.full(number, np.nan)
        self.ends = [End.OBSERVED] * number
        self.tokens = np.zeros((number, cuts, len(stage.plan.layout.places)) if tasks.detail else (0, 0, 0), np.int64)
        self.fired = np.zeros((number, len(stage.plan.layout.classes)) if tasks.detail else (0, 0), np.int64)
        self.drawn = np.zeros((number, max(cuts, 1), len(stage.plan.control_cells)) if tasks.controlled else (0, 0, 0))
        self.alone: dict[int, NDArray[np.float64]] = {}
        self._streams, self._cuts = np.ascontiguousarray(tasks.streams.T), np.ascontiguousarray(tasks.cuts)
        self.job = job = stage.job
        job[[at.NEXT, at.COUNT, at.CUT, at.CUT_COUNT, at.MOST_FIRINGS]] = 0, number, -1, cuts, tasks.max_firings
        job[[at.STREAMS, at.CUTS]] = self._streams.ctypes.data, self._cuts.ctypes.data
        job[[at.FIRINGS_OUT, at.DEATHS_OUT, at.TIMES_OUT]] = self.firings.ctypes.data, self.dead_at.ctypes.data, self.times.ctypes.data
        job[[at.TOKENS_OUT, at.FIRED_OUT]] = (self.tokens.ctypes.data, self.fired.ctypes.data) if tasks.detail else (0, 0)
        job[at.CONTROLS_OUT] = self.drawn.ctypes.data if tasks.controlled and stage.plan.control_cells else 0

    def run(self, alone: Callable[[Task], Outcome], stopping: Event) -> Outcomes:
        """All replications; `alone` runs those that the kernel does not. Raises what that raises, and `Abandoned` soon after `stopping` is set."""
        budget, address = FIRST_BUDGET, self.job.ctypes.data
        machine, trials = self.stage.machine, self.stage.plan.trials
        try:
            while True:
                if stopping.is_set():
                    raise Abandoned
                way, asked = trials.turn(budget)
                if way:
                    # Those of the replication that goes on, and of those that begin.
                    machine.state[cells.WAY] = self.stage.fresh[cells.WAY] = way
                before = clock.perf_counter()
                reason = machine.call(11 if self._steady else 12, int(address), 0.0, asked)
                taken = clock.perf_counter() - before
                if reason == at.ENDED:
                    return self._outcomes()
                if reason == at.ODD:
                    self._run_alone(alone)
                    continue
                trials.note(way, taken)
                if asked == budget:
                    budget = int(min(budget * min(4.0, max(0.25, CHUNK_SECONDS / max(taken, 1e-6))), 1e8)) + 1
        finally:
            # What a replication that was broken off has allocated is given back.
            machine.call(3)

    def _run_alone(self, alone: Callable[[Task], Outcome]) -> None:
        """The next replication is not the kernel's."""
        k = int(self.job[at.NEXT])
        self.stage.machine.call(3)
        found = alone(self.tasks.task(k))
        for name, rows in self.rows.items():
            rows[k] = found.observations[name]
        self.firings[k], self.times[k], self.ends[k] = found.firings, found.time, found.end
        self.dead_at[k] = math.nan if found.dead_at is None else found.dead_at
        if self.tasks.detail:
            self.tokens[k], self.fired[k] = found.tokens, found.fired
        self.alone[k] = found.controls
        self.job[at.NEXT], self.job[at.CUT] = k + 1, -1

    def _outcomes(self) -> Outcomes:
        controls = self.drawn
        if self.tasks.controlled:
            controls = self.stage.plan.prepared.usable(self.drawn)
            if self._steady:
                controls = np.diff(controls, axis=1)
            for k, found in self.alone.items():
                controls[k] = found
        return Outcomes(self.rows, {}, self.firings, self.times, self.dead_at, tuple(self.ends), self.tokens, self.fired, controls)
