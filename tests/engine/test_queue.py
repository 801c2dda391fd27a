"""The order of clocks: blocks and the queue against a sorted list, and nets whose clocks are all scanned, in blocks, in a heap, or in buckets."""

from __future__ import annotations

import ctypes
import math
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spn import api
from spn.engine.compiled import buckets, running
from spn.engine.compiled import kernel as module
from spn.engine.compiled.engine import CompiledEngine
from spn.engine.compiled.formulas import UnsupportedError
from spn.engine.compiled.heap import STANDS, WHERE
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.running import Machine
from spn.engine.reference.prepared import PreparedNet
from tests.engine.interpreted import functions
from tests.engine.nets import arc, exponential, net, out, place, transition, uniform
from tests.engine.test_compiled_language import events, expected_events, finite
from tests.engine.test_compiled_models import FIRINGS, same_events
from tests.engine.test_looking import nets

NEVER = 1.7976931348623157e308
MODE, STATIC, CAPACITY, FREE, FEW, FIRED, BLOCKS, ENTRIES, QUEUE = 20, 26, 28, 8, 37, 16, 39, 23, 36


class Queue:
    """The functions of a kernel on memory of their own, with a plain list beside them that says what is right."""

    def __init__(self, clocks: int, few: int, blocks: int = 0):
        self.call = functions()
        self.state = (ctypes.c_int64 * 48)()
        self.state[MODE], self.state[STATIC], self.state[CAPACITY], self.state[FREE], self.state[FEW] = 1, clocks, -1, -1, few
        self.state[BLOCKS] = blocks
        self.call["make_clocks"](self.state, 0)
        self.times = {}
        self.now = 0.0

    def set(self, clock, delay):
        self.times[clock] = min(self.now + delay, NEVER)
        self.call["set_clock"](self.state, clock, self.now + delay)

    def drop(self, clock):
        del self.times[clock]
        self.call["drop_clock"](self.state, clock)

    def take(self):
        expected = min(self.times, key=lambda clock: (self.times[clock], clock), default=-1)
        clock = self.call["next_clock"](self.state)
        if clock >= 0 and self.call["next_time"](self.state, clock) == math.inf:
            clock = -1
        assert clock == expected
        if clock >= 0:
            assert self.call["next_time"](self.state, clock) == self.times[clock]
            self.now = self.times.pop(clock)
            self.call["take_clock"](self.state, clock)
            self.state[FIRED] += 1
        return clock

    def check(self):
        for clock in range(self.state[STATIC]):
            assert self.call["is_set"](self.state, clock) == (clock in self.times)
            if clock in self.times:
                assert self.call["time_of"](self.state, clock) == self.times[clock]
        if self.state[QUEUE]:
            self.check_buckets()

    def check_buckets(self):
        """The clocks of a bucket that do not know the one before them are its first ones: so each is told once at most."""
        queue = (ctypes.c_int64 * (buckets.HEADS + 1)).from_address(self.state[QUEUE])
        heads = (ctypes.c_int32 * queue[buckets.BUCKETS]).from_address(queue[buckets.HEADS])
        entries = (ctypes.c_int32 * (4 * self.state[STATIC])).from_address(self.state[ENTRIES])
        for bucket, clock in enumerate(heads):
            before, told = -1, False
            while clock >= 0:
                stands = entries[4 * clock + STANDS]
                assert stands == before if told or stands >= 0 else stands == -1 - bucket
                told = stands >= 0
                before, clock = clock, entries[4 * clock + WHERE]

    def close(self):
        self.call["free_clocks"](self.state)


DELAYS = {
    "ties": st.sampled_from([0.0, 1.0, 2.0]),
    "one instant": st.just(0.0),
    "uniform": st.floats(0.0, 10.0),
    "rare and short": st.one_of(st.floats(1e6, 4e7), st.floats(30.0, 300.0)),
    "huge spread": st.floats(-320.0, 308.0).map(lambda exponent: 10.0**exponent),
    "never": st.sampled_from([0.5, 1.5, math.inf, NEVER, 5e-324, 1e300]),
    "dense cluster": st.one_of(st.floats(0.0, 1e-9), st.floats(0.0, 1e-9), st.floats(0.0, 1.0), st.just(1e12)),
}


@pytest.mark.parametrize("delays", DELAYS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data(), few=st.sampled_from([0, 1, 4, 40]), clocks=st.sampled_from([2, 5, 30, 200]), aside=st.booleans())
def test_any_sequence_gives_the_order_of_a_sorted_list(delays, data, few, clocks, aside):
    # With `aside` as if there were too many buckets for the processor to have them near.
    with patch.dict(functions()["advance"].__globals__, {"NEAR_BUCKETS": 0, "SOON": 3} if aside else {}):
        check_order(DELAYS[delays], data, Queue(clocks, few), clocks)


