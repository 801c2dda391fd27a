"""Firings that are remembered and replayed give the reference engine's events and observations, bit for bit."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spn.engine.compiled import components, table_cells, table_memory
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine, Replication
from spn.engine.reference import ReferenceEngine, Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.types import INTEGER
from spn.net.types import Availability, Average, Count, Firings, FirstPassage, Integral, Measure, Over, Rate, Tally, Until
from spn.observation import RunError, Task
from tests.engine.interpreted import kernel
from tests.engine.nets import NOW, arc, discrete, exponential, lookup, net, op, out, place, tokens, total, transition, uniform

SIZE = 3


def plan_of(of, wanted=True):
    plan = KernelPlan(PreparedNet(of))
    _ = plan.source
    assert plan.remembering.on == wanted
    return plan


def expected_at(prepared, stops, seed=7):
    """(firings, time, tokens, firings by class, codes at this instant, time of the next clock) at some numbers of firings."""
    found, codes = [], []
    try:
        simulation = Simulation(prepared, seed)
        for stop in stops:
            while simulation.firings < stop and (event := simulation.step()) is not None:
                codes = [
                    *(codes if codes and codes[0][0] == event.time else ()),
                    (event.time, prepared.classes[event.transition].first + event.index),
                ]
            found.append((simulation.firings, simulation.now, list(simulation.marking.sums), [code for _, code in codes], simulation.peek()))
    except RunError as error:
        found.append((error.code, error.time))
    return found


def found_at(plan, stops, seed=7, run=None):
    """The same from a kernel, which is left at these numbers of firings only."""
    found = []
    machine = None
    try:
        machine = Machine(plan, run or kernel(plan.source), seed, ())
        for stop in stops:
            while machine.firings < stop and machine.call(1, stop - machine.firings, 1.7e308, 10**9) != 1:
                machine.check()
            codes = machine.history[: machine.state[6]].tolist() if machine.firings else []
            found.append((machine.firings, machine.now, machine.sums(), codes, machine.peek()))
    except RunError as error:
        found.append((error.code, error.time))
    finally:
        if machine is not None:
            machine.close()
    return found


def outcome_of(run, task):
    try:
        outcome = run(task)
    except RunError as error:
        return (error.code, error.time)
    observations = {name: rows.tolist() for name, rows in outcome.observations.items()}
    return (outcome.end, outcome.time, outcome.firings, outcome.dead_at, str(observations), outcome.tokens.tolist(), outcome.fired.tolist())


def run_on(plan, task):
    machine = Machine(plan, kernel(plan.source), task.seed, task.key, controlled=task.controlled)
    try:
        return Replication(machine, task).run()
    finally:
        machine.close()


def same(of, stops=(1, 2, 3, 5, 8, 13, 200, 201, 210, 400), wanted=True, tasks=()):
    """Compare a net's runs, with tables that know nothing and then with those that the first run has left."""
    plan = plan_of(of, wanted)
    expected = expected_at(plan.prepared, stops)
    assert found_at(plan, stops) == expected
    assert found_at(plan, stops) == expected
    assert found_at(plan, stops[-1:]) == expected_at(plan.prepared, stops[-1:])
    reference = ReferenceEngine().prepare(of)
    for task in tasks:
        assert outcome_of(lambda task: run_on(plan, task), task) == outcome_of(reference.run, task)
    return plan


def replayed(plan):
    """How many different steps tables know."""
    return sum(int(np.count_nonzero(tables_.states > tables_.table[table_cells.NEVER])) for tables_ in plan.remembering.pool.idle)


# Random nets of several parts that have nothing to do with each other, or are one.

places_of_part = st.sampled_from(["a", "b", "c"])
numbers = st.sampled_from([1, 1, 1, 2])


@st.composite
def inputs(draw, variable, element):
    if draw(st.integers(0, 3)):
        return arc(draw(places_of_part), draw(numbers), element), None
    pattern = draw(st.sampled_from([(f"?{variable}",), (1,)]))
    return arc("v", 1, element, pattern), variable if pattern != (1,) else None


