"""Batch means: which windows of a long replication may be taken for independent observations. It sees arrays and plans nothing.

Several windows that follow each other in a replication need one warm-up instead of one each, and all but the first begin where the net is in its
long run, with clocks of all ages. What they cost is independence, which replications have for nothing. So it is tested, and windows that do not pass
are put together, in the end to one for each replication (Steiger, Lada, Wilson, Joines, Alexopoulos, Goldsman, ASAP3, ACM Trans. Model. Comput.
Simul. 15, 2005, do so with spaced batches; replicated batch means: Argon, Andradottir, Nav. Res. Logist. 53, 2006).
"""

from __future__ import annotations

import math

import numpy as np

from spn.estimate.controlled import regress
from spn.estimate.intervals import Floats
from spn.estimate.measures import terms

LEVEL = 0.2
"""The probability with which each test, on each side, rejects independent windows. To put some together for nothing costs degrees of freedom only,
while a correlation of 0.1 between neighbours, which 40 windows seldom show, makes intervals cover 93 %.
"""


def put_together(kind: str, observations: Floats, windows: int, controls: Floats | None = None) -> int:
    """How many windows that follow each other have to be put together: 1, 2, 4, ... or all `windows` of a replication.

    `observations` of a measure of that `kind` have the shape (replications, windows * segments, columns), its `controls` (replications, windows *
    segments, number). The linearised terms, X - r Y with r the ratio of sums, are tested on each level, and what the controls leave of them: what
    the end of a window cuts off may be all of that, and the next window has it.
    """
    above, below = (part.reshape(len(part), windows, -1).sum(axis=2) for part in terms(kind, observations))
    total = float(below.sum())
    left = above - (float(above.sum()) / total if total > 0.0 else 0.0) * below
    size = 1
    while size < windows and (dependent(left) or (controls is not None and dependent(without(left, unfolded(controls, windows, size).sum(axis=1))))):
        size *= 2
        left = left.reshape(len(left), -1, 2).sum(axis=2) if left.shape[1] % 2 == 0 else left.sum(axis=1, keepdims=True)
    return min(size, windows)


def without(left: Floats, controls: Floats) -> Floats:
    """What controls, shape (replications * windows, number), leave of observations; 0 where they cannot be told apart."""
    found = regress(left.ravel(), controls) if left.size > controls.shape[1] + 2 else None
    return np.zeros_like(left) if found is None else found.residuals.reshape(left.shape)


def dependent(left: Floats) -> bool:
    """Whether observations of mean 0, shape (replications, windows), depend on each other within replications, by one of the two tests."""
    return min(left.shape) >= 2 and bool(left.any()) and (correlated(left) or apart(left))


def correlated(left: Floats) -> bool:
    """Whether neighbours are correlated, to either side: intervals are too narrow if they go together, and too wide where a window makes up for what
    the end of the one before it cut off. The serial correlation coefficient is nearly normal, with the variance 1 / pairs (Anderson, Ann. Math.
    Stat. 13, 1942).
    """
    from scipy.special import ndtri

    replications, windows = left.shape
    pairs = replications * (windows - 1)
    correlation = float((left[:, 1:] * left[:, :-1]).sum()) / float((left * left).sum()) * (replications * windows) / pairs
    return bool(abs(correlation) * math.sqrt(pairs) > -float(ndtri(LEVEL)))


def apart(left: Floats) -> bool:
    """Whether replications differ by more than their windows do (analysis of variance), as they do in a net that never forgets how it began."""
    from scipy.special import fdtrc

    replications, windows = left.shape
    means = left.mean(axis=1)
    between = windows * float(np.var(means, ddof=1))
    within = float(((left - means[:, None]) ** 2).sum()) / (replications * (windows - 1))
    return within > 0.0 and float(fdtrc(replications - 1, replications * (windows - 1), between / within)) < LEVEL


def unfolded(parts: Floats, windows: int, size: int) -> Floats:
    """Observations or controls of replications as those of windows of which `size` are put together; shape (windows, segments, columns)."""
    return parts.reshape(len(parts) * (windows // size), -1, parts.shape[2])


def values_of(values: Floats, counts: Floats, size: int) -> list[Floats]:
    """The values tallied in a replication, or an even thinning of them, by windows of which `size` are put together. `counts` are of windows."""
    ends = np.cumsum(counts)[size - 1 :: size]
    cuts = np.rint(ends / max(1.0, float(ends[-1])) * len(values)).astype(np.int64)
    return np.split(values, cuts[:-1])
