"""Clocks in buckets by time, so that setting one of many takes as long as setting one of few. Those due soon are in the heap of `heap`.

A calendar queue (R. Brown, Commun. ACM 31, 1988) whose days are not sorted but put into a heap when they come (as the bottom of a ladder queue:
W. T. Tang, R. S. M. Goh, I. L.-J. Thng, ACM Trans. Model. Comput. Simul. 15, 2005). A time's place is ``(time - origin) * rate``: below `EDGE` it
is in the heap, below `END`, a year later, in the bucket of that number modulo the buckets of a year, else far. The place never falls as time grows,
so that the first clock of the heap is the first of all, and equal times are always in the same place: their order is the heap's alone. When a year
is over, those far clocks that are due in the next one are put into buckets. If a year brought too few clocks or too many, or far clocks abound,
all clocks are arranged anew: another origin, another rate, another number of buckets.

Where there are so many buckets that they are not near the processor, clocks that are not due soon are put aside, and put into their buckets some
at a time: the memory that this needs has come by then.

Whatever the times are, a firing takes at most the time of a heap: a bucket that is too full only makes the heap larger. Arranging looks at all
clocks, but the rate is such that the year which follows has an eighth of them at least.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.cells import AHEAD, COUNT, ENTRIES, FEW, FIRED, HEAP_CLOCKS, HOLE, QUEUE
from spn.engine.compiled.heap import IN_HEAP, STANDS, WHERE, push, put_root
from spn.engine.compiled.primitives import (
    apart,
    inlined,
    integers,
    lowest_bit,
    plain,
    prefetch,
    rare,
    reallocate,
    reals_at,
    release,
    shorts,
    unlikely,
    without_lowest_bit,
)

# The cells at state[QUEUE]. Reals: the place of a time, the places where buckets begin and end, a time before which no far clock fires, the
# place where this year began, the place from which on clocks are put aside, and the first place of those that are.
ORIGIN, RATE, EDGE, END, FAR_FROM, YEAR, ASIDE, URGENT = range(8)
# Integers: the bucket of the year that is looked at next, the number of buckets, addresses of each bucket's first clock and of a bit for each that is
# not empty, address and number of the far clocks, how many clocks in the heap are too many, and how many firings there must have been before
# all are arranged anew because of that; how many clocks this year has put into the heap, and how many are put aside; which word of bits is being
# looked at, and those of its bits whose buckets are still to come. (They are not in memory with the others, so that who looks for the next bucket
# need not wait until it is known where the newest clock goes.)
NEXT, BUCKETS, HEADS, OCCUPIED, FAR, FARS, MOST, PATIENCE, TAKEN, PUT_ASIDE, WORD, REST = range(8, 20)
SAMPLE = 20
"""From this cell on there is room for a sample of times, then for the clocks that are put aside (32-bit integers)."""

MOST_SAMPLED, MOST_ASIDE = 256, 16
LIST = SAMPLE + MOST_SAMPLED
QUEUE_CELLS = LIST + MOST_ASIDE // 2

IN_FAR, IS_ASIDE = IN_HEAP + 1, IN_HEAP + 2
"""What `STANDS` says of a far clock, of which `WHERE` is the position, and of one that is put aside, of which it is the bucket. In a bucket `WHERE`
is the next clock (-1: none), and `STANDS` the one before, or -1 - the bucket for the first, and for those behind it of which nobody has asked yet:
the clocks that do not know the one before them are the first ones of their bucket, back to one that does."""

SPARSE = 0x100
"""Up to so many clocks have buckets of their own more often, for those are near the processor all the same: measured, as the next four."""

PER_GAP, PER_GAP_OF_SPARSE = 2.0, 4.0
"""So many buckets for each clock, where clocks are densest. Most buckets then have one clock or none."""

SMALL_YEAR, NEAR_YEAR, MOST_BUCKETS = 0x1000, 0x8000, 0x4000000
"""A year has eight buckets for each clock (for sparse ones sixteen) up to the first of these, so that hardly a clock is far; four up to the second;
of more only two."""

NEAR_BUCKETS, SOON = 0x4000, 0x400
"""So many buckets are near the processor. In a year of more, clocks are put aside whose place is at least `SOON` buckets further."""

LAST_YEAR = 1e13
"""Places beyond this are told apart by too few bits."""


@plain
def make_queue(state: Any, clocks: int) -> None:
    """Room for so many clocks, all of which will be far until the first is asked for."""
    if state[QUEUE] == 0:
        state[QUEUE] = reallocate(0, 8 * QUEUE_CELLS)
        queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
        reals[ORIGIN], reals[RATE], reals[EDGE], reals[END], reals[FAR_FROM], reals[YEAR] = 0.0, 0.0, 0.0, 0.0, math.inf, 0.0
        queue[BUCKETS], queue[HEADS], queue[OCCUPIED], queue[FAR], queue[FARS] = 0, 0, 0, 0, 0
        queue[MOST], queue[PATIENCE], queue[TAKEN] = 2 * state[FEW], 0, 0
        queue[PUT_ASIDE], reals[URGENT], reals[ASIDE] = 0, math.inf, 0.0
        _make_buckets(queue, 0)
        queue[NEXT], queue[WORD], queue[REST] = queue[BUCKETS], queue[BUCKETS] >> 6, 0
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
    """A clock that is not set shall fire at `time`. What is less usual is apart, so that nothing is kept on the stack for it."""
    reals_at(state[ENTRIES])[2 * clock] = time
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    place = (time - reals[ORIGIN]) * reals[RATE]
    if place < reals[EDGE]:
        if state[HOLE] != 0 and state[COUNT] == 1:
            state[HOLE] = 0
            put_root(state, clock, time)
        else:
            _set_soon(state, clock, time)
    elif place < reals[ASIDE]:
        _link(state, clock, int(place) & (queue[BUCKETS] - 1))
    else:
        _set_late(state, clock, time, place)


@apart
def _set_soon(state: Any, clock: int, time: float) -> None:
    """A clock goes into the heap."""
    push(state, clock, time)
    if unlikely(state[COUNT] > integers(state[QUEUE])[MOST]):
        _too_many(state)


@apart
def _set_late(state: Any, clock: int, time: float, place: float) -> None:
    """A clock is not put into a bucket, or not yet."""
    if place < reals_at(state[QUEUE])[END]:
        _put_aside(state, clock, place)
    else:
        _put_far(state, clock, time)


@plain
def _put_aside(state: Any, clock: int, place: float) -> None:
    """A clock shall be put into its bucket later, which is asked for now."""
    queue, reals, entries = integers(state[QUEUE]), reals_at(state[QUEUE]), shorts(state[ENTRIES])
    bucket = int(place) & (queue[BUCKETS] - 1)
    prefetch(queue[HEADS] + 4 * bucket)
    position = queue[PUT_ASIDE]
    queue[PUT_ASIDE] = position + 1
    reals[URGENT] = min(reals[URGENT], place)
    entries[4 * clock + WHERE] = bucket
    entries[4 * clock + STANDS] = IS_ASIDE
    shorts(state[QUEUE] + 8 * LIST)[position] = clock
    if unlikely(position == MOST_ASIDE - 1):
        _link_aside(state)


@plain
def _link_aside(state: Any) -> None:
    """Put the clocks that are put aside into their buckets."""
    queue, entries, aside = integers(state[QUEUE]), shorts(state[ENTRIES]), shorts(state[QUEUE] + 8 * LIST)
    for k in range(queue[PUT_ASIDE]):
        clock = np.int64(aside[k])
        _link(state, clock, np.int64(entries[4 * clock + WHERE]))
    queue[PUT_ASIDE] = 0
    reals_at(state[QUEUE])[URGENT] = math.inf


@plain
def queue_drop(state: Any, clock: int) -> None:
    """A clock that is in a bucket or far shall not fire."""
    entries = shorts(state[ENTRIES])
    where, stands = np.int64(entries[4 * clock + WHERE]), np.int64(entries[4 * clock + STANDS])
    queue = integers(state[QUEUE])
    if stands == IS_ASIDE:
        _link_aside(state)
        where, stands = np.int64(entries[4 * clock + WHERE]), np.int64(entries[4 * clock + STANDS])
    if stands == IN_FAR:
        far = shorts(queue[FAR])
        queue[FARS] -= 1
        last = np.int64(far[queue[FARS]])
        far[where] = last
        entries[4 * last + WHERE] = where
        return
    if stands < 0:
        bucket = -1 - stands
        if np.int64(shorts(queue[HEADS])[bucket]) == clock:
            shorts(queue[HEADS])[bucket] = where
            if where >= 0:
                entries[4 * where + STANDS] = stands
            elif bucket >> 6 == queue[WORD] and bucket >= queue[NEXT]:
                queue[REST] ^= np.int64(1) << (bucket & 63)
            else:
                integers(queue[OCCUPIED])[bucket >> 6] ^= np.int64(1) << (bucket & 63)
            return
        _tell_before(entries, np.int64(shorts(queue[HEADS])[bucket]))
        stands = np.int64(entries[4 * clock + STANDS])
    entries[4 * stands + WHERE] = where
    if where >= 0:
        entries[4 * where + STANDS] = stands


@plain
def _tell_before(entries: Any, first: int) -> None:
    """Tell the clocks of a bucket the one before them, until one that knows it: each is told once, however many there are."""
    before = np.int64(first)
    clock = np.int64(entries[4 * before + WHERE])
    while clock >= 0 and np.int64(entries[4 * clock + STANDS]) < 0:
        entries[4 * clock + STANDS] = before
        before = clock
        clock = np.int64(entries[4 * clock + WHERE])


@plain
def advance(state: Any) -> int:
    """The heap is empty: put the next bucket into it, which mostly has one clock. The clock that fires next; -1 if none is set."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    found = queue[REST]
    if found != 0:
        bucket = (queue[WORD] << 6) + lowest_bit(found)
        clock = np.int64(shorts(queue[HEADS])[bucket])
        if np.int64(shorts(state[ENTRIES])[4 * clock + WHERE]) < 0 and reals[YEAR] + (bucket + 1) <= reals[URGENT]:
            _open(state, bucket)
            put_root(state, clock, reals_at(state[ENTRIES])[2 * clock])
            queue[TAKEN] += 1
            return clock  # type: ignore[return-value]
    return _advance_further(state)  # type: ignore[no-any-return]


