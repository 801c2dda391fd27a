"""Families, forms and `make`: conversions, round trips, and what is refused with which words."""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.distributions import (
    FAMILIES,
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
    make,
)

scales = st.floats(1e-6, 1e9)
shapes = st.floats(0.05, 50.0)


def test_families_and_forms_are_those_of_the_language():
    assert {name: [form.names for form in family.forms] for name, family in FAMILIES.items()} == {
        "exponential": [("rate",), ("mean",)],
        "deterministic": [("value",)],
        "uniform": [("low", "high")],
        "lognormal": [("mean", "sigma"), ("mu", "sigma"), ("mean", "sd")],
        "weibull": [("shape", "scale"), ("shape", "mean")],
        "gamma": [("shape", "scale"), ("shape", "mean"), ("shape", "rate")],
        "erlang": [("k", "rate"), ("k", "mean")],
        "normal": [("mean", "sd")],
        "triangular": [("low", "mode", "high")],
        "hyperexponential": [("weights", "rates"), ("weights", "means")],
        "hypoexponential": [("rates",), ("means",)],
        "discrete": [("values", "weights")],
        "empirical": [("data",)],
    }
    assert {name for name, family in FAMILIES.items() if family.positional} == {"deterministic", "uniform", "triangular"}
    assert all(name == family.name and family.doc.endswith(".") and "\n" not in family.doc for name, family in FAMILIES.items())


def test_dimensions_of_arguments():
    found = {
        (argument.name, argument.dimension, argument.is_list) for family in FAMILIES.values() for form in family.forms for argument in form.arguments
    }
    durations = {"mean", "sd", "value", "low", "mode", "high", "scale"}
    lists = {("rates", -1, True), ("means", 1, True), ("values", 1, True), ("data", 1, True), ("weights", 0, True)}
    assert found == {(name, 1, False) for name in durations} | {("rate", -1, False)} | {(n, 0, False) for n in ("shape", "sigma", "mu", "k")} | lists
    assert {a.name for family in FAMILIES.values() for form in family.forms for a in form.arguments if a.integer} == {"k"}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("exponential rate", [0.25], Exponential(0.25)),
        ("exponential rate", [0], Exponential(0.0)),
        ("exponential mean", [4], Exponential(0.25)),
        ("deterministic value", [0], Deterministic(0.0)),
        ("uniform low high", [30, 300], Uniform(30.0, 300.0)),
        ("uniform high low", [300, 30], Uniform(30.0, 300.0)),
        ("uniform low high", [30, 30], Uniform(30.0, 30.0)),
        ("lognormal mean sigma", [2208 * 3600, 0.4], LogNormal(math.log(2208 * 3600) - 0.4 * 0.4 / 2, 0.4)),
        ("lognormal mu sigma", [-1.5, 0.4], LogNormal(-1.5, 0.4)),
        ("weibull shape scale", [1.5, 3], Weibull(1.5, 3.0)),
        ("weibull shape mean", [0.5, 6.0], Weibull(0.5, 3.0)),
        ("gamma shape scale", [2.5, 3], Gamma(2.5, 3.0)),
        ("gamma shape mean", [2.5, 5], Gamma(2.5, 2.0)),
        ("gamma shape rate", [2.5, 4], Gamma(2.5, 0.25)),
        ("erlang k rate", [3.0, 2], Erlang(3, 2.0)),
        ("erlang k mean", [3, 6], Erlang(3, 0.5)),
        ("normal mean sd", [0, 2], TruncatedNormal(0.0, 2.0)),
        ("triangular low mode high", [1, 1, 4], Triangular(1.0, 1.0, 4.0)),
        ("hyperexponential weights rates", [[1, 0], [2, 3]], HyperExponential((1.0, 0.0), (2.0, 3.0))),
        ("hyperexponential weights means", [(1, 2), (2, 4)], HyperExponential((1.0, 2.0), (0.5, 0.25))),
        ("hypoexponential rates", [[2, 3]], HypoExponential((2.0, 3.0))),
        ("hypoexponential means", [[2, 4]], HypoExponential((0.5, 0.25))),
        ("discrete values weights", [[0, 3], [1, 1]], Discrete((0.0, 3.0), (1.0, 1.0))),
        ("empirical data", [[3, 1, 2]], Empirical((1.0, 2.0, 3.0))),
    ],
)
def test_each_form_gives_the_canonical_parameters(name, values, expected):
    family, *form = name.split()
    made = make(family, tuple(form), values)
    assert made == expected
    assert repr(made) == repr(expected)  # floats have become floats
    assert hash(made) == hash(expected)
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made


