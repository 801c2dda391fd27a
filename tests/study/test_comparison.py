"""Comparing nets with common random numbers: known ratios, what pairing is worth, and the same bits whoever runs the batches."""

import json
import math

import pytest

import spn
from spn import comparing
from spn.engine.reference import ReferenceEngine
from spn.estimate.comparison import Claim
from spn.estimate.stopping import Reason
from spn.study.batches import Conversation, OutOfTime, TimeIsUp
from spn.study.comparison import NotComparable, availability_of, compare
from tests.study.test_simulate import scrambled

THESIS = 3.61402103e-5 / 5.41476865e-7
"""U(monolithic) / U(sip_transport), both by quadrature and renewal equations outside this project."""


def compared(first, second=None, against=None, **settings):
    nets, measures, _ = comparing.comparable((first, second or first), {}, against or {}, ("", ""))
    return compare(nets, measures, ReferenceEngine(), settings.pop("seed", 1), **settings)


def same(found):
    data = found.to_dict()
    for part in (data, *data["models"]):
        part.pop("elapsed_s")
    return json.dumps(data, allow_nan=False, sort_keys=True)


def test_the_thesis_comparison_is_its_known_ratio():
    """The claim of a hundred is refuted. 5 standard errors: a false alarm has a probability of 6e-7, fixed by the seed."""
    found = compared("monolithic", "sip_transport", claim=Claim(100.0))
    assert found.converged and found.ratio.relative_half_width <= 0.05
    half = math.log(found.ratio.high / found.ratio.low) / 2
    assert abs(math.log(found.ratio.estimate / THESIS)) < 5.0 / 1.96 * half
    difference = 3.61402103e-5 - 5.41476865e-7
    assert abs(found.difference.estimate - difference) < 5.0 / 1.96 * (found.difference.high - found.difference.low) / 2
    assert found.to_dict()["claim"] == {"claim": ">= 100", "verdict": "refuted", "confidence": 0.95}
    # Either is not known to 5 % / sqrt(2) by itself; the run stopped for the ratio.
    assert max(result.measures["system"].relative_half_width for result in found.results) < 0.05


AT_A_TIME = """
spn: 1
parameters: {lam: 1 / h}
places: {up: 1, down: 0}
transitions:
  fail:   {in: up, out: down, delay: exponential(rate=lam)}
  repair: {in: down, out: up, delay: exponential(rate=3 / h)}
measures:
  a: {availability: up == 1, at: 1 h}
"""


def test_ratio_and_unavailabilities_are_freed_from_the_same_stop(tmp_path):
    """The ratio of the corrected U is the corrected ratio, to first order in what is taken off."""
    path = tmp_path / "at_a_time.yaml"
    path.write_text(AT_A_TIME)
    took = 0
    for seed in range(6):
        found = compared(str(path), against={"lam": "2 / h"}, precision=0.1, seed=seed)
        a, b = (estimate.unavailability for estimate in found.estimates)
        assert found.ratio.estimate == pytest.approx(a.estimate / b.estimate, rel=1e-3)
        assert found.difference.estimate == pytest.approx(a.estimate - b.estimate, abs=1e-3 * a.estimate)
        assert found.ratio.low < found.ratio.estimate < found.ratio.high and found.ratio.relative_half_width <= 0.1
        took += found.ratio.bias != 0.0 and a.bias != 0.0 and b.bias != 0.0
    assert took >= 2


def test_a_model_with_all_its_times_of_failure_halved_differs_by_the_factor_in_every_replication():
    """The windows are stretched with the pace, so that the draws are the same; U = R / (R + kappa), and R is small."""
    found = compared("monolithic", against={"failure": "lognormal(mean=1104 h, sigma=0.4)"})
    assert found.gain == math.inf
    kappa = 165 / 3.61402103e-5 - 165
    assert found.ratio.estimate == pytest.approx((165 + kappa / 2) / (165 + kappa), rel=1e-5)
    first, second = (result.experiments[0] for result in found.results)
    assert first.window_s / second.window_s == pytest.approx(2.0, rel=1e-3)


