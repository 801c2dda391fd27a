"""What a run would have done had its replications come in another order, and what its estimates are without what the choice of the moment to stop
has added to them.

Replications are independent and alike, so that all orders in which they would have led to the same end were equally probable. The mean of the
replications before the first look at which a run can end is unbiased, as whatever they show does not decide whether they count. So is its
expectation given the set of all replications and the look at which the run ended (Rao and Blackwell): its mean over all the orders that end there.
Where events are counted until there are k of them it is (k - 1) / (n - 1) instead of k / n (Haldane, Biometrika 33, 1945). For normal observations
it is the estimate of Emerson and Fleming (Biometrika 77, 1990), which has the least variance of those that do not depend on looks that were never
taken (Liu and Hall, Biometrika 86, 1999). Here orders are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.estimate.influence import Influences
from spn.estimate.intervals import Floats, halls_half_width
from spn.estimate.stopping import Look, Orders

DRAWN = 400
"""The orders that are drawn. What is random in them adds less than a thousandth to the variance of an estimate."""

MOST_MOVED = 5_000_000
"""So many replications are put into other orders at most, of all numbers together, but for the `FEWEST` orders."""

FEWEST = 16

TOGETHER = 2_000_000
"""Replications that are put into other orders at a time, for memory's sake."""

NEVER = 0.01
"""A look at which fewer of the orders end counts as one at which none does."""

NORMAL = 1.96
"""The half-width over the standard error of symmetric observations, where no look says otherwise."""

Truths = NDArray[np.bool_]
Order = NDArray[np.int64]
Ends = Callable[[Orders], Truths]


@final
@dataclass(frozen=True, slots=True)
class Measured:
    """One measure in the course of a run: what moves it, its `looks`, one for each look that was taken, and the events that it has to have."""

    influences: Influences
    looks: Sequence[Look]
    wanted: int


