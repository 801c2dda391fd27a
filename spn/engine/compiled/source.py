"""Writing the source: functions with indented lines, names for run-time numbers, helpers written once. What is written is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled.cells import VALUE
from spn.engine.compiled.layout import ClassPlan, Layout, PlaceCells
from spn.engine.compiled.records import BAG_CELLS, ENTRY
from spn.expressions.types import Record

CONTEXT = "rng, tokens, ints, reals, state, values"
"""What every generated function gets first."""

MOST_STRUCTURAL = 64
"""Divisors up to this stay in the source, since division by a known number is several times faster; a change of them compiles anew."""


_CALL = re.compile(r"(\w+)\(" + CONTEXT)


class Formula(NamedTuple):
    """The source of a number, and between what it lies if it is an integer and that is known."""

    source: str
    low: int | None = None
    high: int | None = None


class Function:
    """A generated function in the making."""

    def __init__(self, writer: Writer, name: str, parameters: str = "", doc: str = "") -> None:
        self.writer = writer
        self.name = name
        self.parameters = parameters
        self.doc = doc
        self.lines: list[str] = []
        self.level = 1
        self._used: dict[str, str] = {}
        self._fresh = 0

    def add(self, *lines: str) -> None:
        self.lines += ["    " * self.level + line for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Indented lines under ``if``, ``for``, ``while``."""
        self.add(head)
        self.level += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.add("pass")
        self.level -= 1

    def fresh(self, stem: str) -> str:
        self._fresh += 1
        return f"{stem}_{self._fresh}"

    def use(self, name: str, source: str) -> str:
        """A local name for a run-time number, set at the beginning of the function."""
        assert self._used.setdefault(name, source) == source, (name, source)
        return name

    def calls(self) -> list[str]:
        """The functions that it calls with the whole context, as often as it does."""
        return [match.group(1) for line in self.lines for match in _CALL.finditer(line)]

    def text(self) -> str:
        head = f"def {self.name}({CONTEXT}{', ' + self.parameters if self.parameters else ''}):"
        doc = [f'    """{self.doc}"""'] if self.doc else []
        names = [f"    {name} = {source}" for name, source in self._used.items()]
        return "\n".join([head, *doc, *names, *self.lines]) + "\n"


