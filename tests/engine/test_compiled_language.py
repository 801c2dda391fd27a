"""Random nets over the language: kernels run by Python itself give the reference engine's events. Some are compiled in another file."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, given, settings

from spn.engine.compiled import relations
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine
from spn.engine.reference import Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.observation import RunError
from tests.engine.interpreted import kernel
from tests.engine.test_looking import nets

MOST = 60


def finite(of):
    """The same net with the colours of v and w declared as ranges, whose bindings can be numbered. Without them places in no order are bags."""
    places = tuple(replace(place, bounds=((0, 2),)) if place.name in ("v", "w") else place for place in of.places)
    return replace(of, places=places)


def expected_events(prepared, most=MOST):
    found = []
    try:
        simulation = Simulation(prepared, 7)
        found.append((0.0, None, tuple(simulation.marking.sums), simulation.peek()))
        while len(found) <= most and (event := simulation.step()) is not None:
            code = prepared.classes[event.transition].first + event.index
            found.append((event.time, code, tuple(simulation.marking.sums), simulation.peek()))
    except RunError as error:
        found.append((error.code, error.time, error.message))
    return found


def events(plan, most=MOST):
    found = []
    machine = None
    try:
        machine = Machine(plan, kernel(plan.source), 7, ())
        found.append((0.0, None, tuple(machine.sums()), machine.peek()))
        while len(found) <= most:
            before = machine.firings
            machine.call(1, 1, 1.7e308, 10**9)
            machine.check()
            if machine.firings == before:
                break
            found.append((machine.now, int(machine.history[machine.state[6] - 1]), tuple(machine.sums()), machine.peek()))
    except RunError as error:
        found.append((error.code, error.time, error.message))
    finally:
        if machine is not None:
            machine.close()
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(nets())
def test_a_kernel_gives_the_events_of_the_reference_engine(of):
    for each in (finite(of), of):
        plan = KernelPlan(PreparedNet(each))
        assert events(plan) == expected_events(plan.prepared)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(nets())
def test_what_is_found_of_a_few_indices_at_a_time_is_what_is_found_of_all(of):
    whole, pieces = KernelPlan(PreparedNet(finite(of))), KernelPlan(PreparedNet(finite(of)))
    with patch.object(relations, "CHUNK", 2):
        assert pieces.source == whole.source
    np.testing.assert_array_equal(pieces.memory().ints, whole.memory().ints)
