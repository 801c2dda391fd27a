"""How a question is going to be answered: which method, how long a run is, how many copies a cycle gets. It looks at short pilots and decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import numpy as np

from spn.rare.cycles import PILOT_KEY, Course, Found, Row, Search, World, force, replicate, step, stream
from spn.rare.graph import TARGET
from spn.rare.splitting import FixedEffort, Levels, Restart, find_levels
from spn.rare.walk import Walk

Method = Literal["forcing", "splitting", "restart", "plain"]

NAMES: dict[Method, str] = {
    "forcing": "importance sampling, chosen delays forced",
    "splitting": "importance splitting with fixed effort",
    "restart": "importance splitting, RESTART",
    "plain": "plain simulation",
}

SCAN_FIRINGS = 20_000
SCAN_CYCLES = 30
WARMUP_DELAYS = 10.0
"""The warm-up in units of the longest mean delay: the renewal density of a delay with a variation of 0.4 is then constant to more than six digits."""

MOST_WARMUP_FIRINGS = 100_000
PILOT = 60
"""Replications of a pilot."""

PILOT_FIRINGS = 100_000
PILOT_COPIES = 4
MOST_COPIES = 100
BLOCK_FIRINGS = 20_000
"""About so many firings are run at a time."""



class Refused(Exception):
    """A question that has no answer, or none that these methods can find, in words."""


@final
@dataclass(frozen=True)
class Plan:
    """A method with all that it needs. `notes` are for people, `firings` what it took to make it, `block` how many replications are made at a
    time, `promising` whether the pilot saw the event.
    """

    method: Method
    search: Search
    course: Course
    firings: int
    block: int
    promising: bool
    levels: Levels | None = None
    notes: tuple[str, ...] = ()


def nothing(*_: object) -> None:
    """The search of plain simulation: there is none."""


@final
class Planner:
    """Makes plans for a world. `late` says that there is no time left for looking ahead; `told` is called with pilot replications and firings."""

    def __init__(self, world: World, seed: int, late: Callable[[], bool], told: Callable[[int, int], None]) -> None:
        self.told = told
        self.world = world
        self.seed = seed
        self.late = late
        self.firings = 0
        self.notes: list[str] = []

    def plan(self, method: Method) -> Plan:
        """The plan for a method. Raises `Refused`, `RunError`, and `Late`."""
        course = self._course()
        levels: Levels | None = None
        search: Search = force
        if method == "plain":
            search = nothing
        elif method != "forcing":
            levels = self._levels(course)
            search = FixedEffort(levels) if method == "splitting" else Restart(levels)
        copies = {"plain": 0, "forcing": PILOT_COPIES}.get(method, 2)
        rows: list[Row] = []
        fired = 0
        while len(rows) < 2 or (len(rows) < PILOT and fired < PILOT_FIRINGS and not self.late()):
            rows.append(replicate(self.world, search, replace(course, copies=copies), self.seed, PILOT_KEY + len(rows)))
            fired += rows[-1].firings + rows[-1].found.firings
            self.told(len(rows), self.firings + fired)
        self.firings += fired
        chosen = best_copies(rows, copies) if copies else 0
        own = sum(row.firings for row in rows)
        seen = any(row.found.hits > 0.0 for row in rows)
        each = (own + (fired - own) * chosen / max(1, copies)) / len(rows)
        block = max(1, min(256, int(BLOCK_FIRINGS / max(each, 1.0))))
        return Plan(method, search, replace(course, copies=chosen), self.firings, block, seen, levels, tuple(self.notes))

    def _course(self) -> Course:
        """In the long run by cycles, if they regenerate, else by time after a warm-up; a life is its own course."""
        if self.world.question.has_lives:
            return Course(1)
        scan = _Scan(self.world, self.seed)
        self.firings += scan.firings
        if scan.dead:
            raise Refused("the net comes to a standstill, so that it has no long run: ask about one life, with --until CONDITION or --within TIME")
        if scan.arrivals < 2:
            raise Refused(
                f"the net did not come back to the marking in which it is mostly within {scan.firings:,} firings: "
                "ask about one life, with --until CONDITION or --within TIME"
            )
        if scan.regenerates:
            self.notes.append("the net regenerates whenever it comes home: cycles are independent, and no warm-up is needed")
            return Course(1, cycles=max(1, min(10, int(100 * scan.arrivals / scan.firings))))
        warmup = WARMUP_DELAYS * scan.longest
        speed = scan.firings / scan.time
        if warmup * speed > MOST_WARMUP_FIRINGS:
            warmup = MOST_WARMUP_FIRINGS / speed
            self.notes.append(f"the warm-up was cut to {warmup:.3g} s, less than ten times the longest mean delay, {scan.longest:.3g} s")
        window = 10.0 * scan.time / scan.arrivals
        self.notes.append(f"clocks are not new when the net comes home: each run has a warm-up of {warmup:.3g} s and then a window of {window:.3g} s")
        return Course(1, warmup, window)

    def _levels(self, course: Course) -> Levels:
        """Levels for splitting, from states in which cycles begin."""
        states: list[tuple[Walk, bool]] = []

        def keep(world: World, walk: Walk, end: float, fresh: bool, rng: object, found: Found, row: Row) -> None:
            if len(states) < 200:
                states.append((walk, fresh))

        number = 0
        while not states or (len(states) < 20 and number < 20):
            replicate(self.world, keep, course, self.seed, PILOT_KEY + PILOT + number)
            number += 1
            if number > 200:
                raise Refused("no cycle began: the net does not come to the marking in which it should be at home")
        states = states[:: max(1, len(states) // 20)]
        levels, fired = find_levels(self.world, lambda k: states[k % len(states)], self.world.deadline, stream(self.seed, PILOT_KEY, 2))
        self.firings += fired
        if levels.starved is not None:
            self.notes.append(
                f"bottleneck: of 400 runs from importance {levels.starved:.6g} none came further; "
                "this net needs its delays forced (--method forcing), or an importance with finer steps"
            )
        return levels


class _Scan:
    """A run by the net's own law to see how it comes home."""

    def __init__(self, world: World, seed: int) -> None:
        walk = world.start(seed, PILOT_KEY)
        walk.settle()
        self.arrivals = 0
        self.regenerates = world.at_home(walk)
        self.longest = 0.0
        self.dead = False
        self._look(walk)
        while walk.firings < SCAN_FIRINGS and self.arrivals < SCAN_CYCLES:
            world.check()
            if not step(walk, math.inf):
                self.dead = True
                break
            walk.settle()
            self._look(walk)
            if world.at_home(walk):
                self.arrivals += 1
                old = [clock for clock in walk.clocks() if not clock.law.is_memoryless]
                self.regenerates = self.regenerates and all(walk.now - clock.origin <= 1e-9 * walk.now for clock in old)
        self.firings, self.time = walk.firings, max(walk.now, 1e-300)

    def _look(self, walk: Walk) -> None:
        for clock in walk.clocks():
            mean = clock.law.mean
            if self.longest < mean < math.inf:
                self.longest = mean


def best_copies(rows: Sequence[Row], copies: int) -> int:
    """How many copies a cycle should have: the square root of (variance between copies / other variance) x (cost of the run / cost of a copy).

    The optimal allocation of two-stage sampling (Cochran, Sampling Techniques, 3rd ed., 1977, sec. 10.6).
    """
    between = float(np.mean([row.between for row in rows]))
    other = float(np.var([row.probability for row in rows])) - between / copies
    own = float(np.mean([row.firings for row in rows]))
    of_copy = float(np.mean([row.found.firings for row in rows])) / copies
    if between <= 0.0 or of_copy <= 0.0:
        return copies
    most = min(MOST_COPIES, 10.0 * own / of_copy)  # beyond, the run itself costs next to nothing
    best = math.sqrt(between / other * own / of_copy) if other > 0.0 else most
    return max(1, round(min(best, most)))


def begins_with_it(world: World) -> bool:
    """Whether the condition holds in the initial marking, if that is tangible."""
    walk = world.start(0, PILOT_KEY)
    return not walk.vanishing and world.kind(walk) == TARGET
