"""The compiled engine as a value: what others start it with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spn.engine.compiled import compiling, store
from spn.engine.compiled.batch import Batch, Stages, suitable
from spn.engine.compiled.kernel import KernelPlan, reasons
from spn.engine.reference import ReferencePrepared
from spn.engine.reference.prepared import PreparedNet
from spn.net.types import Net
from spn.observation import Outcome, Outcomes, RunError, Task, Tasks, gathered

if TYPE_CHECKING:
    from spn.engine.compiled.machine_code import Kernel
    from spn.engine.reference.replication import Replication as ReferenceReplication

RETOLD_FIRINGS = 200_000
"""An error after no more firings than this is told by the reference engine, which takes some seconds at most."""

Notice = Callable[[str], None]
"""Called with a line for people."""


class CompiledPrepared:
    """A net with its kernel. Replications may run on it in several threads at once. It is pickled as the net."""

    name = "compiled"
    concurrent = True

    def __init__(self, plan: KernelPlan, kernel: Kernel) -> None:
        self.plan, self.kernel = plan, kernel
        self.stopping = threading.Event()
        self._stages = Stages()

    def __reduce__(self) -> tuple[Callable[[Net], CompiledPrepared], tuple[Net]]:
        return CompiledEngine().prepare, (self.plan.prepared.net,)

    def run(self, task: Task, begun: ReferenceReplication | None = None) -> Outcome:
        """Run one replication, or one that the reference engine has begun to its end. Raises `RunError` and `Abandoned`."""
        from spn.engine.compiled.running import Machine, Replication

        machine = None
        try:
            machine = Machine(self.plan, self.kernel, task.seed, task.key, None if begun is None else begun.simulation, controlled=task.controlled)
            return Replication(machine, task, begun, self.stopping).run()
        except RunError:
            if machine is None or machine.firings <= RETOLD_FIRINGS:
                # The reference engine meets the same error, and can tell where.
                ReferencePrepared(self.plan.prepared.net).run(task)
            raise
        finally:
            if machine is not None:
                machine.close()

    def again(self, net: Net) -> CompiledPrepared | None:
        """The same for a net that differs in delays only; None, if it needs another kernel or has to be looked at anew."""
        plan = self.plan.again(PreparedNet(net))
        return None if plan is None else CompiledPrepared(plan, self.kernel)

    def run_all(self, tasks: Tasks) -> Outcomes:
        """Run many replications, on the kernel alone where it can. Raises `RunError` and `Abandoned`."""
        if suitable(self.plan, tasks):
            stage = self._stages.take(self.plan, self.kernel, tasks)
            try:
                return Batch(stage, tasks).run(self.run, self.stopping)
            finally:
                self._stages.give_back(stage)
        return gathered([self.run(tasks.task(k)) for k in range(len(tasks))], tasks)

    def expect(self, firings: float | None) -> None:
        """Nothing follows from it."""

    def abandon(self) -> None:
        """Let all replications that run end with `Abandoned`, as nobody wants them any more."""
        self.stopping.set()


@dataclass(frozen=True, slots=True)
class CompiledEngine:
    """One kernel of machine code for a net: the trace of the reference engine at the speed of C.

    `notice` is told when a kernel has to be compiled. With `aside` it is compiled in another process, and Ctrl-C ends that at once.
    """

    notice: Notice | None = None
    aside: bool = False

    @property
    def name(self) -> str:
        return "compiled"

    def supports(self, net: Net) -> list[str]:
        """The reasons why it does not support a net."""
        return reasons(net)

    def prepare(self, net: Net) -> CompiledPrepared:
        """Write the kernel, and compile it or read it from the store. Raises `RunError`, if the compiler fails."""
        plan = KernelPlan(PreparedNet(net))
        key, source = plan.key, plan.source
        found = store.has(store.name_of(key))
        if not found and self.notice is not None:
            self.notice(notice_of(source))
        if found or not (self.aside and compiling.possible()):
            from spn.engine.compiled import cache

            return CompiledPrepared(plan, cache.load(key, source))
        making = compiling.Compiling(key, source)
        try:
            return CompiledPrepared(plan, making.kernel())
        finally:
            making.close()


def notice_of(source: str) -> str:
    """What users are told when a kernel is compiled."""
    return f"compiling a kernel for this net (once), about {compiling.estimated_seconds(source):.0f} s"