def test_random_numbers_in_common_are_worth_something_and_independent_ones_are_not():
    wide = compared("two_state", against={"repair_rate": "1 / (200 s)"}, common=False)
    close = compared("two_state", against={"repair_rate": "1 / (200 s)"})
    assert wide.gain is None and close.gain > 100
    assert math.log(close.ratio.high / close.ratio.low) < 0.3 * math.log(wide.ratio.high / wide.ratio.low)
    truth = (165 / (2208 * 3600 + 165)) / (200 / (2208 * 3600 + 200))
    for found in (wide, close):
        half = math.log(found.ratio.high / found.ratio.low) / 2
        assert abs(math.log(found.ratio.estimate / truth)) < 5.0 / 1.96 * half


def test_the_same_bits_whoever_runs_the_batches():
    one = compared("two_state", against={"failure_rate": "1 / (1000 h)"}, seed=4)
    assert same(one) == same(compared("two_state", against={"failure_rate": "1 / (1000 h)"}, seed=4, drive=scrambled))
    assert same(one) == same(compared("two_state", against={"failure_rate": "1 / (1000 h)"}, seed=4, workers=3))


def test_a_model_that_never_fails_gives_a_bound():
    found = compared("two_state", against={"failure_rate": "0"}, max_firings=20_000)
    assert found.gain is None and not found.converged
    assert math.isnan(found.ratio.estimate) and found.ratio.low > 0 and found.ratio.high == math.inf
    assert "too few" in found.random_numbers or "so few failures" in found.random_numbers


def test_a_budget_that_ends_first_is_said():
    found = compared("monolithic", "sip_transport", max_firings=6000, precision=1e-3)
    assert found.stop_reason is Reason.FIRINGS and not found.converged
    assert found.ratio.relative_half_width > 1e-3


def test_what_cannot_be_compared_is_said_in_words():
    with pytest.raises(NotComparable, match="no measure of the kind availability"):
        availability_of(spn.resolve("teaching/mm1k"))
    with pytest.raises(NotComparable, match="one model only"):
        spn.compare("two_state")
    with pytest.raises(ValueError, match="must be positive"):
        spn.compare("two_state", against={"failure_rate": "1 / (1 h)"}, claim=0)


def test_a_curve_is_not_compared():
    text = spn.load("two_state").to_yaml().replace("availability: up == 1", "{availability: up == 1, at: {from: 0 h, to: 10 h, points: 3}}")
    from spn.text.source import Source

    with pytest.raises(NotComparable, match="a curve over 3 times"):
        availability_of(spn.resolve(Source("m", text.replace("  system:\n    doc: the system is up\n    {", "  system: {"))))


def interrupted_at(number, reason=KeyboardInterrupt):
    """A driver that is interrupted at that batch of the joint plan."""

    def drive(dialogue, run):
        talk = Conversation(dialogue)
        while talk.request is not None:
            plan, index = talk.request.plan, talk.request.index
            if plan.others and plan.segments == 2 and index == number:
                talk.interrupt(reason)
            else:
                talk.put(plan, index, run(plan, index))
        return talk.result()

    return drive


def test_an_interruption_keeps_what_is_finished():
    found = compared("two_state", against={"repair_rate": "1 / (200 s)"}, drive=interrupted_at(3))
    assert found.stop_reason is Reason.INTERRUPTED and not found.converged
    assert found.results[0].experiments[0].replications == 24
    assert math.isfinite(found.ratio.estimate)
    with pytest.raises(KeyboardInterrupt):
        compared("two_state", against={"repair_rate": "1 / (200 s)"}, drive=interrupted_at(0))


def test_so_does_a_limit_of_time():
    found = compared("two_state", against={"repair_rate": "1 / (200 s)"}, drive=interrupted_at(3, TimeIsUp))
    assert found.stop_reason is Reason.TIME and not found.converged
    assert found.results[0].experiments[0].replications == 24
    with pytest.raises(OutOfTime):
        compared("two_state", against={"repair_rate": "1 / (200 s)"}, drive=interrupted_at(0, TimeIsUp))


def test_an_error_of_a_run_says_in_which_model():
    from spn.observation import RunError
    from spn.text.source import Source

    text = """\
spn: 1
parameters: {least: 0}
places: {up: 1, down: 0, n: 5}
transitions:
  fail: {in: [up, n], out: down, delay: exponential(rate=(2 * n - least) / (1 h))}
  repair: {in: down, out: up, delay: 1 h}
measures: {system: {availability: up == 1}}
"""
    nets, measures, _ = comparing.comparable(("two_state", Source("m", text)), {}, {"least": "7"}, ("", ""))
    with pytest.raises(RunError, match="model: "):
        compare(nets, measures, ReferenceEngine(), 1)
