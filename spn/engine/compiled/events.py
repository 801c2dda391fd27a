"""The events of a kernel's run, one by one. A kernel says which binding fires and when; what this moves is told by the semantics of a firing."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

from spn.engine.compiled import cells
from spn.engine.compiled.engine import CompiledPrepared
from spn.engine.compiled.handover import is_fired
from spn.engine.compiled.jobs import GREATEST
from spn.engine.compiled.reading import line_values
from spn.engine.compiled.running import Machine
from spn.engine.reference import Event
from spn.engine.reference.enabling import enabled_bindings
from spn.engine.reference.firing import fire
from spn.engine.reference.marking import Line, Marking
from spn.engine.reference.state import State


def events(prepared: CompiledPrepared, seed: int, key: Sequence[int] = (), until: float = math.inf, firings: float = math.inf) -> Iterator[Event]:
    """The events up to time `until` (seconds), at most `firings` of them. Raises `RunError`."""
    machine = Machine(prepared.plan, prepared.kernel, seed, tuple(key))
    try:
        teller = _Teller(machine)
        while machine.firings < firings:
            before = machine.firings
            machine.call(1, 1, min(until, GREATEST), 2**62)
            machine.check()
            if machine.firings == before:
                return
            yield teller.event()
    finally:
        machine.close()


class _Teller:
    """Follows a kernel's run with a marking of its own."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.net = machine, machine.prepared
        self.random = [number for number, place in enumerate(self.net.places) if self.net.valued[number] and place.order == "random"]
        self.state = State(self.net, {}, Marking(self.net.places, lambda: 0.0))
        for number in range(len(self.net.places)):
            for element, count, value in self.net.initial_tokens(number):
                if value is None:
                    self.state.marking.add(number, element, count)
                else:
                    self.state.marking.put(number, element, value, count)
        self._read_random_places()

    def event(self) -> Event:
        """The firing that the kernel has just made."""
        machine, state = self.machine, self.state
        site = self.net.site(int(machine.history[machine.state[cells.INSTANT] - 1]))
        plan = machine.plan.layout.classes[site.kind.number]
        # Bindings were enabled by a look at the time of the firing before this one.
        state.now = float(machine.values[cells.SEEN])
        (binding,) = [each for each in enabled_bindings(site, state) if is_fired(machine, plan, each)]
        state.now = machine.now
        moves = fire(binding, state)
        self._read_random_places()
        return Event(machine.now, site.kind.number, site.index, binding.values, moves, site.kind.immediate)

    def _read_random_places(self) -> None:
        """Where tokens of random places stand, the kernel's generator has decided."""
        for number in self.random:
            for element in self.state.marking.occupied(number):
                store = self.state.marking.store(number, element)
                assert isinstance(store, Line)
                store.tokens = deque(line_values(self.machine, self.machine.plan.layout.places[number], element))
