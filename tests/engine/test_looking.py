"""Looking only at what a firing can have changed gives the trace that looking at everything gives; shortcuts give what the long way gives."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spn.engine.reference import ReferenceEngine, Simulation, dependencies
from spn.engine.reference.dependencies import candidates
from spn.expressions.types import INTEGER
from spn.observation import RunError
from tests.engine.nets import NOW, arc, discrete, exponential, lookup, net, op, out, place, tokens, total, transition

SIZE = 3
PLAIN = ("a", "b")
VALUED = ("v", "w")

elements = st.sampled_from(
    [0, 2, "i", op(op("i", "+", 1), "%", SIZE), lookup("t", "i"), op(tokens("a", 0), "%", SIZE), op(tokens("v", "i"), "%", SIZE)]
)
numbers = st.sampled_from([1, 1, 1, 2, op(tokens("b", "i"), "%", 3), op("i", "+", 1)])
guards = st.sampled_from(
    [
        None,
        None,
        op(tokens("a", "i"), "<", 3),
        op(tokens("b", None), ">", 1),
        op(total("k", 0, 1, tokens("a", "k")), "<", 4),
        op(total("k", 0, "i", tokens("b", lookup("t", "k"))), "!=", 2),
        op(tokens("v", "i", (1,)), "==", 0),
        op(op(NOW, "%", 4.0), "<", 2.5),
    ]
)
delays = st.sampled_from(
    [
        1.0,
        2.0,
        discrete([0.5, 1.0, 2.0], [1, 1, 1]),
        exponential(0.7),
        exponential(op(0.5, "*", tokens("a", "i"))),
        exponential(op(1.0, "/", op(1, "+", tokens("w", 1)))),
        op(1.0, "+", tokens("b", None)),
    ]
)


@st.composite
def input_arcs(draw, variable: str):
    """An arc from a plain or a valued place; the variable that it binds, if any."""
    fan = draw(st.sampled_from([None, None, None, ("k", 0, 1), ("k", "i", 2)]))
    element = "k" if fan else draw(elements)
    if draw(st.booleans()):
        return arc(draw(st.sampled_from(PLAIN)), draw(numbers), element, loop=fan), None
    pattern = draw(st.sampled_from([(f"?{variable}",), (1,), (None,)]))
    return arc(draw(st.sampled_from(VALUED)), draw(st.sampled_from([1, 1, 2])), element, pattern, loop=fan), variable if pattern[
        0
    ] == f"?{variable}" else None


@st.composite
def transitions(draw, name: str):
    found = [draw(input_arcs(f"x{k}")) for k in range(draw(st.integers(1, 2)))]
    tested = [draw(input_arcs("y"))] if draw(st.integers(0, 3)) == 0 else []
    names = [variable for _, variable in found + tested if variable]
    outputs = []
    for _ in range(draw(st.integers(0, 2))):
        element = draw(st.one_of(elements, st.sampled_from(names or [0])))
        if draw(st.booleans()):
            outputs.append(out(draw(st.sampled_from(PLAIN)), draw(numbers), element))
        else:
            outputs.append(out(draw(st.sampled_from(VALUED)), 1, element, draw(st.sampled_from(names or ["i"]))))
    options = {}
    if draw(st.integers(0, 2)):
        options = {
            "delay": draw(delays),
            "memory": draw(st.sampled_from(["enabling", "age", "resampling"])),
            "servers": draw(st.sampled_from([1, 2, None, tokens("a", None)])),
        }
    else:
        options = {"weight": draw(st.sampled_from([1, 2, tokens("b", "i"), 0.5])), "priority": draw(st.integers(1, 2))}
    inhibit = [arc(draw(st.sampled_from(PLAIN)), 3, draw(elements))] if draw(st.integers(0, 2)) == 0 else []
    reset = [arc(draw(st.sampled_from(VALUED)), 1, draw(elements), draw(st.sampled_from([(None,), (1,)])))] if draw(st.integers(0, 4)) == 0 else []
    return transition(
        name,
        [each for each, _ in found],
        outputs,
        tests=[each for each, _ in tested],
        inhibit=inhibit,
        reset=reset,
        guard=draw(guards),
        size=draw(st.sampled_from([1, SIZE])),
        variables=names,
        **options,
    )


@st.composite
def nets(draw):
    places = [
        place("a", draw(st.sampled_from([1, 2, op("i", "+", 1)])), SIZE),
        place("b", draw(st.integers(0, 2)), SIZE, capacity=draw(st.sampled_from([None, 4]))),
        place(
            "v", [0, 2, 1, 1], SIZE, INTEGER, draw(st.sampled_from(["multiset", "fifo", "lifo", "random"])), capacity=draw(st.sampled_from([None, 6]))
        ),
        place("w", [1, 0], SIZE, INTEGER, draw(st.sampled_from(["multiset", "random"]))),
    ]
    # Something comes in all the time, so that the nets live long.
    coming = [
        out("a", element=op(tokens("b", None), "%", SIZE)),
        out("b", element=op(tokens("v", None), "%", SIZE)),
        out("v", 1, element=draw(elements), token=draw(st.integers(0, 2))),
    ]
    feed = transition("feed", (), coming, draw(st.sampled_from([0.5, exponential(1.0)])))
    drawn = [draw(transitions(f"t{k}")) for k in range(draw(st.integers(1, 4)))]
    return net(places, [*drawn, feed, transition("more", (), coming[:1], 1.5)], tables={"t": np.array([1, 2, 0])})


def run(of, *, everything: bool = False, long_way: bool = False):
    """The events, and the error that ended them."""
    prepared = ReferenceEngine().prepare(of)
    if long_way:
        for kind in prepared.classes:
            kind.simple = False
    found = []
    try:
        with patch.object(dependencies, "FEW", 0):
            simulation = Simulation(prepared, 7, look_at_everything=everything)
        for _ in range(60):
            event = simulation.step()
            if event is None:
                break
            found.append(event)
    except RunError as error:
        found.append((error.code, error.time))
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(nets())
def test_looking_at_what_can_have_changed_is_looking_at_everything(of):
    expected = run(of, everything=True, long_way=True)
    assert run(of) == expected
    assert run(of, long_way=True) == expected


def test_the_random_nets_do_something():
    lengths = []

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(nets())
    def measure(of):
        lengths.append(len(run(of)))

    measure()
    assert np.mean(lengths) > 10


def test_a_firing_in_an_array_looks_at_its_own_elements_only():
    size = 1000
    ring = net(
        [place("up", 1, size), place("down", 0, size)],
        [
            transition("fail", arc("up", element="i"), out("down", element="i"), exponential(1.0), size=size),
            transition(
                "repair",
                arc("down", element="i"),
                out("up", element="i"),
                exponential(2.0),
                size=size,
                guard=op(tokens("up", op(op("i", "+", 1), "%", size)), ">", 0),
            ),
        ],
    )
    prepared = ReferenceEngine().prepare(ring)
    assert sorted(prepared.dependencies.readers(0, 5)) == [5, size + 4]
    assert sorted(prepared.dependencies.readers(1, 5)) == [size + 5]
    simulation = Simulation(prepared)
    # Only the classes with tokens on their input arcs are looked at in the beginning.
    assert candidates(prepared, simulation.marking) == list(range(size))


def test_fans_and_sums_over_a_group_depend_on_the_group_only():
    groups, children = 50, 4
    element = op(op("i", "*", children), "+", "c")
    of = net(
        [place("child", 1, groups * children), place("done", 0, groups)],
        [
            transition("join", arc("child", element=element, loop=("c", 0, children - 1)), out("done", element="i"), 1.0, size=groups),
            transition(
                "watch", arc("done", element="i"), (), 1.0, size=groups, guard=op(total("c", 0, children - 1, tokens("child", element)), ">", 0)
            ),
        ],
    )
    prepared = ReferenceEngine().prepare(of)
    assert sorted(prepared.dependencies.readers(0, 9)) == [2, groups + 2]


def test_a_sum_over_a_range_that_starts_at_the_index_depends_on_no_less_than_it_reads():
    of = net(
        [place("p", 1, 5), place("go", 1, 5)],
        [transition("t", arc("go", element="i"), (), 1.0, size=5, guard=op(total("k", "i", 4, tokens("p", "k")), ">", 9))],
    )
    readers = ReferenceEngine().prepare(of).dependencies.readers
    assert {0, 1, 2} <= set(readers(0, 2))
