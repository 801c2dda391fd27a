"""Distributions on all positive times with a density in closed form: exponential, lognormal, Weibull, gamma.

Uniform, triangular and truncated normal are in `bounded`, sums and mixtures of exponentials in `phase`, given points in `data`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, final

from spn.distributions import conversions, curves, draws
from spn.distributions.base import Argument, Continuous, register
from spn.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

    from spn.distributions.base import FloatArray

_SQRT2 = math.sqrt(2.0)

MEAN = Argument("mean", 1)
SD = Argument("sd", 1)
RATE = Argument("rate", -1)
SHAPE = Argument("shape", 0)
SCALE = Argument("scale", 1)
SIGMA = Argument("sigma", 0)


@register(
    "exponential",
    "No memory: the same failure rate at every age. Rate 0: never.",
    {(Argument("rate", -1, sign="nonnegative"),): None, (MEAN,): conversions.exponential_mean},
)
@final
@dataclass(frozen=True, slots=True)
class Exponential(Continuous):
    """Exponential with the given rate.

    Draw: standard_exponential / rate; for rate 0 infinity, without a draw.
    """

    rate: float
    is_memoryless: ClassVar[bool] = True

    def _complete(self) -> None:
        pass

    @property
    def mean(self) -> float:
        return 1.0 / self.rate if self.rate else math.inf

    @property
    def variance(self) -> float:
        return self.mean * self.mean

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.exponential(rng, self.rate)

    def cumulative_hazard(self, x: float) -> float:
        return self.rate * x if x > 0.0 else 0.0

    def age_at(self, hazard: float) -> float:
        return hazard / self.rate if self.rate else math.inf

    def hazard_between(self, age: float, until: float) -> float:
        return self.rate * (until - age) if self.rate else 0.0

    def age_after(self, age: float, hazard: float) -> float:
        return age + self.age_at(hazard)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return -np.expm1(-self.rate * x)

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.exp(-self.rate * x)

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        return -np.log1p(-p) / self.rate

    def _pdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return self.rate * np.exp(-self.rate * x)

    def _hazard(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.full_like(x, self.rate)


@register(
    "lognormal",
    "The logarithm is normal: products of many small effects, repair and life times. sigma is the standard deviation of the logarithm.",
    {
        (MEAN, SIGMA): conversions.lognormal_mean_sigma,
        (Argument("mu", 0, sign="any"), SIGMA): None,
        (MEAN, SD): conversions.lognormal_mean_sd,
    },
)
@final
@dataclass(frozen=True, slots=True)
class LogNormal(Continuous):
    """ln(X / 1 s) is normal with mean mu and standard deviation sigma.

    Draw: exp(mu + sigma * standard_normal).
    """

    mu: float
    sigma: float

    def _complete(self) -> None:
        # A ziggurat normal of 53-bit uniforms stays within 13.7, so that math.exp, which raises where C's exp gives infinity, never overflows.
        if self.mu + max(14.0 * self.sigma, self.sigma * self.sigma / 2.0) > 709.0:
            raise ValueError(f"lognormal: mu and sigma give delays beyond the greatest number there is, mu = {self.mu!r} and sigma = {self.sigma!r}")

    @property
    def mean(self) -> float:
        return math.exp(self.mu + self.sigma * self.sigma / 2.0)

    @property
    def variance(self) -> float:
        try:
            return self.mean * (self.mean * math.expm1(self.sigma * self.sigma))
        except OverflowError:
            return math.inf

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.lognormal(rng, self.mu, self.sigma)

    def _z(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return (np.log(x) - self.mu) / self.sigma

    def cumulative_hazard(self, x: float) -> float:
        if not 0.0 < x < math.inf:
            return math.inf if x > 0.0 else 0.0
        z = (math.log(x) - self.mu) / self.sigma
        if z < 0.0:
            return -math.log1p(-0.5 * math.erfc(-z / _SQRT2))
        if z < 30.0:
            return -math.log(0.5 * math.erfc(z / _SQRT2))
        from scipy.special import log_ndtr

        return -float(log_ndtr(-z))

    def age_at(self, hazard: float) -> float:
        from scipy.special import ndtri_exp

        if not 0.0 < hazard < math.inf:
            return 0.0 if hazard <= 0.0 else math.inf
        exponent = self.mu - self.sigma * float(ndtri_exp(-hazard))
        return math.exp(exponent) if exponent < 709.0 else math.inf

    def _cdf(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return ndtr(self._z(x))

    def _sf(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return ndtr(-self._z(x))

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np
        from scipy.special import ndtri

        return np.exp(self.mu + self.sigma * ndtri(p))

    def _pdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x > 0.0, curves.normal_density(self._z(x)) / (self.sigma * x), 0.0)

    def _hazard(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x > 0.0, curves.normal_hazard(self._z(x)) / (self.sigma * x), 0.0)


@register(
    "weibull",
    "Failure rate falling (shape < 1), constant (1) or rising (> 1) with age.",
    {(SHAPE, SCALE): None, (SHAPE, MEAN): conversions.weibull_shape_mean},
)
@final
@dataclass(frozen=True, slots=True)
class Weibull(Continuous):
    """sf(x) = exp(-(x / scale)^shape).

    Draw: scale * weibull(shape), which is scale * standard_exponential^(1 / shape).
    """

    shape: float
    scale: float

    def _complete(self) -> None:
        if self.shape < 0.01:
            raise ValueError(f"weibull: shape must be at least 0.01, not {self.shape!r} (the mean would be beyond all numbers)")

    @property
    def mean(self) -> float:
        return self.scale * math.gamma(1.0 + 1.0 / self.shape)

    @property
    def variance(self) -> float:
        return self.mean * (self.mean * curves.weibull_squared_variation(self.shape))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.weibull(rng, self.shape, self.scale)

    def cumulative_hazard(self, x: float) -> float:
        return _power(x / self.scale, self.shape) if x > 0.0 else 0.0

    def age_at(self, hazard: float) -> float:
        return self.scale * _power(hazard, 1.0 / self.shape) if hazard > 0.0 else 0.0

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return -np.expm1(-((x / self.scale) ** self.shape))

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.exp(-((x / self.scale) ** self.shape))

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        return self.scale * (-np.log1p(-p)) ** (1.0 / self.shape)

    def _pdf(self, x: FloatArray) -> FloatArray:
        return self._hazard(x) * self._sf(x)

    def _hazard(self, x: FloatArray) -> FloatArray:
        return self.shape / self.scale * (x / self.scale) ** (self.shape - 1.0)


@register(
    "gamma",
    "The sum of `shape` exponential times, for any positive shape.",
    {(SHAPE, SCALE): None, (SHAPE, MEAN): conversions.gamma_shape_mean, (SHAPE, RATE): conversions.gamma_shape_rate},
)
@final
@dataclass(frozen=True, slots=True)
class Gamma(Continuous):
    """Gamma with mean shape * scale.

    Draw: scale * standard_gamma(shape).
    """

    shape: float
    scale: float

    def _complete(self) -> None:
        pass

    @property
    def mean(self) -> float:
        return self.shape * self.scale

    @property
    def variance(self) -> float:
        return self.shape * self.scale * self.scale

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.gamma(rng, self.shape, self.scale)

    def cumulative_hazard(self, x: float) -> float:
        return curves.gamma_cumulative_hazard(self.shape, x / self.scale)

    def age_at(self, hazard: float) -> float:
        return self.scale * curves.gamma_age_at(self.shape, hazard)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return curves.gamma_cdf(self.shape, x / self.scale)

    def _sf(self, x: FloatArray) -> FloatArray:
        return curves.gamma_sf(self.shape, x / self.scale)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return self.scale * curves.gamma_quantile(self.shape, p)

    def _pdf(self, x: FloatArray) -> FloatArray:
        return curves.gamma_density(self.shape, x / self.scale) / self.scale

    def _hazard(self, x: FloatArray) -> FloatArray:
        return self._pdf(x) / self._sf(x)


def _power(base: float, exponent: float) -> float:
    """base ** exponent; infinite where it is beyond the largest double."""
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf
