"""The compiled engine as a value: what others start it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spn.engine.compiled.kernel import KernelPlan, reasons
from spn.engine.reference.prepared import PreparedNet
from spn.net.types import Net
from spn.observation import Outcome, Task

if TYPE_CHECKING:
    from spn.engine.compiled.cache import Kernel


class CompiledPrepared:
    """A net with its kernel. Replications may run on it in several threads at once."""

    def __init__(self, net: Net) -> None:
        from spn.engine.compiled import cache

        self.net = net
        self.plan = KernelPlan(PreparedNet(net))
        self.kernel: Kernel = cache.load(self.plan.key, self.plan.source)

    def run(self, task: Task) -> Outcome:
        """Run one replication. Raises `RunError`."""
        from spn.engine.compiled.running import Machine, Replication

        machine = Machine(self.plan, self.kernel, task.seed, task.key)
        try:
            return Replication(machine, task).run()
        finally:
            machine.close()


@dataclass(frozen=True, slots=True)
class CompiledEngine:
    """One numba kernel for a net: the trace of the reference engine at the speed of C."""

    @property
    def name(self) -> str:
        return "compiled"

    def supports(self, net: Net) -> list[str]:
        """The reasons why it does not support a net."""
        return reasons(net)

    def prepare(self, net: Net) -> CompiledPrepared:
        """Write the kernel, and compile it or read it from the cache."""
        return CompiledPrepared(net)
