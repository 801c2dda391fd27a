"""Systems that were simulated with common random numbers: intervals of ratios, differences and contrasts of logarithms, with their covariances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from spn.estimate.controlled import regress
from spn.estimate.intervals import Floats, Interval, check_confidence, poisson_rate, t_quantile
from spn.estimate.measures import events, terms

LEAST = 30
"""Replications, and failures, below which linearisation is not to be trusted."""

SAME = 1e-15
"""A share of the variance that is rounding."""

METHOD = "common random numbers, delta method on log"


@final
@dataclass(frozen=True, slots=True)
class Down:
    """What the replications of one system saw: `down` time and `total` time of each, in their order, the failures of all, and control variates,
    shape (replications, number), if there are any. Of other measures than availabilities: numerators, denominators and events.
    """

    down: Floats
    total: Floats
    failures: float
    controls: Floats | None = None

    @property
    def enough(self) -> bool:
        """Whether the ratio of sums is nearly linear in them."""
        return len(self.down) >= LEAST and self.failures >= LEAST and float(self.down.sum()) > 0.0 and float(self.total.sum()) > 0.0

    def linearised(self) -> Linear:
        """U and the terms whose mean is the error of log U, to first order (delta method); without what controls explain."""
        share = float(self.down.sum()) / float(self.total.sum())
        plain: Floats = (self.down - share * self.total) / float(self.down.mean())
        if self.controls is None:
            return Linear(share, plain, len(plain) - 1)
        down, total = regress(self.down, self.controls), regress(self.total, self.controls)
        if down is None or total is None or down.intercept <= 0.0 or total.intercept <= 0.0:
            return Linear(share, plain, len(plain) - 1)
        left = down.residuals / down.intercept - total.residuals / total.intercept
        # So that terms of this variance have the error of the intercepts (see `regress`).
        grown = math.sqrt(down.scale * len(left) * (len(left) - 1) / down.freedom)
        return Linear(down.intercept / total.intercept, left * grown, down.freedom)


def down_of(kind: str, observations: Floats, controls: Floats | None = None) -> Down | None:
    """What the observations of one measure (n, segments, columns) say; None, if there are none or a replication was cut short."""
    if not len(observations) or np.isnan(observations).any():
        return None
    if kind == "Availability" and observations.shape[2] == 1:  # at a point in time
        down: Floats = 1.0 - observations[:, 0, 0]
        return Down(down, np.ones(len(down)), float(np.count_nonzero(down)), controls)
    above, below = (part.sum(axis=1) for part in terms(kind, observations))
    counted = events(kind, observations)
    seen = float(np.count_nonzero(above)) if counted is None else float(counted.sum())
    return Down(above, below, seen, controls)


@final
@dataclass(frozen=True, slots=True)
class Linear:
    """U, the terms of the error of its logarithm, and the degrees of freedom that their variance has."""

    share: float
    terms: Floats
    freedom: int


@final
@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of logarithms of U: its `estimate`, half the width of its interval, its `variance`, and what that would be if all had been
    `independent`.
    """

    estimate: float
    half_width: float
    variance: float
    independent: float
    terms: Floats | None = None
    """Of each replication, of mean 0: what moves the estimate (`spn.estimate.influence`). None if the systems had different numbers of them."""

    def moved(self, weights: Floats | None) -> float:
        """By how much the estimate changes if replications count as much as their weights, of mean 1."""
        return 0.0 if weights is None or self.terms is None else float(weights @ self.terms) / len(weights)

    @property
    def gain(self) -> float:
        """How many times less variance it has for the random numbers in common; infinite, if it was the same in all replications but for rounding."""
        return self.independent / self.variance if self.variance > SAME * self.independent else math.inf

    def interval(self, confidence: float, method: str = METHOD, weights: Floats | None = None) -> Interval:
        """Its interval, and the estimate with replications counting as much as their weights."""
        found = Interval(self.estimate, self.estimate - self.half_width, self.estimate + self.half_width, confidence, method)
        return found.without(-self.moved(weights))


