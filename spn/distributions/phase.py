"""Sums and mixtures of exponential times: Erlang, hyperexponential, hypoexponential.

The single exponential is in `continuous`; the numerical work for their curves in `curves`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import field
from itertools import accumulate
from typing import TYPE_CHECKING, final

from spn.distributions import conversions, curves, draws
from spn.distributions.base import Argument, Continuous, register
from spn.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

    from spn.distributions.base import FloatArray

K = Argument("k", 0, integer=True)
WEIGHTS = Argument("weights", 0, is_list=True, sign="nonnegative")
RATES = Argument("rates", -1, is_list=True)
MEANS = Argument("means", 1, is_list=True)


@register(
    "erlang",
    "The sum of k exponential times of the same rate; the mean is that of the sum.",
    {(K, Argument("rate", -1)): None, (K, Argument("mean", 1)): conversions.erlang_k_mean},
)
@final
@dataclass(frozen=True, slots=True)
class Erlang(Continuous):
    """The sum of k independent exponential times with the given rate: mean k / rate, variance k / rate^2.

    Draw: standard_gamma(k) / rate, whose cost does not grow with k.
    """

    k: int
    rate: float

    def _complete(self) -> None:
        pass

    @property
    def mean(self) -> float:
        return self.k / self.rate

    @property
    def variance(self) -> float:
        return self.k / self.rate / self.rate

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.erlang(rng, self.k, self.rate)

    def cumulative_hazard(self, x: float) -> float:
        return curves.gamma_cumulative_hazard(self.k, x * self.rate)

    def age_at(self, hazard: float) -> float:
        return curves.gamma_age_at(self.k, hazard) / self.rate

    def _cdf(self, x: FloatArray) -> FloatArray:
        return curves.gamma_cdf(self.k, self.rate * x)

    def _sf(self, x: FloatArray) -> FloatArray:
        return curves.gamma_sf(self.k, self.rate * x)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return curves.gamma_quantile(self.k, p) / self.rate

    def _pdf(self, x: FloatArray) -> FloatArray:
        return self.rate * curves.gamma_density(self.k, self.rate * x)

    def _hazard(self, x: FloatArray) -> FloatArray:
        return self._pdf(x) / self._sf(x)


@register(
    "hyperexponential",
    "One of several exponential times, chosen by weight: more variable than an exponential time.",
    {(WEIGHTS, RATES): None, (WEIGHTS, MEANS): conversions.hyperexponential_means},
)
@final
@dataclass(frozen=True, slots=True)
class HyperExponential(Continuous):
    """A mixture of exponential distributions; the weights need not sum to 1. `cumulative` are their sums from left to right.

    Draw: one `random` u, also for a single branch; the first j with u * cumulative[-1] < cumulative[j]; then standard_exponential / rates[j].
    """

    weights: tuple[float, ...]
    rates: tuple[float, ...]
    cumulative: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def _complete(self) -> None:
        object.__setattr__(self, "cumulative", cumulate("hyperexponential", self.weights))

    @property
    def mean(self) -> float:
        total = self.cumulative[-1]
        return summed(weight / total / rate for weight, rate in zip(self.weights, self.rates, strict=True))

    @property
    def variance(self) -> float:
        # Var = E[m^2] + Var[m] over the branch means m: sums of squares only, nothing cancels.
        total, mean = self.cumulative[-1], self.mean
        branches = [(weight / total, 1.0 / rate) for weight, rate in zip(self.weights, self.rates, strict=True)]
        return summed(p * (m * m + (m - mean) * (m - mean)) for p, m in branches)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.hyperexponential(rng, self.cumulative, self.rates)

    def _mixture(self) -> tuple[FloatArray, FloatArray]:
        """The branches that can be chosen: their probabilities and rates."""
        import numpy as np

        weights, rates = np.asarray(self.weights, np.float64), np.asarray(self.rates, np.float64)
        chosen = weights > 0.0
        return weights[chosen] / self.cumulative[-1], rates[chosen]

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        probabilities, rates = self._mixture()
        return -np.expm1(-np.multiply.outer(x, rates)) @ probabilities

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        probabilities, rates = self._mixture()
        return np.exp(-np.multiply.outer(x, rates)) @ probabilities

    def _quantile(self, p: FloatArray) -> FloatArray:
        return curves.invert(self._cdf, self._sf, p, self.mean)

    def _pdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        probabilities, rates = self._mixture()
        return np.exp(-np.multiply.outer(x, rates)) @ (probabilities * rates)

    def _hazard(self, x: FloatArray) -> FloatArray:
        import numpy as np

        probabilities, rates = self._mixture()
        relative = np.exp(-np.multiply.outer(x, rates - rates.min()))  # relative to the slowest branch: defined where sf underflows
        hazard: FloatArray = relative @ (probabilities * rates) / (relative @ probabilities)
        return hazard


@register(
    "hypoexponential",
    "The sum of several exponential times, each with its own rate: less variable than an exponential time.",
    {(RATES,): None, (MEANS,): conversions.hypoexponential_means},
)
@final
@dataclass(frozen=True, slots=True)
class HypoExponential(Continuous):
    """The sum of independent exponential times with the given rates, equal, nearly equal or different.

    The curves come from the matrix exponential of the chain of stages (`curves.stages`), which has no differences of rates in a denominator.

    Draw: for each rate in order one standard_exponential / rate; their sum from left to right.
    """

    rates: tuple[float, ...]

    def _complete(self) -> None:
        pass

    @property
    def mean(self) -> float:
        return summed(1.0 / rate for rate in self.rates)

    @property
    def variance(self) -> float:
        return summed(1.0 / rate / rate for rate in self.rates)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.hypoexponential(rng, self.rates)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.minimum(curves.stages(self.rates, x)[:, -1], 1.0)

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        waiting: FloatArray = curves.stages(self.rates, x)[:, :-1].sum(axis=1)
        return np.minimum(waiting, 1.0)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return curves.invert(self._cdf, self._sf, p, self.mean)

    def _pdf(self, x: FloatArray) -> FloatArray:
        return self.rates[-1] * curves.stages(self.rates, x)[:, -2]

    def _hazard(self, x: FloatArray) -> FloatArray:
        occupied = curves.stages(self.rates, x)
        hazard: FloatArray = self.rates[-1] * occupied[:, -2] / occupied[:, :-1].sum(axis=1)
        return hazard


def cumulate(family: str, weights: tuple[float, ...]) -> tuple[float, ...]:
    """The sums of the weights from left to right, refused if they are all zero or their sum overflows."""
    cumulative = tuple(accumulate(weights, initial=0.0))[1:]
    if cumulative[-1] == 0.0:
        raise ValueError(f"{family}: weights must not all be zero")
    if math.isinf(cumulative[-1]):
        raise ValueError(f"{family}: weights must have a finite sum")
    return cumulative


def summed(terms: Iterable[float]) -> float:
    """The sum of terms that are not negative, rounded once; infinite where it is beyond the largest double."""
    try:
        return math.fsum(terms)
    except OverflowError:
        return math.inf
