"""Moments and curves against scipy.stats, over parameters chosen by hypothesis. The hypoexponential has its own file, since SciPy has none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from spn.distributions import (
    Continuous,
    Deterministic,
    Discrete,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    HyperExponential,
    LogNormal,
    Triangular,
    TruncatedNormal,
    Uniform,
    Weibull,
)

P = np.array([1e-9, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999, 1 - 1e-9])
scales = st.floats(1e-6, 1e9)
shapes = st.floats(0.2, 50.0)
times = st.floats(0.0, 1e6)


def agree(ours: Distribution, theirs, rtol: float = 1e-9, sf_atol: float = 1e-13, kink: float = math.inf) -> None:
    """At a `kink` the density is not smooth, which quadrature has to be told: near an end it would pass over it."""
    mean, variance = (float(moment) for moment in theirs.stats("mv"))
    scale = math.sqrt(variance)
    assert ours.mean == pytest.approx(mean, rel=rtol)
    assert ours.variance == pytest.approx(variance, rel=1e-7, abs=1e-12 * mean * mean)
    x = ours.quantile(P)
    np.testing.assert_allclose(x, theirs.ppf(P), rtol=1e-7, atol=1e-8 * scale)
    points = np.concatenate((x, x * 0.7, x * 1.1, [0.0]))
    np.testing.assert_allclose(ours.cdf(points), theirs.cdf(points), rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(ours.sf(points), theirs.sf(points), rtol=1e-8, atol=sf_atol)
    np.testing.assert_allclose(ours.cdf(x), P, rtol=1e-6, atol=1e-12)
    if isinstance(ours, Continuous):
        low, cap = ours.support[0], float(theirs.ppf(0.25))
        kinks = [share] if 0.0 < (share := (kink - low) / (cap - low)) < 1.0 else None
        share, _ = integrate.quad(lambda share: theirs.sf(low + share * (cap - low)), 0.0, 1.0, epsabs=0.0, epsrel=1e-11, limit=200, points=kinks)
        assert ours.limited_mean(cap) == pytest.approx(low + share * (cap - low), rel=1e-8)
        inner = points[(points > 0) & (theirs.sf(points) > 1e-200)]
        np.testing.assert_allclose(ours.pdf(inner), theirs.pdf(inner), rtol=1e-7, atol=1e-12 / scale)
        left = inner[ours.sf(inner) > 0.0]  # the last quantile may round to the end of the support, where nothing is left
        np.testing.assert_allclose(ours.hazard(left) * ours.sf(left), ours.pdf(left), rtol=1e-9, atol=1e-13 / scale)


@given(scales)
def test_exponential(rate):
    agree(Exponential(rate), stats.expon(scale=1 / rate))


@given(scales, st.floats(0.01, 10.0))
def test_uniform(low, ratio):
    agree(Uniform(low, low * (1 + ratio)), stats.uniform(low, low * ratio))


@given(st.floats(-10.0, 20.0), st.floats(0.05, 3.0))
def test_lognormal(mu, sigma):
    agree(LogNormal(mu, sigma), stats.lognorm(sigma, scale=math.exp(mu)), rtol=1e-8)


@given(st.floats(0.3, 40.0), scales)
def test_weibull(shape, scale):
    agree(Weibull(shape, scale), stats.weibull_min(shape, scale=scale))


@given(shapes, scales)
def test_gamma(shape, scale):
    agree(Gamma(shape, scale), stats.gamma(shape, scale=scale))


@given(st.integers(1, 60), scales)
def test_erlang(k, rate):
    agree(Erlang(k, rate), stats.gamma(k, scale=1 / rate))


@given(st.floats(0.0, 8.0), scales)
def test_truncated_normal(a, sd):
    agree(TruncatedNormal(a * sd, sd), stats.truncnorm(-a, math.inf, loc=a * sd, scale=sd))


@given(scales, st.floats(0.01, 10.0), st.floats(0.0, 1.0))
@example(1.0, 2.0, 0.00016157464865629303)
def test_triangular(low, ratio, c):
    high = low * (1 + ratio)
    mode = min(high, low + c * (high - low))
    # SciPy's survival function is 1 - (x^2 - 2 x + c) / (c - 1), whose rounding grows as 1 / (1 - c); ours has no such difference.
    theirs = 1e-15 / max(1.0 - c, 1e-12)
    whose = stats.triang((mode - low) / (high - low), loc=low, scale=high - low)
    agree(Triangular(low, mode, high), whose, rtol=1e-7, sf_atol=1e-13 + theirs, kink=mode)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(1e-4, 1e4)), min_size=1, max_size=6))
def test_hyperexponential_is_the_mixture(branches):
    weights, rates = zip(*branches, strict=True)
    ours = HyperExponential(weights, rates)
    p = np.array(weights) / math.fsum(weights)
    parts = [stats.expon(scale=1 / rate) for rate in rates]
    x = ours.quantile(P)
    np.testing.assert_allclose(ours.cdf(x), P, rtol=1e-12)
    np.testing.assert_allclose(ours.sf(x), sum(w * part.sf(x) for w, part in zip(p, parts, strict=True)), rtol=1e-11)
    np.testing.assert_allclose(ours.pdf(x), sum(w * part.pdf(x) for w, part in zip(p, parts, strict=True)), rtol=1e-11)
    np.testing.assert_allclose(ours.hazard(x), ours.pdf(x) / ours.sf(x), rtol=1e-11)
    second = math.fsum(w * 2 / r**2 for w, r in zip(p, rates, strict=True))
    assert ours.mean == pytest.approx(math.fsum(w / r for w, r in zip(p, rates, strict=True)), rel=1e-12)
    assert ours.variance == pytest.approx(second - ours.mean**2, rel=1e-9)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=1, max_size=9).filter(lambda pairs: any(w for _, w in pairs)))
def test_discrete(pairs):
    values, weights = (tuple(map(float, column)) for column in zip(*pairs, strict=True))
    ours = Discrete(values, weights)
    merged = {v: math.fsum(w for u, w in pairs if u == v) for v in set(values)}
    merged = {v: w for v, w in sorted(merged.items()) if w}
    theirs = stats.rv_discrete(values=(list(merged), [w / sum(merged.values()) for w in merged.values()]))
    x = np.arange(-1.0, 52.0, 0.5)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(np.floor(x)), atol=1e-12)
    np.testing.assert_allclose(ours.sf(x), 1.0 - ours.cdf(x), atol=1e-12)
    assert ours.mean == pytest.approx(theirs.mean(), abs=1e-9)
    assert ours.variance == pytest.approx(theirs.var(), abs=1e-9)
    assert ours.support == (min(merged), max(merged))
    for p in (0.013, 0.31, 0.77, 0.991):
        assert ours.cdf(ours.quantile(p)) >= p > ours.cdf(ours.quantile(p) - 0.5)


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_empirical(data):
    ours = Empirical(tuple(data))
    theirs = stats.ecdf(data)
    x = np.array([*data, -1.0, 0.5, 1e7])
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf.evaluate(x), atol=1e-15)
    np.testing.assert_allclose(ours.sf(x), 1.0 - ours.cdf(x), atol=1e-15)
    assert ours.mean == pytest.approx(np.mean(data), rel=1e-12, abs=1e-300)
    assert ours.variance == pytest.approx(np.var(data), rel=1e-9, abs=1e-25 * max(data) ** 2)
    np.testing.assert_array_equal(ours.quantile([0.2, 0.5, 0.9]), np.quantile(data, [0.2, 0.5, 0.9], method="inverted_cdf"))


def test_erlang_moments_in_closed_form():
    assert (Erlang(3, 0.5).mean, Erlang(3, 0.5).variance) == (6.0, 12.0)


@pytest.mark.parametrize("shape", [1e3, 1e6, 1e9])
def test_weibull_variance_keeps_its_digits_for_large_shapes(shape):
    # (scale / shape)^2 times the Gumbel variance, in the limit; the next term is of relative size 4 / shape.
    assert Weibull(shape, 1.0).variance * shape**2 == pytest.approx(math.pi**2 / 6, rel=5 / shape + 1e-12)


@pytest.mark.parametrize("shape", [49.9, 50.0, 50.1])
def test_weibull_variance_is_continuous_where_the_method_changes(shape):
    exact = math.gamma(1 + 2 / shape) - math.gamma(1 + 1 / shape) ** 2
    assert Weibull(shape, 1.0).variance == pytest.approx(exact, rel=1e-11)


def test_weibull_with_an_infinite_variance_has_a_finite_mean():
    assert math.isfinite(Weibull(0.01, 1.0).mean)
    assert Weibull(0.01, 1.0).variance == math.inf


EXAMPLES = [
    Exponential(0.25), Uniform(1.0, 3.0), LogNormal(0.3, 0.7), Weibull(1.5, 2.0), Gamma(2.5, 0.5), Erlang(3, 2.0),
    TruncatedNormal(1.0, 0.8), Triangular(1.0, 2.0, 5.0), HyperExponential((1.0, 3.0), (2.0, 0.2)),
    Deterministic(2.0), Discrete((3.0, 1.0), (1.0, 2.0)), Empirical((4.0, 2.0, 2.0)),
]  # fmt: skip


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.family.name)
def test_curves_are_defined_everywhere(one):
    x = np.array([-math.inf, -1.0, math.inf, math.nan])
    np.testing.assert_array_equal(one.cdf(x), [0.0, 0.0, 1.0, math.nan])
    np.testing.assert_array_equal(one.sf(x), [1.0, 1.0, 0.0, math.nan])
    np.testing.assert_array_equal(one.quantile([0.0, 1.0, -0.1, 1.1, math.nan]), [*one.support, math.nan, math.nan, math.nan])
    if isinstance(one, Continuous):
        np.testing.assert_array_equal(one.pdf(x), [0.0, 0.0, 0.0, math.nan])


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.family.name)
def test_curves_keep_the_shape_of_their_argument(one):
    assert one.cdf(np.ones((2, 3))).shape == (2, 3)
    assert isinstance(one.cdf(1.0), np.float64)
    assert isinstance(one.quantile(0.5), np.float64)
    assert one.quantile([]).shape == (0,)


@pytest.mark.parametrize("one", [one for one in EXAMPLES if isinstance(one, Continuous)], ids=lambda one: one.family.name)
def test_density_is_the_derivative_of_the_distribution_function(one):
    x = one.quantile(np.array([0.1, 0.4, 0.8]))
    h = 1e-5 * one.mean
    np.testing.assert_allclose(one.pdf(x), (one.cdf(x + h) - one.cdf(x - h)) / (2 * h), rtol=1e-4)


def test_hazard_is_defined_where_the_survival_function_underflows():
    assert Exponential(2.0).hazard(1e6) == 2.0
    assert HyperExponential((1.0, 1.0), (2.0, 3.0)).hazard(1e6) == 2.0
    assert TruncatedNormal(0.0, 1.0).hazard(100.0) == pytest.approx(100.01, rel=1e-5)  # Mills: x + 1/x


def test_degenerate_distributions():
    for one in (Uniform(2.0, 2.0), Triangular(2.0, 2.0, 2.0), Deterministic(2.0), Discrete((2.0, 5.0), (1.0, 0.0)), Empirical((2.0, 2.0))):
        assert one.is_deterministic
        assert (one.mean, one.variance, one.support) == (2.0, 0.0, (2.0, 2.0))
        np.testing.assert_array_equal(one.cdf([1.9, 2.0, 2.1]), [0.0, 1.0, 1.0])
        np.testing.assert_array_equal(one.quantile([0.0, 0.4, 1.0]), [2.0, 2.0, 2.0])
    assert Deterministic(0.0).cdf(0.0) == 1.0


def test_exponential_of_rate_zero_never_comes():
    never = Exponential(0.0)
    assert (never.mean, never.variance) == (math.inf, math.inf)
    assert not never.is_deterministic
    np.testing.assert_array_equal(never.cdf([0.0, 1e300]), [0.0, 0.0])
    assert never.quantile(0.5) == math.inf


def test_only_the_exponential_is_memoryless():
    assert [one for one in EXAMPLES if one.is_memoryless] == [Exponential(0.25)]
