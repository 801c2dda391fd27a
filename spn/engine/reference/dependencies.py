"""What has to be looked at after a firing: for each element the transitions and observations that may have changed. Found once for a net.

An element expression that the class's index (and a loop over a range that is known beforehand) decides is evaluated for all indices at once.
Every other one makes its reader depend on the whole place class, which may be more than needed but is never less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spn.expressions.tree import Binary, Constant, Expression, Lookup, Now, Range, Reduce, Tokens, Unary, Variable
from spn.expressions.walk import children
from spn.net.types import Bind, Immediate, InputArc, OutputArc

if TYPE_CHECKING:
    from spn.engine.reference.classes import TransitionClass
    from spn.engine.reference.marking import Marking
    from spn.engine.reference.prepared import PreparedNet

Integers: TypeAlias = NDArray[np.int64]
Spread: TypeAlias = dict[str, Integers]
"""Values of variables, each array along an axis of its own: the class's index along the first, loops along the next ones."""

FEW = 64
"""Classes with so few indices are simply looked at."""

MOST_PAIRS = 20_000_000
"""Beyond so many pairs of an index and an element a reader depends on the whole place."""


SHAPE = ""
"""The name under which a spread keeps an array of the whole shape."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a class reads: elements by index (None: the whole place), by number of the place, and whether the time is among it."""

    elements: tuple[tuple[int, Integers | None], ...]
    now: bool


def values_of(expression: Expression, spread: Spread, tables: Mapping[str, NDArray[np.generic]]) -> Integers | None:
    """An integer expression's value for all values of the variables, or None if something else decides it."""
    match expression:
        case Constant(value=int() as constant):
            return np.array(constant, np.int64)
        case Variable(name=name):
            return spread.get(name)
        case Lookup(table=table, index=index) if table in tables:
            positions = values_of(index, spread, tables)
            return None if positions is None else np.take(tables[table], positions, mode="clip").astype(np.int64)
        case Unary(operator="-", operand=operand):
            value = values_of(operand, spread, tables)
            return None if value is None else -value
        case Binary(operator=operator, left=left, right=right):
            a, b = values_of(left, spread, tables), values_of(right, spread, tables)
            return None if a is None or b is None else _arithmetic(operator, a, b)
        case _:
            return None


def _arithmetic(operator: str, a: Integers, b: Integers) -> Integers | None:
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//" | "%" if (b > 0).all():
            return a // b if operator == "//" else a % b
        case _:
            return None


class _Reader:
    """Collects what the expressions and arcs of one class read."""

    def __init__(self, net: PreparedNet, index: str, size: int) -> None:
        self.net = net
        positions = np.arange(size, dtype=np.int64)
        self.spread: Spread = {SHAPE: positions, index: positions}
        self.elements: list[tuple[int, Integers | None]] = []
        self.now = False

    def element(self, place: str, element: Expression | None, spread: Spread) -> None:
        """An element of a place is read (None: all of them), for all values of the variables."""
        values = None if element is None else values_of(element, spread, self.net.net.tables)
        if values is not None:
            shape = np.broadcast_shapes(values.shape, spread[SHAPE].shape)
            values = np.broadcast_to(values, shape).reshape(shape[0], -1) if math.prod(shape) <= MOST_PAIRS else None
        self.elements.append((self.net.place_number[place], values))

    def expression(self, expression: Expression, spread: Spread) -> None:
        """What an expression reads; a variable that is not in `spread` can have any value."""
        self.now = self.now or isinstance(expression, Now)
        inside = spread
        if isinstance(expression, Tokens):
            self.element(expression.place, expression.element, spread)
        elif isinstance(expression, Reduce):
            domain = expression.domain
            inside = (
                self.loop(expression.variable, domain.start, domain.stop, spread)
                if isinstance(domain, Range)
                else without(spread, expression.variable)
            )
        for part in children(expression):
            self.expression(part, inside)

    def loop(self, variable: str, start: Expression, stop: Expression, spread: Spread) -> Spread:
        """The variables inside a loop. Where its ends depend on the index, all values that it has for any of them."""
        first, last = values_of(start, spread, self.net.net.tables), values_of(stop, spread, self.net.net.tables)
        if first is None or last is None or not first.size or not last.size or last.max() - first.min() > MOST_PAIRS:
            return without(spread, variable)
        inner = {name: value[..., np.newaxis] for name, value in spread.items()}
        inner[variable] = np.arange(first.min(), last.max() + 1).reshape((1,) * spread[SHAPE].ndim + (-1,))
        inner[SHAPE] = np.broadcast_to(inner[SHAPE], np.broadcast_shapes(inner[SHAPE].shape, inner[variable].shape))
        return inner

    def arc(self, arc: InputArc | OutputArc, tokens: bool) -> None:
        """What an arc reads; with `tokens` also the tokens of its element."""
        spread = self.spread
        if arc.loop is not None:
            self.expression(arc.loop.start, spread)
            self.expression(arc.loop.stop, spread)
            spread = self.loop(arc.loop.variable, arc.loop.start, arc.loop.stop, spread)
        self.expression(arc.element, spread)
        self.expression(arc.multiplicity, spread)
        if tokens:
            self.element(arc.place, arc.element, spread)
        for entry in arc.pattern if isinstance(arc, InputArc) else ():
            if entry is not None and not isinstance(entry, Bind):
                self.expression(entry, spread)

    def reads(self) -> Reads:
        return Reads(tuple(self.elements), self.now)


