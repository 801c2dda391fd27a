"""Simulations of made-up processes: what is planned, when it stops, and that it is the same whoever runs the batches."""

import itertools
import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from spn.estimate import Events, Precision, Reason, State, intervals
from spn.estimate.intervals import mean
from spn.study import simulate
from spn.study.batches import Conversation
from spn.study.plan import STEADY, Plan

sys.path.insert(0, str(Path(__file__).parent))
from tests.study.fakes import (
    Fake,
    alternating,
    at,
    availability,
    average,
    constant,
    dying,
    exponential,
    net,
    passage,
    queue,
    rate,
    single,
    tally,
    uniform,
)

FAILING = Fake(alternating(exponential(1e6), uniform(30, 300)))
TRUE_U = 165 / (1e6 + 165)


def same(result):
    data = result.to_dict()
    data.pop("elapsed_s")
    return json.dumps(data, allow_nan=False, sort_keys=True)


def scrambled(dialogue, run):
    """Runs a dozen batches ahead, and hands them out in disorder."""
    rng = random.Random(7)
    talk = Conversation(dialogue)
    while talk.request is not None:
        plan = talk.request.plan
        block = list(talk.take(12, ahead=True))
        rng.shuffle(block)
        for index in block:
            talk.put(plan, index, run(plan, index))
    return talk.result()


def test_standard_system_is_estimated_to_the_precision_of_its_unavailability():
    result = simulate(net(availability()), FAILING, seed=1, precision=0.02)
    found = result.measures["up"]
    assert result.converged and result.stop_reason is Reason.CONVERGED
    assert found.relative_half_width <= 0.02
    assert found.unavailability.estimate == pytest.approx(TRUE_U, rel=0.06)  # 6 standard errors
    assert found.mean_down_s.estimate == pytest.approx(165, rel=0.06)
    assert found.assessment.events >= 100 and found.assessment.replications >= 30


def test_batches_in_disorder_give_the_same_bits():
    models = net(availability(), passage()), net(availability())
    engines = [Fake(lambda rng, task: FAILING.process(rng, task) if task.cuts else single(lambda r: (r.exponential(9), 1.0))(rng, task)), FAILING]
    for model, engine in zip(models, engines, strict=True):
        alone = same(simulate(model, engine, seed=5))
        assert alone == same(simulate(model, engine, seed=5, drive=scrambled))


def test_the_seed_is_reported_and_repeats_the_run():
    first = simulate(net(availability()), FAILING)
    assert 0 <= first.seed < 2**63
    assert same(first) == same(simulate(net(availability()), FAILING, seed=first.seed))


def test_batches_cover_every_replication_once():
    for unit, largest in ((8, 1024), (1, 1), (3, 20), (8, 8)):
        plan = Plan(STEADY, (), unit=unit, largest=largest)
        numbers = [number for index in range(60) for number in plan.bounds(index)]
        assert numbers == list(range(len(numbers)))
        assert max(len(plan.bounds(index)) for index in range(60)) <= largest


def test_looks_are_spaced_geometrically():
    plan = Plan(STEADY, ())
    looks = [plan.bounds(index).stop for index in range(60) if plan.is_look(index)]
    assert looks[0] == 32
    assert all(b / a > 1.03 for a, b in itertools.pairwise(looks))


def test_no_failure_ends_early_with_a_bound():
    result = simulate(net(availability()), Fake(alternating(constant(1e300), constant(1))), seed=1)
    found = result.measures["up"]
    assert result.stop_reason is Reason.NO_EVENT and not result.converged
    assert found.assessment.state is State.NO_EVENT
    assert found.unavailability.estimate == 0.0 < found.unavailability.high < 0.1
    same(result)


