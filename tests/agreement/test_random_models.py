"""Random models over the whole language: the compiled engine gives the reference engine's events, observations and errors, however it is set."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from spn.engine.compiled import CompiledEngine
from spn.engine.compiled.schedulers import JUMPING, STEADY
from spn.engine.reference import Simulation
from spn.expressions.types import DOT
from spn.observation import RunError
from tests.agreement.comparing import (
    Clocks,
    Disagreement,
    same_batch,
    same_events,
    same_events_after_moving,
    same_outcomes,
    task_for,
    tasks_for,
    tasks_from_start,
)
from tests.agreement.features import FEATURES, features
from tests.agreement.generated import net_of, plan_of, seconds_of, unoptimised
from tests.agreement.models import model
from tests.engine import interpreted

# The whole run (`.ci/run`) asks for many more.
MODELS = int(os.environ.get("SPN_RANDOM_MODELS", "20"))
FIRINGS = int(os.environ.get("SPN_RANDOM_FIRINGS", "300"))
OBSERVED_FIRINGS = 200

# Models are large: making a failing one smaller takes minutes. Add `Phase.shrink` where one is to be understood.
quietly = settings(
    max_examples=min(MODELS, 25),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.parametrize("part", range(-(-MODELS // 25)))
def test_the_engines_agree_on_random_models(part: int) -> None:
    @seed(part)
    @quietly
    @given(st.randoms(use_true_random=False))
    def agree(r: Random) -> None:
        data = model(r)
        note(json.dumps(data))
        net = net_of(data)
        plan = None if net is None else plan_of(net, scanned=r.choice([True, True, False]), foreseen=r.choice([None, True]))
        if net is None or plan is None:
            return
        # How clocks are kept and drawn, how many firings a chunk has, where a run moves from one engine to the other: nothing of it is seen.
        few, other = r.choice([(None, 0), (0, None), (10_000, None)])
        ways = r.choice([0, JUMPING, STEADY]), r.choice([0, JUMPING, STEADY])
        quick = unoptimised(plan.source)
        same_events(plan, quick, r.randrange(100), FIRINGS, Clocks(few, ways[0]))
        alone.append(same_batch(plan, quick, tasks_for(net, r, seconds_of(net, OBSERVED_FIRINGS), OBSERVED_FIRINGS)))
        kernel = interpreted.kernel(plan.source)
        task = task_for(net, r, seconds_of(net, OBSERVED_FIRINGS), OBSERVED_FIRINGS)
        same_outcomes(plan, kernel, task, budget=r.choice([None, 1, 7, 1000]), clocks=Clocks(other, ways[1]))
        moves_at = r.randrange(OBSERVED_FIRINGS)
        same_events_after_moving(plan, kernel, r.randrange(100), moves_at, moves_at + OBSERVED_FIRINGS)
        from_start.append(same_batch(plan, quick, tasks_from_start(net, r, OBSERVED_FIRINGS)))
        if not alone[-1] and r.randrange(3) == 0:
            # Kernels put no tokens with values into their memory at the beginning: a net without them is theirs.
            bare = replace(net, places=tuple(place if place.colour == DOT else replace(place, initial=()) for place in net.places))
            plan = plan_of(bare)
            assert plan is not None
            quick = unoptimised(plan.source)
            alone.append(same_batch(plan, quick, tasks_for(bare, r, seconds_of(bare, OBSERVED_FIRINGS), OBSERVED_FIRINGS)))
            from_start.append(same_batch(plan, quick, tasks_from_start(bare, r, OBSERVED_FIRINGS)))

    alone: list[bool] = []
    from_start: list[bool] = []
    """Whether the kernel has run replications by itself, with windows after a warm-up and from the initial marking."""
    agree()
    assert any(alone) and any(from_start)


@pytest.mark.parametrize("number", range(1000, 1000 + MODELS // 10))
def test_optimised_machine_code_does_the_same(number: int) -> None:
    r = Random(number)
    net = net_of(model(r))
    if net is None or plan_of(net) is None:
        pytest.skip("not supported by the compiled engine")
    prepared = CompiledEngine().prepare(net)
    same_events(prepared.plan, prepared.kernel, number, FIRINGS)
    same_outcomes(prepared.plan, prepared.kernel, task_for(net, r, seconds_of(net, FIRINGS), FIRINGS))


def test_random_models_live_and_have_every_feature_of_the_language() -> None:
    met: Counter[str] = Counter()
    firings, errors, nets = [], 0, 0
    for number in range(90):
        net = net_of(model(Random(number)))
        if net is None:
            continue
        nets += 1
        try:
            simulation = Simulation(net, number)
            simulation.run(firings=200)
        except RunError:
            errors += 1
            continue
        firings.append(simulation.firings)
        met.update(features(net, simulation.fired))
    assert nets > 80
    assert errors < 30
    # Three quarters of them fire until they are told to stop.
    assert np.quantile(firings, 0.25) == 200
    assert [feature for feature in FEATURES if not met[feature]] == []


def test_the_comparison_sees_a_difference() -> None:
    net = net_of(model(Random(1)))
    assert net is not None
    plan = plan_of(net)
    assert plan is not None
    kernel = interpreted.kernel(plan.source)

    def firing_twice(*arguments):
        if arguments[-4] == 1:
            kernel(*arguments)
        return kernel(*arguments)

    with pytest.raises(Disagreement):
        same_events(plan, firing_twice, 1, 10)
