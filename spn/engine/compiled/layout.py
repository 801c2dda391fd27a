"""How a net lies in memory: numbers as run-time arguments, the cells of places, the slots of bindings. Pure data; no code is written here.

Five blocks of memory: `tokens` (how many tokens), `ints` and `reals` (what never changes: sizes, first cells, tables, parameters), `state` and
`values` (integers and doubles that change). Sizes and parameters are never part of the generated source, so that it serves every size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spn.engine.compiled.cells import HEADER, VALUES_HEADER
from spn.engine.compiled.reachable import reachable
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Constant, Reduce, Value
from spn.expressions.types import Boolean, Dot, Enumeration, Number, Product, Record, Type
from spn.net.types import Bind, Immediate, InputArc, Net, Place, Timed, Transition

if TYPE_CHECKING:
    from spn.engine.compiled.source import Formula

LINE_CELLS = 4
"""An ordered element's cells in `state`: address of its ring, room for tokens (a power of two), position of the first token, spare."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One number of a value: ``int``, ``real`` or ``bool``; its least and greatest value if it is finite."""

    kind: str
    low: int | None = None
    high: int | None = None


def leaves(type: Type, bounds: tuple[tuple[int, int] | None, ...] = ()) -> tuple[Leaf, ...]:
    """The numbers that a value of a type consists of, products and records taken apart."""
    match type:
        case Dot():
            return ()
        case Boolean():
            return (Leaf("bool", 0, 1),)
        case Enumeration(members=members):
            return (Leaf("int", 0, len(members) - 1),)
        case Number(integer=True):
            low, high = bounds[0] if bounds and bounds[0] is not None else (None, None)
            return (Leaf("int", low, high),)
        case Number():
            return (Leaf("real"),)
        case Product(components=parts):
            return tuple(leaf for k, part in enumerate(parts) for leaf in leaves(part, bounds[k : k + 1]))
        case Record(fields=fields):
            return tuple(leaf for k, (_, part) in enumerate(fields) for leaf in leaves(part, bounds[k : k + 1]))
        case _:
            raise TypeError(f"no values of {type}")


def flat(value: Value) -> tuple[float, ...]:
    """A value's numbers."""
    return tuple(number for part in value for number in flat(part)) if isinstance(value, tuple) else (value,)


def bits(number: float) -> int:
    """The bits of a double as an integer."""
    return int(np.float64(number).view(np.int64))


def bits_of(numbers: tuple[float, ...], parts: tuple[Leaf, ...]) -> list[int]:
    """A value's numbers as the bits by which values are told apart: there is no negative zero."""
    return [bits(number + 0.0) if leaf.kind == "real" else int(number) for number, leaf in zip(numbers, parts, strict=True)]


