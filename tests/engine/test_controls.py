"""Sums over the delays that are drawn have the mean 0 in every window, whatever becomes of the clocks. False alarms have a probability below 1e-6."""

from __future__ import annotations

import numpy as np
import pytest

from spn import api
from spn.engine.compiled import CompiledEngine
from spn.engine.reference.controls import MOST_ROWS
from spn.engine.reference.prepared import PreparedNet
from spn.observation import Task

SIX_SIGMA = 5.6
"""One of 24 normal numbers is beyond it with a probability of 5e-7."""

DELAYS = """
spn: 1
description: Clocks that fire, are dropped, frozen, drawn anew; several servers; delays that differ by index; a delay that depends on the marking.
colours: {unit: 1..3}
places:
  up: {over: [unit], initial: 2}
  down: {over: [unit]}
  allowed: 1
  halted: 0
transitions:
  fail: {for: u in unit, in: up(u), out: down(u), test: allowed, delay: "lognormal(mean=u * 1 s, sigma=0.7)", servers: infinite}
  mend: {for: u in unit, in: down(u), out: up(u), test: allowed, delay: "uniform(0.5 s, u * 2 s)", memory: age}
  halt: {in: allowed, out: halted, delay: "weibull(shape=0.7, mean=1 s)", memory: resampling}
  resume: {in: halted, out: allowed, delay: "discrete(values=[0.1 s, 0.7 s], weights=[2, 1])"}
  tick: {delay: exponential(rate=(1 + halted) * 0.1 / s)}
  fixed: {delay: 1 s}
measures: {length: {average: sum(down(u) for u in unit)}}
"""


@pytest.fixture(scope="module")
def delays(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "delays.yaml"
    path.write_text(DELAYS)
    return api.resolve(str(path))


def controls(of, cuts, replications):
    prepared = CompiledEngine().prepare(of)
    names = tuple(measure.name for measure in of.measures)
    return np.array([prepared.run(Task(7, (k,), names, cuts, controlled=True)).controls for k in range(replications)])


def scores(found):
    """The mean of each sum over replications, in standard errors; shape (windows, sums) without those that never change."""
    spread = found.std(axis=0, ddof=1)
    assert (spread > 0.0).any()
    return found.mean(axis=0)[spread > 0.0] / spread[spread > 0.0] * np.sqrt(len(found))


@pytest.mark.parametrize("model", ["monolithic", "sip_transport", "two_state"])
def test_the_mean_is_zero_in_windows_of_shipped_models(model):
    assert np.abs(scores(controls(api.resolve(model), (1e7, 3e7, 4e7), 400))).max() < SIX_SIGMA


def test_the_mean_is_zero_whatever_becomes_of_clocks(delays):
    found = controls(delays, (3.0, 4.0, 40.0), 2000)
    assert found.shape == (2000, 2, 8)
    assert np.abs(scores(found)).max() < SIX_SIGMA
    # A window that begins with a cut that clocks have been set before has fewer sums of long delays; what it has is not small.
    assert found.std(axis=0).min(initial=np.inf, where=found.std(axis=0) > 0.0) > 0.01


def test_delays_that_are_no_control():
    of = PreparedNet(api.resolve("monolithic", {"repair": "uniform(30 s, 30 s)"}))
    usable = {of.classes[control.number].transition.name: control.usable for control in of.controls}
    assert usable == {"fail": True, "repair": False}


def test_which_classes_have_controls(delays):
    of = PreparedNet(delays)
    names = [of.classes[control.number].transition.name for control in of.controls]
    assert names == ["fail", "mend", "halt", "resume"]
    assert [len(control.constants) for control in of.controls] == [3, 3, 1, 1]
    mend = of.controls[1]
    np.testing.assert_allclose(mend.constants[1], [2.25, 1.375, 0.5 + 0.75 * 0.875 + 0.25 * 0.4375], rtol=1e-12)


def test_a_class_with_many_different_delays_has_none(tmp_path):
    (tmp_path / "many.yaml").write_text(
        f"spn: 1\ncolours: {{unit: 1..{MOST_ROWS + 1}}}\nplaces: {{up: {{over: [unit], initial: 1}}}}\n"
        "transitions: {fail: {for: u in unit, in: up(u), delay: exponential(mean=u * 1 s)}}\nmeasures: {left: {average: up}}\n"
    )
    (control,) = PreparedNet(api.resolve(str(tmp_path / "many.yaml"))).controls
    assert not control.usable
