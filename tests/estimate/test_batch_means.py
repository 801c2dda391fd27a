"""Batch means: windows that depend on each other are put together, and only those; the tests against scipy.stats."""

import numpy as np
import pytest
from scipy import stats

from spn.estimate.batch_means import LEVEL, apart, dependent, put_together, unfolded, values_of
from spn.estimate.controlled import ratio_with_controls


def averages(windows):
    """Observations of an average from its value in each window: shape (replications, windows * 2, 2), each window in two unequal halves."""
    halves = np.stack([windows * 0.5 - 0.1, windows * 0.5 + 0.1], axis=2).reshape(len(windows), -1)
    return np.stack([halves, np.full_like(halves, 0.5)], axis=2)


def autoregressive(rng, replications, windows, correlation):
    """Stationary Gaussian windows whose neighbours have that correlation."""
    found = np.empty((replications, windows))
    found[:, 0] = rng.normal(size=replications)
    for k in range(1, windows):
        found[:, k] = correlation * found[:, k - 1] + np.sqrt(1 - correlation**2) * rng.normal(size=replications)
    return found


def test_independent_windows_are_left_alone_as_often_as_two_tests_allow():
    """A test on one side rejects 20 %, and there are three: together between 40 and 60 %. 4,000 samples; margins of over 4 standard errors."""
    rng = np.random.default_rng(1)
    rejected = np.mean([dependent(rng.normal(size=(10, 4))) for _ in range(4000)])
    assert 2 * LEVEL - 0.03 < rejected < 3 * LEVEL + 0.03


def test_neighbours_that_go_together_are_put_together():
    rng = np.random.default_rng(2)
    sizes = [put_together("Average", averages(autoregressive(rng, 30, 4, 0.5)), 4) for _ in range(200)]
    assert np.mean(np.array(sizes) > 1) > 0.95


def test_replications_that_never_forget_count_as_one_observation_each():
    """Neighbours are hardly correlated within a replication, but replications have levels of their own: what one long run does not show."""
    rng = np.random.default_rng(3)
    sizes = [put_together("Average", averages(rng.normal(size=(10, 4)) + 3 * rng.normal(size=(10, 1))), 4) for _ in range(200)]
    assert np.mean(np.array(sizes) == 4) > 0.99


def test_alternating_windows_are_put_together():
    """A negative correlation makes intervals too wide."""
    rng = np.random.default_rng(4)
    assert np.mean([dependent(autoregressive(rng, 30, 4, -0.6)) for _ in range(200)]) > 0.97


def compensating(rng, replications, windows, noise=0.0):
    """Windows whose controls explain all but what the end of each cuts off, which the next one has; with their controls."""
    queue = rng.geometric(0.1, size=(replications, windows + 1))
    controls = rng.normal(size=(replications, windows, 2)) * 1000
    return averages(5e4 + controls @ [1.0, -0.9] + queue[:, 1:] - queue[:, :-1] + noise * rng.normal(size=(replications, windows))), controls


def test_what_controls_leave_is_tested_too():
    """With controls all is in what the windows cut off, which nobody sees without; where there is more it is left alone as often as before."""
    rng = np.random.default_rng(6)
    made = [compensating(rng, 32, 4) for _ in range(200)]
    assert np.mean([put_together("Average", observations, 4, controls) == 4 for observations, controls in made]) > 0.95
    assert np.mean([put_together("Average", observations, 4) == 1 for observations, _ in made]) > 0.3
    noisy = [put_together("Average", *(parts[0], 4, parts[1])) for parts in (compensating(rng, 32, 4, noise=500.0) for _ in range(400))]
    assert 0.2 < np.mean(np.array(noisy) == 1) < 0.5


def test_intervals_with_controls_cover_what_they_say_where_windows_make_up_for_each_other():
    """The mean is 5e4 exactly. 1,000 intervals of 32 replications with four windows each; one by one the windows would make it 100 %."""
    rng = np.random.default_rng(7)

    def covers(pooled):
        observations, controls = compensating(rng, 32, 4)
        size = put_together("Average", observations, 4, controls) if pooled else 1
        above, below = unfolded(observations, 4, size).sum(axis=1).T
        found = ratio_with_controls(above, below, unfolded(controls, 4, size).sum(axis=1), 0.95)
        return found is None or found.low <= 5e4 <= found.high

    assert np.mean([covers(False) for _ in range(300)]) > 0.99
    assert 0.93 < np.mean([covers(True) for _ in range(1000)]) < 0.97


def test_controls_that_cannot_be_told_apart_change_nothing():
    rng = np.random.default_rng(8)
    observations, controls = averages(autoregressive(rng, 30, 4, 0.5)), rng.normal(size=(30, 4, 1))
    twice = np.concatenate([controls, controls], axis=2)
    assert put_together("Average", observations, 4, twice) == put_together("Average", observations, 4)
    assert put_together("Average", averages(np.ones((10, 4))), 4, np.zeros((10, 4, 2))) == 1


def test_the_spread_between_replications_is_scipys_analysis_of_variance():
    """At the edge: the levels of replications are spread until scipy's F-test rejects."""
    rng = np.random.default_rng(5)
    left = rng.normal(size=(12, 1)) * np.array([1.0, -1.0, 1.0, -1.0])
    level = rng.normal(size=(12, 1))
    level -= level.mean()
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        p = stats.f_oneway(*(left + middle * level)).pvalue
        low, high = (middle, high) if p > LEVEL else (low, middle)
    assert [apart(left + size * level) for size in (low * 0.999, high * 1.001)] == [False, True]


def test_constant_windows_are_independent():
    assert put_together("Average", averages(np.ones((10, 4))), 4) == 1


def test_unfolding_keeps_every_window():
    observations = averages(np.arange(24.0).reshape(6, 4))
    assert unfolded(observations, 4, 1).sum(axis=1)[:, 0] == pytest.approx(np.arange(24.0))
    assert unfolded(observations, 4, 2).sum(axis=1)[:, 0] == pytest.approx(np.arange(24.0).reshape(-1, 2).sum(axis=1))
    assert unfolded(observations, 4, 4).shape == (6, 8, 2)


@pytest.mark.parametrize(("size", "expected"), [(1, [[0, 1], [], [2, 3, 4], [5]]), (2, [[0, 1], [2, 3, 4, 5]]), (4, [[0, 1, 2, 3, 4, 5]])])
def test_values_go_to_their_windows(size, expected):
    found = values_of(np.arange(6.0), np.array([2.0, 0.0, 3.0, 1.0]), size)
    assert [part.tolist() for part in found] == expected


def test_thinned_values_go_to_their_windows_in_proportion():
    found = values_of(np.arange(60.0), np.array([200.0, 0.0, 300.0, 100.0]), 1)
    assert [len(part) for part in found] == [20, 0, 30, 10]


def test_no_value_at_all():
    assert [len(part) for part in values_of(np.zeros(0), np.zeros(4), 1)] == [0, 0, 0, 0]