@apart
def _advance_further(state: Any) -> int:
    """The same, whatever comes next."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    while True:
        word, found = queue[WORD], queue[REST]
        occupied, words = integers(queue[OCCUPIED]), queue[BUCKETS] >> 6
        while found == 0 and word < words:
            word += 1
            found = occupied[word]
        if unlikely(found == 0):
            if queue[PUT_ASIDE] > 0:
                _link_aside(state)
                continue
            if not _new_year(state):
                return -1
            if state[COUNT] > 0:
                break
            continue
        bucket = (word << 6) + lowest_bit(found)
        if unlikely(reals[YEAR] + (bucket + 1) > reals[URGENT]):
            _link_aside(state)
            continue
        if word != queue[WORD]:
            queue[WORD], queue[REST] = word, found
            occupied[word] = 0
        clock = np.int64(shorts(queue[HEADS])[bucket])
        _open(state, bucket)
        taken = 0
        while clock >= 0:
            after = np.int64(shorts(state[ENTRIES])[4 * clock + WHERE])
            time = reals_at(state[ENTRIES])[2 * clock]
            if taken == 0:
                put_root(state, clock, time)
            else:
                push(state, clock, time)
            taken += 1
            clock = after
        queue[TAKEN] += taken
        if unlikely(taken > queue[MOST]):
            _too_many(state)
            if state[COUNT] == 0:
                continue
        break
    return np.int64(shorts(state[HEAP_CLOCKS])[0])  # type: ignore[return-value]


@inlined
def _open(state: Any, bucket: int) -> None:
    """A bucket's turn has come."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    shorts(queue[HEADS])[bucket] = -1
    rest = without_lowest_bit(queue[REST])
    queue[REST], queue[NEXT] = rest, bucket + 1
    edge = reals[YEAR] + (bucket + 1)
    reals[EDGE] = edge
    reals[END] = edge + queue[BUCKETS]
    if queue[BUCKETS] > NEAR_BUCKETS:
        reals[ASIDE] = edge + SOON
        _look_ahead(state, bucket >> 6, rest)
    else:
        reals[ASIDE] = edge + queue[BUCKETS]