def without(spread: Spread, name: str) -> Spread:
    """The variables but for one."""
    return {key: value for key, value in spread.items() if key != name}


def enabling_reads(kind: TransitionClass) -> Reads:
    """All that decides the bindings of a class: their number, order, weights, servers and exponential rates (other delays are read when drawn)."""
    transition, net = kind.transition, kind.net
    reader = _Reader(net, transition.index, transition.size)
    for arc in (*transition.inputs, *transition.tests, *transition.inhibitors):
        reader.arc(arc, tokens=True)
    limited = [arc for arc in transition.outputs if net.places[net.place_number[arc.place]].capacity is not None]
    for output in limited:
        reader.arc(output, tokens=True)
    for reset in transition.resets if limited else ():
        reader.arc(reset, tokens=True)
    timing = transition.timing
    expressions = [transition.guard, *((timing.weight,) if isinstance(timing, Immediate) else (timing.servers,))]
    if kind.exponential:
        expressions += children(timing.delay)  # type: ignore[union-attr]
    for expression in expressions:
        if expression is not None:
            reader.expression(expression, reader.spread)
    return reader.reads()


def expression_reads(net: PreparedNet, expression: Expression) -> Reads:
    """What an expression outside all classes reads."""
    reader = _Reader(net, "", 1)
    reader.expression(expression, reader.spread)
    return reader.reads()


class Dependencies:
    """Readers by element. A reader is a code: a transition's, or from `first_observer` on an observation's."""

    def __init__(self, net: PreparedNet, observed: tuple[Expression, ...]) -> None:
        self.first_observer = net.size
        self.size = net.size + len(observed)
        self.always: tuple[int, ...] = ()
        self._whole: list[tuple[int, ...]] = [()] * len(net.places)
        self._cache: dict[tuple[int, int], tuple[int, ...]] = {}
        pairs: list[list[tuple[Integers, Integers]]] = [[] for _ in net.places]
        for kind in net.classes:
            self._add(net, enabling_reads(kind), np.arange(kind.first, kind.first + kind.transition.size), pairs)
        for number, expression in enumerate(observed):
            self._add(net, expression_reads(net, expression), np.array([self.first_observer + number]), pairs)
        self._sorted = [_by_element(found) for found in pairs]

    def _add(self, net: PreparedNet, reads: Reads, codes: Integers, pairs: list[list[tuple[Integers, Integers]]]) -> None:
        if reads.now:
            self.always += tuple(codes.tolist())
            return
        whole = {place for place, values in reads.elements if values is None}
        for place in whole:
            self._whole[place] += tuple(codes.tolist())
        for place, values in reads.elements:
            if values is not None and place not in whole:
                elements, readers = values.ravel(), np.repeat(codes, values.shape[1])
                inside = (elements >= 0) & (elements < net.places[place].size)
                pairs[place].append((elements[inside], readers[inside]))

    def readers(self, place: int, element: int) -> tuple[int, ...]:
        """The codes of all that may change with the tokens of an element (apart from those in `always`)."""
        key = (place, element)
        found = self._cache.get(key)
        if found is None:
            elements, codes = self._sorted[place]
            start, stop = np.searchsorted(elements, [element, element + 1])
            found = self._cache[key] = tuple({*codes[start:stop].tolist(), *self._whole[place]}) if stop > start else self._whole[place]
        return found


def _by_element(pairs: list[tuple[Integers, Integers]]) -> tuple[Integers, Integers]:
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    elements, codes = np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
    order = np.argsort(elements, kind="stable")
    return elements[order], codes[order]


def candidates(net: PreparedNet, marking: Marking) -> list[int]:
    """The codes to look at in the initial marking: all but those for which an input arc obviously finds too few tokens."""
    codes: list[int] = []
    for kind in net.classes:
        lacking = _lacking(kind, marking) if kind.transition.size > FEW else None
        indices = range(kind.transition.size) if lacking is None else np.flatnonzero(~lacking).tolist()
        codes += [kind.first + index for index in indices]
    return codes


def _lacking(kind: TransitionClass, marking: Marking) -> NDArray[np.bool_] | None:
    """For each index whether an input arc finds too few tokens; None if an element does not exist (which a look has to tell)."""
    transition, tables = kind.transition, kind.net.net.tables
    indices = np.arange(transition.size)
    lacking = np.zeros(transition.size, np.bool_)
    for arc in transition.inputs:
        elements = None if arc.loop is not None else values_of(arc.element, {transition.index: indices}, tables)
        number = values_of(arc.multiplicity, {transition.index: indices}, tables)
        if elements is not None and number is not None:
            counts = np.array(marking.counts[kind.net.place_number[arc.place]])
            if elements.min() < 0 or elements.max() >= len(counts) or number.min() < 0:
                return None
            lacking |= counts[elements] < number
    return lacking
