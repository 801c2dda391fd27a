"""What happened in one run, for people whose result looks wrong: what never fired and why, where tokens piled up, what was dead.

The run is one of the reference engine, the one that `spn trace` shows for the same seed. It is made twice: to see how far it goes and what
fires, and to look at some of its markings, to which the first gives the scale. Nothing here estimates.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from spn.engine.reference.obstacles import Kind, Obstacle, obstacle
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.simulation import Simulation
from spn.net.types import Net
from spn.observation import RunError

MOST_FIRINGS = 20_000
MOST_SECONDS = 5.0
"""Of the first of the two runs, by the clock on the wall."""
MOST_LOOKS = 40_000
"""The most looks at a transition in a marking."""
MOST_MARKINGS = 500
INDICES = 2
"""Of each class so many indices that never fired are looked at, and one that did."""
MANY_TOKENS = 20
"""Less than that is not called growing."""


@dataclass(frozen=True, slots=True)
class Held:
    """What held a transition: in which share of the markings looked at, and of the time."""

    index: int
    obstacle: Obstacle
    markings: float
    time: float


@dataclass(frozen=True, slots=True)
class TransitionReport:
    """How often a class fired, how many of its indices never did (the first few in `examples`), one that did, and what held those looked at."""

    number: int
    fired: int
    never: int
    examples: tuple[int, ...]
    one: int | None
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """The tokens of an element over the run; `growing`: far more in its second half than in its first, and still many at the end."""

    place: int
    element: int
    mean: float
    most: int
    last: int
    growing: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One run. `error` is what it could not go on with. `dead`: it came to a standstill. `marking` are the tokens at that, or at an error."""

    net: PreparedNet
    seed: int
    firings: int
    time: float
    dead: bool
    error: RunError | None
    looked_at: int
    transitions: tuple[TransitionReport, ...]
    places: tuple[PlaceReport, ...]
    marking: tuple[tuple[int, int, int], ...]
    most: dict[tuple[int, int], int] = field(default_factory=dict)
    """The most tokens of each element that ever changed."""
    final: dict[tuple[int, int], Obstacle] = field(default_factory=dict)
    """What holds the transitions that were looked at (class, index) in the last marking."""


def diagnose(net: Net, seed: int, firings: int = MOST_FIRINGS, seconds: float = MOST_SECONDS) -> Diagnosis:
    """Run a net from its initial marking, and again, looking at its markings. A `RunError` in its course is a part of the answer."""
    prepared = PreparedNet(net)
    try:
        scout = _Scout(prepared, seed, firings, seconds)
    except RunError as error:  # there is no initial marking
        return Diagnosis(prepared, seed, 0, error.time, False, error, 0, (), (), ())
    return _Look(prepared, seed, scout).diagnosis()


class _Scout:
    """The first run: how far it goes, and what fires."""

    def __init__(self, net: PreparedNet, seed: int, firings: int, seconds: float) -> None:
        self.fired: Counter[tuple[int, int]] = Counter()
        self.error: RunError | None = None
        self.dead = False
        simulation = Simulation(net, seed)
        self.firings, self.time = 0, 0.0
        ends = time.perf_counter() + seconds
        while self.firings < firings and time.perf_counter() < ends:
            try:
                event = simulation.step()
            except RunError as error:
                self.error = error
                return
            if event is None:
                self.dead = True
                return
            self.firings += 1
            self.time = event.time
            self.fired[event.transition, event.index] += 1


class _Tokens:
    """The tokens of one element over the second run."""

    __slots__ = ("early", "first", "late", "most", "now", "since")

    def __init__(self, now: int) -> None:
        self.first = self.now = self.most = now
        self.since = self.early = self.late = 0.0

    def until(self, time: float, half: float) -> None:
        """Add up the time since the last change, each half of the run by itself."""
        self.early += self.now * (min(time, half) - min(self.since, half))
        self.late += self.now * (max(time, half) - max(self.since, half))
        self.since = time


