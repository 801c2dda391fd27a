"""Bindings that are found by enumeration: what the arcs have chosen so far, and a record for each binding that is enabled or has frozen clocks.

While the arcs of an index are served one after another their choices stand on a stack of *frames*. A binding that is found is kept as a record,
found again by its values in the class's table (three cells of `state`: address of the heads of chains, their number, the number of records). A
record starts with the list of its clocks, as `servers` has them. The records of an index that are enabled hang together in the order of bindings.
"""

from __future__ import annotations

from typing import Any

from spn.engine.compiled.bags import entry_at, hash_of, in_order
from spn.engine.compiled.cells import ENABLED, FIRING, FRAMES, KEY, LEFT, LISTED, ORDERS
from spn.engine.compiled.primitives import inlined, integers, plain, reallocate, reals_at, release
from spn.engine.compiled.records import (
    AFTER,
    ARC,
    ARRIVED,
    BAG,
    BEFORE,
    BY_VALUE,
    DOUBLES,
    ELEMENT,
    ENTRY,
    FRAME,
    KEYED,
    LINKED,
    NEXT_IN_CHAIN,
    NUMBER,
    ORDERED_BY,
    PLACE,
    PRESENT,
    RATE_OF,
    ROOM_OF,
    TAKE,
    TAKE_ARC,
    TAKE_ELEMENT,
    TAKE_NUMBER,
    TAKE_WHAT,
    TAKEN,
    TAKES,
    TAKING,
    VALUES,
    WHAT,
    WIDTH,
)
from spn.engine.compiled.schedulers import drop_clock, set_clock, time_of


@inlined
def room_for(state: Any, cell: int, cells: int) -> int:
    """The address of a list that grows (its address and room stand in `cell` and the next one), with room for so many cells."""
    if cells > state[cell + 1]:
        state[cell + 1] = 2 * cells + 64
        state[cell] = reallocate(state[cell], 8 * state[cell + 1])
    return state[cell]


@inlined
def frame_at(state: Any, depth: int) -> int:
    """The address of a frame."""
    return room_for(state, FRAMES, FRAME * (depth + 1)) + 8 * FRAME * depth


@plain
def taken_there(state: Any, depth: int, place: int, element: int) -> int:
    """How many tokens of an element the arcs served so far take."""
    found, cells = 0, integers(state[FRAMES])
    for k in range(0, FRAME * depth, FRAME):
        if cells[k + PLACE] == place and cells[k + ELEMENT] == element and cells[k + TAKING] != 0:
            found += cells[k + NUMBER]
    return found


@plain
def taken_like(state: Any, depth: int, place: int, element: int, what: int) -> int:
    """How many of an entry or colour they take."""
    found, cells = 0, integers(state[FRAMES])
    for k in range(0, FRAME * depth, FRAME):
        if cells[k + PLACE] == place and cells[k + WHAT] == what and cells[k + ELEMENT] == element and cells[k + TAKING] != 0:
            found += cells[k + NUMBER]
    return found


@plain
def degree_of_frames(state: Any, depth: int) -> int:
    """How often all that is chosen can be taken together, where the values say which tokens; 1 if nothing is taken."""
    cells = integers(state[FRAMES])
    degree = -1
    for k in range(0, FRAME * depth, FRAME):
        if cells[k + TAKING] != 0 and cells[k + NUMBER] != 0:
            need = taken_like(state, depth, cells[k + PLACE], cells[k + ELEMENT], cells[k + WHAT])
            often = cells[k + PRESENT] // need
            degree = often if degree < 0 or often < degree else degree
    return degree if degree >= 0 else 1


@plain
def find_binding(state: Any, table: int, width: int) -> int:
    """The record with the values that stand at KEY, or 0."""
    if state[table + 2] == 0:
        return 0
    wanted = integers(state[KEY])
    binding = integers(state[table])[hash_of(state[KEY], width) & (state[table + 1] - 1)]
    while binding != 0:
        cells = integers(binding)
        same = 0
        while same < width and cells[VALUES + same] == wanted[same]:
            same += 1
        if same == width:
            return binding
        binding = cells[NEXT_IN_CHAIN]
    return 0


