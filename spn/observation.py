"""What is asked of an engine and what it answers: one replication, and the observations made in it.

Engines fill these in from a net; estimation reads them and sees nothing else. No statistics here, and no simulation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

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
    cuts for steady windows, one row otherwise. The columns are those of `columns`. `values` has the raw tallied values of tallies
    that ask for quantiles (from ``cuts[0]`` on, for steady windows). An observation that the end cut short has its missing entries NaN.
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


class Engine(Protocol):
    """A way to simulate. An engine is a value that can say why it does not support a net."""

    @property
    def name(self) -> str: ...

    def supports(self, net: Net) -> list[str]:
        """The reasons why not; empty if it does."""
        ...

    def prepare(self, net: Net) -> Prepared: ...
