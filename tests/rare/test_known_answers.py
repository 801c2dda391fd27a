"""Rare events with known probabilities. Each estimate lies within 5 of its own standard errors: false alarm below 1e-6 for each; seeds are fixed."""

from __future__ import annotations

import math

import pytest
from nets import COVERAGE, DUPLEX, MACHINES, MISSION, QUEUE, STANDBY, TANDEM, TIMEOUT, duplex, duplex_lognormal, ruin, tandem, weibull_share
from scipy import stats
from scipy.integrate import quad

import spn
from spn.api import _question
from spn.engine.reference.prepared import PreparedNet
from spn.rare import RareResult, Trust
from spn.rare.graph import Explorer
from spn.rare.guide import guide
from spn.text.source import Source


def ask(text: str, condition: str, parameters: dict | None = None, **options) -> RareResult:
    return spn.rare_event(Source("net", text), condition, parameters, seed=options.pop("seed", 7), workers=1, **options)


def agrees(result: RareResult, exact: float, name: str = "probability") -> None:
    """Within 5 standard errors, and those are no larger than was asked."""
    found = result.estimates[name]
    error = (found.high - found.low) / 2.0 / 1.96
    assert result.state is Trust.CONVERGED, result
    assert abs(found.estimate - exact) <= 5.0 * error, (found, exact)
    assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize(("n", "load"), [(10, 0.3), (40, 0.3), (30, 0.8)])
def test_a_queue_grows_before_it_is_empty(n, load):
    agrees(ask(QUEUE, f"queue == {n}", {"n": n, "load": load}, until="queue == 0"), ruin(load, n))


@pytest.mark.parametrize("method", ["splitting", "restart"])
def test_splitting_agrees_too(method):
    agrees(ask(QUEUE, "queue == 8", {"load": 0.4}, until="queue == 0", method=method, precision=0.2), ruin(0.4, 8))


def test_plain_simulation_agrees_where_it_can():
    agrees(ask(QUEUE, "queue == 4", {"load": 0.5}, until="queue == 0", method="plain", precision=0.15), ruin(0.5, 4))


def test_splitting_takes_its_levels_from_the_model():
    agrees(ask(QUEUE, "queue == 8", {"load": 0.4}, until="queue == 0", method="splitting", importance="queue", precision=0.2), ruin(0.4, 8))


def test_two_queues_in_tandem():
    agrees(ask(TANDEM, "one + two == 12", until="one + two == 0"), tandem(12))


@pytest.mark.parametrize(
    ("repair", "exact"),
    [
        ("exponential(rate=1 / s)", (2e-10 / (1 + 2e-5 + 2e-10), 2e-10 / (1 + 2e-5 + 2e-10))),
        ("1 s", duplex(1e-5, 1.0, math.exp(-1e-5), 1.0 + math.expm1(-1e-5) / 1e-5)),
        ("lognormal(mean=1 s, sigma=1)", duplex_lognormal(1e-5, 1.0)),
        # Most of what it is down comes from one repair in a thousand.
        ("lognormal(mean=1 s, sigma=2)", duplex_lognormal(1e-5, 2.0)),
    ],
)
def test_both_units_of_a_duplex_are_down(repair, exact):
    found = ask(DUPLEX, "down == 2", {"repair": repair}, precision=0.2)
    agrees(found, exact[1], "rate")
    agrees(found, exact[0], "unavailability")


@pytest.mark.parametrize("hours", [10.0, 300.0])
def test_three_weibull_lives_end_within_a_mission(hours):
    agrees(ask(MISSION, "down == 3", within=f"{hours} h"), weibull_share(hours) ** 3)


def test_exponential_lives_end_within_a_mission():
    agrees(ask(MISSION, "down == 3", {"life": "exponential(mean=1e5 h)"}, within="1 h"), (-math.expm1(-1e-5)) ** 3)


def test_a_rare_branch_of_an_immediate_choice():
    agrees(ask(COVERAGE, "lost == 1"), 1e-9 / (4.0 + 1e-9 * 8.0), "rate")


def test_a_fixed_time_is_outlasted():
    probability = math.exp(-20.0)
    cycle = 1.0 + -math.expm1(-20.0) / 20.0 + 5.0 * probability
    found = ask(TIMEOUT, "late == 1")
    agrees(found, probability / cycle, "rate")
    agrees(found, 5.0 * probability / cycle, "unavailability")


def test_more_markings_than_the_map_can_hold_are_folded(monkeypatch):
    """Twelve independent machines, four down at a time: a binomial share, entered from three and from five (birth and death)."""
    from spn.rare import graph

    monkeypatch.setattr(graph, "MOST_STEPS", 200)
    down = stats.binom(12, 0.01 / 1.01)
    found = ask(MACHINES, "down == 4", precision=0.3)
    assert any("folded" in note for note in found.diagnostics.notes)
    agrees(found, down.pmf(4), "unavailability")
    agrees(found, down.pmf(3) * 9 * 0.01 + down.pmf(5) * 5, "rate")


def test_clocks_that_keep_their_age_between_cycles():
    # At home the component in work has an age: home is entered when the repair ends. A renewal process of lives, each begun when the one before ends:
    # the event is that a life is shorter than the repair of the one before it.
    density = lambda r: 0.5 * -math.expm1(-((r / 1e4) ** 2))  # noqa: E731
    early = quad(density, 1.0, 3.0, epsabs=0.0, epsrel=1e-10)[0]
    mean = 1e4 * math.gamma(1.5)
    agrees(ask(STANDBY, "broken == 2"), early / mean, "rate")


def test_a_supervisor_escalates():
    """4 W^3 times the integral of S u^4: W the window, S the survival of the supervisor, u the renewal density of a child (quadrature)."""
    found = spn.rare_event("supervisor_life", "supervisor.fail == 1", until="ended == 1", seed=21, workers=1, precision=0.25)
    agrees(found, 1.31311e-16)


