"""Some dozens of clocks in blocks of eight, with the earliest clock of each beside them: the next of all is the earliest of these, and a clock that
is set or dropped is its own block's business. No jump depends on which clock is next.

Between a scan, which takes too long for so many, and buckets (`buckets`), which pay for more. Only for clocks of bindings that have one each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spn.engine.compiled.cells import BLOCKS, ENTRIES, FIRSTS, FIRSTS_CLOCKS, STALE
from spn.engine.compiled.primitives import earliest, inlined, integers, lowest_bit, plain, reallocate, reals_at, shorts, without_lowest_bit

SHIFT, SIZE = 3, 8
"""Clocks of a block."""


@plain
def make_blocks(state: Any) -> None:
    """No clock is set."""
    state[FIRSTS] = reallocate(state[FIRSTS], 8 * state[BLOCKS])
    state[FIRSTS_CLOCKS] = reallocate(state[FIRSTS_CLOCKS], 4 * state[BLOCKS])
    firsts, clocks = reals_at(state[FIRSTS]), shorts(state[FIRSTS_CLOCKS])
    for block in range(state[BLOCKS]):
        firsts[block] = math.inf
        clocks[block] = block << SHIFT
    state[STALE] = 0


@inlined
def note_set(state: Any, clock: int, time: float) -> None:
    """A clock has been set."""
    block = clock >> SHIFT
    if (state[STALE] >> block) & 1 == 0:
        firsts, clocks = reals_at(state[FIRSTS]), shorts(state[FIRSTS_CLOCKS])
        if time <= firsts[block]:
            if time < firsts[block] or clock < clocks[block]:
                firsts[block] = time
                clocks[block] = clock


@inlined
def note_dropped(state: Any, clock: int) -> None:
    """A clock is not set any more: if it was the first of its block, another is, for which it is looked when somebody asks."""
    if np.int64(shorts(state[FIRSTS_CLOCKS])[clock >> SHIFT]) == clock:
        state[STALE] |= 1 << (clock >> SHIFT)


@inlined
def note_fired(state: Any, clock: int) -> None:
    """The same of the first of all."""
    state[STALE] |= 1 << (clock >> SHIFT)


@plain
def _find_first(state: Any, block: int) -> None:
    """Look for the earliest clock of a block."""
    clock, time = earliest(integers(state[ENTRIES] + (block << (SHIFT + 4))), SIZE, 2)
    shorts(state[FIRSTS_CLOCKS])[block] = (block << SHIFT) + clock
    integers(state[FIRSTS])[block] = time


@inlined
def next_of_blocks(state: Any) -> int:
    """The clock that fires next, or one whose time is infinite."""
    stale = state[STALE]
    state[STALE] = 0
    while stale != 0:
        _find_first(state, lowest_bit(stale))
        stale = without_lowest_bit(stale)
    block, _ = earliest(integers(state[FIRSTS]), state[BLOCKS], 1)
    return np.int64(shorts(state[FIRSTS_CLOCKS])[block])  # type: ignore[return-value]
