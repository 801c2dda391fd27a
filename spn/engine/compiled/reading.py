"""The marking in a kernel's memory, as the reference engine has it. Nothing is changed here."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled.layout import LINE_CELLS, Leaf, PlaceCells
from spn.engine.compiled.records import BAG_CELLS, DIFFERENT, ENTRIES, ENTRY, ORDERED, TOKENS_OF, WIDTH
from spn.engine.reference.marking import Line, Marking
from spn.expressions.tree import Value
from spn.expressions.types import Product, Record, Type

if TYPE_CHECKING:
    from spn.engine.compiled.running import Machine

Integers = NDArray[np.int64]


def marking_of(machine: Machine) -> Marking:
    """All tokens, with their order."""
    marking = Marking(machine.prepared.places, lambda: 0.0)
    for place in machine.plan.layout.places:
        for element in range(place.place.size):
            number = machine.tokens(place, element)
            if number == 0:
                continue
            if place.kind == "plain":
                marking.add(place.number, element, number)
            elif place.kind == "line":
                store = marking.store(place.number, element)
                assert isinstance(store, Line)
                store.tokens = deque(line_values(machine, place, element))
                marking.add(place.number, element, number)
            else:
                for value, count in _bag_values(machine, place, element) if place.kind == "bag" else _colours(machine, place, element):
                    marking.put(place.number, element, value, count)
    return marking


def line_values(machine: Machine, place: PlaceCells, element: int) -> Iterator[Value]:
    """The values of the tokens in an element of an ordered place, from the front."""
    width, state = max(len(place.leaves), 1), machine.state
    line = machine.plan.region(f"lines_{place.name}") + LINE_CELLS * element
    if not state[line + 1]:
        return
    ring = _cells(int(state[line]), int(state[line + 1]) * width).reshape(-1, width)
    for token in range(machine.tokens(place, element)):
        yield _value(place, ring[(int(state[line + 2]) + token) % len(ring)])


def _bag_values(machine: Machine, place: PlaceCells, element: int) -> Iterator[tuple[Value, int]]:
    """Each value with the number of its tokens, in the order of choices, which for records is that of arrival."""
    bag = machine.plan.region(f"bags_{place.name}") + BAG_CELLS * element
    state = machine.state
    size = ENTRY + int(state[bag + WIDTH])
    for position in range(int(state[bag + DIFFERENT])):
        entry = int(_cells(int(state[bag + ORDERED]), position + 1)[position])
        cells = _cells(int(state[bag + ENTRIES]) + 8 * size * entry, size)
        yield _value(place, cells[ENTRY:]), int(cells[TOKENS_OF])


def _colours(machine: Machine, place: PlaceCells, element: int) -> Iterator[tuple[Value, int]]:
    """The same for a colour with few values, in their order."""
    for colour, count in enumerate(machine.colours(place, element).tolist()):
        if count:
            numbers, rest = [0] * len(place.leaves), colour
            for k in range(len(numbers) - 1, -1, -1):
                leaf = place.leaves[k]
                assert leaf.low is not None and leaf.high is not None
                rest, digit = divmod(rest, leaf.high - leaf.low + 1)
                numbers[k] = digit + leaf.low
            yield _value(place, np.array(numbers, np.int64)), count


def _cells(address: int, count: int) -> Integers:
    return np.ctypeslib.as_array((ctypes.c_int64 * count).from_address(address))


def _value(place: PlaceCells, cells: Integers) -> Value:
    numbers = iter([_number(leaf, cell) for leaf, cell in zip(place.leaves, cells, strict=False)])
    return _composed(place.place.colour, numbers)


def _composed(type: Type, numbers: Iterator[float | bool]) -> Value:
    """A value from its numbers."""
    match type:
        case Product(components=parts):
            return tuple([_composed(part, numbers) for part in parts])
        case Record(fields=fields):
            return tuple([_composed(part, numbers) for _, part in fields])
        case _:
            return next(numbers)


def _number(leaf: Leaf, cell: np.int64) -> float | bool:
    return float(cell.view(np.float64)) if leaf.kind == "real" else bool(cell) if leaf.kind == "bool" else int(cell)
