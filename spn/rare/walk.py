"""A run that can be looked at, led, and copied, in two forms: on the reference engine, for every net; and on the map of the net's markings, where
that is complete, without looking for enabled bindings again: the same events from the same random numbers, many times faster.

Where a run is led to is decided elsewhere.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, final

from numpy.random import Generator

from spn.distributions import Distribution, Exponential
from spn.engine.reference.clocks import Clock
from spn.engine.reference.enabling import Binding
from spn.engine.reference.simulation import Simulation
from spn.observation import RunError
from spn.rare.graph import Entry, Graph, Node, StepKey

INFINITE = math.inf


class Walk(ABC):
    """A run between firings. `firings` may be set."""

    now: float
    firings: int
    number: int
    """The marking's number in the map; -1 if it is not there."""

    @property
    @abstractmethod
    def vanishing(self) -> bool:
        """Whether an immediate binding is enabled."""

    @abstractmethod
    def clocks(self) -> list[Any]:
        """The clocks that will fire at some time, in the order of bindings, each with `time`, `origin` and `law`."""

    @abstractmethod
    def key(self, clock: Any) -> StepKey:
        """The step that a clock's firing is."""

    @abstractmethod
    def reset_clock(self, clock: Any, time: float) -> None:
        """Let a clock fire at another time, not before now."""

    @abstractmethod
    def contenders(self) -> list[tuple[StepKey, float]]:
        """The immediate steps of which one is next, with their weights."""

    @abstractmethod
    def take(self, position: int) -> None:
        """Fire one of the contenders."""

    @abstractmethod
    def choose(self) -> None:
        """Fire one of the contenders by the net's own law."""

    @abstractmethod
    def peek(self) -> float:
        """The time of the next firing; infinity if there is none."""

    @abstractmethod
    def step(self) -> None:
        """Fire the next clock. To be called if there is one, in a tangible marking."""

    @abstractmethod
    def copy(self, rng: Generator) -> Walk:
        """The same state with the same clocks, to go on by itself."""

    @abstractmethod
    def redraw_clocks(self) -> None:
        """Draw the times of all clocks anew, each on condition of the age that it has."""

    def settle(self) -> None:
        """Fire what is immediate, by the net's own law, until the marking is tangible."""
        while self.vanishing:
            self.choose()


@final
class EngineWalk(Walk):
    """On the reference engine."""

    def __init__(self, simulation: Simulation, graph: Graph | None) -> None:
        self.simulation = simulation
        self._graph = graph
        self._found: list[Binding] = []

    @property
    def now(self) -> float:  # type: ignore[override]
        return self.simulation.now

    @property
    def firings(self) -> int:
        return self.simulation.firings

    @firings.setter
    def firings(self, number: int) -> None:
        self.simulation.firings = number

    @property
    def number(self) -> int:  # type: ignore[override]
        return -1 if self._graph is None else self._graph.find(self.simulation.marking)

    @property
    def vanishing(self) -> bool:
        return self.simulation.vanishing

    def clocks(self) -> list[Clock]:
        return [clock for clock in self.simulation.clocks() if clock.time < INFINITE]

    def key(self, clock: Clock) -> StepKey:
        return self._key(clock.binding)

    def _key(self, binding: Binding) -> StepKey:
        key = binding.site.code, binding.values
        return key if self._graph is None else self._graph.step_key(binding.site.kind.number, key)

    def reset_clock(self, clock: Clock, time: float) -> None:
        self.simulation.reset_clock(clock, time)

    def contenders(self) -> list[tuple[StepKey, float]]:
        self._found = self.simulation.contenders()
        return [(self._key(binding), binding.weight) for binding in self._found]

    def take(self, position: int) -> None:
        self.simulation.fire(self._found[position])

    def choose(self) -> None:
        binding = self.simulation.next_binding()
        assert binding is not None
        self.simulation.fire(binding)

    def peek(self) -> float:
        return self.simulation.peek()

    def step(self) -> None:
        self.choose()

    def copy(self, rng: Generator) -> EngineWalk:
        return EngineWalk(self.simulation.copy(rng), self._graph)

    def redraw_clocks(self) -> None:
        self.simulation.redraw_clocks()


