"""Distributions on given points: a single value, a weighted list, measured data.

Everything with a density is in `continuous`, `bounded` and `phase`.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, final

from spn.distributions import draws
from spn.distributions.base import Argument, Distribution, register
from spn.distributions.phase import WEIGHTS, cumulate, summed
from spn.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

    from spn.distributions.base import FloatArray


@register("deterministic", "Always the same value.", {(Argument("value", 1, sign="nonnegative"),): None}, positional=True)
@final
@dataclass(frozen=True, slots=True)
class Deterministic(Distribution):
    """Always `value`.

    Draw: none.
    """

    value: float

    def _complete(self) -> None:
        pass

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        return self.value, self.value

    def sample(self, rng: Generator) -> float:
        return self.value

    def redraw(self, rng: Generator, age: float) -> float:
        """No draw."""
        return self.value

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x >= self.value, 1.0, 0.0)

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.where(x >= self.value, 0.0, 1.0)

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        return np.full_like(p, self.value)


@register("discrete", "One of the given values, chosen by weight.", {(Argument("values", 1, is_list=True, sign="nonnegative"), WEIGHTS): None})
@final
@dataclass(frozen=True, slots=True)
class Discrete(Distribution):
    """One of the values, with probabilities proportional to the weights. `cumulative` are their sums from left to right.

    Draw: one `random` u, also for a single value; the value of the first j with u * cumulative[-1] < cumulative[j].
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]
    cumulative: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def _complete(self) -> None:
        object.__setattr__(self, "cumulative", cumulate("discrete", self.weights))

    @property
    def mean(self) -> float:
        total = self.cumulative[-1]
        return summed(weight / total * value for value, weight in zip(self.values, self.weights, strict=True))

    @property
    def variance(self) -> float:
        total, mean = self.cumulative[-1], self.mean
        return summed(weight / total * (value - mean) * (value - mean) for value, weight in zip(self.values, self.weights, strict=True))

    @property
    def support(self) -> tuple[float, float]:
        possible = [value for value, weight in zip(self.values, self.weights, strict=True) if weight]
        return min(possible), max(possible)

    def sample(self, rng: Generator) -> float:
        return draws.discrete(rng, self.values, self.cumulative)

    def _steps(self) -> tuple[FloatArray, FloatArray]:
        """The possible values in ascending order, and the weight up to and including each, after a 0."""
        import numpy as np

        values, weights = np.asarray(self.values, np.float64), np.asarray(self.weights, np.float64)
        order = np.argsort(values[weights > 0.0], kind="stable")
        return values[weights > 0.0][order], np.concatenate(([0.0], np.cumsum(weights[weights > 0.0][order])))

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        values, sums = self._steps()
        share: FloatArray = sums[np.searchsorted(values, x, side="right")] / sums[-1]
        return share

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        values, sums = self._steps()
        share: FloatArray = (sums[-1] - sums[np.searchsorted(values, x, side="right")]) / sums[-1]
        return share

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        values, sums = self._steps()
        chosen: FloatArray = values[np.searchsorted(sums[1:] / sums[-1], p, side="left")]
        return chosen


@register(
    "empirical",
    "One of the measured values, each equally likely (the data are resampled).",
    {(Argument("data", 1, is_list=True, sign="nonnegative"),): None},
)
@final
@dataclass(frozen=True, slots=True)
class Empirical(Distribution):
    """The empirical distribution of the data, which are kept sorted.

    Draw: one `random` u, also for a single value; element floor(u * n) of the n sorted values.
    """

    data: tuple[float, ...]

    def _complete(self) -> None:
        object.__setattr__(self, "data", tuple(sorted(self.data)))

    @property
    def mean(self) -> float:
        return summed(value / len(self.data) for value in self.data)

    @property
    def variance(self) -> float:
        mean = self.mean
        return summed((value - mean) * (value - mean) for value in self.data) / len(self.data)

    @property
    def support(self) -> tuple[float, float]:
        return self.data[0], self.data[-1]

    def sample(self, rng: Generator) -> float:
        return draws.empirical(rng, self.data)

    def _cdf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return np.searchsorted(np.asarray(self.data), x, side="right") / len(self.data)

    def _sf(self, x: FloatArray) -> FloatArray:
        import numpy as np

        return (len(self.data) - np.searchsorted(np.asarray(self.data), x, side="right")) / len(self.data)

    def _quantile(self, p: FloatArray) -> FloatArray:
        import numpy as np

        n = len(self.data)
        return np.asarray(self.data)[np.searchsorted(np.arange(1, n + 1) / n, p, side="left")]
