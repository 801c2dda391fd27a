"""A run moves from the reference engine to a kernel at any event, and nothing that follows is different, to the last bit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spn import api
from spn.engine.compiled.formulas import UnsupportedError
from spn.engine.compiled.handover import HandoverError
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine, Replication
from spn.engine.reference import ReferenceEngine, Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.replication import Replication as ReferenceReplication
from spn.observation import RunError, Task
from tests.engine.interpreted import kernel
from tests.engine.nets import PAIR, arc, discrete, exponential, lognormal, make_token, net, op, out, place, tokens, total, transition, uniform
from tests.engine.test_compiled_language import finite
from tests.engine.test_compiled_models import queue_net
from tests.engine.test_looking import nets

MOST = 40
CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.yaml"))


def events(prepared, most):
    """The events of an undisturbed run, as the reference engine makes them."""
    found = []
    try:
        simulation = Simulation(prepared, 7)
        while len(found) < most and (event := simulation.step()) is not None:
            code = prepared.classes[event.transition].first + event.index
            found.append((event.time, code, tuple(simulation.marking.sums), simulation.peek()))
    except RunError as error:
        found.append((error.code, error.time))
    return found


def events_after(plan, moves_at, most):
    """The same from event `moves_at` on, by a kernel that takes over there; None if the run does not get so far."""
    simulation = Simulation(plan.prepared, 7)
    for _ in range(moves_at):
        if simulation.step() is None:
            return None
    machine = Machine(plan, kernel(plan.source), 0, (), simulation)
    found = []
    try:
        while moves_at + len(found) < most and machine.call(1, 1, 1.7e308, 10**9) != 1:
            machine.check()
            found.append((machine.now, int(machine.history[machine.state[6] - 1]), tuple(machine.sums()), machine.peek()))
        assert machine.firings == moves_at + len(found)
    except RunError as error:
        found.append((error.code, error.time))
    finally:
        machine.close()
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(nets(), st.integers(0, MOST - 1))
def test_events_go_on_the_same_in_random_nets(of, moves_at):
    plan = KernelPlan(PreparedNet(finite(of)))
    try:
        _ = plan.source
    except UnsupportedError:
        return
    expected = events(plan.prepared, MOST)
    if moves_at >= len(expected):
        return
    try:
        found = events_after(plan, moves_at, MOST)
    except HandoverError:
        return
    assert found == expected[moves_at:]


def same_outcomes(of, task, moves):
    """One replication undisturbed, and with a hand-over after each of some numbers of firings, observe the same."""
    expected = ReferenceEngine().prepare(of).run(task)
    plan = KernelPlan(PreparedNet(of))
    compiled = kernel(plan.source)
    for number in moves:
        begun = ReferenceReplication(plan.prepared, task)
        found = begun.advance(number)
        if found is None:
            machine = Machine(plan, compiled, 0, (), begun.simulation)
            found = Replication(machine, task, begun).run()
            machine.close()
        assert (found.end, found.time, found.firings, found.dead_at) == (expected.end, expected.time, expected.firings, expected.dead_at)
        for name, rows in expected.observations.items():
            np.testing.assert_array_equal(found.observations[name], rows, err_msg=f"{name} after {number}")
        for name, values in expected.values.items():
            np.testing.assert_array_equal(found.values[name], values, err_msg=f"{name} after {number}")
        np.testing.assert_array_equal(found.tokens, expected.tokens)
        np.testing.assert_array_equal(found.fired, expected.fired)
        np.testing.assert_array_equal(found.controls, expected.controls)
    return expected


def cuts_of(of, firings):
    """Six times that divide what so many firings take."""
    simulation = Simulation(of, 11, (2,))
    simulation.run(firings=firings)
    return tuple(np.linspace(0.1, 0.9, 6) * simulation.now)


@pytest.mark.parametrize("path", [*CASES, "two_state", "monolithic", "sip_transport", "actor", "sip_server"], ids=lambda path: Path(path).stem)
def test_models_and_cases_observe_the_same(path):
    of = api.resolve(path)
    task = Task(11, (2,), tuple(measure.name for measure in of.measures), cuts_of(of, 210), controlled=True, max_firings=210)
    same_outcomes(of, task, [0, 1, 2, 50, 111, 200])


def test_every_kind_of_measure_is_taken_along():
    of = queue_net()
    task = Task(11, (2,), tuple(measure.name for measure in of.measures), (20.0, 70.0, 120.0), controlled=True, max_firings=400)
    expected = same_outcomes(of, task, range(0, 400, 19))
    assert len(expected.values["sizes"]) > 20
    assert not any(math.isnan(row[0]) for rows in expected.observations.values() for row in rows)


def clocks_net():
    """Lists of clocks with rates that follow the marking, frozen ones, resampled ones, ties, and clocks that never fire."""
    size = 3
    return net(
        [place("idle", 4, size), place("busy", 0, size), place("down", 0), place("off", 0)],
        [
            transition(
                "begin", arc("idle", element="i"), out("busy", element="i"), exponential(op(0.5, "*", tokens("idle", "i"))), size=size, servers=None
            ),
            transition(
                "end", arc("busy", element="i"), out("idle", element="i"), uniform(0.5, 2.0), size=size, servers=2, memory="age", inhibit="down"
            ),
            transition("fail", (), out("down"), discrete([2.0, 3.0], [1, 2]), inhibit="down", memory="resampling", servers=2),
            transition("tick", (), (), 1.0, memory="resampling"),
            transition("tock", (), (), 1.0),
            transition("repair", "down", (), lognormal(0.7, 0.4)),
            transition("swap", arc("busy", element=0), out("idle", element=0), exponential(op(0.2, "*", tokens("busy", 1))), memory="age", servers=3,
                       inhibit="down"),
            transition("hurry", (), (), exponential(op(0.3, "*", total("k", 0, size - 1, tokens("busy", "k")))), memory="age", inhibit="down"),
            transition("never", "off", (), 1.0),
        ],
    )  # fmt: skip


def test_clocks_of_all_kinds_keep_what_they_remember():
    plan = KernelPlan(PreparedNet(clocks_net()))
    expected = events(plan.prepared, 300)
    assert len(expected) == 300
    for moves_at in range(0, 290, 11):
        assert events_after(plan, moves_at, 300) == expected[moves_at:]


def test_bindings_of_several_values_keep_their_clocks():
    of = net(
        [place("pool", [(0, 2), (1, 0), (1, 2), (0, 1)], colour=PAIR, bounds=((0, 1), (0, 2)))],
        [
            transition("work", arc("pool", pattern=("?x", "?y"), whole=False), out("pool", token=make_token("x", op(2, "-", "y"))),
                       uniform(1.0, 1.5), variables=["x", "y"], memory="age"),
            transition("turn", arc("pool", pattern=("?x", "?y"), whole=False), out("pool", token=make_token("x", op(op("y", "+", 1), "%", 3))),
                       exponential(op(0.3, "+", "y")), variables=["x", "y"]),
        ],
    )  # fmt: skip
    plan = KernelPlan(PreparedNet(of))
    expected = events(plan.prepared, 100)
    assert len(expected) == 100
    for moves_at in range(0, 90, 5):
        assert events_after(plan, moves_at, 100) == expected[moves_at:]


def test_a_timeless_trap_is_found_at_the_same_firing():
    of = net(
        [place("a", 1), place("b"), place("c")],
        [transition("start", "a", "b", 1.0), transition("there", "b", "c"), transition("back", "c", "b")],
    )
    plan = KernelPlan(PreparedNet(of))
    (*_, expected) = events(plan.prepared, 20_000)
    assert expected[0] == "timeless-trap"
    found = events_after(plan, 5_000, 20_000)
    assert (found[-1], 5_000 + len(found)) == (expected, len(events(plan.prepared, 20_000)))


def test_it_moves_between_immediate_firings():
    """Clocks that a timed firing has started are not drawn anew when the immediate firings after it are over; those started before are."""
    of = net(
        [place("a", 1), place("b"), place("c"), place("x"), place("y")],
        [
            transition("trigger", "a", ["b", "x", "y"], 1.0),
            transition("first", "b", "c"),
            transition("second", "c", "a", weight=2),
            transition("other", "c", "a", weight=1),
            transition("many", "x", (), uniform(1.5, 4.5), memory="resampling", servers=None),
            transition("one", "y", (), uniform(0.5, 2.5), memory="resampling"),
        ],
    )
    plan = KernelPlan(PreparedNet(of))
    expected = events(plan.prepared, 120)
    for moves_at in range(0, 100, 3):
        assert events_after(plan, moves_at, 120) == expected[moves_at:]