@final
class MapClock:
    """A clock of a step. `position` is that of its binding in the order of bindings, `started` numbers all starts."""

    __slots__ = ("entry", "epoch", "law", "origin", "position", "started", "time")

    def __init__(self, entry: Entry, position: int, law: Distribution, origin: float, time: float, started: int, epoch: int) -> None:
        self.entry = entry
        self.position = position
        self.law = law
        self.origin = origin
        self.time = time
        self.started = started
        self.epoch = epoch

    def copy(self) -> MapClock:
        return MapClock(self.entry, self.position, self.law, self.origin, self.time, self.started, self.epoch)


@final
class MapWalk(Walk):
    """On the map of all markings: *Timed transitions* of `docs/semantics.md` with everything that depends on the marking looked up."""

    def __init__(self, graph: Graph, trap_limit: int, rng: Generator) -> None:
        self._trap_limit = trap_limit
        self._nodes = graph.nodes
        self._rng = rng
        self.now = 0.0
        self.firings = 0
        self.number = 0
        self._clocks: dict[StepKey, list[MapClock]] = {}
        self._soonest: MapClock | None = None  # what `peek` found, until a clock changes
        self._frozen: dict[StepKey, list[tuple[float, float, float, Distribution]]] = {}
        self._started = self._epoch = self._instant = 0
        self._update()

    @property
    def vanishing(self) -> bool:
        return self._nodes[self.number].vanishing

    def clocks(self) -> list[MapClock]:
        return [clock for clocks in self._clocks.values() for clock in clocks if clock.time < INFINITE]

    def key(self, clock: MapClock) -> StepKey:
        return clock.entry.key

    def reset_clock(self, clock: MapClock, time: float) -> None:
        clock.time = time
        self._soonest = None

    def contenders(self) -> list[tuple[StepKey, float]]:
        return [(key, weight) for key, (_, weight) in self._nodes[self.number].steps.items()]

    def take(self, position: int) -> None:
        steps = self._nodes[self.number].steps
        self._enter(next(to for k, (to, _) in enumerate(steps.values()) if k == position))

    def choose(self) -> None:
        steps = self._nodes[self.number].steps
        if len(steps) == 1:
            for to, _ in steps.values():
                self._enter(to)
            return
        total = 0.0
        sums: list[tuple[float, int]] = []
        for to, weight in steps.values():
            total += weight
            sums.append((total, to))
        threshold = self._rng.random() * total
        self._enter(next((to for upto, to in sums if threshold < upto), sums[-1][1]))

    def _next(self) -> MapClock | None:
        found: MapClock | None = None
        least = INFINITE
        for clocks in self._clocks.values():
            for clock in clocks:
                if clock.time < least or (clock.time == least < INFINITE and found is not None and _goes_before(clock, found)):
                    least, found = clock.time, clock
        return found

    def peek(self) -> float:
        if self.vanishing:
            return self.now
        found = self._soonest = self._next()
        return INFINITE if found is None else found.time

    def step(self) -> None:
        clock = self._soonest or self._next()
        assert clock is not None
        if clock.time > self.now:
            self._instant = 0
        self.now = clock.time
        self._epoch += 1
        key = clock.entry.key
        self._clocks[key].remove(clock)
        self._enter(self._nodes[self.number].steps[key][0])

    def _enter(self, number: int) -> None:
        self.firings += 1
        self._instant += 1
        if self._instant > self._trap_limit:
            raise RunError("timeless-trap", f"time does not go on: {self._instant:,} firings at one instant", self.now)
        self.number = number
        self._soonest = None
        self._update()
        node = self._nodes[number]
        if node.resampled and not node.vanishing:
            self._resample(node)

    def _update(self) -> None:
        """Give each enabled binding the clocks that it should have in this marking, in order."""
        before, current = self._clocks, {}
        for position, entry in enumerate(self._nodes[self.number].timed):
            key = entry.key
            clocks = before.pop(key, None)
            if clocks is None:
                clocks = []
            elif clocks and (clocks[0].position != position or clocks[0].entry is not entry):
                for clock in clocks:
                    clock.position, clock.entry = position, entry
            current[key] = clocks
            degree = entry.degree
            if len(clocks) != degree or entry.changing:
                if not clocks and degree == 1 and entry.memory != "age":
                    clocks.append(self._drawn(entry, position))
                else:
                    self._adjust(entry, clocks, degree, position)
        for clocks in before.values():
            if clocks and clocks[0].entry.memory == "age":
                self._lose(clocks, 0)
        self._clocks = current

    def _adjust(self, entry: Entry, clocks: list[MapClock], degree: int, position: int) -> None:
        if len(clocks) > degree:
            self._lose(clocks, degree)
        if entry.changing:
            for k, clock in enumerate(clocks):
                if clock.law.rate != entry.law.rate:  # type: ignore[attr-defined]
                    clocks[k] = self._drawn(entry, position)
        while len(clocks) < degree:
            clocks.append(self._start(entry, position))

    def _start(self, entry: Entry, position: int) -> MapClock:
        if entry.memory == "age":
            frozen = self._frozen.get(entry.key)
            if frozen:
                left, rate, age, law = frozen.pop()
                if rate == _rate(entry.law):
                    self._started += 1
                    return MapClock(entry, position, law, self.now - age, self.now + left, self._started, self._epoch)
        return self._drawn(entry, position)

    def _drawn(self, entry: Entry, position: int) -> MapClock:
        self._started += 1
        law, now = entry.law, self.now
        return MapClock(entry, position, law, now, now + law.sample(self._rng), self._started, self._epoch)

    def _lose(self, clocks: list[MapClock], keep: int) -> None:
        while len(clocks) > keep:
            clock = clocks.pop()
            if clock.entry.memory == "age":
                left = (clock.time - self.now, _rate(clock.law), self.now - clock.origin, clock.law)
                self._frozen.setdefault(clock.entry.key, []).append(left)

    def _resample(self, node: Node) -> None:
        for position, entry in enumerate(node.timed):
            if entry.memory == "resampling":
                clocks = self._clocks[entry.key]
                old = sum(clock.epoch < self._epoch for clock in clocks)
                clocks[:] = [clock for clock in clocks if clock.epoch == self._epoch]
                clocks += [self._drawn(entry, position) for _ in range(old)]

    def copy(self, rng: Generator) -> MapWalk:
        twin = object.__new__(MapWalk)
        twin._trap_limit, twin._nodes, twin._rng = self._trap_limit, self._nodes, rng
        twin.now, twin.firings, twin.number = self.now, self.firings, self.number
        twin._clocks = {key: [clock.copy() for clock in clocks] for key, clocks in self._clocks.items()}
        twin._frozen = {key: list(frozen) for key, frozen in self._frozen.items() if frozen}
        twin._soonest = None
        twin._started, twin._epoch, twin._instant = self._started, self._epoch, self._instant
        return twin

    def redraw_clocks(self) -> None:
        self._soonest = None
        now, rng = self.now, self._rng
        for clocks in self._clocks.values():
            for clock in clocks:
                law, origin = clock.law, clock.origin
                if clock.time < INFINITE and not law.is_deterministic:
                    clock.time = max(now, origin + law.redraw(rng, now - origin))


def _rate(law: Distribution) -> float:
    return law.rate if isinstance(law, Exponential) else -1.0


def _goes_before(one: MapClock, other: MapClock) -> bool:
    """The tie rule."""
    return (-one.entry.priority, one.position, one.started) < (-other.entry.priority, other.position, other.started)

