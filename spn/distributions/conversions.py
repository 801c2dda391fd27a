"""From the forms in which parameters are given to the canonical ones, as plain float functions that kernels compile to the same bits.

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
    """The scale is mean / Gamma(1 + 1 / shape).

    Not by `math.gamma`, for which CPython has code of its own and kernels would call the C library: they differ in the last bits. Instead the
    recurrence Gamma(z) = (z - 1) Gamma(z - 1) leads to 2 <= z < 3, where the rational function of the Cephes library (S. L. Moshier, gamma.c)
    takes over.
    """
    if shape < 0.01:  # the class refuses it, and the recurrence would be long
        return shape, mean
    z = 1.0 + 1.0 / shape
    factor = 1.0
    while z >= 3.0:
        z -= 1.0
        factor *= z
    if z < 2.0:
        factor /= z
        z += 1.0
    x = z - 2.0
    p = 1.60119522476751861407e-4
    p = p * x + 1.19135147006586384913e-3
    p = p * x + 1.04213797561761569935e-2
    p = p * x + 4.76367800457137231464e-2
    p = p * x + 2.07448227648435975150e-1
    p = p * x + 4.94214826801497100753e-1
    p = p * x + 9.99999999999999996796e-1
    q = -2.31581873324120129819e-5
    q = q * x + 5.39605580493303397842e-4
    q = q * x - 4.45641913851797240494e-3
    q = q * x + 1.18139785222060435552e-2
    q = q * x + 3.58236398605498653373e-2
    q = q * x - 2.34591795718243348568e-1
    q = q * x + 7.14304917030273074085e-2
    q = q * x + 1.0
    return shape, mean / (factor * (p / q))


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