@st.composite
def outputs(draw, names, element):
    if draw(st.integers(0, 3)):
        return out(draw(places_of_part), draw(numbers), element)
    return out("v", 1, element, draw(st.sampled_from([*names, 0, 2])))


@st.composite
def steps(draw, name, one):
    element = draw(st.sampled_from(["i", "i", op(op("i", "+", 1), "%", SIZE)])) if one else "i"
    found = [draw(inputs(f"x{k}", element)) for k in range(draw(st.integers(1, 2)))]
    names = [variable for _, variable in found if variable]
    guard = draw(
        st.sampled_from(
            [None, None, op(tokens("a", "i"), "<", 3), op(tokens("v", "i", (1,)), "==", 0), op(tokens("b", None), ">", 1)][: 5 if one else 4]
        )
    )
    if draw(st.booleans()):
        options = {"weight": draw(st.sampled_from([1, 1, 2, 0.5, op(1, "+", tokens("b", "i"))])), "priority": draw(st.integers(1, 2))}
    else:
        options = {
            "delay": draw(st.sampled_from([1.0, 2.0, discrete([0.0, 0.5, 1.0], [1, 1, 1]), exponential(0.7), uniform(0.5, 1.0)])),
            "memory": draw(st.sampled_from(["enabling", "age", "resampling"])),
            "priority": draw(st.integers(0, 1)),
        }
    return transition(
        name,
        [each for each, _ in found],
        [draw(outputs(names, element)) for _ in range(draw(st.integers(0, 2)))],
        inhibit=[arc(draw(places_of_part), 3, element)] if draw(st.integers(0, 2)) == 0 else [],
        reset=[arc(draw(places_of_part), 1, element)] if draw(st.integers(0, 4)) == 0 else [],
        guard=guard,
        size=SIZE,
        variables=names,
        **options,
    )


@st.composite
def nets(draw):
    places = [
        place("a", draw(st.sampled_from([1, 2, op("i", "+", 1)])), SIZE),
        place("b", draw(st.integers(0, 2)), SIZE, capacity=draw(st.sampled_from([None, 4]))),
        place("c", 0, SIZE),
        place("v", [0, 2, 1], SIZE, INTEGER, bounds=((0, 2),)),
    ]
    one = draw(st.booleans())
    found = [draw(steps(f"t{k}", one)) for k in range(draw(st.integers(2, 5)))]
    found.append(transition("source", (), out("a", element="i"), exponential(1.0), inhibit=arc("a", 4, "i"), size=SIZE))
    found.append(transition("sink", arc("a", 2, "i"), out("c", element="i"), size=SIZE, inhibit=arc("c", 2, "i")))
    found.append(transition("reuse", arc("c", 2, "i"), (), 0.5, size=SIZE))
    measures = [
        Measure("up", Availability(op(tokens("a", 0), "<", 3))),
        Measure("many", Average(total("k", 0, SIZE - 1, tokens("a", "k")))),
        Measure("b", Integral(tokens("b", None)), Over(1.0, 6.0)),
        Measure("rate", Rate((Firings("sink"), Firings("t0")))),
        Measure("until", Count((Firings("source"),)), Until(op(tokens("a", 1), ">=", 3))),
        Measure("first", FirstPassage(op(tokens("c", None), ">=", 3))),
    ]
    return net(places, found, measures)


def test_random_nets():
    used: list[int] = []

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(nets(), st.lists(st.integers(1, 40), min_size=3, max_size=6))
    def compare(of, steps):
        names = tuple(measure.name for measure in of.measures)
        tasks = [Task(5, (1,), names, (0.0, 4.0, 9.0), max_firings=200), Task(6, (), names, (2.0, 7.0), max_tokens=14, max_firings=200)]
        used.append(replayed(same(of, tuple(np.cumsum(steps).tolist()), tasks=tasks)))

    compare()
    assert len(used) >= 100
    assert sum(used) > 1000


# Named cases. A machine fails; what follows at once is a chain.


