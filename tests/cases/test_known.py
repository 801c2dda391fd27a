"""Nets with known answers, from other tools' tests and from textbooks, written as a user would write them.

Seeds are fixed. Each measure is compared at 5.5 standard errors: a right program fails one of them with a probability of 4e-8.
"""

import math
import sys
from pathlib import Path

import pytest
from scipy.special import ndtri, stdtr, stdtrit

import spn
from spn.engine.engines import find_engine
from spn.estimate import State
from spn.observation import RunError
from spn.study import simulate

sys.path.insert(0, str(Path(__file__).parent))
from tests.cases.known import CASES, FOLDER

LIMIT = 5.5
CONFIDENCE = 0.95
SEED = 20_240_601
FIRINGS = 60_000  # of steady experiments, pilot included
REPLICATIONS = 400  # of the others
DEAD = "sirio_priority_weights"


def z_of(interval, expected, replications):
    """The distance from the expected value in standard errors, that of Student's t turned into the normal's of the same probability."""
    half = interval.estimate - interval.low if expected < interval.estimate else interval.high - interval.estimate
    if half == 0.0:
        return 0.0 if math.isclose(interval.estimate, expected, rel_tol=1e-9) else math.inf
    t = abs(expected - interval.estimate) / half * float(stdtrit(replications - 1, 0.5 + CONFIDENCE / 2.0))
    return -float(ndtri(max(float(stdtr(replications - 1, -t)), 1e-300)))


def check_form(found):
    """The interval holds the estimate, within the range that the kind of measure has, and says how it was made."""
    interval = found.interval
    assert interval.low <= interval.estimate <= interval.high
    assert interval.confidence == CONFIDENCE and interval.method
    data = found.to_dict()
    assert data["low"] == interval.low and data["high"] == interval.high and data["confidence"] == CONFIDENCE
    assert found.assessment.replications >= 8
    if found.kind == "availability":
        assert interval.low >= 0.0 and interval.high <= 1.0
        assert data["unavailability"]["low"] == found.unavailability.low <= found.unavailability.high
        assert found.unavailability.estimate == pytest.approx(1.0 - interval.estimate, abs=1e-12)
    else:
        assert interval.low >= 0.0 or found.kind == "average"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_net_gives_the_known_values(case):
    net = spn.resolve(case.path, case.parameters)
    assert {measure.name for measure in net.measures} == set(case.values)
    steady = [measure.name for measure in net.measures if measure.is_steady]
    others = [measure.name for measure in net.measures if not measure.is_steady]
    engine = find_engine("auto")
    results = {}
    if steady:
        results |= simulate(net, engine, SEED, measures=steady, precision=0.05, max_firings=FIRINGS).measures
    if others:
        results |= simulate(net, engine, SEED, measures=others, precision=0.05, max_replications=REPLICATIONS).measures
    for name, expected in case.values.items():
        found = results[name]
        check_form(found)
        if case.model == DEAD and name.endswith("_ss"):
            continue
        assert found.assessment.state in (State.CONVERGED, State.IMPRECISE, State.FEW_EVENTS, State.FEW_REPLICATIONS)
        assert z_of(found.interval, expected, found.assessment.replications) < LIMIT, (name, found.interval, expected)


def test_probabilities_of_passage_stay_within_0_and_1():
    found = spn.simulate(FOLDER / "storm_tandem_c5.yaml", seed=3, max_firings=20_000).measures["first_full_10"].interval
    assert found.estimate == found.high == 1.0 and 0.9 < found.low < 1.0


def test_absorbing_marking_gives_its_value_with_a_visible_state():
    result = spn.simulate(FOLDER / f"{DEAD}.yaml", seed=1)
    found = result.measures["p6_ss"]
    assert found.interval.estimate == found.interval.high == 1.0
    assert 0.98 < found.interval.low < 1.0  # nothing else in 256 replications
    assert found.assessment.state is State.DEAD and found.to_dict()["state"] == "dead marking"
    assert not result.converged and any("dead marking" in warning for warning in result.warnings)
    for name in ("p3_ss", "p5_ss"):
        assert result.measures[name].interval.estimate == 0.0


@pytest.mark.parametrize("way_out", ["none", "timed"])
def test_inescapable_vanishing_loop_names_its_transitions(way_out):
    with pytest.raises(RunError) as caught:
        spn.simulate(FOLDER / "smart_vanishing_loop.yaml", {"exit": way_out}, seed=1)
    assert caught.value.code == "timeless-trap"
    assert {"t2", "t3", "t4", "t5"} <= set(caught.value.message.replace(",", " ").split())
    assert "T1" not in caught.value.message and "Tt6" not in caught.value.message