def test_escalation_is_no_rare_event_in_a_wide_window():
    """Forcing against plain simulation, both with their errors: within 5 standard errors of the difference."""
    question = {"until": "ended == 1", "seed": 22, "workers": 1, "precision": 0.25}
    forced, plain = (
        spn.rare_event("supervisor_life", "supervisor.fail == 1", {"window": "2e6 s"}, method=method, **question).main for method in (None, "plain")
    )
    errors = [(found.high - found.low) / 2 / 1.96 for found in (forced, plain)]
    assert abs(forced.estimate - plain.estimate) <= 5.0 * math.hypot(*errors)


EMPTY = """
spn: 1
places: {queue: 0, seed: 0}
transitions:
  arrive: {out: queue, delay: exponential(rate=0.5 / s)}
  serve: {in: queue, delay: exponential(rate=1 / s)}
  sow: {in: seed}
"""


@pytest.mark.parametrize("seed", ["seed: 0", "seed: 2"])
@pytest.mark.parametrize("method", ["forcing", "splitting", "restart", "plain"])
@pytest.mark.parametrize(("until", "least"), [("queue == 0", 0), ("queue <= 1", 1), ("queue <= 2", 2)])
def test_a_life_that_begins_where_one_ends(until, least, method, seed):
    """A busy period of an empty queue: gambler's ruin from one above the end, and before that nothing ends. Seeds make the start immediate."""
    exact = (2.0 - 1.0) / (2.0 ** (5 - least) - 1.0)
    text = EMPTY.replace("seed: 0", seed)
    precision = 0.1 if method in ("forcing", "plain") else 0.3
    found = spn.rare_event(Source("net", text), "queue == 5", until=until, method=method, seed=9, precision=precision)
    assert found.state is Trust.CONVERGED
    assert found.diagnostics.predicted == pytest.approx(exact, rel=1e-12)
    assert abs(found.main.estimate - exact) < 2.0 * (found.main.high - found.main.low)


def test_what_can_only_happen_after_ends_that_do_not_count_is_not_taken_for_impossible():
    found = spn.rare_event(Source("net", EMPTY), "queue == 3", until="queue <= 2", method="forcing", seed=1)
    assert found.main.estimate == pytest.approx(1.0)


# What random questions found (`python -m experiments.verification --random-rare`).

TWO_SIDES = """
spn: 1
places: {p0: 1, p1: 1, p2: 2, p3: 0}
transitions:
  t0: {in: p1, out: p0, delay: exponential(rate=0.01)}
  t1: {in: 2 * p1, out: [p3, p2], delay: exponential(rate=0.3 + p1)}
  t2: {in: p2, out: p1, delay: exponential(rate=0.3 + p1)}
  t4: {in: p3, out: p1, delay: exponential(rate=0.3 + p1)}
"""
AT_ONCE = """
spn: 1
places: {p0: 2, p1: 1, p2: 0}
transitions:
  t0: {in: p1, out: p0, priority: 2, weight: 0.5}
  t1: {in: p2, out: p0, test: p1, priority: 2, weight: 2.5}
  t2: {in: p1, out: p2, test: p0, inhibit: 3 * p2, guard: p1 <= 1, priority: 2, weight: 1 + p0}
  t4: {in: 2 * p0, out: 2 * p2, inhibit: 3 * p1, priority: 3, weight: 0.5}
  t5: {in: p2, out: p1, test: p0, priority: 2, weight: 2.5}
  t6: {in: p1, out: p0, delay: exponential(mean=1.5)}
"""
ROUND_FOR_EVER = """
spn: 1
places: {a: 1, b: 0, c: 0, d: 0, goal: 0}
transitions:
  there: {in: a, out: b, delay: exponential(rate=1)}
  back: {in: b, out: a, delay: exponential(rate=1)}
  lost: {in: a, out: c, delay: exponential(rate=1e-6)}
  won: {in: a, out: goal, delay: exponential(rate=1e-6)}
  on: {in: c, out: d, delay: exponential(rate=1)}
  off: {in: d, out: c, delay: exponential(rate=1)}
"""


@pytest.mark.parametrize("method", ["forcing", "splitting", "restart"])
def test_ends_that_are_found_from_two_sides_are_gone_on_from(method):
    """Such a marking was first found on a way on which it is an end, and runs that began there did not know what follows."""
    question = {"until": "p2 > p3", "within": "40 s", "seed": 2, "precision": 0.15}
    found = spn.rare_event(Source("net", TWO_SIDES), "p1 == 0", method=method, **question)
    plain = spn.rare_event(Source("net", TWO_SIDES), "p1 == 0", method="plain", **question)
    assert abs(found.main.estimate - plain.main.estimate) < found.main.high - found.main.low + plain.main.high - plain.main.low


@pytest.mark.parametrize("method", ["forcing", "splitting"])
def test_an_event_before_which_no_time_passes(method):
    """The net is nowhere at home before it."""
    found = spn.rare_event(Source("net", AT_ONCE), "p0 == 0", until="p1 > p2", method=method, seed=1, precision=0.2)
    assert found.converged
    assert found.main.estimate == pytest.approx(1.0)


def test_markings_in_which_the_net_goes_round_for_ever_take_nothing_from_the_exact_value():
    """Half of all lives, which take two million steps, come to the goal; the others never end."""
    question = _question(Source("net", ROUND_FOR_EVER), None, "goal == 1", "d == 7", None, None)[1]
    found = guide(Explorer(PreparedNet(question.net), question).explore(), None)
    assert found.exact
    assert found.life == pytest.approx(0.5, rel=1e-10)