def chain_net(*more, measures=(), **options):
    """Four firings at once after each failure, and a repair."""
    return net(
        [place("up", 2), place("one"), place("two"), place("three"), place("down"), place("log")],
        [
            transition("fail", "up", "one", exponential(0.5), **options),
            transition("first", "one", ["two", "log"]),
            transition("second", "two", "three", priority=2),
            transition("third", "three", "down"),
            transition("repair", "down", "up", uniform(0.5, 1.0)),
            transition("clean", arc("log", 2), (), 0.75),
            *more,
        ],
        list(measures),
    )


def test_a_chain_is_left_after_any_firing():
    for stride in (1, 2, 3, 7):
        same(chain_net(), stops=tuple(range(stride, 90, stride)))


def test_a_limit_of_firings_or_tokens_within_a_chain():
    of = chain_net(measures=[Measure("up", Average(tokens("up")))])
    for most in range(90, 101):
        same(of, tasks=[Task(3, (), ("up",), (0.0, 1e6), max_firings=most)])
    for most in range(2, 6):
        same(of, tasks=[Task(3, (), ("up",), (0.0, 1e6), max_tokens=most, max_firings=500)])


def test_a_limit_of_tokens_where_firings_put_several():
    """More on the way than at the end, and more at the end than before."""
    of = net(
        [place("up", 3), place("one"), place("two"), place("down"), place("log")],
        [
            transition("fail", "up", "one", exponential(0.5)),
            transition("first", "one", ["two", out("log", 7)]),
            transition("second", ["two", arc("log", 3)], "down"),
            transition("repair", "down", "up", uniform(0.5, 1.0)),
            transition("clean", arc("log", 4), (), 0.75),
        ],
        [Measure("up", Average(tokens("up")))],
    )
    for most in range(4, 40):
        same(of, stops=(50, 300), tasks=[Task(3, (), ("up",), (0.0, 1e6), max_tokens=most, max_firings=500)])


def test_what_is_remembered_and_what_is_not_at_one_instant():
    """Two parts, of which one has transitions with several clocks and is not remembered. Of equal times it comes between the other's firings."""
    of = net(
        [place("a", 2), place("b"), place("c"), place("d"), place("e", 3), place("f")],
        [
            transition("tick", "a", "b", 1.0),
            transition("tock", "e", "f", 1.0, servers=3),
            transition("on", "b", "c"),
            transition("further", "c", "d", discrete([0.0, 1.0], [1, 1])),
            transition("back", "d", "a", 0.0),
            transition("again", "f", "e", 0.0, servers=3),
        ],
    )
    plan = same(of, stops=tuple(range(1, 300, 7)))
    assert len(plan.remembering.found) == 1


def test_a_condition_that_is_waited_for():
    measures = [
        Measure("first", FirstPassage(op(tokens("log", None), ">=", 3))),
        Measure("until", Count((Firings("first"),)), Until(op(tokens("down", 0), ">=", 2))),
        Measure("within", FirstPassage(op(tokens("up", None), "==", 0), within=(2.0,))),
    ]
    for seed in range(6):
        same(chain_net(measures=measures), tasks=[Task(seed, (), ("first", "until", "within"), max_time=50.0)])


def test_firings_are_counted_in_windows():
    measures = [
        Measure("rate", Rate((Firings("second"), Firings("fail"), Firings("fail")))),
        Measure("few", Count((Firings("third"),)), Over(3.0, 9.0)),
    ]
    same(chain_net(measures=measures), tasks=[Task(4, (), ("rate", "few"), (0.0, 1.0, 2.5, 60.0))])


def test_measures_that_read_single_elements():
    measures = [
        Measure("ok", Availability(op(tokens("log", 0), "<", 2))),
        Measure("both", Integral(op(tokens("up", 0), "*", tokens("down", 0))), Over(1.0, 40.0)),
    ]
    same(chain_net(measures=measures), tasks=[Task(4, (), ("ok", "both"), (0.0, 20.0, 60.0)), Task(4, (), ("both",), (0.0, 60.0))])


@pytest.mark.parametrize("memory", ["enabling", "age", "resampling"])
def test_memory_of_clocks(memory):
    watch = transition("watch", "up", "up", uniform(0.5, 3.0), memory=memory, inhibit=arc("down", 1))
    same(chain_net(watch, memory=memory), stops=(1, 7, 50, 300))


