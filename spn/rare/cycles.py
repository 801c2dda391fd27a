"""One replication: a run under the net's own law, and at each beginning of a cycle copies of it that look for the rare event.

A cycle begins when the net comes to the marking in which it is at home (and when it starts), and ends when it comes there again, or its life ends.
The number of cycles of a life in which the event happens has the expectation of the sum, over the cycles that the run begins, of the probability that
the event happens in that cycle given the state at its beginning; and that is what the copies estimate, each from that very state with all its clocks
at their ages (so that nothing has to regenerate; A-cycles: Nicola, Shahabuddin, Nakayama, IEEE Trans. Reliab. 50, 2001). Weights never grow beyond
one cycle, however long a life is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from numpy.random import SFC64, Generator, SeedSequence

from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.simulation import Simulation, told
from spn.expressions.errors import EvaluationError
from spn.observation import RunError
from spn.rare.forcing import fire_immediate, lead
from spn.rare.graph import END, PLAIN, TARGET, Graph
from spn.rare.guide import Guide
from spn.rare.question import Question
from spn.rare.walk import EngineWalk, MapWalk, Walk

STREAM = 7_001
"""The first number of the spawn keys, so that no other kind of run has the same random numbers."""

PILOT_KEY = 2**40
"""Runs that only decide how others are made have numbers from here on."""

MOST_FIRINGS = 1_000_000
"""Of one copy, or of a life: one that goes on longer is cut, and said to be."""

UNWATCHED = 500
"""Steps on the map, which take microseconds, between two looks at the clock. On the reference engine each step is worth one."""

REGENERATING = 1e-9
"""Relative age up to which a clock is new."""


class Late(Exception):
    """A limit of time was reached within a run, which is worth nothing then."""


class World:
    """A net and a question made ready: how runs start, and which markings are which. It is the same in every run. `late` says that the time is over.

    With a complete `graph` runs go by that; a net's `home` without a guide is the first tangible marking, by its numbers of tokens.
    """

    def __init__(self, question: Question, net: PreparedNet, graph: Graph, guide: Guide | None, late: Callable[[], bool] | None = None) -> None:
        self.question = question
        self.late = late
        self._unwatched = 0
        self.net = net
        self.graph = graph
        self.guide = guide
        self.mapped = graph.complete
        self._kinds = [node.kind for node in graph.nodes] if self.mapped else []
        self.deadline = math.inf if question.within is None else question.within
        self._condition = net.function(question.condition)
        self._until = None if question.until is None else net.function(question.until)
        self._importance = None if question.importance is None else net.function(question.importance)
        self._home: object = None
        self._heights: list[float] = []
        if question.importance is None and guide is not None:
            self._heights = [math.log(value) if value > 0.0 else -math.inf for value in map(float, guide.values)]
        elif self.mapped:
            self._heights = [node.importance for node in graph.nodes]
        if guide is None:
            walk = self._on_engine(0, PILOT_KEY)
            walk.settle()
            self._home = walk.simulation.marking.key(())

    def check(self) -> None:
        """To be called before each step of any run. Raises `Late`."""
        if self.late is None:
            return
        self._unwatched += 1
        if (self._unwatched >= UNWATCHED or not self.mapped) and self.late():
            raise Late
        self._unwatched %= UNWATCHED

    def start(self, seed: int, *key: int) -> Walk:
        """A run at its beginning, immediate firings still to come. Raises `RunError`."""
        if self.mapped:
            return MapWalk(self.graph, self.net.trap_limit, Generator(SFC64(SeedSequence(seed, spawn_key=(STREAM, *key)))))
        return self._on_engine(seed, *key)

    def _on_engine(self, seed: int, *key: int) -> EngineWalk:
        return EngineWalk(Simulation(self.net, seed, (STREAM, *key)), self.graph)

    def kind(self, walk: Walk) -> int:
        """What a tangible marking is. Raises `RunError`."""
        if self.mapped:
            return self._kinds[walk.number]
        assert isinstance(walk, EngineWalk)
        state = walk.simulation.state
        state.variables = {}
        try:
            if self._condition(state):
                return TARGET
            return END if self._until is not None and self._until(state) else PLAIN
        except EvaluationError as error:
            raise RunError("bad-arithmetic", f"in the condition: {told(error)}", state.now) from None

    def at_home(self, walk: Walk) -> bool:
        """Whether a cycle begins and ends here."""
        if self.guide is not None:
            return walk.number == self.guide.home
        assert isinstance(walk, EngineWalk)
        return walk.simulation.marking.key(()) == self._home

    def importance(self, walk: Walk) -> float:
        """How near the event is: the model's own measure of it, or the logarithm of the guide's value. Raises `RunError`."""
        if self._importance is None or self.mapped:
            return self._heights[walk.number] if walk.number >= 0 else -math.inf
        assert isinstance(walk, EngineWalk)
        state = walk.simulation.state
        state.variables = {}
        try:
            return float(self._importance(state))
        except EvaluationError as error:
            raise RunError("bad-arithmetic", f"in the importance: {told(error)}", state.now) from None


@dataclass(slots=True)
class Found:
    """What copies found: summed weights of events (first ones, and all entries) and seconds in the condition; the greatest of the weights."""

    hits: float = 0.0
    entries: float = 0.0
    seconds: float = 0.0
    greatest: float = 0.0
    copies: int = 0
    hitting: int = 0
    firings: int = 0
    cut: int = 0
    absorbed: int = 0

    def note(self, weight: float) -> None:
        """An event with this weight."""
        self.hits += weight
        self.greatest = max(self.greatest, weight)
        self.hitting += 1


@dataclass(slots=True)
class Row:
    """One replication: `probability` is the number of events estimated for it, `duration` the seconds it covers, `cycles` how many began.

    `between` are the sums over cycles of the variance between copies: what more copies would take away. `found` is per copy.
    `regenerated` counts beginnings at which no clock remembered anything. `stage` has (runs, runs that came further) for each level.
    """

    probability: float = 0.0
    entries: float = 0.0
    seconds: float = 0.0
    duration: float = 0.0
    cycles: int = 0
    regenerated: int = 0
    firings: int = 0
    between: float = 0.0
    ended: bool = False
    dead: bool = False
    own_event: bool = False
    longest: float = 0.0
    found: Found = field(default_factory=Found)
    stages: dict[int, tuple[int, int]] = field(default_factory=dict)


def stream(seed: int, *key: int) -> Generator:
    return Generator(SFC64(SeedSequence(seed, spawn_key=(STREAM, *key))))


Search: TypeAlias = Callable[[World, Walk, float, bool, Generator, Found, Row], None]
"""Looks once for the event, from the beginning of a cycle, in a run that it may use up, until a time; the flag says that an end is not one yet."""


@dataclass(frozen=True, slots=True)
class Course:
    """How replications are made: how many `copies` a cycle gets, and in the long run from when (`warmup`) to when (`warmup + window`), in seconds;
    or, where the net regenerates, for how many `cycles` (0: by time).
    """

    copies: int
    warmup: float = 0.0
    window: float = math.inf
    cycles: int = 0


def replicate(world: World, search: Search, course: Course, seed: int, number: int) -> Row:
    """Replication `number`. Raises `RunError` and `Late`."""
    return _Replication(world, search, course, seed, number).run()


class _Replication:
    def __init__(self, world: World, search: Search, course: Course, seed: int, number: int) -> None:
        self.world, self.search, self.course = world, search, course
        self.row = Row()
        self.walk = world.start(seed, number, 0)
        self.rng = stream(seed, number, 1)

    def run(self) -> Row:
        """The run under the net's own law, to the end of its life or window."""
        walk, row, world, course = self.walk, self.row, self.world, self.course
        lives = world.question.has_lives
        end = world.deadline if lives else course.warmup + course.window
        if lives or course.cycles:
            self._begin(fresh=True)
        walk.settle()
        fresh = True  # a life may begin where one ends; that counts once it has been elsewhere
        kind = world.kind(walk)
        row.own_event = lives and kind == TARGET
        while not row.own_event:
            world.check()
            fresh = fresh and kind == END
            time = walk.peek()
            if time > end or time == math.inf:
                row.dead = time == math.inf
                break
            if walk.firings >= MOST_FIRINGS:
                row.found.cut += 1
                break
            walk.step()
            walk.settle()
            kind = world.kind(walk)
            if lives and (kind == TARGET or (kind == END and not fresh)):
                row.own_event, row.ended = kind == TARGET, True
                break
            if world.at_home(walk):
                if course.cycles and row.cycles >= course.cycles:
                    row.ended = True
                    break
                if walk.now >= course.warmup:
                    self._begin(fresh and kind == END)
        row.firings = walk.firings
        if lives or course.cycles:
            row.duration = min(walk.now, end) if row.ended or row.dead else min(end, walk.now)
        else:
            row.duration = course.window
        return row

    def _begin(self, fresh: bool) -> None:
        """A cycle begins: let copies look for the event in it."""
        row, walk = self.row, self.walk
        row.cycles += 1
        now = walk.now
        old = [clock for clock in walk.clocks() if not clock.law.is_memoryless]
        row.regenerated += all(now - clock.origin <= REGENERATING * now for clock in old)
        row.longest = max([row.longest, *(clock.law.mean for clock in walk.clocks() if clock.law.mean < math.inf)])
        end = self.world.deadline
        copies, before = self.course.copies, row.found.hits
        if not copies:
            return
        weights: list[float] = []
        entries, seconds = row.found.entries, row.found.seconds
        for _ in range(copies):
            twin = walk.copy(self.rng)
            twin.firings = 0
            twin.redraw_clocks()
            so_far = row.found.hits
            self.search(self.world, twin, end, fresh, self.rng, row.found, row)
            weights.append(row.found.hits - so_far)
        row.probability += (row.found.hits - before) / copies
        row.entries += (row.found.entries - entries) / copies
        row.seconds += (row.found.seconds - seconds) / copies
        if copies > 1:
            middle = math.fsum(weights) / copies
            row.between += math.fsum((weight - middle) ** 2 for weight in weights) / (copies - 1)