@given(scales, st.floats(0.01, 3.0))
def test_lognormal_round_trips(mean, sigma):
    one = make("lognormal", ("mean", "sigma"), [mean, sigma])
    assert one.mean == pytest.approx(mean, rel=1e-12)
    again = make("lognormal", ("mean", "sd"), [mean, math.sqrt(one.variance)])
    assert (again.mu, again.sigma) == pytest.approx((one.mu, one.sigma), rel=1e-10, abs=1e-10)
    assert make("lognormal", ("mu", "sigma"), [one.mu, one.sigma]) == one


@given(scales, scales)
def test_lognormal_by_mean_and_sd_has_them(mean, sd):
    ratio = sd / mean
    if 1e-6 < ratio < 1e6:
        one = make("lognormal", ("mean", "sd"), [mean, sd])
        assert (one.mean, math.sqrt(one.variance)) == pytest.approx((mean, sd), rel=1e-9)


@given(shapes, scales)
def test_forms_by_mean_have_that_mean(shape, mean):
    for family in ("weibull", "gamma"):
        assert make(family, ("shape", "mean"), [shape, mean]).mean == pytest.approx(mean, rel=1e-12)
    assert make("exponential", ("mean",), [mean]).mean == pytest.approx(mean, rel=1e-12)
    assert make("erlang", ("k", "mean"), [int(shape) + 1, mean]).mean == pytest.approx(mean, rel=1e-12)
    assert make("hypoexponential", ("means",), [[mean, 2 * mean]]).mean == pytest.approx(3 * mean, rel=1e-12)
    assert make("hyperexponential", ("weights", "means"), [[1, 3], [mean, 2 * mean]]).mean == pytest.approx(1.75 * mean, rel=1e-12)