class Writer:
    """All functions of a kernel, and the run-time numbers that they use."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.functions: list[tuple[Function, bool]] = []
        self._serial = 0
        self._cells: dict[str, int] = {}
        self._helpers: dict[object, str] = {}
        self.remembered: set[int] = set()
        """The timed classes whose operations on clocks are noted (see `remembering`)."""

    def define(self, function: Function, inline: bool = False) -> None:
        """The function is complete."""
        self.functions.append((function, inline))

    def holds(self, text: str) -> bool:
        """Whether any complete function has a line with this text."""
        return any(text in line for function, _ in self.functions for line in function.lines)

    def serial(self) -> int:
        """A number that was not given before."""
        self._serial += 1
        return self._serial

    def helper(self, key: object) -> str | None:
        return self._helpers.get(key)

    def keep_helper(self, key: object, name: str) -> None:
        self._helpers[key] = name

    def cell(self, name: str) -> int:
        """The cell of `ints` that holds the number of that name."""
        return self._cells[name]

    def knows(self, name: str) -> bool:
        return name in self._cells

    def integer(self, at: Function, name: str, value: int, note: str = "") -> str:
        """A local name in function `at` for an integer that is no part of the source."""
        if name not in self._cells:
            self._cells[name] = self.layout.ints.scalar(value, note or name)
        return at.use(name, f"ints[{self._cells[name]}]")

    def real(self, value: float, note: str) -> str:
        """A double that is no part of the source."""
        return f"reals[{self.layout.reals.scalar(value, note)}]"

    def array(self, at: Function, name: str, values: NDArray[np.int64]) -> str:
        """A local name for the first cell in `ints` of an array."""
        if name not in self._cells:
            cell = self._cells[name] = self.layout.ints.scalar(0, f"first cell of {name}")
            self.layout.ints.arrays.append((cell, values))
        return at.use(name, f"ints[{self._cells[name]}]")

    def real_array(self, at: Function, name: str, values: NDArray[np.float64]) -> str:
        """The same in `reals`; its first cell is told by `ints`."""
        if name not in self._cells:
            cell = self._cells[name] = self.layout.ints.scalar(0, f"first cell of {name} in reals")
            self.layout.reals.arrays.append((cell, values))
        return at.use(name, f"ints[{self._cells[name]}]")

    def region(self, at: Function, name: str, size: int, real: bool = False, initial: float | tuple[int, ...] = 0) -> str:
        """A local name for the first of `size` cells in `state` (or `values`)."""
        if name not in self._cells:
            cell = self._cells[name] = self.layout.ints.scalar(0, f"first cell of {name}")
            (self.layout.values if real else self.layout.state).regions.append((cell, size, initial))
        return at.use(name, f"ints[{self._cells[name]}]")

    def first(self, at: Function, cells: PlaceCells) -> str:
        """The first cell of a place in `tokens` ("" for 0)."""
        before = sum(other.cells for other in self.layout.places[: cells.number])
        return self.integer(at, f"at_{cells.name}", before) if cells.number else ""

    def slots(self, at: Function, plan: ClassPlan) -> str:
        """The first slot of a class ("" for 0)."""
        return self.integer(at, f"slots_{plan.name}", plan.first) if plan.first else ""

    def colours(self, at: Function, cells: PlaceCells) -> str:
        return self.integer(at, f"colours_{cells.name}", cells.colours)


def plus(*parts: str) -> str:
    """A sum, zeros left out."""
    present = [part for part in parts if part not in ("", "0")]
    return " + ".join(present) if present else "0"


def total_cell(writer: Writer, at: Function, cells: PlaceCells, element: str) -> str:
    """The cell with the number of tokens of an element."""
    first = writer.first(at, cells)
    if cells.kind != "finite" or element == "0":
        return plus(first, element)
    return plus(first, f"({element}) * ({writer.colours(at, cells)} + 1)")


def colour_cell(writer: Writer, at: Function, cells: PlaceCells, element: str, colour: str) -> str:
    """The cell with the number of tokens of one colour."""
    return plus(total_cell(writer, at, cells, element), "1", colour)


def read_number(cells: PlaceCells, line: str, token: str, number: int) -> str:
    """The source of one number of a token."""
    kind = cells.leaves[number].kind
    read = f"{'real' if kind == 'real' else 'integer'}_of(state, {line}, {token}, {len(cells.leaves)}, {number})"
    return f"({read} != 0)" if kind == "bool" else read


def write_number(cells: PlaceCells, line: str, token: str, number: int, source: str) -> str:
    """The source of a statement that sets one number of a token."""
    kind = cells.leaves[number].kind
    return f"set_{'real' if kind == 'real' else 'integer'}(state, {line}, {token}, {len(cells.leaves)}, {number}, {source})"
def bag_cell(writer: Writer, at: Function, cells: PlaceCells, element: str) -> str:
    """The first of the cells in `state` of an element's bag."""
    doubles = sum(1 << k for k, leaf in enumerate(cells.leaves) if leaf.kind == "real")
    by_value = 0 if isinstance(cells.place.colour, Record) else 1
    initial = (0, 0, 0, 0, 0, 0, -1, len(cells.leaves), doubles, by_value)
    first = writer.region(at, f"bags_{cells.name}", BAG_CELLS * cells.place.size, initial=initial)
    return first if element == "0" else f"{first} + {BAG_CELLS} * ({element})"


def value_key(writer: Writer, cells: PlaceCells, numbers: list[str]) -> str:
    """The source of the address of a value's numbers, written where values are looked for."""
    name = f"value_of_{cells.name}"
    if writer.helper(name) is None:
        writer.keep_helper(name, name)
        function = Function(writer, name, ", ".join(f"x{k}" for k in range(len(cells.leaves))), f"A value of {cells.place.name} to look for.")
        for k, leaf in enumerate(cells.leaves):
            # There is no negative zero in a bag, so that equal numbers have equal bits.
            function.add(f"reals_at(state[{VALUE}])[{k}] = x{k} + 0.0" if leaf.kind == "real" else f"integers(state[{VALUE}])[{k}] = int(x{k})")
        function.add(f"return state[{VALUE}]")
        writer.define(function, inline=True)
    return f"{name}({CONTEXT}, {', '.join(numbers)})"


def bag_number(cells: PlaceCells, address: str, number: int) -> str:
    """The source of one number of the entry at an address."""
    kind = cells.leaves[number].kind
    read = f"{'reals_at' if kind == 'real' else 'integers'}({address})[{ENTRY + number}]"
    return f"({read} != 0)" if kind == "bool" else read
