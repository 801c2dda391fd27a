"""The draws: their distribution, and that compiled code repeats them bit for bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import SFC64, Generator

from spn.distributions import (
    FAMILIES,
    Continuous,
    Deterministic,
    Discrete,
    Empirical,
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
    conversions,
    draws,
)
from tests.engine.small_kernels import compiled

# One of each family and each branch of its draw, and what its draw function takes besides the generator.
CASES = [
    (Exponential(0.3), (0.3,)),
    (Deterministic(2.0), (2.0,)),
    (Uniform(30.0, 300.0), (30.0, 300.0)),
    (Uniform(7.1, 7.1), (7.1, 7.1)),
    (LogNormal(15.81, 0.4), (15.81, 0.4)),
    (LogNormal(-3.0, 2.7), (-3.0, 2.7)),
    (Weibull(0.3, 2.0), (0.3, 2.0)),
    (Weibull(3.7, 2.0), (3.7, 2.0)),
    (Gamma(0.3, 1.7), (0.3, 1.7)),
    (Gamma(1.0, 1.7), (1.0, 1.7)),
    (Gamma(7.7, 0.1), (7.7, 0.1)),
    (Erlang(1, 0.7), (1, 0.7)),
    (Erlang(4, 0.7), (4, 0.7)),
    (TruncatedNormal(0.0, 1.3), (0.0, 1.3)),
    (TruncatedNormal(2.0, 1.3), (2.0, 1.3)),
    (Triangular(1.0, 2.5, 7.0), (1.0, 2.5, 7.0)),
    (Triangular(1.0, 1.0, 7.0), (1.0, 1.0, 7.0)),
    (HyperExponential((0.2, 0.0, 0.5, 0.1), (1.0, 9.0, 0.1, 3.3)), ((0.2, 0.2, 0.7, 0.7 + 0.1), (1.0, 9.0, 0.1, 3.3))),
    (HypoExponential((0.7, 0.1, 2.3)), ((0.7, 0.1, 2.3),)),
    (Discrete((3.0, 1.0, 8.0, 2.0), (0.1, 0.3, 0.0, 0.2)), ((3.0, 1.0, 8.0, 2.0), (0.1, 0.4, 0.4, 0.4 + 0.2))),
    (Empirical((5.0, 1.0, 1.0, 3.0, 2.5)), ((1.0, 1.0, 2.5, 3.0, 5.0),)),
]
named = pytest.mark.parametrize(("one", "arguments"), CASES, ids=lambda value: repr(value) if not isinstance(value, tuple) else "")


def stream(seed: int = 5) -> Generator:
    return Generator(SFC64(seed))


def test_every_family_is_tried():
    assert {one.family.name for one, _ in CASES} == set(FAMILIES) == {name for name in vars(draws) if name in FAMILIES}


@named
def test_draws_follow_the_distribution_function(one, arguments):
    """20,000 draws; the Dvoretzky-Kiefer-Wolfowitz bound, P(sup |F_n - F| > e) <= 2 exp(-2 n e^2), holds for every distribution.

    False-alarm probability 2e-8 for each of the 21 cases, less than 1e-6 together, if the seed were not fixed.
    """
    n = 20_000
    rng = stream(20_261_122)
    x, counts = np.unique([one.sample(rng) for _ in range(n)], return_counts=True)
    after = np.cumsum(counts) / n
    expected = one.cdf(x)
    distance = np.max(np.abs(after - expected))
    if isinstance(one, Continuous) and not one.is_deterministic:
        distance = max(distance, np.max(np.abs(after - counts / n - expected)))
    assert distance <= math.sqrt(math.log(2 / 2e-8) / (2 * n))


@named
def test_sample_is_the_draw_function(one, arguments):
    first, second = stream(), stream()
    draw = getattr(draws, one.family.name)
    assert [one.sample(first) for _ in range(1000)] == [draw(second, *arguments) for _ in range(1000)]
    assert first.random() == second.random()  # as many draws were made


def compiled_draw(family, arguments):
    """A function that gives n compiled draws of a family."""
    sources, reals = [], []
    for argument in arguments:
        if isinstance(argument, tuple):
            sources.append(f"carray(reals_at(reals_at_ + 8 * {len(reals)}), {len(argument)})")
            reals += argument
        else:
            sources.append(f"reals[{len(reals)}]" if isinstance(argument, float) else str(argument))
            reals.append(argument)
    values = compiled(f"draw_{family}({', '.join(['rng', *sources])})")
    return lambda rng, n: values(n, rng, reals)


@named
def test_compiled_draws_are_the_same_bits(one, arguments):
    n = 100_000
    first, second = stream(), stream()
    found = compiled_draw(one.family.name, arguments)(second, n)
    np.testing.assert_array_equal(np.array([one.sample(first) for _ in range(n)]).view(np.int64), found.view(np.int64))
    assert first.random() == second.random()


@pytest.mark.slow
@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (15.81, 0.4), (-5.0, 3.1)])
def test_a_million_lognormal_draws_are_the_same_bits(mu, sigma):
    # The only draw that goes through the C library's exp by two ways: CPython's math.exp and a kernel's.
    first, second = stream(), stream()
    found = compiled_draw("lognormal", (mu, sigma))(second, 1_000_000)
    np.testing.assert_array_equal([draws.lognormal(first, mu, sigma) for _ in range(1_000_000)], found)


@pytest.mark.parametrize(
    "convert",
    [
        conversions.lognormal_mean_sigma,
        conversions.lognormal_mean_sd,
        conversions.weibull_shape_mean,
        conversions.gamma_shape_mean,
        conversions.gamma_shape_rate,
    ],
)
def test_compiled_conversions_are_the_same_bits(convert):
    given = np.exp(stream().normal(0.0, 1.5, (20_000, 2))).clip(0.02)
    called = f"convert_{convert.__name__}(reals[2 * k], reals[2 * k + 1])"
    for part in range(2):
        found = compiled(f"{called}[{part}]")(len(given), None, given.ravel())
        assert found.tolist() == [convert(first, second)[part] for first, second in given.tolist()]


def test_rate_zero_takes_no_draw():
    rng = stream()
    assert Exponential(0.0).sample(rng) == math.inf
    assert Deterministic(3.0).sample(rng) == 3.0
    assert rng.random() == stream().random()


@pytest.mark.parametrize("one", [Uniform(2.0, 2.0), Discrete((2.0,), (1.0,)), Empirical((2.0,)), Triangular(2.0, 2.0, 2.0)], ids=repr)
def test_a_degenerate_distribution_still_takes_its_draw(one):
    rng, other = stream(), stream()
    assert one.sample(rng) == 2.0
    other.random()
    assert rng.random() == other.random()


class Fixed:
    """A generator whose uniform numbers are chosen."""

    def __init__(self, u: float) -> None:
        self.u = u

    def random(self) -> float:
        return self.u


ALMOST_ONE = 1.0 - 2.0**-53


@pytest.mark.parametrize("u", [0.0, 0.25, ALMOST_ONE])
@pytest.mark.parametrize("weights", [(0.0, 1.0, 0.0), (0.0, 0.1 + 0.2, 0.0), (0.0, 3.0, 0.0)])
def test_a_value_of_weight_zero_is_never_chosen(u, weights):
    assert draws.discrete(Fixed(u), (1.0, 2.0, 3.0), Discrete((1.0, 2.0, 3.0), weights).cumulative) == 2.0


@pytest.mark.parametrize("n", [1, 3, 7, 49, 1000])
def test_the_greatest_uniform_number_stays_inside_the_data(n):
    assert draws.empirical(Fixed(ALMOST_ONE), tuple(range(n))) == n - 1


def test_search_is_the_first_sum_beyond_the_target():
    weights = (0.1, 0.0, 0.4, 0.2, 0.0, 0.3, 1.7)
    one = Discrete(tuple(map(float, range(7))), weights)
    for u in np.linspace(0.0, ALMOST_ONE, 1001).tolist():
        first = next(j for j, total in enumerate(one.cumulative) if u * one.cumulative[-1] < total)
        assert draws.discrete(Fixed(u), one.values, one.cumulative) == first


def test_lognormal_never_overflows():
    # The greatest normal number the ziggurat can give is below 13.7; the limit on mu and sigma allows for 14.
    assert math.isfinite(math.exp(709.0 - 14.0 * 10.0 + 10.0 * 13.7))
    LogNormal(709.0 - 140.0, 10.0)
    with pytest.raises(ValueError, match="beyond the greatest number"):
        LogNormal(709.1 - 140.0, 10.0)


def test_gamma_function_by_recurrence_agrees_with_the_c_library():
    for shape in np.geomspace(0.01, 1e6, 5001).tolist():
        assert 1.0 / conversions.weibull_shape_mean(shape, 1.0)[1] == pytest.approx(math.gamma(1.0 + 1.0 / shape), rel=5e-14)
    for shape in np.geomspace(0.3, 1e6, 5001).tolist():
        assert 1.0 / conversions.weibull_shape_mean(shape, 1.0)[1] == pytest.approx(math.gamma(1.0 + 1.0 / shape), rel=2e-15)
