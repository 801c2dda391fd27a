"""Clocks in buckets by time, so that setting one of many takes as long as setting one of few. Those due soon are in the heap of `heap`.

A calendar queue (R. Brown, Commun. ACM 31, 1988) without wrapping, whose days are not sorted but put into a heap when they come (as the bottom of
a ladder queue: W. T. Tang, R. S. M. Goh, I. L.-J. Thng, ACM Trans. Model. Comput. Simul. 15, 2005). A time's place is ``(time - origin) * rate``:
below `EDGE` it is in the heap, below `END` in the bucket of that number, else far. The place never falls as time grows, so that the first clock of
the heap is the first of all, and equal times are always in the same place: their order is the heap's alone. If there are no more
clocks in heap and buckets a new year begins: an origin, a rate, and buckets for those of the far clocks that it has room for.

Whatever the times are, a firing takes at most the time of a heap: a bucket that is too full only makes the heap larger, and the rate is such that a
year has an eighth of the clocks at least.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.cells import COUNT, ENTRIES, FEW, FIRED, HEAP_CLOCKS, QUEUE
from spn.engine.compiled.heap import IN_HEAP, STANDS, WHERE, push
from spn.engine.compiled.primitives import integers, lowest_bit, plain, prefetch, reallocate, reals_at, release, shorts

# The cells at state[QUEUE]. Reals: the place of a time, the places where buckets begin and end, a time before which no far clock fires.
ORIGIN, RATE, EDGE, END, FAR_FROM = range(5)
# Integers: the last bucket that was put into the heap, the number of buckets, addresses of each bucket's first clock and of a bit for each that is
# not empty, address and number of the far clocks, how many clocks in the heap are too many, and how many firings there must have been.
CURRENT, BUCKETS, HEADS, OCCUPIED, FAR, FARS, MOST, PATIENCE = range(5, 13)
SAMPLE = 16
"""From this cell on there is room for a sample of times."""

MOST_SAMPLED = 256
QUEUE_CELLS = SAMPLE + MOST_SAMPLED

IN_FAR = IN_HEAP + 1
"""What `STANDS` says of a far clock, of which `WHERE` is the position. In a bucket `WHERE` is the next clock (-1: none), and `STANDS`
the one before, or -1 - the bucket for the first."""


PER_GAP = 2.0
"""So many buckets for each clock, where clocks are densest: measured, as the next two. Most buckets then have one clock or none."""

NEAR_BUCKETS, MOST_BUCKETS = 0x8000, 0x4000000
"""A year has eight buckets for each clock up to so many, which the processor has near, so that it lasts; of more only two."""


@plain
def make_queue(state: Any, clocks: int) -> None:
    """Room for so many clocks, all of which will be far until the first is asked for."""
    if state[QUEUE] == 0:
        state[QUEUE] = reallocate(0, 8 * QUEUE_CELLS)
        queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
        reals[ORIGIN], reals[RATE], reals[EDGE], reals[END], reals[FAR_FROM] = 0.0, 0.0, 0.0, 0.0, math.inf
        queue[CURRENT], queue[BUCKETS], queue[HEADS], queue[OCCUPIED], queue[FAR], queue[FARS] = -1, 0, 0, 0, 0, 0
        queue[MOST], queue[PATIENCE] = 2 * state[FEW], 0
    queue = integers(state[QUEUE])
    queue[FAR] = reallocate(queue[FAR], 4 * clocks)


@plain
def free_queue(state: Any) -> None:
    """Give the memory back."""
    if state[QUEUE] != 0:
        queue = integers(state[QUEUE])
        release(queue[HEADS])
        release(queue[OCCUPIED])
        release(queue[FAR])
        release(state[QUEUE])
        state[QUEUE] = 0


@plain
def queue_set(state: Any, clock: int, time: float) -> None:
    """A clock that is not set shall fire at `time`."""
    reals_at(state[ENTRIES])[2 * clock] = time
    reals = reals_at(state[QUEUE])
    place = (time - reals[ORIGIN]) * reals[RATE]
    if place < reals[EDGE]:
        push(state, clock, time)
        if state[COUNT] > integers(state[QUEUE])[MOST]:
            _too_many(state)
    elif place < reals[END]:
        _link(state, clock, int(place))
    else:
        _put_far(state, clock, time)


@plain
def queue_drop(state: Any, clock: int) -> None:
    """A clock that is in a bucket or far shall not fire."""
    entries = shorts(state[ENTRIES])
    where, stands = np.int64(entries[4 * clock + WHERE]), np.int64(entries[4 * clock + STANDS])
    queue = integers(state[QUEUE])
    if stands == IN_FAR:
        far = shorts(queue[FAR])
        queue[FARS] -= 1
        last = np.int64(far[queue[FARS]])
        far[where] = last
        entries[4 * last + WHERE] = where
        return
    if where >= 0:
        entries[4 * where + STANDS] = stands
    if stands >= 0:
        entries[4 * stands + WHERE] = where
        return
    bucket = -1 - stands
    shorts(queue[HEADS])[bucket] = where
    if where < 0:
        integers(queue[OCCUPIED])[bucket >> 6] ^= np.int64(1) << (bucket & 63)


@plain
def advance(state: Any) -> int:
    """The heap is empty: put the next bucket into it. The clock that fires next; -1 if none is set."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    while True:
        bucket = _next_bucket(queue)
        if bucket < 0:
            if queue[FARS] == 0:
                return -1
            _begin_year(state)
            if state[COUNT] > 0:
                break
            continue
        entries, heads = shorts(state[ENTRIES]), shorts(queue[HEADS])
        clock = np.int64(heads[bucket])
        queue[CURRENT] = bucket
        reals[EDGE] = bucket + 1.0
        heads[bucket] = -1
        integers(queue[OCCUPIED])[bucket >> 6] ^= np.int64(1) << (bucket & 63)
        # The entries of the buckets to come are all over memory; their heads are not.
        prefetch(state[ENTRIES] + 16 * np.int64(heads[bucket + 4]))
        while clock >= 0:
            after = np.int64(entries[4 * clock + WHERE])
            push(state, clock, reals_at(state[ENTRIES])[2 * clock])
            clock = after
        if state[COUNT] > queue[MOST]:
            _too_many(state)
            if state[COUNT] == 0:
                continue
        break
    return np.int64(shorts(state[HEAP_CLOCKS])[0])  # type: ignore[return-value]


