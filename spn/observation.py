"""What is asked of an engine and what it answers: one replication, and the observations made in it.

Engines fill these in from a net; estimation reads them and sees nothing else. No statistics here, and no simulation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from spn.net.types import Net


@dataclass(frozen=True, slots=True)
class Task:
    """One replication to run, from the initial marking at time 0.

    `key` is the spawn key of its random stream: ``SFC64(SeedSequence(seed, spawn_key=key))``.
    `cuts` are increasing times (at least two); measures with a steady window are observed separately between each
    consecutive two, so ``cuts[0]`` ends the warm-up and ``cuts[-1]`` is the horizon. Empty, if none is to be observed.
    Measures with the windows `At`, `Over`, `Until` and first passages are observed from time 0 as their windows say.
    `controlled` asks for control variates. `measures` are the names of those to observe.
    The run ends when all of them have been observed, and at the latest at `max_time`
    (seconds), after `max_firings` firings, or when the net holds more than `max_tokens` tokens.
    """

    seed: int
    key: tuple[int, ...]
    measures: tuple[str, ...]
    cuts: tuple[float, ...] = ()
    controlled: bool = False
    max_time: float = math.inf
    max_firings: int = 10_000_000
    max_tokens: int = 10_000_000


class End(Enum):
    """Why a replication ended. The values are what users read."""

    OBSERVED = "everything asked for was observed"
    TIME = "the time limit of the replication was reached"
    FIRINGS = "the limit of firings of the replication was reached"
    TOKENS = "the net holds too many tokens: a place is probably unbounded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replication gave.

    `observations` has for each measure an array of shape (segments, columns): one row for each interval between
    cuts for steady windows, one for each point of a curve, one row otherwise. The columns are those of `columns`. `values` has the raw tallied
    values of tallies that ask for quantiles (from ``cuts[0]`` on, for steady windows). An observation that the end cut short has its missing
    entries NaN.
    `dead_at` is the time at which a dead marking was entered (which is then observed until the horizon), or None.
    `tokens` is, for each cut, the number of tokens in each place class, shape (cuts, places).
    `fired` is the number of firings of each transition class. `controls`, if asked for, are sums of mean 0 (`spn.engine.reference.controls`):
    one row for each interval between cuts, or without cuts one for the whole replication; shape (rows, 2 x classes with controls).
    """

    end: End
    time: float
    firings: int
    dead_at: float | None
    observations: Mapping[str, NDArray[np.float64]]
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    tokens: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    fired: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    controls: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))


COLUMNS: Mapping[str, tuple[str, ...]] = {
    # Availability over time: `failures` counts the changes of the condition from true to false between successive tangible markings
    # in the interval, `repairs` those from false to true.
    "Availability": ("up_time", "down_time", "failures", "repairs"),
    "Average": ("integral", "duration"),
    "Integral": ("integral",),
    "Rate": ("count", "duration"),
    "Count": ("count",),
    "Tally": ("count", "total"),
    # Without `within`: time of passage, 1. With it: 1 or 0, 1. If the run was cut before it was known: time reached, 0.
    "FirstPassage": ("value", "known"),
}
"""The columns of an observation by the class name of the measure's quantity; with the window `At` there is one column, ``value``."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """Replications that differ only in their random streams and times: row k of `keys` (n, words) and `cuts` (n, cuts) is replication k's.

    `streams` (4, n) are the states of their random streams, which follow from the keys. With `detail`, tokens and firings of each class are wanted;
    `controlled` asks for control variates.
    """

    seed: int
    keys: NDArray[np.int64]
    streams: NDArray[np.uint64]
    measures: tuple[str, ...]
    cuts: NDArray[np.float64]
    max_firings: int
    detail: bool = False
    controlled: bool = False

    def __len__(self) -> int:
        return len(self.keys)

    def task(self, k: int) -> Task:
        """One of them alone."""
        key, cuts = tuple(self.keys[k].tolist()), tuple(self.cuts[k].tolist())
        return Task(self.seed, key, self.measures, cuts, self.controlled, max_firings=self.max_firings)

    def rest(self, k: int) -> Tasks:
        """Those from number k on."""
        return Tasks(self.seed, self.keys[k:], self.streams[:, k:], self.measures, self.cuts[k:], self.max_firings, self.detail, self.controlled)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What n replications gave, in their order: as in `Outcome`, with one more dimension in front.

    `values` has a tuple of n arrays for each measure, `dead_at` is NaN for those that did not die. `tokens` (n, cuts, places) and `fired`
    (n, transitions) are there if the tasks asked for `detail`, `controls` (n, intervals, columns) if they asked for them.
    """

    observations: Mapping[str, NDArray[np.float64]]
    values: Mapping[str, tuple[NDArray[np.float64], ...]]
    firings: NDArray[np.int64]
    times: NDArray[np.float64]
    dead_at: NDArray[np.float64]
    ends: tuple[End, ...]
    tokens: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0, 0), np.int64))
    fired: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    controls: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))