@plain
def _look_ahead(state: Any, word: int, others: int) -> None:
    """The entries of buckets to come are all over memory, but their heads are not: that of the one after the next is brought near."""
    queue = integers(state[QUEUE])
    further = without_lowest_bit(others)
    if unlikely(further == 0):
        word += 1
        further = integers(queue[OCCUPIED])[word]
        if others == 0:
            further = without_lowest_bit(further)
        if further == 0:
            return
    clock = np.int64(shorts(queue[HEADS])[(word << 6) + lowest_bit(further)])
    prefetch(state[ENTRIES] + 16 * clock)
    state[AHEAD] = clock


@plain
def _link(state: Any, clock: int, bucket: int) -> None:
    """Put a clock into a bucket."""
    queue = integers(state[QUEUE])
    entries, heads = shorts(state[ENTRIES]), shorts(queue[HEADS])
    entries[4 * clock + WHERE] = np.int64(heads[bucket])
    entries[4 * clock + STANDS] = -1 - bucket
    if unlikely(bucket >> 6 == queue[WORD] and bucket >= queue[NEXT]):
        queue[REST] |= np.int64(1) << (bucket & 63)
    else:
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


@rare
def _new_year(state: Any) -> bool:
    """The year is over and the heap empty: begin the next one, or arrange all anew. False if no clock is set."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    number, taken = queue[BUCKETS], queue[TAKEN]
    dense = taken > 2 * number and state[FIRED] >= queue[PATIENCE]
    if 8 * taken < number or dense or queue[FARS] > number or reals[YEAR] > LAST_YEAR:
        _gather(state)
        if queue[FARS] == 0:
            return False
        _arrange(state)
        return True
    queue[TAKEN], queue[NEXT], queue[WORD], queue[REST] = 0, 0, -1, 0
    reals[YEAR] += number
    reals[EDGE] = reals[YEAR]
    reals[END], reals[ASIDE] = reals[YEAR] + number, reals[YEAR] + number
    if (reals[FAR_FROM] - reals[ORIGIN]) * reals[RATE] < reals[END]:
        _place_far(state)
    return True


@rare
def _place_far(state: Any) -> None:
    """Put each far clock where it belongs."""
    queue, reals, far = integers(state[QUEUE]), reals_at(state[QUEUE]), shorts(integers(state[QUEUE])[FAR])
    number = queue[FARS]
    queue[FARS] = 0
    reals[FAR_FROM] = math.inf
    origin, rate, edge, end, last = reals[ORIGIN], reals[RATE], reals[EDGE], reals[END], queue[BUCKETS] - 1
    times = reals_at(state[ENTRIES])
    for k in range(number):
        prefetch(state[ENTRIES] + 16 * np.int64(far[min(k + 8, number - 1)]))
        clock = np.int64(far[k])
        time = times[2 * clock]
        place = (time - origin) * rate
        if place < edge:
            push(state, clock, time)
        elif place < end:
            _link(state, clock, int(place) & last)
        else:
            _put_far(state, clock, time)


@rare
def _gather(state: Any) -> None:
    """Make all clocks far."""
    queue = integers(state[QUEUE])
    _link_aside(state)
    clocks, times = shorts(state[HEAP_CLOCKS]), reals_at(state[ENTRIES])
    for seat in range(state[COUNT]):
        clock = np.int64(clocks[seat])
        _put_far(state, clock, times[2 * clock])
    state[COUNT] = 0
    entries, heads, occupied = shorts(state[ENTRIES]), shorts(queue[HEADS]), integers(queue[OCCUPIED])
    if queue[REST] != 0:
        occupied[queue[WORD]] |= queue[REST]
        queue[REST] = 0
    for word in range(queue[BUCKETS] >> 6):
        while occupied[word] != 0:
            bucket = (word << 6) + lowest_bit(occupied[word])
            occupied[word] ^= np.int64(1) << (bucket & 63)
            clock = np.int64(heads[bucket])
            heads[bucket] = -1
            while clock >= 0:
                after = np.int64(entries[4 * clock + WHERE])
                _put_far(state, clock, times[2 * clock])
                clock = after


@rare
def _arrange(state: Any) -> None:
    """All clocks that are set are far: choose an origin, a rate and a number of buckets."""
    queue, reals = integers(state[QUEUE]), reals_at(state[QUEUE])
    number = queue[FARS]
    gap = 0.0
    if number > state[FEW]:
        gap = _gap(state)
    reals[YEAR], queue[TAKEN] = 0.0, 0
    if gap > 0.0:
        _make_buckets(queue, number)
        reals[ORIGIN], reals[RATE] = reals[FAR_FROM], (PER_GAP_OF_SPARSE if number <= SPARSE else PER_GAP) / gap
        reals[EDGE], reals[END], reals[ASIDE] = 0.0, float(queue[BUCKETS]), float(queue[BUCKETS])
        queue[NEXT], queue[WORD] = 0, -1
    else:
        # Few clocks, or all at one time.
        reals[ORIGIN], reals[RATE], reals[EDGE], reals[END], reals[ASIDE] = 0.0, 0.0, 1.0, 1.0, 1.0
        queue[NEXT], queue[WORD] = queue[BUCKETS], queue[BUCKETS] >> 6
    queue[PATIENCE] = state[FIRED] + number
    queue[MOST] = max(2 * state[FEW], queue[MOST] // 2)
    _place_far(state)
    if state[COUNT] > queue[MOST]:
        queue[MOST] = 2 * state[COUNT]


@rare
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


@rare
def _make_buckets(queue: Any, clocks: int) -> None:
    """Room for a year of so many clocks. All buckets are empty."""
    before, number = queue[BUCKETS], 64
    near = 16 * clocks if clocks <= SPARSE else min(8 * clocks, SMALL_YEAR)
    while number < max(2 * clocks, min(4 * clocks, NEAR_YEAR), near) and number < MOST_BUCKETS:
        number *= 2
    if number == before:
        return
    # Two words more, so that one may always look ahead.
    queue[HEADS] = reallocate(queue[HEADS], 4 * number)
    queue[OCCUPIED] = reallocate(queue[OCCUPIED], (number >> 3) + 16)
    heads, occupied = shorts(queue[HEADS]), integers(queue[OCCUPIED])
    for bucket in range(number):
        heads[bucket] = -1
    for word in range((number >> 6) + 2):
        occupied[word] = 0
    queue[BUCKETS] = number


@rare
def _too_many(state: Any) -> None:
    """There are many clocks in the heap. If it is long that all were arranged, there may be more of them now, or denser ones: so again."""
    queue = integers(state[QUEUE])
    if state[FIRED] < queue[PATIENCE]:
        queue[MOST] = 2 * state[COUNT]
        return
    _gather(state)
    _arrange(state)