@plain
def _make_heads(state: Any, table: int, width: int, room: int) -> None:
    heads = reallocate(0, 8 * room)
    for k in range(room):
        integers(heads)[k] = 0
    for k in range(state[table + 1]):
        binding = integers(state[table])[k]
        while binding != 0:
            cells = integers(binding)
            following = cells[NEXT_IN_CHAIN]
            head = hash_of(binding + 8 * VALUES, width) & (room - 1)
            cells[NEXT_IN_CHAIN] = integers(heads)[head]
            integers(heads)[head] = binding
            binding = following
    if state[table + 1] != 0:
        release(state[table])
    state[table], state[table + 1] = heads, room


@plain
def new_binding(state: Any, table: int, width: int) -> int:
    """A record for the values that stand at KEY."""
    if state[table + 2] == state[table + 1]:
        _make_heads(state, table, width, max(4, 2 * state[table + 1]))
    binding = reallocate(0, 8 * (VALUES + width))
    cells = integers(binding)
    cells[0], cells[1], cells[2], cells[3] = -1, -1, 0, -1
    for k in range(TAKES, VALUES):
        cells[k] = 0
    for k in range(width):
        cells[VALUES + k] = integers(state[KEY])[k]
    reals_at(binding)[RATE_OF] = -1.0
    head = hash_of(state[KEY], width) & (state[table + 1] - 1)
    cells[NEXT_IN_CHAIN] = integers(state[table])[head]
    integers(state[table])[head] = binding
    state[table + 2] += 1
    return binding


