"""Runs on the map of markings give the events of the reference engine, at the same bits of time, and copies go on by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from nets import COVERAGE, DUPLEX, QUEUE, STANDBY
from numpy.random import SFC64, Generator, SeedSequence

import spn
from spn.engine.reference import Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.net.types import Net
from spn.rare import Question
from spn.rare.graph import Explorer
from spn.rare.walk import MapWalk
from spn.text.source import Source

MEMORIES = """
spn: 1
description: Age, resampling, several servers, rates that follow the marking, ties, coloured tokens, weights and priorities.
colours: {kind: [red, blue]}
places: {pool: 3, busy: 0, idle: {colour: kind, initial: all}, gone: {colour: kind}, mood: 1, shut: 0}
transitions:
  take: {in: pool, out: busy, delay: exponential(rate=pool / s), servers: 2}
  give: {in: busy, out: pool, delay: "uniform(0 s, 1 s)", servers: infinite, memory: age, inhibit: shut}
  close: {in: mood, out: shut, delay: 1 s, priority: 2}
  open: {in: shut, out: mood, delay: 1 s, memory: resampling}
  leave: {in: idle(k), out: gone(k), delay: "gamma(shape=2, scale=0.3 s)", memory: resampling}
  back: {in: [gone(k), gone(j)], out: [idle(k), idle(j)], weight: 2 if k == j else 1}
"""


def net_of(text: str) -> Net:
    return spn.resolve(Source("net", text) if "\n" in text else text)


def never(net: Net) -> Question:
    from spn.expressions.tree import Constant
    from spn.expressions.types import BOOLEAN

    return Question(net, Constant(BOOLEAN, False))


@pytest.mark.parametrize("text", [QUEUE, DUPLEX, COVERAGE, STANDBY, MEMORIES, "monolithic", "supervisor_life", "two_state"])
def test_the_map_gives_the_events_of_the_engine(text):
    seed, firings = 3, 1000
    net = net_of(text)
    prepared = PreparedNet(net)
    graph = Explorer(prepared, never(net)).explore()
    assert graph.complete
    slow = Simulation(prepared, seed)
    fast = MapWalk(graph, prepared.trap_limit, Generator(SFC64(SeedSequence(seed))))
    for _ in range(firings):
        assert slow.peek() == fast.peek()
        if slow.step() is None:
            break
        fast.choose() if fast.vanishing else fast.step()
        assert graph.find(slow.marking) == fast.number
        assert slow.now == fast.now
    assert slow.firings == fast.firings
    assert [clock.time for clock in slow.clocks() if clock.time < np.inf] == [clock.time for clock in fast.clocks()]


def test_a_copy_goes_on_by_itself():
    simulation = Simulation(net_of(MEMORIES), 4)
    simulation.run(firings=200)
    before = [clock.time for clock in simulation.clocks()]
    twin = simulation.copy(np.random.default_rng(1))
    other = simulation.copy(np.random.default_rng(2))
    assert [clock.time for clock in twin.clocks()] == before
    twin.redraw_clocks()
    twin.run(firings=100)
    assert [clock.time for clock in simulation.clocks()] == before
    expected = simulation.copy(np.random.default_rng(2))
    simulation.run(firings=50)
    assert [other.step() for _ in range(50)] == [expected.step() for _ in range(50)]


def test_clocks_know_their_age():
    simulation = Simulation(net_of(STANDBY), 4)
    simulation.run(firings=6)
    ages = {clock.binding.site.label: simulation.now - clock.origin for clock in simulation.clocks()}
    assert ages["fail"] > 0.0
    old = {clock.binding.site.label: clock.time for clock in simulation.clocks()}
    simulation.redraw_clocks()
    assert all(clock.time >= simulation.now for clock in simulation.clocks())
    assert {clock.binding.site.label: clock.time for clock in simulation.clocks()} != old
