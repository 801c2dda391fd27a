"""Curves: pointwise intervals are those of one time, bands hold for all times with the confidence asked for, and both engines observe the same."""

import json
import math

import numpy as np
import pytest

import spn
from spn.engine.compiled import CompiledEngine
from spn.engine.reference import ReferenceEngine
from spn.estimate.curves import band_confidence
from spn.estimate.estimates import CurveEstimate, State
from spn.estimate.intervals import proportion
from spn.estimate.measures import Sample, Subject, estimate
from spn.observation import Task
from spn.plots.curves import curves_plot
from spn.plots.types import NotPlottable
from spn.study import simulate

TIMES = (0.5, 1.0, 2.0, 4.0)

UP_AND_DOWN = """
spn: 1
parameters: {lam: 0.2 / s, mu: 1 / s}
places: {up: 1, down: 0}
transitions:
  fail:   {in: up, out: down, delay: exponential(rate=lam)}
  repair: {in: down, out: up, delay: exponential(rate=mu)}
measures:
  a: {availability: up == 1, at: {from: 0 s, to: 4 s, points: 9}}
  n: {average: 3 * down, at: [1 s, 2 s]}
  f: {first_passage: down == 1, within: [1 s, 5 s, 20 s]}
  t: {first_passage: down == 1, quantiles: [10 %, 50 %, 90 %]}
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "up_and_down.yaml"
    path.write_text(UP_AND_DOWN)
    return spn.resolve(str(path))


def walks(rng, count):
    """Values that are correlated from one time to the next, of mean 0."""
    steps = rng.normal(size=(count, len(TIMES))) * np.sqrt(np.diff((0.0, *TIMES)))
    return steps.cumsum(axis=1)


def test_bands_cover_all_times_at_once():
    """1,500 samples of 100 at 90 %: outside of 0.865 to 0.935 with a probability below 1e-5, fixed by the seed. Pointwise ones do not."""
    rng, together, pointwise = np.random.default_rng(1), 0, 0
    for _ in range(1500):
        found = estimate(Subject("Average", point=True, times=TIMES), Sample(walks(rng, 100)[:, :, None]), 0.9, 0.1)
        assert isinstance(found, CurveEstimate)
        together += all(part.low <= 0.0 <= part.high for part in found.band)
        pointwise += all(part.low <= 0.0 <= part.high for part in found.points)
    assert 0.865 < together / 1500 < 0.935
    assert pointwise / 1500 < 0.85


def test_independent_times_need_what_sidak_says():
    """Of independent normal estimates the band has (1 - alpha)^(1/k) (Sidak, J. Amer. Stat. Assoc. 62, 1967)."""
    observations = np.random.default_rng(2).normal(size=(5000, 10))
    assert 1 - band_confidence(observations, 0.95) == pytest.approx(1 - 0.95 ** (1 / 10), rel=0.1)


def test_times_that_always_agree_need_no_more_than_one():
    one = np.random.default_rng(3).normal(size=(200, 1))
    assert band_confidence(np.repeat(one, 8, axis=1), 0.95) == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize("observations", [np.zeros((50, 5)), np.ones((50, 1)), np.zeros((2, 0))])
def test_times_at_which_nothing_varies(observations):
    assert band_confidence(observations, 0.95) == 0.95


def test_the_intervals_of_an_availability_are_those_of_its_u():
    up = np.random.default_rng(4).random((60, 4)) < [0.99, 0.9, 0.8, 0.7]
    found = estimate(Subject("Availability", point=True, times=TIMES), Sample(up.astype(float)[:, :, None]), 0.95, 0.1)
    assert isinstance(found, CurveEstimate)
    for k, point in enumerate(found.points[1:], start=1):
        assert point == proportion(int((~up[:, k]).sum()), 60, 0.95)
    assert found.interval == found.points[-1].complement()
    row = found.to_dict()["curve"][2]
    assert row["time_s"] == 2.0
    assert row["estimate"] == pytest.approx(1.0 - row["unavailability"]["estimate"])
    assert row["band"]["low"] <= row["low"] <= row["estimate"] <= row["high"] <= row["band"]["high"]


def test_the_precision_of_a_curve_that_begins_at_0():
    up = np.ones((400, 4, 1))
    up[: 400 // 4, 3, 0] = 0.0
    found = estimate(Subject("Availability", point=True, times=TIMES), Sample(up), 0.95, 0.1)
    widest = max((point.high - point.low) / 2 for point in found.points)
    assert found.relative_half_width == pytest.approx(widest / 0.25)
    assert found.assessment.state is State.IMPRECISE


def test_nothing_seen_at_any_time():
    found = estimate(Subject("Availability", point=True, times=TIMES), Sample(np.ones((100, 4, 1))), 0.95, 0.1)
    assert found.assessment.state is State.NO_EVENT
    assert all(0.0 < point.high < 0.04 for point in found.points)


def test_replications_that_were_cut_short_are_told():
    values = np.random.default_rng(5).random((50, 4, 1))
    values[3, 2:] = np.nan
    found = estimate(Subject("Average", point=True, times=TIMES), Sample(values), 0.95, 0.5)
    assert found.assessment.state is State.CENSORED
    assert found.assessment.censored == 1


def test_no_replication_at_all():
    found = estimate(Subject("Average", point=True, times=TIMES), Sample(np.zeros((0, 4, 1))), 0.95, 0.5)
    assert found.assessment.state is State.MISSING
    assert all(math.isnan(point.estimate) for point in found.points)


def test_both_engines_observe_the_same(net):
    names = tuple(measure.name for measure in net.measures)
    reference, compiled = ReferenceEngine().prepare(net), CompiledEngine().prepare(net)
    for key in range(30):
        for limits in ({}, {"max_time": 3.0}, {"max_firings": 3}):
            task = Task(5, (key,), names, **limits)
            expected, found = reference.run(task), compiled.run(task)
            assert (found.end, found.time, found.firings) == (expected.end, expected.time, expected.firings)
            for name in names:
                np.testing.assert_array_equal(found.observations[name], expected.observations[name], err_msg=name)
    assert expected.observations["a"].shape == (9, 1)
    assert expected.observations["f"].shape == (3, 2)


def test_curves_of_a_model_against_closed_forms(net):
    """U(t) = lam / (lam + mu) (1 - exp(-(lam + mu) t)), F(t) = 1 - exp(-lam t). Each band is of 99.9999 %."""
    found = simulate(net, CompiledEngine(), seed=3, precision=0.1, confidence=0.999999)
    a, n, f, t = (found.measures[name] for name in "anft")
    for time, band in zip(a.times, a.band, strict=True):
        assert band.low <= 1 / 6 * (1 - math.exp(-1.2 * time)) <= band.high
    for time, band in zip(n.times, n.band, strict=True):
        assert band.low <= 0.5 * (1 - math.exp(-1.2 * time)) <= band.high
    for time, band in zip(f.times, f.band, strict=True):
        assert band.low <= 1 - math.exp(-0.2 * time) <= band.high
    for p, interval in t.quantiles.items():
        assert interval.low <= -math.log(1 - p) / 0.2 <= interval.high
    assert found.converged
    json.dumps(found.to_dict(), allow_nan=False)
    frame = found.to_pandas()
    assert list(frame[frame.measure == "n"].quantity) == ["at 1.0 s", "at 2.0 s"]


def test_curves_are_plotted_with_their_bands(net):
    found = simulate(net, CompiledEngine(), seed=3, precision=0.2)
    plot = curves_plot(found.measures)
    assert [panel.y.title for panel in plot.panels] == ["Unavailability", "Expected value", "Probability"]
    (series,) = plot.panels[0].series
    assert series.x == found.measures["a"].times
    assert series.high == tuple(part.high for part in found.measures["a"].band)
    assert found.plot("f").content("svg").startswith(b"<?xml")
    with pytest.raises(NotPlottable, match="no measure b"):
        curves_plot(found.measures, ["b"])
    with pytest.raises(NotPlottable, match="no curve"):
        curves_plot({"t": found.measures["t"]})
