"""Ratios of systems with common random numbers: coverage with and without correlation, and agreement with independent estimates."""

import numpy as np
import pytest

from spn.estimate.intervals import ratio_of_means
from spn.estimate.paired import Down, contrast, down_of, paired_difference, paired_ratio


def systems(rng, count, common, other=None):
    """Two systems with 20 failures in each replication; a share `common` of the second's downtimes is the first's. The true ratio is 2."""
    other = other or count
    failures = 20
    first = rng.exponential(1.0, (count, failures))
    own = rng.exponential(1.0, (other, failures))
    same = rng.random((other, failures)) < common
    second = own.copy()
    n = min(count, other)
    second[:n][same[:n]] = first[:n][same[:n]]
    totals = rng.uniform(900, 1100, count), rng.uniform(900, 1100, other)
    return Down(2 * first.sum(axis=1), totals[0], failures * count), Down(second.sum(axis=1), totals[1], failures * other)


@pytest.mark.parametrize(("common", "counts"), [(0.0, (60, 60)), (0.0, (40, 160)), (0.7, (60, 60)), (0.7, (160, 40)), (1.0, (60, 60))])
def test_coverage_with_and_without_correlation(common, counts):
    """2,000 pairs at 95 %; with a coverage of 0.94 or more, below 0.92 with probability 1e-4, fixed by the seed."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(2000):
        a, b = systems(rng, counts[0], common, counts[1])
        found = paired_ratio(a, b, 0.95)
        hits += found.low <= 2.0 <= found.high
    assert hits / 2000 > 0.92
    if not common:
        assert hits / 2000 < 0.975  # not wider than it has to be


def test_without_correlation_it_is_the_interval_of_independent_estimates():
    """To first order: the squares of the relative half-widths of the two add up."""
    rng = np.random.default_rng(5)
    a, b = systems(rng, 4000, 0.0)
    parts = [ratio_of_means(each.down, each.total, 0.95).relative_half_width for each in (a, b)]
    found = paired_ratio(a, b, 0.95)
    assert found.estimate == pytest.approx(a.linearised().share / b.linearised().share)
    assert np.log(found.high / found.low) / 2 == pytest.approx(np.hypot(*parts), rel=0.05)


def test_correlation_makes_it_narrower():
    rng = np.random.default_rng(5)
    widths = []
    for common in (0.0, 0.9):
        found = paired_ratio(*systems(rng, 500, common), 0.95)
        widths.append(np.log(found.high / found.low))
    assert widths[1] < 0.6 * widths[0]


def test_systems_that_never_differed_are_not_known_to_be_the_same():
    """A failure that only one of them has may be too rare to be seen among 1,200: at 95 % its share is below 3.69 / 1,200."""
    a, _ = systems(np.random.default_rng(5), 60, 1.0)
    found = paired_ratio(a, a, 0.95)
    assert found.estimate == 1.0
    assert found.low == pytest.approx(1 - 3.69 / 1200, rel=1e-4) and found.high == pytest.approx(1 + 3.69 / 1200, rel=1e-4)


def test_the_difference_covers_and_is_not_wider_than_it_has_to_be():
    """2,000 pairs at 95 %, true difference U = 0.02; below 0.92 or above 0.975 with probability 1e-4 each, fixed by the seed."""
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(2000):
        a, b = systems(rng, 60, 0.5)
        found = paired_difference(a, b, 0.95)
        hits += found.low <= 20 / 1000 <= found.high
    assert 0.92 < hits / 2000 < 0.975


def test_a_contrast_of_four_covers_and_knows_what_it_gained():
    """log U of four systems with the weights of a five-point derivative: the true value is 0.5, for U goes as p to the half."""
    rng = np.random.default_rng(13)
    weights = tuple(part / 1.2 for part in (1.0, -8.0, 8.0, -1.0))
    hits, gains = 0, []
    for _ in range(1000):
        down = rng.exponential(1.0, (80, 20))
        parts = []
        for k in (-2, -1, 1, 2):
            own = np.where(rng.random((80, 20)) < 0.02, rng.exponential(1.0, (80, 20)), down)
            parts.append(Down(np.exp(0.05 * k) * own.sum(axis=1), np.full(80, 1000.0), 1600))
        found = contrast(parts, weights, 0.95)
        gains.append(found.gain)
        hits += abs(found.estimate - 0.5) <= found.half_width
    assert 0.92 < hits / 1000 < 0.98
    # Each pair has 96 % of its draws in common: of 2 v are left 0.08 v, and for the weights about as much of all.
    assert 10 < np.median(gains) < 60


def test_all_counts_are_paired_over_what_two_have_in_common():
    rng = np.random.default_rng(14)
    a, b = systems(rng, 200, 1.0)
    c = Down(b.down[:100], b.total[:100], b.failures / 2)
    equal, fewer = contrast((a, b), (1.0, -1.0), 0.95), contrast((a, c), (1.0, -1.0), 0.95)
    # What has no partner adds its own variance: v (1 / 100 - 1 / 200), v being about 1 / 20.
    assert fewer.variance - equal.variance == pytest.approx((1 / 100 - 1 / 200) / 20, rel=0.5)


def test_observations_of_each_kind_become_numerators_and_denominators():
    steady = np.array([[[9.0, 1.0, 2.0, 2.0], [8.0, 2.0, 1.0, 1.0]]] * 3)
    found = down_of("Availability", steady)
    assert found.down.tolist() == [3.0] * 3 and found.total.tolist() == [20.0] * 3 and found.failures == 9
    point = down_of("Availability", np.array([[[1.0]], [[0.0]]]))
    assert point.down.tolist() == [0.0, 1.0] and point.failures == 1
    assert down_of("Average", np.array([[[3.0, 10.0]], [[0.0, 10.0]]])).failures == 1
    assert down_of("Availability", np.full((2, 1, 4), np.nan)) is None
    assert down_of("Availability", np.zeros((0, 1, 4))) is None