def contrast(parts: Sequence[Down], weights: Sequence[float], confidence: float) -> Contrast:
    """sum w log U, where replication i of all parts used the same random numbers.

    By the delta method on the logarithm (Owen, Monte Carlo theory, methods and examples, sec. 2.7 and 8.6): the variance is that of the weighted
    linearised terms, with their covariances over the replications that two have in common; Student's quantile with the fewest degrees of freedom.
    Without correlation the covariances are 0 but for noise, and this is the interval of independent estimates. All parts must have `enough`.

    Where the random numbers in common make the systems nearly the same, failures that only one of them had can be so few that none was seen, and the
    variance says nothing: the interval is never narrower than what such failures could make unseen, by Garwood's bound for no event among the
    failures that there were.
    """
    check_confidence(confidence)
    linear = [part.linearised() for part in parts]
    half, variance, independent = _half_width(linear, weights, max(map(abs, weights)) * _unseen(parts, confidence), confidence)
    estimate = sum(weight * math.log(part.share) for weight, part in zip(weights, linear, strict=True))
    alike = len({len(part.terms) for part in linear}) == 1
    return Contrast(estimate, half, variance, independent, _together(linear, weights) if alike else None)


def _unseen(parts: Sequence[Down], confidence: float) -> float:
    """The share of U that failures can make which only one system has and which were too rare to be seen."""
    return poisson_rate(0, min(part.failures for part in parts), confidence).high


def _half_width(parts: Sequence[Linear], weights: Sequence[float], least: float, confidence: float) -> tuple[float, float, float]:
    """Half the width of the interval of the weighted sum by Student's quantile, at `least` so much, and what `_variances` has."""
    variance, independent = _variances(parts, weights)
    freedom = min(part.freedom for part in parts)
    return max(t_quantile(confidence, freedom) * math.sqrt(variance), least), variance, independent


def _together(parts: Sequence[Linear], weights: Sequence[float]) -> Floats:
    """The weighted sum of the terms, replication by replication: terms that are the same cancel to the last bit."""
    found: Floats = np.sum([weight * part.terms for part, weight in zip(parts, weights, strict=True)], axis=0)
    return found


def _variances(parts: Sequence[Linear], weights: Sequence[float]) -> tuple[float, float]:
    """The variance of the weighted sum of the means of the terms, with and without covariances."""
    own = [weight * weight * float(np.var(part.terms, ddof=1)) / len(part.terms) for part, weight in zip(parts, weights, strict=True)]
    independent = sum(own)
    counts = {len(part.terms) for part in parts}
    if len(counts) == 1:
        return float(np.var(_together(parts, weights), ddof=1)) / counts.pop(), independent
    variance = independent
    for k, (first, w) in enumerate(zip(parts, weights, strict=True)):
        for second, v in zip(parts[k + 1 :], weights[k + 1 :], strict=True):
            x, y = first.terms, second.terms
            common = min(len(x), len(y))
            variance += 2.0 * w * v * float(np.cov(x[:common], y[:common])[0, 1]) * common / (len(x) * len(y))
    return max(variance, 0.0), independent


def ratio_of(found: Contrast, confidence: float, weights: Floats | None = None) -> Interval:
    """U / U from the contrast of their logarithms, the estimate with replications counting as much as their weights."""
    estimate = math.exp(found.estimate)
    interval = Interval(estimate, math.exp(found.estimate - found.half_width), math.exp(found.estimate + found.half_width), confidence, METHOD)
    return interval.without(-estimate * math.expm1(found.moved(weights)))


def paired_ratio(a: Down, b: Down, confidence: float) -> Interval:
    """U(a) / U(b), where replication i of both used the same random numbers, by their `contrast`. Both must have `enough`."""
    return ratio_of(contrast((a, b), (1.0, -1.0), confidence), confidence)


def paired_difference(a: Down, b: Down, confidence: float, weights: Floats | None = None) -> Interval:
    """U(a) - U(b), where replication i of both used the same random numbers: as `contrast`, with the terms of U instead of those of log U. The
    estimate is that with replications counting as much as their weights.
    """
    check_confidence(confidence)
    one, other = a.linearised(), b.linearised()
    least = max(one.share, other.share) * _unseen((a, b), confidence)
    half, _, _ = _half_width((one, other), (one.share, -other.share), least, confidence)
    estimate, factors = one.share - other.share, (one.share, -other.share)
    found = Interval(estimate, estimate - half, estimate + half, confidence, "common random numbers, delta method")
    return found if weights is None else found.without(-float(weights @ _together((one, other), factors)) / len(weights))
