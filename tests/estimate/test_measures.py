"""Estimates of measures from arrays of observations, and their JSON."""

import json
import math

import numpy as np
import pytest

from spn.estimate import Sample, State, Subject, estimate
from spn.estimate.estimates import YEAR
from spn.estimate.stationarity import growing, mser
from spn.estimate.stopping import AnyOf, Events, Firings, Look, Precision, Reason, Replications, SimulatedTime, Status, WallTime


def plain(found):
    return json.loads(json.dumps(found.to_dict(), allow_nan=False))


def availabilities(failures, down, duration=1e7, count=40):
    row = np.array([duration - down, down, failures, failures])
    return np.tile(row, (count, 1, 1)).reshape(count, 1, 4)


def test_availability_is_printed_from_the_unavailability():
    rng = np.random.default_rng(1)
    down = rng.uniform(1, 3, (200, 1))
    observations = np.stack([1e9 - down, down, np.full((200, 1), 2.0), np.full((200, 1), 2.0)], axis=2)
    found = estimate(Subject("Availability", steady=True), Sample(observations), 0.95, 0.05, 100)
    u = found.unavailability
    assert u.estimate == pytest.approx(down.mean() / 1e9, rel=1e-14)
    assert plain(found)["low"] == 1.0 - u.high
    assert plain(found)["nines"] == pytest.approx(-math.log10(u.estimate))
    assert plain(found)["failures_per_year"] == pytest.approx(2 / 1e9 * YEAR)
    assert found.converged


def test_zero_failures_bound_everything_and_converge_to_nothing():
    found = estimate(Subject("Availability", steady=True), Sample(availabilities(0, 0)), 0.95, 0.05, 100)
    data = plain(found)
    assert found.assessment.state is State.NO_EVENT
    assert data["unavailability"]["estimate"] == 0.0
    assert data["unavailability"]["high"] == pytest.approx(1 - 0.025 ** (1 / 40))
    assert data["nines"] is None
    assert data["mean_down_s"] is None
    assert data["intervals"]["mean_up_s"]["low"] == pytest.approx(40e7 / -math.log(0.025))
    assert data["intervals"]["failures_per_year"]["high"] == pytest.approx(-math.log(0.025) / 40e7 * YEAR)


def test_always_down_is_bounded_from_below():
    found = estimate(Subject("Availability", steady=True), Sample(availabilities(0, 1e7)), 0.95, 0.05)
    assert found.unavailability.low == pytest.approx(0.025 ** (1 / 40))
    assert found.unavailability.high == 1.0


def test_censored_passages_are_counted_and_make_the_mean_a_lower_bound():
    observations = np.array([[[5.0, 1.0]], [[7.0, 1.0]], [[100.0, 0.0]]])
    found = estimate(Subject("FirstPassage"), Sample(observations), 0.95, 0.05)
    assert found.assessment.censored == 1
    assert found.assessment.state is State.CENSORED
    assert plain(found)["high"] is None


def test_censored_probabilities_are_taken_both_ways():
    observations = np.array([[[1.0, 1.0]]] * 30 + [[[0.0, 1.0]]] * 60 + [[[0.0, 0.0]]] * 10)
    found = estimate(Subject("FirstPassage", within=True), Sample(observations), 0.95, 0.05)
    assert found.interval.low < 0.3 < 0.4 < found.interval.high


def test_cut_observations_are_never_dropped_silently():
    observations = availabilities(2, 10)
    observations[3] = np.nan
    found = estimate(Subject("Availability", steady=True), Sample(observations), 0.95, 0.5)
    assert found.assessment.censored == 1 and not found.converged


def test_drift_between_the_halves_shows():
    rng = np.random.default_rng(2)
    integral = rng.normal([[1.0, 2.0]], 0.05, (50, 2))
    found = estimate(Subject("Average", steady=True), Sample(np.stack([integral, np.ones((50, 2))], axis=2)), 0.95, 0.05)
    assert found.assessment.state is State.NOT_STATIONARY


def test_mser_cuts_off_the_start_up():
    curve = np.concatenate([np.linspace(10, 1, 8), 1 + 0.01 * np.sin(np.arange(24))])
    assert 6 <= mser(curve) <= 9
    assert mser(np.full(32, 0.3)) == 0


def test_linear_growth_is_told_from_a_full_place():
    rng = np.random.default_rng(3)
    time = np.arange(33)
    linear = np.cumsum(rng.poisson(3, (16, 33)), axis=1)
    full = rng.poisson(50 * (1 - np.exp(-time / 3.0)), (16, 33))
    assert growing(np.stack([linear, full], axis=2).astype(np.int64)) == (0,)


def test_criteria_combine():
    precise = Status(40, 10, 1.0, 9.0, {"a": Look(0.01, True), "b": Look(math.inf, False, Reason.NO_EVENT)})
    assert Precision(0.05).reason(precise) is Reason.NO_EVENT
    assert Precision(0.05, {"a": 0.001}).reason(precise) is None
    assert (Firings(10) | WallTime(5)).reason(precise) is Reason.FIRINGS
    assert (Firings(10) & WallTime(5)).reason(precise) is None
    assert (Firings(10) & Replications(40)).reason(precise) is Reason.FIRINGS
    assert isinstance(Firings(1) | Firings(2), AnyOf)
    assert SimulatedTime(9).reason(precise) is Reason.SIMULATED_TIME and SimulatedTime(10).reason(precise) is None


def test_events_are_asked_of_the_measures_that_count_them():
    looks = {"failures": Look(0.5, True, None, 12), "level": Look(0.01, True), "never": Look(math.inf, False, Reason.NO_EVENT, 0)}
    status = Status(40, 10, 1.0, 9.0, looks)
    assert Events(12).reason(status) is Reason.EVENTS and Events(13).reason(status) is None
    assert (Precision(0.05) | Events(12)).reason(status) is Reason.EVENTS
    assert (Precision(0.05) & Events(12)).reason(status) is None
    assert Events(1).reason(Status(40, 10, 1.0, 9.0, {"level": Look(0.01, True)})) is None  # it counts nothing, and never will


@pytest.mark.parametrize(
    "made", [lambda: Precision(0.0), lambda: Precision(math.nan), lambda: Events(0), lambda: WallTime(-1), lambda: SimulatedTime(0)]
)
def test_criteria_that_nothing_meets_are_refused(made):
    with pytest.raises(ValueError, match="must be positive"):
        made()