NAN, INF = math.nan, math.inf
REFUSED = [
    ("exponential rate", [-1.0], "exponential: rate must not be negative, but is -1.0"),
    ("exponential rate", [NAN], "exponential: rate must be finite, not nan"),
    ("exponential mean", [0], "exponential: mean must be positive, not 0"),
    ("exponential mean", [INF], "exponential: mean must be finite, not inf"),
    ("exponential mean", [5e-324], "exponential: rate must be finite, not inf"),
    ("exponential rate", [[1.0]], "exponential: rate must be a number, not [1.0]"),
    ("exponential rate", [True], "exponential: rate must be a number, not True"),
    ("exponential rate", ["1"], "exponential: rate must be a number, not '1'"),
    ("deterministic value", [-3], "deterministic: value must not be negative, but is -3"),
    ("deterministic value", [INF], "deterministic: value must be finite, not inf"),
    ("uniform low high", [-1, 2], "uniform: low must not be negative, but is -1"),
    ("uniform low high", [5, 2], "uniform: low must not exceed high, but is 5.0 > 2.0"),
    ("lognormal mean sigma", [1, -0.4], "lognormal: sigma must be positive, not -0.4"),
    ("lognormal mean sigma", [1, 0], "lognormal: sigma must be positive, not 0 (a constant delay is deterministic)"),
    ("lognormal mean sigma", [0, 1], "lognormal: mean must be positive, not 0"),
    ("lognormal mean sd", [1, 0], "lognormal: sd must be positive, not 0 (a constant delay is deterministic)"),
    ("lognormal mean sd", [1, 1e-200], "lognormal: sigma must be positive, not 0.0 (a constant delay is deterministic)"),
    ("lognormal mu sigma", [NAN, 1], "lognormal: mu must be finite, not nan"),
    ("lognormal mu sigma", [700, 1], "lognormal: mu and sigma give delays beyond the greatest number there is, mu = 700.0 and sigma = 1.0"),
    ("weibull shape scale", [0, 1], "weibull: shape must be positive, not 0"),
    ("weibull shape scale", [0.005, 1], "weibull: shape must be at least 0.01, not 0.005 (the mean would be beyond all numbers)"),
    ("weibull shape mean", [0.001, 1], "weibull: shape must be at least 0.01, not 0.001 (the mean would be beyond all numbers)"),
    ("weibull shape scale", [1, -2], "weibull: scale must be positive, not -2"),
    ("gamma shape scale", [-1, 1], "gamma: shape must be positive, not -1"),
    ("gamma shape rate", [1, 0], "gamma: rate must be positive, not 0"),
    ("gamma shape mean", [1, NAN], "gamma: mean must be finite, not nan"),
    ("erlang k rate", [0, 1], "erlang: k must be a positive integer, not 0"),
    ("erlang k rate", [2.5, 1], "erlang: k must be a positive integer, not 2.5"),
    ("erlang k mean", [INF, 1], "erlang: k must be finite, not inf"),
    ("erlang k mean", [2**53 + 2, 1], "erlang: k must be a positive integer, not 9007199254740994"),
    ("exponential rate", [10**5000], "exponential: rate is too large"),
    ("erlang k rate", [2, 0], "erlang: rate must be positive, not 0"),
    ("normal mean sd", [-1, 1], "normal: mean must not be negative, but is -1"),
    ("normal mean sd", [1, 0], "normal: sd must be positive, not 0 (a constant delay is deterministic)"),
    ("triangular low mode high", [1, 5, 4], "triangular: mode must be between low and high, 1.0 and 4.0, not 5.0"),
    ("triangular low mode high", [5, 4, 3], "triangular: low must not exceed high, but is 5.0 > 3.0"),
    ("triangular low mode high", [0, 1, 1e200], "triangular: high must not exceed 1e150, but is 1e+200"),
    ("hyperexponential weights rates", [[1, 2], [1]], "hyperexponential: weights and rates must have the same length, not 2 and 1"),
    ("hyperexponential weights means", [[1], [1, 2]], "hyperexponential: weights and means must have the same length, not 1 and 2"),
    ("hyperexponential weights rates", [[0, 0], [1, 2]], "hyperexponential: weights must not all be zero"),
    ("hyperexponential weights rates", [[1, -1], [1, 2]], "hyperexponential: weights[1] must not be negative, but is -1"),
    ("hyperexponential weights rates", [[1, 1], [1, 0]], "hyperexponential: rates[1] must be positive, not 0"),
    ("hyperexponential weights rates", [[], []], "hyperexponential: weights must not be empty"),
    ("hyperexponential weights rates", [[1e308, 1e308], [1, 1]], "hyperexponential: weights must have a finite sum"),
    ("hypoexponential rates", [[]], "hypoexponential: rates must not be empty"),
    ("hypoexponential rates", [3.0], "hypoexponential: rates must be a list, not 3.0"),
    ("hypoexponential means", [[1, NAN]], "hypoexponential: means[1] must be finite, not nan"),
    ("discrete values weights", [[-1], [1]], "discrete: values[0] must not be negative, but is -1"),
    ("discrete values weights", [[1], [0]], "discrete: weights must not all be zero"),
    ("discrete values weights", [[1, 2], [1, 2, 3]], "discrete: values and weights must have the same length, not 2 and 3"),
    ("empirical data", [[]], "empirical: data must not be empty"),
    ("empirical data", [[1, [2]]], "empirical: data[1] must be a number, not [2]"),
    ("empirical data", [[1, -2]], "empirical: data[1] must not be negative, but is -2"),
    ("cauchy scale", [1], "there is no distribution cauchy; there are " + ", ".join(sorted(FAMILIES))),
    ("normal mean", [1], "normal: the arguments must be (mean, sd), not (mean)"),
    ("lognormal mean", [1], "lognormal: the arguments must be (mean, sigma), (mu, sigma) or (mean, sd), not (mean)"),
    ("lognormal mean sigma", [1], "lognormal: 2 arguments are named, 1 given"),
    ("exponential rate rate", [1, 1], "exponential: the arguments must be (rate) or (mean), not (rate, rate)"),
]


@pytest.mark.parametrize(("name", "values", "message"), REFUSED)
def test_refused(name, values, message):
    family, *form = name.split()
    with pytest.raises(ValueError) as caught:
        make(family, tuple(form), values)
    assert str(caught.value) == message


def test_constructors_check_as_well():
    with pytest.raises(ValueError, match=r"lognormal: sigma must be positive, not -1\.0"):
        LogNormal(0.0, -1.0)
    with pytest.raises(ValueError, match="hypoexponential: rates must not be empty"):
        HypoExponential(())


@given(st.sampled_from(sorted(FAMILIES)), st.data())
def test_whatever_is_given_is_a_distribution_or_a_value_error(name, data):
    form = data.draw(st.sampled_from(FAMILIES[name].forms))
    numbers = st.one_of(st.floats(), st.integers(-(10**400), 10**400), st.sampled_from([0.0, 1.0, 5e-324, 1.7e308, 10**400]))
    values = [data.draw(st.lists(numbers, max_size=4) if argument.is_list else numbers) for argument in form.arguments]
    with contextlib.suppress(ValueError):
        made = make(name, form.names, values)
        assert made.mean >= 0.0
        assert made.variance >= 0.0
        assert made.support[0] <= made.support[1]


def test_distributions_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Exponential(1.0).rate = 2.0  # type: ignore[misc]


def test_import_loads_neither_numpy_nor_scipy():
    use = "import sys, spn.distributions as d; d.make('lognormal', ('mean', 'sigma'), [1, 1]).mean"
    script = f"{use}; print({{'numpy', 'scipy', 'numba'}} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
