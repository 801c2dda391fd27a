"""Distributions between bounds or cut off: uniform, triangular, and the normal truncated at 0.

The other closed-form densities are in `continuous`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

from spn.distributions import curves, draws
from spn.distributions.base import Argument, Continuous, register
from spn.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

    from spn.distributions.base import FloatArray

LOW = Argument("low", 1, sign="nonnegative")
MODE = Argument("mode", 1, sign="nonnegative")
HIGH = Argument("high", 1, sign="nonnegative")


@register("uniform", "Every value between the two bounds is equally likely; equal bounds are allowed.", {(LOW, HIGH): None}, positional=True)
@final
@dataclass(frozen=True, slots=True)
class Uniform(Continuous):
    """Uniform between low and high; for low = high the density is infinite there.

    Draw: low + (high - low) * random, one draw also if low = high.
    """

    low: float
    high: float

    def _complete(self) -> None:
        if self.low > self.high:
            raise ValueError(f"uniform: low must not exceed high, but is {self.low!r} > {self.high!r}")

    @property
    def mean(self) -> float:
        return self.low + (self.high - self.low) / 2.0

    @property
    def variance(self) -> float:
        return (self.high - self.low) * (self.high - self.low) / 12.0

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def sample(self, rng: Generator) -> float:
        return draws.uniform(rng, self.low, self.high)

    def cumulative_hazard(self, x: float) -> float:
        if x <= self.low:
            return 0.0 if x < self.low or self.low < self.high else math.inf
        return -math.log1p(-(x - self.low) / (self.high - self.low)) if x < self.high else math.inf

    def age_at(self, hazard: float) -> float:
        return self.low - (self.high - self.low) * math.expm1(-hazard)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        if self.low == self.high:
            return np.where(x < self.low, 0.0, 1.0)
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        if self.low == self.high:
            return np.where(x < self.low, 1.0, 0.0)
        return np.clip((self.high - x) / (self.high - self.low), 0.0, 1.0)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return self.low + (self.high - self.low) * p

    def _pdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        height = 1.0 / (self.high - self.low) if self.low < self.high else math.inf
        return np.where((x >= self.low) & (x <= self.high), height, 0.0)

    def _hazard(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x < self.low, 0.0, np.where(x < self.high, 1.0 / (self.high - x), np.nan))


@register(
    "normal",
    "Normal, truncated at 0; mean and sd are those before the truncation.",
    {(Argument("mean", 1, sign="nonnegative"), Argument("sd", 1)): None},
)
@final
@dataclass(frozen=True, slots=True)
class TruncatedNormal(Continuous):
    """A normal with mean mu >= 0 and standard deviation sigma on condition of being at least 0.

    `mean` and `variance` are those of the truncated variable (Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1,
    2nd ed., section 13.10.1).

    Draw: mu + sigma * standard_normal, again until it is not negative (at most two tries on average, as mu >= 0).
    """

    mu: float
    sigma: float

    def _complete(self) -> None:
        pass

    def _at_cut(self) -> tuple[float, float]:
        """Return mu / sigma, and the standard normal's density there over the probability of being kept."""
        a = min(self.mu / self.sigma, 1e300)  # infinity times the density 0 would be NaN
        return a, math.exp(-a * a / 2.0) / math.sqrt(2.0 * math.pi) / (0.5 * math.erfc(-a / math.sqrt(2.0)))

    @property
    def mean(self) -> float:
        return self.mu + self.sigma * self._at_cut()[1]

    @property
    def variance(self) -> float:
        a, ratio = self._at_cut()
        return self.sigma * self.sigma * (1.0 - ratio * (a + ratio))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def sample(self, rng: Generator) -> float:
        return draws.normal(rng, self.mu, self.sigma)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np
        from scipy.special import ndtr

        a = self.mu / self.sigma
        return np.clip((ndtr((x - self.mu) / self.sigma) - ndtr(-a)) / ndtr(a), 0.0, 1.0)

    def _sf(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return ndtr((self.mu - x) / self.sigma) / ndtr(self.mu / self.sigma)

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np
        from scipy.special import ndtr, ndtri

        a = self.mu / self.sigma
        kept = ndtr(a)
        lower = ndtri(ndtr(-a) + p * kept)
        upper = -ndtri((1.0 - p) * kept)  # each from the side on which no digits are lost
        return np.maximum(self.mu + self.sigma * np.where(p < 0.5, lower, upper), 0.0)

    def _pdf(self, x: FloatArray) -> FloatArray:
        from scipy.special import ndtr

        return curves.normal_density((x - self.mu) / self.sigma) / (self.sigma * ndtr(self.mu / self.sigma))

    def _hazard(self, x: FloatArray) -> FloatArray:
        return curves.normal_hazard((x - self.mu) / self.sigma) / self.sigma


@register(
    "triangular",
    "Between low and high, most likely at mode: an expert's guess.",
    {(LOW, MODE, HIGH): None},
    positional=True,
)
@final
@dataclass(frozen=True, slots=True)
class Triangular(Continuous):
    """The density rises linearly from low to mode and falls linearly to high; low = high is allowed.

    Draw: one `random` u, also if low = high. If u * (high - low) < mode - low, low + sqrt(u * (high - low) * (mode - low)),
    else high - sqrt((1 - u) * (high - low) * (high - mode)).
    """

    low: float
    mode: float
    high: float

    def _complete(self) -> None:
        if self.low > self.high:
            raise ValueError(f"triangular: low must not exceed high, but is {self.low!r} > {self.high!r}")
        if self.high > 1e150:  # the draw multiplies two lengths, and what overflows would be a delay of minus infinity
            raise ValueError(f"triangular: high must not exceed 1e150, but is {self.high!r}")
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"triangular: mode must be between low and high, {self.low!r} and {self.high!r}, not {self.mode!r}")

    @property
    def mean(self) -> float:
        return self.low + ((self.mode - self.low) + (self.high - self.low)) / 3.0

    @property
    def variance(self) -> float:
        left, right = self.mode - self.low, self.high - self.mode
        return (left * left + left * right + right * right) / 18.0

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def sample(self, rng: Generator) -> float:
        return draws.triangular(rng, self.low, self.mode, self.high)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        width, left = self.high - self.low, self.mode - self.low
        rising = (x - self.low) / width * ((x - self.low) / left)
        return np.where(x < self.low, 0.0, np.where(x >= self.high, 1.0, np.where(x < self.mode, rising, 1.0 - self._falling(x))))

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x >= self.high, 0.0, np.where(x < self.mode, 1.0 - self._cdf(x), self._falling(x)))

    def _falling(self, x: FloatArray) -> FloatArray:
        """The survival function right of the mode; numpy arrays divide by zero in silence where this is not used."""
        import numpy as np

        gap = np.float64(self.high) - x
        return gap / (self.high - self.low) * (gap / (self.high - self.mode))

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        return np.where(p * width < left, self.low + np.sqrt(p * width * left), self.high - np.sqrt((1.0 - p) * width * right))

    def _pdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        if self.low == self.high:
            return np.where(x == self.low, np.inf, 0.0)
        width = self.high - self.low
        rising = 2.0 * (x - self.low) / width / np.float64(self.mode - self.low)
        falling = 2.0 * (self.high - x) / width / np.float64(self.high - self.mode)
        inside = np.where(x < self.mode, rising, np.where(x > self.mode, falling, 2.0 / width))
        return np.where((x < self.low) | (x > self.high), 0.0, inside)

    def _hazard(self, x: FloatArray) -> FloatArray:
        return self._pdf(x) / self._sf(x)
