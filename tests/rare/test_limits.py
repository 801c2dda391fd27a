"""Limits of time and of memory, in nets too large for maps and for runs: an answer in words, or what was found until then."""

from __future__ import annotations

import itertools

import pytest
from nets import DUPLEX, QUEUE

from spn import api
from spn.engine.reference.prepared import PreparedNet
from spn.estimate.stopping import Reason
from spn.rare import Settings, Study, graph
from spn.rare.graph import Explorer
from spn.study import OutOfTime
from spn.text.source import Source

MANY = """
spn: 1
parameters: {n: 400}
colours: {machine: 1..n}
places: {up: {over: machine, initial: 1}, down: {over: machine}}
transitions:
  fail: {for: m in machine, in: up(m), out: down(m), delay: "lognormal(mean=2208 h, sigma=0.4)"}
  repair: {for: m in machine, in: down(m), out: up(m), delay: "uniform(30 s, 300 s)"}
"""


def study(text, condition, seconds, clock, **options):
    event, question, _, _ = api._question(Source("net", text), None, condition, None, options.pop("within", None), None)
    return Study(question, Settings(seed=1, max_seconds=seconds, **options), str(event.condition), "", clock=clock)


def ticking():
    """A clock that goes on by a second whenever somebody looks."""
    seconds = itertools.count()
    return lambda: float(next(seconds))


@pytest.mark.parametrize("seconds", [1.0, 30.0, 300.0])
def test_a_net_that_is_too_large_for_the_time_is_refused_in_words(seconds):
    with pytest.raises(OutOfTime, match=r"the time was over after .* before there was anything to say"):
        study(MANY, "down == 12", seconds, ticking()).answer()


@pytest.mark.parametrize(("text", "condition", "method"), [(DUPLEX, "down == 2", None), (QUEUE, "queue == 3", "splitting")])
def test_what_was_found_until_then_is_told(text, condition, method):
    found = study(text, condition, 1500.0, ticking(), precision=1e-4, method=method).answer()
    assert found.stop_reason is Reason.TIME
    assert found.diagnostics.replications >= 2
    assert found.main.low < found.main.estimate < found.main.high


def test_a_map_ends_in_the_middle_of_a_marking_that_has_too_many_steps(monkeypatch):
    monkeypatch.setattr(graph, "MOST_CELLS", 100 * 800)
    _, question, net, _ = api._question(Source("net", MANY), None, "down == 12", None, None, None)
    found = Explorer(PreparedNet(net), question).explore()
    assert len(found.nodes) <= 103
    assert not found.complete
    assert "more than" in found.why
    assert not found.nodes[0].steps


def test_the_map_is_left_when_the_time_is_over():
    _, question, net, _ = api._question(Source("net", MANY), None, "down == 12", None, None, None)
    looks = itertools.count()
    found = Explorer(PreparedNet(net), question, late=lambda: next(looks) > 50).explore()
    assert len(found.nodes) < 60
    assert "no time" in found.why
