"""A kernel that runs a net with other delays gives what one does that was planned for that net, also after it has run others."""

import json
from random import Random

import numpy as np
import pytest

from spn.api import resolve
from spn.engine.compiled import CompiledEngine
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Constant
from spn.net.types import Timed
from spn.observation import Task
from spn.resolver.again import with_delays
from tests.agreement.generated import net_of, plan_of
from tests.agreement.models import model


def outcome(prepared, net, key=1):
    """Everything that one replication gives, as bytes."""
    found = prepared.run(Task(5, (key,), tuple(measure.name for measure in net.measures), (1e5, 2e5, 4e7), max_firings=3000))
    parts = [found.observations[name].tobytes() for name in sorted(found.observations)]
    return [found.end, found.time, found.firings, found.dead_at, found.tokens.tobytes(), found.fired.tobytes(), *parts]


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("monolithic", "failure", ["lognormal(mean=100 h, sigma=0.4)", "lognormal(mean=900 h, sigma=0.2)", "lognormal(mean=50 h, sigma=1)"]),
        ("monolithic", "repair", ["uniform(0 s, 60 s)", "uniform(30 s, 90 s)"]),
        ("sip_transport", "failure", ["lognormal(mean=100 h, sigma=0.4)", "lognormal(mean=1 h, sigma=0.4)", "lognormal(mean=900 h, sigma=0.1)"]),
        ("two_state", "failure_rate", ["1 / (5 h)", "1 / h"]),
    ],
)
def test_the_same_kernel_with_other_numbers_gives_the_same_bits(name, parameter, values):
    nets = [resolve(name, {parameter: value}) for value in values]
    first = CompiledEngine().prepare(nets[0])
    for net in [*nets, *nets]:
        again = first.again(net)
        assert again is not None
        assert again.kernel is first.kernel
        assert outcome(again, net) == outcome(CompiledEngine().prepare(net), net)


def test_what_needs_another_kernel_is_planned_anew():
    first = CompiledEngine().prepare(resolve("monolithic"))
    assert first.again(resolve("monolithic", {"failure": "exponential(mean=100 h)"})) is None
    assert first.again(resolve("monolithic", {"failure": "hyperexponential(weights=[1, 2], means=[1 h, 2 h])"})) is None


def changed(net, r):
    """The net with every constant argument of a delay a little larger; None if there is no delay with constants only."""
    delays = {}
    for number, transition in enumerate(net.transitions):
        timing = transition.timing
        if isinstance(timing, Timed) and timing.delay.name != "erlang" and all(isinstance(a, Constant) for a in timing.delay.arguments):
            factor = r.uniform(1.0, 1.5)
            arguments = tuple(Constant(a.type, a.value * factor) for a in timing.delay.arguments)
            delays[number] = type(timing.delay)(timing.delay.type, timing.delay.name, timing.delay.form, arguments)
    return with_delays(net, delays) if delays else None


def test_numbers_of_random_nets_with_other_delays_are_those_of_plans_made_anew():
    shared = 0
    for seed in range(24):
        r = Random(seed)
        net = net_of(json.loads(json.dumps(model(r))))
        other = None if net is None else changed(net, r)
        plan = None if other is None else plan_of(net)
        if plan is None or other is None:
            continue
        plan._again = True  # so that `again` does not compare by itself
        again, anew = plan.again(PreparedNet(other)), KernelPlan(PreparedNet(other))
        if again is None:
            continue
        shared += 1
        assert again.key == anew.key
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(again._numbers, anew._numbers, strict=True))
    assert shared > 6