def test_clocks_that_fire_at_the_same_time_and_delays_of_zero():
    again = transition("again", arc("log", 1), "log", discrete([0.0, 0.75], [1, 3]), priority=1)
    also = transition("also", "log", (), 0.75)
    same(chain_net(again, also), stops=(1, 2, 3, 50, 51, 52, 300))


def test_draws_between_immediate_transitions():
    rivals = [
        transition(f"rival{k}", "two", ["one"] if k else ["three"], weight=weight, priority=2)
        for k, weight in enumerate((1, 0.25, op(0.5, "*", tokens("log", 0))))
    ]
    plan = same(chain_net(*rivals), stops=tuple(range(1, 400, 3)))
    (known,) = plan.remembering.pool.idle
    assert known.table[table_cells.CHOICES_END] > 1


def test_a_timeless_trap_through_what_is_remembered():
    of = net(
        [place("a", 1), place("b"), place("c"), place("on"), place("count")],
        [
            transition("tick", "a", ["a", "count"], 1.0),
            transition("begin", arc("count", 5), "on"),
            transition("x", "b", "c"),
            transition("loop", "on", ["on", "b"], 0.0, tests="on"),
            transition("drain", "c", (), 0.0, priority=1),
        ],
    )
    plan = plan_of(of)
    expected = expected_at(plan.prepared, (3, 50, 30_000))
    assert expected[-1][0] == "timeless-trap"
    assert found_at(plan, (3, 50, 30_000)) == expected
    assert found_at(plan, (3, 50, 30_000)) == expected
    machine = Machine(plan, kernel(plan.source), 7, ())
    while machine.call(1, 30_000, 1.7e308, 10**9) == 0:
        pass
    with pytest.raises(RunError, match="again and again x, drain, loop"):
        machine.check()
    machine.close()


def test_what_fails_is_not_remembered():
    """A place's bounds are left in the second of two firings at once, the third time round."""
    of = net(
        [place("a", 1), place("b"), place("n"), place("v", 0, 1, INTEGER, bounds=((0, 2),))],
        [transition("go", "a", ["b", "n"], 1.0), transition("put", "b", ["a", out("v", token=tokens("n", 0))])],
    )
    plan = same(of, stops=(1, 2, 3, 4, 50))
    assert expected_at(plan.prepared, (50,))[-1][0] == "bad-value"


def test_a_timed_firing_that_fails_fails_again():
    of = net(
        [place("a", 1), place("n"), place("v", 0, 1, INTEGER, bounds=((0, 2),)), place("x", 1), place("y")],
        [transition("put", "a", ["a", "n", out("v", token=tokens("n", 0))], 1.0), transition("other", arc("n", 9), "y")],
    )
    plan = same(of, stops=(1, 2, 3, 50))
    assert expected_at(plan.prepared, (50,))[-1] == ("bad-value", 4.0)


def test_parts_that_differ_by_more_than_their_places_share_no_rows():
    parts = 4
    limit = op("i", "//", 2)
    of = net(
        [place("a", 1, parts), place("b", 0, parts), place("c", 0, parts)],
        [
            transition("go", arc("a", element="i"), out("b", element="i"), exponential(1.0), size=parts),
            transition("on", arc("b", element="i"), out("c", element="i"), size=parts, guard=op(tokens("c", "i"), "<", limit)),
            transition("back", arc("b", element="i"), out("a", element="i"), 0.5, size=parts),
            transition("home", arc("c", element="i"), out("a", element="i"), 2.0, size=parts),
        ],
    )
    plan = same(of, stops=(1, 2, 5, 100, 400))
    assert len({component.shape for component in plan.remembering.found}) == parts
    alike = net(of.places, [*of.transitions[:1], transition("on", arc("b", element="i"), out("c", element="i"), size=parts), *of.transitions[2:]])
    assert len({component.shape for component in same(alike).remembering.found}) == 1