@pytest.mark.parametrize(("up", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_all_dead_is_the_long_run_of_the_dead_marking(up, expected):
    result = simulate(net(availability()), Fake(dying(100.0, constant(up))), seed=1)
    assert result.stop_reason is Reason.DEAD and not result.converged
    assert result.measures["up"].unavailability.estimate == expected
    assert result.experiments[0].deaths == result.experiments[0].replications
    assert result.experiments[0].mean_time_of_death_s == pytest.approx(100, rel=1)
    same(result)


@pytest.mark.parametrize("seed", range(20))
def test_a_deterministic_period_is_covered(seed):
    """The phases are random, so the interval is honest; with 20 seeds at 99.99 % a false alarm has a probability of 0.002, fixed by the seeds."""

    def seven(rng, size):  # seven down times in turn: the period does not divide the windows
        return np.resize([5.0, 15.0, 7.0, 1.0, 20.0, 3.0, 12.0], size)

    up = 90 * 2**0.5
    found = simulate(net(availability()), Fake(alternating(constant(up), seven)), seed=seed, confidence=0.9999).measures["up"]
    assert found.unavailability.low <= 63 / (63 + 7 * up) <= found.unavailability.high
    assert found.relative_half_width > 1e-6
    assert found.converged


def test_an_overloaded_queue_grows_without_bound_but_its_throughput_converges():
    result = simulate(net(average(), rate()), Fake(queue(1.2)), seed=1)
    assert result.stop_reason is Reason.NOT_STATIONARY
    assert result.firings < 500_000
    assert "place queue grows without bound" in result.warnings
    assert result.measures["length"].assessment.state is State.NOT_STATIONARY
    assert result.measures["served"].interval.estimate == pytest.approx(1.0, rel=0.03)


def test_a_slow_queue_gets_a_long_warm_up():
    result = simulate(net(average(), tally(quantiles=(0.5, 0.95))), Fake(queue(0.9)), seed=1, precision=0.1)
    assert result.converged
    assert result.experiments[0].warmup_s > 500  # its relaxation time is 380
    assert result.measures["length"].interval.estimate == pytest.approx(9.0, rel=0.25)
    quantiles = result.measures["response"].quantiles
    for p, part in quantiles.items():  # the time in an M/M/1 system is exponential with mean 1 / (1 - 0.9)
        assert part.estimate == pytest.approx(-10 * np.log(1 - p), rel=0.25)


def test_growth_is_not_taken_for_a_steady_state():
    """Early on a slow queue's length grows as the square root of time and may look settled by chance; none of 30 seeds is deceived."""
    for seed in range(30):
        result = simulate(net(average()), Fake(queue(0.9)), seed=seed, precision=0.1, max_firings=1_500_000)
        assert result.experiments[0].pilot_horizon_s > 900


def test_terminating_measures_come_from_the_initial_marking():
    def draw(rng):
        return (float(rng.random() < 0.9),)

    found = simulate(net(at()), Fake(single(draw)), seed=1).measures["early"]
    assert found.converged
    assert found.unavailability.estimate == pytest.approx(0.1, rel=0.15)
    assert found.failures_per_year is None


def test_what_stopping_adds_to_a_probability_is_taken_off():
    """Runs that had fewer events than expected at the look before the last, and more after it, were too high. Each is told from the others by what it
    would have done in another order; the interval stays that of all replications.
    """
    errors = []
    for seed in range(100):
        found = simulate(net(at()), Fake(single(lambda rng: (float(rng.random() < 0.9),))), seed=seed, precision=0.3).measures["early"]
        u = found.unavailability
        observed = u.estimate + u.bias
        events = observed * found.assessment.replications
        assert events == pytest.approx(round(events)) and found.relative_half_width <= 0.3
        assert found.interval.estimate + found.interval.bias == pytest.approx(1.0 - observed)
        exact = intervals.proportion(round(events), found.assessment.replications, 0.95)
        assert (u.low, u.high) == (exact.low, exact.high) and u.low <= u.estimate <= u.high
        errors.append((u.estimate / 0.1 - 1.0, u.bias != 0.0))
    rises, corrected = np.array(errors).T
    assert corrected.mean() > 0.8
    assert abs(rises.mean()) < 4.0 * 0.15 / math.sqrt(100)


def test_several_measures_are_freed_from_the_same_stop():
    """U, failures and mean times come from the same replications: corrected, they still belong together."""
    for seed in range(5):
        slow = Fake(alternating(lambda rng, size: rng.lognormal(9.0, 1.5, size), uniform(30, 300)))
        found = simulate(net(availability()), slow, seed=seed, precision=0.01, max_firings=3_000_000, controls=False)
        estimate = found.measures["up"]
        rate = estimate.failures_per_year.estimate / (365.25 * 86400)
        assert estimate.unavailability.estimate == pytest.approx(rate * estimate.mean_down_s.estimate, rel=1e-3)
        if found.experiments[0].replications > 32 and found.converged:
            assert estimate.unavailability.bias != 0.0
            return
    pytest.fail("no run took more than one look")


def test_one_look_or_a_budget_adds_nothing():
    first = simulate(net(availability()), FAILING, seed=1)
    assert first.experiments[0].replications == 32 and first.measures["up"].unavailability.bias == 0.0
    spent = simulate(net(at()), Fake(single(lambda rng: (float(rng.random() < 0.9),))), seed=1, precision=0.01, max_firings=10_000)
    assert spent.stop_reason is Reason.FIRINGS and spent.measures["early"].unavailability.bias == 0.0


def test_a_passage_not_reached_is_not_converged():
    result = simulate(net(passage()), Fake(single(lambda rng: (50.0, 0.0), firings=1000)), seed=1, max_firings=100_000)
    assert result.stop_reason is Reason.NO_EVENT
    assert math.isnan(result.measures["mttf"].interval.estimate) and result.measures["mttf"].interval.low == 50.0
    assert result.measures["mttf"].assessment.censored == result.experiments[0].replications
    same(result)


def test_an_interruption_keeps_what_is_finished():
    def stop(progress):
        if progress.experiment == "steady" and progress.batch == 2:
            raise KeyboardInterrupt

    result = simulate(net(availability(), passage()), FAILING, seed=1, progress=stop)
    assert result.stop_reason is Reason.INTERRUPTED
    assert result.measures["up"].assessment.replications == 24
    assert result.measures["mttf"].assessment.state is State.MISSING
    same(result)


def test_an_interruption_before_two_replications_goes_through():
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(net(availability()), FAILING, seed=1, progress=stop)


def test_time_is_a_budget_and_the_replications_repeat_it():
    ticks = itertools.count()
    first = simulate(net(availability()), FAILING, seed=1, precision=1e-4, max_seconds=15, clock=lambda: float(next(ticks)))
    assert first.stop_reason is Reason.TIME
    again = simulate(net(availability()), FAILING, seed=1, precision=1e-4, max_replications=first.experiments[0].replications)
    assert again.measures["up"].unavailability == first.measures["up"].unavailability


def test_the_interval_keeps_its_coverage_under_the_stopping_rule():
    """2,000 runs of a skewed process looked at as the loop does; a true coverage of at least 0.93 falls below 0.90 with probability < 1e-6."""
    rng = np.random.default_rng(6)
    plan = Plan(STEADY, ())
    looks = [plan.bounds(index).stop for index in range(60) if plan.is_look(index)]
    hits = 0
    for _ in range(2000):
        values = rng.gamma(5.0, 0.2, looks[14])
        found = next(part for look in looks if (part := mean(values[:look], 0.95)).relative_half_width <= 0.08 or look == looks[14])
        hits += found.low <= 1.0 <= found.high
    assert hits / 2000 > 0.90


def test_pandas_is_asked_for_in_words(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        simulate(net(availability()), FAILING, seed=1).to_pandas()


def test_simulated_time_is_a_budget():
    result = simulate(net(availability()), FAILING, seed=1, precision=1e-4, max_time=2e9)
    assert result.stop_reason is Reason.SIMULATED_TIME and not result.converged
    course = result.experiments[0]
    seen = course.replications * (course.window_s + 2 * course.warmup_s)
    assert 0.5e9 < seen < 2.5e9  # the rest is the pilot's


def test_criteria_say_when_it_is_enough():
    few = simulate(net(availability()), FAILING, seed=1, stop=Events(5000))
    assert few.stop_reason is Reason.EVENTS
    assert 5000 <= few.measures["up"].assessment.events < 7000
    both = simulate(net(availability()), FAILING, seed=1, stop=Events(5000) & Precision(0.5))
    assert both.stop_reason is Reason.CONVERGED and both.experiments[0].replications == few.experiments[0].replications


def test_a_passage_that_holds_at_once_is_known():
    result = simulate(net(passage()), Fake(single(lambda rng: (0.0, 1.0))), seed=1)
    assert result.converged and result.measures["mttf"].interval.estimate == 0.0
    assert "another one has a probability" in result.measures["mttf"].assessment.notes[0]


def test_nothing_to_simulate_for_is_refused():
    with pytest.raises(ValueError, match="nothing to simulate for"):
        simulate(net(availability()), FAILING, seed=1, measures=())
    with pytest.raises(ValueError, match="nothing to simulate for"):
        simulate(net(), FAILING, seed=1)


@pytest.mark.parametrize("setting", [{"precision": 0.0}, {"precision": math.nan}, {"confidence": 1.0}, {"confidence": 0.0}, {"max_time": 0.0}])
def test_settings_that_nothing_can_meet_are_refused(setting):
    with pytest.raises(ValueError, match="must be"):
        simulate(net(availability()), FAILING, seed=1, **setting)


def test_batch_means_hold_the_truth_as_often_as_replications():
    """U of 100 runs each: 95 % intervals miss at most 13 times, of which chance has 1e-3."""
    for sampling in ("replications", "batch-means"):
        missed, courses = 0, []
        for seed in range(100):
            result = simulate(net(availability()), FAILING, seed=seed, sampling=sampling)
            found = result.measures["up"].unavailability
            missed += not found.low <= TRUE_U <= found.high
            courses.append(result.experiments[0])
        assert missed <= 13
        assert {course.windows for course in courses} == ({4} if sampling == "batch-means" else {1})


def test_batch_means_of_a_queue_have_quantiles_too():
    result = simulate(net(average(), tally(quantiles=(0.5, 0.95))), Fake(queue(0.7)), seed=2, precision=0.05, sampling="batch-means")
    assert result.converged
    assert result.measures["length"].interval.estimate == pytest.approx(0.7 / 0.3, rel=0.15)
    for p, part in result.measures["response"].quantiles.items():
        assert part.estimate == pytest.approx(-np.log(1 - p) / 0.3, rel=0.15)
    found = result.measures["length"].assessment
    assert found.batches in (found.replications, 2 * found.replications, 4 * found.replications)


def test_a_net_that_never_forgets_is_not_deceived_by_batch_means():
    """Half of the replications fail ten times as often, for ever. Their windows agree with each other, and count as one observation each."""

    def process(rng, task):
        return alternating(exponential(1e6 if rng.random() < 0.5 else 1e5), constant(100.0))(rng, task)

    for seed in range(3):
        found = simulate(net(availability()), Fake(process), seed=seed, sampling="batch-means", precision=0.3).measures["up"]
        assert found.assessment.batches == found.assessment.replications


@pytest.mark.parametrize(("load", "budget", "windows"), [(0.5, 20_000, 4), (0.8, 50_000, 4), (0.5, 1_000_000, 1), (0.8, 20_000, 1)])
def test_a_tight_budget_is_for_batch_means(load, budget, windows):
    """Where 40 windows do not fit into it with a warm-up each, several follow each other after one. With room they need not; with very little they
    would be too short to be independent.
    """
    (course,) = simulate(net(average()), Fake(queue(load)), seed=4, precision=0.005, max_firings=budget, max_replications=64).experiments
    assert course.windows == windows
    assert windows == 1 or course.window_s >= course.warmup_s


def test_batches_in_disorder_give_the_same_bits_with_batch_means():
    alone = same(simulate(net(availability()), FAILING, seed=5, sampling="batch-means"))
    assert alone == same(simulate(net(availability()), FAILING, seed=5, sampling="batch-means", drive=scrambled))
