"""What a replication observes: windows, columns, ends. Values are derived on paper from deterministic delays, or come from closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from spn.engine.reference import ReferenceEngine, Simulation
from spn.engine.reference.meters import Sum
from spn.net.types import (
    At,
    Availability,
    Average,
    Count,
    Firings,
    FirstPassage,
    Integral,
    Measure,
    Over,
    Rate,
    Tally,
    Until,
)
from spn.observation import End, RunError, Task
from tests.engine.nets import NOW, arc, exponential, firings, net, observe, op, out, place, tokens, transition, uniform

UP = op(tokens("up"), "==", 1)


def machine(*measures, up=9.0, down=1.0):
    """Up and down for fixed times: fails at 9, 19, 29, ..., is up again at 10, 20, ..."""
    return net([place("up", 1), place("down")], [transition("fail", "up", "down", up), transition("repair", "down", "up", down)], list(measures))


def test_availability_in_segments_between_cuts():
    outcome = observe(machine(Measure("a", Availability(UP))), 5.0, 19.5, 40.0)
    # (5, 19.5]: down 9-10 and 19-19.5; failures at 9 and 19, one repair. (19.5, 40]: down 19.5-20, 29-30, 39-40; the repair at 40 counts.
    assert outcome.observations["a"].tolist() == [[13.0, 1.5, 2, 1], [18.0, 2.5, 2, 3]]
    assert (outcome.end, outcome.time, outcome.dead_at) == (End.OBSERVED, 40.0, None)
    assert outcome.tokens.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert outcome.fired.tolist() == [4, 4]


def test_an_observation_at_a_time_sees_the_firings_at_that_time():
    at = [Measure(f"at{time:g}", Availability(UP), At((time,))) for time in (8.999, 9.0, 10.0)]
    outcome = observe(machine(*at))
    assert [outcome.observations[m.name].tolist() for m in at] == [[[1.0]], [[0.0]], [[1.0]]]
    assert outcome.time == 10.0


def test_average_integral_rate_and_count_over_an_interval():
    outcome = observe(
        machine(
            Measure("average", Average(op(3, "*", tokens("down"))), Over(5.0, 19.5)),
            Measure("integral", Integral(tokens("down")), Over(0.0, 10.0)),
            Measure("rate", Rate((Firings("fail"), Firings("repair"))), Over(9.0, 19.0)),
            Measure("count", Count((Firings("fail"),)), Over(0.0, 9.0)),
        )
    )
    found = {name: rows.tolist() for name, rows in outcome.observations.items()}
    assert found == {"average": [[4.5, 14.5]], "integral": [[1.0]], "rate": [[2.0, 10.0]], "count": [[1.0]]}


def test_the_firings_at_time_zero_belong_to_a_window_from_zero():
    start = net(
        [place("a", 1), place("b")],
        [transition("now", "a", "b"), transition("soon", "b", (), 0.0)],
        [Measure("n", Count((Firings("now"), Firings("soon"))), Over(0.0, 1.0))],
    )
    assert observe(start).observations["n"].tolist() == [[2.0]]


def test_until_a_condition_holds():
    grow = net(
        [place("n")],
        [transition("t", (), "n", 2.0)],
        [
            Measure("work", Integral(tokens("n")), Until(op(tokens("n"), "==", 3))),
            Measure("fired", Count((Firings("t"),)), Until(op(tokens("n"), "==", 3))),
            Measure("mean", Average(tokens("n")), Until(op(tokens("n"), "==", 3))),
            Measure("seen", Tally((Firings("t", None, tokens("n")),)), Until(op(tokens("n"), "==", 3))),
        ],
    )
    outcome = observe(grow)
    found = {name: rows.tolist() for name, rows in outcome.observations.items()}
    # n is 1 in [2, 4), 2 in [4, 6); the tally sees 0, 1, 2 tokens before the firings.
    assert found == {"work": [[6.0]], "fired": [[3.0]], "mean": [[6.0, 6.0]], "seen": [[3.0, 3.0]]}
    assert (outcome.end, outcome.time) == (End.OBSERVED, 6.0)


def test_a_tally_takes_the_value_before_each_firing_with_its_binding_and_keeps_values_for_quantiles():
    queue = net(
        [place("n", 3, size=2)],
        [transition("t", arc("n", element="i"), (), 1.0, size=2)],
        [Measure("left", Tally((Firings("t", op("i", "==", 1), op(tokens("n", "i"), "+", NOW)),), (0.5,)))],
    )
    outcome = observe(queue, 1.0, 2.0, 9.0)
    # Index 1 fires at 1 (before the window), 2 with 2 tokens, 3 with 1.
    assert outcome.observations["left"].tolist() == [[1.0, 4.0], [1.0, 4.0]]
    assert outcome.values["left"].tolist() == [4.0, 4.0]


def test_first_passage_and_its_probability_within_a_time():
    measures = [
        Measure("t", FirstPassage(op(tokens("up"), "==", 0))),
        Measure("yes", FirstPassage(op(tokens("up"), "==", 0), (9.0,))),
        Measure("no", FirstPassage(op(tokens("up"), "==", 0), (8.9,))),
    ]
    outcome = observe(machine(*measures))
    assert {name: rows.tolist() for name, rows in outcome.observations.items()} == {"t": [[9.0, 1.0]], "yes": [[1.0, 1.0]], "no": [[0.0, 1.0]]}


def test_a_passage_cut_short_is_told_as_the_time_reached():
    outcome = observe(
        machine(Measure("t", FirstPassage(op(tokens("up"), "==", 5))), Measure("a", Average(tokens("up")), Over(0.0, 99.0))), max_time=50.0
    )
    assert outcome.end is End.TIME
    assert outcome.time == 50.0
    assert outcome.observations["t"].tolist() == [[50.0, 0.0]]
    assert np.isnan(outcome.observations["a"]).all()


def test_passage_and_until_see_tangible_markings_only():
    through = net(
        [place("a", 1), place("b"), place("c")],
        [transition("x", "a", "b", 1.0), transition("y", "b", "c")],
        [Measure("t", FirstPassage(op(tokens("b"), "==", 1))), Measure("u", FirstPassage(op(tokens("c"), "==", 1)))],
    )
    outcome = observe(through, max_time=9.0)
    assert outcome.observations["t"].tolist() == [[9.0, 0.0]]
    assert outcome.observations["u"].tolist() == [[1.0, 1.0]]


def test_a_failure_within_a_vanishing_chain_is_none():
    blink = net(
        [place("up", 1), place("gone")],
        [transition("blink", "up", "gone", 3.0), transition("back", "gone", "up")],
        [Measure("a", Availability(UP)), Measure("n", Count((Firings("back"),)), Over(0.0, 10.0))],
    )
    outcome = observe(blink, 0.0, 10.0)
    assert outcome.observations["a"].tolist() == [[10.0, 0.0, 0, 0]]
    assert outcome.observations["n"].tolist() == [[3.0]]


def test_a_dead_marking_is_observed_until_the_horizon():
    once = net(
        [place("up", 1)], [transition("fail", "up", (), 4.0)], [Measure("a", Availability(UP)), Measure("at", Average(tokens("up")), At((77.0,)))]
    )
    outcome = observe(once, 0.0, 10.0, 100.0)
    assert outcome.observations["a"].tolist() == [[4.0, 6.0, 1, 0], [0.0, 90.0, 0, 0]]
    assert outcome.observations["at"].tolist() == [[0.0]]
    assert (outcome.dead_at, outcome.end, outcome.time) == (4.0, End.OBSERVED, 100.0)


def test_a_clock_that_never_fires_leaves_the_marking_dead():
    outcome = observe(net([place("p", 1)], [transition("t", "p", (), exponential(0.0))], [Measure("a", Average(tokens("p")))]), 0.0, 5.0)
    assert outcome.dead_at == 0.0
    assert outcome.observations["a"].tolist() == [[5.0, 5.0]]


def test_the_token_limit_ends_a_net_that_grows_without_bound():
    outcome = observe(net([place("p")], [transition("t", (), out("p", 10), 1.0)], [Measure("a", Average(tokens("p")))]), 0.0, 1e9, max_tokens=99)
    assert (outcome.end, outcome.firings) == (End.TOKENS, 10)
    assert np.isnan(outcome.observations["a"]).all()


def test_the_firing_limit_ends_the_run_and_keeps_complete_segments():
    outcome = observe(machine(Measure("a", Availability(UP))), 0.0, 10.0, 1e9, max_firings=50)
    assert (outcome.end, outcome.firings) == (End.FIRINGS, 50)
    assert outcome.observations["a"][0].tolist() == [9.0, 1.0, 1, 1]
    assert np.isnan(outcome.observations["a"][1]).all()
    assert outcome.tokens[-1].tolist() == [-1, -1]


def test_an_inescapable_loop_of_immediate_transitions_is_a_timeless_trap():
    loop = net(
        [place("p"), place("q"), place("start", 1)],
        [transition("enter", "start", "p", 2.0), transition("there", "p", "q"), transition("back", "q", "p")],
    )
    with pytest.raises(RunError) as caught:
        Simulation(loop).run()
    assert (caught.value.code, caught.value.time) == ("timeless-trap", 2.0)
    assert "there, back" in caught.value.message or "back, there" in caught.value.message
    assert "enter" not in caught.value.message


def test_a_loop_of_zero_delays_is_a_timeless_trap_too():
    with pytest.raises(RunError, match="time does not go on"):
        Simulation(net([place("p", 1)], [transition("t", "p", "p", 0.0)])).run()


def test_an_escapable_loop_runs():
    loop = net([place("p", 1)], [transition("again", "p", "p", weight=9), transition("leave", "p", ())])
    counts = np.array([len(firings(loop, seed=seed)) for seed in range(2000)])
    # Geometric with p = 0.1: mean 10, variance 90; beyond 5 standard deviations 6e-7.
    assert abs(counts.mean() - 10) < 5 * math.sqrt(90 / 2000)


def test_observers_change_no_firing_and_no_draw():
    bare = net(
        [place("up", 1), place("down")], [transition("fail", "up", "down", exponential(0.2)), transition("repair", "down", "up", uniform(1.0, 2.0))]
    )
    watched = net(list(bare.places), list(bare.transitions), [Measure("a", Availability(UP)), Measure("r", Rate((Firings("fail"),)))])
    outcome = observe(watched, 0.0, 1000.0, seed=4)
    simulation = Simulation(bare, 4)
    simulation.run(until=1000.0)
    assert outcome.firings == simulation.firings
    down = 0.0
    for time, name in firings(bare, until=1000.0, seed=4):
        down += time if name == "repair" else -time
    assert outcome.observations["a"][0, 1] == pytest.approx(down if simulation.marking.sums[1] == 0 else down + 1000.0, rel=1e-9)


def test_tiny_down_times_are_not_lost_in_a_long_run():
    # 10,000 down times of 2^-20 s in 10^9 s: both times are multiples of 2^-20, so that each firing time is exact.
    tiny = 2.0**-20
    outcome = observe(machine(Measure("a", Availability(UP)), up=100_000.0 - tiny, down=tiny), 0.0, 1e9)
    assert outcome.observations["a"].tolist() == [[1e9 - 10_000 * tiny, 10_000 * tiny, 10_000, 10_000]]


def test_availability_of_a_machine_is_that_of_the_renewal_theorem():
    # U = E[down] / (E[up] + E[down]); by the delta method the estimate from n cycles has variance (U/n) (1-U)^2 (var up/up^2 + var down/down^2) U.
    made = net(
        [place("up", 1), place("down")],
        [transition("fail", "up", "down", exponential(0.1)), transition("repair", "down", "up", uniform(1.0, 3.0))],
        [Measure("a", Availability(UP))],
    )
    horizon = 240_000.0
    up, down, *_ = observe(made, 0.0, horizon).observations["a"][0]
    u, n = 2 / 12, horizon / 12
    deviation = u * (1 - u) * math.sqrt((1 + (1 / 3) / 4) / n)
    assert abs(down / (up + down) - u) < 5 * deviation  # beyond 5: 6e-7


def test_a_transient_is_that_of_the_renewal_equation():
    # P(down at 2) for up ~ exponential(0.5) and down = 3 s: within 2 s there is at most one failure: 1 - exp(-1).
    made = net(
        [place("up", 1), place("down")],
        [transition("fail", "up", "down", exponential(0.5)), transition("repair", "down", "up", 3.0)],
        [Measure("d", Average(tokens("down")), At((2.0,))), Measure("i", Integral(tokens("down")), Over(0.0, 2.0))],
    )
    prepared = ReferenceEngine().prepare(made)
    found = np.array([[prepared.run(Task(1, (k,), ("d", "i"))).observations[name][0, 0] for name in ("d", "i")] for k in range(3000)])
    at, area = 1 - math.exp(-1), integrate.quad(lambda t: 1 - math.exp(-0.5 * t), 0, 2)[0]
    assert abs(found[:, 0].mean() - at) < 5 * math.sqrt(at * (1 - at) / 3000)
    assert abs(found[:, 1].mean() - area) < 5 * found[:, 1].std() / math.sqrt(3000)


def test_a_finite_queue_has_the_distribution_of_its_markov_chain():
    # M/M/1/4 and a breakdown, as a CTMC of (number, broken) solved here.
    arrival, service, failing, repairing, room = 0.8, 1.0, 0.1, 0.5, 4
    states = [(n, broken) for n in range(room + 1) for broken in (0, 1)]
    q = np.zeros((len(states), len(states)))
    for n, broken in states:
        for target, rate in [
            ((n + 1, broken), arrival),
            ((n - 1, broken), service * (1 - broken)),
            ((n, 1), failing * (1 - broken)),
            ((n, 0), repairing * broken),
        ]:
            if target in states:
                q[states.index((n, broken)), states.index(target)] += rate
    q -= np.diag(q.sum(axis=1))
    pi = np.linalg.lstsq(np.vstack([q.T, np.ones(len(states))]), np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    mean = sum(p * n for p, (n, _) in zip(pi, states, strict=True))
    queue = net(
        [place("q", capacity=room), place("ok", 1), place("broken")],
        [
            transition("arrive", (), "q", exponential(arrival)),
            transition("serve", "q", (), exponential(service), tests="ok"),
            transition("fail", "ok", "broken", exponential(failing)),
            transition("repair", "broken", "ok", exponential(repairing)),
        ],
        [Measure("length", Average(tokens("q")))],
    )
    rows = observe(queue, *np.linspace(100, 40_100, 41)).observations["length"]
    batch = rows[:, 0] / rows[:, 1]
    # Student's t with 39 degrees of freedom beyond 6: below 6e-7.
    assert abs(batch.mean() - mean) < 6 * batch.std(ddof=1) / math.sqrt(len(batch))


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="no measure"):
        ReferenceEngine().prepare(machine()).run(Task(1, (), ("x",)))


def test_small_terms_are_not_lost_in_a_large_sum():
    total = Sum()
    for term in (1e16, *[1.0] * 1001, -1e16):
        total.add(term)
    assert total.value == 1001.0


def test_nothing_is_observed_beyond_the_time_limit_even_if_nothing_fires_before():
    measures = (Measure("before", Average(tokens("up")), At((5.0,))), Measure("after", Average(tokens("up")), At((7.0,))))
    outcome = observe(machine(*measures), max_time=5.0)
    assert (outcome.end, outcome.time) == (End.TIME, 5.0)
    assert outcome.observations["before"].tolist() == [[1.0]]
    assert np.isnan(outcome.observations["after"]).all()
