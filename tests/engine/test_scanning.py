"""How few clocks are scanned: both ways give the same events, and the quicker one is found by trying."""

from __future__ import annotations

import textwrap

import pytest

from spn import api
from spn.engine.compiled import CompiledEngine
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.scanning import FIRINGS, TRIALS, Trials
from spn.engine.compiled.schedulers import JUMPING, STEADY
from spn.engine.reference.prepared import PreparedNet
from spn.observation import Task
from spn.resolver.resolve import read
from tests.agreement.comparing import Clocks, same_events, same_outcomes
from tests.agreement.generated import unoptimised
from tests.engine.nets import arc, deterministic, net, out, place, transition


def alike(of, way):
    """Event by event, and all that one replication observes."""
    plan = KernelPlan(PreparedNet(of))
    kernel = unoptimised(plan.source)
    assert plan.scanned
    same_events(plan, kernel, 3, 5_000, Clocks(way=way))
    task = Task(3, (0,), tuple(measure.name for measure in of.measures), (0.0, 1e9), max_firings=2_000)
    same_outcomes(plan, kernel, task, clocks=Clocks(way=way))


@pytest.mark.parametrize("way", [JUMPING, STEADY])
@pytest.mark.parametrize("sections", [1, 2, 3, 6, 7, 11, 15, 18, 19])
def test_both_ways_give_the_events_of_the_reference_engine(sections, way):
    alike(api.resolve("monolithic", {"sections": str(sections)}), way)


@pytest.mark.parametrize("way", [JUMPING, STEADY])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (1, 3), (5, 2), (3, 3), (2, 7, 4), (1, 9, 1, 5)])
def test_of_equal_times_the_first_binding_fires_first(sizes, way):
    """Classes of several sizes, all of whose clocks are due at the same times."""
    of = net(
        [place(f"p{k}", 1, size) for k, size in enumerate(sizes)],
        [
            transition(f"t{k}", arc(f"p{k}", element="i"), out(f"p{k}", element="i"), deterministic(1.0 + k % 2), size=size)
            for k, size in enumerate(sizes)
        ],
    )
    alike(of, way)


@pytest.mark.parametrize("way", [JUMPING, STEADY])
def test_a_class_that_is_never_enabled_has_clocks_before_the_others(way):
    text = """
        spn: 1
        colours: {kind: 1..2, place: 1..3}
        places: {never: {colour: kind}, up: {over: place, initial: 1}, down: {over: place}}
        transitions:
          dead: {in: never(1), out: never(1), delay: 1 s}
          fail: {for: p in place, in: up(p), out: down(p), delay: exponential(mean=2 s)}
          repair: {for: p in place, in: down(p), out: up(p), delay: "uniform(0.5 s, 1 s)"}
        """
    of = read(textwrap.dedent(text))
    plan = KernelPlan(PreparedNet(of))
    assert plan.layout.classes[0] not in plan.layout.alive
    assert plan.layout.alive[0].first > 0
    alike(of, way)


def test_the_quicker_way_is_found_by_turns():
    trials = Trials(scanned=True)
    assert trials.turn(FIRINGS - 1) == (0, FIRINGS - 1)
    turns = []
    while not trials.best:
        way, budget = trials.turn(10 * FIRINGS)
        assert budget == FIRINGS
        turns.append(way)
        # Now and then something else holds up either.
        trials.note(way, (2.0 if way == JUMPING else 1.5) + (5.0 if len(turns) % 3 == 0 else 0.0))
    assert trials.best == STEADY
    assert sorted(turns) == [JUMPING] * TRIALS + [STEADY] * TRIALS
    assert trials.turn(10 * FIRINGS) == (STEADY, 10 * FIRINGS)


def test_nothing_is_tried_where_nothing_is_scanned():
    trials = Trials(scanned=False)
    assert trials.turn(10 * FIRINGS) == (0, 10 * FIRINGS)


def test_a_long_run_settles_for_one_way_and_all_further_ones_use_it():
    of = api.resolve("monolithic")
    prepared = CompiledEngine().prepare(of)
    prepared.run(Task(1, (0,), (), (0.0, 1e15), max_firings=2_000_000))
    best = prepared.plan.trials.best
    assert best in (JUMPING, STEADY)
    assert prepared.plan.trials.turn(10) == (best, 10)
