"""Estimates with control variates: sums whose mean is known to be 0 explain a part of what is observed. What they are sums of is not known here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from spn.estimate.intervals import FIELLER, STUDENT, Floats, Interval, check_confidence, fieller, studentised_ends

MOST = 4
"""The most controls of one measure. Each costs a degree of freedom, and there may be only 32 replications."""

LEAST_WIDTH = 1e-9
"""The least relative half-width: sojourns are differences of times of up to 1e9 s, which are known to 1e-7 s, and so is what controls leave of
them.
"""

HEAVIEST = 0.3
"""The most excess kurtosis of what controls leave, over the number of replications. Beyond it a few replications make up the variance, and Student's
interval covers more than asked: 99 % at 95 %, where a down time that a window cuts off is all that the mean down time of one in ten windows has
besides what controls explain.
"""

ROUNDING_WIDTH = 1e-6
"""Relative half-widths below this are of rounding, or nearly, and a few of them that are larger than others do not matter."""

LEAST_GAIN = 1.25
"""Where controls leave more than 1 / this of the variance they are not used: what they take to keep must not outweigh what they bring."""

WITH = ", with "
"""In the name of a method, before its controls."""

F_TO_ENTER = 8.0
"""A control is added if it lowers the residual sum of squares by this times the residual variance (Efroymson's forward selection)."""


def ratio_with_controls(numerators: Floats, denominators: Floats, controls: Floats, confidence: float) -> Interval | None:
    """E[X] / E[Y] from n i.i.d. pairs with controls C of mean 0, shape (n, p). None if they are of no use, or leave only what a few pairs have.

    X and Y are regressed on C; the intercepts are their means without what C explains (Lavenberg and Welch, Management Science 27, 1981, eq. 14 to
    17),
    and their ratio is the estimate. The interval is Fieller's from the covariance of the two intercepts, with n - p - 1 degrees of freedom; it is
    Student's if Y is constant. To regress the terms X - r Y instead, r being the ratio of sums, would be the same to first order, but leaves a part
    of the size of (r - E[X] / E[Y]) Y, which is all that is left where the controls explain X - E[X] / E[Y] Y nearly.
    """
    check_confidence(confidence)
    count, number = controls.shape
    if number == 0 or count < number + 3 or float(np.sum(denominators)) <= 0.0:
        return None
    above, below = regress(numerators, controls), regress(denominators, controls)
    if above is None or below is None or below.intercept <= 0.0:
        return None
    scale = above.scale / above.freedom
    variances = [scale * float(x @ y) for x, y in ((above.residuals,) * 2, (above.residuals, below.residuals), (below.residuals,) * 2)]
    left = above.residuals - above.intercept / below.intercept * below.residuals
    ends = studentised_ends(left, confidence, above.freedom, signed=True)
    found = fieller(above.intercept, below.intercept, (variances[0], variances[1], variances[2]), ends, confidence)
    if found.relative_half_width > ROUNDING_WIDTH and _excess_kurtosis(left) > HEAVIEST * count:
        return None
    slack = LEAST_WIDTH * abs(found.estimate)
    method = STUDENT if variances[2] <= (1e-9 * below.intercept) ** 2 else FIELLER
    text = f"{method}{WITH}{number} control variate{'s' if number > 1 else ''}"
    return Interval(found.estimate, min(found.low, found.estimate - slack), max(found.high, found.estimate + slack), confidence, text)


def with_controls(found: Interval) -> bool:
    """Whether an interval is one of `ratio_with_controls`."""
    return WITH in found.method


def _excess_kurtosis(residuals: Floats) -> float:
    """The fourth moment over the squared variance, less the 3 of a normal distribution; 0 of residuals that are all 0."""
    squares = residuals * residuals
    variance = float(squares.mean())
    return float((squares * squares).mean()) / (variance * variance) - 3.0 if variance > 0.0 else 0.0


@final
@dataclass(frozen=True, slots=True)
class Fit:
    """What is left of observations: the `intercept` where all controls are 0, the degrees of freedom behind it, and the `residuals`. Its variance
    is that
    of an observation times `scale`.
    """

    intercept: float
    scale: float
    freedom: int
    residuals: Floats

    @property
    def error(self) -> float:
        """The standard error of the intercept."""
        return math.sqrt(self.scale * float(self.residuals @ self.residuals) / self.freedom)


def regress(terms: Floats, controls: Floats) -> Fit | None:
    """The regression of terms on controls, scaled so that sizes do not matter; None if the controls depend on each other or do not vary."""
    count, number = controls.shape
    means, spread = controls.mean(axis=0), controls.std(axis=0)
    if not (spread > 0.0).all():
        return None
    design = (controls - means) / spread
    orthogonal, triangle = np.linalg.qr(design)
    if np.abs(np.diagonal(triangle)).min() < 1e-6 * math.sqrt(count):
        return None
    shares = orthogonal.T @ terms
    residuals = terms - terms.mean() - orthogonal @ shares
    offset = np.linalg.solve(triangle.T, means / spread)
    intercept = float(terms.mean() - offset @ shares)
    return Fit(intercept, 1.0 / count + float(offset @ offset), count - number - 1, residuals)


def choose(terms: Floats, controls: Floats) -> tuple[tuple[int, ...], float]:
    """Which controls explain observations, and the factor by which they lower their variance (1 without any).

    `terms` has shape (n,), `controls` (n, p). Forward selection: that control is added which leaves least, as long as it is significant and there are
    at most `MOST`. To be asked of other observations than those that are then estimated from, or the estimate would be biased.
    """
    count = len(terms)
    chosen: list[int] = []
    left = terms - terms.mean()
    scaled = controls - controls.mean(axis=0)
    norms = np.sqrt((scaled * scaled).sum(axis=0))
    alive = norms > 1e-9 * np.abs(controls).max(initial=0.0)
    scaled = np.divide(scaled, norms, out=np.zeros_like(scaled), where=alive)
    before = total = float(left @ left)
    while len(chosen) < MOST and before > 0.0 and alive.any():
        gains = np.where(alive, (scaled.T @ left) ** 2, -1.0)
        best = int(np.argmax(gains))
        after = before - float(gains[best])
        freedom = count - len(chosen) - 2
        if freedom < 8 or float(gains[best]) * freedom < F_TO_ENTER * after:
            break
        chosen.append(best)
        axis = scaled[:, best].copy()
        left = left - axis * float(axis @ left)
        before = float(left @ left)
        # The others without what this one has in common with them (Gram and Schmidt).
        scaled = scaled - np.outer(axis, axis @ scaled)
        norms = np.sqrt((scaled * scaled).sum(axis=0))
        alive &= norms > 0.05
        scaled = np.divide(scaled, norms, out=np.zeros_like(scaled), where=alive)
    freedom = count - len(chosen) - 1
    gain = total / (count - 1) / (before / freedom) if before > 0.0 and chosen else math.inf if chosen else 1.0
    return (tuple(sorted(chosen)), gain) if gain >= LEAST_GAIN else ((), 1.0)
