"""What is simulated: experiments cut into batches that are numbered, and the pure function that runs one. No stopping and no estimates here.

A replication's randomness is keyed by (point, experiment, replication, stream) and a batch's replications follow from its index alone, so
a batch gives the same bits wherever and whenever it is run, and however often.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.engine.seeding import Words, streams_of, uniforms
from spn.estimate.intervals import Floats
from spn.observation import End, Prepared, Tasks, run_all

PILOT, STEADY, TERMINATING = 0, 1, 2
"""The experiments, as they stand in the keys of the replications."""

EXPERIMENTS = ("pilot", "steady", "terminating")

TRAJECTORY, PHASE = 0, 1
"""The streams of a replication: the engine's, and the one that shifts its observation window."""

BLOCK = 64
"""The streams of so many replications are made together."""

FIRST_LOOK = 32
LOOK_GROWTH = 1.12
MOST_VALUES = 4096
"""The most tallied values that are kept of one replication; of more an even thinning is."""


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """One experiment. With `segments` > 0 each replication is observed in `windows` windows of `length`, one after the other from `start` on, and
    each window is cut into as many equal parts; else as the windows of its net's measures say.

    `start` is `warmup`, or, with `phase`, warmup * (1 + u + v), u and v uniform on [0, 1) from the replication's own stream: nets with a period are
    then seen at a phase that is nearly uniform (its Fourier coefficients fall as the square of the number of periods in the warm-up).
    `unit` is the size of the first batches, `largest` that of the last. `offset` is the number of the first replication.
    """

    experiment: int
    measures: tuple[str, ...]
    warmup: float = 0.0
    length: float = 0.0
    segments: int = 0
    windows: int = 1
    """More than one: batch means. The looks are then at so many windows, not replications."""
    phase: bool = False
    max_firings: int = 10_000_000
    unit: int = 8
    largest: int = 1024
    offset: int = 0
    point: int = 0
    detail: bool = False
    """Keep the tokens at the cuts and the firings of each transition class, and all control variates."""
    controls: tuple[int, ...] = ()
    """The control variates that are kept, by their columns."""
    net: int = 0
    """The number of the net, where several are simulated in one study. It is no part of the keys."""
    others: tuple[Plan, ...] = ()
    """Of other nets, the plans whose batches are run together with this one's: replication by replication with the same keys."""

    @property
    def is_steady(self) -> bool:
        """Whether it is about the long run."""
        return self.experiment == STEADY

    @property
    def sampling(self) -> str:
        """How the long run is sampled."""
        return "regenerative" if not self.segments else "batch-means" if self.windows > 1 else "replications"

    def kept_columns(self, controls: tuple[int, ...]) -> tuple[int, ...]:
        """Where some of the control variates stand among those that are kept."""
        return tuple(self.controls.index(control) for control in controls)

    def tasks(self, seed: int, replications: range) -> Tasks:
        """The tasks of some replications (counted from 0, before the offset)."""
        number, first = len(replications), self.offset + replications.start
        shifted = bool(self.segments) and self.phase
        parts = [_drawn(seed, self.point, self.experiment, block, shifted) for block in range(first // BLOCK, (first + number - 1) // BLOCK + 1)]
        own = slice(first % BLOCK, first % BLOCK + number)
        streams, shifts = (np.concatenate([part[k] for part in parts], axis=-1)[..., own] for k in (0, 1))
        cuts = np.zeros((number, 0))
        if self.segments:
            start = self.warmup * shifts
            cuts = start[:, np.newaxis] + self.length * np.arange(self.windows * self.segments + 1) / self.segments
        keys, controlled = _keys(self.point, self.experiment, first, number, TRAJECTORY), self.detail or bool(self.controls)
        return Tasks(seed, keys, streams, self.measures, cuts, self.max_firings, self.detail, controlled)

    def bounds(self, index: int) -> range:
        """The replications of batch `index`: eight batches of `unit`, then four of each size, which doubles up to `largest`."""
        if index < 8:
            return range(index * self.unit, (index + 1) * self.unit)
        octave, place = divmod(index - 8, 4)
        octave += 1
        last = max(0, int(math.log2(max(1, self.largest // self.unit))))
        if octave > last:
            first = self.unit * 8 * 2**last
            size = self.unit * 2**last
            begin = first + (index - 8 - 4 * last) * size
        else:
            size = self.unit * 2**octave
            begin = self.unit * 4 * 2**octave + place * size
        return range(begin, begin + size)

    def is_look(self, index: int) -> bool:
        """Whether precision is looked at after batch `index`: at 32 windows, and then each time that 12 % have come in addition.

        Few looks keep small the chance of stopping early by luck.
        """

        def level(replications: int) -> int:
            count = replications * self.windows
            return -1 if count < FIRST_LOOK else int(math.log(count / FIRST_LOOK) / math.log(LOOK_GROWTH) + 1e-9)

        bounds = self.bounds(index)
        return level(bounds.stop) > level(bounds.start)

    def next_look(self, index: int) -> int:
        """The first batch from `index` on after which precision is looked at."""
        while not self.is_look(index):
            index += 1
        return index

    def batches_for(self, replications: int) -> int:
        """How many batches have at least so many replications."""
        most = 1
        while self.bounds(most - 1).stop < replications:
            most *= 2
        return bisect_left(range(most), replications, key=lambda index: self.bounds(index).stop) + 1


def _keys(point: int, experiment: int, first: int, number: int, stream: int) -> NDArray[np.int64]:
    """The keys of a stream of some replications."""
    keys = np.empty((number, 4), np.int64)
    keys[:, 0], keys[:, 1], keys[:, 2], keys[:, 3] = point, experiment, np.arange(first, first + number), stream
    return keys


@lru_cache(64)
def _drawn(seed: int, point: int, experiment: int, block: int, shifted: bool) -> tuple[Words, Floats]:
    """Of the `BLOCK` replications of a block: their streams, and by what their warm-up is multiplied."""
    first = block * BLOCK
    keys = [_keys(point, experiment, first, BLOCK, stream) for stream in ((TRAJECTORY, PHASE) if shifted else (TRAJECTORY,))]
    streams = streams_of(seed, np.concatenate(keys))
    trajectories, phases = streams[:, :BLOCK], streams[:, BLOCK:].copy()
    return trajectories, 1.0 + uniforms(phases) + uniforms(phases) if shifted else np.ones(BLOCK)


@final
@dataclass(frozen=True, slots=True)
class BatchResult:
    """What the replications of a batch gave, in order. n replications; `observations` by measure: shape (n, segments of all windows, columns).

    `dead_at` is NaN for a replication that did not die. `tokens` (n, cuts, places), `fired` (transitions, summed) and `controls` (n, segments,
    columns) are kept on request.
    """

    index: int
    observations: Mapping[str, Floats]
    values: Mapping[str, tuple[Floats, ...]]
    firings: NDArray[np.int64]
    times: Floats
    dead_at: Floats
    ends: tuple[End, ...]
    tokens: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0, 0), np.int64))
    fired: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    controls: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    others: tuple[BatchResult, ...] = ()
    """The same batch of each of the plan's others."""

    @property
    def replications(self) -> int:
        return len(self.ends)

    @property
    def simulated(self) -> float:
        """The seconds that were simulated. What comes after the death of a net costs nothing and does not count."""
        return float(np.where(np.isnan(self.dead_at), self.times, self.dead_at).sum())


def run_batch(prepared: Prepared, plan: Plan, seed: int, index: int) -> BatchResult:
    """Run the replications of one batch. A pure function of its arguments; raises `RunError`."""
    found = run_all(prepared, plan.tasks(seed, plan.bounds(index)))
    return BatchResult(
        index,
        found.observations,
        {name: tuple(_thinned(each) for each in values) for name, values in found.values.items()},
        found.firings,
        found.times,
        found.dead_at,
        found.ends,
        found.tokens,
        found.fired.sum(axis=0),
        found.controls if plan.detail else found.controls[:, :, list(plan.controls)],
    )


def _thinned(values: Floats) -> Floats:
    """At most `MOST_VALUES` of the values, evenly spaced in their order, which neither favours large nor small ones."""
    if len(values) <= MOST_VALUES:
        return values
    return values[(np.arange(MOST_VALUES) * len(values)) // MOST_VALUES]