def test_parts_in_which_another_element_is_first_share_no_rows():
    """From element 0 to 1, but from 3 to 2."""
    of = net(
        [place("a", lookup("start", "i"), 4), place("b", 0, 2)],
        [
            transition("go", arc("a", element=lookup("source", "i")), out("a", element=lookup("target", "i")), exponential(1.0), size=2),
            transition("note", arc("a", element=lookup("target", "i")), out("b", element="i"), size=2),
            transition("back", arc("b", element="i"), out("a", element=lookup("source", "i")), 0.5, size=2),
        ],
        tables={"start": np.array([1, 0, 0, 1]), "source": np.array([0, 3]), "target": np.array([1, 2])},
    )
    assert len({component.shape for component in same(of).remembering.found}) == 2


def test_parts_are_joined_crosswise():
    """Each part's transitions lead from element i to element 3 - i: the same shape only where the order of elements is kept."""
    of = net(
        [place("a", 1, 4), place("b", 0, 4)],
        [
            transition("go", arc("a", element="i"), out("b", element=op(3, "-", "i")), exponential(1.0), size=4),
            transition("on", arc("b", element="i"), out("a", element=op(3, "-", "i")), size=4, guard=op(tokens("b", "i"), ">", 0)),
        ],
    )
    assert len(same(of).remembering.found) == 4


@pytest.mark.parametrize(
    "left_alone",
    [
        transition("other", "up", "up", exponential(op(0.5, "*", tokens("down", 0)))),
        transition("other", "up", "up", uniform(0.0, op(1, "+", tokens("down", 0)))),
        transition("other", "log", (), exponential(1.0), servers=2),
        transition("other", "log", "log", 0.75, guard=op(op(NOW, "%", 4.0), "<", 2.5)),
    ],
)
def test_what_more_than_the_marking_decides_is_not_remembered(left_alone):
    same(chain_net(left_alone), wanted=False)


def test_a_tally_sees_each_firing():
    same(chain_net(measures=[Measure("t", Tally((Firings("first", None, op(1.0, "*", tokens("log", 0))),)))]), wanted=False,
         tasks=[Task(4, (), ("t",), (0.0, 50.0))])  # fmt: skip


def test_very_many_parts_are_not_remembered():
    of = net(
        [place("a", 1, 5), place("b", 0, 5)],
        [
            transition("go", arc("a", element="i"), out("b", element="i"), exponential(1.0), size=5),
            transition("back", arc("b", element="i"), out("a", element="i"), size=5),
        ],
    )
    assert len(same(of).remembering.found) == 5
    with patch.object(components, "MOST_COMPONENTS", 4):
        same(of, wanted=False)


def test_tables_that_are_full_or_of_no_use_are_left():
    growing = net(
        [place("n"), place("x"), place("y")],
        [transition("come", (), "x", exponential(1.0)), transition("move", "x", "n"), transition("go", "n", "y", exponential(0.1))],
    )
    with patch.object(table_memory, "STATE_CELLS", 300):
        plan = same(growing, stops=(1, 2, 50, 51, 300, 900))
        assert plan.remembering.pool.idle[0].table[table_cells.FULL] == 1
    with patch.object(table_memory, "PERIOD", 8):
        plan = same(growing, stops=tuple(range(5, 400, 15)))
        (known,) = plan.remembering.pool.idle
        assert (known.rows == known.table[table_cells.NEVER]).all()


@pytest.mark.parametrize(("target", "first", "even"), [((0, 0, 1, 1, 2, 2), (0, 2, 4), True), ((0, 0, 1, 2, 2, 1), (0, 2, 3), False)])
def test_slots_of_like_parts_are_reckoned_only_where_evenly_spaced(target, first, even):
    """Three parts of two timed bindings each, neighbours or not."""
    of = net(
        [place("a", 1, 6), place("b", 0, 3), place("c", 0, 3)],
        [
            transition("go", arc("a", element="i"), out("b", element=lookup("target", "i")), exponential(1.0), size=6),
            transition("on", arc("b", element="i"), out("c", element="i"), size=3),
            transition("back", arc("c", element="i"), out("a", element=lookup("first", "i")), 0.5, size=3),
        ],
        tables={"target": np.array(target), "first": np.array(first)},
    )
    plan = same(of)
    assert len({component.shape for component in plan.remembering.found}) == 1
    assert (plan.remembering.pool.idle[0].table[table_cells.STEPS] != 0) == even
