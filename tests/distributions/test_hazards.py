"""Cumulative hazards, their inverses, and draws given an age, against scipy.stats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from spn.distributions import (
    Deterministic,
    Discrete,
    Erlang,
    Exponential,
    Gamma,
    HyperExponential,
    HypoExponential,
    LogNormal,
    Triangular,
    TruncatedNormal,
    Uniform,
    Weibull,
)

PAIRS = [
    (Exponential(0.5), stats.expon(scale=2.0)),
    (LogNormal(1.0, 0.4), stats.lognorm(0.4, scale=math.e)),
    (Weibull(0.5, 3.0), stats.weibull_min(0.5, scale=3.0)),
    (Weibull(3.0, 2.0), stats.weibull_min(3.0, scale=2.0)),
    (Gamma(0.3, 2.0), stats.gamma(0.3, scale=2.0)),
    (Gamma(5.0, 2.0), stats.gamma(5.0, scale=2.0)),
    (Erlang(3, 0.1), stats.gamma(3, scale=10.0)),
    (Uniform(1.0, 3.0), stats.uniform(1.0, 2.0)),
    (Triangular(1.0, 2.0, 4.0), stats.triang(1.0 / 3.0, 1.0, 3.0)),
    (TruncatedNormal(1.0, 0.5), stats.truncnorm(-2.0, np.inf, 1.0, 0.5)),
    (HypoExponential((1.0, 1.0)), stats.gamma(2)),
    (HyperExponential((1.0,), (3.0,)), stats.expon(scale=1.0 / 3.0)),
]


@pytest.mark.parametrize(("law", "known"), PAIRS, ids=lambda pair: type(pair).__name__)
def test_the_cumulative_hazard_is_minus_the_logarithm_of_survival(law, known):
    for p in (1e-9, 1e-3, 0.2, 0.5, 0.9, 1.0 - 1e-9):
        x = float(known.ppf(p))
        expected = -known.logsf(x) if p > 1e-6 else float(known.cdf(x))
        assert law.cumulative_hazard(x) == pytest.approx(expected, rel=1e-6)
        assert law.age_at(law.cumulative_hazard(x)) == pytest.approx(x, rel=1e-6)


@pytest.mark.parametrize(("law", "known"), PAIRS, ids=lambda pair: type(pair).__name__)
def test_a_short_while_at_an_age_has_the_failure_rate(law, known):
    age = float(known.ppf(0.6))
    for while_ in (1e-13, 1e-6):
        rate = known.pdf(age) / known.sf(age)
        assert law.hazard_between(age, age + age * while_) == pytest.approx(rate * age * while_, rel=2e-3)


@pytest.mark.parametrize(("law", "known"), PAIRS, ids=lambda pair: type(pair).__name__)
def test_a_draw_given_an_age_has_the_conditional_law(law, known):
    """Kolmogorov and Smirnov, level 1e-6, fixed seed."""
    age = float(known.ppf(0.7))
    rng = np.random.default_rng(5)
    drawn = [law.redraw(rng, age) for _ in range(20 if isinstance(law, HypoExponential) else 400)]
    assert min(drawn) >= age
    assert stats.kstest(drawn, lambda x: 1.0 - known.sf(x) / known.sf(age)).pvalue > 1e-6


@pytest.mark.parametrize("law", [LogNormal(1.0, 0.4), Weibull(3.0, 2.0), Gamma(5.0, 2.0), Erlang(3, 0.1)])
def test_hazards_reach_beyond_where_survival_underflows(law):
    x = law.age_at(2000.0)
    assert law.cumulative_hazard(x) == pytest.approx(2000.0, rel=1e-9)


def test_points_are_drawn_from_what_is_left():
    rng = np.random.default_rng(5)
    assert Deterministic(3.0).redraw(rng, 2.0) == 3.0
    assert {Discrete((1.0, 2.0, 3.0), (1.0, 1.0, 2.0)).redraw(rng, 1.5) for _ in range(50)} == {2.0, 3.0}


def test_nothing_has_happened_before_the_support_and_all_after_it():
    assert Uniform(1.0, 3.0).cumulative_hazard(0.5) == 0.0
    assert Uniform(1.0, 3.0).cumulative_hazard(3.0) == math.inf
    assert LogNormal(1.0, 0.4).cumulative_hazard(0.0) == 0.0
    assert LogNormal(1.0, 0.4).cumulative_hazard(math.inf) == math.inf
    assert Exponential(0.0).hazard_between(0.0, math.inf) == 0.0
