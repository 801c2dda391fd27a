"""Sums over elements that firings keep up to date, so that a measure over 100,000 elements costs no more than one over a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spn.engine.compiled.formulas import Scope, formula
from spn.engine.compiled.layout import Layout
from spn.engine.compiled.source import Formula, Function, Writer, plus
from spn.engine.reference.dependencies import SHAPE, Integers, Reads, _Reader, values_of
from spn.expressions.tree import Binary, Constant, Expression, Lookup, Range, Reduce, Tokens, Unary, Variable
from spn.expressions.values import is_real
from spn.expressions.walk import free_variables, walk


@dataclass(frozen=True, slots=True)
class KeptSum:
    """The integer sum of a body over a range of `size` values from `start` on; `cell` of `state` holds it."""

    number: int
    node: Reduce
    start: int
    size: int
    cell: int
    reads: Reads

    @property
    def name(self) -> str:
        return f"sum_{self.number}"


def _is_plain(body: Expression) -> bool:
    """Whether a body always has an integer value, and reads at least one place."""
    for node in walk(body):
        match node:
            case Constant() | Variable() | Tokens(element=_) | Lookup():
                if isinstance(node, Tokens) and node.element is None:
                    return False
            case Binary(operator="+" | "-" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or") | Unary(operator="not"):
                pass
            case _:
                return False
    return any(isinstance(node, Tokens) for node in walk(body))


def _within(numbers: Integers | None, size: int) -> bool:
    """Whether all of these are known to be numbers of elements."""
    return numbers is not None and bool(((numbers >= 0) & (numbers < size)).all())


class Kept:
    """All such sums of a net."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.all: list[KeptSum] = []
        self._known: dict[Reduce, KeptSum | None] = {}
        layout.kept_sums = self.formula

    def formula(self, node: Reduce) -> Formula | None:
        """What is read instead of the sum, if it is one that can be kept."""
        if node not in self._known:
            self._known[node] = self._kept(node)
        kept = self._known[node]
        if kept is None:
            return None
        cell = f"state[{kept.cell}]"
        match node.operator:
            case "all":
                return Formula(f"({cell} == ints[{self.layout.ints.scalar(kept.size, 'terms of ' + kept.name)}])", 0, 1)
            case "any":
                return Formula(f"({cell} > 0)", 0, 1)
            case _:
                return Formula(cell)

    def _kept(self, node: Reduce) -> KeptSum | None:
        tables = self.layout.net.tables
        if node.operator not in ("all", "any", "count", "sum") or node.condition is not None or not isinstance(node.domain, Range):
            return None
        if free_variables(node) or is_real(node.type) or not _is_plain(node.body):
            return None
        start, stop = values_of(node.domain.start, {}, tables), values_of(node.domain.stop, {}, tables)
        if start is None or stop is None or int(stop) < int(start):
            return None
        size = int(stop) - int(start) + 1
        reader = _Reader(self.layout.prepared, "", size)
        values = np.arange(int(start), int(stop) + 1)
        spread, places = {SHAPE: values, node.variable: values}, self.layout.net.places
        reader.expression(node.body, spread)
        # Nobody may ask for a sum that has no value, and then it is no error.
        if not all(_within(found, places[place].size) for place, found in reader.elements):
            return None
        lookups = [(each.table, values_of(each.index, spread, tables)) for each in walk(node.body) if isinstance(each, Lookup)]
        if not all(_within(found, len(tables[table])) for table, found in lookups):
            return None
        kept = KeptSum(len(self.all), node, int(start), size, self.layout.state.cell(), reader.reads())
        self.all.append(kept)
        return kept

    def write(self, writer: Writer) -> None:
        """``keep_sum_k(..., j)`` for each: the j-th term may have changed."""
        for kept in self.all:
            node = kept.node
            function = Function(writer, f"keep_{kept.name}", "j", "A term of a sum may have changed.")
            start = writer.integer(function, f"start_{kept.name}", kept.start) if kept.start else ""
            name = f"v_{node.variable}"
            function.add(f"{name} = {plus(start, 'j')}")
            values = np.arange(kept.start, kept.start + kept.size)
            scope = Scope(
                writer, function, {node.variable: (Formula(name, kept.start, kept.start + kept.size - 1),)}, {SHAPE: values, node.variable: values}
            )
            terms = writer.region(function, f"terms_{kept.name}", kept.size)
            source = formula(node.body, scope).source
            function.add(f"term = int({source})" if node.operator == "sum" else f"term = 1 if {source} else 0")
            function.add(f"state[{kept.cell}] += term - state[{terms} + j]", f"state[{terms} + j] = term")
            writer.define(function, inline=True)
