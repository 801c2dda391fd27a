"""The engine that takes what is quickest: it begins on the reference engine, and goes on compiled where that pays. Neither of them is known here.

All give the same events at the same bits of time, so a result does not depend on when, or whether, a run moves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from spn.engine.compiled import CompiledPrepared, compiling, store
from spn.engine.compiled.engine import Notice, notice_of
from spn.engine.compiled.formulas import UnsupportedError
from spn.engine.compiled.handover import HandoverError
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference import ReferencePrepared
from spn.engine.reference.replication import Replication
from spn.net.types import Net
from spn.observation import Abandoned, Outcome, Outcomes, RunError, Task, Tasks, gathered, joined

CHUNK_FIRINGS = 256
"""The reference engine fires so often between two looks at whether to move."""


class AutoPrepared:
    """A net that is run by the reference engine until that has taken, or is expected to take, longer than to get a kernel.

    The rule is that of renting skis: nobody knows how long a run will be, but whoever moves when he has spent what moving costs never spends
    more than twice what he would have spent had he known. Where it is known how many firings are to come, that decides. What moving costs is
    the time to read the kernel, if it is in the store, and else the time to compile it; that is done in another process while the reference
    engine goes on. It is pickled as the net.
    """

    def __init__(self, net: Net, notice: Notice | None = None) -> None:
        self._reference = ReferencePrepared(net)
        self._notice = notice
        self._plan: KernelPlan | None = None
        self._making: compiling.Compiling | None = None
        self._compiled: CompiledPrepared | None = None
        self._refused = False
        self._stopping = False
        self._used: list[str] = []
        self._spent, self._fired = 0.0, 0
        """Seconds and firings on the reference engine."""
        self._expected: float | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[[Net], AutoPrepared], tuple[Net]]:
        return AutoPrepared, (self._reference.net,)

    @property
    def name(self) -> str:
        """What has run replications so far: ``reference``, ``compiled``, or ``reference, then compiled``."""
        return ", then ".join(self._used) or "reference"

    @property
    def concurrent(self) -> bool:
        """Whether it pays to run several replications at a time on threads."""
        return self._compiled is not None

    def expect(self, firings: float | None) -> None:
        """About so many firings more will be asked for (None: nobody knows)."""
        self._expected = firings

    def abandon(self) -> None:
        """Let all replications that run end with `Abandoned`, and end the compiler."""
        self._stopping = True
        if self._compiled is not None:
            self._compiled.abandon()
        if self._making is not None:
            self._making.close()
            self._making = None

    def run(self, task: Task) -> Outcome:
        """Run one replication. Raises `RunError` and `Abandoned`."""
        with self._lock:  # also between replications, which may be too short for a look in the middle
            compiled = self._moved() if self._fired else self._compiled
        if compiled is not None:
            self._use("compiled")
            return compiled.run(task)
        self._use("reference")
        begun = Replication(self._reference, task)
        while not self._stopping:
            started, fired = perf_counter(), begun.simulation.firings
            outcome = begun.advance(CHUNK_FIRINGS)
            self._spent += perf_counter() - started
            self._fired += begun.simulation.firings - fired
            if outcome is not None:
                return outcome
            with self._lock:
                compiled = self._moved()
            if compiled is not None:
                self._use("compiled")
                try:
                    return compiled.run(task, begun)
                except HandoverError:
                    return compiled.run(task)  # from its beginning, which gives the same
        raise Abandoned

    def run_all(self, tasks: Tasks) -> Outcomes:
        """Run many replications: one by one until the kernel is there, and then on that. Raises `RunError` and `Abandoned`."""
        outcomes: list[Outcome] = []
        while len(outcomes) < len(tasks) and self._compiled is None:
            outcomes.append(self.run(tasks.task(len(outcomes))))
        parts = [gathered(outcomes, tasks)] if outcomes else []
        if self._compiled is not None and len(outcomes) < len(tasks):
            self._use("compiled")
            parts.append(self._compiled.run_all(tasks.rest(len(outcomes))))
        return joined(parts)

    def _use(self, name: str) -> None:
        if name not in self._used:
            self._used.append(name)

    def _seconds_left(self) -> float:
        """About how long the reference engine would take to end what is asked for; if nobody knows, as long as it took until now."""
        if self._expected is None or not self._fired:
            return self._spent
        return self._spent / self._fired * self._expected

    def _moved(self) -> CompiledPrepared | None:
        """The kernel, if it pays and is ready."""
        if self._refused or self._stopping or self._compiled is not None:
            return self._compiled
        if self._making is not None:
            return self._taken_over() if self._making.done else None
        left = self._seconds_left()
        if left < compiling.LOAD_SECONDS:
            return None
        plan = self._planned()
        if plan is None:
            return None
        stored = store.has(store.name_of(plan.key))
        if left < compiling.LOAD_SECONDS + (0.0 if stored else compiling.estimated_seconds(plan.source)):
            return None
        if stored or not compiling.possible():
            from spn.engine.compiled import cache

            self._compiled = CompiledPrepared(plan, cache.load(plan.key, plan.source))
            return self._compiled
        if self._notice is not None:
            self._notice(notice_of(plan.source) + "; the run goes on meanwhile")
        self._making = compiling.Compiling(plan.key, plan.source)
        return None

    def _planned(self) -> KernelPlan | None:
        """The kernel as source, if there can be one."""
        if self._plan is None:
            try:
                plan = KernelPlan(self._reference)
                _ = plan.source
                self._plan = plan
            except UnsupportedError:
                self._refused = True
        return self._plan

    def _taken_over(self) -> CompiledPrepared | None:
        """The kernel from the other process; None if it has failed, and then the reference engine goes on to the end."""
        assert self._making is not None
        assert self._plan is not None
        making, self._making = self._making, None
        try:
            self._compiled = CompiledPrepared(self._plan, making.kernel())
        except RunError as error:
            self._refused = True
            if self._notice is not None:
                self._notice(error.message)
        finally:
            making.close()
        return self._compiled


@dataclass(frozen=True, slots=True)
class AutoEngine:
    """The quickest of the engines at each moment. `notice` is told when a kernel is compiled."""

    notice: Notice | None = None

    @property
    def name(self) -> str:
        return "auto"

    def supports(self, net: Net) -> list[str]:
        """The reasons why it does not support a net: there are none."""
        return []

    def prepare(self, net: Net) -> AutoPrepared:
        """Ready at once; what takes time is done when it pays."""
        return AutoPrepared(net, self.notice)