class _Look:
    """The second run."""

    def __init__(self, net: PreparedNet, seed: int, scout: _Scout) -> None:
        self.net, self.seed, self.scout = net, seed, scout
        self.simulation = Simulation(net, seed)
        self.sites = [net.site(kind.first + index) for kind in net.classes for index in self._indices(kind.number, kind.transition.size)]
        self.found: list[dict[Obstacle, list[float]]] = [{} for _ in self.sites]
        self.looked_at = 0
        self.looked_time = 0.0
        self.tokens: dict[tuple[int, int], _Tokens] = {}
        self._run()

    def _indices(self, number: int, size: int) -> list[int]:
        one = self._one(number)
        return [*self._never(number, size, INDICES), *(() if one is None else (one,))]

    def _one(self, number: int) -> int | None:
        """The index of a class that fired first."""
        return next((index for kind, index in self.scout.fired if kind == number), None)

    def _never(self, number: int, size: int, most: int) -> list[int]:
        found: list[int] = []
        for index in range(size):
            if len(found) == most:
                break
            if (number, index) not in self.scout.fired:
                found.append(index)
        return found

    def _run(self) -> None:
        markings = max(1, min(MOST_MARKINGS, MOST_LOOKS // max(len(self.sites), 1)))
        stride = max(1, self.scout.firings // markings)
        half = self.scout.time / 2
        self._look(0)
        for number in range(self.scout.firings):
            event = self.simulation.step()
            assert event is not None
            for place, element, change, _ in event.moves:
                tokens = self.tokens.get((place, element))
                if tokens is None:
                    after = self.simulation.marking.counts[place][element]
                    before = after - sum(move[2] for move in event.moves if move[:2] == (place, element))
                    tokens = self.tokens[place, element] = _Tokens(before)
                tokens.until(event.time, half)
                tokens.now += change
                tokens.most = max(tokens.most, tokens.now)
            # Not in step with a cycle of the net, whose length may divide the stride.
            if (number + number // stride) % stride == 0 or number == self.scout.firings - 1:
                self._look(number + 1)
        for tokens in self.tokens.values():
            tokens.until(self.scout.time, half)

    def _look(self, number: int) -> None:
        """See what holds each of the sites now, and for how long."""
        state = self.simulation.state
        lasts = max(min(self.simulation.peek(), self.scout.time) - self.simulation.now, 0.0)
        self.looked_at += 1
        self.looked_time += lasts
        for site, found in zip(self.sites, self.found, strict=True):
            why = obstacle(site, state)
            if why is not None:
                entry = found.setdefault(why, [0, 0.0])
                entry[0] += 1
                entry[1] += lasts

    def diagnosis(self) -> Diagnosis:
        counts = self.simulation.marking.counts
        held = ((p, e, n) for p, elements in enumerate(counts) for e, n in enumerate(elements) if n)
        scout = self.scout
        return Diagnosis(
            net=self.net,
            seed=self.seed,
            firings=scout.firings,
            time=scout.time,
            dead=scout.dead,
            error=scout.error,
            looked_at=self.looked_at,
            transitions=tuple(self._transition(kind.number, kind.transition.size) for kind in self.net.classes),
            places=tuple(
                sorted((self._place(*where, t) for where, t in self.tokens.items()), key=lambda p: (-p.growing, -p.most, p.place, p.element))
            ),
            marking=tuple(held) if scout.dead or scout.error else (),
            final=self._final(),
            most={where: tokens.most for where, tokens in self.tokens.items()},
        )

    def _final(self) -> dict[tuple[int, int], Obstacle]:
        last = ((site, obstacle(site, self.simulation.state)) for site in self.sites)
        return {(site.kind.number, site.index): why for site, why in last if why is not None}

    def _transition(self, number: int, size: int) -> TransitionReport:
        fired = sum(times for (kind, _), times in self.scout.fired.items() if kind == number)
        own = sum(1 for kind, _ in self.scout.fired if kind == number)
        held = [
            Held(site.index, why, count / self.looked_at, seconds / self.looked_time if self.looked_time else math.nan)
            for site, found in zip(self.sites, self.found, strict=True)
            if site.kind.number == number
            for why, (count, seconds) in found.items()
        ]
        return TransitionReport(number, fired, size - own, tuple(self._never(number, size, 5)), self._one(number), tuple(_sorted(held)))

    def _place(self, place: int, element: int, tokens: _Tokens) -> PlaceReport:
        mean = (tokens.early + tokens.late) / self.scout.time if self.scout.time else float(tokens.now)
        growing = tokens.most >= MANY_TOKENS and tokens.late > 1.5 * tokens.early and tokens.now > tokens.most / 2
        return PlaceReport(place, element, mean, tokens.most, tokens.now, growing)


def _sorted(held: Iterable[Held]) -> list[Held]:
    """By index, and what held most often first."""
    return sorted(held, key=lambda each: (each.index, -each.markings, each.obstacle.kind))


__all__ = ["Diagnosis", "Held", "Kind", "Obstacle", "PlaceReport", "TransitionReport", "diagnose"]
