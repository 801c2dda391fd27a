"""The clocks of bindings that may have several: a list for each binding in the order of starting, and frozen ones. Delays are drawn elsewhere.

A binding's list is the address of four cells: oldest node, youngest node, their number, the node frozen last. A node is eight cells (see
`schedulers`); its clock is `state[STATIC]` and its number. Nodes and all that goes by clock grow when there are more clocks than ever before.
"""

from __future__ import annotations

import math
from typing import Any

from spn.engine.compiled.blocks import make_blocks
from spn.engine.compiled.buckets import free_queue, make_queue
from spn.engine.compiled.cells import (
    BLOCKS,
    CAPACITY,
    COUNT,
    ENTRIES,
    EPOCH,
    FIRING,
    FOUND,
    FREE,
    HEAP_CLOCKS,
    HEAP_TIMES,
    MODE,
    NODE,
    NODES,
    STARTED,
    STATIC,
    WORK,
)
from spn.engine.compiled.primitives import integers, plain, reallocate, reals_at, release
from spn.engine.compiled.schedulers import BEYOND, drop_clock, is_set, set_clock, time_of


@plain
def make_clocks(state: Any, capacity: int) -> None:
    """Room for so many nodes, and for the clocks of all bindings."""
    before, static = state[CAPACITY], state[STATIC]
    clocks = static + capacity
    first = 0 if before < 0 else static + before
    # A few more are looked at than there may be.
    room = max(clocks, state[COUNT]) + BEYOND
    state[ENTRIES] = reallocate(state[ENTRIES], 16 * room)
    times = reals_at(state[ENTRIES])
    for clock in range(first, room):
        times[2 * clock] = math.inf
    if capacity > 0:
        state[NODE] = reallocate(state[NODE], 64 * capacity)
    if state[BLOCKS] != 0:
        make_blocks(state)
    elif state[MODE] != 0:
        # Only what is used of these takes memory.
        state[HEAP_TIMES] = reallocate(state[HEAP_TIMES], 8 * (clocks + 1))
        state[HEAP_CLOCKS] = reallocate(state[HEAP_CLOCKS], 4 * (clocks + 1))
        make_queue(state, clocks + 1)
    state[CAPACITY] = capacity


@plain
def free_clocks(state: Any) -> None:
    """Give the memory back."""
    if state[ENTRIES] != 0:
        release(state[ENTRIES])
    release(state[HEAP_TIMES])
    release(state[HEAP_CLOCKS])
    release(state[NODE])
    state[ENTRIES], state[HEAP_TIMES], state[HEAP_CLOCKS], state[NODE] = 0, 0, 0, 0
    free_queue(state)


@plain
def _new_node(state: Any) -> int:
    node = state[FREE]
    if node >= 0:
        state[FREE] = integers(state[NODE])[8 * node + 1]
        return node
    if state[NODES] == state[CAPACITY]:
        make_clocks(state, 2 * state[CAPACITY] + 16)
    state[NODES] += 1
    return state[NODES] - 1


@plain
def append_clock(state: Any, list: int, slot: int, time: float) -> None:
    """One more clock for a binding."""
    node = _new_node(state)
    cells = integers(state[NODE])
    at = 8 * node
    ends = integers(list)
    youngest = ends[1]
    state[STARTED] += 1
    cells[at], cells[at + 1], cells[at + 2], cells[at + 3] = slot, youngest, -1, state[STARTED]
    cells[at + 4], cells[at + 7] = state[EPOCH], list
    if youngest >= 0:
        cells[8 * youngest + 2] = node
    else:
        ends[0] = node
    ends[1] = node
    ends[2] += 1
    set_clock(state, state[STATIC] + node, time)


@plain
def unlink(state: Any, node: int) -> int:
    """Take a clock from its binding's list; the binding's slot. The node is not free yet."""
    cells = integers(state[NODE])
    at = 8 * node
    older, younger = cells[at + 1], cells[at + 2]
    ends = integers(cells[at + 7])
    if older >= 0:
        cells[8 * older + 2] = younger
    else:
        ends[0] = younger
    if younger >= 0:
        cells[8 * younger + 1] = older
    else:
        ends[1] = older
    ends[2] -= 1
    return cells[at]


