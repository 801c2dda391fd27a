"""Numerical functions behind the curves (cdf, density, quantile) of several distributions, on arrays; NumPy and SciPy are imported when called.

What belongs to one distribution alone stays with it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spn.distributions.base import FloatArray


@functools.cache
def special() -> ModuleType:
    """`scipy.special`, for functions of one number that are called a million times: an import in each would take as long as they."""
    import scipy.special

    return scipy.special


# The Riemann zeta function at 2, 3, ..., 12.
_ZETA = (
    1.6449340668482264, 1.2020569031595943, 1.0823232337111382, 1.0369277551433699, 1.0173430619844491, 1.0083492773819228,
    1.0040773561979443, 1.0020083928260822, 1.0009945751278181, 1.0004941886041195, 1.000246086553308,
)  # fmt: skip


def normal_density(z: FloatArray) -> FloatArray:
    """The standard normal density."""
    import numpy as np

    return np.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)


def normal_hazard(z: FloatArray) -> FloatArray:
    """density(z) / P(Z > z); the scaled complementary error function keeps it defined where both underflow."""
    import numpy as np
    from scipy.special import erfcx, ndtr

    return np.where(z > 0.0, math.sqrt(2.0 / math.pi) / erfcx(np.maximum(z, 0.0) / math.sqrt(2.0)), normal_density(z) / ndtr(-z))


def gamma_density(shape: float, x: FloatArray) -> FloatArray:
    """The density of a gamma variable of scale 1."""
    import numpy as np
    from scipy.special import gammaln, xlogy

    return np.exp(xlogy(shape - 1.0, x) - x - gammaln(shape))


def gamma_cdf(shape: float, x: FloatArray) -> FloatArray:
    """P(X <= x) of a gamma variable of scale 1."""
    import numpy as np
    from scipy.special import gammainc

    return np.asarray(gammainc(shape, x), np.float64)


def gamma_sf(shape: float, x: FloatArray) -> FloatArray:
    """P(X > x) of a gamma variable of scale 1."""
    import numpy as np
    from scipy.special import gammaincc

    return np.asarray(gammaincc(shape, x), np.float64)


def gamma_quantile(shape: float, p: FloatArray) -> FloatArray:
    """The quantile of a gamma variable of scale 1."""
    import numpy as np
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(shape, p), np.float64)


def gamma_cumulative_hazard(shape: float, x: float) -> float:
    """-ln P(X > x) of a gamma variable of scale 1, for one x; where P underflows, by the first terms of its continued fraction (Abramowitz and
    Stegun 6.5.31).
    """
    if x <= 0.0:
        return 0.0
    below = float(special().gammainc(shape, x))
    if below < 0.5:
        return -math.log1p(-below)
    above = float(special().gammaincc(shape, x))
    if above > 1e-290:
        return -math.log(above)
    return x - (shape - 1.0) * math.log(x) + math.lgamma(shape) + math.log1p((1.0 - shape) / x) if x < math.inf else math.inf


def gamma_age_at(shape: float, hazard: float) -> float:
    """The inverse of `gamma_cumulative_hazard`."""
    if hazard < 0.5:
        return float(special().gammaincinv(shape, -math.expm1(-hazard)))
    if hazard < 650.0:
        return float(special().gammainccinv(shape, math.exp(-hazard)))
    x = hazard
    for _ in range(100):  # x = hazard + (shape - 1) ln x - ..., a contraction
        x = max(1.0, x + hazard - gamma_cumulative_hazard(shape, x))
    return x


def weibull_squared_variation(shape: float) -> float:
    """Gamma(1 + 2/shape) / Gamma(1 + 1/shape)^2 - 1.

    For a large shape the difference loses its digits; there the series of ln Gamma(1 + x) (Abramowitz and Stegun 6.1.33) gives the logarithm
    of the quotient: the sum over n >= 2 of (-1)^n zeta(n) (2^n - 2) t^n / n with t = 1 / shape.
    """
    t = 1.0 / shape
    if t < 0.02:
        return math.expm1(math.fsum((-t) ** n * zeta * (2.0**n - 2.0) / n for n, zeta in enumerate(_ZETA, start=2)))
    try:
        return math.expm1(math.lgamma(1.0 + 2.0 * t) - 2.0 * math.lgamma(1.0 + t))
    except OverflowError:
        return math.inf


def invert(cdf: Callable[[FloatArray], FloatArray], sf: Callable[[FloatArray], FloatArray], p: FloatArray, mean: float) -> FloatArray:
    """The least double x with cdf(x) >= p, for 0 < p < 1 and a distribution on [0, infinity).

    Bisection over the bit patterns of the non-negative doubles, which are ordered as the doubles are: at most 63 steps whatever the scale,
    no tolerance and no starting value. The upper end is Markov's inequality, P(X > x) <= mean / x.
    Above the median sf decides, which is exact where cdf rounds to 1.
    """
    import numpy as np

    low = np.zeros(p.shape, np.int64)
    bound = np.minimum(2.0 * mean / (1.0 - p), np.finfo(np.float64).max)  # twice: room for rounding
    high = bound.view(np.int64).copy()
    while bool(np.any(low < high)):
        middle = low + (high - low) // 2
        x = middle.view(np.float64)
        reached = np.where(p < 0.5, cdf(x) >= p, sf(x) <= 1.0 - p)
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return high.view(np.float64)


def double_exponential(function: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    """The integral of a bounded function that is smooth inside of ]low, high[ (Takahasi and Mori, Publ. RIMS 9, 1974).

    The step is halved until two sums agree to 13 digits, six times at most.
    """
    import numpy as np

    if not high > low:
        return 0.0
    width, step, last = high - low, 0.5, math.inf
    while True:
        t = np.arange(-3.2, 3.2 + step / 2.0, step)
        s = math.pi / 2.0 * np.sinh(t)
        # The share of the width on the left, written so that it keeps its digits near 0.
        share = np.where(s < 0.0, np.exp(2.0 * np.minimum(s, 0.0)) / (1.0 + np.exp(2.0 * np.minimum(s, 0.0))), 1.0 / (1.0 + np.exp(-2.0 * s)))
        weight = math.pi / 4.0 * np.cosh(t) / np.cosh(s) ** 2
        total = float(np.sum(function(low + width * share) * weight)) * step * width
        if abs(total - last) <= 1e-13 * abs(total) or step < 0.01:
            return total
        last, step = total, step / 2.0


def stages(rates: Sequence[float], x: FloatArray) -> FloatArray:
    """Probabilities of being in stage 1, ..., k or done (the last) at each time x, for stages passed one after the other; shape (len(x), k + 1).

    The first row of exp(Q x) with Q the bidiagonal generator of the stages, by scaling and squaring. With the shift by the greatest rate the scaled
    matrix has no negative element, so neither the Taylor sum nor the squarings subtract, and every element keeps its relative accuracy (Shao, Gao,
    Xue, Aggressively truncated Taylor series method for accurate computation of exponentials of essentially nonnegative matrices, SIAM J. Matrix
    Anal. Appl. 35, 2014), be the rates equal, nearly equal or far apart. The diagonal, known in closed form, is set anew after each squaring
    (Al-Mohy and Higham, A new scaling and squaring algorithm for the matrix exponential, SIAM J. Matrix Anal. Appl. 31, 2009), or its error would
    double each time.
    """
    import numpy as np

    size = len(rates) + 1
    step = max(1, 1_000_000 // (size * size))  # bounds the memory
    if x.size > step:
        return np.concatenate([stages(rates, x[start : start + step]) for start in range(0, x.size, step)])
    decay = np.append(np.asarray(rates, np.float64), 0.0)
    greatest = decay.max()
    squarings = np.maximum(np.frexp(greatest)[1] + np.frexp(x)[1], 0)  # afterwards greatest * time <= 1
    time = np.ldexp(x, -squarings)
    diagonal = np.arange(size)
    stay = np.multiply.outer(time, greatest - decay)[:, None, :]  # the shifted, scaled matrix has only this diagonal
    go = np.multiply.outer(time, decay[:-1])[:, None, :]  # and this one above it
    term = np.broadcast_to(np.eye(size), (x.size, size, size))
    total = term.copy()
    for n in range(1, size + 20):  # element (i, j) begins with the power j - i; 20 more leave less than 1e-18 of it
        product = term * stay
        product[:, :, 1:] += term[:, :, :-1] * go
        term = product / n
        total += term
    total *= np.exp(-greatest * time)[:, None, None]
    total[:, diagonal, diagonal] = np.exp(-np.multiply.outer(time, decay))
    for done in range(int(squarings.max(initial=0))):
        more = squarings > done
        squared = total[more] @ total[more]
        squared[:, diagonal, diagonal] = np.exp(-np.multiply.outer(np.ldexp(time[more], done + 1), decay))
        total[more] = squared
    first: FloatArray = total[:, 0, :]
    return first
