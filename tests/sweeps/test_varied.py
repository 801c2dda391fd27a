"""Parameters changed by a factor: scales of all families, and what has no derivative."""

import pytest

from spn.distributions import FAMILIES
from spn.sweeps.computed import Computed
from spn.sweeps.varied import NoDerivative, varied
from spn.text.positioned import Text
from spn.text.problems import Problems

DELAYS = {
    "deterministic": ["3 s"],
    "discrete": ["discrete(values=[1 s, 4 s], weights=[1, 3])"],
    "empirical": ["empirical(data=[1 s, 2 s, 9 s])"],
    "erlang": ["erlang(k=3, rate=2/s)", "erlang(k=3, mean=2 s)"],
    "exponential": ["exponential(rate=2/s)", "exponential(mean=3 h)"],
    "gamma": ["gamma(shape=2, scale=3 s)", "gamma(shape=2, mean=3 s)", "gamma(shape=2, rate=3/s)"],
    "hyperexponential": ["hyperexponential(weights=[1, 2], rates=[1/s, 3/s])", "hyperexponential(weights=[1, 2], means=[1 s, 3 s])"],
    "hypoexponential": ["hypoexponential(rates=[1/s, 3/s])", "hypoexponential(means=[1 s, 3 s])"],
    "lognormal": ["lognormal(mean=3 h, sigma=0.4)", "lognormal(mu=3, sigma=0.4)", "lognormal(mean=3 h, sd=1 h)"],
    "normal": ["normal(mean=9 s, sd=2 s)"],
    "triangular": ["triangular(1 s, 2 s, 5 s)"],
    "uniform": ["uniform(30 s, 300 s)"],
    "weibull": ["weibull(shape=2, scale=4 s)", "weibull(shape=2, mean=4 s)"],
}


def moments(text):
    delay = Computed({}).delay(Text(text), Problems())
    return delay.mean, delay.variance


def test_every_form_of_every_family_is_here():
    assert {name: len(family.forms) for name, family in FAMILIES.items()} == {name: len(texts) for name, texts in DELAYS.items()}


@pytest.mark.parametrize("text", [text for texts in DELAYS.values() for text in texts])
def test_a_distribution_is_scaled_as_a_whole(text):
    """The mean grows by the factor, the variance by its square."""
    (found,), left_out = varied("m", {"delay": text}, ["delay"])
    mean, variance = moments(text if "(" in text else f"deterministic({text})")
    if found.arguments is None:  # a duration
        assert moments(f"deterministic({found.text(1.25)})")[0] == pytest.approx(1.25 * mean)
        return
    assert moments(found.text(1.25)) == (pytest.approx(1.25 * mean), pytest.approx(1.25**2 * variance))
    assert not left_out


def test_all_that_can_be_changed_is_found_once():
    texts = {"failure": "lognormal(mean=10 h, sigma=0.4)", "repair": "uniform(a, 3 h)", "a": "1 h", "n": "3"}
    texts |= {"word": "age", "on": "true", "list": "[1 s]"}
    found, left_out = varied("m", texts, [])
    names = [each.name for each in found]
    assert names == ["failure", "failure.sigma", "repair", "repair.low", "repair.high", "a", "n"]
    assert set(left_out) == {"word", "on", "list"}
    assert next(each for each in found if each.name == "n").whole


def test_one_argument_changes_and_the_others_stay():
    (found,), _ = varied("m", {"repair": "uniform(30 s, 300 s)"}, ["repair.high"])
    assert moments(found.text(2.0))[0] == pytest.approx((30 + 600) / 2)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x", "no parameter 'x'"),
        ("word", "no number"),
        ("zero", "is 0"),
        ("list", "is a list"),
        ("repair.sigma", "which has no 'sigma'"),
        ("rate.mean", "no distribution"),
        ("steps.k", "whole number"),
        ("mixed.rates", "is a list"),
        ("nothing", "a delay of 0"),
    ],
)
def test_what_has_no_derivative_is_said_in_words(name, why):
    texts = {
        "word": "age", "zero": "0 s", "list": "[1 s, 2 s]", "repair": "uniform(1 s, 2 s)", "rate": "3 / h",
        "steps": "erlang(k=3, mean=2 s)", "mixed": "hypoexponential(rates=[1/s, 2/s])", "nothing": "deterministic(0 s)",
    }  # fmt: skip
    with pytest.raises(NoDerivative, match=why):
        varied("m", texts, [name])