@plain
def use_up(state: Any, clock: int) -> int:
    """The clock fires; the slot of its binding."""
    node = clock - state[STATIC]
    slot = unlink(state, node)
    state[FIRING] = integers(state[NODE])[8 * node + 7]
    integers(state[NODE])[8 * node + 1] = state[FREE]
    state[FREE] = node
    return slot


@plain
def lose_youngest(state: Any, values: Any, list: int, freeze: bool, rate: float) -> None:
    """A binding loses the clock that was started last; with `freeze` it is kept with the time it has left."""
    ends = integers(list)
    node = ends[1]
    clock = state[STATIC] + node
    time = time_of(state, clock)
    drop_clock(state, clock)
    unlink(state, node)
    cells = integers(state[NODE])
    if freeze:
        reals_at(state[NODE])[8 * node + 5] = time - values[0] if time < 1.7976931348623157e308 else math.inf
        reals_at(state[NODE])[8 * node + 6] = rate
        cells[8 * node + 1] = ends[3]
        ends[3] = node
    else:
        cells[8 * node + 1] = state[FREE]
        state[FREE] = node


@plain
def thaw(state: Any, list: int, rate: float) -> float:
    """The time that the clock frozen last has left, if it was drawn with the same rate; else -1. It is frozen no more."""
    ends = integers(list)
    node = ends[3]
    if node < 0:
        return -1.0
    cells = integers(state[NODE])
    left = reals_at(state[NODE])[8 * node + 5]
    if reals_at(state[NODE])[8 * node + 6] != rate:
        left = -1.0
    ends[3] = cells[8 * node + 1]
    cells[8 * node + 1] = state[FREE]
    state[FREE] = node
    return left


@plain
def restart(state: Any, node: int, time: float) -> None:
    """A clock is drawn anew and keeps its place in the list."""
    cells = integers(state[NODE])
    state[STARTED] += 1
    cells[8 * node + 3], cells[8 * node + 4] = state[STARTED], state[EPOCH]
    set_clock(state, state[STATIC] + node, time)


@plain
def note_take(state: Any, count: int, cell: int, number: int, total: int) -> int:
    """Enter in the list of takes that `number` tokens of a cell are taken; how many entries there are now."""
    if number == 0:
        return count
    if count >= state[WORK + 20]:
        state[WORK + 20] = 2 * count + 64
        state[WORK] = reallocate(state[WORK], 24 * state[WORK + 20])
    work = integers(state[WORK])
    work[3 * count], work[3 * count + 1], work[3 * count + 2] = cell, number, total
    return count + 1


@plain
def taken_of(state: Any, count: int, cell: int, whole: int) -> int:
    """How many tokens of a cell (`whole`: of an element) the entries take."""
    work = integers(state[WORK])
    found = 0
    for k in range(count):
        if work[3 * k + 2 * whole] == cell:
            found += work[3 * k + 1]
    return found


