"""From the forms in which parameters are given to the canonical ones, as plain float functions that numba compiles to the same bits.

They check nothing: the values have been checked one by one before (`base.check_form`), the result is checked after by the class that takes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def exponential_mean(mean: float) -> tuple[float]:
    """The rate is 1 / mean."""
    return (1.0 / mean,)


def lognormal_mean_sigma(mean: float, sigma: float) -> tuple[float, float]:
    """By eq. 9 of the thesis, mu = ln(mean) - sigma^2 / 2."""
    return math.log(mean) - sigma * sigma / 2.0, sigma


def lognormal_mean_sd(mean: float, sd: float) -> tuple[float, float]:
    """By eq. 8 of the thesis, sigma = sqrt(ln(1 + sd^2 / mean^2)); mu by eq. 9."""
    variation = sd / mean
    square = math.log1p(variation * variation)
    return math.log(mean) - square / 2.0, math.sqrt(square)


def weibull_shape_mean(shape: float, mean: float) -> tuple[float, float]:
    """The scale is mean / Gamma(1 + 1 / shape)."""
    return shape, mean / math.gamma(1.0 + 1.0 / shape)


def gamma_shape_mean(shape: float, mean: float) -> tuple[float, float]:
    """The scale is mean / shape."""
    return shape, mean / shape


def gamma_shape_rate(shape: float, rate: float) -> tuple[float, float]:
    """The scale is 1 / rate."""
    return shape, 1.0 / rate


def erlang_k_mean(k: int, mean: float) -> tuple[int, float]:
    """The rate is k / mean: the mean is that of the sum."""
    return k, k / mean


def hyperexponential_means(weights: Sequence[float], means: Sequence[float]) -> tuple[Sequence[float], tuple[float, ...]]:
    """Each rate is 1 / mean."""
    return weights, tuple(1.0 / mean for mean in means)


def hypoexponential_means(means: Sequence[float]) -> tuple[tuple[float, ...]]:
    """Each rate is 1 / mean."""
    return (tuple(1.0 / mean for mean in means),)
