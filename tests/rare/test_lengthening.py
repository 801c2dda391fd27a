"""Delays that are drawn longer: their weights are exact, and make the square of a delay, which they are for, vary little."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.random import SFC64, Generator, SeedSequence

from spn.distributions import Deterministic, Exponential, LogNormal, Uniform, Weibull
from spn.rare.forcing import NATURAL_TILTED, _lengthen

NOW, DRAWS = 5.0, 40_000


class Alone:
    """A run with one clock, which begins now."""

    def __init__(self, law):
        self.now = NOW
        self.clock = SimpleNamespace(law=law, origin=NOW, time=NOW + 1.0)

    def reset_clock(self, clock, time):
        clock.time = time


def draws(law):
    rng = Generator(SFC64(SeedSequence(3)))
    run = Alone(law)
    weights, delays = np.empty(DRAWS), np.empty(DRAWS)
    for k in range(DRAWS):
        weights[k] = _lengthen(run, run.clock, rng)
        delays[k] = run.clock.time - NOW
    return weights, delays


@pytest.mark.parametrize("law", [Exponential(0.5), LogNormal(0.0, 1.0), LogNormal(-1.0, 2.0), Weibull(0.7, 2.0)])
def test_weights_give_back_the_law(law):
    weights, delays = draws(law)
    assert np.all(weights > 0.0) and np.all(weights <= 1.0 / NATURAL_TILTED)
    square = law.variance + law.mean**2
    beyond = weights * (delays > law.mean)
    for values, exact in [(weights, 1.0), (weights * delays, law.mean), (weights * delays**2, square), (beyond, float(law.sf(law.mean)))]:
        error = values.std() / DRAWS**0.5
        assert abs(values.mean() - exact) <= 5.0 * error
    # Of natural draws it is 2.2 times that for the exponential law, 7.3 and 2,981 for the lognormal ones: sqrt(E[X^4] / E[X^2]^2 - 1).
    assert (weights * delays**2).std() < 4.0 * square


@pytest.mark.parametrize("law", [Deterministic(2.0), Uniform(0.0, 3.0), LogNormal(0.0, 0.5)])
def test_delays_that_vary_little_stay_as_they_are(law):
    rng, run = Generator(SFC64(SeedSequence(3))), Alone(law)
    assert _lengthen(run, run.clock, rng) == 1.0
    assert run.clock.time == NOW + 1.0