@plain
def _link(state: Any, clock: int, bucket: int) -> None:
    """Put a clock into a bucket."""
    queue = integers(state[QUEUE])
    entries, heads = shorts(state[ENTRIES]), shorts(queue[HEADS])
    after = np.int64(heads[bucket])
    entries[4 * clock + WHERE] = after
    entries[4 * clock + STANDS] = -1 - bucket
    if after >= 0:
        entries[4 * after + STANDS] = clock
    integers(queue[OCCUPIED])[bucket >> 6] |= np.int64(1) << (bucket & 63)
    heads[bucket] = clock


@plain
def _put_far(state: Any, clock: int, time: float) -> None:
    queue, reals, entries = integers(state[QUEUE]), reals_at(state[QUEUE]), shorts(state[ENTRIES])
    position = queue[FARS]
    queue[FARS] = position + 1
    shorts(queue[FAR])[position] = clock
    entries[4 * clock + WHERE] = position
    entries[4 * clock + STANDS] = IN_FAR
    if time < reals[FAR_FROM]:
        reals[FAR_FROM] = time


@plain
def _next_bucket(queue: Any) -> int:
    """The next bucket that is not empty; -1 if all are."""
    start = queue[CURRENT] + 1
    if start >= queue[BUCKETS]:
        return -1
    occupied = integers(queue[OCCUPIED])
    word, words = start >> 6, queue[BUCKETS] >> 6
    found = occupied[word] & (np.int64(-1) << (start & 63))
    while found == 0:
        word += 1
        if word == words:
            return -1
        found = occupied[word]
    return (word << 6) + lowest_bit(found)  # type: ignore[no-any-return]


