"""The trace as text: what a line looks like, and that it can be read back."""

from __future__ import annotations

from dataclasses import replace

from spn.engine.reference import Simulation
from spn.engine.trace import trace
from spn.expressions.types import INTEGER, Enumeration
from spn.net.types import Label
from tests.engine.nets import JOB, PAIR, arc, e, net, out, place, transition


def test_plain_tokens_are_counted():
    of = net([place("running", 2), place("failed")], [transition("fail", arc("running", 2), "failed", 0.1)])
    assert list(trace(of)) == ["0.1 fail running-2 failed+1"]


def test_values_are_written_by_their_colour():
    kind = Enumeration("kind", ("voice", "video"))
    of = net(
        [place("q", [(1, 0.5)], colour=JOB), place("p", [(1, 2)], colour=PAIR), place("k", [1], colour=kind), place("n", colour=INTEGER)],
        [
            transition(
                "serve",
                [arc("q", pattern=("?c",)), arc("p", pattern=("?x", None), whole=False), arc("k", pattern=("?z",))],
                out("n", 2, token="x"),
                1.5,
                variables=[("c", JOB), "x", ("z", kind)],
            )
        ],
    )
    assert list(trace(of)) == ["1.5 serve c={number=1,size=0.5} x=1 z=video q-{number=1,size=0.5} p-(1,2) k-(video) n+2*(1)"]


def test_labels_name_indices():
    fail = replace(transition("fail", arc("up", element="i"), (), 1.0, size=2), labels=(Label(0, "worker(*).fail", (e("i"),)),))
    up = replace(place("up", 1, size=2), labels=(Label(0, "worker(*).up", (e("i"),)),))
    assert list(trace(net([up], [fail]))) == ["1.0 worker(0).fail worker(0).up-1", "1.0 worker(1).fail worker(1).up-1"]


def test_a_trace_goes_on_from_where_the_simulation_is():
    simulation = Simulation(net([place("p", 3)], [transition("t", "p", (), 1.0)]))
    assert list(trace(simulation, firings=1)) == ["1.0 t p-1"]
    assert list(trace(simulation, until=2.5)) == ["2.0 t p-1"]
    assert (simulation.now, simulation.peek()) == (2.0, 3.0)


def test_the_digits_of_a_time_read_back_as_the_same_float():
    from tests.engine.nets import exponential

    of = net([place("p", 50)], [transition("t", "p", (), exponential(0.3))])
    simulation = Simulation(of, 3)
    for text in trace(of, 3):
        event = simulation.step()
        assert event is not None
        assert float(text.split()[0]) == event.time
