"""Memory, servers, rates and ties: what clocks do. Times are derived on paper from deterministic delays."""

from __future__ import annotations

import numpy as np
import pytest

from spn.engine.reference import Simulation
from tests.engine.nets import JOB, NOW, arc, discrete, events, exponential, field, firings, lookup, net, op, out, place, tokens, transition, uniform


def interrupted(memory: str, delay: object = 10.0, servers: object = 1):
    """Work of 10 s that is stopped at 4 s and goes on at 6 s."""
    return net(
        [place("on", 1), place("off"), place("work", 1), place("done"), place("once", 1)],
        [
            transition("stop", ["on", "once"], "off", 4.0),
            transition("go", "off", "on", 2.0),
            transition("finish", "work", "done", delay, tests="on", memory=memory, servers=servers),
        ],
    )


def test_enabling_memory_forgets_the_clock():
    assert firings(interrupted("enabling")) == [(4.0, "stop"), (6.0, "go"), (16.0, "finish")]


def test_age_memory_keeps_the_clock():
    assert firings(interrupted("age")) == [(4.0, "stop"), (6.0, "go"), (12.0, "finish")]


def test_resampling_draws_anew_whenever_a_tangible_marking_is_reached():
    # No interruption: other firings at 4 and 8 alone restart the work of 5 s; the last one is at 8.
    restarted = net(
        [place("ticks", 2), place("work", 1)],
        [transition("tick", "ticks", (), 4.0), transition("finish", "work", (), 5.0, memory="resampling")],
    )
    assert firings(restarted) == [(4.0, "tick"), (8.0, "tick"), (13.0, "finish")]


def test_resampling_waits_for_the_end_of_a_vanishing_chain_and_spares_clocks_started_in_it():
    # At 4 s a token goes through an immediate transition; the clock of `second` starts in the chain and is drawn once.
    values = discrete([5.0, 7.0], [1, 1])
    chain = net(
        [place("a", 1), place("b"), place("c"), place("work", 1)],
        [
            transition("tick", "a", "b", 4.0),
            transition("through", "b", "c"),
            transition("first", "work", (), values, memory="resampling"),
            transition("second", "c", (), values, memory="resampling"),
        ],
    )
    # Draws: first at 0; second in the chain; first again at the tangible marking. Three uniforms in all.
    simulation = Simulation(chain, seed=3)
    simulation.run(until=4.0)
    twin = np.random.Generator(np.random.SFC64(np.random.SeedSequence(3)))
    twin.random(3)
    assert simulation._rng.bit_generator.state["state"]["state"].tolist() == twin.bit_generator.state["state"]["state"].tolist()


def test_age_memory_resumes_the_clock_that_was_frozen_last_first():
    # Clocks of 10 s start at 0 (A), 1 (B), 2 (C). At 3 s the degree falls to 1: C, then B are frozen (9 and 8 s left).
    # At 4 s it is 2: B, frozen last, is resumed and fires at 12, after A at 10.
    served = net(
        [place("servers", 3), place("work", 1), place("in1", 1), place("in2", 1), place("cut", 1), place("again", 1)],
        [
            transition("arrive1", "in1", "work", 1.0),
            transition("arrive2", "in2", "work", 2.0),
            transition("lose", "cut", (), 3.0),
            transition("regain", "again", (), 4.0),
            transition(
                "finish",
                "work",
                (),
                10.0,
                memory="age",
                servers=op(op(1, "+", op(2, "*", tokens("cut"))), "+", op(op(1, "-", tokens("again")), "*", 1)),
            ),
        ],
    )
    assert firings(served, until=12.5)[4:] == [(10.0, "finish"), (12.0, "finish")]


def test_a_single_server_has_one_clock_at_a_time():
    assert [time for time, _ in firings(net([place("q", 3)], [transition("serve", "q", (), 2.0)]))] == [2.0, 4.0, 6.0]


def test_two_servers_have_two_clocks():
    assert [time for time, _ in firings(net([place("q", 3)], [transition("serve", "q", (), 2.0, servers=2)]))] == [2.0, 2.0, 4.0]


def test_infinite_servers_have_a_clock_for_each_token():
    assert [time for time, _ in firings(net([place("q", 3)], [transition("serve", "q", (), 2.0, servers=None)]))] == [2.0, 2.0, 2.0]


