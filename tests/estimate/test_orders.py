"""Estimates without the bias of stopping: against closed forms, and against known means over many runs that stop when they are precise."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import truncnorm

from spn.estimate.influence import Influence, Influences, Ranked
from spn.estimate.intervals import mean
from spn.estimate.orders import Measured, weights
from spn.estimate.quantiles import sample_quantile
from spn.estimate.stopping import Events, Firings, Look, Orders, Precision, Replications, SimulatedTime, WallTime

HOPEFUL = Look(math.inf, True, None, 0)
LOOKS = [8 * k for k in range(4, 600)]


def measured(values, looks, events=None, wanted=0):
    terms = (values - values.mean())[:, None]
    return {"m": Measured(Influences({"interval": Influence(np.array([values.mean()]), terms)}, {}, events), looks, wanted)}


@pytest.mark.parametrize(("events", "number"), [(5, 40), (61, 600), (2, 33)])
def test_who_waits_for_the_kth_event_has_haldanes_estimate(events, number):
    """(k - 1) / (n - 1): exactly, as the last one is an event in every order that ends there."""
    rng = np.random.default_rng(events)
    values = np.zeros(number)
    values[rng.choice(number - 1, events - 1, replace=False)] = 1.0
    values[-1] = 1.0
    found = weights([number - 1, number], measured(values, [HOPEFUL, HOPEFUL], values), Events(events).among)
    assert float(found @ values) / number == pytest.approx((events - 1) / (number - 1), rel=1e-12)


def test_two_looks_at_normal_observations_have_the_truncated_mean():
    """Given the sum of n, that of the first m is normal about its share; the run goes on if it is below the bound (Emerson and Fleming, 1990)."""
    rng, first, number, bound = np.random.default_rng(5), 400, 800, 22.0
    values = rng.normal(0.05, 1.0, number)
    values[:first] -= values[:first].mean() - 0.9 * bound / first  # goes on, but not by much
    values[first:] += 0.03
    share = first / number
    middle, spread = values.sum() * share, values.std(ddof=1) * math.sqrt(first * (1.0 - share))
    wanted = truncnorm.mean(-math.inf, (bound - middle) / spread, middle, spread) / first
    found = weights([first, number], measured(values, [HOPEFUL, HOPEFUL], values), Events(bound).among)
    got, plain = float(found @ values) / number, values.mean()
    assert abs(got - plain) > 0.3 * spread / first, "the bound matters"
    assert abs(got - wanted) < 4.0 * spread / first / math.sqrt(150), "150 of 400 orders go on, at least"


DRAWS = {
    "normal": (lambda rng, n: 1.0 + rng.standard_normal(n), 0.08),
    "proportion": (lambda rng, n: (rng.random(n) < 0.3) / 0.3, 0.03),
    "lognormal": (lambda rng, n: rng.lognormal(-0.5, 1.0, n), -0.05),
}


@pytest.mark.parametrize("name", DRAWS)
def test_estimates_of_runs_that_stop_when_precise_are_unbiased(name):
    """The mean of 1,500 estimates, in half-widths: with a seed that is fixed, 3.5 standard errors are enough. Without weights it is biased."""
    draw, bias = DRAWS[name]
    rng, precision, errors = np.random.default_rng(11), 0.25, []
    for _ in range(1500):
        values, looks, stop = np.zeros(0), [], Precision(precision)
        for number in LOOKS:
            values = np.concatenate([values, draw(rng, number - len(values))])
            interval = mean(values, 0.95)
            looks.append(Look(interval.relative_half_width, True))
            if interval.relative_half_width <= precision:
                break
        found = weights(LOOKS[: len(looks)], measured(values, looks), stop.among)
        plain = float(values.mean())
        errors.append((plain - 1.0, (plain if found is None else float(found @ values) / len(values)) - 1.0))
    scaled = np.array(errors) / precision
    plain, weighted = scaled.mean(axis=0)
    error = scaled[:, 1].std() / math.sqrt(len(scaled))
    assert plain > bias if bias > 0.0 else plain < bias, "stopping biases"
    assert abs(weighted) < 3.5 * error


def test_a_run_that_stops_for_a_quantile_leaves_the_mean_unbiased():
    """It is the spacing of a few values that decides, of which the mean knows little: hardly anything may be taken off. If the width were taken for
    that of a mean of zeros and ones, it would be -0.19 half-widths.
    """
    rng, taken = np.random.default_rng(3), []
    for _ in range(50):
        values, looks = np.zeros(0), []
        for number in LOOKS[8:]:
            values = np.concatenate([values, rng.exponential(size=number - len(values))])
            looks.append(Look(sample_quantile(values, 0.1, 0.95).relative_half_width, True))
            if looks[-1].relative <= 0.25:
                break
        terms = (values - values.mean())[:, None]
        moving = Influences({"interval": Influence(np.array([values.mean()]), terms)}, ranked=(Ranked(values, 0.1, 0.95),))
        found = weights(LOOKS[8 : 8 + len(looks)], {"m": Measured(moving, looks, 0)}, Precision(0.25).among)
        half = 1.96 * values.std() / math.sqrt(len(values))
        taken.append(0.0 if found is None else (float(found @ values) / len(values) - values.mean()) / half)
    assert np.count_nonzero(taken) > 25
    assert abs(np.mean(taken)) < 0.1


def test_what_cannot_be_told_is_left_as_it_was():
    values = np.random.default_rng(4).lognormal(0.0, 1.0, 64)
    looks = [Look(mean(values[:number], 0.95).relative_half_width, True) for number in (48, 64)]
    (known,) = measured(values, looks).values()
    assert weights([48, 64], {"m": known}, Precision(0.28).among) is not None
    opaque = replace(known, influences=replace(known.influences, opaque=True))
    assert weights([48, 64], {"m": opaque}, Precision(0.28).among) is None


def test_where_no_order_would_have_ended_earlier_all_count_the_same():
    values = np.random.default_rng(1).normal(1.0, 0.1, 64)
    looks = [Look(0.5, True), Look(0.04, True)]
    assert weights([32, 64], measured(values, looks), Precision(0.05).among) is None
    assert weights([64], measured(values, looks[1:]), Precision(0.05).among) is None


def test_a_run_of_many_replications_takes_no_more_memory_and_says_the_same_again():
    values = np.zeros(300_000)
    values[::1000] = values[299_500] = 1.0
    looks = [Look(mean(values[:number], 0.95).relative_half_width, True) for number in (299_000, 300_000)]
    assert looks[1].relative < looks[0].relative
    first, again = (weights([299_000, 300_000], measured(values, looks), Precision(looks[1].relative).among) for _ in range(2))
    assert first is not None
    assert np.array_equal(first, again) and first.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("unit", [1e-200, 1e150])
def test_the_unit_does_not_matter(unit):
    values = np.random.default_rng(4).lognormal(0.0, 1.0, 64)
    looks = [Look(mean(values[:number], 0.95).relative_half_width, True) for number in (48, 64)]
    one, other = (weights([48, 64], measured(values * by, looks), Precision(0.28).among) for by in (1.0, unit))
    assert one is not None and np.array_equal(one, other)


def test_criteria_say_in_which_orders_they_would_have_stopped():
    orders = Orders(
        3,
        {"a": np.array([0.1, 0.04, 0.01]), "b": np.array([0.01, 0.2, 0.01])},
        {"a": np.array([True, True, True]), "b": np.array([True, True, False])},
        {"a": np.array([10.0, 20.0, 30.0]), "b": None},
    )
    assert Precision(0.05).among(orders).tolist() == [False, False, False]
    assert Precision(0.05, {"a": 0.2}).among(orders).tolist() == [True, False, False]
    assert Events(20).among(orders).tolist() == [False, True, True]
    assert (Precision(0.05, {"a": 0.2}) | Events(30)).among(orders).tolist() == [True, False, True]
    assert (Precision(0.3, {"a": 0.2}) & Events(20)).among(orders).tolist() == [False, True, False]
    hopeless = Orders(3, orders.relative, orders.enough, orders.events, frozenset({"b"}))
    assert Precision(0.05).among(hopeless).tolist() == [False, True, True]
    for other in (Firings(1), WallTime(1.0), SimulatedTime(1.0), Replications(1)):
        assert not other.among(orders).any()
