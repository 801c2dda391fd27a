"""Clocks of timed bindings as events of SimPy's loop, with the tie rule as their priority. When clocks start and end is decided elsewhere."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, TypeAlias

import simpy

if TYPE_CHECKING:
    from spn.distributions import Distribution
    from spn.engine.reference.enabling import Binding

Priority: TypeAlias = tuple[Any, ...]
"""(-priority, class and index, order of the binding, order of starting): the tie rule."""


class Clock(simpy.Event):
    """One clock of a binding, set to fire at `time`; `started` numbers all starts, `epoch` is the tangible marking in which it was started.

    `law` is the distribution of which its delay was drawn, `origin` the time at which that delay began (would have begun, of one that was frozen).
    """

    def __init__(self, env: Clockwork, binding: Binding, time: float, started: int, epoch: int, origin: float, law: Distribution) -> None:
        # As simpy.Timeout does, without Event.__init__: an event that is triggered already and waits for its time.
        self.env = env
        self.callbacks = env.on_fire
        self._value = None
        self._ok = True
        self.binding = binding
        self.time = time
        self.started = started
        self.epoch = epoch
        self.origin = origin
        self.law = law
        self.lost = False


class Clockwork(simpy.Environment):
    """SimPy's environment with clocks that can be lost: a lost clock stays in the queue and is passed over when it comes to its front.

    `fired` is the clock that the last step has brought up.
    """

    def __init__(self, now: float = 0.0) -> None:
        super().__init__(now)
        self.fired: Clock | None = None
        self.on_fire: Any = (self._fire,)
        self._lost = 0

    def _fire(self, clock: simpy.Event) -> None:
        self.fired = clock  # type: ignore[assignment]

    def set(self, clock: Clock, priority: Priority) -> None:
        """Enter a clock. SimPy's `schedule` knows delays only, and now + (time - now) is not always time."""
        heappush(self._queue, (clock.time, priority, next(self._eid), clock))  # type: ignore[misc]

    def lose(self, clock: Clock) -> None:
        """A clock that is set shall not fire."""
        clock.lost = True
        self._lost += 1
        if self._lost > 64 and 2 * self._lost > len(self._queue):
            # In place, for `step` may hold the list.
            self._queue[:] = [entry for entry in self._queue if not entry[3].lost]  # type: ignore[attr-defined]
            heapify(self._queue)
            self._lost = 0

    def peek(self) -> float:
        """The time of the next clock, infinity if there is none."""
        queue = self._queue
        while queue and queue[0][3].lost:  # type: ignore[attr-defined]
            heappop(queue)
            self._lost -= 1
        return queue[0][0] if queue else float("inf")

    def next_clock(self) -> Clock | None:
        """Let time go on to the next clock and give it, or None if there is none. To be called after `peek`."""
        if not self._queue:
            return None
        self.step()
        return self.fired
