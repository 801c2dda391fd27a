"""Planning a steady-state experiment: how long to warm up and to observe, from pilot replications that are not used again. No estimates here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from spn.estimate.controlled import choose
from spn.estimate.intervals import Floats
from spn.estimate.measures import drift_of, events, terms
from spn.estimate.stationarity import Drift, growing, mser
from spn.net.types import Net, Timed
from spn.observation import End
from spn.study.batches import Dialogue, first
from spn.study.plan import FIRST_LOOK, PILOT, STEADY, BatchResult, Plan

REPLICATIONS = 16
SEGMENTS = 32
EVENTS_EACH = 20
"""Events of each measure, per replication, that a pilot is to see."""

TOLERANCE = 0.35
"""The pilot's halves must be known to differ by less than this share of the level (difference + 2 standard errors)."""

AGREEMENT = 0.25
"""Levels at two horizons must be known to differ by less than this share (difference + 2 standard errors): growth as the square root makes 0.3."""

BLOCKS = 4
"""The parts of the pilot's horizon by which control variates are chosen."""

LEAST_SHARE = 0.25
"""Warm-up and window are not cut below this share of what they would be."""

MARGIN = 1.5
"""How much more is planned than the pilot's standard errors, which are themselves uncertain, ask for."""

MANY = 128
"""About so many replications are planned where the precision asks for more than 32 windows: beyond that windows become longer, so that warm-ups take
a small share.
"""

LONGEST = 40.0
"""The longest such window over the warm-up, whose mean is twice W: it takes one in 21 then, and longer replications would bring next to nothing. The
first ones would be long in coming.
"""

BATCHES = 4
"""The windows of a replication with batch means."""

LEAST_ROOM = 40
"""Windows that are to fit into the budget."""

Sampling = Literal["auto", "replications", "batch-means", "regenerative"]
"""How the long run is sampled: by windows of independent replications, by several windows of each, one after the other, or by whole cycles."""

Note = Callable[[Plan, list[BatchResult]], None]
"""Is told of each part of a pilot that has been run."""


@final
@dataclass(frozen=True, slots=True)
class Course:
    """How one measure behaved over the pilot's horizon: where its start-up ends (share of the horizon), drift after that, events per replication."""

    start_up: float
    drift: Drift
    events: float | None
    level: float = 0.0
    error: float = math.inf
    """Standard error of the level."""
    controls: tuple[int, ...] = ()
    """The control variates that explain it."""
    gain: float = 1.0
    """How many times less variance they leave."""

    @property
    def settled(self) -> bool:
        small = abs(self.drift.t) <= 3.0 or self.drift.relative <= 0.02
        enough = self.events is None or self.events >= EVENTS_EACH
        return enough and small and self.start_up <= 0.5 and self.drift.relative + 2.0 * self.drift.error <= TOLERANCE

    def agrees(self, earlier: Course) -> bool:
        """The level after the start-up is known to be the same as at half the horizon, to within `AGREEMENT`."""
        apart = abs(self.level - earlier.level) + 2.0 * math.hypot(self.error, earlier.error)
        return apart <= AGREEMENT * abs(self.level)

    @property
    def drifts(self) -> bool:
        """It certainly has not settled."""
        return abs(self.drift.t) > 5.0 and self.drift.relative > 0.1


@final
@dataclass(frozen=True, slots=True)
class Level:
    """What the pilot replications up to one horizon showed."""

    horizon: float
    courses: Mapping[str, Course]
    firings: int
    replications: int
    deaths: tuple[float, ...]
    growing: tuple[int, ...]
    slow: bool
    whole: bool

    @property
    def all_dead(self) -> bool:
        return len(self.deaths) == self.replications


