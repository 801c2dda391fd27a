"""Elasticities against closed forms, and the same bits whoever runs the batches."""

import json
import math

import numpy as np
import pytest
from scipy import integrate, stats

from spn import api
from spn.engine.reference import ReferenceEngine
from spn.resolver.resolve import Reading
from spn.study.sensitivity import curvature, sensitivity, weights
from spn.sweeps import varied
from tests.study.test_simulate import scrambled


def found_in(model, *names, parameters=None, measure="", **settings):
    reading: Reading = api.read(model, parameters)
    chosen = varied.measure_of(reading.net, measure)
    changes, left_out = varied.changes(reading, chosen, names)
    return sensitivity(varied.alone(reading.net, chosen), chosen, changes, ReferenceEngine(), settings.pop("seed", 1), left_out=left_out, **settings)


def holds(interval, truth):
    """Five standard errors: a false alarm has a probability of 6e-7, fixed by the seed."""
    return abs(interval.estimate - truth) < 5.0 / 1.96 * (interval.high - interval.low) / 2


def test_the_rule_is_exact_for_polynomials_of_the_fourth_degree():
    x = np.array([-2.0, -1.0, 1.0, 2.0]) * 0.1
    for degree, slope in enumerate((0.0, 1.0, 0.0, 0.0, 0.0)):
        assert np.dot(weights(0.1), x**degree) == pytest.approx(slope, abs=1e-12)
    assert np.dot(curvature(0.1), x**3) == pytest.approx(-(0.1**2), rel=1e-9)  # -h^2 f''' / 6, f''' = 6


def test_two_states_have_the_elasticities_a_and_minus_a():
    """Repair is made as slow as failure, so that A is not 1: A = mu / (lambda + mu) = 2/3."""
    found = found_in("two_state", parameters={"failure_rate": "1 / (200 h)", "repair_rate": "1 / (100 h)"}, precision=0.1)
    assert found.converged and found.quantity == "U"
    assert holds(found["failure_rate"].interval, 2 / 3)
    assert holds(found["repair_rate"].interval, -2 / 3)
    assert found["failure_rate"].reached <= 0.1


def test_the_standard_system_by_quadrature():
    """U = R / (R + E min X_k), with R the mean of the uniform repair. The arguments of repair have shares of its elasticity, 1 - U."""
    found = found_in("monolithic")
    assert set(found.left_out) == {"sections", "clocks"}

    def mean_of_least(sigma):
        mu = -sigma * sigma / 2.0
        return integrate.quad(lambda x: stats.lognorm.sf(x, sigma, scale=math.exp(mu)) ** 6, 0.0, 20.0, epsabs=1e-12)[0]

    by_sigma = -(math.log(mean_of_least(0.4 * math.exp(1e-4))) - math.log(mean_of_least(0.4 * math.exp(-1e-4)))) / 2e-4
    truths = {"failure": -1.0, "repair": 1.0, "repair.low": 30 / 330, "repair.high": 300 / 330, "failure.sigma": by_sigma}
    for name, truth in truths.items():
        assert holds(found[name].interval, truth * (1 - 3.6e-5)), name
    assert found["repair"].gain > 1e6 and found["failure"].gain > 1e6
    assert [each.name for each in found.elasticities][-1] == "repair.low"


def test_clocks_that_go_on_ageing_by_the_closed_form():
    """U = k R / (E + k R) with R made large: k R / E = 1 / 2, so that the elasticities are 1 - U = 2/3."""
    given = {"clocks": "age", "sections": 2, "failure": "uniform(40 h, 160 h)", "repair": "uniform(10 h, 40 h)"}
    found = found_in("monolithic", "failure", "repair.mean", parameters=given, precision=0.1)
    assert holds(found["failure"].interval, -2 / 3)
    assert holds(found["repair.mean"].interval, 2 / 3)


def test_the_loss_of_a_queue_by_the_closed_form():
    """M/M/1/K: P = (1 - r) r^K / (1 - r^(K + 1))."""
    r, k = 0.8, 5
    truth = -r / (1 - r) + k + (k + 1) * r ** (k + 1) / (1 - r ** (k + 1))
    found = found_in("teaching/mm1k", "arrival", measure="lost", precision=0.3)
    assert found.quantity == "lost"
    assert holds(found["arrival"].interval, truth)


def test_the_step_is_halved_near_the_end_of_a_range():
    """98 % may not be more than 99 %; exp(2 h) has to stay below 1.0102."""
    text = """\
spn: 1
parameters: {share: {default: 0.98, max: 0.99}}
places: {up: 1, down: 0}
transitions:
  fail: {in: up, out: down, delay: exponential(mean=10 h)}
  repair: {in: down, out: up, delay: exponential(mean=share * 10 h)}
measures: {system: {availability: up == 1}}
"""
    from spn.text.source import Source

    found = found_in(Source("m", text), precision=0.5)
    assert found["share"].step == 0.1 / 2**5
    assert holds(found["share"].interval, 10 / 19.8)


def test_the_same_bits_whoever_runs_the_batches():
    def same(drive=None, **settings):
        data = found_in("two_state", "failure_rate", seed=3, drive=drive, **settings).to_dict()
        data.pop("elapsed_s"), data["model"].pop("elapsed_s")
        return json.dumps(data, sort_keys=True)

    assert same() == same(scrambled) == same(workers=3)


def test_a_budget_that_ends_first_leaves_what_is_unknown_unknown():
    found = found_in("two_state", max_firings=200)
    assert not found.converged
    assert all(math.isnan(each.interval.estimate) for each in found.elasticities)
    json.dumps(found.to_dict(), allow_nan=False)