def test_the_degree_counts_how_often_all_multiplicities_are_there():
    pairs = net([place("q", 7), place("tool", 5)], [transition("serve", [arc("q", 2), arc("tool")], (), 1.0, servers=None)])
    assert [time for time, _ in firings(pairs)] == [1.0, 1.0, 1.0]


def test_the_youngest_clock_dies_when_the_degree_falls():
    # Clocks of 10 s start at 0 and 3. A token is stolen at 5: the one of 3 dies. The next one starts with the token of 6.
    stolen = net(
        [place("q", 1), place("late", 1), place("thief", 1), place("later", 1)],
        [
            transition("arrive", "late", "q", 3.0),
            transition("steal", ["thief", "q"], (), 5.0),
            transition("again", "later", "q", 6.0),
            transition("serve", "q", (), 10.0, servers=None),
        ],
    )
    assert firings(stolen)[3:] == [(10.0, "serve"), (16.0, "serve")]


def test_an_exponential_clock_follows_its_rate():
    # The rate is 0 until 5 s: no firing before, then the delay is drawn from 5 s on, with the first draw of the stream.
    switched = net(
        [place("slow", 1), place("fast"), place("q", 1)],
        [transition("switch", "slow", "fast", 5.0), transition("serve", "q", (), exponential(op(tokens("fast"), "*", 2.0)))],
    )
    first = np.random.Generator(np.random.SFC64(np.random.SeedSequence(1))).standard_exponential()
    assert firings(switched) == [(5.0, "switch"), (5.0 + first / 2.0, "serve")]


def test_other_clocks_keep_the_parameters_with_which_they_were_drawn():
    drawn = net(
        [place("slow", 1), place("q", 1)],
        [transition("switch", "slow", (), 5.0), transition("serve", "q", (), op(10.0, "*", op(tokens("slow"), "+", 1)))],
    )
    assert firings(drawn) == [(5.0, "switch"), (20.0, "serve")]


def test_a_frozen_exponential_clock_is_drawn_anew_only_if_its_rate_changed():
    def frozen(rate: object):
        return net(
            [place("on", 1), place("off"), place("work", 1), place("once", 1), place("runs", 0)],
            [
                transition("stop", ["on", "once"], "off", 4.0),
                transition("go", "off", ["on", "runs"], 2.0),
                transition("finish", "work", (), exponential(rate), tests="on", memory="age"),
            ],
        )

    first, second = np.random.Generator(np.random.SFC64(np.random.SeedSequence(7))).standard_exponential(2)
    rate = 0.01
    assert first / rate > 4
    assert firings(frozen(rate), seed=7)[-1] == (6.0 + (first / rate - 4.0), "finish")
    changed = frozen(op(rate, "*", op(1, "+", tokens("runs"))))
    assert firings(changed, seed=7)[-1] == (6.0 + second / (2 * rate), "finish")


def test_the_rate_of_a_state_dependent_death_process_gives_its_mean_passage_time():
    # Pure death from 3 with total rate 2 n: mean (1/3 + 1/2 + 1) / 2, variance (1/9 + 1/4 + 1) / 4.
    death = net([place("n", 3)], [transition("die", "n", (), exponential(op(2.0, "*", tokens("n"))))])
    times = np.array([firings(death, seed=seed)[-1][0] for seed in range(4000)])
    # A normal deviate beyond 5 has probability 6e-7.
    assert abs(times.mean() - 11 / 12) < 5 * np.sqrt((1 / 9 + 1 / 4 + 1) / 4 / 4000)


def test_of_equal_times_the_higher_priority_fires_first():
    tie = net(
        [place("a", 1), place("b", 1), place("c", 1)],
        [
            transition("low", "a", (), 1.0),
            transition("high", "b", (), 1.0, priority=2),
            transition("middle", "c", (), 1.0, priority=1),
        ],
    )
    assert firings(tie) == [(1.0, "high"), (1.0, "middle"), (1.0, "low")]


def test_of_equal_times_and_priorities_class_and_index_decide():
    tie = net(
        [place("a", 1, size=3)],
        [
            transition("x", arc("a", element="i"), (), 1.0, size=3, guard=op("i", "!=", 1)),
            transition("y", arc("a", element=1), (), 1.0),
        ],
    )
    assert [(e.transition, e.index) for e in events(tie)] == [(0, 0), (0, 2), (1, 0)]


