"""How few clocks are scanned for the next: what is written for the classes of a net, and which way is the quicker one, which is found by trying.

With jumps the processor guesses the next clock and goes on, and need not wait until the newest delay is drawn. That is best where a firing sets few
clocks. Where it sets many of a class at once (a restart after which everything is as new), nobody can guess which of them is first, and it is better
to look among the clocks of a class without jumps, and to jump only between classes. Which is right depends on the net, its numbers and the processor.
"""

from __future__ import annotations

from spn.engine.compiled.cells import ENTRIES, WAY
from spn.engine.compiled.schedulers import JUMPING, STEADY
from spn.engine.compiled.source import CONTEXT, Function, Writer

TRIALS, FIRINGS = 4, 100_000
"""So often each way is tried, with so many firings: more than a millisecond's."""

CALL = f"next_jumping(state) if state[{WAY}] == {JUMPING} else next_by_class({CONTEXT})"


def write(writer: Writer) -> str:
    """Write ``next_by_class``, and give the expression that says which clock is next."""
    classes = [plan for plan in writer.layout.timed if plan in writer.layout.alive]
    if all(plan.slots < 2 for plan in classes):
        return "next_clock(state)"
    function = Function(writer, "next_by_class", "", "The clock that fires next: among those of a class without jumps, with jumps between classes.")
    for number, plan in enumerate(classes):
        first = writer.slots(function, plan) or "0"
        size = writer.integer(function, f"number_of_{plan.name}", plan.slots)
        # Behind an odd number of clocks the first of the next class is looked at too, or one that is never set.
        function.add(f"own, soon = earliest(integers(state[{ENTRIES}] + 16 * {first}), {size}, 2)")
        if number == 0:
            function.add(f"best, early = {first} + own, soon")
            continue
        with function.block("if unlikely(soon < early):"):
            function.add(f"best, early = {first} + own, soon")
    function.add("return best")
    writer.define(function, inline=True)
    return CALL


class Trials:
    """Which way a net's clocks are scanned. All its runs share what some of them have found; no way has any effect on results."""

    def __init__(self, scanned: bool) -> None:
        """Of clocks that are not `scanned` nothing is tried."""
        self.scanned, self.best = scanned, 0
        self._taken: dict[int, list[float]] = {JUMPING: [], STEADY: []}

    def turn(self, budget: int) -> tuple[int, int]:
        """How the next firings are to be made, of which there may be `budget`, and how many of them; 0: as they were, which is no trial."""
        if self.best or budget < FIRINGS or not self.scanned:
            return self.best, budget
        return min(self._taken, key=lambda way: len(self._taken[way])), FIRINGS

    def note(self, way: int, seconds: float) -> None:
        """All the firings of a turn have taken so long."""
        if self.best or not way:
            return
        self._taken[way].append(seconds)
        if min(map(len, self._taken.values())) >= TRIALS:
            self.best = min(self._taken, key=lambda way: min(self._taken[way]))
