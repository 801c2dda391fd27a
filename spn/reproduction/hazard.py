"""Fig. 21, the hazard rate of the lognormal time to failure with the printed parameters, as numbers. It is exact: nothing is simulated."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spn.distributions import Continuous, make

MU: Final = 15.81
SIGMA: Final = 0.4
LAST: Final = 3e7
"""Seconds; 347 days."""


def fig_21(points: int = 301) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ages in seconds from 0 to `LAST`, and the hazard rate per second at each; shapes (points,)."""
    ages = np.linspace(0.0, LAST, points)
    return ages, _hazard(ages)


def highest() -> tuple[float, float]:
    """The age in seconds at which the hazard rate is highest, and that rate per second (golden-section search)."""
    low, high = 0.0, LAST
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1.0:
        left, right = high - golden * (high - low), low + golden * (high - low)
        first, second = _hazard(np.array([left, right]))
        low, high = (left, high) if first < second else (low, right)
    age = (low + high) / 2.0
    return age, float(_hazard(np.array([age]))[0])


def _hazard(ages: NDArray[np.float64]) -> NDArray[np.float64]:
    delay = make("lognormal", ("mu", "sigma"), (MU, SIGMA))
    assert isinstance(delay, Continuous)
    return np.asarray(delay.hazard(ages), np.float64)