@final
@dataclass(frozen=True, slots=True)
class SteadyPlan:
    """The production `plan`, what the pilot cost (firings, and `simulated` seconds) and saw. `controls`: the control variates that explain each
    measure. `unsettled`: for each measure
    without a long run, why. `dead`: all pilot replications died.
    """

    plan: Plan
    firings: int
    horizon: float
    simulated: float = 0.0
    dead: bool = False
    controls: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unsettled: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    pace: float = 0.0
    """Firings per second of simulated time."""

    def cost(self, warmup: float, length: float) -> float:
        """About how many firings a replication with one such window takes."""
        return max(1.0, self.pace * (2.0 * warmup + length))


@final
@dataclass(frozen=True, slots=True)
class Pilot:
    """Plans a steady-state experiment by replications with a growing horizon.

    1. *Scale.* Four short probes of 32 firings give a first horizon T.
    2. *Look.* 16 replications to T, in 32 segments. For each measure the mean curve over replications is truncated by the MSER rule (White,
       Simulation 69, 1997, his MSER-5 with segments as batches), and what is left is compared, first against second half, by a paired t-test
       over replications.
    3. *Double* T, with new replications, until every measure (a) had 20 events per replication, (b) ends its start-up in the first half, (c) does not
       differ significantly between the halves and is known to within 35 %, (d) no replication died (or all did), (e) each transition class that fires
       at all often has fired about 4 times per element (identical clocks started together stay in step for a few periods), and (f) two horizons
       running satisfy (a) to (c) and are known to have the same level to within 25 %: one of them may by chance look settled while it grows.
       It ends before the pilot would use more than `budget` firings, does not wait for (e) beyond a quarter of that, and ends at once if a
       measure drifts while a place has grown in the same way at three horizons running.
    4. *Plan* by replication and deletion (Law & Kelton, Simulation Modeling and Analysis, sec. 9.5.2): warm-up W = max(end of the start-up,
       T / 4, 5 mean times between failures), window H = max(5 W, 10 mean times between failures). Both are cut, to a quarter at most, if 32 such
       windows would give more precision than is asked for, by the pilot's own standard errors (a bias that the shorter warm-up leaves is then small
       beside the interval). The window grows, up to 40 W, if more than 128 of them would be needed: warm-ups then cost next to nothing. If 40
       replications would not fit into the budget of firings or of simulated time left, batch means take their place where they fit: 10 replications
       with 4 windows each one after the other, none shorter than W; where not, W and H are cut further. The first window of a replication starts at
       W (1 + u + v), u and v uniform: a net with a period is seen at a random phase.

    If all replications died, the long run is what holds in the dead marking: W is 100 times the latest death, after which nothing costs anything.
    """

    net: Net
    kinds: Mapping[str, str]
    """The class name of the quantity by measure."""
    targets: Mapping[str, float]
    """The relative half-width asked of each measure."""
    budget: int
    max_firings: int
    point: int = 0
    controls: bool = True
    max_time: float = math.inf
    """Seconds to simulate at most, in all replications together; a fifth of it is the pilot's."""
    sampling: Sampling = "auto"
    """How the long run is sampled; "auto": by what the budget has room for."""

    def plan(self, note: Note) -> Dialogue[SteadyPlan]:
        simulated: list[float] = []

        def noted(plan: Plan, found: list[BatchResult]) -> None:
            simulated.extend(batch.simulated for batch in found)
            note(plan, found)

        horizon, spent = yield from self._scale(noted)
        horizon = min(horizon, self.max_time / (10.0 * REPLICATIONS))
        levels: list[Level] = []
        while True:
            level = yield from self._level(noted, horizon, len(levels), spent)
            spent += level.firings
            levels.append(level)
            if self._enough(levels, spent) or sum(simulated) + 2.0 * REPLICATIONS * horizon > self.max_time / 5.0:
                break
            horizon *= 2.0
        return self._planned(levels, spent, sum(simulated))

    def _scale(self, note: Note) -> Dialogue[tuple[float, int]]:
        """A first horizon (the median time that 32 firings take) and the firings that it cost."""
        spent, limit = 0, 32
        while True:
            probe = Plan(PILOT, tuple(self.kinds), 0.0, 1e15, 1, max_firings=limit, unit=4, offset=1_000_000_000 + limit, point=self.point)
            (found,) = yield from _told(probe, 1, note)
            spent += int(found.firings.sum())
            times = np.where(np.isnan(found.dead_at), found.times, found.dead_at)
            scale = float(np.median(times))
            if scale > 0.0 or limit > self.budget // 32:
                return scale or 1.0, spent
            limit *= 8

    def _level(self, note: Note, horizon: float, number: int, spent: int) -> Dialogue[Level]:
        limit = max(4096, (self.budget - spent) // REPLICATIONS)
        unit = 4
        plan = Plan(
            PILOT,
            tuple(self.kinds),
            0.0,
            horizon,
            SEGMENTS,
            max_firings=limit,
            unit=unit,
            offset=number * REPLICATIONS,
            point=self.point,
            detail=True,
        )
        results = yield from _told(plan, REPLICATIONS // unit, note)
        whole = all(end is End.OBSERVED for result in results for end in result.ends)
        deaths = np.concatenate([result.dead_at for result in results])
        firings = int(sum(int(result.firings.sum()) for result in results))
        if not whole:
            full = tuple(range(len(self.net.places))) if any(End.TOKENS in result.ends for result in results) else ()
            reached = float(np.min(np.concatenate([result.times for result in results])))
            return Level(max(reached, horizon * 1e-6), {}, firings, REPLICATIONS, tuple(deaths[~np.isnan(deaths)].tolist()), full, False, False)
        controls = np.concatenate([result.controls if self.controls else result.controls[:, :, :0] for result in results])
        courses = {
            name: course(kind, np.concatenate([result.observations[name] for result in results]), controls) for name, kind in self.kinds.items()
        }
        tokens = np.concatenate([result.tokens for result in results])
        fired = np.asarray(np.sum([result.fired for result in results], axis=0), np.float64)
        died = tuple(deaths[~np.isnan(deaths)].tolist())
        return Level(horizon, courses, firings, REPLICATIONS, died, growing(tokens), self._slow(fired), True)

    def _slow(self, fired: Floats) -> bool:
        if len(fired) != len(self.net.transitions):
            return False
        sizes = [transition.size if isinstance(transition.timing, Timed) else math.inf for transition in self.net.transitions]
        each = fired / (np.array(sizes, np.float64) * REPLICATIONS)
        return bool(np.any((each >= 0.5) & (each < 4.0)))

    def _enough(self, levels: Sequence[Level], spent: int) -> bool:
        level = levels[-1]
        if not level.whole or level.all_dead or len(levels) > 60:
            return True
        calm = len(levels) >= 2 and all(
            part.settled and levels[-2].courses[name].settled and part.agrees(levels[-2].courses[name]) for name, part in level.courses.items()
        )
        if calm and not level.deaths and not (level.slow and spent <= self.budget // 4):
            return True
        if len(levels) >= 3 and self.growing_for_long(levels) and any(course.drifts for course in level.courses.values()):
            return True
        unseen = all(course.events == 0.0 for course in level.courses.values())
        return spent + 2.2 * level.firings > (self.budget // 4 if unseen else self.budget)

    @staticmethod
    def growing_for_long(levels: Sequence[Level]) -> tuple[int, ...]:
        """The places that grew at each of the last three horizons."""
        last = [set(level.growing) for level in levels[-3:]]
        return tuple(sorted(set.intersection(*last))) if len(last) == 3 else ()

    def _planned(self, levels: Sequence[Level], spent: int, simulated: float) -> SteadyPlan:
        last = levels[-1]
        level = last if last.whole or len(levels) == 1 else levels[-2]
        warnings = []
        if level.all_dead:
            return self._dead(level, spent, simulated)
        if level.deaths:
            warnings.append(
                f"dead marking: {len(level.deaths)} of {level.replications} pilot replications died, on average after {np.mean(level.deaths):.6g} s; "
                "if all die in the end, the long run is the dead marking, and the estimate holds only for the window observed"
            )
        places = self.growing_for_long(levels) if last.whole else last.growing
        names = [self.net.places[place].name for place in places if place < len(self.net.places)]
        grown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        if names and last.whole:
            warnings.append(f"place {grown} grows without bound")
        if not last.whole:
            text = "the net holds ever more tokens" if last.growing else "replications used far more firings than others before"
            warnings.append(f"the pilot ended early: {text}")
        why = f"place {grown} grows without bound" if names else "it still drifts at the pilot's last horizon"
        unsettled = {name: why for name, course in level.courses.items() if course.drifts}
        if not last.whole:
            unsettled = dict.fromkeys(
                self.kinds, "the net grows or quickens without bound" if last.growing else "the pilot's replications did not end"
            )
        controls = {name: part.controls for name, part in level.courses.items()}
        plan = self._production(level, spent, simulated)
        return SteadyPlan(plan, spent, level.horizon, simulated, False, controls, unsettled, tuple(warnings), _pace(level))

    def _production(self, level: Level, spent: int, simulated: float) -> Plan:
        horizon = level.horizon
        between = [horizon / course.events for course in level.courses.values() if course.events is not None and course.events >= 1.0]
        slowest = max(between, default=0.0)
        start_up = max((course.start_up for course in level.courses.values()), default=0.0) * horizon
        warmup = max(start_up, horizon / 4.0, 5.0 * slowest)
        length = max(5.0 * warmup, 10.0 * slowest)
        needed = self._needed(level)
        # Windows that follow each other have to be long against what the net remembers, however little precision is asked for, and so have those
        # of whole cycles: the long ones among these are not cut off, so that short windows are more skewed (M/M/1 at load 0.9: 92.7 % instead of 95).
        least = 1.0 if self.sampling in ("batch-means", "regenerative") else LEAST_SHARE
        excess = min(1.0, max(least, needed / length, start_up / warmup))
        warmup, length = warmup * excess, length * excess
        room = self._room(level, spent, simulated)
        length = max(length, min(needed * FIRST_LOOK / MANY, room / MANY - 2.0 * warmup, LONGEST * warmup))
        windows = self._windows(warmup, length, room)
        share = room / LEAST_ROOM / (2.0 * warmup / windows + length)
        if share < 1.0:
            kept_whole = room / LEAST_ROOM - 2.0 * warmup / windows
            if windows > 1 and kept_whole >= warmup:
                length = kept_whole
            else:
                warmup, length = max(warmup * share, min(warmup, horizon / 8.0)), length * share
        kept = sorted({column for part in level.courses.values() for column in part.controls})
        cost = max(1.0, _pace(level) * (2.0 * warmup + windows * length))
        return self._sized(warmup, length, cost, max(10_000, int(20.0 * cost)), tuple(kept), windows)

    def _room(self, level: Level, spent: int, simulated: float) -> float:
        """The seconds that all replications together may take, warm-ups and all."""
        firings = max(float(LEAST_ROOM), self.max_firings - spent) / max(_pace(level), 1e-300)
        return min(firings, max(self.max_time / 4.0, self.max_time - simulated))

    def _windows(self, warmup: float, length: float, room: float) -> int:
        """How many windows each replication has. Batch means are for budgets that single windows after a warm-up each do not fit into."""
        single, several = LEAST_ROOM * (2.0 * warmup + length), LEAST_ROOM * (2.0 * warmup / BATCHES + warmup)
        if self.sampling == "auto":
            return BATCHES if single > room >= several else 1
        return BATCHES if self.sampling == "batch-means" else 1

    def _needed(self, level: Level) -> float:
        """The window that each of 32 replications needs for the precisions asked for, by the standard errors that the pilot found."""
        needed = 0.0
        for name, part in level.courses.items():
            if part.level == 0.0 or not math.isfinite(part.error):
                return math.inf
            half = 1.96 * part.error / abs(part.level) / self.targets[name]
            needed = max(needed, MARGIN * half * half / part.gain * level.horizon * level.replications / FIRST_LOOK)
        return needed

    def _dead(self, level: Level, spent: int, simulated: float) -> SteadyPlan:
        latest = max(level.deaths) or 1.0
        cost = level.firings / level.replications
        plan = self._sized(100.0 * latest, latest, cost, 10_000 + int(20.0 * cost))
        warning = f"dead marking: all {level.replications} pilot replications died, on average after {np.mean(level.deaths):.6g} s"
        return SteadyPlan(plan, spent, level.horizon, simulated, True, {}, {}, (warning + "; the long run is that marking",))

    def _sized(self, warmup: float, length: float, cost: float, limit: int, controls: tuple[int, ...] = (), windows: int = 1) -> Plan:
        unit, largest = batch_sizes(cost)
        return Plan(
            STEADY,
            tuple(self.kinds),
            warmup,
            length,
            2,
            windows,
            phase=True,
            max_firings=limit,
            unit=max(1, unit // windows),
            largest=largest,
            point=self.point,
            controls=controls,
        )


def _pace(level: Level) -> float:
    return level.firings / (level.replications * level.horizon)


def batch_sizes(cost: float) -> tuple[int, int]:
    """The replications in the first batches and in the last, by the firings of one."""
    unit = max(1, min(8, int(50_000 / max(cost, 1.0))))
    return unit, max(unit, min(1024, int(200_000 / max(cost, 1.0))))


def _told(plan: Plan, count: int, note: Note) -> Dialogue[list[BatchResult]]:
    found = yield from first(plan, count)
    note(plan, found)
    return found


def course(kind: str, observations: NDArray[np.float64], controls: NDArray[np.float64]) -> Course:
    """How a measure behaved; `observations` and `controls` have the shape (replications, segments, columns)."""
    replications = len(observations)
    above, below = terms(kind, observations)
    counted = events(kind, observations)
    seen = None if counted is None else float(np.sum(counted)) / replications
    segments = above.shape[1]
    later = segments // 2
    base = float(np.sum(below[:, later:]))
    if base <= 0.0:
        return Course(1.0, Drift(0.0, 0.0, math.inf), seen)
    level = float(np.sum(above[:, later:])) / base
    curve = (above - level * below).mean(axis=0) / (base / (replications * (segments - later)))
    drop = mser(curve)
    if drop > later:
        # Noise alone often puts the least of the MSER statistic late; where nothing distinguishes the halves there is no start-up to see.
        whole = drift_of(above, below, later)
        drop = 0 if abs(whole.t) <= 2.0 and whole.relative + 2.0 * whole.error <= TOLERANCE else drop
    kept = min(drop, later)
    a, b = above[:, kept:].sum(axis=1), below[:, kept:].sum(axis=1)
    settled = float(a.sum() / b.sum())
    error = float(np.std(a - settled * b, ddof=1)) / (math.sqrt(replications) * float(b.mean()))
    after = drift_of(above[:, kept:], below[:, kept:], (segments - kept) // 2)
    return Course(drop / segments, after, seen, settled, error, *_explained((above - settled * below)[:, kept:], controls[:, kept:]))


def _explained(terms: Floats, controls: Floats) -> tuple[tuple[int, ...], float]:
    """The controls that explain a measure's terms, shape (replications, segments), and how many times less variance they leave.

    A quarter of the pilot's horizon is one observation: long enough for what is drawn in it to have had its effect, and there are some 64 of them.
    """
    size = max(1, SEGMENTS // BLOCKS)
    blocks = terms.shape[1] // size
    if controls.shape[2] == 0 or blocks == 0:
        return (), 1.0
    length = blocks * size
    sums = terms[:, -length:].reshape(-1, size).sum(axis=1)
    return choose(sums, controls[:, -length:].reshape(-1, size, controls.shape[2]).sum(axis=1))
