"""The ratio of two finished points, from the batches that are kept of them. The interval itself is made in `spn.estimate`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spn.estimate.comparison import ratio_interval
from spn.estimate.intervals import Interval
from spn.estimate.paired import Down, down_of, paired_ratio
from spn.study.plan import STEADY, TERMINATING, BatchResult
from spn.sweeps.coding import context_of, decode
from spn.sweeps.records import Record
from spn.sweeps.store import Store


def ratio(store: Store, ends: Sequence[tuple[Record, int]], measures: tuple[str, str], confidence: float) -> Interval | None:
    """U / U of two finished points, given as what is known of them and their numbers; None, if one has not been measured.

    With common random numbers where both are known well enough for that, else from the two intervals, as `spn compare` does.
    """
    found = [record.measures.get(measure) for (record, _), measure in zip(ends, measures, strict=True)]
    first, second = found
    if first is None or second is None or first.kind != "availability" or second.kind != "availability":
        return None
    downs = [_down(store, number, measure, record.digest) for (record, number), measure in zip(ends, measures, strict=True)]
    a, b = downs
    if a is None or b is None or not a.enough or not b.enough:
        return ratio_interval(first.primary, second.primary)
    between = paired_ratio(a, b, confidence)
    return between.without(between.estimate * (1.0 - _freed(first.primary) / _freed(second.primary)))


def _freed(u: Interval) -> float:
    """By what factor U is changed by taking off what stopping had added to it: either point ended by itself."""
    return u.estimate / (u.estimate + u.bias)


def last_batches(store: Store, number: int, experiment: int, digest: str) -> list[BatchResult]:
    """The batches of a finished point's experiment, in order; `digest` is that of its net. Raises `Damaged`."""
    return [decode(data, context_of(plan, index, digest)) for plan, index, data in store.last_batches(number, experiment)]


def _down(store: Store, number: int, measure: str, digest: str) -> Down | None:
    """What the replications of a point saw of an availability; None, if they were cut short or nothing is there."""
    for experiment in (STEADY, TERMINATING):
        batches = last_batches(store, number, experiment, digest)
        parts = [batch.observations[measure] for batch in batches if measure in batch.observations]
        if not parts:
            continue
        kept = batches[0].controls.size and parts[0].shape[2] > 1
        controls = np.concatenate([batch.controls.sum(axis=1) for batch in batches]) if kept else None
        return down_of("Availability", np.concatenate(parts), controls)
    return None
