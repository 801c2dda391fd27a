"""The compiled engine gives the reference engine's events and observations, bit for bit: shipped models and what the language is used for."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from spn import api
from spn.engine.compiled import CompiledEngine
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine
from spn.engine.reference import ReferenceEngine, Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Field, Variable
from spn.expressions.types import REAL
from spn.net.types import Availability, Average, Count, Firings, FirstPassage, Integral, Measure, Over, Rate, Tally, Until
from spn.observation import Task
from spn.resolver.resolve import read as resolve
from tests.engine.nets import JOB, arc, discrete, exponential, lognormal, make_token, net, op, out, place, tokens, total, transition, uniform

FIRINGS = 10_000
SIZE_OF = Field(REAL, Variable(JOB, "c"), "size", 1)


def same_events(of, seed=3, most=FIRINGS):
    """Run both engines event by event, and compare time, transition and marking."""
    prepared = CompiledEngine().prepare(of)
    simulation = Simulation(prepared.plan.prepared, seed)
    machine = Machine(prepared.plan, prepared.kernel, seed, ())
    for _ in range(most):
        event = simulation.step()
        ended = machine.call(1, 1, 1.7e308, 10**12) == 1
        assert (event is None) == ended
        if event is None:
            break
        machine.check()
        code = simulation.net.classes[event.transition].first + event.index
        assert (event.time, code) == (machine.now, machine.history[machine.state[6] - 1])
        assert simulation.marking.sums == machine.sums()
    number = simulation.firings
    machine.close()
    return number


def same_outcomes(of, *cuts, **limits):
    """Compare all that one replication observes."""
    task = Task(11, (2,), tuple(measure.name for measure in of.measures), cuts, controlled=True, **limits)
    expected, found = ReferenceEngine().prepare(of).run(task), CompiledEngine().prepare(of).run(task)
    assert (found.end, found.time, found.firings, found.dead_at) == (expected.end, expected.time, expected.firings, expected.dead_at)
    for name, rows in expected.observations.items():
        np.testing.assert_array_equal(found.observations[name], rows, err_msg=name)
    for name, values in expected.values.items():
        np.testing.assert_array_equal(found.values[name], values, err_msg=name)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    np.testing.assert_array_equal(found.controls, expected.controls)
    np.testing.assert_array_equal(found.fired, expected.fired)
    return found


@pytest.mark.parametrize("name", ["two_state", "monolithic", "sip_transport"])
def test_shipped_models(name):
    of = api.resolve(name)
    assert same_events(of) == FIRINGS
    same_outcomes(of, 0.0, 1e9, 3e9, max_firings=20_000)


def test_another_number_of_actors_and_other_parameters_need_no_other_kernel():
    keys = set()
    for sections, mean in ((15, "2208 h"), (12, "5 h")):
        of = api.resolve("monolithic", {"sections": str(sections), "failure": f"lognormal(mean={mean}, sigma=0.4)"})
        keys.add(CompiledEngine().prepare(of).plan.key)
    assert len(keys) == 1


def test_few_clocks_have_a_kernel_for_their_number():
    keys = [KernelPlan(PreparedNet(api.resolve("monolithic", {"sections": str(sections)}))).key for sections in (3, 5, 20, 60, 600)]
    assert len(set(keys)) == 3
    assert keys[2] == keys[3] == keys[4]


@pytest.mark.parametrize("sections", [1, 2, 3, 5, 6, 7, 11, 15, 16, 19, 20])
def test_few_and_many_clocks(sections):
    # One more clock than sections: scanned up to 20, with and without jumps, by kernels for several numbers; more stand in a queue.
    assert same_events(api.resolve("monolithic", {"sections": str(sections)}), most=400) == 400


def queue_net():
    """Customers with a number and a size are served in the order of their arrival; big ones may leave again; a bell counts."""
    arrive = transition(
        "arrive", (), out("queue", token=make_token(tokens("served"), op(0.5, "+", op(0.25, "*", tokens("queue"))), type=JOB)), exponential(0.9)
    )
    serve = transition("serve", arc("queue", pattern=("?c",)), out("served"), exponential(op(1.0, "/", SIZE_OF)), variables=(("c", JOB),))
    leave = transition("leave", arc("queue", pattern=(None,)), (), lognormal(30.0, 0.5), inhibit=arc("queue", 4), memory="resampling")
    return net(
        [place("queue", colour=JOB, order="fifo", capacity=30), place("served")],
        [arrive, serve, leave],
        [
            Measure("length", Average(tokens("queue"))),
            Measure("short", Availability(op(tokens("queue"), "<", 3))),
            Measure("throughput", Rate((Firings("serve"),))),
            Measure("sizes", Tally((Firings("serve", None, SIZE_OF),), (0.5,))),
            Measure("early", Integral(tokens("queue")), Over(10.0, 50.0)),
            Measure("filling", Count((Firings("arrive"),)), Until(op(tokens("queue"), ">=", 5))),
            Measure("full", FirstPassage(op(tokens("queue"), ">=", 8))),
            Measure("soon", FirstPassage(op(tokens("queue"), ">=", 8), within=(5.0,))),
        ],
    )


def test_records_in_line_and_every_kind_of_measure():
    of = queue_net()
    assert same_events(of) == FIRINGS
    same_outcomes(of, 20.0, 500.0, 3000.0)


def test_clocks_of_all_kinds():
    size = 3
    of = net(
        [place("idle", 2, size), place("busy", 0, size), place("down", 0)],
        [
            transition(
                "begin", arc("idle", element="i"), out("busy", element="i"), exponential(op(0.5, "*", tokens("idle", "i"))), size=size, servers=None
            ),
            transition("end", arc("busy", element="i"), out("idle", element="i"), uniform(0.5, 2.0), size=size, servers=2, memory="age"),
            transition("fail", (), out("down"), discrete([2.0, 3.0], [1, 2]), inhibit="down", memory="resampling"),
            transition("repair", "down", (), 0.75),
            transition("hurry", (), (), exponential(op(0.1, "*", total("k", 0, size - 1, tokens("busy", "k")))), memory="age", inhibit="down"),
        ],
        [Measure("busy", Average(total("k", 0, size - 1, tokens("busy", "k"))))],
    )
    assert same_events(of) == FIRINGS
    same_outcomes(of, 0.0, 100.0, 1000.0)


def test_threads_share_a_kernel():
    of = api.resolve("monolithic")
    prepared = CompiledEngine().prepare(of)
    tasks = [Task(5, (k,), ("system",), (0.0, 1e11)) for k in range(4)]
    expected = [prepared.run(task).observations["system"] for task in tasks]
    found = [None] * len(tasks)

    def run(k):
        found[k] = prepared.run(tasks[k]).observations["system"]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_an_availability_at_a_time():
    of = resolve(
        """
        spn: 1
        places: {up: 1, down: 0}
        transitions:
          fail: {in: up, out: down, delay: exponential(mean=5 s)}
          repair: {in: down, out: up, delay: exponential(mean=1 s)}
        measures:
          early: {availability: up == 1, at: 3 s}
          late: {average: up == 1, at: 30 s}
        """
    )
    for replication in range(20):
        task = Task(1, (replication,), ("early", "late"))
        expected, found = ReferenceEngine().prepare(of).run(task), CompiledEngine().prepare(of).run(task)
        assert {name: rows.tolist() for name, rows in found.observations.items()} == {n: rows.tolist() for n, rows in expected.observations.items()}
