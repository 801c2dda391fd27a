"""Nets that cannot go on: which error is told, when, and with which names."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from spn.engine.reference import ReferenceEngine, Simulation, enabling
from spn.expressions.types import INTEGER
from spn.net.types import Average, Measure, Over
from spn.observation import Engine, Prepared, RunError, Task
from tests.engine.nets import arc, events, exponential, firings, lookup, machine_net, net, op, out, place, tokens, transition


def error_of(of) -> RunError:
    with pytest.raises(RunError) as caught:
        firings(of)
    return caught.value


def test_a_division_by_zero_in_a_guard_names_the_transition():
    error = error_of(net([place("p", 2)], [transition("t", "p", (), 1.0, guard=op(op(1, "/", op(tokens("p"), "-", 1)), ">", 0))]))
    assert (error.code, error.time) == ("bad-arithmetic", 1.0)
    assert "transition t" in error.message


def test_a_division_by_zero_in_a_measure_is_told_too():
    of = net([place("p", 2)], [transition("t", "p", (), 1.0)], [Measure("m", Average(op(1, "/", tokens("p"))), Over(0.0, 9.0))])
    with pytest.raises(RunError) as caught:
        ReferenceEngine().prepare(of).run(Task(1, (), ("m",)))
    assert (caught.value.code, caught.value.time) == ("bad-arithmetic", 2.0)


def test_a_guard_that_reads_an_element_that_does_not_exist():
    error = error_of(
        net([place("p", 1, 2)], [transition("t", arc("p", element="i"), (), 1.0, size=2, guard=op(tokens("p", op("i", "+", 1)), "==", 1))])
    )
    assert error.code == "bad-index"
    assert "p has no element 2" in error.message


def test_an_output_element_that_a_guard_protects_is_no_error():
    line = net(
        [place("p", op("i", "==", 0), 3)],
        [transition("t", arc("p", element="i"), out("p", element=op("i", "+", 1)), 1.0, size=3, guard=op("i", "<", 2))],
    )
    assert [event.index for event in events(line)] == [0, 1]
    bounded = net([place("p", op("i", "==", 0), 3, capacity=1)], list(line.transitions))
    assert [event.index for event in events(bounded)] == [0, 1]


def test_a_table_that_is_too_short_is_an_error_only_when_it_is_read():
    of = net(
        [place("p", 1, 3)],
        [transition("t", arc("p", element="i"), out("p", lookup("t", "i"), element="i"), 1.0, size=3)],
        tables={"t": np.array([0, 0])},
    )
    simulation = Simulation(of)
    simulation.run(firings=2)
    with pytest.raises(RunError):
        simulation.step()


def test_too_many_bindings_are_an_error(monkeypatch):
    monkeypatch.setattr(enabling, "MOST_BINDINGS", 20)
    values = list(range(5))
    pairs = net(
        [place("p", values, colour=INTEGER), place("q", values, colour=INTEGER)],
        [transition("t", [arc("p", pattern=("?x",)), arc("q", pattern=("?y",))], (), 1.0, variables=["x", "y"])],
    )
    assert error_of(pairs).code == "too-many-bindings"


def test_the_message_of_a_bad_rate_has_the_binding_and_the_value():
    of = net([place("p", [2, 7], colour=INTEGER)], [transition("t", arc("p", pattern=("?c",)), (), exponential(op(5.0, "-", "c")), variables=["c"])])
    error = error_of(of)
    assert error.code == "negative-rate"
    assert "c=7" in error.message
    assert "-2.0" in error.message


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(error_of(net([place("p", 1)], [transition("t", "p", (), -1.0)]))))
    assert (error.code, error.time) == ("bad-delay", 0.0)


def test_an_interrupt_goes_through_and_leaves_the_net_ready_for_other_runs(monkeypatch):
    prepared = ReferenceEngine().prepare(machine_net())
    task = Task(1, (), (), (0.0, 1000.0))
    expected = prepared.run(task)
    original, calls = Simulation.fire, []

    def fire(self, binding):
        calls.append(binding)
        if len(calls) == 50:
            raise KeyboardInterrupt
        return original(self, binding)

    with monkeypatch.context() as patched:
        patched.setattr(Simulation, "fire", fire)
        with pytest.raises(KeyboardInterrupt):
            prepared.run(task)
    again = prepared.run(task)
    assert (again.firings, again.tokens.tolist()) == (expected.firings, expected.tokens.tolist())


def test_the_engine_is_a_value_that_supports_every_net():
    engine: Engine = ReferenceEngine()
    assert (engine.name, engine.supports(machine_net()), engine) == ("reference", [], ReferenceEngine())
    prepared: Prepared = engine.prepare(machine_net())
    assert prepared.run(Task(1, (), ())).firings == 0


def test_runs_are_keyed_by_seed_and_key():
    prepared = ReferenceEngine().prepare(machine_net())
    times = [Simulation(prepared, seed, key).peek() for seed, key in ((1, ()), (1, (0,)), (2, ()), (1, ()))]
    assert times[0] == times[3]
    assert len(set(times)) == 3