@dataclass
class Numbers:
    """The contents of `ints` or `reals`: scalars first, then arrays, whose first cell a scalar tells."""

    scalars: list[float] = field(default_factory=list)
    arrays: list[tuple[int, NDArray[np.generic]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def scalar(self, value: float, note: str) -> int:
        """The number of the cell that holds `value`."""
        self.scalars.append(value)
        self.notes.append(note)
        return len(self.scalars) - 1


@dataclass
class Storage:
    """A block being planned: how many cells it has; those that depend on a size begin where an integer says."""

    fixed: int
    regions: list[tuple[int, int, float | tuple[int, ...]]] = field(default_factory=list)
    """(cell of `ints` with the first cell, number of cells, what they hold at the start)."""

    def cell(self) -> int:
        """One more cell whose number is part of the source."""
        self.fixed += 1
        return self.fixed - 1


@dataclass(frozen=True, slots=True)
class PlaceCells:
    """Where a place lies. `kind`: plain; finite, a cell for the total and one for each colour; line or bag, a total, and values elsewhere."""

    number: int
    place: Place
    name: str
    kind: str
    leaves: tuple[Leaf, ...]

    @property
    def colours(self) -> int:
        """The number of colours (finite)."""
        return math.prod(leaf.high - leaf.low + 1 for leaf in self.leaves)  # type: ignore[misc, operator]

    @property
    def cells(self) -> int:
        return self.place.size * (self.colours + 1 if self.kind == "finite" else 1)


MOST_COLOURS = 100_000


MOST_SLOTS = 20_000_000
"""Where so many bindings can be, they are found by enumeration."""


def _finite(parts: tuple[Leaf, ...]) -> bool:
    return all(leaf.low is not None for leaf in parts) and math.prod(leaf.high - leaf.low + 1 for leaf in parts) <= MOST_COLOURS  # type: ignore[misc, operator]


def place_cells(net: Net) -> list[PlaceCells]:
    """The storage of each place."""
    found, names = [], set[str]()
    for number, place in enumerate(net.places):
        name = base = "".join(c if c.isascii() and c.isalnum() else "_" for c in place.name)
        while name in names:
            name = f"{base}_{number}"
        names.add(name)
        parts = leaves(place.colour, place.bounds if isinstance(place.colour, Product | Record) else place.bounds[:1])
        if isinstance(place.colour, Dot):
            kind = "plain"
        elif place.order != "multiset":
            kind = "line"
        elif not isinstance(place.colour, Record) and _finite(parts):
            # Of records the order of choices is that of arrival, which numbers of tokens do not tell.
            kind = "finite"
        else:
            kind = "bag"
        found.append(PlaceCells(number, place, name, kind, parts))
    return found


@dataclass
class ClassPlan:
    """A transition class: its slots, and what is special about it. A slot is a binding that can have clocks or stand among the immediate ones."""

    number: int
    transition: Transition
    name: str
    variables: dict[str, tuple[Leaf, ...]]
    """Bound variables with their numbers."""
    finite: tuple[str, ...]
    """The variables that number an index's bindings, in order; the others follow from tokens on offer."""
    bindings: int = 1
    enumerated: bool = False
    """Whether its bindings are found by enumeration; an index then has one slot for all of them."""
    first: int = 0
    level: int = 0

    @property
    def immediate(self) -> bool:
        return isinstance(self.transition.timing, Immediate)

    @property
    def slots(self) -> int:
        return self.transition.size * self.bindings

    @cached_property
    def single(self) -> bool:
        """Whether a binding has at most one clock."""
        timing = self.transition.timing
        return not isinstance(timing, Timed) or (not self.enumerated and (isinstance(timing.servers, Constant) and timing.servers.value == 1))

    @cached_property
    def memory(self) -> str:
        timing = self.transition.timing
        return timing.memory if isinstance(timing, Timed) else "enabling"


class Layout:
    """Everything that has a place in memory, filled in while the source is written. `enumerated`: the classes whose bindings are enumerated."""

    def __init__(self, prepared: PreparedNet, enumerated: frozenset[int] = frozenset()) -> None:
        self.prepared = prepared
        self.enumerated = enumerated
        self.net = prepared.net
        self.ints, self.reals = Numbers(), Numbers()
        self.state, self.values = Storage(HEADER), Storage(VALUES_HEADER)
        self.places = place_cells(self.net)
        self.classes = [self._plan(number, transition) for number, transition in enumerate(self.net.transitions)]
        self.sums: dict[str, int] = {}
        self.kept_sums: Callable[[Reduce], Formula | None] | None = None
        self._number_slots()
        self.controls = {control.number: (control, self._control_cell()) for control in prepared.controls}
        """The sums over delays that are kept on request, and the first of the two cells of `values` that each has, by class."""
        can_be = reachable(prepared)
        self.alive = [plan for plan in self.classes if can_be[plan.number]]
        """The classes that may be enabled at some time."""

    @cached_property
    def single(self) -> bool:
        """Whether every timed binding has one clock at most."""
        return all(plan.single for plan in self.timed)

    @cached_property
    def exponential(self) -> bool:
        """Whether every delay that is ever drawn is exponential; each is then foreseen (`streams.foresee`)."""
        delays = [plan.transition.timing.delay for plan in self.alive if isinstance(plan.transition.timing, Timed)]
        return bool(delays) and all(delay.name == "exponential" for delay in delays)

    def _control_cell(self) -> int:
        first = self.values.cell()
        self.values.cell()
        return first

    @property
    def binding_width(self) -> int:
        """The most numbers with which a binding is looked for."""
        return max((2 + sum(map(len, plan.variables.values())) for plan in self.classes), default=0)

    @property
    def value_width(self) -> int:
        """The most numbers of a value."""
        return max((len(cells.leaves) for cells in self.places), default=0)

    def place(self, name: str) -> PlaceCells:
        return self.places[self.prepared.place_number[name]]

    def sum_cell(self, place: str) -> int:
        """The cell of `state` with the number of tokens in all elements of a place; there only if something reads it."""
        if place not in self.sums:
            self.sums[place] = self.state.cell()
        return self.sums[place]

    @staticmethod
    def structural(value: int) -> str:
        """An integer that is part of the source: bounds of colours."""
        return str(value) if value >= 0 else f"({value})"

    def kept(self, node: Reduce) -> Formula | None:
        """What is read instead of a sum over elements that the firings keep up to date."""
        return self.kept_sums(node) if self.kept_sums is not None else None

    def _plan(self, number: int, transition: Transition) -> ClassPlan:
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in transition.name)
        variables: dict[str, tuple[Leaf, ...]] = {}
        finite: list[str] = []
        for arc in (*transition.inputs, *transition.tests):
            cells = self.place(arc.place)
            for entry, parts in zip(arc.pattern, entry_leaves(arc, cells), strict=False):
                if isinstance(entry, Bind) and entry.name not in variables:
                    variables[entry.name] = parts
                    if cells.kind == "finite":
                        finite.append(entry.name)
        if number in self.enumerated:
            return ClassPlan(number, transition, f"{name}_{number}", variables, (), enumerated=True)
        bindings = math.prod(leaf.high - leaf.low + 1 for name in finite for leaf in variables[name])  # type: ignore[misc, operator]
        return ClassPlan(number, transition, f"{name}_{number}", variables, tuple(finite), bindings)

    def _number_slots(self) -> None:
        """Timed slots from 0, those of higher priority first, so that of equal times the lower slot is first; immediate ones likewise."""
        self.timed = sorted((c for c in self.classes if not c.immediate), key=lambda c: (-c.transition.timing.priority, c.number))
        self.immediate = sorted((c for c in self.classes if c.immediate), key=lambda c: (-c.transition.timing.priority, c.number))
        self.levels = sorted({c.transition.timing.priority for c in self.immediate}, reverse=True)
        for group in (self.timed, self.immediate):
            first = 0
            for plan in group:
                plan.first = first
                first += plan.slots
        for plan in self.immediate:
            plan.level = self.levels.index(plan.transition.timing.priority)
        self.timed_slots = sum(plan.slots for plan in self.timed)
        self.immediate_slots = sum(plan.slots for plan in self.immediate)


def entry_leaves(arc: InputArc, cells: PlaceCells) -> list[tuple[Leaf, ...]]:
    """The numbers that each entry of an arc's pattern stands for."""
    if arc.whole:
        return [cells.leaves]
    colour = cells.place.colour
    parts = colour.components if isinstance(colour, Product) else tuple(of for _, of in colour.fields)  # type: ignore[union-attr]
    bounds = cells.place.bounds
    return [leaves(part, bounds[k : k + 1]) for k, part in enumerate(parts)]
