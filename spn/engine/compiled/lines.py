"""Tokens with values in ordered places: a ring of numbers for each element, which grows and shrinks. Who puts and takes is decided elsewhere.

An element's cells in `state`: the ring's address, its room in tokens (a power of two, 0 at first), the position of the first token.
How many there are stands in `tokens`. Token k is the k-th from the front; a token is `width` cells, integers or doubles as its colour says.
"""

from __future__ import annotations

from typing import Any

from spn.engine.compiled.primitives import inlined, integers, plain, reallocate, reals_at, release


@inlined
def integer_of(state: Any, line: int, token: int, width: int, number: int) -> int:
    return integers(state[line])[((state[line + 2] + token) & (state[line + 1] - 1)) * width + number]


@inlined
def real_of(state: Any, line: int, token: int, width: int, number: int) -> float:
    return reals_at(state[line])[((state[line + 2] + token) & (state[line + 1] - 1)) * width + number]


@inlined
def set_integer(state: Any, line: int, token: int, width: int, number: int, value: int) -> None:
    integers(state[line])[((state[line + 2] + token) & (state[line + 1] - 1)) * width + number] = int(value)


@inlined
def set_real(state: Any, line: int, token: int, width: int, number: int, value: float) -> None:
    reals_at(state[line])[((state[line + 2] + token) & (state[line + 1] - 1)) * width + number] = value


@plain
def _resize(state: Any, line: int, count: int, width: int, room: int) -> None:
    """Move the tokens to a ring of another room."""
    width = max(width, 1)
    old, before, front = state[line], state[line + 1], state[line + 2]
    new = reallocate(0, room * width * 8)
    source, target = integers(old), integers(new)
    for token in range(count):
        for number in range(width):
            target[token * width + number] = source[((front + token) & (before - 1)) * width + number]
    if old != 0:
        release(old)
    state[line], state[line + 1], state[line + 2] = new, room, 0


@inlined
def make_room(state: Any, line: int, count: int, width: int) -> None:
    """Before a token is put at the end of `count` others."""
    if count >= state[line + 1]:
        _resize(state, line, count, width, max(4, 2 * state[line + 1]))


@inlined
def take_front(state: Any, line: int, count: int, width: int) -> None:
    """Take the first of `count` tokens."""
    state[line + 2] = (state[line + 2] + 1) & (state[line + 1] - 1)
    if 8 * count < state[line + 1] and state[line + 1] > 64:
        _resize(state, line, count - 1, width, state[line + 1] // 2)


@inlined
def take_back(state: Any, line: int, count: int, width: int) -> None:
    """Take the last of `count` tokens."""
    if 8 * count < state[line + 1] and state[line + 1] > 64:
        _resize(state, line, count - 1, width, state[line + 1] // 2)


@plain
def exchange(state: Any, line: int, a: int, b: int, width: int) -> None:
    """Two tokens change places."""
    ring, mask, front = integers(state[line]), state[line + 1] - 1, state[line + 2]
    p, q = ((front + a) & mask) * width, ((front + b) & mask) * width
    for number in range(width):
        other = ring[p + number]
        ring[p + number] = ring[q + number]
        ring[q + number] = other


@plain
def copy_token(state: Any, line: int, source: int, target: int, width: int) -> None:
    """Overwrite token `target` by token `source`."""
    if source == target:
        return
    ring, mask, front = integers(state[line]), state[line + 1] - 1, state[line + 2]
    p, q = ((front + source) & mask) * width, ((front + target) & mask) * width
    for number in range(width):
        ring[q + number] = ring[p + number]