@plain
def degree_of_takes(state: Any, tokens: Any, count: int, limit: int) -> int:
    """How often the entries can be taken all together."""
    work = integers(state[WORK])
    degree = limit if count > 0 else min(limit, 1)
    for k in range(count):
        need = taken_of(state, count, work[3 * k], 0)
        degree = min(degree, tokens[work[3 * k]] // need)
    return degree


# Clocks that were started on another engine.


@plain
def adopt_clocks(state: Any, rows: int, count: int) -> None:
    """Set clocks that were started elsewhere. A row: 0 for a binding's only clock, 1 for the first of a list, 2 for the next one of it; the clock or
    the address of the list; its time; birth and epoch of one in a list.
    """
    cells, times = integers(rows), reals_at(rows)
    node = -1
    for at in range(0, 5 * count, 5):
        clock = cells[at + 1]
        if cells[at] > 0:
            node = integers(clock)[0] if cells[at] == 1 else integers(state[NODE])[8 * node + 2]
            integers(state[NODE])[8 * node + 3], integers(state[NODE])[8 * node + 4] = cells[at + 3], cells[at + 4]
            clock = state[STATIC] + node
        if is_set(state, clock):
            drop_clock(state, clock)
        set_clock(state, clock, times[at + 2])


@plain
def adopt_frozen(state: Any, values: Any, rows: int, count: int) -> None:
    """Make frozen clocks, the one frozen last being the last. A row: address of the list, slot, time left, rate."""
    cells, reals = integers(rows), reals_at(rows)
    for at in range(0, 4 * count, 4):
        list = cells[at]
        append_clock(state, list, cells[at + 1], math.inf)
        lose_youngest(state, values, list, True, reals[at + 3])
        reals_at(state[NODE])[8 * integers(list)[3] + 5] = reals[at + 2]


# Immediate bindings: for each priority a sorted list of the enabled ones.


@plain
def enter(state: Any, values: Any, level: int, first: int, flags: int, weights: int, slot: int, weight: float) -> None:
    """An immediate binding is enabled."""
    values[weights + slot] = weight
    if state[flags + slot] != 0:
        return
    state[flags + slot] = 1
    seat = state[level]
    while seat > 0 and state[first + seat - 1] > slot:
        state[first + seat] = state[first + seat - 1]
        seat -= 1
    state[first + seat] = slot
    state[level] += 1
    state[3] += 1


@plain
def leave(state: Any, level: int, first: int, flags: int, slot: int) -> None:
    """An immediate binding that was enabled is so no more."""
    state[flags + slot] = 0
    low, high = 0, state[level] - 1
    while low < high:
        middle = (low + high) // 2
        if state[first + middle] < slot:
            low = middle + 1
        else:
            high = middle
    for seat in range(low, state[level] - 1):
        state[first + seat] = state[first + seat + 1]
    state[level] -= 1
    state[3] -= 1


@plain
def choose(rng: Any, state: Any, values: Any, level: int, first: int, weights: int) -> int:
    """Which of several enabled immediate bindings of one priority fires: by weight, with one draw, sums from left to right."""
    total = 0.0
    for seat in range(state[level]):
        total += values[weights + state[first + seat]]
    threshold = rng.random() * total
    upto = 0.0
    for seat in range(state[level]):
        upto += values[weights + state[first + seat]]
        if threshold < upto:
            return state[first + seat]
    return state[first + state[level] - 1]


@plain
def sort_unique(state: Any, count: int) -> int:
    """Sort the first `count` cells of the list of indices found, and drop what occurs twice; how many are left."""
    work = integers(state[FOUND])
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, count):
            value, at = work[k], k
            while at >= gap and work[at - gap] > value:
                work[at] = work[at - gap]
                at -= gap
            work[at] = value
        gap //= 3
    kept = 0
    for k in range(count):
        if kept == 0 or work[kept - 1] != work[k]:
            work[kept] = work[k]
            kept += 1
    return kept


@plain
def note(state: Any, count: int, value: int) -> int:
    """Append to the list of indices found."""
    if count >= state[FOUND + 1]:
        state[FOUND + 1] = 2 * count + 64
        state[FOUND] = reallocate(state[FOUND], 8 * state[FOUND + 1])
    integers(state[FOUND])[count] = value
    return count + 1


@plain
def servings(tokens: Any, total: int, colours: int, number: int) -> int:
    """How often `number` tokens of one colour, whichever it is, can be taken."""
    found = 0
    for colour in range(colours):
        found += tokens[total + 1 + colour] // number
    return found


@plain
def time_left(state: Any, values: Any, clock: int) -> float:
    """How long a clock that is set has to go."""
    time = time_of(state, clock)
    return time - values[0] if time < 1.7976931348623157e308 else math.inf


@plain
def keep_value(state: Any, at: int, value: float) -> None:
    """Append a tallied value to those kept: address, number, room from cell `at` on."""
    if state[at + 1] == state[at + 2]:
        state[at + 2] = 2 * state[at + 2] + 1024
        state[at] = reallocate(state[at], 8 * state[at + 2])
    reals_at(state[at])[state[at + 1]] = value
    state[at + 1] += 1
