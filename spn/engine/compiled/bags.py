"""Tokens with values in no order and of colours without bound: for each element a table of its values. Who puts and takes is decided elsewhere.

An element's cells in `state` are named in `records`. A value is an entry: ENTRY cells and then its numbers, as bits (of doubles, no negative zero).
Entries are found by their numbers (hashing with chains), and stand in the order in which arcs choose among them: by value, or those of records
by the arrival of the first equal token. Tables grow and shrink with the number of values; only `tidy` moves entries, so that between firings the
number of an entry can be kept.
"""

from __future__ import annotations

from typing import Any

from spn.engine.compiled.cells import ARRIVALS
from spn.engine.compiled.primitives import inlined, integers, plain, reallocate, release
from spn.engine.compiled.records import (
    ARRIVED,
    BY_VALUE,
    CHAIN,
    DIFFERENT,
    DOUBLES,
    ENTRIES,
    ENTRY,
    FREE_ENTRY,
    HEADS,
    LATER,
    LATEST,
    ORDERED,
    ROOM,
    TOKENS_OF,
    USED,
    WIDTH,
)

LEAST_ROOM = 4


@inlined
def hash_of(address: int, width: int) -> int:
    """A number that is the same for equal numbers."""
    cells = integers(address)
    found = width
    for k in range(width):
        found = ((found ^ cells[k]) * 0x1E3779B97F4A7C15) & 0x7FFFFFFFFFFFFFFF
        found ^= found >> 31
    return found


@inlined
def entry_at(state: Any, bag: int, entry: int) -> int:
    """The address of an entry."""
    return state[bag + ENTRIES] + 8 * (ENTRY + state[bag + WIDTH]) * entry


@inlined
def chosen(state: Any, bag: int, position: int) -> int:
    """The entry at a position of the order of choices."""
    return integers(state[bag + ORDERED])[position]


@plain
def find_entry(state: Any, bag: int, key: int) -> int:
    """The entry with the numbers at an address, or -1."""
    if state[bag + DIFFERENT] == 0:
        return -1
    width, wanted = state[bag + WIDTH], integers(key)
    entry = integers(state[bag + HEADS])[hash_of(key, width) & (state[bag + ROOM] - 1)]
    while entry >= 0:
        cells = integers(entry_at(state, bag, entry))
        same = 0
        while same < width and cells[ENTRY + same] == wanted[same]:
            same += 1
        if same == width:
            return entry
        entry = cells[CHAIN]
    return -1


@inlined
def count_in(state: Any, bag: int, entry: int) -> int:
    """The tokens of an entry; of none (-1) no tokens."""
    return integers(entry_at(state, bag, entry))[TOKENS_OF] if entry >= 0 else 0


@inlined
def in_order(bits: int, double: int) -> int:
    """Bits as an integer that goes up with the number."""
    return bits ^ 0x7FFFFFFFFFFFFFFF if double != 0 and bits < 0 else bits


@plain
def _precedes(state: Any, bag: int, a: int, b: int) -> bool:
    """Whether the choice of the entry at address a comes before that of the one at b."""
    left, right = integers(a), integers(b)
    if state[bag + BY_VALUE] == 0:
        return left[ARRIVED] < right[ARRIVED]
    for k in range(state[bag + WIDTH]):
        double = (state[bag + DOUBLES] >> k) & 1
        p, q = in_order(left[ENTRY + k], double), in_order(right[ENTRY + k], double)
        if p != q:
            return p < q
    return False


@plain
def _position(state: Any, bag: int, entry: int) -> int:
    """Where an entry stands in the order, or would stand."""
    address = entry_at(state, bag, entry)
    low, high = 0, state[bag + DIFFERENT]
    while low < high:
        middle = (low + high) // 2
        if _precedes(state, bag, entry_at(state, bag, chosen(state, bag, middle)), address):
            low = middle + 1
        else:
            high = middle
    return low


@plain
def _resize(state: Any, bag: int, room: int) -> None:
    """A table with another room. Entries then stand in the order of choices."""
    size = ENTRY + state[bag + WIDTH]
    entries, ordered, heads = reallocate(0, 8 * size * room), reallocate(0, 8 * room), reallocate(0, 8 * room)
    for head in range(room):
        integers(heads)[head] = -1
    for number in range(state[bag + DIFFERENT]):
        source = integers(entry_at(state, bag, chosen(state, bag, number)))
        target = integers(entries + 8 * size * number)
        for k in range(size):
            target[k] = source[k]
        head = hash_of(entries + 8 * (size * number + ENTRY), state[bag + WIDTH]) & (room - 1)
        target[CHAIN] = integers(heads)[head]
        integers(heads)[head] = number
        integers(ordered)[number] = number
    if state[bag + ROOM] != 0:
        release(state[bag + ENTRIES])
        release(state[bag + ORDERED])
        release(state[bag + HEADS])
    state[bag + ENTRIES], state[bag + ORDERED], state[bag + HEADS], state[bag + ROOM] = entries, ordered, heads, room
    state[bag + USED], state[bag + FREE_ENTRY] = state[bag + DIFFERENT], -1


