"""Which clock is next: a linear scan for few clocks, `blocks` for some dozens, a queue (`heap`, `buckets`) for more, in the same order. What a clock
is for is not known here.

A clock is a number, and has an entry with its time first, infinity while it is not set. Clocks below `state[STATIC]` are ordered among equal times
by their number; those from there on belong to a binding (their `owner`) that may have several.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.blocks import SIZE, next_of_blocks, note_dropped, note_fired, note_set
from spn.engine.compiled.buckets import advance, queue_drop, queue_set
from spn.engine.compiled.cells import BLOCKS, COUNT, DELAY, ENTRIES, HEAP_CLOCKS, HOLE, MODE, SET, WAY
from spn.engine.compiled.heap import IN_HEAP, STANDS, fill_hole, remove, take_root
from spn.engine.compiled.primitives import earliest, fail, inlined, integers, lowest_bit, plain, reals_at, shorts, unlikely

SCAN, QUEUED = 0, 1
JUMPING, STEADY = 1, 2
"""How few clocks are scanned: with a jump at each clock that is earlier than those before it, or without."""

DENSE = 12
"""If more clocks than this are scanned, only those are looked at that are set, which `state[SET]` says bit by bit; of fewer it is quicker to
look at all."""

BEYOND = SIZE
"""So many clocks beyond the last one may be looked at; none is ever set."""

# What a clock of a binding with several servers consists of: NODE_CELLS cells each.
OWNER, OLDER, YOUNGER, BORN, AGE, LEFT, RATE = range(7)
NODE_CELLS = 8


@inlined
def is_set(state: Any, clock: int) -> bool:
    """Whether a clock is set."""
    return reals_at(state[ENTRIES])[2 * clock] < math.inf


@plain
def time_of(state: Any, clock: int) -> float:
    """When a clock that is set fires."""
    return reals_at(state[ENTRIES])[2 * clock]


@inlined
def set_clock(state: Any, clock: int, time: float) -> None:
    """A clock that is not set shall fire at `time`."""
    if unlikely(not time <= 1.7976931348623157e308):
        if time != time:
            fail(state, DELAY)
        time = 1.7976931348623157e308
    if state[MODE] == 0:
        reals_at(state[ENTRIES])[2 * clock] = time
        if state[COUNT] > DENSE:
            state[SET] |= 1 << clock
    elif state[BLOCKS] != 0:
        reals_at(state[ENTRIES])[2 * clock] = time
        note_set(state, clock, time)
    else:
        queue_set(state, clock, time)


@inlined
def drop_clock(state: Any, clock: int) -> None:
    """A clock that is set shall not fire."""
    reals_at(state[ENTRIES])[2 * clock] = math.inf
    if state[MODE] == 0:
        if state[COUNT] > DENSE:
            state[SET] &= ~(1 << clock)
    elif state[BLOCKS] != 0:
        note_dropped(state, clock)
    else:
        if shorts(state[ENTRIES])[4 * clock + STANDS] == IN_HEAP:
            remove(state, clock)
        else:
            queue_drop(state, clock)


@inlined
def unset_clock(state: Any, clock: int) -> None:
    """A clock, whether it is set or not, shall not fire. Where clocks are scanned it need not be asked whether it is set, and so no jump is
    guessed wrong.
    """
    if state[MODE] == 0 or is_set(state, clock):
        drop_clock(state, clock)


@inlined
def take_clock(state: Any, clock: int) -> None:
    """The next clock fires."""
    reals_at(state[ENTRIES])[2 * clock] = math.inf
    if state[MODE] == 0:
        if state[COUNT] > DENSE:
            state[SET] &= ~(1 << clock)
    elif state[BLOCKS] != 0:
        note_fired(state, clock)
    else:
        take_root(state)


@inlined
def next_jumping(state: Any) -> int:
    """The clock that fires next, of few, found with jumps, which the processor guesses."""
    # Times are not negative, so their bits are ordered as they are.
    times = integers(state[ENTRIES])
    best, early = 0, times[0]
    if state[COUNT] > DENSE:
        rest = state[SET]
        if unlikely(rest == 0):
            return -1
        best = lowest_bit(rest)
        early = times[2 * best]
        rest &= rest - 1
        while rest != 0:
            clock = lowest_bit(rest)
            rest &= rest - 1
            if unlikely(times[2 * clock] < early):
                best, early = clock, times[2 * clock]
        return best
    for clock in range(1, state[COUNT]):
        if unlikely(times[2 * clock] < early):
            best, early = clock, times[2 * clock]
    return best


@inlined
def next_steady(state: Any) -> int:
    """The same without jumps: it takes as long whichever it is."""
    clock, _ = earliest(integers(state[ENTRIES]), state[COUNT], 2)
    return clock


@inlined
def next_clock(state: Any) -> int:
    """The clock that fires next; -1, or one whose time is infinite, if none is set."""
    if state[MODE] == 0:
        return next_jumping(state) if state[WAY] == JUMPING else next_steady(state)
    if state[BLOCKS] != 0:
        return next_of_blocks(state)
    if state[HOLE] != 0:
        fill_hole(state)
    if state[COUNT] == 0:
        return advance(state)
    return np.int64(shorts(state[HEAP_CLOCKS])[0])  # type: ignore[return-value]


@inlined
def next_time(state: Any, clock: int) -> float:
    """When the next clock, which is `clock`, fires."""
    return reals_at(state[ENTRIES])[2 * clock]


@plain
def time_of_next(state: Any) -> float:
    """When something fires next; infinity if nothing ever does."""
    clock = next_clock(state)
    if clock < 0 or not next_time(state, clock) < 1.7976931348623157e308:
        return math.inf
    return next_time(state, clock)


@plain
def choose_scan(state: Any) -> None:
    """At the beginning, unless that is known already: how few clocks are scanned.

    With jumps, which let the processor guess the next clock and go on, or without, which takes the same time whichever it is. As a rule the new
    earliest of n clocks is found ln n times, and a wrong guess costs as much as two or three more clocks without jumps.
    """
    number = 0
    if state[MODE] == 0 and state[WAY] == 0:
        for clock in range(state[COUNT]):
            if reals_at(state[ENTRIES])[2 * clock] < math.inf:
                number += 1
        state[WAY] = JUMPING if number <= 6 else STEADY
