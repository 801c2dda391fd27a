"""Arcs, guards, capacities and the order in which places offer tokens: which bindings are enabled and what a firing moves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spn.engine.reference import Simulation
from spn.expressions.types import INTEGER
from spn.observation import RunError
from tests.engine.nets import JOB, PAIR, arc, events, exponential, field, firings, make_token, net, op, out, place, tokens, transition


def names(of, **options):
    return [name for _, name in firings(of, **options)]


def final(of, most=1000):
    simulation = Simulation(of)
    simulation.run(firings=most)
    return dict(zip([p.name for p in of.places], simulation.marking.sums, strict=True))


def test_an_input_arc_takes_its_multiplicity():
    assert final(net([place("p", 7), place("q")], [transition("t", arc("p", 3), "q", 1.0)])) == {"p": 1, "q": 2}


def test_an_output_arc_puts_its_multiplicity():
    assert final(net([place("p", 2), place("q")], [transition("t", "p", out("q", 4), 1.0)])) == {"p": 0, "q": 8}


def test_inhibitor_of_multiplicity_three_stops_at_three_tokens():
    assert final(net([place("q")], [transition("t", (), "q", 1.0, inhibit=arc("q", 3))])) == {"q": 3}


def test_an_inhibitor_of_multiplicity_zero_is_no_arc():
    assert final(net([place("p", 2)], [transition("t", "p", (), 1.0, inhibit=arc("p", 0))])) == {"p": 0}


def test_a_test_arc_needs_tokens_and_leaves_them():
    both = net(
        [place("p", 3), place("key", 1), place("none")], [transition("t", "p", (), 1.0, tests="key"), transition("u", "p", (), 0.5, tests="none")]
    )
    assert final(both) == {"p": 0, "key": 1, "none": 0}


def test_a_test_arc_sees_the_token_that_an_input_arc_of_the_same_transition_takes():
    assert final(net([place("p", 1)], [transition("t", "p", (), 1.0, tests="p")])) == {"p": 0}


def test_two_input_arcs_from_one_place_need_two_tokens():
    assert final(net([place("p", 3)], [transition("t", ["p", "p"], (), 1.0)])) == {"p": 1}


def test_a_reset_arc_empties_before_outputs_put():
    assert final(net([place("p", 5), place("go", 1)], [transition("t", "go", out("p", 2), 1.0, reset="p")])) == {"p": 2, "go": 0}


def test_a_reset_arc_with_a_pattern_takes_what_fits():
    pairs = [(1, 1), (1, 2), (2, 1)]
    kept = net(
        [place("p", pairs, colour=PAIR), place("go", 1)],
        [transition("t", "go", (), 1.0, reset=arc("p", pattern=(1, None), whole=False))],
    )
    simulation = Simulation(kept)
    simulation.run()
    assert list(simulation.marking.values(0, 0)) == [(2, 1)]


def test_a_marking_dependent_multiplicity_sees_the_marking_before_the_firing():
    flush = net([place("p", 5), place("q"), place("go", 1)], [transition("t", ["go", arc("p", tokens("p"))], out("q", op(tokens("p"), "*", 2)), 1.0)])
    assert final(flush) == {"p": 0, "q": 10, "go": 0}


def test_an_arc_of_multiplicity_zero_is_no_arc():
    assert final(net([place("p"), place("q")], [transition("t", arc("p", tokens("p")), "q", 1.0, guard=op(tokens("q"), "<", 2))])) == {"p": 0, "q": 2}


def test_a_fan_takes_from_each_and_waits_for_all():
    fan = net(
        [place("child", 1, size=4), place("gone", 1), place("joined")],
        [
            transition("join", arc("child", element="c", loop=("c", 1, 3)), "joined", 1.0, guard=op(tokens("gone"), "==", 0)),
            transition("go", "gone", (), 5.0),
        ],
    )
    assert firings(fan) == [(5.0, "go"), (6.0, "join")]
    assert final(fan) == {"child": 1, "gone": 0, "joined": 1}


def test_an_output_fan_puts_into_each_element_with_its_own_token():
    fan = net(
        [place("box", size=3, colour=INTEGER), place("go", 1)],
        [transition("t", "go", out("box", element="c", token=op("c", "*", 10), loop=("c", 0, 2)), 1.0)],
    )
    simulation = Simulation(fan)
    simulation.run()
    assert [list(simulation.marking.values(0, k)) for k in range(3)] == [[0], [10], [20]]


def test_an_element_that_depends_on_a_bound_variable_is_found():
    route = net(
        [place("in", [2, 0, 2], colour=INTEGER), place("port", size=3)],
        [transition("t", arc("in", pattern=("?c",)), out("port", element="c"), 1.0, variables=["c"])],
    )
    simulation = Simulation(route)
    simulation.run()
    assert simulation.marking.counts[1] == [1, 0, 2]


def test_variables_bound_by_one_arc_select_in_the_next():
    match = net(
        [place("a", [1, 2, 3], colour=INTEGER), place("b", [5, 3, 2], colour=INTEGER)],
        [transition("t", [arc("a", pattern=("?c",)), arc("b", pattern=("c",))], (), 1.0, variables=["c"])],
    )
    assert [e.binding for e in events(match)] == [(2,), (3,)]


def test_components_of_a_product_are_bound_one_by_one():
    split = net(
        [place("p", [(1, 7), (2, 8)], colour=PAIR), place("sums", colour=INTEGER)],
        [transition("t", arc("p", pattern=("?x", "?y"), whole=False), out("sums", token=op("x", "+", "y")), 1.0, variables=["x", "y"])],
    )
    simulation = Simulation(split)
    simulation.run()
    assert list(simulation.marking.values(1, 0)) == [8, 10]


def test_bindings_with_equal_variables_are_one_with_a_clock_for_each_token():
    either = net(
        [place("p", [(1, 7), (1, 8), (2, 7)], colour=PAIR)],
        [transition("t", arc("p", pattern=("?x", None), whole=False), (), 1.0, variables=["x"], servers=None)],
    )
    simulation = Simulation(either)
    assert {values: len(b.clocks) for values, b in simulation._bindings[0].items()} == {(1,): 2, (2,): 1}


def test_an_inhibitor_counts_only_tokens_that_fit():
    some = net(
        [place("p", [1, 2], colour=INTEGER), place("n", 5)], [transition("t", ["n"], out("p", token=1), 1.0, inhibit=arc("p", 3, pattern=(1,)))]
    )
    assert final(some) == {"p": 4, "n": 3}


def test_a_guard_over_a_bound_variable_filters():
    only = net(
        [place("p", [1, 2, 3, 4], colour=INTEGER)],
        [transition("t", arc("p", pattern=("?c",)), (), 1.0, variables=["c"], guard=op(op("c", "%", 2), "==", 0))],
    )
    assert [e.binding for e in events(only)] == [(2,), (4,)]


def test_a_fan_over_thousands_of_elements():
    size = 3000
    of = net([place("p", 1, size), place("v", [1], size, INTEGER)], [transition("t", [arc("p", element="k", loop=("k", 0, size - 1)),
        arc("v", element="k", pattern=(None,), loop=("k", 0, size - 1))], (), 1.0)])  # fmt: skip
    (event,) = events(of)
    assert len(event.moves) == 2 * size


def test_a_variable_without_value_cannot_be_read():
    of = net([place("v", [1], colour=INTEGER), place("q")], [transition("t", arc("v", tokens("q"), pattern=("?c",)), (), 1.0, variables=["c"],
        guard=op("c", ">", 0))])  # fmt: skip
    with pytest.raises(RunError, match="'c' has no value"):
        firings(of)


def test_a_capacity_stops_what_would_exceed_it():
    assert final(net([place("q", capacity=3)], [transition("t", (), "q", 1.0)])) == {"q": 3}
    assert final(net([place("q", 1, capacity=4)], [transition("t", (), out("q", 2), 1.0)])) == {"q": 3}


def test_a_capacity_counts_after_inputs_and_resets():
    assert final(net([place("q", 3, capacity=3)], [transition("t", arc("q"), "q", 1.0)]), most=3) == {"q": 3}
    assert len(firings(net([place("q", 3, capacity=2), place("go", 1)], [transition("t", "go", out("q", 2), 1.0, reset="q")]))) == 1


def jobs(order):
    return net(
        [place("q", [(1, 0.5), (2, 0.1), (3, 0.9)], colour=JOB, order=order)],
        [transition("t", arc("q", pattern=("?c",)), (), 1.0, variables=[("c", JOB)])],
    )


def test_fifo_offers_the_token_that_arrived_first():
    assert [e.binding[0][0] for e in events(jobs("fifo"))] == [1, 2, 3]


def test_lifo_offers_the_token_that_arrived_last():
    assert [e.binding[0][0] for e in events(jobs("lifo"))] == [3, 2, 1]


def test_multiset_takes_of_equal_tokens_one_after_another():
    assert len(list(events(jobs("multiset"), most=9))) == 3


def test_an_ordered_place_whose_first_token_does_not_fit_blocks():
    head = net([place("q", [2, 1], colour=INTEGER, order="fifo")], [transition("t", arc("q", pattern=(1,)), (), 1.0)])
    assert firings(head) == []
    batch = net([place("q", [1, 1, 2], colour=INTEGER, order="lifo")], [transition("t", arc("q", 2, pattern=("?c",)), (), 1.0, variables=["c"])])
    assert firings(batch) == []


def test_two_arcs_of_one_firing_take_successive_tokens_of_a_fifo():
    two = net(
        [place("q", [4, 5, 6], colour=INTEGER, order="fifo"), place("r", colour=INTEGER)],
        [
            transition(
                "t", [arc("q", pattern=("?a",)), arc("q", pattern=("?b",))], out("r", token=op(op("a", "*", 10), "+", "b")), 1.0, variables=["a", "b"]
            )
        ],
    )
    assert [e.binding for e in events(two)] == [(4, 5)]


def test_random_order_offers_each_token_equally_often():
    first = Counter(next(events(jobs("random"), seed=seed)).binding[0][0] for seed in range(3000))
    # Binomial(3000, 1/3): beyond 5.3 standard deviations in any of three counts has probability below 1e-6.
    assert all(abs(first[k] - 1000) < 5.3 * np.sqrt(3000 * 2 / 9) for k in (1, 2, 3))


def test_random_order_follows_the_swaps_of_the_definition():
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(11)))
    order = []
    for number in (1, 2, 3):
        order.append(number)
        if len(order) > 1:
            k = int(rng.random() * len(order))
            order[-1], order[k] = order[k], order[-1]
    assert [e.binding[0][0] for e in events(jobs("random"), seed=11)] == order


def test_the_highest_priority_fires_first_and_time_stands_still():
    race = net([place("p", 1)], [transition("low", "p", (), priority=1), transition("high", "p", (), priority=3), transition("timed", "p", (), 0.0)])
    assert firings(race) == [(0.0, "high")]


def test_weights_share_the_firings_in_proportion():
    race = net([place("p", 1)], [transition("a", "p", (), weight=1), transition("b", "p", (), weight=3), transition("c", "p", (), weight=0)])
    fired = Counter(names(race, seed=seed)[0] for seed in range(4000))
    # Binomial(4000, 1/4) beyond 5 standard deviations: 6e-7.
    assert abs(fired["a"] - 1000) < 5 * np.sqrt(4000 * 3 / 16)
    assert fired["c"] == 0


def test_the_choice_takes_one_uniform_and_a_lone_binding_none():
    race = net(
        [place("p", 1), place("q", 1)],
        [transition("a", "p", (), weight=2), transition("b", "p", (), weight=3), transition("lone", "q", (), priority=5)],
    )
    for seed in range(20):
        u = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed))).random()
        assert names(race, seed=seed) == ["lone", "a" if u * 5 < 2 else "b"]


def test_a_weight_of_zero_is_not_enabled_and_the_marking_is_tangible():
    idle = net([place("p", 1)], [transition("never", "p", (), weight=0), transition("timed", "p", (), 3.0)])
    assert firings(idle) == [(3.0, "timed")]


def test_a_marking_dependent_weight_is_seen_when_the_marking_changes():
    later = net([place("p", 1), place("key"), place("w", 1)], [transition("open", "w", "key", 2.0), transition("t", "p", (), weight=tokens("key"))])
    assert firings(later) == [(2.0, "open"), (2.0, "t")]


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("bad-weight", transition("t", "p", (), weight=op(0, "-", tokens("p")))),
        ("negative-rate", transition("t", "p", (), exponential(op(0.0, "-", tokens("p"))))),
        ("bad-delay", transition("t", "p", (), op(0.0, "-", tokens("p")))),
        ("bad-multiplicity", transition("t", arc("p", op(0, "-", tokens("p"))), (), 1.0)),
        ("bad-index", transition("t", arc("p", element=op(tokens("p"), "*", 7)), (), 1.0)),
        ("bad-servers", transition("t", "p", (), 1.0, servers=op(0, "-", tokens("p")))),
    ],
)
def test_what_cannot_be_is_an_error_that_names_the_transition_and_the_time(code, bad):
    broken = net([place("p"), place("start", 1)], [transition("begin", "start", "p", 3.0), bad])
    with pytest.raises(RunError) as caught:
        firings(broken, most=5)
    assert caught.value.code == code
    assert caught.value.time in (0.0, 3.0)
    assert "transition t" in caught.value.message


def test_a_token_beyond_its_integer_range_is_an_error():
    count = net(
        [place("p", [1], colour=INTEGER, bounds=((1, 3),))],
        [transition("up", arc("p", pattern=("?c",)), out("p", token=op("c", "+", 1)), 1.0, variables=["c"])],
    )
    with pytest.raises(RunError) as caught:
        firings(count)
    assert (caught.value.code, caught.value.time) == ("bad-value", 3.0)


def test_a_record_can_be_changed_on_its_way():
    grow = net(
        [place("p", [(1, 0.5)], colour=JOB)],
        [
            transition(
                "t",
                arc("p", pattern=("?c",)),
                out("p", token=make_token(op(field("c", 0, INTEGER), "+", 1), field("c", 1), type=JOB)),
                1.0,
                variables=[("c", JOB)],
            )
        ],
    )
    assert [e.binding[0] for e in events(grow, most=3)] == [(1, 0.5), (2, 0.5), (3, 0.5)]


def test_a_binding_takes_the_first_of_the_tokens_that_give_it():
    either = net(
        [place("p", [(1, 8), (1, 7)], colour=PAIR)], [transition("t", arc("p", pattern=("?x", None), whole=False), (), 1.0, variables=["x"])]
    )
    assert [event.moves for event in events(either)] == [((0, 0, -1, (1, 7)),), ((0, 0, -1, (1, 8)),)]


def test_two_arcs_do_not_take_the_same_token():
    two = net(
        [place("p", [1, 2], colour=INTEGER)], [transition("t", [arc("p", pattern=("?a",)), arc("p", pattern=("?b",))], (), 1.0, variables=["a", "b"])]
    )
    assert list(Simulation(two)._bindings[0]) == [(1, 2), (2, 1)]


def test_an_ordered_place_with_a_pattern_gives_one_clock_however_many_servers():
    line = net(
        [place("p", [5, 5, 5], colour=INTEGER, order="fifo")], [transition("t", arc("p", pattern=("?c",)), (), 2.0, variables=["c"], servers=None)]
    )
    assert firings(line) == [(2.0, "t"), (4.0, "t"), (6.0, "t")]


def test_records_come_in_the_order_of_the_first_of_equal_tokens():
    queue = net(
        [place("p", [(2, 0.0), (1, 0.0), (2, 0.0)], colour=JOB)], [transition("t", arc("p", pattern=("?c",)), (), 1.0, variables=[("c", JOB)])]
    )
    assert [binding[0][0] for binding in Simulation(queue)._bindings[0]] == [2, 1]