@plain
def forget_binding(state: Any, table: int, width: int, binding: int) -> None:
    """A record goes; it has no clocks."""
    heads, cells = integers(state[table]), integers(binding)
    head = hash_of(binding + 8 * VALUES, width) & (state[table + 1] - 1)
    if heads[head] == binding:
        heads[head] = cells[NEXT_IN_CHAIN]
    else:
        before = heads[head]
        while integers(before)[NEXT_IN_CHAIN] != binding:
            before = integers(before)[NEXT_IN_CHAIN]
        integers(before)[NEXT_IN_CHAIN] = cells[NEXT_IN_CHAIN]
    release(cells[TAKES])
    release(binding)
    state[table + 2] -= 1
    if 8 * state[table + 2] < state[table + 1] and state[table + 1] > 64:
        _make_heads(state, table, width, state[table + 1] // 4)


@plain
def forget_all(state: Any, table: int) -> None:
    """All records of a class go."""
    for k in range(state[table + 1]):
        binding = integers(state[table])[k]
        while binding != 0:
            following = integers(binding)[NEXT_IN_CHAIN]
            release(integers(binding)[TAKES])
            release(binding)
            binding = following
    if state[table + 1] != 0:
        release(state[table])
    state[table], state[table + 1], state[table + 2] = 0, 0, 0


@plain
def _write_order(state: Any, depth: int) -> int:
    """The choices as a list of integers that goes up with the order of bindings: for each arc its place and its key. How many there are."""
    count = 0
    for level in range(depth):
        frame = integers(frame_at(state, level))
        if frame[NUMBER] == 0:
            continue
        bag = frame[BAG]
        width = state[bag + WIDTH] if bag >= 0 else 1
        order = integers(room_for(state, ORDERS, count + width + 3))
        order[count], order[count + 1] = frame[PLACE], frame[KEYED]
        count += 2
        if frame[KEYED] == 0:
            continue
        if bag < 0:
            order[count] = frame[WHAT]
            count += 1
            continue
        entry = integers(entry_at(state, bag, frame[WHAT]))
        if state[bag + BY_VALUE] == 0:
            order[count] = entry[ARRIVED]
            count += 1
            continue
        for k in range(width):
            order[count + k] = in_order(entry[ENTRY + k], (state[bag + DOUBLES] >> k) & 1)
        count += width
    integers(room_for(state, ORDERS, count + 1))[count] = -1
    return count + 1


@plain
def _move_clocks(state: Any, binding: int, away: bool) -> None:
    """While a record's place in the order changes its clocks are not set."""
    node = integers(binding)[0]
    cells = integers(state[13])
    while node >= 0:
        clock = state[26] + node
        if away:
            reals_at(state[13])[8 * node + 5] = time_of(state, clock)
            drop_clock(state, clock)
        else:
            set_clock(state, clock, reals_at(state[13])[8 * node + 5])
        node = cells[8 * node + 2]


@plain
def keep_choices(state: Any, binding: int, depth: int) -> None:
    """Note in a record what the frames have chosen. Where its place in the order is another, so is that of its clocks."""
    count = _write_order(state, depth)
    taken = 0
    for level in range(depth):
        frame = integers(frame_at(state, level))
        taken += 1 if frame[TAKING] != 0 and frame[NUMBER] != 0 else 0
    cells, order = integers(binding), integers(state[ORDERS])
    same = cells[ORDERED_BY] == count
    k = 0
    while same and k < count:
        same = integers(cells[TAKES])[k] == order[k]
        k += 1
    if not same:
        _move_clocks(state, binding, True)
    if count + TAKE * taken > cells[ROOM_OF]:
        cells[ROOM_OF] = count + TAKE * taken
        cells[TAKES] = reallocate(cells[TAKES], 8 * cells[ROOM_OF])
    kept = integers(cells[TAKES])
    for k in range(count):
        kept[k] = order[k]
    cells[ORDERED_BY], cells[TAKEN] = count, taken
    if not same:
        _move_clocks(state, binding, False)
    at = count
    for level in range(depth):
        frame = integers(frame_at(state, level))
        if frame[TAKING] != 0 and frame[NUMBER] != 0:
            kept[at + TAKE_ARC], kept[at + TAKE_ELEMENT] = frame[ARC], frame[ELEMENT]
            kept[at + TAKE_NUMBER], kept[at + TAKE_WHAT] = frame[NUMBER], frame[WHAT]
            at += TAKE


@inlined
def take_at(binding: int, number: int) -> int:
    """The address of a take."""
    return integers(binding)[TAKES] + 8 * (integers(binding)[ORDERED_BY] + TAKE * number)


@inlined
def note_enabled(state: Any, count: int, binding: int) -> int:
    """Append to the list of bindings that a look has found."""
    integers(room_for(state, ENABLED, count + 1))[count] = binding
    return count + 1


@plain
def link_enabled(state: Any, head: int, count: int) -> None:
    """The bindings found are those of an index; `head` has the first one."""
    found = integers(state[ENABLED])
    state[head] = found[0] if count > 0 else 0
    for k in range(count):
        cells = integers(found[k])
        cells[BEFORE] = found[k - 1] if k > 0 else 0
        cells[AFTER] = found[k + 1] if k + 1 < count else 0
        cells[LINKED] = 1


@plain
def note_put(state: Any, count: int, place: int, element: int) -> int:
    """Append to the list of elements that get tokens."""
    listed = integers(room_for(state, LISTED, 2 * count + 2))
    listed[2 * count], listed[2 * count + 1] = place, element
    return count + 1


@plain
def note_left(state: Any, count: int, place: int, element: int, what: int, tokens: int) -> int:
    """Append to the list of tokens that are left while a binding is served again and again."""
    left = integers(room_for(state, LEFT, 4 * count + 4))
    left[4 * count], left[4 * count + 1], left[4 * count + 2], left[4 * count + 3] = place, element, what, tokens
    return count + 1


@plain
def seek_left(state: Any, count: int, start: int, place: int, element: int) -> int:
    """From `start` on the first entry for an element in that list; `count` if there is none."""
    left = integers(state[LEFT])
    while start < count and not (left[4 * start] == place and left[4 * start + 1] == element):
        start += 1
    return start


# Immediate bindings.


@plain
def choose_among(rng: Any, state: Any, values: Any, level: int, first: int, weights: int, heads: int) -> int:
    """As `choose`, where some of the slots have a list of bindings: its head stands in cell `heads` + slot (0 for others)."""
    number, total = 0, 0.0
    for seat in range(state[level]):
        slot = state[first + seat]
        binding = state[heads + slot]
        if binding == 0:
            number += 1
            total += values[weights + slot]
        while binding != 0:
            number += 1
            total += reals_at(binding)[RATE_OF]
            binding = integers(binding)[AFTER]
    threshold = rng.random() * total if number > 1 else -1.0
    upto, last = 0.0, 0
    for seat in range(state[level]):
        last = state[first + seat]
        binding = state[heads + last]
        state[FIRING] = binding
        if binding == 0:
            upto += values[weights + last]
            if threshold < upto:
                return last
        while binding != 0:
            state[FIRING] = binding
            upto += reals_at(binding)[RATE_OF]
            if threshold < upto:
                return last
            binding = integers(binding)[AFTER]
    return last
