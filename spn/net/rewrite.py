"""Rewriting whole nets: a function applied to every expression, and the tables that are left brought into canonical order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from spn.expressions.tree import Expression, Lookup, Node
from spn.expressions.walk import transform, walk
from spn.net.types import Measure, Net, Place, Transition

T = TypeVar("T", Place, Transition, Measure)


def map_expressions(item: T, function: Callable[[Expression], Expression]) -> T:
    """The item with `function` applied to every expression in it, in the order of the fields."""
    found: T = _map(item, function)
    return found


def _map(item: Any, function: Callable[[Expression], Expression]) -> Any:
    if isinstance(item, Node):
        return function(item)  # type: ignore[arg-type]
    if isinstance(item, tuple):
        return tuple(_map(part, function) for part in item)
    if is_dataclass(item) and type(item).__module__ == Place.__module__ and not isinstance(item, type):
        changed = {f.name: _map(getattr(item, f.name), function) for f in fields(item)}
        return replace(item, **{name: value for name, value in changed.items() if value is not getattr(item, name)})
    return item


def with_canonical_tables(net: Net, taken: Collection[str]) -> Net:
    """The net with only the tables that it uses, named t1, t2, ... in the order of their use (names in `taken` are passed over)."""
    names: dict[str, str] = {}
    number = 0

    def rename(expression: Expression) -> Expression:
        nonlocal number
        for node in walk(expression):
            if isinstance(node, Lookup) and node.table not in names:
                number += 1
                while f"t{number}" in taken:
                    number += 1
                names[node.table] = f"t{number}"
        return transform(expression, lambda node: replace(node, table=names[node.table]) if isinstance(node, Lookup) else node)

    places = tuple(map_expressions(place, rename) for place in net.places)
    transitions = tuple(map_expressions(transition, rename) for transition in net.transitions)
    measures = tuple(map_expressions(measure, rename) for measure in net.measures)
    tables = {new: net.tables[old] for old, new in names.items()}
    types = {new: net.table_types[old] for old, new in names.items()}
    return replace(net, places=places, transitions=transitions, measures=measures, tables=tables, table_types=types)


