"""Importance splitting: runs that come nearer to the event are copied, each copy going on with clocks drawn anew given their ages.

Fixed effort (Garvels, The splitting method in rare event simulation, PhD thesis, Twente 2000): a fixed number of runs from each level, which start in
the states in which runs came to it; the estimate is the product of the shares that came further. RESTART (Villen-Altamirano and Villen-Altamirano,
Proc. 13th ITC, 1991): a run that comes to level k is made R(k) runs, all but one of which end when they fall below it; an event found at level k
counts 1 / (R(1) ... R(k)). Both are unbiased for any levels. Levels are chosen beforehand, by other runs (`find_levels`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from numpy.random import Generator

from spn.rare.cycles import MOST_FIRINGS, Found, Row, World, after, step
from spn.rare.graph import END, TARGET
from spn.rare.walk import Walk

EFFORT = 50
"""Runs from each level."""

TRIALS = 400
"""Runs by which a level is found."""

SHARE = 0.2
"""About this share of runs is to come from one level to the next."""

MOST_LEVELS = 200
MOST_RETRIALS = 20
MOST_RUNS = 100_000
"""Runs of RESTART from one beginning; more means that its numbers of retrials are too great."""


@final
@dataclass(frozen=True, slots=True)
class Levels:
    """Increasing thresholds of the importance and, for each, how probable it was to come to it from the one before; `last`: to the event.

    `starved` says at which importance no run came further, if so.
    """

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    last: float
    starved: float | None = None

    @property
    def retrials(self) -> tuple[int, ...]:
        """R(k) of RESTART."""
        return tuple(min(MOST_RETRIALS, max(1, round(1.0 / share))) for share in self.shares)

    def of(self, importance: float) -> int:
        """The number of levels reached."""
        return bisect_right(self.thresholds, importance)


@dataclass(slots=True)
class Run:
    """A run that looks for the event. `fresh`, `begun`: as in `spn.rare.cycles.force`. `done`: the event has happened."""

    walk: Walk
    fresh: bool
    begun: bool = False
    done: bool = False

    def copy(self, rng: Generator) -> Run:
        """The same state with clocks drawn anew."""
        twin = self.walk.copy(rng)
        twin.firings = 0
        if not self.done:
            twin.redraw_clocks()
        return Run(twin, self.fresh, self.begun, self.done)

    def has_come(self, world: World, threshold: float) -> bool:
        """Whether it has reached an importance, or the event."""
        return self.done or (self.begun and world.importance(self.walk) >= threshold)

    def goes_on(self, world: World, end: float) -> bool:
        """One timed firing and what follows at once; False at the end of the cycle or life. To be called while not `done`."""
        walk = self.walk
        world.check()
        if self.begun and (not step(walk, end) or walk.firings > MOST_FIRINGS):
            return False
        walk.settle()
        kind = world.kind(walk)
        if kind == TARGET:
            self.done = True
            return True
        self.fresh = self.fresh and kind == END
        if (kind == END and not self.fresh) or (self.begun and world.at_home(walk)):
            return False
        self.begun = True
        return True


@final
@dataclass(frozen=True, slots=True)
class FixedEffort:
    """`effort` runs from each level; a search of `spn.rare.cycles`."""

    levels: Levels
    effort: int = EFFORT

    def __call__(self, world: World, walk: Walk, end: float, fresh: bool, rng: Generator, found: Found, row: Row) -> None:
        found.copies += 1
        pool, weight = [Run(walk, fresh)], 1.0
        for level in range(len(self.levels.thresholds) + 1):
            pool = advance(world, pool, self.effort, self._reached(level), end, rng, found)
            before = row.stages.get(level, (0, 0))
            row.stages[level] = (before[0] + self.effort, before[1] + len(pool))
            weight *= len(pool) / self.effort
            if not pool:
                return
        found.note(weight)
        if not world.question.has_lives:
            told = [after(world, run.walk, found) for run in pool]
            found.entries += weight * math.fsum(entries for entries, _ in told) / len(told)
            found.seconds += weight * math.fsum(seconds for _, seconds in told) / len(told)

    def _reached(self, level: int) -> float:
        return self.levels.thresholds[level] if level < len(self.levels.thresholds) else math.inf


def advance(world: World, pool: Sequence[Run], runs: int, threshold: float, end: float, rng: Generator, found: Found) -> list[Run]:
    """Runs that start in the states of `pool`, taken in turn from a random one on; those that reach the importance or the event."""
    reached: list[Run] = []
    offset = int(rng.random() * len(pool))
    for number in range(runs):
        run = pool[(offset + number) % len(pool)].copy(rng)
        while not (come := run.has_come(world, threshold)) and run.goes_on(world, end):
            pass
        if come:
            reached.append(run)
        found.firings += run.walk.firings
    return reached


@final
@dataclass(frozen=True, slots=True)
class Restart:
    """RESTART; a search of `spn.rare.cycles`."""

    levels: Levels

    def __call__(self, world: World, walk: Walk, end: float, fresh: bool, rng: Generator, found: Found, row: Row) -> None:
        retrials, weights = self.levels.retrials, [1.0]
        for number in retrials:
            weights.append(weights[-1] / number)
        # Each with the level below which it ends, and the level up to which it has been split.
        stack = [(Run(walk, fresh), 0, 0)]
        found.copies += 1
        runs, total = 0, 0.0
        while stack:
            run, floor, level = stack.pop()
            runs += 1
            if runs > MOST_RUNS:
                found.cut += 1
                break
            while True:
                if run.begun:
                    now = self.levels.of(world.importance(run.walk))
                    if now < floor:
                        break
                    while level < now:
                        level += 1
                        stack += [(run.copy(rng), level, level) for _ in range(retrials[level - 1] - 1)]
                        before = row.stages.get(level, (0, 0))
                        row.stages[level] = (before[0], before[1] + 1)
                    level = now
                if not run.goes_on(world, end):
                    break
                if run.done:
                    total += weights[level]
                    self._after(world, run, weights[level], found)
                    break
            found.firings += run.walk.firings
        if total > 0.0:
            found.note(total)

    def _after(self, world: World, run: Run, weight: float, found: Found) -> None:
        if not world.question.has_lives:
            entries, seconds = after(world, run.walk, found)
            found.entries += weight * entries
            found.seconds += weight * seconds


def find_levels(world: World, start: Callable[[int], tuple[Walk, bool]], end: float, rng: Generator) -> tuple[Levels, int]:
    """Levels such that about one run in five comes from each to the next, from `TRIALS` runs a level (adaptive multilevel splitting, as a pilot only:
    Cerou and Guyader, Stoch. Anal. Appl. 25, 2007). `start` gives states in which cycles begin. Also how many firings it took.
    """
    pool = [Run(*start(number)) for number in range(20)]
    found = Found()
    thresholds: list[float] = []
    shares: list[float] = []
    at = max((world.importance(run.walk) for run in pool if not run.walk.vanishing), default=-math.inf)
    while len(thresholds) < MOST_LEVELS:
        heights = sorted((_height(world, pool[number % len(pool)].copy(rng), end, found) for number in range(TRIALS)), reverse=True)
        events = sum(height == math.inf for height in heights)
        if events >= SHARE * TRIALS:
            return Levels(tuple(thresholds), tuple(shares), events / TRIALS), found.firings
        threshold = _next_threshold(heights, at)
        if threshold is None:
            starved = at if events < TRIALS // 100 else None
            return Levels(tuple(thresholds), tuple(shares), events / TRIALS, starved), found.firings
        pool = advance(world, pool, TRIALS, threshold, end, rng, found)
        if not pool:
            return Levels(tuple(thresholds), tuple(shares), 0.0, at), found.firings
        thresholds.append(threshold)
        shares.append(len(pool) / TRIALS)
        at = threshold
    return Levels(tuple(thresholds), tuple(shares), 0.0, at), found.firings


def _next_threshold(heights: Sequence[float], at: float) -> float | None:
    """The importance that a fifth of the runs reached, or the least above `at` that any did."""
    wanted = heights[int(SHARE * len(heights))]
    if at < wanted < math.inf:
        return wanted
    above = [height for height in heights if at < height < math.inf]
    return above[-1] if above else None


def _height(world: World, run: Run, end: float, found: Found) -> float:
    """The greatest importance that a run reaches; infinite if it reaches the event."""
    height = -math.inf
    while not run.has_come(world, math.inf) and run.goes_on(world, end):
        height = math.inf if run.done else max(height, world.importance(run.walk))
    found.firings += run.walk.firings
    return math.inf if run.done else height
