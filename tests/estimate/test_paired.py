"""Ratios of systems with common random numbers: coverage with and without correlation, and agreement with independent estimates."""

import numpy as np
import pytest

from spn.estimate.intervals import ratio_of_means
from spn.estimate.paired import Down, paired_ratio


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
