"""Diagnoses of nets that are broken on purpose: each says what is wrong with it, and in which share of the time."""

from __future__ import annotations

import math

import pytest

from spn import api
from spn.engine.diagnosis import diagnose
from spn.engine.reference import Simulation
from spn.engine.reference.obstacles import Kind, Obstacle, obstacle
from spn.text.source import Source

HEAD = "spn: 1\ncolours: {kind: [voice, data]}\n"


def net_of(text):
    return api.resolve(Source("net", HEAD + text))


def obstacle_of(places, transition):
    simulation = Simulation(net_of(f"places: {places}\ntransitions: {{t: {transition}, never: {{in: end, out: end, delay: 1 s}}}}\n"))
    return obstacle(simulation.net.site(0), simulation.state)


@pytest.mark.parametrize(
    ("places", "transition", "expected"),
    [
        ("{a: 0, end: 0}", "{in: a, delay: 1 s}", Obstacle(Kind.INPUT, 0, 0, 1)),
        ("{a: 3, b: 1, end: 0}", "{in: [3 * a, 2 * b], delay: 1 s}", Obstacle(Kind.INPUT, 1, 0, 2)),
        ("{a: 3, end: 0}", "{in: [2 * a, 2 * a], delay: 1 s}", Obstacle(Kind.INPUT, 0, 0, 4)),
        ("{a: 1, b: 0, end: 0}", "{in: a, test: b, delay: 1 s}", Obstacle(Kind.TEST, 1, 0, 1)),
        ("{a: 1, b: 2, end: 0}", "{in: a, inhibit: 2 * b, delay: 1 s}", Obstacle(Kind.INHIBITOR, 1, 0, 2)),
        ("{a: 1, end: 0}", "{in: a, guard: a > 1, delay: 1 s}", Obstacle(Kind.GUARD)),
        ("{a: 1, b: {initial: 2, capacity: 2}, end: 0}", "{in: a, out: b, delay: 1 s}", Obstacle(Kind.CAPACITY, 1, 0, 2)),
        ("{a: 1, end: 0}", "{in: a, weight: a - 1}", Obstacle(Kind.WEIGHT)),
        ("{a: 1, end: 0}", "{in: a, servers: a - 1, delay: 1 s}", Obstacle(Kind.NO_SERVER)),
        ("{a: 1, end: 0}", "{in: a, delay: 1 s}", Obstacle(Kind.ENABLED)),
        ("{a: {colour: kind, initial: {voice: 2}}, end: 0}", "{in: a(data), delay: 1 s}", Obstacle(Kind.INPUT, 0, 0, 1, enough=True)),
        ("{a: {colour: kind, initial: [voice, data], order: fifo}, end: 0}", "{in: a(data), delay: 1 s}", Obstacle(Kind.INPUT, 0, 0, 1, enough=True)),
        # Of several bindings the one that comes furthest counts.
        ("{a: {colour: kind, initial: all}, end: 0}", "{in: a(k), guard: k == data and end > 0, delay: 1 s}", Obstacle(Kind.GUARD)),
        ("{a: {over: i in 1..3, initial: 1 if i < 3 else 0}, end: 0}", "{in: a(i) for i in 1..3, delay: 1 s}", Obstacle(Kind.INPUT, 0, 2, 1)),
    ],
)
def test_what_stands_in_the_way(places, transition, expected):
    assert obstacle_of(places, transition) == expected


ALTERNATING = """\
places: {up: 1, down: 0, spare: 1, queue: 0}
transitions:
  fail: {in: up, out: down, delay: 3 h}
  repair: {in: down, out: up, delay: 1 h}
  never: {in: [down, 2 * spare], delay: 1 s}
  arrive: {out: queue, delay: 1 min}
"""


def test_shares_of_time_are_those_of_the_run():
    found = diagnose(net_of(ALTERNATING), 1, firings=5000)
    fail, repair, never, arrive = found.transitions
    # Up for three hours of four; the run of 5,000 firings is 20 rounds long, so that the last, cut short, is a fortieth.
    assert found.time == pytest.approx(5000 / (61 + 2 / 240) * 3600, rel=0.02)
    assert (fail.never, repair.never, never.never, arrive.never) == (0, 0, 1, 0)
    assert fail.fired == pytest.approx(found.time / 4 / 3600, abs=1)
    held = {each.obstacle.kind: each.time for each in fail.held}
    assert held[Kind.ENABLED] == pytest.approx(0.75, abs=0.05)
    assert held[Kind.INPUT] == pytest.approx(0.25, abs=0.05)
    assert {each.obstacle for each in never.held} == {Obstacle(Kind.INPUT, 1, 0, 1), Obstacle(Kind.INPUT, 2, 0, 2)}
    queue = next(place for place in found.places if place.place == 3)
    assert (queue.growing, queue.most, queue.last) == (True, arrive.fired, arrive.fired)
    assert queue.mean == pytest.approx(arrive.fired / 2, rel=0.01)
    up = next(place for place in found.places if place.place == 0)
    assert not up.growing
    assert up.mean == pytest.approx(0.75, abs=0.02)
    assert found.places[0] == queue
    assert not found.dead
    assert found.marking == ()


def test_a_standstill_has_its_marking_and_what_holds_each_transition():
    found = diagnose(
        net_of(
            """\
places: {idle: {over: u in 1..2, initial: 1}, one: {over: u in 1..2}, lock: {over: l in 1..2, initial: 1}}
transitions:
  first: {for: u in 1..2, in: ["idle(u)", "lock(u)"], out: one(u), delay: 1 h}
  second: {for: u in 1..2, in: ["one(u)", "lock(3 - u)"], out: ["idle(u)", "lock(1)", "lock(2)"], delay: 2 h}
"""
        ),
        1,
    )
    assert found.dead
    assert (found.firings, found.time) == (2, 3600.0)
    assert found.marking == ((1, 0, 1), (1, 1, 1))  # one(1) and one(2)
    assert found.final[1, 0] == Obstacle(Kind.INPUT, 2, 1, 1)  # the first user waits for the second lock
    assert found.final[1, 1] == Obstacle(Kind.INPUT, 2, 0, 1)
    assert found.transitions[1].never == 2


def test_a_trap_is_part_of_the_answer():
    found = diagnose(net_of("places: {a: 1, b: 0}\ntransitions: {there: {in: a, out: b}, back: {in: b, out: a}}\n"), 1)
    assert found.error is not None
    assert found.error.code == "timeless-trap"
    assert found.transitions[0].fired == pytest.approx(found.transitions[1].fired, abs=1)
    assert len(found.marking) == 1
    assert all(math.isnan(held.time) for report in found.transitions for held in report.held)


def test_an_expression_without_a_value_ends_it():
    text = "places: {a: 1, b: 0}\ntransitions: {t: {in: a, out: b, delay: 1 s}, u: {in: b, guard: 1 / a > 0, delay: 1 s}}\n"
    found = diagnose(net_of(text), 1)
    assert found.error is not None
    assert found.error.code == "bad-arithmetic"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_diagnosis_is_of_the_run_that_a_trace_shows(seed):
    net = api.resolve("sip_transport")
    found = diagnose(net, seed, firings=500)
    simulation = Simulation(net, seed)
    simulation.run(firings=500)
    assert found.firings == 500
    assert found.time == simulation.now
    assert [report.fired for report in found.transitions] == simulation.fired
