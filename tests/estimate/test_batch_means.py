"""Batch means: windows that depend on each other are put together, and only those; the tests against scipy.stats."""

import numpy as np
import pytest
from scipy import stats

from spn.estimate.batch_means import LEVEL, apart, dependent, put_together, unfolded, values_of


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
