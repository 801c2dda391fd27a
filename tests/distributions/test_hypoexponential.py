"""The sum of exponential stages against the gamma distribution, partial fractions, a convolution integral and SciPy's matrix exponential."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, linalg, stats

from spn.distributions import Erlang, HypoExponential

P = np.array([1e-9, 1e-4, 0.01, 0.3, 0.5, 0.9, 0.9999, 1 - 1e-9])


@pytest.mark.parametrize("k", [1, 2, 5, 30])
def test_equal_rates_are_an_erlang(k):
    ours, theirs = HypoExponential((0.7,) * k), stats.gamma(k, scale=1 / 0.7)
    x = theirs.ppf(P)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-11)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x), rtol=1e-11)
    np.testing.assert_allclose(ours.pdf(x), theirs.pdf(x), rtol=1e-11)
    np.testing.assert_allclose(ours.quantile(P), x, rtol=1e-6)
    assert (ours.mean, ours.variance) == pytest.approx((Erlang(k, 0.7).mean, Erlang(k, 0.7).variance))


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_nearly_equal_rates_lose_no_digits(gap):
    # cdf of two stages a, b: 1 - exp(-a x) (1 + a x phi((a - b) x)) with phi(z) = (e^z - 1) / z, stable for small z.
    a, b = 1.0, 1.0 - gap
    x = np.array([1e-3, 0.1, 1.0, 5.0, 50.0])
    z = (a - b) * x
    sf = np.exp(-a * x) * (1 + a * x * np.expm1(z) / z)
    np.testing.assert_allclose(HypoExponential((a, b)).sf(x), sf, rtol=1e-12)
    np.testing.assert_allclose(HypoExponential((b, a)).sf(x), sf, rtol=1e-12)


def test_separated_rates_by_partial_fractions():
    rates = np.array([1.0, 2.0, 4.0, 8.0])
    factors = [math.prod(other / (other - rate) for other in rates if other != rate) for rate in rates]
    x = np.array([0.5, 1.0, 3.0, 10.0, 100.0, 600.0])
    np.testing.assert_allclose(HypoExponential(tuple(rates)).sf(x), np.exp(-np.outer(x, rates)) @ factors, rtol=1e-12)


@pytest.mark.parametrize("rates", [(1e6, 1e-6), (1e-6, 1e6), (1e12, 1.0), (1e9, 1.0, 1e-9)])
def test_rates_far_apart(rates):
    # The slowest stage decides: to first order its time is only shifted by the mean of the others.
    slow = min(rates)
    x = np.array([0.1, 1.0, 5.0, 20.0]) / slow
    shift = math.fsum(1 / rate for rate in rates if rate != slow)
    np.testing.assert_allclose(HypoExponential(rates).sf(x), np.exp(-slow * (x - shift)), rtol=1e-11)


def test_lower_tail_keeps_its_relative_accuracy():
    rates = (3.0, 0.5, 2.0)
    x = np.array([1e-3, 1e-6, 1e-60])
    leading = math.prod(rates) * x**3 / 6 * (1 - sum(rates) * x / 4)
    np.testing.assert_allclose(HypoExponential(rates).cdf(x), leading, rtol=1e-5)


def test_many_stages_begin_with_the_right_power():
    x = 0.01
    assert HypoExponential((1.0,) * 60).cdf(x) == pytest.approx(stats.gamma(60).cdf(x), rel=1e-10)


def test_density_is_the_convolution():
    for x in (0.3, 1.0, 4.0):
        integral, _ = integrate.quad(lambda y, x=x: 0.9 * math.exp(-0.9 * y) * 2.5**2 * (x - y) * math.exp(-2.5 * (x - y)), 0, x, epsabs=1e-13)
        assert HypoExponential((2.5, 0.9, 2.5)).pdf(x) == pytest.approx(integral, rel=1e-10)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.05, 20.0), min_size=1, max_size=7), st.floats(0.01, 20.0))
def test_matrix_exponential_and_order_of_stages(rates, x):
    chain = np.diag([-rate for rate in rates] + [0.0]) + np.diag(rates, 1)
    row = linalg.expm(chain * x)[0]
    ours = HypoExponential(tuple(rates))
    np.testing.assert_allclose(ours.cdf(x), row[-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.sf(x), row[:-1].sum(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.pdf(x), rates[-1] * row[-2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.hazard(x) * ours.sf(x), ours.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(ours.sf(x), HypoExponential(tuple(reversed(rates))).sf(x), rtol=1e-11)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=5))
def test_quantile_is_the_inverse(rates):
    ours = HypoExponential(tuple(rates))
    lower = np.array([1e-9, 0.01, 0.3])
    np.testing.assert_allclose(ours.cdf(ours.quantile(lower)), lower, rtol=1e-10)
    np.testing.assert_allclose(ours.sf(ours.quantile(1 - lower)), 1 - (1 - lower), rtol=1e-10)


def test_curves_are_defined_everywhere():
    one = HypoExponential((1.0, 3.0))
    np.testing.assert_array_equal(one.cdf([-1.0, 0.0, 1e308, math.inf, math.nan]), [0.0, 0.0, 1.0, 1.0, math.nan])
    np.testing.assert_array_equal(one.quantile([0.0, 1.0]), [0.0, math.inf])
    assert one.cdf(np.full((300, 2), 1.0)).shape == (300, 2)


def test_many_times_are_worked_off_in_portions():
    x = np.linspace(0.0, 40.0, 9000)
    np.testing.assert_allclose(HypoExponential((1.0,) * 10).cdf(x), stats.gamma(10).cdf(x), rtol=1e-11)


def test_hundreds_of_stages():
    np.testing.assert_allclose(HypoExponential((1.0,) * 200).cdf([150.0, 200.0]), stats.gamma(200).cdf([150.0, 200.0]), rtol=1e-10)
