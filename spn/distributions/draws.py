"""The draw of each family, operation by operation: the definition that every engine repeats bit for bit.

Each function takes the generator and the canonical parameters, and uses nothing but IEEE arithmetic, `math.sqrt`, `math.exp`, and the
generator's `random`, `standard_exponential`, `standard_normal`, `standard_gamma` and `weibull`, so that kernels compile the very same source
(lists given as arrays) to the same bits. Scaling is written out instead of left to `Generator.uniform(low, high)` and the like, because a C compiler
may fuse their multiply and add.
The search of `hyperexponential` and `discrete` is repeated, so that each function can be read alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator


def exponential(rng: Generator, rate: float) -> float:
    """Return standard_exponential / rate; rate 0: infinity, without a draw."""
    if rate == 0.0:
        return math.inf
    return rng.standard_exponential() / rate


def deterministic(rng: Generator, value: float) -> float:
    """No draw."""
    return value


def uniform(rng: Generator, low: float, high: float) -> float:
    """Return low + (high - low) * random, also if low = high."""
    return low + (high - low) * rng.random()


def lognormal(rng: Generator, mu: float, sigma: float) -> float:
    """Return exp(mu + sigma * standard_normal)."""
    return math.exp(mu + sigma * rng.standard_normal())


def weibull(rng: Generator, shape: float, scale: float) -> float:
    """Return scale * weibull(shape)."""
    return scale * rng.weibull(shape)


def gamma(rng: Generator, shape: float, scale: float) -> float:
    """Return scale * standard_gamma(shape)."""
    return scale * rng.standard_gamma(shape)


def erlang(rng: Generator, k: int, rate: float) -> float:
    """Return standard_gamma(k) / rate: one gamma draw, whose cost does not grow with k."""
    return rng.standard_gamma(float(k)) / rate


def normal(rng: Generator, mu: float, sigma: float) -> float:
    """Return mu + sigma * standard_normal, again until it is not negative; as mu >= 0, at most two tries on average."""
    x = mu + sigma * rng.standard_normal()
    while x < 0.0:
        x = mu + sigma * rng.standard_normal()
    return x


def triangular(rng: Generator, low: float, mode: float, high: float) -> float:
    """Inversion of one `random`, also if low = high."""
    u = rng.random()
    width = high - low
    if u * width < mode - low:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1.0 - u) * width * (high - mode))


def hyperexponential(rng: Generator, cumulative: Sequence[float], rates: Sequence[float]) -> float:
    """One `random` u for the branch, the first j with u * cumulative[-1] < cumulative[j]; then standard_exponential / rates[j]."""
    low = 0
    high = len(cumulative) - 1
    target = rng.random() * cumulative[high]
    while low < high:
        middle = (low + high) // 2
        if target < cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return rng.standard_exponential() / rates[low]


def hypoexponential(rng: Generator, rates: Sequence[float]) -> float:
    """The sum, from left to right, of standard_exponential / rate."""
    total = 0.0
    for index in range(len(rates)):
        total += rng.standard_exponential() / rates[index]
    return total


def discrete(rng: Generator, values: Sequence[float], cumulative: Sequence[float]) -> float:
    """One `random` u, also for a single value; the first j with u * cumulative[-1] < cumulative[j]."""
    low = 0
    high = len(cumulative) - 1
    target = rng.random() * cumulative[high]
    while low < high:
        middle = (low + high) // 2
        if target < cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return values[low]


def empirical(rng: Generator, data: Sequence[float]) -> float:
    """One `random` u, also for a single value; element floor(u * n) of the sorted data."""
    return data[int(rng.random() * len(data))]
