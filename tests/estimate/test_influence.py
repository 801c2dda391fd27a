"""What single replications add to an estimate: the estimate of a part of them, made anew, is what the terms of that part say."""

import numpy as np
import pytest

from spn.estimate.estimates import AvailabilityEstimate, CurveEstimate
from spn.estimate.influence import influences, weighted
from spn.estimate.measures import Sample, Subject, estimate

COUNT = 4000


def part_of(sample, kept):
    values = [part for part, good in zip(sample.values, kept, strict=True) if good] if len(sample.values) else ()
    return Sample(sample.observations[kept], values, None if sample.controls is None else sample.controls[kept])


def availability(rng):
    up, failures = rng.gamma(20.0, 5.0, COUNT), rng.poisson(3.0, COUNT).astype(float)
    down = failures * 0.1 + rng.gamma(2.0, 0.1, COUNT)
    return np.stack([up, down, failures, failures], axis=1)[:, None, :]


def tallied(rng):
    counts = rng.integers(1, 20, COUNT)
    values = [rng.exponential(rng.gamma(5.0, 0.2), number) for number in counts]
    return Sample(np.array([[[len(each), each.sum()]] for each in values], float), values)


def controlled(rng, terms):
    return Sample(terms, (), np.column_stack([terms[:, 0, 1] - 0.5 + rng.normal(size=COUNT), rng.normal(size=COUNT)]))


CASES = {
    "availability": (Subject("Availability", steady=True), lambda rng: Sample(availability(rng))),
    "availability, controls": (Subject("Availability", steady=True), lambda rng: controlled(rng, availability(rng))),
    "at a time": (Subject("Availability", point=True), lambda rng: Sample((rng.random((COUNT, 1, 1)) < 0.7).astype(float))),
    "average": (Subject("Average"), lambda rng: Sample(np.stack([rng.gamma(3.0, 1.0, COUNT), rng.gamma(9.0, 1.0, COUNT)], axis=1)[:, None, :])),
    "rate": (Subject("Rate"), lambda rng: Sample(np.stack([rng.poisson(5.0, COUNT).astype(float), np.full(COUNT, 9.0)], axis=1)[:, None, :])),
    "count": (Subject("Count"), lambda rng: Sample(rng.poisson(5.0, (COUNT, 1, 1)).astype(float))),
    "integral": (Subject("Integral"), lambda rng: Sample(rng.normal(2.0, 1.0, (COUNT, 1, 1)))),
    "tally": (Subject("Tally", quantiles=(0.5, 0.9)), tallied),
    "curve": (Subject("Average", point=True, times=(1.0, 2.0)), lambda rng: Sample(rng.gamma(2.0, 1.0, (COUNT, 2, 1)))),
    "availabilities": (Subject("Availability", point=True, times=(1.0, 2.0)), lambda rng: Sample((rng.random((COUNT, 2, 1)) < 0.7).astype(float))),
    "passage": (
        Subject("FirstPassage", quantiles=(0.1, 0.5)),
        lambda rng: Sample(np.stack([rng.exponential(3.0, COUNT), np.ones(COUNT)], axis=1)[:, None, :]),
    ),
    "mission": (
        Subject("FirstPassage", within=True, times=(1.0,)),
        lambda rng: Sample(np.stack([(rng.random(COUNT) < 0.2).astype(float), np.ones(COUNT)], axis=1)[:, None, :]),
    ),
}


def numbers(found):
    """All numbers of an estimate, with half the widths of their intervals."""
    if isinstance(found, AvailabilityEstimate):
        parts = [found.unavailability, found.failures_per_year, found.mean_up_s, found.mean_down_s]
    elif isinstance(found, CurveEstimate):
        parts = [*found.points, *found.band]
    else:
        parts = [found.interval, *found.quantiles.values()]
    return [(part.estimate, (part.high - part.low) / 2.0) for part in parts if part is not None]


@pytest.mark.parametrize("name", CASES)
def test_the_terms_of_a_part_say_what_its_estimate_is(name):
    """Second-order terms are left, a few per cent of a half-width; quantiles have more (n to the power of -1/4), as their density is smoothed."""
    rng = np.random.default_rng(7)
    subject, make = CASES[name]
    sample = make(rng)
    found = estimate(subject, sample, 0.95, 0.1)
    moving = influences(subject, sample, found)
    for each in (*moving.asked.values(), *moving.others.values()):
        assert np.abs(each.terms.mean(axis=0)).max() < 1e-9 * np.abs(each.terms).max()
    moved = []
    for _ in range(5):
        kept = rng.random(COUNT) < 0.8
        again = estimate(subject, part_of(sample, kept), 0.95, 0.1)
        told = weighted(found, moving, kept / kept.mean())
        for index, ((before, half), (wanted, _), (got, _)) in enumerate(zip(numbers(found), numbers(again), numbers(told), strict=True)):
            few = 0.25 if index and getattr(found, "quantiles", None) else 0.08
            assert abs(got - wanted) < few * half
            moved.append(abs(got - before) / half)
    assert max(moved) > 0.2


def test_windows_of_a_replication_are_its_own():
    rng = np.random.default_rng(3)
    subject, make = CASES["availability"]
    sample = make(rng)
    moving = influences(subject, sample, estimate(subject, sample, 0.95, 0.1)).folded(COUNT // 4)
    terms = moving.asked["unavailability"].terms
    assert terms.shape == (COUNT // 4, 1) and abs(terms.mean()) < 1e-12
    assert moving.events.sum() == sample.observations[:, 0, 2].sum()


def test_what_was_cut_short_has_no_terms():
    sample = Sample(np.array([[[1.0]], [[np.nan]], [[2.0]]]))
    subject = Subject("Integral")
    assert influences(subject, sample, estimate(subject, sample, 0.95, 0.1)) is None
