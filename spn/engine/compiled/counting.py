"""Counting tokens that are like something, as source: the position of a colour, and functions that count what fits a pattern."""

from __future__ import annotations

from spn.engine.compiled.layout import LINE_CELLS, Leaf, PlaceCells, leaves
from spn.engine.compiled.records import DIFFERENT
from spn.engine.compiled.source import Function, Writer, bag_cell, bag_number, colour_cell, read_number, total_cell, value_key
from spn.expressions.tree import Tokens
from spn.expressions.types import Product, Record, Type


def pattern_widths(node: Tokens, colour: Type) -> list[int]:
    """How many numbers each entry of a pattern stands for."""
    if isinstance(colour, Product):
        return [len(leaves(part)) for part in colour.components]
    if isinstance(colour, Record):
        return [len(leaves(part)) for _, part in colour.fields]
    return [1]


def colour_of(numbers: list[str], parts: tuple[Leaf, ...], writer: Writer, at: Function) -> tuple[str, str]:
    """The position of a finite colour from its numbers, and the condition under which there is one ("": always, as far as is known). It evaluates
    all of them, so that an error in one is not passed over because another one does not fit.
    """
    source, conditions = "", []
    for number, leaf in zip(numbers, parts, strict=True):
        assert leaf.low is not None and leaf.high is not None
        low = writer.layout.structural(leaf.low)
        count = writer.layout.structural(leaf.high - leaf.low + 1)
        own = f"int({number})" if leaf.kind == "bool" else number
        own = own if low == "0" else f"({own} - {low})"
        source = own if not source else f"({source} * {count} + {own})"
        if leaf.kind != "bool":
            high = writer.layout.structural(leaf.high)
            conditions.append(f"{low} <= {number} <= {high}")
    return source, conditions[0] if len(conditions) == 1 else " & ".join(f"({each})" for each in conditions)


def counter(place: str, given: tuple[bool, ...], writer: Writer) -> str:
    """A function that counts the tokens of an element that have the given numbers."""
    key = ("count", place, given)
    known = writer.helper(key)
    if known:
        return known
    cells = writer.layout.place(place)
    name = f"count_{cells.name}_{''.join('x' if g else '_' for g in given)}"
    writer.keep_helper(key, name)
    names = [f"x{k}" for k, g in enumerate(given) if g]
    function = Function(writer, name, ", ".join(["element", *names]), f"Tokens of {place} that fit a pattern.")
    function.add("found = 0")
    if cells.kind == "finite":
        function.add(f"first = {colour_cell(writer, function, cells, 'element', '0')}")
        loops, position = [], ""
        for k, leaf in enumerate(cells.leaves):
            low, high = writer.layout.structural(leaf.low or 0), writer.layout.structural(leaf.high or 0)
            count = writer.layout.structural((leaf.high or 0) - (leaf.low or 0) + 1)
            own = f"y{k}" if low == "0" else f"(y{k} - {low})"
            position = own if not position else f"({position} * {count} + {own})"
            loops.append(f"if {low} <= x{k} <= {high}:" if given[k] else f"for y{k} in range({low}, {high} + 1):")
            if given[k]:
                position = position.replace(f"y{k}", f"int(x{k})")
        for loop in loops:
            function.add(loop)
            function.level += 1
        function.add(f"found += tokens[first + {position}]")
        function.level = 1
    elif cells.kind == "line":
        function.add(f"line = {line_cell(writer, function, cells, 'element')}")
        with function.block(f"for k in range(tokens[{total_cell(writer, function, cells, 'element')}]):"):
            tests = [f"{read_number(cells, 'line', 'k', k)} == x{k}" for k, g in enumerate(given) if g]
            with function.block(f"if {' and '.join(tests) or 'True'}:"):
                function.add("found += 1")
    elif all(given):
        function.add(f"bag = {bag_cell(writer, function, cells, 'element')}")
        function.add(f"found = count_in(state, bag, find_entry(state, bag, {value_key(writer, cells, names)}))")
    else:
        function.add(f"bag = {bag_cell(writer, function, cells, 'element')}")
        with function.block(f"for nth in range(state[bag + {DIFFERENT}]):"):
            function.add("entry = chosen(state, bag, nth)", "address = entry_at(state, bag, entry)")
            tests = [f"{bag_number(cells, 'address', k)} == x{k}" for k, g in enumerate(given) if g]
            with function.block(f"if {' and '.join(tests)}:"):
                function.add("found += count_in(state, bag, entry)")
    function.add("return found")
    writer.define(function)
    return name


def line_cell(writer: Writer, at: Function, cells: PlaceCells, element: str) -> str:
    """The first of an ordered element's cells in `state`."""
    first = writer.region(at, f"lines_{cells.name}", LINE_CELLS * cells.place.size)
    return first if element == "0" else f"{first} + {LINE_CELLS} * ({element})"