def weights(replications: Sequence[int], measured: Mapping[str, Measured], ends: Ends) -> Floats | None:
    """How much each replication counts, shape (n,), of mean 1, so that weighted means have no bias from stopping.

    `replications` are the numbers at the looks; the run ended at the last, with n. `ends` says of each of several orders whether it would have ended
    the run at a look. None if all replications count the same.
    """
    total = replications[-1]
    if len(replications) < 2 or not measured:
        return None
    width = max(1, sum(part.terms.shape[1] for each in measured.values() for part in each.influences.asked.values()))
    number = int(min(DRAWN, max(FEWEST, MOST_MOVED // (total * width))))
    chunks = list(_chunks(number, max(1, TOGETHER // (total * width))))
    scales = {name: _scales(replications, each) for name, each in measured.items()}
    alive = np.concatenate([_alive(replications, measured, scales, ends, _orders(chunk, total)) for chunk in chunks])
    alive[0] = True
    alive = np.logical_and.accumulate(alive, axis=1)
    ended = np.flatnonzero(1.0 - alive.mean(axis=0) > NEVER)
    if not len(ended):
        return None
    first = replications[int(ended[0])]
    counts = np.zeros(total)
    for chunk in chunks:
        kept = _orders(chunk, total)[alive[chunk.start : chunk.stop, -1]]
        counts += np.bincount(kept[:, :first].ravel(), minlength=total)
    return np.asarray(counts * (total / counts.sum()), np.float64)


def _chunks(number: int, size: int) -> Iterator[range]:
    for start in range(0, number, size):
        yield range(start, min(number, start + size))


def _orders(numbers: range, total: int) -> Order:
    """Some of the orders, a row each. The one in which they came is the first: it is one of those that end where the run did, and as good as any."""
    found = np.tile(np.arange(total), (len(numbers), 1))
    start = 1 if numbers.start == 0 else 0
    found[start:] = np.random.Generator(np.random.SFC64([19900806, numbers.start])).permuted(found[start:], axis=1)
    return found


def _alive(replications: Sequence[int], measured: Mapping[str, Measured], scales: Mapping[str, Floats], ends: Ends, orders: Order) -> Truths:
    """Which of some orders would not have ended at each look but the last, whatever they do at others; shape (orders, looks)."""
    relative = {name: _raw(replications, each, orders) * scales[name] for name, each in measured.items()}
    counted = {name: _counted(replications, each, orders) for name, each in measured.items()}
    alive = np.ones((len(orders), len(replications) - 1), np.bool_)
    for look in range(len(replications) - 1):
        events = {name: None if seen is None else seen[:, look] for name, seen in counted.items()}
        enough = {name: _enough(each, look, events[name], len(orders)) for name, each in measured.items()}
        hopeless = frozenset(name for name, each in measured.items() if each.looks[look].hopeless is not None)
        alive[:, look] = ~ends(Orders(len(orders), {name: part[:, look] for name, part in relative.items()}, enough, events, hopeless))
    return alive


def _prefixes(replications: Sequence[int], values: Floats) -> Floats:
    """Sums up to each look but the last of `values` (orders, replications at the look before the last, ...)."""
    starts = np.array([0, *replications[:-2]])
    return np.asarray(np.cumsum(np.add.reduceat(values, starts, axis=1), axis=1), np.float64)


def _raw(replications: Sequence[int], each: Measured, orders: Order) -> Floats:
    """The largest half-width over the greatest value among the numbers that are asked for, at each look but the last; shape (orders, looks).

    Half-widths are those of means with a normal quantile and Hall's correction (`spn.estimate.intervals.studentised_ends`): skewed observations have
    wide intervals where their skewness is great, and it matters which orders end for that.
    """
    sizes = np.array(replications[:-1], np.float64)[None, :, None]
    found = np.zeros((len(orders), len(replications) - 1))
    for part in each.influences.asked.values():
        picked = part.terms[orders[:, : replications[-2]]]
        square = picked * picked
        means, squares, cubes = (_prefixes(replications, terms) / sizes for terms in (picked, square, square * picked))
        variances = np.maximum(squares - means * means, 0.0)
        third = cubes - 3.0 * means * squares + 2.0 * means**3
        skewness = np.divide(third, variances**1.5, out=np.zeros_like(third), where=variances > 0.0)
        half = (np.sqrt(variances / (sizes - 1.0)) * halls_half_width(NORMAL, skewness / np.sqrt(sizes))).max(axis=2)
        greatest = np.ones_like(half) if part.absolute else np.abs(part.values + means).max(axis=2)
        np.maximum(found, np.divide(half, greatest, out=np.full_like(half, math.inf), where=greatest > 0.0), out=found)
    return found


def _scales(replications: Sequence[int], each: Measured) -> Floats:
    """The relative half-width at each look over what `_raw` makes of it: another quantile, and whatever a method does besides."""
    own = np.arange(replications[-1])[None, :]
    raw = _raw(replications, each, own)[0]
    known = np.array([look.relative for look in each.looks[:-1]])
    good = np.isfinite(known) & np.isfinite(raw) & (known > 0.0) & (raw > 0.0)
    scales = np.ones(len(known))
    scales[good] = known[good] / raw[good]
    last = 1.0
    for look in range(len(scales) - 1, -1, -1):
        last = scales[look] = float(scales[look]) if good[look] else last
    return scales


def _counted(replications: Sequence[int], each: Measured, orders: Order) -> Floats | None:
    """The events at each look but the last, shape (orders, looks)."""
    counts = each.influences.events
    return None if counts is None else _prefixes(replications, counts[orders[:, : replications[-2]]])


def _enough(each: Measured, look: int, events: Floats | None, number: int) -> Truths:
    """Where replications and events would have been enough at a look. What else was missing would have been missing in any order."""
    seen, own = each.looks[look].enough, each.looks[look].events
    if events is None or own is None:
        return np.full(number, seen)
    if not seen and own >= each.wanted:
        return np.zeros(number, np.bool_)
    return np.asarray(events >= each.wanted, np.bool_)
