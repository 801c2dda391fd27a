"""Exponential delays that are foreseen: kernels find out early what they are going to draw, and draw the same."""

from __future__ import annotations

import textwrap
from random import Random

import numpy as np
import pytest
from numpy.random import SFC64, Generator

from spn import api
from spn.engine.compiled import cache, cells, machine_code
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.observation import Task
from spn.resolver.resolve import read
from tests.agreement.comparing import same_batch, same_events, same_events_after_moving, same_outcomes, tasks_for
from tests.agreement.generated import plan_of, seconds_of, unoptimised

DRAWS = '''
KNOWN = {{}}

@entry
def kernel(rng_at, tokens_at, ints_at, reals_at_, state_at, values_at, command, number, limit, most):
    rng, state, values = stream_block(rng_at), state_block(state_at), values_block(values_at)
    rates, found = reals_at(reals_at_), reals_at(tokens_at)
    if command == 1:
        foresee(rng, state, values)
    for k in range(number):
        found[k] = {between}exponential_foreseen(rng, state, values, rates[k])
    return 0
'''


def drawn(ours, rates, *, begins, between=""):
    """Delays drawn by a kernel, at the rates given; something else may be drawn before each and added to it."""
    kernel = machine_code.load(machine_code.compiled(cache.assembly(DRAWS.format(between=between), "kernel_draws"), 0), "kernel_draws")
    state, values, found = np.zeros(cells.HEADER, np.int64), np.zeros(8), np.empty(len(rates))
    stream = ours.bit_generator.ctypes.state_address
    assert kernel(stream, found.ctypes.data, 0, rates.ctypes.data, state.ctypes.data, values.ctypes.data, begins, len(rates), 0.0, 0) == 0
    return found


def words(generator):
    return generator.bit_generator.state["state"]["state"].tolist()


@pytest.mark.parametrize("begins", [0, 1])
def test_what_is_foreseen_is_what_numpy_draws(begins):
    ours, numpys = Generator(SFC64(5)), Generator(SFC64(5))
    rates = np.random.default_rng(1).choice([0.5, 2.0, 1e-9], 500_000)
    found, expected = drawn(ours, rates, begins=begins), numpys.standard_exponential(len(rates)) / rates
    assert found.tobytes() == expected.tobytes()
    assert words(ours) == words(numpys)


def test_with_a_rate_of_0_nothing_is_drawn():
    ours, numpys = Generator(SFC64(6)), Generator(SFC64(6))
    rates = np.array([1.0, 0.0, 0.0, 2.0, 0.0])
    expected = [numpys.standard_exponential(), np.inf, np.inf, numpys.standard_exponential() / 2.0, np.inf]
    assert drawn(ours, rates, begins=1).tolist() == expected
    assert words(ours) == words(numpys)


def test_what_was_foreseen_does_not_count_once_something_else_is_drawn():
    ours, numpys = Generator(SFC64(7)), Generator(SFC64(7))
    found = drawn(ours, np.ones(20_000), begins=1, between="rng.random() + ")
    assert found.tolist() == [numpys.random() + numpys.standard_exponential() for _ in range(20_000)]
    assert words(ours) == words(numpys)


QUEUE = """
    spn: 1
    places: {queue: {}}
    transitions:
      arrive: {out: queue, guard: queue < 20, delay: exponential(rate=0.9 / s)}
      serve:  {in: queue, delay: exponential(rate=1 / s)}
    measures: {length: {average: queue}}
    """
BRANCHES = """
    spn: 1
    places: {queue: {}, left: {}, right: {}, idle: {initial: 1}}
    transitions:
      arrive: {out: queue, guard: queue < 5, delay: exponential(rate=1 / s)}
      choose_left:  {in: [queue, idle], out: left, weight: 0.3}
      choose_right: {in: [queue, idle], out: right, weight: 0.7}
      serve_left:  {in: left, out: idle, delay: exponential(mean=2 s)}
      serve_right: {in: right, out: idle, delay: exponential(mean=0.5 s)}
    measures: {length: {average: queue}}
    """
RATES = """
    spn: 1
    places: {up: {initial: 4}, down: {}, stop: {}}
    transitions:
      fail:   {in: up, out: down, delay: "exponential(rate=(0 / s if down == 2 else up / (3 s)))", servers: infinite, memory: age}
      repair: {in: down, out: up, delay: exponential(mean=1 s), servers: 2, memory: resampling}
      pause:  {out: stop, guard: stop == 0, delay: exponential(mean=2 s)}
      resume: {in: stop, delay: exponential(mean=1 s), inhibit: "3 * down"}
    measures: {share: {average: down}}
    """
LINE = """
    spn: 1
    colours: {job: {kind: int}}
    places: {line: {colour: job, order: random}, free: {initial: 3}}
    transitions:
      come: {in: free, out: line(job(kind=1)), delay: exponential(mean=1 s)}
      more: {in: free, out: line(job(kind=2)), delay: exponential(mean=2 s)}
      go:   {in: line(j), out: free, delay: exponential(mean=0.5 s)}
    measures: {share: {average: line}}
    """


@pytest.mark.parametrize("text", [QUEUE, BRANCHES, RATES, LINE])
def test_engines_agree_where_all_delays_are_exponential(text):
    of = read(textwrap.dedent(text))
    plan = KernelPlan(PreparedNet(of))
    assert plan.layout.exponential
    kernel = unoptimised(plan.source)
    same_events(plan, kernel, 3, 5_000)
    for moves_at in (0, 1, 1_000):
        same_events_after_moving(plan, kernel, 3, moves_at, 3_000)
    task = Task(3, (0,), tuple(measure.name for measure in of.measures), (0.0, 1e9), max_firings=5_000)
    for budget in (None, 1, 7):
        same_outcomes(plan, kernel, task, budget)
    assert same_batch(plan, kernel, tasks_for(of, Random(1), seconds_of(of, 500), 500, 5))


def test_delays_are_foreseen_only_where_all_are_exponential():
    two_state = plan_of(api.resolve("two_state"))
    monolithic = plan_of(api.resolve("monolithic"))
    assert two_state is not None
    assert monolithic is not None
    assert "exponential_foreseen" in two_state.source
    assert "foresee" not in monolithic.source


def test_a_class_that_is_never_enabled_does_not_count():
    text = """
        spn: 1
        colours: {kind: 1..2}
        places: {never: {colour: kind}, up: {initial: 1}}
        transitions:
          dead: {in: never(1), out: never(1), delay: 1 s}
          turn: {in: up, out: up, delay: exponential(mean=1 s)}
        """
    assert KernelPlan(PreparedNet(read(textwrap.dedent(text)))).layout.exponential
