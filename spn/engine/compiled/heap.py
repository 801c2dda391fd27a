"""A 4-ary heap of clocks: the clocks that are due soon, of which the first is the next to fire. When a clock gets here is decided in `buckets`.

Times and clocks stand in arrays of their own, by seat; a clock's entry tells its seat. A clock that fires leaves a hole at the root, which the next
clock that is set takes if it is due soon.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.cells import COUNT, ENTRIES, HEAP_CLOCKS, HEAP_TIMES, HOLE, KEYS, NODE, STATIC
from spn.engine.compiled.primitives import inlined, integers, plain, reals_at, shorts

# A clock's entry is 16 bytes: its time (a double, infinity: not set), then two 32-bit integers that say where it stands. (Below, as indices of
# 32-bit integers.) In the heap `WHERE` is the seat.
WHERE, STANDS = 2, 3
IN_HEAP = -0x80000000


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
                return keys[p] < keys[q]  # type: ignore[no-any-return]
        return p < q
    if a < first:
        return False
    node, other = integers(state[NODE] + 64 * (a - first)), integers(state[NODE] + 64 * (b - first))
    if node[7] != other[7]:
        order = _order(node[7], other[7])
        if order != 0:
            return order < 0  # type: ignore[no-any-return]
    return node[3] < other[3]  # type: ignore[no-any-return]


@plain
def _order(a: int, b: int) -> int:
    """Which of two bindings of one index comes first, by what `bindings` has kept of their order: -1, 1, or 0 for neither."""
    mine, theirs = integers(integers(a)[4]), integers(integers(b)[4])
    for k in range(min(integers(a)[5], integers(b)[5])):
        if mine[k] != theirs[k]:
            return -1 if mine[k] < theirs[k] else 1
    return 0


@plain
def _up(state: Any, seat: int, time: float, clock: int) -> None:
    """Put a clock at a seat or above."""
    times, clocks, entries = reals_at(state[HEAP_TIMES]), shorts(state[HEAP_CLOCKS]), shorts(state[ENTRIES])
    while seat > 0:
        above = (seat - 1) >> 2
        t = times[above]
        if time > t or (time == t and not precedes(state, clock, np.int64(clocks[above]))):
            break
        times[seat] = t
        other = np.int64(clocks[above])
        clocks[seat] = other
        entries[4 * other + WHERE] = seat
        seat = above
    times[seat] = time
    clocks[seat] = clock
    entries[4 * clock + WHERE] = seat


@plain
def _down(state: Any, seat: int, time: float, clock: int) -> None:
    """Put a clock at a seat or below."""
    times, clocks, entries = reals_at(state[HEAP_TIMES]), shorts(state[HEAP_CLOCKS]), shorts(state[ENTRIES])
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
        entries[4 * other + WHERE] = seat
        seat = best
    times[seat] = time
    clocks[seat] = clock
    entries[4 * clock + WHERE] = seat


@plain
def push(state: Any, clock: int, time: float) -> None:
    """One more clock."""
    shorts(state[ENTRIES])[4 * clock + STANDS] = IN_HEAP
    if state[HOLE] != 0:
        state[HOLE] = 0
        _down(state, 0, time, clock)
    else:
        state[COUNT] += 1
        _up(state, state[COUNT] - 1, time, clock)


@inlined
def put_root(state: Any, clock: int, time: float) -> None:
    """The only clock."""
    entries = shorts(state[ENTRIES])
    entries[4 * clock + WHERE] = 0
    entries[4 * clock + STANDS] = IN_HEAP
    reals_at(state[HEAP_TIMES])[0] = time
    shorts(state[HEAP_CLOCKS])[0] = clock
    state[COUNT] = 1


@plain
def remove(state: Any, clock: int) -> None:
    """Take a clock out."""
    times, clocks = reals_at(state[HEAP_TIMES]), shorts(state[HEAP_CLOCKS])
    seat = np.int64(shorts(state[ENTRIES])[4 * clock + WHERE])
    last = state[COUNT] - 1
    state[COUNT] = last
    if state[HOLE] != 0:
        times[0] = -math.inf
    if seat != last:
        time, moved = times[last], np.int64(clocks[last])
        above = (seat - 1) >> 2
        if seat > 0 and (time < times[above] or (time == times[above] and precedes(state, moved, np.int64(clocks[above])))):
            _up(state, seat, time, moved)
        else:
            _down(state, seat, time, moved)


@plain
def take_root(state: Any) -> None:
    """The first clock fires. Its time stays, and is no longer than any other's."""
    state[HOLE] = 1


@plain
def fill_hole(state: Any) -> None:
    """Nobody took the seat of the clock that fired."""
    state[HOLE] = 0
    last = state[COUNT] - 1
    state[COUNT] = last
    if last > 0:
        _down(state, 0, reals_at(state[HEAP_TIMES])[last], np.int64(shorts(state[HEAP_CLOCKS])[last]))
