"""Has a process settled? Truncation of a start-up, drift between halves, unbounded growth. It sees arrays and plans nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.estimate.intervals import Floats


@final
@dataclass(frozen=True, slots=True)
class Drift:
    """First against second half: Student's `t` of the paired differences; the `relative` difference and its standard `error`, over the level."""

    t: float
    relative: float
    error: float


def mser(curve: Floats) -> int:
    """The number of leading points to drop: the d that minimises sum((y_i - mean)^2, i >= d) / (n - d)^2 (White, Simulation 69, 1997).

    White's MSER-5 takes averages of five observations; here each point is the average of a segment over replications. The last four points are not
    considered as a beginning (the criterion is not stable there). A constant curve gives 0.
    """
    length = len(curve)
    drops = np.arange(max(1, length - 4))
    kept = length - drops
    means = np.cumsum(curve[::-1])[::-1][drops] / kept
    rest = np.where(np.arange(length) >= drops[:, np.newaxis], curve - means[:, np.newaxis], 0.0)
    slack = 1e-24 * float(np.sum(curve * curve))
    values = (np.sum(rest * rest, axis=1) + slack) / kept**2
    best, least = 0, math.inf
    for drop, value in enumerate(values.tolist()):
        if value < least * (1.0 - 1e-12):
            best, least = drop, value
    return best


def drift(first: Floats, second: Floats, level: float) -> Drift:
    """Paired comparison of two windows of equal length over replications. Equal to rounding: t = 0; unequal without any spread: t is infinite."""
    count = len(first)
    if count < 2:
        return Drift(0.0, 0.0, math.inf)
    differences = second - first
    middle, error = float(np.mean(differences)), float(np.std(differences, ddof=1)) / math.sqrt(count)
    size = max(abs(level), float(np.max(np.abs(first))), float(np.max(np.abs(second))))
    if abs(middle) <= 1e-9 * size:
        t = 0.0
    else:
        t = math.copysign(math.inf, middle) if error <= 1e-12 * size else middle / error
    if level == 0.0:
        return Drift(t, 0.0 if middle == 0.0 else math.inf, math.inf)
    return Drift(t, abs(middle / level), error / abs(level))


def growing(tokens: NDArray[np.int64], t_least: float = 4.0, share: float = 0.3) -> tuple[int, ...]:
    """The places whose token count still grows at the end, in nearly the measure in which it grew at first.

    `tokens` has shape (replications, cuts, places), the cuts being equally spaced. Grows: the increase in the second half is significant
    (paired t > `t_least`) and at least `share` of that in the first (1: linear, as an overloaded queue; 0.41: as the square root, a queue at load 1).
    A place that fills up grows so for a while too: ask again with the horizon doubled, and doubled again.
    """
    if tokens.shape[0] < 2 or tokens.shape[1] < 3 or tokens.shape[2] == 0:
        return ()
    last = tokens.shape[1] - 1
    start, middle, end = (tokens[:, cut, :].astype(np.float64) for cut in (0, last // 2, last))
    later, earlier = end - middle, middle - start
    gain = later.mean(axis=0)
    error = later.std(axis=0, ddof=1) / math.sqrt(tokens.shape[0])
    found = (gain > t_least * error) & (gain > 1.0) & (gain >= share * np.abs(earlier.mean(axis=0)))
    return tuple(int(place) for place in np.flatnonzero(found))