def gathered(outcomes: Sequence[Outcome], tasks: Tasks) -> Outcomes:
    """Single outcomes together; there is at least one."""
    empty = np.zeros(0)
    tallied = sorted({name for outcome in outcomes for name in outcome.values})
    nothing = np.zeros((0, 0, 0), np.int64), np.zeros((0, 0), np.int64)
    detail = (np.stack([each.tokens for each in outcomes]), np.stack([each.fired for each in outcomes])) if tasks.detail else nothing
    return Outcomes(
        {name: np.stack([outcome.observations[name] for outcome in outcomes]) for name in tasks.measures},
        {name: tuple(outcome.values.get(name, empty) for outcome in outcomes) for name in tallied},
        np.array([outcome.firings for outcome in outcomes], np.int64),
        np.array([outcome.time for outcome in outcomes]),
        np.array([math.nan if outcome.dead_at is None else outcome.dead_at for outcome in outcomes]),
        tuple(outcome.end for outcome in outcomes),
        *detail,
        np.stack([each.controls for each in outcomes]) if tasks.controlled else np.zeros((0, 0, 0)),
    )


def joined(parts: Iterable[Outcomes]) -> Outcomes:
    """Outcomes one after the other; there is at least one part, and all are of the same tasks."""
    each = list(parts)
    if len(each) == 1:
        return each[0]
    first, empty = each[0], np.zeros(0)
    tallied = sorted({name for part in each for name in part.values})
    return Outcomes(
        {name: np.concatenate([part.observations[name] for part in each]) for name in first.observations},
        {name: tuple(values for part in each for values in part.values.get(name, (empty,) * len(part.ends))) for name in tallied},
        np.concatenate([part.firings for part in each]),
        np.concatenate([part.times for part in each]),
        np.concatenate([part.dead_at for part in each]),
        tuple(end for part in each for end in part.ends),
        np.concatenate([part.tokens for part in each]),
        np.concatenate([part.fired for part in each]),
        np.concatenate([part.controls for part in each]),
    )


class RunError(Exception):
    """A net that cannot go on: a timeless trap, a negative rate, a division by zero. `code` is short and stable."""

    def __init__(self, code: str, message: str, time: float = 0.0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.time = time

    def __reduce__(self) -> tuple[type[RunError], tuple[str, str, float]]:
        return (type(self), (self.code, self.message, self.time))


class Abandoned(Exception):
    """Nobody wants the replication any more."""


class Prepared(Protocol):
    """A net made ready to run on an engine. Independent replications may run on it one after another."""

    @property
    def name(self) -> str:
        """What has run them so far, for people."""
        ...

    @property
    def concurrent(self) -> bool:
        """Whether it pays to run several at a time on threads."""
        ...

    def run(self, task: Task) -> Outcome:
        """Run one replication. Raises `RunError` and `Abandoned`."""
        ...

    def expect(self, firings: float | None) -> None:
        """About so many firings more will be asked for (None: nobody knows)."""
        ...

    def abandon(self) -> None:
        """Let all replications that run end with `Abandoned` soon, and do nothing more in the background."""
        ...


@runtime_checkable
class RunsMany(Protocol):
    """A prepared net that runs many replications sooner than one after the other."""

    def run_all(self, tasks: Tasks) -> Outcomes:
        """Run them, with the same outcomes as one by one. Raises `RunError` and `Abandoned`."""
        ...


def run_all(prepared: Prepared, tasks: Tasks) -> Outcomes:
    """Run replications in the quickest way that the engine has. Raises `RunError` and `Abandoned`."""
    if isinstance(prepared, RunsMany):
        return prepared.run_all(tasks)
    return gathered([prepared.run(tasks.task(k)) for k in range(len(tasks))], tasks)


class Engine(Protocol):
    """A way to simulate. An engine is a value that can say why it does not support a net."""

    @property
    def name(self) -> str: ...

    def supports(self, net: Net) -> list[str]:
        """The reasons why not; empty if it does."""
        ...

    def prepare(self, net: Net) -> Prepared: ...
