"""Many replications of a net on a kernel that runs them by itself: the memory of such a job, and its outcomes as arrays.

Python would take longer for each replication than the kernel for some thousand firings, and hold up all other threads. What a kernel does not do by
itself (windows that are not steady, a replication that a limit or an error ends) is done by `running`, one replication after the other.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled import cells
from spn.engine.compiled import job_cells as at
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.observing import Meter
from spn.engine.compiled.running import CHUNK_SECONDS, GREATEST, Machine
from spn.net.types import Availability, Average, Count, Integral, Rate, Steady, Tally
from spn.observation import COLUMNS, Abandoned, End, Outcome, Outcomes, Task, Tasks

if TYPE_CHECKING:
    from spn.engine.compiled.machine_code import Kernel

KINDS = {Availability: at.AVAILABILITY, Average: at.AVERAGE, Integral: at.INTEGRAL, Rate: at.RATE, Count: at.COUNT_OF, Tally: at.TALLY}

LARGE = 1 << 20
"""A net with more cells than this is run one replication at a time: its kernel takes much longer than Python, and memory is worth more."""

FIRST_BUDGET = 20_000
MOST_TOKENS = Task(0, (), ()).max_tokens


def suitable(plan: KernelPlan, tasks: Tasks) -> bool:
    """Whether a kernel can run these tasks by itself."""
    if not len(tasks) or tasks.cuts.shape[1] < 2 or not np.all(tasks.cuts < GREATEST) or plan.cells > LARGE:
        return False
    for place in plan.layout.places:
        # Tokens that stand in memory of their own are put there by Python.
        if place.kind in ("line", "bag") and any(count for _, count, _ in plan.prepared.initial_tokens(place.number)):
            return False
    asked = set(tasks.measures)
    meters = [meter for meter in plan.meters if meter.measure.name in asked]
    return len(meters) == len(asked) and all(
        isinstance(meter.measure.window, Steady) and type(meter.measure.quantity) in KINDS and not getattr(meter.measure.quantity, "quantiles", ())
        for meter in meters
    )


class Batch:
    """A job: the replications of some tasks, which are `suitable`."""

    def __init__(self, plan: KernelPlan, kernel: Kernel, tasks: Tasks) -> None:
        self.plan, self.tasks = plan, tasks
        self.machine = machine = Machine(plan, kernel, tasks.seed, (), begin=False)
        asked = set(tasks.measures)
        self.meters = [meter for meter in plan.meters if meter.measure.name in asked]
        mask = sum(meter.bit for meter in {meter.bit: meter for meter in self.meters}.values())
        machine.state[cells.ASKED], machine.state[cells.CONTROLLED] = mask, tasks.controlled
        for meter in self.meters:
            if isinstance(meter.measure.quantity, Availability):
                machine.state[meter.ints] = -1
        number, cuts = tasks.cuts.shape
        rows = {meter.measure.name: np.full((number, cuts - 1, len(COLUMNS[type(meter.measure.quantity).__name__])), np.nan) for meter in self.meters}
        self.rows: dict[str, NDArray[np.float64]] = {name: rows[name] for name in tasks.measures}
        self.firings = np.zeros(number, np.int64)
        self.times = np.maximum(tasks.cuts[:, -1], 0.0)
        self.dead_at = np.full(number, np.nan)
        self.ends = [End.OBSERVED] * number
        self.tokens = np.zeros((number, cuts, len(plan.layout.places)) if tasks.detail else (0, 0, 0), np.int64)
        self.fired = np.zeros((number, len(plan.layout.classes)) if tasks.detail else (0, 0), np.int64)
        self.drawn = np.zeros((number, cuts, len(plan.control_cells)) if tasks.controlled else (0, 0, 0))
        self.alone: dict[int, NDArray[np.float64]] = {}
        self._write_job(mask)

    def _write_job(self, mask: int) -> None:
        tasks, machine, memory = self.tasks, self.machine, self.machine.memory
        blocks: dict[int, NDArray[np.generic]] = {
            at.STREAMS: np.ascontiguousarray(tasks.streams.T),
            at.CUTS: np.ascontiguousarray(tasks.cuts),
            at.TOKENS: memory.tokens.copy(),
            at.STATE: memory.state.copy(),
            at.VALUES: memory.values.copy(),
            at.METERS: np.array([self._described(meter) for meter in self.meters], np.int64),
            at.PLACES: np.array([(part.start, part.stop, part.step or 1) for part in self.plan.total_cells], np.int64),
        }
        if machine.tables is not None:
            blocks[at.ROWS] = machine.tables.rows.copy()
        self.job = job = np.zeros(at.JOB_CELLS, np.int64)
        self._blocks = blocks
        for cell, block in blocks.items():
            job[cell] = block.ctypes.data
        for cell, block in ((at.TOKENS_SIZE, memory.tokens), (at.STATE_SIZE, memory.state), (at.VALUES_SIZE, memory.values)):
            job[cell] = len(block)
        if machine.tables is not None:
            job[at.ROWS_AT], job[at.ROWS_SIZE] = machine.tables.rows.ctypes.data, len(machine.tables.rows)
        job[at.COUNT], job[at.CUT], job[at.CUT_COUNT] = len(tasks), -1, tasks.cuts.shape[1]
        job[at.MOST_FIRINGS], job[at.MOST_TOKENS], job[at.MASK] = tasks.max_firings, MOST_TOKENS, mask
        job[at.METER_COUNT], job[at.PLACE_COUNT] = len(self.meters), len(self.plan.layout.places)
        job[at.FIRED_FIRST], job[at.FIRED_COUNT] = self.plan.fired_cells[0] if self.plan.fired_cells else 0, len(self.plan.fired_cells)
        job[at.FIRINGS_OUT], job[at.DEATHS_OUT] = self.firings.ctypes.data, self.dead_at.ctypes.data
        if tasks.controlled and self.plan.control_cells:
            job[at.CONTROLS_OUT] = self.drawn.ctypes.data
            job[at.CONTROLS_FIRST], job[at.CONTROLS_COUNT] = self.plan.control_cells[0], len(self.plan.control_cells)
        if tasks.detail:
            job[at.TOKENS_OUT], job[at.FIRED_OUT] = self.tokens.ctypes.data, self.fired.ctypes.data

    def _described(self, meter: Meter) -> tuple[int, ...]:
        rows = self.rows[meter.measure.name]
        return KINDS[type(meter.measure.quantity)], meter.ints, meter.reals, rows.ctypes.data, rows.shape[2]

    def run(self, alone: Callable[[Task], Outcome], stopping: Event) -> Outcomes:
        """All replications; `alone` runs those that the kernel does not. Raises what that raises, and `Abandoned` soon after `stopping` is set."""
        budget, address = FIRST_BUDGET, self.job.ctypes.data
        try:
            while True:
                if stopping.is_set():
                    raise Abandoned
                before = clock.perf_counter()
                reason = self.machine.call(11, int(address), 0.0, budget)
                if reason == at.ENDED:
                    return self._outcomes()
                if reason == at.ODD:
                    self._run_alone(alone)
                else:
                    taken = clock.perf_counter() - before
                    budget = int(min(budget * min(4.0, max(0.25, CHUNK_SECONDS / max(taken, 1e-6))), 1e8)) + 1
        finally:
            self.machine.close()

    def _run_alone(self, alone: Callable[[Task], Outcome]) -> None:
        """The next replication is not the kernel's."""
        k = int(self.job[at.NEXT])
        self.machine.call(3)
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
            controls = np.diff(self.plan.prepared.usable(self.drawn), axis=1)
            for k, found in self.alone.items():
                controls[k] = found
        return Outcomes(self.rows, {}, self.firings, self.times, self.dead_at, tuple(self.ends), self.tokens, self.fired, controls)
