"""Comparing two systems that were simulated with common random numbers: the interval of a ratio of unavailabilities, with their covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from spn.estimate.controlled import regress
from spn.estimate.intervals import Floats, Interval, check_confidence, poisson_rate, t_quantile

LEAST = 30
"""Replications, and failures, below which linearisation is not to be trusted."""


@final
@dataclass(frozen=True, slots=True)
class Down:
    """What the replications of one system saw: `down` time and `total` time of each, in their order, the failures of all, and control variates,
    shape (replications, number), if there are any.
    """

    down: Floats
    total: Floats
    failures: float
    controls: Floats | None = None

    @property
    def enough(self) -> bool:
        """Whether the ratio of sums is nearly linear in them."""
        return len(self.down) >= LEAST and self.failures >= LEAST and float(self.down.sum()) > 0.0

    def linearised(self) -> Linear:
        """U and the terms whose mean is the error of log U, to first order (delta method); without what controls explain."""
        share = float(self.down.sum()) / float(self.total.sum())
        plain: Floats = (self.down - share * self.total) / float(self.down.mean())
        if self.controls is None:
            return Linear(share, plain, len(plain) - 1)
        down, total = regress(self.down, self.controls), regress(self.total, self.controls)
        if down is None or total is None or down.intercept <= 0.0 or total.intercept <= 0.0:
            return Linear(share, plain, len(plain) - 1)
        terms = down.residuals / down.intercept - total.residuals / total.intercept
        # So that terms of this variance have the error of the intercepts (see `regress`).
        grown = math.sqrt(down.scale * len(terms) * (len(terms) - 1) / down.freedom)
        return Linear(down.intercept / total.intercept, terms * grown, down.freedom)


@final
@dataclass(frozen=True, slots=True)
class Linear:
    """U, the terms of the error of its logarithm, and the degrees of freedom that their variance has."""

    share: float
    terms: Floats
    freedom: int


def paired_ratio(a: Down, b: Down, confidence: float) -> Interval:
    """U(a) / U(b), where replication i of both used the same random numbers.

    By the delta method on the logarithm (Owen, Monte Carlo theory, methods and examples, sec. 2.7 and 8.6):
    var log(U_a / U_b) = v_a / n_a + v_b / n_b - 2 c n / (n_a n_b), v being the variances of the linearised terms and c their covariance over
    the n replications that both have; Student's quantile with the fewer degrees of freedom of the two. Without correlation c is 0 but for noise, and
    this is the interval of independent estimates. Both must have `enough`.

    Where the random numbers in common make the two nearly the same, failures that only one of them had can be so few that none was seen, and the
    variance says nothing: the interval is never narrower than what such failures could make unseen, by Garwood's bound for no event among the
    failures that there were.
    """
    check_confidence(confidence)
    one, other = a.linearised(), b.linearised()
    x, y = one.terms, other.terms
    common = min(len(x), len(y))
    covariance = float(np.cov(x[:common], y[:common])[0, 1])
    variance = float(np.var(x, ddof=1)) / len(x) + float(np.var(y, ddof=1)) / len(y) - 2.0 * covariance * common / (len(x) * len(y))
    half = t_quantile(confidence, min(one.freedom, other.freedom)) * math.sqrt(max(variance, 0.0))
    half = max(half, poisson_rate(0, min(a.failures, b.failures), confidence).high)
    estimate = one.share / other.share
    return Interval(estimate, estimate * math.exp(-half), estimate * math.exp(half), confidence, "common random numbers, delta method on log")