@plain
def _begin_year(state: Any) -> None:
    """All clocks that are set are far: choose an origin and a rate, and put those far clocks into buckets for which there is room."""
    queue, reals, far = integers(state[QUEUE]), reals_at(state[QUEUE]), shorts(integers(state[QUEUE])[FAR])
    number = queue[FARS]
    gap = 0.0
    if number > state[FEW]:
        gap = _gap(state)
    if gap > 0.0:
        _make_buckets(queue, number)
        reals[ORIGIN], reals[RATE] = reals[FAR_FROM], PER_GAP / gap
        reals[EDGE], reals[END] = 0.0, float(queue[BUCKETS])
        queue[CURRENT] = -1
    else:
        # Few clocks, or all at one time.
        reals[ORIGIN], reals[RATE], reals[EDGE], reals[END] = 0.0, 0.0, 1.0, 1.0
        queue[CURRENT] = queue[BUCKETS]
    queue[PATIENCE] = state[FIRED] + number
    queue[MOST] = max(2 * state[FEW], queue[MOST] // 2)
    queue[FARS] = 0
    origin, rate, edge, end = reals[ORIGIN], reals[RATE], reals[EDGE], reals[END]
    reals[FAR_FROM] = math.inf
    times = reals_at(state[ENTRIES])
    for k in range(number):
        prefetch(state[ENTRIES] + 16 * np.int64(far[min(k + 8, number - 1)]))
        clock = np.int64(far[k])
        time = times[2 * clock]
        place = (time - origin) * rate
        if place < edge:
            push(state, clock, time)
        elif place < end:
            _link(state, clock, int(place))
        else:
            _put_far(state, clock, time)
    if state[COUNT] > queue[MOST]:
        queue[MOST] = 2 * state[COUNT]


@plain
def _gap(state: Any) -> float:
    """The time from clock to clock over the first eighth, quarter, half or all of them, whichever is least; 0 if all are at one time."""
    queue = integers(state[QUEUE])
    far, times, sample = shorts(queue[FAR]), reals_at(state[ENTRIES]), reals_at(state[QUEUE] + 8 * SAMPLE)
    number = queue[FARS]
    size = min(MOST_SAMPLED, number, number // 4 + 4)
    for k in range(size):
        time = times[2 * np.int64(far[k * number // size])]
        at = k
        while at > 0 and sample[at - 1] > time:
            sample[at] = sample[at - 1]
            at -= 1
        sample[at] = time
    best, part = math.inf, size
    while part > 1 and 8 * part >= size:
        gap = (sample[part - 1] - sample[0]) / (part - 1) * (size / number)
        if 1e-300 < gap < best:
            best = gap
        part //= 2
    return best if best < 1e300 else 0.0


@plain
def _make_buckets(queue: Any, clocks: int) -> None:
    """Room for a year of so many clocks. All buckets are empty."""
    before, number = queue[BUCKETS], 64
    while number < max(2 * clocks, min(8 * clocks, NEAR_BUCKETS)) and number < MOST_BUCKETS:
        number *= 2
    if number == before:
        return
    # Eight more, so that one may always look ahead.
    queue[HEADS] = reallocate(queue[HEADS], 4 * (number + 8))
    queue[OCCUPIED] = reallocate(queue[OCCUPIED], number >> 3)
    heads, occupied = shorts(queue[HEADS]), integers(queue[OCCUPIED])
    for bucket in range(number + 8):
        heads[bucket] = -1
    for word in range(number >> 6):
        occupied[word] = 0
    queue[BUCKETS] = number


@plain
def _too_many(state: Any) -> None:
    """There are many clocks in the heap. If the year is old there may be more of them than when it began, or denser ones, and a new one begins."""
    queue = integers(state[QUEUE])
    if state[FIRED] < queue[PATIENCE]:
        queue[MOST] = 2 * state[COUNT]
        return
    clocks, times = shorts(state[HEAP_CLOCKS]), reals_at(state[ENTRIES])
    for seat in range(state[COUNT]):
        clock = np.int64(clocks[seat])
        _put_far(state, clock, times[2 * clock])
    state[COUNT] = 0
    entries, heads = shorts(state[ENTRIES]), shorts(queue[HEADS])
    while True:
        bucket = _next_bucket(queue)
        if bucket < 0:
            break
        clock = np.int64(heads[bucket])
        while clock >= 0:
            after = np.int64(entries[4 * clock + WHERE])
            _put_far(state, clock, times[2 * clock])
            clock = after
        heads[bucket] = -1
        integers(queue[OCCUPIED])[bucket >> 6] = integers(queue[OCCUPIED])[bucket >> 6] & ~(np.int64(1) << (bucket & 63))
        queue[CURRENT] = bucket
    _begin_year(state)
