"""Which clock is next: a linear scan for few clocks, a 4-ary heap for more. All give the same order; what a clock is for is not known here.

A clock is a number. In a scan `times[clock]` is when it fires (infinity: not set); in the heap `times` and `clocks` go by position and `seats`
tells a clock's position (-1: not set). Clocks below `state[STATIC]` are ordered among equal times by their number; those from there on belong to a
binding (their `owner`) that may have several.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.cells import CLOCKS, COUNT, DELAY, HOLE, KEYS, MODE, NODE, SEATS, STATIC, TIMES
from spn.engine.compiled.primitives import fail, inlined, integers, plain, reals_at, shorts

SCAN, HEAP = 0, 1

# What a clock of a binding with several servers consists of: NODE_CELLS cells each.
OWNER, OLDER, YOUNGER, BORN, AGE, LEFT, RATE = range(7)
NODE_CELLS = 8


@inlined
def is_set(state: Any, clock: int) -> bool:
    """Whether a clock is set."""
    if state[MODE] == 0:
        return reals_at(state[TIMES])[clock] < math.inf
    return shorts(state[SEATS])[clock] >= 0


@plain
def time_of(state: Any, clock: int) -> float:
    """When a clock that is set fires."""
    if state[MODE] == 0:
        return reals_at(state[TIMES])[clock]
    return reals_at(state[TIMES])[shorts(state[SEATS])[clock]]


@plain
def precedes(state: Any, a: int, b: int) -> bool:
    """Whether clock a fires before clock b at equal times."""
    p, q = a, b
    first = state[STATIC]
    if a >= first:
        p = integers(state[NODE])[(a - first) * 8]
    if b >= first:
        q = integers(state[NODE])[(b - first) * 8]
    if p != q:
        if state[KEYS] != 0:
            keys = integers(state[KEYS])
            if keys[p] != keys[q]:
                return keys[p] < keys[q]
        return p < q
    if a < first:
        return False
    return integers(state[NODE])[(a - first) * 8 + 3] < integers(state[NODE])[(b - first) * 8 + 3]


@plain
def _up(state: Any, seat: int, time: float, clock: int) -> None:
    """Put a clock at a seat or above."""
    times, clocks, seats = reals_at(state[TIMES]), shorts(state[CLOCKS]), shorts(state[SEATS])
    while seat > 0:
        above = (seat - 1) >> 2
        t = times[above]
        if time > t or (time == t and not precedes(state, clock, np.int64(clocks[above]))):
            break
        times[seat] = t
        other = np.int64(clocks[above])
        clocks[seat] = other
        seats[other] = seat
        seat = above
    times[seat] = time
    clocks[seat] = clock
    seats[clock] = seat


@plain
def _down(state: Any, seat: int, time: float, clock: int) -> None:
    """Put a clock at a seat or below."""
    times, clocks, seats = reals_at(state[TIMES]), shorts(state[CLOCKS]), shorts(state[SEATS])
    count = state[COUNT]
    while True:
        child = 4 * seat + 1
        if child >= count:
            break
        best, t = child, times[child]
        last = min(child + 4, count)
        for k in range(child + 1, last):
            if times[k] <= t:
                if times[k] < t or precedes(state, np.int64(clocks[k]), np.int64(clocks[best])):
                    best, t = k, times[k]
        if time < t or (time == t and precedes(state, clock, np.int64(clocks[best]))):
            break
        times[seat] = t
        other = np.int64(clocks[best])
        clocks[seat] = other
        seats[other] = seat
        seat = best
    times[seat] = time
    clocks[seat] = clock
    seats[clock] = seat


@plain
def _heap_set(state: Any, clock: int, time: float) -> None:
    if state[HOLE] != 0:
        # The root has just fired: the first clock that is set takes its seat.
        state[HOLE] = 0
        _down(state, 0, time, clock)
    else:
        state[COUNT] += 1
        _up(state, state[COUNT] - 1, time, clock)


@plain
def _heap_drop(state: Any, clock: int) -> None:
    times, clocks, seats = reals_at(state[TIMES]), shorts(state[CLOCKS]), shorts(state[SEATS])
    seat = np.int64(seats[clock])
    seats[clock] = -1
    last = state[COUNT] - 1
    state[COUNT] = last
    if seat != last:
        time, moved = times[last], np.int64(clocks[last])
        above = (seat - 1) >> 2
        if seat > 0 and (time < times[above] or (time == times[above] and precedes(state, moved, np.int64(clocks[above])))):
            _up(state, seat, time, moved)
        else:
            _down(state, seat, time, moved)


@inlined
def set_clock(state: Any, clock: int, time: float) -> None:
    """A clock that is not set shall fire at `time`."""
    if not time <= 1.7976931348623157e308:
        if time != time:
            fail(state, DELAY)
        time = 1.7976931348623157e308
    if state[MODE] == 0:
        reals_at(state[TIMES])[clock] = time
    else:
        _heap_set(state, clock, time)


@inlined
def drop_clock(state: Any, clock: int) -> None:
    """A clock that is set shall not fire."""
    if state[MODE] == 0:
        reals_at(state[TIMES])[clock] = math.inf
    else:
        _heap_drop(state, clock)


@inlined
def take_clock(state: Any, clock: int) -> None:
    """The next clock fires."""
    if state[MODE] == 0:
        reals_at(state[TIMES])[clock] = math.inf
    else:
        shorts(state[SEATS])[clock] = -1
        reals_at(state[TIMES])[0] = -math.inf
        state[HOLE] = 1


@plain
def _fill_hole(state: Any) -> None:
    state[HOLE] = 0
    last = state[COUNT] - 1
    state[COUNT] = last
    if last > 0:
        _down(state, 0, reals_at(state[TIMES])[last], np.int64(shorts(state[CLOCKS])[last]))


@inlined
def next_clock(state: Any) -> int:
    """The clock that fires next; -1, or one whose time is infinite, if none is set."""
    if state[MODE] == 0:
        # Times are not negative, so their bits are ordered as they are. Two chains of conditional moves, no jumps that cannot be foretold.
        times = integers(state[TIMES])
        even, odd = 0, 1
        early, late = times[0], times[1]
        for clock in range(2, state[COUNT], 2):
            t, u = times[clock], times[clock + 1]
            even = clock if t < early else even
            early = t if t < early else early
            odd = clock + 1 if u < late else odd
            late = u if u < late else late
        best = odd if late < early or (late == early and odd < even) else even
        return best
    if state[HOLE] != 0:
        _fill_hole(state)
    if state[COUNT] == 0:
        return -1
    return np.int64(shorts(state[CLOCKS])[0])  # type: ignore[return-value]


@inlined
def next_time(state: Any, clock: int) -> float:
    """When the next clock, which is `clock`, fires."""
    if state[MODE] == 0:
        return reals_at(state[TIMES])[clock]
    return reals_at(state[TIMES])[0]
