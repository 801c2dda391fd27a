"""The reference engine as a value: what others start it with."""

from __future__ import annotations

from dataclasses import dataclass

from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.replication import Replication
from spn.net.types import Net
from spn.observation import Outcome, Task


class ReferencePrepared(PreparedNet):
    """A net made ready for the reference engine."""

    def run(self, task: Task) -> Outcome:
        """Run one replication. Raises `RunError`."""
        return Replication(self, task).run()


@dataclass(frozen=True, slots=True)
class ReferenceEngine:
    """`docs/semantics.md` as a program, on SimPy's event loop. It supports every net."""

    @property
    def name(self) -> str:
        return "reference"

    def supports(self, net: Net) -> list[str]:
        """The reasons why it does not support a net: there are none."""
        return []

    def prepare(self, net: Net) -> ReferencePrepared:
        """Compile the net's expressions; the rest is done when first needed."""
        return ReferencePrepared(net)
