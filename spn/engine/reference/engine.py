"""The reference engine as a value: what others start it with."""

from __future__ import annotations

from dataclasses import dataclass

from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.replication import Replication
from spn.net.types import Net
from spn.observation import Abandoned, Outcome, Task

CHUNK_FIRINGS = 1000


class ReferencePrepared(PreparedNet):
    """A net made ready for the reference engine. It is pickled as the net."""

    name = "reference"
    concurrent = False
    _stopping = False

    def __reduce__(self) -> tuple[type[ReferencePrepared], tuple[Net]]:
        return ReferencePrepared, (self.net,)

    def run(self, task: Task) -> Outcome:
        """Run one replication. Raises `RunError` and `Abandoned`."""
        replication = Replication(self, task)
        while not self._stopping:
            outcome = replication.advance(CHUNK_FIRINGS)
            if outcome is not None:
                return outcome
        raise Abandoned

    def expect(self, firings: float | None) -> None:
        """Nothing follows from it."""

    def abandon(self) -> None:
        """Let all replications that run end with `Abandoned`, as nobody wants them any more."""
        self._stopping = True


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