def test_of_one_bindings_equal_clocks_the_one_started_first_fires_first():
    # Clocks of 4 s and 2 s, set at 0 and 2, meet at 4; which one fires first shows in what is left when one token goes.
    meeting = net(
        [place("q", 1), place("late", 1)],
        [transition("arrive", "late", "q", 2.0), transition("serve", "q", (), op(4.0, "-", NOW), servers=None)],
    )
    simulation = Simulation(meeting)
    simulation.step()
    (binding,) = simulation._bindings[1].values()
    older, younger = binding.clocks
    assert (older.time, younger.time) == (4.0, 4.0)
    simulation.step()
    assert binding.clocks == [] or binding.clocks == [younger]
    assert older.callbacks is None


def test_records_tie_in_the_order_of_arrival_even_after_the_first_equal_token_has_gone():
    # Tokens A, B, A. A clock for each value. When the first A goes, B is before the second A in the order of bindings.
    queue = net(
        [place("q", [(1, 0.0), (2, 0.0), (1, 0.0)], colour=JOB), place("thief", 1)],
        [
            transition("steal", ["thief", arc("q", pattern=("?c",))], (), 1.0, variables=[("c", JOB)], guard=op(field("c", 0), "==", 1)),
            transition("serve", arc("q", pattern=("?c",)), (), 5.0, variables=[("c", JOB)]),
        ],
    )
    assert [e.binding[0][0] for e in events(queue)] == [1, 2, 1]


def test_finite_colours_tie_in_the_order_of_their_values():
    queue = net(
        [place("q", [3, 1, 2], colour=lookup("t", 0).type)],
        [transition("serve", arc("q", pattern=("?c",)), (), 5.0, variables=["c"])],
    )
    assert [e.binding for e in events(queue)] == [(1,), (2,), (3,)]


def test_a_transition_that_sees_a_token_put_back_at_once_keeps_its_clock():
    # `blink` takes and puts back in one firing: no other transition sees the marking in between.
    blink = net(
        [place("p", 1), place("ticks", 2)],
        [transition("blink", ["p", "ticks"], "p", 2.0), transition("work", "p", (), 5.0)],
    )
    assert firings(blink)[-1] == (5.0, "work")


def test_a_vanishing_marking_without_the_token_ends_the_clock():
    away = net(
        [place("p", 1), place("q"), place("once", 1)],
        [transition("leave", ["p", "once"], "q", 2.0), transition("back", "q", "p"), transition("work", "p", (), 5.0)],
    )
    assert firings(away)[-1] == (7.0, "work")


def test_lost_clocks_do_not_fill_the_queue():
    # Each tick takes the worker's token away and puts it back: a clock of 1e6 s lost for each.
    busy = net(
        [place("p", 1), place("q"), place("r", 1)],
        [transition("tick", "p", "q", 1.0), transition("back", "q", "p"), transition("never", "p", (), 1e6)],
    )
    simulation = Simulation(busy)
    simulation.run(firings=20_000)
    assert len(simulation._clockwork._queue) < 200


def test_a_uniform_delay_is_the_first_draw_of_the_stream():
    draw = np.random.Generator(np.random.SFC64(np.random.SeedSequence(5, spawn_key=(2, 3)))).random()
    simulation = Simulation(net([place("p", 1)], [transition("t", "p", (), uniform(2.0, 6.0))]), 5, (2, 3))
    event = simulation.step()
    assert event is not None
    assert event.time == pytest.approx(2.0 + 4.0 * draw, rel=1e-15)


def test_the_tail_of_moves_goes_to_the_array_element_that_the_index_says():
    ring = net(
        [place("p", op("i", "==", 0), size=3)],
        [
            transition("t", arc("p", element="i"), out("p", element=op(op("i", "+", 1), "%", 3)), 1.0, size=3),
        ],
    )
    assert [e.index for e in events(ring, most=5)] == [0, 1, 2, 0, 1]


def test_resampling_sees_the_tangible_marking_not_the_vanishing_one_before_it():
    # Drawn at 4 s with a token in `c`, where the immediate transition has put it: 4 + 6 + 10.
    chain = net(
        [place("a", 1), place("b"), place("c"), place("work", 1)],
        [
            transition("tick", "a", "b", 4.0),
            transition("through", "b", "c"),
            transition("finish", "work", (), op(6.0, "+", op(10.0, "*", tokens("c"))), memory="resampling"),
        ],
    )
    assert firings(chain)[-1] == (20.0, "finish")