@pytest.mark.parametrize("delays", DELAYS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data(), clocks=st.sampled_from([1, 2, 8, 9, 16, 17, 33, 160]))
def test_so_do_clocks_in_blocks(delays, data, clocks):
    check_order(DELAYS[delays], data, Queue(clocks, 0, 2 * -(-clocks // 16)), clocks)


def check_order(delays, data, queue, clocks):
    random = Random(data.draw(st.integers(0, 2**32)))
    pool = data.draw(st.lists(delays, min_size=1, max_size=40))
    for _ in range(data.draw(st.integers(1, 4))):
        # The number of clocks that are set grows, stays or shrinks for a while.
        setting, dropping = data.draw(st.sampled_from([(0.9, 0.1), (0.5, 0.1), (0.2, 0.3), (0.05, 0.8), (0.0, 0.0)]))
        for _ in range(data.draw(st.sampled_from([5, 100, 400]))):
            chance = random.random()
            if chance < setting and len(queue.times) < clocks:
                queue.set(random.choice([clock for clock in range(clocks) if clock not in queue.times]), random.choice(pool))
            elif chance < setting + dropping and queue.times:
                queue.drop(random.choice(sorted(queue.times)))
            else:
                taken = queue.take()
                # Most clocks that fire are set again at once, as those of a net are.
                if taken >= 0 and random.random() < 0.8:
                    queue.set(taken, random.choice(pool))
        queue.check()
    while queue.take() >= 0:
        pass
    queue.close()


@pytest.mark.parametrize("spread", ["one instant", "two instants", "even", "geometric"])
def test_no_pattern_of_times_makes_years_too_short(spread):
    # A new year looks at all clocks that are set, and brings the memory of each near; it must last for as many firings, but for a factor.
    clocks = 1000
    delay = {
        "one instant": lambda k: 1.0,
        "two instants": lambda k: 1.0 + k % 2,
        "even": lambda k: 1.0 + k / clocks,
        "geometric": lambda k: 1.02 ** (k - 500.0),
    }[spread]
    queue = Queue(clocks, 40)
    space = functions()
    looks = 0

    def count(*_):
        nonlocal looks
        looks += 1

    with patch.dict(space["advance"].__globals__, {"prefetch": count}):
        for k in range(clocks):
            queue.set(k, delay(k))
        for _ in range(20 * clocks):
            clock = queue.call["next_clock"](queue.state)
            queue.now = queue.call["next_time"](queue.state, clock)
            queue.call["take_clock"](queue.state, clock)
            queue.state[FIRED] += 1
            queue.call["set_clock"](queue.state, clock, queue.now + delay(clock))
    queue.close()
    assert 0 < looks < 10 * 20 * clocks


KINDS = {"scan": ((62,), 40, 0), "blocks": ((0,), 40, 500), "heap": ((0,), 10**9, 0), "buckets": ((0,), 0, 0)}


@contextmanager
def scheduler(kind):
    scanned, queued, in_blocks = KINDS[kind]
    with patch.object(module, "SCANNED", scanned), patch.object(running, "FEW_QUEUED", queued), patch.object(module, "MOST_IN_BLOCKS", in_blocks):
        yield


@pytest.mark.parametrize("kind", ["blocks", "heap", "buckets"])
def test_nets_run_alike_with_every_scheduler(kind):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(nets())
    def compare(of):
        plan = KernelPlan(PreparedNet(finite(of)))
        try:
            _ = plan.source
        except UnsupportedError:
            return
        assert events(plan) == expected_events(plan.prepared)

    with scheduler(kind):
        compare()


@pytest.mark.parametrize("kind", ["blocks", "heap", "buckets"])
@pytest.mark.parametrize("name", ["monolithic", "sip_transport"])
def test_models_run_alike_with_every_scheduler(name, kind):
    with scheduler(kind):
        assert same_events(api.resolve(name)) == 10_000


@pytest.mark.parametrize("parameters", [{"sections": "60"}, {"sections": "60", "failure": "exponential(mean=10 s)"}])
def test_many_clocks_run_alike_with_every_scheduler(parameters):
    found = []
    for kind in KINDS:
        with scheduler(kind):
            prepared = CompiledEngine().prepare(api.resolve("monolithic", parameters))
            machine = Machine(prepared.plan, prepared.kernel, 5, ())
        times = []
        for _ in range(5_000):
            machine.call(1, 1, 1.7e308, 10**12)
            times.append((machine.now, int(machine.history[machine.state[6] - 1])))
        machine.close()
        found.append(times)
    assert all(times == found[0] for times in found[1:])


@pytest.mark.parametrize("noted", [False, True])
def test_so_many_clocks_that_memory_is_asked_for_ahead(noted):
    """More buckets than are near the processor. With an immediate firing between, firings are remembered."""
    many = 5_000
    of = net(
        [place("up", 1, many), place("noticed", 0, many), place("down", 0, many)],
        [
            transition("fail", arc("up", element="i"), out("noticed" if noted else "down", element="i"), exponential(1.0), size=many),
            *([transition("note", arc("noticed", element="i"), out("down", element="i"), size=many)] if noted else []),
            transition("repair", arc("down", element="i"), out("up", element="i"), uniform(0.05, 0.2), size=many),
        ],
    )
    plan = KernelPlan(PreparedNet(of))
    assert "look_ahead(" in plan.source and plan.remembering.on == noted
    assert same_events(of) == FIRINGS