@plain
def _new_entry(state: Any, bag: int, key: int) -> int:
    """An entry, without tokens and not yet in the order."""
    if state[bag + DIFFERENT] == state[bag + ROOM]:
        _resize(state, bag, max(LEAST_ROOM, 2 * state[bag + ROOM]))
    entry = state[bag + FREE_ENTRY]
    if entry >= 0:
        state[bag + FREE_ENTRY] = integers(entry_at(state, bag, entry))[CHAIN]
    else:
        entry = state[bag + USED]
        state[bag + USED] += 1
    cells, width = integers(entry_at(state, bag, entry)), state[bag + WIDTH]
    for k in range(width):
        cells[ENTRY + k] = integers(key)[k]
    head = hash_of(key, width) & (state[bag + ROOM] - 1)
    cells[CHAIN] = integers(state[bag + HEADS])[head]
    integers(state[bag + HEADS])[head] = entry
    cells[TOKENS_OF], cells[LATER], cells[LATEST] = 0, 0, 0
    return entry


@plain
def put_in_bag(state: Any, bag: int, key: int, count: int) -> None:
    """Put `count` tokens with the numbers at an address."""
    if count <= 0:
        return
    entry = find_entry(state, bag, key)
    new = entry < 0
    if new:
        entry = _new_entry(state, bag, key)
    cells = integers(entry_at(state, bag, entry))
    if state[bag + BY_VALUE] != 0:
        cells[TOKENS_OF] += count
    else:
        for _ in range(count):
            state[ARRIVALS] += 1
            if cells[TOKENS_OF] == 0:
                cells[ARRIVED] = state[ARRIVALS]
            else:
                node = reallocate(0, 16)
                integers(node)[0], integers(node)[1] = state[ARRIVALS], 0
                if cells[LATER] == 0:
                    cells[LATER] = node
                else:
                    integers(cells[LATEST])[1] = node
                cells[LATEST] = node
            cells[TOKENS_OF] += 1
    if new:
        position = _position(state, bag, entry)
        ordered = integers(state[bag + ORDERED])
        for k in range(state[bag + DIFFERENT], position, -1):
            ordered[k] = ordered[k - 1]
        ordered[position] = entry
        state[bag + DIFFERENT] += 1


@plain
def _remove(state: Any, bag: int, entry: int, position: int) -> None:
    """An entry goes, with all its tokens."""
    address = entry_at(state, bag, entry)
    cells = integers(address)
    node = cells[LATER]
    while node != 0:
        following = integers(node)[1]
        release(node)
        node = following
    ordered = integers(state[bag + ORDERED])
    state[bag + DIFFERENT] -= 1
    for k in range(position, state[bag + DIFFERENT]):
        ordered[k] = ordered[k + 1]
    heads = integers(state[bag + HEADS])
    head = hash_of(address + 8 * ENTRY, state[bag + WIDTH]) & (state[bag + ROOM] - 1)
    if heads[head] == entry:
        heads[head] = cells[CHAIN]
    else:
        before = heads[head]
        while integers(entry_at(state, bag, before))[CHAIN] != entry:
            before = integers(entry_at(state, bag, before))[CHAIN]
        integers(entry_at(state, bag, before))[CHAIN] = cells[CHAIN]
    cells[CHAIN], cells[TOKENS_OF] = state[bag + FREE_ENTRY], 0
    state[bag + FREE_ENTRY] = entry


@plain
def take_from_bag(state: Any, bag: int, entry: int, count: int) -> None:
    """Take `count` tokens of an entry, those that arrived first."""
    cells = integers(entry_at(state, bag, entry))
    if count == cells[TOKENS_OF]:
        _remove(state, bag, entry, _position(state, bag, entry))
        return
    if state[bag + BY_VALUE] != 0:
        cells[TOKENS_OF] -= count
        return
    position = _position(state, bag, entry)
    for _ in range(count):
        node = cells[LATER]
        cells[ARRIVED], cells[LATER] = integers(node)[0], integers(node)[1]
        release(node)
    cells[TOKENS_OF] -= count
    ordered, last = integers(state[bag + ORDERED]), state[bag + DIFFERENT] - 1
    while position < last and integers(entry_at(state, bag, ordered[position + 1]))[ARRIVED] < cells[ARRIVED]:
        ordered[position] = ordered[position + 1]
        position += 1
    ordered[position] = entry


@plain
def empty_position(state: Any, bag: int, position: int) -> int:
    """Take all tokens of the entry at a position of the order; how many they are."""
    entry = chosen(state, bag, position)
    gone = count_in(state, bag, entry)
    _remove(state, bag, entry, position)
    return gone


@plain
def empty_bag(state: Any, bag: int) -> None:
    """Take all tokens, and give all memory back."""
    for position in range(state[bag + DIFFERENT]):
        node = integers(entry_at(state, bag, chosen(state, bag, position)))[LATER]
        while node != 0:
            following = integers(node)[1]
            release(node)
            node = following
    if state[bag + ROOM] != 0:
        release(state[bag + ENTRIES])
        release(state[bag + ORDERED])
        release(state[bag + HEADS])
    state[bag + ROOM], state[bag + DIFFERENT], state[bag + USED], state[bag + FREE_ENTRY] = 0, 0, 0, -1


@inlined
def tidy(state: Any, bag: int) -> None:
    """Give memory back that far fewer values than before do not need. Entries get other numbers."""
    if 8 * state[bag + DIFFERENT] < state[bag + ROOM] and state[bag + ROOM] > 64:
        _resize(state, bag, state[bag + ROOM] // 4)