def force(world: World, walk: Walk, end: float, fresh: bool, rng: Generator, found: Found, row: Row) -> None:
    """One copy by importance sampling (`spn.rare.forcing`). After the event it goes on by the net's own law until the cycle ends."""
    guide = world.guide
    assert guide is not None
    weight = 1.0
    found.copies += 1
    begun, led = False, -math.inf
    while True:
        world.check()
        while walk.vanishing:
            number = walk.number
            weight *= fire_immediate(walk, guide.alternatives[number] if number >= 0 else {}, rng)
        kind = world.kind(walk)
        if kind == TARGET:
            found.note(weight)
            if not world.question.has_lives:
                entries, seconds = after(world, walk, found)
                found.entries += weight * entries
                found.seconds += weight * seconds
            break
        fresh = fresh and kind == END
        if (kind == END and not fresh) or (begun and world.at_home(walk)):
            break
        if walk.firings > MOST_FIRINGS:
            found.cut += 1
            break
        begun = True
        number = walk.number
        if number >= 0:
            weight *= lead(walk, guide.alternatives[number], float(guide.values[number]), end, rng, walk.now > led)
            led = walk.now
        if not step(walk, end):
            break
    found.firings += walk.firings


def step(walk: Walk, end: float) -> bool:
    """One timed firing, if there is one until `end`."""
    time = walk.peek()
    if time > end or time == math.inf:
        return False
    walk.step()
    return True


def after(world: World, walk: Walk, found: Found) -> tuple[int, float]:
    """How often the condition comes true, and how many seconds it holds, from the event to the end of the cycle, by the net's own law."""
    entries, seconds, holds = 1, 0.0, True
    for _ in range(MOST_FIRINGS):
        world.check()
        since = walk.now
        if not step(walk, math.inf):
            found.absorbed += holds
            return entries, seconds
        walk.settle()
        seconds += walk.now - since if holds else 0.0
        held, holds = holds, world.kind(walk) == TARGET
        entries += holds and not held
        if not holds and world.at_home(walk):
            return entries, seconds
    found.cut += 1
    return entries, seconds
