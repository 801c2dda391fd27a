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
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.estimate.influence import Influence, Influences, Ranked
from spn.estimate.intervals import Floats, halls_half_width
from spn.estimate.quantiles import relative_half_widths
from spn.estimate.stopping import Look, Orders

DRAWN = 400
"""The orders that are drawn. What is random in them adds less than a thousandth to the variance of an estimate."""

MOST_MOVED = 5_000_000
"""So much is put into other orders at most, of all numbers together, but for the `FEWEST` orders."""

FEWEST = 16

TOGETHER = 2_000_000
"""What is put into other orders at a time, for memory's sake."""

EARLY = 16
"""Looks at less than this part of the replications are left out: the interval was about four times as wide there as is asked for."""

LEAST_BLOCKS = 4096
"""Of more replications than twice as many, some that came one after the other are moved together: it is their number that takes time."""

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
    early = next(look for look, number in enumerate(replications) if number * EARLY >= total)
    numbers = replications[early:]
    if len(numbers) < 2 or not measured:
        return None
    size = _block(numbers)
    moments = {name: _Moments.of(each, early, numbers, size) for name, each in measured.items()}
    ends_at = [number // size for number in numbers]
    width = max(1, sum(each.width for each in moments.values()))
    drawn = int(min(DRAWN, max(FEWEST, MOST_MOVED // (ends_at[-1] * width))))
    chunks = list(_chunks(drawn, max(1, TOGETHER // (ends_at[-1] * width))))
    alive = np.concatenate([_alive(numbers, moments, ends, _orders(chunk, ends_at[-1])) for chunk in chunks])
    alive[0] = True
    alive = np.logical_and.accumulate(alive, axis=1)
    ended = np.flatnonzero(1.0 - alive.mean(axis=0) > NEVER)
    if not len(ended):
        return None
    first = ends_at[int(ended[0])]
    counts = np.zeros(ends_at[-1])
    for chunk in chunks:
        kept = _orders(chunk, ends_at[-1])[alive[chunk.start : chunk.stop, -1]]
        counts += np.bincount(kept[:, :first].ravel(), minlength=ends_at[-1])
    return np.repeat(counts * (ends_at[-1] / counts.sum()), size)


def _block(numbers: Sequence[int]) -> int:
    """How many replications are moved together: a power of two that divides all `numbers` at which looks are."""
    size, common = 1, math.gcd(*numbers)
    while common % (2 * size) == 0 and numbers[-1] // (2 * size) >= LEAST_BLOCKS:
        size *= 2
    return size


def _chunks(number: int, size: int) -> Iterator[range]:
    for start in range(0, number, size):
        yield range(start, min(number, start + size))


def _orders(numbers: range, total: int) -> Order:
    """Some of the orders, a row each. The one in which they came is the first: it is one of those that end where the run did, and as good as any."""
    found = np.tile(np.arange(total), (len(numbers), 1))
    start = 1 if numbers.start == 0 else 0
    found[start:] = np.random.Generator(np.random.SFC64([19900806, numbers.start])).permuted(found[start:], axis=1)
    return found


@final
@dataclass(frozen=True, slots=True)
class _Moments:
    """One measure by blocks of replications. Of each number that is asked for: its influence, and sums of its terms, of their squares and of their
    cubes, shape (blocks, k). `ranked` are quantiles, their values of shape (blocks, replications). `events`: of each block, or None. `looks` are
    those that are not left out, `bounds` the blocks at them, `sizes` the replications at all but the last; `scales` see `_scales`.
    """

    parts: list[tuple[Influence, Floats, Floats, Floats]]
    ranked: tuple[Ranked, ...]
    opaque: bool
    events: Floats | None
    looks: Sequence[Look]
    wanted: int
    bounds: Sequence[int]
    sizes: Floats
    scales: Floats

    @staticmethod
    def of(each: Measured, early: int, numbers: Sequence[int], size: int) -> _Moments:
        def summed(terms: Floats) -> Floats:
            return terms if size == 1 else terms.reshape(len(terms) // size, size, -1).sum(axis=1)

        parts = [(part, summed(x := part.terms), summed(y := x * x), summed(y * x)) for part in map(_scaled, each.influences.asked.values())]
        events = each.influences.events
        bounds, looks = [number // size for number in numbers], each.looks[early:]
        sizes = np.array(numbers[:-1], np.float64)[None, :, None]
        ranked = tuple(replace(part, values=part.values.reshape(-1, size)) for part in each.influences.ranked)
        counts = None if events is None else summed(events[:, None])[:, 0]
        found = _Moments(parts, ranked, each.influences.opaque, counts, looks, each.wanted, bounds, sizes, np.ones(len(looks) - 1))
        return replace(found, scales=_scales(found))

    @property
    def width(self) -> int:
        """How much there is to be moved of each block."""
        numbers: int = sum(sums.shape[1] for _, sums, _, _ in self.parts)
        return numbers + len(self.bounds) * sum(int(part.values.shape[1]) for part in self.ranked)

    def prefixes(self, values: Floats, orders: Order) -> Floats:
        """Sums of what blocks have up to each look but the last; shape (orders, looks, ...)."""
        starts = np.array([0, *self.bounds[:-2]])
        picked = values[orders[:, : self.bounds[-2]]]
        return np.asarray(np.cumsum(np.add.reduceat(picked, starts, axis=1), axis=1), np.float64)


def _scaled(part: Influence) -> Influence:
    """In units of the largest term: the cube of a time can be more than a number holds."""
    unit = float(np.abs(part.terms).max()) or 1.0
    return Influence(part.values / unit, part.terms / unit, part.absolute)


def _alive(numbers: Sequence[int], moments: Mapping[str, _Moments], ends: Ends, orders: Order) -> Truths:
    """Which of some orders would not have ended at each look but the last, whatever they do at others; shape (orders, looks)."""
    relative = {name: _relative(each, orders) for name, each in moments.items()}
    counted = {name: None if each.events is None else each.prefixes(each.events, orders) for name, each in moments.items()}
    alive = np.ones((len(orders), len(numbers) - 1), np.bool_)
    for look in range(len(numbers) - 1):
        events = {name: None if seen is None else seen[:, look] for name, seen in counted.items()}
        enough = {name: _enough(each, look, events[name], len(orders)) for name, each in moments.items()}
        hopeless = frozenset(name for name, each in moments.items() if each.looks[look].hopeless is not None)
        alive[:, look] = ~ends(Orders(len(orders), {name: part[:, look] for name, part in relative.items()}, enough, events, hopeless))
    return alive


def _relative(each: _Moments, orders: Order) -> Floats:
    """The relative half-width of a measure at each look but the last, shape (orders, looks)."""
    if each.opaque:  # as it was in the order in which they came
        return np.tile([look.relative for look in each.looks[:-1]], (len(orders), 1))
    return _raw(each, orders) * each.scales


def _raw(each: _Moments, orders: Order) -> Floats:
    """The largest half-width over the greatest value among the numbers that are asked for, at each look but the last; shape (orders, looks).

    Half-widths are those of means with a normal quantile and Hall's correction (`spn.estimate.intervals.studentised_ends`): skewed observations have
    wide intervals where their skewness is great, and it matters which orders end for that.
    """
    found = np.zeros((len(orders), len(each.bounds) - 1))
    for part, *sums in each.parts:
        means, squares, cubes = (each.prefixes(values, orders) / each.sizes for values in sums)
        variances = np.maximum(squares - means * means, 0.0)
        third = cubes - 3.0 * means * squares + 2.0 * means**3
        skewness = np.divide(third, variances**1.5, out=np.zeros_like(third), where=variances > 0.0)
        half = (np.sqrt(variances / (each.sizes - 1.0)) * halls_half_width(NORMAL, skewness / np.sqrt(each.sizes))).max(axis=2)
        greatest = np.ones_like(half) if part.absolute else np.abs(part.values + means).max(axis=2)
        np.maximum(found, np.divide(half, greatest, out=np.full_like(half, math.inf), where=greatest > 0.0), out=found)
    for quantile in each.ranked:
        for look, bound in enumerate(each.bounds[:-1]):
            values = quantile.values[orders[:, :bound]].reshape(len(orders), -1)
            found[:, look] = np.maximum(found[:, look], relative_half_widths(values, quantile.probability, quantile.confidence))
    return found


def _scales(each: _Moments) -> Floats:
    """The relative half-width at each look over what `_raw` makes of it: another quantile, and whatever a method does besides."""
    raw = _raw(each, np.arange(each.bounds[-1])[None, :])[0]
    known = np.array([look.relative for look in each.looks[:-1]])
    good = np.isfinite(known) & np.isfinite(raw) & (known > 0.0) & (raw > 0.0)
    scales = np.ones(len(known))
    scales[good] = known[good] / raw[good]
    last = 1.0
    for look in range(len(scales) - 1, -1, -1):
        last = scales[look] = float(scales[look]) if good[look] else last
    return scales


def _enough(each: _Moments, look: int, events: Floats | None, number: int) -> Truths:
    """Where replications and events would have been enough at a look. What else was missing would have been missing in any order."""
    seen, own = each.looks[look].enough, each.looks[look].events
    if events is None or own is None:
        return np.full(number, seen)
    if not seen and own >= each.wanted:
        return np.zeros(number, np.bool_)
    return np.asarray(events >= each.wanted, np.bool_)
